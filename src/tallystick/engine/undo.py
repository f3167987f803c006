"""Take back a run: read every record that it wrote, decide what still can be undone, and leave the rest to people.

It is a run like any other (plan, brakes, intents, audit trail, and it can itself be undone); only what it looks at and
who decides differ: the audit trail names the records, ``core.undo`` decides.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import partial

from tallystick.core.binding import Binding, JournalEntry, LedgerRow
from tallystick.core.brake import apply_brakes
from tallystick.core.ports import Flow
from tallystick.core.record import SIDES, Side, Value, decode_fields, encode_fields
from tallystick.core.state import StoreTx
from tallystick.core.undo import Written, undo
from tallystick.engine import effects
from tallystick.engine.decide import BATCH, look_of
from tallystick.engine.draft import Draft, writing_refs
from tallystick.engine.observe import Before, Observed, count_day, outcome_of, prepare
from tallystick.engine.outcome import SAMPLE
from tallystick.engine.pair import Pair
from tallystick.engine.session import Session
from tallystick.engine.verify import read_records

MOST_ROWS = 10_000_000
_UNDOABLE = frozenset({"create", "update", "delete", "archive", "undelete"})


@dataclass(frozen=True, slots=True)
class Undoing:
    """What shall be taken back: a run, or only some records of it, named by their ids on either side."""

    run: str
    records: Collection[str] = ()

    def observe(self, session: Session, pair: Pair, before: Before) -> Flow[Observed]:
        """Read what the run wrote and decide how to take it back; stands in for ``engine.observe.observe``."""
        prepare(session, pair, before)
        outcome = outcome_of(pair, before)
        outcome.sample = SAMPLE
        rows = yield from effects.look(partial(_rows, self.run, pair.name))
        of_binding: dict[int, list[LedgerRow]] = {}
        for row in rows:
            of_binding.setdefault(row.binding or 0, []).append(row)
        numbers = sorted(of_binding)
        for start in range(0, len(numbers), BATCH):
            chunk = numbers[start : start + BATCH]
            bindings = yield from effects.look(partial(_bindings, chunk))
            wanted = {n: b for n, b in bindings.items() if self._is_wanted(b, of_binding[n])}
            yield from _decide(session, pair, Draft(session, pair, outcome), wanted, of_binding, self.run)
        yield from count_day(pair, outcome.tally, (yield from effects.now()))
        outcome.plan.holds = apply_brakes(outcome.tally, pair.mapping.policy.brakes)
        return Observed(outcome, {}, before, [])

    def _is_wanted(self, binding: Binding, rows: Sequence[LedgerRow]) -> bool:
        known = {binding.left.id, binding.right.id, *(row.record for row in rows)}
        return not self.records or any(record in known for record in self.records)


@dataclass(slots=True)
class _Kept:
    """What the journal and the audit trail know of a binding."""

    journal: list[JournalEntry] = field(default_factory=list)
    ledger: list[LedgerRow] = field(default_factory=list)


def _rows(run: str, pair: str, tx: StoreTx) -> list[LedgerRow]:
    found = tx.ledger(run=run, limit=MOST_ROWS)
    return [row for row in found if row.pair == pair and row.binding and row.op in _UNDOABLE]


def _bindings(numbers: Sequence[int], tx: StoreTx) -> dict[int, Binding]:
    return tx.bindings(numbers)


def _kept(numbers: Sequence[int], tx: StoreTx) -> dict[int, _Kept]:
    return {n: _Kept(tx.journal(n), tx.ledger(binding=n, limit=MOST_ROWS)) for n in numbers}


def _decide(
    session: Session,
    pair: Pair,
    draft: Draft,
    bindings: dict[int, Binding],
    rows: dict[int, list[LedgerRow]],
    run: str,
) -> Flow[None]:
    scratch = session.scratch(pair)
    for side in SIDES:
        ids = [i for b in bindings.values() if (i := b.leg(side).id) is not None]
        yield from read_records(session, pair, side, ids)
    kept = yield from effects.look(partial(_kept, sorted(bindings)))
    seen = {s: scratch.sights(s, [i for b in bindings.values() if (i := b.leg(s).id)]) for s in SIDES}
    found = [row[3] for of_side in seen.values() for row in of_side.values() if row[3]]
    found += [base for b in bindings.values() for base in (b.left.base, b.right.base) if base]
    found += [encode_fields(decode_fields(e.value)) for k in kept.values() for e in k.journal if e.run == run]
    refs = yield from writing_refs(pair, found)
    for number, binding in bindings.items():
        left, right = (look_of(draft, binding, side, seen[side].get(binding.leg(side).id or "")) for side in SIDES)
        written = _written(pair, rows[number], kept[number], run)
        decision = undo(binding.state, (left.base, right.base), (left.observed, right.observed), written)
        if decision.writes or decision.questions:
            draft.add(draft.line(binding, decision, left.seen, right.seen, refs, ()))
        draft.outcome.count_decision(decision, list({row.side for row in written.rows}))
    yield from draft.save()


def _written(pair: Pair, rows: Sequence[LedgerRow], kept: _Kept, run: str) -> Written:
    """Gather what the run did to a binding, and what was done to it after the run."""
    positions = {name: i for i, name in enumerate(pair.mapping.names)}
    ended = max(row.at for row in rows)
    before: dict[tuple[Side, int], Value] = {}
    later: set[tuple[Side, int]] = set()
    for entry in kept.journal:
        at = positions.get(entry.field)
        if at is None:
            continue
        if entry.run == run:
            [before[entry.side, at]] = decode_fields(entry.value)
        elif entry.at > ended:
            later.add((entry.side, at))
    others = [row for row in kept.ledger if row.run != run and row.at > ended and row.op in _UNDOABLE]
    return Written(tuple(rows), before, frozenset(later), frozenset(row.side for row in others))
