"""Read all of one side and say what the other side will refuse of it; nothing is written, nothing remembered.

A record that is not paired yet is judged as a new one, a paired one by all of its fields. Page by page, so that memory
does not grow with the side.
"""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from tallystick.core.binding import LegFact
from tallystick.core.error import DataError, ParkedByRule, StoppedByRule
from tallystick.core.event import PageRead
from tallystick.core.mapping import Refs
from tallystick.core.ports import Flow, Position, Sighting
from tallystick.core.prediction import Example, Prediction
from tallystick.core.record import UNKNOWN, Fields, Side, encode_fields, other
from tallystick.core.state import StoreTx
from tallystick.engine import effects
from tallystick.engine.draft import writing_refs
from tallystick.engine.pair import Pair, resolve_refs, unreadable_record
from tallystick.engine.session import LIVE
from tallystick.engine.sight import may_go_on
from tallystick.engine.unread import unread_of

Take = Callable[[Sequence[tuple[str, Fields]]], None]
_WAITS: Final = frozenset({ParkedByRule.code, StoppedByRule.code})


def predict(pair: Pair, side: Side, most: int | None = None, take: Take | None = None) -> Flow[Prediction]:
    """Predict what ``side`` refuses of the other side's records, ``most`` of them at most.

    ``take`` gets (id, fields) of every record that could be read, for what can only be seen in all of them.
    """
    source = pair.end(other(side))
    found = Prediction(pair.name, side)
    position: Position | None = None
    listed = 0
    while most is None or listed < most:
        page = yield from effects.call(source.system, source.connector.read(source.object, None, position))
        rows = page.rows if most is None else page.rows[: most - listed]
        listed += len(rows)
        read = yield from _judge_page(pair, found, rows)
        if take is not None:
            take(read)
        yield from effects.tell(PageRead(pair.name, source.side, len(rows), listed, page.total))
        if page.next is None or page.next == position:
            break
        position = page.next
    return found


def _judge_page(pair: Pair, found: Prediction, rows: Sequence[bytes]) -> Flow[list[tuple[str, Fields]]]:
    source, target = pair.end(other(found.side)), pair.end(found.side)
    seen = [s for s in (_sight(pair, found, row) for row in rows) if s is not None]
    here = [s for s in seen if not s.deleted and source.in_scope(s.record)]
    found.read += len(here)
    ids = [s.id for s in here]

    def known(tx: StoreTx) -> tuple[Refs, dict[str, LegFact]]:
        return resolve_refs(tx, source, [s.record for s in here], {}), tx.leg_facts(pair.name, source.side, ids)

    refs, facts = yield from effects.look(known)
    read: list[tuple[str, Fields]] = []
    for sighting, fields in zip(here, source.read([s.record for s in here], refs), strict=True):
        got = _readable(pair, found, sighting, fields, facts.get(sighting.id))
        if got is not None:
            read.append((sighting.id, got))
    writing = yield from writing_refs(pair, [encode_fields(fields) for _, fields in read])
    for record, fields in read:
        fact = facts.get(record)
        is_paired = fact is not None and fact.state in LIVE
        if not is_paired and _wish(pair, source.side) != "create":
            found.kept += 1
        elif is_paired:
            _, faults = target.codec.patch(fields, range(len(fields)), writing[found.side])
            found.judge(record, pair.mapping.names, fields, faults, stops=_WAITS)
        else:
            _, faults = target.codec.write(fields, writing[found.side])
            unkept = target.keep_origin({}, record)
            faults = [*faults, *([unkept] if unkept is not None else [])]
            stops = target.required | _WAITS | ({unkept.field} if unkept is not None else frozenset())
            found.judge(record, pair.mapping.names, fields, faults, stops=frozenset(stops))
    return read


def _readable(
    pair: Pair, found: Prediction, sighting: Sighting, fields: Fields | DataError, fact: LegFact | None
) -> Fields | None:
    """Give what a run would go on with of a record; count what of it cannot be read."""
    fault = sighting.fault or fields
    if not isinstance(fault, DataError):
        return fault
    unread = unread_of(pair.mapping.names, fault)
    if unread and may_go_on(pair, fact, unread):
        for _, each in unread:
            found.count(each, "field", Example(sighting.id, UNKNOWN, each.detail))
        return fault.rest
    found.unreadable += 1
    named = unreadable_record(pair.end(other(found.side)), sighting.id, fault)
    found.count(named, "record", Example(sighting.id, UNKNOWN, fault.detail))
    return None


def _sight(pair: Pair, found: Prediction, row: bytes) -> Sighting | None:
    source = pair.end(other(found.side))
    try:
        return source.connector.sight(source.object, row)
    except (DataError, msgspec.DecodeError) as fault:
        found.read += 1
        found.unreadable += 1
        found.count(unreadable_record(source, "?", fault), "record", Example("?", UNKNOWN, ""))
        return None


def _wish(pair: Pair, side: Side) -> str:
    policy = pair.mapping.policy
    return policy.on_unmatched_left if side == "left" else policy.on_unmatched_right
