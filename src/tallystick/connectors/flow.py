"""How a transport runs a connector's flow: hand over each request, send back the answer, raise the errors inside.

For transports that answer one request at a time (memory, SQL). The flow sees errors where it yielded, so it may
catch them; what it does not catch reaches the caller.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from tallystick.core.error import Error
from tallystick.core.ports import Flow

T = TypeVar("T")


def drive(flow: Flow[T], answer: Callable[[Any], Any]) -> T:
    """Run a flow to its end with ``answer`` for its requests; give its result or raise what it raises."""
    try:
        request = next(flow)
        while True:
            try:
                reply = answer(request)
            except Error as error:
                request = flow.throw(error)
            else:
                request = flow.send(reply)
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        flow.close()


def drive_or_error(flow: Flow[T], answer: Callable[[Any], Any]) -> T | Error:
    """Run a flow to its end; an error of the tree is a value here, every other exception is raised."""
    try:
        return drive(flow, answer)
    except Error as error:
        return error
