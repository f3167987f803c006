"""Which fields the systems have shown, and the feed of what changed about them."""

from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import bindparam, select

from tallystick.core.field_feed import FieldChange, FieldSight
from tallystick.store.driver import Driver
from tallystick.store.field_tables import field_change, field_sight
from tallystick.store.statement import Statement, taking, upsert
from tallystick.store.waiting import printable

_SIGHT: Final = tuple(c.name for c in field_sight.columns)
_CHANGE: Final = tuple(c.name for c in field_change.columns)

_SAVE_SIGHT: Final = upsert(field_sight, _SIGHT, taking("type", "last"))
_SIGHTS: Final = Statement(
    select(field_sight)
    .where(field_sight.c.system == bindparam("system"), field_sight.c.object == bindparam("object"))
    .order_by(field_sight.c.field),
    ("system", "object"),
)
_SAVE_CHANGE: Final = upsert(
    field_change, _CHANGE,
    taking("was", "now", "mapped", "breaking", "last", "decision", "decided_by", "decided", "ended"),
)  # fmt: skip
_STANDING: Final = Statement(select(field_change).where(field_change.c.ended.is_(None)).order_by(field_change.c.number))
_NEWEST: Final = Statement(
    select(field_change).order_by(field_change.c.number.desc()).limit(bindparam("most")), ("most",)
)


class Fields:
    """The part of a transaction that knows the systems' fields."""

    _driver: Driver

    def put_field_sights(self, rows: Sequence[FieldSight]) -> None:
        """Remember which fields were seen; the first time of one that is known already stays."""
        if rows:
            self._driver.write(
                _SAVE_SIGHT, [(r.system, r.object, printable(r.field), r.type, r.first, r.last) for r in rows]
            )

    def field_sights(self, system: str, object_name: str) -> dict[str, FieldSight]:
        """The fields that an object has ever shown, by path."""
        return {row[2]: FieldSight(*row) for row in self._driver.rows(_SIGHTS, (system, object_name))}

    def put_field_changes(self, changes: Iterable[FieldChange]) -> None:
        """Add entries to the feed; one that has a number replaces the entry of that number."""
        rows = list(changes)
        fresh = sum(not each.number for each in rows)
        number = self._driver.reserve("field_change", fresh) if fresh else 0
        written = []
        for each in rows:
            written.append(_row(each, each.number or number))
            number += not each.number
        if written:
            self._driver.write(_SAVE_CHANGE, written)

    def standing_field_changes(self) -> list[FieldChange]:
        """The entries that have not ended, oldest first."""
        return [_change(row) for row in self._driver.rows(_STANDING)]

    def field_changes(self, limit: int = 100) -> list[FieldChange]:
        """The newest entries of the feed, newest first."""
        return [_change(row) for row in self._driver.rows(_NEWEST, (limit,))]


def _row(each: FieldChange, number: int) -> tuple[object, ...]:
    return (
        each.system, each.object, printable(each.field), each.change, printable(each.was), printable(each.now),
        each.mapped, int(each.is_breaking), each.first, each.last, each.run, each.decision, each.by, each.decided,
        each.ended, number,
    )  # fmt: skip


def _change(row: tuple[object, ...]) -> FieldChange:
    kept: list[object] = [*row[:7], bool(row[7]), *row[8:]]
    return FieldChange(*kept)  # type: ignore[arg-type]  # columns and fields are in the same order
