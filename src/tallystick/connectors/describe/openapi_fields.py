"""The fields of an object: what the reply shows merged with what create and update take.

Nested objects are flattened by path; a nested record of another object is a reference and is not entered. A field
that only replies have is taken as read-only, since descriptions rarely say so themselves.
"""

import re
from collections import deque
from dataclasses import dataclass
from typing import Any, Final

from tallystick.connectors.describe.openapi_options import is_list_of, options_of
from tallystick.connectors.describe.openapi_refs import as_list, as_text
from tallystick.connectors.describe.openapi_schema import Shape, Shapes
from tallystick.connectors.describe.openapi_words import first_sentence, noun_of, singular, words_of
from tallystick.core.path import render
from tallystick.core.schema import Type
from tallystick.project.manifest import FieldSpec

MAX_DEPTH: Final = 3
MAX_FIELDS: Final = 400
_TYPES: Final[dict[str, Type]] = {
    "string": "text", "integer": "integer", "number": "number", "boolean": "boolean", "array": "list",
    "object": "object",
    "int": "integer", "long": "integer", "float": "number", "double": "number", "decimal": "number", "bool": "boolean",
    "date": "date", "date-time": "instant", "datetime": "instant", "text": "text", "uuid": "text",
}  # fmt: skip
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?\s?(Z|[+-]\d\d:?\d\d)")
_INSTANTS: Final = frozenset({"date-time", "datetime", "date_time", "rfc3339", "iso8601", "iso-8601", "timestamp"})
_ID_WORDS: Final = frozenset({"id", "uuid", "guid", "key", "sid", "gid"})
Leaf = tuple[str, ...]


@dataclass(slots=True)
class Names:
    """The objects that a field may point to: by noun, and by the reusable schema of their records."""

    by_noun: dict[str, str]
    by_schema: dict[str, str]

    def of_field(self, words: tuple[str, ...]) -> str:
        """Find the object named by the words of ``billing_customer_id``: all of them, else the last."""
        if len(words) < 2 or words[-1] not in _ID_WORDS:  # noqa: PLR2004 - a noun and "id"
            return ""
        return self.of_noun("".join(words[:-1])) or self.of_noun(words[-2])

    def of_noun(self, name: str) -> str:
        """Find the object called like this."""
        return self.by_noun.get(noun_of(name), "")


@dataclass(slots=True)
class _Seen:
    """One field in one schema."""

    shape: Shape
    required: bool
    reference: str = ""
    entered: bool = False
    """Whether its own properties are listed instead of it."""


def flatten(shapes: Shapes, record: Shape, names: Names) -> dict[Leaf, _Seen]:
    """List the fields of a schema by path, the outer ones first."""
    found: dict[Leaf, _Seen] = {}
    waiting: deque[tuple[Leaf, Shape, bool]] = deque([((), record, True)])
    while waiting and len(found) < MAX_FIELDS:
        prefix, owner, needed = waiting.popleft()
        for name in owner.properties:
            shape = shapes.property(owner, name)
            path = (*prefix, name)
            seen = _Seen(shape, needed and name in owner.required, names.of_field(words_of(name)))
            found[path] = seen
            if shape.properties and not shape.is_list and shape.type in {"object", ""} and len(path) < MAX_DEPTH:
                seen.entered = True
                target = _target(name, shape, names)
                if target:
                    _point(shapes, path, shape, target, found)
                else:
                    waiting.append((path, shape, seen.required))
            elif not shape.is_list and shape.properties and not seen.reference:
                seen.reference = _target(name, shape, names)  # text or, expanded, the other record
    return found


def _target(name: str, shape: Shape, names: Names) -> str:
    """The object that a nested record belongs to: it must have an id of its own."""
    if not {"id", "uuid", "href"} & shape.properties.keys():
        return ""
    words = words_of(name)
    if not words or singular(words[-1]) != words[-1]:
        return ""  # "attributes" holds values, "customer" is one
    by_schema = next((names.by_schema[n] for n in shape.names if n in names.by_schema), "")
    return by_schema or names.of_noun(name)


def _point(shapes: Shapes, path: Leaf, shape: Shape, target: str, found: dict[Leaf, _Seen]) -> None:
    inner = next((n for n in ("id", "uuid") if n in shape.properties), None)
    if inner:
        found[*path, inner] = _Seen(shapes.property(shape, inner), found[path].required, target)


def merge_fields(
    shapes: Shapes, names: Names, record: Shape, created: Shape | None, updated: Shape | None
) -> tuple[dict[str, FieldSpec], set[str]]:
    """Merge reply and requests. Gives the fields by path, and the paths whose read-only mark is only inferred."""
    shown = flatten(shapes, record, names)
    taken = [flatten(shapes, part, names) for part in (created, updated) if part is not None and part.properties]
    first = flatten(shapes, created, names) if created is not None else {}
    fields: dict[str, FieldSpec] = {}
    inferred: set[str] = set()
    writable = {path for part in taken for path in part}
    for path in dict.fromkeys([*shown, *(p for part in taken for p in part)]):
        seen = shown.get(path) or next(part[path] for part in taken if path in part)
        if any(p[path].entered for p in (shown, *taken) if path in p):
            continue
        declared = any(p[path].shape.keywords.get("readOnly") is True for p in (shown, *taken) if path in p)
        guessed = bool(taken) and path not in writable and not _is_below(path, taken)
        if guessed and not declared:
            inferred.add(render(path))
        needed = path in first and first[path].required and not declared
        richest = _richest(path, seen, taken)
        fields[render(path)] = _field(richest, seen, needed, declared or guessed, path in shown)
    return fields, inferred


def _is_below(path: Leaf, taken: list[dict[Leaf, _Seen]]) -> bool:
    """A request may take an object whose inside it does not describe."""
    return any(
        path[:length] in part and not part[path[:length]].entered for part in taken for length in range(1, len(path))
    )


def _richest(path: Leaf, seen: _Seen, taken: list[dict[Leaf, _Seen]]) -> Shape:
    """Limits often stand in the request only: lay them under what the reply says."""
    merged = dict(seen.shape.keywords)
    types = seen.shape.types
    for part in taken:
        if path in part:
            merged = {**part[path].shape.keywords, **merged}
            types = types or part[path].shape.types
    return Shape(
        types=types,
        nullable=seen.shape.nullable,
        properties=seen.shape.properties,
        items=seen.shape.items,
        keywords=merged,
    )


def _field(shape: Shape, seen: _Seen, required: bool, read_only: bool, shown: bool) -> FieldSpec:  # noqa: FBT001 - facts of one field
    words = shape.keywords
    nullable = shape.nullable or None in as_list(words.get("enum")) or not (shown and seen.required)
    # An empty tuple given explicitly would read as an empty mapping.
    choices = {"options": options} if (options := options_of(shape)) else {}
    said = words.get("description")
    return FieldSpec(
        type=type_of(shape),
        required=required,
        nullable=nullable,
        read_only=read_only,
        min_length=_count(words.get("minLength")) or None,
        max_length=_count(words.get("maxLength")),
        minimum=_number(words.get("minimum")),
        maximum=_number(words.get("maximum")),
        pattern=as_text(words.get("pattern")),
        format=as_text(words.get("format")),
        **choices,
        reference=seen.reference,
        label=first_sentence(words.get("title")) or ("" if is_list_of(said, options) else first_sentence(said)),
    )


def type_of(shape: Shape) -> Type:
    """Give the manifest's type of a schema."""
    declared = shape.type
    style = as_text(shape.keywords.get("format")).lower()
    if declared == "string":
        if style in _INSTANTS:
            return "instant"
        if style in {"date", "full-date"}:
            return "date"
        example = shape.keywords.get("example")
        return "instant" if isinstance(example, str) and _INSTANT.fullmatch(example) else "text"
    return _TYPES.get(declared, "any")


def _count(value: Any) -> int | None:
    number = _number(value)
    return int(number) if number is not None and number >= 0 else None


def _number(value: Any) -> float | None:
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,30}(\.\d+)?", value):
        return float(value)
    try:
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
    except OverflowError:
        return None
