"""What makes external writes safe: intents before each of them, and the values they are about to overwrite."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Final

from sqlalchemy import bindparam, delete, select, update

from tallystick.core.binding import Intent, JournalEntry
from tallystick.store.driver import Driver
from tallystick.store.statement import Statement, one_of
from tallystick.store.tables import intent, journal

_INTENT: Final = tuple(c.name for c in intent.columns if c.name != "number")
_ENTRY: Final = tuple(c.name for c in journal.columns if c.name != "number")

_REPLACE: Final = Statement(
    update(intent)
    .where(intent.c.id == bindparam("which"))
    .values({name: bindparam(name) for name in _INTENT if name != "id"}),
    (*_INTENT[1:], "which"),
)
_CLOSE: Final = one_of(intent.c.id, delete(intent).where)
_OPEN: Final = Statement(
    select(*[intent.c[name] for name in _INTENT])
    .where(intent.c.pair == bindparam("which_pair"))
    .order_by(intent.c.number),
    ("which_pair",),
)
_ENTRIES: Final = Statement(
    select(*[journal.c[name] for name in _ENTRY])
    .where(journal.c.binding == bindparam("which"))
    .order_by(journal.c.number.desc()),
    ("which",),
)
_intent_row: Final = attrgetter(*_INTENT)
_entry_row: Final = attrgetter(*_ENTRY)


class Writing:
    """The part of a transaction that stands before and after an external write."""

    _driver: Driver

    def add_intents(self, intents: Sequence[Intent]) -> None:
        """Make intents durable (with the commit).

        Raises:
            StoreError: a (binding, side) has an open one (R-10.2); none was added.
        """
        first = self._driver.reserve("intent", len(intents))
        with self._driver.whole(
            "a record has an open write already",
            hint="the outcome of the earlier write must be found out first; run again",
        ):
            self._driver.pour(intent, ((*_intent_row(i), number) for number, i in enumerate(intents, first)))

    def update_intents(self, intents: Sequence[Intent]) -> None:
        """Replace open intents (attempt, times).

        Raises:
            StoreError: one is not open any more; none was replaced.
        """
        with self._driver.whole("a record has an open write already"):
            changed = self._driver.write(_REPLACE, ((row[1:] + row[:1]) for row in map(_intent_row, intents)))
            if changed != len(intents):
                raise self._driver.fail(
                    "a write to be continued is not open any more",
                    detail=f"{changed} of {len(intents)} found",
                    hint="another worker may have settled it; run again",
                )

    def close_intents(self, ids: Sequence[str]) -> None:
        """Forget intents whose outcome is settled."""
        self._driver.strike(_CLOSE, (), ids)

    def open_intents(self, pair: str) -> list[Intent]:
        """Every intent whose outcome may be unknown, oldest first."""
        return [Intent(*row) for row in self._driver.rows(_OPEN, (pair,))]

    def add_journal(self, entries: Sequence[JournalEntry]) -> None:
        """Keep values that are about to be overwritten or lost."""
        first = self._driver.reserve("journal", len(entries))
        self._driver.pour(journal, ((number, *_entry_row(e)) for number, e in enumerate(entries, first)))

    def journal(self, binding: int) -> list[JournalEntry]:
        """What was overwritten in a binding, newest first."""
        return [JournalEntry(*row) for row in self._driver.rows(_ENTRIES, (binding,))]
