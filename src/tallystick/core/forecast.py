"""What carrying out a plan will cost: calls to each system, and time.

Calls are counted from the plan's numbers and what each side can do: whether writes go in bulk, whether a record is read
before it is changed (no conditional write) and after (the answer does not show what was stored). Time is the longer of
what the manifest's rate allows and what this plan's own calls took. An estimate: retries and refusals are not foreseen.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil

from tallystick.core.ports import Capabilities

_MANY = frozenset({"create", "update"})  # what can be sent many in one call
_ALL = ("create", "undelete", "update", "archive", "delete")


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls that the writes to one side need. ``bulk`` is how many records go in one, 1 if only one does."""

    before: int = 0
    writes: int = 0
    after: int = 0
    bulk: int = 1

    @property
    def total(self) -> int:
        """All calls."""
        return self.before + self.writes + self.after


@dataclass(slots=True)
class Pace:
    """How quick a system was: calls made one by one and side by side, and the seconds they took together.

    ``rate`` is how many calls a second the manifest allows, ``in_flight`` how many run side by side. ``left`` are the
    calls that the day still allows, ``None`` where there is no such limit.
    """

    single: int = 0
    single_seconds: float = 0.0
    together: int = 0
    together_seconds: float = 0.0
    rate: float | None = None
    in_flight: int = 1
    left: int | None = None

    @property
    def calls(self) -> int:
        """All calls made."""
        return self.single + self.together

    @property
    def seconds(self) -> float:
        """How long they took."""
        return self.single_seconds + self.together_seconds

    def seconds_for(self, calls: int) -> float:
        """Estimate how long so many calls side by side will take; 0 where nothing is known."""
        measured = 0.0
        if self.together:
            measured = self.together_seconds / self.together
        elif self.single:
            measured = self.single_seconds / self.single / max(1, self.in_flight)
        return calls * max(measured, 1 / self.rate if self.rate else 0.0)


@dataclass(frozen=True, slots=True)
class Load:
    """What one system has to bear: ``read`` are the calls of observing it again, the others are for writes."""

    read: int
    before: int
    writes: int
    after: int
    rate: float | None
    seconds: float
    left: int | None = None

    @property
    def total(self) -> int:
        """All calls."""
        return self.read + self.before + self.writes + self.after

    @property
    def is_too_much(self) -> bool:
        """Whether the day allows fewer calls than this."""
        return self.left is not None and self.total > self.left


@dataclass(frozen=True, slots=True)
class Forecast:
    """The cost of a plan: by system, and the calls of its writes by (pair, side). Systems are used one by one."""

    loads: Mapping[str, Load] = field(default_factory=dict)
    calls: Mapping[tuple[str, str], Calls] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """How long it takes, about."""
        return sum(load.seconds for load in self.loads.values())

    @property
    def total(self) -> int:
        """All calls to all systems."""
        return sum(load.total for load in self.loads.values())


def count_calls(can: Capabilities, writes: Mapping[str, int]) -> Calls:
    """Count the calls that these writes (number by operation) to one side need."""
    number = {op: writes.get(op, 0) for op in _ALL}
    bulk = max(1, can.bulk)
    sent = sum(ceil(n / bulk) if op in _MANY else n for op, n in number.items())
    changed = sum(n for op, n in number.items() if op != "create")
    stored = sum(n for op, n in number.items() if op != "delete")
    is_conditional = can.cas_write and can.version != "none"
    in_bulk = can.bulk > 0 and sum(number.values()) > 1
    return Calls(
        before=changed if can.read_by_id and not is_conditional else 0,
        writes=sent,
        after=stored if can.read_by_id and not can.returns_record and not in_bulk else 0,
        bulk=bulk,
    )


def weigh(pace: Pace, calls: list[Calls]) -> Load:
    """Add up what a system has to bear: reading as much as the plan did, and the writes to all objects of it."""
    before, writes, after = (sum(getattr(c, name) for c in calls) for name in ("before", "writes", "after"))
    seconds = pace.seconds + pace.seconds_for(before + writes + after)
    return Load(pace.calls, before, writes, after, pace.rate, seconds, pace.left)
