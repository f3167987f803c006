"""The pairing of two records and everything durable about it (SYNC-SPEC 3).

These are the rows of the store, as values: the store writes and reads them, the engine fills them, the core
reasons about them. A base is kept encoded (``encode_fields``) with the ``shape`` (fingerprint of the mapping's field
names) it was written under, so that a changed mapping can still read it.
"""

from dataclasses import dataclass, field
from typing import Literal

import msgspec

from tallystick.core.record import Side

State = Literal["half", "parked", "linked", "dormant", "tomb", "unlinked", "erased"]
Op = Literal["create", "update", "delete", "archive", "undelete"]


@dataclass(slots=True)
class Leg:
    """One side of a binding. ``digest`` is of the base; ``raw_hash`` of the bytes last observed in a listing."""

    id: str | None = None
    version: str | None = None
    modified: float | None = None
    digest: int | None = None
    raw_hash: int | None = None
    absent_since: float | None = None
    base: bytes | None = None
    shape: int = 0


@dataclass(slots=True)
class Binding:
    """The pairing of a left and a right leg; either may be missing (``id`` is ``None``)."""

    id: int
    pair: str
    state: State
    left: Leg = field(default_factory=Leg)
    right: Leg = field(default_factory=Leg)
    gen: int = 1
    flags: str = ""

    def leg(self, side: Side) -> Leg:
        """Give the leg on ``side``."""
        return self.left if side == "left" else self.right


@dataclass(frozen=True, slots=True)
class LegFact:
    """What a sweep needs to know about a bound record, without its base."""

    binding: int
    state: State
    digest: int | None
    raw_hash: int | None
    version: str | None
    absent_since: float | None


@dataclass(frozen=True, slots=True)
class FormerId:
    """An id that a leg once had, with both bases of that time (R: FormerId, T-61)."""

    pair: str
    side: Side
    id: str
    binding: int
    left_base: bytes | None
    right_base: bytes | None
    shape: int
    since: float


@dataclass(frozen=True, slots=True)
class Dirty:
    """A record to be looked at. Carries no values. ``seq`` tells whether a mark was renewed while it was processed."""

    pair: str
    side: Side
    id: str
    reason: str
    not_before: float = 0
    attempts: int = 0
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Window:
    """A sweep in progress, so that another run can go on with it (R-11.2).

    ``position`` is the last page that was noted (it is read again), ``ids`` the fingerprint of its ids. ``snow0`` is
    the server's time and ``started`` ours at the sweep's beginning, ``high`` the newest change time seen. ``listed``,
    ``distinct`` and ``pages`` count what came before that page, ``marked`` how many records were marked on the way.
    ``restarts`` is how often the same sweep was begun again, ``mapping`` the configuration that rows were read by.
    ``token`` is where the system says that the next listing of changes begins.
    """

    pair: str
    side: Side
    full: bool
    since: float | None
    position: str | None
    snow0: float | None
    high: float | None
    listed: int = 0
    distinct: int = 0
    pages: int = 0
    marked: int = 0
    restarts: int = 0
    started: float = 0
    mapping: int = 0
    ids: int = 0
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Superseded:
    """A state of a record that we know to be over: its version, and the digest of its mapped values (R-4.5).

    ``modified`` is the change time of the state that followed, ``at`` when we learned of it (seconds UTC).
    """

    pair: str
    side: Side
    id: str
    version: str
    digest: int
    modified: float | None
    at: float


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a side was read: ``high`` (seconds UTC), when it was last compared in full, how many rows that gave.

    ``token`` is the system's own word for how far, where it has one; it is more exact than any time.
    """

    pair: str
    side: Side
    high: float | None
    full_at: float | None
    full_count: int | None
    token: str | None = None


@dataclass(slots=True)
class Intent:
    """An external write that was, or is about to be, sent (SYNC-SPEC 10). The body never changes across attempts.

    ``origin`` is the id of the record on the other side that the write comes from, ``target`` the id written to (none
    for a create). ``sent`` and ``source`` are canonical records (encoded): what the target shall hold, and the origin's
    values at that time. An open create intent *is* the binding's state ``half``.

    ``key`` names the request that the write goes with: ``BATCH/POSITION`` where several creates share one request and
    one idempotency key, and nothing where the request it was sent with can never be repeated as it was.
    """

    id: str
    binding: int
    pair: str
    side: Side
    op: Op
    body: bytes
    key: str
    origin: str | None = None
    target: str | None = None
    reason: str = ""
    pre_version: str | None = None
    sent: bytes | None = None
    source: bytes | None = None
    shape: int = 0
    attempt: int = 1
    first_sent: float = 0
    sent_at: float = 0
    fence: int = 0

    @property
    def batch(self) -> str:
        """The batch that this create was sent in under one common key; empty for a write that went alone."""
        return self.key.rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A value about to be overwritten or lost, kept until ``expires`` (seconds UTC). ``value`` is encoded."""

    binding: int
    side: Side
    field: str
    value: bytes
    reason: str
    run: str
    at: float
    expires: float


QueueKind = Literal[
    "conflict", "delete", "delete_update", "duplicate", "match", "keyless", "unmatched", "uncertain", "reappeared",
    "merge", "restore", "scope", "initial", "blank", "oscillation", "reference", "undo", "part", "cascade",
    "contention",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class QueueItem:
    """Something a person must decide. ``left_seen``/``right_seen`` are the digests it was raised for (R-5.5)."""

    kind: QueueKind
    pair: str
    subject: str
    field: str = ""
    detail: str = ""
    binding: int | None = None
    left_seen: int | None = None
    right_seen: int | None = None
    since: float = 0
    id: int = 0


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A record (or one field of it) that cannot go on. Ends when a side or the mapping changes (R-14.1).

    ``waits_for`` names the record (``pair/side/id``) whose pairing releases this one by itself (R-13.4). ``option`` is
    the select option that the mapping does not know (R-15.3).
    """

    pair: str
    side: Side
    record: str
    field: str
    code: str
    message: str
    hint: str = ""
    binding: int | None = None
    left_seen: int | None = None
    right_seen: int | None = None
    mapping: int = 0
    attempts: int = 1
    since: float = 0
    waits_for: str = ""
    option: str = ""


# A struct where the others are dataclasses: one is made for every write.
class LedgerRow(msgspec.Struct, frozen=True, gc=False):
    """One write to a system: what, why, and the digests before and after. Never values."""

    run: str
    pair: str
    side: Side
    record: str
    binding: int | None
    op: str
    reason: str
    before: int | None
    after: int | None
    at: float


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the project. ``counts`` maps ``pair.side.disposition`` to a number (R-17.1)."""

    id: str
    kind: Literal["plan", "apply", "run", "undo", "answer", "flip"]
    started: float
    ended: float | None = None
    outcome: str = ""
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PairState:
    """What the pair was last run with; a changed fingerprint makes the next run compare in full (R-12.6)."""

    pair: str
    mapping: int
    scope: int
    not_before: float = 0
    names: tuple[str, ...] = ()
