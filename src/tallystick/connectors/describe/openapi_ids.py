"""Which field of a record is its id, when it was made and when it last changed."""

import re
from typing import Final

from tallystick.connectors.describe.openapi_calls import Call
from tallystick.connectors.describe.openapi_paths import Resource
from tallystick.connectors.describe.openapi_schema import Shape, Shapes
from tallystick.connectors.describe.openapi_words import meaning_of, noun_of, snake, squeeze, words_of
from tallystick.core.path import render
from tallystick.project.manifest import Fact

_NAMES: Final = (
    "id", "uuid", "guid", "gid", "sid", "uid", "pk", "objectid", "recordid", "entityid", "internalid", "key",
    "externalid",
    "identifier", "code", "number", "no", "ref", "reference", "name", "slug", "urn", "handle",
)  # fmt: skip
_OUTER: Final = (
    "attributes",
    "properties",
    "fields",
    "values",
    "meta",
    "metadata",
    "header",
    "system",
    "sys",
    "record",
    "data",
)


def find_id(shapes: Shapes, resource: Resource, record: Shape) -> tuple[tuple[str, ...], Fact]:
    """Find the path of the id in a record; the most usual one, labelled inferred, where nothing tells."""
    names = {squeeze(name): name for name in reversed(list(record.properties))}
    parameter = _parameter(resource)
    for wanted, why in _candidates(resource, parameter, names):
        if wanted in names:
            path = _value(shapes, record, (names[wanted],))
            return path, Fact(label="declared" if why else "inferred", because=why or "by its name")
    for outer in _OUTER:
        if outer in names:
            inner = shapes.property(record, names[outer])
            within = {squeeze(name): name for name in inner.properties}
            for wanted, _ in _candidates(resource, parameter, within):
                if wanted in within:
                    path = _value(shapes, record, (names[outer], within[wanted]))
                    return path, Fact(label="inferred", because=f"by its name, inside '{names[outer]}'")
    return ("id",), Fact(label="inferred", because="the record is not described or has no field that looks like an id")


def _parameter(resource: Resource) -> str:
    """The name of the item path's own parameter."""
    for call in (resource.get, resource.update, resource.delete):
        if call and resource.item and call.key == resource.item and call.path_names:
            return call.path_names[-1]
    return ""


def _candidates(resource: Resource, parameter: str, names: dict[str, str]) -> list[tuple[str, str]]:
    """Squeezed names to try in order, each with the reason if the description itself gives one."""
    flat = squeeze(parameter)
    because = f"the parameter of the item path is called '{parameter}'"
    own = {f"{noun}id" for noun in resource.nouns}
    found: list[tuple[str, str]] = []
    if flat and not (flat in own and "id" in names):
        found.append((flat, because))
        bare = _without_noun(parameter, resource.nouns)
        if bare not in {flat, "id", ""}:
            found.append((bare, because))
    found.append(("id", because if flat in own | {"id"} else ""))
    found += [(name, "") for name in sorted(own)]
    found += [
        (f"{noun}{kind}", "") for noun in sorted(resource.nouns) for kind in ("uuid", "guid", "key", "sid", "number")
    ]
    schema = noun_of(resource.listing.item.name)
    found += [(f"{schema}id", "")] if schema else []
    tail = "".join(meaning_of(parameter)[-1:])
    ids = [name for name in names if name.endswith("id") and len(name) > 2]  # noqa: PLR2004 - more than "id"
    if tail in {"id", ""} and len(ids) == 1:
        found.append((ids[0], ""))
    return found + [(name, "") for name in _NAMES]


def _without_noun(parameter: str, nouns: set[str]) -> str:
    return "".join(word for word in words_of(parameter) if noun_of(word) not in nouns)


def _value(shapes: Shapes, record: Shape, path: tuple[str, ...]) -> tuple[str, ...]:
    """Some systems wrap each value: ``{"id": {"label": ..., "value": ...}}``."""
    inner = shapes.at(record, path).properties
    for name in ("value", "id"):
        if name in inner and len(inner) <= 6:  # noqa: PLR2004 - a wrapper, no record
            return (*path, name)
    return path


def id_parameter(call: Call, nouns: set[str], names: list[str]) -> str:
    """Among parameter names, find the one that says which record is meant."""
    for name in names:
        if squeeze(name) in {"id", *(f"{n}id" for n in nouns), *nouns} or noun_of(name) in nouns:
            return name
    required = [p.name for p in call.parameters if p.required and p.place == "query"]
    return required[0] if len(required) == 1 and re.search(r"id$", required[0], re.IGNORECASE) else ""


def item_path(call: Call, *, item: bool) -> str:
    """Spell a call's path with ``{id}`` for the record; a parent's parameter of that name gets another one."""
    names = call.path_names
    own = len(names) - 1 if item else -1
    parts = re.split(r"(\{[^{}]*\})", call.path)
    seen = -1
    for position, part in enumerate(parts):
        if not part.startswith("{"):
            continue
        seen += 1
        if seen == own:
            parts[position] = "{id}"
        elif part == "{id}":
            before = [s for s in re.split(r"[/(]", "".join(parts[:position])) if s and not s.startswith("{")]
            parts[position] = "{" + snake(noun_of(before[-1]) if before else "parent") + "_id}"
    return "".join(parts)


def spell(path: tuple[str | int, ...]) -> str:
    """Write a path as the manifest does."""
    return render(path)
