"""How a listing is put in order and asked for by a field's value."""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

from tallystick.connectors.describe.openapi_calls import Call, Parameter
from tallystick.connectors.describe.openapi_params import core_name, describe_parameter, role_of
from tallystick.connectors.describe.openapi_paths import Resource
from tallystick.connectors.describe.openapi_refs import as_list, as_text
from tallystick.connectors.describe.openapi_schema import Shape, Shapes
from tallystick.connectors.describe.openapi_since import rank_since
from tallystick.connectors.describe.openapi_words import meaning_of, squeeze
from tallystick.project.manifest import Filter, Sort

_PLAIN: Final = frozenset(
    {"sort", "sorts", "sorted", "sortby", "orderby", "sorting", "ordering", "sortorder", "orderings"}
)
_ORDER: Final = frozenset({"order", "orders", "direction", "dir", "orderdirection", "orderdir", "asc", "desc"})
_TALK: Final = re.compile(r"\b(sort\w*|order(ed|ing)? (by|of|in)|asc(ending)?|desc(ending)?)\b", re.IGNORECASE)
_ENDING: Final = re.compile(r"[\s:_,.|-]*(asc(?:ending)?|desc(?:ending)?)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SortVerdict:
    """How to sort. ``call`` is the operation if it is not the listing; ``sort`` only where a parameter does it."""

    names: tuple[str, ...]
    because: str
    call: Call | None = None
    sort: Sort | None = None


def find_sort(shapes: Shapes, resource: Resource, modified: str, id_path: str) -> SortVerdict | None:
    """Find the sort parameters of the listing, or those of a search in the body."""
    call = resource.list_call
    found = [(p, shapes.of(p.schema)) for p in call.query() if is_sort(p, shapes.of(p.schema))]
    if found:
        names = tuple(p.name for p, _ in found)
        by_field = [(p, s) for p, s in found if not _is_direction(p, s)]
        sort = _setting(*(by_field or found)[0], modified, id_path)
        return SortVerdict(names, "parameter " + ", ".join(f"'{n}'" for n in names), sort=sort)
    for parameter in call.query():
        text = describe_parameter(parameter, shapes.of(parameter.schema))
        if core_name(parameter.name) in {"jql", "soql", "zoql", "wql", "cql"} or re.search(
            r"\border by\b", text, re.IGNORECASE
        ):
            return SortVerdict((parameter.name,), f"inside the query language of '{parameter.name}'")
    for search in dict.fromkeys([call, *resource.searches]):
        if search.method == "POST":
            body = shapes.of(search.body)
            names = tuple(n for n in body.properties if squeeze(n) in _PLAIN)
            if names:
                fields = ", ".join(f"'{n}'" for n in names)
                return SortVerdict(names, f"only in the body of {search.method} {search.path}, field {fields}", search)
    return None


def is_sort(parameter: Parameter, shape: Shape) -> bool:
    """Whether a parameter asks for an order."""
    if shape.type == "boolean":
        return False
    words = meaning_of(parameter.name)
    flat = core_name(parameter.name)
    if flat in _PLAIN or "orderby" in "".join(words) or {"sort", "sorts", "sorting", "ordering"} & set(words):
        return True
    if "sortby" in flat or flat.startswith("sort") or flat.endswith(("sort", "sortorder")):
        return True
    text = f"{describe_parameter(parameter, shape)} {shape.keywords.get('enum', '')}"
    return flat in _ORDER and bool(_TALK.search(text))


def _choices(shape: Shape) -> list[str]:
    items = shape.items or {}
    choices = as_list(shape.keywords.get("enum")) or as_list(items.get("enum"))
    return [c for c in choices if isinstance(c, str)]


def _is_direction(parameter: Parameter, shape: Shape) -> bool:
    choices = {c.lower().strip("+-") for c in _choices(shape)}
    if choices:
        return choices <= {"asc", "desc", "ascending", "descending", "1", "0", ""}
    return core_name(parameter.name) in _ORDER | {"sortdir", "sortdirection", "sortorder"}


def _setting(parameter: Parameter, shape: Shape, modified: str, id_path: str) -> Sort:
    choices = _choices(shape)
    bracket = re.fullmatch(r"(?:sort|order|orderby)\w*\[(\w+)\]", parameter.name, re.IGNORECASE)
    if bracket and _is_direction(parameter, shape):
        up = next((c for c in choices if c.lower().startswith("asc")), "asc")
        return Sort(param=parameter.name, value=up, fields=(bracket[1],), template=up)
    fields = tuple(dict.fromkeys(name for c in choices if (name := _ENDING.sub("", c.lstrip("+-")))))
    settings: dict[str, Any] = {"param": parameter.name, "fields": fields}
    spelled = _spelling(choices, f"{parameter.name} {describe_parameter(parameter, shape)}")
    if spelled:
        settings["template"], settings["descending"] = spelled
    wanted = _wanted(fields, modified, id_path)
    if wanted:
        settings["value"] = settings.get("template", "{field}").replace("{field}", wanted)
    return Sort(**settings)


def _wanted(fields: tuple[str, ...], modified: str, id_path: str) -> str:
    """The field that keeps pages from shifting: the time of the last change, else the id."""
    for path in (modified, id_path):
        last = squeeze(path.rpartition(".")[2])
        for name in fields:
            if last and squeeze(name) == last:
                return name
    return ""


def _spelling(choices: list[str], text: str) -> tuple[str, str] | None:
    for choice in choices:
        ending = _ENDING.search(choice)
        if ending and ending.start():
            between = choice[ending.start() : ending.start(1)]
            up, down = ("ASC", "DESC") if ending[1].isupper() else ("asc", "desc")
            full = {"ascending": "ascending", "descending": "descending"}.get(ending[1].lower())
            up, down = ("ascending", "descending") if full else (up, down)
            return f"{{field}}{between}{up}", f"{{field}}{between}{down}"
    if any(choice.startswith("-") for choice in choices):
        return None  # the manifest's own spelling
    said = re.search(r"\w([ :_,|])(?:desc|DESC)\b(?!ending)", text)
    if said or "$orderby" in text:
        between = said[1] if said else " "
        return f"{{field}}{between}asc", f"{{field}}{between}desc"
    return None


def find_filters(shapes: Shapes, call: Call, fields: set[str]) -> dict[str, Filter]:
    """Find parameters that take a field's value, by field path."""
    by_name = {squeeze(path): path for path in sorted(fields, key=len, reverse=True)}
    last = Counter(squeeze(path.rpartition(".")[2]) for path in fields)
    by_last = {squeeze(path.rpartition(".")[2]): path for path in sorted(fields)}
    filters: dict[str, Filter] = {}
    for parameter in call.query():
        shape = shapes.of(parameter.schema)
        bracket = re.fullmatch(r"(?:filters?|query|where)\[(\w+)\](?:\[(?:eq|\$eq|is)\])?", parameter.name)
        name = squeeze(bracket[1] if bracket else parameter.name)
        path = by_name.get(name) or (by_last.get(name) if bracket and last[name] == 1 else None)
        pages = role_of(parameter, shape) or is_sort(parameter, shape) or rank_since(parameter, shape)[0]
        if path and path not in filters and not pages and shape.type in {"string", "integer", "number", "boolean", ""}:
            filters[path] = Filter(param=parameter.name)
    return filters


def enum_text(value: Any) -> str:
    """Spell an option as it is sent."""
    return ("true" if value else "false") if isinstance(value, bool) else as_text(value) or str(value)
