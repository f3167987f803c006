"""The mapping alone: a record of 14 fields read from one system and written for another, in CPU microseconds.

    python benchmarks/mapping.py [records]

Compared with what one would write first: a Jinja template per field. Both give the same bodies; that is checked.
"""

import statistics
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from jinja2.sandbox import ImmutableSandboxedEnvironment

from tallystick.core.codecs.registry import build_codec
from tallystick.core.compile import compile_mapping
from tallystick.core.expression import compile_expression
from tallystick.core.interpret import interpret_mapping
from tallystick.core.mapping import End, FieldMapping, ObjectMapping, Place, Refs, SideCodec
from tallystick.core.path import parse
from tallystick.core.policy import Policy
from tallystick.core.record import Raw
from tallystick.core.schema import Field, ObjectType

ROUNDS = 7
NO_REFS = Refs()
SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "CHF": "CHF"}
STATUS = {"lead": "Interessent", "active": "Aktiv", "paused": "Pausiert", "lost": "Verloren"}
LOCAL = {"format": "dd.MM.yyyy HH:mm", "zone": "Europe/Berlin"}


def place(path: str, *codecs: tuple[str, dict[str, Any]]) -> Place:
    """Put a field at a path, with codecs."""
    return Place(path=parse(path), codecs=tuple(build_codec(name, settings) for name, settings in codecs))


def make_mapping() -> ObjectMapping:
    """Map a customer of a CRM to a partner of an ERP: the fields of the mapping figures in the performance notes."""
    full_name = Place(
        expression=compile_expression("{{ firstName }} {{ lastName }}"),
        inverse=((("firstName",), compile_expression("{{ value | split | first }}")),),
    )
    to_options = (
        "options",
        {"map": STATUS, "unknown": "default", "default_right": "Interessent", "default_left": "lead"},
    )
    fields = (
        FieldMapping("number", place("id"), place("kundennummer")),
        FieldMapping("name", full_name, place("name1")),
        FieldMapping("email", place("email", ("lower", {})), place("email")),
        FieldMapping("phone", place("phone"), place("telefon", ("remove", {"characters": " /-()"}))),
        FieldMapping("street", place("address.street"), place("strasse")),
        FieldMapping("zip", place("address.zip"), place("plz")),
        FieldMapping("city", place("address.city", ("trim", {})), place("ort")),
        FieldMapping("country", place("address.country"), place("land")),
        FieldMapping("revenue", place("annualRevenue"), place("umsatz", ("round", {"scale": 2}))),
        FieldMapping("currency", place("currency"), place("waehrung", ("currency", {"symbols": SYMBOLS}))),
        FieldMapping("status", place("status"), place("status", to_options)),
        FieldMapping("created", place("createdAt", ("instant", {})), place("angelegt_am", ("local_time", LOCAL))),
        FieldMapping("updated", place("updatedAt", ("instant", {})), place("geaendert_am", ("local_time", LOCAL))),
        FieldMapping("note", place("note"), place("bemerkung")),
    )
    crm = ObjectType("customers", (Field("id", "text"), Field("email", "text"), Field("annualRevenue", "number")))
    erp = ObjectType(
        "partner",
        (
            Field("kundennummer", "text", required=True),
            Field("name1", "text", required=True, max_length=40),
            Field("email", "text", pattern=r"^[^@\s]+@[^@\s]+$"),
            Field("umsatz", "number", minimum=0),
        ),
    )
    return ObjectMapping(
        name="customers",
        left=End("crm", "customers", crm),
        right=End("erp", "partner", erp, on_create={"art": "firma"}),
        fields=fields,
        match=(),
        policy=Policy("create", "create", "ask", "ask"),
    )


def make_records(count: int) -> list[Raw]:
    """Make customers, all different, over two years."""
    start = datetime.fromisoformat("2024-01-01T00:00:00+00:00")
    streets = ("Hauptstraße", "Am Markt", "Gartenweg", "Lindenallee")
    return [
        {
            "id": f"cmp_{n:07d}",
            "firstName": ("Jörg", "Anna", "Zoë", "Max")[n % 4],
            "lastName": f"Müller-{n}",
            "email": f"Person.{n}@Example.test",
            "phone": f"+49 (30) {n % 10_000_000:07d}-{n % 97}",
            "address": {
                "street": f"{streets[n % 4]} {n % 200}",
                "zip": f"{n % 99_999:05d}",
                "city": " Köln ",
                "country": "DE",
            },
            "annualRevenue": Decimal(n * 12_345 % 10_000_019) / 1000,
            "currency": ("EUR", "USD", "GBP", "CHF")[n % 4],
            "status": ("lead", "active", "paused", "lost", "vip")[n % 5] if n % 50 == 0 else "active",
            "createdAt": (start + timedelta(seconds=n * 631)).isoformat().replace("+00:00", "Z"),
            "updatedAt": (start + timedelta(seconds=n * 631 + 4_000_017)).isoformat().replace("+00:00", "Z"),
            "note": None if n % 3 else f"Note {n}",
        }
        for n in range(count)
    ]


def make_templates() -> Callable[[Raw], Raw]:
    """Make the same by one template per field, with the filters that a careful author would write."""
    berlin = ZoneInfo("Europe/Berlin")
    cut = str.maketrans("", "", " /-()")
    environment = ImmutableSandboxedEnvironment(autoescape=False)
    environment.filters["local"] = lambda text: (
        datetime.fromisoformat(text).astimezone(berlin).strftime("%d.%m.%Y %H:%M")
    )
    environment.filters["digits"] = lambda text: text.translate(cut)
    environment.filters["cents"] = lambda number: number.quantize(Decimal("0.01"), ROUND_HALF_UP)
    environment.globals.update(symbols=SYMBOLS, states=STATUS)
    sources = {
        "kundennummer": "{{ id }}",
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
    templates = {name: environment.from_string(source) for name, source in sources.items()}

    def render(record: Raw) -> Raw:
        body: Raw = {"art": "firma"}
        for name, template in templates.items():
            text = template.render(record)
            if text:
                body[name] = text
        if len(body["name1"]) > 40 or "@" not in body["email"]:
            raise ValueError
        body["umsatz"] = Decimal(body["umsatz"])
        return body

    return render


def through(left: SideCodec, right: SideCodec, records: list[Raw]) -> list[Raw]:
    """Read pages of 200 on the left, write each record on the right."""
    bodies: list[Raw] = []
    for start in range(0, len(records), 200):
        for fields in left.read(records[start : start + 200], NO_REFS):
            assert isinstance(fields, tuple)
            body, faults = right.write(fields, NO_REFS)
            assert not faults
            bodies.append(body)
    return bodies


def cost(work: Callable[[], Any], count: int) -> float:
    """Give the CPU time of ``work`` in microseconds a record."""
    start = time.process_time()
    work()
    return (time.process_time() - start) / count * 1e6


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    mapping, records, render = make_mapping(), make_records(count), make_templates()
    compiled, plain = compile_mapping(mapping), interpret_mapping(mapping)
    few = records[: count // 10]
    expected = [render(record) for record in few]
    assert through(*compiled, few) == expected
    assert through(*plain, few) == expected
    ways: dict[str, tuple[Callable[[], Any], int]] = {
        "compiled": (lambda: through(*compiled, records), count),
        "compiled, reading only": (lambda: compiled[0].read(records, NO_REFS), count),
        "interpreted": (lambda: through(*plain, few), len(few)),
        "a Jinja template per field": (lambda: [render(record) for record in few], len(few)),
    }
    figures: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):  # turn by turn, so that a busy machine is busy for all
        for name, (work, size) in ways.items():
            figures[name].append(cost(work, size))
    for name, measured in figures.items():
        ratio = statistics.median(t / c for t, c in zip(measured, figures["compiled"], strict=True))
        print(f"{name:28} {statistics.median(measured):8.2f} us a record  x{ratio:.1f}")


if __name__ == "__main__":
    main()
