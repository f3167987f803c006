"""Two twins over real HTTP, the project between them, and the production engine on a clock that tests move.

The world is small and clean: everything that differs was put there by ``edit_both``, so that what both systems must
hold in the end is known without asking the engine.
"""

import contextlib
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from tallystick.cli.main import run_command
from tallystick.connectors.http.limits import Timing
from tallystick.core.record import Raw
from tallystick.engine.effects import drive
from tallystick.engine.local import LocalBoundary
from tallystick.engine.run import Result, run
from tallystick.engine.session import Session
from tallystick.store.scratch import Scratch
from tallystick.testing.twins.crm import CrmTwin
from tallystick.testing.twins.erp import ErpTwin
from tallystick.testing.twins.fault import Fault, What
from tallystick.wiring import House, open_house

TOKENS = {"TWIN_CRM_TOKEN": "crm-token-of-the-test", "TWIN_ERP_TOKEN": "erp-token-of-the-test"}
STATUSES = {"lead": "Interessent", "active": "Aktiv", "paused": "Pausiert", "lost": "Verloren"}
TIMEOUT_SECONDS = 0.5
LATER = 300.0  # seconds; longer than any quiet time of this project
COMPANIES = 12


class Clock:
    """Real time plus what tests skipped: nobody sits out a wait."""

    def __init__(self) -> None:
        self.skipped = 0.0

    def __call__(self) -> float:
        return time.time() + self.skipped  # noqa: TID251 - tests have no boundary

    def monotonic(self) -> float:
        return time.monotonic() + self.skipped

    def skip(self, seconds: float) -> None:
        self.skipped += seconds


def company(n: int) -> Raw:
    """Make a company as the CRM has it."""
    return {
        "name": f"Werk {n:02d} GmbH", "vatId": f"DE0{n:08d}", "email": f"info@werk{n:02d}.example",
        "phone": f"+49 30 23125{n:03d}", "contactName": "Änne Groß", "postalCode": f"1{n:04d}", "city": "Görlitz",
        "country": "DE", "status": "active",
    }  # fmt: skip


def partner(n: int) -> Raw:
    """Make the same company as the ERP has it."""
    at_left = company(n)
    return {
        "art": "firma", "name1": at_left["name"], "ust_id": at_left["vatId"], "email": at_left["email"],
        "telefon": at_left["phone"], "ansprechpartner": at_left["contactName"], "plz": at_left["postalCode"],
        "ort": at_left["city"], "land": "DE", "status": "Aktiv",
    }  # fmt: skip


@dataclass
class TwinsWorld:
    """Both twins and the project between them."""

    folder: Path
    crm: CrmTwin
    erp: ErpTwin
    clock: Clock
    runs: int = 0
    tokens: int = 0

    # the engine

    @contextlib.contextmanager
    def house(self, *, writing: bool = True) -> Iterator[House]:
        """Open the project with transports that live on the clock of the test."""
        with open_house(self.folder, writing=writing) as house:
            for system in house.systems.values():
                system.transport.timing = Timing(self.clock.monotonic, self.clock, self.clock.skip, lambda: 0.5)
            yield house

    def go(
        self, mode: str = "run", *, full: bool = False, patience: float = 60, released: Sequence[str] = ()
    ) -> Result:
        """Run all pairs once, as the command line would."""
        self.runs += 1
        with self.house() as house:
            transports = {name: s.transport for name, s in house.systems.items()}
            boundary = LocalBoundary(
                transports, house.store, clock=self.clock, sleep=self.clock.skip, token=self._token
            )
            session = Session(
                f"run-{self.runs}", mode, lambda: Scratch(house.scratch_folder), full=full,
                released=frozenset({"first_contact", *released}),
            )  # fmt: skip
            try:
                return drive(run(session, house.pairs, alone=house.alone, patience=patience), boundary)
            finally:
                session.close()

    def settle(self, times: int = 4) -> Result:
        """Run as often as proofs of absence and quiet times need; give the last result."""
        for _ in range(times):
            self.clock.skip(LATER)
            result = self.go(full=True)
        return result

    def plan(self) -> Result:
        """Compare everything; change nothing."""
        return self.go("plan", full=True)

    def waiting(self) -> tuple[list[Any], list[Any]]:
        """Give the open questions and the parked records."""
        with self.house(writing=False) as house:
            return house.store.look(lambda tx: (tx.queue(), tx.quarantine()))

    def _token(self) -> str:
        self.tokens += 1
        return f"{self.runs:04d}{self.tokens:08d}"

    # the project

    def correct(self, system: str, old: str, new: str) -> None:
        """Correct a system's manifest as its author would."""
        manifest = self.folder / "systems" / f"{system}.yaml"
        text = manifest.read_text()
        assert old in text, old
        manifest.write_text(text.replace(old, new))

    def tally(self, *arguments: str) -> int:
        """Type a command; give its exit code."""
        return run_command(["--project", str(self.folder), *arguments])

    # the systems, asked without the engine

    def at(self, n: int) -> tuple[str, int]:
        """Give the ids of company ``n`` in both systems."""
        vat = company(n)["vatId"]
        left = next(c["id"] for c in self.crm.rows("companies") if c["vatId"] == vat)
        right = next(p["id"] for p in self.erp.rows("partner") if p["ust_id"] == vat)
        return left, right

    def left(self) -> list[tuple[Any, ...]]:
        """Show everything in the CRM that is mapped, as the CRM spells it, sorted; companies by their VAT number."""
        firms = {c["id"]: c["vatId"] for c in self.crm.rows("companies")}
        keys = "name", "vatId", "email", "phone", "contactName", "postalCode", "city", "country", "status"
        rows = [tuple(c[k] for k in keys) for c in self.crm.rows("companies")]
        keys = "firstName", "lastName", "email", "phone", "status"
        rows += [(*(c[k] for k in keys), firms.get(c["companyId"])) for c in self.crm.rows("contacts")]
        return sorted(rows, key=repr)

    def right(self) -> list[tuple[Any, ...]]:
        """Show everything in the ERP that is mapped, as the CRM would spell it."""
        words = {label: key for key, label in STATUSES.items()}
        partners = self.erp.rows("partner")
        firms = {p["id"]: p["ust_id"] for p in partners}
        keys = "name1", "ust_id", "email", "telefon", "ansprechpartner", "plz", "ort", "land"
        rows = [(*(p[k] for k in keys), words[p["status"]]) for p in partners if p["art"] == "firma"]
        keys = "vorname", "name1", "email", "telefon"
        rows += [
            (*(p[k] for k in keys), words[p["status"]], firms.get(p["firma_id"]))
            for p in partners
            if p["art"] == "person"
        ]
        return sorted(rows, key=repr)

    def doubles(self) -> list[str]:
        """Name everything that stands twice in one system, deleted records included."""
        crm = [r["email"] for name in ("companies", "contacts") for r in self.crm.rows(name, deleted=True)]
        erp = [r["email"] for r in self.erp.rows("partner", deleted=True)]
        return [f"{n}: {k}" for n, keys in (("crm", crm), ("erp", erp)) for k, c in Counter(keys).items() if c > 1]

    def writes(self, method: str) -> tuple[int, ...]:
        """Count the writes of a kind that the CRM and the ERP really carried out."""
        return tuple(sum(e.applied and e.method == method for e in t.log) for t in (self.crm, self.erp))

    def edit_both(self) -> None:
        """Leave work of every kind on each side: creates, updates, a deletion; and a new contact of a new company."""
        for n in (1, 2, 3):
            self.crm.change("companies", self.at(n)[0], {"phone": f"+49 40 66969{n:03d}"})
        for n in (4, 5, 6):
            self.erp.change("partner", self.at(n)[1], {"ort": "Lüneburg"})
        self.crm.remove("companies", self.at(7)[0])
        self.erp.remove("partner", self.at(8)[1])
        new = [self.crm.put("companies", company(n)) for n in (21, 22, 23)]
        self.erp.put("partner", partner(24))
        self.erp.put("partner", partner(25))
        self.crm.put(
            "contacts",
            {"firstName": "Jörg", "lastName": "Weiß", "email": "weiss@werk21.example", "companyId": new[0]["id"]},
        )
        self.clock.skip(LATER)


def always(what: What, **settings: Any) -> Fault:
    """Give a fault that stands until it is cleared."""
    return Fault(what, count=None, **settings)


def assert_undamaged(world: TwinsWorld) -> None:
    """Whatever stands, nothing is doubled, and of the records that were there only the two deleted ones may go."""
    assert world.doubles() == []
    deleted = {r["vatId"] for r in world.crm.rows("companies", deleted=True)}
    deleted -= {r["vatId"] for r in world.crm.rows("companies")}
    gone = {p["ust_id"] for p in world.erp.rows("partner", deleted=True)} - {
        p["ust_id"] for p in world.erp.rows("partner")
    }
    assert deleted | gone <= {"DE000000007", "DE000000008"}
    assert len(world.crm.rows("contacts")) == 4


def expected() -> list[tuple[Any, ...]]:
    """Say what both systems hold after ``edit_both`` was carried over."""
    rows = []
    for n in (*range(COMPANIES), 21, 22, 23, 24, 25):
        c = company(n)
        c |= {"phone": f"+49 40 66969{n:03d}"} if n in {1, 2, 3} else {"city": "Lüneburg"} if n in {4, 5, 6} else {}
        if n not in {7, 8}:
            keys = "name", "vatId", "email", "phone", "contactName", "postalCode", "city", "country", "status"
            rows.append(tuple(c[k] for k in keys))
    rows += [_contact(n) for n in (0, 9, 10)]
    rows.append(("Jörg", "Weiß", "weiss@werk21.example", None, "lead", company(21)["vatId"]))
    return sorted(rows, key=repr)


def _contact(n: int) -> tuple[Any, ...]:
    return ("Bea", f"Öhler {n}", f"bea{n}@werk.example", None, "lead", company(n)["vatId"])


def build(folder: Path) -> Path:
    """Make a filled and synced world once; ``opened`` copies it. Gives the folder."""
    project = folder / "project"
    with as_file(files("tallystick.testing.twins") / "project") as source:
        shutil.copytree(source, project, ignore=shutil.ignore_patterns("__pycache__"))
    file = project / "tally.yaml"
    file.write_text(file.read_text().replace("timeout_seconds: 5", f"timeout_seconds: {TIMEOUT_SECONDS}"))
    with _serve(folder, Clock()) as (crm, erp):
        for twin in (crm, erp):
            asked = ["--openapi", f"{twin.url}/openapi.json", "--base-url", twin.url]
            assert run_command(["--project", str(project), "--quiet", "describe", twin.name, *asked]) == 0
        _fill(crm, erp)
        world = TwinsWorld(project, crm, erp, Clock())
        result = world.go()
        assert not result.failures
        assert world.left() == world.right()
        for twin in (crm, erp):
            manifest = project / "systems" / f"{twin.name}.yaml"
            manifest.write_text(manifest.read_text().replace(twin.url, f"http://127.0.0.1:{twin.name}"))
    return folder


def _fill(crm: CrmTwin, erp: ErpTwin) -> None:
    for n in range(COMPANIES):
        left = crm.put("companies", company(n))
        right = erp.put("partner", partner(n))
        if n in {0, 9, 10}:
            who = {"email": f"bea{n}@werk.example"}
            crm.put("contacts", {**who, "firstName": "Bea", "lastName": f"Öhler {n}", "companyId": left["id"]})
            erp.put(
                "partner", {**who, "art": "person", "vorname": "Bea", "name1": f"Öhler {n}", "firma_id": right["id"]}
            )


@contextlib.contextmanager
def opened(built: Path, folder: Path) -> Iterator[TwinsWorld]:
    """Copy a built world and serve it; everything is stopped in the end."""
    shutil.copytree(built, folder, dirs_exist_ok=True)
    clock = Clock()
    with _serve(folder, clock) as (crm, erp):
        for twin in (crm, erp):
            manifest = folder / "project" / "systems" / f"{twin.name}.yaml"
            manifest.write_text(manifest.read_text().replace(f"http://127.0.0.1:{twin.name}", twin.url))
        yield TwinsWorld(folder / "project", crm, erp, clock)


@contextlib.contextmanager
def _serve(folder: Path, clock: Clock) -> Iterator[tuple[CrmTwin, ErpTwin]]:
    crm_token, erp_token = TOKENS.values()
    with (
        CrmTwin(database=str(folder / "crm.db"), token=crm_token, clock=clock) as crm,
        ErpTwin(database=str(folder / "erp.db"), token=erp_token, clock=clock, rate_limit=None) as erp,
    ):
        yield crm, erp
