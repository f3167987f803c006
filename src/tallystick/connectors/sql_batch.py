"""Changes many rows of a SQLite table at once: one statement run for each of them, and one to read all of them back.

SQLite takes back only the row that it refuses, so the others of the batch stand (R-14.3). Where more or fewer rows came
of it than were asked for, ``Partial`` is raised: the caller takes everything back and goes through them one by one.
"""

import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from itertools import groupby
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, and_, bindparam, func, insert, literal_column, select, update
from sqlalchemy.sql.elements import quoted_name

from tallystick.connectors.sql_errors import explain, is_about_one_record
from tallystick.connectors.sql_request import Change, Target
from tallystick.connectors.sql_write import Outcome, Partial, RowWriter, Statements, is_value, key_is
from tallystick.core.error import Absent, Error

FROM: Final = 4  # fewer rows are as cheap one by one
_ERRORS: Final = (Error, sqlite3.Error, OverflowError, UnicodeError)


def fits_batch(target: Target, changes: Sequence[Change]) -> bool:
    """Whether these changes can be made at once: enough of them, all alike, each on a row that can be found again."""
    shape, first = target.shape, changes[0]
    if shape.dialect != "sqlite" or shape.is_view or len(changes) < FROM or first.op == "delete":
        return False
    if any(change.op != first.op or not change.values for change in changes):
        return False
    if first.op == "update":
        # What a trigger of one change does to the row of the next is seen only by those who make them one by one.
        return not shape.triggered and len({change.key for change in changes}) == len(changes)
    return _draws_numbers(target, changes) or _has_keys(target, changes)


def batch_changes(statements: Statements, target: Target, changes: Sequence[Change]) -> list[Outcome]:
    """Make the changes; one outcome each, in order. Raises ``Partial`` and errors that are about more than one row."""
    batch = _Batch(statements, target, changes)
    return batch.insert() if changes[0].op == "insert" else batch.update()


def _draws_numbers(target: Target, changes: Sequence[Change]) -> bool:
    """Whether SQLite itself numbers all these new rows, each higher than any row before, whatever their key is."""
    numbers = {name for name, column in target.shape.columns.items() if column.numbered}
    return bool(target.shape.rowid) and all(numbers.isdisjoint(change.values) for change in changes)


def _has_keys(target: Target, changes: Sequence[Change]) -> bool:
    return all(change.values.get(name) is not None for change in changes for name in target.key)


class _Batch:
    """The changes of one transaction. The outcome of a change is ``None`` as long as nothing speaks against it."""

    def __init__(self, statements: Statements, target: Target, changes: Sequence[Change]) -> None:
        self._statements = statements
        self._target = target
        self._shape = target.shape
        self._changes = changes
        self._writer = RowWriter(statements, target)
        self._driver: Any = statements.connection.connection.driver_connection
        self._before = self._total()
        self._counted = 0
        self._outcomes: list[Outcome] = [None] * len(changes)

    def insert(self) -> list[Outcome]:
        drawn = _draws_numbers(self._target, self._changes)
        last = self._last_number() if drawn else 0
        for _, run in groupby(self._standing(), lambda at: self._changes[at].values.keys() & self._target.filled):
            good, names, rows = self._spelled(list(run))
            self._execute("insert each", self._insertion, names, good, rows)
        made = self._standing()
        self._settle(made, self._after(last) if drawn else self._named([self._key(at) for at in made]))
        return self._outcomes

    def update(self) -> list[Outcome]:
        patches = self._compared()
        out = [at for at, outcome in enumerate(self._outcomes) if outcome is not None]
        for names, run in groupby(patches, lambda at: tuple(patches[at])):
            places = list(run)
            rows = [(*patches[at].values(), *self._changes[at].key) for at in places]
            self._execute("update each", self._assignment, names, places, rows)
        made = self._standing()
        self._settle(made, self._read(made))
        for at, row in zip(out, self._read(out), strict=True):
            if row is None and not isinstance(self._outcomes[at], Absent):
                raise Partial  # it was replaced by one of the others before it would have had its turn
        return self._outcomes

    def _standing(self) -> list[int]:
        """Give the places of the changes that nothing speaks against."""
        return [at for at, outcome in enumerate(self._outcomes) if outcome is None]

    def _compared(self) -> dict[int, dict[str, Any]]:
        """Spell what the updates set, by place; one that was decided on another row than there is now is out."""
        found = self._read(range(len(self._changes)))
        encoded = iter(self._target.reader.encode_all([row for row in found if row is not None]))
        patches = {}
        for at, (change, row) in enumerate(zip(self._changes, found, strict=True)):
            try:
                if row is None:
                    raise Absent("there is no such row", place=change.place)
                patches[at] = self._writer.patched(change, self._writer.compare(change, next(encoded)))
            except _ERRORS as error:
                self._refuse(at, error)
        return patches

    def _spelled(self, run: list[int]) -> tuple[list[int], tuple[str, ...], list[tuple[Any, ...]]]:
        """Spell new rows that can be made by one statement; one with a value that its column cannot take is out."""
        try:
            return run, *self._writer.fresh_rows([self._changes[at] for at in run])
        except _ERRORS:
            good = []
        for at in run:
            try:
                self._writer.fresh(self._changes[at])
            except _ERRORS as error:
                self._refuse(at, error)
            else:
                good.append(at)
        return (good, *self._writer.fresh_rows([self._changes[at] for at in good])) if good else ([], (), [])

    def _execute(
        self,
        name: str,
        build: Callable[[tuple[str, ...]], Any],
        names: tuple[str, ...],
        places: Sequence[int],
        rows: Sequence[tuple[Any, ...]],
    ) -> None:
        """Run a statement for each row of a run; one that the database refuses is out."""
        for at, error in self._statements.run_each((name, names), partial(build, names), rows, len(names)):
            self._refuse(places[at], error)
        self._counted += self._statements.cursor.rowcount if rows else 0

    def _refuse(self, at: int, error: BaseException) -> None:
        """Note what became of one change. Raises what condemns more than that one."""
        change = self._changes[at]
        known = explain(error, change.place, self._shape, change.values)
        if not is_about_one_record(known) or not self._driver.in_transaction:
            raise known from error
        self._outcomes[at] = known

    def _settle(self, made: Sequence[int], rows: Sequence[Any]) -> None:
        """Give each change that was made its row as it is now. They must be as many, and no other row touched."""
        # What triggers touch besides does not count. The driver's count leaves it out, but is short after an error.
        touched = self._counted if self._shape.triggered else self._total() - self._before
        if touched != len(made) or len(rows) != len(made) or None in rows:
            raise Partial
        for at, row in zip(made, self._target.reader.encode_all(rows), strict=True):
            self._outcomes[at] = row

    def _total(self) -> int:
        """Give the number of rows that the connection has touched so far."""
        total: int = self._driver.total_changes
        return total

    def _key(self, at: int) -> tuple[Any, ...]:
        values = self._changes[at].values
        return tuple(self._target.binder.bind(name, values[name]) for name in self._target.key)

    def _read(self, places: Sequence[int]) -> list[Any]:
        return self._named([self._changes[at].key for at in places])

    def _named(self, keys: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Read the rows with these keys, in that order; ``None`` where there is none."""
        if not keys:
            return []
        if any(type(part) is not int and (type(part) is not str or "\x00" in part) for key in keys for part in key):
            raise Partial  # as JSON another value might arrive
        single = len(self._target.key) == 1
        sent = msgspec.json.encode([part for (part,) in keys] if single else keys).decode()
        rows, _ = self._statements.run(("named",), self._by_key, (sent,))
        found: list[Any] = [None] * len(keys)
        for row in rows:
            place = row[-2]
            if found[place] is not None:
                raise Partial
            if row[-1] is not None:
                found[place] = row
        return found

    def _by_key(self) -> Any:
        name = quoted_name(f"{self._shape.name} keys", quote=True)
        each = func.json_each(bindparam("v0")).table_valued("key", "value", name=name)
        key = self._target.key
        several = (func.json_extract(each.c.value, f"$[{at}]") for at in range(len(key)))
        parts = [each.c.value] if len(key) == 1 else several
        same = and_(*(is_value(self._shape, name, part) for name, part in zip(key, parts, strict=True)))
        table = self._shape.table
        # An outer join begins with the keys, whatever the planner believes about the table.
        joined = each.outerjoin(table, same)
        return select(*self._target.reader.selected(), each.c.key, table.c[key[0]]).select_from(joined)

    def _last_number(self) -> Any:
        rows, _ = self._statements.run(
            ("last number",), lambda: select(func.max(self._number())).select_from(self._shape.table)
        )
        return rows[0][0] or 0

    def _after(self, last: int) -> Sequence[Any]:
        """Read the rows that were numbered after ``last``, in the order in which they were made."""
        rows, _ = self._statements.run(("numbered after",), self._numbered, (last,))
        if rows and (rows[0][-1], rows[-1][-1]) != (last + 1, last + len(rows)):
            raise Partial  # a trigger renumbered them, or numbers were skipped, or drawn at random after the last
        return rows

    def _numbered(self) -> Any:
        number, table = self._number(), self._shape.table
        statement = select(*self._target.reader.selected(), number).select_from(table)
        return statement.where(number > bindparam("v0")).order_by(number)

    def _number(self) -> ColumnElement[Any]:
        return literal_column(f"{self._shape.qualified}.{self._shape.rowid}")

    def _insertion(self, names: Sequence[str]) -> Any:
        columns = self._shape.table.c
        return insert(self._shape.table).values({columns[name]: bindparam(f"v{at}") for at, name in enumerate(names)})

    def _assignment(self, names: Sequence[str]) -> Any:
        columns = self._shape.table.c
        assigned: dict[Any, Any] = {columns[name]: bindparam(f"v{at}") for at, name in enumerate(names)}
        return update(self._shape.table).values(assigned).where(key_is(self._shape, self._target.key))
