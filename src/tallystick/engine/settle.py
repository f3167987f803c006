"""What is remembered of a batch of carried-out lines: legs, bases, keys, the audit trail, questions, parked records.

Bases move per field and only with proof: to the value read at the source and the value the target *stored* (R-6.1). A
field that was not agreed keeps its old base, or none, so that it is looked at again when anything changes.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

from tallystick.core.binding import Binding, Dirty, FormerId, LedgerRow, Leg, Quarantined, State
from tallystick.core.error import Absent, AccessError, DataError, Error, Refused, RemoteError, Stale
from tallystick.core.merge import drifting_side
from tallystick.core.ports import Written
from tallystick.core.record import (
    SIDES,
    UNKNOWN,
    Fields,
    Side,
    Value,
    decode_fields,
    encode_fields,
    fingerprint,
    other,
    same,
)
from tallystick.engine.asked import is_of_its_own
from tallystick.engine.creation import is_plain_creation, pair_created
from tallystick.engine.line import Line
from tallystick.engine.merged import Merged, merged_by
from tallystick.engine.pair import Pair
from tallystick.engine.partial import is_partly_unknown, note_unfinished, unfinished_fields
from tallystick.engine.refused import refused_reason
from tallystick.engine.review import raise_questions
from tallystick.engine.send import Job
from tallystick.engine.settlement import ENDED, PENDING, Ledger, Settlement
from tallystick.engine.vanished import forget_sent


def settle(at: Settlement, line: Line, jobs: Sequence[Job], number: int, into: Ledger) -> None:
    """Settle one line. ``number`` is its binding's, reserved already for a new pairing."""
    if jobs and is_plain_creation(at.pair.end(jobs[0].step.side), line, jobs):
        created_pair = pair_created(at, line, jobs[0], number, into)
        raise_questions(at, line, created_pair, {}, into)
        return
    done = [j for j in jobs if j.is_done]
    unknown = any(is_unknown(j.result) or j.is_found for j in jobs)
    into.closed += [j.intent.id for j in jobs if not _stays_open(j)]
    if len(done) == len(jobs) and not unknown:
        into.withdrawn += line.closes
        into.rows += [_said(at, line, text, number) for text in line.said]
    into.rows += [_row(at, line, j, number) for j in done]
    seen = {s: _digest_now(line, s, done) for s in SIDES}
    for job in jobs:
        _note_failure(at, line, job, number, seen, into)
        note_unfinished(at, line, job, number, seen, into)
    created = any(j.step.op == "create" for j in done)
    wanted_create = any(s.op == "create" for s in line.steps)
    if line.binding == 0 and wanted_create and not created:
        return
    if line.binding == 0 and not line.steps and not line.action:
        raise_questions(at, line, None, seen, into)
        return
    binding = _binding(at, line, number)
    _move_legs(at, line, binding, jobs, into)
    deletes_both = len(line.steps) == len(SIDES) and all(step.op == "delete" for step in line.steps)
    enough = len(done) == len(jobs) if deletes_both else bool(done) or not line.steps
    if line.state and enough and not unknown:
        _change_state(at, line, binding, into)
    (into.new if line.binding == 0 else into.changed).append(binding)
    raise_questions(at, line, binding, seen, into)


def _stays_open(job: Job) -> bool:
    return is_unknown(job.result) or is_partly_unknown(job.result) or job.is_found


def is_unknown(result: Written | Error | None) -> bool:
    """Tell whether nobody knows what became of a write (R-10.3)."""
    return isinstance(result, RemoteError) and result.applied == "unknown"


def _binding(at: Settlement, line: Line, number: int) -> Binding:
    if line.binding == 0:
        return Binding(number, at.pair.name, "linked", Leg(line.left.id), Leg(line.right.id))
    return at.before[number]


def _bases(at: Settlement, line: Line, binding: Binding) -> dict[Side, list[Value]]:
    size = len(at.pair.mapping.names)
    found: dict[Side, list[Value]] = {}
    for side in SIDES:
        leg = binding.leg(side)
        base = at.pair.base(leg.base, leg.shape, at.names) if line.binding else None
        found[side] = list(base) if base is not None else [UNKNOWN] * size
    return found


def _current(line: Line, side: Side) -> Fields | None:
    encoded = line.seen(side).fields
    return decode_fields(encoded) if encoded is not None else None


def _move_legs(at: Settlement, line: Line, binding: Binding, jobs: Sequence[Job], into: Ledger) -> None:
    """Move bases, versions and hashes of both legs as far as the writes prove."""
    bases = _bases(at, line, binding)
    _supersede_seen(at, line, binding, into)
    now: dict[Side, Fields | None] = {s: _current(line, s) for s in SIDES}
    for i in line.agree:
        for side in SIDES:
            values = now[side]
            if values is not None:
                bases[side][i] = values[i]
    _keep_equal(line, bases, now)
    touched = {j.step.side for j in jobs if j.is_done}
    merged = merged_by(jobs)
    complete = line.settled and all(j.is_done or at.is_refusal(line, j.result) for j in jobs)
    for side in SIDES:
        was_pending, seen, is_met = PENDING[side] in binding.flags, now[side], now[other(side)] is not None
        is_seen = side not in touched and _observe(line, binding, side, settled=complete, met=is_met)
        if is_seen and was_pending and seen is not None:
            # Also where the other side has news by now: what became of our write is no edit.
            _settle_spelling(at.pair, side, bases[side], seen, line.agree)
    _keep_drift(at, line, binding)
    binding.flags = _without_vanished(line, binding.flags, touched)
    for job in jobs:
        if isinstance(job.result, Written):
            _confirm(at, line, job, job.result, binding, bases, now, merged, into)
            if not complete:
                # Something of this record is not agreed yet: it is read before it is written again.
                binding.leg(job.step.side).version = None
    for side in SIDES:
        _seal(at, binding, side, bases[side], now[side] if side not in touched else None, into)


def _without_vanished(line: Line, flags: str, touched: Collection[Side]) -> str:
    """Forget what was sent to records that vanished, once they were seen and nothing of them is left open."""
    if line.faults or line.asks:
        return flags
    return forget_sent(flags, {s for s in SIDES if line.seen(s).fields is not None or s in touched})


def _supersede_seen(at: Settlement, line: Line, binding: Binding, into: Ledger) -> None:
    """Note that what was last agreed is over where something else was seen, whether or not it could be settled."""
    for side in SIDES:
        seen, leg = line.seen(side), binding.leg(side)
        if line.binding and seen.fields is not None and seen.digest != leg.digest:
            at.supersede(side, leg, seen.modified, into, agreed=line.settled)


def _keep_drift(at: Settlement, line: Line, binding: Binding) -> None:
    """Forget the bytes of what drifts, so that it is seen anew each time."""
    for i in line.drift:
        binding.leg(drifting_side(at.pair.mapping.fields[i].policy)).raw_hash = None


def _seal(
    at: Settlement, binding: Binding, side: Side, base: Sequence[Value], seen: Fields | None, into: Ledger
) -> None:
    """Write the base into the leg, and renew the record's match keys from what it holds now."""
    leg = binding.leg(side)
    leg.base, leg.shape = encode_fields(base), at.pair.shape
    leg.digest = fingerprint(leg.base)
    # A record of an ended pairing that is there again is paired with nobody, but its key is taken.
    if leg.id is not None and (binding.state == "linked" or (binding.state == "tomb" and seen is not None)):
        into.unkeyed[side].append(leg.id)
        # What is unknown or cannot be read now still is who it was.
        known = tuple(then if now is UNKNOWN else now for now, then in zip(seen or base, base, strict=True))
        keys = at.pair.keys_of(side, leg.id, known)
        into.keys[side] += [(leg.id, rule, h) for rule, h in keys.items()]


def _keep_equal(line: Line, bases: dict[Side, list[Value]], now: dict[Side, Fields | None]) -> None:
    """At first contact, what both sides hold alike is agreed even where no outcome said so."""
    left, right = now["left"], now["right"]
    if line.binding or left is None or right is None:
        return
    for i, (a, b) in enumerate(zip(left, right, strict=True)):
        if same(a, b) and a is not UNKNOWN:
            bases["left"][i], bases["right"][i] = a, b


def _observe(line: Line, binding: Binding, side: Side, *, settled: bool, met: bool) -> bool:
    """Take over what was seen of a leg; tell whether it shows what became of our last write."""
    leg, seen = binding.leg(side), line.seen(side)
    if seen.fields is None:
        # It was not there to be read. Should the very same bytes show up again, that is news, unless they are a mark
        # of deletion about which somebody was asked.
        is_asked = bool(line.asks) and all(is_of_its_own(ask.kind) for ask in line.asks)
        leg.raw_hash = seen.raw_hash if is_asked else None
        return False
    if not settled:
        return False
    leg.version, leg.modified, leg.raw_hash, leg.absent_since = seen.version, seen.modified, seen.raw_hash, None
    if seen.digest != leg.digest and met:
        # Else it may be that nobody read it, and the base stands in for it: what was stored is as unknown as before.
        # Nor is what a target made of a value agreed while its counterpart is away.
        binding.flags = binding.flags.replace(PENDING[side], "")
        return True
    return False


def _confirm(
    at: Settlement, line: Line, job: Job, result: Written, binding: Binding, bases: dict[Side, list[Value]],
    now: dict[Side, Fields | None], merged: Merged, into: Ledger,
) -> None:  # fmt: skip
    """Move one leg after a confirmed write, and the bases of the fields it wrote on both legs."""
    side, source = job.step.side, other(job.step.side)
    leg = binding.leg(side)
    if job.step.op in {"delete", "archive"}:
        return
    sent = decode_fields(job.step.fields)
    which = range(len(sent)) if job.step.op == "create" else job.step.which
    faulty = {f.field for f in line.faults}
    origin = now[source] or tuple(bases[source])
    unfinished = unfinished_fields(at.pair, job)
    _forget_forerunner(job, bases)
    for i in () if job.step.is_edit else which:
        if at.pair.mapping.names[i] in faulty or i in unfinished:
            continue
        if job.step.op == "create" and not at.pair.end(side).given[i] and job.stored is None:
            continue  # nobody knows what it holds there, so nothing is agreed
        merged.agree(bases, side, i, origin[i], _stored(at.pair, job, sent, i))
    if job.stored is not None and PENDING[side] in binding.flags:
        _settle_spelling(at.pair, side, bases[side], job.stored, which)
    if job.step.op == "create" and leg.id is not None and leg.id != result.id:
        into.former.append(_former(at, binding, side))
        into.unkeyed[side].append(leg.id)
        binding.gen += 1
    if job.step.op == "update":
        before = replace(leg, version=job.intent.pre_version or leg.version, digest=line.seen(side).digest)
        at.supersede(side, before, _changed_at(at, job, result), into)
    leg.id, leg.raw_hash, leg.absent_since = result.id, None, None
    leg.version = result.version or (result.stored.version if result.stored else None)
    leg.modified = result.stored.modified if result.stored else None
    flags = binding.flags.replace(PENDING[side], "")
    binding.flags = flags + PENDING[side] if job.stored is None and not job.step.is_edit else flags
    if job.step.is_edit:
        into.dirty.append(Dirty(at.pair.name, side, result.id, "brought back"))
    elif job.is_moved_on or (job.stored is not None and _differs_elsewhere(job, which)):
        leg.version = None  # what has this version is not what was agreed: it is read before it is written again
        into.dirty.append(Dirty(at.pair.name, side, result.id, "changed beside our write"))


def _forget_forerunner(job: Job, bases: dict[Side, list[Value]]) -> None:
    """What was agreed with a forerunner says nothing about a new record."""
    if job.step.op == "create":
        for values in bases.values():
            values[:] = [UNKNOWN] * len(values)


def _changed_at(at: Settlement, job: Job, result: Written) -> float | None:
    """The change time that our update gave the record, or else the latest that it can have given.

    Whatever is not surely later may be a state that nobody saw and that our update is over; it is read again.
    """
    if result.stored is not None:
        return result.stored.modified
    can = at.pair.end(job.step.side).can
    return at.now + can.skew + can.granularity


def _settle_spelling(pair: Pair, side: Side, base: list[Value], stored: Fields, written: Sequence[int]) -> None:
    """Learn from the answer to a write what became of an earlier one whose answer told nothing (R-10.13)."""
    for i, now in enumerate(stored):
        known = base[i] is not UNKNOWN and now is not UNKNOWN
        if known and i not in written and pair.is_own_doing(side, i, base[i], now):
            base[i] = now


def _stored(pair: Pair, job: Job, sent: Fields, i: int) -> Value:
    """What the target made of a value; a later version that no known loss explains is somebody's edit (R-7.3)."""
    if job.stored is None:
        return sent[i]
    if job.is_moved_on and not pair.is_own_doing(job.step.side, i, sent[i], job.stored[i]):
        return sent[i]
    return job.stored[i]


def _differs_elsewhere(job: Job, which: Sequence[int]) -> bool:
    """Whether the answer to our update shows a change in a field we did not write (R-6.1)."""
    if job.step.op != "update" or job.stored is None:
        return False
    seen = job.line.seen(job.step.side).fields
    before = decode_fields(seen) if seen else ()
    return any(
        i not in which and not same(now, was) and now is not UNKNOWN
        for i, (now, was) in enumerate(zip(job.stored, before, strict=False))
    )


def _former(at: Settlement, binding: Binding, side: Side) -> FormerId:
    left, right = binding.left, binding.right
    return FormerId(
        at.pair.name, side, binding.leg(side).id or "", binding.id, left.base, right.base, left.shape, at.now
    )


def _change_state(at: Settlement, line: Line, binding: Binding, into: Ledger) -> None:
    state: State = line.state  # type: ignore[assignment] # a line's state is empty or one of these
    binding.state = state
    if state in {"tomb", "unlinked"}:
        for side in SIDES:
            record = binding.leg(side).id
            # The keys of a record that lives on unpaired stay: a new record with one of them is asked about.
            lives_on = state == "unlinked" and line.seen(side).fields is not None and not _deletes(line, side)
            if record is not None and not lives_on:
                into.unkeyed[side].append(record)
                into.keys[side] = [k for k in into.keys[side] if k[0] != record]
                if state == "tomb":
                    at.supersede(side, binding.leg(side), ENDED, into)
                    seen = line.seen(side)
                    if seen.fields is not None:
                        last = replace(binding.leg(side), version=seen.version, digest=seen.digest)
                        at.supersede(side, last, ENDED, into)
                    into.former.append(_former(at, binding, side))


def _deletes(line: Line, side: Side) -> bool:
    return any(step.side == side and step.op == "delete" for step in line.steps)


def _row(at: Settlement, line: Line, job: Job, number: int) -> LedgerRow:
    side = job.step.side
    record = job.result.id if isinstance(job.result, Written) else job.intent.target or ""
    after = None if job.step.op == "delete" else fingerprint(job.encoded or job.step.fields)
    return LedgerRow(
        at.run, at.pair.name, side, record, number, job.step.op, line.reason, line.seen(side).digest, after, at.now
    )


def _said(at: Settlement, line: Line, text: str, number: int) -> LedgerRow:
    side: Side = "left" if line.left.id is not None else "right"
    record = line.seen(side).id or ""
    return LedgerRow(at.run, at.pair.name, side, record, number, "answer", text, None, None, at.now)


def _digest_now(line: Line, side: Side, done: Sequence[Job]) -> int | None:
    """Fingerprint what a side holds after the batch, so that a question is known again for the very same values."""
    for job in done:
        if job.step.side == side and job.step.op in {"create", "update"}:
            return fingerprint(job.encoded or job.step.fields)
    return line.seen(side).digest


def _note_failure(
    at: Settlement, line: Line, job: Job, number: int, seen: dict[Side, int | None], into: Ledger
) -> None:
    """Park what was refused; mark what must be looked at again; an unknown outcome keeps its intent."""
    result = job.result
    if not isinstance(result, Error) or job.is_found:
        return
    source = other(job.step.side)
    origin = line.seen(source).id or ""
    if not at.is_refusal(line, result):
        attempts = at.attempts(line) + isinstance(result, Stale | Absent | AccessError)
        into.dirty += [
            Dirty(at.pair.name, s, r, result.code, attempts=attempts)
            for s in SIDES
            if (r := line.seen(s).id) is not None
        ]
        return
    for error in result.each() if isinstance(result, Refused) else (result,):
        field_name = error.field if isinstance(error, DataError | Refused) else ""
        if isinstance(error, Refused):
            into.refused.append(refused_reason(at.pair, line, job, error, at.now))
        into.parked.append(
            Quarantined(
                at.pair.name, source, origin, field_name, error.code, str(error), error.hint,
                binding=number if line.binding else None, left_seen=seen["left"], right_seen=seen["right"],
                mapping=at.pair.mapping_print, since=at.since(source, origin, field_name),
            )
        )  # fmt: skip
