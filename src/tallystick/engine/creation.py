"""What is remembered when a record without counterpart got one: most lines of a first load, so it is short.

It comes to the same as the general way of ``settle``: each side's base is what that side holds.
"""

from collections.abc import Sequence

from tallystick.core.binding import Binding, Leg
from tallystick.core.ports import Written
from tallystick.core.record import fingerprint, other
from tallystick.engine.line import Line
from tallystick.engine.send import Job
from tallystick.engine.settlement import PENDING, Ledger, Settlement


def is_plain_creation(line: Line, jobs: Sequence[Job]) -> bool:
    """Whether all that happened is that a record without counterpart got one, with every field."""
    return (
        line.binding == 0
        and len(jobs) == 1
        and jobs[0].step.op == "create"
        and isinstance(jobs[0].result, Written)
        and not (line.agree or line.faults or line.state)
        and line.seen(jobs[0].step.side).id is None
        and line.seen(other(jobs[0].step.side)).fields == jobs[0].step.fields
    )


def pair_created(at: Settlement, line: Line, job: Job, number: int, into: Ledger) -> Binding:
    """Pair a record with the one that was just made of it, and note the match keys of both."""
    side, source = job.step.side, other(job.step.side)
    seen, result = line.seen(source), job.result
    assert isinstance(result, Written)
    stored = result.stored
    origin = Leg(seen.id)
    if line.settled:
        origin.version, origin.modified, origin.raw_hash = seen.version, seen.modified, seen.raw_hash
    made = Leg(result.id, result.version)
    if stored is not None:
        made.version, made.modified = result.version or stored.version, stored.modified
        made.raw_hash = stored.raw_hash if line.settled and job.encoded is not None else None
    legs = {source: origin, side: made}
    for where, leg in legs.items():
        told = job.encoded if where == side else None
        leg.base, leg.shape = told or job.step.fields, at.pair.shape
        leg.digest = fingerprint(leg.base)
        held = at.pair.keys.keys(job.stored).items() if told and job.stored is not None else line.keys
        into.keys[where] += [(leg.id or "", rule, h) for rule, h in held]
        into.unkeyed[where].append(leg.id or "")
    flags = PENDING[side] if job.encoded is None else ""
    return Binding(number, at.pair.name, "linked", legs["left"], legs["right"], flags=flags)
