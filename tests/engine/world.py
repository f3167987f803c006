"""Two systems in memory, a mapping between them, and the production engine on a clock that tests move."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from textwrap import dedent
from typing import Any

from tallystick.engine.effects import drive
from tallystick.engine.local import LocalBoundary
from tallystick.engine.run import Result, run
from tallystick.engine.session import Session
from tallystick.project.load import load_project
from tallystick.store.scratch import Scratch
from tallystick.store.store import open_store
from tallystick.wiring import make_pairs, open_systems

CRM = """
protocol: memory
network: {timeout_seconds: 1}
objects:
  companies:
    omits_blank: true
    modified: changed
    version: version
    created: made
    since: {param: since}
    filters: {ref: {param: ref}, vat: {param: vat}}
    create: {method: POST, path: /}
    update: {method: PATCH, path: /}
    delete: {method: DELETE, path: /}
    list: {method: GET, path: /}
    get: {method: GET, path: /}
    claims: {cas_write: true, create_idem: CRM_IDEM, strong_reads: true, returns_record: true}
    fields:
      id: {type: text, read_only: true}
      version: {type: integer, read_only: true}
      changed: {type: instant, read_only: true}
      made: {type: instant, read_only: true}
      name: {type: text, required: true, max_length: 60}
      vat: {type: text}
      city: {type: text}
      ref: {type: text, unique: true}
"""

ERP = """
protocol: memory
network: {timeout_seconds: 1}
objects:
  partners:
    omits_blank: true
    modified: changed
    version: version
    created: made
    since: {param: since}
    filters: {ref: {param: ref}, vat_id: {param: vat_id}}
    create: {method: POST, path: /}
    update: {method: PATCH, path: /}
    delete: {method: DELETE, path: /}
    list: {method: GET, path: /}
    get: {method: GET, path: /}
    claims: {cas_write: true, create_idem: ERP_IDEM, strong_reads: true, returns_record: true}
    fields:
      id: {type: text, read_only: true}
      version: {type: integer, read_only: true}
      changed: {type: instant, read_only: true}
      made: {type: instant, read_only: true}
      name1: {type: text, required: true, max_length: 30}
      vat_id: {type: text}
      ort: {type: text}
      ref: {type: text, unique: true}
"""

MAPPING = """
left: {system: crm, object: companies}
right: {system: erp, object: partners}
match:
  - {on: vat, normalise: alphanumeric}
fields:
  name: {left: name, right: name1}
  vat: {left: vat, right: vat_id}
  city: {left: city, right: ort}
on_unmatched: {left: create, right: create}
on_delete: {left: propagate, right: propagate}
"""


# Thousands of tiny transactions: where there is a file system in memory, they need not wait for a disk.
FAST = "/dev/shm" if Path("/dev/shm").is_dir() else None


class Killed(BaseException):
    """The process died here."""


@dataclass
class Watch:
    """Counts the doors to the world (requests to systems, transactions of the store) and dies at one of them.

    Every single request counts, also those that are in flight side by side.
    """

    die_at: int = -1
    after: bool = False
    count: int = 0

    def through(self, work: Callable[[], Any]) -> Any:
        """Pass one door: maybe die before it, maybe right after."""
        self.count += 1
        dies = self.count == self.die_at
        if dies and not self.after:
            raise Killed
        answer = work()
        if dies:
            raise Killed
        return answer

    @contextlib.contextmanager
    def over(self, world: "World") -> Iterator[None]:
        """Stand at every door of a world."""
        transports = [s.transport for s in world.systems.values()]
        answers, commit = [t.answer for t in transports], world.store.commit
        for transport, answer in zip(transports, answers, strict=True):
            transport.answer = lambda request, answer=answer: self.through(lambda: answer(request))
        world.store.commit = lambda work: self.through(lambda: commit(work))
        try:
            yield
        finally:
            for transport in transports:
                del transport.answer
            del world.store.commit


@dataclass
class World:
    folder: Path
    state: str
    now: float = 1_800_000_000.0
    runs: int = 0
    tokens: int = 0
    effects: int = 0
    events: list[Any] = field(default_factory=list)

    @classmethod
    def build(
        cls,
        folder: Path,
        mapping: str = MAPPING,
        crm: str = CRM,
        erp: str = ERP,
        *,
        idem: str = "extid",
        state: str = "",
    ) -> "World":
        (folder / "systems").mkdir(parents=True)
        (folder / "mappings").mkdir()
        (folder / "tally.yaml").write_text("name: world\n")
        (folder / "systems" / "crm.yaml").write_text(dedent(crm).replace("CRM_IDEM", idem))
        (folder / "systems" / "erp.yaml").write_text(dedent(erp).replace("ERP_IDEM", idem))
        (folder / "mappings" / "companies.yaml").write_text(dedent(mapping))
        world = cls(folder, state or f"sqlite:///{folder / 'state.db'}")
        world.open()
        return world

    def open(self) -> None:
        self.loaded = load_project(self.folder)
        self.systems = open_systems(self.loaded, contextlib.ExitStack())
        for system in self.systems.values():
            for shelf in getattr(system.transport, "shelves", {}).values():
                shelf.now = self.clock
            if hasattr(system.transport, "shelves"):
                system.transport.clock = self.clock
        self.store = open_store(self.state)
        self.pairs = make_pairs(self.loaded, self.systems)

    def swap(self, name: str, transport: Any) -> None:
        """Let another transport stand for a system's own."""
        system = self.systems[name]
        system.transport.close()
        self.systems[name] = replace(system, transport=transport)

    def remap(self, mapping: str) -> None:
        """Change the mapping file, as a person would, and load it again; the systems stay."""
        (self.folder / "mappings" / "companies.yaml").write_text(dedent(mapping))
        self.loaded = load_project(self.folder)
        self.pairs = make_pairs(self.loaded, self.systems)

    def clock(self) -> float:
        self.now += 0.001
        return self.now

    def token(self) -> str:
        self.tokens += 1
        return f"t{self.tokens:06d}"

    @property
    def left(self) -> Any:
        return self.systems["crm"].transport.shelves["companies"]

    @property
    def right(self) -> Any:
        return self.systems["erp"].transport.shelves["partners"]

    def rows(self, side: str) -> dict[str, dict[str, Any]]:
        shelf = self.left if side == "left" else self.right
        return {r["id"]: r for r in shelf}

    def boundary(self) -> LocalBoundary:
        return LocalBoundary(
            {name: s.transport for name, s in self.systems.items()},
            self.store,
            clock=self.clock,
            sleep=self.pass_time,
            token=self.token,
            sink=self.events.append,
        )

    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    def session(self, mode: str, **options: Any) -> Session:
        self.runs += 1
        return Session(f"run-{self.runs}", mode, lambda: Scratch(self.folder), **options)

    def go(self, mode: str = "run", **options: Any) -> Result:
        if mode == "run":
            options.setdefault("released", frozenset({"first_contact"}))
        session = self.session(mode, **options)
        try:
            return drive(run(session, self.pairs, alone=True, patience=60), self.boundary())
        finally:
            session.close()

    def plan(self, **options: Any) -> Result:
        return self.go("plan", **options)

    def sync(self, **options: Any) -> Result:
        result = self.go("run", **options)
        assert not result.failures, result.failures
        return result

    def look(self, work: Callable[[Any], Any]) -> Any:
        return self.store.look(work)

    def queue(self) -> list[Any]:
        return self.look(lambda tx: tx.queue())

    def parked(self) -> list[Any]:
        return self.look(lambda tx: tx.quarantine())

    def writes(self) -> int:
        return sum(r.op != "mapping" for r in self.look(lambda tx: tx.ledger(limit=100_000)))

    def close(self) -> None:
        self.store.close()
