"""What a record held after each write, as far as it can still be proven (R-17.2, R-17.3).

The audit trail has digests and no values, the journal what writes overwrote, the base what was agreed last. Going back
from the base through the journal gives what may have stood there; only where its digest is the one in the audit trail
it is told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tallystick.core.binding import JournalEntry, LedgerRow
from tallystick.core.plan import WRITES
from tallystick.core.record import SIDES, UNKNOWN, Fields, Side, Value, decode_fields, digest


@dataclass(frozen=True, slots=True)
class Moved:
    """One field of one write: what stood there and what was written, ``UNKNOWN`` where it is not known any more."""

    field: str
    old: Value
    new: Value


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the audit trail with the values that it moved."""

    row: LedgerRow
    moved: tuple[Moved, ...] = ()


def tell(
    rows: Sequence[LedgerRow],
    journal: Sequence[JournalEntry],
    bases: tuple[Fields | None, Fields | None],
    names: Sequence[str],
) -> list[Entry]:
    """Give each row (newest first) with its values. ``bases`` are (left, right), aligned with ``names``."""
    olds: dict[tuple[str, Side], dict[str, Value]] = {}
    for entry in journal:
        [value] = decode_fields(entry.value)
        olds.setdefault((entry.run, entry.side), {}).setdefault(entry.field, value)
    known = {side: _after(side, rows, olds, base, names) for side, base in zip(SIDES, bases, strict=True)}
    return [Entry(row, _moved(row, olds, known[row.side].get(at), names)) for at, row in enumerate(rows)]


def _after(
    side: Side,
    rows: Sequence[LedgerRow],
    olds: Mapping[tuple[str, Side], Mapping[str, Value]],
    base: Fields | None,
    names: Sequence[str],
) -> dict[int, Fields]:
    """Find what a side held after its writes, by position of the row, going back in time."""
    found: dict[int, Fields] = {}
    held, later = base, base  # what may have stood there, with and without the edit that the next run carried over
    for at, row in enumerate(rows):
        if held is None or later is None or row.op not in WRITES:
            continue
        before = olds.get((row.run, row.side), {})
        if row.side != side:
            # A write to the other side came from an edit on this one; what the other held before was agreed before.
            held, later = _put(held, before, names), held
            continue
        proven = next((fields for fields in (held, later) if digest(fields) == row.after), None)
        if proven is not None and row.op in {"create", "update"}:
            found[at] = proven
        held = later = _put(proven or held, before, names)
    return found


def _put(fields: Fields, values: Mapping[str, Value], names: Sequence[str]) -> Fields:
    return tuple(values.get(name, value) for name, value in zip(names, fields, strict=True))


def _moved(
    row: LedgerRow, olds: Mapping[tuple[str, Side], Mapping[str, Value]], after: Fields | None, names: Sequence[str]
) -> tuple[Moved, ...]:
    before = olds.get((row.run, row.side), {})
    new = dict(zip(names, after, strict=True)) if after is not None else {}
    match row.op:
        case "create":
            return tuple(Moved(name, None, value) for name, value in new.items() if value not in (None, UNKNOWN))
        case "update":
            return tuple(Moved(name, value, new.get(name, UNKNOWN)) for name, value in before.items())
        case "delete":
            return tuple(Moved(name, value, None) for name, value in before.items())
        case _:
            return ()
