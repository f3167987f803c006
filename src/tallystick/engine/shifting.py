"""Make sure that a listing overlooked nobody before a record is made because it showed none (R-11.8).

Where rows are counted, or come from copies of different age, they shift while page after page is read, and somebody
may stand on none of them; and a system that took our rights away ends its listing early (R-4.4). Before a record
without counterpart gets one, its key is looked for on that side; where that cannot be asked, or costs more, the side
is listed again until two rounds are alike.
"""

from collections.abc import Mapping, Sequence

from tallystick.core import path
from tallystick.core.error import Error
from tallystick.core.mapping import Refs
from tallystick.core.matching import unpack_keys
from tallystick.core.ports import Flow, Sighting
from tallystick.core.record import SIDES, UNKNOWN, Side, decode_fields, other
from tallystick.engine import effects
from tallystick.engine.crowd import gather
from tallystick.engine.decide import BATCH
from tallystick.engine.outcome import Outcome
from tallystick.engine.pair import End, Pair
from tallystick.engine.pull import pull
from tallystick.engine.pulled import Pulled
from tallystick.engine.session import PRESENT, Session, SightRow
from tallystick.engine.verify import AT_ONCE, is_dark, note_sightings

ROUNDS = 2  # further listings of a side that shifts
SETTLING = 60.0  # seconds that a run waits for copies of different age to agree, where nobody can be asked
FEW = 20  # records whose keys are asked for, whatever another listing costs


def make_sure(session: Session, pair: Pair, outcome: Outcome, pulled: Mapping[Side, Pulled]) -> Flow[bool]:
    """Look once more for the counterparts of those who seem to have none, on sides whose rows may have shifted.

    What is found is noted like everything that was listed; the answer tells whether anything was looked for. A side of
    which nobody can be sure stands in ``outcome.shifting``: nothing is made there in this run. Where only some keys got
    no answer, their records stand in ``outcome.unsure``.
    """
    listed: set[Side] = set()
    looked = False
    for side in (*SIDES, SIDES[0]):  # who is found on the right may want a counterpart on the left
        mine, where = pulled[side], _key_place(pair, pair.end(side))
        # In the part that another run read, somebody may have been restored since.
        may_lack = mine.shifts or not mine.in_one_go
        can_ask = where is not None and (may_lack or mine.undecodable > 0)
        is_silent = not mine.reached[1].rows
        if side in listed or not (may_lack or can_ask or is_silent):
            continue
        # Where nobody's key is asked for, it matters only whether there is anybody.
        most = None if can_ask else 1
        alone, remakes = (yield from _find_alone(session, pair, other(side), most)), _may_remake(session, pair, side)
        if not (alone or (remakes and may_lack)):
            continue
        is_sure = not (is_silent and (yield from is_dark(pair, pair.end(side))))
        can_ask = can_ask and where is not None and len(alone) <= max(mine.pages, FEW)
        if is_sure and where is not None and can_ask and alone:
            outcome.unsure |= {(other(side), i) for i in (yield from _look_for_keys(session, pair, side, where, alone))}
            looked = True
        if is_sure and may_lack and (remakes or not can_ask):
            is_sure = yield from _list_again(session, pair, mine)
            looked = True
            listed.add(side)
        (outcome.shifting.discard if is_sure else outcome.shifting.add)(side)
    return looked


def _find_alone(session: Session, pair: Pair, side: Side, most: int | None) -> Flow[list[SightRow]]:
    """Give the records of a side that would get a counterpart made, because nobody has their key.

    If ``most`` says so, the search ends when so many are found.
    """
    policy = pair.mapping.policy
    alone: list[SightRow] = []
    if (policy.on_unmatched_left if side == "left" else policy.on_unmatched_right) != "create":
        return alone
    for rows in session.scratch(pair).unbound(side, BATCH):
        keys = {row[0]: unpack_keys(row[8]) for row in rows if row[2] in PRESENT}
        crowd = yield from gather(session, pair, keys)
        unmet = {record for record, own in keys.items() if crowd.match(pair, side, record, own).kind == "none"}
        alone += [row for row in rows if row[0] in unmet]
        if most is not None and len(alone) >= most:
            break
    return alone


def _may_remake(session: Session, pair: Pair, side: Side) -> bool:
    """Whether a record that is gone from a side may be made there again."""
    policy = pair.mapping.policy
    if pair.pairing.deletion(side) != "restore" and policy.on_delete_update != "update_wins":
        return False
    return any(
        row[2] == "gone"
        for batch in session.scratch(pair).bound(BATCH)
        for at, row in batch
        if at == side
    )  # fmt: skip


def _key_place(pair: Pair, end: End) -> tuple[int, path.Path] | None:
    """Give a match field that the system can be asked for: its position, and where it stands in a record."""
    for rule in pair.mapping.match:
        if len(rule.fields) == 1 and not rule.fuzzy:
            position = end.names.index(rule.fields[0])
            where = end.places[position].path
            if where and path.render(where) in end.can.searchable:
                return position, where
    return None


def _look_for_keys(
    session: Session, pair: Pair, side: Side, where: tuple[int, path.Path], alone: Sequence[SightRow]
) -> Flow[set[str]]:
    """Ask a side for the keys of these records; give those for which it had no answer."""
    end = pair.end(side)
    values = [(row[0], value) for row in alone if (value := _spelled(end, row, *where)) is not None]
    unsure: set[str] = set()
    for start in range(0, len(values), AT_ONCE):
        chunk = values[start : start + AT_ONCE]
        flows = [end.connector.find(end.object, where[1], value) for _, value in chunk]
        answers = yield from effects.call_all(end.system, flows)
        unsure |= {record for (record, _), answer in zip(chunk, answers, strict=True) if isinstance(answer, Error)}
        found: dict[str, Sighting] = {s.id: s for each in answers if not isinstance(each, Error) for s in each}
        unseen = found.keys() - session.scratch(pair).seen(side, sorted(found))
        yield from note_sightings(session, pair, side, [found[i] for i in sorted(unseen)])
    return unsure


def _spelled(end: End, row: SightRow, position: int, where: path.Path) -> object:
    """Spell a record's key as the other side does."""
    fields = decode_fields(row[3] or b"[]")
    if position >= len(fields) or fields[position] in {None, UNKNOWN}:
        return None
    chosen = tuple(value if i == position else None for i, value in enumerate(fields))
    body, _ = end.codec.patch(chosen, [position], Refs())
    return path.read(body, where)


def _list_again(session: Session, pair: Pair, mine: Pulled) -> Flow[bool]:
    """List a side again until two rounds are alike; tell whether the last one at least showed nobody new.

    Who was made since the round before is no sign of shifting.
    """
    new: set[str] = set()
    lag = pair.end(mine.side).can.consistency
    if session.writes and not mine.sweep.full and 0 < lag <= SETTLING:
        # Copies of different age show a row that moved at neither place; after their lag, all show where it is.
        yield from effects.pause(lag)
    for _ in range(ROUNDS):
        again = yield from pull(session, pair, mine.side, mine.sweep)
        if again.failure is not None or again.ids is None or mine.ids is None:
            return again.failure is None
        new = {i for i in again.ids.keys() - mine.ids.keys() if not _is_later(again.ids[i], mine)}
        if not new and mine.ids.keys() <= again.ids.keys() and mine.known.unseen() == again.known.unseen():
            return True
        again.ids |= {i: at for i, at in mine.ids.items() if i not in again.ids}
        mine = again
    return not new


def _is_later(created: float | None, mine: Pulled) -> bool:
    return created is not None and created > (mine.snow0 if mine.snow0 is not None else mine.started)
