"""Translations that need not be written down because both systems declare what their fields hold.

Only those are made that cannot lose or invent anything. For every other difference of types the author is told which
codec to name.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tallystick.core.schema import Field, Type

_PATTERN: Final = re.compile(r"yy")
_CURES: Final[Mapping[frozenset[Type], str]] = {
    frozenset({"text", "integer"}): "give the text side codec: integer",
    frozenset({"text", "number"}): "give the text side codec: {codec: number}, with decimal: ',' for 1,50",
    frozenset({"text", "boolean"}): "give the text side codec: {codec: boolean, yes: J, no: N}",
    frozenset({"integer", "boolean"}): "give the number side codec: {codec: boolean, yes: 1, no: 0}",
    frozenset({"text", "instant"}): "give the text side codec: {codec: local_time, format: dd.MM.yyyy HH:mm}",
    frozenset({"text", "local_time"}): "give both sides codec: {codec: local_time, format: dd.MM.yyyy HH:mm}",
    frozenset({"text", "date"}): "give the text side codec: {codec: date, format: dd.MM.yyyy}",
    frozenset({"text", "list"}): "give the text side codec: {codec: text_list, separator: ','}",
    frozenset({"integer", "instant"}): "give the number side codec: unix (or unix_ms)",
    frozenset({"number", "instant"}): "give the number side codec: unix (or unix_ms)",
    frozenset({"instant", "date"}): "give the instant side codec: [instant, {codec: day, zone: Europe/Berlin}]",
}

# So that the digits of amounts survive, many systems send them as text, always with a point.
_SPELLED_NUMBERS: Final = frozenset({"decimal", "double", "float", "number"})
_MAKE_DAYS: Final = frozenset({"date", "day"})
_MAKE_INSTANTS: Final = frozenset({"instant", "local_time", "wall_time", "zoned", "unix", "unix_ms"})


@dataclass(frozen=True, slots=True)
class Declared:
    """What one side declares of a field, with the zone of its system."""

    field: Field
    zone: str

    @property
    def pattern(self) -> str:
        """The date pattern, if the declared format is one."""
        return self.field.format if _PATTERN.search(self.field.format) else ""


@dataclass(frozen=True, slots=True)
class Conversion:
    """A codec to add on each side, by name and settings; ``hint`` instead where the author has to choose."""

    left: tuple[str, Mapping[str, Any]] | None = None
    right: tuple[str, Mapping[str, Any]] | None = None
    hint: str = ""


def convert(left: Declared, right: Declared) -> Conversion:
    """Say how values of two declared fields translate without anybody having named a codec."""
    kinds: frozenset[Type] = frozenset({left.field.type, right.field.type})
    if "any" in kinds or kinds in ({"integer", "number"}, {"object"}, {"list"}):
        return Conversion()
    if kinds <= {"instant", "local_time"}:
        return _convert_times(left, right)
    if kinds == {"date"}:
        return Conversion(_day(left), _day(right)) if left.pattern != right.pattern else Conversion()
    if len(kinds) == 1:
        return Conversion()
    if spelled := _spelled_number(kinds, left, right):
        return Conversion(left=("number", {})) if spelled is left else Conversion(right=("number", {}))
    return Conversion(hint=_CURES.get(kinds, "name a codec on one side, or map another field"))


def _spelled_number(kinds: frozenset[Type], left: Declared, right: Declared) -> Declared | None:
    """Give the side that declares of a text that it spells a number, where the other side holds numbers."""
    text = left if left.field.type == "text" else right
    return text if kinds == {"text", "number"} and text.field.format in _SPELLED_NUMBERS else None


def complete(codec: str, other: Declared) -> Conversion:
    """Say what the side that the author named no codec for needs, where the other's last codec is ``codec``.

    Days and instants are values of their own, which a system's text is not: without a codec nothing could be compared
    or written. The codec to add stands in ``right``, whichever side it is for.
    """
    kind = other.field.type
    if codec in _MAKE_DAYS:
        if kind in {"date", "any"}:
            return Conversion(right=_day(other))
        return Conversion(hint=_CURES.get(frozenset({kind, "date"}), "name the codec date on both sides"))
    if codec in _MAKE_INSTANTS:
        made = _time(other) if kind in {"instant", "local_time"} else ("instant", {}) if kind == "any" else None
        if made is not None:
            return Conversion(right=made)
        return Conversion(hint=_CURES.get(frozenset({kind, "instant"}), "name a codec for times on both sides"))
    return Conversion()


def _convert_times(left: Declared, right: Declared) -> Conversion:
    if left.field.type == right.field.type == "local_time" and (left.zone, left.pattern) == (right.zone, right.pattern):
        return Conversion()
    made = _time(left), _time(right)
    if None in made:
        return Conversion(
            hint="where the spelling is not declared, write codec: {codec: local_time, format: dd.MM.yyyy HH:mm}"
        )
    return Conversion(*made)


def _time(side: Declared) -> tuple[str, Mapping[str, Any]] | None:
    if side.field.type == "instant":
        return "instant", {"zone": side.zone}
    if side.pattern:
        return "local_time", {"zone": side.zone, "format": side.pattern}
    # Databases and programs spell it alike; a format that is named and not known may be anything.
    return None if side.field.format else ("wall_time", {"zone": side.zone})


def _day(side: Declared) -> tuple[str, Mapping[str, Any]]:
    return "date", ({"format": side.pattern} if side.pattern else {})
