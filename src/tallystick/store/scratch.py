"""The run's scratch paper: what was seen and what is planned, kept out of memory and thrown away at the end.

A private SQLite file without journal: nothing in it is state, because state is only what the store committed. It keeps
memory flat however many records a run touches, and lets matching and ordering be set-wise.
"""

import contextlib
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from tallystick.core.binding import Op
from tallystick.core.record import Side

T = TypeVar("T")

_SCHEMA = """
CREATE TABLE sight (
  side TEXT NOT NULL, id TEXT NOT NULL, binding INTEGER, kind TEXT NOT NULL, fields BLOB, version TEXT, modified REAL,
  raw_hash INTEGER, digest INTEGER, keys BLOB, unread BLOB, sheet INTEGER NOT NULL, taken INTEGER NOT NULL DEFAULT 0,
  lone INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (side, id)) WITHOUT ROWID;
CREATE INDEX sight_binding ON sight (binding) WHERE binding IS NOT NULL;
CREATE TABLE match_key (side TEXT NOT NULL, rule INTEGER NOT NULL, hash INTEGER NOT NULL, id TEXT NOT NULL);
CREATE TABLE repeated (rule INTEGER NOT NULL, hash INTEGER NOT NULL, PRIMARY KEY (rule, hash)) WITHOUT ROWID;
CREATE TABLE line (
  number INTEGER PRIMARY KEY, phase INTEGER NOT NULL, wave INTEGER NOT NULL, binding INTEGER NOT NULL,
  side TEXT, op TEXT, print INTEGER NOT NULL, body BLOB NOT NULL);
"""

SightRow = tuple[
    str, int | None, str, bytes | None, str | None, float | None, int | None, int | None, bytes | None, bytes | None
]
_COLUMNS = "id, binding, kind, fields, version, modified, raw_hash, digest, keys, unread"

_SETTLED = "FROM sight WHERE binding IS NOT NULL GROUP BY binding HAVING max(kind <> 'same') = 0"
_ALIKE = "(count(*) = 2 AND min(digest) = max(digest) AND max(fields IS NOT NULL) = 0)"


class Scratch:
    """One pair's scratch paper. Not shared between threads."""

    def __init__(self, folder: Path | None = None) -> None:
        # The file has no name any more when work begins: the system frees it, however the process ends.
        with tempfile.TemporaryDirectory(prefix="tally-", dir=folder) as name:
            self._db = sqlite3.connect(Path(name) / "scratch.db", isolation_level=None)
            settings = "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-16000;"
            self._db.executescript(settings + _SCHEMA)
        self._db.execute("BEGIN")
        self._indexed = self._repeats = False
        self._sheets: dict[Side, int] = {"left": 0, "right": 0}

    def add_sights(self, side: Side, rows: Iterable[SightRow]) -> None:
        """Note records as seen: id, binding, kind, fields, version, modified, raw hash, digest, keys, unread values.

        Later ones win.
        """
        self._db.executemany(
            f"INSERT OR REPLACE INTO sight (side, sheet, {_COLUMNS})"
            f" VALUES ('{side}',{self._sheets[side]},?,?,?,?,?,?,?,?,?,?)",
            rows,
        )

    def add_keys(self, side: Side, rows: Sequence[tuple[int, int, str]]) -> None:
        """Note match keys: (rule, hash, id)."""
        self._db.executemany(f"INSERT INTO match_key VALUES ('{side}',?,?,?)", rows)
        if self._indexed and rows:
            self._repeats = True
            self._db.executemany("INSERT OR IGNORE INTO repeated VALUES (?,?)", [row[:2] for row in rows])

    def forget(self, side: Side) -> None:
        """Throw away what was noted of a side, because it is read once more."""
        self._db.execute("DELETE FROM sight WHERE side = ?", (side,))
        self._db.execute("DELETE FROM match_key WHERE side = ?", (side,))
        self._db.execute("DROP INDEX IF EXISTS match_key_hash")
        self._db.execute("DELETE FROM repeated")
        self._indexed = self._repeats = False

    def drop(self, side: Side, ids: Sequence[str]) -> None:
        """Throw away what was noted of these records, as if they had not been listed."""
        for chunk in _chunks(ids):
            for table in ("sight", "match_key"):
                self._db.execute(f"DELETE FROM {table} WHERE side = ? AND id IN ({_marks(chunk)})", (side, *chunk))

    def turn(self, side: Side) -> None:
        """Go on with the next sheet."""
        self._sheets[side] += 1

    def sheet(self, side: Side, size: int) -> Iterator[list[SightRow]]:
        """Give what was noted of a side on the present sheet, without its values."""
        columns = _COLUMNS.replace("fields", "NULL")
        yield from _batches(
            self._db.execute(f"SELECT {columns} FROM sight WHERE side = ? AND sheet = ?", (side, self._sheets[side])),
            size,
        )

    def noted(self, side: Side, size: int) -> Iterator[list[tuple[str, int | None]]]:
        """Give (id, binding) of every noted record of a side that is not the same."""
        yield from _batches(
            self._db.execute("SELECT id, binding FROM sight WHERE side = ? AND kind <> 'same'", (side,)), size
        )

    def seen(self, side: Side, ids: Sequence[str]) -> set[str]:
        """Tell which of these ids were noted."""
        return {
            row[0]
            for chunk in _chunks(ids)
            for row in self._db.execute(
                f"SELECT id FROM sight WHERE side = ? AND id IN ({_marks(chunk)})", (side, *chunk)
            )
        }

    def sights(self, side: Side, ids: Sequence[str]) -> dict[str, SightRow]:
        """Give what was noted of these ids."""
        return {
            row[0]: row
            for chunk in _chunks(ids)
            for row in self._db.execute(
                f"SELECT {_COLUMNS} FROM sight WHERE side = ? AND id IN ({_marks(chunk)})", (side, *chunk)
            )
        }

    def bound(self, size: int) -> Iterator[list[tuple[Side, SightRow]]]:
        """Give the noted records of every binding about which anything is new, as (side, row).

        Both sides of a binding come in the same batch, also the one that is the same.
        """
        cursor = self._db.execute(
            f"SELECT side, {_COLUMNS} FROM sight WHERE binding IS NOT NULL AND (kind <> 'same' OR EXISTS (SELECT 1"
            " FROM sight AS partner WHERE partner.binding = sight.binding AND partner.kind <> 'same'))"
            " ORDER BY binding"
        )
        batch: list[tuple[Side, SightRow]] = []
        for side, *row in cursor:
            if len(batch) >= size and batch[-1][1][1] != row[1]:
                yield batch
                batch = []
            batch.append((side, tuple(row)))
        if batch:
            yield batch

    def same(self, side: Side, size: int) -> Iterator[list[tuple[str, int | None, str | None, float | None]]]:
        """Give (id, raw hash, version, modified) of the records that differ in nothing that is mapped."""
        cursor = self._db.execute(
            "SELECT id, raw_hash, version, modified FROM sight WHERE side = ? AND kind = 'same'", (side,)
        )
        yield from _batches(cursor, size)

    def unbound(self, side: Side, size: int) -> Iterator[list[SightRow]]:
        """Give the noted records without binding that no match took yet, in order of id."""
        after = ""
        while True:
            rows = self._db.execute(
                f"SELECT {_COLUMNS} FROM sight WHERE side = ? AND binding IS NULL AND taken = 0 AND id > ?"
                " ORDER BY id LIMIT ?",
                (side, after, size),
            ).fetchall()
            if not rows:
                return
            after = rows[-1][0]
            yield rows

    def take(self, side: Side, ids: Sequence[str]) -> None:
        """Mark unbound records as matched, so that they are not decided again from their own side."""
        self._db.executemany("UPDATE sight SET taken = 1 WHERE side = ? AND id = ?", ((side, i) for i in ids))

    def untaken(self, side: Side, ids: Sequence[str]) -> set[str]:
        """Tell which of these are noted, unbound and not matched yet."""
        return {
            row[0]
            for chunk in _chunks(ids)
            for row in self._db.execute(
                f"SELECT id FROM sight WHERE side = ? AND binding IS NULL AND taken = 0 AND id IN ({_marks(chunk)})",
                (side, *chunk),
            )
        }

    def put_aside(self, side: Side, ids: Sequence[str]) -> None:
        """Note unbound records that stay without counterpart."""
        self._db.executemany("UPDATE sight SET lone = 1 WHERE side = ? AND id = ?", ((side, i) for i in ids))

    def set_aside(self, side: Side, size: int) -> Iterator[list[SightRow]]:
        """Give the records that were put aside, without their values."""
        columns = _COLUMNS.replace("fields", "NULL")
        yield from _batches(self._db.execute(f"SELECT {columns} FROM sight WHERE side = ? AND lone = 1", (side,)), size)

    def find_keys(self, side: Side, keys: Sequence[tuple[int, int]]) -> list[tuple[int, int, str]]:
        """Give (rule, hash, id) of the noted records of a side that have one of these (rule, hash)."""
        return self._among("SELECT rule, hash, id FROM match_key WHERE side = ? AND rule = ?", (side,), keys)

    def find_repeated(self, keys: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
        """Tell which of these (rule, hash) may be noted more than once, of whichever side; no others are."""
        self._index()
        return set(self._among("SELECT rule, hash FROM repeated WHERE rule = ?", (), keys)) if self._repeats else set()

    def shared_keys(self, side: Side) -> Iterator[tuple[int, int, int]]:
        """Give (rule, hash, number of records) of the match keys that several noted records have, most first."""
        self._index()
        yield from self._db.execute(
            "SELECT rule, hash, count(DISTINCT id) AS many FROM repeated JOIN match_key USING (rule, hash)"
            " WHERE side = ? AND rule >= 0 GROUP BY rule, hash HAVING many > 1 ORDER BY many DESC, rule, hash",
            (side,),
        ).fetchall()

    def _among(self, query: str, values: tuple[Any, ...], keys: Sequence[tuple[int, int]]) -> list[Any]:
        """Run a query about keys of one rule for these keys, rule by rule."""
        self._index()
        by_rule: dict[int, set[int]] = {}
        for rule, h in keys:
            by_rule.setdefault(rule, set()).add(h)
        return [
            row
            for rule, hashes in by_rule.items()
            for chunk in _chunks(sorted(hashes))
            for row in self._db.execute(f"{query} AND hash IN ({_marks(chunk)})", (*values, rule, *chunk))
        ]

    def _index(self) -> None:
        """Sort the keys once; from then on each one that is added may be a repeated one."""
        if self._indexed:
            return
        self._db.execute("CREATE INDEX match_key_hash ON match_key (rule, hash, side, id)")
        self._indexed = True
        found = "SELECT rule, hash FROM match_key GROUP BY rule, hash HAVING count(*) > 1"
        self._repeats = self._db.execute(f"INSERT INTO repeated {found}").rowcount > 0

    def add_lines(self, rows: Iterable[tuple[int, int, int, str | None, Op | None, int, bytes]]) -> None:
        """Add planned lines: (phase, wave, binding, side, op, fingerprint, body)."""
        self._db.executemany(
            "INSERT INTO line (phase, wave, binding, side, op, print, body) VALUES (?,?,?,?,?,?,?)", rows
        )

    def order_lines(self, phase: int, waves: Mapping[int, int]) -> None:
        """Put the lines of a phase into waves, by binding; they come wave by wave."""
        self._db.executemany(
            "UPDATE line SET wave = ? WHERE phase = ? AND binding = ?",
            ((wave, phase, number) for number, wave in waves.items()),
        )

    def lines(self, phases: Sequence[int], size: int) -> Iterator[list[bytes]]:
        """Give the bodies of the planned lines of some phases, in order, in batches of one phase and wave."""
        for phase in phases:
            waves = self._db.execute("SELECT DISTINCT wave FROM line WHERE phase = ? ORDER BY wave", (phase,))
            for [wave] in waves.fetchall():
                after = 0
                while rows := self._db.execute(
                    "SELECT number, body FROM line WHERE phase = ? AND wave = ? AND number > ? ORDER BY number LIMIT ?",
                    (phase, wave, after, size),
                ).fetchall():
                    after = rows[-1][0]
                    yield [body for _, body in rows]

    def lines_of(self, bindings: Sequence[int]) -> list[bytes]:
        """Give the bodies of the planned lines of these bindings."""
        return [
            row[0]
            for chunk in _chunks(bindings)
            for row in self._db.execute(f"SELECT body FROM line WHERE binding IN ({_marks(chunk)})", tuple(chunk))
        ]

    def drop_lines(self, prints: Sequence[int]) -> None:
        """Take planned lines back, by fingerprint."""
        self._db.executemany("DELETE FROM line WHERE print = ?", ((number,) for number in prints))

    def prints(self) -> list[int]:
        """Give the fingerprints of all lines."""
        return [row[0] for row in self._db.execute("SELECT print FROM line")]

    def count_lines(self, phases: Sequence[int]) -> int:
        """Count the planned lines of some phases."""
        [count] = self._db.execute(
            f"SELECT count(*) FROM line WHERE phase IN ({_marks(phases)})", tuple(phases)
        ).fetchone()
        return int(count)

    def count_sights(self, side: Side) -> tuple[int, int]:
        """Count the noted records of a side: those to be decided, and those that are the same.

        An unpaired record that cannot be read is neither.
        """
        [decide, alike] = self._db.execute(
            "SELECT coalesce(sum(kind <> 'same' AND NOT (kind = 'bad' AND binding IS NULL)), 0),"
            " coalesce(sum(kind = 'same'), 0) FROM sight WHERE side = ?",
            (side,),
        ).fetchone()
        return int(decide), int(alike)

    def count_alike(self) -> int:
        """Count the bindings whose records are both the same as their bases, and these as each other.

        A row that is the same and yet keeps its fields has values that its system did not tell.
        """
        [count] = self._db.execute(f"SELECT count(*) FROM (SELECT 1 {_SETTLED} AND {_ALIKE})").fetchone()
        return int(count)

    def unlike(self, size: int) -> Iterator[list[tuple[int, bool, bool]]]:
        """Give (binding, left is there, right is there) of the other bindings that have nothing to be decided."""
        cursor = self._db.execute(
            f"SELECT binding, max(side = 'left'), max(side = 'right') {_SETTLED} AND NOT {_ALIKE}"
        )
        while rows := cursor.fetchmany(size):
            yield [(number, bool(left), bool(right)) for number, left, right in rows]

    def count_kinds(self, side: Side) -> dict[str, int]:
        """Count the noted records of a side by kind."""
        return dict(self._db.execute("SELECT kind, count(*) FROM sight WHERE side = ? GROUP BY kind", (side,)))

    def close(self) -> None:
        """Throw the paper away."""
        with contextlib.suppress(sqlite3.Error):
            self._db.execute("COMMIT")
        self._db.close()


def _batches(cursor: sqlite3.Cursor, size: int) -> Iterator[list[tuple[Any, ...]]]:
    while rows := cursor.fetchmany(size):
        yield rows


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))


def _chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(values), 500):
        yield values[start : start + 500]
