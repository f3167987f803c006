"""Write a rule that was learned from refusals into the mapping's file: from then on it is a rule like any other."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from tallystick.core.record import Side
from tallystick.project.edit import spell_flow
from tallystick.project.load import LoadedProject
from tallystick.project.rewrite import rewrite_yaml


def written_rule(settings: Mapping[str, Any], side: Side, then: str = "") -> dict[str, Any]:
    """Give a learned rule's settings as a mapping spells them, for the side that has it."""
    return {name: _plain(value) for name, value in settings.items()} | {"to": side} | ({"then": then} if then else {})


def spelled_rule(settings: Mapping[str, Any], side: Side) -> str:
    """Give the line that would be written."""
    return spell_flow(written_rule(settings, side))


def accept_rules(loaded: LoadedProject, mapping: str, field: str, rules: Sequence[Mapping[str, Any]]) -> None:
    """Add rules to a field of a mapping, after those that it has; comments and all the rest stay.

    Raises:
        ProjectError: the file cannot be changed and stay as it is otherwise.
    """

    def change(document: Any) -> None:
        here = document["fields"][field]
        if here.get("rules") is None:
            here["rules"] = []
        here["rules"].extend(dict(rule) for rule in rules)

    lines = "; ".join(spell_flow(dict(rule)) for rule in rules)
    path = loaded.folder / "mappings" / f"{mapping}.yaml"
    rewrite_yaml(path, change, hint=f"write it under fields.{field}.rules by hand: {lines}")


def _plain(value: Any) -> Any:
    source = getattr(value, "source", None)
    if source is not None:
        return source
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return list(value) if isinstance(value, tuple) else value
