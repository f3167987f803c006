"""How a value that could not be used is described: by its kind and shape, never by its content.

A problem report travels further than the record it is about (logs, mails, tickets), so ``Erika`` becomes ``Aaaaa``
and ``31.02.2025`` becomes ``99.99.9999``: enough to see what is wrong, nothing to leak.
"""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

from tallystick.core.error import InvalidValue

_SHOWN: Final = 40
_UPPER: Final = re.compile(r"[^\W\d_]")


def describe(value: Any) -> str:
    """Say what kind of value this is, without giving it away.

    >>> describe("31.02.2025")
    "text like '99.99.9999'"
    >>> describe([1, 2])
    'a list of 2'
    """
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case str():
            return f"text like '{_masked(value)}'" if len(value) <= _SHOWN else f"text of {len(value)} characters"
        case int():
            return "a whole number"
        case Decimal():
            return "a number"
        case dict():
            return f"an object with {len(value)} keys"
        case list() | tuple() | set() | frozenset():
            return f"a list of {len(value)}"
        case _:
            return f"a value of type {type(value).__name__}"


def refuse(codec: str, value: Any, expected: str, *, hint: str = "") -> InvalidValue:
    """Make the error for a value that ``codec`` cannot translate."""
    return InvalidValue(f"{codec} expects {expected}", detail=f"{describe(value)} came", hint=hint)


def expect_text(codec: str, value: Any) -> str:
    """Give ``value`` if it is text. Raises ``InvalidValue`` in the name of ``codec``."""
    if isinstance(value, str):
        return value
    raise refuse(codec, value, "text")


def nearest(word: str, known: Iterable[str]) -> str:
    """Give the known word that was probably meant, or nothing."""
    from rapidfuzz import process  # only needed when something is wrong

    found = process.extractOne(word.lower(), list(known), score_cutoff=60)
    return str(found[0]) if found else ""


def _masked(text: str) -> str:
    letters = _UPPER.sub(lambda m: "A" if m[0].isupper() else "a", text)
    return re.sub(r"\d", "9", letters)
