"""Send creates of unknown outcome again: same key, same bytes, and a batch under one key only as it was (R-10.7).

The answer to a repeated create counts for all attempts: a success pairs, a refusal of the record itself drops. Anything
else leaves the outcome as unknown as it was.
"""

from collections.abc import Sequence
from dataclasses import replace

from tallystick.core.binding import Intent
from tallystick.core.error import DataError, Duplicate, Error, Unsent
from tallystick.core.ports import LEEWAY_SECONDS, Flow, Sighting, Written
from tallystick.core.record import SIDES, Side, decode_raw
from tallystick.core.resolve import proves_nothing_was_made
from tallystick.core.state import StoreTx
from tallystick.engine import effects
from tallystick.engine.fence import keep_lease
from tallystick.engine.pair import End, Pair
from tallystick.engine.partial import is_partly_unknown
from tallystick.engine.recovery import Found, Recovery, fields_of
from tallystick.engine.send import read_sightings
from tallystick.engine.session import LIVE

SPENT = ""  # the key of a create that was sent in a request which can never be repeated as it was


def resend(recovery: Recovery, side: Side, intents: Sequence[Intent]) -> Flow[dict[str, str | Error]]:
    """Send these creates once more, all alone or all in one batch; say of each (by intent) what came of it.

    ``duplicate`` means that a record with its key exists, which must be found. Settlements are gathered, not saved.
    """
    pair, end = recovery.pair, recovery.pair.end(side)
    rivals = yield from effects.look(lambda tx: _find_rivals(pair, intents, tx))
    for intent in intents:
        if intent.id in rivals:
            recovery.refuse_double(intent, rivals[intent.id])
    outcomes: dict[str, str | Error] = dict.fromkeys(rivals, "duplicate of a paired record")
    chosen = [i for i in intents if i.id not in rivals]
    batch = intents[0].batch
    if batch and rivals:
        # The batch cannot be repeated without one of its records, so the others are looked for.
        recovery.renew([replace(i, key=SPENT) for i in chosen])
        return outcomes | dict.fromkeys((i.id for i in chosen), "waiting")
    waiting = chosen
    while waiting:
        again, answers = yield from _send(recovery, end, waiting, together=bool(batch))
        idle = {i.id for i, answer in zip(again, answers, strict=True) if isinstance(answer, Unsent)}
        if batch or len(idle) == len(again):
            return outcomes | (yield from _settle(recovery, end, again, answers))
        sent = [each for each in zip(again, answers, strict=True) if each[0].id not in idle]
        outcomes |= yield from _settle(recovery, end, [i for i, _ in sent], [a for _, a in sent])
        waiting = [i for i in waiting if i.id in idle]
    return outcomes


def _send(
    recovery: Recovery, end: End, intents: Sequence[Intent], *, together: bool
) -> Flow[tuple[list[Intent], Sequence[Written | Error]]]:
    """Send creates once, under a renewed lease; those whose turn does not come soon are not sent.

    Who takes over waits for writes from the moment they say, so they say when they go out and go out soon (R-16.2).
    """
    yield from keep_lease(recovery.fence)
    now = yield from effects.now()
    until = now + min(end.can.consistency + LEEWAY_SECONDS, recovery.fence.left(now))
    again = [replace(i, attempt=i.attempt + 1, sent_at=now, key=_key(i)) for i in intents]
    recovery.renew(again)
    yield from recovery.save()
    answers = yield from (_send_batch(end, again, until) if together else _send_alone(end, again, until))
    return again, answers


def _key(intent: Intent) -> str:
    """Give the key to send: the one it had, or one of its own where that is spent and it is surely not there."""
    return intent.key or intent.id


def _find_rivals(pair: Pair, intents: Sequence[Intent], tx: StoreTx) -> dict[str, str]:
    """Name, by intent, the paired records that have its match key meanwhile (SYNC-SPEC 10.4)."""
    wanted: dict[tuple[int, int], list[Intent]] = {}
    for intent in intents:
        for key in pair.keys.keys(fields_of(pair, intent.sent, intent.shape)).items():
            wanted.setdefault(key, []).append(intent)
    found: dict[str, str] = {}
    for side in SIDES if wanted else ():
        holders = tx.find_keys(pair.name, side, sorted(wanted))
        facts = tx.leg_facts(pair.name, side, sorted({record for _, _, record in holders}))
        for rule, hashed, record in holders:
            fact = facts.get(record)
            for intent in wanted[rule, hashed]:
                if fact is not None and fact.state in LIVE and fact.binding != intent.binding:
                    found[intent.id] = record
    return found


def _send_alone(end: End, intents: Sequence[Intent], until: float) -> Flow[Sequence[Written | Error]]:
    flows = [end.connector.create(end.object, decode_raw(i.body), i.key) for i in intents]
    return (yield from effects.call_all(end.system, flows, until))


def _send_batch(end: End, intents: Sequence[Intent], until: float) -> Flow[Sequence[Written | Error]]:
    flow = end.connector.create_many(end.object, [(decode_raw(i.body), i.key) for i in intents])
    try:
        answers: Sequence[Written | Error] = yield from effects.call(end.system, flow, until)
    except Error as failure:
        return [failure] * len(intents)
    return answers


def _settle(
    recovery: Recovery, end: End, intents: Sequence[Intent], answers: Sequence[Written | Error]
) -> Flow[dict[str, str | Error]]:
    outcomes: dict[str, str | Error] = {}
    made: list[tuple[Intent, Written]] = []
    for intent, answer in zip(intents, answers, strict=True):
        if isinstance(answer, Written):
            made.append((intent, answer))
            outcomes[intent.id] = "confirmed"
        elif isinstance(answer, Duplicate):
            outcomes[intent.id] = "duplicate"
        elif proves_nothing_was_made(answer):
            recovery.close(intent)
            outcomes[intent.id] = "dropped"
        else:
            outcomes[intent.id] = answer
    recovery.renew(spend_keys(intents, [i for i in intents if isinstance(outcomes[i.id], Error)]))
    seen = yield from _read_back(end, [written for _, written in made])
    read = yield from read_sightings(recovery.pair, end, [s for s in seen if s is not None])
    fields = iter(read)
    for (intent, written), sighting in zip(made, seen, strict=True):
        values = next(fields) if sighting is not None else None
        version = sighting.version if sighting is not None else written.version
        known = None if isinstance(values, DataError) else values
        unmade = {i for where, _ in written.incomplete for i in end.under(where)}
        unmade |= end.unmade(sighting.record) if sighting is not None else frozenset()
        recovery.pair_with(
            intent,
            Found(
                written.id, known, version, is_ours=True, unmade=frozenset(unmade), is_open=is_partly_unknown(written)
            ),
        )
    return outcomes


def spend_keys(batch: Sequence[Intent], open_ones: Sequence[Intent]) -> list[Intent]:
    """Give the creates of a batch that stay unknown while others were answered: it can never be repeated as it was."""
    if not batch or not batch[0].batch or len(open_ones) in {0, len(batch)}:
        return []
    return [replace(i, key=SPENT) for i in open_ones]


def _read_back(end: End, made: Sequence[Written]) -> Flow[Sequence[Sighting | None]]:
    """Learn what the system stored, from its answer or by reading."""
    silent = [w.id for w in made if w.stored is None] if end.can.read_by_id else []
    answers = yield from effects.call_all(end.system, [end.connector.get(end.object, i) for i in silent])
    read = {i: a for i, a in zip(silent, answers, strict=True) if isinstance(a, Sighting)}
    return [w.stored if w.stored is not None else read.get(w.id) for w in made]
