"""Who else has the match key of a record that would be made again, or that is back (I-5, T-63)."""

from collections.abc import Mapping

from tallystick.core.binding import Binding
from tallystick.core.matching import unpack_keys
from tallystick.core.ports import Flow
from tallystick.core.record import SIDES, Side, other
from tallystick.core.state import StoreTx
from tallystick.engine import effects
from tallystick.engine.pair import Pair
from tallystick.engine.session import PRESENT, Session, SightRow


def find_rivals(
    session: Session,
    pair: Pair,
    bindings: dict[int, Binding],
    rows: dict[tuple[int, Side], SightRow],
    whole: set[Side],
) -> Flow[set[int]]:
    """Name the bindings that would get a record again while somebody else has its match key by now (I-5, T-63).

    That is an ended one of which a record is back, or a living one of which a record is gone.
    """
    wanted: dict[tuple[int, int], set[int]] = {}
    for (number, side), row in rows.items():
        binding = bindings.get(number)
        if binding is None or row[2] not in PRESENT | {"gone"} or (row[2] in PRESENT and binding.state != "tomb"):
            continue
        keys = unpack_keys(row[8]) if row[2] in PRESENT else _keys_of(pair, binding, other(side), rows)
        for key in keys.items():
            wanted.setdefault(key, set()).add(number)
    if not wanted:
        return set()
    asked = sorted(wanted)
    scratch = session.scratch(pair)

    def holders(tx: StoreTx) -> dict[Side, list[tuple[int, int, str]]]:
        # Unpaired records are remembered for sides that were not seen whole.
        lone: dict[Side, list[tuple[int, int, str]]] = {
            s: [] if s in whole else tx.find_lone(pair.name, s, asked) for s in SIDES
        }
        return {s: [*tx.find_keys(pair.name, s, asked), *lone[s]] for s in SIDES}

    stored = yield from effects.look(holders)
    return {
        number
        for side in SIDES
        for rule, h, record in (*stored[side], *scratch.find_keys(side, asked))
        for number in wanted.get((rule, h), ())
        if record != bindings[number].leg(side).id
    }


def _keys_of(pair: Pair, binding: Binding, side: Side, rows: dict[tuple[int, Side], SightRow]) -> Mapping[int, int]:
    """Give the match keys that a leg holds now, or else held when both last agreed."""
    row = rows.get((binding.id, side))
    if row is not None and row[8] is not None:
        return unpack_keys(row[8])
    leg = binding.leg(side)
    base = pair.base(leg.base, leg.shape, pair.mapping.names)
    return pair.keys.keys(base) if base is not None else {}
