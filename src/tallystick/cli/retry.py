"""Let parked records and open questions be looked at again.

They stay on the list until the next run says otherwise: a difference that nobody knows of must never look like
agreement, because then one side would be overwritten without a question.
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
        unseen = [replace(row, left_seen=None, right_seen=None) for row in cause.rows]
        tx.put_quarantine([row for row in unseen if isinstance(row, Quarantined)])
        tx.put_queue([row for row in unseen if not isinstance(row, Quarantined)])
        marks = {(side, record) for side, record in cause.records} | _legs(tx, cause.rows)
        tx.mark_dirty([Dirty(cause.pair, side, record, "asked to try again") for side, record in sorted(marks)])


def _legs(tx: StoreTx, rows: Iterable[Row]) -> set[tuple[Side, str]]:
    """Give both legs of the paired records, and make the next listing read them even where single reads cannot be."""
    bindings = tx.bindings(sorted({row.binding for row in rows if row.binding is not None}))
    for binding in bindings.values():
        binding.left.raw_hash = binding.right.raw_hash = None
    tx.update_bindings(list(bindings.values()))
    return {(s, record) for b in bindings.values() for s in SIDES if (record := b.leg(s).id) is not None}
