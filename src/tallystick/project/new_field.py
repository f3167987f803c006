"""Write a new field down: in the system's file, and as a line of a mapping; comments and all else stay.

Either everything that belongs together is written and the project still reads, or every file is as it was.
"""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tallystick.core.error import ProjectError
from tallystick.core.path import render
from tallystick.core.record import Side, other
from tallystick.core.schema import Field
from tallystick.project.draft import DraftSide, draft_name
from tallystick.project.draft_field import entry_of
from tallystick.project.load import LoadedProject, load_project
from tallystick.project.model import MappingSpec
from tallystick.project.propose import Candidate, Proposal, propose
from tallystick.project.rewrite import rewrite_yaml


@dataclass(frozen=True, slots=True)
class NewLine:
    """A line that a mapping is to get: the new field of ``side``, and the field of the other side that it goes to."""

    mapping: str
    side: Side
    field: Field
    target: Field


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: the mapping's name for the field, and what a person has to look at."""

    mapping: str
    name: str
    comments: tuple[str, ...]


def declare_fields(loaded: LoadedProject, system: str, object_name: str, fields: Sequence[Field]) -> None:
    """Write fields that are not there yet into a system's file.

    Raises:
        ProjectError: the file cannot be changed and stay as it is otherwise.
    """
    declared = loaded.manifests[system].objects[object_name].fields
    fresh = [each for each in fields if each.path not in declared]

    def change(document: Any) -> None:
        written = document["objects"][object_name]["fields"]
        for each in fresh:
            written[each.path] = _entry(each)

    if fresh and declared:
        hint = f"write them under objects.{object_name}.fields by hand"
        rewrite_yaml(loaded.folder / "systems" / f"{system}.yaml", change, hint=hint)


def add_line(loaded: LoadedProject, line: NewLine) -> Written:
    """Declare both fields where they are not yet, and add the line to the mapping.

    Raises:
        ProjectError: both are read-only, or a file cannot be changed; then nothing is.
    """
    spec = loaded.mappings[line.mapping]
    ends = {"left": spec.left, "right": spec.right}
    files = [loaded.folder / "mappings" / f"{line.mapping}.yaml"]
    files += [loaded.folder / "systems" / f"{end.system}.yaml" for end in ends.values()]
    with all_or_nothing(files):
        declare_fields(loaded, ends[line.side].system, ends[line.side].object, [line.field])
        declare_fields(loaded, ends[other(line.side)].system, ends[other(line.side)].object, [line.target])
        loaded = load_project(loaded.folder, environment=loaded.environment or None)
        written = _add(loaded, line)
        load_project(loaded.folder, environment=loaded.environment or None)
    return written


def _add(loaded: LoadedProject, line: NewLine) -> Written:
    spec = loaded.mappings[line.mapping]
    paths = {line.side: line.field.path, other(line.side): line.target.path}
    left = DraftSide(spec.left.system, spec.left.object, loaded.manifests)
    right = DraftSide(spec.right.system, spec.right.object, loaded.manifests)
    entry = entry_of(
        Proposal((paths["left"],), (paths["right"],), "copy", 1), left, right, spec.direction, is_sure=True
    )
    if entry.is_comment:
        why = "; ".join(entry.comments)
        raise ProjectError(f"'{line.field.path}' cannot be mapped by itself: {why}", hint="write the line by hand")
    name = draft_name(line.field.path, spec.fields)
    settings = yaml.safe_load("{" + ", ".join(entry.settings) + "}")

    def change(document: Any) -> None:
        document["fields"][name] = settings

    file = loaded.folder / "mappings" / f"{line.mapping}.yaml"
    rewrite_yaml(file, change, hint=f"write it by hand: {name}: {{{', '.join(entry.settings)}}}")
    return Written(line.mapping, name, entry.comments)


def likely_targets(loaded: LoadedProject, mapping: str, side: Side, field: Field) -> Sequence[Candidate]:
    """Rank the declared and unmapped fields of the other side by how much they look like a new field."""
    spec: MappingSpec = loaded.mappings[mapping]
    far = spec.right if side == "left" else spec.left
    there = DraftSide(far.system, far.object, loaded.manifests)
    taken = mapped_on(spec, other(side))
    subject = (spec.left if side == "left" else spec.right).object
    ranked = propose([there.compared(field, subject)], [a for a in there.attributes() if a.path not in taken])
    return ranked.ranked.get(field.path, ())


def mapped_on(spec: MappingSpec, side: Side) -> set[str]:
    """Give the paths that a mapping reads on a side."""
    found = set()
    for each in spec.fields.values():
        place: Any = getattr(each, side)
        path = place if isinstance(place, str) else getattr(place, "path", "")
        found.add(path)
    return found


@contextlib.contextmanager
def all_or_nothing(files: Sequence[Path]) -> Iterator[None]:
    """Put these files back as they were where something inside fails."""
    before = {file: file.read_bytes() for file in files if file.exists()}
    try:
        yield
    except BaseException:
        for file, was in before.items():
            if file.read_bytes() != was:
                file.write_bytes(was)
        raise


def _entry(field: Field) -> dict[str, Any]:
    told: dict[str, Any] = {"type": field.type}
    told |= {name: True for name in ("required", "read_only", "unique") if getattr(field, name)}
    if field.max_length is not None:
        told["max_length"] = field.max_length
    if field.id:
        told["id"] = field.id
    if field.options:
        told["options"] = [option.key for option in field.options]
    return told


def target_name(field: str, match: str, to: str) -> str | None:
    """Give where a naming rule sends a field: ``{name}`` is its last step, ``{rest}`` what the ``*`` stood for.

    ``None`` where the rule is about others.
    """
    import re
    from fnmatch import translate

    from tallystick.core.path import parse

    name = str(parse(field)[-1])
    if not re.fullmatch(translate(match), name):
        return None
    head, _, tail = match.partition("*")
    rest = name[len(head) : len(name) - len(tail)] if "*" in match else name
    wanted = to.replace("{name}", name).replace("{rest}", rest)
    return wanted if "." in to or "[" in to else render((wanted,))
