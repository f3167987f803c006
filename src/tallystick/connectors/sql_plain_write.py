"""Carries out changes where a statement does not give back the row that it writes: MySQL, ODBC, and others.

The row is read again by its key in the same transaction. A new row whose key the database draws is found by the number
that the database says it drew, or by another unique column; where neither tells, nothing is written (R-10.7).
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from sqlalchemy import and_, bindparam, insert, select, update

from tallystick.connectors.sql_request import Change, Target
from tallystick.connectors.sql_write import RowWriter, Statements, is_value
from tallystick.core.error import Duplicate, Error, Refused
from tallystick.core.record import Raw, decode_raw


class PlainRowWriter(RowWriter):
    """Changes rows of one table, one by one, and reads each of them afterwards."""

    def _insert(self, change: Change) -> bytes:
        given = self.fresh(change)
        values = {name: value for name, value in given.items() if value is not None or name not in self._target.key}
        find = self._way_to_find(change, values)
        names = tuple(values)
        assigned: dict[Any, Any] = {self._shape.table.c[name]: bindparam(f"v{at}") for at, name in enumerate(names)}
        self._statements.run(
            ("insert", names), lambda: insert(self._shape.table).values(assigned), tuple(values.values())
        )
        row = find()
        if row is None:
            raise Refused("the database ignored the new row", detail="a trigger or rule drops it", place=change.place)
        return row

    def _way_to_find(self, change: Change, values: dict[str, Any]) -> Callable[[], bytes | None]:
        """Choose how the new row will be found. Raises ``Refused`` before anything is written where there is no way."""
        key = self._target.key
        if all(name in values for name in key):
            return lambda: self._read(key, [values[name] for name in key])
        for unique in self._shape.uniques:
            if unique != key and all(values.get(name) is not None for name in unique):
                return lambda: self._read(unique, [values[name] for name in unique])
        column = self._shape.columns[key[0]]
        numbered = len(key) == 1 and column.default and column.kind in {"integer", "number"}
        if numbered and draws_numbers(self._statements):
            if self._shape.dialect == "mysql":
                return lambda: self._read(key, [self._statements.cursor.lastrowid])
            return lambda: self._numbered(change)
        raise Refused(
            f"the database would choose '{', '.join(key)}' and cannot be asked which it chose",
            hint="map the key, or another column that is unique",
            field=", ".join(key),
            place=change.place,
        )

    def _numbered(self, change: Change) -> bytes | None:
        """Read the row with the number that was drawn last. Raises ``Refused`` where that is another row."""
        row = self._read(self._target.key, [drawn_number(self._statements)])
        stored: Raw = decode_raw(row) if row is not None else {}
        # A trigger may have drawn a number too, in another table.
        texts = {name for name, column in self._shape.columns.items() if column.kind in {"text", "integer"}}
        for name, value in change.values.items():
            if name in texts & stored.keys() and isinstance(value, str | int) and stored[name] != value:
                raise Refused(
                    "it cannot be told which row is the new one",
                    detail="the row with the number that was drawn last holds other values",
                    hint="map another column that is unique",
                    place=change.place,
                )
        return row

    def _read(self, names: Sequence[str], values: Sequence[Any]) -> bytes | None:
        rows, _ = self._statements.run(("by", names), lambda: self._by(names), tuple(values))
        return self._target.reader.encode(rows[0]) if rows else None

    def _by(self, names: Sequence[str]) -> Any:
        same = and_(*(is_value(self._shape, name, bindparam(f"v{at}")) for at, name in enumerate(names)))
        # A locking read sees the newest state, where a plain one may show that of the transaction's start.
        return select(*self._target.reader.selected()).where(same).with_for_update()

    def _update(self, change: Change, row: bytes, record: Raw) -> bytes:
        if not change.values:
            return row
        values = self.patched(change, record)
        names = tuple(values)
        assigned: dict[Any, Any] = {self._shape.table.c[name]: bindparam(f"v{at}") for at, name in enumerate(names)}
        _, count = self._statements.run(
            ("update", names),
            lambda: self._where(update(self._shape.table)).values(assigned),
            tuple(values.values()),
            change.key,
        )
        stored = self._read(self._target.key, change.key)
        if stored is None:
            raise Refused("the row vanished when it was written", detail="a trigger removes it", place=change.place)
        # Some drivers count the rows that were found, others those that are different now.
        if count <= 0 and stored == row and any(record.get(name) != value for name, value in change.values.items()):
            raise Refused("the database ignored the change", detail="a trigger or rule drops it", place=change.place)
        return stored

    def _delete(self, change: Change, row: bytes, record: Raw) -> None:
        super()._delete(change, row, record)
        if self._target.tombstone is None and self._read(self._target.key, change.key) is not None:
            raise Refused("the database kept the row", detail="a trigger or rule keeps it", place=change.place)


def draws_numbers(statements: Statements) -> bool:
    """Whether the database can be asked which number it gave to the row that was inserted last."""
    dialect = statements.connection.dialect
    return dialect.name == "mysql" or bool(getattr(dialect, "last_number", ""))


def drawn_number(statements: Statements) -> Any:
    """Ask for the number that this connection's last insert drew."""
    statements.cursor.execute(getattr(statements.connection.dialect, "last_number", ""))
    return statements.cursor.fetchone()[0]


def sharpened(statements: Statements, target: Target, change: Change, error: Error) -> Error:
    """Give ``Duplicate`` for a refusal whose driver does not say why, if another row has the same unique values.

    Nothing of the change may stand any more.
    """
    if type(error) is not Refused and not (isinstance(error, Duplicate) and not error.field):
        return error
    shape = target.shape
    for unique in shape.uniques:
        values = [target.binder.look(name, change.values.get(name)) for name in unique]
        if not all(isinstance(value, str | int | float) or hasattr(value, "isoformat") for value in values):
            continue
        rows, _ = statements.run(("double", unique), partial(_holders, target, unique), tuple(values))
        others = [row for row in rows if tuple(row) != change.key]
        if others:
            field = ",".join(unique)
            message = f"another row has this '{field}'"
            return Duplicate(message, field=field, hint="find that row and pair with it", place=change.place)
    return error


def _holders(target: Target, unique: Sequence[str]) -> Any:
    table = target.shape.table
    same = and_(*(is_value(target.shape, name, bindparam(f"v{at}")) for at, name in enumerate(unique)))
    return select(*(table.c[name] for name in target.key)).where(same)
