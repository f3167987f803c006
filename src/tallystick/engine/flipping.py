"""Bring back the value that lost a conflict which was settled, by a policy or by a person (R-6.5).

It is written to where it was overwritten, as a user would write it: nothing is agreed by that, so the next look at the
record carries it over like any other edit. What happened since stands in its way as it does for an undo.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import msgspec

from tallystick.core.binding import Binding, JournalEntry
from tallystick.core.merge import allows
from tallystick.core.ports import Flow
from tallystick.core.record import SIDES, Side, Value, decode_fields, encode_fields, other
from tallystick.core.state import StoreTx
from tallystick.core.undo import AGAIN, BUSY, CHANGED, LOST, bring_back
from tallystick.engine import effects
from tallystick.engine.decide import BATCH, look_of
from tallystick.engine.draft import Draft, WriteRefs, writing_refs
from tallystick.engine.observe import Before, Observed
from tallystick.engine.pair import Pair
from tallystick.engine.reread import Rows, begin, finish, is_busy, read_legs
from tallystick.engine.session import Session

NONE_LOST = "no conflict about it was settled, or the value that lost is not kept any more"
THERE = "the value that lost is there again"
Losers = dict[tuple[Side, int], Value]


@dataclass(frozen=True, slots=True)
class Flipping:
    """Whose losers shall come back: by mapping the bindings, and of these only some ``fields`` (all if none is named).

    ``refused`` gathers what cannot be brought back and why, by binding and field; the field is empty for a record.
    """

    bindings: Mapping[str, Sequence[int]]
    fields: frozenset[str] = frozenset()
    refused: dict[tuple[int, str], str] = field(default_factory=dict)

    def observe(self, session: Session, pair: Pair, before: Before) -> Flow[Observed]:
        """Read the records and decide what can come back; stands in for ``engine.observe.observe``."""
        outcome = begin(session, pair, before)
        numbers = sorted(self.bindings.get(pair.name, ()))
        for start in range(0, len(numbers), BATCH):
            chunk = numbers[start : start + BATCH]
            bindings, journal = yield from effects.look(partial(_known, chunk))
            rows = yield from read_legs(session, pair, bindings.values())
            losers = {n: self._losers(pair, n, journal[n]) for n in bindings}
            refs = yield from writing_refs(pair, _encoded(rows, losers.values()))
            draft = Draft(session, pair, outcome)
            for number, binding in bindings.items():
                if losers[number]:
                    self._decide(draft, binding, losers[number], rows, refs)
            yield from draft.save()
        return (yield from finish(pair, outcome, before))

    def _losers(self, pair: Pair, number: int, journal: Sequence[JournalEntry]) -> Losers:
        """Choose the losers of the last settled conflict, or the last ones of the fields that were named."""
        found: Losers = {}
        newer: dict[tuple[Side, str], set[str]] = {}
        chosen: dict[str, str] = {}
        for entry in journal:
            name = entry.field
            wanted = name in self.fields if self.fields else not chosen or entry.run in chosen.values()
            if entry.reason.endswith(LOST) and name in pair.mapping.names and name not in chosen and wanted:
                chosen[name] = entry.run
                why = _obstacle(pair, entry, newer)
                if why:
                    self.refused[number, name] = why
                else:
                    [found[entry.side, pair.mapping.names.index(name)]] = decode_fields(entry.value)
            newer.setdefault((entry.side, name), set()).add(entry.run)
        for name in self.fields - chosen.keys() if self.fields else () if chosen else ("",):
            self.refused[number, name] = NONE_LOST
        return found

    def _decide(self, draft: Draft, binding: Binding, losers: Losers, rows: Rows, refs: WriteRefs) -> None:
        number, names = binding.id, draft.pair.mapping.names
        if is_busy(draft.session, draft.pair, number):
            self.refused[number, ""] = BUSY
            return
        left, right = (look_of(draft, binding, side, rows.get((number, side))) for side in SIDES)
        decision = bring_back(binding.state, (left.base, right.base), (left.observed, right.observed), losers)
        for question in decision.questions:
            self.refused[number, names[question.index] if question.index >= 0 else ""] = question.detail
        if not decision.writes:
            for name in () if decision.questions else {names[i] for _, i in losers}:
                self.refused[number, name] = THERE
            return
        line = draft.line(binding, replace(decision, questions=()), left.seen, right.seen, refs, ())
        for fault in line.faults:
            self.refused[number, fault.field] = fault.message
        line.faults = ()
        line.steps = tuple(msgspec.structs.replace(step, is_edit=True) for step in line.steps)
        if line.steps:
            draft.seal(line)
            draft.add(line)


def _obstacle(pair: Pair, entry: JournalEntry, newer: Mapping[tuple[Side, str], set[str]]) -> str:
    """Say what happened since that keeps a value from coming back; ``newer`` are the runs that overwrote values."""
    index = pair.mapping.names.index(entry.field)
    if newer.get((entry.side, entry.field), set()) - {entry.run}:
        return AGAIN
    if newer.get((other(entry.side), entry.field), set()) - {entry.run}:
        return CHANGED
    if not allows(pair.mapping.fields[index].policy, other(entry.side)):
        return f"the mapping does not let the {entry.side} change '{entry.field}'"
    return ""


def _known(numbers: Sequence[int], tx: StoreTx) -> tuple[dict[int, Binding], dict[int, list[JournalEntry]]]:
    return tx.bindings(numbers), {n: tx.journal(n) for n in numbers}


def _encoded(rows: Rows, losers: Iterable[Losers]) -> list[bytes]:
    """Gather every value that a body may be made of, so that what it points to can be looked up."""
    return [row[3] for row in rows.values() if row[3]] + [encode_fields(found.values()) for found in losers]
