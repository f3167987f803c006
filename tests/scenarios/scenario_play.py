"""Play a scenario: do what people and systems do, run the engine, let the judge compare."""

from typing import Any

from scenario_door import Fault, Killed
from scenario_file import Case, Change, Crash, Failure, Rows, Run, Step, spread, spread_names
from scenario_judge import Difference, Judge
from scenario_stage import ADDRESS, OBJECTS, Stage, seconds
from scenario_witness import ADDRESS_OF, named

from tallystick.core.record import SIDES, Side

FIRST = frozenset({"first_contact"})


def find_differences(case: Case, stage: Stage) -> str:
    """Play a case; give what differs from the file, or nothing."""
    try:
        Player(case, stage).play()
    except Difference as difference:
        return str(difference)
    return ""


class Player:
    """Plays one case on a stage."""

    def __init__(self, case: Case, stage: Stage) -> None:
        self.case = case
        self.stage = stage
        self.judge = Judge(case.title, stage)
        self.belief = self.judge.belief
        self.witness = self.judge.witness
        self.approved: frozenset[int] = frozenset()

    def play(self) -> None:
        """Play all steps and then see that nothing more happens."""
        self._begin()
        for number, step in enumerate(self.case.steps, 1):
            self.judge.at = f"step {number}, {step.verb}"
            self._step(step)
        self._end()

    def _begin(self) -> None:
        start = self.case.start
        self.judge.at = "the start"
        for side in SIDES:
            self._add(side, {n: _on(side, row) for n, row in spread(start.both).items()})
        if start.both:
            for _ in range(2):
                self.stage.go(full=True, released=FIRST | {"creates", "updates"})
            self.judge.compare_standing()
            self.judge.finish()
        for side, rows in (("left", start.left), ("right", start.right)):
            self._add(side, spread(rows))  # type: ignore[arg-type] # the two words are sides

    def _step(self, step: Step) -> None:
        verb, what = step.verb, step.what
        first, _, rest = verb.partition(" ")
        if first in SIDES:
            self._person(first, rest, what)
        elif verb == "wait":
            self.stage.pass_time(seconds(what))
        elif verb == "change":
            self._change(what)
        elif verb == "crash":
            self._crash(what)
        else:
            self._run(verb, what)

    def _person(self, side: Side, verb: str, what: Any) -> None:
        door = self.stage.doors[side]
        match verb:
            case "adds":
                self._add(side, spread(what))
            case "edits":
                for name, values in spread(what).items():
                    self._edit(side, name, values)
            case "deletes":
                for name in spread_names(what):
                    kind, record = self.belief.ids[side][name]
                    self.stage.shelf(side, kind).delete(record)
                    del self.belief.rows[side][name]
            case "restores":
                for name in spread_names(what):
                    self._restore(side, name)
            case "fails":
                door.faults.append(self._fault(side, what))
            case "heals":
                door.faults.clear()

    def _edit(self, side: Side, name: str, values: dict[str, Any]) -> None:
        kind, record = self.belief.ids[side][name]
        if values == {"lines": "turned around"}:
            self.stage.shelf(side, "contact").reverse(record)
            return
        self.stage.shelf(side, kind).update(record, self.witness.in_ids(side, values))
        self._believe_stored(side, name)

    def _add(self, side: Side, rows: Rows) -> None:
        for name, row in rows.items():
            values = named(name, row)
            kind = values.pop("is", "address" if name.startswith(ADDRESS_OF) else "company")
            apart = kind == "company" and self._spec(side).address_apart
            address = {at: values.pop(at) for at in ADDRESS if apart and at in values}
            record = self.stage.shelf(side, kind).create(self.witness.in_ids(side, values))
            self.belief.ids[side][name] = (kind, record)
            self._believe_stored(side, name)
            if address:
                self._add(side, {f"{ADDRESS_OF}{name}": address})

    def _believe_stored(self, side: Side, name: str) -> None:
        """What a person entered is as the system shows it: its habits are part of how things stand."""
        kind, record = self.belief.ids[side][name]
        self.belief.rows[side][name] = self.witness.in_names(side, self.stage.shelf(side, kind).record(record))

    def _restore(self, side: Side, name: str) -> None:
        """Take a record out of the bin: the same id, the values it had."""
        kind, record = self.belief.ids[side][name]
        shelf = self.stage.shelf(side, kind)
        if self._spec(side).marks_deleted:
            shelf._keep(record, {**shelf.record(record), "deleted": False}, 99, shelf.now())
        else:
            shelf.create(self.stage.binned[side, kind, record])
        self._believe_stored(side, name)

    def _spec(self, side: Side) -> Any:
        return self.case.left if side == "left" else self.case.right

    def _fault(self, side: Side, failure: Failure) -> Fault:
        known = [self.belief.ids[side][n] for n in failure.of if n in self.belief.ids[side]]
        ids = frozenset((OBJECTS[kind], record) for kind, record in known)
        then = {
            (OBJECTS[kind], str(row["id"])): self.stage.shelf(side, kind).row(str(row["id"]))
            for kind in self.stage.kinds(side)
            if not (kind == "contact" and self._spec(side).lines_inside)
            for row in self.stage.shelf(side, kind)
        }
        return Fault(failure, ids, failure.times, then)

    def _change(self, change: Change) -> None:
        where = {
            "left": self.case.left.where if change.left_where is None else change.left_where,
            "right": self.case.right.where if change.right_where is None else change.right_where,
        }
        whole = change.model_copy(
            update={
                "policy": {**self.case.policy, **change.policy},
                "fields": {**self.case.fields, **change.fields},
                "match": self.case.match if change.match is None else change.match,
            }
        )
        self.stage.change(whole, where)

    def _crash(self, crash: Crash) -> None:
        moment = "before" if crash.before else "after"
        side, op = (crash.before or crash.after).split(" ")
        self.stage.sent.clear()
        self.stage.doors[side].death = (moment, op)  # type: ignore[index] # the file says left or right
        try:
            self.stage.go(full=True, released=FIRST)
        except Killed:
            pass
        else:
            self.judge.lines.append(
                f"the run should have died {moment} a {op} on the {side}, but it never came to that"
            )
        self.stage.doors[side].death = None  # type: ignore[index] # likewise
        self.judge.compare_writes(crash)
        self.judge.compare_standing()
        self.judge.finish()

    def _run(self, verb: str, wanted: Run) -> None:
        options: dict[str, Any] = {"full": verb.startswith("full")}
        mode = "plan" if verb.endswith("plan") else "apply" if verb == "apply" else "run"
        if mode == "run":
            options["released"] = FIRST | set(wanted.released)
        if mode == "apply":
            options |= {"approved": self.approved, "released": frozenset(wanted.released), "full": True}
        self.stage.sent.clear()
        since = self.stage.now
        result = self.stage.go(mode, **options)
        if mode == "plan":
            self.approved = frozenset(o.fingerprint for o in result.plan.operations)
            self.judge.compare_plan(wanted, result)
        else:
            self.judge.compare_run(wanted, result, since)

    def _end(self) -> None:
        """Whatever the story was: further runs do nothing (I-2), and where nothing waits nothing is left to plan."""
        judge = self.judge
        for judge.at in ("a further run", "a further full run", "a further run an hour later"):
            if "hour" in judge.at and not judge.waits:
                self.stage.pass_time(3600)
            self.stage.sent.clear()
            for door in self.stage.doors.values():
                door.reads = 0
            result = self.stage.go(full="full" in judge.at, released=FIRST)
            judge.compare_further(result)
        if not (judge.waits or judge.held or result.failures):
            if not self.case.reads_on:
                judge.must("single records read", sum(d.reads for d in self.stage.doors.values()), 0)
            plan = self.stage.go("plan", full=True).plan
            judge.must("a further plan", [f"{o.action} {o.reason} {o.note}" for o in plan.operations], [])
            judge.finish()


def _on(side: Side, row: dict[str, Any]) -> dict[str, Any]:
    """Give one side's values of a row for both; ``{left: x}`` alone means that the right does not show the field."""
    found: dict[str, Any] = {}
    for name, value in row.items():
        if not isinstance(value, dict):
            found[name] = value
        elif side in value:
            found[name] = value[side]
    return found
