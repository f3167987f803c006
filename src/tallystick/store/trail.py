"""The ledger: every write to a system, each row chained to the one before by a digest (R-17.2).

A row that is changed, taken out, put in or moved breaks the chain at its number, and ``first_break`` finds it. Rows
cut off at the end show too, because the last number is kept apart.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter, itemgetter
from typing import Any, Final

import msgspec
from sqlalchemy import bindparam, func, literal_column, select

from tallystick.core.binding import LedgerRow
from tallystick.core.record import Side
from tallystick.store.driver import Driver
from tallystick.store.statement import Row, Statement, one_of
from tallystick.store.tables import ledger

_CONTENT: Final = tuple(c.name for c in ledger.columns if c.name not in {"number", "digest"})
_START: Final = bytes(32)
_BINDING: Final = _CONTENT.index("binding")

_WANTED: Final = select(*[ledger.c[name] for name in _CONTENT]).order_by(ledger.c.number.desc())
_OF_BINDING: Final = _WANTED.where(ledger.c.binding == bindparam("of_binding"))
_OF_RUN: Final = ledger.c.run == bindparam("of_run")
_NEWEST: Final = {
    (False, False): Statement(_WANTED.limit(bindparam("most")), ("most",)),
    (True, False): Statement(_OF_BINDING.limit(bindparam("most")), ("of_binding", "most")),
    (False, True): Statement(_WANTED.where(_OF_RUN).limit(bindparam("most")), ("of_run", "most")),
    (True, True): Statement(_OF_BINDING.where(_OF_RUN).limit(bindparam("most")), ("of_binding", "of_run", "most")),
}
_COUNTS: Final = one_of(
    ledger.c.run,
    lambda wanted: (
        select(ledger.c.run, ledger.c.pair, ledger.c.side, ledger.c.op, func.count())
        .where(wanted)
        .group_by(ledger.c.run, ledger.c.pair, ledger.c.side, ledger.c.op)
    ),
)
_OF_MANY: Final = one_of(ledger.c.binding, select(*[ledger.c[name] for name in _CONTENT], ledger.c.number).where)
_DELETIONS: Final = Statement(
    select(func.count())
    .select_from(ledger)
    # Spelled into the text, as in the partial index: only so the database sees that the index fits.
    .where(ledger.c.pair == bindparam("pair"), ledger.c.side == bindparam("side"), ledger.c.at > bindparam("after"))
    .where(ledger.c.op.in_([literal_column("'delete'"), literal_column("'archive'")])),
    ("pair", "side", "after"),
)
_LAST: Final = Statement(select(ledger.c.digest).where(ledger.c.number == bindparam("last")), ("last",))
_ALL: Final = Statement(select(ledger).order_by(ledger.c.number))

_content: Final = attrgetter(*_CONTENT)
_encode: Final = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class LedgerBreak:
    """Where the ledger stops being what was written: the number of the first broken row, from 1, and what is wrong."""

    number: int
    reason: str


class Trail:
    """The part of a transaction that keeps the audit trail."""

    _driver: Driver

    def add_ledger(self, rows: Sequence[LedgerRow]) -> None:
        """Append writes to the audit trail.

        Raises:
            StoreError: the last row is missing, so there is nothing to chain to.
        """
        last = self._driver.count("ledger")
        before = _START
        if last:
            found = self._driver.row(_LAST, (last,))
            if found is None:
                raise self._driver.fail(
                    "the ledger was cut off",
                    detail=f"row {last} is missing",
                    hint="put back a backup of the state, and find out who removed rows",
                )
            before = found[0]
        ready: list[Row] = []
        for number, row in enumerate(rows, last + 1):
            content = _content(row)
            before = _chained(before, number, content)
            ready.append((number, *content, before))
        self._driver.pour(ledger, ready)
        self._driver.set_count("ledger", last + len(ready))

    def count_deletions(self, pair: str, side: Side, after: float) -> int:
        """How many records of a pair's side were deleted or archived later than ``after`` (seconds UTC)."""
        return int(self._driver.rows(_DELETIONS, (pair, side, after))[0][0])

    def ledger(self, *, binding: int | None = None, run: str | None = None, limit: int = 100) -> list[LedgerRow]:
        """The audit trail of a binding or a run (of both, if both are given), newest first."""
        values = [v for v in (binding, run) if v is not None]
        statement = _NEWEST[binding is not None, run is not None]
        return [LedgerRow(*row) for row in self._driver.rows(statement, (*values, limit))]

    def count_ledger(self, runs: Sequence[str]) -> dict[str, dict[tuple[str, Side, str], int]]:
        """How often each of these runs did what, by (pair, side, operation); runs without a row are left out."""
        found: dict[str, dict[tuple[str, Side, str], int]] = {}
        for run, pair, side, op, count in self._driver.pick(_COUNTS, (), dict.fromkeys(runs)):
            found.setdefault(run, {})[pair, side, op] = count
        return found

    def ledger_of(self, bindings: Sequence[int]) -> dict[int, list[LedgerRow]]:
        """The audit trails of these bindings, each newest first; bindings without one are left out."""
        found: dict[int, list[LedgerRow]] = {}
        for row in sorted(self._driver.pick(_OF_MANY, (), bindings), key=itemgetter(-1), reverse=True):
            found.setdefault(row[_BINDING], []).append(LedgerRow(*row[:-1]))
        return found


def first_break(driver: Driver) -> LedgerBreak | None:
    """Read the whole ledger and give its first broken row, ``None`` if it is whole. Memory stays constant."""
    before = _START
    due = 1
    for number, *content, digest in driver.scan(_ALL):
        if number != due:
            return LedgerBreak(min(due, number), "it is missing" if number > due else "it has no place in the count")
        if _chained(before, number, content) != digest:
            return LedgerBreak(number, "its content, or the row before it, is not what was written")
        before = digest
        due += 1
    last = driver.count("ledger")
    return LedgerBreak(due, "it is missing") if due <= last else None


def _chained(before: bytes, number: int, content: Sequence[Any]) -> bytes:
    # Numbers come back from both databases exactly, so the same bytes can be made again.
    return hashlib.sha256(before + _encode([number, *content])).digest()
