"""Lists of records inside a record: proposed as objects of their own where something tells their items apart."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tallystick.connectors.describe.openapi_fields import Names, merge_fields
from tallystick.connectors.describe.openapi_schema import Shape, Shapes
from tallystick.connectors.describe.openapi_words import singular, snake, words_of
from tallystick.core.path import parse, render
from tallystick.project.lines import ID
from tallystick.project.manifest import Fact, FieldSpec, ObjectSpec
from tallystick.project.manifest_shapes import InsideSpec

# By the last word of a field's name, the surest first.
_IDS: Final = ("id", "uuid", "guid")
_KEYS: Final = (*_IDS, "position", "pos", "line", "number", "no", "nr", "index", "sequence", "sku", "code")
_SCALAR: Final = frozenset({"text", "integer"})


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines found in a record: where their list is, the words of its name, and what tells them apart, if anything."""

    path: str
    words: tuple[str, ...]
    fields: Mapping[str, FieldSpec]
    key: str


def find_lines(
    shapes: Shapes, record: Shape, written: Sequence[Shape], names: Names, fields: Mapping[str, FieldSpec]
) -> Iterator[Lines]:
    """Find the lists of records in a record; ``written`` are what creates and updates take of it."""
    for path, spec in fields.items():
        if spec.type != "list":
            continue
        steps = tuple(str(step) for step in parse(path))
        item = _items_at(shapes, record, steps)
        if not item.properties:
            continue
        taken = [found for body in written if (found := _items_at(shapes, body, steps)).properties]
        own, _ = merge_fields(shapes, names, item, taken[0] if taken else None, taken[-1] if taken else None)
        words = words_of(steps[-1])
        yield Lines(path, words, own, _key(own, words))


def _items_at(shapes: Shapes, record: Shape, steps: Sequence[str]) -> Shape:
    here = record
    for step in steps:
        if step not in here.properties:
            return Shape()
        here = shapes.property(here, step)
    return shapes.items_of(here) if here.is_list else Shape()


def _key(fields: Mapping[str, FieldSpec], words: Sequence[str]) -> str:
    """Choose what tells items apart. An id with further words must be that of the item: others may be shared."""
    item = {singular(word) for word in words}
    found: dict[str, str] = {}
    for path, spec in fields.items():
        named = words_of(path)
        if len(parse(path)) > 1 or not named or spec.type not in _SCALAR or spec.reference:
            continue
        if named[-1] not in _IDS or set(named[:-1]) <= item:
            found.setdefault(named[-1], path)
    return next((found[word] for word in _KEYS if word in found), "")


def propose(holder: str, found: Lines, known: Mapping[str, ObjectSpec]) -> tuple[str, ObjectSpec, Fact]:
    """Make the object of some lines: its name, which no other has, its entry and why."""
    *before, last = words_of(holder) or (holder,)
    one = "_".join((*before, singular(last)))
    name = f"{one}_{snake('_'.join(found.words))}"
    while name in known:
        name += "_inside"
    holds = next(n for n in (one, f"{one}_id", "holder", "held_by") if n not in found.fields and n != ID)
    inside = InsideSpec(object=holder, path=found.path, key=found.key, holder=holds)
    because = f"a list of records in {holder}; '{render((found.key,))}' tells them apart, by its name"
    return name, ObjectSpec(inside=inside, fields=dict(found.fields)), Fact(label="inferred", because=because)
