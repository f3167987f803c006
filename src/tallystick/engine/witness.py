"""Who is told every decision while it is made, also those of which a plan keeps no line: the comparison is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from tallystick.core.binding import Binding
from tallystick.core.decision import Decision
from tallystick.core.observation import Observation
from tallystick.core.ports import Flow
from tallystick.core.record import Fields, Side
from tallystick.engine.line import Line


@dataclass(frozen=True, slots=True)
class Meeting:
    """One binding as it was decided; tuples are (left, right).

    ``binding`` is ``None`` for a pairing to be made. ``there`` are the sides whose record was shown, ``stands`` tells
    that everything the line would raise is known already, or was refused before.
    """

    binding: Binding | None
    bases: tuple[Fields | None, Fields | None]
    seen: tuple[Observation | None, Observation | None]
    decision: Decision
    line: Line
    there: tuple[Side, ...]
    stands: bool


class Witness(Protocol):
    """Is told every decision of a run; must not change anything."""

    def met(self, meeting: Meeting) -> None:
        """Take note of a decided binding."""

    def stood_alone(self, side: Side, line: Line) -> None:
        """Take note of a record that is paired with nobody; the line's reason says what becomes of it."""

    def postponed(self, records: Sequence[tuple[Side, str]]) -> None:
        """Take note of a binding that waits for an earlier write."""

    def rest(self) -> Flow[None]:
        """Look up what is needed for what was noted; comes after each batch."""
