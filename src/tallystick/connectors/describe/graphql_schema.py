"""A GraphQL schema as the answer to an introspection query has it, in a shape that is easy to ask.

Schemas in the schema language are turned into such an answer first, by the library that the ecosystem shares.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import msgspec

from tallystick.core.error import ProjectError

_DEEPEST: Final = 12
_COMPOSITE: Final = frozenset({"OBJECT", "INTERFACE", "UNION"})
_KEYWORDS: Final = (
    "type ", "schema ", "schema{", "interface ", "extend ", "scalar ", "#", "directive ", "enum ", "input ",
    "union ", '"',
)  # fmt: skip

INTROSPECTION: Final = """\
query { __schema { queryType { name } mutationType { name } types { kind name description
fields(includeDeprecated: true) { name description isDeprecated
args { name description defaultValue type { ...T } } type { ...T } }
inputFields { name description defaultValue type { ...T } } enumValues(includeDeprecated: false) { name }
possibleTypes { name } interfaces { name } } } }
fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
ofType { kind name ofType { kind name ofType { kind name } } } } } } } }
"""  # fmt: skip
"""The question that gives all of a schema that is looked at here; servers of every age answer it."""


@dataclass(frozen=True, slots=True)
class Ref:
    """The type of a field or argument: its name, and what stands around it."""

    name: str
    is_list: bool = False
    is_required: bool = False
    text: str = ""
    """As the schema language writes it: ``[ID!]!``."""


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a field, or a field of an input type."""

    name: str
    type: Ref
    description: str = ""
    has_default: bool = False

    @property
    def must_be_given(self) -> bool:
        """Whether a call without it is refused."""
        return self.type.is_required and not self.has_default


@dataclass(frozen=True, slots=True)
class Member:
    """A field of a type that is answered."""

    name: str
    type: Ref
    arguments: Mapping[str, Argument] = field(default_factory=dict)
    description: str = ""
    is_deprecated: bool = False

    @property
    def needs_arguments(self) -> bool:
        """Whether it cannot be asked for by its name alone."""
        return any(each.must_be_given for each in self.arguments.values())


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of the schema."""

    name: str
    kind: str
    members: Mapping[str, Member] = field(default_factory=dict)
    inputs: Mapping[str, Argument] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    possible: tuple[str, ...] = ()
    interfaces: tuple[str, ...] = ()
    description: str = ""

    @property
    def is_composite(self) -> bool:
        """Whether it has fields that must be chosen."""
        return self.kind in _COMPOSITE

    @property
    def is_input(self) -> bool:
        """Whether it is made of further arguments."""
        return self.kind == "INPUT_OBJECT"


class Schema:
    """A schema. Types that are named and not there are scalars, so that half a schema can be read as well."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self.types = {kind.name: kind for kind in _kinds(content)}
        self._query = _named(content.get("queryType"))
        self._mutation = _named(content.get("mutationType"))

    def kind(self, name: str) -> Kind:
        """Give a type by its name."""
        return self.types.get(name) or Kind(name, "SCALAR")

    @cached_property
    def queries(self) -> Mapping[str, Member]:
        """The fields that can be asked."""
        return self.kind(self._query).members

    @cached_property
    def mutations(self) -> Mapping[str, Member]:
        """The fields that change something."""
        return self.kind(self._mutation).members if self._mutation else {}


def load_schema(document: bytes | Mapping[str, Any], source: str = "") -> Schema:
    """Read a schema: the answer to an introspection query, or a text in the schema language.

    Raises:
        ProjectError: it is neither, or has no queries.
    """
    content = document if isinstance(document, Mapping) else _parsed(document, source)
    for key in ("data", "__schema"):
        inner = content.get(key)
        content = inner if isinstance(inner, Mapping) else content
    schema = Schema(content)
    if not schema.queries:
        raise ProjectError(
            f"this is no GraphQL schema: it has {', '.join(map(str, list(content)[:6])) or 'nothing'}",
            hint="give the answer to an introspection query as JSON, or the schema in the schema language",
            place=source,
        )
    return schema


def _parsed(document: bytes, source: str) -> Mapping[str, Any]:
    text = document.decode("utf-8-sig", "replace").strip()
    if text.startswith("{"):
        try:
            found = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError) as cause:
            raise ProjectError(f"the schema is no complete JSON ({str(cause)[:120]})", place=source) from cause
        return found if isinstance(found, Mapping) else {}
    if not text.startswith(_KEYWORDS) and "type Query" not in text:
        return {}
    return _from_language(text, source)


def _from_language(text: str, source: str) -> Mapping[str, Any]:
    try:
        from graphql import GraphQLError, build_schema, introspection_from_schema
    except ImportError as cause:
        raise ProjectError(
            "the schema language cannot be read without its library",
            hint="install the extra: pip install 'tallystick[graphql]', or give the answer to an introspection query",
            place=source,
        ) from cause
    try:
        schema = build_schema(text, assume_valid=True, assume_valid_sdl=True)
        return dict(introspection_from_schema(schema, descriptions=True))
    except (GraphQLError, TypeError, RecursionError) as cause:
        raise ProjectError(
            f"the schema cannot be read: {str(cause).splitlines()[0][:200]}", hint="correct the file", place=source
        ) from cause


def _kinds(content: Mapping[str, Any]) -> Iterator[Kind]:
    for item in _dicts(content.get("types")):
        name = item.get("name")
        if not isinstance(name, str) or name.startswith("__"):
            continue
        yield Kind(
            name,
            str(item.get("kind")),
            {each.name: each for each in map(_member, _dicts(item.get("fields")))},
            {each.name: each for each in map(_argument, _dicts(item.get("inputFields")))},
            tuple(str(each.get("name")) for each in _dicts(item.get("enumValues"))),
            tuple(str(each.get("name")) for each in _dicts(item.get("possibleTypes"))),
            tuple(str(each.get("name")) for each in _dicts(item.get("interfaces"))),
            str(item.get("description") or ""),
        )


def _member(item: Mapping[str, Any]) -> Member:
    return Member(
        str(item.get("name")),
        _ref(item.get("type")),
        {each.name: each for each in map(_argument, _dicts(item.get("args")))},
        str(item.get("description") or ""),
        bool(item.get("isDeprecated")),
    )


def _argument(item: Mapping[str, Any]) -> Argument:
    has_default = item.get("defaultValue") is not None
    return Argument(str(item.get("name")), _ref(item.get("type")), str(item.get("description") or ""), has_default)


def _ref(item: Any, depth: int = 0) -> Ref:
    if not isinstance(item, Mapping) or depth > _DEEPEST:
        return Ref("String", text="String")
    inner = item.get("ofType")
    if item.get("kind") == "NON_NULL":
        found = _ref(inner, depth + 1)
        return Ref(found.name, found.is_list, is_required=True, text=f"{found.text}!")
    if item.get("kind") == "LIST":
        found = _ref(inner, depth + 1)
        return Ref(found.name, is_list=True, text=f"[{found.text}]")
    name = str(item.get("name") or "String")
    return Ref(name, text=name)


def _named(item: Any) -> str:
    return str(item.get("name") or "") if isinstance(item, Mapping) else ""


def _dicts(found: Any) -> list[Mapping[str, Any]]:
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []
