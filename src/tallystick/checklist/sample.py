"""Values of live records in evidence. They are samples, so reports mask them unless told otherwise.

What is masked keeps its length and shape (``M****r``, ``+** ** ****8``), so that people can still see what is wrong
with a value. Keys of options, names of fields and ids of records are no samples: without them nothing can be found.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from tallystick.core.record import UNKNOWN, Money, Ref

_WORD: Final = re.compile(r"[^\W_]+")
_LONGEST: Final = 60
_SHORT: Final = 3  # of a shorter word neither end is shown


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of a live record."""

    value: Any

    def shown(self, *, reveal: bool) -> str:
        """Write it, masked unless ``reveal``."""
        if self.value is None:
            return "(blank)"
        if self.value is UNKNOWN:
            return "(not there)"
        text = _spelled(self.value)
        cut = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(text)} characters)"
        return cut if reveal else mask(cut) if len(text) <= _LONGEST else f"{mask(text[:_LONGEST])}... ({len(text)})"


def _spelled(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case Money(amount, currency):
            return f"{amount} {currency}"
        case Ref(pair, binding, _, record):
            return f"{pair}#{record if binding is None else binding}"
        case datetime() | date():
            return value.isoformat()
        case Decimal():
            return format(value, "f") if abs(value.adjusted()) < _LONGEST else str(value)
        case frozenset():
            return ", ".join(sorted(value))
        case _:
            return str(value)


def mask(text: str) -> str:
    """Hide a text but its length and shape: of each word at most the first and the last character stay.

    >>> mask("Müller")
    'M****r'
    >>> mask("max@firma.example")
    'm**@f***a.e*****e'
    """
    return _WORD.sub(lambda found: _masked(found[0]), text)


def _masked(word: str) -> str:
    if len(word) < _SHORT:
        return "*" * len(word)
    if len(word) == _SHORT:
        return word[0] + "**"
    return word[0] + "*" * (len(word) - 2) + word[-1]


def jsonable(facts: Any, *, reveal: bool) -> Any:
    """Turn facts into plain JSON, samples written as text, masked unless ``reveal``."""
    if isinstance(facts, Sample):
        return facts.shown(reveal=reveal)
    if isinstance(facts, Mapping):
        return {str(key): jsonable(value, reveal=reveal) for key, value in facts.items()}
    if isinstance(facts, list | tuple | set | frozenset):
        return [jsonable(value, reveal=reveal) for value in facts]
    if facts is None or isinstance(facts, str | int | float | bool):
        return facts
    return str(facts)
