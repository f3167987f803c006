"""From plain values to a frozen model, with complaints that a person understands and can find.

The model library speaks of its own types and of the branches it tried. Here its errors become one complaint each,
with the path in the file as written (shorthands included), a plain sentence and a cure.
"""

import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from tallystick.core.path import render
from tallystick.project.near import either, nearest, suggest
from tallystick.project.text import DataPath

M = TypeVar("M", bound=BaseModel)

_ECHOED: Final = 40
_CURES: Final = {
    "on_unmatched": "say what happens to a record without counterpart: on_unmatched: {left: create, right: ask}",
    "on_delete": "say what the other side does when a record is deleted: on_delete: {left: propagate, right: ask}",
    "fields": "list what corresponds: fields: {name: {left: companyName, right: name}}",
    "left": "name the left one",
    "right": "name the right one",
    "protocol": "say how the system is reached: protocol: rest",
    "name": "give it a name",
}


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing wrong at ``path``; ``at_key`` when it is the name that is wrong, not the value."""

    path: DataPath
    message: str
    hint: str = ""
    at_key: bool = False


def validate(model: type[M], value: Any) -> tuple[M | None, list[Complaint]]:
    """Make a model of plain values. Gives the model, or ``None`` and everything that is wrong."""
    if value is None:
        value = {}
    try:
        return model.model_validate(value), []
    except ValidationError as wrong:
        found: dict[DataPath, Complaint] = {}
        for error in wrong.errors(include_url=False):
            complaint = _complain(model, value, error)
            # Of several branches that were tried on one value, only the first is said, and only the one that went in.
            found.setdefault(complaint.path, complaint)
        inside = {path[:end] for path in found for end in range(len(path))}
        return None, [complaint for path, complaint in found.items() if path not in inside]


def _complain(model: type[BaseModel], value: Any, error: ErrorDetails) -> Complaint:
    path, place, there = _follow(model, value, error["loc"])
    kind = error["type"]
    name = str(error["loc"][-1]) if error["loc"] else ""
    if kind == "missing":
        inside = f" in {render(path)}" if path else ""
        return Complaint((*path, name), f"'{name}' is missing{inside}", _CURES.get(name, _about(place, name)))
    if kind == "extra_forbidden":
        known = _names(place) if place else []
        cure = _inside_codec(_around(value, path), name) or suggest(name, known)
        return Complaint(path, f"'{name}' is not known here", cure, at_key=True)
    subject = render(path) or "the file"
    if kind in {"union_tag_invalid", "union_tag_not_found"}:
        return _complain_of_variant(path, place, there)
    if kind == "literal_error":
        return _complain_of_word(path, error, there)
    if kind == "too_short":
        return Complaint(path, f"{subject} must not be empty", _CURES.get(name, ""))
    message, hint = _plain(kind, error.get("ctx", {}), there)
    if kind.startswith("model") and not hint:
        hint = _summary(place)
    return Complaint(path, f"{subject} {message or 'is wrong: ' + error['msg']}", hint)


def _around(value: Any, path: DataPath) -> Any:
    for step in path[:-1]:
        value = value[step]
    return value


def _inside_codec(around: Any, name: str) -> str:
    """Say where a codec's settings belong, should one stand beside the codec's name."""
    codec = around.get("codec") if isinstance(around, Mapping) else None
    return (
        f"a setting of the codec goes with it: codec: {{codec: {codec}, {name}: ...}}" if isinstance(codec, str) else ""
    )


def _complain_of_variant(path: DataPath, place: Any, there: Any) -> Complaint:
    words = [word for member in _members(place) for word in _tags(member)]
    given = there.get("type") if isinstance(there, Mapping) else None
    subject = render((*path, "type"))
    if given is None:
        return Complaint((*path, "type"), f"{subject} is missing", f"one of {either(words)}")
    near = nearest(str(given), words)
    message = f"{subject} must be one of {either(words)}{_echo(given)}"
    return Complaint((*path, "type"), message, f"did you mean '{near}'?" if near else "")


def _complain_of_word(path: DataPath, error: ErrorDetails, there: Any) -> Complaint:
    words = [word.strip().strip("'") for word in error["ctx"]["expected"].replace(" or ", ", ").split(",")]
    near = nearest(str(there), words)
    message = f"{render(path)} must be {'one of ' if len(words) > 1 else ''}{either(words)}{_echo(there)}"
    return Complaint(path, message, f"did you mean '{near}'?" if near else "")


def _echo(value: Any) -> str:
    return f", not '{value}'" if isinstance(value, str | int) and len(str(value)) <= _ECHOED else ""


_NUMBERS: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "greater_than": lambda c: f"must be more than {c['gt']:g}",
    "greater_than_equal": lambda c: f"must be at least {c['ge']:g}",
    "less_than": lambda c: f"must be less than {c['lt']:g}",
    "less_than_equal": lambda c: f"must be at most {c['le']:g}",
}
_KINDS: Final = {
    "int": "must be a whole number",
    "float": "must be a number",
    "decimal": "must be a number",
    "finite": "must be a number",
    "bool": "must be true or false",
    "dict": "must be a mapping (lines of key: value)",
    "model": "must be a mapping (lines of key: value)",
    "mapping": "must be a mapping (lines of key: value)",
    "tuple": "must be a list",
    "list": "must be a list",
}


def _plain(kind: str, limits: Mapping[str, Any], there: Any) -> tuple[str, str]:
    """Say an error kind in plain words; an empty message for a kind without."""
    if kind in _NUMBERS:
        return _NUMBERS[kind](limits), ""
    if kind.startswith("string_"):
        if isinstance(there, bool | int) or hasattr(there, "as_tuple"):
            return "must be text", "put it in quotes"
        return "must be text", "" if there is not None else "it is empty: give a value or remove the line"
    return _KINDS.get(kind.split("_", maxsplit=1)[0], ""), ""


def _about(place: Any, name: str) -> str:
    field = place.model_fields.get(name) if _is_model(place) else None
    inner = field.annotation if field else None
    return _summary(inner)


def _summary(place: Any) -> str:
    return str(place.__doc__ or "").split("\n", maxsplit=1)[0] if _is_model(place) else ""


def _follow(model: Any, value: Any, loc: tuple[str | int, ...]) -> tuple[DataPath, Any, Any]:
    """Walk an error's location through model and values side by side.

    Gives the path as written in the file, the type that stands there (for a missing or unknown name: around it), and
    the value there. Steps that are not in the file (branches, shorthands) are left out.
    """
    path: DataPath = ()
    place: Any = model
    for position, step in enumerate(loc):
        inner = _step_into(place, step)
        if inner is None:
            unknown = _is_model(place) and position == len(loc) - 1
            if unknown and isinstance(value, Mapping) and step in value:
                return (*path, step), place, value[str(step)]
            continue
        branch = _is_union(place)
        if branch:
            place = inner
            continue
        if isinstance(value, Mapping) and step in value:
            path, value = (*path, step), value[str(step)]
        elif isinstance(step, int) and isinstance(value, list) and step < len(value):
            path, value = (*path, step), value[step]
        elif position == len(loc) - 1 and _is_model(place):
            return path, place, value
        place = inner
    return path, place, value


def _step_into(place: Any, step: str | int) -> Any:
    """Give the type behind one step of a location; ``None`` if the step is no part of this type."""
    place = _bare(place)
    if _is_union(place):
        return next((m for m in _members(place) if step in _tags(m) or str(step).startswith(_label(m))), None)
    if _is_model(place):
        for name, field in place.model_fields.items():
            if step in {name, field.alias}:
                return _bare(field.annotation)
        return None
    inner = get_args(place)
    if get_origin(place) is dict and isinstance(step, str):
        return _bare(inner[1])
    if get_origin(place) in {tuple, list} and isinstance(step, int):
        return _bare(inner[0])
    return Any if place is Any else None


def _bare(place: Any) -> Any:
    while hasattr(place, "__metadata__"):
        place = place.__origin__
    members = _members(place)
    return members[0] if _is_union(place) and len(members) == 1 else place


def _is_union(place: Any) -> bool:
    return get_origin(place) in {Union, types.UnionType}


def _is_model(place: Any) -> bool:
    return isinstance(place, type) and issubclass(place, BaseModel)


def _members(place: Any) -> list[Any]:
    return [m for m in get_args(place) if m is not types.NoneType] if _is_union(place) else []


def _tags(member: Any) -> tuple[str, ...]:
    field = member.model_fields.get("type") if _is_model(member) else None
    return get_args(field.annotation) if field and get_origin(field.annotation) is Literal else ()


def _label(member: Any) -> str:
    origin = get_origin(member) or member
    return getattr(origin, "__name__", str(origin))


def _names(place: Any) -> list[str]:
    return [field.alias or name for name, field in place.model_fields.items()]
