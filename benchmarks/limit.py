"""The raw limit: each workload written by hand for exactly this data, with nothing that a product needs besides.

    python benchmarks/limit.py w1|scan|scan-both|since|w3|remember|w4-remember|w4 FOLDER PORT

Typed decoding, one loop for the mapping, sets of rows to SQLite, xxh3 of the raw record kept as state. No retries, no
audit, no parked records, no matching, no other system. Prints what it did as one line of JSON.
"""

import json
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import pycurl
import xxhash
from msgspec import Raw, Struct

import records

BATCH = 10_000
CENT = Decimal("0.01")
Row = tuple[Any, ...]


class Address(Struct, gc=False):
    """What of an address is read."""

    street: str
    zip: str
    city: str
    country: str


class Customer(Struct, gc=False, rename="camel"):
    """What of a customer is read."""

    id: str
    first_name: str
    last_name: str
    email: str
    phone: str
    address: Address
    annual_revenue: Decimal
    currency: str
    status: str
    created_at: str
    updated_at: str
    note: str | None


class Page(Struct, gc=False):
    """A page with its records undecoded."""

    items: list[Raw]
    total: int


class TypedPage(Struct, gc=False):
    """A page with its records decoded."""

    items: list[Customer]


cut_page = msgspec.json.Decoder(Page).decode
typed = msgspec.json.Decoder(TypedPage).decode
_one = msgspec.json.Decoder(Customer).decode
_hash = xxhash.xxh3_64_intdigest


class Hours(dict[str, str]):
    """Berlin's date and hour of a UTC hour, worked out once for each."""

    def __missing__(self, hour: str) -> str:
        """Ask the zone data."""
        from datetime import datetime
        from zoneinfo import ZoneInfo

        local = datetime.fromisoformat(hour + ":00:00+00:00").astimezone(ZoneInfo("Europe/Berlin"))
        self[hour] = spelled = local.strftime("%d.%m.%Y %H")
        return spelled


def pages(port: str) -> Iterator[bytes]:
    """Read all pages, one after the other, on one connection."""
    curl = pycurl.Curl()
    offset, total = 0, 1
    while offset < total:
        body = _get(curl, f"http://127.0.0.1:{port}/customers?offset={offset}&limit={records.PAGE}")
        if not offset:
            total = msgspec.json.decode(body, type=Page).total
        offset += records.PAGE
        yield body
    curl.close()


def _get(curl: pycurl.Curl, url: str) -> bytes:
    buffer = BytesIO()
    curl.setopt(pycurl.URL, url)
    curl.setopt(pycurl.WRITEDATA, buffer)
    curl.perform()
    return buffer.getvalue()


def make_mapping() -> Callable[[list[Customer]], list[Row]]:
    """Make the mapping: 14 fields, 2 rules."""
    hours, cut = Hours(), str.maketrans("", "", " /-()")
    symbols, states, default = records.SYMBOLS, records.STATUS, records.DEFAULT_STATUS

    def map_all(customers: list[Customer]) -> list[Row]:
        rows: list[Row] = []
        for c in customers:
            name, email, address = f"{c.first_name} {c.last_name}", c.email.lower(), c.address
            if len(name) > 40 or "@" not in email:
                raise ValueError(c.id)
            rows.append((
                c.id, "firma", name, email, c.phone.translate(cut), address.street, address.zip, address.city.strip(),
                address.country, float(c.annual_revenue.quantize(CENT, ROUND_HALF_UP)), symbols[c.currency],
                states.get(c.status, default), hours[c.created_at[:13]] + c.created_at[13:16],
                hours[c.updated_at[:13]] + c.updated_at[13:16], c.note, "2025-06-01T00:00:00Z",
            ))  # fmt: skip
        return rows

    return map_all


def open_databases(folder: Path) -> tuple[sqlite3.Connection, sqlite3.Connection]:
    """Open the target and the state."""
    target = sqlite3.connect(folder / "erp.db", isolation_level=None)
    state = sqlite3.connect(folder / "state.db", isolation_level=None)
    for database in (target, state):
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=NORMAL")
    state.execute("CREATE TABLE IF NOT EXISTS seen (id TEXT PRIMARY KEY, hash INTEGER) WITHOUT ROWID")
    return target, state


UPSERT = f"INSERT INTO partner VALUES ({','.join('?' * 16)}) ON CONFLICT (kundennummer) DO UPDATE SET " + ", ".join(
    f"{name}=excluded.{name}" for name in (*records.COLUMNS[1:], "updated_at")
)
_SEEN = "INSERT INTO seen VALUES (?,?) ON CONFLICT (id) DO UPDATE SET hash=excluded.hash"


def signed(raw: Any) -> int:
    """Hash bytes to a signed 64-bit integer."""
    h: int = _hash(raw)
    return h - (1 << 64) if h >> 63 else h


def load(folder: Path, port: str) -> dict[str, Any]:
    """W1: read, map, validate, upsert, remember."""
    target, state = open_databases(folder)
    map_all = make_mapping()
    rows: list[Row] = []
    seen: list[tuple[str, int]] = []
    count = 0
    for body in pages(port):
        customers = typed(body).items
        rows += map_all(customers)
        seen += [(c.id, signed(raw)) for c, raw in zip(customers, cut_page(body).items, strict=True)]
        count += len(customers)
        if len(rows) >= BATCH:
            _save(target, state, rows, seen)
    _save(target, state, rows, seen)
    return {"written": count}


def _save(target: sqlite3.Connection, state: sqlite3.Connection, rows: list[Row], seen: list[tuple[str, int]]) -> None:
    for database, statement, values in ((target, UPSERT, rows), (state, _SEEN, seen)):
        database.execute("BEGIN IMMEDIATE")
        database.executemany(statement, values)
        database.execute("COMMIT")
    rows.clear()
    seen.clear()


def scan(folder: Path, port: str) -> dict[str, Any]:
    """W2: find out from the source's bytes that nothing changed."""
    _, state = open_databases(folder)
    known = {row[0] for row in state.execute("SELECT hash FROM seen")}
    changed = 0
    for body in pages(port):
        changed += sum(signed(raw) not in known for raw in cut_page(body).items)
    return {"changed": changed}


def _rows(database: sqlite3.Connection, table: str) -> Iterable[Row]:
    return database.execute(f"SELECT * FROM {table}")


def remember(folder: Path) -> dict[str, Any]:
    """Keep the hash of every row of the target, for ``scan_both``. Not measured."""
    target, state = open_databases(folder)
    encode = msgspec.json.Encoder().encode
    state.execute("CREATE TABLE there (hash INTEGER)")
    state.executemany("INSERT INTO there VALUES (?)", ((signed(encode(row)),) for row in _rows(target, "partner")))
    return {}


def scan_both(folder: Path, port: str) -> dict[str, Any]:
    """W2 as a two-way tool has to: the target's rows are looked at as well."""
    outcome = scan(folder, port)
    target, state = open_databases(folder)
    known = {row[0] for row in state.execute("SELECT hash FROM there")}
    encode = msgspec.json.Encoder().encode
    outcome["changed"] += sum(signed(encode(row)) not in known for row in _rows(target, "partner"))
    return outcome


def since(folder: Path, port: str) -> dict[str, Any]:
    """W2 by the source's own filter: one request."""
    del folder
    body = _get(
        pycurl.Curl(), f"http://127.0.0.1:{port}/customers?updated_since=2025-09-15T00:00:00Z&offset=0&limit=500"
    )
    return {"changed": len(cut_page(body).items)}


def follow(folder: Path, port: str) -> dict[str, Any]:
    """W3: full scan, write what changed or is new, delete what is gone."""
    target, state = open_databases(folder)
    map_all = make_mapping()
    known = {row[0] for row in state.execute("SELECT hash FROM seen")}
    changed: list[tuple[Customer, int]] = []
    for body in pages(port):
        for raw in cut_page(body).items:
            h = signed(raw)
            if h in known:
                known.discard(h)
            else:
                changed.append((_one(raw), h))
    old = {row[0]: row[1] for row in state.execute("SELECT hash, id FROM seen") if row[0] in known}
    gone = [(i,) for i in set(old.values()) - {c.id for c, _ in changed}]
    _save(target, state, map_all([c for c, _ in changed]), [(c.id, h) for c, h in changed])
    for database, table, key in ((target, "partner", "kundennummer"), (state, "seen", "id")):
        database.execute("BEGIN IMMEDIATE")
        database.executemany(f"DELETE FROM {table} WHERE {key} = ?", gone)
        database.execute("COMMIT")
    return {"written": len(changed), "deleted": len(gone)}


def remember_twins(folder: Path) -> dict[str, Any]:
    """Keep the agreed row of every pair and its hash, for ``reconcile``. Not measured."""
    with sqlite3.connect(folder / "limit.db") as state, sqlite3.connect(folder / "one.db") as one:
        state.execute("CREATE TABLE link (id TEXT PRIMARY KEY, hash INTEGER, base BLOB) WITHOUT ROWID")
        encode = msgspec.json.Encoder().encode
        for row in one.execute("SELECT * FROM partner"):
            base = encode(row[:-1])
            state.execute("INSERT INTO link VALUES (?,?,?)", (row[0], signed(base), base))
    return {}


def reconcile(folder: Path) -> dict[str, Any]:
    """W4: read both tables, hash each row, compare with the agreed hash, merge by field what differs."""
    state = sqlite3.connect(folder / "limit.db")
    known: dict[str, int] = dict(state.execute("SELECT id, hash FROM link"))
    encode = msgspec.json.Encoder().encode
    moved: list[dict[str, Row]] = []
    for side in ("one", "two"):
        database = sqlite3.connect(folder / f"{side}.db")
        moved.append({r[0]: r[:-1] for r in _rows(database, "partner") if known[r[0]] != signed(encode(r[:-1]))})
    counts = {"right": 0, "left": 0, "conflict": 0}
    for key in moved[0].keys() | moved[1].keys():
        [(encoded,)] = state.execute("SELECT base FROM link WHERE id = ?", (key,))
        base = msgspec.json.decode(encoded)
        left, right = moved[0].get(key, base), moved[1].get(key, base)
        kinds = {
            "conflict" if was not in {here, there} else "right" if here != was else "left"
            for here, there, was in zip(left, right, base, strict=True)
            if here != there
        }
        for kind in kinds:
            counts[kind] += 1
    return counts


def main() -> None:
    """Do one of them and say what came of it."""
    what, folder, port = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    by_port = {"w1": load, "scan": scan, "scan-both": scan_both, "since": since, "w3": follow}
    alone = {"remember": remember, "w4-remember": remember_twins, "w4": reconcile}
    print(json.dumps(by_port[what](folder, port) if what in by_port else alone[what](folder)))


if __name__ == "__main__":
    main()
