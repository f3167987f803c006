"""Carry out planned lines by the intent protocol (SYNC-SPEC 10): prepare, send, confirm.

    prepare   one transaction: intents with the bodies, losers into the journal       durable before anything is sent
    send      many in flight; each answer is done, refused, stale or unknown
    confirm   one transaction: ids, versions, bases, keys, audit trail; intents of known outcome go

A crash between prepare and confirm leaves intents, and ``recover`` finds out what became of them. Only lines that are
approved and that no brake holds are carried out; the others are marked to be looked at again.
"""

from collections.abc import Sequence

from tallystick.core.binding import Binding, Intent, JournalEntry
from tallystick.core.error import AccessError, Error, Throttled, Unavailable
from tallystick.core.event import Pushed
from tallystick.core.ports import Flow
from tallystick.core.record import SIDES, UNKNOWN, Side, decode_fields, encode_fields, other
from tallystick.core.state import StoreTx
from tallystick.core.undo import LOST
from tallystick.engine import effects
from tallystick.engine.blanking import without_fields
from tallystick.engine.fence import Fence, keep_lease
from tallystick.engine.kinship import realise
from tallystick.engine.line import Line, Step, decode_line
from tallystick.engine.lookup import adopt_doubles
from tallystick.engine.outcome import Outcome
from tallystick.engine.pair import Pair
from tallystick.engine.recovery import Recovery
from tallystick.engine.release import held_fields, is_approved, is_held
from tallystick.engine.resend import spend_keys
from tallystick.engine.send import Job, name_batches, send
from tallystick.engine.session import WHOLE, Session, Standing
from tallystick.engine.settle import is_unknown, settle
from tallystick.engine.settlement import Ledger, Settlement
from tallystick.engine.signature import sign

ONE_BY_ONE = 100
IN_BULK = 1000


def push(session: Session, pair: Pair, outcome: Outcome, fence: Fence, phases: Sequence[int]) -> Flow[None]:
    """Carry out the planned lines of some phases.

    Raises the error that stops a system for all records (access, long throttling, nothing answers); what was confirmed
    until then is remembered, and what was not reached is marked.
    """
    scratch = session.scratch(pair)
    total = scratch.count_lines(phases)
    done = failed = 0
    size = IN_BULK if pair.left.can.bulk or pair.right.can.bulk else ONE_BY_ONE
    for bodies in scratch.lines(phases, size):
        lines = [decode_line(b) for b in bodies]
        allowed = yield from _allowed(session, pair, outcome, lines)
        try:
            complete = yield from realise(session, pair, outcome, allowed)
            jobs = yield from _push_batch(session, pair, outcome, fence, complete)
            done += len(bodies)
            failed += sum([not (j.is_done or j.is_found) for j in jobs])
            yield from effects.tell(Pushed(pair.name, done, total, failed))
            _stop_if_hopeless(jobs)
        except Error:
            leave_unreached(session, pair, outcome, phases, done)
            raise


def leave_unreached(session: Session, pair: Pair, outcome: Outcome, phases: Sequence[int], done: int = 0) -> None:
    """Mark the records of all lines of these phases but the first ``done``, so that the next run looks at them."""
    for bodies in session.scratch(pair).lines(phases, IN_BULK):
        for body in bodies[max(0, done) :]:
            outcome.leave(decode_line(body), SIDES, "not reached")
        done -= len(bodies)


def _allowed(session: Session, pair: Pair, outcome: Outcome, lines: Sequence[Line]) -> Flow[list[Line]]:
    """Give what may be carried out of these lines; a line may lose some of its fields to a brake."""
    if session.approved is None and not outcome.plan.holds:
        return [line for line in lines if _is_free(session, outcome, line)]
    allowed: list[Line] = []
    for line in lines:
        if not (_is_allowed(session, pair, outcome, line) and _is_free(session, outcome, line)):
            continue
        held = held_fields(session, pair, outcome.plan.holds, line)
        left = (yield from without_fields(pair, line, held)) if held else line
        if held:
            outcome.done["held"] = outcome.done.get("held", 0) + 1
            outcome.leave(line, SIDES, "held")
        allowed += [] if left is None else [left]
    return allowed


def _is_allowed(session: Session, pair: Pair, outcome: Outcome, line: Line) -> bool:
    """Whether a line may be carried out; if not, its records are looked at again in the next run."""
    held = is_held(session, pair, outcome.plan.holds, line)
    unapproved = not is_approved(session, line)
    if not held and not unapproved:
        return True
    outcome.done["held" if held else "stale"] = outcome.done.get("held" if held else "stale", 0) + 1
    outcome.leave(line, SIDES, "held" if held else "not in the approved plan")
    return False


def _is_free(session: Session, outcome: Outcome, line: Line) -> bool:
    """Whether everything is out of the way that a deletion would take along; if not, it waits (R-12.4)."""
    sides = [step.side for step in line.steps if step.op == "delete"]
    if not sides or all(session.falls.is_free((outcome.plan.pair, side, line.binding)) for side in sides):
        return True
    outcome.done["waits"] = outcome.done.get("waits", 0) + 1
    outcome.leave(line, SIDES, "what belongs to it is still there")
    return False


def _push_batch(session: Session, pair: Pair, outcome: Outcome, fence: Fence, lines: Sequence[Line]) -> Flow[list[Job]]:
    if not lines:
        return []
    yield from keep_lease(fence)
    now = yield from effects.now()
    run = yield from effects.fresh()
    prepared = yield from effects.commit(lambda tx: _prepare(session, pair, fence, lines, now, run, tx))
    numbers, before, jobs = prepared
    for side in SIDES:
        mine = [j for j in jobs if j.step.side == side]
        if mine:
            yield from send(pair, side, mine, fence)
    # Slow systems take their time, and a copy may lag from the moment of the write, not of its intent.
    now = yield from effects.now()
    recovery = Recovery(session.run, pair, fence, now)
    yield from adopt_doubles(recovery, jobs)
    at = Settlement(
        pair=pair,
        run=session.run,
        now=now,
        names=outcome.names,
        before=before,
        standing=session.standing.get(pair.name, Standing()),
        reviews_all=session.mode in WHOLE and (session.selection is None or not session.selection.field),
    )
    into = Ledger()
    by_line: dict[int, list[Job]] = {}
    for job in jobs:
        by_line.setdefault(id(job.line), []).append(job)
    for line, number in zip(lines, numbers, strict=True):
        settle(at, line, by_line.get(id(line), []), number, into)

    spent = _spent(jobs)

    def confirm(tx: StoreTx) -> None:
        fence.check(tx)
        into.write(pair.name, tx)
        tx.update_intents(spent)
        recovery.carry_out(tx)

    yield from effects.commit(confirm)
    made = {binding.id for binding in into.new} | {j.intent.binding for j in jobs if j.is_found}
    session.real |= {line.planned: n for line, n in zip(lines, numbers, strict=True) if line.planned and n in made}
    for job in jobs:
        if job.is_done:
            session.falls.depart((pair.name, job.step.side, job.line.binding))
            key: str = job.step.op
        else:
            key = "link" if job.is_found else "failed"
        for error in job.errors:
            session.note_trouble(pair, error)
        outcome.done[key] = outcome.done.get(key, 0) + 1
    return jobs


def _spent(jobs: Sequence[Job]) -> list[Intent]:
    """Name the creates whose outcome is unknown while others of their batch were answered (R-14.3)."""
    batches: dict[str, list[Job]] = {}
    for job in jobs:
        if job.intent.batch:
            batches.setdefault(job.intent.batch, []).append(job)
    return [
        intent
        for batch in batches.values()
        for intent in spend_keys([j.intent for j in batch], [j.intent for j in batch if is_unknown(j.result)])
    ]


def _prepare(
    session: Session, pair: Pair, fence: Fence, lines: Sequence[Line], now: float, salt: str, tx: StoreTx
) -> tuple[list[int], dict[int, Binding], list[Job]]:
    """Make intents and journal durable; give the binding numbers, the bindings as they stand, and the jobs."""
    fence.check(tx)
    fresh = sum(line.binding == 0 for line in lines)
    first = tx.reserve_bindings(fresh) if fresh else 0
    numbers: list[int] = []
    for line in lines:
        numbers.append(line.binding or first)
        first += line.binding == 0
    before = tx.bindings([line.binding for line in lines if line.binding])
    jobs: list[Job] = []
    journal: list[JournalEntry] = []
    for at, (line, number) in enumerate(zip(lines, numbers, strict=True)):
        journal += _kept(pair, line, number, session.run, now)
        for step in line.steps:
            intent = Intent(
                id=f"{salt}-{at}-{step.side[0]}", binding=number, pair=pair.name, side=step.side, op=step.op,
                body=step.body, key=f"{salt}-{at}", origin=line.seen(other(step.side)).id,
                target=None if step.op == "create" else line.seen(step.side).id, reason=line.reason,
                pre_version=step.pre_version, sent=_sent(pair, line, step), source=line.seen(other(step.side)).fields,
                shape=pair.shape, first_sent=now, sent_at=now, fence=fence.number,
            )  # fmt: skip
            jobs.append(Job(line, step, intent))
    name_batches(pair, jobs, salt)
    if jobs:
        sign(session, pair, now, tx)
    tx.add_intents([j.intent for j in jobs])
    tx.add_journal(journal)
    return numbers, before, jobs


def _kept(pair: Pair, line: Line, number: int, run: str, now: float) -> list[JournalEntry]:
    """Keep what a line overwrites, and the values that lost against others."""
    updates = [step for step in line.steps if step.op == "update"]
    if not (updates or line.journal):
        return []
    kept = {(side, i) for side, i, _ in line.journal}
    lost = {(step.side, i) for step in updates for i in step.which}
    entries = [entry for step in updates for entry in _overwritten(pair, line, step, kept, number, run, now)]
    return entries + [
        JournalEntry(
            number, side, pair.mapping.names[i], value, f"{line.reason}{LOST if (side, i) in lost else ''}",
            run, now, now + pair.journal_seconds,
        )
        for side, i, value in line.journal
    ]  # fmt: skip


def _overwritten(
    pair: Pair, line: Line, step: Step, kept: set[tuple[Side, int]], number: int, run: str, now: float
) -> list[JournalEntry]:
    """Keep what an update is about to overwrite, so that a run can be undone; ``kept`` is kept already (R-17.4)."""
    seen = line.seen(step.side).fields
    if seen is None:
        return []
    fields = decode_fields(seen)
    return [
        JournalEntry(
            number, step.side, pair.mapping.names[i], encode_fields((fields[i],)), line.reason, run, now,
            now + pair.journal_seconds,
        )
        for i in step.which
        if (step.side, i) not in kept
    ]  # fmt: skip


def _sent(pair: Pair, line: Line, step: Step) -> bytes:
    """What the write was to make true, and nothing else.

    Fields that an update leaves alone, and values that the side cannot take, are unknown.
    """
    if step.op == "create" and not (line.faults or step.is_edit):
        return step.fields
    faulty = {fault.field for fault in line.faults if fault.side == step.side}
    if not (faulty or step.is_edit or step.op == "update"):
        return step.fields
    fields = decode_fields(step.fields)
    if step.is_edit:
        return encode_fields([UNKNOWN] * len(fields))
    if step.op == "update":
        return encode_fields([v if i in step.which else UNKNOWN for i, v in enumerate(fields)])
    return encode_fields([UNKNOWN if n in faulty else v for n, v in zip(pair.mapping.names, fields, strict=True)])


def _stop_if_hopeless(jobs: Sequence[Job]) -> None:
    """Stop the pair when a system refuses us as such or nothing of a batch got through; single failures never stop."""
    troubled = [j for j in jobs if j.errors]
    if not troubled:
        return
    for error in (error for j in troubled for error in j.errors):
        if isinstance(error, Throttled):
            raise error
    errors = [j.result for j in jobs if isinstance(j.result, Error)]
    for side in SIDES:
        mine = [j for j in jobs if j.step.side == side]
        refused = [j.result for j in mine if isinstance(j.result, AccessError)]
        if refused and len(refused) == len(mine):
            raise refused[0]
    if errors and len(errors) == len(jobs) > 1 and all(isinstance(e, Unavailable) for e in errors):
        raise errors[0]
