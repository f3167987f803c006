"""What a decision on a binding is made of: what stays the same for all of a pair, and the two legs as they are seen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from tallystick.core.decision import Write
from tallystick.core.error import DataError
from tallystick.core.mapping import FieldMapping
from tallystick.core.merge import starts
from tallystick.core.observation import Code, Observation, OutOfScope, Present
from tallystick.core.policy import OnDelete, Policy
from tallystick.core.record import UNKNOWN, Fields, Side, Value
from tallystick.core.sides import Hold, Holds

HoldAt = Callable[[int, Value], Value]


@dataclass(frozen=True, slots=True)
class Pairing:
    """What stays the same for all bindings of a pair: fields, policy, and what each side can hold of a field.

    ``keyed`` are the positions of the fields that say who is who.
    """

    fields: Sequence[FieldMapping]
    policy: Policy
    hold_left: HoldAt
    hold_right: HoldAt
    keyed: frozenset[int] = frozenset()

    def holds(self, index: int) -> Holds:
        """Give what both sides can hold of the field at ``index``."""
        return Holds(_remembering(partial(self.hold_left, index)), _remembering(partial(self.hold_right, index)))

    def deletion(self, side: Side) -> OnDelete:
        """Give the policy for a record that was deleted on ``side``."""
        return self.policy.on_delete_left if side == "left" else self.policy.on_delete_right

    def may_lack(self, unread: Sequence[tuple[int, DataError]]) -> bool:
        """Tell whether a record may be made without these values, which cannot be read; a key never is one of them."""
        return not unread or (self.policy.on_unreadable == "create" and not any(i in self.keyed for i, _ in unread))

    def grace(self, side: Side) -> float:
        """Give how many seconds a deletion on ``side`` rests before it is carried over."""
        return self.policy.grace_left_seconds if side == "left" else self.policy.grace_right_seconds


def _remembering(hold: Hold) -> Hold:
    """Remember what a side can keep of one value: the same is asked to compare and, right after, to write."""
    kept: list[tuple[Value, Value]] = []

    def held(value: Value) -> Value:
        for asked, answer in kept:
            if asked is value:
                return answer
        answer = hold(value)
        kept.append((value, answer))
        return answer

    return held


@dataclass(frozen=True, slots=True)
class LegView:
    """One side of a binding as the decision needs it: what was agreed, what is seen now."""

    base: Fields | None
    seen: Observation | None
    code: Code

    @property
    def fields(self) -> Fields:
        """The canonical values seen now; empty if the record was not seen."""
        return self.seen.fields if isinstance(self.seen, Present) else ()

    @property
    def unread(self) -> tuple[tuple[int, DataError], ...]:
        """The values that are there now and cannot be read."""
        return self.seen.unread if isinstance(self.seen, Present) else ()

    @property
    def version(self) -> str | None:
        """The version seen now; a record out of scope has one, too."""
        return self.seen.version if isinstance(self.seen, Present | OutOfScope) else None

    @property
    def modified(self) -> float | None:
        """The system's time stamp of the record seen now."""
        return self.seen.modified if isinstance(self.seen, Present) else None


def creation(pairing: Pairing, side: Side, fields: Fields) -> tuple[Write, tuple[tuple[Side, int, DataError], ...]]:
    """Make the write that creates a record on ``side`` from the other side's ``fields``.

    Fields that the side cannot hold are faults; the record is created without them unless the side requires them,
    which the side's codec decides when the body is made.
    """
    faults: list[tuple[Side, int, DataError]] = []
    values: list[Value] = []
    for i, (value, field) in enumerate(zip(fields, pairing.fields, strict=True)):
        kept = value
        if value is not None and value is not UNKNOWN and starts(field.policy, side):
            try:
                pairing.holds(i).on(side)(value)
            except DataError as fault:
                faults.append((side, i, fault))
                kept = UNKNOWN
        values.append(kept)
    return Write(side, "create", tuple(values)), tuple(faults)
