"""Look at chosen records anew, whatever cursors say, or let only one field move: a run that is limited to them.

Chosen pairs whose sides can be read by id are read so; otherwise both sides are listed, as for a record that is paired
with nobody, because only who sees everybody knows that it has no counterpart. Nothing else of the pair is remembered:
cursors, marks and what changed beside stay for the next ordinary run.
"""

from dataclasses import dataclass

from tallystick.core.brake import apply_brakes
from tallystick.core.error import DataError, Error
from tallystick.core.ports import Flow
from tallystick.core.record import SIDES, Side
from tallystick.core.selection import Selection
from tallystick.core.state import StoreTx
from tallystick.engine import effects
from tallystick.engine.decide import decide_bound
from tallystick.engine.observe import Before, Observed, observe, outcome_of, prepare
from tallystick.engine.outcome import GLIMPSE, SAMPLE
from tallystick.engine.pair import Pair
from tallystick.engine.session import LIVE, Session, Standing
from tallystick.engine.verify import note_absent, read_partners, read_records

Ids = dict[Side, list[str]]


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
        legs = yield from self._legs(pair, mine)
        if legs is not None:
            return (yield from _read_singly(session, pair, before, legs))
        session.full = True
        observed = yield from observe(session, pair, before)
        faults = [fault for pulled in observed.pulled.values() for fault in pulled.faults]
        session.faults.setdefault(pair.name, []).extend(faults)
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
    outcome.plan.holds = apply_brakes(outcome.tally, pair.mapping.policy.brakes)
    return Observed(outcome, {}, before, [])
