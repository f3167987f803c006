"""How mappings hang together: parents before children (R-13.5), and no ring of two-way mappings (R-13.7)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tallystick.core.contention import can_meet
from tallystick.core.mapping import End, FieldMapping, ObjectMapping
from tallystick.core.path import render
from tallystick.core.record import SIDES


@dataclass(frozen=True, slots=True)
class Ring:
    """Mappings that form a ring, in its order; ``field`` is the field of the first one that closes it, if one does."""

    mappings: tuple[str, ...]
    field: str = ""


def order(mappings: Sequence[ObjectMapping]) -> tuple[tuple[ObjectMapping, ...], list[Ring]]:
    """Sort mappings so that those which others refer to come first; rings that nothing opens are given besides.

    A reference that may be sent later (``on_missing_ref: send_without``) to a field that need not be filled opens a
    ring. A mapping that refers to itself is no ring: its parents go first, record by record.
    """
    by_name = {m.name: m for m in mappings}
    wanted = {m.name: {r for r in m.references if r in by_name and r != m.name} for m in mappings}
    needed = {m.name: {f: r for f, r in _needs(m) if r in by_name and r != m.name} for m in mappings}
    done: list[str] = []
    rings: list[Ring] = []
    left = sorted(by_name)
    while left:
        free = [n for n in left if not set(needed[n].values()) & set(left)]
        if not free:
            ring = _ring(left, needed)
            rings.append(ring)
            needed[ring.mappings[0]].pop(ring.field)
            continue
        # Among those that may go, one whose wishes are fulfilled too goes first.
        chosen = min(free, key=lambda n: (len(wanted[n] & set(left)), n))
        done.append(chosen)
        left.remove(chosen)
    return tuple(by_name[n] for n in done), rings


def _needs(mapping: ObjectMapping) -> Iterator[tuple[str, str]]:
    for field in mapping.fields:
        reference = field.left.reference or field.right.reference
        if reference and not (field.policy.on_missing_ref == "send_without" and not _is_required(mapping, field)):
            yield field.name, reference


def _is_required(mapping: ObjectMapping, field: FieldMapping) -> bool:
    for side in SIDES:
        declared = mapping.end(side).schema.by_path.get(render(field.place(side).path))
        if declared and (declared.required or not declared.nullable):
            return True
    return False


def _ring(left: Sequence[str], needed: Mapping[str, Mapping[str, str]]) -> Ring:
    """Find one ring among mappings that all wait for another of them."""
    path: list[str] = []
    here = left[0]
    while here not in path:
        path.append(here)
        here = next(r for r in needed[here].values() if r in left)
    ring = path[path.index(here) :]
    follower = ring[1] if len(ring) > 1 else ring[0]
    field = next(f for f, r in needed[ring[0]].items() if r == follower)
    return Ring(tuple(ring), field)


def find_loops(mappings: Sequence[ObjectMapping]) -> list[Ring]:
    """Find the rings of two-way mappings: a change would run round such a ring and meet itself.

    Two mappings meet at an object only where their conditions can hold for one record. Each ring begins with the
    mapping that closes it, the last one by name.
    """
    two_way = sorted((m for m in mappings if any(f.policy.direction == "both" for f in m.fields)), key=lambda m: m.name)
    ends = [(m, side) for m in two_way for side in SIDES]
    corner = {(m.name, side): number for number, (m, side) in enumerate(ends)}
    for index, (one, side) in enumerate(ends):
        for other, its in ends[index + 1 :]:
            if _meet(one.end(side), other.end(its)):
                old, new = corner[other.name, its], corner[one.name, side]
                corner.update({key: new for key, number in corner.items() if number == old})
    roads: dict[int, list[tuple[int, str]]] = {}
    rings = []
    for mapping in two_way:
        start, end = corner[mapping.name, "left"], corner[mapping.name, "right"]
        way = _way(roads, start, end)
        if way is not None:
            rings.append(Ring((mapping.name, *way)))
            continue
        roads.setdefault(start, []).append((end, mapping.name))
        roads.setdefault(end, []).append((start, mapping.name))
    return rings


def _way(roads: Mapping[int, Sequence[tuple[int, str]]], start: int, end: int) -> tuple[str, ...] | None:
    """Give the mappings on the way from one corner to another; ``None`` if there is no way."""
    seen = {start}
    ways: list[tuple[int, tuple[str, ...]]] = [(start, ())]
    for here, passed in ways:
        if here == end:
            return passed
        for there, name in roads.get(here, ()):
            if there not in seen:
                seen.add(there)
                ways.append((there, (*passed, name)))
    return None


def _meet(one: End, other: End) -> bool:
    if (one.system, one.object) != (other.system, other.object):
        return False
    return can_meet(one.where, other.where)
