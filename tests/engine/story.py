"""The canonical story: two kinds of records, every operation once, and a death at any door of it.

    a first load     links, adoptions with a blank to fill, creates both ways in batches, one item of a batch refused,
                     a ring of references that is closed in a second step
    a busy day       updates each way, two fields of one record, a conflict that is asked about and one that a side
                     wins, a deletion that is carried over, one that archives, an answer that is lost, a write that
                     has to be tried again; listings take half a lease a page, so that they go on where they were
    the day after    what became of the lost answer
    a mistake        a run that is taken back

Doors are the requests to the systems, each by itself, and the transactions of the state. Whoever dies at one begins the
same command again in a new process; people do not notice.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from world import Killed, World

from tallystick.core.error import Throttled, Unavailable
from tallystick.engine.effects import drive
from tallystick.engine.run import run
from tallystick.engine.undo import Undoing

IDEMS = ("key", "extid", "search", "client_id", "none")
QUIET = 200.0  # longer than anything can be in flight
HALF_A_LEASE = 25.0
ASK_NOBODY = frozenset({"first_contact", "deletes", "updates", "creates", "blanks", "shrink"})
HEAD = "protocol: memory\nnetwork: {timeout_seconds: 1}\nobjects:\n"
OBJECT = """
  NAME:
    omits_blank: true
    modified: changed
    version: version
    created: made
    ID
    since: {param: since}
    filters: {nr: {param: nr}}
    paging: {type: offset, limit: 4}
    create: {method: POST, path: /}
    update: {method: PATCH, path: /}
    delete: {method: DELETE, path: /}
    list: {method: GET, path: /}
    get: {method: GET, path: /}
    BULK
    claims: {cas_write: true, create_idem: IDEM, strong_reads: true, returns_record: true}
    fields:
      id: {type: text, read_only: true}
      version: {type: integer, read_only: true}
      changed: {type: instant, read_only: true}
      made: {type: instant, read_only: true}
      nr: {type: text}
      name: {type: text, required: true, max_length: LONG}
      city: {type: text}
      phone: {type: text}
      status: {type: text}
      other: {type: text}
      ref: {type: text, unique: true}
"""
BULK = "create_bulk: {method: POST, path: /batch, size: 3, items: i, results: r}"
MAPPING = """
left: {system: crm, object: NAME KEEP}
right: {system: erp, object: NAME KEEP, archive: {status: archived}}
match: [{on: nr, normalise: exact}]
fields:
  nr: {left: nr, right: nr}
  name: {left: name, right: name}
  city: {left: city, right: city}
  phone: {left: phone, right: phone, conflict: right}
  other: {left: other, right: other, reference: TO, on_missing_ref: MISSING}
on_unmatched: {left: create, right: create}
on_delete: {left: archive, right: propagate}
"""


@dataclass
class Doors:
    """Stand at every door of a world for as long as it lives; die at one of them, before or after it."""

    world: World
    die_at: int = 0
    after: bool = False
    count: int = 0
    seconds_a_page: float = 0.0
    trouble: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for system in self.world.systems.values():
            answer = system.transport.answer
            system.transport.answer = lambda request, a=answer: self.through(lambda: self._weather(a, request))
        commit = self.world.store.commit
        self.world.store.commit = lambda work: self.through(lambda: commit(work))

    def through(self, work: Callable[[], Any]) -> Any:
        """Pass one door."""
        self.count += 1
        dies = self.count == self.die_at
        if dies and not self.after:
            raise Killed
        try:
            return work()
        finally:
            if dies:
                raise Killed

    def _weather(self, answer: Callable[[Any], Any], request: Any) -> Any:
        """Let pages take their time, and the writes that are named in ``trouble`` fail once each."""
        if request.verb == "list":
            self.world.pass_time(self.seconds_a_page)
        named = [nr for nr in self.trouble if request.writes and f"'{nr}'" in repr(request.arguments)]
        if named and self.trouble[named[0]] == "slowed down":
            del self.trouble[named[0]]
            raise Throttled("too many requests", wait_seconds=1)
        result = answer(request)
        if named:
            del self.trouble[named[0]]
            raise Unavailable("the answer was lost", applied="unknown")
        return result


def open_world(folder: Path, idem: str) -> World:
    """Make the two systems and the mappings between them, for one way to find a create again."""
    own = "id: nr" if idem == "client_id" else ""
    keep = ", external_id: ref" if idem == "extid" else ""

    def system(bulk: str, longest: int) -> str:
        text = "".join(OBJECT.replace("NAME", name) for name in ("firms", "people")).replace("    ID\n", f"    {own}\n")
        return HEAD + text.replace("IDEM", idem).replace("BULK", bulk).replace("LONG", str(longest))

    def mapping(name: str, to: str, missing: str) -> str:
        text = MAPPING.replace("NAME", name).replace(" KEEP", keep)
        return text.replace("TO", to).replace("MISSING", missing)

    firms = mapping("firms", "people", "send_without")
    alone = "".join(line for line in firms.splitlines(keepends=True) if "reference" not in line)
    world = World.build(folder, alone, system("", 60), system(BULK, 30))
    (folder / "mappings" / "companies.yaml").unlink()
    (folder / "mappings" / "firms.yaml").write_text(firms)
    (folder / "mappings" / "people.yaml").write_text(mapping("people", "firms", "wait"))
    world.store.close()
    world.open()
    return world


@dataclass
class Story:
    """One telling of the story. ``deaths`` counts how often it was interrupted, ``count`` the doors it passed.

    ``spared`` are the records that a user wanted to delete and could not, because they had not arrived (W-3).
    """

    world: World
    doors: Doors
    deaths: int = 0
    count: int = 0
    spared: set[str] = field(default_factory=set)

    def shelf(self, system: str, name: str) -> Any:
        """Give the records of a system as its users see them."""
        return self.world.systems[system].transport.shelves[name]

    def put(self, system: str, kind: str, nr: str, **values: Any) -> str:
        """Let a user make a record."""
        return str(self.shelf(system, kind).create({"nr": nr, "name": f"{kind} {nr}", "city": "Ulm", **values}))

    def at(self, system: str, name: str, nr: str) -> str | None:
        """Find the id of a record; only a system of which nobody knows what arrived may lack it (W-3)."""
        shelf = self.shelf(system, name)
        found = [str(r["nr" if shelf.spec.id == "nr" else "id"]) for r in shelf if r["nr"] == nr]
        assert found or shelf.spec.claims.create_idem == "none", f"{system} lacks {nr}"
        return found[0] if found else None

    def change(self, system: str, kind: str, nr: str, **values: Any) -> None:
        """Let a user change a record, if it is there."""
        if record := self.at(system, kind, nr):
            self.shelf(system, kind).update(record, values)

    def remove(self, system: str, name: str, nr: str) -> None:
        """Let a user delete a record, if it is there."""
        if record := self.at(system, name, nr):
            self.shelf(system, name).delete(record)
        else:
            self.spared.add(nr)

    def tell(self) -> None:
        """Tell it all; whoever dies begins the same command again."""
        self._first_load()
        self._sync(full=True)
        self._busy_day()
        self._sync()
        self.doors.seconds_a_page = 0.0
        self._sync()
        self._sync(full=True)
        self._mistake()
        runs = self._sync()
        for name in reversed(runs):
            self._until_done(lambda name=name: self._undo(name))
        for _ in range(3):
            self._sync(full=True)

    def _until_done(self, command: Callable[[], Any]) -> list[str]:
        """Begin a command until it comes to its end; give the runs that it took."""
        first = self.world.runs + 1
        while True:
            try:
                command()
            except Killed:
                self.deaths += 1
                self.world.pass_time(QUIET)
            else:
                return [f"run-{n}" for n in range(first, self.world.runs + 1)]

    def _sync(self, **options: Any) -> list[str]:
        self.world.pass_time(QUIET)
        return self._until_done(lambda: self.world.go("run", released=ASK_NOBODY, **options))

    def _undo(self, name: str) -> None:
        session = self.world.session("undo", released=ASK_NOBODY)
        try:
            flow = run(session, self.world.pairs, alone=True, patience=60, look=Undoing(name).observe)
            drive(flow, self.world.boundary())
        finally:
            session.close()

    def _first_load(self) -> None:
        for n in range(7):
            self.put("crm", "firms", f"F{n}")
        self.put("crm", "firms", "F7", name="Z" * 40)
        self.put("erp", "firms", "F0", phone="1")
        self.put("erp", "firms", "F1")
        self.put("erp", "firms", "F8")
        main = self.put("crm", "people", "P0", other=self.at("crm", "firms", "F2"))
        self.change("crm", "firms", "F2", other=main)
        for n in range(1, 5):
            self.put("crm", "people", f"P{n}", other=self.at("crm", "firms", f"F{n}"))
        for n in range(10, 19):
            self.put("crm", "people", f"P{n}", other=self.at("crm", "firms", "F5"))
        self.put("erp", "people", "P5", other=self.at("erp", "firms", "F0"))

    def _busy_day(self) -> None:
        self.doors.seconds_a_page = HALF_A_LEASE
        self.change("crm", "firms", "F0", city="Bonn")
        self.change("erp", "firms", "F1", name="Anker AG")
        self.change("crm", "firms", "F2", city="Bonn")
        self.change("erp", "firms", "F2", phone="2")
        self.change("crm", "firms", "F3", city="Bonn", phone="3")
        self.change("erp", "firms", "F3", city="Köln", phone="4")
        self.remove("crm", "people", "P3")
        self.remove("erp", "people", "P4")
        self.change("erp", "people", "P1", city="Mainz")
        self.change("crm", "people", "P2", phone="6")
        for n in range(10, 17):
            self.change("erp", "people", f"P{n}", phone="7")
        self.put("crm", "firms", "F9")
        self.put("crm", "people", "P6", other=self.at("crm", "firms", "F9"))
        self.put("erp", "people", "P7", other=self.at("erp", "firms", "F8"))
        self.doors.trouble = {"P6": "lost", "P7": "slowed down", "F9": "lost", "Mainz": "lost", "6": "slowed down"}

    def _mistake(self) -> None:
        self.doors.trouble = {}
        self.change("crm", "firms", "F4", city="Wrong", name="Wrong")
        self.change("erp", "people", "P5", city="Wrong")

    def end(self) -> tuple[Any, ...]:
        """Show what people see in the end: both systems, references by what they point to, and what is asked."""
        keys = "nr", "name", "city", "phone", "status"
        systems = []
        for system in ("crm", "erp"):
            for name, to in (("firms", "people"), ("people", "firms")):
                nrs = {self.at(system, to, r["nr"]): r["nr"] for r in self.shelf(system, to)}
                rows = [(*(r.get(k) for k in keys), nrs.get(r.get("other"), "")) for r in self.shelf(system, name)]
                systems.append(sorted(rows, key=repr))
        asked = sorted((q.kind, q.pair, q.field) for q in self.world.queue())
        parked = sorted((p.code, p.pair, p.field) for p in self.world.parked())
        return (*systems, asked, parked)


def tell(folder: Path, idem: str, die_at: int = 0, *, after: bool = False) -> tuple[tuple[Any, ...], Story]:
    """Tell the story with at most one death; give how it ended."""
    world = open_world(folder, idem)
    try:
        story = Story(world, Doors(world, die_at, after=after))
        story.tell()
        story.doors.die_at = 0
        story.count = story.doors.count
        plan = world.plan(full=True).plan
        assert plan.is_empty, plan.operations
        return story.end(), story
    finally:
        world.close()
