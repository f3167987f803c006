"""Who wrote: one row in the audit trail for each run and pair, in the transaction that makes its first writes durable.

All that a run wrote refers to it by the run's id. The row is chained like every other and is never removed (R-17.2).
"""

from typing import Final

from tallystick.core.binding import Intent, LedgerRow
from tallystick.core.state import StoreTx
from tallystick.engine.pair import Pair
from tallystick.engine.session import Session

SIGNED: Final = "begin"
_NO_BINDING: Final = 0  # with an index, unlike none at all


def sign(session: Session, pair: Pair, now: float, tx: StoreTx) -> None:
    """Note who carries this run out, unless that stands there already or nobody said."""
    if session.actor and not tx.ledger(binding=_NO_BINDING, run=session.run, limit=1):
        row = LedgerRow(session.run, pair.name, "left", "", _NO_BINDING, SIGNED, session.actor, None, None, now)
        tx.add_ledger([row])


def signer_of(tx: StoreTx, run: str) -> str:
    """Say who carried a run out and by which command; empty if that was not noted."""
    rows = tx.ledger(binding=_NO_BINDING, run=run, limit=1)
    return rows[0].reason if rows else ""


def run_that_sent(tx: StoreTx, intent: Intent) -> str:
    """Name the run that sent an update: the one that kept what the update was about to overwrite; empty if unknown."""
    kept = (e for e in tx.journal(intent.binding) if e.side == intent.side and e.at == intent.first_sent)
    return next((entry.run for entry in kept), "")
