"""Correct one field of one record where it stands, because a person said so; the next run carries it on.

It is what the person would do on the system's own screen, under the pair's lease so that no run is at work: the record
is read, changed on condition of what was read where the system can, and noted in the audit trail with its old value.
"""

from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import Any

from tallystick.core import path
from tallystick.core.binding import Dirty, JournalEntry, LedgerRow
from tallystick.core.error import DataError, ProjectError, RemoteError
from tallystick.core.mapping import Refs
from tallystick.core.ports import Flow, NotThere, Sighting, Update
from tallystick.core.record import Fields, Raw, Side, digest, encode_fields, other
from tallystick.core.state import StoreTx
from tallystick.engine import effects
from tallystick.engine.fence import Fence, release_lease, take_lease
from tallystick.engine.pair import End, Pair
from tallystick.engine.send import read_sightings

SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Correction:
    """What to write: ``value``, as the record's own system spells it, into the mapping's field at ``index``."""

    side: Side
    record: str
    index: int
    value: Any
    person: str
    run: str


@dataclass(frozen=True, slots=True)
class Corrected:
    """What the field held and holds, in the mapping's form; ``refused`` is what the other side will say of it."""

    before: Any
    after: Any
    refused: str = ""


def correct(pair: Pair, wish: Correction, *, alone: bool, is_dry: bool = False) -> Flow[Corrected]:
    """Write a correction, or only say what it would come to.

    Raises:
        ProjectError: the field has no place of its own there, or the system cannot be read or changed so.
        DataError: the value is none that the mapping can read.
        RemoteError: what the system answered; ``Stale`` if the record changed meanwhile.
        StoreError: a run is at work.
    """
    fence = yield from take_lease(pair.name, alone=alone)
    try:
        end = pair.end(wish.side)
        found = yield from _read(end, wish.record)
        place = _place(pair, end, wish)
        changed = _with(found.record, place, wish.value)
        before, after = yield from read_sightings(pair, end, [found, Sighting(wish.record, changed)])
        if isinstance(after, DataError):
            raise after
        old = None if isinstance(before, DataError) else before
        if not is_dry:
            now = yield from effects.now()
            yield from _send(end, wish, place, found, now + SECONDS)
            yield from effects.commit(partial(_note, pair, wish, fence, old, after, now))
        return Corrected(old[wish.index] if old else None, after[wish.index], _refusal(pair, wish, after))
    finally:
        yield from release_lease(fence)


def _send(end: End, wish: Correction, place: path.Path, found: Sighting, until: float) -> Flow[None]:
    patch: Raw = {}
    path.write(patch, place, wish.value)
    update = Update(wish.record, patch, found.version if end.can.cas_write else None, found.record)
    try:
        yield from effects.call(end.system, end.connector.update(end.object, update), until)
    except RemoteError as failure:
        if failure.applied != "unknown":
            raise
        # A value that is set can be looked for; to say it was not written although it was would be wrong.
        if path.read((yield from _read(end, wish.record)).record, place) != wish.value:
            raise


def _read(end: End, record: str) -> Flow[Sighting]:
    if not (end.can.read_by_id and end.can.update):
        raise ProjectError(f"{end.system} lets no single record be read and changed", hint="correct it in the system")
    found = yield from effects.call(end.system, end.connector.get(end.object, record))
    if isinstance(found, NotThere) or found.deleted:
        raise ProjectError(f"{end.system} has no record '{record}' any more", hint="`tally run` takes it off the list")
    return found


def _place(pair: Pair, end: End, wish: Correction) -> path.Path:
    place = end.places[wish.index]
    if not place.path or place.reference:
        raise ProjectError(
            f"'{pair.mapping.names[wish.index]}' is no plain value of {end.system}/{end.object}",
            hint="correct them in the system itself",
        )
    return place.path


def _with(record: Raw, place: path.Path, value: Any) -> Raw:
    changed = deepcopy(record)
    path.write(changed, place, value)
    return changed


def _refusal(pair: Pair, wish: Correction, fields: Fields) -> str:
    """Say why the other side would refuse the new value; only of this field."""
    target = pair.end(other(wish.side))
    _, faults = target.codec.patch(fields, [wish.index], Refs())
    return "; ".join(f"{f.message} ({f.detail})" if f.detail else f.message for f in faults)


def _note(
    pair: Pair, wish: Correction, fence: Fence, before: Fields | None, after: Fields, now: float, tx: StoreTx
) -> None:
    fence.check(tx)
    fact = tx.leg_facts(pair.name, wish.side, [wish.record]).get(wish.record)
    binding, reason = fact.binding if fact is not None else None, f"edit.{wish.person}"
    was = digest(before) if before is not None else None
    row = LedgerRow(wish.run, pair.name, wish.side, wish.record, binding, "update", reason, was, digest(after), now)
    tx.add_ledger([row])
    if binding is not None and before is not None:
        name, value = pair.mapping.names[wish.index], encode_fields((before[wish.index],))
        until = now + pair.journal_seconds
        tx.add_journal([JournalEntry(binding, wish.side, name, value, reason, wish.run, now, until)])
    tx.mark_dirty([Dirty(pair.name, wish.side, wish.record, "corrected")])
