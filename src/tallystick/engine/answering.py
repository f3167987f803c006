"""Carry out what a person answered: look at exactly the records that were asked about, decide as they said.

A run like any other (plan, brakes, intents, audit trail, and it can be undone). An answer counts for the values that
the question was asked about: where either side changed since, the question is asked again with what is there now.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from tallystick.core.answer import DELETION_KINDS, FIELD_KINDS, Answer, answered, deletion_obstacle, field_obstacle
from tallystick.core.binding import Binding, QueueItem
from tallystick.core.decision import Decision
from tallystick.core.observation import Gone, Missing
from tallystick.core.ports import Flow
from tallystick.core.reconcile import reconcile
from tallystick.core.record import SIDES, Side, other
from tallystick.core.state import StoreTx
from tallystick.engine import effects
from tallystick.engine.decide import BATCH, Look, line_of, look_of
from tallystick.engine.draft import Draft, WriteRefs, writing_refs
from tallystick.engine.observe import Before, Observed
from tallystick.engine.pair import Pair
from tallystick.engine.reread import begin, finish, is_busy, read_legs
from tallystick.engine.session import Session
from tallystick.engine.settlement import KEPT

STALE = "it changed since it was asked about; look at it again"
SETTLED = frozenset({"written", "converged", "unchanged"})
BUSY = "the outcome of an earlier write to it is not known yet; run, then answer again"


@dataclass(frozen=True, slots=True)
class Answering:
    """Which side is right, by the number of the question; ``person`` says so.

    ``refused`` gathers the answers that cannot be carried out: a sentence, by the number of the question.
    """

    answers: Mapping[int, Side]
    person: str = "somebody"
    refused: dict[int, str] = field(default_factory=dict)

    def observe(self, session: Session, pair: Pair, before: Before) -> Flow[Observed]:
        """Read the records and decide as was answered; stands in for ``engine.observe.observe``."""
        outcome = begin(session, pair, before)
        asked: dict[int, list[QueueItem]] = {}
        for item in before.questions:
            if item.id in self.answers and item.binding is not None:
                asked.setdefault(item.binding, []).append(item)
        numbers = sorted(asked)
        for start in range(0, len(numbers), BATCH):
            chunk = numbers[start : start + BATCH]
            bindings = yield from effects.look(partial(_bindings, chunk))
            rows = yield from read_legs(session, pair, bindings.values())
            found = [row[3] for row in rows.values() if row[3]]
            found += [leg.base for b in bindings.values() for leg in (b.left, b.right) if leg.base]
            refs = yield from writing_refs(pair, found)
            draft = Draft(session, pair, outcome)
            for number, binding in bindings.items():
                left, right = (look_of(draft, binding, side, rows.get((number, side))) for side in SIDES)
                self._decide(draft, binding, asked[number], (left, right), refs)
            yield from draft.save()
        return (yield from finish(pair, outcome, before))

    def _decide(
        self, draft: Draft, binding: Binding, items: Sequence[QueueItem], looks: tuple[Look, Look], refs: WriteRefs
    ) -> None:
        if is_busy(draft.session, draft.pair, binding.id):
            self.refused.update({item.id: BUSY for item in items})
            return
        seen = (looks[0].observed, looks[1].observed)
        for item in items:
            why = STALE if is_stale(item, looks) else self._obstacle(draft.pair, binding, item, looks)
            if why:
                self.refused[item.id] = why
        taken = [item for item in items if item.id not in self.refused]
        bases = (looks[0].base, looks[1].base)
        if not taken and all(self.refused[item.id] != STALE for item in items):
            return
        decision = (
            answered(binding.state, bases, seen, draft.pair.pairing, self._answer(draft.pair, taken))
            if taken
            else reconcile(binding.state, bases, seen, draft.pair.pairing)
        )
        self._plan(draft, binding, items, decision, looks, refs)

    def _obstacle(self, pair: Pair, binding: Binding, item: QueueItem, looks: tuple[Look, Look]) -> str:
        """Say why a question cannot be settled by taking that side; empty if it can."""
        taken, seen = self.answers[item.id], (looks[0].observed, looks[1].observed)
        if item.kind in FIELD_KINDS:
            index = pair.mapping.names.index(item.field) if item.field in pair.mapping.names else -1
            loser = pair.end(other(taken))
            why = field_obstacle(item.kind, index, taken, binding.state, seen, pair.pairing)
            return why or ("" if loser.can.update else f"{loser.system} does not let its records be changed")
        if item.kind not in DELETION_KINDS:
            return "no side can be taken here"
        why = deletion_obstacle(binding.state, seen)
        if why:
            return why
        gone: Side = "left" if isinstance(seen[0], Gone | Missing) else "right"
        target = pair.end(other(gone) if taken == gone else gone)
        if taken != gone:
            return "" if target.can.create else f"{target.system} does not let records be created"
        able = {"archive": target.can.update, "unlink": True}.get(pair.pairing.deletion(gone), target.can.delete)
        return "" if able else f"{target.system} does not let its records be deleted"

    def _answer(self, pair: Pair, items: Sequence[QueueItem]) -> Answer:
        fields = {pair.mapping.names.index(i.field): self.answers[i.id] for i in items if i.kind in FIELD_KINDS}
        record = next((self.answers[i.id] for i in items if i.kind in DELETION_KINDS), None)
        return Answer(fields, record)

    def _plan(
        self,
        draft: Draft,
        binding: Binding,
        items: Sequence[QueueItem],
        decision: Decision,
        looks: tuple[Look, Look],
        refs: WriteRefs,
    ) -> None:
        line = line_of(draft, binding, decision, looks, refs)
        faulty = {fault.field: fault.message for fault in line.faults}
        taken = [item for item in items if item.id not in self.refused]
        for item in taken:
            why = (
                faulty.get(item.field) if item.field else next(iter(faulty.values()), None) if not line.steps else None
            )
            if why is not None:
                self.refused[item.id] = why
        taken = [item for item in taken if item.id not in self.refused]
        line.closes = tuple(item.id for item in taken)
        line.said = tuple(self._said(draft.pair, item) for item in taken)
        if line.disposition in SETTLED:
            raised = {(ask.kind, ask.field) for ask in line.asks}
            stale = [item for item in items if self.refused.get(item.id) == STALE and item.kind not in KEPT]
            line.closes += tuple(item.id for item in stale if (item.kind, item.field) not in raised)
        draft.outcome.count_decision(decision, [s for s, at in zip(SIDES, looks, strict=True) if at.listed])
        if line.steps or line.asks or line.closes:
            draft.add(line)

    def _said(self, pair: Pair, item: QueueItem) -> str:
        what = f"{item.kind} on {item.field}" if item.field else item.kind
        return f"{what}: {pair.end(self.answers[item.id]).system} is right (by {self.person})"


def is_stale(item: QueueItem, looks: tuple[Look, Look]) -> bool:
    """Whether a side holds something else than what the question was asked about."""
    pairs = zip((item.left_seen, item.right_seen), looks, strict=True)
    return any(asked is not None and at.seen.digest is not None and asked != at.seen.digest for asked, at in pairs)


def _bindings(numbers: Sequence[int], tx: StoreTx) -> dict[int, Binding]:
    return tx.bindings(numbers)
