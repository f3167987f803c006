"""Watch the boundary while a plan is made: how many calls went to each system, and how long they took."""

from typing import Any

from tallystick.core.forecast import Pace
from tallystick.core.ports import Boundary, Call, CallAll, Effect, Now


class Pacer:
    """A boundary that performs everything by another one and keeps the time; ``paces`` are by system."""

    def __init__(self, boundary: Boundary, paces: dict[str, Pace]) -> None:
        self._boundary = boundary
        self.paces = paces

    def perform(self, effect: Effect) -> Any:
        """Perform one effect and give its answer."""
        if not isinstance(effect, Call | CallAll):
            return self._boundary.perform(effect)
        started = self._boundary.perform(Now())
        try:
            return self._boundary.perform(effect)
        finally:
            self._note(effect, self._boundary.perform(Now()) - started)

    def _note(self, effect: Call | CallAll, seconds: float) -> None:
        pace = self.paces.setdefault(effect.system, Pace())
        if isinstance(effect, CallAll):
            pace.together += len(effect.flows)
            pace.together_seconds += seconds
        else:
            pace.single += 1
            pace.single_seconds += seconds
