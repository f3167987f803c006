"""Take back a run: read every record that it wrote, decide what still can be undone, and leave the rest to people.

It is a run like any other (plan, brakes, intents, audit trail, and it can itself be undone); only what it looks at and
who decides differ: the audit trail names the records, ``core.undo`` decides.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import partial

from tallystick.core.binding import Binding, JournalEntry, LedgerRow
from tallystick.core.decision import Decision, Question
from tallystick.core.ports import Flow
from tallystick.core.record import SIDES, Side, Value, decode_fields, encode_fields
from tallystick.core.state import StoreTx
from tallystick.core.undo import BUSY, Written, undo
from tallystick.engine import effects
from tallystick.engine.decide import BATCH, look_of
from tallystick.engine.draft import Draft, writing_refs
from tallystick.engine.observe import Before, Observed
from tallystick.engine.pair import Pair
from tallystick.engine.reread import begin, finish, is_busy, read_legs
from tallystick.engine.session import Session

MOST_ROWS = 10_000_000
_UNDOABLE = frozenset({"create", "update", "delete", "archive", "undelete"})


@dataclass(frozen=True, slots=True)
class Undoing:
    """What shall be taken back: a run, or only some records of it, named by ``ID`` or ``side/ID``."""

    run: str
    records: Collection[str] = ()

    def observe(self, session: Session, pair: Pair, before: Before) -> Flow[Observed]:
        """Read what the run wrote and decide how to take it back; stands in for ``engine.observe.observe``."""
        outcome = begin(session, pair, before)
        standing = {(q.binding, q.field): q.id for q in before.questions if q.kind == "undo"}
        rows = yield from effects.look(partial(_rows, self.run, pair.name))
        of_binding: dict[int, list[LedgerRow]] = {}
        for row in rows:
            of_binding.setdefault(row.binding or 0, []).append(row)
        numbers = sorted(of_binding)
        for start in range(0, len(numbers), BATCH):
            chunk = numbers[start : start + BATCH]
            bindings = yield from effects.look(partial(_bindings, chunk))
            wanted = {n: b for n, b in bindings.items() if self._is_wanted(b, of_binding[n])}
            matter = _Matter(self.run, of_binding, standing)
            yield from _decide(session, pair, Draft(session, pair, outcome), wanted, matter)
        return (yield from finish(pair, outcome, before))

    def _is_wanted(self, binding: Binding, rows: Sequence[LedgerRow]) -> bool:
        known = {(side, binding.leg(side).id) for side in SIDES} | {(row.side, row.record) for row in rows}
        spelled = {record for _, record in known} | {f"{side}/{record}" for side, record in known}
        return not self.records or any(record in spelled for record in self.records)


@dataclass(frozen=True, slots=True)
class _Matter:
    """The run, its writes by binding, and the questions of earlier undos by binding and field."""

    run: str
    rows: dict[int, list[LedgerRow]]
    standing: dict[tuple[int | None, str], int]


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


def _decide(session: Session, pair: Pair, draft: Draft, bindings: dict[int, Binding], matter: _Matter) -> Flow[None]:
    kept = yield from effects.look(partial(_kept, sorted(bindings)))
    seen = yield from read_legs(session, pair, bindings.values())
    run = matter.run
    found = [row[3] for row in seen.values() if row[3]]
    found += [base for b in bindings.values() for base in (b.left.base, b.right.base) if base]
    found += [encode_fields(decode_fields(e.value)) for k in kept.values() for e in k.journal if e.run == run]
    refs = yield from writing_refs(pair, found)
    for number, binding in bindings.items():
        left, right = (look_of(draft, binding, side, seen.get((number, side))) for side in SIDES)
        written = _written(pair, matter.rows[number], kept[number], run)
        decision = undo(binding.state, (left.base, right.base), (left.observed, right.observed), written)
        if is_busy(session, pair, number):
            decision = Decision("undo.wait", "queued", questions=(Question("undo", -1, BUSY),), settled=False)
        if decision.writes or decision.questions:
            line = draft.line(binding, decision, left.seen, right.seen, refs, ())
            asked = {ask.field for ask in line.asks}
            line.closes = tuple(i for (b, name), i in matter.standing.items() if b == number and name not in asked)
            draft.add(line)
        draft.outcome.count_decision(decision, list({row.side for row in written.rows}))
    yield from draft.save()


def _written(pair: Pair, rows: Sequence[LedgerRow], kept: _Kept, run: str) -> Written:
    """Gather what the run did to a binding, and what was done to it after the run."""
    positions = {name: i for i, name in enumerate(pair.mapping.names)}
    ended = max(row.at for row in rows)
    # A run that was killed, or whose write was refused, left only what it was about to overwrite.
    wrote = {(row.run, row.side) for row in kept.ledger}
    before: dict[tuple[Side, int], Value] = {}
    later: set[tuple[Side, int]] = set()
    for entry in kept.journal:
        at = positions.get(entry.field)
        if at is None:
            continue
        if entry.run == run:
            [before[entry.side, at]] = decode_fields(entry.value)
        elif entry.at > ended and (entry.run, entry.side) in wrote:
            later.add((entry.side, at))
    others = [row for row in kept.ledger if row.run != run and row.at > ended and row.op in _UNDOABLE]
    return Written(tuple(rows), before, frozenset(later), frozenset(row.side for row in others))
