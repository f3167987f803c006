"""The seams of the house: what the engine asks of connectors, transports and the store, and how it asks.

Everything that touches the world is a *flow*: a generator that yields requests and is sent the answers. A connector's
flow yields its protocol's requests and is run by a ``Transport``; an engine's flow yields ``Effect``s and is run by a
boundary. So nothing here has a colour (sync or async), and a test or a simulation can stand at every single door.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar, runtime_checkable

import msgspec

from tallystick.core.error import DataError, Error
from tallystick.core.path import Path
from tallystick.core.record import Raw
from tallystick.core.schema import Field, ObjectType
from tallystick.core.state import StoreTx

T = TypeVar("T")
Flow = Generator[Any, Any, T]

# --- connectors ---------------------------------------------------------------------------------------------------

LEEWAY_SECONDS = 5.0  # how much later than its intent says a write may go out; part of the quiet time
Position = str  # opaque to everybody but the connector that made it; durable, so it must survive a restart


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a system can do for one object type (R-2.1). Every default is the weakest claim. Times are in seconds.

    ``in_flux`` is the longest time that a timed-out request may still take effect (T_infl), twice ``timeout`` normally.
    ``omits_blank`` tells that records leave out fields that are blank; otherwise a missing field is unknown (R-4.6).
    ``shares_key`` tells that creates of one batch go under one common idempotency key, so that an unknown batch can
    only be repeated as a whole (R-10.7). Where writes ``is_serial``, none may be under way beside another one.
    ``tokens`` tells that pages carry a ``token``, by which changes can be asked for whether ``since`` is or not.
    """

    create: bool = False
    update: bool = False
    delete: bool = False
    read_by_id: bool = False
    since: bool = False
    sort: bool = False
    cas_write: bool = False
    create_idem: Literal["client_id", "key", "extid", "search", "none"] = "none"
    searchable: tuple[str, ...] = ()
    consistency: float = 60
    late_commit: float = 300
    granularity: float = 1
    skew: float = 300
    timeout: float = 30
    in_flux: float = 60
    tombstones: Literal["yes", "trash", "no"] = "no"
    list_order: Literal["keyset", "cursor", "offset", "snapshot"] = "offset"
    returns_record: bool = False
    version: Literal["etag", "field", "mtime", "none"] = "none"
    bulk: int = 0
    in_flight: int = 4
    omits_blank: bool = False
    shares_key: bool = False
    is_serial: bool = False
    tokens: bool = False

    @property
    def quiesce(self) -> float:
        """How long to wait before an unknown outcome may be looked at (T_quiesce)."""
        return self.in_flux + self.consistency + LEEWAY_SECONDS


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a listing: each record still encoded as JSON, untouched.

    ``next`` is the following position, ``ahead`` further ones already known (they may be read side by side). A page
    with neither ends the listing. ``total`` is what the system claims, ``server_time`` its clock (seconds UTC).

    ``settled``, on a first page, is the time up to which the listing shows everything, where that is not its clock: a
    copy shows what it was sent so far (R-11.3).

    ``token``, on a first page, is where the next listing of changes begins: all that this listing cannot have shown
    comes after it. Given as the position of a listing of changes, it stands in for the instant (R-11.10).
    """

    rows: Sequence[bytes]
    next: Position | None = None
    ahead: tuple[Position, ...] = ()
    total: int | None = None
    server_time: float | None = None
    token: Position | None = None
    settled: float | None = None

    @property
    def vouched(self) -> float | None:
        """The time up to which the listing shows everything, as far as the system says."""
        return self.server_time if self.settled is None else self.settled


# Structs where the others are dataclasses: one is made for every record, at a tenth of the cost.
class Sighting(msgspec.Struct, frozen=True):
    """One record as a system showed it. ``deleted`` is a tombstone or a soft delete; ``modified`` seconds UTC.

    ``raw_hash`` is the fingerprint of the bytes with which a listing would show it, where they are known. ``fault``
    says why the record, though it is there, cannot be used.
    """

    id: str
    record: Raw
    version: str | None = None
    modified: float | None = None
    created: float | None = None
    deleted: bool = False
    raw_hash: int | None = None
    fault: DataError | None = None


@dataclass(frozen=True, slots=True)
class NotThere:
    """A read by id found nothing. ``gone`` means the system says it was deleted (410, trash), not merely 404."""

    gone: bool = False
    evidence: str = ""


class Written(msgspec.Struct, frozen=True):
    """A confirmed write. ``stored`` is the record as the system holds it now, when the answer carried it.

    ``incomplete`` names the parts of the record (by path) that were not written though the rest was, and why.
    """

    id: str
    stored: Sighting | None = None
    version: str | None = None
    incomplete: tuple[tuple[Path, Error], ...] = ()


@dataclass(frozen=True, slots=True)
class Update:
    """One update to send: only ``patch`` changes; ``current`` is the record as last read, where it was read."""

    id: str
    patch: Raw
    version: str | None = None
    current: Raw | None = None


class Connector(Protocol):
    """One system. Performs no I/O: every method that needs any is a flow for this system's transport.

    Flows raise ``RemoteError``/``AccessError`` for what the system answers and ``DataError`` for what it contains.
    """

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
        """Read one page of a listing: from the start or at ``position``; only what changed since, where possible.

        With ``since``, ``position`` may also be the ``token`` of an earlier listing; where the system no longer knows
        what changed after it, or since then, this raises ``Expired``. ``page_size`` asks for another size than the
        manifest's (probes do).
        """

    def sight(self, object_name: str, row: bytes) -> Sighting:
        """Decode one row of a page. Raises ``DataError`` for a record that has no id or is no record."""

    def get(self, object_name: str, record_id: str) -> Flow[Sighting | NotThere]:
        """Read one record by id."""

    def find(self, object_name: str, path: Path, value: Any) -> Flow[Sequence[Sighting]]:
        """Find records by a searchable field (``Capabilities.searchable``), trash included where the system has one."""

    def create(self, object_name: str, body: Raw, key: str) -> Flow[Written]:
        """Create one record; ``key`` is the idempotency key, sent where the system takes one."""

    def update(self, object_name: str, update: Update) -> Flow[Written]:
        """Change one record, on condition of its version where the system can. Raises ``Stale`` or ``Absent``."""

    def delete(self, object_name: str, record_id: str, version: str | None = None) -> Flow[None]:
        """Delete one record, on condition of its version where the system can. Raises ``Stale`` or ``Absent``."""

    def create_many(self, object_name: str, bodies: Sequence[tuple[Raw, str]]) -> Flow[Sequence[Written | Error]]:
        """Create several in one request (only where ``Capabilities.bulk`` > 0); one outcome each, in order (R-14.3).

        Where ``Capabilities.shares_key``, a refusal of the whole request is one and the same error for all of them.
        """

    def update_many(self, object_name: str, updates: Sequence[Update]) -> Flow[Sequence[Written | Error]]:
        """Change several in one request (only where ``Capabilities.bulk`` > 0); one outcome each, in order."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a listing is asked for: records with ``equal`` (field, value), in ``order`` (field, descending)."""

    equal: tuple[str, Any] | None = None
    order: tuple[str, bool] | None = None


@runtime_checkable
class Candid(Protocol):
    """A connector that also shows what its system really answers, so that checks can tell whether wishes are heard."""

    def ask(
        self, object_name: str, wish: Wish, position: Position | None = None, page_size: int | None = None
    ) -> Flow[Page]:
        """Read one page as it comes: nothing is compared, repaired or left out."""


@dataclass(frozen=True, slots=True)
class Rights:
    """What credentials may do with an object: ``granted`` are list, get, create, update, delete.

    ``excess`` tells in words what they may do beyond that, ``is_read_only`` that the system takes no writes at all.
    """

    granted: frozenset[str]
    excess: tuple[str, ...] = ()
    is_read_only: bool = False


@runtime_checkable
class Entitled(Protocol):
    """A connector whose system says which rights our credentials have."""

    def rights(self, object_name: str) -> Flow[Rights | None]:
        """Ask for the rights on an object type; ``None`` where the system does not tell."""


@runtime_checkable
class Forbearing(Protocol):
    """A connector that understands a system although it contradicts its own description, and says where it does."""

    def oddities(self) -> tuple[str, ...]:
        """Name what was odd about the answers so far, each kind once."""


@runtime_checkable
class Announcing(Protocol):
    """A connector that knows every field of its objects without looking at records."""

    def announced(self, object_name: str) -> Sequence[Field]:
        """Give all fields as the system told them when it was last asked; nothing before anything was read."""


@runtime_checkable
class Trying(Protocol):
    """A connector of a system that can check writes without carrying them out."""

    def can_try(self, object_name: str) -> frozenset[str]:
        """Name the writes that can be checked: ``create``, ``update``."""

    def try_create(self, object_name: str, body: Raw) -> Flow[None]:
        """Let the system check a new record; nothing is written. Raises what the system says against it."""

    def try_update(self, object_name: str, update: Update) -> Flow[None]:
        """Let the system check a change; nothing is written. Raises what the system says against it."""


class Transport(Protocol):
    """Runs a system's flows against the real thing, many in flight, within its limits."""

    def run(self, flow: Flow[T]) -> T:
        """Run one flow to its end; raises what the flow raises."""

    def run_all(self, flows: Sequence[Flow[T]]) -> Sequence[T | Error]:
        """Run several at once; one outcome each, in order. Errors of the tree are values here, all others raise."""

    def close(self) -> None:
        """Give back connections and files."""


@runtime_checkable
class Punctual(Protocol):
    """A transport in which a request may have to wait for its turn, and that lets no write go out too late."""

    def run_all_within(self, flows: Sequence[Flow[T]], seconds: float) -> Sequence[T | Error]:
        """Run several at once as ``Transport.run_all`` does; a write whose turn comes later is ``Unsent``."""


@runtime_checkable
class Archiving(Protocol):
    """A transport of sources that can be put away once a run has read them."""

    def put_away(self) -> None:
        """Put away what was read, where the manifest says so; it stays readable to us."""


# --- effects: the one boundary between the engine and the world ---------------------------------------------------


@dataclass(frozen=True, slots=True)
class Call:
    """Run one flow of a system; the answer is its result, and its errors are raised into the engine's flow.

    What it would write after ``until`` (seconds UTC) is not sent any more, but ``Unsent`` (R-16.2). It is a moment,
    so that a process that is held up before the effect does not begin it late.
    """

    system: str
    flow: Flow[Any]
    until: float | None = None


@dataclass(frozen=True, slots=True)
class CallAll:
    """Run several flows of a system at once; the answer is a list of results or errors, in order."""

    system: str
    flows: Sequence[Flow[Any]]
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Commit:
    """Run ``work`` in one durable transaction of the store; the answer is what it returns."""

    work: Callable[[StoreTx], Any]


@dataclass(frozen=True, slots=True)
class Look:
    """Run ``work`` on a consistent read of the store; it must not change anything."""

    work: Callable[[StoreTx], Any]


@dataclass(frozen=True, slots=True)
class Now:
    """Ask for the time, seconds UTC."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Fresh:
    """Ask for a new random identifier (text)."""


@dataclass(frozen=True, slots=True)
class Tell:
    """Hand an event to whoever listens (progress, log); no answer."""

    event: Any


Effect = Call | CallAll | Commit | Look | Now | Pause | Fresh | Tell


class Boundary(Protocol):
    """Performs effects: the only way the engine reaches anything."""

    def perform(self, effect: Effect) -> Any:
        """Perform one effect and give its answer. Raises what the effect raises."""


class Sink(Protocol):
    """Takes events; must not raise."""

    def __call__(self, event: Any) -> None:
        """Take one event."""


class Secrets(Protocol):
    """Resolves references such as ``${env:NAME}``, as late as possible."""

    def resolve(self, reference: str) -> str:
        """Give the secret. Raises ``ProjectError`` naming the reference, never its value."""
