"""Field-level three-way merge (SYNC-SPEC 6): two current values, two bases, one outcome with the rule's name.

            right unchanged            right changed
    left    F-1 keep                   F-3 write left
    unch.
    left    F-2 write right            F-4 agree when equal up to what a side can hold
    changed                            F-5 else the conflict policy; the loser is journalled

    F-6  the direction forbids the write: drift      F-8  a value became blank: the blank policy
    F-7  a value is unknown: skip                    F-9  the other side cannot hold it: park the field
    F-0  no base yet (first contact, new field): equal agrees, a blank is filled, else ``initial`` (R-9.4)

``hold`` functions give what a side can really keep of a value (lambda in the spec). They are what makes a target that
trims or rounds converge: a difference that is only its loss is agreement, never a write (R-6.3, R-6.4).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tallystick.core.error import DataError, MissingReference
from tallystick.core.policy import Conflict, FieldPolicy
from tallystick.core.record import SIDES, UNKNOWN, Ref, Side, Value, other, same

Hold = Callable[[Value], Value]
Kind = Literal["keep", "agree", "write", "conflict", "initial", "drift", "unknown", "blank", "invalid"]


@dataclass(frozen=True, slots=True)
class Sides:
    """One value for the left and one for the right."""

    left: Value
    right: Value

    def on(self, side: Side) -> Value:
        """Give the value on ``side``."""
        return self.left if side == "left" else self.right


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happens to one field. ``writes`` are (side, value); ``losers`` (side, value) go to the journal first."""

    rule: str
    kind: Kind
    writes: tuple[tuple[Side, Value], ...] = ()
    losers: tuple[tuple[Side, Value], ...] = ()
    fault: DataError | None = None


@dataclass(frozen=True, slots=True)
class Holds:
    """What each side can keep of this field."""

    left: Hold
    right: Hold

    def on(self, side: Side) -> Hold:
        """Give the function of ``side``."""
        return self.left if side == "left" else self.right


_KEEP = Outcome("F-1", "keep")
_SKIP = Outcome("F-7", "unknown")


def merge_field(now: Sides, base: Sides, policy: FieldPolicy, holds: Holds, newer: Side | None = None) -> Outcome:
    """Decide one field. Pure and total: any values, any policy, one outcome.

    ``newer`` is the side whose record was surely changed later, or ``None`` when that is not sure.
    """
    if now.left is UNKNOWN or now.right is UNKNOWN:
        return _SKIP
    if policy.direction == "match_only":
        return Outcome("F-6", "agree")
    waiting = _waiting(now)
    if waiting is not None and not (same(now.left, base.left) and same(now.right, base.right)):
        return Outcome("F-9", "invalid", fault=waiting)
    if base.left is UNKNOWN or base.right is UNKNOWN:
        return _first(now, policy, holds, newer)
    left_moved, right_moved = not same(now.left, base.left), not same(now.right, base.right)
    if not left_moved and not right_moved:
        return _KEEP
    return _moved((left_moved, right_moved), now, base, policy, holds, newer)


def _moved(
    moved: tuple[bool, bool], now: Sides, base: Sides, policy: FieldPolicy, holds: Holds, newer: Side | None
) -> Outcome:
    if policy.direction.startswith("once_"):
        return Outcome("F-6", "agree")
    if equivalent(now, holds):
        return Outcome("F-4", "agree")
    if all(moved):
        return _both_moved(now, base, policy, holds, newer)
    return _one_moved("left" if moved[0] else "right", now, policy, holds)


def _waiting(now: Sides) -> MissingReference | None:
    """A reference to a record that is not paired yet cannot be compared with the other side (R-13.4)."""
    for value in (now.left, now.right):
        if isinstance(value, Ref) and value.binding is None:
            return MissingReference(
                f"the {value.pair} record that this one points to is not paired yet",
                hint="it goes on by itself when that record is paired",
                waits_for=value.waits_for,
            )
    return None


def equivalent(now: Sides, holds: Holds) -> bool:
    """Tell whether both sides hold the same up to what each of them can hold (R-6.3)."""
    return same(now.left, now.right) or _is_loss(now, "right", holds) or _is_loss(now, "left", holds)


def _is_loss(now: Sides, side: Side, holds: Holds) -> bool:
    """Whether what ``side`` holds is merely what it can keep of the other side's value."""
    try:
        return same(now.on(side), holds.on(side)(now.on(other(side))))
    except DataError:
        return False


def allows(policy: FieldPolicy, target: Side) -> bool:
    """Tell whether the field's direction lets a later change be written to ``target``."""
    return policy.direction in {"both", f"to_{target}"}


def starts(policy: FieldPolicy, target: Side) -> bool:
    """Tell whether the field's direction lets a first value be written to ``target``."""
    return allows(policy, target) or policy.direction == f"once_to_{target}"


def _write(rule: str, side: Side, now: Sides, holds: Holds, value: Value, *, lost: bool = False) -> Outcome:
    """Write ``value`` to ``side`` if it can hold it and does not hold it already."""
    try:
        kept = holds.on(side)(value)
    except DataError as fault:
        return Outcome("F-9", "invalid", fault=fault)
    if same(kept, now.on(side)):
        return Outcome("F-4", "agree")
    return Outcome(rule, "write", writes=((side, value),), losers=((side, now.on(side)),) if lost else ())


def _one_moved(moved: Side, now: Sides, policy: FieldPolicy, holds: Holds) -> Outcome:
    target = other(moved)
    if not allows(policy, target):
        return _drift(moved, now, policy, holds)
    if now.on(moved) is None and policy.blank != "propagate":
        return Outcome("F-8", "agree" if policy.blank == "keep" else "blank")
    return _write("F-2" if moved == "left" else "F-3", target, now, holds, now.on(moved))


def _drift(moved: Side, now: Sides, policy: FieldPolicy, holds: Holds) -> Outcome:
    if policy.drift == "ignore":
        return Outcome("F-6", "agree")
    if policy.drift == "revert" and allows(policy, moved):
        return _write("F-6", moved, now, holds, now.on(other(moved)), lost=True)
    return Outcome("F-6", "drift")


def _both_moved(now: Sides, base: Sides, policy: FieldPolicy, holds: Holds, newer: Side | None) -> Outcome:
    if policy.direction != "both":
        return _write(
            "F-5", "right" if policy.direction == "to_right" else "left", now, holds, _source(now, policy), lost=True
        )
    return _conflict(policy.conflict, now, base, policy, holds, newer)


def _source(now: Sides, policy: FieldPolicy) -> Value:
    return now.left if policy.direction == "to_right" else now.right


def _conflict(
    rule: Conflict, now: Sides, base: Sides, policy: FieldPolicy, holds: Holds, newer: Side | None
) -> Outcome:
    winner: Side | None = None
    match rule:
        case "manual":
            return Outcome("F-5", "conflict")
        case "left" | "right":
            winner = rule
        case "newest":
            winner = newer
        case "prefer_nonblank":
            if now.left is None or now.right is None:
                winner = "right" if now.left is None else "left"
        case "set_merge":
            merged = _merge_sets(now, base)
            if merged is not None:
                return _write_both(merged, now, holds)
    if winner is not None:
        return _write("F-5", other(winner), now, holds, now.on(winner), lost=True)
    fallback = policy.fallback if policy.fallback != rule else "manual"
    return _conflict(fallback, now, base, policy, holds, newer)


def _merge_sets(now: Sides, base: Sides) -> frozenset[str] | None:
    """Three-way on sets: what either side added is in, what either removed is out. ``None`` for no sets."""
    left, right, was_left, was_right = now.left, now.right, base.left, base.right
    if not (
        isinstance(left, frozenset)
        and isinstance(right, frozenset)
        and isinstance(was_left, frozenset)
        and isinstance(was_right, frozenset)
    ):
        return None
    added = (left - was_left) | (right - was_right)
    removed = (was_left - left) | (was_right - right)
    return ((was_left & was_right) | (left & right) | added) - removed


def _write_both(value: Value, now: Sides, holds: Holds) -> Outcome:
    parts = [_write("F-5", side, now, holds, value) for side in SIDES]
    faulty = next((p for p in parts if p.kind == "invalid"), None)
    if faulty:
        return faulty
    writes = tuple(w for p in parts for w in p.writes)
    return Outcome("F-5", "write" if writes else "agree", writes=writes)


def _first(now: Sides, policy: FieldPolicy, holds: Holds, newer: Side | None) -> Outcome:
    """First contact of two values: nothing is overwritten unless the policy says which side leads."""
    if equivalent(now, holds):
        return Outcome("F-4", "agree")
    if now.left is None or now.right is None:
        blank: Side = "left" if now.left is None else "right"
        if starts(policy, blank):
            return _write("F-0", blank, now, holds, now.on(other(blank)))
        return Outcome("F-0", "agree")
    leader: Side | None = newer if policy.initial == "newest" else None
    if policy.initial in {"left", "right"}:
        leader = "left" if policy.initial == "left" else "right"
    if leader is None:
        return Outcome("F-0", "initial")
    if not starts(policy, other(leader)):
        return Outcome("F-6", "drift")
    return _write("F-0", other(leader), now, holds, now.on(leader), lost=True)
