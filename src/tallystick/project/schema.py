"""From a manifest's object to the core's object type, and from a path as written to what stands there."""

from dataclasses import dataclass
from typing import Final

from tallystick.core.error import InvalidValue
from tallystick.core.path import Path, parse, render
from tallystick.core.schema import Field, ObjectType, Option, Part, Type
from tallystick.project.manifest import FieldSpec, ObjectSpec
from tallystick.project.near import suggest

_HOLDS_MORE: Final = frozenset({"object", "list", "any"})


def object_type(name: str, spec: ObjectSpec, key: tuple[str, ...] = ()) -> ObjectType:
    """Make the core's object type of one object of a manifest; fields whose path cannot be read are left out.

    ``key`` is given where it is not simply ``spec.id`` (composite keys).
    """
    fields = []
    for path, field in spec.fields.items():
        try:
            fields.append(_field(render(parse(path)), field))
        except InvalidValue:
            continue
    parts = tuple(Part(role, part.required, part.on_missing) for role, part in spec.parts.items())
    return ObjectType(name, tuple(fields), key or (spec.id,), parts)


def _field(path: str, spec: FieldSpec) -> Field:
    written = spec.options if isinstance(spec.options, dict) else dict.fromkeys(spec.options, "")
    return Field(
        path=path,
        type=spec.type,
        required=spec.required,
        nullable=spec.nullable,
        read_only=spec.read_only,
        create_only=spec.create_only,
        unique=spec.unique,
        min_length=spec.min_length,
        max_length=spec.max_length,
        minimum=spec.minimum,
        maximum=spec.maximum,
        pattern=spec.pattern,
        format=spec.format,
        options=tuple(Option(key, label) for key, label in written.items()),
        reference=spec.reference,
        cascades=spec.cascades,
        label=spec.label,
        id=spec.id,
    )


@dataclass(frozen=True, slots=True)
class Found:
    """What a path leads to: the declared field if it is one, and whether it may be used at all.

    ``hint`` is the cure for a path that is not known.
    """

    field: Field | None = None
    known: bool = True
    hint: str = ""


def look_up(path: Path, schema: ObjectType, spec: ObjectSpec) -> Found:
    """Find what is declared at ``path``.

    An object without declared fields accepts every path. Otherwise a path is known if it is declared, if it is the
    id, version or a time of the object, if it leads into a declared object or list whose inside is not declared, or
    if declared fields lie under it.
    """
    text = render(path)
    if text in schema.by_path:
        return Found(schema.by_path[text])
    if not schema.fields or text in {spec.id, spec.version, spec.modified, spec.created}:
        return Found()
    declared = {parse(known): field for known, field in schema.by_path.items()}
    if any(known[: len(path)] == path for known in declared):
        kind: Type = (
            "list" if any(isinstance(k[len(path)], int) for k in declared if k[: len(path)] == path) else "object"
        )
        return Found(Field(text, kind))
    for end in range(len(path) - 1, 0, -1):
        above = declared.get(path[:end])
        if above:
            inside = [known for known in declared if len(known) > end and known[:end] == path[:end]]
            if above.type in _HOLDS_MORE and not inside:
                return Found()
            break
    return Found(known=False, hint=suggest(text, schema.by_path, what="declared fields"))
