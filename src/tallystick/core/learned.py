"""The rule that a system seems to keep, learned from what it refused, what it accepted, and its own words.

A guess counts only if it refuses all that was refused and nothing that was accepted. It predicts; it never blocks: a
person makes it a rule of the mapping, or drops it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from tallystick.core.learned_condition import needed_when
from tallystick.core.learned_limits import Settings, guessed_lengths, guessed_range, told_lengths, told_range
from tallystick.core.learned_pattern import common_shape, pattern_guesses
from tallystick.core.pattern import pattern_of
from tallystick.core.policy import Judgement
from tallystick.core.record import UNKNOWN, Fields, Side, Value
from tallystick.core.refusal_vocabulary import Kind, Wanted
from tallystick.core.refusal_words import Complaint
from tallystick.core.rule import Rule

_FEWEST: Final = 10
"""A rule that no system named needs that many accepted values beside it; a limit or pattern, so many different ones."""
_RARE: Final = 0.05
_MOST_OPTIONS: Final = 50


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known about one field: the records that were refused for it, those that were accepted, what was said.

    ``at`` is the field's index in the records. Values are unknown where nobody knows them.
    """

    names: tuple[str, ...]
    at: int
    refused: tuple[Fields, ...]
    accepted: Sequence[Fields]
    complaints: tuple[Complaint, ...]

    @property
    def bad(self) -> list[Value]:
        """The refused values."""
        return [row[self.at] for row in self.refused]

    @property
    def good(self) -> list[Value]:
        """The accepted values that are not blank."""
        return [row[self.at] for row in self.accepted if row[self.at] is not UNKNOWN and not is_blank(row[self.at])]

    @property
    def limits(self) -> tuple[Decimal | None, Decimal | None, bool]:
        """The narrowest limits that were named, and whether they are refused themselves."""
        least = [c.least for c in self.complaints if c.least is not None]
        most = [c.most for c in self.complaints if c.most is not None]
        return max(least, default=None), min(most, default=None), any(c.is_open for c in self.complaints)


@dataclass(frozen=True, slots=True)
class Guess:
    """A rule that tells refused from accepted values, as ``settings`` of a rule in a mapping.

    ``is_told`` tells that the system's own words name it; else it was found between the values.
    """

    settings: Mapping[str, Any] = field(hash=False)
    is_told: bool


def guess_rule(kind: Kind, evidence: Evidence) -> Guess | None:
    """Give the first rule that refuses all that was refused and none that was accepted, if there is one."""
    for guess in _guesses(kind, evidence):
        rule = rule_of(evidence.names[evidence.at], guess.settings, evidence.names)
        if rule is not None and (rule.unique or _tells_apart(rule, evidence)):
            return guess
    return None


def rule_of(name: str, settings: Mapping[str, Any], names: Sequence[str], side: Side | None = None) -> Rule | None:
    """Make the rule that warns of such values, guarding ``side``; ``None`` where its pattern cannot be tried."""
    pattern = str(settings.get("matches", ""))
    if pattern and pattern_of(pattern) is None:
        return None
    only_if, that = (_compiled(settings.get(key, "")) for key in ("required_if", "that"))
    sources = f"{settings.get('required_if', '')}{settings.get('that', '')}"
    return Rule(
        field=name,
        then="warn",
        sides=("left", "right") if side is None else (side,),
        required=bool(settings.get("required")) or only_if is not None,
        only_if=only_if,
        that=that,
        pattern=pattern,
        min_length=settings.get("min_length"),
        max_length=settings.get("max_length"),
        minimum=_decimal(settings.get("minimum")),
        maximum=_decimal(settings.get("maximum")),
        one_of=tuple(settings.get("one_of", ())),
        unique=bool(settings.get("unique")),
        reads=tuple(each for each in names if each != name and each in _words(sources)),
        is_learned=True,
    )


def _is_enough(good: Sequence[Value]) -> bool:
    """Tell whether accepted values are many and different enough to show where a limit lies."""
    return len(set(map(str, good))) >= _FEWEST


def _is_worn(good: Sequence[Value]) -> bool:
    """Tell whether each of few accepted values came again and again, as the grades of a scale do."""
    return len(good) >= _FEWEST * max(1, len(set(map(str, good))))


def is_blank(value: Value) -> bool:
    """Tell whether there is no value."""
    return value is None or (isinstance(value, str | frozenset) and not value)


def _compiled(source: str) -> Judgement | None:
    if not source:
        return None
    from tallystick.core.expression import compile_expression  # brings Jinja; most rules have no expression

    return compile_expression(source)


def _words(source: str) -> set[str]:
    return set("".join(c if c.isalnum() or c == "_" else " " for c in source).split())


def _decimal(number: Any) -> Decimal | None:
    return None if number is None else Decimal(number)


def _tells_apart(rule: Rule, evidence: Evidence) -> bool:
    def breaks(row: Fields) -> bool:
        return rule.is_broken(row[evidence.at], dict(zip(evidence.names, row, strict=True)))

    return all(map(breaks, evidence.refused)) and not any(map(breaks, evidence.accepted))


def _guesses(kind: Kind, evidence: Evidence) -> Iterator[Guess]:
    bad = evidence.bad
    if kind == "reference" or not bad:
        return
    if kind == "unique":
        yield from _unique(evidence)
    elif all(map(is_blank, bad)):
        yield from _needed(evidence)
    elif not any(value is UNKNOWN or is_blank(value) for value in bad):
        yield from _valued(kind, evidence)


def _unique(evidence: Evidence) -> Iterator[Guess]:
    if len(set(map(str, evidence.good))) == len(evidence.good):
        yield Guess({"unique": True}, is_told=True)


def _valued(kind: Kind, evidence: Evidence) -> Iterator[Guess]:
    """Give guesses for values that are there, by what they are."""
    bad = evidence.bad
    if kind == "option":
        yield from _options(evidence)
    elif all(_number(value) is not None for value in bad):
        yield from _ranges(evidence)
        yield from _whole(evidence)
        if kind == "length":
            yield from _patterns([str(v) for v in evidence.good], [str(v) for v in bad], evidence)
    elif all(isinstance(value, str) for value in bad):
        yield from _texts(kind, evidence)
    elif all(isinstance(value, frozenset | list) for value in bad):
        yield from _lengths(evidence)


def _needed(evidence: Evidence) -> Iterator[Guess]:
    is_told = any(c.kind == "required" for c in evidence.complaints)
    if is_told or len(evidence.good) >= _FEWEST:
        yield Guess({"required": True}, is_told=is_told)
    said = " ".join(c.text for c in evidence.complaints)
    for source in needed_when(evidence.names, evidence.at, evidence.refused, evidence.accepted, said):
        yield Guess({"required_if": source}, is_told=False)


def _texts(kind: Kind, evidence: Evidence) -> Iterator[Guess]:
    good, bad = [str(v) for v in evidence.good], [str(v) for v in evidence.bad]
    if kind in {"length", "range"}:
        yield from _lengths(evidence)
        return
    for complaint in evidence.complaints:
        if complaint.pattern:
            yield Guess({"matches": complaint.pattern}, is_told=True)
    if kind == "other":
        yield from _closed(evidence)
        if _is_enough(good) and (shape := common_shape(good)):
            yield Guess({"matches": shape}, is_told=False)
        yield from _lengths(evidence)
    yield from _patterns(good, bad, evidence)
    yield from _closed(evidence)
    yield from _lengths(evidence)


def _patterns(good: Sequence[str], bad: Sequence[str], evidence: Evidence) -> Iterator[Guess]:
    wanted: Wanted = next((c.wanted for c in evidence.complaints if c.wanted), "")
    if _is_enough(good) or wanted:
        for number, pattern in enumerate(pattern_guesses(good, bad, wanted)):
            if number == 0 or _is_enough(good):
                yield Guess({"matches": pattern}, is_told=bool(wanted) and number == 0)


def _lengths(evidence: Evidence) -> Iterator[Guess]:
    least, most, is_open = evidence.limits
    yield from (Guess(each, is_told=True) for each in told_lengths(least, most, is_open=is_open))
    if is_open:
        yield from (Guess(each, is_told=True) for each in told_lengths(least, most, is_open=False))
    good = [len(value) for value in evidence.good if isinstance(value, str | frozenset | list)]
    bad = [len(value) for value in evidence.bad if isinstance(value, str | frozenset | list)]
    if good and _is_enough(evidence.good):
        yield from _found(evidence, guessed_lengths(good, bad))


def _ranges(evidence: Evidence) -> Iterator[Guess]:
    least, most, is_open = evidence.limits
    good, bad = _numbers(evidence.good), _numbers(evidence.bad)
    is_whole = all(number == number.to_integral_value() for number in (*good, *bad))
    yield from (Guess(each, is_told=True) for each in told_range(least, most, is_open=is_open, is_whole=is_whole))
    if _is_enough(good) or _is_worn(good):
        yield from _found(evidence, guessed_range(good, bad, is_whole=is_whole))


def _found(evidence: Evidence, limits: Iterator[Settings]) -> Iterator[Guess]:
    """Give the limits that were found, but none on the side that the words do not speak of."""
    bounds = {complaint.bound for complaint in evidence.complaints}
    for each in limits:
        is_high = "max_length" in each or "maximum" in each
        if bounds & {"", "high" if is_high else "low"}:
            yield Guess(each, is_told=False)


def _whole(evidence: Evidence) -> Iterator[Guess]:
    is_told = any(c.wanted == "integer" for c in evidence.complaints)
    if is_told or _is_enough(evidence.good):
        yield Guess({"that": "{{ value % 1 == 0 }}"}, is_told=is_told)


def _options(evidence: Evidence) -> Iterator[Guess]:
    """Give the options that were listed; else all that were accepted; else all but those that were refused."""
    for complaint in evidence.complaints:
        if complaint.options:
            yield Guess({"one_of": complaint.options}, is_told=True)
    yield from _closed(evidence)
    texts = sorted({value for value in evidence.bad if isinstance(value, str)})
    if texts and len(texts) <= _MOST_OPTIONS and not any(sign in text for text in texts for sign in "'\\{}%"):
        listed = ", ".join(f"'{text}'" for text in texts)
        yield Guess({"that": f"{{{{ value not in [{listed}] }}}}"}, is_told=False)


def _closed(evidence: Evidence) -> Iterator[Guess]:
    """Give the accepted values as options, if hardly one of them came once only: then few others can be left."""
    counts: dict[Any, int] = {}
    good = [value for value in evidence.good if isinstance(value, str | int | Decimal)]
    for value in good:
        counts[value] = counts.get(value, 0) + 1
    single = sum(count == 1 for count in counts.values())
    if len(good) >= _FEWEST and len(counts) <= _MOST_OPTIONS and single <= len(good) * _RARE:
        yield Guess({"one_of": tuple(sorted(counts, key=str))}, is_told=False)


def _numbers(values: Sequence[Value]) -> list[Decimal]:
    return [number for value in values if (number := _number(value)) is not None]


def _number(value: Value) -> Decimal | None:
    number = getattr(value, "amount", value)
    return Decimal(number) if isinstance(number, int | Decimal) and not isinstance(number, bool) else None
