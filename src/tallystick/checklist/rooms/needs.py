"""Which operations the mappings need of which objects, and for what. Computed, never asked."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from tallystick.checklist.scene import Scene, Subject
from tallystick.core.record import SIDES, Side, other
from tallystick.engine.pair import Pair
from tallystick.project.ability import can
from tallystick.project.manifest import Manifest, ObjectSpec, Operation

Deed = Literal["list", "get", "create", "update", "delete"]
DEEDS: Final[tuple[Deed, ...]] = ("list", "get", "create", "update", "delete")
READS: Final[frozenset[Deed]] = frozenset({"list", "get"})


@dataclass(frozen=True, slots=True)
class Need:
    """One operation on one object, and what of the mappings needs it."""

    object: str
    deed: Deed
    reasons: tuple[str, ...]


def needs_of(scene: Scene, system: str) -> list[Need]:
    """Give everything that the mappings need of a system."""
    found: dict[tuple[str, Deed], list[str]] = {}
    for pair in scene.pairs:
        for side in SIDES:
            end = pair.end(side)
            if end.system == system:
                for deed, reason in _needs(pair, side):
                    found.setdefault((end.object, deed), []).append(f"{pair.name}: {reason}")
    return [Need(name, deed, tuple(why)) for (name, deed), why in sorted(found.items(), key=_in_order)]


def _in_order(entry: tuple[tuple[str, Deed], list[str]]) -> tuple[str, int]:
    (name, deed), _ = entry
    return name, DEEDS.index(deed)


def _needs(pair: Pair, side: Side) -> Iterator[tuple[Deed, str]]:
    policy, source = pair.mapping.policy, other(side)
    yield "list", "reads it"
    yield "get", "looks at single records before it writes or believes that one is gone"
    flows = fields_to(pair, side)
    if (policy.on_unmatched_left if source == "left" else policy.on_unmatched_right) == "create" and flows:
        yield "create", f"new records of the {source}"
    if flows:
        yield "update", f"{flows} fields flow here"
    answer = policy.on_delete_left if source == "left" else policy.on_delete_right
    if answer == "propagate":
        yield "delete", f"deletions on the {source}"
    if answer == "archive":
        yield "update", f"archives what was deleted on the {source}"
    if (policy.on_delete_left if side == "left" else policy.on_delete_right) == "restore":
        yield "create", "restores what was deleted here"


def fields_to(pair: Pair, side: Side) -> int:
    """Count the fields whose values flow to a side."""
    ways = {"both", f"to_{side}", f"once_to_{side}"}
    return sum(f.policy.direction in ways for f in pair.mapping.fields)


def is_described(manifest: Manifest, spec: ObjectSpec, deed: Deed) -> bool:
    """Tell whether the manifest says how to do this."""
    if deed == "get":
        return manifest.protocol not in {"rest", "graphql", "soap", "rpc"} or spec.get is not None
    return can(manifest, spec, deed)


def spelled(manifest: Manifest, subject: Subject, deed: Deed) -> str:
    """Spell a call as its protocol does: ``GET /companies/{id}``, or the statement and table."""
    spec = manifest.objects[subject.object]
    if manifest.protocol == "sql":
        verb = {"list": "SELECT", "get": "SELECT", "create": "INSERT", "update": "UPDATE", "delete": "DELETE"}[deed]
        return f"{verb} {spec.table.name if spec.table else subject.object}"
    if manifest.protocol == "files":
        return f"{'read' if deed in READS else 'write'} {spec.file.name if spec.file else subject.object}"
    operation: Operation | None = getattr(spec, deed) or getattr(spec, f"{deed}_bulk", None)
    if operation is None:
        return ""
    # Where all goes to one address by one method, the name of what is called says which call it is.
    return operation.path if manifest.protocol in {"soap", "graphql", "rpc"} else f"{operation.method} {operation.path}"
