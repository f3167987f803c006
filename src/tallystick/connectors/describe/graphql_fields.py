"""The fields of a GraphQL type as fields of an object: what can be asked for by name, and how it is written."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tallystick.connectors.describe.graphql_lists import id_of, is_connection
from tallystick.connectors.describe.graphql_schema import Argument, Kind, Member, Ref, Schema
from tallystick.connectors.describe.openapi_words import first_sentence, squeeze
from tallystick.core.path import Path, parse, render
from tallystick.core.schema import Type
from tallystick.project.manifest import FieldSpec

_TYPES: Final[tuple[tuple[re.Pattern[str], Type], ...]] = (
    (re.compile(r"^(id|string|uuid|guid|text|varchar|citext|char|name|globalid)$"), "text"),
    (re.compile(r"^(int\d*|bigint|long|integer|short|byte|smallint|(unsigned|positive|nonnegative)int)$"), "integer"),
    (re.compile(r"^(float\d*|double|decimal|bigdecimal|money|numeric|number|bigfloat|real)$"), "number"),
    (re.compile(r"^bool(ean)?$"), "boolean"),
    (re.compile(r"^(local|naive)datetime$"), "local_time"),
    (re.compile(r"datetime|timestamptz|instant|offsetdatetime|zoneddatetime|^timestamp$"), "instant"),
    (re.compile(r"^(calendar)?(iso\d*)?(local)?date$"), "date"),
    (re.compile(r"localtime$|^time(tz)?$"), "text"),
    (re.compile(r"json|object|map$|^any$|untyped|generic"), "object"),
)  # fmt: skip
_FORMATS: Final = {
    "uuid": "uuid",
    "guid": "uuid",
    "email": "email",
    "emailaddress": "email",
    "url": "uri",
    "uri": "uri",
}
_DEEPEST: Final = 3
_BESIDE: Final = frozenset({"clientmutationid", "typename"})


@dataclass(slots=True)
class Fields:
    """The fields of an object, with what must be said besides about asking for and writing them."""

    fields: dict[str, FieldSpec] = field(default_factory=dict)
    select: dict[str, str] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)


def scalar_type(ref: Ref, schema: Schema) -> Type:
    """Give the type of a scalar or of a list of scalars."""
    if ref.is_list:
        return "list"
    if schema.kind(ref.name).kind == "ENUM":
        return "text"
    name = squeeze(ref.name)
    found = next((kind for pattern, kind in _TYPES if pattern.search(name)), None)
    return found or ("text" if name in _FORMATS else "any")


def scalar_field(ref: Ref, schema: Schema, text: str, **more: Any) -> FieldSpec:
    """Describe a field that has no fields of its own."""
    kind = schema.kind(ref.name)
    return FieldSpec(
        type=scalar_type(ref, schema),
        nullable=not ref.is_required,
        options=kind.options if kind.kind == "ENUM" and not ref.is_list else (),
        format=_FORMATS.get(squeeze(ref.name), ""),
        label=first_sentence(text),
        **more,
    )


def fields_of(schema: Schema, kind: Kind, objects: Mapping[str, str]) -> Fields:
    """Describe the fields of a type. ``objects`` are the names of the objects by the types of their records."""
    found = Fields()
    for name, member in kind.members.items():
        if member.needs_arguments or member.is_deprecated or squeeze(name) in _BESIDE:
            continue
        inner = schema.kind(member.type.name)
        if not inner.is_composite:
            found.fields[render((name,))] = scalar_field(member.type, schema, member.description)
        elif member.type.is_list or is_connection(inner):
            _add_list(found, schema, member, inner, objects)
        else:
            _add_inner(found, schema, (name,), member, inner, objects)
    _join_references(found.fields)
    return found


def _join_references(fields: dict[str, FieldSpec]) -> None:
    """Where a record shows the id of another one both by itself and in it, only the first is a field."""
    plain = {squeeze(path): path for path in fields if len(parse(path)) == 1}
    for path, spec in list(fields.items()):
        steps = parse(path)
        if len(steps) != 2 or not (spec.reference or squeeze(str(steps[1])) == "id"):  # noqa: PLR2004 - name and id
            continue
        outer = squeeze(str(steps[0]))
        own = plain.get(f"{outer}id") or next(
            (plain[name] for name in plain if name.endswith("id") and name != "id" and outer.endswith(f"by{name}")), ""
        )
        if own:
            fields[own] = fields[own].model_copy(update={"reference": spec.reference})
            del fields[path]


def _add_inner(
    found: Fields, schema: Schema, path: Path, member: Member, inner: Kind, objects: Mapping[str, str]
) -> None:
    """Add what stands inside a field: the id of another record, or the parts of a value."""
    own_id = id_of(inner) if inner.kind in {"OBJECT", "INTERFACE"} else ""
    if own_id and (inner.name in objects or inner.members[own_id].type.name == "ID"):
        spec = scalar_field(inner.members[own_id].type, schema, member.description)
        reference = objects.get(inner.name, "")
        found.fields[render((*path, own_id))] = spec.model_copy(
            update={"reference": reference, "nullable": not member.type.is_required}
        )
        return
    if inner.kind == "UNION" or len(path) >= _DEEPEST:
        found.left.append(render(path))
        return
    for name, each in inner.members.items():
        if each.needs_arguments or each.is_deprecated:
            continue
        deeper = schema.kind(each.type.name)
        if not deeper.is_composite:
            nullable = not (member.type.is_required and each.type.is_required)
            spec = scalar_field(each.type, schema, each.description)
            found.fields[render((*path, name))] = spec.model_copy(update={"nullable": nullable})
        elif not each.type.is_list and not is_connection(deeper):
            _add_inner(found, schema, (*path, name), each, deeper, objects)


def _add_list(found: Fields, schema: Schema, member: Member, inner: Kind, objects: Mapping[str, str]) -> None:
    """Add a list of values; records that are listed elsewhere refer to this one there."""
    if is_connection(inner) or inner.kind != "OBJECT" or inner.name in objects:
        found.left.append(member.name)
        return
    names = [
        name for name, each in inner.members.items()
        if not each.needs_arguments and not schema.kind(each.type.name).is_composite
    ]  # fmt: skip
    if not names:
        found.left.append(member.name)
        return
    found.fields[render((member.name,))] = FieldSpec(type="list", label=first_sentence(member.description))
    found.select[member.name] = f"{member.name} {{ {' '.join(names)} }}"


def input_path(path: str, inputs: Mapping[str, Argument], schema: Schema) -> Path | None:
    """Find where a field is written: under its own path, or under a name that joins its steps."""
    steps = parse(path)
    if _at(steps, inputs, schema):
        return steps
    joined = squeeze("_".join(str(step) for step in steps))
    outer = squeeze(str(steps[0]))
    names = {squeeze(name): name for name, each in inputs.items() if not schema.kind(each.type.name).is_input}
    found = names.get(joined) if len(steps) > 1 else None
    if found is None and len(steps) == 2 and squeeze(str(steps[1])) in {"id", "nodeid"}:  # noqa: PLR2004 - a reference
        found = names.get(f"{outer}id") or names.get(outer)
    return (found,) if found is not None else None


def _at(steps: Path, inputs: Mapping[str, Argument], schema: Schema) -> Argument | None:
    here = inputs
    each: Argument | None = None
    for step in steps:
        each = here.get(str(step))
        if each is None:
            return None
        here = schema.kind(each.type.name).inputs
    return each
