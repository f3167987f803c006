"""Every operation of a description in one form, whatever the version: parameters, body, answer, headers.

2.0 keeps the body among the parameters and the schema beside the answer, 3.x has media types; nobody after this
module needs to know. Query parameters that are objects are taken apart the way they are sent.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal, cast

from tallystick.connectors.describe.openapi_refs import SWAGGER, Document, Node, as_list, as_node, as_text
from tallystick.connectors.describe.openapi_schema import Shapes, example_in, schema_of

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
_METHODS: Final[dict[str, Method]] = {m.lower(): m for m in ("GET", "POST", "PUT", "PATCH", "DELETE")}
_FORM: Final = "application/x-www-form-urlencoded"
_PARTS: Final = "multipart/form-data"
Encoding = Literal["json", "form", "multipart"]
_OK: Final = ("200", "201", "202", "203", "2XX", "2xx", "206", "default")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter as it is sent; ``name`` has the brackets of an object's property."""

    name: str
    place: str
    schema: Node = field(default_factory=dict)
    description: str = ""
    required: bool = False


@dataclass(slots=True, eq=False)
class Call:
    """One operation. ``answer`` and ``body`` are schemas, ``None`` where nothing is declared.

    ``sends`` and ``gives`` name the media types of body and answer where they are dialects of JSON.
    """

    method: Method
    path: str
    parameters: list[Parameter]
    body: Node | None
    encoding: Encoding
    answer: Node | None
    answer_is_example: bool
    answer_headers: Node
    errors: Node
    name: str
    summary: str
    text: str
    deprecated: bool
    security: Any
    key: tuple[str, ...]
    """The path's segments with every parameter as ``{}``; spellings of one path share it."""
    sends: str = ""
    gives: str = ""

    def query(self) -> list[Parameter]:
        """The query parameters."""
        return [p for p in self.parameters if p.place == "query"]

    def headers(self) -> list[Parameter]:
        """The header parameters."""
        return [p for p in self.parameters if p.place == "header"]

    @property
    def path_names(self) -> list[str]:
        """The names of the parameters in the path, in order."""
        return re.findall(r"\{([^{}]*)\}", self.path)


_ODATA_KEY: Final = re.compile(r"^([^({]+)\(([^)]*)\)$")


def path_key(path: str) -> tuple[str, ...]:
    """Split a path so that ``/a/{id}/``, ``/a/{key}.json`` and ``/a({id})`` compare equal: ``("a", "{}")``."""
    segments: list[str] = []
    for raw in path.partition("?")[0].partition("#")[0].split("/"):
        segment = re.sub(r"\.(json|xml|\{format\})$", "", raw)
        keyed = _ODATA_KEY.match(segment)
        if keyed and "{" in keyed[2]:
            segments += [keyed[1], "{}"]
        elif keyed:
            segments.append(keyed[1] if not keyed[2] else segment)
        elif segment:
            segments.append(re.sub(r"\{[^{}]*\}", "{}", segment))
    return tuple(segments)


def read_calls(document: Document, shapes: Shapes) -> list[Call]:
    """Read all operations in the order of the description; the first of two spellings of one call wins."""
    return list(_Reader(document, shapes).calls())


class _Reader:
    def __init__(self, document: Document, shapes: Shapes) -> None:
        self.document = document
        self.shapes = shapes
        self.consumes = as_list(document.root.get("consumes"))

    def calls(self) -> Iterator[Call]:
        seen: set[tuple[str, str]] = set()
        for path, item in self.document.paths():
            shared = self._parameters(item)
            for word, method in _METHODS.items():
                spec = item.get(word)
                if isinstance(spec, dict) and (method, path) not in seen:
                    seen.add((method, path))
                    yield self._call(method, path, spec, shared)

    def _call(self, method: Method, path: str, spec: Node, shared: dict[tuple[str, str], Node]) -> Call:
        raw = {**shared, **self._parameters(spec)}
        body, encoding = self._body_2(spec, raw) if self.document.version == SWAGGER else self._body_3(spec)
        answers = {str(code): self.document.resolve(a) for code, a in as_node(spec.get("responses")).items()}
        good = next((answers[code] for code in _OK if code in answers), {})
        answer, guessed = self._answer(good)
        return Call(
            method=method,
            path=path,
            parameters=[p for (_, place), node in raw.items() for p in self._spread(node, place)],
            body=body,
            encoding=encoding,
            answer=answer,
            answer_is_example=guessed,
            answer_headers={k: self.document.resolve(h) for k, h in as_node(good.get("headers")).items()},
            errors={code: a for code, a in answers.items() if code not in _OK},
            name=as_text(spec.get("operationId")),
            summary=as_text(spec.get("summary")),
            text=as_text(spec.get("description")),
            deprecated=spec.get("deprecated") is True,
            security=spec.get("security"),
            key=path_key(path),
            sends=_dialect(as_node(self.document.resolve(spec.get("requestBody")).get("content"))),
            gives=_dialect(as_node(good.get("content"))),
        )

    def _parameters(self, owner: Node) -> dict[tuple[str, str], Node]:
        found: dict[tuple[str, str], Node] = {}
        for entry in as_list(owner.get("parameters")):
            node = self.document.resolve(entry)
            name, place = node.get("name"), node.get("in")
            if isinstance(name, str) and isinstance(place, str):
                found[name, place] = node
        return found

    def _spread(self, node: Node, place: str) -> Iterator[Parameter]:
        if place not in {"query", "header", "path", "cookie"}:
            return
        name = cast("str", node["name"])
        schema = node.get("schema") if isinstance(node.get("schema"), dict) else self._first_schema(node)
        schema = node if schema is None else as_node(schema)  # 2.0 writes the type beside the name
        text, required = as_text(node.get("description")), node.get("required") is True
        shape = self.shapes.of(schema)
        if place == "query" and shape.properties and shape.type == "object" and "content" not in node:
            deep = node.get("style") == "deepObject"
            if deep and len(shape.types) > 1:
                yield Parameter(name, place, {"type": next(t for t in shape.types if t != "object")}, text, required)
            for inner, part in shape.properties.items():
                sent = f"{name}[{inner}]" if deep else inner
                own = as_text(self.shapes.of(part).keywords.get("description"))
                yield Parameter(sent, place, part, own or (text if deep else ""), required=False)
        else:
            yield Parameter(name, place, schema, text, required)

    def _body_2(self, spec: Node, raw: dict[tuple[str, str], Node]) -> tuple[Node | None, Encoding]:
        fields = {name: node for (name, place), node in raw.items() if place == "formData"}
        for (_, place), node in raw.items():
            if place == "body":
                return as_node(node.get("schema")), "json"
        if not fields:
            return None, "json"
        required = [name for name, node in fields.items() if node.get("required") is True]
        properties = {n: {k: v for k, v in node.items() if k != "required"} for n, node in fields.items()}
        kinds = as_list(spec.get("consumes")) or self.consumes
        encoding: Encoding = "form"
        for word, spelled in (("json", "json"), (_PARTS, "multipart")):
            if kinds and all(word in str(k) for k in kinds):
                encoding = cast("Encoding", spelled)
        return {"type": "object", "properties": properties, "required": required}, encoding

    def _body_3(self, spec: Node) -> tuple[Node | None, Encoding]:
        content = as_node(self.document.resolve(spec.get("requestBody")).get("content"))
        kind, media = _choose(content)
        if media is None:
            return None, "json"
        media = self.document.resolve(media)
        schema = media.get("schema")
        if not isinstance(schema, dict):
            example = example_in(media)
            schema = schema_of(example) if isinstance(example, dict | list) else {}
        low = kind.lower()
        return schema, "form" if low.startswith(_FORM) else "multipart" if low.startswith(_PARTS) else "json"

    def _answer(self, response: Node) -> tuple[Node | None, bool]:
        if self.document.version == SWAGGER:
            media: Node = {"schema": response.get("schema"), "examples": response.get("examples")}
        else:
            _, chosen = _choose(as_node(response.get("content")))
            media = self.document.resolve(chosen) if chosen else {}
        schema = media.get("schema")
        if isinstance(schema, dict) and not self._is_empty(schema):
            return schema, False
        example = self._example(media)
        if isinstance(example, dict | list) and example:
            return schema_of(example), True
        return (schema, False) if isinstance(schema, dict) else (None, False)

    def _example(self, media: Node) -> Any:
        examples = media.get("examples")
        if isinstance(examples, dict) and examples:
            first = self.document.resolve(next(iter(examples.values())))
            if "value" in first or "example" not in media:
                return example_in({"example": first.get("value", first)})
        return example_in(media)

    def _first_schema(self, node: Node) -> Node | None:
        _, media = _choose(as_node(node.get("content")))
        return as_node(self.document.resolve(media).get("schema")) if media else None

    def _is_empty(self, schema: Node) -> bool:
        shape = self.shapes.of(schema)
        return not shape.properties and not shape.is_list and shape.type in {"", "object"}


def _dialect(content: Node) -> str:
    """Name the media type that has to be asked for, where it is JSON by another name: ``application/vnd.api+json``."""
    kind, _ = _choose(content)
    plain = kind.partition(";")[0].strip().lower()
    return kind if plain.endswith("+json") and "*" not in plain else ""


def _choose(content: Node) -> tuple[str, Node | None]:
    """Pick the media type a machine wants: JSON, a JSON dialect, anything, a form, the first."""

    def rank(kind: str) -> int:
        low = kind.lower()
        if low.startswith("application/json"):
            return 0
        if "json" in low:
            return 1 if "patch" not in low and "stream" not in low else 3
        return 2 if low == "*/*" else 4 if low.startswith(_FORM) else 5 if low.startswith(_PARTS) else 6

    kinds = sorted(content, key=rank)
    return (kinds[0], as_node(content[kinds[0]])) if kinds else ("", None)
