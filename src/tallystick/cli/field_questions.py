"""What helps to answer an open entry of the feed: who can be asked, and which field of the other side it may be.

It is worked out from the project and the state when the feed is shown; no system is asked and no value is kept.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tallystick.core.field_feed import FieldChange, FieldSight
from tallystick.core.record import SIDES, Side
from tallystick.core.schema import Field
from tallystick.project.load import LoadedProject
from tallystick.project.new_field import likely_targets
from tallystick.project.propose import POSSIBLE

Sights = Mapping[tuple[str, str], Mapping[str, FieldSight]]


def help_document(loaded: LoadedProject, change: FieldChange, sights: Sights) -> dict[str, Any]:
    """Give ``ask`` (people, the nearest first) and, for a new field that is open, ``proposals`` with their reasons.

    The ``confidence`` of a proposal is between 0 and 1.
    """
    known = change.system in loaded.manifests and change.object in loaded.manifests[change.system].objects
    if not (known and change.is_open):
        return {"ask": [], "proposals": []}
    sight = sights.get((change.system, change.object), {}).get(change.field)
    field = Field(change.field, sight.type if sight is not None else "any")
    return {
        "ask": people_to_ask(loaded, change),
        "proposals": list(_proposals(loaded, change, field)) if change.change == "new" else [],
    }


def people_to_ask(loaded: LoadedProject, change: FieldChange) -> list[str]:
    """Name who answers for the object's mappings, then who does for its system, with addresses where they are known."""
    manifest = loaded.manifests[change.system]
    names = [loaded.mappings[mapping].owner for mapping, _ in _ways(loaded, change)]
    names.append(manifest.owner or manifest.technical_contact)
    return [_person(loaded, name) for name in dict.fromkeys(names) if name]


def help_lines(path: str, told: Mapping[str, Any]) -> Iterator[str]:
    """Say in words what ``help_document`` gave for an entry; nothing where it gave nothing."""
    lines = [
        f"  may be {p['target']} of {p['mapping']} ({p['confidence']:.0%}: {'; '.join(p['reasons'])}): {p['command']}"
        for p in told["proposals"]
    ]
    lines += [f"  ask {', '.join(told['ask'])}"] if told["ask"] else []
    if lines:
        yield path
        yield from lines


def _person(loaded: LoadedProject, name: str) -> str:
    person = loaded.project.owners.get(name)
    if person is None:
        return name
    return f"{person.name} <{person.email}>" if person.email else person.name


def _proposals(loaded: LoadedProject, change: FieldChange, field: Field) -> Iterator[dict[str, Any]]:
    for mapping, side in _ways(loaded, change):
        likely = [c for c in likely_targets(loaded, mapping, side, field) if c.likeness.score >= POSSIBLE]
        for each in likely[:1]:
            yield {
                "mapping": mapping,
                "target": each.path,
                "confidence": round(min(each.likeness.score, 1.0), 2),
                "reasons": list(each.likeness.reasons),
                "command": f"tally drift --map {change.path}={each.path}",
            }


def _ways(loaded: LoadedProject, change: FieldChange) -> Sequence[tuple[str, Side]]:
    found: list[tuple[str, Side]] = []
    for name, spec in loaded.mappings.items():
        ends = {"left": spec.left, "right": spec.right}
        found += [(name, s) for s in SIDES if (ends[s].system, ends[s].object) == (change.system, change.object)]
    return found
