"""Find out what became of writes whose outcome is unknown, before anything new is planned (SYNC-SPEC 10.4).

The steps come from ``core.resolve``; here they are carried out, many writes at a time: creates are sent again
(``resend``) or looked for (``lookup``), updates and deletions are looked at. What no machine can know is asked, and
ends with a listing that shows it or a person who says it (``uncertain``).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from tallystick.core.binding import Binding, Intent, JournalEntry, Leg
from tallystick.core.error import DataError, Error
from tallystick.core.event import Resolved, Waiting
from tallystick.core.ports import Flow, NotThere, Sighting
from tallystick.core.record import (
    SIDES,
    UNKNOWN,
    Fields,
    Side,
    Value,
    decode_fields,
    encode_fields,
    fingerprint,
    other,
    same,
)
from tallystick.core.resolve import Step, is_overdue, may_resend, next_step
from tallystick.core.state import StoreTx
from tallystick.engine import effects
from tallystick.engine.fence import Fence, keep_lease
from tallystick.engine.lookup import Sought, Term, look_for, search_term, walk_listing
from tallystick.engine.pair import End, Pair
from tallystick.engine.recovery import Found, Recovery, fields_of
from tallystick.engine.resend import SPENT, resend
from tallystick.engine.send import read_sightings
from tallystick.engine.session import Session, Unresolved
from tallystick.engine.unread import readable_part
from tallystick.engine.verify import canary_sings, is_dark

AT_ONCE = 20  # few, so that a run that dies again and again still gets on
Outcome = str | Error


def recover(session: Session, pair: Pair, fence: Fence | None, patience: float) -> Flow[None]:
    """Settle every open intent of the pair that can be settled; note what must wait for the others.

    Waits up to ``patience`` seconds in all for writes that may still be in flight. Without a fence (a plan) nothing is
    settled, only noted.
    """
    intents = yield from effects.look(lambda tx: tx.open_intents(pair.name))
    if fence is not None and intents:
        now = yield from effects.now()
        yield from _wait(pair, intents, now, patience)
        asked = yield from effects.look(lambda tx: tx.queue(pair.name))
        recovery = Recovery(session.run, pair, fence, now, {q.subject: q for q in asked if q.kind == "uncertain"})
        for step, side, wave in _waves(pair, intents, (yield from effects.now())):
            yield from keep_lease(fence)
            yield from _take(session, recovery, step, side, wave)
        intents = yield from effects.look(lambda tx: tx.open_intents(pair.name))
    session.unresolved[pair.name] = _unresolved(pair, intents)


def _unresolved(pair: Pair, intents: Sequence[Intent]) -> Unresolved:
    waiting = Unresolved()
    for intent in intents:
        waiting.bindings.add(intent.binding)
        # The write may be the first one of a pairing that is not remembered yet, so that both records seem unpaired.
        records = {intent.side: intent.target, other(intent.side): intent.origin}
        waiting.origins |= {(side, record) for side, record in records.items() if record is not None}
        if intent.op == "create" and intent.origin is not None:
            sent = fields_of(pair, intent.sent, intent.shape)
            keys = pair.keys.keys(sent)
            waiting.keys |= {(intent.side, rule, h) for rule, h in keys.items()}
            waiting.keys |= {
                (intent.side, rule, h) for rule, h in pair.own_key(other(intent.side), intent.origin).items()
            }
            if not keys:
                waiting.keyless.append((intent.side, sent))
    return waiting


def _wait(pair: Pair, intents: Iterable[Intent], now: float, patience: float) -> Flow[None]:
    """Wait for what may still be in flight, as far as patience goes."""
    steps = [next_step(i, now, pair.end(i.side).can) for i in intents]
    seconds = max((s.seconds for s in steps if s.step == "wait" and s.seconds <= patience), default=0.0)
    if seconds > 0:
        yield from effects.tell(Waiting(pair.name, seconds, "an earlier write may still be in flight"))
        yield from effects.pause(seconds)


def _waves(pair: Pair, intents: Iterable[Intent], now: float) -> list[tuple[Step, Side, list[Intent]]]:
    """Part open writes into groups that take the same step together; a batch is a group of its own."""
    groups: dict[tuple[Step, Side, bool, str], list[Intent]] = {}
    for intent in intents:
        step = next_step(intent, now, pair.end(intent.side).can).step
        batch = intent.batch if step == "resend" else ""
        groups.setdefault((step, intent.side, intent.op == "create", batch), []).append(intent)
    return [
        (step, side, group[start : start + size])
        for (step, side, _, batch), group in groups.items()
        for size in [len(group) if batch else AT_ONCE]
        for start in range(0, len(group), size)
    ]


def _take(session: Session, recovery: Recovery, step: Step, side: Side, wave: Sequence[Intent]) -> Flow[None]:
    """Take one step for a group of writes and remember what came of it."""
    recovery.now = yield from effects.now()
    outcomes: dict[str, Outcome] = {}
    match step:
        case "wait":
            outcomes = dict.fromkeys((i.id for i in wave), "waiting")
        case "park":
            outcomes = _park(recovery, wave)
        case "drop":
            outcomes = _drop(recovery, wave)
        case "resend":
            outcomes = yield from _resend(recovery, side, wave)
        case "look" if wave[0].op == "create":
            outcomes = yield from _look_for(recovery, side, wave)
        case "look":
            outcomes = yield from _look_at(recovery, side, wave)
    for intent in wave:
        outcome = outcomes[intent.id]
        if isinstance(outcome, Error):
            # The system cannot tell now; the intent stays open and only its own record waits.
            session.note_trouble(recovery.pair, outcome)
            _count_failure(recovery, intent)
            outcome = f"waiting: {outcome.code}"
        yield from effects.tell(Resolved(recovery.pair.name, side, outcome))
    yield from recovery.save()


def _count_failure(recovery: Recovery, intent: Intent) -> None:
    if intent.op != "create":
        recovery.renew([replace(intent, attempt=intent.attempt + 1)])
    elif is_overdue(intent, recovery.now):
        recovery.ask(intent)


def _park(recovery: Recovery, wave: Iterable[Intent]) -> dict[str, Outcome]:
    for intent in wave:
        recovery.ask(intent)
    return dict.fromkeys((i.id for i in wave), "parked")


def _drop(recovery: Recovery, wave: Iterable[Intent]) -> dict[str, Outcome]:
    for intent in wave:
        recovery.lose_sight(intent)
    return dict.fromkeys((i.id for i in wave), "dropped")


# --- creates ------------------------------------------------------------------------------------------------------


def _resend(recovery: Recovery, side: Side, wave: Sequence[Intent]) -> Flow[dict[str, Outcome]]:
    """Send creates again whose key the system remembers."""
    can = recovery.pair.end(side).can
    if wave[0].batch and not (can.shares_key and len(wave) <= can.bulk):
        # The manifest was changed, so that the request would not be the same.
        recovery.renew([replace(i, key=SPENT) for i in wave])
        return dict.fromkeys((i.id for i in wave), "waiting")
    outcomes = yield from resend(recovery, side, wave)
    return outcomes | (yield from _find_doubles(recovery, side, wave, outcomes))


def _find_doubles(
    recovery: Recovery, side: Side, wave: Sequence[Intent], outcomes: dict[str, Outcome]
) -> Flow[dict[str, Outcome]]:
    """Find the records for whose sake a repeated create was refused; they are the ones to adopt (R-10.8)."""
    refused = [i for i in wave if outcomes[i.id] == "duplicate"]
    return (yield from _look_for(recovery, side, refused, is_there=True)) if refused else {}


def _look_for(
    recovery: Recovery, side: Side, wave: Sequence[Intent], *, is_there: bool = False
) -> Flow[dict[str, Outcome]]:
    """Search the records that open creates may have made: adopt them, or send again what surely is not there.

    ``is_there`` tells that the system has just refused them for being there already.
    """
    pair, end = recovery.pair, recovery.pair.end(side)
    terms: list[tuple[Intent, Term]] = []
    outcomes: dict[str, Outcome] = {}
    for intent in wave:
        term = search_term(pair, end, intent)
        if term is not None:
            terms.append((intent, term))
        else:
            outcomes |= _park(recovery, [intent])
    found = yield from look_for(pair, side, terms)
    again = [i for i, _ in terms if not is_there and may_resend(i) and _is_nobody(found[i.id])]
    if again and (yield from is_dark(pair, end, fewest=1)):
        return outcomes | _conclude_all(recovery, wave, found, set(), is_there=is_there)
    if again:
        # The darkness may have ended between the search and the canary; whoever is there shows now.
        found |= yield from look_for(pair, side, [(i, term) for i, term in terms if i in again])
        again = [i for i in again if _is_nobody(found[i.id])]
    outcomes |= _conclude_all(recovery, wave, found, {i.id for i in again}, is_there=is_there)
    again, orphans, is_lit = yield from _part_orphans(pair, side, again)
    if orphans and not is_lit and (yield from is_dark(pair, pair.end(other(side)), fewest=0)):
        outcomes |= dict.fromkeys((i.id for i in orphans), "waiting")
    else:
        outcomes |= _drop(recovery, orphans)
    if again:
        sent = yield from resend(recovery, side, again)
        outcomes |= sent | (yield from _find_doubles(recovery, side, again, sent))
    return outcomes


def _is_nobody(sought: Sought | Error) -> bool:
    return isinstance(sought, Sought) and not (sought.found or sought.rival)


def _conclude_all(
    recovery: Recovery, wave: Sequence[Intent], found: Mapping[str, Sought | Error], again: set[str], *, is_there: bool
) -> dict[str, Outcome]:
    """Conclude what was found for a wave of creates; those of ``again`` are sent once more instead."""
    return {
        intent.id: _conclude(recovery, intent, sought, is_there=is_there)
        for intent in wave
        if (sought := found.get(intent.id)) is not None and intent.id not in again
    }


def _part_orphans(pair: Pair, side: Side, wave: Sequence[Intent]) -> Flow[tuple[list[Intent], list[Intent], bool]]:
    """Part creates that surely did not arrive by whether their origin can still be read; the others have no reason.

    An origin that is there shows that its side is not dark, which is told as well.
    """
    end = pair.end(other(side))
    asked = [i for i in wave if i.origin is not None and not i.reason.startswith("undo.")] if end.can.read_by_id else []
    flows = [end.connector.get(end.object, i.origin or "") for i in asked]
    answers = yield from effects.call_all(end.system, flows)
    gone = {i.id for i, answer in zip(asked, answers, strict=True) if isinstance(answer, NotThere)}
    is_lit = any(isinstance(answer, Sighting) for answer in answers)
    return [i for i in wave if i.id not in gone], [i for i in wave if i.id in gone], is_lit


def _conclude(recovery: Recovery, intent: Intent, sought: Sought | Error, *, is_there: bool) -> Outcome:
    """Say what became of a create; one that cannot be found now, and might be sent again, waits."""
    if isinstance(sought, Error):
        return sought
    if sought.found is not None:
        recovery.pair_with(intent, sought.found)
        return f"adopted as {sought.verdict}"
    if sought.rival:
        recovery.refuse_double(intent, sought.rival)
        return "duplicate"
    if may_resend(intent):
        # A system that shows nothing for a while shows nobody, whether or not it is there.
        if is_overdue(intent, recovery.now):
            recovery.ask(intent)
        return "waiting"
    if is_there:
        # Planned anew, the refusal is shown to a person.
        recovery.close(intent)
        return "dropped"
    recovery.ask(intent)
    return "parked"


# --- updates and deletions ----------------------------------------------------------------------------------------


def _look_at(recovery: Recovery, side: Side, wave: Sequence[Intent]) -> Flow[dict[str, Outcome]]:
    """See what became of updates and deletions: confirm the fields that are as sent, plan the rest again."""
    pair, end = recovery.pair, recovery.pair.end(side)
    ids = [i.target or "" for i in wave]
    if end.can.read_by_id:
        flows = [end.connector.get(end.object, record) for record in ids]
        answers = dict(zip(ids, (yield from effects.call_all(end.system, flows)), strict=True))
    else:
        answers = yield from walk_listing(end, recovery.fence, set(ids))
    moved = [(i, a) for i in wave if isinstance(a := answers.get(i.target or ""), Sighting) and _may_be_applied(i, a)]
    read = yield from read_sightings(pair, end, [a for _, a in moved])
    fields = {intent.id: each for (intent, _), each in zip(moved, read, strict=True)}
    before = yield from effects.look(lambda tx: {i.id: _overwritten(tx, pair, i) for i, _ in moved})
    gone = yield from _prove_gone(pair, end, wave, answers)
    outcomes: dict[str, Outcome] = {}
    for intent in wave:
        answer, found = answers.get(intent.target or ""), fields.get(intent.id)
        if isinstance(answer, Error):
            outcomes[intent.id] = answer
        elif intent.id in gone:
            outcomes[intent.id] = _conclude_gone(recovery, intent, is_sure=gone[intent.id])
        elif found is None:
            recovery.close(intent)
            outcomes[intent.id] = "dropped"
        elif (told := readable_part(found)) is not None:
            outcomes[intent.id] = _confirm(recovery, intent, told, before[intent.id])
        elif isinstance(found, DataError):
            outcomes[intent.id] = found
    return outcomes


def _prove_gone(
    pair: Pair, end: End, wave: Sequence[Intent], answers: Mapping[str, Sighting | NotThere | Error]
) -> Flow[dict[str, bool]]:
    """Say of each write (by intent) whose record was not shown whether it is gone for sure (R-4.2, R-4.4)."""
    silent = {i.id: a for i in wave if isinstance(a := answers.get(i.target or ""), NotThere)}
    unsure = {i.id: i.target or "" for i in wave if i.id in silent and not silent[i.id].gone}
    sings = not unsure or (end.can.read_by_id and (yield from canary_sings(pair, end, set(unsure.values()))))
    if not sings:
        return {name: answer.gone for name, answer in silent.items()}
    flows = [end.connector.get(end.object, record) for record in unsure.values()]
    again = dict(zip(unsure, (yield from effects.call_all(end.system, flows)), strict=True))
    return {name: answer.gone or isinstance(again[name], NotThere) for name, answer in silent.items()}


def _conclude_gone(recovery: Recovery, intent: Intent, *, is_sure: bool) -> Outcome:
    """End a write whose record is gone: a deletion was carried out, an update has nothing left to change for now."""
    if not is_sure:
        recovery.renew([replace(intent, attempt=intent.attempt + 1)])
        return "waiting"
    if intent.op == "delete" and not intent.reason.startswith("undo."):
        recovery.end_pairing(intent)
        return "confirmed"
    if intent.op == "delete":
        recovery.note_write(intent, None)
    recovery.lose_sight(intent)
    return "dropped"


def _may_be_applied(intent: Intent, seen: Sighting) -> bool:
    return intent.op == "update" and (intent.pre_version is None or seen.version != intent.pre_version)


def _overwritten(tx: StoreTx, pair: Pair, intent: Intent) -> Fields:
    """Give what the journal says that a write was to overwrite."""
    last: dict[str, Value] = {}
    for entry in tx.journal(intent.binding):
        if entry.side == intent.side and entry.at <= intent.first_sent:
            last.setdefault(entry.field, decode_fields(entry.value)[0])
    return tuple(last.get(name, UNKNOWN) for name in pair.mapping.names)


def _confirm(recovery: Recovery, intent: Intent, found: Fields, before: Fields) -> str:
    """Take over the fields that hold what was sent. That we wrote them is an inference, so it is journalled.

    A value that only might have become of it, and stood there before, is no sign that anything was written.
    """
    pair = recovery.pair
    sent = fields_of(pair, intent.sent, intent.shape)
    as_sent = [
        i
        for i, (s, f, b) in enumerate(zip(sent, found, before, strict=True))
        if s is not UNKNOWN and (same(s, f) or (not same(b, f) and pair.is_own_doing(intent.side, i, s, f)))
    ]
    apart = Found(intent.target or "", found, is_ours=True, unmade=frozenset(range(len(found))) - frozenset(as_sent))
    entries = [
        JournalEntry(
            intent.binding, intent.side, pair.mapping.names[i], encode_fields((found[i],)), "inferred", intent.id,
            recovery.now, recovery.now + pair.journal_seconds,
        )
        for i in as_sent
    ]  # fmt: skip

    def work(tx: StoreTx) -> None:
        binding = tx.bindings([intent.binding]).get(intent.binding)
        if binding is not None:
            before = binding.leg(intent.side).digest
            _move_bases(pair, intent, binding, as_sent, found)
            tx.update_bindings([binding])
            if as_sent:
                after = fingerprint(encode_fields(found))
                tx.add_ledger([recovery.row(tx, intent, intent.target or "", before, after)])
        if as_sent:
            tx.add_journal(entries)

    recovery.works.append(work)
    if as_sent and intent.origin is not None:
        # The first write of a new pairing; met anew without a base, the target's own loss would flow back.
        recovery.pair_if_new(intent, apart)
    recovery.close(intent)
    return "confirmed" if as_sent else "dropped"


def _move_bases(pair: Pair, intent: Intent, binding: Binding, as_sent: Sequence[int], found: Fields) -> None:
    values: dict[Side, Fields] = {intent.side: found, other(intent.side): fields_of(pair, intent.source, intent.shape)}
    for side in SIDES:
        leg: Leg = binding.leg(side)
        base = list(pair.base(leg.base, leg.shape, pair.mapping.names) or (UNKNOWN,) * len(found))
        for i in as_sent:
            base[i] = values[side][i]
        leg.base, leg.shape, leg.raw_hash = encode_fields(base), pair.shape, None
        leg.digest = fingerprint(leg.base)
