"""How gently a system is treated: one token bucket per credential, pauses the system asks for, back-off.

Nothing here waits or looks at a clock: ``now`` is always an argument, and ``Timing`` carries the few doors to the
world that a transport needs, so that a test can stand in for time and chance.
"""

import random  # noqa: TID251 - jitter of a real transport; tests and simulations inject their own
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Final

from tallystick.connectors.http.message import Headers


@dataclass(frozen=True, slots=True)
class Timing:
    """Time and chance. ``now`` is monotonic and ``wall`` UTC, in seconds; ``jitter`` gives a number from 0 to 1."""

    now: Callable[[], float]
    wall: Callable[[], float]
    sleep: Callable[[float], None]
    jitter: Callable[[], float]


# A transport stands outside the engine's boundary: it is what performs the effects.
REAL_TIMING: Final = Timing(time.monotonic, time.time, time.sleep, random.random)  # noqa: TID251


_SLOWEST: Final = 0.1  # requests a second
_ONE_CHANGE: Final = 1.0
_MEASURABLE: Final = 4.0
_MOST_MEASURED: Final = 1000


class Bucket:
    """A token bucket that can also be paused. ``rate`` is requests a second (``None``: as many as come).

    With ``adaptive`` it finds out by itself how much the system bears: a refusal halves the rate (at first the one that
    was measured, where none was set), and each second without one adds a twentieth of it again, up to the rate set.
    """

    __slots__ = (
        "_adaptive",
        "_answered",
        "_burst",
        "_changed",
        "_cut",
        "_paused_until",
        "_rate",
        "_seen",
        "_step",
        "_tokens",
        "_top",
    )

    def __init__(self, rate: float | None, burst: int, *, adaptive: bool = False) -> None:
        self._rate = rate
        self._top = rate
        self._burst = float(burst)
        self._tokens = float(burst)
        self._seen = 0.0
        self._paused_until = 0.0
        self._adaptive = adaptive
        self._changed = self._cut = float("-inf")
        self._step = 0.0
        self._answered: deque[float] = deque(maxlen=_MOST_MEASURED)

    @property
    def rate(self) -> float | None:
        """Requests a second at present; ``None`` for as many as come."""
        return self._rate

    def wait(self, now: float) -> float:
        """Give the seconds until the next request may go; 0 means at once."""
        pause = self.pause_left(now)
        if self._rate is None:
            return pause
        self._refill(now)
        return max(pause, 0.0 if self._tokens >= 1 else (1 - self._tokens) / self._rate)

    def take(self, now: float) -> None:
        """Count one request."""
        if self._rate is not None:
            self._refill(now)
            self._tokens -= 1

    def refused(self, now: float) -> None:
        """Note that the system had too many requests. Several refusals within a second are one."""
        if not self._adaptive or now - self._cut < _ONE_CHANGE:
            return
        measured = float(sum(1 for answered in self._answered if now - answered <= 1))
        if self._rate is None and measured < _MEASURABLE:
            # So few were not too quick; the wait that was asked for is all there is to obey.
            return
        before = measured if self._rate is None else min(self._rate, max(measured, _MEASURABLE))
        self._rate = max(_SLOWEST, before / 2)
        self._step = self._rate / 20
        self._tokens = min(self._tokens, 0.0)
        self._seen = max(self._seen, now)
        self._changed = self._cut = now

    def accepted(self, now: float) -> None:
        """Note that a request was answered; the rate recovers with the time since it was last changed."""
        if self._adaptive:
            self._answered.append(now)
        if not self._step or self._rate is None or now - self._changed < _ONE_CHANGE:
            return
        self._refill(now)
        self._rate += self._step * (now - self._changed)
        self._changed = now
        if self._top is not None and self._rate >= self._top:
            self._rate, self._step = self._top, 0.0

    def pause(self, until: float) -> None:
        """Let nothing go before ``until``; a longer pause that runs already stays."""
        self._paused_until = max(self._paused_until, until)

    def pause_left(self, now: float) -> float:
        """Give the seconds left of a pause that the system asked for."""
        return max(0.0, self._paused_until - now)

    def _refill(self, now: float) -> None:
        if self._rate is not None and now > self._seen:
            # A hair is added because a wait computed from this sum must not end a rounding error too early.
            self._tokens = min(self._burst, self._tokens + (now - self._seen) * self._rate + 1e-9)
            self._seen = now


def back_off(attempt: int, jitter: float) -> float:
    """Give the seconds before attempt ``attempt`` (from 1) is repeated: doubling, half of it by chance, at most 8."""
    return float(min(8.0, 0.5 * 2 ** (attempt - 1)) * (0.5 + jitter / 2))


@lru_cache(maxsize=64)
def http_date(text: str) -> float | None:
    """Read an HTTP date as seconds UTC; ``None`` for anything else."""
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None


def server_time(headers: Headers) -> float | None:
    """Give the server's own clock, from ``Date``."""
    text = headers.get("date")
    return http_date(text) if text else None


def retry_after(headers: Headers, wall: float) -> float | None:
    """Give the wait that ``Retry-After`` asks for, in seconds: a number, or a date against the server's own clock."""
    text = headers.get("retry-after")
    if not text:
        return None
    seconds = number_of(text)
    if seconds is not None:
        return max(0.0, seconds)
    until = http_date(text)
    if until is None:
        return None
    here = server_time(headers)
    return max(0.0, until - (wall if here is None else here))


def number_of(text: str) -> float | None:
    """Read the number that a header begins with; ``None`` for anything else."""
    try:
        value = float(text.split(",", maxsplit=1)[0].split(";", maxsplit=1)[0])
    except ValueError:
        return None
    return value if abs(value) < 1e15 else None  # noqa: PLR2004 - beyond any clock; also sorts out nan and inf
