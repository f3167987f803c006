"""Instants as systems spell them: ISO text with or without offset, seconds or milliseconds since 1970.

A spelling without offset is read in the system's zone; in the hour that autumn repeats it is the first of the two,
so that a cursor made from it never lies too late (R-11.11).
"""

from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tallystick.core.error import ProjectError

SPELLINGS = ("iso", "unix", "unix_ms")


def zone(name: str, place: str) -> tzinfo:
    """Find a time zone by its IANA name. Raises ``ProjectError`` for one that does not exist."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ProjectError(
            f"there is no time zone '{name}'", hint="use an IANA name such as Europe/Berlin", place=place
        ) from None


def seconds(value: Any, spelling: str, here: tzinfo) -> float | None:
    """Read an instant as seconds UTC; ``None`` where the value is none. Numbers are seconds unless ``unix_ms``."""
    if isinstance(value, str):
        if spelling == "iso":
            return _iso(value, here)
        try:
            value = Decimal(value)
        except ArithmeticError:
            return None
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return float(value) / 1000 if spelling == "unix_ms" else float(value)
    return None


def _iso(value: str, here: tzinfo) -> float | None:
    try:
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=here)).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def earliest_local(instant: float, here: tzinfo) -> datetime:
    """Give the earliest wall-clock time that ``instant`` or any later one can show in a zone, without its offset.

    Where the clock is put back soon, later instants show earlier times; three hours cover every such step.
    """
    moment = datetime.fromtimestamp(instant, UTC)
    offsets = (moment.astimezone(here).utcoffset(), (moment + timedelta(hours=3)).astimezone(here).utcoffset())
    return (moment + min(offset or timedelta(0) for offset in offsets)).replace(tzinfo=None)
