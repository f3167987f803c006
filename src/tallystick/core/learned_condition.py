"""When a value is needed: the condition under which no accepted record lacks it and the refused ones do.

A condition is believed only if accepted records kept it often enough not to be chance, or if the system named it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from tallystick.core.learned_limits import round_limit
from tallystick.core.record import UNKNOWN, Fields, Value

_ENOUGH: Final = 3.0
"""How many records without the value there would be under the condition if it had no bearing; chance makes none of
them in one case of twenty."""
_MOST_VALUES: Final = 6
_PLAIN: Final = re.compile(r"[^'\\{}%\n]{1,80}")


@dataclass(frozen=True, slots=True)
class _Condition:
    source: str
    expected: float
    is_named: bool


def needed_when(
    names: Sequence[str], at: int, lacking: Sequence[Fields], accepted: Sequence[Fields], said: str
) -> list[str]:
    """Give the conditions, as expressions, under which the field at ``at`` may be needed; the strongest first.

    ``lacking`` are refused records without a value, ``said`` the system's words about them.
    """
    without = [row for row in accepted if _is_blank(row[at])]
    having = [row for row in accepted if not _is_blank(row[at]) and row[at] is not UNKNOWN]
    found = [
        condition
        for i, name in enumerate(names)
        if i != at and name.isidentifier()
        for condition in _conditions(
            name, [r[i] for r in lacking], [r[i] for r in without], [r[i] for r in having], said
        )
    ]
    enough = [c for c in found if c.is_named or c.expected >= _ENOUGH]
    return [c.source for c in sorted(enough, key=lambda c: (not c.is_named, -c.expected))]


def _conditions(
    name: str, lacking: Sequence[Value], without: Sequence[Value], having: Sequence[Value], said: str
) -> Iterator[_Condition]:
    """Give the conditions on one field that hold for all ``lacking`` and for none of ``without``."""
    if any(value is UNKNOWN or _is_blank(value) for value in lacking):
        return
    is_field_named = _names(said, name)
    known = {_key(value) for value in lacking}
    if len(known) <= _MOST_VALUES and not known & {_key(value) for value in without}:
        held = sum(_key(value) in known for value in having)
        source = _equal(name, lacking)
        is_told = all(isinstance(value, str) and _names(said, value) for value in lacking)
        if source:
            yield _Condition(source, _expected(held, without, having), is_told or (is_field_named and held > 0))
    numbers = [_number(value) for value in (*lacking, *without)]
    if all(number is not None for number in numbers) and without:
        yield from _bounds(name, numbers[: len(lacking)], numbers[len(lacking) :], without, having, is_field_named)
    if all(_is_blank(value) for value in without) and without:
        held = sum(not _is_blank(value) for value in having)
        yield _Condition(f"{{{{ {name} }}}}", _expected(held, without, having), is_field_named)


def _bounds(
    name: str, lacking: Sequence[Decimal | None], without: Sequence[Decimal | None],
    blank: Sequence[Value], having: Sequence[Value], named: bool,  # noqa: FBT001 - one caller
) -> Iterator[_Condition]:  # fmt: skip
    mine = [n for n in lacking if n is not None]
    theirs = [n for n in without if n is not None]
    others = [n for value in having if (n := _number(value)) is not None]
    if min(mine) > max(theirs):
        limit = round_limit(max(theirs), min(mine))
        held = sum(n > limit for n in others)
        yield _Condition(f"{{{{ {name} > {limit:f} }}}}", _expected(held, blank, having), named and held > 0)
    if max(mine) < min(theirs):
        limit = -round_limit(-min(theirs), -max(mine))
        held = sum(n < limit for n in others)
        yield _Condition(f"{{{{ {name} < {limit:f} }}}}", _expected(held, blank, having), named and held > 0)


def _expected(held: int, without: Sequence[Value], having: Sequence[Value]) -> float:
    """Say how many of the records under a condition would lack the value if they lacked it as often as the others."""
    others = len(without) + len(having) - held
    return held * len(without) / others if others else 0.0


def _equal(name: str, values: Sequence[Value]) -> str:
    chosen = list(dict.fromkeys(values))
    if all(value is True for value in chosen):
        return f"{{{{ {name} == true }}}}"
    if all(value is False for value in chosen):
        return f"{{{{ {name} == false }}}}"
    if not all(isinstance(value, str) and _PLAIN.fullmatch(value) for value in chosen):
        return ""
    if len(chosen) == 1:
        return f"{{{{ {name} == '{chosen[0]}' }}}}"
    listed = ", ".join(f"'{value}'" for value in sorted(map(str, chosen)))
    return f"{{{{ {name} in [{listed}] }}}}"


def _names(said: str, word: str) -> bool:
    spelled = re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", word)
    return any(re.search(rf"(?<!\w){re.escape(each)}(?!\w)", said, re.IGNORECASE) for each in {word, spelled} if each)


def _key(value: Value) -> tuple[type, str]:
    return type(value), str(value)


def _number(value: Value) -> Decimal | None:
    number = getattr(value, "amount", value)
    return Decimal(number) if isinstance(number, int | Decimal) and not isinstance(number, bool) else None


def _is_blank(value: Value) -> bool:
    return value is None or (isinstance(value, str | frozenset) and not value)
