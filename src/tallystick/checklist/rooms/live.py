"""The live records of a mapping's end, as the mapping reads them: values, and what cannot be read, field by field."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tallystick.checklist.scene import Scene, of_end
from tallystick.checklist.survey import readable
from tallystick.core import path
from tallystick.core.error import DataError
from tallystick.core.interpret import Interpreter, is_blank
from tallystick.core.mapping import Refs
from tallystick.core.ports import Flow, Sighting
from tallystick.core.record import UNKNOWN, Fields, Side, Value
from tallystick.engine.pair import End, Pair

_NO_REFS = Refs()


@dataclass(frozen=True, slots=True)
class Unread:
    """One value that the mapping cannot read. ``raw`` is what stands there."""

    record: str
    index: int
    raw: Any
    fault: DataError


@dataclass(slots=True)
class Live:
    """The records in scope of one end. ``rows`` are canonical, aligned with ``sightings``; unread values are unknown.

    ``ended`` tells that the listing was read to its end.
    """

    side: Side
    ended: bool
    sightings: list[Sighting] = field(default_factory=list)
    rows: list[Fields] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)

    def column(self, index: int) -> Iterator[tuple[str, Value]]:
        """Give (record id, value) of one field, where there is a value."""
        for sighting, row in zip(self.sightings, self.rows, strict=True):
            if row[index] is not UNKNOWN and not is_blank(row[index]):
                yield sighting.id, row[index]


def live_records(scene: Scene, pair: Pair, side: Side) -> Flow[Live]:
    """Read the walked records of an end through the compiled mapping. Raises what the system answered instead."""
    end = pair.end(side)
    found = yield from readable(scene, of_end(end))
    once = {s.id: s for s in found.alive}.values()  # a listing that repeats records doubles no keys
    here = [s for s in once if end.in_scope(s.record)]
    live = Live(side, found.ended, here)
    plain: Interpreter | None = None
    for sighting, fields in zip(here, end.codec.read([s.record for s in here], _NO_REFS), strict=True):
        if isinstance(fields, DataError):
            plain = plain or Interpreter(pair.mapping, side)
            live.rows.append(_field_by_field(plain, end, sighting, live.unread))
        else:
            live.rows.append(fields)
    return live


def _field_by_field(plain: Interpreter, end: End, sighting: Sighting, unread: list[Unread]) -> Fields:
    """Read what can be read of a record that has a fault."""
    row: list[Value] = []
    for seat in plain.seats:
        try:
            row.append(plain.get(seat, sighting.record, _NO_REFS))
        except DataError as fault:
            row.append(UNKNOWN)
            place = end.places[seat.index]
            raw = path.read(sighting.record, place.path) if place.path else None
            unread.append(Unread(sighting.id, seat.index, raw, fault))
    return tuple(row)


def flows_to(pair: Pair, index: int, side: Side) -> bool:
    """Tell whether a field's values flow to a side."""
    return pair.mapping.fields[index].policy.direction in {"both", f"to_{side}", f"once_to_{side}"}
