"""Find the record that a person means: ``SYSTEM/OBJECT/ID``, ``MAPPING ID``, or just an id."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tallystick.cli.cause import record_of
from tallystick.core.error import Error, ProjectError
from tallystick.core.ports import Call, Sighting
from tallystick.core.record import SIDES, Side
from tallystick.core.state import StoreTx
from tallystick.engine.pair import Pair
from tallystick.wiring import House


@dataclass(frozen=True, slots=True)
class Subject:
    """A record on one side of a pair; ``binding`` if it is paired there, or was."""

    pair: Pair
    side: Side
    id: str
    binding: int | None = None


def find_subjects(house: House, words: Sequence[str]) -> list[Subject]:
    """Give what the words can mean, one subject for each pairing; empty if nobody knows such a record.

    Raises:
        ProjectError: the words name a mapping that does not exist.
    """
    asked = list(_meant(house, words))
    known = [s for s in (_known(house, s) for s in asked) if s is not None]
    if not known:
        known = [s for s in asked if _is_there(house, s)]
    unique: dict[object, Subject] = {}
    for subject in known:
        unique.setdefault((subject.pair.name, subject.binding or (subject.side, subject.id)), subject)
    return list(unique.values())


def _meant(house: House, words: Sequence[str]) -> Iterator[Subject]:
    """Give every (pair, side, id) that the words can stand for, the closest reading only."""
    [*named, text] = words
    pairs = house.chosen(named) if named else house.pairs
    if not pairs:
        raise ProjectError("the project has no mapping")
    head, _, rest = text.partition("/")
    object_name, _, record = rest.partition("/")
    by_place = [
        Subject(p, s, record) for p in pairs for s in SIDES if (p.end(s).system, p.end(s).object) == (head, object_name)
    ]
    by_side = [Subject(p, s, rest) for p in pairs for s in SIDES if named and s == head and rest]
    by_name = [Subject(p, s, rest) for p in pairs for s in SIDES if p.name == head and rest and not named]
    yield from by_place or by_side or by_name or [Subject(p, s, text) for p in pairs for s in SIDES]


def _known(house: House, subject: Subject) -> Subject | None:
    """Look into our own state: bindings, present and former, questions and parked records."""
    pair, side, record = subject.pair.name, subject.side, subject.id

    def look(tx: StoreTx) -> Subject | None:
        fact = tx.leg_facts(pair, side, [record]).get(record)
        former = tx.former(pair, side, [record]).get(record)
        number = fact.binding if fact else former.binding if former and tx.bindings([former.binding]) else None
        waits = any(record_of(q) == (side, record) for q in tx.queue(pair))
        parked = any((q.side, q.record) == (side, record) for q in tx.quarantine(pair))
        if number is None and not waits and not parked:
            return None
        return Subject(subject.pair, side, record, number)

    return house.store.look(look)


def _is_there(house: House, subject: Subject) -> bool:
    """Ask the system itself, where records can be read one by one."""
    end = subject.pair.end(subject.side)
    if not end.can.read_by_id:
        return False
    try:
        found = house.boundary().perform(Call(end.system, end.connector.get(end.object, subject.id)))
    except Error:
        return False
    return isinstance(found, Sighting)
