"""What a decision on a binding is made of: what stays the same for all of a pair, and the two legs as they are seen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tallystick.core.mapping import FieldMapping
from tallystick.core.observation import Code, Observation, OutOfScope, Present
from tallystick.core.policy import OnDelete, Policy
from tallystick.core.record import Fields, Side, Value
from tallystick.core.sides import Holds

HoldAt = Callable[[int, Value], Value]


@dataclass(frozen=True, slots=True)
class Pairing:
    """What stays the same for all bindings of a pair: fields, policy, and what each side can hold of a field."""

    fields: Sequence[FieldMapping]
    policy: Policy
    hold_left: HoldAt
    hold_right: HoldAt

    def holds(self, index: int) -> Holds:
        """Give what both sides can hold of the field at ``index``."""
        return Holds(lambda v: self.hold_left(index, v), lambda v: self.hold_right(index, v))

    def deletion(self, side: Side) -> OnDelete:
        """Give the policy for a record that was deleted on ``side``."""
        return self.policy.on_delete_left if side == "left" else self.policy.on_delete_right

    def grace(self, side: Side) -> float:
        """Give how many seconds a deletion on ``side`` rests before it is carried over."""
        return self.policy.grace_left_seconds if side == "left" else self.policy.grace_right_seconds


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
    def version(self) -> str | None:
        """The version seen now; a record out of scope has one, too."""
        return self.seen.version if isinstance(self.seen, Present | OutOfScope) else None

    @property
    def modified(self) -> float | None:
        """The system's time stamp of the record seen now."""
        return self.seen.modified if isinstance(self.seen, Present) else None
