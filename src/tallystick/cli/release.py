"""Take records off the list of what waits, to be tried again or not."""

from collections.abc import Sequence
from dataclasses import replace

from tallystick.cli.cause import Cause
from tallystick.core.binding import Dirty, LedgerRow
from tallystick.core.ports import StoreTx
from tallystick.core.record import Side


def narrow(cause: Cause, records: Sequence[str]) -> Cause:
    """Keep of a cause only these records, given as ``ID`` or ``side/ID``."""
    wanted = set(records)
    kept = [i for i, (side, record) in enumerate(cause.records) if wanted & {record, f"{side}/{record}"}]
    items = [cause.items[i] for i in kept] if cause.is_question else []
    bindings = [cause.bindings[i] for i in kept]
    return replace(cause, records=[cause.records[i] for i in kept], bindings=bindings, items=items)


def release_records(tx: StoreTx, causes: Sequence[Cause], *, again: bool) -> None:
    """Withdraw questions and release parked records; ``again`` marks them to be looked at by the next run."""
    for cause in causes:
        by_side: dict[Side, list[str]] = {}
        for side, record in cause.records:
            by_side.setdefault(side, []).append(record)
        if cause.is_question:
            tx.drop_queue(cause.items)
        else:
            for side, records in by_side.items():
                tx.drop_quarantine(cause.pair, side, records)
        if again:
            tx.mark_dirty([Dirty(cause.pair, side, r, "asked to try again") for side, r in cause.records])
            _forget_bytes(tx, cause, by_side)


def _forget_bytes(tx: StoreTx, cause: Cause, by_side: dict[Side, list[str]]) -> None:
    """Make the next listing read these records even where they cannot be read one by one."""
    numbers = {
        fact.binding for side, records in by_side.items() for fact in tx.leg_facts(cause.pair, side, records).values()
    }
    bindings = tx.bindings(sorted(numbers))
    for binding in bindings.values():
        binding.left.raw_hash = binding.right.raw_hash = None
    tx.update_bindings(list(bindings.values()))


def note_discarded(tx: StoreTx, causes: Sequence[Cause], reason: str, now: float) -> None:
    """Keep in the audit trail what was taken off the list and why."""
    tx.add_ledger(
        [
            LedgerRow(
                "problems", cause.pair, side, record, binding, "discard", f"{cause.code}: {reason}", None, None, now
            )
            for cause in causes
            for (side, record), binding in zip(cause.records, cause.bindings, strict=True)
        ]
    )
