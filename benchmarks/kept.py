"""The raw limit of a first load that can be killed, proven and undone: W1 by hand, with the state that this takes.

    python benchmarks/kept.py FOLDER PORT

Like ``limit.py w1``, and besides, in sets of a thousand and by plain SQL into the tables of the store: an intent for
each record before its write and its end after it, the read-back, a binding with two bases, the match keys of both
sides, and the chained audit row. No matching, no plan, no error of a single record, no second system of any other kind:
less than this no engine can do that keeps the promises of docs/explanation/guarantees.md.
"""

import hashlib
import json
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from itertools import count, islice
from pathlib import Path
from typing import Any, Final

import msgspec

import limit
from tallystick.store.store import open_store

BATCH: Final = 1000
NOW: Final = 1_750_000_000.0
Row = tuple[Any, ...]
_encode = msgspec.json.Encoder().encode


def load(folder: Path, port: str) -> dict[str, Any]:
    """Read, map, validate, insert and read back, with everything that has to be remembered of it."""
    target, _ = limit.open_databases(folder)
    open_store(f"sqlite:///{folder / 'kept.db'}").close()
    state = sqlite3.connect(folder / "kept.db", isolation_level=None)
    for pragma in ("synchronous=FULL", "cache_size=-32768", "wal_autocheckpoint=4000"):
        state.execute(f"PRAGMA {pragma}")
    keeper = _Keeper(target, state)
    waiting = _mapped(port)
    while batch := list(islice(waiting, BATCH)):
        keeper.keep(batch)
    return {"written": keeper.written}


def _mapped(port: str) -> Iterator[tuple[Row, int]]:
    """Give target rows with the hash of the record they come from."""
    map_all = limit.make_mapping()
    for body in limit.pages(port):
        rows = map_all(limit.typed(body).items)
        yield from zip(rows, (limit.signed(raw) for raw in limit.cut_page(body).items), strict=True)


class _Keeper:
    def __init__(self, target: sqlite3.Connection, state: sqlite3.Connection) -> None:
        self._target = target
        self._state = state
        self._chain = bytes(32)
        self.written = 0

    def keep(self, batch: Sequence[tuple[Row, int]]) -> None:
        rows = [row for row, _ in batch]
        bases = [_encode(row[:-1]) for row in rows]
        numbers = list(zip(count(self.written + 1), rows, bases, (h for _, h in batch), strict=False))
        self._in_one([(_INTENT, [
            (f"run-{n}", n, "customers", "right", "create", base, f"run-{n}", row[0], None, "unbound.create", None,
             base, base, 1, 1, NOW, NOW, 1, n)
            for n, row, base, _ in numbers
        ])])  # fmt: skip
        self._target.execute("BEGIN IMMEDIATE")
        self._target.executemany(limit.UPSERT, rows)
        self._target.execute("COMMIT")
        held = {row[0]: _encode(row[:-1]) for row in self._read([row[0] for row in rows])}
        self._in_one([
            (_BINDING, [
                (n, "linked", h, limit.signed(held[row[0]]), "customers", 1, "", 0, row[0], None, NOW,
                 limit.signed(base), None, row[0], None, NOW, limit.signed(held[row[0]]), None)
                for n, row, base, h in numbers
            ]),
            (_BASE, [(n, 1, base, 1, held[row[0]]) for n, row, base, _ in numbers]),
            (_KEY, [("customers", "left", row[0], 0, limit.signed(row[3].encode())) for row in rows]),
            (_KEY, [("customers", "right", row[0], 0, limit.signed(row[3].encode())) for row in rows]),
            (_LEDGER, [self._chained(n, row, limit.signed(base)) for n, row, base, _ in numbers]),
            ("DELETE FROM intent WHERE id = ?", [(f"run-{n}",) for n, *_ in numbers]),
        ])  # fmt: skip
        self.written += len(rows)

    def _read(self, keys: Sequence[str]) -> list[Row]:
        return self._target.execute(
            "SELECT partner.* FROM json_each(?) JOIN partner ON kundennummer = value", (json.dumps(keys),)
        ).fetchall()

    def _chained(self, number: int, row: Row, digest: int) -> Row:
        content = ("run", "customers", "right", row[0], number, "create", "unbound.create", None, digest, NOW)
        self._chain = hashlib.sha256(self._chain + _encode([number, *content])).digest()
        return (number, *content, self._chain)

    def _in_one(self, work: Sequence[tuple[str, Sequence[Row]]]) -> None:
        self._state.execute("BEGIN IMMEDIATE")
        for statement, rows in work:
            self._state.executemany(statement, rows)
        self._state.execute("COMMIT")


def _insert(table: str, columns: int) -> str:
    return f"INSERT INTO {table} VALUES ({','.join('?' * columns)})"


_INTENT: Final = _insert("intent", 19)
_BINDING: Final = _insert("binding", 18)
_BASE: Final = _insert("base", 5)
_KEY: Final = _insert("match_key", 5)
_LEDGER: Final = _insert("ledger", 12)


if __name__ == "__main__":
    print(json.dumps(load(Path(sys.argv[1]), sys.argv[2])))
