"""Date patterns such as ``dd.MM.yyyy HH:mm``: strict to read, exact to write, no locale.

    yyyy year   MM M month   dd d day   HH H hour (0-23)   mm minute   ss second   S ... SSSSSS fraction of a second

Doubled letters are padded with zeros, single ones are not. Text in single quotes and every sign that is no letter
stands for itself. ``Memo`` is here because every translation of times is built on one.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar

from tallystick.core.codecs.spelling import nearest
from tallystick.core.error import InvalidValue

V = TypeVar("V")

_FIELDS: Final[dict[str, tuple[str, str, str]]] = {
    "yyyy": ("year", "[0-9]{4}", "{0.year:04d}"),
    "MM": ("month", "[0-9]{2}", "{0.month:02d}"),
    "M": ("month", "[1-9][0-9]?", "{0.month}"),
    "dd": ("day", "[0-9]{2}", "{0.day:02d}"),
    "d": ("day", "[1-9][0-9]?", "{0.day}"),
    "HH": ("hour", "[0-9]{2}", "{0.hour:02d}"),
    "H": ("hour", "[0-9]|[1-9][0-9]", "{0.hour}"),
    "mm": ("minute", "[0-9]{2}", "{0.minute:02d}"),
    "ss": ("second", "[0-9]{2}", "{0.second:02d}"),
}
_ELSEWHERE: Final = {"YYYY": "yyyy", "DD": "dd", "hh": "HH", "MI": "mm", "NN": "mm", "SS": "ss"}
_MAX_FRACTION: Final = 6
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
    """A date pattern. Raises ``InvalidValue`` for one that is none or does not name year, month and day."""

    text: str
    parts: tuple[str, ...] = field(init=False, compare=False)
    _regex: re.Pattern[str] = field(init=False, repr=False, compare=False)
    _template: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Translate the pattern to a regular expression and to a format."""
        if len(self.text) > _MAX_LENGTH:
            raise InvalidValue("a date pattern has at most 100 characters")
        parts: list[str] = []
        regex = template = ""
        at = 0
        while at < len(self.text):
            found = _TOKEN.match(self.text, at)
            if not found:
                raise self._wrong("a quote is not closed")
            quoted, letters, _, sign = found.groups()
            if letters:
                name, expression, spelled = self._part(letters)
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
        if not set(parts) >= DATE_PARTS:
            raise self._wrong("it must name year (yyyy), month (MM) and day (dd)")
        object.__setattr__(self, "parts", tuple(parts))
        object.__setattr__(self, "_regex", re.compile(regex))
        object.__setattr__(self, "_template", template)

    def parse(self, text: str) -> datetime | None:
        """Give the wall time that ``text`` spells, without zone, or ``None``."""
        found = self._regex.fullmatch(text)
        if not found:
            return None
        numbers = {name: int(digits) for name, digits in found.groupdict().items() if name != "microsecond"}
        if "microsecond" in self.parts:
            numbers["microsecond"] = int(found["microsecond"].ljust(_MAX_FRACTION, "0"))
        try:
            return datetime(**numbers)  # type: ignore[arg-type]  # noqa: DTZ001 - a wall time has no zone yet
        except ValueError:
            return None

    def format(self, moment: datetime) -> str:
        """Spell a wall time; what the pattern does not show is cut off."""
        return self._template.format(moment, f"{moment.microsecond:06d}")

    @property
    def shows_time(self) -> bool:
        """Whether it shows more than the day."""
        return not set(self.parts) <= DATE_PARTS

    def _part(self, letters: str) -> tuple[str, str, str]:
        if letters in _FIELDS:
            return _FIELDS[letters]
        if set(letters) == {"S"} and len(letters) <= _MAX_FRACTION:
            return "microsecond", f"[0-9]{{{len(letters)}}}", f"{{1:.{len(letters)}}}"
        meant = _ELSEWHERE.get(letters) or nearest(letters, _FIELDS)
        raise self._wrong(f"'{letters}' is not understood", f"did you mean {meant}? " if meant else "")

    def _wrong(self, detail: str, meant: str = "") -> InvalidValue:
        known = "yyyy MM dd HH mm ss SSS; other letters stand in single quotes, for example yyyy-MM-dd'T'HH:mm:ss"
        return InvalidValue(f"'{self.text}' is not a date pattern", detail=detail, hint=meant + known)
