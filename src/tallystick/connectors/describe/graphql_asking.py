"""How a GraphQL listing is narrowed and put in order: changes since, filters by value, sort arguments."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from tallystick.connectors.describe.graphql_lists import Leaf, is_number
from tallystick.connectors.describe.graphql_schema import Argument, Kind, Schema
from tallystick.connectors.describe.openapi_since import is_change_name
from tallystick.connectors.describe.openapi_words import squeeze
from tallystick.core.path import parse, render
from tallystick.project.manifest import FieldSpec, Filter, Since, Sort
from tallystick.project.spelling import JsonText

_AFTER: Final = (
    "greaterthanorequalto", "greaterthanorequal", "greaterthan", "onorafter", "isafter", "after", "since", "from",
    "gte", "ge", "gt", "min", "start",
)  # fmt: skip
_BEFORE: Final = (
    "lessthanorequalto", "lessthanorequal", "lessthan", "onorbefore", "isbefore", "before", "until", "to", "lte", "le",
    "lt", "max", "end",
)  # fmt: skip
_INCLUSIVE: Final = frozenset({"greaterthanorequalto", "greaterthanorequal", "onorafter", "gte", "ge"})
_BARE: Final = frozenset({"updated", "modified", "changed", "lastupdated", "lastmodified", "lastchanged"})
_EQUAL: Final = frozenset({"eq", "equals", "equalto", "equal", "is", "exact"})
_ONE_OF: Final = frozenset({"in", "isin", "oneof", "anyof", "any", "includes"})
_SORTS: Final = frozenset(
    {"sort", "sortby", "sortkey", "orderby", "order", "sorting", "ordering", "sortorder", "sorts", "orders"}
)
_FIELDS: Final = frozenset({"field", "key", "by", "column", "property", "sortfield", "orderfield", "sortby"})
_DIRECTIONS: Final = frozenset({"direction", "order", "dir", "sortorder", "orderdirection", "sortdirection"})
_UP: Final = ("asc", "ascending", "up")
_FLAGS: Final = re.compile(r"^bool", re.IGNORECASE)


def find_since(leaves: list[Leaf], schema: Schema) -> tuple[Since, str] | None:
    """Find the argument that asks for what changed since an instant, and the one for the other end beside it."""
    found: list[tuple[bool, Since]] = []
    for path, each in leaves:
        stem, word = _change_and(path, _AFTER)
        if not stem or each.type.is_list or _FLAGS.match(each.type.name) or schema.kind(each.type.name).kind == "ENUM":
            continue
        until = next((render(other) for other, _ in leaves if _change_and(other, _BEFORE)[0] == stem), "")
        spelled = "unix" if is_number(each.type) else "iso"
        is_inclusive = word in _INCLUSIVE
        found.append((is_inclusive, Since(param=render(path), format=spelled, inclusive=is_inclusive, until=until)))
    chosen = max(found, key=lambda pair: pair[0])[1] if found else None
    return (chosen, f"argument '{chosen.param}'") if chosen is not None else None


def _change_and(path: tuple[Any, ...], words: tuple[str, ...]) -> tuple[str, str]:
    """Cut the name of an argument into what names the time of change, and the word that compares it."""
    last = squeeze(str(path[-1]))
    for name, outer in ((squeeze(str(path[-2])) + last, path[:-2]) if len(path) > 1 else ("", ()), (last, path[:-1])):
        for word in words:
            stem = name.removesuffix(word)
            if stem != name and (stem in _BARE or is_change_name(stem)):
                return render((*outer, stem)), word
    return "", ""


def find_filters(leaves: list[Leaf], fields: Mapping[str, FieldSpec], taken: Iterable[str]) -> dict[str, Filter]:
    """Find how records are asked for by the value of a field."""
    used = set(taken)
    names = {squeeze(path): path for path in fields}
    names |= {squeeze("_".join(map(str, parse(path)))): path for path in fields}
    found: dict[str, tuple[int, Filter]] = {}
    for path, each in leaves:
        param = render(path)
        if param in used or not path:
            continue
        last = squeeze(str(path[-1]))
        outer = squeeze(str(path[-2])) if len(path) > 1 else ""
        choice: tuple[int, str, Any] | None = None
        if last in _EQUAL and not each.type.is_list:
            choice = (3, outer, "{}")
        elif last in _ONE_OF and each.type.is_list:
            choice = (1, outer, JsonText(document=["{}"]))
        elif last in names:
            choice = (2, last, JsonText(document=["{}"]) if each.type.is_list else "{}")
        if choice is None or choice[1] not in names:
            continue
        field = names[choice[1]]
        if field not in found or found[field][0] < choice[0]:
            found[field] = (choice[0], Filter(param=param, template=choice[2]))
    return {field: filter_ for field, (_, filter_) in found.items()}


def find_sort(arguments: Mapping[str, Argument], schema: Schema, wanted: Iterable[str]) -> tuple[Sort, str] | None:
    """Find the argument that orders a listing, by the first of the ``wanted`` fields that it knows."""
    for name, each in _sort_arguments(arguments, schema, deepest=2):
        kind = schema.kind(each.type.name)
        for field in filter(None, wanted):
            document = _order(kind, schema, squeeze(field))
            if document is None:
                continue
            plain = isinstance(document, str) and not each.type.is_list
            value = document if plain else JsonText(document=[document] if each.type.is_list else document)
            return Sort(param=name, value=value), f"argument '{name}'"
    return None


def _sort_arguments(arguments: Mapping[str, Argument], schema: Schema, deepest: int) -> Iterator[tuple[str, Argument]]:
    for name, each in arguments.items():
        kind = schema.kind(each.type.name)
        if squeeze(name) in _SORTS and (kind.is_input or kind.kind == "ENUM"):
            yield name, each
        elif kind.is_input and deepest > 1 and not each.type.is_list:
            for inner, found in _sort_arguments(kind.inputs, schema, deepest - 1):
                yield f"{name}.{inner}", found


def _order(kind: Kind, schema: Schema, field: str) -> Any:
    """Write the order by a field, upwards; ``None`` where the argument does not know it."""
    if kind.kind == "ENUM":
        return _option(kind, [f"{field}{up}" for up in _UP] + [field] + (["primarykeyasc"] if field == "id" else []))
    by_name = {squeeze(name): name for name in kind.inputs}
    field_name = next((by_name[name] for name in _FIELDS if name in by_name), "")
    if field_name and (fields := schema.kind(kind.inputs[field_name].type.name)).kind == "ENUM":
        chosen = _option(fields, [field])
        direction = next((by_name[name] for name in _DIRECTIONS if name in by_name and by_name[name] != field_name), "")
        if chosen is None:
            return None
        up = _option(schema.kind(kind.inputs[direction].type.name), _UP) if direction else None
        return {field_name: chosen} | ({direction: up} if up is not None else {})
    own = by_name.get(field, "")
    up = _option(schema.kind(kind.inputs[own].type.name), _UP) if own else None
    return {own: up} if up is not None else None


def _option(kind: Kind, wanted: Iterable[str]) -> str | None:
    options = {squeeze(option): option for option in kind.options}
    return next((options[name] for name in wanted if name in options), None)
