"""Between JSON and XML by the types of a service: ``write_value`` makes elements, ``read_value`` understands them.

Writing keeps to the declaration: order, namespaces, nulls. Reading goes by names alone, because services answer in
other orders and namespaces than they declare; what is not declared is read as text, object or list.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from lxml import etree

from tallystick.connectors.soap_xml import NIL, TYPE, XSD, Element, is_nil, local, qualify
from tallystick.core.error import InvalidValue, Refused
from tallystick.project.manifest_soap import SoapMember, SoapType, read_member

VALUE: Final = "value"
CHOSEN: Final = "@type"  # names the derived type of an object, where it is not the declared one
_BUILT_IN: Final = "xs:"
_WHOLE: Final = frozenset({
    "integer", "int", "long", "short", "byte", "nonNegativeInteger", "positiveInteger", "nonPositiveInteger",
    "negativeInteger", "unsignedInt", "unsignedLong", "unsignedShort", "unsignedByte",
})  # fmt: skip
_NUMBERS: Final = frozenset({"decimal", "float", "double"})
_VERBATIM: Final = frozenset({"string", "anyType", "anySimpleType"})
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_BOOLEANS: Final = {"true": True, "1": True, "false": False, "0": False}
# What XML 1.0 cannot carry, however it is escaped.
_ILLEGAL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_DEEPEST: Final = 40


@dataclass(frozen=True, slots=True)
class Shape:
    """A type with its members read. ``key`` is how the manifest calls it, ``name`` how its schema does."""

    key: str
    name: str
    namespace: str
    is_qualified: bool
    value: str
    members: Mapping[str, SoapMember]


class Types:
    """The types of a service by name."""

    def __init__(self, types: Mapping[str, SoapType]) -> None:
        self._shapes = {
            key: Shape(
                key,
                spec.name or key,
                spec.namespace,
                spec.qualified,
                spec.value,
                {name: read_member(text) for name, text in spec.elements.items()},
            )
            for key, spec in types.items()
        }
        self._by_name = {(shape.namespace, shape.name): shape for shape in self._shapes.values()}

    def of(self, name: str) -> Shape | None:
        """Give an object type; ``None`` for a built-in or unknown one."""
        return self._shapes.get(name)

    def named(self, namespace: str, name: str) -> Shape | None:
        """Give an object type by its name in the schema."""
        return self._by_name.get((namespace, name))


# --- writing ------------------------------------------------------------------------------------------------------


def write_value(element: Element, type_name: str, value: Any, types: Types, *, is_typed: bool, path: str = "") -> None:
    """Put a value into an element that stands in its message already.

    ``is_typed`` sends the type of each value along.

    Raises:
        Refused: the value has fields that the type has not, or is of another kind; nothing was sent.
    """
    shape = types.of(type_name)
    if isinstance(value, Mapping) and isinstance(chosen := value.get(CHOSEN), str):
        shape = types.of(chosen)
        if shape is None:
            raise _refused(f"there is no type '{chosen}'", path, "use a name of soap.types in the manifest")
        element.set(TYPE, _spelled(element, shape.namespace, shape.name))
        value = {name: inner for name, inner in value.items() if name != CHOSEN}
    elif is_typed and shape is not None:
        element.set(TYPE, _spelled(element, shape.namespace, shape.name))
    elif is_typed and type_name.startswith(_BUILT_IN):
        element.set(TYPE, _spelled(element, XSD, type_name.removeprefix(_BUILT_IN)))
    if shape is not None:
        _write_object(element, shape, value, types, is_typed=is_typed, path=path)
    elif isinstance(value, Mapping) and not type_name.startswith(_BUILT_IN):
        _write_freely(element, value)
    else:
        element.text = _text(value, path)


def _write_object(element: Element, shape: Shape, value: Any, types: Types, *, is_typed: bool, path: str) -> None:
    if not isinstance(value, Mapping):
        if shape.value:
            value = {VALUE: value}
        else:
            raise _refused(f"'{path}' takes an object", path, f"its type is {shape.key}")
    known = {*shape.members, *([VALUE] if shape.value else [])}
    for name in value:
        if name not in known:
            raise _refused(
                f"the service knows no '{name}' there",
                f"{path}.{name}" if path else str(name),
                f"correct the mapping, or soap.types.{shape.key} in the manifest",
            )
    if shape.value and value.get(VALUE) is not None:
        element.text = _text(value[VALUE], path)
    for name, member in shape.members.items():
        if name in value:
            inside = f"{path}.{name}" if path else name
            _write_member(
                element, _tag(shape, name, member), member, value[name], types, is_typed=is_typed, path=inside
            )


def _write_member(
    element: Element, tag: str, member: SoapMember, value: Any, types: Types, *, is_typed: bool, path: str
) -> None:  # fmt: skip
    if member.is_attribute:
        if value is not None:
            element.set(tag, _text(value, path))
        return
    if member.is_many and not isinstance(value, list | tuple):
        value = [] if value is None else [value]
    for one in value if member.is_many else [value]:
        if one is None:
            if member.is_nillable:
                etree.SubElement(element, tag).set(NIL, "true")
            continue
        write_value(etree.SubElement(element, tag), member.type, one, types, is_typed=is_typed, path=path)


def _tag(shape: Shape, name: str, member: SoapMember) -> str:
    space = member.namespace
    if space is None:
        space = shape.namespace if shape.is_qualified and not member.is_attribute else ""
    return f"{{{space}}}{name}" if space else name


def _write_freely(element: Element, value: Any) -> None:
    """Write what no type is known of: objects as elements without namespace, lists as repeated ones."""
    if not isinstance(value, Mapping):
        element.text = _text(value, local(element))
        return
    for name, inner in value.items():
        for one in inner if isinstance(inner, list | tuple) else [inner]:
            if one is not None:
                _write_freely(etree.SubElement(element, str(name)), one)


def _spelled(element: Element, namespace: str, name: str) -> str:
    """Spell a name where it is used as a value: the prefix must be declared, and declaring is done by the element."""
    for prefix, known in element.nsmap.items():
        if known == namespace and prefix:
            return f"{prefix}:{name}"
    return name


def _text(value: Any, path: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Mapping | list | tuple):
        raise _refused(f"'{path}' takes one plain value", path, "correct the mapping")
    text = "" if value is None else str(value)
    if _ILLEGAL.search(text):
        raise _refused(f"'{path}' has a character that XML cannot carry", path, "remove control characters")
    return text


def _refused(message: str, field: str, hint: str) -> Refused:
    return Refused(message, hint=hint, field=field, detail="nothing was sent")


# --- reading ------------------------------------------------------------------------------------------------------


def read_value(element: Element, type_name: str, types: Types, depth: int = 0) -> Any:
    """Read an element as JSON has it.

    Raises:
        InvalidValue: it is nested absurdly deep.
    """
    if depth > _DEEPEST:
        raise InvalidValue("an answer is nested too deep", detail=f"more than {_DEEPEST} levels")
    if is_nil(element):
        return None
    if (said := element.get(TYPE)) is not None:
        where, name = qualify(element, said)
        known = types.named(where, name)
        if known is not None:
            found = _read_object(element, known, types, depth)
            return found if known.key == type_name else {CHOSEN: known.key, **found}
        if types.of(type_name) is None and where == XSD:
            type_name = _BUILT_IN + name
    shape = types.of(type_name)
    if shape is not None:
        return _read_object(element, shape, types, depth)
    if len(element):
        return _read_freely(element, types, depth)
    return _atom(element.text or "", type_name.removeprefix(_BUILT_IN))


def _read_object(element: Element, shape: Shape, types: Types, depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if shape.value:
        found[VALUE] = _atom(element.text or "", shape.value.removeprefix(_BUILT_IN))
    for name, text in element.attrib.items():
        own = str(etree.QName(name).localname)
        member = shape.members.get(own)
        if member is not None and member.is_attribute:
            found[own] = _atom(text, member.type.removeprefix(_BUILT_IN))
    for inner in element:
        name = local(inner)
        member = shape.members.get(name)
        value = read_value(inner, member.type if member else "", types, depth + 1)
        if member is not None and member.is_many:
            found.setdefault(name, []).append(value)
        else:
            _add(found, name, value)
    return found


def _read_freely(element: Element, types: Types, depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for inner in element:
        _add(found, local(inner), read_value(inner, "", types, depth + 1))
    return found


def _add(found: dict[str, Any], name: str, value: Any) -> None:
    """Add what comes again to a list: an element that is declared once may come several times all the same."""
    if name not in found:
        found[name] = value
    elif isinstance(found[name], list):
        found[name].append(value)
    else:
        found[name] = [found[name], value]


def _atom(text: str, kind: str) -> Any:
    if kind in _VERBATIM or not kind:
        return text
    bare = text.strip()
    if kind == "boolean":
        return _BOOLEANS.get(bare, bare)
    if kind in _WHOLE:
        return int(bare) if bare.removeprefix("-").isdecimal() and len(bare) <= 400 else bare  # noqa: PLR2004 - bound
    if kind in _NUMBERS and _NUMBER.fullmatch(bare):
        try:
            return Decimal(bare)
        except InvalidOperation:
            return bare
    return bare
