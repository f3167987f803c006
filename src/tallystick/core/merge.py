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

from dataclasses import dataclass
from typing import Literal

from tallystick.core.contest import ALONE, Around, Contest, rule_on
from tallystick.core.error import DataError, MissingReference
from tallystick.core.policy import FieldPolicy
from tallystick.core.record import SIDES, UNKNOWN, Ref, Side, Value, other, same
from tallystick.core.sides import Holds, Sides, equivalent

Kind = Literal["keep", "agree", "write", "conflict", "initial", "drift", "unknown", "blank", "invalid"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happens to one field. ``writes`` are (side, value); ``losers`` (side, value) go to the journal first.

    ``detail`` says why a policy could not decide a conflict.
    """

    rule: str
    kind: Kind
    writes: tuple[tuple[Side, Value], ...] = ()
    losers: tuple[tuple[Side, Value], ...] = ()
    fault: DataError | None = None
    detail: str = ""


KEEP = Outcome("F-1", "keep")
_SKIP = Outcome("F-7", "unknown")


def merge_field(now: Sides, base: Sides, policy: FieldPolicy, holds: Holds, around: Around = ALONE) -> Outcome:
    """Decide one field. Pure and total: any values, any policy, one outcome."""
    if now.left is UNKNOWN or now.right is UNKNOWN:
        return _SKIP
    if policy.direction == "match_only":
        return Outcome("F-6", "agree")
    waiting = _waiting(now)
    if waiting is not None and not (same(now.left, base.left) and same(now.right, base.right)):
        return Outcome("F-9", "invalid", fault=waiting)
    if base.left is UNKNOWN or base.right is UNKNOWN:
        return _first(now, policy, holds, around.newer)
    left_moved, right_moved = not same(now.left, base.left), not same(now.right, base.right)
    if not left_moved and not right_moved:
        return KEEP
    return _moved((left_moved, right_moved), Contest(now, base, policy, holds, around))


def _moved(moved: tuple[bool, bool], contest: Contest) -> Outcome:
    now, policy, holds = contest.now, contest.policy, contest.holds
    if policy.direction.startswith("once_"):
        return Outcome("F-6", "agree")
    if equivalent(now, holds):
        return Outcome("F-4", "agree")
    if all(moved):
        return _both_moved(contest)
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


def allows(policy: FieldPolicy, target: Side) -> bool:
    """Tell whether the field's direction lets a later change be written to ``target``."""
    return policy.direction in {"both", f"to_{target}"}


def starts(policy: FieldPolicy, target: Side) -> bool:
    """Tell whether the field's direction lets a first value be written to ``target``."""
    return allows(policy, target) or policy.direction == f"once_to_{target}"


def drifting_side(policy: FieldPolicy) -> Side:
    """Name the side whose own value drifts where the direction forbids to carry it over: the one that is led."""
    return "left" if policy.direction.endswith("to_left") else "right"


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


def _both_moved(contest: Contest) -> Outcome:
    now, policy, holds = contest.now, contest.policy, contest.holds
    if policy.direction != "both":
        target: Side = "right" if policy.direction == "to_right" else "left"
        return _write("F-5", target, now, holds, now.on(other(target)), lost=True)
    ruling = rule_on(contest)
    if ruling.winner is not None:
        return _write("F-5", other(ruling.winner), now, holds, now.on(ruling.winner), lost=True)
    if ruling.merged is not UNKNOWN:
        return _write_both(ruling.merged, now, holds, lost=ruling.keeps_losers)
    return Outcome("F-5", "conflict", detail=ruling.unclear)


def _write_both(value: Value, now: Sides, holds: Holds, *, lost: bool) -> Outcome:
    parts = [_write("F-5", side, now, holds, value, lost=lost) for side in SIDES]
    faulty = next((p for p in parts if p.kind == "invalid"), None)
    if faulty:
        return faulty
    writes = tuple(w for p in parts for w in p.writes)
    losers = tuple(v for p in parts for v in p.losers)
    return Outcome("F-5", "write" if writes else "agree", writes=writes, losers=losers)


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
