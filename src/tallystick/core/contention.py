"""Fields of one record that two mappings write: found before anything runs, and asked about when it happens (R-13.2).

Two anchors that share a record each hold a value for the same place. Written in turn, the two would change it back and
forth for ever. A hub is no such case: there every two-way mapping carries on what the others brought. Pure.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tallystick.core.decision import Decision, Question, Write
from tallystick.core.mapping import Condition, FieldMapping, ObjectMapping
from tallystick.core.path import Path
from tallystick.core.policy import Direction
from tallystick.core.record import SIDES, Side, other

_NEVER: Final[Mapping[Side, frozenset[Direction]]] = {
    "left": frozenset({"to_right", "once_to_right", "match_only"}),
    "right": frozenset({"to_left", "once_to_left", "match_only"}),
}


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a mapping writes: the record's own object, the path in it, and which records of it are meant."""

    system: str
    object: str
    path: Path
    where: tuple[Condition, ...] = ()

    def meets(self, its: "Spot") -> bool:
        """Tell whether both can be the same place in one record."""
        if (self.system, self.object) != (its.system, its.object):
            return False
        shorter = min(len(self.path), len(its.path))
        return self.path[:shorter] == its.path[:shorter] and can_meet(self.where, its.where)


@dataclass(frozen=True, slots=True)
class Contest:
    """Two fields, of two mappings or of one, that may write the same place: the first, and its rival."""

    mapping: ObjectMapping
    field: FieldMapping
    side: Side
    rival: ObjectMapping
    its_field: FieldMapping
    its_side: Side
    spot: Spot


def can_meet(one: Sequence[Condition], its: Sequence[Condition]) -> bool:
    """Tell whether one record can satisfy both lists of conditions."""
    theirs = {c.path: c for c in its}
    return all(
        any(value in theirs[c.path].values for value in c.values) for c in one if c.path in theirs
    )  # fmt: skip


def plain_spot(mapping: ObjectMapping, side: Side, path: Path) -> Spot:
    """Take a path as it is written: the object has records of its own."""
    end = mapping.end(side)
    return Spot(end.system, end.object, path, tuple(end.where))


def find_contests(
    mappings: Sequence[ObjectMapping], spot_of: Callable[[ObjectMapping, Side, Path], Spot] = plain_spot
) -> Iterator[Contest]:
    """Find every two fields that may write different values to the same place, each pair once."""
    known: dict[tuple[str, str], list[tuple[ObjectMapping, FieldMapping, Side, Spot]]] = {}
    for mapping in mappings:
        for field in mapping.fields:
            for side in SIDES:
                if field.policy.direction in _NEVER[side]:
                    continue
                for path in _written(field, side):
                    spot = spot_of(mapping, side, path)
                    beside = known.setdefault((spot.system, spot.object), [])
                    for rival, its_field, its_side, its_spot in beside:
                        if spot.meets(its_spot) and not _agree((mapping, field, side), (rival, its_field, its_side)):
                            yield Contest(mapping, field, side, rival, its_field, its_side, spot)
                    beside.append((mapping, field, side, spot))


def _written(field: FieldMapping, side: Side) -> list[Path]:
    place = field.place(side)
    return [path for path, _ in place.inverse] or ([place.path] if place.path else [])


def _agree(one: tuple[ObjectMapping, FieldMapping, Side], its: tuple[ObjectMapping, FieldMapping, Side]) -> bool:
    """Whether both bring the same: from the same place, or as two arms of a hub."""
    (mapping, field, side), (rival, its_field, its_side) = one, its
    if mapping.name == rival.name:
        return field.name == its_field.name
    source, its_source = mapping.end(other(side)), rival.end(other(its_side))
    if source.system != its_source.system:
        return field.policy.direction == its_field.policy.direction == "both"
    same_place = field.place(other(side)) == its_field.place(other(its_side))
    return source.object == its_source.object and same_place


def withhold(decision: Decision, side: Side, fields: Mapping[int, str]) -> Decision:
    """Leave fields out of what is written to ``side``, and ask about them instead; ``fields`` says why, by index."""
    writes = tuple(kept for w in decision.writes if (kept := _without(w, side, fields)) is not None)
    asked = tuple(Question("contention", i, why) for i, why in sorted(fields.items()))
    return replace(
        decision,
        disposition="written" if writes else "queued",
        writes=writes,
        journal=tuple(j for j in decision.journal if not (j[0] == side and j[1] in fields)),
        questions=decision.questions + asked,
    )


def _without(write: Write, side: Side, fields: Mapping[int, str]) -> Write | None:
    if write.side != side or write.op != "update":
        return write
    kept = [(i, rule) for i, rule in zip(write.which, write.rules, strict=True) if i not in fields]
    return replace(write, which=tuple(i for i, _ in kept), rules=tuple(r for _, r in kept)) if kept else None
