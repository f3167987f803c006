"""What deciding a pair came to: the numbers for brakes and people, some lines to show, what was left for later."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tallystick.core.binding import Dirty, Op
from tallystick.core.brake import Tally
from tallystick.core.decision import Decision
from tallystick.core.error import StoppedByRule
from tallystick.core.event import Decided
from tallystick.core.merge import drifting_side
from tallystick.core.plan import Drift, Operation, PairPlan
from tallystick.core.record import SIDES, UNKNOWN, Side, decode_fields, other
from tallystick.engine.line import Line, Step, blanked_by
from tallystick.engine.pair import Pair
from tallystick.engine.showing import operations_of

SAMPLE = 10_000  # lines of a pair that a plan shows in full; all count and all have fingerprints
GLIMPSE = 100  # lines that a run keeps to show; it carries them out anyway


@dataclass(slots=True)
class Outcome:
    """The numbers of one pair's run. ``names`` is the field order of bases written under an older mapping.

    ``alone`` are records of the batch in hand that stay unpaired, ``unlone`` those whose remembered keys are void.
    ``whole`` are the sides of which this run saw every record; ``hides_nobody`` tells that no record without
    counterpart can have been overlooked; ``shifting`` are the sides of which nobody can be sure of that, so that
    nothing is made there, and ``unsure`` the single records, (side, id), whose counterpart may be there all the same.
    ``ended_empty`` are the sides whose listing ended with an empty page, ``cut_short`` those of them where somebody is
    there all the same who was known before.
    """

    plan: PairPlan
    tally: Tally
    fields: tuple[str, ...]
    names: tuple[str, ...]
    new_fields: frozenset[int] = frozenset()
    decided: int = 0
    sample: int = SAMPLE
    shown: list[Operation] = field(default_factory=list)
    dirty: list[Dirty] = field(default_factory=list)
    retouched: list[tuple[Side, str]] = field(default_factory=list)
    drifted: set[tuple[Side, str]] = field(default_factory=set)
    raised: set[tuple[str, str]] = field(default_factory=set)
    absent: list[tuple[Side, str]] = field(default_factory=list)
    missed: list[tuple[Side, str]] = field(default_factory=list)
    alive: list[tuple[Side, str]] = field(default_factory=list)
    falling: dict[int, set[int]] = field(default_factory=dict)
    unvouched: list[tuple[Side, str, int]] = field(default_factory=list)
    alone: list[str] = field(default_factory=list)
    unlone: list[tuple[Side, str]] = field(default_factory=list)
    whole: set[Side] = field(default_factory=set)
    hides_nobody: bool = True
    shifting: set[Side] = field(default_factory=set)
    unsure: set[tuple[Side, str]] = field(default_factory=set)
    ended_empty: set[Side] = field(default_factory=set)
    cut_short: set[Side] = field(default_factory=set)
    done: dict[str, int] = field(default_factory=dict)
    passed: dict[str, int] = field(default_factory=dict)
    _of_kind: dict[tuple[str, str], int] = field(default_factory=dict)

    def count(self, side: Side, disposition: str, number: int = 1) -> None:
        """Count listed records of a side under their disposition (R-17.1)."""
        of_side = self.plan.dispositions.setdefault(side, {})
        of_side[disposition] = of_side.get(disposition, 0) + number

    def count_decision(self, decision: Decision, listed: Sequence[Side]) -> None:
        """Count a decision for each side whose listing showed the record."""
        for side in listed:
            self.count(side, decision.disposition)

    def leave(self, line: Line, listed: Sequence[Side], reason: str) -> None:
        """Keep a record for the next run: it could not be decided now."""
        for side in listed:
            record = line.seen(side).id
            if record is not None:
                self.dirty.append(Dirty(self.plan.pair, side, record, reason))

    def retouch(self, line: Line, listed: Sequence[Side]) -> None:
        """Remember that a record was looked at and nothing new came of it, so that its bytes are known."""
        self.retouched += [(s, i) for s in listed if (i := line.seen(s).id) is not None]

    def note_drift(self, pair: Pair, line: Line) -> None:
        """Count the values of a record that differ and may not be carried over; they are looked at anew each time."""
        if not line.drift:
            return
        left, right = (decode_fields(seen) if seen else () for seen in (line.left.fields, line.right.fields))
        for i in line.drift:
            side, name = drifting_side(pair.mapping.fields[i].policy), self.fields[i]
            self.plan.drift[side, name] = self.plan.drift.get((side, name), 0) + 1
            self.drifted.add((side, line.seen(side).id or ""))
            if len(self.plan.drifting) < GLIMPSE:
                values = (at[i] if at else UNKNOWN for at in (left, right))
                self.plan.drifting.append(Drift(side, name, line.left.id, line.right.id, *values))

    def add(self, line: Line) -> None:
        """Count a planned line and keep it for people to see."""
        self.decided += 1
        for step in line.steps:
            key: tuple[Side, Op] = (step.side, step.op)
            self.tally.writes[key] = self.tally.writes.get(key, 0) + 1
            self.count_action(step.side, step.op)
            self._count_blanks(line, step)
            for words in step.warned:
                self.plan.warned[step.side, words] = self.plan.warned.get((step.side, words), 0) + 1
        self._note_stops(line)
        if line.binding == 0 and not any(s.op == "create" for s in line.steps) and line.action:
            self.count_action("both", "link")
        elif line.action in {"converge", "unlink"}:
            self.count_action("both", line.action)
        if line.asks:
            self.count_action("both", "ask")
        if line.faults:
            self.count_action("both", "park")
        self.show(line)

    def count_births(self, side: Side, target: Side, number: int) -> None:
        """Count records of ``side`` for each of which one is to be made on ``target``."""
        if number:
            self.decided += number
            self.count(side, "written", number)
            key: tuple[Side, Op] = (target, "create")
            self.tally.writes[key] = self.tally.writes.get(key, 0) + number
            self.count_action(target, "create", number)

    def _note_stops(self, line: Line) -> None:
        """Remember which records break a rule that says stop; what was decided anew is judged anew."""
        ids = {(side, record) for side in SIDES if (record := line.seen(side).id) is not None}
        for records in self.tally.stopping.values():
            records.difference_update(ids)
        for fault in line.faults:
            record = line.seen(other(fault.side)).id or line.seen(fault.side).id
            if fault.code == StoppedByRule.code and record is not None:
                self.tally.stopping.setdefault((fault.side, fault.message), set()).add((other(fault.side), record))

    def retract(self, line: Line) -> None:
        """Take a counted line back; what it blanked or asked is not counted again."""
        self.decided -= 1
        for step in line.steps:
            self.tally.writes[step.side, step.op] -= 1
            of_side = self.plan.actions[step.side]
            of_side[step.op] -= 1
            if not of_side[step.op]:
                del of_side[step.op]
        self.shown = [shown for shown in self.shown if shown.fingerprint != line.print]

    def show(self, line: Line) -> None:
        """Keep the first lines, and of every kind of line the first ones, so that no kind hides behind another."""
        kind = (line.action or ("ask" if line.asks else "park"), line.steps[0].side if line.steps else "")
        number = self._of_kind[kind] = self._of_kind.get(kind, 0) + 1
        if len(self.shown) < self.sample or number <= GLIMPSE:
            self.shown += operations_of(self.plan.pair, self.fields, line)

    def count_action(self, side: str, action: str, number: int = 1) -> None:
        """Count what is planned for a side, or for both."""
        of_side = self.plan.actions.setdefault(side, {})
        of_side[action] = of_side.get(action, 0) + number

    def _count_blanks(self, line: Line, step: Step) -> None:
        for i in blanked_by(line, step):
            key = (step.side, self.fields[i])
            self.tally.blanked[key] = self.tally.blanked.get(key, 0) + 1

    def progress(self) -> Decided:
        """Say how many records were decided so far."""
        return Decided(self.plan.pair, self.decided)

    @property
    def listed(self) -> dict[str, int]:
        """How many records each side listed."""
        return {s: sum(self.plan.dispositions.get(s, {}).values()) for s in SIDES}
