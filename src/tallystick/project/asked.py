"""Which fields of an object a project's mappings look at, so that systems that can be asked for less are.

Only GraphQL manifests are narrowed: there, what is asked for is named field by field, and costs.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from tallystick.core.mapping import ObjectMapping, Place
from tallystick.core.path import Path, parse
from tallystick.project.manifest import Manifest, ObjectSpec
from tallystick.project.manifest_graphql import GraphqlObject, GraphqlSpec

Looked = Mapping[tuple[str, str], frozenset[Path]]


def looked_at(mappings: Iterable[ObjectMapping]) -> Looked:
    """Give, by system and object, the paths that mappings look at, and the words of their expressions as paths."""
    found: dict[tuple[str, str], set[Path]] = {}
    for mapping in mappings:
        for end, places in (
            (mapping.left, [each.left for each in mapping.fields]),
            (mapping.right, [each.right for each in mapping.fields]),
        ):
            paths = found.setdefault((end.system, end.object), set())
            paths.update(path for place in places for path in _paths(place))
            paths.update(each.path for each in end.where)
            paths.update((name,) for name in end.archive)
            paths.add(end.external_id)
    return {key: frozenset(filter(None, paths)) for key, paths in found.items()}


def _paths(place: Place) -> Iterator[Path]:
    yield place.path
    yield from (path for path, _ in place.inverse)
    for expression in (place.expression, *(inverse for _, inverse in place.inverse)):
        if expression is not None:
            yield from ((word,) for word in re.findall(r"\w+", expression.source))


def narrow(name: str, manifest: Manifest, looked: Looked) -> Manifest:
    """Let a GraphQL system be asked for mapped fields only; any other manifest stays as it is.

    Objects that others are made of (parts, lines) are asked for whole.
    """
    if manifest.graphql is None:
        return manifest
    shared = set(_shared(manifest))
    objects = dict(manifest.graphql.objects)
    for object_name, spec in manifest.objects.items():
        paths = looked.get((name, object_name))
        own = objects.get(object_name, GraphqlObject())
        if paths is None or object_name in shared or own.only:
            continue
        only = tuple(path for path in spec.fields if _is_seen(parse(path), paths))
        objects[object_name] = own.model_copy(update={"only": only})
    graphql: GraphqlSpec = manifest.graphql.model_copy(update={"objects": objects})
    return manifest.model_copy(update={"graphql": graphql})


def _is_seen(field: Path, paths: Iterable[Path]) -> bool:
    return any(field[: len(path)] == path or path[: len(field)] == field for path in paths)


def _shared(manifest: Manifest) -> Iterator[str]:
    spec: ObjectSpec
    for spec in manifest.objects.values():
        yield from (part.object for part in spec.parts.values())
        if spec.anchor:
            yield spec.anchor
        if spec.inside is not None:
            yield spec.inside.object
