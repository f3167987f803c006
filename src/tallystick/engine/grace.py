"""Deletions that rest for a while before they are carried over: since when, until when, and what ends it early.

The time runs from when the record was first missed. Until then nothing is written; the record's mark brings it back
to the day's work when the time is over. A record that is there again is as if nothing had happened.
"""

from datetime import UTC, datetime
from typing import Final

from tallystick.core.binding import Binding, Dirty
from tallystick.core.plan import Operation
from tallystick.core.record import SIDES, Side, other
from tallystick.core.state import StoreTx
from tallystick.engine.line import Line
from tallystick.engine.outcome import Outcome
from tallystick.engine.pair import Pair
from tallystick.engine.session import PRESENT, Session

RESTING: Final = "its deletion rests"
_EVER: Final = 1e18
_MOST: Final = 5_000
THERE: Final = PRESENT | {"same"}


def due_at(pair: Pair, binding: Binding, side: Side, now: float) -> float:
    """Tell when a deletion on ``side`` may be carried over: its grace begins when the record was first missed."""
    since = binding.leg(side).absent_since
    return (now if since is None else since) + pair.pairing.grace(side)


def resting_sides(pair: Pair, binding: Binding, now: float) -> frozenset[Side]:
    """Name the sides on which a deletion is too young to be carried over."""
    return frozenset(s for s in SIDES if pair.pairing.grace(s) and due_at(pair, binding, s, now) > now)


def show_resting(outcome: Outcome, line: Line, side: Side, due: float) -> None:
    """Keep a deletion on ``side`` for the day that it is due (seconds UTC), and show it waiting."""
    record = line.seen(side).id or ""
    outcome.missed.append((side, record))
    outcome.dirty.append(Dirty(outcome.plan.pair, side, record, RESTING, not_before=due))
    outcome.count_action(other(side), "wait")
    if len(outcome.shown) < outcome.sample:
        when = datetime.fromtimestamp(due, UTC).strftime("%Y-%m-%d %H:%M UTC")
        outcome.shown.append(
            Operation(
                outcome.plan.pair, "wait", other(side), record, line.seen(other(side)).id, line.binding, line.reason,
                note=f"the deletion is carried over on {when}, unless the record comes back",
            )
        )  # fmt: skip


def forget_rest(session: Session, pair: Pair, outcome: Outcome, tx: StoreTx) -> None:
    """Remove the marks of resting deletions whose records are there again."""
    for side in SIDES:
        if not pair.pairing.grace(side):
            continue
        marks = [m for m in tx.dirty(pair.name, side, _EVER, _MOST) if m.reason == RESTING]
        rows = session.scratch(pair).sights(side, [m.id for m in marks])
        alive = {i for i, row in rows.items() if row[2] in THERE} | {i for s, i in outcome.alive if s == side}
        tx.clear_dirty([m for m in marks if m.id in alive])
