"""Simple types of XML Schema: what they restrict, and the rules of a manifest's field that say the same."""

import re
from dataclasses import dataclass, replace
from typing import Any, Final

from tallystick.connectors.soap_xml import Element, local
from tallystick.core.schema import Type
from tallystick.project.manifest import FieldSpec

_BYTE: Final = 2**7
_SHORT: Final = 2**15
_INT: Final = 2**31
_RANGES: Final[dict[str, tuple[float | None, float | None]]] = {
    "xs:byte": (-_BYTE, _BYTE - 1),
    "xs:short": (-_SHORT, _SHORT - 1),
    "xs:int": (-_INT, _INT - 1),
    "xs:unsignedByte": (0, 2 * _BYTE - 1),
    "xs:unsignedShort": (0, 2 * _SHORT - 1),
    "xs:unsignedInt": (0, 2 * _INT - 1),
    "xs:unsignedLong": (0, None),
    "xs:nonNegativeInteger": (0, None),
    "xs:positiveInteger": (1, None),
    "xs:nonPositiveInteger": (None, 0),
    "xs:negativeInteger": (None, -1),
}
_KINDS: Final[dict[str, Type]] = {
    "xs:boolean": "boolean", "xs:date": "date", "xs:dateTime": "instant", "xs:decimal": "number", "xs:float": "number",
    "xs:double": "number", "xs:integer": "integer", "xs:long": "integer", "xs:anyType": "any",
    "xs:anySimpleType": "any",
    **dict.fromkeys(_RANGES, "integer"),
}  # fmt: skip
_FORMATS: Final = {"xs:anyURI": "uri", "xs:base64Binary": "byte", "xs:hexBinary": "hex", "xs:time": "time"}
# What Python's expressions spell otherwise or not at all; such a pattern is left to the service.
_FOREIGN: Final = re.compile(r"\\[pPiIcC]|-\[|(?<!\\)[\^$]|\(\?")
_INSIDE_CLASS: Final = re.compile(r"\[\^")
_LARGEST: Final = 10**15
_MOST_DIGITS: Final = 15  # more are not exact in a limit


@dataclass(frozen=True, slots=True)
class Simple:
    """A simple type: its built-in base, and what is allowed of it."""

    base: str
    options: tuple[str, ...] = ()
    min_length: int | None = None
    max_length: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    pattern: str = ""
    decimals: int | None = None

    @property
    def kind(self) -> Type:
        """The type of the values."""
        return _KINDS.get(self.base, "text")


def narrowed(base: Simple, restriction: Element) -> Simple:
    """Apply the facets of a restriction to its base."""
    changes: dict[str, Any] = {}
    patterns: list[str] = []
    options: list[str] = []
    for facet in restriction:
        kind, value = local(facet), str(facet.get("value") or "")
        if kind == "enumeration":
            options.append(value)
        elif kind == "pattern":
            patterns.append(value)
        else:
            changes |= _limits(kind, value, base)
    if options:
        changes["options"] = tuple(options)
    if patterns:
        changes["pattern"] = _pattern(patterns)
    return replace(base, **changes)


def _limits(kind: str, value: str, base: Simple) -> dict[str, Any]:
    try:
        number = float(value)
    except ValueError:
        return {}
    whole = int(number) if abs(number) < _LARGEST else None
    whole_number = base.kind == "integer"
    digits = whole if whole is not None and whole <= _MOST_DIGITS else None
    known: dict[str, dict[str, Any]] = {
        "length": {"min_length": whole, "max_length": whole},
        "minLength": {"min_length": whole},
        "maxLength": {"max_length": whole},
        "minInclusive": {"minimum": number},
        "maxInclusive": {"maximum": number},
        "minExclusive": {"minimum": number + 1} if whole_number else {},
        "maxExclusive": {"maximum": number - 1} if whole_number else {},
        "totalDigits": {"minimum": float(1 - 10**digits), "maximum": float(10**digits - 1)} if digits else {},
        "fractionDigits": {"decimals": whole},
    }
    return known.get(kind, {})


def _pattern(patterns: list[str]) -> str:
    """Spell alternatives as one expression that must match the whole text; empty for what is spelled otherwise."""
    if any(_FOREIGN.search(_INSIDE_CLASS.sub("[", pattern)) for pattern in patterns):
        return ""
    joined = "|".join(patterns)
    try:
        re.compile(joined)
    except (re.error, OverflowError):
        return ""
    return f"^(?:{joined})$"


def field_of(simple: Simple, **known: Any) -> FieldSpec:
    """Give the rules of a field; ``known`` is what its place says of it."""
    low, high = _RANGES.get(simple.base, (None, None))
    return FieldSpec(
        type=simple.kind,
        options=simple.options,
        min_length=simple.min_length or None,
        max_length=simple.max_length,
        minimum=simple.minimum if simple.minimum is not None else low,
        maximum=simple.maximum if simple.maximum is not None else high,
        pattern=simple.pattern,
        format=_FORMATS.get(simple.base, ""),
        **known,
    )
