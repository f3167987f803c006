"""Read chosen bindings anew, both legs, whatever was known of them: for runs that look at one matter only.

An ordinary sweep skips what did not change. Who takes something back or carries out an answer must see what is really
there, also where records cannot be read one by one: then the whole side is listed.
"""

from collections.abc import Iterable, Sequence

from tallystick.core.binding import Binding
from tallystick.core.brake import apply_brakes
from tallystick.core.error import DataError, Error
from tallystick.core.ports import Flow, NotThere
from tallystick.core.record import SIDES, Side
from tallystick.core.window import Sweep
from tallystick.engine import effects
from tallystick.engine.observe import Before, Observed, count_day, outcome_of, prepare
from tallystick.engine.outcome import SAMPLE, Outcome
from tallystick.engine.pair import Pair
from tallystick.engine.pull import pull
from tallystick.engine.session import Session, SightRow
from tallystick.engine.verify import read_records

Rows = dict[tuple[int, Side], SightRow]


def begin(session: Session, pair: Pair, before: Before) -> Outcome:
    """Open the books of a run that looks at one matter; it pairs nobody, so it is never a first contact."""
    prepare(session, pair, before)
    session.anew.add(pair.name)  # every value is wanted, also one that did not change
    outcome = outcome_of(pair, before)
    outcome.sample = SAMPLE
    outcome.plan.first_contact = outcome.tally.first_contact = False
    return outcome


def finish(pair: Pair, outcome: Outcome, before: Before) -> Flow[Observed]:
    """Close the books: what the brakes hold. No side was swept, so no cursor moves."""
    yield from count_day(pair, outcome.tally, (yield from effects.now()))
    outcome.plan.holds = apply_brakes(outcome.tally, pair.mapping.policy.brakes)
    return Observed(outcome, {}, before, [])


def is_busy(session: Session, pair: Pair, binding: int) -> bool:
    """Whether an earlier write to the binding has an outcome that is still unknown, so that it has to wait (R-10.2)."""
    waiting = session.unresolved.get(pair.name)
    return waiting is not None and binding in waiting.bindings


def read_legs(session: Session, pair: Pair, bindings: Iterable[Binding]) -> Flow[Rows]:
    """Read both legs of these bindings; give a row for each leg that has an id, also for what is not there.

    Raises the error of a system of which nothing at all could be read.
    """
    rows: Rows = {}
    of_all = list(bindings)
    for side in SIDES:
        numbers = {record: b.id for b in of_all if (record := b.leg(side).id) is not None}
        silent = yield from _read(session, pair, side, sorted(numbers))
        for record, row in session.scratch(pair).sights(side, sorted(numbers)).items():
            rows[numbers[record], side] = row
        for record, kind in silent.items():
            rows[numbers[record], side] = (record, numbers[record], kind, None, None, None, None, None, None, None)
    return rows


def _read(session: Session, pair: Pair, side: Side, ids: Sequence[str]) -> Flow[dict[str, str]]:
    """Note what is there; give what is not: ``gone``, ``missing``, or ``bad`` where nothing was learned."""
    if not pair.end(side).can.read_by_id:
        return (yield from _list(session, pair, side, ids))
    answers = yield from read_records(session, pair, side, ids)
    failures = [a for a in answers.values() if isinstance(a, Error) and not isinstance(a, DataError)]
    if failures and len(failures) == len(ids):
        raise failures[0]
    return {i: _kind(answer) for i, answer in answers.items()}


def _kind(answer: NotThere | Error) -> str:
    if isinstance(answer, Error):
        return "bad"
    return "gone" if answer.gone else "missing"


def _list(session: Session, pair: Pair, side: Side, ids: Sequence[str]) -> Flow[dict[str, str]]:
    scratch = session.scratch(pair)
    absent = set(ids) - scratch.seen(side, ids)
    if not absent:
        return {}
    pulled = yield from pull(session, pair, side, Sweep(full=True, since=None, reason="records cannot be read singly"))
    if pulled.failure is not None:
        raise pulled.failure
    kind = "bad" if pulled.completeness == "unproven" else "missing"
    return dict.fromkeys(sorted(absent - scratch.seen(side, ids)), kind)
