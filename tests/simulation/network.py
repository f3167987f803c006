"""What lies between a worker and a system: delays, storms, lost answers, late arrivals. One fate for each request."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.simulation.connector import Ask
from tests.simulation.dice import Dice
from tests.simulation.truth import Table, outcome

from tallystick.core.error import AccessError, Error, Garbled, Throttled, Unavailable

Reply = Callable[[Any], None]


@dataclass(slots=True)
class Weather:
    """How bad it is: probabilities for each request. ``slow`` is the longest ordinary way there, in seconds."""

    slow: float = 0.5
    refused: float = 0.0
    throttled: float = 0.0
    failed_before: float = 0.0
    failed_after: float = 0.0
    lost_request: float = 0.0
    lost_answer: float = 0.0
    late: float = 0.0
    garbled: float = 0.0
    forbidden: float = 0.0
    partial: float = 0.0
    repeated: float = 0.0


FAULTS = (
    "refused", "throttled", "failed_before", "failed_after", "lost_request", "lost_answer", "late", "garbled",
    "forbidden",
)  # fmt: skip


def draw_weather(dice: Dice) -> Weather:
    """Draw a weather: each kind of fault is off, rare or frequent, by itself (a swarm)."""
    weather = Weather(slow=dice.one((0.05, 0.5, 3.0)))
    for name in (*FAULTS, "partial", "repeated"):
        setattr(weather, name, dice.one((0.0, 0.0, 0.0, 0.01, 0.05)))
    return weather


class Network:
    """The way to one system, for all workers. ``storm_until`` fails nearly everything, ``blind_until`` shows nothing.

    Stories say what happens: ``script`` the next faults, ``listeners`` what happens right after the system did
    something, ``lags`` how old the next answers are; each as (verb, what), taken in order.
    """

    def __init__(self, world: Any, dice: Dice, weather: Weather) -> None:
        self._world = world
        self._dice = dice
        self.weather = weather
        self.storm_until = 0.0
        self.script: list[tuple[str, str]] = []
        self.listeners: list[tuple[str, Callable[[], Any]]] = []
        self.lags: list[tuple[str, float]] = []
        self.blind_until = 0.0
        self.swept_at = 0.0  # when somebody last began to list everything, or what changed

    def grow_blind(self, seconds: float) -> None:
        """Show nothing for a while, as a system does that took our rights away."""
        self.blind_until = self._world.now + seconds

    def send(self, ask: Ask, worker: Any, reply: Reply) -> None:
        """Send a request; ``reply`` gets the answer or an error of the tree, later, unless the worker dies first."""
        world, dice = self._world, self._dice
        timeout = ask.table.nature.can.timeout
        arrives = world.now + min(dice.between(0.01, self.weather.slow), timeout / 3)
        fault = self._scripted(ask) or self._fault()
        if fault is None:
            world.at(arrives, lambda: self._arrive(ask, worker, reply))
            return
        world.count_fault(fault)
        world.note("fault", fault, ask)
        self._go_wrong(fault, ask, worker, reply, arrives, timeout)

    def _scripted(self, ask: Ask) -> str | None:
        """The fault that a story wants for this request: each line of the script once, in order."""
        if self.script and self.script[0][0] == ask.verb:
            return self.script.pop(0)[1]
        return None

    def _fault(self) -> str | None:
        weather, dice = self.weather, self._dice
        if self._world.now < self.storm_until and dice.hits(0.8):
            return dice.one(("refused", "throttled", "failed_before", "failed_after", "lost_request"))
        throw = dice.roll()
        for name in FAULTS:
            throw -= getattr(weather, name)
            if throw < 0:
                return name
        return None

    def _go_wrong(self, fault: str, ask: Ask, worker: Any, reply: Reply, arrives: float, timeout: float) -> None:
        world, dice = self._world, self._dice
        sent = world.now
        unknown = "unknown" if ask.writes else "no"
        soon, never = arrives + 0.01, sent + timeout
        match fault:
            case "refused":
                world.at(soon, lambda: reply(Unavailable("connection refused", applied="no")))
            case "throttled":
                wait = dice.one((0.5, 5.0, 60.0, 600.0))
                world.at(soon, lambda: reply(Throttled("too many requests", wait_seconds=wait)))
            case "forbidden":
                world.at(soon, lambda: reply(AccessError("not allowed")))
            case "failed_before":
                world.at(soon, lambda: reply(Unavailable("503", applied=unknown, status=503)))
            case "failed_after":
                error: Error = Unavailable("502", applied=unknown, status=502)
                world.at(arrives, lambda: self._apply_then(ask, worker, lambda _: reply(error)))
            case "garbled":
                broken: Error = Garbled("no JSON", applied=unknown)
                world.at(arrives, lambda: self._apply_then(ask, worker, lambda _: reply(broken)))
            case _:
                if fault == "lost_answer":
                    world.at(arrives, lambda: self._apply_then(ask, worker, _forget))
                elif fault == "late":
                    landing = sent + dice.between(0.0, ask.table.nature.can.in_flux)
                    world.at(landing, lambda: self._apply_then(ask, worker, _forget))
                world.at(never, lambda: reply(Unavailable("time-out", applied=unknown)))

    def _arrive(self, ask: Ask, worker: Any, reply: Reply) -> None:
        world, dice = self._world, self._dice
        self._apply_then(ask, worker, lambda answer: world.at(
            world.now + dice.between(0.01, min(self.weather.slow, ask.table.nature.can.timeout / 3)),
            lambda: reply(answer),
        ))  # fmt: skip
        if ask.writes and self._may_come_twice(ask) and dice.hits(self.weather.repeated):
            world.count_fault("repeated")
            again = world.now + dice.between(0.0, ask.table.nature.can.timeout)
            world.at(again, lambda: self._apply_then(ask, worker, _forget))

    @staticmethod
    def _may_come_twice(ask: Ask) -> bool:
        """Whether a second delivery of the same request is harmless by the system's own promise."""
        can = ask.table.nature.can
        if ask.verb == "create":
            return can.create_idem == "key"
        return ask.verb in {"update", "delete"} and can.cas_write and ask.arguments[-1] is not None

    def _apply_then(self, ask: Ask, worker: Any, then: Reply) -> None:
        answer = outcome(lambda: self._apply(ask, worker))
        self._world.note("answer", ask, answer)
        if self.listeners and self.listeners[0][0] == ask.verb:
            self.listeners.pop(0)[1]()
        then(answer)

    def _apply(self, ask: Ask, worker: Any) -> Any:
        table, verb = ask.table, ask.verb
        match verb:
            case "list" | "get" | "find":
                return self._show(ask, table, worker)
            case "create":
                body, key = ask.arguments
                life = table.create(body, worker, key, self._early(table))
                return life.id, self._served(
                    life.states[0], worker, table
                )  # a repeated create tells the past
            case "update":
                record, patch, version = ask.arguments
                life = table.update(record, patch, worker, version, self._early(table))
                return record, self._served(life.now, worker, table)
            case "delete":
                record, version = ask.arguments
                return table.delete(record, worker, version, self._early(table))
            case _:
                return self._many(ask, worker)

    def _early(self, table: Table) -> float:
        return self._dice.between(0.0, table.nature.early) if table.nature.early else 0.0

    @staticmethod
    def _served(state: Any, worker: Any, table: Table) -> Any:
        if state.served is None:
            state.served = set()
        state.served.add(worker.number)
        return state

    def _many(self, ask: Ask, worker: Any) -> list[Any]:
        one = ask.verb.removesuffix("_many")
        answers: list[Any] = []
        partial = self._dice.hits(self.weather.partial)
        for item in ask.arguments[0]:
            fate = self._dice.one(("done", "lost", "failed")) if partial else "done"
            single = Ask(ask.table, one, *item)
            answer = outcome(lambda single=single: self._apply(single, worker)) if fate != "failed" else None
            if fate != "done":
                self._world.count_fault("partial")
                answer = Unavailable("no result for this item", applied="unknown")
            answers.append(answer)
        return answers

    def _note_sweep(self, worker: Any, side: str, position: str | None) -> None:
        if position is None:
            self.swept_at = self._world.now
            worker.begun.add(side)
        elif side not in worker.begun:
            worker.parts.setdefault(side, self.swept_at)

    def _show(self, ask: Ask, table: Table, worker: Any) -> Any:
        world, dice = self._world, self._dice
        nature = table.nature
        at = world.now - (dice.between(0.0, nature.lag) if nature.lag and dice.hits(0.5) else 0.0)
        if self.lags and self.lags[0][0] == ask.verb:
            at = world.now - self.lags.pop(0)[1]
        blind = world.now < self.blind_until
        if blind:
            worker.blinded.add(table.name)
        match ask.verb:
            case "get":
                worker.looked[table.name, ask.arguments[0]] = world.now
                state = None if blind else table.seen(ask.arguments[0], at)
                return state if state is None else self._served(state, worker, table)
            case "find":
                hits = [] if blind else table.found(ask.arguments[1], at)
                return [self._served(s, worker, table) for s in hits]
            case _:
                since, position, size = ask.arguments
                self._note_sweep(worker, table.name, position)
                most = size or nature.page
                if nature.short_pages:
                    most = dice.number(1, most)
                states, after, total = ([], None, 0) if blind else table.page(since, position, most, at)
                return [self._served(s, worker, table) for s in states], after, total, nature.stamped(world.now)


def _forget(_answer: Any) -> None:
    """Nobody hears this answer."""
