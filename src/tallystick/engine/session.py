"""What one run carries from phase to phase: its id and mode, the scratch papers, pairings that only the plan knows."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from tallystick.core.binding import Op, Quarantined, QueueItem
from tallystick.core.brake import Permit
from tallystick.core.error import Error
from tallystick.core.learn import holds_what_was_sent
from tallystick.core.record import Fields, Side
from tallystick.core.selection import Selection
from tallystick.engine.contention import Contention
from tallystick.engine.falling import Falls
from tallystick.engine.fence import Fence
from tallystick.engine.field_watch import FieldWatch
from tallystick.engine.pair import Pair
from tallystick.engine.witness import Witness

Mode = Literal["plan", "apply", "run", "undo", "answer", "flip"]
# Runs that look at whatever there is to say about a record; the others look at one matter and leave the rest standing.
WHOLE: frozenset[Mode] = frozenset({"plan", "apply", "run"})
MOST_TROUBLES = 5
LIVE = frozenset({"linked", "half", "parked", "dormant"})  # states of bindings that still pair two records
# Kinds of sightings of a record that is there; "lacks" tells that a part of it is known to be absent.
PRESENT = frozenset({"here", "lacks"})
# id, binding, kind, fields, version, modified, raw hash, digest, match keys (packed), faults of unread values (packed)
SightRow = tuple[
    str, int | None, str, bytes | None, str | None, float | None, int | None, int | None, bytes | None, bytes | None
]


class Scratch(Protocol):
    """The run's scratch paper (see ``store.scratch``): not state, thrown away at the end."""

    def add_sights(self, side: Side, rows: Sequence[SightRow]) -> None:
        """Note records as seen."""

    def add_keys(self, side: Side, rows: Sequence[tuple[int, int, str]]) -> None:
        """Note match keys: (rule, hash, id)."""

    def forget(self, side: Side) -> None:
        """Throw away what was noted of a side, because it is read once more."""

    def drop(self, side: Side, ids: Sequence[str]) -> None:
        """Throw away what was noted of these records, as if they had not been listed."""

    def turn(self, side: Side) -> None:
        """Go on with the next sheet."""

    def sheet(self, side: Side, size: int) -> Iterator[list[SightRow]]:
        """Give what was noted of a side on the present sheet, without its values."""

    def noted(self, side: Side, size: int) -> Iterator[list[tuple[str, int | None]]]:
        """Give (id, binding) of every noted record of a side that is not the same."""

    def seen(self, side: Side, ids: Sequence[str]) -> set[str]:
        """Tell which of these ids were noted."""

    def sights(self, side: Side, ids: Sequence[str]) -> dict[str, SightRow]:
        """Give what was noted of these ids."""

    def bound(self, size: int) -> Iterator[list[tuple[Side, SightRow]]]:
        """Give the bound records to be decided, both sides of a binding in one batch."""

    def same(self, side: Side, size: int) -> Iterator[list[tuple[str, int | None, str | None, float | None]]]:
        """Give (id, raw hash, version, modified) of what differs in nothing that is mapped."""

    def unbound(self, side: Side, size: int) -> Iterator[list[SightRow]]:
        """Give the records without binding that no match took yet."""

    def take(self, side: Side, ids: Sequence[str]) -> None:
        """Mark unbound records as matched."""

    def untaken(self, side: Side, ids: Sequence[str]) -> set[str]:
        """Tell which of these are noted, unbound and not matched yet."""

    def put_aside(self, side: Side, ids: Sequence[str]) -> None:
        """Note unbound records that stay without counterpart."""

    def set_aside(self, side: Side, size: int) -> Iterator[list[SightRow]]:
        """Give the records that were put aside, without their values."""

    def find_keys(self, side: Side, keys: Sequence[tuple[int, int]]) -> list[tuple[int, int, str]]:
        """Give (rule, hash, id) of noted records with one of these keys."""

    def find_repeated(self, keys: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
        """Tell which of these (rule, hash) may be noted more than once, of whichever side; no others are."""

    def shared_keys(self, side: Side) -> Iterator[tuple[int, int, int]]:
        """Give (rule, hash, number of records) of the match keys that several noted records have, most first."""

    def add_lines(self, rows: Sequence[tuple[int, int, int, Side | None, Op | None, int, bytes]]) -> None:
        """Add planned lines: (phase, wave, binding, side, op, fingerprint, body)."""

    def order_lines(self, phase: int, waves: Mapping[int, int]) -> None:
        """Put the lines of a phase into waves, by binding."""

    def lines(self, phases: Sequence[int], size: int) -> Iterator[list[bytes]]:
        """Give the bodies of planned lines in order."""

    def lines_of(self, bindings: Sequence[int]) -> list[bytes]:
        """Give the bodies of the planned lines of these bindings."""

    def drop_lines(self, prints: Sequence[int]) -> None:
        """Take planned lines back, by fingerprint."""

    def prints(self) -> list[int]:
        """Give the fingerprints of all lines."""

    def count_lines(self, phases: Sequence[int]) -> int:
        """Count planned lines."""

    def count_sights(self, side: Side) -> tuple[int, int]:
        """Count the noted records of a side: those to be decided, and those that are the same."""

    def count_alike(self) -> int:
        """Count the bindings whose records are both the same as their bases, and these as each other."""

    def unlike(self, size: int) -> Iterator[list[tuple[int, bool, bool]]]:
        """Give (binding, left is there, right is there) of the other bindings that have nothing to be decided."""

    def count_kinds(self, side: Side) -> dict[str, int]:
        """Count the noted records of a side by kind."""

    def close(self) -> None:
        """Throw the paper away."""


@dataclass(slots=True)
class Standing:
    """What already waits for somebody in a pair: questions and parked records, by binding and by record.

    ``asked`` has the questions about records without binding: by subject, then by kind. ``retry`` are parked
    records whose obstacle went away. ``attempts`` counts, by marked record, how often a write to it had to be planned
    anew. ``linked`` is how many pairs there were before the run.
    """

    questions: dict[int, list[QueueItem]] = field(default_factory=dict)
    parked: dict[int, list[Quarantined]] = field(default_factory=dict)
    asked: dict[str, dict[str, QueueItem]] = field(default_factory=dict)
    refused: dict[tuple[Side, str], list[Quarantined]] = field(default_factory=dict)
    retry: set[tuple[Side, str]] = field(default_factory=set)
    bindings: set[int] = field(default_factory=set)
    attempts: dict[tuple[Side, str], int] = field(default_factory=dict)
    linked: int = 0

    @property
    def has_unpaired(self) -> bool:
        """Whether anything waits about a record without binding."""
        return bool(self.asked or self.refused)


@dataclass(slots=True)
class Unresolved:
    """Writes of earlier runs whose outcome is still unknown: the records and keys that must wait for them (T-62).

    ``keyless`` are the values, by side, of creates that no key can tell from others. ``doubted`` are keys of records
    that nobody paired and that their side does not show any more, though it shows nobody else either: (side, id).
    """

    origins: set[tuple[Side, str]] = field(default_factory=set)
    keys: set[tuple[Side, int, int]] = field(default_factory=set)
    bindings: set[int] = field(default_factory=set)
    keyless: list[tuple[Side, Fields]] = field(default_factory=list)
    doubted: dict[tuple[int, int], tuple[Side, str]] = field(default_factory=dict)

    @property
    def is_about_unpaired(self) -> bool:
        """Whether any record that is paired with nobody may have to wait."""
        return bool(self.origins or self.keys or self.keyless or self.doubted)

    def may_have_made(self, side: Side, record: str, keys: Iterable[tuple[int, int]], fields: Fields) -> bool:
        """Tell whether an unresolved create comes from this record, or may have made it."""
        if not self.is_about_unpaired:
            return False
        if (side, record) in self.origins or any((side, r, h) in self.keys for r, h in keys):
            return True
        return any(s == side and holds_what_was_sent(sent, fields) for s, sent in self.keyless)


@dataclass(slots=True)
class Session:
    """One run. ``approved`` are the fingerprints that may be executed; ``None`` means all that no brake holds.

    ``released`` names brakes that are released for this run as such, ``permit`` says what a person lets pass beyond
    that. ``selection`` limits the run to some records or to one field. ``provisional`` are pairings that exist only in
    the plan being made: (pair, side, id) to a negative binding number. ``revived`` are ended bindings, by pair, of
    which a record is back. ``own`` are such numbers for pairs whose records point to each other, ``real`` the bindings
    that came of them. ``thorough`` reads every record through its mapping, also where its bytes are those last seen;
    ``witness`` is told every decision. ``actor`` says who carries the run
    out, by which command, for the audit trail.
    """

    run: str
    mode: Mode
    make_scratch: Callable[[], Scratch]
    approved: frozenset[int] | None = None
    released: frozenset[str] = frozenset()
    permit: Permit = Permit()
    full: bool = False
    selection: Selection | None = None
    thorough: bool = False
    witness: Witness | None = None
    actor: str = ""
    provisional: dict[tuple[str, str, str], int] = field(default_factory=dict)
    standing: dict[str, Standing] = field(default_factory=dict)
    unresolved: dict[str, Unresolved] = field(default_factory=dict)
    anew: set[str] = field(default_factory=set)
    rescoped: set[str] = field(default_factory=set)
    dormant: dict[str, dict[int, tuple[str | None, str | None]]] = field(default_factory=dict)
    revived: dict[str, set[int]] = field(default_factory=dict)
    own: dict[tuple[str, str, str], int] = field(default_factory=dict)
    real: dict[int, int] = field(default_factory=dict)
    faults: dict[str, list[Quarantined]] = field(default_factory=dict)
    fences: dict[str, Fence] = field(default_factory=dict)
    scratches: dict[str, Scratch] = field(default_factory=dict)
    troubles: dict[str, dict[tuple[str, str], Error]] = field(default_factory=dict)
    falls: Falls = field(default_factory=Falls)
    contention: Contention = field(default_factory=Contention)
    fields: FieldWatch = field(default_factory=FieldWatch)

    @property
    def writes(self) -> bool:
        """Whether this run may change anything."""
        return self.mode != "plan"

    def scratch(self, pair: Pair) -> Scratch:
        """Give the pair's scratch paper."""
        if pair.name not in self.scratches:
            self.scratches[pair.name] = self.make_scratch()
        return self.scratches[pair.name]

    def fresh_shape(self, pair: Pair) -> bool:
        """Whether the pair's mapping changed since its last run, so that every record is read through it again."""
        return pair.name in self.anew

    def open_bindings(self, pair: Pair) -> set[int]:
        """The bindings of the pair that somebody must look at."""
        standing = self.standing.get(pair.name)
        return standing.bindings if standing else set()

    def note_trouble(self, pair: Pair, error: Error) -> None:
        """Keep the first of each kind of failure that only makes a write wait, so that people can see why."""
        if error.recovery not in {"park", "replan"}:
            found = self.troubles.setdefault(pair.name, {})
            if len(found) < MOST_TROUBLES:
                found.setdefault((error.code, error.message), error)

    def pretend(self, pair: str, left: str | None, right: str | None) -> int:
        """Pair two records for the sake of this plan only; give the negative number that stands for the binding."""
        number = -(len(self.provisional) + 1)
        for side, record in (("left", left), ("right", right)):
            if record is not None:
                self.provisional[pair, side, record] = number
        return number

    def name_planned(self, pair: str, left: str | None, right: str | None) -> int:
        """Give a pairing that is planned the negative number by which others of its own pair know it."""
        number = -(len(self.own) + 1)
        for side, record in (("left", left), ("right", right)):
            if record is not None:
                self.own[pair, side, record] = number
        return number

    def close(self) -> None:
        """Throw away all scratch paper."""
        for scratch in self.scratches.values():
            scratch.close()
        self.scratches.clear()
