"""The statements that list a table in key order, and the positions between their pages.

Without a bound the order is that of the key; with one it is (change time, key), so that rows with equal times are
neither lost nor repeated (R-11.5). A position is the key of the last row: durable, and true whatever happens between.
"""

import math
from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import tzinfo
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Select, Text, bindparam, cast, func, literal_column, or_, select, tuple_

from tallystick.connectors.moment import earliest_local
from tallystick.connectors.sql_request import Target
from tallystick.connectors.sql_time import Spelling, instant, learned_bound
from tallystick.core.error import Garbled
from tallystick.core.ports import Position

COUNT_UP_TO: Final = 100_000  # counting more rows costs more than the number is worth


class Listing:
    """Lists one table. ``changed`` is the column of change times, where there is one."""

    def __init__(self, target: Target, changed: str, here: tzinfo) -> None:
        self._target = target
        self._changed = changed
        self._here = here
        self._lite = target.shape.dialect == "sqlite"
        self._nullable = [name for name in target.key if target.shape.columns[name].nullable]

    def page(self, since: float | None, position: Position | None, size: int) -> tuple[Select[Any], dict[str, Any]]:
        """Give the statement of one page, which asks for a row more than the page has, and its parameters."""
        columns = self._order(by_time=since is not None)
        statement = self._select(columns).order_by(*columns).limit(bindparam("size"))
        values: dict[str, Any] = {"size": size + 1}
        for name in self._nullable:
            statement = statement.where(self._target.shape.table.c[name].is_not(None))
        if since is not None:
            statement = statement.where(self._target.shape.table.c[self._changed] >= bindparam("since"))
            values["since"] = self._bound(since)
        if position is not None:
            after: list[ColumnElement[Any]] = [bindparam(f"p{at}") for at in range(len(columns))]
            statement = statement.where(tuple_(*columns) > tuple_(*after))
            values |= {f"p{at}": value for at, value in enumerate(decode_position(position, len(columns)))}
        return statement, values

    def without_key(self, size: int) -> tuple[Select[Any], dict[str, Any]] | None:
        """Give the statement that lists rows which have no key and so no place in the order, if there can be any."""
        if not self._nullable:
            return None
        table = self._target.shape.table
        statement = self._select([]).where(or_(*(table.c[name].is_(None) for name in self._nullable)))
        return statement.limit(bindparam("size")), {"size": size}

    def count(self) -> tuple[Select[Any], dict[str, Any]]:
        """Give the statement that counts the rows, up to one more than ``COUNT_UP_TO``."""
        some = select(literal_column("1")).select_from(self._target.shape.table).limit(COUNT_UP_TO + 1).subquery()
        return select(func.count()).select_from(some), {}

    def position(self, row: Sequence[Any]) -> Position:
        """Give the position after a row of ``page``."""
        return encode_position(row[self._target.reader.width :])

    def _order(self, *, by_time: bool) -> list[ColumnElement[Any]]:
        names = [self._changed, *self._target.key] if by_time else self._target.key
        return [self._target.shape.table.c[name] for name in dict.fromkeys(names)]

    def _select(self, order: Sequence[ColumnElement[Any]]) -> Select[Any]:
        # As text, PostgreSQL's values come back unchanged whatever their type.
        keys = order if self._lite else [cast(column, Text) for column in order]
        labelled = [key.label(f"tally_k{at}") for at, key in enumerate(keys)]
        return select(*self._target.reader.selected(), *labelled)

    def _bound(self, since: float) -> Any:
        column = self._target.shape.columns[self._changed]
        if column.kind in {"integer", "number", "float"}:
            bound = math.floor(since * (1000 if self._target.time_spelling == "unix_ms" else 1))
            return bound if self._lite else str(bound)
        if column.kind == "date":
            return earliest_local(since, self._here).date().isoformat()
        if self._lite or column.kind == "text":
            return learned_bound(since, self._target.shape.spellings.get(self._changed, Spelling()), self._here)
        if column.kind == "local_time":
            return earliest_local(since, self._here).isoformat()
        return instant(since).isoformat()


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
        raise Garbled("the position does not fit this listing", hint="the table or its manifest changed: start anew")
    return values
