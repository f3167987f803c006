"""Withdraw what waits for somebody but no longer stands, after a full look at both sides.

Questions and parked records of pairings are reviewed when their binding is decided. Those about unpaired records, and
those about records that are no longer there, are nobody's turn: what a full look did not raise again is over.
"""

from collections.abc import Sequence

from tallystick.core.binding import Quarantined
from tallystick.core.record import SIDES, Side
from tallystick.core.state import StoreTx
from tallystick.engine.observe import Observed
from tallystick.engine.pair import Pair
from tallystick.engine.session import Session


def withdraw(session: Session, pair: Pair, observed: Observed, faults: Sequence[Quarantined], tx: StoreTx) -> None:
    """Withdraw questions and parked records; ``faults`` are the records that this run could not read."""
    if not all(observed.pulled[side].sweep.full and observed.pulled[side].in_one_go for side in SIDES):
        return
    _withdraw_asked(session, pair, observed, tx)
    if all(observed.pulled[side].completeness != "unproven" for side in SIDES):
        _withdraw_revivals(session, pair, tx)
        _release_vanished(session, pair, observed, faults, tx)


def _withdraw_asked(session: Session, pair: Pair, observed: Observed, tx: StoreTx) -> None:
    """Questions about unpaired records that were not raised again."""
    asked = session.standing[pair.name].asked
    raised = observed.outcome.raised
    over = [
        q.id
        for subject, kinds in asked.items()
        for kind, q in kinds.items()
        if kind != "uncertain" and (subject, kind) not in raised
    ]
    tx.drop_queue(over)


def _withdraw_revivals(session: Session, pair: Pair, tx: StoreTx) -> None:
    """Questions about a deleted record that had come back and is gone again."""
    questions = session.standing[pair.name].questions
    for number, binding in tx.bindings(sorted(questions)).items():
        if binding.state == "tomb" and not any(_is_seen(session, pair, s, binding.leg(s).id) for s in SIDES):
            tx.drop_queue([q.id for q in questions[number]])


def _release_vanished(
    session: Session, pair: Pair, observed: Observed, faults: Sequence[Quarantined], tx: StoreTx
) -> None:
    """Parked records that are paired with nobody and are no longer there, or are no longer unreadable."""
    still = {(fault.side, fault.record) for fault in faults}
    for side in SIDES:
        unpaired = {row.record for row in observed.before.parked if row.side == side and row.binding is None}
        gone = unpaired - session.scratch(pair).seen(side, sorted(unpaired))
        tx.drop_quarantine(pair.name, side, sorted(r for r in gone if (side, r) not in still))


def _is_seen(session: Session, pair: Pair, side: Side, record: str | None) -> bool:
    return record is not None and bool(session.scratch(pair).seen(side, [record]))
