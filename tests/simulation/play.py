"""Play one seed: a busy time with people, workers and faults, then quiet, then judgement."""

import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.dice import Dice
from tests.simulation.paper import Paper
from tests.simulation.people import Crowd
from tests.simulation.rest import NUMBERS, Stillness
from tests.simulation.scenario import PAIR
from tests.simulation.truth import Table
from tests.simulation.worker import Worker
from tests.simulation.world import START, Violation, World

from tallystick.core.error import Error
from tallystick.core.record import SIDES

BRAKES = frozenset({"deletes", "empty_side", "shrink", "updates", "blanks", "creates", "duplicates", "changed"})
FIRST = frozenset({"first_contact"})
MOST_ROUNDS = 5


@dataclass(slots=True)
class Report:
    """What a seed came to. ``law`` and ``story`` are empty if nothing was wrong."""

    seed: int
    law: str = ""
    story: str = ""
    steps: int = 0
    requests: int = 0
    runs: int = 0
    rounds: int = 0
    hours: float = 0.0
    writes: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    limits: Counter[str] = field(default_factory=Counter)
    deeds: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    records: int = 0
    is_settled: bool = False
    is_repeated: bool = False


def play(
    seed: int,
    *,
    state: Any = None,
    paper: Callable[[], Any] = Paper,
    trace: Callable[[str], None] | None = None,
    forgiven: frozenset[str] = frozenset(),
) -> Report:
    """Play one seed from beginning to end; whatever is wrong stands in the report."""
    world = World(seed, state=state, paper=paper, trace=trace, forgiven=forgiven)
    game = Game(world)
    report = Report(seed)
    try:
        game.play()
    except Violation as violation:
        report.law, report.story = violation.law, violation.story
    except Exception as crash:  # noqa: BLE001 - an exception that is none of the tree is a finding too
        frames = traceback.extract_tb(crash.__traceback__)[-2:]
        where = ", ".join(f"{f.filename.rpartition('/')[2]}:{f.lineno}" for f in frames)
        report.law, report.story = "I-11", f"{type(crash).__name__}: {crash} at {where}"
        world.note(report.story)
    game.end()
    oracle = world.oracle
    report.steps, report.requests, report.runs, report.rounds = world.steps, world.requests, game.runs, game.rounds
    report.hours = (world.now - START) / 3600
    report.writes = Counter(
        created=oracle.engine_creates, updated=oracle.engine_updates, deleted=oracle.engine_deletes
    )  # fmt: skip
    report.faults, report.limits, report.deeds = world.faults, world.limits, world.deeds
    report.kinds = world.kinds + Counter(request=world.requests)
    report.records = sum(len(table.lives) for table in world.tables.values())
    report.is_settled = game.is_settled
    return report


class Game:
    """The order of events in one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.dice = Dice(f"{world.seed}-game")
        self.crowd = Crowd(world, Dice(f"{world.seed}-people"))
        self.working: dict[int, Worker] = {}
        self.runs = 0
        self.rounds = 0
        self.last: Any = None
        self.is_settled = False
        self.approved: frozenset[int] | None = None

    def play(self) -> None:
        """Live, come to rest, judge."""
        world, scenario = self.world, self.world.scenario
        self.crowd.begin()
        for _ in range(scenario.workers):
            self._call_in(self.dice.between(0.0, scenario.pause))
        self._brew()
        world.live_until(START + scenario.length)
        self._calm_down()
        self._trust_windows()
        self._settle()
        still = Stillness(world)
        still.check()
        self._check_quiet(still)
        self.is_settled = True

    def end(self) -> None:
        """Stop whoever still works."""
        for worker in list(self.working.values()):
            worker.state = "dead"
            worker.session.close()

    # --- the busy time ---

    def _call_in(self, wait: float) -> None:
        self.world.at(self.world.now + wait, self._start)

    def _start(self) -> None:
        world, scenario = self.world, self.world.scenario
        if not world.stormy:
            return
        if self.dice.hits(scenario.overhauls):
            world.overhaul()
        options: dict[str, Any] = {"released": FIRST, "full": self.dice.hits(0.1), "patience": scenario.patience}
        mode = "run"
        if self.approved is not None:
            mode, options["approved"], self.approved = "apply", self.approved, None
        elif self.dice.hits(scenario.plans):
            mode = "plan"
        self._work(mode, alone=scenario.workers == 1, **options)

    def _work(self, mode: str, **options: Any) -> Worker:
        self.runs += 1
        worker = Worker(self.world, self.runs, mode, self._ended, **options)
        self.working[self.runs] = worker
        self.world.note("start", worker.name, mode)
        worker.resume()
        return worker

    def _ended(self, worker: Worker, result: Any) -> None:
        del self.working[worker.number]
        self.last = result
        world = self.world
        if result is not None:
            self._judge_result(worker, result)
            if worker.mode == "plan":
                self.approved = frozenset(op.fingerprint for op in result.plan.operations)
        if world.stormy:
            self._call_in(self.dice.between(0.1, 2 * world.scenario.pause))

    def _judge_result(self, worker: Worker, result: Any) -> None:
        for error in result.failures.values():
            self.world.note("failure", worker.name, repr(error))
            lease = error.code == "store" and ("lease" in str(error) or "another run" in str(error))
            if not self.world.holds_lease(worker):  # it read a state that somebody else was changing
                continue
            if error.code in {"bug", "error", "project"} or (error.code == "store" and not lease):
                self.world.fail("R-3.2" if error.code == "store" else "R-17.1", f"{worker.name}: {_told(error)}")

    def _brew(self) -> None:
        """Let storms and blindness come up."""
        world, scenario = self.world, self.world.scenario
        if not world.stormy:
            return
        for network in world.networks.values():
            if self.dice.hits(scenario.storms * 10):
                network.storm_until = world.now + self.dice.between(1.0, 200.0)
                world.count_fault("storm")
            if self.dice.hits(scenario.blind * 10):
                network.grow_blind(self.dice.between(1.0, 400.0))
                world.count_fault("blindness")
        world.at(world.now + 30.0, self._brew)

    # --- quiet ---

    def _calm_down(self) -> None:
        """No more faults and people; what is on its way lands, whoever works ends or dies."""
        world = self.world
        world.stormy = False
        for network in world.networks.values():
            network.storm_until = 0.0
            network.blind_until = min(network.blind_until, world.now)
            network.weather = type(network.weather)(slow=network.weather.slow)
        if self.dice.hits(0.5):
            for worker in list(self.working.values()):
                worker.die()
        self.crowd.clean_up()
        world.live_until(world.now + 700.0)
        if self.working:
            world.live_while(lambda: bool(self.working), 7200.0)

    def _trust_windows(self) -> None:
        """Run by windows alone, where systems can list what changed and rows cannot shift meanwhile (I-14)."""
        natures = self.world.scenario.natures.values()
        if any(n.can.since and n.can.list_order == "offset" for n in natures) or not any(n.can.since for n in natures):
            return
        for _ in range(3):
            self._wait()
            self._run_at_rest(full=False)
        Stillness(self.world).check_windows()

    def _settle(self) -> None:
        """Run until nothing is left to do; more rounds than the evidence needs are a failure to converge (I-1)."""
        for _ in range(MOST_ROUNDS):
            self._wait()
            self.rounds += 1
            # The first run under a changed configuration looks for nobody who is absent, so its silence proves little.
            is_new = self._is_configured_anew()
            if self._run_at_rest().is_empty and not is_new and not self._has_doubts():
                return
        left = [f"{o.action} {o.reason} {o.side}" for o in self.last.plan.operations[:3]]
        left += [f"{n} lines" for n in (self.last.plan.lines,) if n] + ["doubts"] * self._has_doubts()
        story = f"after {self.rounds} rounds there is still something to do: {left}"
        self.world.fail("I-1" if self.last.plan.writes else "I-2", story)

    def _is_configured_anew(self) -> bool:
        state = self.world.state.look(lambda tx: tx.pair_state(PAIR))
        [pair] = self.world.pairs
        return state is not None and (state.mapping, state.scope) != (pair.mapping_print, pair.scope_print)

    def _has_doubts(self) -> bool:
        """Whether an absence still waits for its proof; a person is asked only where nobody can be its witness.

        One read that denies an unpaired record is followed by a second one later (R-4.3), and what a listing has only
        just paired is looked at again (R-10.14).
        """
        marks, asked, bindings, intents = self.world.state.look(
            lambda tx: (
                [m for s in SIDES for m in tx.dirty(PAIR, s, 1e12, 1000)], tx.queue(), tx.bindings(NUMBERS).values(),
                tx.open_intents(PAIR),
            )
        )  # fmt: skip
        unvouched = {q.subject for q in asked if "vouches" in q.detail}
        paired = {(s, b.leg(s).id) for b in bindings if b.state == "linked" for s in SIDES}
        tables = self.world.tables
        lives = {(s, x.id) for s in SIDES for x in tables[s] if (s, x.id) in paired}
        open_ones = {q.binding for q in asked} | {i.binding for i in intents}
        settled = paired - {(s, b.leg(s).id) for b in bindings if b.id in open_ones for s in SIDES}
        put_off = ("unresolved", "may not have been listed")
        if any(any(w in m.reason for w in put_off) and (m.side, m.id) in settled for m in marks):
            return True
        waiting = {(s, b.leg(s).id) for b in bindings if b.id in {i.binding for i in intents} for s in SIDES}
        if any("unresolved" in m.reason and (m.side, m.id) in paired - waiting for m in marks):
            return True  # what was paired at the end of a run is looked at by the next one
        if any(m.attempts == 1 and m.id in tables[m.side].lives and not _is_alive(tables[m.side], m.id) for m in marks):
            return True
        return any(
            f"{m.side}/{m.id}" not in unvouched or any(s == m.side and i != m.id for s, i in lives)
            for m in marks if "missing" in m.reason
        )  # fmt: skip

    def _wait(self) -> None:
        world = self.world
        natures = world.scenario.natures.values()
        longest = max(n.can.quiesce + n.can.consistency + n.can.in_flux for n in natures)
        world.live_until(world.now + longest + 61.0)

    def _run_at_rest(self, *, full: bool = True) -> "Done":
        worker = self._work("run", released=FIRST | BRAKES, full=full, mortal=False, patience=1000.0)
        self.world.live_while(lambda: bool(self.working), 7200.0)
        for error in self.last.failures.values():
            self.world.fail("I-17", f"{worker.name} failed though nothing is wrong any more: {_told(error)}")
        return Done(worker, self.last)

    def _check_quiet(self, still: Stillness) -> None:
        """A plan has nothing to say, and a further run writes nothing and reads no single record (I-2, Q5)."""
        world = self.world
        worker = self._work("plan", full=True, mortal=False)
        world.live_while(lambda: bool(self.working), 7200.0)
        if not self.last.plan.is_empty:
            world.fail("I-2", f"a plan at rest is not empty: {[o.reason for o in self.last.plan.operations[:3]]}")
        done = self._run_at_rest()
        worker = done.worker
        is_told = still.waiting or still.subjects or self._remembers_unseen()
        if worker.writes or (worker.reads and not is_told):
            world.fail("I-2", f"a further run wrote {worker.writes} and read {worker.reads} single records")
        world.limits["reads for standing questions"] += worker.reads

    def _remembers_unseen(self) -> bool:
        """Whether a side shows nobody, so that unpaired ones of before are asked for singly until it shows somebody."""
        is_empty = any(not any(life.now.alive for life in table) for table in self.world.tables.values())
        return is_empty and bool(self.world.state.look(lambda tx: tx.has_lone("records")))


def _is_alive(table: Table, record: str) -> bool:
    return table.lives[record].now.alive


@dataclass(slots=True)
class Done:
    """A run that ended."""

    worker: Worker
    result: Any

    @property
    def is_empty(self) -> bool:
        """Whether it found nothing to do."""
        return self.result.plan.is_empty and not self.worker.writes


def _told(error: Error) -> str:
    return f"{type(error).__name__} {error}"
