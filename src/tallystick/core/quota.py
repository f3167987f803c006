"""How many calls of a day are left: what was made is counted by hours, and a reserve is kept for what cannot wait.

The day is the last 24 hours, and the hour in which they began counts wholly. So whatever the hour at which a system
begins its own day, no more is ever asked of it than it allows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

HOUR: Final = 3600
_SLOTS: Final = 25


@dataclass(frozen=True, slots=True)
class Quota:
    """What may be asked of a system in a day. ``reserve`` (0 to 1) is the share kept for what cannot wait."""

    per_day: int
    reserve: float = 0.0

    def most(self, *, can_wait: bool) -> int:
        """Give the calls of a day that may be made; listings of everything can wait, and leave the reserve alone."""
        return self.per_day - round(self.per_day * self.reserve) if can_wait else self.per_day


def hour_of(now: float) -> int:
    """Give the number of the hour in which an instant (seconds UTC) lies."""
    return int(now // HOUR)


def first_hour(now: float) -> int:
    """Give the number of the first hour that counts towards the day which ends now."""
    return hour_of(now) - _SLOTS + 1


def calls_within(slots: Mapping[int, int], now: float) -> int:
    """Count the calls of the last 24 hours; ``slots`` holds their number by hour."""
    first = first_hour(now)
    return sum(number for hour, number in slots.items() if hour >= first)


def seconds_to_room(slots: Mapping[int, int], now: float, most: int) -> float:
    """Give the seconds until fewer than ``most`` calls were made within 24 hours; 0 where it is so now."""
    made = calls_within(slots, now)
    if made < most:
        return 0.0
    for hour in sorted(h for h in slots if h >= first_hour(now)):
        made -= slots[hour]
        if made < most:
            return (hour + _SLOTS) * HOUR - now
    return float(_SLOTS * HOUR)


class Meter(Protocol):
    """Counts the calls of a day against a quota that outlives the process."""

    def wait(self, *, can_wait: bool) -> float:
        """Give the seconds until a call may be made, 0 for now. What ``can_wait`` leaves the reserve alone."""

    def take(self) -> None:
        """Count one call, durably."""

    def hear(self, left: int, limit: int, reset: float | None) -> None:
        """Take the system's own word: ``left`` of ``limit`` calls of the day, that ends in ``reset`` seconds."""


@runtime_checkable
class Metered(Protocol):
    """A transport whose calls can be held against a quota."""

    def hold_against(self, meter: Meter) -> None:
        """Ask ``meter`` before each call from now on."""
