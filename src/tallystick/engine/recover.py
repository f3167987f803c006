"""Find out what became of writes whose outcome is unknown, before anything new is planned (SYNC-SPEC 10.4).

The steps come from ``core.resolve``; here they are carried out. Whatever was found is marked to be looked at again,
because an answer to a repeated create, and every adopted record, describes the past (R-10.14).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tallystick.core import path
from tallystick.core.binding import Binding, Dirty, Intent, JournalEntry, LedgerRow, Leg, QueueItem
from tallystick.core.error import Duplicate, Error, RemoteError
from tallystick.core.event import Resolved, Waiting
from tallystick.core.learn import shape_of_loss
from tallystick.core.ports import Flow, Sighting, Written
from tallystick.core.record import (
    SIDES,
    UNKNOWN,
    Fields,
    Side,
    Value,
    decode_fields,
    decode_raw,
    digest,
    encode_fields,
    other,
)
from tallystick.core.resolve import judge_adoption, next_step
from tallystick.core.state import StoreTx
from tallystick.engine import effects
from tallystick.engine.fence import Fence
from tallystick.engine.pair import End, Pair, read_one, resolve_refs
from tallystick.engine.session import Session, Unresolved


@dataclass(frozen=True, slots=True)
class Found:
    """A record that an open create may have made, with its canonical fields."""

    sighting: Sighting
    fields: Fields


def recover(session: Session, pair: Pair, fence: Fence | None, patience: float) -> Flow[None]:
    """Settle every open intent of the pair that can be settled; note what must wait for the others.

    Waits up to ``patience`` seconds in all for writes that may still be in flight. Without a fence (a plan) nothing is
    settled, only noted.
    """
    intents = yield from effects.look(lambda tx: tx.open_intents(pair.name))
    if fence is not None:
        for intent in intents:
            now = yield from effects.now()
            step = next_step(intent, now, pair.end(intent.side).can)
            if step.step == "wait" and step.seconds <= patience:
                yield from effects.tell(Waiting(pair.name, step.seconds, "an earlier write may still be in flight"))
                yield from effects.pause(step.seconds)
                patience -= step.seconds
            outcome = yield from _settle(session, pair, fence, intent)
            yield from effects.tell(Resolved(pair.name, intent.side, outcome))
        intents = yield from effects.look(lambda tx: tx.open_intents(pair.name))
    session.unresolved[pair.name] = _unresolved(pair, intents)


def _unresolved(pair: Pair, intents: Sequence[Intent]) -> Unresolved:
    waiting = Unresolved()
    for intent in intents:
        waiting.bindings.add(intent.binding)
        if intent.op == "create" and intent.origin is not None:
            waiting.origins.add((other(intent.side), intent.origin))
            for rule, h in pair.keys.keys(_fields(pair, intent.sent, intent.shape)).items():
                waiting.keys.add((intent.side, rule, h))
    return waiting


def _fields(pair: Pair, encoded: bytes | None, shape: int) -> Fields:
    if encoded is None or shape != pair.shape:
        return (UNKNOWN,) * len(pair.mapping.names)
    return decode_fields(encoded)


def _settle(session: Session, pair: Pair, fence: Fence, intent: Intent) -> Flow[str]:
    now = yield from effects.now()
    end = pair.end(intent.side)
    step = next_step(intent, now, end.can)
    try:
        match step.step:
            case "wait":
                return "waiting"
            case "park":
                yield from _park(pair, fence, intent, now)
                return "parked"
            case "resend":
                return (yield from _resend(session, pair, fence, intent))
            case "look" if intent.op == "create":
                return (yield from _look_for(session, pair, fence, intent))
            case "look":
                return (yield from _look_at(pair, fence, intent, now))
    except Error as failure:
        # The system cannot tell now; the intent stays open and only its own record waits.
        session.note_trouble(pair, failure)
        return f"waiting: {failure.code}"


def _park(pair: Pair, fence: Fence, intent: Intent, now: float) -> Flow[None]:
    detail = f"it is not known whether this record was created in {pair.end(intent.side).system}; look for it there"
    item = QueueItem("uncertain", pair.name, f"{other(intent.side)}/{intent.origin}", "", detail, since=now)

    def work(tx: StoreTx) -> None:
        fence.check(tx)
        tx.put_queue([item])

    yield from effects.commit(work)


def _resend(session: Session, pair: Pair, fence: Fence, intent: Intent) -> Flow[str]:
    """Send a create again: same key, same bytes (R-10.7)."""
    end = pair.end(intent.side)
    now = yield from effects.now()
    again = replace(intent, attempt=intent.attempt + 1, sent_at=now)

    def renew(tx: StoreTx) -> None:
        fence.check(tx)
        tx.update_intents([again])

    yield from effects.commit(renew)
    try:
        written: Written = yield from effects.call(
            end.system, end.connector.create(end.object, decode_raw(intent.body), intent.key)
        )
    except Duplicate:
        return (yield from _look_for(session, pair, fence, again, resend=False))
    except RemoteError as failure:
        if failure.applied == "unknown":
            raise
        yield from _close(pair, fence, again)
        return "dropped"
    found = written.stored
    if found is None and end.can.read_by_id:
        answer = yield from effects.call(end.system, end.connector.get(end.object, written.id))
        found = answer if isinstance(answer, Sighting) else None
    fields = (yield from _read(end, found)) if found else None
    yield from _bind(session, pair, fence, again, written.id, found, fields, is_ours=True)
    return "confirmed"


def _read(end: End, sighting: Sighting) -> Flow[Fields]:
    refs = yield from effects.look(lambda tx: resolve_refs(tx, end, [sighting.record], {}))
    return read_one(end, sighting.record, refs)


def _look_for(session: Session, pair: Pair, fence: Fence, intent: Intent, *, resend: bool = True) -> Flow[str]:
    """Search the record that an open create may have made; adopt it, or send again if it surely is not there."""
    end = pair.end(intent.side)
    where = _search_term(pair, end, intent)
    if where is None:
        yield from _park(pair, fence, intent, (yield from effects.now()))
        return "parked"
    hits = yield from effects.call(end.system, end.connector.find(end.object, *where))
    facts = yield from effects.look(lambda tx: tx.leg_facts(pair.name, intent.side, [h.id for h in hits]))
    # Only what lives can be what we made, unless nothing does.
    free = sorted((h for h in hits if h.id not in facts), key=lambda h: (not h.deleted, h.created or 0), reverse=True)
    if not free and hits:
        yield from _queue_duplicate(pair, fence, intent, hits[0].id)
        return "duplicate"
    if not free:
        if resend:
            return (yield from _resend(session, pair, fence, intent))
        yield from _close(pair, fence, intent)
        return "dropped"
    found = free[0]
    verdict = judge_adoption(intent, created=found.created, bound=False, deleted=found.deleted, skew=end.can.skew + end.can.granularity)
    fields = yield from _read(end, found)
    yield from _bind(session, pair, fence, intent, found.id, found, fields, is_ours=verdict in {"ours", "trash"})
    return f"adopted as {verdict}"


def _search_term(pair: Pair, end: End, intent: Intent) -> tuple[path.Path, Value] | None:
    """Choose a field that the system can search and that our body carries: the external id first, then match fields."""
    body = decode_raw(intent.body)
    wanted = [pair.mapping.end(end.side).external_id] if pair.mapping.end(end.side).external_id else []
    for rule in pair.mapping.match:
        wanted += [end.places[end.names.index(name)].path for name in rule.fields if len(rule.fields) == 1]
    wanted += [path.parse(p) for p in end.can.searchable]
    for where in wanted:
        value = path.read(body, where)
        if where and path.render(where) in end.can.searchable and value not in (None, UNKNOWN, ""):
            return where, value
    return None


def _bind(
    session: Session, pair: Pair, fence: Fence, intent: Intent, target: str, found: Sighting | None,
    fields: Fields | None, *, is_ours: bool,
) -> Flow[None]:  # fmt: skip
    """Pair the origin of a create with the record it made, or (not proven ours) without a base (R-10.10)."""
    now = yield from effects.now()
    sent, source = (_fields(pair, e, intent.shape) for e in (intent.sent, intent.source))
    unknown = (UNKNOWN,) * len(sent)
    held = tuple(map(_held, source, sent, fields or sent)) if is_ours else unknown
    agreed = tuple(map(_agreed, source, sent)) if is_ours else unknown
    base: dict[Side, Fields] = {intent.side: held, other(intent.side): agreed}

    def work(tx: StoreTx) -> None:
        fence.check(tx)
        existing = tx.bindings([intent.binding]).get(intent.binding)
        binding = existing or Binding(intent.binding, pair.name, "linked")
        for side in SIDES:
            leg = binding.leg(side)
            leg.id = target if side == intent.side else intent.origin
            leg.base, leg.shape, leg.digest = encode_fields(base[side]), pair.shape, digest(base[side])
            leg.raw_hash = leg.absent_since = None
        binding.leg(intent.side).version = found.version if found else None
        binding.flags = "" if fields is not None else ("l" if intent.side == "left" else "r")
        (tx.update_bindings if existing else tx.insert_bindings)([binding])
        for side in SIDES:
            record = binding.leg(side).id or ""
            tx.put_keys(pair.name, side, [(record, r, h) for r, h in pair.keys.keys(source).items()])
        row = LedgerRow(
            session.run, pair.name, intent.side, target, intent.binding, intent.op, f"{intent.reason}.recovered", None,
            digest(held), now,
        )  # fmt: skip
        tx.add_ledger([row])
        if intent.origin is not None:
            # What still stands in the way is found again when the record is looked at.
            tx.drop_quarantine(pair.name, other(intent.side), [intent.origin])
        tx.mark_dirty(_both(pair, intent, target))
        tx.close_intents([intent.id])

    yield from effects.commit(work)


def _held(source: Value, sent: Value, found: Value) -> Value:
    """What the target made of what we sent; anything else in it is somebody's later edit and must flow back."""
    if _was_kept_back(source, sent):
        return UNKNOWN
    return found if sent is UNKNOWN or shape_of_loss(sent, found) else sent


def _agreed(source: Value, sent: Value) -> Value:
    """What the source holds of what was sent."""
    return UNKNOWN if _was_kept_back(source, sent) else source


def _was_kept_back(source: Value, sent: Value) -> bool:
    """Whether the target cannot take the source's value, so that it was not sent and nothing was agreed about it."""
    return sent is UNKNOWN and source is not UNKNOWN


def _both(pair: Pair, intent: Intent, target: str | None) -> list[Dirty]:
    ids = {intent.side: target, other(intent.side): intent.origin}
    return [Dirty(pair.name, side, record, "recovered") for side, record in ids.items() if record is not None]


def _queue_duplicate(pair: Pair, fence: Fence, intent: Intent, hit: str) -> Flow[None]:
    now = yield from effects.now()
    subject = f"{other(intent.side)}/{intent.origin}"
    item = QueueItem("duplicate", pair.name, subject, "", f"its key belongs to {hit} already", since=now)

    def work(tx: StoreTx) -> None:
        fence.check(tx)
        tx.put_queue([item])
        tx.close_intents([intent.id])

    yield from effects.commit(work)


def _close(pair: Pair, fence: Fence, intent: Intent) -> Flow[None]:
    def work(tx: StoreTx) -> None:
        fence.check(tx)
        tx.mark_dirty(_both(pair, intent, intent.target))
        tx.close_intents([intent.id])

    yield from effects.commit(work)


def _look_at(pair: Pair, fence: Fence, intent: Intent, now: float) -> Flow[str]:
    """See what became of an update or deletion: confirm the fields that are as sent, plan the rest again."""
    end = pair.end(intent.side)
    answer = yield from effects.call(end.system, end.connector.get(end.object, intent.target or ""))
    moved = isinstance(answer, Sighting) and (intent.pre_version is None or answer.version != intent.pre_version)
    if intent.op not in {"update", "archive"} or not isinstance(answer, Sighting) or not moved:
        yield from _close(pair, fence, intent)
        return "dropped"
    fields = yield from _read(end, answer)
    sent, source = (_fields(pair, e, intent.shape) for e in (intent.sent, intent.source))
    as_sent = [i for i, (s, f) in enumerate(zip(sent, fields, strict=True)) if s is not UNKNOWN and shape_of_loss(s, f)]

    def work(tx: StoreTx) -> None:
        fence.check(tx)
        binding = tx.bindings([intent.binding]).get(intent.binding)
        if binding is None:  # the pairing itself was never confirmed: both records are met anew
            tx.mark_dirty(_both(pair, intent, intent.target))
            tx.close_intents([intent.id])
            return
        _confirm_fields(pair, intent, binding, as_sent, fields, source)
        tx.update_bindings([binding])
        tx.add_journal([
            JournalEntry(
                intent.binding, intent.side, pair.mapping.names[i], encode_fields((fields[i],)), "inferred", intent.id,
                now, now + pair.journal_seconds,
            )
            for i in as_sent
        ])  # fmt: skip
        tx.mark_dirty(_both(pair, intent, intent.target))
        tx.close_intents([intent.id])

    yield from effects.commit(work)
    return "confirmed" if as_sent else "dropped"


def _confirm_fields(
    pair: Pair, intent: Intent, binding: Binding, as_sent: Sequence[int], fields: Fields, source: Fields
) -> None:
    values: dict[Side, Fields] = {intent.side: fields, other(intent.side): source}
    for side in SIDES:
        leg: Leg = binding.leg(side)
        base = list(pair.base(leg.base, leg.shape, pair.mapping.names) or (UNKNOWN,) * len(fields))
        for i in as_sent:
            base[i] = values[side][i]
        leg.base, leg.shape, leg.digest, leg.raw_hash = encode_fields(base), pair.shape, digest(base), None
