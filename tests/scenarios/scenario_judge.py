"""Hold what came against what the file says, in the words of the file.

The judge keeps the story's own idea of both systems. People's steps and the writes that a run is said to make change
it; nothing else does. So every record, question and parked value that a run does not name is checked to be as before.
"""

import itertools
from dataclasses import dataclass
from typing import Any

from scenario_door import Sent
from scenario_file import Rows, Run, spread, spread_names
from scenario_stage import OBJECTS, Stage
from scenario_witness import KIND_OF, Belief, Witness, named, spell, tell, without_blanks

from tallystick.core.record import SIDES, Side


@dataclass
class Difference(Exception):
    """What a scenario says and what came, line by line."""

    title: str
    at: str
    lines: list[str]

    def __str__(self) -> str:
        """Give one line per difference, in the words of the file."""
        return "\n".join([f"{self.title}: {self.at}", *(f"  {line}" for line in self.lines)])


class Judge:
    """Compares a stage with a scenario, step by step."""

    def __init__(self, title: str, stage: Stage) -> None:
        self.title = title
        self.stage = stage
        self.belief = Belief()
        self.witness = Witness(stage, self.belief)
        self.at = ""
        self.asks: list[str] = []
        self.parks: list[str] = []
        self.waits: list[str] = []
        self.held: list[str] = []
        self.lines: list[str] = []

    def must(self, what: str, came: Any, expected: Any) -> None:
        """Note a difference."""
        if came != expected:
            self.lines.append(f"{what}: expected {_say(expected)}, came {_say(came)}")

    def finish(self) -> None:
        """Raise ``Difference`` if anything differed since the last time."""
        if self.lines:
            raise Difference(self.title, self.at, self.lines)

    def compare_run(self, wanted: Run, result: Any, since: float) -> None:
        """Compare all that a run came to; ``since`` is when it began."""
        self.compare_writes(wanted)
        if wanted.order:
            self.must("order", [f"{s.op} {self.witness.subject(s)}" for s in self.stage.sent], wanted.order)
        self._compare_journal(wanted, since)
        self.asks = self.asks if wanted.asks is None else sorted(wanted.asks)
        self.parks = self.parks if wanted.parks is None else sorted(wanted.parks)
        self.waits, self.held = sorted(spread_names(wanted.waits)), sorted(wanted.held)
        self.must("waits", self.witness.waiting(), self.waits)
        self.compare_standing()
        self._compare_result(wanted, result)
        self.finish()

    def compare_plan(self, wanted: Run, result: Any) -> None:
        """Compare what a plan says with the file; it sends nothing and changes nothing."""
        self.must("writes", self._told(), [])
        for side in SIDES:
            expected = []
            for name, row in spread(wanted.creates(side)).items():
                expected.append(f"create {name}: {', '.join(sorted({'name', *row} - {'is'}))}")
            for name, row in spread(wanted.updates(side)).items():
                expected.append(f"update {name}: {', '.join(sorted(row))}")
            expected += [f"delete {n}" for n in spread_names(wanted.deletes(side))]
            self.must(f"planned on the {side}", self.witness.planned(side, result.plan.operations), sorted(expected))
        self.compare_standing()
        self._compare_result(wanted, result)
        self.finish()

    def compare_further(self, result: Any) -> None:
        """Compare a run after the story, which must do nothing (I-2)."""
        self.must("writes", self._told(), [])
        self.compare_standing()
        self._balance(result)
        self.finish()

    def compare_writes(self, wanted: Run) -> None:
        """Hold the writes that reached the systems against the file, and let the story's tables follow."""
        for side in SIDES:
            sent = [s for s in self.stage.sent if s.side == side]
            creates, updates = spread(wanted.creates(side)), spread(wanted.updates(side))
            deletes = spread_names(wanted.deletes(side))
            made = [s for s in sent if s.op == "create" and s.outcome == "done"]
            self._name_created(side, sorted(made, key=lambda s: s.kind == OBJECTS["address"]), creates)
            expected = [tell("create", n, named(n, row)) for n, row in creates.items()]
            expected += [tell("update", n, row) for n, row in updates.items()] + [
                tell("delete", n, {}) for n in deletes
            ]
            done = [self.witness.told(s) for s in sent if s.outcome == "done"]
            self.must(f"writes on the {side}", sorted(done), sorted(expected))
            for outcome, said in (("refused", wanted.refuses(side)), ("repeated", wanted.repeats(side))):
                names = [self.witness.subject(s) for s in sent if s.outcome == outcome]
                self.must(f"{outcome} writes on the {side}", sorted(names), sorted(spread_names(said)))
            self._believe(side, creates, updates, spread(wanted.holds(side)), deletes)

    def _believe(self, side: Side, creates: Rows, updates: Rows, holds: Rows, deletes: list[str]) -> None:
        rows = self.belief.rows[side]
        for name, row in creates.items():
            rows[name] = without_blanks(named(name, row))
        for name, row in itertools.chain(updates.items(), holds.items()):
            rows[name] = without_blanks({**rows.get(name, {}), **row})
        for name in deletes:
            rows.pop(name, None)

    def _name_created(self, side: Side, sent: list[Sent], creates: Rows) -> None:
        """Give every record that a run made the name that the file has for it: the one with the same name and key."""
        ids = self.belief.ids[side]
        for one in sent:
            keys = one.values.get("name"), one.values.get("vat")
            fits = next((n for n, row in creates.items() if (row.get("name", n), row.get("vat")) == keys), None)
            if one.kind == OBJECTS["address"]:
                fits = self.witness.subject(one)
            if fits is not None:
                if fits in ids and ids[fits][1] != one.id:
                    ids[f"{fits} (before)"] = ids[fits]
                ids[fits] = (KIND_OF[one.kind], one.id)

    def compare_standing(self) -> None:
        """Compare the records of both sides, the open questions and the parked records with the story so far."""
        for side in SIDES:
            found, said = self.witness.table(side), self.belief.rows[side]
            for name in sorted({*found, *said}):
                self.must(f"{side} {name}", found.get(name), said.get(name))
        self.must("asks", self.witness.asked(), self.asks)
        self.must("parks", self.witness.parked(), self.parks)

    def _compare_result(self, wanted: Run, result: Any) -> None:
        held = {f"{h.kind} on the {h.side}" for p in result.plan.pairs for h in p.holds}
        self.must("held", sorted(held), sorted(wanted.held))
        self.must("fails", "; ".join(sorted({error.code for error in result.failures.values()})), wanted.fails)
        reasons = self.witness.reasons(result)
        for name, code in wanted.because.items():
            if code not in reasons.get(name, []):
                came = ", ".join(sorted(set(reasons.get(name, []))))
                self.lines.append(f"because of {name}: expected {code}, came {came or 'no reason'}")
        self._balance(result)

    def _compare_journal(self, wanted: Run, since: float) -> None:
        for side in SIDES:
            said = wanted.journal(side)
            if said is not None:
                spelled = {name: {k: spell(v) for k, v in row.items()} for name, row in said.items()}
                self.must(f"{side} journal", self.witness.journal(side, since), spelled)

    def _balance(self, result: Any) -> None:
        """R-17.1: every listed record has exactly one disposition; those read one by one besides have one, too."""
        for plan in result.plan.pairs:
            for side, listed in plan.listed.items():
                counted = sum(plan.dispositions.get(side, {}).values())
                if counted < listed:
                    self.lines.append(f"the {side} listed {listed} records, {counted} have a disposition")

    def _told(self) -> list[str]:
        return [self.witness.told(s) for s in self.stage.sent]


def _say(value: Any) -> str:
    if value in (None, [], "", {}):
        return "nothing"
    if isinstance(value, dict):
        return ", ".join(f"{k}: {_say(v)}" for k, v in value.items())
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)
