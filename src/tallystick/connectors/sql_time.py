"""How a database column spells instants, and the bound from which a listing of changes starts.

PostgreSQL has types for it. SQLite keeps whatever was written, so a column's habit is learned from its values.
"""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Literal

from tallystick.connectors.moment import earliest_local

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# The zones of the earth lie between twelve hours behind UTC and fourteen ahead of it.
_MILLISECONDS_FROM = 100_000_000_000  # as seconds this would be the year 5138
_FURTHEST_BEHIND = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Spelling:
    """How a column spells an instant: separator of date and time, suffix, digits of the fraction.

    ``suffix`` is ``""`` for local time, ``Z`` or ``+00:00`` for UTC, and ``?`` for offsets that may differ by row.
    ``unit`` is set where the column counts seconds or milliseconds since 1970 instead.
    """

    separator: str = " "
    suffix: str = ""
    digits: int = 0
    unit: Literal["", "s", "ms"] = ""

    def write(self, moment: datetime, here: tzinfo) -> str | int:
        """Spell an instant; local time is that of ``here``. A fraction is dropped only by a column that counts."""
        aware = moment if moment.tzinfo else moment.replace(tzinfo=here)
        if self.unit:
            return math.floor(aware.timestamp() * (1000 if self.unit == "ms" else 1))
        shown = aware.astimezone(UTC) if self.suffix else aware.astimezone(here)
        text = shown.strftime(f"%Y-%m-%d{self.separator}%H:%M:%S").rjust(19, "0")
        fraction = f"{shown.microsecond:06}"
        if self.digits or shown.microsecond:
            text += "." + (fraction[: self.digits] if not fraction[self.digits :].strip("0") else fraction)
        return text + ("+00:00" if self.suffix == "?" else self.suffix)


def learn_spelling(samples: list[Any]) -> Spelling:
    """Learn a column's habit from some of its values (the smallest and the largest serve best)."""
    texts = [text for text in samples if isinstance(text, str) and len(text) > len("2000-01-01")]
    if not texts:
        numbers = [number for number in samples if isinstance(number, int | float)]
        return Spelling(unit=("ms" if max(numbers) > _MILLISECONDS_FROM else "s") if numbers else "")
    separators = {text[10] for text in texts}
    tails = [text[19:] for text in texts]
    suffixes = {_suffix(tail) for tail in tails}
    digits = {
        len(tail.lstrip(".")) - len(tail.lstrip(".").lstrip("0123456789")) if tail[:1] == "." else 0 for tail in tails
    }
    return Spelling(
        # A blank sorts before a T, so that it is the safe bound where both occur.
        separator=separators.pop() if len(separators) == 1 and separators <= {"T", " "} else " ",
        suffix=suffixes.pop() if len(suffixes) == 1 else "?",
        digits=min(digits),
    )


def _digits(tail: str) -> int:
    fraction = tail[1:] if tail.startswith(".") else ""
    return len(fraction) - len(fraction.lstrip("0123456789"))


def _suffix(tail: str) -> str:
    rest = tail.lstrip(".0123456789").strip()
    if rest in {"", "Z", "+00:00"}:
        return rest
    return "?"


def instant(seconds: float) -> datetime:
    """Give an instant in UTC, rounded down to the microsecond, so that a bound made from it loses nothing."""
    return _EPOCH + timedelta(microseconds=math.floor(seconds * 1_000_000))


def learned_bound(since: float, spelling: Spelling, here: tzinfo) -> str | int:
    """Spell the bound of a listing of changes as a column does: nothing that changed since sorts before it."""
    if spelling.unit:
        return math.floor(since * (1000 if spelling.unit == "ms" else 1))
    if spelling.suffix in {"Z", "+00:00"}:
        moment = instant(since).replace(tzinfo=None)
    elif spelling.suffix == "?":
        moment = instant(since).replace(tzinfo=None) - _FURTHEST_BEHIND
    else:
        moment = earliest_local(since, here)
    return moment.replace(microsecond=0).isoformat(sep=spelling.separator)
