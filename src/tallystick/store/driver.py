"""The one place that speaks to a database driver: statements over sets of rows, inside one transaction.

Everything above is the same for SQLite and PostgreSQL; where the two need another call for the same meaning (bulk
insert, streaming), this file knows. Rows are plain tuples, in and out.
"""

from array import array
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from itertools import chain, islice
from typing import Any, Final

from sqlalchemy import BigInteger, Connection, Double, Integer, LargeBinary, Table, Text, bindparam, insert, select

from tallystick.core.error import StoreError
from tallystick.store.failure import is_clash, named_failures
from tallystick.store.statement import Row, Statement, taking, upsert
from tallystick.store.tables import counter

# A list is filled up to the next of these lengths, so that few different texts are ever prepared.
SIZES: Final = (1, 20, 500)
CHUNK: Final = SIZES[-1]
_ROWS: Final = 10_000  # that are streamed at once

_BINARY_TYPES: Final[tuple[tuple[type, str], ...]] = (
    (Integer, "int8"),
    (BigInteger, "int8"),
    (Double, "float8"),
    (LargeBinary, "bytea"),
    (Text, "text"),
)
_COUNT_UP: Final = upsert(counter, ("name", "value"), lambda old, given: {"value": old.value + given.value})
_SET_COUNT: Final = upsert(counter, ("name", "value"), taking("value"))
_COUNTED: Final = Statement(select(counter.c.value).where(counter.c.name == bindparam("name")), ("name",))

_inserts: Final[dict[str, Statement]] = {}


class Driver:
    """The driver of one open transaction. Errors are ``StoreError``s that name the database at ``place``."""

    def __init__(self, connection: Connection, place: str, *, looking: bool = False) -> None:
        self._dialect = connection.dialect
        self._raw: Any = connection.connection.driver_connection
        self._copies = connection.dialect.name == "postgresql"
        self._place = place
        self._looking = looking

    @property
    def packs(self) -> bool:
        """Whether the database writes whole columns as JSON more cheaply than it gives rows."""
        return not self._copies

    def rows(self, statement: Statement, values: Row = ()) -> list[Row]:
        """Give all rows of a query."""
        text, arrange = statement.text(self._dialect)
        with self._named():
            found: list[Row] = self._raw.execute(text, arrange(values) if arrange else values).fetchall()
            return found

    def row(self, statement: Statement, values: Row = ()) -> Row | None:
        """Give the first row of a query, if any."""
        found = self.rows(statement, values)
        return found[0] if found else None

    def scan(self, statement: Statement, values: Row = ()) -> Iterator[Row]:
        """Stream the rows of a query that may give very many; memory stays constant."""
        with self._named(), closing(self._stream(statement, values)) as cursor:
            yield from cursor

    def numbers(self, statement: Statement, values: Row = ()) -> "Iterator[array[int]]":
        """Stream the whole numbers of a query, row after row and many rows at a time, type ``q``."""
        with self._named(), closing(self._stream(statement, values)) as cursor:
            rows = iter(cursor)
            while some := array("q", chain.from_iterable(islice(rows, _ROWS))):
                yield some

    def _stream(self, statement: Statement, values: Row) -> Any:
        text, arrange = statement.text(self._dialect)
        # Without a name psycopg would hold the whole result.
        cursor = self._raw.cursor(name="scan") if self._copies else self._raw.cursor()
        if self._copies:
            cursor.itersize = _ROWS
        return cursor.execute(text, arrange(values) if arrange else values)

    def pick(self, statement: Statement, values: Row, many: Iterable[Any]) -> list[Row]:
        """Give the rows of a query with ``one_of``, for a list of any length, by few statements."""
        found: list[Row] = []
        for text, arrange, chunk in self._chunks(statement, many):
            row = values + chunk
            with self._named():
                found.extend(self._raw.execute(text, arrange(row) if arrange else row).fetchall())
        return found

    def strike(self, statement: Statement, values: Row, many: Iterable[Any]) -> None:
        """Run a statement with ``one_of`` that gives no rows, for a list of any length."""
        for text, arrange, chunk in self._chunks(statement, many):
            row = values + chunk
            with self._named():
                self._raw.execute(text, arrange(row) if arrange else row)

    def write(self, statement: Statement, rows: Iterable[Row]) -> int:
        """Run a statement for each row; give how many rows it changed in all."""
        text, arrange = statement.text(self._dialect)
        ready = map(arrange, rows) if arrange else rows
        with self._named():
            cursor = self._raw.cursor()
            try:
                cursor.executemany(text, ready)
                return int(cursor.rowcount)
            finally:
                cursor.close()

    def pour(self, table: Table, rows: Iterable[Row]) -> None:
        """Insert rows with all columns of a table, in its order; the cheapest way that the database has."""
        if not self._copies:
            self.write(_insert_into(table), rows)
            return
        quote = self._dialect.identifier_preparer.quote
        columns = ", ".join(quote(c.name) for c in table.columns)
        text = f"COPY {quote(table.name)} ({columns}) FROM STDIN (FORMAT BINARY)"
        types = [next(name for kind, name in _BINARY_TYPES if isinstance(c.type, kind)) for c in table.columns]
        with self._named(), self._raw.cursor() as cursor, cursor.copy(text) as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)

    @contextmanager
    def whole(self, clash: str, *, detail: str = "", hint: str = "") -> Iterator[None]:
        """Do all of what is inside or, if a unique key refuses a row, nothing of it; the transaction can go on.

        Raises:
            StoreError: with the message ``clash``.
        """
        self._plain("SAVEPOINT whole")
        try:
            yield
        except StoreError as error:
            if not is_clash(error.__cause__):
                raise
            self._plain("ROLLBACK TO SAVEPOINT whole")
            raise StoreError(clash, detail=detail or error.detail, hint=hint, place=self._place) from error
        self._plain("RELEASE SAVEPOINT whole")

    def note_growth(self, tables: Iterable[Table]) -> None:
        """Let the database look at tables that grew a lot, so that it picks the right index from now on."""
        # PostgreSQL does so by itself, but a minute late; until then it reads a whole pair for each list of ids.
        if self._copies:
            self._plain("ANALYZE " + ", ".join(self._dialect.identifier_preparer.quote(t.name) for t in tables))

    def reserve(self, name: str, count: int) -> int:
        """Give the first of ``count`` numbers that nobody else ever gets."""
        self.write(_COUNT_UP, [(name, count)])
        return self.count(name) - count + 1

    def clock(self, now: float) -> float:
        """Give the server's time, seconds UTC; ``now`` where the database has no clock but this machine's."""
        if not self._copies:
            return now
        with self._named():
            return float(self._raw.execute("SELECT extract(epoch FROM clock_timestamp())").fetchone()[0])

    def count(self, name: str) -> int:
        """Give the last number that was reserved, 0 before the first."""
        found = self.row(_COUNTED, (name,))
        return 0 if found is None else int(found[0])

    def set_count(self, name: str, value: int) -> None:
        """Note that all numbers up to ``value`` are taken."""
        self.write(_SET_COUNT, [(name, value)])

    def fail(self, message: str, *, detail: str = "", hint: str = "") -> StoreError:
        """Make an error that names the database."""
        return StoreError(message, detail=detail, hint=hint, place=self._place)

    def _named(self) -> AbstractContextManager[None]:
        return named_failures(self._place, looking=self._looking, with_values=True)

    def _plain(self, text: str) -> None:
        with self._named():
            self._raw.execute(text)

    def _chunks(self, statement: Statement, many: Iterable[Any]) -> Iterator[tuple[str, Any, Row]]:
        rest = iter(many)
        while chunk := tuple(islice(rest, CHUNK)):
            size = next(s for s in SIZES if s >= len(chunk))
            text, arrange = statement.text(self._dialect, size)
            yield text, arrange, chunk + (chunk[-1],) * (size - len(chunk))


def _insert_into(table: Table) -> Statement:
    found = _inserts.get(table.name)
    if found is None:
        names = [c.name for c in table.columns]
        found = Statement(insert(table).values({name: bindparam(name) for name in names}), names)
        _inserts[table.name] = found
    return found
