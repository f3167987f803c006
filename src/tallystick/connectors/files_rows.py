"""The rows of one file, indexed by id in a private database on disk, so that memory stays flat whatever the size.

The database has no name and ends with its connection: nothing of it is left behind.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from typing import Any, Final

from tallystick.connectors.files_request import Listed
from tallystick.connectors.files_text import Entry, Fault, Pieces
from tallystick.connectors.sighting import scalar_text
from tallystick.connectors.sql_table import join_id
from tallystick.core.error import DataError
from tallystick.core.path import Path, read
from tallystick.core.record import Raw, encode_raw

UNREADABLE: Final = "$unreadable"
_BATCH: Final = 1000
_SCHEMA: Final = "CREATE TABLE rows (at INTEGER PRIMARY KEY, id TEXT, twin TEXT, line INTEGER, row BLOB, source BLOB)"


class Rows:
    """All rows of one file, in the file's order and by id. ``key`` is where an id stands in a record.

    A row's ``line`` is 0 for filling, and -1 for rows that we added.

    ``keeps_source`` tells whether the file may be written, so that the bytes of each row are needed.
    """

    def __init__(self, key: Sequence[Path], title: str, *, keeps_source: bool) -> None:
        self._key = key
        self._title = title
        self._keeps_source = keeps_source
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA cache_size = -16000")
        self._database.execute("PRAGMA journal_mode = MEMORY")
        self._database.execute(_SCHEMA)
        self.faults = 0

    def close(self) -> None:
        """Drop everything."""
        self._database.close()

    def fill(self, entries: Iterable[Entry]) -> None:
        """Take the rows of a file, in one go."""
        made = map(self._made, entries)
        with self.change():
            while batch := list(islice(made, _BATCH)):
                sql = "INSERT INTO rows (id, line, row, source) VALUES (?, ?, ?, ?)"
                self._database.executemany(sql, batch)
            self._database.execute("CREATE INDEX by_id ON rows (id)")
            self._database.execute("CREATE INDEX by_twin ON rows (twin) WHERE twin IS NOT NULL")
            self._judge_twins()
        self.faults = self._one("SELECT count(*) FROM rows WHERE id IS NULL AND row IS NOT NULL")

    def page(self, after: str | None, size: int) -> Listed:
        """Give rows in the order of ids; those that have none come with the first page."""
        sql = "SELECT id, row FROM rows WHERE id > ? ORDER BY id LIMIT ?"
        found = self._database.execute(sql, (after or "", size + 1)).fetchall()
        rows = [row for _, row in found[:size]]
        if after is None:
            lost = self._database.execute("SELECT row FROM rows WHERE id IS NULL AND row IS NOT NULL ORDER BY at")
            rows = [row for (row,) in lost] + rows
        total = self._one("SELECT count(*) FROM rows WHERE row IS NOT NULL") if after is None else None
        return Listed(rows, found[size - 1][0] if len(found) > size else None, total)

    def row(self, record_id: str) -> bytes | None:
        """Give one row as JSON."""
        found = self._database.execute("SELECT row FROM rows WHERE id = ?", (record_id,)).fetchone()
        return found[0] if found else None

    def source(self, record_id: str) -> bytes:
        """Give the bytes of a row that is there, as they stand in the file."""
        source: bytes = self._one("SELECT source FROM rows WHERE id = ?", record_id)
        return source

    def each(self) -> Iterator[bytes]:
        """Give every row that has an id, as JSON."""
        with closing(self._database.execute("SELECT row FROM rows WHERE id IS NOT NULL ORDER BY at")) as cursor:
            for (row,) in cursor:
                yield row

    def sources(self) -> Pieces:
        """Give the bytes of everything in the file, in its order."""
        with closing(self._database.execute("SELECT source FROM rows ORDER BY at")) as cursor:
            for (source,) in cursor:
                yield source

    @property
    def count(self) -> int:
        """How many rows the file has: not the records, because a row may be repeated."""
        number: int = self._one("SELECT count(*) FROM rows WHERE line")
        return number

    @contextmanager
    def change(self) -> Iterator[None]:
        """Make what is done inside undone again if it fails."""
        self._database.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    def add(self, record_id: str, row: bytes, source: bytes) -> None:
        """Add a row at the end."""
        sql = "INSERT INTO rows (id, line, row, source) VALUES (?, -1, ?, ?)"
        self._database.execute(sql, (record_id, row, source))

    def put(self, record_id: str, row: bytes, source: bytes) -> None:
        """Change a row in its place; its repetitions go."""
        self._database.execute("UPDATE rows SET row = ?, source = ? WHERE id = ?", (row, source, record_id))
        self._database.execute("DELETE FROM rows WHERE twin = ?", (record_id,))

    def remove(self, record_id: str) -> None:
        """Take a row and its repetitions out."""
        self._database.execute("DELETE FROM rows WHERE id = ? OR twin = ?", (record_id, record_id))

    def identify(self, record: Raw) -> str:
        """Give the id of a record. Raises ``DataError`` where it has none."""
        parts = [scalar_text(read(record, path)) for path in self._key]
        if None in parts:
            missing = self._key[parts.index(None)]
            raise DataError("a record has no id", field=".".join(map(str, missing)), place=self._title)
        return join_id([part for part in parts if part is not None])

    def _made(self, entry: Entry) -> tuple[str | None, int, bytes | None, bytes]:
        source = entry.source if self._keeps_source else b""
        if entry.record is None:
            return (
                (None, 0, None, source) if entry.fault is None else (None, entry.line, _unreadable(entry, None), source)
            )
        record_id, fault = None, entry.fault
        try:
            row = encode_raw(entry.record)
            record_id = self.identify(entry.record)
        except UnicodeEncodeError:
            fault, row = _undecodable(entry.record), b""
        except DataError as error:
            fault = fault or Fault("the row has no id", self._column(entry.record, error.field), error.field)
        if fault is not None:
            row = _unreadable(entry._replace(fault=fault), record_id)
        return record_id, entry.line, row, source

    def _column(self, record: Raw, name: str) -> int:
        names = list(record)
        return names.index(name) + 1 if name in names else 0

    def _judge_twins(self) -> None:
        """Two equal rows are one record; two that differ are a record that cannot be used."""
        sql = "SELECT id FROM rows WHERE id IS NOT NULL GROUP BY id HAVING count(*) > 1"
        for (twice,) in self._database.execute(sql).fetchall():
            (first, line, row), *others = self._database.execute(
                "SELECT at, line, row FROM rows WHERE id = ? ORDER BY at", (twice,)
            ).fetchall()
            if any(other != row for _, _, other in others):
                fault = Fault(f"{len(others) + 1} different rows have the id '{twice}'")
                row = _unreadable(Entry(line, b"", None, fault), twice)
                self._database.execute("UPDATE rows SET row = ? WHERE at = ?", (row, first))
            sql = "UPDATE rows SET id = NULL, row = NULL, twin = ? WHERE id = ? AND at > ?"
            self._database.execute(sql, (twice, twice, first))

    def _one(self, sql: str, *values: Any) -> Any:
        return self._database.execute(sql, values).fetchone()[0]


def _unreadable(entry: Entry, record_id: str | None) -> bytes:
    fault = entry.fault or Fault("")
    spot = {"id": record_id, "why": fault.why, "line": entry.line, "column": fault.column, "field": fault.field}
    return encode_raw({UNREADABLE: spot})


def _undecodable(record: Raw) -> Fault:
    for at, (name, value) in enumerate(record.items(), 1):
        try:
            encode_raw([name, value])
        except UnicodeEncodeError:
            shown = name.encode("ascii", "replace").decode()
            return Fault(f"'{shown}' holds bytes that are no text in the file's encoding", at, shown)
    return Fault("the row holds bytes that are no text in the file's encoding")
