"""The customers that all workloads move: record ``n`` is the same for everybody, in two versions a day apart.

17 fields and about 560 bytes each as JSON, nested address and custom fields, umlauts. In the second version 0.9 % are
changed, 0.1 % are gone and 0.1 % are new. Imports nothing of the product, so that the other contenders do not pay.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

PAGE = 500
START = datetime.fromisoformat("2024-01-01T00:00:00+00:00")
NEXT_DAY = "2025-10-01T%02d:%02d:00Z"
SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "CHF": "CHF"}
STATUS = {"lead": "Interessent", "active": "Aktiv", "paused": "Pausiert", "lost": "Verloren"}
DEFAULT_STATUS = "Interessent"
COLUMNS = (
    "kundennummer", "art", "name1", "email", "telefon", "strasse", "plz", "ort", "land", "umsatz", "waehrung", "status",
    "angelegt_am", "geaendert_am", "bemerkung",
)  # fmt: skip
TABLE = (
    "CREATE TABLE partner (kundennummer TEXT NOT NULL PRIMARY KEY, art TEXT, name1 TEXT NOT NULL, email TEXT,"
    " telefon TEXT, strasse TEXT, plz TEXT, ort TEXT, land TEXT, umsatz NUMERIC, waehrung TEXT, status TEXT,"
    " angelegt_am TEXT, geaendert_am TEXT, bemerkung TEXT, updated_at TEXT)"
)
_CHANGED = frozenset(range(3, 1000, 111))  # nine of each thousand
_GONE = 7  # one of each thousand
_STREETS = ("Hauptstraße", "Am Markt", "Gartenweg", "Lindenallee")
_NAMES = ("Jörg", "Anna", "Zoë", "Max")


def is_gone(n: int, version: int) -> bool:
    """Tell whether record ``n`` was deleted before this version."""
    return version > 0 and n % 1000 == _GONE


def is_changed(n: int, count: int, version: int) -> bool:
    """Tell whether record ``n`` is new or other than it was in the first version of ``count`` records."""
    return version > 0 and not is_gone(n, version) and (n >= count or n % 1000 in _CHANGED)


def numbers(count: int, version: int) -> Iterator[int]:
    """Give the numbers of the records that exist in a version."""
    last = count + count // 1000 if version else count
    return (n for n in range(last) if not is_gone(n, version))


def updated_at(n: int, count: int, version: int) -> str:
    """Give the time of the last change."""
    if is_changed(n, count, version):
        return NEXT_DAY % (n % 24, n % 60)
    return _spell(START + timedelta(seconds=n * 401 % 50_000_017))


def record_json(n: int, count: int, version: int) -> bytes:
    """Write record ``n`` as the system shows it."""
    note = "null" if n % 3 else f'"Note {n}{" again" if is_changed(n, count, version) else ""}"'
    city = " Köln " if not is_changed(n, count, version) else "Bonn"
    status = ("lead", "active", "paused", "lost", "vip")[n % 5] if n % 50 == 0 else "active"
    text = (
        f'{{"id":"cus_{n:09d}","firstName":"{_NAMES[n % 4]}","lastName":"Müller-{n}",'
        f'"company":"Beispiel und Partner {n % 5000} GmbH","email":"Person.{n}@Example.test",'
        f'"phone":"+49 (30) {n % 10_000_000:07d}-{n % 97}","ownerId":"usr_{n % 40:04d}","language":"de-DE",'
        f'"address":{{"street":"{_STREETS[n % 4]} {n % 200}","zip":"{n % 99_999:05d}","city":"{city}",'
        f'"country":"DE"}},"annualRevenue":{n * 12_345 % 10_000_019 / 1000:.3f},'
        f'"currency":"{("EUR", "USD", "GBP", "CHF")[n % 4]}","status":"{status}",'
        f'"createdAt":"{_spell(START + timedelta(seconds=n * 631 % 50_000_017))}",'
        f'"updatedAt":"{updated_at(n, count, version)}","note":{note},"source":"webshop",'
        f'"custom":{{"segment":"{"ABC"[n % 3]}","score":{n % 100},'
        f'"externalReference":"EXT-{n * 7919 % 1_000_003:07d}"}}}}'
    )
    return text.encode()


def _spell(moment: datetime) -> str:
    return moment.isoformat()[:19] + "Z"
