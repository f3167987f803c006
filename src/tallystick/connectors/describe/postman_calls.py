"""Requests that are saved for one call -> one operation of an API description: parameters, body, answers."""

import re
from collections.abc import Sequence
from typing import Final

from tallystick.connectors.describe.openapi_refs import Node, as_node, as_text
from tallystick.connectors.describe.openapi_words import squeeze
from tallystick.connectors.describe.postman_examples import read_example, schema_from, type_shown
from tallystick.connectors.describe.postman_read import Answer, Entry, Saved, entries_of
from tallystick.connectors.describe.postman_variables import is_secret_name

_JSON: Final = "application/json"
_FORM: Final = "application/x-www-form-urlencoded"
_PARTS: Final = "multipart/form-data"
_REQUIRED: Final = re.compile(r"\W{0,3}required\b\W*", re.IGNORECASE)
_OWN_HEADERS: Final = frozenset({
    "contenttype", "accept", "authorization", "host", "useragent", "cookie", "postmantoken", "cachecontrol",
    "connection", "contentlength", "acceptencoding", "origin", "referer",
})  # fmt: skip
_PLAIN: Final = re.compile(r"v?\d{1,6}([.-]\d{1,4}){0,3}|[A-Za-z]{1,12}([ /._+;=,-]{1,2}([A-Za-z]{1,12}|\d{1,4})){0,6}")
_LONGEST_CONSTANT: Final = 60


def operation_of(group: Sequence[Saved], path: str, shared: frozenset[tuple[str, str]]) -> Node:
    """Make one operation of all requests that are saved for it.

    ``shared`` are headers and query parameters that every request of the collection carries with one value.
    """
    made: Node = {
        "summary": group[0].name,
        "description": "\n".join(dict.fromkeys(each.text for each in group if each.text)),
        "parameters": [*_path_parameters(group, path), *_query(group, shared), *_headers(group, shared)],
        "responses": _answers([answer for each in group for answer in each.answers]),
    }
    if body := _body(group):
        made["requestBody"] = {"content": body}
    return made


def _path_parameters(group: Sequence[Saved], path: str) -> list[Node]:
    told = {name: text for each in group for name, text in each.parts.items()}
    return [
        {"name": name, "in": "path", "required": True, "schema": {}, "description": told.get(name, "")}
        for name in re.findall(r"\{([^{}]*)\}", path)
    ]


def _query(group: Sequence[Saved], shared: frozenset[tuple[str, str]]) -> list[Node]:
    return [_parameter("query", name, found, shared) for name, found in _gather([each.query for each in group]).items()]


def _headers(group: Sequence[Saved], shared: frozenset[tuple[str, str]]) -> list[Node]:
    gathered = _gather([each.headers for each in group])
    wanted = {name: found for name, found in gathered.items() if squeeze(name) not in _OWN_HEADERS}
    made = [_parameter("header", name, found, shared) for name, found in wanted.items()]
    for node in made:
        if not all(entry.disabled for entry in wanted[node["name"]]):
            node["required"] = True
    return made


def _gather(listed: Sequence[tuple[Entry, ...]]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for entries in listed:
        for entry in entries:
            found.setdefault(entry.name, []).append(entry)
    return found


def _parameter(place: str, name: str, found: Sequence[Entry], shared: frozenset[tuple[str, str]]) -> Node:
    text = next((entry.text for entry in found if entry.text), "")
    schema = value_schema([entry.value for entry in found])
    is_constant = (place, name) in shared
    if is_constant:
        schema = {**schema, "enum": [found[0].value]}
    required = bool(_REQUIRED.match(text)) or is_constant
    return {
        "name": name,
        "in": place,
        "schema": schema,
        "description": _REQUIRED.sub("", text, count=1),
        "required": required,
    }


def value_schema(values: Sequence[str]) -> Node:
    """Give the schema of texts that stand in an address, a header or a form."""
    shown = [value for value in values if value]
    if not shown:
        return {}
    if all(re.fullmatch(r"-?\d{1,15}", value) for value in shown):
        # A page 0 that somebody asked for says that pages are counted from 0.
        return {"type": "integer", "minimum": 0} if "0" in shown else {"type": "integer"}
    if all(value in {"true", "false"} for value in shown):
        return {"type": "boolean"}
    kinds = [type_shown(value) for value in shown]
    return kinds[0] if all(kind == kinds[0] for kind in kinds) else {"type": "string"}


def carried_by_all(requests: Sequence[Saved]) -> frozenset[tuple[str, str]]:
    """Find headers and query parameters that every request carries with one value, which is nobody's secret."""
    found: frozenset[tuple[str, str]] | None = None
    values: dict[tuple[str, str], set[str]] = {}
    for request in requests:
        mine: set[tuple[str, str]] = set()
        for place, entries in (("query", request.query), ("header", request.headers)):
            for entry in entries:
                values.setdefault((place, entry.name), set()).add(entry.value)
                if not entry.disabled and (place == "query" or squeeze(entry.name) not in _OWN_HEADERS):
                    mine.add((place, entry.name))
        found = frozenset(mine) if found is None else found & mine
    few = len(requests) < 3  # noqa: PLR2004 - two requests alike are no custom
    kept = () if few else (key for key in found or () if len(values[key]) == 1 and is_plain(key[1], *values[key]))
    return frozenset(kept)


def is_plain(name: str, value: str) -> bool:
    """Whether a value may be written down: a version or plain words; anything else could be a key."""
    return len(value) <= _LONGEST_CONSTANT and bool(_PLAIN.fullmatch(value)) and not is_secret_name(name)


# --- bodies and answers -----------------------------------------------------------------------------------------------


def _body(group: Sequence[Saved]) -> Node:
    """Give the bodies by media type; those of examples count too."""
    examples: dict[str, list[object]] = {}
    forms: dict[str, dict[str, list[Entry]]] = {}
    for request in group:
        for body in request.bodies:
            mode = as_text(body.get("mode"))
            if mode in {"urlencoded", "formdata"}:
                kind = _FORM if mode == "urlencoded" else _PARTS
                for name, entries in _gather([entries_of(body.get(mode))]).items():
                    forms.setdefault(kind, {}).setdefault(name, []).extend(entries)
            elif (
                mode == "raw"
                and (example := read_example(request.variables.fill(as_text(body.get("raw"))))) is not None
            ):
                examples.setdefault(_media(request.headers), []).append(example)
    return {
        **{kind: {"schema": schema_from(found)} for kind, found in examples.items()},
        **{kind: {"schema": _form(found)} for kind, found in forms.items()},
    }


def _form(fields: dict[str, list[Entry]]) -> Node:
    properties: Node = {}
    for name, entries in fields.items():
        text = next((entry.text for entry in entries if entry.text), "")
        is_file = any(entry.kind == "file" for entry in entries)
        schema = {"type": "string", "format": "binary"} if is_file else value_schema([e.value for e in entries])
        properties[name] = {**schema, "description": _REQUIRED.sub("", text, count=1)}
    required = [n for n, found in fields.items() if any(_REQUIRED.match(entry.text) for entry in found)]
    return {"type": "object", "properties": properties, "required": required}


def _media(headers: Sequence[Entry]) -> str:
    """The dialect of JSON that is said to be spoken, else plain JSON."""
    for entry in headers:
        plain = entry.value.partition(";")[0].strip().lower()
        if squeeze(entry.name) == "contenttype" and plain.endswith("+json"):
            return plain
    return _JSON


def _answers(answers: Sequence[Answer]) -> Node:
    made: Node = {}
    for code in dict.fromkeys(answer.code for answer in answers):
        same = [answer for answer in answers if answer.code == code]
        shown = [(answer, example) for answer in same if (example := read_example(answer.body)) is not None]
        node: Node = {
            "description": same[0].name,
            "headers": {h.name: {"schema": value_schema([h.value])} for answer in same for h in answer.headers},
        }
        if shown:
            node["content"] = {_media(shown[0][0].headers): {"schema": schema_from([each for _, each in shown])}}
        made[code] = node
    return made or {"200": {"description": ""}}


def is_graphql(request: Saved) -> bool:
    """Whether a request asks a GraphQL system."""
    return as_text(request.body.get("mode")) == "graphql"


def is_xml(request: Saved) -> bool:
    """Whether a request sends XML, as a web service wants it."""
    language = as_node(as_node(request.body.get("options")).get("raw")).get("language")
    return language == "xml" or as_text(request.body.get("raw")).lstrip().startswith("<")


def sets_variables(request: Saved) -> list[str]:
    """Name the variables that a request's script sets from its answer, as a sign-in does."""
    return re.findall(r"\.set\w*\(\s*[\"'`]([\w.-]+)[\"'`]", request.script)
