"""Fields that one line writes to both sides, because a conflict was settled by a value that neither side had."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tallystick.core.record import UNKNOWN, Side, Value, other, same
from tallystick.engine.send import Job


@dataclass(frozen=True, slots=True)
class Merged:
    """``both`` are the positions that are written to both sides, ``done`` the sides that took their write."""

    both: frozenset[int]
    done: frozenset[Side]

    def agree(self, bases: Mapping[Side, list[Value]], side: Side, i: int, origin: Value, stored: Value) -> None:
        """Move the bases of a field that ``side`` has ``stored``, written from ``origin`` on the other side."""
        source, base = other(side), bases[side]
        if i in self.both and source in self.done:
            base[i] = stored
        elif i in self.both:
            # What both sides were to get is only here: that is this side's edit, which the other has yet to receive.
            bases[source][i] = origin
            base[i] = UNKNOWN if same(base[i], stored) else base[i]
        else:
            bases[source][i], base[i] = origin, stored


def merged_by(jobs: Sequence[Job]) -> Merged:
    """Name what the writes of one line bring to both sides."""
    which: dict[Side, set[int]] = {"left": set(), "right": set()}
    for job in jobs:
        if job.step.op == "update":
            which[job.step.side] |= set(job.step.which)
    return Merged(frozenset(which["left"] & which["right"]), frozenset(j.step.side for j in jobs if j.is_done))
