"""What waits for somebody: questions for a person (queue) and records that cannot go on (quarantine)."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Final

from sqlalchemy import Table, bindparam, delete, select

from tallystick.core.binding import Quarantined, QueueItem
from tallystick.core.record import Side
from tallystick.store.driver import Driver
from tallystick.store.statement import Row, Statement, one_of, taking, upsert
from tallystick.store.tables import quarantine, queue

_ITEM: Final = tuple(c.name for c in queue.columns)
_PARKED: Final = tuple(c.name for c in quarantine.columns)


class _Lists:
    """The three ways to list a table whose rows wait: all, of a pair, of bindings; with or without a pair."""

    def __init__(self, table: Table, number: str) -> None:
        names = list(table.columns.keys())
        self.oldest_first = itemgetter(names.index("since"), names.index(number))
        every = select(table)
        of_pair = table.c.pair == bindparam("of_pair")
        self.all = Statement(every)
        self.of_pair = Statement(every.where(of_pair), ("of_pair",))
        self.of_bindings = one_of(table.c.binding, every.where)
        self.of_both = one_of(table.c.binding, every.where(of_pair).where, ("of_pair",))

    def rows(self, driver: Driver, pair: str | None, bindings: Sequence[int] | None) -> list[Row]:
        values = () if pair is None else (pair,)
        if bindings is None:
            found = driver.rows(self.all if pair is None else self.of_pair, values)
        else:
            found = driver.pick(self.of_bindings if pair is None else self.of_both, values, dict.fromkeys(bindings))
        return sorted(found, key=self.oldest_first)


_QUEUE: Final = _Lists(queue, "id")
_QUARANTINE: Final = _Lists(quarantine, "number")

_PUT_ITEM: Final = upsert(
    queue, _ITEM, taking("detail", "binding", "left_seen", "right_seen"), key=("pair", "kind", "subject", "field")
)
_DROP_ITEMS: Final = one_of(queue.c.id, delete(queue).where)
_PARK: Final = upsert(
    quarantine,
    _PARKED,
    lambda old, given: (
        {
            name: given[name]
            for name in (
                "code",
                "message",
                "hint",
                "binding",
                "left_seen",
                "right_seen",
                "mapping",
                "waits_for",
                "option",
            )
        }
        | {"attempts": old.attempts + 1}
    ),
)
_RELEASE: Final = one_of(
    quarantine.c.record,
    delete(quarantine).where(quarantine.c.pair == bindparam("pair"), quarantine.c.side == bindparam("side")).where,
    ("pair", "side"),
)


class Waiting:
    """The part of a transaction that keeps what nobody may drop (R-14.2)."""

    _driver: Driver

    def put_queue(self, items: Sequence[QueueItem]) -> None:
        """Raise questions; one with the same kind, pair, subject and field is replaced, its ``since`` and id kept.

        The given ids are of no account: each new question gets one that is never used again.
        """
        first = self._driver.reserve("queue", len(items))
        self._driver.write(
            _PUT_ITEM,
            (
                (i.kind, i.pair, i.subject, i.field, printable(i.detail),
                 i.binding, i.left_seen, i.right_seen, i.since, number)
                for number, i in enumerate(items, first)
            ),
        )  # fmt: skip

    def drop_queue(self, ids: Sequence[int]) -> None:
        """Withdraw questions."""
        self._driver.strike(_DROP_ITEMS, (), ids)

    def queue(self, pair: str | None = None, bindings: Sequence[int] | None = None) -> list[QueueItem]:
        """Open questions, oldest first; of a pair, of some bindings, or all."""
        return [QueueItem(*row) for row in _QUEUE.rows(self._driver, pair, bindings)]

    def put_quarantine(self, rows: Sequence[Quarantined]) -> None:
        """Park records or fields; the same (pair, side, record, field) is replaced, counted up, its ``since`` kept."""
        first = self._driver.reserve("quarantine", len(rows))
        self._driver.write(
            _PARK,
            (
                (q.pair, q.side, q.record, q.field, q.code, printable(q.message), printable(q.hint),
                 q.binding, q.left_seen, q.right_seen, q.mapping, q.attempts, q.since, q.waits_for,
                 printable(q.option), number)
                for number, q in enumerate(rows, first)
            ),
        )  # fmt: skip

    def drop_quarantine(self, pair: str, side: Side, records: Sequence[str]) -> None:
        """Release all that is parked of these records."""
        self._driver.strike(_RELEASE, (pair, side), records)

    def quarantine(self, pair: str | None = None, bindings: Sequence[int] | None = None) -> list[Quarantined]:
        """What is parked, oldest first; of a pair, of some bindings, or all."""
        return [Quarantined(*row[:-1]) for row in _QUARANTINE.rows(self._driver, pair, bindings)]


def printable(text: str) -> str:
    """Give a text that every database can hold: what systems say in their errors may carry NUL or broken characters."""
    return text.replace("\0", "\N{SYMBOL FOR NULL}").encode("utf-8", "replace").decode()
