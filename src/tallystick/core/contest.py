"""Both sides changed one field: what the conflict policy makes of it (SYNC-SPEC 6, conflict policies).

    left, right       that side wins                     max, min     the greater or the smaller number or time
    newest            the record that was surely         rank         the value that stands first in a list
                      changed later
    prefer_nonblank   the value beside a blank           owner        the side that owns the record
    set_merge         both sides' additions and          expression   what the project's own expression gives
                      removals
    text_merge        both sides' edits, by lines        manual       nobody: a person decides

Pure and total. A rule that cannot decide says why and leaves it to the fallback, and that to a person.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from tallystick.core.codecs.spelling import describe
from tallystick.core.error import InvalidValue
from tallystick.core.policy import Conflict, FieldPolicy, OwnerField
from tallystick.core.record import SIDES, UNKNOWN, Money, Side, Value, other, same
from tallystick.core.sides import Holds, Sides, is_loss
from tallystick.core.text_lines import Overlap, merge_lines, same_lines


@dataclass(frozen=True, slots=True)
class Around:
    """What a rule may look at beside the field: both records by field name, and when each was changed (seconds UTC).

    ``newer`` is the side whose record was surely changed later, or ``None`` when that is not sure.
    """

    newer: Side | None = None
    left: Mapping[str, Value] = field(default_factory=dict)
    right: Mapping[str, Value] = field(default_factory=dict)
    left_changed_at: float | None = None
    right_changed_at: float | None = None


ALONE: Final = Around()


@dataclass(frozen=True, slots=True)
class Contest:
    """A field that both sides changed to different values: all that a rule decides on."""

    now: Sides
    base: Sides
    policy: FieldPolicy
    holds: Holds
    around: Around = ALONE


@dataclass(frozen=True, slots=True)
class Ruling:
    """A side that wins, or else a value for both sides, or else neither and why (empty where nothing is to be said).

    ``keeps_losers`` tells that ``merged`` stands in place of what both sides had, so that it goes to the journal.
    """

    winner: Side | None = None
    merged: Value = UNKNOWN
    keeps_losers: bool = True
    unclear: str = ""


UNDECIDED: Final = Ruling()


def rule_on(contest: Contest) -> Ruling:
    """Decide by the field's policy, or else by its fallback. The reason given is that of the policy itself."""
    policy = contest.policy
    ruling = _RULES[policy.conflict](contest)
    if _is_open(ruling) and policy.fallback != policy.conflict:
        second = _RULES[policy.fallback](contest)
        return ruling if _is_open(second) and (ruling.unclear or not second.unclear) else second
    return ruling


def _is_open(ruling: Ruling) -> bool:
    return ruling.winner is None and ruling.merged is UNKNOWN


def _newest(contest: Contest) -> Ruling:
    return Ruling(contest.around.newer)


def _prefer_nonblank(contest: Contest) -> Ruling:
    now = contest.now
    if now.left is None or now.right is None:
        return Ruling("right" if now.left is None else "left")
    return UNDECIDED


def _set_merge(contest: Contest) -> Ruling:
    """Three-way on sets: what either side added is in, what either removed is out."""
    now, base = contest.now, contest.base
    left, right, was_left, was_right = now.left, now.right, base.left, base.right
    if not (
        isinstance(left, frozenset)
        and isinstance(right, frozenset)
        and isinstance(was_left, frozenset)
        and isinstance(was_right, frozenset)
    ):
        return UNDECIDED
    added = (left - was_left) | (right - was_right)
    removed = (was_left - left) | (was_right - right)
    return Ruling(merged=((was_left & was_right) | (left & right) | added) - removed, keeps_losers=False)


def _rank(contest: Contest) -> Ruling:
    places = {
        side: next((n for n, value in enumerate(contest.policy.rank) if same(value, contest.now.on(side))), None)
        for side in SIDES
    }
    left, right = places["left"], places["right"]
    if left is None or right is None:
        strange = " and ".join(side for side in SIDES if places[side] is None)
        return Ruling(unclear=f"the rank does not list what the {strange} holds")
    return Ruling("left" if left < right else "right")


def _greater(contest: Contest) -> Ruling:
    left, right = contest.now.left, contest.now.right
    if not _can_compare(left, right):
        return Ruling(unclear=f"the values cannot be compared: {describe(left)}, {describe(right)}")
    a: Any = left.amount if isinstance(left, Money) else left
    b: Any = right.amount if isinstance(right, Money) else right
    return Ruling("left" if a > b else "right")


def _smaller(contest: Contest) -> Ruling:
    greater = _greater(contest)
    return Ruling(other(greater.winner)) if greater.winner else greater


def _can_compare(left: Value, right: Value) -> bool:
    """Whether one of two values is surely greater: numbers, times of one kind, amounts of one currency."""
    if isinstance(left, Money) and isinstance(right, Money):
        return left.currency == right.currency and _is_number(left.amount) and _is_number(right.amount)
    if isinstance(left, datetime) and isinstance(right, datetime):
        return (left.utcoffset() is None) == (right.utcoffset() is None) and left != right
    if isinstance(left, datetime) or isinstance(right, datetime):
        return False
    return (isinstance(left, date) and isinstance(right, date)) or (_is_number(left) and _is_number(right))


def _is_number(value: Value) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite()
    return isinstance(value, int) and not isinstance(value, bool)


def _text_merge(contest: Contest) -> Ruling:
    now, base = contest.now, contest.base
    texts = (now.left, now.right, base.left, base.right)
    agreed = _fuller(contest.base, contest.holds)
    left, right, was_left, was_right = texts
    if not (
        isinstance(left, str)
        and isinstance(right, str)
        and isinstance(was_left, str)
        and isinstance(was_right, str)
        and isinstance(agreed, str)
    ):
        return Ruling(unclear="only texts that were agreed before can be merged by lines")
    try:
        merged = merge_lines(left, right, was_left, was_right, agreed)
    except Overlap as reason:
        return Ruling(unclear=str(reason))
    whole = [side for side in SIDES if same_lines(merged, str(now.on(side)))]
    if len(whole) == len(SIDES):
        return Ruling(unclear="the texts differ only in how their lines end")
    return Ruling(whole[0]) if whole else Ruling(merged=merged)


def _fuller(base: Sides, holds: Holds) -> Value:
    """Give the one of two bases that the other is only a loss of; unknown if neither is, or each of the other."""
    if same(base.left, base.right):
        return base.left
    left_is, right_is = (is_loss(base, side, holds) for side in SIDES)
    return UNKNOWN if left_is == right_is else base.right if left_is else base.left


def _owner(contest: Contest) -> Ruling:
    owned = contest.policy.owned_by
    if isinstance(owned, OwnerField):
        named = {owned.side_of(record.get(owned.field)) for record in (contest.around.left, contest.around.right)}
        side = named.pop() if len(named) == 1 else None
        return Ruling(side) if side else Ruling(unclear=f"'{owned.field}' does not name one owner on both sides")
    value, reason = _evaluate(contest, owned)
    if isinstance(value, str) and value in {"left", "right"}:
        return Ruling("left" if value == "left" else "right")
    return Ruling(unclear=reason or "owned_by gives neither left nor right")


def _expression(contest: Contest) -> Ruling:
    value, reason = _evaluate(contest, contest.policy.resolve)
    if reason:
        return Ruling(unclear=reason)
    now, made = contest.now, _canonical(value, contest)
    for side in SIDES:
        if same(made, now.on(side)):
            return Ruling(side)
    kinds = {_kind(v) for v in (now.left, now.right, contest.base.left, contest.base.right)} - {"blank"}
    if _kind(made) not in kinds:
        return Ruling(unclear=f"the expression gives {describe(value)}, which the field does not hold")
    return Ruling(merged=made)


def _evaluate(contest: Contest, expression: Any) -> tuple[Any, str]:
    """Give the value of an expression, or why there is none."""
    if expression is None:
        return UNKNOWN, "no expression was given"
    now, base, around = contest.now, contest.base, contest.around
    names = {
        "left": _open(now.left),
        "right": _open(now.right),
        "base": _open(_fuller(base, contest.holds)),
        "left_base": _open(base.left),
        "right_base": _open(base.right),
        "left_changed_at": _instant(around.left_changed_at),
        "right_changed_at": _instant(around.right_changed_at),
        "left_record": {name: _open(value) for name, value in around.left.items()},
        "right_record": {name: _open(value) for name, value in around.right.items()},
    }
    try:
        value = expression.evaluate(names)
    except InvalidValue as fault:
        return UNKNOWN, f"the expression fails: {fault.message}"
    return value, "the expression needs a value that is not known" if value is UNKNOWN else ""


def _instant(seconds: float | None) -> Value:
    try:
        return UNKNOWN if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return UNKNOWN


def _open(value: Value) -> Any:
    """Let an expression see into an amount: ``left.amount``, ``left.currency``."""
    return {"amount": value.amount, "currency": value.currency} if isinstance(value, Money) else value


def _canonical(value: Any, contest: Contest) -> Value:
    """Make a canonical value of what an expression gave, as the field's own values are."""
    if value == "" and isinstance(value, str):
        return None
    known = (contest.now.left, contest.now.right, contest.base.left, contest.base.right)
    if isinstance(value, dict) and value.keys() == {"amount", "currency"} and any(isinstance(v, Money) for v in known):
        amount, currency = value["amount"], value["currency"]
        return Money(Decimal(amount), currency) if _is_number(amount) and isinstance(currency, str) else value
    if isinstance(value, list) and any(isinstance(v, frozenset) for v in known):
        return frozenset(value) if all(isinstance(v, str) for v in value) else value
    return value


_KINDS: Final[tuple[tuple[type | tuple[type, ...], str], ...]] = (
    (bool, "truth"),
    (str, "text"),
    ((int, Decimal), "number"),
    (datetime, "instant"),
    (date, "date"),
    (Money, "money"),
    (frozenset, "set"),
)


def _kind(value: Value) -> str:
    """Name the kind of a value. A blank is never made by a rule: it must be what a side holds."""
    if value is None:
        return "blank"
    return next((name for kind, name in _KINDS if isinstance(value, kind)), type(value).__name__)


_RULES: Final[dict[Conflict, Callable[[Contest], Ruling]]] = {
    "left": lambda _: Ruling("left"),
    "right": lambda _: Ruling("right"),
    "manual": lambda _: UNDECIDED,
    "newest": _newest,
    "prefer_nonblank": _prefer_nonblank,
    "set_merge": _set_merge,
    "rank": _rank,
    "max": _greater,
    "min": _smaller,
    "text_merge": _text_merge,
    "owner": _owner,
    "expression": _expression,
}
