"""Play a scenario: do what people do, run the engine, compare everything that came with what the file says.

The player keeps its own idea of both systems. People's steps and the writes that a run is said to make change it;
nothing else does. So every record, question and parked value that a run does not name is checked to be as before.
"""

import itertools
from dataclasses import dataclass, field
from typing import Any

from scenario_door import Fault, Killed, Sent
from scenario_file import Case, Change, Crash, Failure, Rows, Run, Step, spread, spread_names
from scenario_stage import KINDS, MAPPINGS, READ_ONLY, Stage, seconds

from tallystick.core.plan import shown
from tallystick.core.record import SIDES, Side, decode_fields

KIND_OF = {name: kind for kind, name in MAPPINGS.items()}
FIRST = frozenset({"first_contact"})
UNSEEN = {*READ_ONLY, "deleted", "ref"}


@dataclass
class Difference(Exception):  # noqa: N818 - it is what the scenario is about, not an error of a program
    """What a scenario says and what came, line by line."""

    title: str
    at: str
    lines: list[str]

    def __str__(self) -> str:
        """Give one line per difference, in the words of the file."""
        return "\n".join([f"{self.title}: {self.at}", *(f"  {line}" for line in self.lines)])


@dataclass
class Belief:
    """What the story says stands in the systems: per side the records by name, and their ids."""

    rows: dict[Side, Rows] = field(default_factory=lambda: {s: {} for s in SIDES})
    ids: dict[Side, dict[str, tuple[str, str]]] = field(default_factory=lambda: {s: {} for s in SIDES})

    def name_of(self, side: Side, kind: str, record: str) -> str | None:
        """Give the name of a record."""
        return next((name for name, at in self.ids[side].items() if at == (kind, record)), None)


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
        self.belief = Belief()
        self.asks: list[str] = []
        self.parks: list[str] = []
        self.waits: list[str] = []
        self.held: list[str] = []
        self.approved: frozenset[int] = frozenset()
        self.at = ""
        self.lines: list[str] = []

    def play(self) -> None:
        """Play all steps and then see that nothing more happens."""
        self._begin()
        for number, step in enumerate(self.case.steps, 1):
            self.at = f"step {number}, {step.verb}"
            self._step(step)
        self._end()

    # --- the story --------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        start = self.case.start
        self.at = "the start"
        for side in SIDES:
            self._add(side, {n: _on(side, row) for n, row in spread(start.both).items()})
        if start.both:
            for _ in range(2):
                self.stage.go(full=True, released=FIRST | {"creates", "updates"})
            self._must("nothing asked at the start", self._asked(), [])
            self._must("nothing parked at the start", self._parked(), [])
            self._compare_tables()
            self._finish()
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
                    kind, record = self.belief.ids[side][name]
                    self.stage.shelf(side, kind).update(record, self._in_ids(side, values))
                    self._believe_stored(side, name)
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

    def _add(self, side: Side, rows: Rows) -> None:
        for name, row in rows.items():
            values = {"name": name, **row}
            kind = values.pop("is", "company")
            record = self.stage.shelf(side, kind).create(self._in_ids(side, values))
            self.belief.ids[side][name] = (kind, record)
            self._believe_stored(side, name)

    def _believe_stored(self, side: Side, name: str) -> None:
        """What a person entered is as the system shows it: its habits are part of how things stand."""
        kind, record = self.belief.ids[side][name]
        self.belief.rows[side][name] = self._in_names(side, self.stage.shelf(side, kind).record(record))

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
        names = [self.belief.ids[side][n][1] for n in failure.of if n in self.belief.ids[side]]
        then = {
            (MAPPINGS[kind], str(row["id"])): self.stage.shelf(side, kind).row(str(row["id"]))
            for kind in KINDS
            for row in self.stage.shelf(side, kind)
        }
        return Fault(failure, frozenset(names) if failure.of else frozenset(), failure.times, then)

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

    # --- running ----------------------------------------------------------------------------------------------------

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
            self.lines.append(f"the run should have died {moment} a {op} on the {side}, but it never came to that")
        self.stage.doors[side].death = None  # type: ignore[index] # likewise
        self._compare_writes(crash)
        self._compare_tables()
        self._finish()

    def _run(self, verb: str, wanted: Run) -> None:
        options: dict[str, Any] = {"full": verb.startswith("full")}
        mode = "plan" if verb.endswith("plan") else "apply" if verb == "apply" else "run"
        if mode == "run":
            options["released"] = FIRST | set(wanted.released)
        if mode == "apply":
            options |= {"approved": self.approved, "released": frozenset(wanted.released), "full": True}
        self.stage.sent.clear()
        started = self.stage.now
        result = self.stage.go(mode, **options)
        if mode == "plan":
            self.approved = frozenset(o.fingerprint for o in result.plan.operations)
            self._compare_planned(wanted, result)
        else:
            self._compare_writes(wanted)
            if wanted.order:
                self._must("order", [f"{s.op} {self._subject(s)}" for s in self.stage.sent], wanted.order)
            self._compare_journal(wanted, started)
            self._expect_lists(wanted)
        self._compare_tables()
        self._compare_lists(check_waits=mode != "plan")
        self._compare_result(wanted, result, reasons=True)
        self._balance(result)
        self._finish()

    def _expect_lists(self, wanted: Run) -> None:
        self.asks = self.asks if wanted.asks is None else wanted.asks
        self.parks = self.parks if wanted.parks is None else wanted.parks
        self.waits, self.held = spread_names(wanted.waits), list(wanted.held)

    def _end(self) -> None:
        """Whatever the story was: further runs do nothing (I-2), and where nothing waits nothing is left to plan."""
        for self.at in ("a further run", "a further full run", "a further run an hour later"):
            self.stage.sent.clear()
            if "hour" in self.at and not self.waits:
                self.stage.pass_time(3600)
            for door in self.stage.doors.values():
                door.reads = 0
            result = self.stage.go(full="full" in self.at, released=FIRST)
            self._must("writes", [self._told(s) for s in self.stage.sent], [])
            self._compare_tables()
            self._must("asks", self._asked(), sorted(self.asks))
            self._must("parks", self._parked(), sorted(self.parks))
            self._balance(result)
            self._finish()
        if not (self.waits or self.held or result.failures):
            if not self.case.reads_on:
                self._must("single records read", sum(d.reads for d in self.stage.doors.values()), 0)
            self._finish()
        if not (self.waits or self.held or result.failures):
            self.at = "a further plan"
            plan = self.stage.go("plan", full=True).plan
            self._must("lines of the plan", [f"{o.action} {o.reason} {o.note}" for o in plan.operations], [])
            self._finish()

    # --- comparing --------------------------------------------------------------------------------------------------

    def _compare_writes(self, wanted: Run) -> None:
        """Hold the writes that reached the systems against the file, and let the story's tables follow."""
        for side in SIDES:
            sent = [s for s in self.stage.sent if s.side == side]
            creates = spread(getattr(wanted, f"{side}_creates"))
            self._name_created(side, [s for s in sent if s.op == "create" and s.outcome == "done"], creates)
            lines = [self._told(s) for s in sent if s.outcome == "done"]
            expected = [_told(side, "create", n, {"name": n, **row}) for n, row in creates.items()]
            updates = spread(getattr(wanted, f"{side}_updates"))
            expected += [_told(side, "update", n, row) for n, row in updates.items()]
            deletes = spread_names(getattr(wanted, f"{side}_deletes"))
            expected += [_told(side, "delete", n, {}) for n in deletes]
            self._must(f"writes on the {side}", sorted(lines), sorted(expected))
            for outcome in ("refused", "repeated"):
                names = [self._subject(s) for s in sent if s.outcome == outcome]
                said = spread_names(getattr(wanted, f"{side}_{'refuses' if outcome == 'refused' else 'repeats'}"))
                self._must(f"{outcome} writes on the {side}", sorted(names), sorted(said))
            for name, row in creates.items():
                self.belief.rows[side][name] = _plain({"name": name, **row})
            for name, row in itertools.chain(updates.items(), spread(getattr(wanted, f"{side}_holds")).items()):
                before = self.belief.rows[side].get(name, {})
                self.belief.rows[side][name] = _plain({**before, **row})
            for name in deletes:
                self.belief.rows[side].pop(name, None)

    def _name_created(self, side: Side, sent: list[Sent], creates: Rows) -> None:
        """Give every record that a run made the name that the file has for it: the one with the same values."""
        for one in sent:
            kind, values = KIND_OF[one.kind], self._in_names(side, one.values)
            fits = [n for n, row in creates.items() if _plain({"name": n, **row} | {"is": ""}) == values | {"is": ""}]
            fits = fits or [n for n, row in creates.items() if values.get("name") in {n, row.get("name")}]
            if fits:
                ids = self.belief.ids[side]
                if fits[0] in ids and ids[fits[0]][1] != one.id:
                    ids[f"{fits[0]} (before)"] = ids[fits[0]]
                ids[fits[0]] = (kind, one.id)

    def _told(self, sent: Sent) -> str:
        return _told(sent.side, sent.op, self._subject(sent), self._in_names(sent.side, sent.values, whole=False))

    def _subject(self, sent: Sent) -> str:
        kind = KIND_OF[sent.kind]
        name = self.belief.name_of(sent.side, kind, sent.id) if sent.id else None
        return name or str(sent.values.get("name") or f"record {sent.id}")

    def _compare_planned(self, wanted: Run, result: Any) -> None:
        """A plan sends nothing and says what a run would do."""
        self._must("writes", [self._told(s) for s in self.stage.sent], [])
        for side in SIDES:
            lines = []
            for op in result.plan.operations:
                if op.side == side and op.action in {"create", "update", "delete", "archive"}:
                    where = op.source if op.action == "create" else op.target
                    at = ("right" if side == "left" else "left") if op.action == "create" else side
                    name = self.belief.name_of(at, KIND_OF[op.pair], where or "") or f"record {where}"
                    lines.append(f"{op.action} {name}: {', '.join(sorted(c.field for c in op.changes))}")
            expected = []
            for verb in ("create", "update"):
                rows = spread(getattr(wanted, f"{side}_{verb}s"))
                for name, row in rows.items():
                    fields = {"name", *row} if verb == "create" else set(row)
                    expected.append(f"{verb} {name}: {', '.join(sorted(fields - {'is'}))}")
            lines = [line if not line.startswith("delete") else line.split(":")[0] for line in lines]
            expected += [f"delete {n}" for n in spread_names(getattr(wanted, f"{side}_deletes"))]
            self._must(f"planned on the {side}", sorted(lines), sorted(expected))

    def _compare_tables(self) -> None:
        for side in SIDES:
            found: Rows = {}
            for kind in KINDS:
                for row in self.stage.shelf(side, kind):
                    if not row.get("deleted"):
                        name = self.belief.name_of(side, kind, str(row["id"])) or f"unexpected record {row['id']}"
                        found[name] = self._in_names(side, row)
            for name in sorted({*found, *self.belief.rows[side]}):
                self._must(f"{side} {name}", found.get(name), self.belief.rows[side].get(name))

    def _compare_lists(self, *, check_waits: bool) -> None:
        self._must("asks", self._asked(), sorted(self.asks))
        self._must("parks", self._parked(), sorted(self.parks))
        if check_waits:
            self._must("waits", self._waiting(), sorted(self.waits))

    def _compare_result(self, wanted: Run, result: Any, *, reasons: bool) -> None:
        held = {f"{h.kind} on the {h.side}" for p in result.plan.pairs for h in p.holds}
        self._must("held", sorted(held), sorted(wanted.held))
        failures = "; ".join(sorted({error.code for error in result.failures.values()}))
        self._must("fails", failures, wanted.fails)
        if reasons:
            for name, code in wanted.because.items():
                found = sorted(set(self._reasons(result).get(name, [])))
                if code not in found:
                    self.lines.append(f"because of {name}: expected {code}, came {', '.join(found) or 'no reason'}")

    def _compare_journal(self, wanted: Run, started: float) -> None:
        for side in SIDES:
            said: Rows | None = getattr(wanted, f"{side}_journal")
            if said is None:
                continue
            kept: Rows = {}
            for binding, name in self._bindings().items():
                for entry in self.stage.look(lambda tx, b=binding: tx.journal(b)):
                    if entry.at >= started and entry.side == side:
                        kept.setdefault(name, {})[entry.field] = _shown(decode_fields(entry.value)[0])
            self._must(f"{side} journal", kept, {n: {k: _shown(v) for k, v in r.items()} for n, r in said.items()})

    def _balance(self, result: Any) -> None:
        """R-17.1: every listed record has exactly one disposition; those read one by one besides have one, too."""
        for plan in result.plan.pairs:
            for side, listed in plan.listed.items():
                counted = sum(plan.dispositions.get(side, {}).values())
                if counted < listed:
                    self.lines.append(f"the {side} listed {listed} records, {counted} have a disposition")

    # --- names and ids ----------------------------------------------------------------------------------------------

    def _in_ids(self, side: Side, values: dict[str, Any]) -> dict[str, Any]:
        """Put ids where the file has names."""
        found = dict(values)
        known = self.belief.ids[side].get(str(found.get("company")))
        if known:
            found["company"] = known[1]
        return found

    def _in_names(self, side: Side, row: dict[str, Any], *, whole: bool = True) -> dict[str, Any]:
        """Put names where a record has ids; what only the system cares for is left out, and what is blank if ``whole``."""
        found = {k: v for k, v in row.items() if k not in UNSEEN and (v is not None or not whole)}
        if found.get("company"):
            found["company"] = self.belief.name_of(side, "company", str(found["company"])) or found["company"]
        return found

    def _bindings(self) -> dict[int, str]:
        found: dict[int, str] = {}
        for pair in self.stage.pairs:
            for side in SIDES:
                ids = [r for n, (k, r) in self.belief.ids[side].items() if MAPPINGS[k] == pair.name]
                for record, fact in self.stage.look(
                    lambda tx, p=pair.name, s=side, i=ids: tx.leg_facts(p, s, i)
                ).items():
                    name = self.belief.name_of(side, KIND_OF[pair.name], record)
                    found.setdefault(fact.binding, name or record)
        return found

    def _named(self, pair: str, subject: str) -> str:
        side, _, record = subject.partition("/")
        if record.startswith("row-"):
            return f"a row of the {side}"  # it has no id of its own
        return self.belief.name_of(side, KIND_OF[pair], record) or subject  # type: ignore[arg-type] # a side

    def _asked(self) -> list[str]:
        queue = self.stage.look(lambda tx: tx.queue())
        return sorted(
            f"{q.kind}: {q.field + ' of ' if q.field else ''}{self._named(q.pair, q.subject)}" for q in queue
        )

    def _parked(self) -> list[str]:
        rows = self.stage.look(lambda tx: tx.quarantine())
        return sorted(
            f"{p.code}: {p.field + ' of ' if p.field else ''}{self._named(p.pair, f'{p.side}/{p.record}')}"
            for p in rows
        )

    def _waiting(self) -> list[str]:
        later = self.stage.now + 10**9
        return sorted({
            self._named(pair.name, f"{side}/{mark.id}")
            for pair in self.stage.pairs
            for side in SIDES
            for mark in self.stage.look(lambda tx, p=pair.name, s=side: tx.dirty(p, s, later, 10_000))
        })  # fmt: skip

    def _reasons(self, result: Any) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for op in result.plan.operations:
            kind = KIND_OF[op.pair]
            ends = {"left": op.target, "right": op.source} if op.side == "left" else {"right": op.target, "left": op.source}
            for side, record in ends.items():
                name = self.belief.name_of(side, kind, record or "")  # type: ignore[arg-type] # a side
                if name:
                    found.setdefault(name, []).append(op.reason)
        later = self.stage.now + 10**9
        for pair in self.stage.pairs:
            for side in SIDES:
                for mark in self.stage.look(lambda tx, p=pair.name, s=side: tx.dirty(p, s, later, 10_000)):
                    found.setdefault(self._named(pair.name, f"{side}/{mark.id}"), []).append(mark.reason)
        return found

    def _must(self, what: str, came: Any, expected: Any) -> None:
        if came != expected:
            self.lines.append(f"{what}: expected {_say(expected)}, came {_say(came)}")

    def _finish(self) -> None:
        if self.lines:
            raise Difference(self.case.title, self.at, self.lines)


def _on(side: Side, row: dict[str, Any]) -> dict[str, Any]:
    """Give one side's values of a row for both; ``{left: x}`` alone means that the right does not show the field."""
    found: dict[str, Any] = {}
    for name, value in row.items():
        if not isinstance(value, dict):
            found[name] = value
        elif side in value:
            found[name] = value[side]
    return found


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in row.items() if v is not None and k != "is"}


def _told(side: Side, op: str, name: str, values: dict[str, Any]) -> str:
    changes = ", ".join(f"{k}: {_shown(v)}" for k, v in sorted(values.items()) if k != "is")
    return f"{op} {name}" + (f" ({changes})" if op != "delete" else "")


def _shown(value: Any) -> str:
    return "blank" if value is None else str(shown(value))


def _say(value: Any) -> str:
    if value in (None, [], "", {}):
        return "nothing"
    if isinstance(value, dict):
        return ", ".join(f"{k}: {_say(v)}" for k, v in value.items())
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)
