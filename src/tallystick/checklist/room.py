"""What a room of the check list is: a probe that asks and a judge that answers.

One adds a check by a module in ``rooms`` with a ``Room``, and a line in ``questions.yaml`` that names the module.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tallystick.checklist.scene import About, Scene, Subject
from tallystick.core.checks import Facts, Judgement
from tallystick.core.ports import Flow

Probe = Callable[[Scene, Subject], Flow[Facts]]
Judge = Callable[[Facts], Sequence[Judgement]]


@dataclass(frozen=True, slots=True)
class Room:
    """How one question is measured.

    ``probe`` is a flow of effects that only reads; it raises where nothing could be measured at all. ``judge`` is pure.
    ``asks`` declares in words which calls the probe makes. A room that ``writes`` makes canaries, and is left out
    unless that was allowed.
    """

    about: About
    asks: str
    probe: Probe
    judge: Judge
    writes: bool = False
