"""How far two systems agree, and why not: every record and every field gets exactly one verdict (X8).

The comparison is of values, canonical left with canonical right, not of what runs did. A difference that the next
plan would carry over, that waits for somebody or that the mapping wants is not the same as one that nobody would ever
touch again, so each has a name. Pure: what is known comes in, the verdict comes out.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from tallystick.core.binding import Op
from tallystick.core.brake import Hold
from tallystick.core.error import DataError
from tallystick.core.learn import shape_of_loss
from tallystick.core.policy import FieldPolicy
from tallystick.core.record import SIDES, UNKNOWN, Ref, Side, Value, fingerprint, other, same
from tallystick.core.sides import Holds, Sides, equivalent

Kind = Literal[
    "unexplained", "dropped", "changed_transform", "lost_event", "only_left", "only_right", "conflict", "parked",
    "held", "waiting", "outside_edit", "in_flight", "unread", "accepted", "unlinked", "filtered", "gone",
    "configured", "normalised", "in_step",
]  # fmt: skip
# The gravest first: a record is as its gravest field.
KINDS: Final[tuple[Kind, ...]] = (
    "unexplained", "dropped", "changed_transform", "lost_event", "only_left", "only_right", "conflict", "parked",
    "held", "waiting", "outside_edit", "in_flight", "unread", "accepted", "unlinked", "filtered", "gone",
    "configured", "normalised", "in_step",
)  # fmt: skip
RANK: Final[Mapping[Kind, int]] = {kind: rank for rank, kind in enumerate(KINDS)}
AGREES: Final[frozenset[Kind]] = frozenset({"in_step", "normalised", "configured"})
EXEMPT: Final[frozenset[Kind]] = frozenset({"accepted", "unlinked", "filtered", "gone"})
EXEMPT_LONE: Final = frozenset({"ignored", "erased"})  # reasons why a record needs no counterpart
MOST_EXAMPLES: Final = 20


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a record or field is, and why in one word or few.

    ``ops`` are the writes that the next plan has for it, ``blanks`` the fields that would be blank after them.
    """

    kind: Kind
    reason: str = ""
    ops: tuple[tuple[Side, Op], ...] = ()
    blanks: tuple[tuple[Side, str], ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether both sides are in step here."""
        return self.kind in AGREES

    @property
    def must_agree(self) -> bool:
        """Whether both sides should be in step here, so that it counts for the score."""
        is_lone = self.kind in {"only_left", "only_right"} and self.reason in EXEMPT_LONE
        return self.kind not in EXEMPT and not is_lone


IN_STEP: Final = Verdict("in_step")


def gravest(verdicts: Iterable[Verdict]) -> Verdict:
    """Give the one verdict that stands for several; in step where there is none."""
    return min(verdicts, key=lambda v: RANK[v.kind], default=IN_STEP)


@dataclass(frozen=True, slots=True)
class Trail:
    """What is known of how a field's values came about.

    ``accepted`` says why a person, or the undoing of a run, left both sides as they are. ``written`` is when each side
    was last written to by us, ``since`` when the field came to translate as it does now (0: ever since).
    """

    accepted: str = ""
    written: Mapping[Side, float] = field(default_factory=dict)
    since: float = 0


def compare_values(now: Sides, policy: FieldPolicy, holds: Holds) -> Verdict | None:
    """Compare what both sides hold of a field; ``None`` if they differ and only its trail can say why."""
    if now.left is UNKNOWN or now.right is UNKNOWN:
        untold = [side for side in SIDES if now.on(side) is UNKNOWN]
        return Verdict("unread", " and ".join(untold))
    if same(now.left, now.right):
        return IN_STEP
    if equivalent(now, holds):
        return Verdict("normalised", "as far as the mapping can translate it")
    if is_unbound(now.left) or is_unbound(now.right):
        return Verdict("waiting", "reference")
    return Verdict("configured", wish) if (wish := _wish(now, policy)) else None


def is_unbound(value: Value) -> bool:
    """Tell whether a value points to a record that is not paired."""
    return isinstance(value, Ref) and value.binding is None


def _wish(now: Sides, policy: FieldPolicy) -> str:
    """Name the setting by which both sides may differ; empty if none says so."""
    direction = policy.direction
    if direction == "match_only" or direction.startswith("once_"):
        return f"direction: {direction}"
    if policy.blank == "keep" and (now.left is None or now.right is None):
        return "blank: keep"
    source = {"to_right": now.left, "to_left": now.right}.get(direction, UNKNOWN)
    if direction != "both" and source is None:
        return f"direction: {direction}"
    return "drift: ignore" if direction != "both" and policy.drift == "ignore" else ""


def explain_difference(now: Sides, holds: Holds, trail: Trail) -> Verdict:
    """Say why two values differ although each is what that side was last agreed to hold.

    The order is that of the evidence: a person's word, a mapping that translates differently since the value was
    written, what the target is seen to make of our writes. What has none of these is unexplained.
    """
    if trail.accepted:
        return Verdict("accepted", trail.accepted)
    wrote = max(trail.written.values(), default=None)
    if trail.since > 0 and (wrote is None or wrote < trail.since):
        return Verdict("changed_transform", "writes differently")
    for side in trail.written:
        kept = _kept(now, side, holds)
        shape = shape_of_loss(kept, now.on(side)) or _respelled(kept, now.on(side))
        if shape:
            return Verdict("normalised", shape)
    if not trail.written:
        return Verdict("unexplained", "never written")
    blank = next((side for side in trail.written if now.on(side) is None), None)
    # A stored value of no known shape is the system's own, if it came with the answer to our write.
    return Verdict("dropped", f"by {blank}") if blank else Verdict("normalised", "reformatted")


def _kept(now: Sides, side: Side, holds: Holds) -> Value:
    try:
        return holds.on(side)(now.on(other(side)))
    except DataError:
        return now.on(other(side))


def _respelled(sent: Value, stored: Value) -> str:
    """Texts that differ in punctuation, spaces and case alone."""
    if isinstance(sent, str) and isinstance(stored, str):
        letters = _letters(sent)
        return "punctuation changed" if letters and letters == _letters(stored) else ""
    return ""


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of an example: its name and what both sides hold."""

    field: str
    left: Value
    right: Value


@dataclass(frozen=True, slots=True)
class Example:
    """One record, or pair of records, of a verdict.

    ``stamp`` is the record's own time stamp and ``until`` how far its system was read before, seconds UTC.
    """

    left: str | None
    right: str | None
    differences: tuple[Difference, ...] = ()
    detail: str = ""
    stamp: float | None = None
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    agreed: int
    due: int

    @property
    def percent(self) -> float | None:
        """The share in percent, never rounded up to 100; ``None`` where nothing is due."""
        return None if not self.due else self.agreed * 10_000 // self.due / 100


@dataclass(slots=True)
class Agreement:
    """What the comparison of one mapping came to.

    ``records`` counts pairs and lone records, each once; ``listed`` the records of each side, each once; ``fields``
    the fields of pairs whose both records could be read. ``differences`` counts every record under each verdict that it
    or one of its fields has, with a few ``examples``. ``sampled`` is how many pairs were drawn, ``None`` for all.
    """

    pair: str
    left: str
    right: str
    names: tuple[str, ...]
    sampled: int | None = None
    problem: str = ""
    records: Counter[Verdict] = field(default_factory=Counter)
    listed: dict[Side, Counter[Verdict]] = field(default_factory=lambda: {s: Counter() for s in SIDES})
    fields: dict[str, Counter[Verdict]] = field(default_factory=dict)
    differences: Counter[Verdict] = field(default_factory=Counter)
    examples: dict[Verdict, list[Example]] = field(default_factory=dict)

    @property
    def score(self) -> Share:
        """How many of the records that should be in step are."""
        return share_of(self.records)

    def field_score(self, name: str) -> Share:
        """How many values of a field that should be in step are; those that the mapping lets differ are not due."""
        counts = self.fields.get(name, Counter())
        return share_of(Counter({v: n for v, n in counts.items() if v.kind != "configured"}))

    def count(self, verdict: Verdict, there: Sequence[Side], number: int = 1) -> None:
        """Count a pair or lone record, and its records on the sides where they are."""
        self.records[verdict] += number
        for side in there:
            self.listed[side][verdict] += number

    def count_field(self, name: str, verdict: Verdict, number: int = 1) -> None:
        """Count a field of a pair."""
        self.fields.setdefault(name, Counter())[verdict] += number

    def note(self, verdict: Verdict, example: Example) -> None:
        """Count a difference, and keep it as an example while there are few of its verdict."""
        self.differences[verdict] += 1
        kept = self.examples.setdefault(verdict, [])
        if len(kept) < MOST_EXAMPLES:
            kept.append(example)

    def settle(self, holds: Sequence[Hold]) -> None:
        """Name what a brake holds, and forget the planned writes, which only that needed."""

        def settled(verdict: Verdict) -> Verdict:
            if verdict.kind == "in_flight" or verdict.reason == "new":
                for hold in holds:
                    is_met = any(side == hold.side and op in hold.ops for side, op in verdict.ops)
                    if is_met and (not hold.field or (hold.side, hold.field) in verdict.blanks):
                        return Verdict("held", hold.kind)
            return Verdict(verdict.kind, verdict.reason)

        self.records = _renamed(self.records, settled)
        self.listed = {side: _renamed(counts, settled) for side, counts in self.listed.items()}
        self.fields = {name: _renamed(counts, settled) for name, counts in self.fields.items()}
        self.differences = _renamed(self.differences, settled)
        kept, self.examples = self.examples, {}
        for verdict, examples in kept.items():
            known = self.examples.setdefault(settled(verdict), [])
            known += examples[: MOST_EXAMPLES - len(known)]

    def by_kind(self) -> dict[Kind, int]:
        """Count pairs and lone records by kind, the gravest first."""
        counts: Counter[Kind] = Counter()
        for verdict, number in self.records.items():
            counts[verdict.kind] += number
        return {kind: counts[kind] for kind in KINDS if counts[kind]}


def share_of(counts: Mapping[Verdict, int]) -> Share:
    """Count what agrees among what should."""
    agreed = sum(n for v, n in counts.items() if v.agrees)
    return Share(agreed, sum(n for v, n in counts.items() if v.must_agree))


def _renamed(counts: Counter[Verdict], name: Callable[[Verdict], Verdict]) -> Counter[Verdict]:
    found: Counter[Verdict] = Counter()
    for verdict, number in counts.items():
        found[name(verdict)] += number
    return found


def draw(seed: str, count: int, size: int) -> list[int]:
    """Draw ``count`` different positions below ``size`` (all, if there are no more), each as likely as any other."""
    moved: dict[int, int] = {}
    drawn = []
    for at in range(min(count, size)):
        pick = at + fingerprint(f"{seed}/{at}".encode()) % (size - at)
        drawn.append(moved.get(pick, pick))
        moved[pick] = moved.get(at, at)
    return drawn
