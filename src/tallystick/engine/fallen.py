"""Know again what a system deleted by itself because we deleted the record that it belonged to (R-12.4).

Such a deletion is no person's word about the counterpart. It is recognised by the pointer that both sides had agreed
on, to a pairing that ended with our own deletion on that side, whether or not the manifest says that it cascades.
"""

from collections.abc import Mapping
from typing import Final

from tallystick.core.binding import Binding
from tallystick.core.policy import OnCascade
from tallystick.core.ports import Flow
from tallystick.core.record import Ref, Side, other
from tallystick.core.state import StoreTx
from tallystick.engine import effects
from tallystick.engine.pair import Pair
from tallystick.engine.session import PRESENT, SightRow

CAREFUL: Final[tuple[OnCascade, ...]] = ("ask", "unlink", "propagate")
LET_FALL: Final = ".cascade."  # in the reason of every deletion that lets a record fall


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
    fallen = yield from _find_unfinished(bindings, rows)
    if not targets:
        return fallen
    ours = yield from effects.look(lambda tx: _our_deletions(targets, tx))
    for number, found in wanted.items():
        wishes = {wish for side, target, wish in found if (target, side) in ours}
        if wishes and number not in fallen:
            fallen[number] = min(wishes, key=CAREFUL.index)
    return fallen


def _our_deletions(targets: list[int], tx: StoreTx) -> set[tuple[int, Side]]:
    ended = [number for number, binding in tx.bindings(targets).items() if binding.state in {"tomb", "unlinked"}]
    return {(number, row.side) for number, rows in tx.ledger_of(ended).items() for row in rows if row.op == "delete"}


def _find_unfinished(
    bindings: Mapping[int, Binding], rows: Mapping[tuple[int, Side], SightRow]
) -> Flow[dict[int, OnCascade]]:
    """Name the bindings of which we let one record fall, and were stopped before the other was dealt with (I-12)."""
    there: dict[int, set[Side]] = {}
    gone: dict[int, set[Side]] = {}
    for (number, side), row in rows.items():
        if number in bindings:
            (there if row[2] in PRESENT else gone).setdefault(number, set()).add(side)
    odd = {n for n, sides in there.items() if len(sides) == 1 and bindings[n].state == "tomb"}
    odd |= {n for n in gone if bindings[n].state == "linked"}
    if not odd:
        return {}
    trails = yield from effects.look(lambda tx: tx.ledger_of(sorted(odd)))
    found: dict[int, OnCascade] = {}
    linked = sorted(n for n in odd if bindings[n].state == "linked")
    kept = yield from effects.look(lambda tx: {n: tx.journal(n) for n in linked})
    for number, entries in kept.items():
        # What a deletion loses is kept before it is sent, so this tells of it although nobody confirmed it.
        if any(entry.side in gone[number] and f"{LET_FALL}unlink" in entry.reason for entry in entries):
            found[number] = "unlink"
    for number, trail in trails.items():
        fell = {row.side: row.reason for row in trail if row.op == "delete" and LET_FALL in row.reason}
        for side, reason in fell.items():
            if other(side) not in fell and side not in there.get(number, set()):
                found[number] = "unlink" if f"{LET_FALL}unlink" in reason else "propagate"
    return found
