"""Live values beside the fields of a mapping: a few of each side, read only, masked unless told otherwise."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from tallystick.checklist.opening import open_scene
from tallystick.checklist.sample import Sample
from tallystick.checklist.scene import Subject
from tallystick.checklist.survey import readable
from tallystick.checklist.watch import Watch
from tallystick.checklist.wire import WireTransport
from tallystick.cli.start import Start
from tallystick.core import path
from tallystick.core.mapping import Refs
from tallystick.core.record import SIDES, UNKNOWN, Raw, Side
from tallystick.engine.effects import drive
from tallystick.engine.pair import End
from tallystick.wiring import open_house

_LOOKED_AT: Final = 50


def live_samples(
    start: Start, names: Sequence[str], count: int, *, reveal: bool
) -> dict[tuple[str, str, Side], list[str]]:
    """Give up to ``count`` different values for each mapping, field and side; blanks are left out.

    Raises:
        Error: what a system answered instead of records.
    """
    found: dict[tuple[str, str, Side], list[str]] = {}
    with open_house(start.folder, start.environment, whole=True) as house:
        readers = {name: system.connector for name, system in house.systems.items()}
        scene = open_scene(house.loaded, readers, house.pairs, sample=_LOOKED_AT)
        watch = Watch(house.boundary(), WireTransport())
        for pair in house.pairs:
            for side in SIDES if pair.name in names else ():
                end = pair.end(side)
                walk = drive(readable(scene, Subject(end.system, end.object)), watch)
                records = [s.record for s in walk.alive if end.in_scope(s.record)][:_LOOKED_AT]
                for index, name in enumerate(end.names):
                    shown = (Sample(v).shown(reveal=reveal) for v in _values(end, index, records))
                    found[pair.name, name, side] = list(dict.fromkeys(shown))[:count]
    return found


def _values(end: End, index: int, records: Sequence[Raw]) -> Iterator[Any]:
    """Give what stands in a field, as the system writes it; what an expression or several paths give as it is read."""
    place = end.places[index]
    if place.path:
        values = [path.read(record, place.path) for record in records]
    else:
        read = end.codec.read(records, Refs())
        values = [fields[index] for fields in read if isinstance(fields, tuple)]
    yield from (value for value in values if value is not UNKNOWN and value not in (None, ""))
