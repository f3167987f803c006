"""One simulated world: a clock, a queue of what is due, two systems, people, workers. Only the engine is real.

Time is a number that jumps to whatever is due next, so hours pass in milliseconds, and the order of everything follows
from the seed alone (I-27).
"""

from collections import Counter
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

from tests.simulation.connector import SimulatedConnector
from tests.simulation.dice import Dice
from tests.simulation.memory_state import NOBODY, MemoryState
from tests.simulation.network import Network
from tests.simulation.oracle import Oracle
from tests.simulation.paper import Paper
from tests.simulation.scenario import PAIR, Scenario, build_pair, draw_scenario
from tests.simulation.truth import Table

from tallystick.core.ports import Call, CallAll, Tell
from tallystick.core.record import Side, other

START = 1_800_000_000.0


class Violation(Exception):
    """An invariant does not hold. ``law`` is its number in the specification."""

    def __init__(self, law: str, story: str) -> None:
        super().__init__(f"{law}: {story}")
        self.law = law
        self.story = story


class World:
    """Everything of one seed. ``trace`` takes a line for each thing that happens, if somebody wants them.

    ``forgiven`` names known defects that do not stop it; ``scenario`` is what it is about, if the seed shall not say.
    """

    def __init__(
        self,
        seed: int,
        *,
        state: Any = None,
        paper: Callable[[], Any] = Paper,
        trace: Callable[[str], None] | None = None,
        forgiven: frozenset[str] = frozenset(),
        scenario: Scenario | None = None,
    ) -> None:
        self.seed = seed
        self.forgiven = forgiven
        self.now = START
        self.steps = 0
        self.requests = 0
        self.kinds: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.limits: Counter[str] = Counter()
        self.deeds: Counter[str] = Counter()
        self._trace = trace
        self._due: list[tuple[float, int, Callable[[], Any]]] = []
        self._count = 0
        self._tokens = 0
        self._horizon = START
        self.dice = Dice(f"{seed}-world")
        self.scenario = scenario or draw_scenario(Dice(seed))
        self.state = state if state is not None else MemoryState()
        self.make_paper = paper
        self.stormy = True
        self.oracle = Oracle(self)
        self.tables: dict[Side, Table] = {
            side: Table(side, nature, lambda: self.now, self.oracle.witness)
            for side, nature in self.scenario.natures.items()
        }
        self.networks = {
            side: Network(self, Dice(f"{seed}-{side}"), weather) for side, weather in self.scenario.weathers.items()
        }
        self.in_flight = {side: nature.can.in_flight for side, nature in self.scenario.natures.items()}
        self.connectors: dict[Side, SimulatedConnector] = {
            side: SimulatedConnector({"record": table}) for side, table in self.tables.items()
        }
        self.generation = 0
        self.overhaul()

    def overhaul(self) -> None:
        """Load the configuration, anew if there was one: its fingerprint changes, what it says does not."""
        self.generation += 1
        self.pairs = [build_pair(self.scenario, self.connectors, self.generation)]

    def opposite(self, table: Table) -> Table:
        """The table on the other side."""
        return self.tables[other(table.name)]

    # --- time ---

    def at(self, when: float, what: Callable[[], Any]) -> None:
        """Let something happen at a time."""
        self._count += 1
        heappush(self._due, (when, self._count, what))

    def is_free_until(self, when: float) -> bool:
        """Pass the time if nobody else is due before; tell whether that was so."""
        if when > self._horizon or (self._due and self._due[0][0] < when):
            return False
        self.now = when
        return True

    def live_until(self, end: float) -> None:
        """Let everything happen that is due by then."""
        self._horizon = end
        due = self._due
        while due and due[0][0] <= end:
            when, _, what = heappop(due)
            self.now = max(self.now, when)
            what()
        self.now = max(self.now, end)

    def live_while(self, busy: Callable[[], bool], longest: float) -> None:
        """Let things happen while somebody is busy."""
        end = self._horizon = self.now + longest
        due = self._due
        while busy():
            if not due or due[0][0] > end:
                raise Violation("I-17", f"a run does not end within {longest:.0f} s")
            when, _, what = heappop(due)
            self.now = max(self.now, when)
            what()

    # --- what workers ask of it ---

    def delay(self, worker: Any, usual: float) -> float:
        """How long an effect takes; a worker may freeze before it, as a swapped-out process does."""
        scenario = self.scenario
        if self.stormy and worker.mortal and self.dice.hits(scenario.freeze):
            self.faults["freeze"] += 1
            # No longer than a request may be under way: what lasts longer is limit W-5.
            longest = min(n.can.in_flux for n in scenario.natures.values()) - 1
            frozen = self.dice.between(1.0, max(2.0, longest))
            self.note("freeze", worker.name, frozen)
            return frozen
        return usual * (0.1 + self.dice.roll()) if usual else 0.0

    def kills(self, where: str, what: str) -> bool:
        """Whether the worker dies ``before`` or ``after`` a commit (``what`` names its work), or at a call."""
        del what
        if self.stormy and self.dice.hits(self.scenario.kill):
            self.faults[f"kill {where}"] += 1
            return True
        return False

    def token(self) -> str:
        """A new identifier."""
        self._tokens += 1
        return f"t{self._tokens:06d}"

    def count_linked(self) -> int:
        """How many records are paired now."""
        found: int = self.state.look(lambda tx: tx.count_linked(PAIR))
        return found

    def holds_lease(self, worker: Any) -> bool:
        """Whether nobody took the pair over since this worker took it (where the state can tell)."""
        tx = getattr(self.state, "tx", None)
        return tx is None or worker.fences.get(PAIR) == tx.leases.get(PAIR, (NOBODY, 0, 0.0))[1]

    def commit(self, worker: Any, work: Callable[[Any], Any]) -> Any:
        """Run a transaction of a worker; no state may change under a lease that is somebody else's (I-30)."""
        answer = self.state.commit(work)
        tx = getattr(self.state, "tx", None)
        if tx is not None:
            if tx.taken is not None:
                pair, fence = tx.taken
                worker.fences[pair] = fence
            if tx.changed:
                holder, fence, _ = tx.leases.get(PAIR, (NOBODY, 0, 0.0))
                if holder == NOBODY or worker.fences.get(PAIR) != fence:
                    self.fail("I-30", f"{worker.name} changed the state without the lease")
                if worker.mode == "plan":
                    self.fail("I-29", f"{worker.name} changed the state in a plan")
                self.oracle.committed(worker, tx)
        return answer

    def count_step(self, kind: type) -> None:
        """Count an effect as a step; of calls, every single request counts (``asked``), and events are none."""
        if kind not in {Tell, Call, CallAll}:
            self.steps += 1
            self.kinds[kind.__name__] += 1

    def asked(self, worker: Any, ask: Any) -> None:
        """Count a request of a worker."""
        self.steps += 1
        self.requests += 1
        if ask.writes:
            worker.writes += 1
            if worker.mode == "plan":
                self.fail("I-29", f"{worker.name} wrote to a system in a plan")
        elif ask.verb != "list":
            worker.reads += 1
        self.note("ask", worker.name, ask)

    def tell(self, worker: Any, event: Any) -> None:
        """Take an event of the engine."""
        self.note("event", worker.name, event)

    # --- what is remembered of it ---

    def count_fault(self, kind: str) -> None:
        """Count a fault."""
        self.faults[kind] += 1

    def note(self, *what: Any) -> None:
        """Write a line into the trace."""
        if self._trace is not None:
            self._trace(f"{self.now - START:12.4f} " + " ".join(map(_shown, what)))

    def known(self, defect: str, law: str, story: str) -> None:
        """Meet a defect that is known and reported: it fails unless the world was told to go on beyond it."""
        if defect not in self.forgiven:
            self.fail(law, f"{story} ({defect})")
        self.limits[f"known: {defect}"] += 1

    def fail(self, law: str, story: str) -> None:
        """Say that an invariant does not hold, and stop the world."""
        self.note("VIOLATION", law, story)
        raise Violation(law, story)


def _shown(what: Any) -> str:
    if isinstance(what, str):
        return what
    state = getattr(what, "fields", None)
    if state is not None and hasattr(what, "number"):
        return f"<{what.number} {'' if what.alive else 'dead '}{state}>"
    if isinstance(what, tuple | list):
        return "[" + ", ".join(_shown(w) for w in what) + "]"
    return repr(what)
