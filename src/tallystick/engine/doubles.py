"""Records of one side that have the same match key: at first contact they are told before anything is paired (R-9.2).

Whoever cleans up doubles on the side that has them saves a question for each of them.
"""

from collections.abc import Sequence
from typing import Final

from tallystick.core.plan import Doubles
from tallystick.core.record import SIDES, UNKNOWN, Fields, Side, decode_fields, same
from tallystick.engine.outcome import Outcome
from tallystick.engine.pair import Pair
from tallystick.engine.session import Session

_SHOWN: Final = 20  # groups of a side that are named, the largest first
_IDS: Final = 5
_COMPARED: Final = 100  # records of a group whose spelling is looked at


def note_doubles(session: Session, pair: Pair, outcome: Outcome) -> None:
    """Write into the plan which records of a side share a key, as far as this run has seen them."""
    for side in SIDES:
        named: list[tuple[int, int, int]] = []
        for rule, hashed, count in session.scratch(pair).shared_keys(side):
            key = side, pair.mapping.match[rule].title
            groups, records = outcome.plan.doubled.get(key, (0, 0))
            outcome.plan.doubled[key] = groups + 1, records + count
            if len(named) < _SHOWN:
                named.append((rule, hashed, count))
        outcome.plan.doubles += [_doubles(session, pair, side, *key) for key in named]


def _doubles(session: Session, pair: Pair, side: Side, number: int, hashed: int, count: int) -> Doubles:
    scratch, rule = session.scratch(pair), pair.mapping.match[number]
    ids = sorted({record for _, _, record in scratch.find_keys(side, [(number, hashed)])})
    rows = scratch.sights(side, ids[:_COMPARED])
    places = [pair.mapping.names.index(name) for name in rule.fields]
    fields = [decode_fields(row[3]) for row in rows.values() if row[3] is not None]
    values = [tuple(of_record[i] for i in places) for of_record in fields]
    made_equal = rule.normalise if not _are_alike(values) else ""
    return Doubles(side, rule.title, count, tuple(ids[:_IDS]), made_equal, values[0] if values else (UNKNOWN,))


def _are_alike(values: Sequence[Fields]) -> bool:
    return all(same(a, b) for one in values[1:] for a, b in zip(one, values[0], strict=True))
