"""Creates of which no machine can find out what became of them: how they end after all (R-10.12, W-3).

    a listing shows exactly one unpaired record that holds all that was sent    it is paired with its origin
    a person names the record that was made                                     it is paired with its origin
    a person says that none was made                                            it is planned anew

Until then only the record itself and what looks like its counterpart wait.
"""

from collections.abc import Sequence
from functools import partial

from tallystick.core.binding import Intent
from tallystick.core.error import Error, ProjectError
from tallystick.core.event import Resolved
from tallystick.core.learn import holds_what_was_sent
from tallystick.core.ports import Flow, NotThere, Sighting
from tallystick.core.record import SIDES, Side, decode_fields
from tallystick.core.resolve import judge_adoption
from tallystick.core.state import StoreTx
from tallystick.engine import effects
from tallystick.engine.fence import Fence
from tallystick.engine.lookup import walk_listing
from tallystick.engine.observe import Observed
from tallystick.engine.pair import End, Pair
from tallystick.engine.recovery import Found, Recovery, fields_of, subject_of
from tallystick.engine.send import read_sightings
from tallystick.engine.session import LIVE, Session, SightRow

AT_ONCE = 1000
MOST_NAMED = 5


def settle_by_listing(session: Session, pair: Pair, fence: Fence, observed: Observed) -> Flow[None]:
    """End the creates that are asked about by what this run's listings show; tell the person of look-alikes."""
    intents, asked = yield from effects.look(lambda tx: (tx.open_intents(pair.name), tx.queue(pair.name)))
    questions = {q.subject: q for q in asked if q.kind == "uncertain"}
    waiting = [i for i in intents if i.op == "create" and subject_of(i) in questions]
    if not waiting:
        return
    recovery = Recovery(session.run, pair, fence, (yield from effects.now()), questions)
    for side in SIDES:
        mine = [i for i in waiting if i.side == side]
        pulled = observed.pulled.get(side)
        if not mine or pulled is None or pulled.failure is not None:
            continue
        alike = _look_alikes(session, pair, side, mine, is_whole=pulled.sweep.full)
        for intent in mine:
            yield from _conclude(recovery, intent, alike)
    yield from recovery.save()


def _look_alikes(
    session: Session, pair: Pair, side: Side, intents: Sequence[Intent], *, is_whole: bool
) -> dict[str, list[SightRow]]:
    """Give, by intent, the unpaired records seen in this run that may be its own.

    By match keys also from a listing of changes, as matching does; what has no key must be told from all others.
    """
    scratch = session.scratch(pair)
    keys = {i.id: pair.keys.keys(fields_of(pair, i.sent, i.shape)) for i in intents}
    noted = scratch.find_keys(side, sorted({item for own in keys.values() for item in own.items()}))
    rows = scratch.sights(side, sorted({record for _, _, record in noted}))
    alike: dict[str, list[SightRow]] = {}
    for intent in intents:
        ids = {record for rule, h, record in noted if keys[intent.id].get(rule) == h}
        alike[intent.id] = [rows[i] for i in sorted(ids) if _is_free(rows.get(i))]
    keyless = [i for i in intents if not keys[i.id]]
    if keyless and is_whole:
        for batch in scratch.unbound(side, AT_ONCE):
            for intent in keyless:
                alike[intent.id] += [row for row in batch if _is_free(row) and _holds(pair, intent, row)]
    return alike


def _is_free(row: SightRow | None) -> bool:
    return row is not None and row[1] is None and row[2] == "here"


def _holds(pair: Pair, intent: Intent, row: SightRow) -> bool:
    return row[9] is None and holds_what_was_sent(
        fields_of(pair, intent.sent, intent.shape), decode_fields(row[3] or b"[]")
    )


def _conclude(recovery: Recovery, intent: Intent, alike: dict[str, list[SightRow]]) -> Flow[None]:
    """Pair the one record that holds all that was sent, if it is nobody else's either; else name the look-alikes."""
    pair = recovery.pair
    exact = [row for row in alike[intent.id] if _holds(pair, intent, row)]
    rivals = [
        name for name, rows in alike.items() if name != intent.id and any(r[0] == e[0] for r in rows for e in exact)
    ]
    if len(exact) == 1 and len(alike[intent.id]) == 1 and not rivals:
        row = exact[0]
        recovery.pair_with(intent, Found(row[0], decode_fields(row[3] or b"[]"), row[4], is_ours=True))
        yield from effects.tell(Resolved(pair.name, intent.side, "adopted as listed"))
    else:
        recovery.ask(intent, [row[0] for row in alike[intent.id][:MOST_NAMED]])


def settle_by_person(pair: Pair, fence: Fence, run: str, subject: str, record: str | None) -> Flow[str]:
    """End a create of unknown outcome by a person's word: ``record`` is what was made of ``subject``, or nothing was.

    ``subject`` is ``side/id`` of the origin. Gives in words what was done.

    Raises:
        ProjectError: nothing is open about this record, it is too early to say so, or no such record can be read.
    """
    intents, asked = yield from effects.look(lambda tx: (tx.open_intents(pair.name), tx.queue(pair.name)))
    intent = next((i for i in intents if i.op == "create" and subject_of(i) == subject), None)
    if intent is None:
        raise ProjectError(
            f"no create of unknown outcome is open for {subject}", hint="tally problems lists what waits"
        )
    now = yield from effects.now()
    end = pair.end(intent.side)
    recovery = Recovery(run, pair, fence, now, {q.subject: q for q in asked if q.kind == "uncertain"})
    if record is None:
        left = intent.sent_at + end.can.quiesce - now
        if left > 0:
            raise ProjectError(
                f"the create of {subject} may still take effect in {end.system}",
                hint=f"look again in {left:.0f} seconds",
            )
        recovery.close(intent)
        done = f"{subject} is created in {end.system} by the next run"
    else:
        recovery.pair_with(intent, (yield from _named(pair, end, fence, intent, record)))
        done = f"{subject} is paired with {record} of {end.system}"
    yield from recovery.save()
    return done


def _named(pair: Pair, end: End, fence: Fence, intent: Intent, record: str) -> Flow[Found]:
    """Read the record that a person named, and see whether it can be the one."""
    facts = yield from effects.look(partial(_fact_of, pair.name, end.side, record))
    if facts is not None:
        raise ProjectError(f"{record} of {end.system} is paired already", hint=f"tally why {pair.name} {record}")
    answer: Sighting | NotThere | Error
    if end.can.read_by_id:
        [answer] = yield from effects.call_all(end.system, [end.connector.get(end.object, record)])
    else:
        listed = yield from walk_listing(end, fence, {record})
        answer = listed.get(record, NotThere())
    if isinstance(answer, Error):
        raise answer
    if isinstance(answer, NotThere) or not end.in_scope(answer.record):
        why = "it is not there" if isinstance(answer, NotThere) else "it does not belong to the mapping"
        raise ProjectError(f"{end.system} shows no {record} for '{pair.name}'", hint=f"{why}; name another record")
    [fields] = yield from read_sightings(pair, end, [answer])
    if isinstance(fields, Error):
        raise fields
    leeway = end.can.skew + end.can.granularity
    verdict = judge_adoption(
        intent, created=answer.created, bound=False, deleted=False, skew=leeway, quiesce=end.can.quiesce
    )
    return Found(record, fields, answer.version, is_ours=verdict == "ours")


def _fact_of(pair: str, side: Side, record: str, tx: StoreTx) -> object:
    fact = tx.leg_facts(pair, side, [record]).get(record)
    return fact if fact is not None and fact.state in LIVE else None
