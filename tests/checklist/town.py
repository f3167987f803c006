"""A project over two twins, or over two databases, and the check list run on it."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tallystick.checklist.opening import open_scene
from tallystick.checklist.questions import choose
from tallystick.checklist.report import Report
from tallystick.checklist.runner import run_checks
from tallystick.checklist.scene import Scene
from tallystick.checklist.wire import WireTransport
from tallystick.connectors.describe.openapi import describe_openapi
from tallystick.core.ports import Boundary
from tallystick.testing.twins.crm import CrmTwin
from tallystick.testing.twins.erp import ErpTwin
from tallystick.testing.twins.twin import Twin
from tallystick.wiring import House, open_house

START = 1_736_122_800
"""When the first record changed, seconds UTC: 2025-01-06 00:20."""


class Town:
    """An opened project whose check list can be asked again and again."""

    def __init__(self, house: House) -> None:
        self.house = house

    def scene(self, sample: int = 0) -> Scene:
        readers = {name: system.connector for name, system in self.house.systems.items()}
        return open_scene(self.house.loaded, readers, self.house.pairs, sample=sample)

    def boundary(self) -> Boundary:
        return self.house.boundary()

    def ask(self, *ids: str, sample: int = 0) -> Report:
        return run_checks(self.scene(sample), self.boundary(), WireTransport(), choose(ids))


def statuses(report: Report) -> dict[str, str]:
    """Give the status of each question that is measured."""
    return {row.question.id: row.status for row in report.rows if row.question.room and row.findings}


def red(report: Report) -> list[str]:
    """Give the questions that failed."""
    return [one for one, status in statuses(report).items() if status == "fail"]


def findings(report: Report, question: str) -> list[Any]:
    """Give the findings of one question."""
    return [f for row in report.rows if row.question.id == question for f in row.findings]


def told(report: Report, question: str) -> str:
    """Give everything that the report says about one question."""
    return "\n".join(
        "\n".join([f.verdict, f.subject, f.summary, *f.reasons, f.fix, f.owner]) for f in findings(report, question)
    )


def write_system(folder: Path, twin: Twin, *, source: str = "") -> None:
    """Describe a twin as `tally describe` does."""
    manifest = describe_openapi(twin.document(), source=source or f"{twin.url}/openapi.json")
    document = manifest.model_dump(mode="json", exclude_defaults=True, by_alias=True)
    (folder / "systems").mkdir(parents=True, exist_ok=True)
    (folder / "systems" / f"{twin.name}.yaml").write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True))


def companies(count: int) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Make honest companies, the same on both sides."""
    cities = ("Hückelhoven", "Berlin", "Öhringen", "Köln")
    for n in range(count):
        name, vat = f"Firma {n:03d} Müßig GmbH", f"DE{100_000_000 + n * 7}"
        email, phone = f"kontakt{n}@firma{n}.example", f"+49 30 2312{5000 + n}"
        common = {"email": email}
        crm = common | {
            "name": name, "vatId": vat, "phone": phone, "contactName": f"Änne Groß {n}", "postalCode": f"{10_000 + n}",
            "city": cities[n % 4], "country": "DE", "annualRevenue": 1000 + n, "currency": "EUR",
            "status": ("lead", "active", "paused")[n % 3], "customFields": {"loyaltyTier": "gold", "newsletter": True},
        }  # fmt: skip
        erp = common | {
            "art": "firma", "name1": name, "ust_id": vat, "telefon": phone, "ansprechpartner": f"Änne Groß {n}",
            "plz": f"{10_000 + n}", "ort": cities[n % 4], "land": "DE", "umsatz": f"{1 + n // 1000}.{n % 1000:03d},00",
            "waehrung": "€", "status": ("Interessent", "Aktiv", "Pausiert")[n % 3], "fremdschluessel": f"crm-{n}",
        }  # fmt: skip
        yield crm, erp


def fill(crm: Twin, erp: Twin, count: int) -> None:
    """Fill both twins with honest records, each changed at a time of its own."""
    pairs = list(companies(count))
    times = [START + n * 3600 for n in range(count)]
    ids = crm.put_all("companies", [c for c, _ in pairs], times)
    firms = erp.put_all("partner", [e for _, e in pairs], times)
    people = [
        ({"firstName": f"Ida{n}", "lastName": f"Weiß{n}", "email": f"ida{n}@x{n}.example",
          "phone": f"+49 40 {4000 + n}", "companyId": ids[n], "status": "active",
          "customFields": {"newsletter": False}},
         {"art": "person", "vorname": f"Ida{n}", "name1": f"Weiß{n}", "email": f"ida{n}@x{n}.example",
          "telefon": f"+49 40 {4000 + n}", "firma_id": int(firms[n]), "status": "Aktiv",
          "fremdschluessel": f"crm-p{n}"})
        for n in range(count // 2)
    ]  # fmt: skip
    later = [t + 60 for t in times[: len(people)]]
    crm.put_all("contacts", [c for c, _ in people], later)
    erp.put_all("partner", [e for _, e in people], later)


class Twins:
    """Two filled twins and a project over them."""

    def __init__(self, folder: Path, crm: CrmTwin, erp: ErpTwin) -> None:
        self.folder = folder
        self.crm = crm
        self.erp = erp

    @contextlib.contextmanager
    def open(self) -> Iterator[Town]:
        with open_house(self.folder) as house:
            yield Town(house)

    def ask(self, *ids: str, sample: int = 0) -> Report:
        with self.open() as town:
            return town.ask(*ids, sample=sample)


class Databases:
    """Two SQLite databases and a project over them: ``crm/companies`` on the left, ``erp/partners`` on the right."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "systems").mkdir(parents=True)
        (folder / "mappings").mkdir()
        self.write(
            "tally.yaml", {"name": "two databases", "owners": {"ops": {"name": "Olga", "email": "ops@x.example"}}}
        )

    def write(self, name: str, document: dict[str, Any]) -> None:
        """Write one file of the project."""
        (self.folder / name).write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True))

    def system(
        self, name: str, table: str, columns: dict[str, Any], rows: list[tuple[Any, ...]], **settings: Any
    ) -> None:
        """Make a database with one table, whose columns are declared as ``columns`` says."""
        file = self.folder / f"{name}.db"
        with contextlib.closing(sqlite3.connect(file)) as db:
            listed = ", ".join(columns)
            db.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, {listed})")
            marks = ", ".join("?" * len(columns))
            db.executemany(f"INSERT INTO {table} ({listed}) VALUES ({marks})", rows)
            db.commit()
        known = {"id_type": "integer", "table": {"name": table}} | settings.pop("object", {})
        fields = {"id": {"type": "integer", "read_only": True}} | columns
        manifest = {"protocol": "sql", "url": f"sqlite:///{file}", "objects": {table: known | {"fields": fields}}}
        self.write(f"systems/{name}.yaml", manifest | {"owner": "ops"} | settings)

    def mapping(self, fields: dict[str, Any], **settings: Any) -> None:
        """Write the mapping ``companies``; everything flows both ways unless told otherwise."""
        usual: dict[str, Any] = {
            "left": {"system": "crm", "object": "companies"},
            "right": {"system": "erp", "object": "partners"},
            "match": [{"on": "email", "normalise": "email"}],
            "fields": fields,
            "on_unmatched": {"left": "create", "right": "create"},
            "on_delete": {"left": "propagate", "right": "propagate"},
            "owner": "ops",
        }
        self.write("mappings/companies.yaml", usual | settings)

    def pair(self, left: list[tuple[Any, ...]], right: list[tuple[Any, ...]], **settings: Any) -> None:
        """Make both sides with name and e-mail address, and their mapping."""
        columns = {"name": {"type": "text"}, "email": {"type": "text"}}
        self.system("crm", "companies", columns, left)
        self.system("erp", "partners", columns, right)
        names = {"name": {"left": "name", "right": "name"}, "email": {"left": "email", "right": "email"}}
        self.mapping(names, **settings)

    def ask(self, *ids: str, sample: int = 0) -> Report:
        """Open the project and ask these questions."""
        with open_house(self.folder) as house:
            return Town(house).ask(*ids, sample=sample)
