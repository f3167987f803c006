"""Take records off the list for good: what both sides hold now is accepted as it is.

A difference that is merely forgotten would come back as an overwrite, since an agreed value is what a side is believed
to hold. So what both sides really hold is read and becomes their bases; from then on only a new change moves anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tallystick.cli.cause import Cause, Row, record_of
from tallystick.cli.person import person
from tallystick.cli.why_find import Subject
from tallystick.cli.why_look import Sight, look_at
from tallystick.core.binding import LedgerRow, QueueItem
from tallystick.core.observation import Present
from tallystick.core.ports import Now
from tallystick.core.record import SIDES, UNKNOWN, Side, Value, digest, encode_fields
from tallystick.core.state import StoreTx
from tallystick.engine.effects import drive
from tallystick.engine.fence import Fence, release_lease, take_lease
from tallystick.engine.pair import Pair
from tallystick.wiring import House

# Questions about a record that is gone on one side: nothing can be accepted, the next full compare asks again.
_ABOUT_ABSENCE = frozenset(
    {"delete", "delete_update", "restore", "merge", "scope", "reappeared", "uncertain", "cascade"}
)

# What a run did cannot be taken back: that is noted, and changes nothing about what was agreed.
_ABOUT_THE_PAST = frozenset({"undo"})


@dataclass(slots=True)
class Accepted:
    """What was taken off the list, and what could not be, with the reason, by ``side/id``."""

    done: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)


def accept_causes(house: House, causes: Sequence[Cause], reason: str) -> Accepted:
    """Take the records of these causes off the list; ``reason`` goes into the audit trail.

    Raises:
        StoreError: a run is at work on one of the mappings.
    """
    accepted = Accepted()
    boundary = house.boundary()
    for pair in house.pairs:
        mine = [(cause, row) for cause in causes if cause.pair == pair.name for row in cause.rows]
        if mine:
            fence = drive(take_lease(pair.name, alone=house.alone), boundary)
            try:
                for cause, row in mine:
                    _accept(house, pair, fence, cause, row, reason, accepted)
            finally:
                drive(release_lease(fence), boundary)
    return accepted


def _accept(house: House, pair: Pair, fence: Fence, cause: Cause, row: Row, reason: str, accepted: Accepted) -> None:
    side, record = record_of(row)
    name = f"{side}/{record}"
    sight = look_at(house, Subject(pair, side, record, row.binding))
    differs = sight.binding is not None and cause.code not in _ABOUT_ABSENCE | _ABOUT_THE_PAST
    if differs and not all(isinstance(sight.legs[s].seen, Present) for s in SIDES):
        accepted.refused[name] = "both sides must be readable to be accepted as they are"
        return
    unread = _unread_side(sight, cause.field_name) if differs else None
    if unread is not None:
        system = pair.end(unread).system
        accepted.refused[name] = f"what {system} holds cannot be read; correct the value or the mapping"
        return
    now: float = house.boundary().perform(Now())

    def work(tx: StoreTx) -> None:
        fence.check(tx)
        if differs:
            _move_bases(tx, sight, cause.field_name)
        if isinstance(row, QueueItem):
            tx.drop_queue([row.id])
        else:
            tx.drop_quarantine(pair.name, side, [record])
        text = f"{cause.code}: {reason} (by {person()})"
        tx.add_ledger([LedgerRow("problems", pair.name, side, record, row.binding, "discard", text, None, None, now)])

    house.store.commit(work)
    accepted.done.append(name)


def _unread_side(sight: Sight, name: str) -> Side | None:
    """Give a side whose value of this field, or any value if the whole record is meant, cannot be read."""
    names = sight.pair.mapping.names
    for side in SIDES:
        if any(sight.is_unread(side, i) and (name == at or name not in names) for i, at in enumerate(names)):
            return side
    return None


def _move_bases(tx: StoreTx, sight: Sight, name: str) -> None:
    """Make what both sides hold their bases: of one field, or of all where the whole record is meant."""
    assert sight.binding is not None
    pair = sight.pair
    binding = tx.bindings([sight.binding.id])[sight.binding.id]
    moved = [i for i, known in enumerate(pair.mapping.names) if name in {"", known}] or range(len(pair.mapping.names))
    for side in SIDES:
        leg = binding.leg(side)
        base = _moved(sight, side, moved)
        leg.base, leg.shape, leg.digest = encode_fields(base), pair.shape, digest(base)
    tx.update_bindings([binding])


def _moved(sight: Sight, side: Side, moved: Sequence[int]) -> list[Value]:
    leg = sight.legs[side]
    now = leg.fields or ()
    base: list[Value] = list(leg.base) if leg.base is not None else [UNKNOWN] * len(now)
    for i in moved:
        base[i] = now[i] if now[i] is not UNKNOWN else base[i]
    return base
