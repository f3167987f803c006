"""From a manifest's fields to the core's description of an object type. The same for every protocol."""

from tallystick.core.schema import Field, ObjectType, Option
from tallystick.project.manifest import FieldSpec, ObjectSpec


def object_type(name: str, spec: ObjectSpec, key: tuple[str, ...] = ()) -> ObjectType:
    """Describe an object type as its manifest has it; ``key`` where it is not simply ``spec.id``."""
    return ObjectType(
        name=name,
        fields=tuple(_field(path, field) for path, field in spec.fields.items()),
        key=key or (spec.id,),
    )


def _field(path: str, spec: FieldSpec) -> Field:
    options = spec.options.items() if isinstance(spec.options, dict) else ((key, "") for key in spec.options)
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
        options=tuple(Option(key, label) for key, label in options),
        reference=spec.reference,
        label=spec.label,
    )
