"""Points in time as systems spell them: ISO, Unix seconds or milliseconds, parts, a pattern in their zone ...

Inside, an instant is seconds UTC. Wall clocks repeat an hour in autumn: an asked-for instant is then spelled so that
nothing after it can be missed, and a read one counts as the earlier of the two (R-11.11).
"""

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from tallystick.core.error import InvalidValue, ProjectError

COUNTED: Final = frozenset({"unix", "unix_ms"})
_JSON_DATE: Final = re.compile(r"\\?/Date\((-?\d+)(?:[+-]\d{4})?\)\\?/")  # an offset only says where it was looked at
_HOURS_BACK: Final = 3  # no clock is ever set back further
_LETTERS: Final = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+")
_OFFSET: Final = r"(?:Z|[+-]\d{2}(?::?\d{2})?)"


@dataclass(frozen=True, slots=True)
class _Part:
    """One piece of a pattern: how it is written, and the expression that finds it."""

    write: Callable[[datetime], str]
    expression: str
    name: str = ""


def _number(name: str, width: int, get: Callable[[datetime], int]) -> _Part:
    digits = r"\d{4}" if name == "year" else r"\d{1,2}" if width == 1 else rf"\d{{{width}}}"
    return _Part(lambda t: f"{get(t):0{width}d}", digits, name)


def _fraction(width: int) -> _Part:
    return _Part(lambda t: f"{t.microsecond:06d}"[:width].ljust(width, "0"), r"\d{1,9}", "fraction")


def _zone(*, colon: bool, zulu: bool) -> _Part:
    def write(t: datetime) -> str:
        text = t.strftime("%z")[:5]
        if zulu and text == "+0000":
            return "Z"
        return f"{text[:3]}:{text[3:]}" if colon else text

    return _Part(write, _OFFSET, "offset")


def _short_year(t: datetime) -> int:
    return t.year % 100


_HALF: Final = _Part(lambda t: "AM" if t.hour < 12 else "PM", r"[AaPp]\.?[Mm]\.?", "half")  # noqa: PLR2004 - noon


def _year(width: int) -> _Part:
    if width == len("yy"):
        return _number("short_year", 2, _short_year)
    return _number("year", 4, lambda t: t.year)


_PARTS: Final[dict[str, Callable[[int], _Part]]] = {
    "y": _year,
    "u": _year,
    "M": lambda width: _number("month", width, lambda t: t.month),
    "d": lambda width: _number("day", width, lambda t: t.day),
    "H": lambda width: _number("hour", width, lambda t: t.hour),
    "h": lambda width: _number("half_hour", width, lambda t: t.hour % 12 or 12),
    "m": lambda width: _number("minute", width, lambda t: t.minute),
    "s": lambda width: _number("second", width, lambda t: t.second),
    "S": _fraction,
    "a": lambda _: _HALF,
    "X": lambda width: _zone(colon=width >= len("XXX"), zulu=True),
    "x": lambda width: _zone(colon=width >= len("xxx"), zulu=False),
    "Z": lambda _: _zone(colon=False, zulu=False),
}
_LONGEST_NUMBER: Final = 2  # "MMM" is the name of a month, which has a language


def _part(letters: str) -> _Part | None:
    make = _PARTS.get(letters[0])
    if make is None or (letters[0] in "MdHhms" and len(letters) > _LONGEST_NUMBER):
        return None
    return make(len(letters))


@dataclass(frozen=True, slots=True)
class _Pattern:
    text: str
    parts: tuple[_Part, ...]
    expression: re.Pattern[str]

    def write(self, t: datetime) -> str:
        return "".join([part.write(t) for part in self.parts])

    def read(self, text: str, zone: ZoneInfo) -> datetime:
        found = self.expression.fullmatch(text.strip())
        if not found:
            raise ValueError(f"does not look like {self.text}")
        got = {name: value for name, value in found.groupdict().items() if value is not None}
        hour = int(got.get("hour", 0))
        if "half_hour" in got:
            hour = int(got["half_hour"]) % 12 + (12 if got.get("half", "a")[0] in "pP" else 0)
        return datetime(
            int(got["year"]) if "year" in got else 2000 + int(got.get("short_year", 0)),
            int(got.get("month", 1)),
            int(got.get("day", 1)),
            hour,
            int(got.get("minute", 0)),
            int(got.get("second", 0)),
            int(got.get("fraction", "0")[:6].ljust(6, "0")),
            _offset(got["offset"]) if "offset" in got else zone,
        )


def _offset(text: str) -> Any:
    return datetime.fromisoformat(f"2000-01-01T00:00:00{text}").tzinfo


@lru_cache(maxsize=256)
def _pattern(text: str) -> _Pattern:
    parts: list[_Part] = []
    seen: set[str] = set()
    for found in _LETTERS.finditer(text):
        piece, quoted, letter = found.group(0, 1, 2)
        if letter:
            part = _part(piece)
            if part is None or part.name in seen:
                raise ProjectError(
                    f"'{text}' is not a date pattern",
                    hint="use iso, unix, unix_ms, or a pattern of yyyy MM dd HH mm ss SSS a XXX; quote words: 'T'",
                )
            seen.add(part.name)
        else:
            literal = (quoted.replace("''", "'") or "'") if quoted is not None else piece
            part = _Part(lambda _, literal=literal: literal, re.escape(literal))  # type: ignore[misc] # bound default
        parts.append(part)
    if not seen & {"year", "short_year"}:
        raise ProjectError(f"'{text}' is not a date pattern", hint="it needs a year: yyyy")
    expression = "".join(f"(?P<{p.name}>{p.expression})" if p.name else p.expression for p in parts)
    return _Pattern(text, tuple(parts), re.compile(expression))


def check_format(spelling: str, *, writing: bool = False) -> None:
    """Raise ``ProjectError`` if ``spelling`` is none that is understood, or with ``writing`` cannot be written."""
    if spelling in {"parts", "json_date"} and writing:
        raise ProjectError(
            f"an instant cannot be asked for as {spelling}",
            hint="write since.format as the filter wants it: iso, unix, unix_ms, or a pattern",
        )
    if spelling not in {"iso", "parts", "json_date", *COUNTED}:
        _pattern(spelling)


def spell_instant(seconds: float, spelling: str, zone: ZoneInfo) -> str:
    """Spell an instant for a filter: rounded down to what the spelling can hold, never later than asked."""
    if spelling == "unix":
        return str(math.floor(seconds))
    if spelling == "unix_ms":
        return str(math.floor(seconds * 1000))
    whole = datetime.fromtimestamp(math.floor(seconds), UTC)
    if spelling == "iso":
        millis = math.floor((seconds - math.floor(seconds)) * 1000)
        return whole.strftime("%Y-%m-%dT%H:%M:%S") + (f".{millis:03d}Z" if millis else "Z")
    pattern = _pattern(spelling)
    if any(part.name == "offset" for part in pattern.parts):
        return pattern.write(whole.astimezone(zone))
    return pattern.write(_earliest_wall(whole, zone))


def _earliest_wall(instant: datetime, zone: ZoneInfo) -> datetime:
    """Give the smallest wall time that a later instant can still have: the clock may be about to be set back."""
    wall = instant.astimezone(zone)
    later = instant + timedelta(hours=_HOURS_BACK)
    if (later.astimezone(zone).utcoffset() or timedelta()) >= (wall.utcoffset() or timedelta()):
        return wall
    before, after = instant, later
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) / 2
        if middle.astimezone(zone).utcoffset() == wall.utcoffset():
            before = middle
        else:
            after = middle
    set_back = after.astimezone(zone).replace(microsecond=0)
    return min(wall, set_back, key=lambda t: t.replace(tzinfo=None, fold=0))


def read_instant(value: Any, spelling: str, zone: ZoneInfo) -> float:
    """Read a system's time stamp as seconds UTC; one without zone is wall time in ``zone``.

    Raises:
        InvalidValue: it is not spelled like that.
    """
    try:
        if spelling == "iso":
            return _read_iso(value, zone)
        if spelling == "parts":
            return _read_parts(value, zone)
        if spelling == "json_date":
            found = _JSON_DATE.fullmatch(value)
            return int(found[1]) / 1000 if found else _read_iso(value, zone)
        if spelling in COUNTED:
            if isinstance(value, bool):
                raise ValueError("a truth value")  # noqa: TRY301 - all ways to be wrong end in one place
            return float(Decimal(value) / (1000 if spelling == "unix_ms" else 1))
        return _pattern(spelling).read(value, zone).timestamp()
    except (ValueError, TypeError, AttributeError, OverflowError, InvalidOperation) as cause:
        raise InvalidValue(
            f"a time stamp is not spelled as '{spelling}'",
            detail=str(cause)[:120],
            hint="correct modified_format in the manifest, or the record",
        ) from cause


def _read_iso(value: str, zone: ZoneInfo) -> float:
    t = datetime.fromisoformat(value)
    if t.tzinfo is None:
        t = t.replace(tzinfo=zone)
    return t.timestamp()


# What a part is called where times are objects; the order is that of lists.
_PART_NAMES: Final = (
    ("year",),
    ("month", "monthvalue"),
    ("day", "dayofmonth"),
    ("hour", "hours", "hourofday"),
    ("minute", "minutes"),
    ("second", "seconds"),
    ("nano", "nanos", "nanosecond", "nanoseconds", "nanoofsecond"),
)
_MICRO_NAMES: Final = ("microsecond", "microseconds")
_MILLI_NAMES: Final = ("millisecond", "milliseconds", "millis")
_SMALLEST_DATE: Final = 3


def _read_parts(value: Any, zone: ZoneInfo) -> float:
    """Read a time given as numbers: an object with named parts, or a list whose seventh part is nanoseconds."""
    if isinstance(value, dict):
        named = {str(key).lower().replace("_", ""): part for key, part in value.items()}
        parts = [_first_of(named, names) for names in _PART_NAMES]
        parts[6] = parts[6] or _first_of(named, _MICRO_NAMES) * 1000 or _first_of(named, _MILLI_NAMES) * 1_000_000
    elif isinstance(value, list) and _SMALLEST_DATE <= len(value) <= len(_PART_NAMES):
        parts = [_whole(part) for part in value] + [0] * (len(_PART_NAMES) - len(value))
    else:
        raise TypeError("it has no parts such as year, month and day")
    year, month, day, hour, minute, second, nanos = parts
    return datetime(year, month, day, hour, minute, second, nanos // 1000, zone).timestamp()


def _first_of(named: dict[str, Any], names: Iterable[str]) -> int:
    return next((_whole(named[name]) for name in names if named.get(name) is not None), 0)


def _whole(part: Any) -> int:
    if isinstance(part, bool) or not isinstance(part, int):
        raise TypeError("a part of it is no whole number")
    return part
