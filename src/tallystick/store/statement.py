"""Statements: SQL written once with the tables' own names, compiled once for each database.

SQLAlchemy makes the text, the driver runs it (``driver.py``): a statement that runs for each of 100,000 rows cannot
afford a conversion of every parameter. Values come as tuples in the order of ``Statement.names``.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import ColumnElement, Executable, Table, bindparam
from sqlalchemy.engine import Dialect

Row = tuple[Any, ...]
Arrange = Callable[[Row], Row]
# (the row that is there, the row that was given) -> column to new value
Change = Callable[[Any, Any], Mapping[str, Any]]
MANY: Final = "many"


def _insert(database: str) -> Callable[[Table], Any]:
    # A dialect takes as long to load as all of the store: only the one that is spoken is loaded.
    if database == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as insert_postgresql

        return insert_postgresql
    from sqlalchemy.dialects.sqlite import insert as insert_sqlite

    return insert_sqlite


class Statement:
    """One statement. ``names`` are its parameters in the order in which rows give them, those of a list last."""

    __slots__ = ("_build", "_texts", "names")

    def __init__(self, build: Executable | Callable[[str, int], Executable], names: Sequence[str] = ()) -> None:
        self._build = build
        self._texts: dict[tuple[str, int], tuple[str, Arrange | None]] = {}
        self.names = tuple(names)

    def text(self, dialect: Dialect, size: int = 0) -> tuple[str, Arrange | None]:
        """Give the SQL with ``size`` values in its list, and how to order a row for it (``None``: as it comes)."""
        key = (dialect.name, size)
        found = self._texts.get(key)
        if found is None:
            found = self._texts[key] = self._compile(dialect, size)
        return found

    def _compile(self, dialect: Dialect, size: int) -> tuple[str, Arrange | None]:
        build = self._build
        clause: Any = build(dialect.name, size) if callable(build) else build
        compiled = clause.compile(dialect=dialect)
        wanted = tuple(compiled.positiontup or ())
        given = self.names + tuple(f"{MANY}_{i}" for i in range(size))
        return str(compiled), None if wanted == given else _arranging(wanted, given, compiled.params)


def _arranging(wanted: Sequence[str], given: Sequence[str], constants: Mapping[str, Any]) -> Arrange:
    # SQLite's LIMIT brings a constant of its own (OFFSET), and a parameter may be needed twice.
    extra = tuple(constants[name] for name in wanted if name not in given)
    order = [*given, *(name for name in wanted if name not in given)]
    if len(wanted) == 1:
        return lambda row: (row + extra)[order.index(wanted[0]) :][:1]
    pick = itemgetter(*(order.index(name) for name in wanted))
    return lambda row: pick(row + extra)


def one_of(
    column: ColumnElement[Any], build: Callable[[ColumnElement[bool]], Executable], names: Sequence[str] = ()
) -> Statement:
    """Make a statement that compares ``column`` with a list of any length.

    ``build`` gets the comparison, and puts it last.
    """

    def build_sized(_database: str, size: int) -> Executable:
        return build(column.in_([bindparam(f"{MANY}_{i}", type_=column.type) for i in range(size)]))

    return Statement(build_sized, names)


def upsert(table: Table, names: Sequence[str], change: Change, *, key: Sequence[str] = ()) -> Statement:
    """Insert ``names`` or, where a row with the same key (the primary one) is there already, set what ``change`` says.

    Columns that ``change`` leaves out keep what they hold.
    """
    unique = list(key) or [c.name for c in table.primary_key]

    def build(database: str, _size: int) -> Executable:
        made = _insert(database)(table).values({name: bindparam(name) for name in names})
        statement: Executable = made.on_conflict_do_update(
            index_elements=unique, set_=dict(change(table.c, made.excluded))
        )
        return statement

    return Statement(build, names)


def taking(*names: str) -> Change:
    """Set these columns to the new row's values (for ``upsert``)."""
    return lambda _, given: {name: given[name] for name in names}
