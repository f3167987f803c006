"""How to ask only for what changed: a parameter, a header, a search in the body, a filter language, an own endpoint.

Only a plain query parameter becomes a setting of the manifest; the other ways are told as facts, since they need a
person to spell them out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from tallystick.connectors.describe.openapi_calls import Call, Parameter
from tallystick.connectors.describe.openapi_params import core_name, describe_parameter, words_in
from tallystick.connectors.describe.openapi_paths import Resource
from tallystick.connectors.describe.openapi_refs import as_text
from tallystick.connectors.describe.openapi_schema import Shape, Shapes
from tallystick.connectors.describe.openapi_spelling import count_spelling, spelling_in
from tallystick.connectors.describe.openapi_words import squeeze
from tallystick.project.manifest import Since

Way = Literal["parameter", "header", "endpoint", "body", "filter"]

_CHANGE: Final = (
    r"(?:last|date|time|record)*(?:updated?|updates?|updating|modified|modify|modification|modifications|changed?|changes|edited"
    r"|edit|revised|touched|mtime|lastupd|lastmod|alteration|altered)"
)
_MIDDLE: Final = (
    r"(?:at|on|date|datetime|time|timestamp|utc|gmt|local|range|filter|is|in|since|record|records|only|and|or|created)*"
)
_AFTER: Final = r"(?:since|after|from|gte?|ge|min|start|begin|greater|newer|lower|floor|minimum|starting)"
_TAIL: Final = r"(?:at|on|date|datetime|time|timestamp|utc|than|equals?|equal|or|to|eq|value|inclusive|ms|epoch)*"
_SINCE_NAME: Final = re.compile(
    rf"{_CHANGE}{_MIDDLE}{_AFTER}{_TAIL}$|{_AFTER}(?:the|date|time|than|or|equal|to|of)*{_CHANGE}{_MIDDLE}$"
)
_BEFORE: Final = frozenset(
    {"before", "until", "to", "lt", "lte", "le", "max", "end", "by", "less", "till", "upto", "ending"}
)
_CHANGED_NAME: Final = re.compile(
    r"^(?:(?:last|date|time|record|is|system|sys|row|when|meta)*(?:updated|modified|changed|edited|mtime|lastmod)"
    r"|(?:last|date|time|record|row)+(?:update|change|modification|edit|updates)|modification|lastupd|update|change)"
    r"(?:at|on|date|datetime|time|timestamp|utc|ts|gmt|instant|stamp)*$"
)
_BARE: Final = frozenset({"update", "change", "modification"})
_VAGUE: Final = frozenset({
    "since", "from", "fromdate", "startdate", "datefrom", "sincedate", "start", "after", "starttime", "fromtime",
    "mindate",
    "begindate", "sincetime", "timestamp", "datetime", "date", "afterdate", "sincetimestamp", "synctime", "lastsync",
    "lastsyncdate", "lastsyncedat", "changes", "delta", "startdatetime", "fromdatetime",
})  # fmt: skip
_TALK_CHANGE: Final = re.compile(
    r"\b(last[- ]?)?(updat\w+|modif\w+|chang(ed|es|e since)|edited|altered)\b", re.IGNORECASE
)
_TALK_AFTER: Final = re.compile(
    r"\b(since|after|later than|from|newer|greater|on or after|starting|more recent|higher|>=?|following)\b",
    re.IGNORECASE,
)
_LANGUAGES: Final = frozenset(
    {"jql", "where", "rsql", "soql", "fiql", "cql", "filterquery", "wql", "nql", "zoql", "aql"}
)
_MAYBE_LANGUAGES: Final = frozenset({
    "filter", "filters", "q", "query", "search", "condition", "conditions", "criteria", "expression", "predicate",
    "searchcriteria", "filterby", "filterexpression", "filtering", "searchquery", "filterstring", "restrict",
})  # fmt: skip
_TALK_LANGUAGE: Final = re.compile(
    r"\b(gte?|ge|eq|lte|neq|operators?|expressions?|syntax|query (?:language|string)|querying|filter tree"
    r"|odata|rsql|fiql|sql|lucene|logical"
    r"|comparison|conditions?|conjunction|predicates?|greater than|clause)\b|>=|<=|[a-z]>|:gt|\[gte?\]",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class SinceVerdict:
    """One way to ask for changes.

    ``call`` is the operation if it is not the listing; ``since`` is set only for a parameter.
    """

    way: Way
    name: str
    call: Call | None = None
    field: str = ""
    because: str = ""
    sure: bool = True
    since: Since | None = None


def find_since(shapes: Shapes, resource: Resource, modified: str, record: Shape) -> SinceVerdict | None:
    """Find the best way; ``modified`` is the record's field with the time of its last change, if it has one."""
    call = resource.list_call
    parameter = _parameter(shapes, call.query())
    if parameter:
        return parameter
    ways = (
        *_headers(shapes, resource),
        *_endpoints(shapes, resource),
        *_bodies(shapes, resource, explicit=True, modified=modified),
        *_languages(shapes, call, modified, record),
        *_bodies(shapes, resource, explicit=False, modified=modified),
    )
    return ways[0] if ways else None


def _parameter(shapes: Shapes, parameters: list[Parameter]) -> SinceVerdict | None:
    ranked: list[tuple[int, Parameter, Shape, str]] = []
    for parameter in parameters:
        shape = shapes.of(parameter.schema)
        rank, because = rank_since(parameter, shape)
        if rank:
            ranked.append((rank, parameter, shape, because))
    if not ranked:
        return None
    rank, parameter, shape, because = max(ranked, key=lambda entry: entry[0])
    since = Since(param=parameter.name, format=_format(parameter, shape), inclusive=_is_inclusive(parameter, shape))
    return SinceVerdict("parameter", parameter.name, because=because, sure=rank >= 3, since=since)  # noqa: PLR2004 - by name


def rank_since(parameter: Parameter, shape: Shape) -> tuple[int, str]:
    """Tell how surely a parameter asks for changes: 3 by its name, 2 by name and text, 1 by text, 0 not at all."""
    if shape.type in {"boolean", "array", "object"}:
        return 0, ""
    words = words_in(parameter)
    flat = "".join(words)
    text = describe_parameter(parameter, shape)
    if words and words[-1] in _BEFORE:
        return 0, ""
    if _SINCE_NAME.search(flat) or (core_name(parameter.name) in _AFTER_CORES and is_change_name(_outer(parameter))):
        return 3, f"parameter '{parameter.name}' by its name"
    dated = as_text(shape.keywords.get("format")).startswith("date")
    about = bool(_TALK_CHANGE.search(text)) and bool(_TALK_AFTER.search(text))
    if is_change_name(flat) and (about or (dated and not text)):
        return 2, f"parameter '{parameter.name}' by its name and description"
    if flat in _VAGUE and about and not re.search(r"\b(before|until)\b", text, re.IGNORECASE):
        return 1, f"parameter '{parameter.name}' by its description"
    return 0, ""


_AFTER_CORES: Final = frozenset({"gte", "gt", "ge", "from", "since", "after", "min", "start", "begin", "greaterthan"})


def is_change_name(squeezed: str) -> bool:
    """Whether a squeezed field name says that it holds the time of the last change: ``updatedat``, ``lastmodified``."""
    return squeezed not in _BARE and bool(_CHANGED_NAME.match(squeezed))


def _outer(parameter: Parameter) -> str:
    parts = [part for part in re.split(r"[\[\].:]+", parameter.name) if part]
    return squeeze(parts[-2]) if len(parts) > 1 else ""


def _format(parameter: Parameter, shape: Shape) -> str:
    text = describe_parameter(parameter, shape)
    if shape.type in {"integer", "number"} or re.search(r"\b(unix|epoch)\b", text, re.IGNORECASE):
        return count_spelling(text, shape.keywords.get("example"))
    return spelling_in(text) or ("yyyy-MM-dd" if shape.keywords.get("format") == "date" else "iso")


def _is_inclusive(parameter: Parameter, shape: Shape) -> bool:
    text = describe_parameter(parameter, shape).lower()
    if re.search(r"inclusive|or equal|on or after|>=|equal or", text):
        return "exclusive" not in text
    return words_in(parameter)[-1] not in {"after", "gt"} and "exclusive" not in text


def _headers(shapes: Shapes, resource: Resource) -> Iterator[SinceVerdict]:
    for parameter in resource.list_call.headers():
        if rank_since(parameter, shapes.of(parameter.schema))[0] == 3:  # noqa: PLR2004 - by its name
            yield SinceVerdict("header", parameter.name, because=f"header '{parameter.name}'")


def _endpoints(shapes: Shapes, resource: Resource) -> Iterator[SinceVerdict]:
    for call in resource.changed:
        for parameter in call.query():
            shape = shapes.of(parameter.schema)
            vague = squeeze(parameter.name) in _VAGUE
            if call.method in {"GET", "POST"} and (vague or rank_since(parameter, shape)[0]):
                because = f"own operation {call.method} {call.path}, parameter '{parameter.name}'"
                yield SinceVerdict("endpoint", parameter.name, call, because=because)


def _bodies(shapes: Shapes, resource: Resource, *, explicit: bool, modified: str) -> Iterator[SinceVerdict]:
    searches = resource.searches if resource.list_call.method != "POST" else [resource.list_call, *resource.searches]
    for call in searches:
        body = shapes.of(call.body)
        for name in body.properties:
            part = shapes.property(body, name)
            parameter = Parameter(name, "body", body.properties[name], as_text(part.keywords.get("description")))
            because = f"only in the body of {call.method} {call.path}, field '{name}'"
            if explicit and rank_since(parameter, part)[0] == 3:  # noqa: PLR2004 - by its name
                yield SinceVerdict("body", name, call, because=because)
            elif (
                not explicit
                and modified
                and squeeze(name) in _MAYBE_LANGUAGES | _LANGUAGES | {"filtergroups", "postfilter"}
            ):
                yield SinceVerdict("body", name, call, modified, because=because, sure=False)


def _languages(shapes: Shapes, call: Call, modified: str, record: Shape) -> Iterator[SinceVerdict]:
    structured = _structured(call.query())
    if structured:
        because = f"filter language in the parameters '{structured}' and its neighbours"
        yield SinceVerdict("filter", structured, None, modified, because, sure=False)
    for parameter in call.query():
        shape = shapes.of(parameter.schema)
        name = core_name(parameter.name)
        known = name in _LANGUAGES or parameter.name == "$filter"
        text = describe_parameter(parameter, shape)
        spoken = name in _MAYBE_LANGUAGES and _TALK_LANGUAGE.search(text) and shape.type not in {"boolean", "integer"}
        if known or (spoken and (modified or not record.properties or re.search(r"tree|operators", text))):
            because = f"filter language in the parameter '{parameter.name}'"
            yield SinceVerdict("filter", parameter.name, None, modified, because, sure=False)


def _structured(parameters: list[Parameter]) -> str:
    """A language of three parameters: which field, which operator, which value."""
    last = {p.name: core_name(p.name) for p in parameters if "filter" in p.name.lower()}
    operators = {"conditiontype", "operator", "op", "comparison", "condition", "operation"}
    if set(last.values()) & operators and "value" in last.values():
        return next((n for n, core in last.items() if core in {"field", "property", "attribute", "key", "name"}), "")
    return ""
