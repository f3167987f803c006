"""What somebody was asked about costs no reads while nothing changes (R-5.5).

A record that is listed byte for byte as when the question was raised is set down again, and one whose deletion was
proven is not proven anew. Only while nothing at all is new: any other record may bear on the answer, as the counterpart
does, or whoever has the same match key by now.
"""

from typing import Final

from tallystick.core.binding import LegFact, QueueItem, QueueKind
from tallystick.core.record import SIDES, Side
from tallystick.engine.pair import Pair
from tallystick.engine.pulled import Pulled
from tallystick.engine.session import Session

_OF_OTHERS: Final = frozenset({"cascade", "contention", "duplicate", "match", "part", "reference"})
_OF_DELETION: Final = frozenset({"delete", "delete_update"})


def is_of_its_own(kind: QueueKind) -> bool:
    """Tell whether nothing but the two records themselves can settle a question of this kind."""
    return kind not in _OF_OTHERS


def waits_as_listed(session: Session, pair: Pair, side: Side, fact: LegFact, print_of: int | None) -> bool:
    """Tell whether somebody was asked about a record and it is listed byte for byte as it was then."""
    questions = session.standing[pair.name].questions.get(fact.binding, ())
    return (
        print_of is not None
        and fact.raw_hash == print_of
        and fact.state == "linked"
        and fact.absent_since is None
        and bool(questions)
        and all(is_of_its_own(q.kind) for q in questions)
        and pair.end(side).can.read_by_id
        and not (session.thorough or session.fresh_shape(pair))
    )


def let_wait(session: Session, pair: Pair, pulled: dict[Side, Pulled]) -> None:
    """Set the records down that wait as they were listed, where nothing else is new."""
    if not _is_quiet(session, pair, pulled):
        return
    for side in SIDES:
        idle = [record for _, record in pulled[side].waiting]
        session.scratch(pair).drop(side, idle)
        pulled[side].unchanged += len(idle)


def proven_and_asked(session: Session, pair: Pair, pulled: dict[Side, Pulled], side: Side) -> set[int]:
    """Give the bindings about whose proven deletion somebody was asked, if there is nothing more to learn of them.

    Under a changed mapping, the question itself may be another. One that was raised for want of proof has seen nothing.
    Nor is anything proven of a side that shows none of those who were there before.
    """
    is_shown = any(pulled[side].known.shown)
    if not is_shown or session.fresh_shape(pair) or session.thorough or not _is_quiet(session, pair, pulled):
        return set()
    return asked_deletions(session, pair)


def asked_deletions(session: Session, pair: Pair) -> set[int]:
    """Give the bindings about whose deletion, and nothing else, somebody was asked."""
    standing = session.standing[pair.name].questions
    return {number for number, asked in standing.items() if all(_is_proven_deletion(q) for q in asked)}


def _is_proven_deletion(question: QueueItem) -> bool:
    return question.kind in _OF_DELETION and (question.left_seen, question.right_seen) != (None, None)


def _is_quiet(session: Session, pair: Pair, pulled: dict[Side, Pulled]) -> bool:
    scratch = session.scratch(pair)
    waiting = {side: {record for _, record in pulled[side].waiting} for side in SIDES}
    return all(record in waiting[side] for side in SIDES for rows in scratch.noted(side, 1000) for record, _ in rows)
