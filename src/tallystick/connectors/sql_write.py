"""Carries out changes to rows, one statement at a time, inside a transaction that somebody else opened.

A row is locked, read and compared before it is changed, so that a change lands on exactly the row it was decided on
(R-10.4); the caller keeps one bad change from taking the others with it (R-14.3).
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from operator import length_hint
from typing import Any

from sqlalchemy import Connection, Executable, Text, and_, bindparam, cast, delete, func, insert, select, update
from sqlalchemy.sql.elements import ColumnElement

from tallystick.connectors.sighting import is_tombstone
from tallystick.connectors.sql_clock import clock
from tallystick.connectors.sql_request import Change, Target
from tallystick.connectors.sql_table import MOMENTS, TableShape
from tallystick.connectors.sql_time import instant
from tallystick.core.error import Absent, Error, ProjectError, Refused, Stale
from tallystick.core.path import parse, read
from tallystick.core.record import Raw, decode_raw

Outcome = bytes | Error | None


class Partial(Exception):
    """The database did something else than asked with some rows; nothing of it may stay. Asks for the other way."""


class Statements:
    """Runs statements on the driver's own cursor, compiled once and kept: several times cheaper than the long way."""

    def __init__(self, connection: Connection, compiled: dict[tuple[Any, ...], Any]) -> None:
        self.connection = connection
        self.cursor: Any = connection.connection.cursor()
        self._compiled = compiled

    def run(
        self, name: tuple[Any, ...], build: Callable[[], Any], values: Sequence[Any] = (), key: Sequence[Any] = ()
    ) -> tuple[Sequence[Any], int]:
        """Run the statement of that name, built at first use; give its rows and the number of rows it touched.

        Its parameters ``v0``, ``v1`` ... are the values and ``k0``, ``k1`` ... the key.
        """
        sql, names, order, constants = self._statement(name, build, len(values), len(key))
        if order is not None:
            given = [*values, *key, *constants.values()]
            self.cursor.execute(sql, [given[at] for at in order])
        else:
            self.cursor.execute(sql, constants | dict(zip(names, [*values, *key], strict=True)))
        rows = self.cursor.fetchall() if self.cursor.description else []
        return rows, self.cursor.rowcount

    def run_each(
        self, name: tuple[Any, ...], build: Callable[[], Any], rows: Sequence[Sequence[Any]], values: int
    ) -> Iterator[tuple[int, Exception]]:
        """Run a statement of SQLite once for each row of parameters: so many values, and then the key.

        Gives the place of each row that failed, with the driver's error; the rows around it are carried out.
        """
        if not rows:
            return
        sql, _, order, constants = self._statement(name, build, values, len(rows[0]) - values)
        if order != list(range(len(rows[0]))):
            given = ((*row, *constants.values()) for row in rows)
            rows = [[row[at] for at in order or ()] for row in given]
        rest = iter(rows)
        while left := length_hint(rest):
            try:
                self.cursor.executemany(sql, rest)
            except (sqlite3.Error, OverflowError, UnicodeError) as error:
                # The driver takes the rows one at a time, and goes on with those behind the one that failed.
                if length_hint(rest) == left:
                    raise
                yield len(rows) - length_hint(rest) - 1, error

    def _statement(
        self, name: tuple[Any, ...], build: Callable[[], Any], values: int, key: int
    ) -> tuple[str, list[str], list[int] | None, dict[str, Any]]:
        kept: tuple[str, list[str], list[int] | None, dict[str, Any]] | None = self._compiled.get(name)
        if kept is None:
            kept = self._compiled[name] = self._compile(build(), values, key)
        return kept

    def _compile(
        self, statement: Any, values: int, key: int
    ) -> tuple[str, list[str], list[int] | None, dict[str, Any]]:
        compiled = statement.compile(dialect=self.connection.dialect)
        names = [f"v{at}" for at in range(values)] + [f"k{at}" for at in range(key)]
        constants = {name: value for name, value in compiled.params.items() if name not in names}
        places = {name: at for at, name in enumerate((*names, *constants))}
        order = [places[name] for name in compiled.positiontup] if compiled.positiontup is not None else None
        return str(compiled), names, order, constants

    def close(self) -> None:
        """Close the cursor."""
        self.cursor.close()


class RowWriter:
    """Changes rows of one table, one by one."""

    def __init__(self, statements: Statements, target: Target) -> None:
        self._statements = statements
        self._target = target
        self._shape = target.shape
        self._now: float | None = None
        self._stamps: dict[str, Any] = {}

    def apply(self, change: Change) -> bytes | None:
        """Carry out one change; give the row as it is now, or ``None`` for a deletion.

        Raises ``Refused``, ``Stale``, ``Absent`` and what the driver raises.
        """
        if change.op == "insert":
            return self._insert(change)
        row = self.locked(change)
        record = self.compare(change, row)
        if change.op == "update":
            return self._update(change, row, record)
        self._delete(change, row, record)
        return None

    def fresh(self, change: Change) -> dict[str, Any]:
        """Spell the values of a new row, with the times and the version that nobody else would give it."""
        return self._bound(self._first_version() | change.values, self._target.born)

    def fresh_rows(self, changes: Sequence[Change]) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        """Spell new rows as ``fresh`` does, column by column. Gives the names of the columns, and the rows.

        The rows must set the same ones of the ``filled`` columns; what else one of them leaves out is blank.
        """
        given = [change.values for change in changes]
        values = {name: [value] * len(changes) for name, value in self._first_version().items()}
        values |= {name: [each.get(name) for each in given] for name in set[str]().union(*given)}
        bound = {name: self._target.binder.bind_column(name, column) for name, column in values.items()}
        bound |= {name: [self._stamp(name)] * len(changes) for name in self._target.born if name not in bound}
        names = tuple(name for name in self._shape.columns if name in bound)
        return names, list(zip(*(bound[name] for name in names), strict=True))

    def _first_version(self) -> Raw:
        counter = self._target.counter
        return {counter: 1} if counter and not self._shape.columns[counter].default else {}

    def patched(self, change: Change, record: Raw) -> dict[str, Any]:
        """Spell what an update sets: the changed values, nested ones merged into the row's, stamps and counter."""
        patch = {name: _merged(record.get(name), value) for name, value in change.values.items()}
        counter = self._target.counter
        if counter and counter not in patch:
            before = record.get(counter)
            patch[counter] = before + 1 if isinstance(before, int) else 1
        return self._bound(patch, self._target.stamps)

    def _bound(self, values: Raw, stamps: Sequence[str]) -> dict[str, Any]:
        bound = self._target.binder.bind_all(values)
        for name in stamps:
            if name not in bound:
                bound[name] = self._stamp(name)
        return bound

    def _insert(self, change: Change) -> bytes:
        values = self.fresh(change)
        names = tuple(values)
        rows, _ = self._statements.run(
            ("insert", names),
            lambda: self._returning(insert(self._shape.table), names),
            tuple(values.values()),
        )
        if not rows:
            raise Refused("the database ignored the new row", detail="a trigger or rule drops it", place=change.place)
        return self._stored(rows[0], change)

    def _update(self, change: Change, row: bytes, record: Raw) -> bytes:
        if not change.values:
            return row
        values = self.patched(change, record)
        names = tuple(values)
        rows, _ = self._statements.run(
            ("update", names),
            lambda: self._returning(self._where(update(self._shape.table)), names),
            tuple(values.values()),
            change.key,
        )
        if not rows:
            raise Refused("the database ignored the change", detail="a trigger or rule drops it", place=change.place)
        return self._stored(rows[0], change)

    def _delete(self, change: Change, row: bytes, record: Raw) -> None:
        tombstone = self._target.tombstone
        if tombstone is None:
            _, count = self._statements.run(("delete",), lambda: self._where(delete(self._shape.table)), key=change.key)
            if count == 0:
                raise Refused("the database kept the row", detail="a trigger or rule keeps it", place=change.place)
            return
        name = str(parse(tombstone.path)[0])
        self._update(Change("update", {name: self._mark(name)}, change.key, place=change.place), row, record)

    def _mark(self, name: str) -> Any:
        tombstone = self._target.tombstone
        if tombstone is not None and tombstone.values:
            return tombstone.values[0]
        kind = self._shape.columns[name].kind
        return self._time(name) if kind in MOMENTS else True if kind == "boolean" else 1

    def locked(self, change: Change) -> bytes:
        """Read the row of a change, and keep others from changing it meanwhile. Raises ``Absent``."""
        rows, _ = self._statements.run(("locked",), self._select, key=change.key)
        if not rows:
            raise Absent("there is no such row", place=change.place)
        return self._target.reader.encode(rows[0])

    def compare(self, change: Change, row: bytes) -> Raw:
        """Decode a row; raise ``Absent`` for a deleted one and ``Stale`` for one that is not as the change knew it."""
        sight = self._target.sight
        record: Raw = decode_raw(row)
        tombstone = self._target.tombstone
        if change.op == "delete" and tombstone and is_tombstone(read(record, parse(tombstone.path)), tombstone):
            raise Absent("the row is marked as deleted already", place=change.place)
        if change.version is not None and change.version != sight.version(record, row):
            raise Stale("the row has changed since", place=change.place)
        for name, value in change.expected.items():
            if record.get(name) != value:
                raise Stale("the row has changed since", detail=f"'{name}' is another", place=change.place)
        return record

    def _stored(self, returned: Sequence[Any], change: Change) -> bytes:
        """Give the row that a statement returned as a whole, or by its key."""
        if not self._shape.triggered:
            return self._target.reader.encode(returned)
        rows, _ = self._statements.run(("stored",), self._select, key=returned)
        if not rows:
            raise Refused("the row vanished when it was written", detail="a trigger removes it", place=change.place)
        return self._target.reader.encode(rows[0])

    def _returning(self, statement: Any, names: Sequence[str]) -> Any:
        """Let a statement set the columns ``names`` and return what ``_stored`` needs."""
        values: dict[Any, Any] = {self._shape.table.c[name]: bindparam(f"v{at}") for at, name in enumerate(names)}
        # What a later trigger does to the row is not in what the statement returns.
        key = [self._shape.table.c[name] for name in self._target.key]
        return statement.values(values).returning(*(key if self._shape.triggered else self._target.reader.selected()))

    def _where(self, statement: Any) -> Any:
        return statement.where(key_is(self._shape, self._target.key))

    def _select(self) -> Executable:
        found: Executable = self._where(select(*self._target.reader.selected())).with_for_update(of=self._shape.table)
        return found

    def _stamp(self, name: str) -> Any:
        """Spell the time of this transaction, by the database's clock, for a column."""
        if name not in self._stamps:
            self._stamps[name] = self._target.binder.bind(name, self._time(name))
        return self._stamps[name]

    def _time(self, name: str) -> str | int:
        """Give the time as ISO text, or as seconds or milliseconds where the column counts."""
        if self._now is None:
            self._now = clock(self._statements.connection)
        if self._now is None:
            raise ProjectError(
                f"nobody knows how to ask this database for the time that '{name}' needs",
                hint="let a trigger or default of the database keep the column, and call it read_only in the manifest",
                place=self._target.place,
            )
        if self._shape.columns[name].kind in {"integer", "number", "float"}:
            return int(self._now * (1000 if self._target.time_spelling == "unix_ms" else 1))
        return instant(self._now).isoformat()


def key_is(shape: TableShape, key: Sequence[str]) -> ColumnElement[bool]:
    """Make the condition that a row's key is the parameters ``k0``, ``k1`` ..."""
    return and_(*(is_value(shape, name, bindparam(f"k{at}")) for at, name in enumerate(key)))


def is_value(shape: TableShape, name: str, value: Any) -> ColumnElement[bool]:
    """Make the condition that a column has a value, as ``Binder.look`` spells it."""
    column: ColumnElement[Any] = shape.table.c[name]
    if shape.dialect == "sqlite" and shape.columns[name].kind in MOMENTS:
        # The same instant may be spelled with a T or with a blank.
        return func.replace(column, "T", " ") == func.replace(value, "T", " ")
    if shape.dialect == "sqlite" and shape.columns[name].kind == "other":
        return cast(column, Text) == cast(value, Text)
    same: ColumnElement[bool] = column == value
    return same


def _merged(here: Any, value: Any) -> Any:
    """Put a nested change into a nested value: what it does not name stays as it is (R-10.6)."""
    if not isinstance(here, dict) or not isinstance(value, dict):
        return value
    return here | {name: _merged(here.get(name), inner) for name, inner in value.items()}
