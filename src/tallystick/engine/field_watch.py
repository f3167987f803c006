"""What a run notices of the systems' fields by the way (C7.5): from records that it decodes anyway, a sample of them.

Rows whose bytes are those last seen are not decoded, and need not be: a field that came or went changes the bytes.
Where a connector knows all fields without a record, that is asked instead. Nothing is read for this.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tallystick.core.binding import Op
from tallystick.core.brake import Hold
from tallystick.core.drift import Change, FieldDrift
from tallystick.core.path import parse
from tallystick.core.ports import Announcing, Sighting
from tallystick.core.record import SIDES
from tallystick.core.schema import Field, ObjectType, Type
from tallystick.engine.pair import End, Pair
from tallystick.engine.seen_fields import SeenFields

_FIRST: Final = 200  # so many records are looked at all,
_EVERY: Final = 100  # of those after them one in so many
_ENOUGH: Final = 20  # so many records without a field say that it is gone, and not only not used
_NAMED: Final = 5
_ALL: Final[tuple[Op, ...]] = ("create", "update", "delete", "archive", "undelete")
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Expected:
    """What is written about an object: its fields, paths with a meaning of their own, the paths that are mapped.

    ``settled`` are the changes, (path, change), that nobody has to be told of. Where the object ``stops``, nothing is
    written to it while others stand; ``waiting`` are those that were known before the run, by the same pair. At the
    ``is_first`` look, what is not written was there before anybody looked, and only what is required is a change.
    """

    written: ObjectType
    own: frozenset[str] = frozenset()
    mapped: frozenset[str] = frozenset()
    settled: frozenset[tuple[str, Change]] = frozenset()
    waiting: frozenset[tuple[str, Change]] = frozenset()
    omits_blank: bool = False
    stops: bool = False
    is_first: bool = False


@dataclass(slots=True)
class FieldWatch:
    """What one run sees of the fields of those objects, (system, object), of which something is ``expected``."""

    expected: Mapping[Key, Expected] = field(default_factory=dict)
    seen: dict[Key, SeenFields] = field(default_factory=dict)
    announced: dict[Key, Sequence[Field]] = field(default_factory=dict)
    _passed: dict[Key, int] = field(default_factory=dict)

    def note(self, end: End, sightings: Sequence[tuple[Sighting, int | None]]) -> None:
        """Look at some of the records that were just decoded."""
        key = (end.system, end.object)
        if key not in self.expected:
            return
        passed = self._passed.get(key, 0)
        self._passed[key] = passed + len(sightings)
        seen = self.seen.setdefault(key, SeenFields())
        first = max(0, min(_FIRST - passed, len(sightings)))
        for sighting, _ in (*sightings[:first], *sightings[first::_EVERY]):
            if not sighting.deleted:
                seen.add(sighting.record)

    def hear(self, pair: Pair) -> None:
        """Ask connectors that know all fields of their objects by now."""
        for end in map(pair.end, SIDES):
            key = (end.system, end.object)
            if key in self.expected and isinstance(end.connector, Announcing):
                self.announced[key] = end.connector.announced(end.object)

    def drift(self, key: Key) -> list[FieldDrift]:
        """Give what differs from what is written, as far as this run saw it; only mapped fields count as gone."""
        expected = self.expected[key]
        written = {parse(path)[:1] for path in (*expected.written.by_path, *expected.own)}
        fresh = {f.path: f for f in self.announced.get(key, ()) if parse(f.path)[:1] not in written}
        gone: list[Field] = []
        seen = self.seen.get(key)
        if key in self.announced:
            there = {parse(f.path)[:1] for f in self.announced[key]}
            agreed = expected.written.by_path if there else {}
            gone = [f for path, f in agreed.items() if path in expected.mapped and parse(path)[:1] not in there]
        elif seen is not None:
            fresh = {f.path: f for f in seen.unannounced(expected.written, expected.own)}
            if seen.records >= _ENOUGH and not expected.omits_blank:
                gone = [f for f in seen.vanished(expected.written) if f.path in expected.mapped]
        found = [FieldDrift(path, "new", now=f.type, field=f) for path, f in fresh.items()]
        return [*found, *(FieldDrift(f.path, "gone", was=f.type) for f in gone)]

    def showed(self, key: Key) -> dict[str, Type]:
        """Give every field that was seen or announced, with the type of its values."""
        seen = self.seen.get(key)
        found = seen.paths() if seen is not None else {}
        return found | {f.path: f.type for f in self.announced.get(key, ())}

    def holds(self, pair: Pair) -> tuple[Hold, ...]:
        """Hold every write to an object that says so while a change of its fields is undecided.

        Where a field is gone by which records are matched, or that keeps the other side's id, the pair waits (R-15.1).
        """
        found = list(self._lost_keys(pair))
        for side in SIDES:
            end = pair.end(side)
            key = (end.system, end.object)
            expected = self.expected.get(key)
            if expected is None or not expected.stops:
                continue
            drift = [d for d in self.drift(key) if not expected.is_first or d.change != "new" or d.is_required]
            here = {(d.path, d.change) for d in drift} - expected.settled
            open_ = sorted({path for path, _ in here | self._still(key, expected)})
            if open_:
                words = ", ".join(f"'{path}'" for path in open_[:_NAMED]) + (" and more" if len(open_) > _NAMED else "")
                told = f"{end.system}/{end.object} changed its fields, and nobody has said what becomes of {words}"
                found.append(Hold("drift", side, _ALL, f"{told}: tally drift {end.system}"))
        return tuple(found)

    def _lost_keys(self, pair: Pair) -> Iterator[Hold]:
        matched = {name for rule in pair.mapping.match for name in rule.fields}
        for end in map(pair.end, SIDES):
            key = (end.system, end.object)
            expected = self.expected.get(key)
            if expected is None or key not in self.announced:
                # Elsewhere it may be that the records just seen leave a blank out: nobody says that the field is gone.
                continue
            places = zip(pair.mapping.names, end.places, strict=True)
            keys = {place.path for name, place in places if name in matched} | {end.external_id}
            gone = [d.path for d in self.drift(key) if d.change == "gone" and (d.path, "gone") not in expected.settled]
            if lost := [f"'{path}'" for path in gone if parse(path) in keys]:
                told = f"{end.system}/{end.object} lost {', '.join(lost)}, by which its records are found"
                yield from (Hold("drift", side, _ALL, f"{told}: tally drift {end.system}") for side in SIDES)

    def _still(self, key: Key, expected: Expected) -> set[tuple[str, Change]]:
        """Give the changes known before that this run does not show to be over."""
        showed = self.showed(key)
        is_over = {
            (path, change)
            for path, change in expected.waiting
            if (path in expected.written.by_path if change == "new" else change == "gone" and path in showed)
        }
        return set(expected.waiting) - is_over
