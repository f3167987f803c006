"""What follows an answer that is not the last word: send again after a while, give up, or hand it over.

Pure: a table of when sending again is harmless. A request is repeated only if it is safe or declared repeatable, or
if it is proven that the first sending was not applied (429, connection refused); R-10.3.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from tallystick.connectors.http.limits import back_off
from tallystick.connectors.http.message import Request, Response
from tallystick.core.error import Error, Garbled, RemoteError, Throttled, Unavailable

MOST_RETRIES: Final = 3
MOST_THROTTLES: Final = 10
_SOONEST: Final = 1.0
TOO_MANY: Final = 429
OVERLOADED: Final = 503
PASSING: Final = frozenset({502, OVERLOADED, 504})


@dataclass(slots=True)
class Tries:
    """What one request has been through."""

    failures: int = 0
    throttles: int = 0
    waited: float = 0


@dataclass(frozen=True, slots=True)
class Again:
    """Send it again after ``wait`` seconds; ``for_all`` holds every other request of the credential too."""

    wait: float
    for_all: bool = False


def after_response(
    request: Request, response: Response, tries: Tries, advised: float | None, longest: float, jitter: float
) -> Again | Throttled | None:
    """Say what follows an answer; ``None`` hands it over. ``advised`` is the wait that the answer asks for."""
    if response.status == TOO_MANY:
        tries.throttles += 1
        wait = _wait(advised, tries.throttles, jitter)
        if tries.waited + wait > longest or tries.throttles > MOST_THROTTLES:
            return throttled(wait, request.place)
        return Again(wait, for_all=True)
    if response.status not in PASSING or not (request.is_safe or request.repeatable):
        return None
    if response.status == OVERLOADED and advised is not None and tries.waited + advised > longest:
        return throttled(advised, request.place)
    tries.failures += 1
    if tries.failures > MOST_RETRIES:
        return None
    return Again(_wait(advised, tries.failures, jitter), for_all=advised is not None)


def _wait(advised: float | None, attempt: int, jitter: float) -> float:
    # Whole seconds rounded down make "at once" of half a second; who obeys that to the letter only spins.
    return advised if advised is not None and advised >= _SOONEST else max(advised or 0, back_off(attempt, jitter))


def after_failure(request: Request, error: Error, tries: Tries, jitter: float) -> Again | None:
    """Say what follows a failed connection; ``None`` hands the error over."""
    if not isinstance(error, Unavailable):
        return None
    if not (request.is_safe or request.repeatable or _was_not_applied(error)):
        return None
    tries.failures += 1
    return None if tries.failures > MOST_RETRIES else Again(back_off(tries.failures, jitter))


def _was_not_applied(error: RemoteError) -> bool:
    return error.applied == "no"


def quota_spent(wait: float, wall: float, place: str, *, is_kept: bool) -> Throttled:
    """Make the error for a call that a day's quota has no room for; where it ``is_kept``, only listings have none."""
    again = datetime.fromtimestamp(wall + wait, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return Throttled(
        "what is left of the day's calls is kept in reserve" if is_kept else "the calls of the day are spent",
        wait_seconds=wait,
        is_for_listings=is_kept,
        detail=f"next attempt at {again}",
        hint="a run after that goes on where this one stopped; the quota is limits.per_day, the reserve limits.reserve",
        place=place,
    )


def wrong_answer(request: Request, response: Response, expected: Mapping[str, str]) -> Error | None:
    """Make the error for a read that was answered as another version than the manifest is written for."""
    if not expected or not response.succeeded or not (request.is_safe or request.repeatable):
        return None
    for name, wanted in expected.items():
        found = response.headers.get(name)
        if found is not None and found.strip() != wanted:
            return Garbled(
                f"the system answers with {name}: {found.strip()[:60]}",
                detail=f"the manifest is written for {wanted} (network.answers)",
                hint="ask for that version, or hold the manifest against the description of the new one",
                place=request.place,
            )
    return None


def throttled(wait: float, place: str) -> Throttled:
    """Make the error for a wait that is too long to be sat out."""
    return Throttled(
        f"the system asks to wait {wait:,.0f} seconds",
        wait_seconds=wait,
        detail="longer than limits.longest_wait_seconds, or asked for again and again",
        hint="the next run goes on where this one stopped; lower limits.requests_per_second to meet this less often",
        place=place,
    )
