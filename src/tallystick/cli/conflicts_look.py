"""Put the two sides of open questions face to face: what both hold now, and what taking each would do."""

from collections.abc import Sequence
from dataclasses import dataclass

from tallystick.cli.contested import Contested
from tallystick.cli.why_find import Subject
from tallystick.cli.why_look import Leg, look_at
from tallystick.core.answer import FIELD_KINDS, deletion_obstacle, field_obstacle
from tallystick.core.observation import Gone, Missing, Present
from tallystick.core.record import SIDES, UNKNOWN, Side, Value, same
from tallystick.wiring import House


@dataclass(frozen=True, slots=True)
class Face:
    """One question with both its records; ``obstacles`` say why a side cannot be taken, empty where it can."""

    contested: Contested
    legs: dict[Side, Leg]
    obstacles: dict[Side, str]

    @property
    def index(self) -> int:
        """The position of the field that it is about, -1 for the record."""
        names = self.contested.pair.mapping.names
        return names.index(self.contested.item.field) if self.contested.item.field in names else -1

    def now(self, side: Side, i: int) -> Value:
        """What a side holds now in the field at ``i``."""
        fields = self.legs[side].fields
        return fields[i] if fields is not None else UNKNOWN

    def agreed(self, side: Side, i: int) -> Value:
        """What was agreed last about the field at ``i``."""
        base = self.legs[side].base
        return base[i] if base is not None else UNKNOWN

    def modified(self, side: Side) -> float | None:
        """When a side says that its record was changed."""
        seen = self.legs[side].seen
        return seen.modified if isinstance(seen, Present) else None

    def is_gone(self, side: Side) -> bool:
        """Whether the record is not there on a side."""
        return isinstance(self.legs[side].seen, Gone | Missing)

    @property
    def contents(self) -> list[int]:
        """The positions to show: the field, or all that anybody holds or held where the record is meant."""
        if self.index >= 0:
            return [self.index]
        names = self.contested.pair.mapping.names
        return [
            i
            for i in range(len(names))
            if any(v is not UNKNOWN and v is not None for s in SIDES for v in (self.now(s, i), self.agreed(s, i)))
        ]

    @property
    def is_settled(self) -> bool:
        """Whether both sides hold the same by now, so that the next run withdraws the question."""
        left, right = (self.now(side, self.index) for side in SIDES) if self.index >= 0 else (UNKNOWN, UNKNOWN)
        return left is not UNKNOWN and same(left, right)


def face(house: House, contested: Sequence[Contested]) -> list[Face]:
    """Read both sides of each question once."""
    seen: dict[int, dict[Side, Leg]] = {}
    found: list[Face] = []
    for each in contested:
        number = each.item.binding
        legs = seen.get(number) if number is not None else None
        if legs is None:
            side: Side = "left" if each.record("left") is not None else "right"
            legs = look_at(house, Subject(each.pair, side, each.record(side) or "", number)).legs
            if number is not None:
                seen[number] = legs
        found.append(Face(each, legs, _obstacles(each, legs)))
    return found


def _obstacles(contested: Contested, legs: dict[Side, Leg]) -> dict[Side, str]:
    if contested.binding is None:
        return dict.fromkeys(SIDES, "the record is paired with nobody")
    pair, item, state = contested.pair, contested.item, contested.binding.state
    seen = (legs["left"].seen, legs["right"].seen)
    if item.kind in FIELD_KINDS:
        index = pair.mapping.names.index(item.field) if item.field in pair.mapping.names else -1
        return {side: field_obstacle(item.kind, index, side, state, seen, pair.pairing) for side in SIDES}
    return dict.fromkeys(SIDES, deletion_obstacle(state, seen))
