"""Which paths of an object a project's mappings stand on, which have a meaning of their own, and what breaks them."""

from collections.abc import Mapping, Sequence

from tallystick.core.drift import FieldDrift
from tallystick.core.path import render
from tallystick.core.record import SIDES
from tallystick.project.manifest import ObjectSpec
from tallystick.wiring import House


def is_breaking(change: FieldDrift, mapped: Mapping[str, Sequence[str]]) -> bool:
    """Tell whether a mapping cannot go on as before; ``mapped`` are its fields by path."""
    return (change.is_narrowing and bool(mapped.get(change.path))) or (change.is_required and bool(mapped))


def own_paths(spec: ObjectSpec) -> frozenset[str]:
    """Give the paths that have a meaning of their own: id, version, times."""
    paths = (spec.id, spec.version, spec.modified, spec.created)
    return frozenset(p for p in paths if p and not p.startswith("header:"))


def mapped_paths(house: House, system: str, name: str) -> dict[str, list[str]]:
    """Give the mapped fields of an object by path."""
    found: dict[str, list[str]] = {}
    for pair in house.pairs:
        for end in map(pair.end, SIDES):
            if (end.system, end.object) == (system, name):
                for place, field in zip(end.places, pair.mapping.names, strict=True):
                    for path in [place.path, *(where for where, _ in place.inverse)]:
                        if path:
                            found.setdefault(render(path), []).append(f"{pair.name}.{field}")
    return found
