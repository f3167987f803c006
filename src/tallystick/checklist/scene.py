"""What the rooms look at: an opened project, seen by somebody who may only read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from tallystick.core.error import Error
from tallystick.core.path import Path
from tallystick.core.ports import Capabilities, Flow, NotThere, Page, Position, Sighting, Update, Written
from tallystick.core.record import SIDES, Raw
from tallystick.core.schema import ObjectType
from tallystick.engine.pair import End, Pair
from tallystick.project.load import LoadedProject
from tallystick.project.manifest import Manifest, ObjectSpec

About = Literal["system", "object", "mapping"]


class Reader(Protocol):
    """The reading half of a connector. Rooms get nothing else, so none can write by accident."""

    def objects(self) -> tuple[str, ...]:
        """Name the object types."""

    def schema(self, object_name: str) -> ObjectType:
        """Describe one object type as the manifest has it."""

    def capabilities(self, object_name: str) -> Capabilities:
        """Say what can be done with an object type, as the manifest has it."""

    def read(
        self,
        object_name: str,
        since: float | None = None,
        position: Position | None = None,
        page_size: int | None = None,
    ) -> Flow[Page]:
        """Read one page of a listing."""

    def sight(self, object_name: str, row: bytes) -> Sighting:
        """Decode one row of a page."""

    def get(self, object_name: str, record_id: str) -> Flow[Sighting | NotThere]:
        """Read one record by id."""

    def find(self, object_name: str, path: Path, value: Any) -> Flow[Sequence[Sighting]]:
        """Find records by a searchable field."""


class Writer(Reader, Protocol):
    """A connector for rooms that write, where that is allowed."""

    def create(self, object_name: str, body: Raw, key: str) -> Flow[Written]:
        """Create one record."""

    def update(self, object_name: str, update: Update) -> Flow[Written]:
        """Change one record, on condition of its version where the system can."""

    def delete(self, object_name: str, record_id: str, version: str | None = None) -> Flow[None]:
        """Delete one record."""


@dataclass(slots=True)
class Cage:
    """What is written by a check: ``mark`` stands in each canary, ``writers`` are the systems that may be written.

    ``shut`` says of the other systems why not. ``alive`` are the canaries that are not removed yet.
    """

    mark: str
    writers: Mapping[str, Writer]
    shut: Mapping[str, str] = field(default_factory=dict)
    alive: dict["Subject", list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Budget:
    """How much one check may ask of a system: records looked at per object, and pages of one listing."""

    sample: int = 2000
    pages: int = 60
    patience: float = 20
    """Seconds that a canary's write is waited for until it shows."""


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """What a question is asked about: a system, an object of it, or a mapping."""

    system: str = ""
    object: str = ""
    mapping: str = ""

    @property
    def name(self) -> str:
        """The name that reports use."""
        return self.mapping or "/".join(part for part in (self.system, self.object) if part)

    @property
    def about(self) -> About:
        """What kind of subject it is."""
        return "mapping" if self.mapping else "object" if self.object else "system"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a system lives, without credentials. ``port`` 0 means that there is no network on the way.

    A proxy that is encrypted, wants a login or speaks SOCKS ``is_opaque``: only the service is asked through it.
    """

    host: str
    port: int = 0
    is_encrypted: bool = False
    ca_file: str = ""
    proxy_host: str = ""
    proxy_port: int = 0
    proxy_is_opaque: bool = False
    note: str = ""


@dataclass(slots=True)
class Walk:
    """One object's listing, read page by page until its end or the end of the budget.

    ``rows`` are the records as they came, ``sightings`` the readable ones of them, ``faults`` why others are not.
    ``ended`` tells that the listing said it is over; ``tail`` is its last page where only that could be read besides.
    """

    rows: list[bytes] = field(default_factory=list)
    sightings: list[Sighting] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    totals: list[int] = field(default_factory=list)
    tail: list[Sighting] = field(default_factory=list)
    ended: bool = False
    failure: Error | None = None
    started: float = 0
    server_time: float | None = None

    @property
    def ids(self) -> list[str]:
        """The ids in the order in which they came."""
        return [s.id for s in self.sightings]

    @property
    def alive(self) -> list[Sighting]:
        """The readable records that are not marked as deleted."""
        return [s for s in self.sightings if not s.deleted]


@dataclass(slots=True)
class Scene:
    """An opened project as the rooms see it.

    ``walks`` and ``described`` keep what was read, so that rooms share it.
    """

    loaded: LoadedProject
    readers: Mapping[str, Reader]
    pairs: Sequence[Pair]
    addresses: Mapping[str, Address]
    budget: Budget = field(default_factory=Budget)
    walks: dict[tuple[str, str, int], Walk] = field(default_factory=dict)
    described: dict[tuple[str, str], Manifest] = field(default_factory=dict)
    cage: Cage | None = None
    """Where canaries are made; unset means that nothing is written."""

    def manifest(self, subject: Subject) -> Manifest:
        """Give the manifest of a subject's system."""
        return self.loaded.manifests[subject.system]

    def spec(self, subject: Subject) -> ObjectSpec:
        """Give the manifest's entry of a subject's object."""
        return self.loaded.manifests[subject.system].objects[subject.object]

    def reader(self, subject: Subject) -> Reader:
        """Give the reading half of a subject's connector."""
        return self.readers[subject.system]

    def pair(self, subject: Subject) -> Pair:
        """Give the pair that a subject names."""
        return next(p for p in self.pairs if p.name == subject.mapping)

    def subjects(self, about: About) -> list[Subject]:
        """Give everything that a question can be asked about.

        Of a system only the objects that mappings use are looked at; of one that no mapping uses, the first listed.
        """
        if about == "mapping":
            return [Subject(mapping=p.name) for p in self.pairs]
        if about == "system":
            return [Subject(name) for name in sorted(self.readers)]
        used = {Subject(e.system, e.object) for e in self.ends()}
        for name in self.readers.keys() - {s.system for s in used}:
            objects = self.loaded.manifests[name].objects
            listed = [o for o, spec in objects.items() if spec.list or spec.export or spec.table]
            used |= {Subject(name, o) for o in listed[:1]}
        return sorted(used)

    def ends(self) -> Iterator[End]:
        """Give both ends of all pairs."""
        for pair in self.pairs:
            for side in SIDES:
                yield pair.end(side)


def of_end(end: End) -> Subject:
    """Give the object of one end of a pair."""
    return Subject(end.system, end.object)
