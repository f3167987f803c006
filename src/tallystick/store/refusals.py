"""What systems refused and why, one row for each reason, so that rules can be learned of it."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Final

from sqlalchemy import bindparam, select, update

from tallystick.core.refused import RefusedReason
from tallystick.store.driver import Driver
from tallystick.store.refusal_table import refusal
from tallystick.store.statement import Statement, upsert
from tallystick.store.waiting import printable

_COLUMNS: Final = tuple(c.name for c in refusal.columns)
_KEY: Final = ("pair", "side", "field", "said")
_NOTE: Final = upsert(
    refusal,
    _COLUMNS,
    lambda old, given: (
        {name: given[name] for name in ("code", "last", "record", "seen")} | {"count": old["count"] + given["count"]}
    ),
)
_OLDEST: Final = (refusal.c.first, refusal.c.pair, refusal.c.side, refusal.c.field, refusal.c.said)
_ALL: Final = Statement(select(refusal).order_by(*_OLDEST))
_OF_PAIR: Final = Statement(select(refusal).where(refusal.c.pair == bindparam("of")).order_by(*_OLDEST), ("of",))
_DROP: Final = Statement(
    update(refusal)
    .where(*(refusal.c[name] == bindparam(f"its_{name}") for name in _KEY))
    .values(dropped=bindparam("at")),
    ("at", *(f"its_{name}" for name in _KEY)),
)
_row: Final = attrgetter(*_COLUMNS)


class Refusals:
    """The part of a transaction that knows what was refused."""

    _driver: Driver

    def note_refusals(self, rows: Sequence[RefusedReason]) -> None:
        """Count refusals; the same (pair, side, field, said) keeps its first time and takes the newest record."""
        self._driver.write(_NOTE, ((*(printable(v) if isinstance(v, str) else v for v in _row(r)),) for r in rows))

    def refusals(self, pair: str | None = None) -> list[RefusedReason]:
        """What was refused and why, oldest first; of a pair, or all."""
        rows = self._driver.rows(_ALL) if pair is None else self._driver.rows(_OF_PAIR, (pair,))
        return [RefusedReason(*row) for row in rows]

    def drop_refusals(self, rows: Sequence[RefusedReason], at: float) -> None:
        """Note that a person lets no rule follow from what was refused for these reasons until ``at`` (seconds UTC)."""
        self._driver.write(_DROP, ((at, r.pair, r.side, r.field, r.said) for r in rows))
