"""Rules of a mapping: what a value or a record must be before it is written, and what happens where it is not.

A ``Rule`` is what its author wrote. A ``Screen`` holds the rules of one side and is asked before a body is made, for
the whole of a new record or for the fields that change, so that the target has nothing to refuse.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from dataclasses import field as setting
from decimal import Decimal
from typing import Any, Final, Literal

from tallystick.core.error import (
    BrokenRule,
    DataError,
    DroppedByRule,
    LikelyRefused,
    ParkedByRule,
    StoppedByRule,
    WarnedByRule,
)
from tallystick.core.pattern import MATCHABLE, pattern_of
from tallystick.core.policy import Judgement
from tallystick.core.record import SIDES, UNKNOWN, Fields, Side, Value, same

Then = Literal["stop", "park", "drop", "warn", "fix"]

_FAULTS: Final[dict[Then, type[BrokenRule]]] = {
    "stop": StoppedByRule,
    "park": ParkedByRule,
    "drop": DroppedByRule,
    "warn": WarnedByRule,
    "fix": DroppedByRule,  # a value that is still wrong when it was fixed is left out
}

LIKELY: Final = "likely to be refused: "
"""What the words of a learned rule begin with."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One demand on the value of ``field``, or on the record where no field is named.

    ``required`` asks for a value, always or where ``only_if`` is true. ``that`` is an expression over the mapping's
    fields and ``value`` which must be true. ``reads`` names the other fields that the expressions look at. ``unique``
    needs all records of the source and is asked by a prediction only. ``sides`` are the sides that it guards.
    ``is_learned`` tells that nobody wrote it: the target refused such values, which it can but warn of.
    """

    field: str = ""
    then: Then = "park"
    sides: tuple[Side, ...] = SIDES
    required: bool = False
    only_if: Judgement | None = None
    that: Judgement | None = None
    pattern: str = ""
    min_length: int | None = None
    max_length: int | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    one_of: tuple[Any, ...] = ()
    unique: bool = False
    fix: Judgement | None = None
    reads: tuple[str, ...] = ()
    message: str = setting(default="", compare=False)
    line: str = setting(default="", compare=False)
    is_learned: bool = False

    @property
    def is_local(self) -> bool:
        """Whether the value alone tells if it is kept."""
        return bool(self.field) and not self.reads and not self.unique

    @property
    def demand(self) -> str:
        """Say what it asks for: its author's words, or else its settings in words."""
        words = self.message or "; ".join(_demands(self))
        return f"{LIKELY}{self.field} {words}" if self.is_learned else words

    def is_broken(self, value: Value, names: dict[str, Value]) -> bool:
        """Tell whether a record breaks it; what is unknown breaks nothing, a blank value hardly."""
        if _is_blank(value) and self.field:
            return self.required and (self.only_if is None or _holds(self.only_if, names | {"value": value}))
        if value is UNKNOWN and self.field:
            return False
        if self.that is not None and not self._is_true(value, names):
            return True
        return bool(self.field) and (self._is_misspelt(value) or self._is_out_of_range(value))

    def _is_true(self, value: Value, names: dict[str, Value]) -> bool:
        assert self.that is not None
        if any(names[name] is UNKNOWN for name in self.reads):
            return True
        return _holds(self.that, names | {"value": value})

    def _is_misspelt(self, value: Value) -> bool:
        if self.one_of and not any(_is_one(value, option) for option in self.one_of):
            return True
        size = len(value) if isinstance(value, str | frozenset | list) else None
        if size is not None and not (self.min_length or 0) <= size <= (
            size if self.max_length is None else self.max_length
        ):
            return True
        if not self.pattern or isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            return False
        text, pattern = str(value), pattern_of(self.pattern)
        return pattern is not None and len(text) <= MATCHABLE and not pattern.search(text)

    def _is_out_of_range(self, value: Value) -> bool:
        number = getattr(value, "amount", value)
        if isinstance(number, bool) or not isinstance(number, int | Decimal):
            return False
        return (self.minimum is not None and number < self.minimum) or (
            self.maximum is not None and number > self.maximum
        )


def _demands(rule: Rule) -> list[str]:
    limits = [
        ("at least {} characters", rule.min_length),
        ("at most {} characters", rule.max_length),
        ("at least {}", rule.minimum),
        ("at most {}", rule.maximum),
        ("must match {}", rule.pattern or None),
        ("one of {}", ", ".join(map(str, rule.one_of)) or None),
        ("must hold: {}", rule.that.source if rule.that else None),
        ("no two records alike", "" if rule.unique else None),
    ]
    wanted = f"required if {rule.only_if.source}" if rule.only_if else "required"
    return [wanted] * rule.required + [words.format(limit) for words, limit in limits if limit is not None]


def _is_blank(value: Value) -> bool:
    return value is None or (isinstance(value, str | frozenset) and not value)


def _is_one(value: Value, option: Any) -> bool:
    return same(value, option) or (not isinstance(value, bool) and str(value) == str(option))


def _holds(judgement: Judgement, names: dict[str, Value]) -> bool:
    """Tell whether an expression is surely true."""
    try:
        found = judgement.evaluate(names)
    except DataError:
        return False
    return found is not UNKNOWN and bool(found)


class Screen:
    """The rules that guard one side. ``written`` are the fields, by index, that are ever written there.

    ``filled`` are those that get a default in a new record, so that a blank one is none there.
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        names: Sequence[str],
        side: Side,
        *,
        written: Collection[int],
        filled: Collection[int] = (),
    ) -> None:
        self.names = names
        self._index = {name: i for i, name in enumerate(names)}
        self._filled = frozenset(names[i] for i in filled)
        here = {names[i] for i in written}
        self.rules = tuple(
            rule
            for rule in rules
            if side in rule.sides and not rule.unique and (rule.field in here if rule.field else here & {*rule.reads})
        )

    def is_clear(self, fields: Fields) -> bool:
        """Tell whether a new record breaks no rule at all."""
        names = dict(zip(self.names, fields, strict=True))
        return not any(self._breaks(rule, names, is_new=True) for rule in self.rules)

    def judge(self, fields: Fields, which: Sequence[int] | None = None) -> tuple[Fields, list[BrokenRule]]:
        """Give the fields, those fixed that a rule fixes, and a fault for each rule that is broken.

        ``which`` are the fields that change; a rule is asked if one of its own is among them. Without it, all are.
        """
        if not self.rules:
            return fields, []
        names = dict(zip(self.names, fields, strict=True))
        changed = None if which is None else {self.names[i] for i in which}
        faults: list[BrokenRule] = []
        for rule in self.rules:
            touched = [name for name in (rule.field, *rule.reads) if changed is None or name in changed]
            if not touched or not self._breaks(rule, names, is_new=changed is None):
                continue
            if rule.then == "fix" and rule.field in touched and (mended := self._mended(rule, names)) is not None:
                names[rule.field] = mended
                continue
            faults.append(fault_of(rule, next(filter(None, touched))))
        # What one rule made of a value another may have undone.
        mine = [rule for rule in self.rules if rule.then == "fix" and (changed is None or rule.field in changed)]
        again = [rule for rule in mine if rule.is_broken(names[rule.field], names)]
        named = {fault.field for fault in faults}
        faults += [fault_of(rule, rule.field) for rule in again if rule.field not in named]
        return tuple(names.values()), faults

    def hold(self, index: int, value: Value) -> Value:
        """Give what the rules about a value alone let through of it. Raises ``BrokenRule`` where that is nothing."""
        name = self.names[index]
        own = [rule for rule in self.rules if rule.field == name and rule.is_local and rule.then != "warn"]
        for rule in own:
            if rule.is_broken(value, {name: value}):
                mended = self._mended(rule, {name: value}) if rule.then == "fix" else None
                if mended is None:
                    raise fault_of(rule, name)
                value = mended
        undone = next((rule for rule in own if rule.is_broken(value, {name: value})), None)
        if undone is not None:
            raise fault_of(undone, name)
        return value

    def _breaks(self, rule: Rule, names: dict[str, Value], *, is_new: bool) -> bool:
        value = names[rule.field] if rule.field else None
        if is_new and rule.field in self._filled and (value is UNKNOWN or _is_blank(value)):
            return False
        return rule.is_broken(value, names)

    def _mended(self, rule: Rule, names: dict[str, Value]) -> Value:
        """Give the value as the rule's expression makes it, or ``None`` if it breaks the rule still."""
        assert rule.fix is not None
        try:
            value = rule.fix.evaluate({"value": names[rule.field]})
        except DataError:
            return None
        is_right = (
            value is not UNKNOWN and not _is_blank(value) and not rule.is_broken(value, names | {rule.field: value})
        )
        return value if is_right else None


_HINT: Final = "correct it where it comes from, or change the rule"


def fault_of(rule: Rule, name: str) -> BrokenRule:
    """Word a broken rule. The value itself is never told."""
    kind = LikelyRefused if rule.is_learned else _FAULTS[rule.then]
    hint = "make it a rule or drop it with `tally refusals`" if rule.is_learned else _HINT
    return kind(rule.demand, field=name, detail=f"rule at {rule.line}" if rule.line else "", hint=hint)
