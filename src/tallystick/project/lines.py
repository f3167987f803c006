"""Lines inside a record, made to look like an object of its own: what mappings, checks and the linter see of them."""

from collections.abc import Iterator
from typing import Final

from tallystick.core.path import parse_or_none
from tallystick.project.manifest import Claims, FieldSpec, Filter, Manifest, ObjectSpec
from tallystick.project.near import suggest
from tallystick.project.text import DataPath

ID: Final = "line_id"
_OWN: Final = frozenset({"inside", "fields"})


def lines(spec: ObjectSpec, holder: ObjectSpec) -> ObjectSpec:
    """Fill in what lines have from the records that hold them; ``spec`` has no ``line_faults``."""
    inside = spec.inside
    if inside is None:
        return spec
    own = dict(spec.fields)
    if own:
        key = own.get(inside.key, FieldSpec())
        own[inside.key] = key.model_copy(update={"create_only": not key.read_only})
    points = FieldSpec(type="text", reference=inside.object, required=True, create_only=True, cascades=True)
    return ObjectSpec(
        id=ID,
        inside=inside,
        list=holder.list,
        get=holder.get,
        create=holder.update,
        update=holder.update,
        delete=holder.update,
        since=holder.since,
        filters={inside.holder: Filter(param=inside.holder)},
        omits_blank=holder.omits_blank,
        fields={**own, inside.holder: points} if own else {},
        claims=Claims(create_idem="search"),
    )


def line_faults(spec: ObjectSpec, simple: Manifest) -> Iterator[tuple[DataPath, str, str]]:
    """Find what is wrong with lines: the path in the object's entry, what, and the cure.

    ``simple`` has the objects with records of their own.
    """
    inside = spec.inside
    if inside is None:
        return
    for name in sorted(spec.model_fields_set - _OWN):
        yield (name,), f"'{name}' belongs to the object whose records hold the lines", f"move it to {inside.object}"
    at: DataPath = ("inside",)
    if inside.object not in simple.objects:
        hint = suggest(inside.object, simple.objects, what="objects with records of their own")
        yield (*at, "object"), f"there is no object '{inside.object}' whose records could hold lines", hint
    for name, text in (("path", inside.path), ("key", inside.key)):
        if not parse_or_none(text):
            yield (*at, name), f"'{text}' is not a path", "write keys with dots: cart.lines"
    if spec.fields and inside.key not in spec.fields:
        yield (
            (*at, "key"),
            f"there is no field '{inside.key}'",
            suggest(inside.key, spec.fields, what="declared fields"),
        )
    if parse_or_none(inside.holder) is None or "." in inside.holder or inside.holder in {*spec.fields, ID}:
        yield (*at, "holder"), f"'{inside.holder}' is a field of the line, or no name", "give another name"
