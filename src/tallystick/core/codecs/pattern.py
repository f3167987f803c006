"""Date patterns such as ``dd.MM.yyyy HH:mm``: strict to read, exact to write.

    yyyy yy year   MM M month   MMMM MMM its name   dd d day   HH H hour (0-23)   hh h hour (1-12) with a for AM, PM
    mm minute   ss second   S ... SSSSSS fraction of a second

A year of two digits is one of 1969 to 2068. Names of months are those of ``language``. Doubled letters are
padded with zeros, single ones are not. Text in single quotes and every sign that is no letter stands for
itself. ``Memo`` is here because every translation of times is built on one.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from tallystick.core.codecs.spelling import nearest
from tallystick.core.error import InvalidValue

V = TypeVar("V")

_FIELDS: Final[dict[str, tuple[str, str, str]]] = {
    "yyyy": ("year", "[0-9]{4}", "{0.year:04d}"),
    "yy": ("year", "[0-9]{2}", "{0:%y}"),
    "MM": ("month", "[0-9]{2}", "{0.month:02d}"),
    "M": ("month", "[1-9][0-9]?", "{0.month}"),
    "dd": ("day", "[0-9]{2}", "{0.day:02d}"),
    "d": ("day", "[1-9][0-9]?", "{0.day}"),
    "HH": ("hour", "[0-9]{2}", "{0.hour:02d}"),
    "H": ("hour", "[0-9]|[1-9][0-9]", "{0.hour}"),
    "hh": ("hour12", "0[1-9]|1[0-2]", "{0:%I}"),
    "h": ("hour12", "[1-9]|1[0-2]", "{2}"),
    "a": ("half", "[AaPp]\\.?[Mm]\\.?", "{3}"),
    "mm": ("minute", "[0-9]{2}", "{0.minute:02d}"),
    "ss": ("second", "[0-9]{2}", "{0.second:02d}"),
}
_ELSEWHERE: Final = {"YYYY": "yyyy", "YY": "yy", "DD": "dd", "tt": "a", "MI": "mm", "NN": "mm", "SS": "ss"}
_MONTHS: Final = {"MMMM": "wide", "MMM": "abbreviated"}
_MAX_FRACTION: Final = 6
_FULL_MINUTE: Final = 60
_MAX_LENGTH: Final = 100
_TOKEN: Final = re.compile(r"'([^']*)'|(([A-Za-z])\3*)|([^A-Za-z'])")
DATE_PARTS: Final = frozenset({"year", "month", "day"})


class Memo(dict[Any, V]):
    """Remember what a pure function gave, for the last few thousand arguments at most."""

    __slots__ = ("_function", "_limit")

    def __init__(self, function: Callable[[Any], V], limit: int = 4096) -> None:
        super().__init__()
        self._function = function
        self._limit = limit

    def __missing__(self, key: Any) -> V:
        """Ask the function, once."""
        value = self._function(key)
        if len(self) >= self._limit:
            self.clear()
        self[key] = value
        return value


@dataclass(frozen=True, slots=True)
class Pattern:
    """A date pattern. Raises ``InvalidValue`` for one that is none or does not name year, month and day.

    ``years`` are the first and the last year that it can spell such that they are read again.
    """

    text: str
    language: str = ""
    years: tuple[int, int] = field(init=False, compare=False)
    parts: tuple[str, ...] = field(init=False, compare=False)
    _regex: re.Pattern[str] = field(init=False, repr=False, compare=False)
    _template: str = field(init=False, repr=False, compare=False)
    _months: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Translate the pattern to a regular expression and to a format."""
        if len(self.text) > _MAX_LENGTH:
            raise InvalidValue("a date pattern has at most 100 characters")
        parts: list[str] = []
        months: tuple[str, ...] = ()
        years = (1, 9999)
        regex = template = ""
        at = 0
        while at < len(self.text):
            found = _TOKEN.match(self.text, at)
            if not found:
                raise self._wrong("a quote is not closed")
            quoted, letters, _, sign = found.groups()
            if letters:
                if letters in _MONTHS:
                    months = _month_names(self.text, letters, self.language)
                years = (1969, 2068) if letters == "yy" else years
                name, expression, spelled = self._part(letters, months)
                if name in parts:
                    raise self._wrong(f"it names the {name} twice")
                parts.append(name)
                regex += f"(?P<{name}>{expression})"
                template += spelled
            else:
                literal = sign or quoted
                regex += re.escape(literal)
                template += literal.replace("{", "{{").replace("}", "}}")
            at = found.end()
        self._check(parts)
        object.__setattr__(self, "years", years)
        object.__setattr__(self, "_months", months)
        object.__setattr__(self, "parts", tuple(parts))
        object.__setattr__(self, "_regex", re.compile(regex, re.IGNORECASE if months else 0))
        object.__setattr__(self, "_template", template)

    def parse(self, text: str) -> datetime | None:
        """Give the wall time that ``text`` spells, without zone, or ``None``."""
        found = self._regex.fullmatch(text)
        if not found:
            return None
        named = found.groupdict()
        half = named.pop("half", None)
        month = self._month_of(named.pop("month")) if self._months else 0
        numbers = {name: int(digits) for name, digits in named.items() if name != "microsecond"}
        if self._months:
            numbers["month"] = month
        if half:
            numbers["hour"] = numbers.pop("hour12") % 12 + (12 if half[0] in "Pp" else 0)
        if self.years[0] > 1:
            numbers["year"] += 1900 if numbers["year"] >= self.years[0] % 100 else 2000
        if "microsecond" in self.parts:
            numbers["microsecond"] = int(found["microsecond"].ljust(_MAX_FRACTION, "0"))
        # A leap second, or a system that rounds the seconds up: 10:17:60 is 10:18:00.
        is_full = numbers.get("second") == _FULL_MINUTE
        numbers |= {"second": _FULL_MINUTE - 1} if is_full else {}
        try:
            moment = datetime(**numbers)  # type: ignore[arg-type]  # noqa: DTZ001 - a wall time has no zone yet
            return moment + timedelta(seconds=1) if is_full else moment
        except (ValueError, OverflowError):
            return None

    def format(self, moment: datetime) -> str:
        """Spell a wall time; what the pattern does not show is cut off."""
        half = "AM" if moment.hour < 12 else "PM"  # noqa: PLR2004 - noon
        month = self._months[moment.month - 1] if self._months else ""
        return self._template.format(moment, f"{moment.microsecond:06d}", (moment.hour - 1) % 12 + 1, half, month)

    @property
    def shows_hour(self) -> bool:
        """Whether it shows the hour, of a clock of twenty-four or of twelve."""
        return "hour" in self.parts or "hour12" in self.parts

    def _month_of(self, word: str) -> int:
        # Letters that match in any case need not be equal in small letters; then it is no month (0).
        names = [name.casefold() for name in self._months]
        return names.index(word.casefold()) + 1 if word.casefold() in names else 0

    @property
    def shows_time(self) -> bool:
        """Whether it shows more than the day."""
        return not set(self.parts) <= DATE_PARTS

    def _check(self, parts: list[str]) -> None:
        if not set(parts) >= DATE_PARTS:
            raise self._wrong("it must name year (yyyy), month (MM) and day (dd)")
        if ("hour12" in parts) != ("half" in parts) or {"hour", "hour12"} <= set(parts):
            raise self._wrong("hh and h, of a clock of twelve, need a for AM and PM", "did you mean HH? ")

    def _part(self, letters: str, months: tuple[str, ...]) -> tuple[str, str, str]:
        if letters in _MONTHS:
            return "month", "|".join(map(re.escape, sorted(months, key=len, reverse=True))), "{4}"
        if letters in _FIELDS:
            return _FIELDS[letters]
        if set(letters) == {"S"} and len(letters) <= _MAX_FRACTION:
            return "microsecond", f"[0-9]{{{len(letters)}}}", f"{{1:.{len(letters)}}}"
        meant = _ELSEWHERE.get(letters) or nearest(letters, _FIELDS)
        raise self._wrong(f"'{letters}' is not understood", f"did you mean {meant}? " if meant else "")

    def _wrong(self, detail: str, meant: str = "") -> InvalidValue:
        known = (
            "yyyy MM MMMM dd HH h a mm ss SSS; other letters stand in single quotes, for example yyyy-MM-dd'T'HH:mm:ss"
        )
        return InvalidValue(f"'{self.text}' is not a date pattern", detail=detail, hint=meant + known)


def _month_names(pattern: str, letters: str, language: str) -> tuple[str, ...]:
    if not language:
        hint = "say in which language: language: de"
        raise InvalidValue(f"'{pattern}' shows the name of the month", detail=f"{letters} is a name", hint=hint)
    from babel import Locale, UnknownLocaleError  # slow to load and rarely needed

    try:
        names = Locale.parse(language.replace("-", "_")).months["format"][_MONTHS[letters]]
    except (UnknownLocaleError, ValueError, TypeError) as cause:
        raise InvalidValue(f"there is no language '{language}'", hint="for example language: de") from cause
    return tuple(str(names[month]) for month in range(1, 13))
