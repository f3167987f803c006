"""Let parked records and open questions be looked at again.

They stay on the list until the next run says otherwise: a difference that nobody knows of must never look like
agreement, because then one side would be overwritten without a question.

No lease is taken, and none is needed (R-3.3): in one transaction, rows that are still there lose what makes them stand,
and marks and forgotten bytes only let more be read. A run at work may undo any of that, and nothing is decided by it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from tallystick.cli.cause import Cause, Row
from tallystick.core.binding import Dirty, Quarantined
from tallystick.core.record import SIDES, Side
from tallystick.core.state import StoreTx


def retry_records(tx: StoreTx, causes: Sequence[Cause]) -> None:
    """Forget for which values these rows were raised, and mark both legs of their records to be read again."""
    for cause in causes:
        unseen = [replace(row, left_seen=None, right_seen=None) for row in _still_there(tx, cause)]
        tx.put_quarantine([row for row in unseen if isinstance(row, Quarantined)])
        tx.put_queue([row for row in unseen if not isinstance(row, Quarantined)])
        marks = {(side, record) for side, record in cause.records} | _legs(tx, cause.rows)
        tx.mark_dirty([Dirty(cause.pair, side, record, "asked to try again") for side, record in sorted(marks)])


def _still_there(tx: StoreTx, cause: Cause) -> list[Row]:
    """Leave out what a run settled meanwhile: it must not come back by being asked for."""
    questions = {q.id for q in tx.queue(cause.pair)}
    parked = {(q.side, q.record, q.field) for q in tx.quarantine(cause.pair)}
    return [
        row
        for row in cause.rows
        if ((row.side, row.record, row.field) in parked if isinstance(row, Quarantined) else row.id in questions)
    ]


def _legs(tx: StoreTx, rows: Iterable[Row]) -> set[tuple[Side, str]]:
    """Give both legs of the paired records, and make the next listing read them even where single reads cannot be."""
    bindings = tx.bindings(sorted({row.binding for row in rows if row.binding is not None}))
    tx.forget_hashes(list(bindings))
    return {(s, record) for b in bindings.values() for s in SIDES if (record := b.leg(s).id) is not None}
