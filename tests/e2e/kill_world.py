"""Two databases that people edit, a project between them, and a judge who knows what people wanted.

The tables lie in SQLite files or in PostgreSQL, so that they outlive whoever is killed while writing to them. The
judge never asks the engine: he keeps his own list of what every record has to be, and reads both tables.
"""

import json
import random  # noqa: TID251 - a test makes its own dice
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

IDEMS = ("extid", "search", "client_id")
TABLES = {"left": "companies", "right": "partners"}
FIELDS = ("name", "city", "phone")
MOST = 40  # records that people keep; more would only make rounds longer
TEXT = {"type": "text"}

Record = dict[str, str | None]


@dataclass
class KillWorld:
    """One world. ``url`` is the address of an empty PostgreSQL database, or empty for SQLite files in ``folder``.

    ``idem`` says how creates can be found again; ``audited`` puts triggers on the tables that note every create.
    """

    folder: Path
    url: str
    idem: str
    audited: bool
    seed: int
    clock: Any
    truth: dict[str, Record] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    contested: list[tuple[str, str]] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)
    number: int = 0

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        for name in ("systems", "mappings"):
            (self.folder / name).mkdir(parents=True)
        _write(self.folder / "tally.yaml", {"name": "kills", "state": self.state_url})
        for side in TABLES:
            _write(self.folder / "systems" / f"{side}.yaml", self._manifest(side))
        _write(self.folder / "mappings" / "firms.yaml", self._mapping())
        for side in TABLES:
            with self._open(side) as ask:
                for statement in self._tables(side):
                    ask(statement)

    @property
    def state_url(self) -> str:
        """Where the engine keeps its state."""
        return self.url or f"sqlite:///{self.folder / 'state.db'}"

    def _manifest(self, side: str) -> dict[str, Any]:
        fields: dict[str, Any] = {"nr": {**TEXT, "required": True}} | dict.fromkeys(FIELDS, TEXT)
        fields |= {"changed": {"type": "instant", "read_only": True}, "made": {"type": "instant", "read_only": True}}
        own = {"id": "nr"}
        if self.idem != "client_id":
            own = {"id": "id", "id_type": "integer"}
            fields |= {"id": {"type": "integer", "read_only": True}, "ref": {**TEXT, "unique": True}}
        table = {
            **own, "table": {"name": TABLES[side]}, "since": {"param": "changed"}, "modified": "changed",
            "created": "made", "fields": fields, "filters": {"nr": {"param": "nr"}},
            "claims": {"strong_reads": True, "create_idem": self.idem},
        }  # fmt: skip
        url = self.url or f"sqlite:///{self.folder / side}.db"
        return {"protocol": "sql", "url": url, "objects": {TABLES[side]: table}, "limits": {"in_flight": 2}}

    def _mapping(self) -> dict[str, Any]:
        keeps = {"external_id": "ref"} if self.idem == "extid" else {}
        ends = {side: {"system": side, "object": table, **keeps} for side, table in TABLES.items()}
        return {
            **ends,
            "match": [{"on": "nr", "normalise": "exact"}],
            "fields": {name: {"left": name, "right": name} for name in ("nr", *FIELDS)},
            "conflict": "left",
            "on_unmatched": {"left": "create", "right": "create"},
            "on_delete": {"left": "propagate", "right": "propagate"},
        }

    def _tables(self, side: str) -> Iterator[str]:
        table, moment = TABLES[side], "timestamptz" if self.url else "text"
        serial = "bigserial PRIMARY KEY" if self.url else "INTEGER PRIMARY KEY AUTOINCREMENT"
        key = "nr text PRIMARY KEY" if self.idem == "client_id" else f"id {serial}, nr text NOT NULL, ref text UNIQUE"
        rest = ", ".join(f"{name} text" for name in FIELDS)
        yield f"CREATE TABLE {table} ({key}, {rest}, made {moment}, changed {moment})"
        if not self.audited:
            return
        yield f"CREATE TABLE {table}_log (nr text)"
        note = f"INSERT INTO {table}_log VALUES (NEW.nr);"
        if self.url:
            yield (
                f"CREATE FUNCTION {table}_note() RETURNS trigger LANGUAGE plpgsql AS"
                f" $$ BEGIN {note} RETURN NULL; END $$"
            )
            yield f"CREATE TRIGGER t AFTER INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_note()"
        else:
            yield f"CREATE TRIGGER {table}_t AFTER INSERT ON {table} BEGIN {note} END"

    @contextmanager
    def _open(self, side: str) -> Iterator[Any]:
        """Open a system as its own screen does; nothing stays open, because processes are forked in between."""
        if self.url:
            import psycopg

            with psycopg.connect(self.url) as connection:
                yield lambda text, *values: connection.execute(text.replace("?", "%s"), values)
            return
        file = sqlite3.connect(self.folder / f"{side}.db", timeout=30)
        try:
            with file:
                file.execute("PRAGMA journal_mode=WAL")
                yield lambda text, *values: file.execute(text, values)
        finally:
            file.close()

    def wait_for_the_dead(self) -> None:
        """Wait until the server has noticed that a killed process is gone: until then, its statements may still run."""
        if not self.url:
            return
        others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        with self._open("left") as ask:
            while ask(others + " AND backend_type = 'client backend'").fetchone()[0]:
                ask("SELECT pg_sleep(0.002)")
                # Who is there is looked up once a transaction.
                ask("SELECT pg_stat_clear_snapshot()")

    # --- people ---

    def begin_round(self) -> None:
        """Let people start anew: every record may be edited again."""
        self.touched.clear()
        self.contested.clear()

    def edit(self) -> None:
        """Let people leave work of every kind, on records that nobody edited in this round."""
        changed: dict[str, list[tuple[str, tuple[Any, ...]]]] = {side: [] for side in TABLES}
        now = datetime.fromtimestamp(self.clock(), UTC).isoformat(timespec="seconds")
        free = sorted(self.truth.keys() - self.touched)
        self.dice.shuffle(free)
        for deed in ("rename", "rename", "both", "quarrel", "delete", "delete"):
            for side in TABLES if len(free) > len(TABLES) else ():
                nr = free.pop()
                self.touched.add(nr)
                self._edit_one(deed, side, nr, now, changed)
        room = MOST - len(self.truth)
        for _ in range(min(room, 4)):
            self._make(self.dice.choice(("left", "right", "twice")), now, changed)
        for side, statements in changed.items():
            with self._open(side) as ask:
                for text, values in statements:
                    ask(text.format(TABLES[side]), *values)

    def _edit_one(self, deed: str, side: str, nr: str, now: str, changed: dict[str, list[Any]]) -> None:
        other, self.number = ("right" if side == "left" else "left"), self.number + 1

        def put(where: str, name: str, value: str) -> None:
            changed[where].append((f"UPDATE {{}} SET {name} = ?, changed = ? WHERE nr = ?", (value, now, nr)))
            self.truth[nr][name] = value

        if deed == "delete":
            changed[side].append(("DELETE FROM {} WHERE nr = ?", (nr,)))
            del self.truth[nr]
            self.deleted.add(nr)
        elif deed == "rename":
            put(side, "name", f"name {self.number}")
        elif deed == "both":
            put(side, "name", f"name {self.number}")
            put(other, "city", f"city {self.number}")
        else:
            loser = f"loser {self.number}"
            put("right", "phone", loser)
            put("left", "phone", f"winner {self.number}")
            self.contested.append((nr, loser))

    def _make(self, where: str, now: str, changed: dict[str, list[Any]]) -> None:
        """Make a record on one side, or one on each side that only its key shows to be the same."""
        self.number += 1
        nr = f"N{self.number}"
        record: Record = {"name": f"new {self.number}", "city": "Ulm", "phone": None}
        self.touched.add(nr)
        self.truth[nr] = record
        text = "INSERT INTO {} (nr, name, city, phone, made, changed) VALUES (?, ?, ?, ?, ?, ?)"
        if where == "twice":
            record["phone"] = f"phone {self.number}"
            changed["left"].append((text, (nr, record["name"], None, record["phone"], now, now)))
            changed["right"].append((text, (nr, record["name"], record["city"], None, now, now)))
        else:
            changed[where].append((text, (nr, *record.values(), now, now)))

    # --- the judge ---

    def wrongs(self) -> list[str]:
        """Name everything that is not as people wanted it; nothing if all is well."""
        found: list[str] = []
        for side, table in TABLES.items():
            with self._open(side) as ask:
                rows = [tuple(r) for r in ask(f"SELECT nr, {', '.join(FIELDS)} FROM {table}").fetchall()]
                made = [r[0] for r in ask(f"SELECT nr FROM {table}_log").fetchall()] if self.audited else []
            found += [f"{side}: {w}" for w in self._compare(rows, made)]
        return found

    def _compare(self, rows: Sequence[tuple[Any, ...]], made: Sequence[str]) -> Iterator[str]:
        counts = Counter(row[0] for row in rows)
        yield from (f"{nr} doubled" for nr, n in counts.items() if n > 1)
        yield from (f"{nr} made {n} times" for nr, n in Counter(made).items() if n > 1)
        yield from (f"{nr} resurrected" for nr in counts if nr in self.deleted)
        yield from (f"{nr} lost" for nr in self.truth if nr not in counts)
        yield from (f"{nr} from nowhere" for nr in counts if nr not in self.truth and nr not in self.deleted)
        for nr, *values in rows:
            if nr in self.truth and values != list(self.truth[nr].values()):
                yield f"{nr} is {values} and not {list(self.truth[nr].values())}"


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content))
