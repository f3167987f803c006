"""Take deletions back that would bring down more than they may: ask about them, or let them wait (R-12.4)."""

from collections.abc import Sequence
from typing import Final

from tallystick.core.plan import PHASES
from tallystick.core.record import SIDES
from tallystick.engine.draft import Draft
from tallystick.engine.line import Ask, Line, decode_line, encode_line
from tallystick.engine.outcome import Outcome
from tallystick.engine.pair import Pair
from tallystick.engine.session import Session

WAITS: Final = "it is not known what its deletion would take along"


def hold_back(session: Session, pair: Pair, outcome: Outcome) -> None:
    """Replace the planned lines of spared records by questions; the same question is not raised twice (R-5.5)."""
    spared = {n: why for (name, _, n), why in session.falls.spared.items() if name == pair.name}
    if not spared:
        return
    scratch, draft = session.scratch(pair), Draft(session, pair, outcome)
    lines = [decode_line(body) for body in scratch.lines_of(sorted(spared))]
    lines = [line for line in lines if any(step.op == "delete" for step in line.steps)]
    scratch.drop_lines([line.print for line in lines])
    for line in lines:
        why = spared[line.binding]
        outcome.retract(line)
        _recount(session, pair, outcome, line, "queued" if why else "deferred")
        outcome.leave(line, SIDES, WAITS if not why else "cascade")
        if not why:
            continue
        asking = Line(
            "", f"{line.reason}.cascade", "queued", line.binding, "", line.left, line.right,
            asks=(Ask("cascade", "", why),), settled=False,
        )  # fmt: skip
        draft.seal(asking)
        if not _stands(session, pair, asking, why):
            outcome.add(asking)
            # Everything that goes before deletions is done already.
            scratch.add_lines([(PHASES["delete"], 0, line.binding, None, None, asking.print, encode_line(asking))])


def _recount(session: Session, pair: Pair, outcome: Outcome, line: Line, disposition: str) -> None:
    for side in SIDES:
        record = line.seen(side).id
        row = session.scratch(pair).sights(side, [record]).get(record) if record is not None else None
        of_side = outcome.plan.dispositions.get(side, {})
        if row is not None and row[2] != "same" and of_side.get(line.disposition):
            outcome.count(side, line.disposition, -1)
            outcome.count(side, disposition)


def _stands(session: Session, pair: Pair, line: Line, why: str) -> bool:
    standing = session.standing.get(pair.name)
    known: Sequence[object] = [
        (q.kind, q.detail) for q in (standing.questions.get(line.binding, ()) if standing else ())
    ]
    return ("cascade", why) in known
