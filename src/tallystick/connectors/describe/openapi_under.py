"""Objects whose paths lie below another object's: ``/orders/{order_id}/lines`` is below ``orders``."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tallystick.connectors.describe.openapi_paths import Key, Resource
from tallystick.connectors.describe.openapi_words import noun_of, snake
from tallystick.project.children import placeholders
from tallystick.project.manifest import Fact, ObjectSpec, Operation
from tallystick.project.manifest_shapes import UnderSpec

_PARAMETER: Final = re.compile(r"\{([^{}]*)\}")
_OWN: Final = "id"


def place_below(
    objects: dict[str, ObjectSpec], named: Mapping[str, Resource], tenant: int
) -> Iterator[tuple[str, Fact]]:
    """Say in ``objects`` which lie below which; give each that was placed with the reason.

    ``tenant`` is how many parameters every path starts with; they are nobody's.
    """
    items = {resource.item: name for name, resource in named.items() if resource.item is not None}
    # Those nearer to the root first: what lies below them takes over the names that they use.
    for name in sorted(named, key=lambda each: named[each].list_call.key.count("{}")):
        spec = objects[name]
        parent = _parent(named[name].list_call.key, items, named, tenant)
        if spec.list is None or parent in {None, name} or parent is None:
            continue
        above = placeholders(parent, objects)
        found = _PARAMETER.findall(spec.list.path)[tenant:]
        if len(found) != len(above) + 1 or _OWN in found:
            continue
        names = [*above, _holder(found[-1], above)]
        placed = _renamed(spec, found, names)
        objects[name] = placed.model_copy(update={"under": UnderSpec(object=parent, holder=names[-1])})
        yield name, Fact(label="inferred", because=f"{spec.list.path} lies below the records of {parent}")


def _parent(key: Key, items: Mapping[Key, str], named: Mapping[str, Resource], tenant: int) -> str | None:
    """Find the object that the last parameter of a path is the id of: by its own path, or by the word before."""
    spots = [at for at, step in enumerate(key) if step == "{}"]
    if len(spots) <= tenant or spots[-1] == 0:
        return None
    last = spots[-1]
    if key[: last + 1] in items:
        return items[key[: last + 1]]
    alike = [name for name, resource in named.items() if resource.noun == noun_of(key[last - 1]) and resource.item]
    return alike[0] if len(alike) == 1 and len(spots) == tenant + 1 else None


def _holder(name: str, taken: tuple[str, ...]) -> str:
    plain = snake(name) or "parent"
    while plain in {*taken, _OWN}:
        plain = f"{plain}_above"
    return plain


def _renamed(spec: ObjectSpec, found: list[str], names: list[str]) -> ObjectSpec:
    """Let all calls name the records above alike; other calls may spell the same parameter another way."""
    changed: dict[str, Any] = {}
    for kind in ("list", "get", "condition", "create", "update", "delete", "create_bulk", "update_bulk"):
        call: Operation | None = getattr(spec, kind)
        if call is not None:
            changed[kind] = call.model_copy(update={"path": _path(call.path, found, names)})
    return spec.model_copy(update=changed)


def _path(path: str, found: list[str], names: list[str]) -> str:
    used = [name for name in _PARAMETER.findall(path) if name != _OWN]
    if len(used) >= len(found):
        pairs = list(zip(used[-len(found) :], names, strict=True))
    else:
        pairs = [(old, new) for old, new in zip(found, names, strict=True) if old in used]
    for old, new in pairs:
        path = path.replace(f"{{{old}}}", f"{{{new}}}", 1)
    return path
