"""The boundary on one machine: real transports, the store, the clock, randomness. No decision is made here."""

from collections.abc import Callable, Mapping
from typing import Any

from tallystick.core.ports import Call, CallAll, Commit, Effect, Fresh, Look, Now, Pause, Sink, Tell, Transport
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
            case Call(system, flow):
                return self._transports[system].run(flow)
            case CallAll(system, flows):
                return self._transports[system].run_all(flows)
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
