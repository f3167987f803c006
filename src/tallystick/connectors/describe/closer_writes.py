"""What a system itself says of writing, when it is asked with OPTIONS: the methods it allows, and what fields may hold.

OPTIONS changes nothing. Only ``Allow`` counts: what is granted to pages of other sites is mostly said of all addresses.
"""

from collections.abc import Mapping
from typing import Any, Final

from tallystick.connectors.http.message import Response
from tallystick.connectors.http.rows import json_text, value_at
from tallystick.core.error import Error
from tallystick.project.manifest import FieldSpec, ObjectSpec, Operation

_FORMATS: Final = {"email": "email", "url": "uri"}
_LIMITS: Final = {
    "max_length": "max_length",
    "min_length": "min_length",
    "min_value": "minimum",
    "max_value": "maximum",
}


def find_writes(spec: ObjectSpec, listing: Response | None, record: Response | None) -> dict[str, tuple[Any, str]]:
    """Complete an object by what OPTIONS of its listing and of one record say: what is new, each with why.

    Calls are only given where a single record is answered bare: how others are to be wrapped is not said.
    """
    found: dict[str, tuple[Any, str]] = {}
    if spec.list is None or spec.get is None or spec.get.record:
        return found
    common = {"query": spec.get.query, "headers": spec.get.headers}
    item = spec.get.path
    ways = (
        ("create", "POST", listing, Operation(method="POST", path=spec.list.path, **common)),
        ("update", "PUT", record, Operation(method="PUT", path=item, whole=True, **common)),
        ("update", "PATCH", record, Operation(method="PATCH", path=item, **common)),
        ("delete", "DELETE", record, Operation(method="DELETE", path=item, **common)),
    )
    for verb, method, response, call in ways:
        if getattr(spec, verb) is None and method in _allowed(response):
            where = "the listing" if response is listing else "a record"
            found[verb] = call, f"the system allows {method} at {where} (OPTIONS)"
    if described := _fields(spec.fields, listing):
        found["fields"] = {**spec.fields, **described}, f"OPTIONS of the listing describes {len(described)} of them"
    return found


def _allowed(response: Response | None) -> frozenset[str]:
    if response is None or not response.succeeded:
        return frozenset()
    methods = frozenset(word.strip().upper() for word in (response.headers.get("allow") or "").split(","))
    return methods if "GET" in methods else frozenset()


def _fields(known: Mapping[str, FieldSpec], listing: Response | None) -> dict[str, FieldSpec]:
    """Read what the Django REST framework says of the fields of a new record."""
    if listing is None or not listing.succeeded or b"actions" not in listing.body:
        return {}
    try:
        answer = value_at(json_text(listing), ())
    except Error:
        return {}
    actions = answer.get("actions") if isinstance(answer, dict) else None
    told = actions.get("POST") if isinstance(actions, dict) else None
    if not isinstance(told, dict):
        return {}
    return {
        name: known[name].model_copy(update=_settings(known[name], each))
        for name, each in told.items()
        if name in known and isinstance(each, dict)
    }


def _settings(field: FieldSpec, told: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "required": told.get("required") is True and told.get("read_only") is not True,
        "read_only": told.get("read_only") is True,
        "label": told["label"] if isinstance(told.get("label"), str) else field.label,
        "format": _FORMATS.get(str(told.get("type")), field.format),
    }
    for name, ours in _LIMITS.items():
        if isinstance(told.get(name), int) and not isinstance(told[name], bool):
            found[ours] = told[name]
    choices = told.get("choices")
    if isinstance(choices, list) and told.get("type") == "choice":
        pairs = [
            (each.get("value"), each.get("display_name", each.get("value")))
            for each in choices
            if isinstance(each, dict)
        ]
        if len(pairs) == len(choices) and all(isinstance(value, str | int) for value, _ in pairs):
            found["options"] = {str(value): str(label) for value, label in pairs}
    return found
