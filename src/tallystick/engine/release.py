"""Brakes and lines: which lines a hold refuses, which of them a person let go, and the trail that leaves (R-12.5).

A release counts for what it was given for: by number the hold may refuse at most so many writes, by id exactly the
lines it listed. Everything that is let go is written into the audit trail before anything is sent.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from tallystick.core.binding import LedgerRow
from tallystick.core.brake import HeldWrite, Hold, Release
from tallystick.core.ports import Flow
from tallystick.core.record import Side, digest, other
from tallystick.core.state import StoreTx
from tallystick.engine import effects
from tallystick.engine.fence import Fence
from tallystick.engine.line import Line, Step, blanked_by, decode_line
from tallystick.engine.outcome import Outcome
from tallystick.engine.pair import Pair
from tallystick.engine.session import Session

LISTED: Final = 20  # writes that a hold names one by one
_BATCH: Final = 1000
_PHASES: Final = (0, 1, 2, 3)
_ID_DIGITS: Final = 12


@dataclass(slots=True)
class _Found:
    """The lines of one hold: what it refuses, and how many of its writes were named one by one and pass."""

    count: int = 0
    named: int = 0
    first: list[HeldWrite] = field(default_factory=list)
    prints: "array[int]" = field(default_factory=lambda: array("q"))


def is_approved(session: Session, line: Line) -> bool:
    """Whether a line is part of what the run may carry out at all."""
    return session.approved is None or line.print in session.approved


def is_held(session: Session, pair: Pair, holds: Sequence[Hold], line: Line) -> bool:
    """Whether a brake refuses a line as a whole."""
    if line.print in session.permit.named:
        return False
    if any(not hold.field and _refuses(pair, hold, line, step) for step in line.steps for hold in holds):
        return True
    held = held_fields(session, pair, holds, line)
    return bool(held) and all(step.op == "update" and {(step.side, i) for i in step.which} <= held
                              for step in line.steps)  # fmt: skip


def held_fields(session: Session, pair: Pair, holds: Sequence[Hold], line: Line) -> frozenset[tuple[Side, int]]:
    """Name the fields, by side and position, that a brake does not let become blank."""
    if line.print in session.permit.named:
        return frozenset()
    return frozenset(
        (step.side, pair.mapping.names.index(hold.field))
        for step in line.steps
        for hold in holds
        if hold.field and _refuses(pair, hold, line, step)
    )


def _refuses(pair: Pair, hold: Hold, line: Line, step: Step) -> bool:
    if step.op not in hold.ops or step.side != hold.side:
        return False
    return not hold.field or pair.mapping.names.index(hold.field) in blanked_by(line, step)


def list_held(session: Session, pair: Pair, outcome: Outcome) -> None:
    """Write into every hold what it refuses: how many writes, the first of them, and the id that stands for all."""
    holds = outcome.plan.holds
    if not holds:
        return
    found = [_Found() for _ in holds]
    for bodies in session.scratch(pair).lines(_PHASES, _BATCH):
        for body in bodies:
            line = decode_line(body)
            if is_approved(session, line):
                for hold, of_hold in zip(holds, found, strict=True):
                    _note(session, pair, hold, of_hold, line)
    outcome.plan.holds = tuple(_listed(pair, hold, of_hold) for hold, of_hold in zip(holds, found, strict=True))
    outcome.passed = {hold.id: of_hold.named for hold, of_hold in zip(outcome.plan.holds, found, strict=True)}


def _note(session: Session, pair: Pair, hold: Hold, found: _Found, line: Line) -> None:
    steps = [step for step in line.steps if _refuses(pair, hold, line, step)]
    if steps and line.print in session.permit.named:
        found.named += len(steps)
    elif steps:
        found.count += len(steps)
        found.prints.append(line.print)
        if len(found.first) < LISTED:
            found.first += [HeldWrite(s.op, line.seen(other(s.side)).id, line.seen(s.side).id) for s in steps]


def _listed(pair: Pair, hold: Hold, found: _Found) -> Hold:
    about = (hold.kind, pair.name, hold.side, *([hold.field] if hold.field else []))
    mark = digest((*about, *sorted(found.prints))) & ((1 << 64) - 1)
    name = f"{hold.kind}@{mark:016x}"[: len(hold.kind) + 1 + _ID_DIGITS]
    return replace(hold, count=found.count, first=tuple(found.first[:LISTED]), id=name)


def release_holds(session: Session, pair: Pair, outcome: Outcome, fence: Fence) -> Flow[None]:
    """Let go what a person released, and write into the audit trail who let what go."""
    words = [*(Release(kind) for kind in sorted(session.released)), *session.permit.releases]
    kept: list[Hold] = []
    gone: list[Hold] = []
    rows: list[LedgerRow] = []
    now = yield from effects.now()
    for hold in outcome.plan.holds:
        word = next((w for w in words if w.lets_go(pair.name, hold)), None)
        passed = outcome.passed.get(hold.id, 0)
        (kept if word is None else gone).append(hold)
        if word is not None and hold.count:
            rows.append(_row(session, pair, hold, hold.count, f"as {word}", now))
        if passed:
            rows.append(_row(session, pair, hold, passed, "named one by one", now))
    outcome.plan.holds, outcome.plan.released = tuple(kept), tuple(gone)
    if rows:

        def keep(tx: StoreTx) -> None:
            fence.check(tx)
            tx.add_ledger(rows)

        yield from effects.commit(keep)


def _row(session: Session, pair: Pair, hold: Hold, count: int, how: str, now: float) -> LedgerRow:
    reason = f"{hold.kind}: {count} let go by {session.permit.by}, {how}"
    return LedgerRow(session.run, pair.name, hold.side, hold.id, None, "release", reason, None, None, now)
