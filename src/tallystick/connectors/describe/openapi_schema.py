"""Schemas seen whole: ``allOf`` merged, alternatives laid over each other, one level at a time.

A ``Shape`` answers what a reader of records needs: which properties may be there, of what type, with which limits.
Its properties are schemas again and are looked at only when somebody asks, so a circular schema ends by itself.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from tallystick.connectors.describe.openapi_read import read_loosely
from tallystick.connectors.describe.openapi_refs import Document, Node, as_list, as_node, as_text

_GATHERED: Final = ("allOf", "oneOf", "anyOf", "properties", "required", "items", "type", "nullable", "$ref")
MAX_BRANCHES: Final = 60
MAX_NESTING: Final = 40
EXAMPLE_DEPTH: Final = 6
SHOWN: Final = "x-only-shown"
"""Marks the schema of an object that is known from examples alone: another example may add to it."""


@dataclass(slots=True)
class Shape:
    """A schema with its branches merged. ``types`` is in order of mention and without null."""

    types: list[str] = field(default_factory=list)
    nullable: bool = False
    properties: dict[str, Node] = field(default_factory=dict)
    required: set[str] = field(default_factory=set)
    items: Node | None = None
    keywords: Node = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    """The reusable schemas that it is made of, itself first."""

    @property
    def type(self) -> str:
        """The type mentioned first; told by properties or items where none is declared; empty if unknown."""
        if self.types:
            return self.types[0]
        return "object" if self.properties else "array" if self.items is not None else ""

    @property
    def is_list(self) -> bool:
        """Whether it may be an array."""
        return self.items is not None or "array" in self.types

    @property
    def name(self) -> str:
        """The reusable schema's name, empty for one written in place."""
        return self.names[0] if self.names else ""


class Shapes:
    """The shapes of one document, each made once."""

    def __init__(self, document: Document) -> None:
        self.document = document
        # The node is kept beside its shape: an id is only unique while its owner lives.
        self._made: dict[int, tuple[Node, Shape]] = {}

    def of(self, node: Any) -> Shape:
        """Give the shape of a schema; anything that is no schema has the empty shape."""
        schema = as_node(node)
        made = self._made.get(id(schema))
        if made is None:
            made = (schema, self._gather(schema, ()))
            self._made[id(schema)] = made
        return made[1]

    def property(self, shape: Shape, name: str) -> Shape:
        """Give the shape of one property."""
        return self.of(shape.properties.get(name))

    def items_of(self, shape: Shape) -> Shape:
        """Give the shape of an array's items."""
        return self.of(shape.items)

    def at(self, shape: Shape, path: tuple[str, ...]) -> Shape:
        """Walk property names; the empty shape where one is missing."""
        for step in path:
            shape = self.property(shape, step)
        return shape

    def _gather(self, schema: Node, trail: tuple[int, ...]) -> Shape:
        name = self.document.name_of(schema)
        node = self.document.resolve(schema)
        mark = id(self.document.target(schema)) if name else id(schema)
        if mark in trail or len(trail) > MAX_NESTING:
            return Shape()
        shape = self._own(node)
        trail = (*trail, mark)
        for branch in as_list(node.get("allOf"))[:MAX_BRANCHES]:
            _add_all(shape, self._gather(as_node(branch), trail))
        for word in ("oneOf", "anyOf", "items"):
            if word == "items" and shape.items is not None:
                break
            branches = [as_node(branch) for branch in as_list(node.get(word))[:MAX_BRANCHES]]
            if branches:
                _add_choice(shape, [self._gather(branch, trail) for branch in branches])
        if name:
            shape.names.insert(0, name)
        return shape

    def _own(self, node: Node) -> Shape:
        declared = node.get("type")
        types = [t for t in (declared if isinstance(declared, list) else [declared]) if isinstance(t, str)]
        keywords = {key: value for key, value in node.items() if key not in _GATHERED}
        shape = Shape(
            types=[t for t in types if t != "null"],
            nullable="null" in types or node.get("nullable") is True or node.get("x-nullable") is True,
            properties={k: v for k, v in as_node(node.get("properties")).items() if isinstance(v, dict)},
            required={k for k in as_list(node.get("required")) if isinstance(k, str)},
            items=_items(node, types),
            keywords=keywords,
        )
        if not shape.properties and shape.items is None and shape.type in {"", "object", "array"}:
            _learn_from_example(shape, example_in(node))
        return shape


def _items(node: Node, types: list[str]) -> Node | None:
    """A list of item schemas is one schema with alternatives; else it stands for the thing itself."""
    items = node.get("items", node.get("prefixItems"))
    if isinstance(items, list) and "array" in types:
        return {"anyOf": items}
    return items if isinstance(items, dict) else None


def _learn_from_example(shape: Shape, example: Any) -> None:
    if isinstance(example, dict | list):
        learned = schema_of(example)
        shape.properties = learned.get("properties", {})
        shape.items = learned.get("items")
        shape.types = shape.types or [learned["type"]]


def _add_all(shape: Shape, part: Shape) -> None:
    shape.types += [t for t in part.types if t not in shape.types]
    shape.nullable |= part.nullable
    _add_properties(shape, part)
    shape.required |= part.required
    shape.items = shape.items if shape.items is not None else part.items
    shape.keywords = {**part.keywords, **shape.keywords}
    shape.names += [n for n in part.names if n not in shape.names]


def _add_choice(shape: Shape, branches: list[Shape]) -> None:
    real = [b for b in branches if b.types or b.properties or b.items is not None or b.keywords]
    # A branch without any type but null is the 3.1 way to say nullable.
    shape.nullable |= any(b.nullable for b in branches)
    shape.required |= set.intersection(*(b.required for b in real)) if real else set()
    options: list[Any] = []
    for branch in real:
        options += as_list(branch.keywords.get("enum"))
        shape.types += [t for t in branch.types if t not in shape.types]
        _add_properties(shape, branch)
        shape.items = shape.items if shape.items is not None else branch.items
        shape.names += [n for n in branch.names if n not in shape.names]
    if len(real) == 1:
        shape.keywords = {**real[0].keywords, **shape.keywords}
    elif options and all("enum" in b.keywords for b in real):
        shape.keywords = {**shape.keywords, "enum": options}
    elif real and not shape.keywords.get("format"):
        formats = {as_text(b.keywords.get("format")) for b in real if b.type not in {"object", "array"}}
        if len(formats) == 1:
            shape.keywords = {**shape.keywords, "format": formats.pop()}


def _add_properties(shape: Shape, part: Shape) -> None:
    for key, value in part.properties.items():
        mine = shape.properties.get(key)
        if mine is None:
            shape.properties[key] = value
        elif mine is not value and mine != value and len(as_list(mine.get("allOf"))) < MAX_BRANCHES:
            shape.properties[key] = {"allOf": [mine, value]}


def example_in(node: Node) -> Any:
    """Give the example of a schema or media type, decoded if it is JSON written as text; ``None`` without one."""
    found = node.get("example", node.get("x-example"))
    examples = node.get("examples")
    if found is None and isinstance(examples, list) and examples:
        found = examples[0]
    if found is None and isinstance(examples, dict) and examples:
        first = next(iter(examples.values()))
        found = first.get("value", first) if isinstance(first, dict) else first
    if isinstance(found, str) and found.lstrip()[:1] in {"{", "["}:
        return read_loosely(found)
    return found


def schema_of(example: Any, depth: int = 0) -> Node:
    """Make the schema that an example shows: which keys there are and of what type."""
    if isinstance(example, dict):
        deeper = example.items() if depth < EXAMPLE_DEPTH else ()
        return {"type": "object", "properties": {str(k): schema_of(v, depth + 1) for k, v in deeper}}
    if isinstance(example, list):
        return {"type": "array", "items": schema_of(example[0], depth + 1) if example else {}}
    if isinstance(example, bool):
        return {"type": "boolean"}
    if isinstance(example, int):
        return {"type": "integer"}
    if isinstance(example, float):
        return {"type": "number"}
    return {} if example is None else {"type": "string", "example": example}


def join_shown(one: Node, other: Node) -> Node:
    """Join what two examples show into one schema: all keys of both, and a type that both values are of."""
    if one == other or not other:
        return one
    blank: Node = {"nullable": True} if one.get("nullable") or other.get("nullable") else {}
    kinds = (one.get("type"), other.get("type"))
    if None in kinds:
        return {**one, **other, **blank} if kinds != (None, None) else blank
    if kinds == ("object", "object"):
        mine, theirs = as_node(one.get("properties")), as_node(other.get("properties"))
        joined = {key: join_shown(mine.get(key, {}), theirs.get(key, {})) for key in (*mine, *theirs)}
        return {**one, "properties": joined, **blank}
    if kinds == ("array", "array"):
        return {"type": "array", "items": join_shown(as_node(one.get("items")), as_node(other.get("items"))), **blank}
    if kinds[0] == kinds[1]:
        return {"type": kinds[0], **blank}
    return {**({"type": "number"} if set(kinds) == {"integer", "number"} else {}), **blank}
