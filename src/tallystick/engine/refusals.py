"""What a side refused so far and what it took: the evidence from which its untold rules are learned (X15).

The refused records are those that wait because of it; they are read anew, one by one. The taken ones are agreed
records of the store, spread over all, so that no system is listed for it. Nothing is written or remembered.
"""

import re
from collections.abc import Sequence
from typing import Final

from tallystick.core.binding import Quarantined
from tallystick.core.error import DataError, Refused
from tallystick.core.learned import Candidate, Evidence, learn
from tallystick.core.path import render
from tallystick.core.ports import Flow, Sighting
from tallystick.core.record import Fields, Side, other
from tallystick.core.state import StoreTx
from tallystick.engine import effects
from tallystick.engine.pair import Pair
from tallystick.engine.send import read_sightings

MOST_REFUSED: Final = 200
MOST_TAKEN: Final = 5_000
_WORD: Final = re.compile(r"\w+")


def learn_rules(pair: Pair, side: Side) -> Flow[list[Candidate]]:
    """Give the rules that ``side`` seems to have beyond those that are written; nothing where it refused nothing."""
    parked = yield from effects.look(lambda tx: _refused(tx, pair, side))
    if not parked:
        return []
    source = pair.end(other(side))
    flows = [source.connector.get(source.object, row.record) for row in parked] if source.can.read_by_id else []
    answers = yield from effects.call_all(source.system, flows)
    there = [(row, a) for row, a in zip(parked, answers, strict=False) if isinstance(a, Sighting) and not a.deleted]
    read = yield from read_sightings(pair, source, [sighting for _, sighting in there])
    taken = yield from effects.look(lambda tx: _taken(tx, pair, source.side, {row.record for row in parked}))
    by_field: dict[str, list[tuple[str, Fields, str]]] = {}
    for (row, _), fields in zip(there, read, strict=True):
        if isinstance(fields, DataError):
            continue
        for name in _named(pair, side, row):
            by_field.setdefault(name, []).append((row.record, fields, row.message))
    names = pair.mapping.names
    return [c for name, refused in by_field.items() for c in learn(Evidence(name, names, refused, taken))]


def _refused(tx: StoreTx, pair: Pair, side: Side) -> list[Quarantined]:
    rows = tx.quarantine(pair.name)
    return [row for row in rows if row.code == Refused.code and row.side == other(side)][:MOST_REFUSED]


def _taken(tx: StoreTx, pair: Pair, source: Side, but: set[str]) -> list[Fields]:
    """Give what the source held of agreed records, evenly spread over all of them."""
    bindings, _ = tx.raw_hashes(pair.name, source)
    step = max(1, len(bindings) // MOST_TAKEN)
    chosen = [bindings[at] for at in range(0, len(bindings), step)]
    state = tx.pair_state(pair.name)
    names = state.names if state is not None else pair.mapping.names
    legs = [b.leg(source) for b in tx.bindings(chosen).values() if b.state == "linked" and not b.flags]
    bases = (pair.base(leg.base, leg.shape, names) for leg in legs if leg.id not in but)
    return [fields for fields in bases if fields is not None]


def _named(pair: Pair, side: Side, row: Quarantined) -> Sequence[str]:
    """Translate what a system calls the field that it refused; where it names none, its words may."""
    names, end = pair.mapping.names, pair.end(side)
    if row.field in names:
        return [row.field]
    paths = {name: render(place.path) for name, place in zip(names, end.places, strict=True) if place.path}
    if row.field:
        wanted = _last(row.field)
        exact = [name for name, path in paths.items() if path == row.field]
        return exact or [name for name, path in paths.items() if _last(path) == wanted]
    said = {word.casefold() for word in _WORD.findall(row.message)}
    return [name for name, path in paths.items() if _last(path) in said]


def _last(path: str) -> str:
    """Give the last word of a path, however a system writes paths."""
    words = _WORD.findall(path)
    return words[-1].casefold() if words else ""
