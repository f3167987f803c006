"""Updates whose record vanished before anybody could see what became of them (SYNC-SPEC 10.4).

The write is given up, but what it sent is kept. Should the record be back and hold just that, the write had arrived:
what the system made of the value is no edit and never flows back (R-6.4).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from tallystick.core.binding import Binding, FormerId, Intent, JournalEntry
from tallystick.core.ports import Flow
from tallystick.core.record import SIDES, UNKNOWN, Fields, Side, Value, decode_fields, encode_fields, other, same
from tallystick.core.state import StoreTx
from tallystick.engine import effects
from tallystick.engine.pair import Pair

VANISHED: Final[dict[Side, str]] = {"left": "L", "right": "R"}  # in a binding's flags
SENT: Final = "sent to a record that vanished"
SOURCE: Final = "sent from here to a record that vanished"
Sent = Mapping[tuple[Side, int], tuple[Value, Value]]  # to whom, which field: what was sent, what its source held


def keep_sent(tx: StoreTx, pair: Pair, intent: Intent, values: Mapping[Side, Fields], now: float) -> None:
    """Keep what an update sent, and what its source held then.

    Was it to be the first write of a pairing, only the record is remembered: should it be back, somebody is asked.
    """
    if intent.op != "update":
        return
    binding = tx.bindings([intent.binding]).get(intent.binding)
    if binding is None:
        left, right = (encode_fields(values[side]) for side in SIDES)
        tx.add_former(
            [FormerId(pair.name, intent.side, intent.target or "", intent.binding, left, right, pair.shape, now)]
        )
        return
    which = [i for i, value in enumerate(values[intent.side]) if value is not UNKNOWN]
    tx.add_journal([
        JournalEntry(
            binding.id, side, pair.mapping.names[i], encode_fields((values[side][i],)),
            SENT if side == intent.side else SOURCE, intent.id, now, now + pair.journal_seconds,
        )
        for side in SIDES
        for i in which
    ])  # fmt: skip
    if VANISHED[intent.side] not in binding.flags:
        tx.update_bindings([replace(binding, flags=binding.flags + VANISHED[intent.side])])


def load_sent(pair: Pair, bindings: Mapping[int, Binding]) -> Flow[dict[int, Sent]]:
    """Give what was sent to records of these bindings that vanished: by side and position of the field."""
    numbers = [n for n, binding in bindings.items() if any(flag in binding.flags for flag in VANISHED.values())]
    if not numbers:
        return {}
    return (yield from effects.look(partial(_read, pair, numbers)))


def _read(pair: Pair, numbers: Sequence[int], tx: StoreTx) -> dict[int, Sent]:
    return {number: _last_of(pair, tx.journal(number)) for number in numbers}


def _last_of(pair: Pair, entries: Sequence[JournalEntry]) -> Sent:
    """Give what the last vanished update of each side sent; those before it are over."""
    sent: dict[tuple[Side, int], tuple[Value, Value]] = {}
    for side in SIDES:
        told = [e for e in entries if e.field in pair.mapping.names]
        mine = [e for e in told if (e.side, e.reason) == (side, SENT)]
        last = max(mine, key=lambda e: e.at).run if mine else ""
        sources = {e.field: e.value for e in told if e.run == last and (e.side, e.reason) == (other(side), SOURCE)}
        for entry in mine:
            if entry.run == last and entry.field in sources:
                [value], [source] = decode_fields(entry.value), decode_fields(sources[entry.field])
                sent[side, pair.mapping.names.index(entry.field)] = value, source
    return sent


def recall(
    pair: Pair, binding: Binding, sent: Sent, bases: Mapping[Side, Fields | None], held: Mapping[Side, Fields]
) -> dict[Side, Fields | None]:
    """Give the bases with what such an update has made true after all; ``held`` is what both sides hold now.

    Where both hold what was agreed, it was settled since.
    """
    moved: dict[Side, Fields | None] = dict(bases)
    for side in SIDES:
        target, source = moved[side], moved[other(side)]
        if VANISHED[side] not in binding.flags or target is None or source is None or not held[side]:
            continue
        theirs, ours = list(target), list(source)
        for (at, i), (value, before) in sent.items():
            now = held[side][i]
            if at != side or now is UNKNOWN or _is_settled(bases, held, i):
                continue
            if pair.is_own_doing(side, i, value, now):
                theirs[i], ours[i] = now, before
        moved[side], moved[other(side)] = tuple(theirs), tuple(ours)
    return moved


def _is_settled(bases: Mapping[Side, Fields | None], held: Mapping[Side, Fields], i: int) -> bool:
    return all((base := bases[side]) and held[side] and same(held[side][i], base[i]) for side in SIDES)


def forget_sent(flags: str, seen: Collection[Side]) -> str:
    """Take the marks of vanished records from a binding's flags, once these sides were seen again."""
    return "".join(flag for flag in flags if not any(flag == VANISHED[side] for side in seen))
