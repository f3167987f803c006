"""States of records that are known to be over, so that a lagging read is not taken for an edit (R-4.5)."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Final

from sqlalchemy import bindparam, delete, select

from tallystick.core.binding import Superseded
from tallystick.core.record import Side
from tallystick.store.driver import Driver
from tallystick.store.statement import Statement, one_of, taking, upsert
from tallystick.store.tables import superseded

_COLUMNS: Final = tuple(c.name for c in superseded.columns)
_ADD: Final = upsert(superseded, _COLUMNS, taking("modified", "at"))
# The time is compared here: SQLite would rather go by it than by the ids, of which there are few.
_OF: Final = one_of(
    superseded.c.id,
    select(superseded).where(superseded.c.pair == bindparam("pair"), superseded.c.side == bindparam("side")).where,
    ("pair", "side"),
)
_DROP: Final = Statement(
    delete(superseded).where(superseded.c.pair == bindparam("pair"), superseded.c.at <= bindparam("before")),
    ("pair", "before"),
)
_row: Final = attrgetter(*_COLUMNS)


class States:
    """The part of a transaction that knows which states of records are over."""

    _driver: Driver

    def add_superseded(self, rows: Sequence[Superseded]) -> None:
        """Remember states of records that we know to be over; what is known already gets the new time."""
        self._driver.write(_ADD, map(_row, rows))

    def superseded(self, pair: str, side: Side, ids: Sequence[str], after: float) -> list[Superseded]:
        """The states of these records that were learned to be over later than ``after`` (seconds UTC)."""
        found = (Superseded(*row) for row in self._driver.pick(_OF, (pair, side), ids))
        return [state for state in found if state.at > after]

    def drop_superseded(self, pair: str, before: float) -> None:
        """Forget what was learned so long ago that no read can still show it."""
        self._driver.write(_DROP, [(pair, before)])
