"""The script that one would write in an afternoon: requests, a Jinja template a field, a statement a record.

    python benchmarks/naive.py FOLDER PORT COUNT

Does the first COUNT records; prints how many it did and what its start cost, so that the rest can be scaled.
"""

import json
import sqlite3
import sys
import time
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import requests
from jinja2 import Environment

import records

TEMPLATES = {
    "kundennummer": "{{ id }}",
    "art": "firma",
    "name1": "{{ firstName }} {{ lastName }}",
    "email": "{{ email | lower }}",
    "telefon": "{{ phone | digits }}",
    "strasse": "{{ address.street }}",
    "plz": "{{ address.zip }}",
    "ort": "{{ address.city | trim }}",
    "land": "{{ address.country }}",
    "umsatz": "{{ annualRevenue | cents }}",
    "waehrung": "{{ symbols[currency] }}",
    "status": "{{ states.get(status, 'Interessent') }}",
    "angelegt_am": "{{ createdAt | local }}",
    "geaendert_am": "{{ updatedAt | local }}",
    "bemerkung": "{{ note or '' }}",
}


def environment() -> Environment:
    """Make the filters."""
    made = Environment(autoescape=False)
    cut = str.maketrans("", "", " /-()")
    made.filters["local"] = lambda text: (
        datetime.fromisoformat(text).astimezone(ZoneInfo("Europe/Berlin")).strftime("%d.%m.%Y %H:%M")
    )
    made.filters["digits"] = lambda text: text.translate(cut)
    made.filters["cents"] = lambda number: Decimal(str(number)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    made.globals.update(symbols=records.SYMBOLS, states=records.STATUS)
    return made


def load(folder: Path, port: str, count: int) -> int:
    """Read page by page, write record by record."""
    made = environment()
    templates = {name: made.from_string(source) for name, source in TEMPLATES.items()}
    database = sqlite3.connect(folder / "erp.db", isolation_level=None)
    marks = ",".join("?" * (len(TEMPLATES) + 1))
    updates = ", ".join(f"{name}=excluded.{name}" for name in list(TEMPLATES)[1:])
    upsert = f"INSERT INTO partner VALUES ({marks}) ON CONFLICT (kundennummer) DO UPDATE SET {updates}"
    session, done = requests.Session(), 0
    while done < count:
        page: dict[str, Any] = session.get(
            f"http://127.0.0.1:{port}/customers", params={"offset": done, "limit": records.PAGE}, timeout=30
        ).json()
        database.execute("BEGIN")
        for customer in page["items"][: count - done]:
            row: dict[str, Any] = {name: template.render(customer) for name, template in templates.items()}
            if len(row["name1"]) > 40 or "@" not in row["email"]:
                raise ValueError(customer["id"])
            row["umsatz"], row["bemerkung"] = float(row["umsatz"]), row["bemerkung"] or None
            database.execute(upsert, (*row.values(), "2025-06-01T00:00:00Z"))
        database.execute("COMMIT")
        done += len(page["items"][: count - done])
    database.close()
    return done


def main() -> None:
    """Work and report."""
    folder, port, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    start = time.process_time()
    print(json.dumps({"written": load(folder, port, count), "start_cpu": start}))


if __name__ == "__main__":
    main()
