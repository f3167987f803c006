"""The stage of a scenario: two systems in memory, the production engine and store, a clock that the story moves.

Every call to a system passes one door, where it is written down and where the story's failures are put in.
"""

import contextlib
import functools
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from scenario_door import Door, Sent
from scenario_file import Case, Mapping, System
from scenario_lines import KEY, Lines

from tallystick.core.record import SIDES, Side, encode_raw
from tallystick.engine.effects import drive
from tallystick.engine.field_watch import Expected, FieldWatch
from tallystick.engine.local import LocalBoundary
from tallystick.engine.run import Result, run
from tallystick.engine.session import Session
from tallystick.project.load import LoadedProject, load_project
from tallystick.store.scratch import Scratch
from tallystick.store.store import open_store
from tallystick.wiring import make_pairs, open_systems

# Thousands of tiny transactions: where there is a file system in memory, they need not wait for a disk.
FAST = "/dev/shm" if Path("/dev/shm").is_dir() else None
PATIENCE_SECONDS = 60
KINDS = ("company", "contact")
MAPPINGS = {"company": "companies", "contact": "contacts"}
OBJECTS = {**MAPPINGS, "address": "addresses"}
WHOLE, ADDRESS = "customers", ("city", "phone")  # of a company whose address is a record of its own
UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
READ_ONLY = {"id": "text", "version": "integer", "changed": "instant", "made": "instant"}
FIELDS: dict[str, dict[str, Any]] = {
    "name": {"type": "text", "required": True},
    **{name: {"type": "text"} for name in ("vat", "email", "city", "phone", "note", "status", "tags", "company")},
    "ref": {"type": "text", "unique": True},
    "size": {"type": "integer"},
    "credit": {"type": "number"},
}
LINE = ("name", "vat", "city", "phone", "note")
ALWAYS_MAPPED = ("name", "vat", "city")
DEFAULTS = {"on_unmatched": "create", "on_delete": "propagate"}


class Stage:
    """Everything a scenario needs; closed by ``close``."""

    def __init__(self, case: Case, folder: Path) -> None:
        self.case = case
        self.folder = folder
        self.now = 1_800_000_000.0
        self.runs = 0
        self.tokens = 0
        self.sent: list[Sent] = []
        self.binned: dict[tuple[Side, str, str], dict[str, Any]] = {}
        self.settings: Mapping = case
        self.where = {"left": case.left.where, "right": case.right.where}
        self.with_contacts = _has_contacts(case)
        folder.mkdir()
        loaded = self._load()
        self.systems = open_systems(loaded, contextlib.ExitStack())
        for system in self.systems.values():
            system.transport.clock = self.clock
        (folder / "state.db").write_bytes(_empty_state())
        self.store = open_store(f"sqlite:///{folder / 'state.db'}")
        self.pairs = make_pairs(loaded, self.systems)
        for side in SIDES:
            for kind in self.kinds(side):
                if not (kind == "contact" and self.spec(side).lines_inside):
                    self.shelf(side, kind).now = self.clock
                    self._watch(side, kind, self.spec(side).habits)
            if self.spec(side).cascades:
                self._let_contacts_fall(side)
        self.doors = {side: Door(side, self.systems[side].transport, self.sent) for side in SIDES}

    def spec(self, side: Side) -> System:
        """Give what the case says of a system."""
        return self.case.left if side == "left" else self.case.right

    def kinds(self, side: Side) -> tuple[str, ...]:
        """Name the kinds of records that a system has, each once."""
        spec = self.spec(side)
        return (*(KINDS[:1] if spec.shares_companies else KINDS), *(["address"] if spec.address_apart else []))

    def kind_of(self, side: Side, pair: str) -> str:
        """Name the kind of the records that a mapping is about on a side."""
        kind = next(kind for kind, name in MAPPINGS.items() if name == pair)
        return "company" if self.spec(side).shares_companies else kind

    def shelf(self, side: Side, kind: str) -> Any:
        """Give the records of one kind in one system."""
        shelves = self.systems[side].transport.shelves
        if kind == "contact" and self.spec(side).lines_inside:
            return Lines(shelves[MAPPINGS["company"]])
        return shelves[OBJECTS[kind]]

    def change(self, settings: Mapping, where: dict[Side, dict[str, Any]]) -> None:
        """Change the mapping files, as a person would; systems and state stay."""
        self.settings, self.where = settings, where
        self.pairs = make_pairs(self._load(), self.systems)

    def _load(self) -> LoadedProject:
        files = {f"systems/{s}.yaml": _manifest(self.case.left if s == "left" else self.case.right) for s in SIDES}
        for kind in KINDS if self.with_contacts else KINDS[:1]:
            files[f"mappings/{MAPPINGS[kind]}.yaml"] = self._mapping(kind)
        return _load(tuple((name, encode_raw(content)) for name, content in files.items()))

    def _mapping(self, kind: str) -> dict[str, Any]:
        case, settings = self.case, self.settings
        ends = {s: _end(s, kind, self.spec(s), self.where[s]) for s in SIDES}
        chosen: dict[str, Any] = dict.fromkeys(ALWAYS_MAPPED) | settings.fields
        if kind == "contact" and not (case.left.shares_companies or case.right.shares_companies):
            chosen.setdefault("company", {})
            chosen["company"] = {"reference": "companies", **(chosen["company"] or {})}
        else:
            chosen.pop("company", None)
        apart = [s for s in SIDES if kind == "company" and self.spec(s).address_apart]
        fields = {
            name: _field(name, spec or {}, apart if name in ADDRESS else [])
            for name, spec in chosen.items()
            if name not in settings.without
        }
        policy = {**DEFAULTS, **settings.policy}
        for both in ("on_unmatched", "on_delete"):
            if isinstance(policy[both], str):
                policy[both] = dict.fromkeys(SIDES, policy[both])
        match = [{"on": "vat", "normalise": "alphanumeric"}] if settings.match is None else settings.match
        return {**ends, "match": match, "fields": fields, **policy}

    def clock(self) -> float:
        """Give the time; it never stands still."""
        self.now += 0.001
        return self.now

    def pass_time(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

    def token(self) -> str:
        """Give a new identifier."""
        self.tokens += 1
        return f"t{self.tokens:06d}"

    def go(self, mode: Any = "run", **options: Any) -> Result:
        """Run the engine once."""
        self.runs += 1
        session = Session(f"run-{self.runs}", mode, lambda: Scratch(self.folder), **options)
        session.fields = FieldWatch(dict(self._expected()))
        transports = {name: s.transport for name, s in self.systems.items()}
        boundary = LocalBoundary(
            transports, self.store, clock=self.clock, sleep=self.pass_time, token=self.token, sink=None
        )
        try:
            return drive(run(session, self.pairs, alone=True, patience=PATIENCE_SECONDS), boundary)
        finally:
            session.close()

    def _expected(self) -> Iterator[tuple[tuple[str, str], Expected]]:
        """Leave one field out of what is written about an object that is to stop at it."""
        for side in SIDES:
            unwritten = self.spec(side).stops_at
            for end in [pair.end(side) for pair in self.pairs] if unwritten else ():
                schema = end.connector.schema(end.object)
                written = replace(schema, fields=tuple(f for f in schema.fields if f.path != unwritten))
                yield (end.system, end.object), Expected(written, frozenset({"id"}), stops=True)

    def _watch(self, side: Side, kind: str, habits: dict[str, str]) -> None:
        """Let a system re-spell values as it stores them, whoever writes them; and keep a bin to restore from."""
        shelf = self.shelf(side, kind)
        keep = shelf._keep

        def kept(record_id: str, record: dict[str, Any], version: int, now: float) -> None:
            for name, habit in habits.items():
                if habit.startswith("follows "):
                    record[name] = record.get(habit.removeprefix("follows "))
                elif record.get(name) is not None:
                    record[name] = _respelled(record[name], habit)
            keep(record_id, record, version=version, now=now)
            self.binned[side, kind, record_id] = {k: v for k, v in record.items() if k == "id" or k not in READ_ONLY}

        shelf._keep = kept

    def _let_contacts_fall(self, side: Side) -> None:
        """Let a system delete the contacts of a company along with it."""
        transport, contacts = self.systems[side].transport, self.shelf(side, "contact")
        answer = transport.answer

        def answered(request: Any) -> Any:
            found = answer(request)
            if request.verb == "delete" and request.object == MAPPINGS["company"]:
                for row in list(contacts):
                    if row.get("company") == request.arguments["record_id"]:
                        contacts.delete(row["id"])
            return found

        transport.answer = answered

    def look(self, work: Callable[[Any], Any]) -> Any:
        """Read the store."""
        return self.store.look(work)

    def close(self) -> None:
        """Close the store."""
        self.store.close()


@contextlib.contextmanager
def set_stage(case: Case) -> Iterator[Stage]:
    """Set the stage of a case, and clear it afterwards."""
    with tempfile.TemporaryDirectory(dir=FAST) as folder:
        stage = Stage(case, Path(folder) / "project")
        try:
            yield stage
        finally:
            stage.close()


def seconds(text: str) -> float:
    """Read ``10 minutes``."""
    number, _, unit = text.partition(" ")
    return float(number) * UNITS[unit.removesuffix("s")]


@functools.cache
def _load(files: tuple[tuple[str, bytes], ...]) -> LoadedProject:
    """Load a project of these files. Many scenarios share one, and nothing changes it."""
    with tempfile.TemporaryDirectory(dir=FAST) as made:
        folder = Path(made)
        (folder / "tally.yaml").write_text("name: scenario\n")
        for name, content in files:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(content)  # JSON is YAML
        return load_project(folder)


@functools.cache
def _empty_state() -> bytes:
    """Give the file of a store in which nothing has happened yet; making one takes longer than most scenarios."""
    with tempfile.TemporaryDirectory(dir=FAST) as folder:
        path = Path(folder) / "state.db"
        open_store(f"sqlite:///{path}").close()
        return path.read_bytes()


def _has_contacts(case: Case) -> bool:
    tables = [case.start.both, case.start.left, case.start.right]
    tables += [step.what for step in case.steps if step.verb in {"left adds", "right adds"}]
    return any(row.get("is") == "contact" for table in tables for row in table.values())


def _manifest(spec: System) -> dict[str, Any]:
    fields: dict[str, Any] = {name: {"type": kind, "read_only": True} for name, kind in READ_ONLY.items()}
    fields |= {name: {**declared, **spec.fields.get(name, {})} for name, declared in FIELDS.items()}
    call = {"method": "POST", "path": "/"}
    each: dict[str, Any] = {
        "omits_blank": spec.leaves_out_blanks,
        "modified": "changed",
        "version": "version",
        "created": "made",
        **dict.fromkeys(("create", "update", "delete", "list", "get"), call),
        "paging": {"type": "cursor", "next": "next", "size": spec.page_size},
        "claims": {
            "cas_write": spec.conditional_writes,
            "create_idem": spec.creates,
            "strong_reads": True,
            "consistency_seconds": spec.consistency_seconds,
            "returns_record": spec.answers_with_record,
        },
        "fields": fields,
    }
    if spec.lists_changes:
        each["since"] = {"param": "since"}
    if spec.searchable:
        each["filters"] = {name: {"param": name} for name in ("ref", "vat")}
    if spec.cascades:
        fields["company"] = {**fields["company"], "cascades": True}
    if spec.marks_deleted:
        fields["deleted"] = {"type": "boolean"}
        each["deleted"] = {"path": "deleted"}
    if spec.bulk:
        each["create_bulk"] = each["update_bulk"] = {**call, "size": spec.bulk}
    network = {"timeout_seconds": spec.timeout_seconds}
    objects: dict[str, Any] = dict.fromkeys(MAPPINGS.values(), each)
    if spec.lines_inside:
        inside = {"object": MAPPINGS["company"], "path": "lines", "key": KEY, "holder": "company"}
        objects[MAPPINGS["company"]] = {**each, "fields": {**fields, "lines": {"type": "list"}}}
        objects[MAPPINGS["contact"]] = {"inside": inside, "fields": {name: FIELDS[name] for name in LINE}}
    if spec.address_apart:
        own = {name: declared for name, declared in fields.items() if name in {*READ_ONLY, "company", *ADDRESS}}
        objects["addresses"] = {**each, "fields": own, "filters": {"company": {"param": "company"}}}
        address = {"object": "addresses", "link": "company"}
        objects[WHOLE] = {"anchor": MAPPINGS["company"], "parts": {"address": address}}
    return {"protocol": "memory", "network": network, "objects": objects}


def _end(side: Side, kind: str, spec: System, where: dict[str, Any]) -> dict[str, Any]:
    is_whole = spec.address_apart and kind == "company"
    name = WHOLE if is_whole else MAPPINGS["company" if spec.shares_companies else kind]
    end: dict[str, Any] = {"system": side, "object": name}
    more = {"where": where, "archive": spec.archive, "on_create": spec.on_create, "external_id": spec.external_id}
    return end | {key: value for key, value in more.items() if value}


def _field(name: str, spec: dict[str, Any], apart: list[Side]) -> dict[str, Any]:
    own = {side: spec.get(side, {}) for side in SIDES}
    paths = {side: f"address.{name}" if side in apart else name for side in SIDES}
    places = {side: {**({} if "spread" in own[side] else {"path": paths[side]}), **own[side]} for side in SIDES}
    return {**spec, **places}


def _respelled(value: Any, habit: str) -> Any:
    word, _, number = habit.partition(" ")
    match word:
        case "trims":
            return value.strip()
        case "collapses":
            return " ".join(value.split())
        case "capitals":
            return value.upper()
        case "cuts":
            return value[: int(number)]
        case "rounds":
            return round(value, int(number))
        case "dashes":
            return "-".join(value.replace("-", ""))
        case _:
            raise ValueError(f"no system has the habit '{habit}'")
