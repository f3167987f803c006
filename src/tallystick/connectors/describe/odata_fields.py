"""The properties of an OData type as fields, and how values are written in keys and filters of each version."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tallystick.connectors.describe.odata_read import EntityType, Metadata, Property
from tallystick.core.path import Path, render
from tallystick.core.schema import Type
from tallystick.project.manifest import FieldSpec

_DEEPEST: Final = 3
_LONGEST_LABEL: Final = 80
_V4: Final = 4
_TYPES: Final[dict[str, Type]] = {
    **dict.fromkeys(("String", "Guid", "Binary", "Duration", "TimeOfDay"), "text"),
    **dict.fromkeys(("Byte", "SByte", "Int16", "Int32", "Int64"), "integer"),
    **dict.fromkeys(("Decimal", "Double", "Single"), "number"),
    "Boolean": "boolean",
    "Date": "date",
    "DateTimeOffset": "instant",
}
# In version 2 these are JSON texts of their own making: numbers in quotes, times as /Date(ms)/ or PT13H.
_AS_TEXT: Final = {
    "Int64": "int64", "Decimal": "decimal", "Double": "double", "Single": "single", "DateTime": "json_date",
    "DateTimeOffset": "json_date", "Time": "duration",
}  # fmt: skip
_FORMATS: Final = {"Guid": "uuid", "Binary": "byte", "Duration": "duration"}
_LEFT: Final = re.compile(r"Edm\.(Stream|Geo|Untyped|PrimitiveType|ComplexType|EntityType|AnnotationPath)")


@dataclass(frozen=True, slots=True)
class Spelling:
    """How a version of OData writes: where rows and records stand in an answer, and its literals."""

    version: int
    rows: str
    record: str


def spelling_of(version: int) -> Spelling:
    """Give how a version writes."""
    return Spelling(version, "value", "") if version >= _V4 else Spelling(version, "d.results", "d")


def literal(each: Property, spell: Spelling, mark: str, *, is_time: bool = False) -> tuple[str, str]:
    """Write ``mark`` as a literal of a property's type; gives with it how a time has to be spelled."""
    name = each.type.removeprefix("Edm.")
    seconds = "yyyy-MM-dd'T'HH:mm:ss"
    if name in {"String", "Binary"} and not is_time:
        return f"'{mark}'", "iso"
    if spell.version >= _V4:
        return mark, "yyyy-MM-dd" if name == "Date" else "iso"
    match name:
        case "Guid":
            return f"guid'{mark}'", "iso"
        case "DateTime":
            return f"datetime'{mark}'", seconds
        case "DateTimeOffset":
            return f"datetimeoffset'{mark}'", "iso"
        case "Int64":
            return f"{mark}L", "iso"
        case "Decimal":
            return f"{mark}M", "iso"
        case _:
            return mark, "iso"


def fields_of(metadata: Metadata, kind: EntityType, sets: Mapping[str, str]) -> tuple[dict[str, FieldSpec], list[str]]:
    """Describe the properties of a type, those inside complex ones too; gives what was left out beside them.

    ``sets`` are the names of the entity sets by the full names of their types.
    """
    fields: dict[str, FieldSpec] = {}
    left: list[str] = []
    _gather(metadata, kind, (), fields, left)
    for name, target in kind.links.items():
        if name in fields and target in sets:
            fields[name] = fields[name].model_copy(update={"reference": sets[target]})
    for name in kind.keys:
        path = render((name,))
        if path in fields and not fields[path].read_only:
            fields[path] = fields[path].model_copy(update={"create_only": True, "required": False})
        if path in fields and len(kind.keys) == 1:
            fields[path] = fields[path].model_copy(update={"unique": True})
    return fields, left


def _gather(metadata: Metadata, kind: EntityType, path: Path, fields: dict[str, FieldSpec], left: list[str]) -> None:
    for name, each in kind.properties.items():
        here = (*path, name)
        inner = metadata.others.get(each.type)
        if inner is not None and not each.is_many and len(here) < _DEEPEST:
            _gather(metadata, inner, here, fields, left)
        elif _LEFT.match(each.type) or (inner is not None and not each.is_many):
            left.append(render(here))
        else:
            fields[render(here)] = _field(metadata, each)


def _field(metadata: Metadata, each: Property) -> FieldSpec:
    name = each.type.removeprefix("Edm.")
    options = metadata.options.get(each.type, ())
    is_old = metadata.version < _V4
    kind: Type = "list" if each.is_many else "text" if options else _TYPES.get(name, "any")
    spelled = _FORMATS.get(name, "")
    if is_old and name in _AS_TEXT and not each.is_many:
        kind, spelled = "text", _AS_TEXT[name]
    computed = each.notes.get("Computed", "false") == "true" or each.marks.get("StoreGeneratedPattern") == "Computed"
    may_create, may_update = each.marks.get("creatable") != "false", each.marks.get("updatable") != "false"
    read_only = computed or not (may_create or may_update)
    changes: dict[str, Any] = {
        "read_only": read_only,
        "create_only": not read_only and (not may_update or each.notes.get("Immutable", "false") == "true"),
        "required": not each.nullable and not read_only and not each.is_many and "DefaultValue" not in each.marks,
    }
    label = each.marks.get("label") or each.notes.get("Label") or each.notes.get("Description") or ""
    most = each.marks.get("MaxLength", "")
    return FieldSpec(
        type=kind,
        format=spelled,
        nullable=each.nullable,
        max_length=int(most) if most.isdecimal() and kind == "text" and name == "String" else None,
        options=options,
        label=label if len(label) <= _LONGEST_LABEL else "",
        **changes,
    )
