"""The statements that list a table in key order, and the positions between their pages.

Without a bound the order is that of the key; with one it is (change time, key), so that rows with equal times are
neither lost nor repeated (R-11.5). A position is the key of the last row: durable, and true whatever happens between.
Over ODBC changes are listed in key order too: some drivers cut fractions of a second, and such a time is no position.
"""

import math
from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import tzinfo
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Select, Text, and_, bindparam, cast, func, literal_column, or_, select, tuple_

from tallystick.connectors.moment import earliest_local
from tallystick.connectors.sql_request import Target
from tallystick.connectors.sql_table import RETURNS_ROWS, Dialect
from tallystick.connectors.sql_time import Spelling, instant, learned_bound
from tallystick.connectors.sql_values import NO_MATCH
from tallystick.core.error import Garbled
from tallystick.core.ports import Position

COUNT_UP_TO: Final = 100_000  # counting more rows costs more than the number is worth

FETCHED: Final = "tally_fetched"  # a parameter that is not sent: after so many rows the fetching ends
_ANEW: Final = "the table or its manifest changed: start anew"


class Listing:
    """Lists one table. ``changed`` is the column of change times, where there is one."""

    def __init__(self, target: Target, changed: str, here: tzinfo) -> None:
        self._target = target
        self._changed = changed
        self._here = here
        self._dialect = target.shape.dialect
        self._lite = target.shape.dialect == "sqlite"
        self._typed = target.shape.dialect not in RETURNS_ROWS
        self._nullable = [name for name in target.key if target.shape.columns[name].nullable]

    def page(self, since: float | None, position: Position | None, size: int) -> tuple[Select[Any], dict[str, Any]]:
        """Give the statement of one page, which asks for a row more than the page has, and its parameters."""
        names = self._order(by_time=since is not None)
        columns = [self._target.shape.table.c[name] for name in names]
        statement, values = at_most(self._dialect, self._select(columns).order_by(*columns), size + 1)
        for name in self._nullable:
            statement = statement.where(self._target.shape.table.c[name].is_not(None))
        if since is not None:
            statement = statement.where(self._target.shape.table.c[self._changed] >= bindparam("since"))
            values["since"] = self._bound(since)
        if position is not None:
            statement = statement.where(self._after(columns))
            values |= {f"p{at}": value for at, value in enumerate(self._behind(position, names))}
        return statement, values

    def without_key(self, size: int) -> tuple[Select[Any], dict[str, Any]] | None:
        """Give the statement that lists rows which have no key and so no place in the order, if there can be any."""
        if not self._nullable:
            return None
        table = self._target.shape.table
        statement = self._select([]).where(or_(*(table.c[name].is_(None) for name in self._nullable)))
        return at_most(self._dialect, statement, size)

    def count(self) -> tuple[Select[Any], dict[str, Any]]:
        """Give the statement that counts the rows, up to one more than ``COUNT_UP_TO``."""
        one: Select[Any] = select(literal_column("1").label("tally_one")).select_from(self._target.shape.table)
        some, values = at_most(self._dialect, one, COUNT_UP_TO + 1)
        # Where there is no clause for it, all are counted; the one row of this answer must not be cut off.
        values.pop(FETCHED, None)
        return select(func.count()).select_from(some.subquery()), values

    def position(self, row: Sequence[Any], *, by_time: bool) -> Position:
        """Give the position after a row of ``page``; ``by_time`` in a listing of changes."""
        reader = self._target.reader
        named = zip(self._order(by_time=by_time), row[reader.width :], strict=True)
        return encode_position([reader.show(name, value) for name, value in named])

    def _order(self, *, by_time: bool) -> list[str]:
        names = [self._changed, *self._target.key] if by_time and self._dialect != "odbc" else self._target.key
        return list(dict.fromkeys(names))

    def _after(self, columns: Sequence[ColumnElement[Any]]) -> ColumnElement[bool]:
        """Make the condition that a row comes after the position ``p0``, ``p1`` ..."""
        after: list[ColumnElement[Any]] = [bindparam(f"p{at}") for at in range(len(columns))]
        if not self._typed:
            return tuple_(*columns) > tuple_(*after)
        # Not every system compares rows, and MySQL finds no index for it.
        further = [
            and_(*(columns[before] == bindparam(f"p{before}") for before in range(at)), column > bindparam(f"p{at}"))
            for at, column in enumerate(columns)
        ]
        return and_(columns[0] >= after[0], or_(*further)) if len(columns) > 1 else further[0]

    def _behind(self, position: Position, names: Sequence[str]) -> list[Any]:
        parts = decode_position(position, len(names))
        if not self._typed:
            return parts
        values = [self._target.binder.look(name, part) for name, part in zip(names, parts, strict=True)]
        if NO_MATCH in values:
            raise Garbled("the position does not fit this listing", hint=_ANEW)
        return values

    def _select(self, order: Sequence[ColumnElement[Any]]) -> Select[Any]:
        # As text, PostgreSQL's values come back unchanged whatever their type.
        keys = [cast(column, Text) for column in order] if self._dialect == "postgresql" else order
        labelled = [key.label(f"tally_k{at}") for at, key in enumerate(keys)]
        return select(*self._target.reader.selected(), *labelled)

    def _bound(self, since: float) -> Any:
        column = self._target.shape.columns[self._changed]
        if column.kind in {"integer", "number", "float"}:
            bound = math.floor(since * (1000 if self._target.time_spelling == "unix_ms" else 1))
            return str(bound) if self._dialect == "postgresql" else bound
        if column.kind == "date":
            day = earliest_local(since, self._here).date().isoformat()
            return self._target.binder.bind(self._changed, day) if self._typed else day
        if self._lite or column.kind == "text":
            return learned_bound(since, self._target.shape.spellings.get(self._changed, Spelling()), self._here)
        earliest = instant(since) if column.kind == "instant" else earliest_local(since, self._here)
        if self._typed:
            # The column may keep whole seconds only.
            return self._target.binder.bind(self._changed, earliest.replace(microsecond=0).isoformat())
        return earliest.isoformat()


def at_most(dialect: Dialect, statement: Select[Any], rows: int) -> tuple[Select[Any], dict[str, Any]]:
    """Limit a statement to a number of rows; give it with its parameters."""
    if dialect == "odbc":
        # Many a system takes no parameter here; where there is no such clause, the fetching ends at this number.
        return statement.limit(literal_column(str(rows))), {FETCHED: rows}
    if dialect in {"mssql", "oracle"}:
        return statement.limit(rows), {}  # their words for it depend on the number
    return statement.limit(bindparam("size")), {"size": rows}


def encode_position(key: Sequence[Any]) -> Position:
    """Write the values of a key as text."""
    return msgspec.json.encode([{"b": b64encode(part)} if isinstance(part, bytes) else part for part in key]).decode()


def decode_position(position: Position, count: int) -> list[Any]:
    """Read what ``encode_position`` wrote. Raises ``Garbled`` for a position of another listing."""
    try:
        parts = msgspec.json.decode(position, type=list[dict[str, str] | str | int | float | None])
        values = [b64decode(part["b"]) if isinstance(part, dict) else part for part in parts]
    except (msgspec.DecodeError, KeyError, ValueError):
        values = []
    if len(values) != count:
        raise Garbled("the position does not fit this listing", hint=_ANEW)
    return values
