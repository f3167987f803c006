"""What becomes of new fields: mapped by a person's word or by the object's rule, made on the other side, proposed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tallystick.cli.drift_look import ObjectDrift
from tallystick.core.drift import FieldDrift
from tallystick.core.error import AccessError, ProjectError, RemoteError
from tallystick.core.path import parse
from tallystick.core.record import SIDES, Side, other
from tallystick.core.schema import Field
from tallystick.project.load import LoadedProject, load_project
from tallystick.project.manifest_shapes import OnNewField
from tallystick.project.near import suggest
from tallystick.project.new_field import NewLine, add_line, likely_targets, mapped_on, target_name
from tallystick.project.schema import object_type
from tallystick.project.secrets import ProjectSecrets
from tallystick.project.shapes import is_borrowed
from tallystick.wiring import House

_SURE_ENOUGH = 0.6


@dataclass(frozen=True, slots=True)
class Mapped:
    """A field that was mapped: where it stands, as what of which mapping, to what; ``made`` if that was made for it."""

    path: str
    mapping: str
    name: str
    target: str
    made: bool
    comments: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Write it as JSON."""
        return {
            "field": self.path,
            "mapping": self.mapping,
            "name": self.name,
            "target": self.target,
            "made": self.made,
            "comments": list(self.comments),
            "backfill": f"tally run {self.mapping} --field {self.name}",
        }


@dataclass(frozen=True, slots=True)
class Suggested:
    """A field of the other side that a new one may be, and why."""

    path: str
    mapping: str
    target: str
    reasons: tuple[str, ...]

    @property
    def command(self) -> str:
        """What is typed to take it."""
        return f"tally drift --map {self.path}={self.target}"

    def document(self) -> dict[str, Any]:
        """Write it as JSON."""
        told = {"field": self.path, "mapping": self.mapping, "target": self.target, "reasons": list(self.reasons)}
        return told | {"command": self.command}


@dataclass(slots=True)
class Answers:
    """What came of all policies and words: ``mapped``, ``suggested``, and by field why something could not be done."""

    mapped: list[Mapped] = field(default_factory=list)
    suggested: list[Suggested] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Way:
    """From an object to the other end of one mapping."""

    mapping: str
    side: Side
    system: str
    object: str


def answer_policies(house: House, found: Sequence[ObjectDrift]) -> Answers:
    """Do what the objects say of their new fields (``on_new_field``: map, create, propose)."""
    answers = Answers()
    for drift in found:
        spec = house.loaded.manifests[drift.system].objects[drift.object]
        for change in (c for c in drift.changes if c.change == "new" and c.field is not None):
            path = f"{drift.system}/{drift.object}.{change.path}"
            if spec.on_new_field == "propose":
                answers.suggested += _suggest(house.loaded, drift, change, path)
            elif spec.on_new_field in {"map", "create"}:
                _by_rule(house, drift, change, found, answers)
    return answers


def map_named(house: House, words: Sequence[str], found: Sequence[ObjectDrift]) -> list[Mapped]:
    """Map fields as a person says it: ``SYSTEM/OBJECT.FIELD=FIELD`` of the other side.

    Raises:
        ProjectError: a word is none, there is no such field, or no mapping leads to one.
    """
    mapped = []
    for word in words:
        path, _, target = word.partition("=")
        drift = next((d for d in found if path.startswith(f"{d.system}/{d.object}.")), None)
        if drift is None or not target:
            raise ProjectError(
                f"'{word}' names no field", hint="write it as SYSTEM/OBJECT.FIELD=FIELD of the other side"
            )
        name = path.removeprefix(f"{drift.system}/{drift.object}.")
        mapped += _map_one(house, drift, name, target, path, found)
    return mapped


def _map_one(
    house: House, drift: ObjectDrift, name: str, target: str, path: str, found: Sequence[ObjectDrift]
) -> list[Mapped]:
    known = _fields_of(house.loaded, drift.system, drift.object, found)
    if name not in known:
        raise ProjectError(f"there is no field '{path}'", hint=suggest(name, known, what="fields"))
    if is_borrowed(house.loaded.manifests[drift.system].objects[drift.object]):
        raise ProjectError(f"'{path}' cannot be mapped by a command", hint="write it into the mapping by hand")
    mapped, there = [], list[str]()
    for way in _ways(house.loaded, drift):
        far = _fields_of(house.loaded, way.system, way.object, found)
        there += far
        if target in far:
            mapped.append(_write(house, way, known[name], far[target], path, made=False))
    if not mapped:
        raise ProjectError(f"no mapping of {drift.system}/{drift.object} leads to a field '{target}'",
                           hint=suggest(target, there, what="fields of the other side"))  # fmt: skip
    return mapped


def _by_rule(
    house: House, drift: ObjectDrift, change: FieldDrift, found: Sequence[ObjectDrift], answers: Answers
) -> None:
    spec = house.loaded.manifests[drift.system].objects[drift.object]
    path = f"{drift.system}/{drift.object}.{change.path}"
    target = target_name(change.path, spec.map_new.match, spec.map_new.to)
    if target is None or change.field is None or is_borrowed(spec):
        return
    for way in _ways(house.loaded, drift):
        if change.path in mapped_on(house.loaded.mappings[way.mapping], way.side):
            continue
        try:
            there, made = _target(house, way, replace(change.field, path=target), found, spec.on_new_field)
            answers.mapped.append(_write(house, way, change.field, there, path, made=made))
        except (ProjectError, AccessError, RemoteError) as fault:
            answers.refused[path] = str(fault)


def _target(
    house: House, way: _Way, wanted: Field, found: Sequence[ObjectDrift], policy: OnNewField
) -> tuple[Field, bool]:
    """Find the field of the other side that a rule leads to, or make it; tell whether it was made."""
    far, where = _fields_of(house.loaded, way.system, way.object, found), f"{way.system}/{way.object}"
    if wanted.path in mapped_on(house.loaded.mappings[way.mapping], other(way.side)):
        raise ProjectError(f"'{wanted.path}' of {where} is mapped already")
    if wanted.path in far:
        return far[wanted.path], False
    if policy == "map":
        raise ProjectError(f"{where} has no field '{wanted.path}'")
    return _create(house, way, wanted), True


def _create(house: House, way: _Way, field: Field) -> Field:
    """Make the field on the other side, where that is a database whose object says that it may be."""
    manifest = house.loaded.manifests[way.system]
    spec = manifest.objects[way.object]
    if manifest.protocol != "sql" or is_borrowed(spec):
        raise ProjectError(
            f"Tallystick cannot make fields in {way.system}", hint="make it there by hand, then: tally drift --map"
        )
    if not spec.adds_fields:
        raise ProjectError(f"nobody said that columns may be added to {way.system}/{way.object}",
                           hint=f"set adds_fields: true there, in systems/{way.system}.yaml")  # fmt: skip
    from tallystick.connectors.sql_new_column import add_column

    made = Field(field.path, field.type, max_length=field.max_length)
    add_column(way.system, ProjectSecrets(house.folder).resolve(manifest.url), way.object, spec, made)
    return made


def _write(house: House, way: _Way, field: Field, target: Field, path: str, *, made: bool) -> Mapped:
    written = add_line(house.loaded, NewLine(way.mapping, way.side, field, target))
    house.loaded = load_project(house.folder, environment=house.loaded.environment or None)
    return Mapped(path, written.mapping, written.name, target.path, made, written.comments)


def _suggest(loaded: LoadedProject, drift: ObjectDrift, change: FieldDrift, path: str) -> Iterator[Suggested]:
    for way in _ways(loaded, drift):
        if change.field is not None:
            for each in likely_targets(loaded, way.mapping, way.side, change.field)[:1]:
                if each.likeness.score >= _SURE_ENOUGH:
                    yield Suggested(path, way.mapping, each.path, each.likeness.reasons)


def _ways(loaded: LoadedProject, drift: ObjectDrift) -> Iterator[_Way]:
    """Give the mappings of an object, with what is at their other end."""
    for name, spec in loaded.mappings.items():
        ends = {"left": spec.left, "right": spec.right}
        for side in SIDES:
            if (ends[side].system, ends[side].object) == (drift.system, drift.object):
                far = ends[other(side)]
                yield _Way(name, side, far.system, far.object)


def _fields_of(loaded: LoadedProject, system: str, name: str, found: Sequence[ObjectDrift]) -> dict[str, Field]:
    """Give the fields of an object by path: those declared, and the new ones that were just found."""
    declared = object_type(name, loaded.manifests[system].objects[name]).by_path
    fresh = {
        c.field.path: c.field
        for d in found if (d.system, d.object) == (system, name)
        for c in d.changes if c.change == "new" and c.field is not None
    }  # fmt: skip
    return {path: each for path, each in {**fresh, **declared}.items() if parse(path)}
