"""The boundary as probes get it: systems, the wire, the clock, a look at the store.

It counts requests, and it lets nobody write.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from tallystick.checklist.wire import WIRE
from tallystick.core.error import Bug, Throttled
from tallystick.core.ports import Boundary, Call, CallAll, Effect, Flow, Look, Now, Pause, Transport

T = TypeVar("T")
_ENDS: Final = ("Sunset", "Deprecation")


class Watch:
    """A boundary for probes. ``calls`` is how many requests they made of systems so far.

    Probes that only read never wait; those that write ``may_wait`` until it shows. ``most`` is how many requests may be
    made, 0 for any number; the next one is not made but raises ``Throttled``, and then the watch ``is_spent``.
    ``announced`` is what systems said about the end of their interface, as headers by name.
    """

    def __init__(self, inner: Boundary, wire: Transport, *, may_wait: bool = False, most: int = 0) -> None:
        self._inner = inner
        self._wire = wire
        self._may_wait = may_wait
        self._most = most
        self.is_spent = False
        self.announced: dict[str, set[tuple[str, str]]] = {}
        self.calls = 0

    def perform(self, effect: Effect) -> Any:
        """Perform one effect.

        Raises:
            Bug: a probe wanted more than to read.
        """
        match effect:
            case Call(system, flow):
                counted = _counted(flow, self._count, self._hear(system))
                return self._wire.run(counted) if system == WIRE else self._inner.perform(Call(system, counted))
            case CallAll(system, flows):
                return self._inner.perform(
                    CallAll(system, [_counted(flow, self._count, self._hear(system)) for flow in flows])
                )
            case Look() | Now():
                return self._inner.perform(effect)
            case Pause() if self._may_wait:
                return self._inner.perform(effect)
            case _:
                raise Bug("a probe may only read", detail=type(effect).__name__)

    def _count(self) -> None:
        if self._most and self.calls >= self._most:
            self.is_spent = True
            raise Throttled("the budget of requests is used up", wait_seconds=0)
        self.calls += 1

    def _hear(self, system: str) -> Callable[[Any], None]:
        def hear(answer: Any) -> None:
            headers: Any = getattr(answer, "headers", {})
            for name in _ENDS if hasattr(headers, "get") else ():
                value = headers.get(name)
                if isinstance(value, str):
                    self.announced.setdefault(system, set()).add((name, value.strip()))

        return hear


def _counted(flow: Flow[T], count: Callable[[], None], hear: Callable[[Any], None]) -> Flow[T]:
    """Run a flow as it is, telling ``count`` of each request and ``hear`` of each answer."""
    try:
        request = next(flow)
        while True:
            count()
            try:
                answer = yield request
            except Exception as error:  # noqa: BLE001 - whatever the transport raises belongs to the flow
                request = flow.throw(error)
            else:
                hear(answer)
                request = flow.send(answer)
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        flow.close()
