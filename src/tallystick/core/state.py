"""The store as the engine sees it: one transaction at a time on everything durable (SYNC-SPEC 3).

Sequences are written set-wise; every reader gives values, not live objects. One implementation serves SQLite and
PostgreSQL; one conformance of tests holds both.
"""

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

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
    Superseded,
    Window,
)
from tallystick.core.field_feed import FieldChange, FieldSight
from tallystick.core.record import Side
from tallystick.core.refused import RefusedReason

T = TypeVar("T")


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

    def raw_hashes(self, pair: str, side: Side, *, by_hash: bool = False) -> "tuple[Sequence[int], array[int]]":
        """Two columns: the linked bindings with a raw hash on a side, and these hashes, type ``q``.

        They come in order of binding (then as ``Runs``), or of hash.
        """

    def legs_without_hash(self, pair: str, side: Side) -> list[tuple[int, str]]:
        """(binding, id) of the linked legs that have an id but no raw hash."""

    def touch_legs(
        self, pair: str, side: Side, rows: Iterable[tuple[str, int | None, str | None, float | None]]
    ) -> None:
        """Set (id, raw_hash, version, modified) of bound legs and clear ``absent_since``."""

    def forget_hashes(self, bindings: Sequence[int]) -> None:
        """Forget the bytes last observed of both legs of these bindings, so that the next listing reads them."""

    def mark_absent(self, pair: str, side: Side, ids: Sequence[str], since: float) -> None:
        """Note when these bound records were first found missing; an earlier note stays."""

    def missed_legs(self, pair: str, side: Side) -> list[tuple[str, int | None]]:
        """(id, raw hash) of the records that were found missing and are not yet known to be deleted."""

    def clear_absent(self, pair: str, side: Side, ids: Sequence[str]) -> None:
        """Note that these bound records are there after all."""

    def dormant(self, pair: str) -> dict[int, tuple[str | None, str | None]]:
        """The dormant bindings with their ids, (left, right)."""

    def count_linked(self, pair: str) -> int:
        """How many bindings are linked."""

    def linked_bindings(self, pair: str) -> "array[int]":
        """All linked bindings, ascending, type ``q``: 8 bytes a binding."""

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

    def put_lone(self, pair: str, side: Side, rows: Iterable[tuple[str, int, int]]) -> None:
        """Remember (record id, rule number, key hash) of records that are paired with nobody."""

    def drop_lone(self, pair: str, side: Side, ids: Sequence[str] | None = None) -> None:
        """Forget the keys of these unpaired records, or of all of a side."""

    def find_lone(self, pair: str, side: Side, keys: Sequence[tuple[int, int]]) -> list[tuple[int, int, str]]:
        """(rule, hash, record id) of the unpaired records that had one of these (rule, hash); they may have changed."""

    def has_lone(self, pair: str) -> bool:
        """Whether the key of any unpaired record is remembered."""

    # states that are over
    def add_superseded(self, rows: Sequence[Superseded]) -> None:
        """Remember states of records that we know to be over."""

    def superseded(self, pair: str, side: Side, ids: Sequence[str], after: float) -> list[Superseded]:
        """The states of these records that were learned to be over later than ``after``."""

    def drop_superseded(self, pair: str, before: float) -> None:
        """Forget what was learned so long ago that no read can still show it."""

    # reading positions
    def mark_dirty(self, marks: Sequence[Dirty]) -> None:
        """Note records to be looked at; a mark that exists keeps its attempts and gets a new ``seq``."""

    def dirty(self, pair: str, side: Side, now: float, limit: int) -> list[Dirty]:
        """The oldest marks that are due."""

    def clear_dirty(self, marks: Sequence[Dirty]) -> None:
        """Remove marks whose ``seq`` is unchanged (R-11.16)."""

    def window(self, pair: str, side: Side) -> Window | None:
        """The sweep in progress, if any."""

    def marked(self, pair: str, side: Side, ids: Sequence[str]) -> set[str]:
        """Tell which of these records are marked."""

    def unmark_listed(self, pair: str, side: Side, ids: Sequence[str] | None = None) -> None:
        """Remove the marks that a sweep in progress made: of these records, or of all of a side."""

    def save_window(self, window: Window, seen: "array[int] | None" = None) -> None:
        """Save how far a sweep came; ``seen`` adds raw hashes of known records that it has shown."""

    def seen_hashes(self, pair: str, side: Side) -> "array[int]":
        """The raw hashes that the sweep in progress has shown."""

    def forget_window(self, pair: str, side: Side) -> None:
        """Give up a sweep in progress; its marks stay."""

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

    def count_deletions(self, pair: str, side: Side, after: float) -> int:
        """How many records of a pair's side were deleted or archived later than ``after``."""

    def ledger(self, *, binding: int | None = None, run: str | None = None, limit: int = 100) -> list[LedgerRow]:
        """The audit trail of a binding or a run, newest first."""

    def count_ledger(self, runs: Sequence[str]) -> dict[str, dict[tuple[str, Side, str], int]]:
        """How often each of these runs did what, by (pair, side, operation); runs without a row are left out."""

    def ledger_of(self, bindings: Sequence[int]) -> dict[int, list[LedgerRow]]:
        """The audit trails of these bindings, each newest first; bindings without one are left out."""

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

    # what systems refused
    def note_refusals(self, rows: Sequence[RefusedReason]) -> None:
        """Count refusals; the same (pair, side, field, said) keeps its first time and takes the newest record."""

    def refusals(self, pair: str | None = None) -> list[RefusedReason]:
        """What was refused and why, oldest first; of a pair, or all."""

    def drop_refusals(self, rows: Sequence[RefusedReason], at: float) -> None:
        """Note that a person lets no rule follow from what was refused for these reasons until ``at`` (seconds UTC)."""

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

    # calls
    def add_calls(self, account: str, hour: int, number: int) -> None:
        """Count calls of an hour (its number since 1970 UTC); a negative number gives back what was not made."""

    def calls(self, account: str, first: int) -> dict[int, int]:
        """The calls by hour, from the hour ``first`` on."""

    def forget_calls(self, account: str, first: int) -> None:
        """Remove what was counted before the hour ``first``."""

    # fields of the systems
    def put_field_sights(self, rows: Sequence[FieldSight]) -> None:
        """Remember which fields were seen; the first time of one that is known already stays."""

    def field_sights(self, system: str, object_name: str) -> Mapping[str, FieldSight]:
        """The fields that an object has ever shown, by path."""

    def put_field_changes(self, changes: Iterable[FieldChange]) -> None:
        """Add entries to the feed; one that has a number replaces the entry of that number."""

    def standing_field_changes(self) -> list[FieldChange]:
        """The entries that have not ended, oldest first."""

    def field_changes(self, limit: int = 100) -> list[FieldChange]:
        """The newest entries of the feed, newest first."""


class Store(Protocol):
    """Our own state."""

    def commit(self, work: Callable[[StoreTx], T]) -> T:
        """Run ``work`` in one transaction that is durable when this returns; roll back and raise if it raises."""

    def look(self, work: Callable[[StoreTx], T]) -> T:
        """Run ``work`` on a consistent read."""

    def close(self) -> None:
        """Close files and connections."""
