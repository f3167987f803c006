"""What a system said against records, kept without a value of any record: the evidence of which rules are learned."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tallystick.core.error import Duplicate, Refused
from tallystick.core.record import Side, Value

REFUSED: Final = frozenset({Refused.code, Duplicate.code})
"""The codes of what is parked because a system refused it."""
MOST_SAID: Final = 200
"""Longer complaints are cut."""
HIDDEN: Final = "..."
_SHORTEST: Final = 2
_CODED: Final = re.compile(r"(?<![\w.@-])(?=[\w.@/:+-]*\d)(?=[\w.@/:+-]*[^\W\d_])[\w.@/:+-]{4,}(?![\w-])|\d{9,}")
_ADDRESS: Final = re.compile(r"\S+@\S+|\w+://\S+")
_QUOTED: Final = re.compile(r"\"([^\"]*)\"|'((?:[^']|(?<=\w)'(?=\w))*)'|[«„“]([^»“”]*)[»“”]")


@dataclass(frozen=True, slots=True)
class RefusedReason:
    """One reason for which a side refused records of a mapping, as the system put it but without their values.

    ``field`` is the path that the system named, empty if it named none. ``first`` and ``last`` are seconds UTC,
    ``count`` the refusals; ``record`` is the id of the newest one on the other side, and ``seen`` the digest of what it
    held. ``dropped`` is when a person said that no rule follows from it.
    """

    pair: str
    side: Side
    field: str
    said: str
    system: str = ""
    object: str = ""
    code: str = ""
    first: float = 0
    last: float = 0
    count: int = 1
    record: str = ""
    seen: int | None = None
    dropped: float | None = None


def masked(text: str, sent: Iterable[Value] = (), known: Iterable[str] = ()) -> str:
    """Give a system's words without what was sent: values, their lengths, ids and addresses become dots.

    ``sent`` are the values of the refused record, ``known`` the names that may stay in quotes.
    """
    text = without_values(text, sent)
    names = frozenset(known)
    text = _QUOTED.sub(lambda m: m.group() if _inner(m) in names else HIDDEN, text)
    text = _ADDRESS.sub(HIDDEN, text)
    text = _CODED.sub(lambda m: m.group() if m.group().strip(".:-/") in names else HIDDEN, text)
    return " ".join(text.split())[:MOST_SAID]


def without_values(text: str, sent: Iterable[Value]) -> str:
    """Give a text without these values and without the number of their characters."""
    values = sorted({str(v) for v in sent if _is_telling(v)}, key=len, reverse=True)
    for value in values:
        text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", HIDDEN, text, flags=re.IGNORECASE)
    sizes = {str(len(value)) for value in values}
    if sizes:
        # "at most 12 characters, 41 came": the second number is the record's.
        text = re.sub(r"(?<![\w.])\d+(?![\w.]|\s*\))", lambda m: HIDDEN if m.group() in sizes else m.group(), text)
    return text


def _inner(match: re.Match[str]) -> str:
    return next((group for group in match.groups() if group is not None), "")


def _is_telling(value: Value) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and len(str(value)) >= _SHORTEST
