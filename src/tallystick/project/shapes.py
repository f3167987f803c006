"""Objects of several parts, made to look like plain ones: what mappings, checks and the linter see of them.

The fields of the anchor keep their names, those of a part stand under its role, and everything that is promised is the
weakest of what all parts promise. Connectors never see these objects; ``connectors.composite`` puts them together.
"""

from collections.abc import Iterator
from typing import Final

from tallystick.core.path import parse, parse_or_none, render
from tallystick.project.children import child, child_faults, child_warnings
from tallystick.project.lines import line_faults, lines
from tallystick.project.manifest import FieldSpec, Manifest, ObjectSpec
from tallystick.project.manifest_shapes import PartSpec
from tallystick.project.near import suggest
from tallystick.project.text import DataPath

_OWN: Final = frozenset({"anchor", "parts"})
_CALLS: Final = ("create", "update", "delete")
Complaint = tuple[DataPath, str, str]


def is_composite(spec: ObjectSpec) -> bool:
    """Tell whether an object is made of several parts."""
    return bool(spec.anchor or spec.parts)


def is_borrowed(spec: ObjectSpec) -> bool:
    """Tell whether an object has no records of its own: it is made of several parts, or lies inside other records."""
    return is_composite(spec) or spec.inside is not None


def plain(manifest: Manifest) -> Manifest:
    """Give the manifest as a protocol's connector needs it: only objects that have records of their own."""
    if not any(map(is_borrowed, manifest.objects.values())):
        return manifest
    return manifest.model_copy(
        update={"objects": {name: spec for name, spec in manifest.objects.items() if not is_borrowed(spec)}}
    )


def expand(manifest: Manifest) -> Manifest:
    """Fill in what an object of several parts has from its parts. The manifest has no ``shape_faults``."""
    manifest = _grown(manifest)
    objects = {
        name: _expanded(spec, manifest)
        if is_composite(spec)
        else lines(spec, manifest.objects[spec.inside.object])
        if spec.inside is not None
        else spec
        for name, spec in manifest.objects.items()
    }
    return manifest.model_copy(update={"objects": objects}) if objects != manifest.objects else manifest


def _grown(manifest: Manifest) -> Manifest:
    """Fill in the field by which an object below another one points to it."""
    objects = {name: child(spec) for name, spec in manifest.objects.items()}
    return manifest.model_copy(update={"objects": objects}) if objects != manifest.objects else manifest


def _expanded(spec: ObjectSpec, manifest: Manifest) -> ObjectSpec:
    anchor = manifest.objects[spec.anchor]
    others = [manifest.objects[part.object] for part in spec.parts.values()]
    owned = [manifest.objects[part.object] for part in spec.parts.values() if not part.found_by]
    whole = [anchor, *others]
    filled = {name: _part_filters(name, manifest.objects[part.object]) for name, part in spec.parts.items()}
    return anchor.model_copy(
        update={
            "anchor": spec.anchor,
            "parts": spec.parts,
            "fields": _fields(spec, anchor, manifest) if anchor.fields else {},
            "filters": anchor.filters | {path: each for found in filled.values() for path, each in found.items()},
            "since": anchor.since if all(each.since for each in whole) else None,
            "sort": None,
            "omits_blank": False,
            "create_bulk": None,
            "update_bulk": None,
            **{call: getattr(anchor, call) if all(getattr(o, call) for o in owned) else None for call in _CALLS},
        }
    )


def _fields(spec: ObjectSpec, anchor: ObjectSpec, manifest: Manifest) -> dict[str, FieldSpec]:
    fields = dict(anchor.fields)
    for role, part in spec.parts.items():
        own = manifest.objects[part.object]
        fixed = {own.id, own.version, own.modified, own.created, part.link, *part.where}
        for path, field in own.fields.items():
            # The part as a whole may be absent, so nothing in it is demanded of a record.
            loose = {"required": False, "nullable": True, "unique": False}
            is_fixed = field.read_only or path in fixed or bool(part.found_by)
            fields[f"{role}.{path}"] = field.model_copy(update=loose | {"read_only": is_fixed})
        if not own.fields:
            fields[role] = FieldSpec(type="object", read_only=bool(part.found_by))
    return fields


def _part_filters(role: str, spec: ObjectSpec) -> dict[str, object]:
    return {f"{role}.{path}": found for path, found in spec.filters.items()}


def shape_faults(manifest: Manifest) -> Iterator[Complaint]:
    """Find what is wrong with the objects of several parts: the path in the manifest, what, and the cure."""
    manifest = _grown(manifest)
    simple = plain(manifest)
    for name, spec in manifest.objects.items():
        found = _faults(spec, manifest) if is_composite(spec) else line_faults(spec, simple)
        if name in simple.objects:
            found = child_faults(name, simple)
        yield from (((("objects", name, *path)), message, hint) for path, message, hint in found)
        if spec.fields_from and spec.fields_from.object not in simple.objects:
            yield ("objects", name, "fields_from", "object"), *_stranger(spec.fields_from.object, manifest)
        for field, declared in spec.fields.items():
            if declared.options_from and declared.options_from.object not in plain(manifest).objects:
                at = ("objects", name, "fields", field, "options_from", "object")
                yield at, *_stranger(declared.options_from.object, manifest)


def _faults(spec: ObjectSpec, manifest: Manifest) -> Iterator[Complaint]:
    simple = plain(manifest).objects
    if not spec.anchor:
        yield ("parts",), "nothing says which object the parts belong to", "anchor: the object that gives the id"
    elif spec.anchor not in simple:
        yield ("anchor",), *_stranger(spec.anchor, manifest)
    if spec.anchor and not spec.parts:
        yield ("anchor",), "an anchor alone is no object of several parts", "name its parts, or use the object itself"
    for key in sorted(spec.model_fields_set - _OWN):
        message = f"'{key}' belongs to one of the objects that this one is made of"
        yield (key,), message, f"move it to {spec.anchor or 'the anchor'} or to the object of a part"
    for role, part in spec.parts.items():
        at: DataPath = ("parts", role)
        if part.object not in simple:
            yield (*at, "object"), *_stranger(part.object, manifest)
        elif spec.anchor in simple:
            yield from _part_faults(at, role, part, simple[part.object], simple[spec.anchor])


def _stranger(name: str, manifest: Manifest) -> tuple[str, str]:
    if name in manifest.objects:
        return f"'{name}' has no records of its own", "name an object that has records of its own"
    return f"there is no object '{name}'", suggest(name, plain(manifest).objects, what="known objects")


def _part_faults(at: DataPath, role: str, part: PartSpec, own: ObjectSpec, anchor: ObjectSpec) -> Iterator[Complaint]:
    if parse_or_none(role) is None or len(parse(role)) != 1:
        yield at, f"'{role}' cannot be the name of a part", "use letters, digits and _"
    elif any(parse_or_none(path) and str(parse(path)[0]) == role for path in anchor.fields):
        yield at, f"the anchor has a field '{role}' already", "give the part another name"
    if bool(part.link) == bool(part.found_by):
        message = "a part is found either by its own link to the anchor or by a field of the anchor"
        yield at, message, "link: the field of the part that holds the anchor's id"
    paths: list[tuple[DataPath, str, ObjectSpec]] = [
        (("link",), part.link, own),
        (("found_by",), part.found_by, anchor),
    ]
    paths += [(("where", path), path, own) for path in part.where]
    paths += [(("on_create", path), path, own) for path in part.on_create]
    for where, text, holder in paths:
        found = parse_or_none(text)
        if found is None:
            yield (*at, *where), f"'{text}' is not a path", "write keys with dots: partner.id"
        elif text and holder.fields and not _is_declared(text, holder):
            yield (*at, *where), f"there is no field '{text}'", suggest(text, holder.fields, what="declared fields")
    for path, values in part.where.items():
        if not values:
            yield (*at, "where", path), "no value is listed, so no record could be the part", "list what belongs"
    if part.on_missing != "recreate" and not part.required:
        yield (*at, "on_missing"), "only a required part can be missing", "required: true"


def _is_declared(text: str, holder: ObjectSpec) -> bool:
    """Tell whether a field is declared here, or something that it is in or that is in it."""
    path = parse(text)
    known = [parse(each) for each in (*holder.fields, holder.id) if parse_or_none(each)]
    return any(path[: len(each)] == each or each[: len(path)] == path for each in known)


def shape_warnings(manifest: Manifest) -> Iterator[Complaint]:
    """Find what works but costs: parts that are looked for the long way, changes that are seen late."""
    whole = plain(manifest)
    simple = whole.objects
    for name, spec in manifest.objects.items():
        for path, message, hint in child_warnings(name, whole) if name in simple else ():
            yield ("objects", name, *path), message, hint
        for role, part in spec.parts.items() if is_composite(spec) else ():
            own, anchor, at = simple[part.object], simple[spec.anchor], ("objects", name, "parts", role)
            can_find = manifest.protocol == "sql" or part.found_by or part.link in own.filters
            if manifest.protocol in {"rest", "graphql", "soap", "rpc"} and not can_find:
                message = f"{part.object} cannot be asked for by '{part.link}', so each look at one record lists all"
                hint = f"objects.{part.object}.filters: {{{part.link}: {{param: {render(parse(part.link))}}}}}"
                yield (*at, "link"), message, hint
            if (
                manifest.protocol in {"rest", "graphql", "soap", "rpc"}
                and part.found_by
                and part.found_by not in anchor.filters
                and own.since
            ):
                message = f"{spec.anchor} cannot be asked for by '{part.found_by}'"
                yield (*at, "found_by"), f"{message}, so changes of the part are seen at the next full compare", ""
            if anchor.since and not own.since:
                message = f"{part.object} cannot be asked for changes, so all of {name} is read each time"
                yield (*at, "object"), message, f"objects.{part.object}.since, if the system can"
            for each, shape in ((part.object, own), (spec.anchor, anchor)):
                if shape.omits_blank and not shape.fields:
                    message = f"records of {each} omit blank fields, and none of its fields is declared"
                    yield at, f"{message}: a cleared field cannot be told from one that is not shown", "declare them"
