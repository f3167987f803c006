"""The boundary on one machine: real transports, the store, the clock, randomness. No decision is made here."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tallystick.core.error import Error, Unsent
from tallystick.core.ports import (
    Call,
    CallAll,
    Commit,
    Effect,
    Flow,
    Fresh,
    Look,
    Now,
    Pause,
    Punctual,
    Sink,
    Tell,
    Transport,
)
from tallystick.core.state import Store


class LocalBoundary:
    """Performs effects with what it is given: ``clock`` gives seconds UTC, ``sleep`` waits, ``token`` makes ids."""

    def __init__(
        self,
        transports: Mapping[str, Transport],
        store: Store,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        token: Callable[[], str],
        sink: Sink | None = None,
    ) -> None:
        self._transports = transports
        self._store = store
        self._clock = clock
        self._sleep = sleep
        self._token = token
        self._sink = sink

    def perform(self, effect: Effect) -> Any:
        """Perform one effect and give its answer."""
        match effect:
            case Call(system, flow, until):
                return self._run(self._transports[system], flow, until)
            case CallAll(system, flows, until):
                return self._run_all(self._transports[system], flows, until)
            case Commit(work):
                return self._store.commit(work)
            case Look(work):
                return self._store.look(work)
            case Now():
                return self._clock()
            case Pause(seconds):
                return self._sleep(seconds)
            case Fresh():
                return self._token()
            case Tell(event):
                return self._sink(event) if self._sink else None

    def _run(self, transport: Transport, flow: Flow[Any], until: float | None) -> Any:
        if until is None:
            return transport.run(flow)
        [outcome] = self._run_all(transport, [flow], until)
        if isinstance(outcome, Error):
            raise outcome
        return outcome

    def _run_all(self, transport: Transport, flows: Sequence[Flow[Any]], until: float | None) -> Sequence[Any]:
        if until is None:
            return transport.run_all(flows)
        if isinstance(transport, Punctual):
            return transport.run_all_within(flows, until - self._clock())
        return transport.run_all([self._in_time(flow, until) for flow in flows])

    def _in_time(self, flow: Flow[Any], until: float) -> Flow[Any]:
        if self._clock() > until:
            raise Unsent("its turn did not come in time", hint="it is sent again")
        return (yield from flow)
