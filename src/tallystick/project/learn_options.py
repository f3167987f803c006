"""Write a person's answer about select options into the mapping's file (X10): the answer is code from then on."""

from collections.abc import Mapping
from typing import Any

from tallystick.core.error import ProjectError
from tallystick.project.load import LoadedProject
from tallystick.project.near import suggest
from tallystick.project.rewrite import rewrite_yaml
from tallystick.project.text import parse_text


def asked_fields(loaded: LoadedProject) -> dict[tuple[str, str], str]:
    """Give the fields whose unknown options are questions, by mapping and name, each with the name of whom to ask."""
    found = {}
    for mapping, spec in loaded.mappings.items():
        for name, field in spec.fields.items():
            if field.options and field.options.unknown == "ask":
                owner = field.owner or spec.owner
                known = loaded.project.owners.get(owner)
                found[mapping, name] = known.name if known else owner or "data owner"
    return found


def learn_options(loaded: LoadedProject, mapping: str, field: str, pairs: Mapping[str, str]) -> tuple[str, ...]:
    """Add pairs (left key: right key) to a field's options; say what was written, a line for each.

    Where the right key is taken by another left key, both become that one, and it comes back as the first. Where the
    left key is taken, the new right key is read as it and never written.

    Raises:
        ProjectError: no such field, or its file cannot be changed and stay as it is otherwise.
    """
    spec = loaded.mappings[mapping]
    if field not in spec.fields:
        raise ProjectError(f"{mapping} has no field '{field}'", hint=suggest(field, spec.fields, what="fields"))
    options = spec.fields[field].options
    mapped, also = (dict(options.map), dict(options.also)) if options else ({}, {})
    told = []
    added: dict[str, dict[str, str]] = {"map": {}, "also": {}}
    for left, right in pairs.items():
        if mapped.get(left) == right or also.get(right) == left:
            told.append(f"'{left}' is '{right}' already")
        elif left in mapped:
            if right in mapped.values() or right in also:
                raise ProjectError(
                    f"'{left}' and '{right}' are both mapped already, to other options",
                    hint="change the pair itself in the mapping",
                    place=loaded.where("mapping", mapping, ("fields", field, "options")),
                )
            also[right] = added["also"][right] = left
            told.append(f"'{right}' is read as '{left}', which is written as '{mapped[left]}'")
        else:
            shared = next((known for known, key in mapped.items() if key == right), None)
            mapped[left] = added["map"][left] = right
            told.append(f"'{left}' is '{right}'" + (f", which comes back as '{shared}'" if shared else ""))
    if any(added.values()):
        _write(loaded, mapping, field, added)
    return tuple(told)


def _write(loaded: LoadedProject, mapping: str, field: str, added: Mapping[str, Mapping[str, str]]) -> None:
    def change(document: Any) -> None:
        here = document["fields"][field]
        options = here.get("options") if here.get("options") is not None else _begin(here, "options")
        for name, pairs in added.items():
            if pairs:
                listed = options.get(name) if options.get(name) is not None else _begin(options, name)
                for key, value in pairs.items():
                    listed[_spelled(document, key)] = _spelled(document, value)

    path = loaded.folder / "mappings" / f"{mapping}.yaml"
    lines = ", ".join(f"{key}: {value}" for pairs in added.values() for key, value in pairs.items())
    rewrite_yaml(path, change, hint=f"write it under fields.{field}.options by hand: {lines}")


def _begin(above: Any, name: str) -> Any:
    above[name] = {}
    return above[name]


def _spelled(document: Any, text: str) -> Any:
    """Quote, in a document that keeps spellings, what would be read as anything but this text without quotes."""
    if type(document) is dict:
        return text
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    plain = parse_text(f"{text}: {text}\n", "", limit=len(text) * 8 + 100)
    return text if not plain.problems and plain.value == {text: text} else DoubleQuotedScalarString(text)
