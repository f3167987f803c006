"""A worker: one process that runs the production engine, effect by effect, and may freeze or die at each of them.

An effect that needs no waiting is performed at once while nobody else is due; everything else goes over the world's
queue, so that users, other workers and late requests come in between at every single point.
"""

from typing import Any

from tallystick.core.error import Error, StoreError, Unsent
from tallystick.core.ports import Call, CallAll, Commit, Fresh, Look, Now, Pause
from tallystick.engine.run import run
from tallystick.engine.session import Session

FINISHED = "finished"
DEAD = "dead"


class Worker:
    """One run of the engine. ``on_end`` is told the result, or ``None`` if it died."""

    def __init__(self, world: Any, number: int, mode: str, on_end: Any, **options: Any) -> None:
        self.world = world
        self.number = number
        self.name = f"w{number}"
        self.mode = mode
        self.state = "working"
        self.began = world.now
        self.fences: dict[str, int] = {}
        self.reads = 0
        self.writes = 0
        self.deleted: dict[Any, int] = {}
        self.looked: dict[tuple[str, str], float] = {}  # when it last read a record by its id
        self.begun: set[str] = set()  # the sides that it began to list
        self.parts: dict[str, float] = {}  # when the sweep of a side began that it went on with
        self.blinded: set[str] = set()  # the sides that showed it nothing though there may have been something
        self.linked = world.count_linked()
        self.mortal = options.pop("mortal", True)
        alone = options.pop("alone", False)
        patience = options.pop("patience", 0.0)
        self.session = Session(f"run-{number}", mode, world.make_paper, **options)
        self._on_end = on_end
        self._flow = run(self.session, world.pairs, alone=alone, patience=patience)
        self._calls: _Calls | None = None

    def resume(self, answer: Any = None) -> None:
        """Go on with an answer, or with an error where it is one, until there is something to wait for."""
        world = self.world
        while self.state == "working":
            try:
                effect = self._flow.throw(answer) if isinstance(answer, BaseException) else self._flow.send(answer)
            except StopIteration as stop:
                self._end(stop.value)
                return
            except Error as error:
                world.fail("I-11", f"the run raised {type(error).__name__}: {error}")
            kind = type(effect)
            world.count_step(kind)
            if kind is Now:
                answer = world.now
            elif kind is Fresh:
                answer = world.token()
            elif kind in {Look, Commit}:
                due = world.now + world.delay(self, 0.002)
                if not world.is_free_until(due):
                    world.at(due, lambda effect=effect: self._use_state(effect))
                    return
                answer = self._perform(effect)
            elif kind in {Call, CallAll}:
                self._call(effect)
                return
            elif kind is Pause:
                world.at(world.now + effect.seconds, lambda: self.resume(None))
                return
            else:
                world.tell(self, effect.event)
                answer = None

    def _use_state(self, effect: Any) -> None:
        if self.state == "working":
            self.resume(self._perform(effect))

    def _perform(self, effect: Any) -> Any:
        """Perform an effect on the state; maybe die before or after it."""
        world = self.world
        is_commit = type(effect) is Commit
        what = getattr(effect.work, "__qualname__", "")
        if is_commit and self.mortal and world.kills("before", what):
            return self.die()
        try:
            answer = world.commit(self, effect.work) if is_commit else world.state.look(effect.work)
        except StoreError as error:
            answer = error
        if is_commit:
            world.note("commit", self.name, what, answer if isinstance(answer, Error) else "")
            if self.mortal and world.kills("after", what):
                return self.die()
        return answer

    def _call(self, effect: Any) -> None:
        flows = [effect.flow] if type(effect) is Call else list(effect.flows)
        calls = _Calls(self, effect.system, flows, effect.until, single=type(effect) is Call)
        self._calls = calls
        delay = self.world.delay(self, 0.0)
        if delay > 0:
            self.world.at(self.world.now + delay, calls.fill)
        else:
            calls.fill()

    def die(self) -> None:
        """Die here: what was in memory is gone, what is on its way still arrives."""
        self.state = DEAD
        self._stop()
        self._on_end(self, None)

    def _end(self, result: Any) -> None:
        self.state = FINISHED
        self._stop()
        self._on_end(self, result)

    def _stop(self) -> None:
        self.world.note("stop", self.name, self.state)
        self._flow.close()
        self.session.close()


class _Calls:
    """Several flows of one system at once, at most as many in flight as the system takes.

    What would be written later than ``until`` is not sent (R-16.2).
    """

    def __init__(self, worker: Worker, system: str, flows: list[Any], until: float | None, *, single: bool) -> None:
        self.worker = worker
        self.network = worker.world.networks[system]
        self.flows = flows
        self.results: list[Any] = [None] * len(flows)
        self.single = single
        self.next = 0
        self.open = len(flows)
        self.in_flight = worker.world.in_flight[system]
        self.until = until

    def fill(self) -> None:
        """Start as many as may be in flight."""
        while self.next < min(self.in_flight, len(self.flows)):
            self._start()

    def _start(self) -> None:
        number = self.next
        self.next += 1
        self._step(number, None)

    def _step(self, number: int, answer: Any) -> None:
        worker = self.worker
        if worker.state != "working":
            return
        if worker.mortal and worker.world.kills("call", ""):
            worker.die()
            return
        flow = self.flows[number]
        try:
            ask = flow.throw(answer) if isinstance(answer, Error) else flow.send(answer)
        except StopIteration as stop:
            self._done(number, stop.value)
            return
        except Error as error:
            self._done(number, error)
            return
        if ask.writes and self.until is not None and worker.world.now > self.until:
            self._step(number, Unsent("its turn did not come in time"))
            return
        worker.world.asked(worker, ask)
        self.network.send(ask, worker, lambda back: self._step(number, back))

    def _done(self, number: int, result: Any) -> None:
        self.results[number] = result
        self.open -= 1
        if self.next < len(self.flows):
            self._start()
        elif self.open == 0:
            self.worker.resume(self.results[0] if self.single else self.results)
