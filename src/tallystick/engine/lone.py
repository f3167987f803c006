"""Records that are paired with nobody, kept in mind by their match keys when a run does not see them.

A window shows only what changed, and a sweep that goes on shows only its rest. The counterpart of a new record may be
one that was asked about, ignored or refused long ago: to overlook it would be to create it a second time (I-5).
"""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Final

from tallystick.core.error import Error
from tallystick.core.matching import unpack_keys
from tallystick.core.ports import Flow, NotThere, Sighting
from tallystick.core.record import SIDES, Side
from tallystick.core.state import StoreTx
from tallystick.engine import effects
from tallystick.engine.decide import BATCH
from tallystick.engine.outcome import Outcome
from tallystick.engine.pair import End, Pair
from tallystick.engine.session import Session, SightRow, Unresolved
from tallystick.engine.verify import VOUCHERS, is_dark, noted, read_records

_FAR_FUTURE: Final = 1e11  # also marks that are not due yet
_MOST_MARKS: Final = 100_000
Holders = dict[Side, dict[str, set[tuple[int, int]]]]


def read_lone(session: Session, pair: Pair, outcome: Outcome) -> Flow[None]:
    """Read every unpaired record that this run did not see and that shares a key with one it saw.

    Where one cannot be read, those that share its key wait.
    """
    if not (yield from effects.look(lambda tx: tx.has_lone(pair.name))):
        return
    goes_on = True
    while goes_on:
        goes_on = False
        for side in SIDES:
            for rows in session.scratch(pair).unbound(side, BATCH):
                goes_on |= yield from _read_holders(session, pair, outcome, rows)


def _read_holders(session: Session, pair: Pair, outcome: Outcome, rows: Sequence[SightRow]) -> Flow[bool]:
    """Read the holders of the keys of some records; tell whether any was there that was not seen before."""
    keys = sorted({key for row in rows for key in unpack_keys(row[8]).items()})
    free, ended = yield from effects.look(partial(_unseen, session, pair, outcome, keys))
    found = False
    for side in SIDES:
        of_side = free[side]
        missing = yield from read_records(session, pair, side, sorted(of_side))
        gone, doubtful = yield from _judge(session, pair, side, missing)
        there = session.scratch(pair).seen(side, sorted(of_side))
        if pair.end(side).can.read_by_id:
            # Shown, and not noted: it says of itself that it was deleted, or it left the scope.
            gone |= of_side.keys() - missing.keys() - there
        found |= bool(there)
        if there and side in outcome.ended_empty:
            # What should have shown all did not show them, so who knows whom else.
            outcome.cut_short.add(side)
            outcome.shifting.add(side)
        gone_again, doubtful_too = yield from _judge_ended(session, pair, side, sorted(ended[side]))
        gone |= gone_again
        outcome.unlone += [(side, record) for record in sorted(gone)]
        _let_wait(session, pair, side, {**of_side, **ended[side]}, gone | there, doubtful | doubtful_too)
    return found


def _judge(
    session: Session, pair: Pair, side: Side, missing: Mapping[str, NotThere | Error]
) -> Flow[tuple[set[str], set[str]]]:
    """Give those that are not there any more, and those of whom nobody can say.

    Not to be shown means nothing where nobody is shown (R-4.4).
    """
    gone, silent = _told(missing)
    doubtful = set(silent)
    if silent and (yield from _testifies(session, pair, side, silent)):
        # The darkness may have ended between the look and the witness; whoever is there shows now.
        again = yield from read_records(session, pair, side, sorted(silent))
        doubtful = {i for i, answer in again.items() if isinstance(answer, NotThere)}
        if doubtful and (yield from _testifies(session, pair, side, doubtful)):  # and it may have come back
            return gone | doubtful, set()
    return gone, doubtful


def _told(answers: Mapping[str, Sighting | NotThere | Error]) -> tuple[set[str], set[str]]:
    """Give those of whom the system says that they are gone, and those of whom it says nothing."""
    flagged = {i for i, a in answers.items() if isinstance(a, Sighting) and a.deleted}
    absent = {i: a.gone for i, a in answers.items() if isinstance(a, NotThere)}
    return flagged | {i for i, is_word in absent.items() if is_word}, {
        i for i, is_word in absent.items() if not is_word
    }


def _testifies(session: Session, pair: Pair, side: Side, silent: Collection[str]) -> Flow[bool]:
    """Tell whether the silence about some means that they are gone, because others are shown."""
    if not (yield from is_dark(pair, pair.end(side), fewest=0)):
        return True
    return (yield from _shows_others(session, pair, side, silent))


def _shows_others(session: Session, pair: Pair, side: Side, silent: Collection[str]) -> Flow[bool]:
    """Tell whether any record that this run saw is shown still; where nothing is paired yet, nobody else can tell."""
    end = pair.end(side)
    if not end.can.read_by_id:
        return False
    seen = islice(noted(session, pair, side, but=silent), VOUCHERS)
    answers = yield from effects.call_all(end.system, [end.connector.get(end.object, record) for record in seen])
    return any(isinstance(answer, Sighting) and not answer.deleted for answer in answers)


def _judge_ended(session: Session, pair: Pair, side: Side, ended: Sequence[str]) -> Flow[tuple[set[str], set[str]]]:
    """Give those who came back after their pairing ended and are gone once more, and those of whom nobody can say.

    They are only asked about: what is decided about ended pairings was decided before.
    """
    end = pair.end(side)
    if not ended or not end.can.read_by_id:
        return set(), set()
    gone, doubtful = _told((yield from _ask(end, ended)))
    if doubtful and (yield from _testifies(session, pair, side, doubtful)):
        again, doubtful = _told((yield from _ask(end, sorted(doubtful))))
        gone |= again
        if doubtful and (yield from _testifies(session, pair, side, doubtful)):
            return gone | doubtful, set()
    return gone, doubtful


def _ask(end: End, records: Sequence[str]) -> Flow[dict[str, Sighting | NotThere | Error]]:
    answers = yield from effects.call_all(end.system, [end.connector.get(end.object, i) for i in records])
    return dict(zip(records, answers, strict=True))


def _unseen(
    session: Session, pair: Pair, outcome: Outcome, keys: Sequence[tuple[int, int]], tx: StoreTx
) -> tuple[Holders, Holders]:
    """Give the holders of these keys whom this run did not see: the unpaired ones, and those whose pairing ended."""
    free: Holders = {side: {} for side in SIDES}
    ended: Holders = {side: {} for side in SIDES}
    known_gone = set(outcome.unlone)
    for side in SIDES:
        of_side: dict[str, set[tuple[int, int]]] = {}
        for rule, hashed, record in tx.find_lone(pair.name, side, keys):
            of_side.setdefault(record, set()).add((rule, hashed))
        facts = tx.leg_facts(pair.name, side, sorted(of_side))
        # Whoever came back after its pairing ended, and was let be, holds its key like anybody unpaired.
        returned = {record for record, fact in facts.items() if fact.state == "tomb"}
        paired = facts.keys() - returned
        outcome.unlone += [(side, record) for record in sorted(paired) if (side, record) not in known_gone]
        seen = session.scratch(pair).seen(side, sorted(of_side))
        for record, own in of_side.items():
            if record not in paired and record not in seen and (side, record) not in known_gone:
                (ended if record in returned else free)[side][record] = own
    return free, ended


def _let_wait(
    session: Session, pair: Pair, side: Side, holders: Mapping[str, set[tuple[int, int]]], clear: set[str],
    doubtful: set[str],
) -> None:  # fmt: skip
    """Let everybody wait who has a key of these holders, but for those that are ``clear``.

    Of the ``doubtful`` ones a person is told: they may never be shown again.
    """
    waiting = session.unresolved.setdefault(pair.name, Unresolved())
    for record in sorted(holders.keys() - clear):
        if record in doubtful:
            waiting.doubted |= dict.fromkeys(holders[record], (side, record))
        else:
            waiting.keys |= {(at, rule, hashed) for at in SIDES for rule, hashed in holders[record]}


def keep_lone(session: Session, pair: Pair, outcome: Outcome, shown: Sequence[Side], tx: StoreTx) -> None:
    """Remember the keys of the records that stayed unpaired; ``shown`` are the sides that were listed whole."""
    parked = [row for row in tx.quarantine(pair.name) if row.binding is None]
    for side in SIDES:
        # A listing of nobody may be one that shows nobody; whom it should have shown is asked for singly when needed.
        if side in shown and outcome.tally.listed.get(side):
            tx.drop_lone(pair.name, side)
        else:
            tx.drop_lone(pair.name, side, [record for s, record in outcome.unlone if s == side])
        for rows in session.scratch(pair).set_aside(side, BATCH):
            _put(pair, side, rows, tx)
        sights = session.scratch(pair).sights(side, [row.record for row in parked if row.side == side])
        # Also of those that have to wait: should they be unreadable in the next run, they are no less there.
        marks = tx.dirty(pair.name, side, _FAR_FUTURE, _MOST_MARKS)
        sights |= session.scratch(pair).sights(side, [mark.id for mark in marks])
        refused = [row for row in sights.values() if row[1] is None]
        paired = tx.leg_facts(pair.name, side, [row[0] for row in refused])
        _put(pair, side, [row for row in refused if row[0] not in paired], tx)


def _put(pair: Pair, side: Side, rows: Sequence[SightRow], tx: StoreTx) -> None:
    tx.put_lone(pair.name, side, [(row[0], rule, h) for row in rows for rule, h in unpack_keys(row[8]).items()])
