"""Fields that are only called otherwise: found by their values, and written down under the new name."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tallystick.cli.drift_look import ObjectDrift
from tallystick.core.drift import FieldDrift
from tallystick.core.error import AccessError, DataError, ProjectError, RemoteError
from tallystick.core.ports import Connector, Flow, Position
from tallystick.core.record import SIDES, Raw
from tallystick.core.state import StoreTx
from tallystick.engine.field_renames import Renamed, find_renames, moved_path
from tallystick.project.load import LoadedProject, load_project
from tallystick.project.manifest import FieldSpec
from tallystick.project.new_field import all_or_nothing
from tallystick.project.rewrite import rewrite_yaml
from tallystick.project.shapes import is_borrowed
from tallystick.wiring import House, open_systems


@dataclass(frozen=True, slots=True)
class FoundRename:
    """A field of an object that seems to be called otherwise now."""

    system: str
    object: str
    renamed: Renamed

    @property
    def place(self) -> str:
        """The system and its object."""
        return f"{self.system}/{self.object}"

    @property
    def path(self) -> str:
        """The field as it was called, as it is named on the command line."""
        return f"{self.place}.{self.renamed.old}"

    @property
    def command(self) -> str:
        """What is typed to take it."""
        return f"tally drift --renamed {self.path}={self.renamed.new}"

    @property
    def words(self) -> str:
        """Say how it is known."""
        told = self.renamed
        if not told.compared:
            return f"'{told.old}' is called '{told.new}' now: it has the same id"
        proof = f"the same values in {told.same} of {told.compared} records"
        return f"'{told.old}' seems to be called '{told.new}' now: {proof}"

    def document(self) -> dict[str, Any]:
        """Write it as JSON."""
        told = self.renamed
        counts = {"same": told.same, "compared": told.compared}
        return {"field": self.path, "now": told.new, **counts, "command": self.command}


def look_for_renames(house: House, found: Sequence[ObjectDrift], sample: int) -> list[FoundRename]:
    """Give what is called otherwise by its id, or by its values: for these, records are read once more.

    Values are asked only where a mapped field is gone and another is new.
    """
    renames = []
    for drift in found:
        by_id = [c for c in drift.changes if c.change == "renamed"]
        renames += [FoundRename(drift.system, drift.object, Renamed(c.was, c.now, 0, 0)) for c in by_id]
        gone = [c.path for c in drift.changes if c.change == "gone" and drift.users(c)]
        new = [c for c in drift.changes if c.change == "new"]
        if gone and new and not is_borrowed(house.loaded.manifests[drift.system].objects[drift.object]):
            with contextlib.suppress(AccessError, RemoteError, ProjectError):
                renames += _look(house, drift, gone, new, sample)
    return renames


def _look(
    house: House, drift: ObjectDrift, gone: Sequence[str], new: Sequence[FieldDrift], sample: int
) -> list[FoundRename]:
    loaded = _as_it_is(house.loaded, drift, gone, new)
    with contextlib.ExitStack() as closing:
        system = open_systems(loaded, closing, only=[drift.system])[drift.system]
        records = system.transport.run(_records(system.connector, drift.object, sample))

    def work(tx: StoreTx) -> list[Renamed]:
        return [
            each
            for pair in house.pairs
            for side in SIDES
            if (pair.end(side).system, pair.end(side).object) == (drift.system, drift.object)
            for each in find_renames(tx, pair, side, records, gone, [c.path for c in new])
        ]

    return [FoundRename(drift.system, drift.object, each) for each in dict.fromkeys(house.store.look(work))]


def _as_it_is(
    loaded: LoadedProject, drift: ObjectDrift, gone: Sequence[str], new: Sequence[FieldDrift]
) -> LoadedProject:
    """Describe the object as it is now, so that it can be read at all."""
    manifest = loaded.manifests[drift.system]
    spec = manifest.objects[drift.object]
    fields = {path: each for path, each in spec.fields.items() if path not in gone}
    fields |= {c.path: FieldSpec(type=c.field.type if c.field else "any") for c in new}
    objects = {**manifest.objects, drift.object: spec.model_copy(update={"fields": fields})}
    changed = manifest.model_copy(update={"objects": objects})
    return replace(loaded, manifests={**loaded.manifests, drift.system: changed})


def _records(connector: Connector, name: str, most: int) -> Flow[dict[str, Raw]]:
    found: dict[str, Raw] = {}
    position: Position | None = None
    while True:
        page = yield from connector.read(name, None, position)
        for row in page.rows:
            with contextlib.suppress(DataError):
                sighting = connector.sight(name, row)
                if not sighting.deleted:
                    found[sighting.id] = sighting.record
            if len(found) >= most:
                return found
        if page.next is None or page.next == position:
            return found
        position = page.next


def take_renames(house: House, words: Sequence[str], found: Sequence[ObjectDrift]) -> list[str]:
    """Write fields down under their new names, in the system's file and the mappings; give the paths, old and new.

    Raises:
        ProjectError: a word is none, or names no field that is gone; then nothing is written.
    """
    paths: list[str] = []
    for word in words:
        path, _, new = word.partition("=")
        drift = next((d for d in found if path.startswith(f"{d.system}/{d.object}.")), None)
        old = path.removeprefix(f"{drift.system}/{drift.object}.") if drift else ""
        if (
            drift is None
            or not new
            or not any(c.path == old and c.change in {"gone", "renamed"} for c in drift.changes)
        ):
            raise ProjectError(f"'{word}' names no field that is gone", hint="write it as SYSTEM/OBJECT.OLD=NEW")
        _rename(house, drift, old, new)
        paths += [path, f"{drift.system}/{drift.object}.{new}"]
    return paths


def _rename(house: House, drift: ObjectDrift, old: str, new: str) -> None:
    loaded = house.loaded
    ends = {name: [side for side in SIDES if _is_end(loaded, name, side, drift)] for name in loaded.mappings}
    system = loaded.folder / "systems" / f"{drift.system}.yaml"
    files = {name: loaded.folder / "mappings" / f"{name}.yaml" for name, sides in ends.items() if sides}
    with all_or_nothing([system, *files.values()]):
        rewrite_yaml(system, lambda document: _in_system(document, drift.object, old, new), hint="rename it by hand")
        for name, file in files.items():
            sides = ends[name]
            rewrite_yaml(file, lambda document, s=sides: _in_mapping(document, s, old, new), hint="rename it by hand")  # type: ignore[misc]  # the default binds the loop's value
        house.loaded = load_project(loaded.folder, environment=loaded.environment or None)


def _is_end(loaded: LoadedProject, mapping: str, side: str, drift: ObjectDrift) -> bool:
    end = getattr(loaded.mappings[mapping], side)
    return (end.system, end.object) == (drift.system, drift.object)


def _in_system(document: Any, name: str, old: str, new: str) -> None:
    """Call the key otherwise and keep it where it stands."""
    fields = document["objects"][name]["fields"]
    later = [(key, fields[key]) for key in list(fields)]
    place = [key for key, _ in later].index(old)
    for key, _ in later[place:]:
        del fields[key]
    fields[new] = later[place][1]
    for key, value in later[place + 1 :]:
        if key != new:
            fields[key] = value


def _in_mapping(document: Any, sides: Sequence[str], old: str, new: str) -> None:
    for entry in document["fields"].values():
        for side in sides:
            place = entry.get(side)
            if isinstance(place, str):
                entry[side] = moved_path(place, old, new)
            elif isinstance(place, dict) and isinstance(place.get("path"), str):
                place["path"] = moved_path(place["path"], old, new)
