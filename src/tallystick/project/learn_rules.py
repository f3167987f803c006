"""Write a rule that was learned of refusals into the mapping's file: from then on it is a rule like any other."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tallystick.core.error import ProjectError
from tallystick.core.record import Side
from tallystick.project.edit import spell_flow
from tallystick.project.load import LoadedProject
from tallystick.project.near import suggest
from tallystick.project.rewrite import rewrite_yaml


def learn_rule(loaded: LoadedProject, mapping: str, field: str, settings: Mapping[str, Any], side: Side) -> str:
    """Add a rule that guards ``side`` to a field; give it as it is written there.

    Everything else in the file stays as it is. The record waits where the rule is broken, until a person says otherwise
    in the file (``then``).

    Raises:
        ProjectError: no such field, or its file cannot be changed and stay as it is otherwise.
    """
    spec = loaded.mappings[mapping]
    if field not in spec.fields:
        raise ProjectError(f"{mapping} has no field '{field}'", hint=suggest(field, spec.fields, what="fields"))
    rule = {**settings, "to": side}

    def change(document: Any) -> None:
        here = document["fields"][field]
        if here.get("rules") is None:
            here["rules"] = []
        here["rules"].append({key: _spelled(document, value) for key, value in settings.items()} | {"to": side})

    path = loaded.folder / "mappings" / f"{mapping}.yaml"
    rewrite_yaml(path, change, hint=f"write it under fields.{field}.rules by hand: {spell_flow(rule)}")
    return spell_flow(rule)


def _spelled(document: Any, value: Any) -> Any:
    """Give a value as the document can hold it: plain, or such that the text that keeps comments reads the same."""
    if isinstance(value, tuple | list):
        return [_spelled(document, each) for each in value]
    if type(document) is dict:
        return value
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, str):
        from ruamel.yaml.scalarstring import DoubleQuotedScalarString, SingleQuotedScalarString

        return DoubleQuotedScalarString(value) if "'" in value else SingleQuotedScalarString(value)
    return value
