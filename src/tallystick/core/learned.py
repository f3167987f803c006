"""Rules that nobody told us, learned from what a system refused and what it took (X15).

A candidate is the narrowest demand of a known kind that all refused values break and no taken value does. What the
refusal says decides the kind, and a number in it the limit. Pure; a candidate blocks nothing until a person accepts it.

    required    the refused ones are blank, the taken ones are not
    required if they are blank only where another field has a certain value
    length      they are longer, or shorter, than every taken one
    range       they are larger, or smaller
    options     they are none of the few values that were ever taken
    pattern     all taken ones have a form that they do not have
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as setting
from decimal import Decimal
from typing import Any, Final

from tallystick.core.pattern import pattern_of
from tallystick.core.record import UNKNOWN, Fields, Value, same
from tallystick.core.refusal_words import Kind, kinds_told, limits_told, options_told
from tallystick.core.rule import Rule

FEWEST: Final = 5  # taken values below which nothing but the system's own words is believed
_MANY: Final = 20
_MOST_OPTIONS: Final = 30
_USUAL: Final = (
    1, 2, 3, 4, 5, 6, 8, 10, 12, 13, 15, 16, 18, 20, 22, 24, 25, 30, 32, 34, 35, 36, 40, 45, 48, 50, 60, 64, 70, 75, 80,
    100, 120, 127, 128, 132, 140, 150, 160, 180, 200, 240, 250, 254, 255, 256, 300, 320, 400, 500, 512, 1000, 1024,
    2000, 2048, 4000, 4096, 8000, 10000, 16000, 32000, 65535,
)  # fmt: skip
# From the narrowest to the widest.
_FORMS: Final = (
    r"^[0-9]+$", r"^[A-Z]+$", r"^[a-z]+$", r"^[A-Za-z]+$", r"^\+[0-9]+$", r"^\+[0-9 ()/-]+$",
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", r"^https?://\S+$", r"^[^@\s]+@[^@\s]+\.[^@\s.]+$", r"^[A-Z]{2}[A-Z0-9]+$",
    r"^[A-Z0-9]+$", r"^[A-Z0-9-]+$", r"^[a-z0-9-]+$", r"^[A-Za-z0-9]+$", r"^[A-Za-z0-9_.-]+$", r"^[0-9 ()+/-]+$",
    r"^[A-Za-z]", r"^[A-Za-z0-9 ]+$", r"^\S+$", r"^[ -~]*$",
)  # fmt: skip
_STRICT: Final = frozenset(_FORMS[:4])


@dataclass(frozen=True, slots=True)
class Equals:
    """The condition that a field has a certain value, as a rule asks it."""

    field: str
    value: Value

    @property
    def source(self) -> str:
        """The expression that says the same in a mapping."""
        name = self.field if self.field.isidentifier() else f'record["{self.field}"]'
        return f"{{{{ {name} == {self.value!r} }}}}"

    def evaluate(self, names: Mapping[str, Any]) -> bool:
        """Tell whether it holds."""
        return same(names.get(self.field), self.value)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A rule that a system seems to have: ``rule`` to judge by, ``settings`` as a mapping spells it.

    ``refused`` and ``taken`` count the records that it rests on, ``records`` are some refused ones. ``is_told`` says
    that the limit stands in the system's own words.
    """

    rule: Rule
    settings: Mapping[str, Any]
    refused: int
    taken: int
    records: tuple[str, ...]
    is_told: bool = False

    @property
    def field(self) -> str:
        """The mapping's field."""
        return self.rule.field


@dataclass(slots=True)
class Evidence:
    """What is known of one field of one side: (record, values) that it refused with its words, values that it took."""

    field: str
    names: Sequence[str]
    refused: list[tuple[str, Fields, str]] = setting(default_factory=list)
    taken: Sequence[Fields] = ()

    def values(self) -> tuple[list[Value], list[Value]]:
        """The field's own values, the refused and the taken ones."""
        at = self.names.index(self.field)
        return [fields[at] for _, fields, _ in self.refused], [f[at] for f in self.taken if f[at] is not UNKNOWN]


def learn(evidence: Evidence) -> list[Candidate]:
    """Give the rules that explain the refusals of a field: one for each kind of reason that the system gives."""
    found: dict[str, Candidate] = {}
    for told, group in _by_kind(evidence).items():
        part = Evidence(evidence.field, evidence.names, group, evidence.taken)
        settings, is_told = _explain(part, told)
        if not settings:
            continue
        rule = _rule(part, settings)
        if all(_breaks(rule, part.names, fields) for _, fields, _ in group) and not any(
            _breaks(rule, part.names, fields) for fields in part.taken
        ):
            records = tuple(record for record, _, _ in group[:3])
            candidate = Candidate(rule, settings, len(group), len(part.taken), records, is_told)
            found.setdefault(repr(sorted(settings.items(), key=str)), candidate)
    return list(found.values())


def _by_kind(evidence: Evidence) -> dict[tuple[Kind, ...], list[tuple[str, Fields, str]]]:
    groups: dict[tuple[Kind, ...], list[tuple[str, Fields, str]]] = {}
    for each in evidence.refused:
        groups.setdefault(kinds_told(each[2]), []).append(each)
    return groups


def _explain(evidence: Evidence, told: tuple[Kind, ...]) -> tuple[dict[str, Any], bool]:
    """Give the settings of a rule, and whether they stand in the system's words."""
    words = " ".join(message for _, _, message in evidence.refused[:20])
    for kind in told or _untold(evidence):
        for settings, is_told in _FAMILIES[kind](evidence, words):
            if is_told or len(evidence.taken) >= FEWEST:
                return settings, is_told
    return {}, False


def _untold(evidence: Evidence) -> tuple[Kind, ...]:
    """Order the kinds where no words tell: a form comes first where only what was taken has a strict one."""
    refused, taken = ([v for v in values if isinstance(v, str) and v] for values in evidence.values())
    form = _narrowest(taken) if len(taken) >= FEWEST else None
    if form in _STRICT and not any(map(_matcher(form), refused)):
        return "required", "options", "format", "length", "range"
    return "required", "length", "range", "options", "format"


Settings = Iterator[tuple[dict[str, Any], bool]]


def _required(evidence: Evidence, _words: str) -> Settings:
    refused, taken = evidence.values()
    if not all(map(_is_blank, refused)):
        return
    if not any(map(_is_blank, taken)):
        yield {"required": True}, False
        return
    at = evidence.names.index(evidence.field)
    blank = [fields for fields in evidence.taken if _is_blank(fields[at])]
    for index, name in enumerate(evidence.names):
        [value, *rest] = {repr(fields[index]): fields[index] for _, fields, _ in evidence.refused}.values()
        is_usable = isinstance(value, str | bool | int) and not rest and index != at
        if is_usable and not any(same(fields[index], value) for fields in blank):
            alike = sum(same(fields[index], value) for fields in evidence.taken)
            if alike >= FEWEST - 2:
                yield {"required_if": Equals(name, value)}, False
                return


def _length(evidence: Evidence, words: str) -> Settings:
    refused, taken = ([len(v) for v in values if isinstance(v, str) and v] for values in evidence.values())
    if not refused or len(refused) < len(evidence.refused):
        return
    longest, shortest = max(taken, default=0), min(taken, default=0)
    if min(refused) > longest:
        told = [n for n in limits_told(words) if longest <= n < min(refused)]
        usual = next((n for n in _USUAL if longest <= n < min(refused)), longest)
        yield {"max_length": int(min(told)) if told else usual}, bool(told)
    elif max(refused) < (shortest or 1):
        told = [n for n in limits_told(words) if max(refused) < n <= (shortest or n)]
        yield {"min_length": int(max(told)) if told else shortest}, bool(told)


def _range(evidence: Evidence, words: str) -> Settings:
    refused, taken = ([n for v in values if (n := _number(v)) is not None] for values in evidence.values())
    if not refused or len(refused) < len(evidence.refused):
        return
    if not taken or min(refused) > max(taken):
        told = [n for n in limits_told(words) if n < min(refused) and (not taken or n >= max(taken))]
        if told or taken:
            yield {"maximum": max(told) if told else _limit(taken, max(taken), min(refused))}, bool(told)
            return
    if not taken or max(refused) < min(taken):
        told = [n for n in limits_told(words) if n > max(refused) and (not taken or n <= min(taken))]
        if told or taken:
            yield (
                {"minimum": min(told) if told else -_limit([-n for n in taken], -min(taken), -max(refused))},
                bool(told),
            )


def _options(evidence: Evidence, words: str) -> Settings:
    refused, taken = evidence.values()
    told = options_told(words)
    spelled = {str(value) for value in taken if not _is_blank(value)}
    if len(told) > 1 and spelled <= set(told) and not any(str(value) in told for value in refused):
        yield {"one_of": tuple(told)}, True
        return
    counts = Counter(str(value) for value in taken if not _is_blank(value))
    if counts and len(counts) <= _MOST_OPTIONS and sum(counts.values()) >= 4 * len(counts):
        yield {"one_of": tuple(sorted(counts))}, False


def _format(evidence: Evidence, _words: str) -> Settings:
    refused, taken = ([v for v in values if isinstance(v, str) and v] for values in evidence.values())
    if not refused or len(refused) < len(evidence.refused):
        return
    sizes = {len(text) for text in taken}
    fitting = [form for form in _FORMS if all(map(_matcher(form), taken)) and not any(map(_matcher(form), refused))]
    shapes = {_shape(text) for text in taken}
    is_sure = len(set(taken)) >= _MANY // 2 and len(taken) >= _MANY
    if is_sure and len(shapes) == 1 and not any(_shape(text) in shapes for text in refused):
        yield {"matches": _written(taken[0])}, False
    elif is_sure and len(sizes) == 1 and (form := _narrowest(taken)) is not None:
        exact = form.removesuffix("+$") + f"{{{sizes.pop()}}}$"
        if not any(map(_matcher(exact), refused)):
            yield {"matches": exact}, False
    if fitting:
        yield {"matches": fitting[0] if is_sure else fitting[-1]}, False


_FAMILIES: Final = {
    "required": _required, "length": _length, "range": _range, "options": _options, "format": _format,
}  # fmt: skip


def _rule(evidence: Evidence, settings: Mapping[str, Any]) -> Rule:
    condition = settings.get("required_if")
    return Rule(
        field=evidence.field,
        required=bool(settings.get("required")) or condition is not None,
        only_if=condition,
        pattern=settings.get("matches", ""),
        min_length=settings.get("min_length"),
        max_length=settings.get("max_length"),
        minimum=settings.get("minimum"),
        maximum=settings.get("maximum"),
        one_of=settings.get("one_of", ()),
        reads=(condition.field,) if condition is not None else (),
    )


def _breaks(rule: Rule, names: Sequence[str], fields: Fields) -> bool:
    return rule.is_broken(fields[names.index(rule.field)], dict(zip(names, fields, strict=True)))


def _is_blank(value: Value) -> bool:
    return value is None or value == ""


def _number(value: Value) -> Decimal | None:
    amount = getattr(value, "amount", value)
    return Decimal(amount) if isinstance(amount, int | Decimal) and not isinstance(amount, bool) else None


def _limit(taken: Sequence[Decimal], low: Decimal, high: Decimal) -> Decimal:
    """Choose a limit from ``low`` on, below ``high``: the largest taken value if many have it, else a round one."""
    is_edge = taken.count(low) >= max(FEWEST, len(taken) // 50)
    return low if is_edge else _roundest(low, high)


def _roundest(low: Decimal, high: Decimal) -> Decimal:
    """Give the number with the fewest digits that is not below ``low`` and is below ``high``."""
    if low <= 0 < high:
        return Decimal(0)
    for power in range(18, -7, -1):
        for step in (Decimal(1).scaleb(power), Decimal(5).scaleb(power - 1)):
            found = (low / step).to_integral_value("ROUND_CEILING") * step
            if found < high and found != 0:
                return found.quantize(Decimal(1)) if found == found.to_integral_value() else found.normalize()
    return low


def _matcher(form: str) -> Any:
    pattern = pattern_of(form)
    assert pattern is not None
    return pattern.search


def _narrowest(texts: Sequence[str]) -> str | None:
    plain = (form for form in _FORMS if re.fullmatch(r"\^\[[^\]]+\]\+\$", form))
    return next((form for form in plain if all(map(_matcher(form), texts))), None)


def _shape(text: str) -> str:
    return re.sub(r"[a-z]", "a", re.sub(r"[A-Z]", "A", re.sub(r"[0-9]", "9", text)))


def _written(text: str) -> str:
    """Write the form of a text as a pattern: each run of digits, capitals or small letters with its length."""
    parts = []
    for run in re.finditer(r"9+|A+|a+|.", _shape(text), re.DOTALL):
        kind = {"9": "[0-9]", "A": "[A-Z]", "a": "[a-z]"}.get(run[0][0])
        count = f"{{{len(run[0])}}}" if len(run[0]) > 1 else ""
        parts.append(f"{kind}{count}" if kind else re.sub(r"([^\w\s@/:,;#%&=\"'<>-])", r"\\\1", run[0]))
    return "^" + "".join(parts) + "$"
