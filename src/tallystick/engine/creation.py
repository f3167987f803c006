"""What is remembered when a record without counterpart got one: most lines of a first load, so it is short.

It comes to the same as the general way of ``settle``: each side's base is what that side holds.
"""

from collections.abc import Iterable, Sequence

from tallystick.core.binding import Binding, LedgerRow, Leg
from tallystick.core.ports import Written
from tallystick.core.record import fingerprint, other
from tallystick.engine.line import Line
from tallystick.engine.pair import End
from tallystick.engine.send import Job
from tallystick.engine.settlement import PENDING, Ledger, Settlement


def is_plain_creation(end: End, line: Line, jobs: Sequence[Job]) -> bool:
    """Whether all that happened is that a record without counterpart got one, with every field."""
    return (
        line.binding == 0
        and len(jobs) == 1
        and jobs[0].step.op == "create"
        and isinstance(jobs[0].result, Written)
        and not jobs[0].result.incomplete
        and not (line.agree or line.faults or line.state)
        and line.seen(jobs[0].step.side).id is None
        and line.seen(other(jobs[0].step.side)).fields == jobs[0].step.fields
        and (jobs[0].encoded is not None or all(end.given))
        and not jobs[0].is_moved_on
    )


def pair_created(at: Settlement, line: Line, job: Job, number: int, into: Ledger) -> Binding:
    """Pair a record with the one that was just made of it; note the match keys of both and the write."""
    side, source, seen, result = job.step.side, other(job.step.side), line.left, job.result
    assert isinstance(result, Written)
    if side == "left":
        seen = line.right
    stored, name, shape = result.stored, at.pair.name, at.pair.shape
    base = told = job.step.fields
    digest = seen.digest if seen.digest is not None else fingerprint(base)
    origin = Leg(seen.id, base=base, digest=digest, shape=shape)
    if line.settled:
        origin.version, origin.modified, origin.raw_hash = seen.version, seen.modified, seen.raw_hash
    keys: Iterable[tuple[int, int]] = line.keys
    into.keys[source] += [(seen.id or "", rule, h) for rule, h in keys]
    if job.encoded is not None and job.encoded != base:
        told, digest = job.encoded, fingerprint(job.encoded)
        keys = at.pair.keys.keys(job.stored).items() if job.stored is not None else keys
    # Keys below zero are made of ids, and the new record has another one.
    into.keys[side] += [(result.id, rule, h) for rule, h in keys if rule >= 0]
    if not at.pair.keeps_no_ids:
        into.keys[side] += [(result.id, rule, h) for rule, h in at.pair.own_key(side, result.id).items()]
    made = Leg(result.id, result.version, base=told, digest=digest, shape=shape)
    if stored is not None:
        made.version, made.modified = result.version or stored.version, stored.modified
        made.raw_hash = stored.raw_hash if line.settled and job.encoded is not None else None
    legs = (origin, made) if source == "left" else (made, origin)
    binding = Binding(number, name, "linked", *legs, flags=PENDING[side] if job.encoded is None else "")
    into.new.append(binding)
    into.closed.append(job.intent.id)
    into.rows.append(LedgerRow(at.run, name, side, result.id, number, "create", line.reason, None, digest, at.now))
    return binding
