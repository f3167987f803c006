"""Compare what is written about the systems' objects with what the systems show now, and take over what is new."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tallystick.cli.field_paths import is_breaking, mapped_paths, own_paths
from tallystick.core.drift import FieldDrift, find_drift
from tallystick.core.error import AccessError, DataError, ProjectError, RemoteError
from tallystick.core.record import SIDES
from tallystick.core.schema import Field, ObjectType, Type
from tallystick.engine.effects import call, drive
from tallystick.engine.field_list import read_field_list, same_ids
from tallystick.engine.seen_fields import SeenFields, see_fields
from tallystick.project.manifest import Manifest, ObjectSpec
from tallystick.project.new_field import declare_fields
from tallystick.project.schema import object_type
from tallystick.project.shapes import is_borrowed
from tallystick.wiring import House

_DESCRIBED: Final = "the catalogue of the database"


@dataclass(frozen=True, slots=True)
class ObjectDrift:
    """One object: what changed, how it is known, which mapped fields stand on each path; ``failure`` if it is not.

    ``showed`` are the fields that there are now; nothing where nothing could tell.
    """

    system: str
    object: str
    source: str
    changes: tuple[FieldDrift, ...]
    mapped: dict[str, list[str]]
    failure: str = ""
    showed: Mapping[str, Type] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether a catalogue told everything; records tell only what they show."""
        return self.source == _DESCRIBED

    def users(self, change: FieldDrift) -> list[str]:
        """Give the mapped fields that a change touches."""
        return self.mapped.get(change.path, [])

    def is_breaking(self, change: FieldDrift) -> bool:
        """Tell whether a mapping cannot go on as before; a new field that is required stops every create."""
        return is_breaking(change, self.mapped)

    def document(self) -> dict[str, Any]:
        """Write it as JSON."""
        return {
            "system": self.system,
            "object": self.object,
            "source": self.source,
            "failure": self.failure,
            "changes": [
                {
                    "field": c.path,
                    "change": c.change,
                    "was": c.was,
                    "now": c.now,
                    "mapped": self.users(c),
                    "breaking": self.is_breaking(c),
                }
                for c in self.changes
            ],
        }


def look_for_drift(house: House, systems: Sequence[str], sample: int) -> list[ObjectDrift]:
    """Compare every mapped object that declares fields, of the named systems or of all.

    A system that does not answer is told in its objects' ``failure``; the others go on.

    Raises:
        ProjectError: there is no system of that name.
    """
    unknown = [name for name in systems if name not in house.systems]
    if unknown:
        raise ProjectError(f"no system is called '{unknown[0]}'", hint=f"there are: {', '.join(house.systems)}")
    found: list[ObjectDrift] = []
    for system, name in sorted({(e.system, e.object) for p in house.pairs for e in map(p.end, SIDES)}):
        spec = house.loaded.manifests[system].objects[name]
        if spec.fields and (not systems or system in systems):
            found.append(_heard(_look(house, system, name, spec, sample), spec))
    return found


def _heard(drift: ObjectDrift, spec: ObjectSpec) -> ObjectDrift:
    """Leave out the new fields that nobody wants to hear of; one that stops creates is always told."""
    if spec.on_new_field != "ignore":
        return drift
    return replace(drift, changes=tuple(c for c in drift.changes if c.change != "new" or drift.is_breaking(c)))


def _look(house: House, system: str, name: str, spec: ObjectSpec, sample: int) -> ObjectDrift:
    written, mapped = object_type(name, spec), mapped_paths(house, system, name)
    try:
        if house.loaded.manifests[system].protocol == "sql" and not is_borrowed(spec):
            now = object_type(name, _catalogue(house, system, name, spec))
            showed = {path: field.type for path, field in now.by_path.items()}
            return ObjectDrift(system, name, _DESCRIBED, tuple(find_drift(written, now)), mapped, showed=showed)
        connector = house.systems[system].connector
        seen = drive(call(system, see_fields(connector, name, sample)), house.boundary())
        source = spec.fields_from
        listed = drive(call(system, read_field_list(connector, source)), house.boundary()) if source else ()
    except (AccessError, RemoteError, ProjectError, DataError) as fault:
        return ObjectDrift(system, name, "", (), mapped, str(fault))
    changes = tuple(_listed(written, spec, listed, list(_seen(written, spec, seen))))
    told = f"{seen.records:,} records" + (f" and the list of {len(listed):,} fields" if listed else "")
    showed = {f.path: f.type for f in listed} | seen.paths()
    return ObjectDrift(system, name, told, changes, mapped, showed=showed)


def _catalogue(house: House, system: str, name: str, spec: ObjectSpec) -> ObjectSpec:
    from tallystick.connectors.describe.database import describe_database
    from tallystick.project.secrets import ProjectSecrets

    written = house.loaded.manifests[system].url
    table = spec.table.name if spec.table else name
    schema = spec.table.schema_name if spec.table else ""
    url = ProjectSecrets(house.folder).resolve(written)
    described: Manifest = describe_database(system, written, url, schema=schema or None, tables=[table])
    return described.objects.get(table) or spec


def _seen(written: ObjectType, spec: ObjectSpec, seen: SeenFields) -> Iterable[FieldDrift]:
    for fresh in seen.unannounced(written, own_paths(spec)):
        yield FieldDrift(fresh.path, "new", now=fresh.type, field=fresh)
    if seen.records and not spec.omits_blank:
        for lost in seen.vanished(written):
            yield FieldDrift(lost.path, "gone", was=lost.type)


def _listed(
    written: ObjectType, spec: ObjectSpec, listed: Sequence[Field], seen: Sequence[FieldDrift]
) -> Iterable[FieldDrift]:
    """Join what records show with what the system lists: new fields with their ids, old ones under a new name."""
    renamed = same_ids(written.fields, listed)
    by_path = {f.path: f for f in listed}
    for old, new in renamed.items():
        yield FieldDrift(old, "renamed", was=old, now=new)
    for each in seen:
        if each.change == "gone" and each.path in by_path:
            continue  # what the system lists is there, though nobody uses it
        if each.path not in renamed and each.path not in renamed.values():
            found = by_path.get(each.path)
            known = replace(each.field, id=found.id, label=found.label) if each.field and found else each.field
            yield replace(each, field=known)
    there = {*written.by_path, *own_paths(spec), *renamed.values(), *(each.path for each in seen)}
    for each_listed in listed:
        if each_listed.path not in there:
            yield FieldDrift(each_listed.path, "new", now=each_listed.type, field=each_listed)


def accept_new(house: House, found: Iterable[ObjectDrift], *, everything: bool) -> list[str]:
    """Write new fields into the systems' files; give ``system/object.field`` of each.

    Those of objects that say so themselves (``on_new_field``), or of all with ``everything``.

    Raises:
        ProjectError: a file cannot be changed and stay as it is otherwise.
    """
    accepted: list[str] = []
    for drift in found:
        new = [c.field for c in drift.changes if c.change == "new" and c.field is not None]
        spec = house.loaded.manifests[drift.system].objects[drift.object]
        if not new or is_borrowed(spec) or not (everything or spec.on_new_field in {"accept", "evolve"}):
            continue

        declare_fields(house.loaded, drift.system, drift.object, new)
        accepted += [f"{drift.system}/{drift.object}.{field.path}" for field in new]
    return accepted
