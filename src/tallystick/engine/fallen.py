"""Know again what a system deleted by itself because we deleted the record that it belonged to (R-12.4).

Such a deletion is no person's word about the counterpart. It is recognised by the pointer that both sides had agreed
on, to a pairing that ended with our own deletion on that side, whether or not the manifest says that it cascades.
"""

from collections.abc import Mapping
from typing import Final

from tallystick.core.binding import Binding
from tallystick.core.policy import OnCascade
from tallystick.core.ports import Flow
from tallystick.core.record import Ref, Side
from tallystick.core.state import StoreTx
from tallystick.engine import effects
from tallystick.engine.pair import Pair
from tallystick.engine.session import SightRow

CAREFUL: Final[tuple[OnCascade, ...]] = ("ask", "unlink", "propagate")


def find_fallen(
    pair: Pair, bindings: Mapping[int, Binding], rows: Mapping[tuple[int, Side], SightRow], names: tuple[str, ...]
) -> Flow[dict[int, OnCascade]]:
    """Name the bindings of which one record fell with a record that we deleted, and what the mapping wants then."""
    wanted: dict[int, set[tuple[Side, int, OnCascade]]] = {}
    if not pair.has_references:
        return {}
    for (number, side), row in rows.items():
        binding = bindings.get(number)
        if binding is None or row[2] != "gone" or binding.state != "linked":
            continue
        leg = binding.leg(side)
        base = pair.base(leg.base, leg.shape, names) or ()
        for value, field in zip(base, pair.mapping.fields, strict=False):
            if isinstance(value, Ref) and value.binding is not None:
                wanted.setdefault(number, set()).add((side, value.binding, field.policy.on_cascade))
    targets = sorted({target for found in wanted.values() for _, target, _ in found})
    if not targets:
        return {}
    ours = yield from effects.look(lambda tx: _our_deletions(targets, tx))
    fallen: dict[int, OnCascade] = {}
    for number, found in wanted.items():
        wishes = {wish for side, target, wish in found if (target, side) in ours}
        if wishes:
            fallen[number] = min(wishes, key=CAREFUL.index)
    return fallen


def _our_deletions(targets: list[int], tx: StoreTx) -> set[tuple[int, Side]]:
    ended = [number for number, binding in tx.bindings(targets).items() if binding.state in {"tomb", "unlinked"}]
    return {(number, row.side) for number, rows in tx.ledger_of(ended).items() for row in rows if row.op == "delete"}
