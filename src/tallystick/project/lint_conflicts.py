"""Conflict policies that the declared types or systems make useless."""

from collections.abc import Iterator
from typing import Final

from tallystick.core.error import Problem
from tallystick.core.mapping import FieldMapping
from tallystick.core.policy import Conflict
from tallystick.core.record import SIDES
from tallystick.project.mapping_view import MappingView
from tallystick.project.text import DataPath

_FITS: Final[dict[Conflict, tuple[frozenset[str], str, str]]] = {
    "set_merge": (frozenset({"list", "any"}), "a list", "name the codec text_list"),
    "text_merge": (frozenset({"text", "any"}), "text", "choose another policy"),
    **dict.fromkeys(
        ("max", "min"),
        (
            frozenset({"integer", "number", "date", "instant", "local_time", "any"}),
            "a number or a time",
            "name a codec that makes one of the text (number, date, instant), or use rank",
        ),
    ),
}


def lint_conflicts(view: MappingView) -> Iterator[Problem]:
    """Name the fields whose conflict policy can never decide."""
    for field in view.mapping.fields:
        if field.policy.direction == "both":
            yield from _types(view, field)
            yield from _times(view, field)
        elif view.spec.fields[field.name].conflict:
            message = f"a field that flows {field.policy.direction} has no conflicts to decide"
            yield view.problem(("fields", field.name, "conflict"), message, "remove it", severity="warning")


def _types(view: MappingView, field: FieldMapping) -> Iterator[Problem]:
    plain = [d for side in SIDES if not field.place(side).codecs and (d := view.declared(field, side))]
    for rule in dict.fromkeys((field.policy.conflict, field.policy.fallback)):
        if rule in _FITS:
            fitting, what, hint = _FITS[rule]
            strange = {d.type for d in plain} - fitting
            if strange:
                message = f"{rule} needs {what} on both sides, this is {' and '.join(sorted(strange))}"
                yield view.problem(("fields", field.name), message, hint, at_key=True)


def _times(view: MappingView, field: FieldMapping) -> Iterator[Problem]:
    """Who compares times needs to know when a record was changed."""
    spec = view.spec.fields[field.name]
    at: DataPath = ("fields", field.name, "conflict") if spec.conflict else ("conflict",)
    for side in SIDES:
        end = view.mapping.end(side)
        if view.object(side).modified:
            continue
        unknown = f"nothing says when a {end.object} of {end.system} was changed"
        hint = f"systems/{end.system}.yaml: modified: updated_at"
        if field.policy.conflict == "newest":
            yield view.problem(at, f"newest cannot decide: {unknown}", hint, severity="warning")
        if f"{side}_changed_at" in spec.resolve and field.policy.resolve:
            message = f"{side}_changed_at is never known: {unknown}"
            yield view.problem(("fields", field.name, "resolve"), message, hint, severity="warning")
