"""The projects that the product is measured with, written as a user would write them."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import records

_LOCAL = {"codec": "local_time", "format": "dd.MM.yyyy HH:mm", "zone": "Europe/Berlin"}
_TEXT = {"type": "text"}
_INSTANT = {"type": "instant", "read_only": True}
PLAIN = ("nummer", "name1", "email", "telefon", "strasse", "plz", "ort", "land", "umsatz", "waehrung", "bemerkung")


def write_customers(folder: Path, port: int) -> None:
    """Write the project of W1 to W3: customers of a REST system become partners of a database, 14 fields."""
    _write(folder, {"crm": _crm(port), "erp": _erp()}, "customers", _customers())
    _make_database(folder / "erp.db", records.TABLE)


def write_twins(folder: Path) -> None:
    """Write the project of W4: two tables in two databases, kept alike in both directions."""
    table = (
        f"CREATE TABLE partner ({', '.join(f'{name} TEXT' for name in PLAIN)}, updated_at TEXT, PRIMARY KEY(nummer))"
    )
    fields = dict.fromkeys(PLAIN, _TEXT)
    twin = {"objects": {"partner": _sql_object("nummer", fields)}, "protocol": "sql"}
    systems = {side: {**twin, "url": f"sqlite:///{folder / side}.db"} for side in ("one", "two")}
    mapping = {
        "left": {"system": "one", "object": "partner"},
        "right": {"system": "two", "object": "partner"},
        "match": [{"on": "nummer", "normalise": "exact"}],
        "fields": {name: {"left": name, "right": name} for name in PLAIN},
        "on_unmatched": {"left": "create", "right": "create"},
        "on_delete": {"left": "propagate", "right": "propagate"},
    }
    _write(folder, systems, "partners", mapping)
    for side in ("one", "two"):
        _make_database(folder / f"{side}.db", table)


def fill_twins(folder: Path, count: int) -> None:
    """Put the same rows into both tables."""
    for side in ("one", "two"):
        with sqlite3.connect(folder / f"{side}.db") as database:
            marks = ",".join("?" * (len(PLAIN) + 1))
            rows = (
                (
                    f"P{n:09d}", f"Jörg Müller-{n}", f"person.{n}@example.test", f"+4930{n:07d}", f"Hauptstraße {n}",
                    f"{n % 99_999:05d}", "Köln", "DE", f"{n * 37 % 100_003 / 100:.2f}", "EUR", f"Note {n}",
                    "2025-01-01T00:00:00Z",
                )
                for n in range(count)
            )  # fmt: skip
            database.executemany(f"INSERT INTO partner VALUES ({marks})", rows)
        database.close()


def edit_twins(folder: Path, count: int) -> None:
    """Change one of each hundred rows on either side; one of each thousand on both, in the same field."""
    for side, rest in (("one", 1), ("two", 2)):
        with sqlite3.connect(folder / f"{side}.db") as database:
            chosen = [(f"{side} {n}", f"P{n:09d}") for n in range(count) if n % 100 == rest or n % 1000 == 5]
            database.executemany(
                "UPDATE partner SET bemerkung = ?, updated_at = '2025-10-01T00:00:00Z' WHERE nummer = ?", chosen
            )
        database.close()


def age_target(folder: Path) -> None:
    """Spread the times of change over past days, as a table that was not loaded a second ago has them."""
    with sqlite3.connect(folder / "erp.db") as database:
        database.execute(
            "UPDATE partner SET"
            " updated_at = strftime('%Y-%m-%dT%H:%M:%SZ', '2025-06-01', '-' || (rowid * 37) || ' seconds')"
        )
    database.close()


def _write(folder: Path, systems: dict[str, Any], name: str, mapping: dict[str, Any]) -> None:
    # JSON is YAML, and needs no library that the small processes would pay for.
    (folder / "systems").mkdir(parents=True)
    (folder / "mappings").mkdir()
    (folder / "tally.yaml").write_text(json.dumps({"name": "bench"}))
    for system, manifest in systems.items():
        (folder / "systems" / f"{system}.yaml").write_text(json.dumps(manifest, indent=1))
    (folder / "mappings" / f"{name}.yaml").write_text(json.dumps(mapping, indent=1))


def _make_database(path: Path, table: str) -> None:
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute(table)
    database.close()


def _crm(port: int) -> dict[str, Any]:
    paths = (
        "id", "firstName", "lastName", "email", "phone", "address.street", "address.zip", "address.city",
        "address.country", "currency", "status", "note",
    )  # fmt: skip
    fields: dict[str, Any] = dict.fromkeys(paths, _TEXT)
    fields |= {"annualRevenue": {"type": "number"}, "createdAt": _INSTANT, "updatedAt": _INSTANT}
    listing = {
        "id": "id",
        "list": {"method": "GET", "path": "/customers", "record": "items"},
        "get": {"method": "GET", "path": "/customers/{id}"},
        "paging": {"type": "offset", "limit": records.PAGE, "max_limit": records.PAGE, "total": "total"},
        "since": {"param": "updated_since"},
        "modified": "updatedAt",
        "fields": fields,
        "claims": {"strong_reads": True},
    }
    return {"protocol": "rest", "base_url": f"http://127.0.0.1:{port}", "objects": {"customers": listing}}


def _erp() -> dict[str, Any]:
    fields: dict[str, Any] = dict.fromkeys(records.COLUMNS, _TEXT)
    fields["kundennummer"] = {"type": "text", "required": True, "unique": True}
    fields["name1"] = {"type": "text", "required": True, "nullable": False, "max_length": 40}
    fields["email"] = {"type": "text", "pattern": r"^[^@\s]+@[^@\s]+$"}
    fields["umsatz"] = {"type": "number", "minimum": 0}
    # Relative to the project: each round works on a copy.
    return {"protocol": "sql", "url": "${env:ERP}", "objects": {"partner": _sql_object("kundennummer", fields)}}


def _sql_object(key: str, fields: dict[str, Any]) -> dict[str, Any]:
    return {
        "table": {"name": "partner"},
        "id": key,
        "since": {"param": "updated_at"},
        "modified": "updated_at",
        "fields": {**fields, "updated_at": {"type": "text"}},
        "claims": {"strong_reads": True},
    }


def _customers() -> dict[str, Any]:
    status = {
        "map": records.STATUS, "unknown": "default", "default_right": records.DEFAULT_STATUS, "default_left": "lead"
    }  # fmt: skip
    return {
        "left": {"system": "crm", "object": "customers"},
        "right": {"system": "erp", "object": "partner", "on_create": {"art": "firma"}},
        "direction": "to_right",
        "match": [{"on": "number", "normalise": "exact"}],
        "fields": {
            "number": {"left": "id", "right": "kundennummer"},
            "name": {"left": {"expression": "{{ firstName }} {{ lastName }}"}, "right": "name1"},
            "email": {"left": {"path": "email", "codec": "lower"}, "right": "email"},
            "phone": {
                "left": "phone",
                "right": {"path": "telefon", "codec": {"codec": "remove", "characters": " /-()"}},
            },
            "street": {"left": "address.street", "right": "strasse"},
            "zip": {"left": "address.zip", "right": "plz"},
            "city": {"left": {"path": "address.city", "codec": "trim"}, "right": "ort"},
            "country": {"left": "address.country", "right": "land"},
            "revenue": {"left": "annualRevenue", "right": {"path": "umsatz", "codec": {"codec": "round", "scale": 2}}},
            "currency": {
                "left": "currency",
                "right": {"path": "waehrung", "codec": {"codec": "currency", "symbols": records.SYMBOLS}},
            },
            "status": {"left": "status", "right": "status", "options": status},
            "created": {
                "left": {"path": "createdAt", "codec": "instant"},
                "right": {"path": "angelegt_am", "codec": _LOCAL},
            },
            "updated": {
                "left": {"path": "updatedAt", "codec": "instant"},
                "right": {"path": "geaendert_am", "codec": _LOCAL},
            },
            "note": {"left": "note", "right": "bemerkung"},
        },
        "on_unmatched": {"left": "create", "right": "ignore"},
        "on_delete": {"left": "propagate", "right": "ask"},
    }
