"""Typed ways to ask the boundary: each yields one effect and gives its answer.

Everything in the engine that touches the world is one of these calls, so the whole engine is a generator that a test
or a simulation can stop, reorder, fail or kill at any of them.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from tallystick.core.error import Error
from tallystick.core.event import Event
from tallystick.core.ports import Boundary, Call, CallAll, Commit, Flow, Fresh, Look, Now, Pause, Tell
from tallystick.core.state import StoreTx

T = TypeVar("T")


def call(system: str, flow: Flow[T], until: float | None = None) -> Flow[T]:
    """Run a connector's flow; raises what it raises, and ``Unsent`` if its turn does not come ``until`` then."""
    answer: T = yield Call(system, flow, until)
    return answer


def call_all(system: str, flows: Sequence[Flow[T]], until: float | None = None) -> Flow[Sequence[T | Error]]:
    """Run several at once; one result or error each, in order: ``Unsent`` for what had no turn ``until`` then."""
    if not flows:
        return []
    answers: Sequence[T | Error] = yield CallAll(system, flows, until)
    return answers


def commit(work: Callable[[StoreTx], T]) -> Flow[T]:
    """Run ``work`` in one durable transaction."""
    answer: T = yield Commit(work)
    return answer


def look(work: Callable[[StoreTx], T]) -> Flow[T]:
    """Run ``work`` on a consistent read of the store."""
    answer: T = yield Look(work)
    return answer


def now() -> Flow[float]:
    """Ask for the time, seconds UTC."""
    answer: float = yield Now()
    return answer


def pause(seconds: float) -> Flow[None]:
    """Wait."""
    yield Pause(seconds)


def fresh() -> Flow[str]:
    """Ask for a new random identifier."""
    answer: str = yield Fresh()
    return answer


def tell(event: Event) -> Flow[None]:
    """Hand out an event."""
    yield Tell(event)


def drive(flow: Flow[T], boundary: Boundary) -> T:
    """Run an engine's flow to its end on a boundary."""
    answer: Any = None
    failure: BaseException | None = None
    while True:
        try:
            effect = flow.throw(failure) if failure is not None else flow.send(answer)
        except StopIteration as stop:
            result: T = stop.value
            return result
        answer, failure = None, None
        try:
            answer = boundary.perform(effect)
        except Exception as raised:  # noqa: BLE001 - every failure belongs to the flow that asked
            failure = raised
