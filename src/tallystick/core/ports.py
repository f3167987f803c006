"""The seams of the house: what the engine asks of connectors, transports and the store, and how it asks.

Everything that touches the world is a *flow*: a generator that yields requests and is sent the answers. A connector's
flow yields its protocol's requests and is run by a ``Transport``; an engine's flow yields ``Effect``s and is run by a
boundary. So nothing here has a colour (sync or async), and a test or a simulation can stand at every single door.
"""

from array import array
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar, runtime_checkable

from tallystick.core.binding import (
    Binding,
    Cursor,
    Dirty,
    FormerId,
    Intent,
    JournalEntry,
    LedgerRow,
    LegFact,
    PairState,
    Quarantined,
    QueueItem,
    Run,
    Window,
)
from tallystick.core.error import Error
from tallystick.core.path import Path
from tallystick.core.record import Raw, Side
from tallystick.core.schema import ObjectType

T = TypeVar("T")
Flow = Generator[Any, Any, T]

# --- connectors ---------------------------------------------------------------------------------------------------

Position = str  # opaque to everybody but the connector that made it; durable, so it must survive a restart


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a system can do for one object type (R-2.1). Every default is the weakest claim. Times are in seconds.

    ``in_flux`` is the longest time that a timed-out request may still take effect (T_infl), twice ``timeout`` normally.
    ``omits_blank`` tells that records leave out fields that are blank; otherwise a missing field is unknown (R-4.6).
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

    @property
    def quiesce(self) -> float:
        """How long to wait before an unknown outcome may be looked at (T_quiesce)."""
        return self.in_flux + self.consistency + 5


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a listing: each record still encoded as JSON, untouched.

    ``next`` is the following position, ``ahead`` further ones already known (they may be read side by side). A page
    with neither ends the listing. ``total`` is what the system claims, ``server_time`` its clock (seconds UTC).
    """

    rows: Sequence[bytes]
    next: Position | None = None
    ahead: tuple[Position, ...] = ()
    total: int | None = None
    server_time: float | None = None


@dataclass(frozen=True, slots=True)
class Sighting:
    """One record as a system showed it. ``deleted`` is a tombstone or a soft delete; ``modified`` seconds UTC."""

    id: str
    record: Raw
    version: str | None = None
    modified: float | None = None
    created: float | None = None
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class NotThere:
    """A read by id found nothing. ``gone`` means the system says it was deleted (410, trash), not merely 404."""

    gone: bool = False
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """A confirmed write. ``stored`` is the record as the system holds it now, when the answer carried it."""

    id: str
    stored: Sighting | None = None
    version: str | None = None


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

        ``page_size`` asks for another size than the manifest's (probes do).
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
        """Create several in one request (only where ``Capabilities.bulk`` > 0); one outcome each, in order (R-14.3)."""

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


class Transport(Protocol):
    """Runs a system's flows against the real thing, many in flight, within its limits."""

    def run(self, flow: Flow[T]) -> T:
        """Run one flow to its end; raises what the flow raises."""

    def run_all(self, flows: Sequence[Flow[T]]) -> Sequence[T | Error]:
        """Run several at once; one outcome each, in order. Errors of the tree are values here, all others raise."""

    def close(self) -> None:
        """Give back connections and files."""


# --- effects: the one boundary between the engine and the world ---------------------------------------------------


@dataclass(frozen=True, slots=True)
class Call:
    """Run one flow of a system; the answer is its result, and its errors are raised into the engine's flow."""

    system: str
    flow: Flow[Any]


@dataclass(frozen=True, slots=True)
class CallAll:
    """Run several flows of a system at once; the answer is a list of results or errors, in order."""

    system: str
    flows: Sequence[Flow[Any]]


@dataclass(frozen=True, slots=True)
class Commit:
    """Run ``work`` in one durable transaction of the store; the answer is what it returns."""

    work: "Callable[[StoreTx], Any]"


@dataclass(frozen=True, slots=True)
class Look:
    """Run ``work`` on a consistent read of the store; it must not change anything."""

    work: "Callable[[StoreTx], Any]"


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


# --- the store ----------------------------------------------------------------------------------------------------


class StoreTx(Protocol):
    """One transaction on our own state. Sequences are written set-wise; every reader gives values, not live objects."""

    # bindings and legs
    def reserve_bindings(self, count: int) -> int:
        """Reserve ``count`` binding ids and give the first."""

    def insert_bindings(self, bindings: Sequence[Binding]) -> None:
        """Add new bindings with legs and bases. Raises ``StoreError`` if a live leg has the id already (R-3.2)."""

    def update_bindings(self, bindings: Sequence[Binding]) -> None:
        """Replace bindings wholly; a leg whose ``base`` is ``None`` keeps the base that is stored."""

    def bindings(self, ids: Sequence[int]) -> dict[int, Binding]:
        """Load bindings with their bases."""

    def binding_of(self, pair: str, side: Side, record_id: str) -> Binding | None:
        """Find the live binding of a record, with its bases."""

    def leg_facts(self, pair: str, side: Side, ids: Sequence[str]) -> dict[str, LegFact]:
        """What is known of these records, by id. Tomb, unlinked and erased bindings count; unbound ids are left out."""

    def raw_hashes(self, pair: str, side: Side) -> "array[int]":
        """The raw hashes of all linked legs of a side, sorted ascending, type ``q``: 8 bytes a record."""

    def legs_by_hash(self, pair: str, side: Side, hashes: Sequence[int]) -> list[tuple[int, str]]:
        """(binding, id) of the linked legs whose raw hash is one of these."""

    def legs_without_hash(self, pair: str, side: Side) -> list[tuple[int, str]]:
        """(binding, id) of the linked legs that have an id but no raw hash."""

    def touch_legs(
        self, pair: str, side: Side, rows: Iterable[tuple[str, int | None, str | None, float | None]]
    ) -> None:
        """Set (id, raw_hash, version, modified) of bound legs and clear ``absent_since``."""

    def mark_absent(self, pair: str, side: Side, ids: Sequence[str], since: float) -> None:
        """Note when these bound records were first found missing; an earlier note stays."""

    def count_linked(self, pair: str) -> int:
        """How many bindings are linked."""

    def ids_of(self, pair: str, side: Side, bindings: Sequence[int]) -> dict[int, str]:
        """The ids that these bindings have on a side, where they have one and are linked or half."""

    def resolve_ids(self, pair: str, side: Side, ids: Sequence[str]) -> dict[str, int]:
        """The bindings of these ids on a side, where they are linked or half."""

    def sample_ids(self, pair: str, side: Side, count: int) -> list[str]:
        """Some ids of linked records of a side (canary, R-4.4)."""

    def add_former(self, rows: Sequence[FormerId]) -> None:
        """Remember ids that a leg once had."""

    def former(self, pair: str, side: Side, ids: Sequence[str]) -> dict[str, FormerId]:
        """Which of these ids belonged to a leg once."""

    # match keys
    def put_keys(self, pair: str, side: Side, rows: Iterable[tuple[str, int, int]]) -> None:
        """Add (record id, rule number, key hash) for records of a side; one record may have one key a rule."""

    def drop_keys(self, pair: str, side: Side, ids: Sequence[str]) -> None:
        """Forget the keys of these records."""

    def find_keys(self, pair: str, side: Side, keys: Sequence[tuple[int, int]]) -> list[tuple[int, int, str]]:
        """(rule, hash, record id) of all records of a side with one of these (rule, hash)."""

    # reading positions
    def mark_dirty(self, marks: Sequence[Dirty]) -> None:
        """Note records to be looked at; a mark that exists keeps its attempts and gets a new ``seq``."""

    def dirty(self, pair: str, side: Side, now: float, limit: int) -> list[Dirty]:
        """The oldest marks that are due."""

    def clear_dirty(self, marks: Sequence[Dirty]) -> None:
        """Remove marks whose ``seq`` is unchanged (R-11.16)."""

    def window(self, pair: str, side: Side) -> Window | None:
        """The sweep in progress, if any."""

    def save_window(self, window: Window) -> None:
        """Save how far a sweep came."""

    def close_window(self, cursor: Cursor) -> None:
        """End a side's sweep: forget the window and move the cursor."""

    def cursor(self, pair: str, side: Side) -> Cursor | None:
        """How far a side was read."""

    def pair_state(self, pair: str) -> PairState | None:
        """What the pair was last run with."""

    def save_pair_state(self, state: PairState) -> None:
        """Remember what the pair is run with."""

    # writing
    def add_intents(self, intents: Sequence[Intent]) -> None:
        """Make intents durable. Raises ``StoreError`` if a (binding, side) has an open one (R-10.2)."""

    def update_intents(self, intents: Sequence[Intent]) -> None:
        """Replace open intents (attempt, times)."""

    def close_intents(self, ids: Sequence[str]) -> None:
        """Forget intents whose outcome is settled."""

    def open_intents(self, pair: str) -> list[Intent]:
        """Every intent whose outcome may be unknown, oldest first."""

    def add_journal(self, entries: Sequence[JournalEntry]) -> None:
        """Keep values that are about to be overwritten or lost."""

    def journal(self, binding: int) -> list[JournalEntry]:
        """What was overwritten in a binding, newest first."""

    def add_ledger(self, rows: Sequence[LedgerRow]) -> None:
        """Append writes to the audit trail."""

    def ledger(self, *, binding: int | None = None, run: str | None = None, limit: int = 100) -> list[LedgerRow]:
        """The audit trail of a binding or a run, newest first."""

    # what waits for somebody
    def put_queue(self, items: Sequence[QueueItem]) -> None:
        """Raise questions; one with the same kind, pair, subject and field is replaced, its ``since`` kept."""

    def drop_queue(self, ids: Sequence[int]) -> None:
        """Withdraw questions."""

    def queue(self, pair: str | None = None, bindings: Sequence[int] | None = None) -> list[QueueItem]:
        """Open questions, oldest first; of a pair, of some bindings, or all."""

    def put_quarantine(self, rows: Sequence[Quarantined]) -> None:
        """Park records or fields; the same (pair, side, record, field) is replaced, counted up, its ``since`` kept."""

    def drop_quarantine(self, pair: str, side: Side, records: Sequence[str]) -> None:
        """Release all that is parked of these records."""

    def quarantine(self, pair: str | None = None, bindings: Sequence[int] | None = None) -> list[Quarantined]:
        """What is parked, oldest first; of a pair, of some bindings, or all."""

    # runs and checks
    def save_run(self, run: Run) -> None:
        """Insert or replace a run."""

    def runs(self, limit: int = 20) -> list[Run]:
        """The newest runs."""

    def acquire_lease(self, pair: str, owner: str, now: float, seconds: float, *, steal: bool = False) -> int | None:
        """Take or renew a pair's lease; give its fence number (it grows with each new owner), or ``None``.

        ``steal`` takes it from a live owner too: only for who knows by other means that the owner is dead.
        """

    def release_lease(self, pair: str, owner: str) -> None:
        """Give a lease back."""

    def check_fence(self, pair: str, fence: int) -> None:
        """Raise ``StoreError`` unless this fence number is the current one (R-3.3)."""

    def save_findings(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Keep check results (JSON-able, with ``question`` and ``at``); the newest of each question counts."""

    def findings(self) -> list[dict[str, Any]]:
        """The newest result of each question."""


class Store(Protocol):
    """Our own state."""

    def commit(self, work: Callable[[StoreTx], T]) -> T:
        """Run ``work`` in one transaction that is durable when this returns; roll back and raise if it raises."""

    def look(self, work: Callable[[StoreTx], T]) -> T:
        """Run ``work`` on a consistent read."""

    def close(self) -> None:
        """Close files and connections."""
