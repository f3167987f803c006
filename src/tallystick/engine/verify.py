"""Read single records: marked ones, partners, and those whose absence needs proof (SYNC-SPEC 4).

Absence is proven by the system's own word (410, trash, a flag) or by two reads that found nothing, far enough apart
that no late write or lagging replica explains them; and only after a canary showed that our credentials still see
anything at all, because "not permitted" often looks like "not there" (R-4.4).
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice

from tallystick.core.binding import Dirty, LegFact
from tallystick.core.error import Error
from tallystick.core.ports import Flow, NotThere, Sighting
from tallystick.core.record import SIDES, Side
from tallystick.core.state import StoreTx
from tallystick.core.window import Sweep
from tallystick.engine import effects
from tallystick.engine.asked import proven_and_asked
from tallystick.engine.decide import BATCH, unread_legs
from tallystick.engine.outcome import Outcome
from tallystick.engine.pair import End, Pair
from tallystick.engine.pull import absent_legs
from tallystick.engine.pulled import Pulled
from tallystick.engine.session import PRESENT, Session, SightRow
from tallystick.engine.sight import look_up, note

PATIENCE_SECONDS = 5.0  # a shorter wait for the second look is spent inside the run
AT_ONCE = 200
DIRTY_AT_ONCE = 5_000
VOUCHERS = 3  # linked records whose common silence makes a system dark
SHOWN = frozenset({"here", "same", "out"})  # a record that lacks a part may be missing that part


def read_records(session: Session, pair: Pair, side: Side, ids: Sequence[str]) -> Flow[dict[str, NotThere | Error]]:
    """Read these records by id unless this run saw them; note what is there, give what is not."""
    end = pair.end(side)
    missing: dict[str, NotThere | Error] = {}
    if not end.can.read_by_id:
        return missing
    seen = session.scratch(pair).seen(side, ids)
    unseen = [i for i in ids if i not in seen]
    for start in range(0, len(unseen), AT_ONCE):
        chunk = unseen[start : start + AT_ONCE]
        answers = yield from effects.call_all(end.system, [end.connector.get(end.object, i) for i in chunk])
        there = [a for a in answers if isinstance(a, Sighting)]
        missing |= {i: a for i, a in zip(chunk, answers, strict=True) if not isinstance(a, Sighting)}
        yield from note_sightings(session, pair, side, there)
    return missing


def note_sightings(session: Session, pair: Pair, side: Side, sightings: Sequence[Sighting]) -> Flow[None]:
    """Note records that were shown singly, like those that were listed."""
    if not sightings:
        return
    known = yield from look_up(session, pair, side, sightings)
    aside = Pulled(side, Sweep(full=False, since=None, reason="read by id"))
    note(session, pair, aside, [(s, None) for s in sightings], known)
    session.faults.setdefault(pair.name, []).extend(aside.faults)


def look_at_marked(session: Session, pair: Pair, outcome: Outcome, now: float) -> Flow[list[Dirty]]:
    """Read the records that were marked to be looked at again; give the marks that are thereby done."""
    done: list[Dirty] = []
    for side in SIDES:
        marks = yield from effects.look(partial(_marks, pair.name, side, now))
        session.standing[pair.name].attempts |= {(side, m.id): m.attempts for m in marks}
        if not pair.end(side).can.read_by_id:
            listed = session.scratch(pair).seen(side, [m.id for m in marks])
            done += [m for m in marks if m.id in listed]
            continue
        missing = yield from read_records(session, pair, side, [m.id for m in marks])
        yield from note_absent(session, pair, outcome, side, missing, now)
        for mark in marks:
            answer = missing.get(mark.id)
            if isinstance(answer, Error):
                continue
            done.append(mark)
            if isinstance(answer, NotThere) and not answer.gone and mark.attempts == 0:
                yield from _look_once_more(pair, outcome, mark, now)
    return done


def _look_once_more(pair: Pair, outcome: Outcome, mark: Dirty, now: float) -> Flow[None]:
    """Keep the mark of an unpaired record that one read denied: a lagging replica does so with a new one (R-4.3)."""
    can = pair.end(mark.side).can
    facts = yield from effects.look(lambda tx: tx.leg_facts(pair.name, mark.side, [mark.id]))
    if mark.id not in facts:
        again = now + can.consistency + can.in_flux
        outcome.dirty.append(replace(mark, attempts=1, not_before=again))


def _marks(pair: str, side: Side, now: float, tx: StoreTx) -> list[Dirty]:
    return tx.dirty(pair, side, now, DIRTY_AT_ONCE)


def _ids(pair: str, side: Side, bindings: Sequence[int], tx: StoreTx) -> dict[int, str]:
    return tx.ids_of(pair, side, bindings)


def note_alive(session: Session, pair: Pair, outcome: Outcome, pulled: Pulled) -> Flow[None]:
    """Note which records that were once missing were shown since; they must be missing twice anew (R-12.1).

    Also those that changed: that they are there is true whether or not their line can be carried out.
    """
    missed = yield from effects.look(lambda tx: tx.missed_legs(pair.name, pulled.side))
    rows = session.scratch(pair).sights(pulled.side, [record for record, _ in missed])
    noted = {record for record, row in rows.items() if row[2] in SHOWN}
    shown = pulled.known.shows(raw_hash for _, raw_hash in missed)
    outcome.alive += [(pulled.side, record) for record, h in missed if record in noted or h in shown]


def _dormant_ids(session: Session, pair: Pair, side: Side, numbers: Sequence[int]) -> dict[int, str]:
    known = session.dormant.get(pair.name, {})
    at = SIDES.index(side)
    return {n: record for n in numbers if n in known and (record := known[n][at]) is not None}


def _revived_ids(session: Session, pair: Pair, side: Side, numbers: Sequence[int]) -> Flow[dict[int, str]]:
    chosen = [n for n in numbers if n in session.revived.get(pair.name, ())]
    ended = (yield from effects.look(lambda tx: tx.bindings(chosen))) if chosen else {}
    return {n: record for n, b in ended.items() if (record := b.leg(side).id) is not None}


def prove_absence(
    session: Session, pair: Pair, outcome: Outcome, both: dict[Side, Pulled], side: Side, now: float
) -> Flow[None]:
    """Look for every linked record that a complete listing did not show, and note what that proves.

    Of a window only whether it may have ended because our rights did.
    """
    pulled = both[side]
    if not pulled.sweep.full:
        # A window of nobody is listed again anyway.
        pulled.ended_dark = pulled.listed > 0 and (yield from _ended_dark(session, pair, pulled))
        return
    if pulled.completeness == "unproven":
        pulled.ended_dark = yield from _ended_dark(session, pair, pulled)
        return
    absent = yield from absent_legs(session, pair, pulled)
    asked = proven_and_asked(session, pair, both, side)
    unasked = [record for binding, record in absent if binding not in asked]
    missing = yield from read_records(session, pair, pulled.side, unasked)
    hidden = [record for binding, record in absent if binding not in asked and record not in missing]
    is_void = pulled.listed == 0 and len(missing) >= VOUCHERS and not any(map(_is_word, missing.values()))
    is_early = is_void or _ended_early(session, pair, pulled, hidden)
    pulled.ended_dark = is_early or (yield from _ended_dark(session, pair, pulled))
    yield from note_absent(session, pair, outcome, pulled.side, missing, now)


def _is_word(answer: NotThere | Error) -> bool:
    """Whether a system says clearly that a record was deleted, which shows that we are let in."""
    return isinstance(answer, NotThere) and answer.gone


def _ended_early(session: Session, pair: Pair, pulled: Pulled, hidden: Sequence[str]) -> bool:
    """Tell whether a listing ended with an empty page before it showed some who are there, as they were listed before.

    Whoever is never listed, as archived records on some systems, was not listed the last time either.
    """
    if pulled.reached[1].rows or not hidden:
        return False
    listed_before = set(pulled.known.unseen())
    rows = session.scratch(pair).sights(pulled.side, hidden)
    return any(row[2] in SHOWN and row[1] in listed_before for row in rows.values())


def _ended_dark(session: Session, pair: Pair, pulled: Pulled) -> Flow[bool]:
    """Tell whether a listing may have ended because our rights did, so that its rest is still to be listed (R-4.4).

    Asked only where its last page had nobody and that is no plain end: the system says no total, another run read the
    first part, or there were more rows than the system says at last.
    """
    is_plain = pulled.in_one_go and pulled.total is not None and pulled.total >= pulled.distinct
    if is_plain or pulled.reached[1].rows:
        return False
    return (yield from is_dark(pair, pair.end(pulled.side), 1, noted(session, pair, pulled.side)))


def note_absent(
    session: Session, pair: Pair, outcome: Outcome, side: Side, missing: dict[str, NotThere | Error], now: float
) -> Flow[None]:
    """Note what it proves that these records were asked for and not given."""
    if not missing:
        return
    end = pair.end(side)
    facts = yield from effects.look(lambda tx: tx.leg_facts(pair.name, side, sorted(missing)))
    live = {i: f for i, f in facts.items() if f.state not in {"tomb", "unlinked", "erased"}}
    ended = {i for i, f in facts.items() if f.state in {"unlinked", "erased"}}
    gone = [i for i, a in missing.items() if isinstance(a, NotThere) and a.gone and i in live]
    silent = [i for i, a in missing.items() if isinstance(a, NotThere) and not a.gone and i in live]
    failed = [i for i, a in missing.items() if isinstance(a, Error) and i in facts and i not in ended]
    proven = yield from _second_look(session, pair, end, silent, live, now)
    if proven and not (yield from _is_vouched(session, pair, end, set(silent), proven)):
        outcome.unvouched += [(side, i, live[i].binding) for i in sorted(proven)]
        proven = set()
    rows: list[SightRow] = [_absence(i, live[i], "gone") for i in (*gone, *proven)]
    rows += [_absence(i, live[i], "missing") for i in silent if i not in proven]
    rows += [_absence(i, facts[i], "bad") for i in failed]
    session.scratch(pair).add_sights(side, [r for r in rows if r[0] not in session.scratch(pair).seen(side, [r[0]])])
    waiting = [i for i in silent if i not in proven]
    outcome.absent += [(side, i) for i in waiting]
    outcome.missed += [(side, i) for i in proven]


def _absence(record_id: str, fact: LegFact, kind: str) -> SightRow:
    # No bytes were seen: those of before, should they be shown again, are news.
    return (record_id, fact.binding, kind, None, fact.version, None, None, None, None, None)


def _second_look(
    session: Session, pair: Pair, end: End, silent: Sequence[str], facts: dict[str, LegFact], now: float
) -> Flow[set[str]]:
    """Give those that were missing before, long enough ago, and still are."""
    apart = end.can.consistency + end.can.in_flux
    proven = {i for i in silent if (since := facts[i].absent_since) is not None and now - since >= apart}
    fresh = [i for i in silent if i not in proven]
    if fresh and apart <= PATIENCE_SECONDS and session.writes:
        yield from effects.pause(apart)
        again = yield from read_records(session, pair, end.side, fresh)
        proven |= {i for i, a in again.items() if isinstance(a, NotThere)}
    return proven


def _is_vouched(session: Session, pair: Pair, end: End, silent: set[str], proven: set[str]) -> Flow[bool]:
    """Tell whether a canary sings before and after these are looked for a last time (R-4.4).

    The darkness may have ended between the look and the canary: whoever is there shows now, and is taken from
    ``proven``. It may have come back before that look: then the canary is silent.
    """
    if not (yield from canary_sings(pair, end, silent)):
        return False
    last = yield from read_records(session, pair, end.side, sorted(proven))
    proven.intersection_update(i for i, answer in last.items() if isinstance(answer, NotThere))
    return not proven or (yield from canary_sings(pair, end, silent))


def canary_sings(pair: Pair, end: End, absent: set[str]) -> Flow[bool]:
    """Whether our credentials still see any other linked record of this kind."""
    sample = yield from effects.look(lambda tx: tx.sample_ids(pair.name, end.side, len(absent) + 3))
    flows = [end.connector.get(end.object, i) for i in sample if i not in absent][:3]
    answers = yield from effects.call_all(end.system, flows)
    return any(isinstance(a, Sighting) for a in answers)


def noted(session: Session, pair: Pair, side: Side, but: Collection[str] = ()) -> Iterator[str]:
    """Name the records that were shown on a side in this run, but for some."""
    for rows in session.scratch(pair).noted(side, BATCH):
        sights = session.scratch(pair).sights(side, [record for record, _ in rows if record not in but])
        yield from (record for record, row in sights.items() if row[2] in SHOWN | PRESENT)


def is_dark(pair: Pair, end: End, fewest: int = VOUCHERS, seen: Iterable[str] = ()) -> Flow[bool]:
    """Tell whether none of the linked records is shown, so that not to be shown means nothing (R-4.4).

    Where nobody is linked yet, those speak who were just ``seen``. A clear word that one was deleted shows that we are
    let in. Of less than ``fewest`` that are silent nobody can say why, so that they count for nothing.
    """
    sample = yield from effects.look(lambda tx: tx.sample_ids(pair.name, end.side, VOUCHERS))
    sample = sample or list(islice(seen, VOUCHERS))
    if len(sample) < fewest or not end.can.read_by_id:
        return False
    answers = yield from effects.call_all(end.system, [end.connector.get(end.object, i) for i in sample])
    return not any(isinstance(a, Sighting) or (isinstance(a, NotThere) and a.gone) for a in answers)


def read_partners(session: Session, pair: Pair, outcome: Outcome, now: float) -> Flow[None]:
    """Read the opposite leg of noted records about which a question is open."""
    wanted: dict[Side, list[int]] = {side: [] for side in SIDES}
    for batch in session.scratch(pair).bound(1000):
        for side, number in unread_legs(session, pair, batch):
            wanted[side].append(number)
    for side in SIDES:
        if wanted[side]:
            ids = yield from effects.look(partial(_ids, pair.name, side, wanted[side]))
            ids |= _dormant_ids(session, pair, side, wanted[side])
            ids |= yield from _revived_ids(session, pair, side, wanted[side])
            missing = yield from read_records(session, pair, side, sorted(ids.values()))
            yield from note_absent(session, pair, outcome, side, missing, now)
