"""A twin's records in SQLite: encoded as they are served, with their own past.

Every state that a record ever had is kept with the time at which it was replaced, so that a listing can be late and a
read can be stale without any copy being made beforehand.
"""

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tallystick.core.record import Raw, decode_raw, encode_raw


class Database:
    """One SQLite file (or memory) for all threads of a twin, under one lock."""

    def __init__(self, path: str) -> None:
        self.lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._depth = 0
        # A fake system may forget its last second when the machine dies; it must not cost the tests a disk flush.
        self._connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;")

    @contextlib.contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Open a transaction, or join the one that is open; all or nothing."""
        with self.lock:
            self._depth += 1
            try:
                if self._depth == 1:
                    self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
            except BaseException:
                if self._depth == 1:
                    self._connection.execute("ROLLBACK")
                raise
            else:
                if self._depth == 1:
                    self._connection.execute("COMMIT")
            finally:
                self._depth -= 1

    def ask(self, statement: str, values: Sequence[Any] | dict[str, Any] = ()) -> list[tuple[Any, ...]]:
        """Run one query and give all its rows."""
        with self.lock:
            return self._connection.execute(statement, values).fetchall()

    def close(self) -> None:
        """Close the file."""
        with self.lock:
            self._connection.close()


@dataclass(frozen=True, slots=True)
class Marks:
    """What the system itself says of a record. Times are milliseconds since 1970, UTC, by the system's clock."""

    no: int
    id: str
    version: int
    changed: int
    deleted: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One stored record; ``body`` is its JSON."""

    no: int
    id: str
    version: int
    deleted: bool
    body: bytes

    def record(self) -> Raw:
        """Decode it."""
        record: Raw = decode_raw(self.body)
        return record


@dataclass(frozen=True, slots=True)
class Query:
    """Which rows to list. ``since`` is a rank (see ``Shape``), ``after`` the number of the last row already seen.

    ``count`` asks for the total, which costs a walk through an index.
    """

    limit: int
    offset: int = 0
    after: int = 0
    order: str = "no"
    descending: bool = False
    equal: dict[str, Any] = field(default_factory=dict)
    since: int | None = None
    since_inclusive: bool = True
    with_deleted: bool = False
    as_of: float | None = None
    shuffle: int = 0
    count: bool = True


@dataclass(frozen=True, slots=True)
class Shape:
    """How a vendor's records of one object type look.

    ``keys`` are fields that can be asked for by value, ``unique`` those of them that may not repeat (blank may).
    ``name`` makes the id of the n-th record, ``dress`` puts the system's own fields into a record, and ``rank`` turns a
    time (ms UTC) into the number by which "changed since" compares.
    """

    object: str
    keys: tuple[str, ...]
    unique: tuple[str, ...]
    name: Callable[[int], str]
    dress: Callable[[Raw, Marks], Raw]
    rank: Callable[[int], int]


_COLUMNS: Final = "no, id, version, deleted, at, stamp, body"
_ROW: Final = "no, id, version, deleted, body"


class Table:
    """The records of one object type. Every change gets a new version and leaves the old state behind."""

    def __init__(self, database: Database, shape: Shape) -> None:
        self.shape = shape
        self._database = database
        self._keys = {key: f"key_{n}" for n, key in enumerate(shape.keys)}
        self._now = f"{shape.object}_now"
        self._past = f"{shape.object}_past"
        self._columns = ", ".join([_COLUMNS, *self._keys.values()])
        with database.write() as db:
            for statement in self._ddl():
                db.execute(statement)

    def _ddl(self) -> Iterator[str]:
        keys = "".join(f", {column}" for column in self._keys.values())
        fields = f"version INTEGER, deleted INTEGER, at REAL, stamp INTEGER, body BLOB{keys}"
        yield f"CREATE TABLE IF NOT EXISTS {self._now} (no INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, {fields})"
        yield f"CREATE TABLE IF NOT EXISTS {self._past} (no INTEGER, id TEXT, {fields}, until REAL)"
        yield f"CREATE INDEX IF NOT EXISTS {self._now}_id ON {self._now} (deleted, id)"
        yield f"CREATE INDEX IF NOT EXISTS {self._now}_stamp ON {self._now} (deleted, stamp)"
        yield f"CREATE INDEX IF NOT EXISTS {self._past}_id ON {self._past} (id, version)"
        yield f"CREATE INDEX IF NOT EXISTS {self._past}_until ON {self._past} (until)"
        for column in self._keys.values():
            yield f"CREATE INDEX IF NOT EXISTS {self._now}_{column} ON {self._now} ({column})"

    # writing

    def add(self, record: Raw, at: float, changed: int, record_id: str = "") -> Row:
        """Insert a record and give it as stored."""
        with self._database.write() as db:
            no = self.next_no()
            row = self._dressed(record, Marks(no, record_id or self.shape.name(no), 1, changed, deleted=False))
            db.execute(self._insert(), self._values(row, at, changed))
            return row

    def add_all(self, records: Iterable[Raw], times: Iterable[float]) -> list[str]:
        """Insert many, each with its own time (seconds UTC); give their ids."""
        with self._database.write() as db:
            start = self.next_no()
            values = []
            for no, (record, at) in enumerate(zip(records, times, strict=True), start):
                changed = round(at * 1000)
                row = self._dressed(record, Marks(no, self.shape.name(no), 1, changed, deleted=False))
                values.append(self._values(row, at, changed))
            db.executemany(self._insert(), values)
            return [v[1] for v in values]

    def alter(self, row: Row, record: Raw, at: float, changed: int, *, deleted: bool = False) -> Row:
        """Replace a row's record; its former state becomes past."""
        after = self._dressed(record, Marks(row.no, row.id, row.version + 1, changed, deleted))
        with self._database.write() as db:
            keep = f"INSERT INTO {self._past} SELECT {self._columns}, ? FROM {self._now} WHERE no = ?"  # noqa: S608
            db.execute(keep, (at, row.no))
            names = ", ".join(f"{name.strip()} = ?" for name in self._columns.split(","))
            db.execute(f"UPDATE {self._now} SET {names} WHERE no = {row.no}", self._values(after, at, changed))  # noqa: S608
        return after

    def erase(self, row: Row) -> None:
        """Remove a row with its past, as if it had never been."""
        with self._database.write() as db:
            for table in (self._now, self._past):
                db.execute(f"DELETE FROM {table} WHERE id = ?", (row.id,))  # noqa: S608

    def _dressed(self, record: Raw, marks: Marks) -> Row:
        body = encode_raw(self.shape.dress(record, marks))
        return Row(marks.no, marks.id, marks.version, marks.deleted, body)

    def _insert(self) -> str:
        places = ", ".join("?" * (7 + len(self._keys)))
        return f"INSERT INTO {self._now} ({self._columns}) VALUES ({places})"  # noqa: S608

    def _values(self, row: Row, at: float, changed: int) -> tuple[Any, ...]:
        record = row.record()
        keys = [record.get(key) for key in self.shape.keys]
        return (row.no, row.id, row.version, row.deleted, at, self.shape.rank(changed), row.body, *keys)

    def next_no(self) -> int:
        """Give the number of the next new row."""
        # Not max(no): the number of an erased row is never given again.
        found = self._database.ask("SELECT seq FROM sqlite_sequence WHERE name = ?", (self._now,))
        return 1 + (found[0][0] if found else 0)

    # reading

    def read(self, record_id: str, as_of: float | None = None) -> Row | None:
        """Give one row, deleted ones too; as it was at a time, where one is given."""
        source = self._now if as_of is None else self._source(as_of)
        found = self._database.ask(f"SELECT {_ROW} FROM {source} WHERE id = ?", (record_id,))  # noqa: S608
        return _row(found[0]) if found else None

    def read_previous(self, record_id: str) -> Row | None:
        """Give a row as it was one version ago; a first version as it is."""
        found = self._database.ask(
            f"SELECT {_ROW} FROM {self._past} WHERE id = ? ORDER BY version DESC LIMIT 1",  # noqa: S608
            (record_id,),
        )
        return _row(found[0]) if found else self.read(record_id)

    def page(self, query: Query) -> tuple[list[Row], int]:
        """Give the rows of one page, and how many fit in all (0 if not counted)."""
        source = self._now if query.as_of is None else self._source(query.as_of)
        where, values = self._where(query)
        by = self._order(query)
        after = " AND no > :after" if query.after else ""
        with self._database.lock:
            rows = self._database.ask(
                f"SELECT {_ROW} FROM {source} WHERE {where}{after} ORDER BY {by} LIMIT :limit OFFSET :offset",  # noqa: S608
                values,
            )
            total = 0
            if query.count:
                total = self._database.ask(f"SELECT count(*) FROM {source} WHERE {where}", values)[0][0]  # noqa: S608
        return [_row(r) for r in rows], total

    def rows(self, *, with_deleted: bool = False) -> list[Row]:
        """Give every row in order of creation."""
        where = "" if with_deleted else "WHERE deleted = 0"
        return [_row(r) for r in self._database.ask(f"SELECT {_ROW} FROM {self._now} {where} ORDER BY no")]  # noqa: S608

    def clash(self, record: Raw, but: int = 0) -> tuple[str, str] | None:
        """Find a unique field whose value another row has, deleted or not: its name and that row's id."""
        for key in self.shape.unique:
            value = record.get(key)
            if value is not None and value != "":
                column = self._keys[key]
                found = self._database.ask(f"SELECT id FROM {self._now} WHERE {column} = ? AND no <> ?", (value, but))  # noqa: S608
                if found:
                    return key, found[0][0]
        return None

    def _source(self, as_of: float) -> str:
        # Written into the statement: it is a float of ours, never a word of a request.
        now = f"SELECT {self._columns} FROM {self._now} WHERE at <= {as_of!r}"  # noqa: S608
        return f"({now} UNION ALL SELECT {self._columns} FROM {self._past} WHERE at <= {as_of!r} AND until > {as_of!r})"  # noqa: S608

    def _order(self, query: Query) -> str:
        if query.shuffle:
            # Any order that differs from request to request will do, so long as it can be repeated.
            return f"(no * 7919 + {query.shuffle} * 104729) % 65537"
        direction = "DESC" if query.descending else "ASC"
        column = self._keys.get(query.order, query.order)
        return f"no {direction}" if column == "no" else f"{column} {direction}, no {direction}"

    def _where(self, query: Query) -> tuple[str, dict[str, Any]]:
        values: dict[str, Any] = {"after": query.after, "limit": query.limit, "offset": query.offset}
        # The plus keeps SQLite from an index that it would then have to sort by number.
        is_walk = query.order == "no" and query.since is None
        parts = ["1" if query.with_deleted else "+deleted = 0" if is_walk else "deleted = 0"]
        for n, (key, value) in enumerate(query.equal.items()):
            parts.append(f"{self._keys[key]} = :equal_{n}")
            values[f"equal_{n}"] = value
        if query.since is not None:
            parts.append(f"stamp {'>=' if query.since_inclusive else '>'} :since")
            values["since"] = query.since
        return " AND ".join(parts), values


def _row(found: tuple[Any, ...]) -> Row:
    no, record_id, version, deleted, body = found
    return Row(no, record_id, version, bool(deleted), body)
