"""Look at chosen records anew, whatever cursors say, or let only one field move: a run that is limited to them.

Chosen pairs whose sides can be read by id are read so; otherwise both sides are listed, as for a record that is paired
with nobody, because only who sees everybody knows that it has no counterpart. Nothing else of the pair is remembered:
cursors, marks and what changed beside stay for the next ordinary run.
"""

from dataclasses import dataclass
from functools import partial

from tallystick.core.brake import apply_brakes
from tallystick.core.error import DataError, Error
from tallystick.core.ports import Flow
from tallystick.core.record import SIDES, Side
from tallystick.core.selection import Selection
from tallystick.core.state import StoreTx
from tallystick.engine import effects
from tallystick.engine.decide import BATCH, decide_bound
from tallystick.engine.observe import Before, Observed, count_day, observe, outcome_of, prepare
from tallystick.engine.outcome import GLIMPSE, SAMPLE
from tallystick.engine.pair import Pair
from tallystick.engine.session import LIVE, Session, Standing
from tallystick.engine.verify import note_absent, read_partners, read_records

Ids = dict[Side, list[str]]
FAR_FUTURE = 1e11  # also marks that are not due yet
ALL_MARKS = 10_000_000


@dataclass(frozen=True, slots=True)
class Backfill:
    """What a run is limited to."""

    selection: Selection

    def observe(self, session: Session, pair: Pair, before: Before) -> Flow[Observed]:
        """Observe and decide what was chosen; stands in for ``engine.observe.observe``."""
        session.selection = self.selection
        mine = {side: sorted(i for p, s, i in self.selection.records if (p, s) == (pair.name, side)) for side in SIDES}
        retried = session.standing.setdefault(pair.name, Standing()).retry
        retried.update((side, record) for side in SIDES for record in mine[side])
        if self.selection.chooses_records:
            session.anew.add(pair.name)  # every value is wanted, also one that did not change
            session.thorough = True
        legs = yield from self._legs(pair, mine)
        if legs is not None:
            return (yield from _read_singly(session, pair, before, legs))
        session.full = True
        marked = yield from effects.look(partial(_marked, pair.name))
        observed = yield from observe(session, pair, before)
        for side, pulled in observed.pulled.items():
            session.faults.setdefault(pair.name, []).extend(pulled.faults[pulled.progress.parked :])
            if pulled.progress.saves:
                yield from _forget_sweep(session, pair, side, marked[side])
        return Observed(observed.outcome, {}, before, [])

    def _legs(self, pair: Pair, mine: Ids) -> Flow[Ids | None]:
        """Give both legs of the chosen records, if all are paired and can be read by id."""
        can_read = pair.left.can.read_by_id and pair.right.can.read_by_id
        if self.selection.where or not self.selection.records or not can_read:
            return None

        def find(tx: StoreTx) -> Ids | None:
            facts = {side: tx.leg_facts(pair.name, side, mine[side]) for side in SIDES}
            if any(i not in facts[side] or facts[side][i].state not in LIVE for side in SIDES for i in mine[side]):
                return None
            numbers = sorted({fact.binding for side in SIDES for fact in facts[side].values()})
            bindings = tx.bindings(numbers).values()
            return {side: [i for b in bindings if (i := b.leg(side).id) is not None] for side in SIDES}

        return (yield from effects.look(find))


def _marked(pair: str, tx: StoreTx) -> dict[Side, set[str]]:
    return {side: {mark.id for mark in tx.dirty(pair, side, FAR_FUTURE, ALL_MARKS)} for side in SIDES}


def _forget_sweep(session: Session, pair: Pair, side: Side, before: set[str]) -> Flow[None]:
    """Give up what was kept of a long listing: the run was about some records only, and the others wait as before."""
    fence, scratch = session.fences.get(pair.name), session.scratch(pair)

    def forget(tx: StoreTx) -> None:
        if fence is not None:
            fence.check(tx)
        tx.forget_window(pair.name, side)
        for rows in scratch.noted(side, BATCH):
            tx.unmark_listed(pair.name, side, [record for record, _ in rows if record not in before])

    yield from effects.commit(forget)


def _read_singly(session: Session, pair: Pair, before: Before, legs: Ids) -> Flow[Observed]:
    prepare(session, pair, before)
    now = yield from effects.now()
    outcome = outcome_of(pair, before)
    outcome.sample = GLIMPSE if session.writes else SAMPLE
    for side in SIDES:
        missing = yield from read_records(session, pair, side, legs[side])
        failures = [a for a in missing.values() if isinstance(a, Error) and not isinstance(a, DataError)]
        if failures and len(failures) == len(legs[side]):
            raise failures[0]
        yield from note_absent(session, pair, outcome, side, missing, now)
    yield from read_partners(session, pair, outcome, now)
    yield from decide_bound(session, pair, outcome)
    for side in SIDES:
        outcome.count(side, "quarantined", sum(f.side == side for f in session.faults.get(pair.name, [])))
    yield from count_day(pair, outcome.tally, now)
    outcome.plan.holds = apply_brakes(outcome.tally, pair.mapping.policy.brakes)
    return Observed(outcome, {}, before, [])
