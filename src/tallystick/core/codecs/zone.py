"""Time zones: wall times to instants and back, refusing what the standard library repairs in silence.

02:30 in the night when clocks go forward does not exist; 02:30 in the night when they go back exists twice.
"""

from datetime import UTC, datetime
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo, available_timezones

from tallystick.core.codecs.spelling import nearest, refuse
from tallystick.core.error import InvalidValue

Repeated = Literal["earlier", "later", "error"]
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def load_zone(name: str) -> ZoneInfo:
    """Load a time zone. Raises ``InvalidValue`` with the name that was probably meant."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as cause:  # a folder of zones gives an OSError
        meant = nearest(name, available_timezones())
        hint = f"did you mean {meant}?" if meant else "for example Europe/Berlin"
        raise InvalidValue(f"there is no time zone '{name}'", hint=hint) from cause


def to_instant(wall: datetime, zone: ZoneInfo, repeated: Repeated) -> datetime:
    """Give the instant of a wall time.

    Raises:
        InvalidValue: the time was skipped when clocks went forward, or it was twice and ``repeated`` is ``error``.
    """
    try:
        earlier = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
        later = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
        exists = earlier.astimezone(zone).replace(tzinfo=None, fold=0) == wall
    except OverflowError as cause:
        raise InvalidValue("the time is outside of the years 1 to 9999") from cause
    if not exists:
        raise InvalidValue(
            f"this time does not exist in {zone.key}",
            detail=f"clocks went forward over it on {wall:%Y-%m-%d}",
            hint="correct it at the source",
        )
    if repeated == "error" and earlier != later:
        raise InvalidValue(
            f"this time was twice in {zone.key}",
            detail=f"clocks went back on {wall:%Y-%m-%d}",
            hint="set repeated to earlier or later, or use a format with offset",
        )
    return later if repeated == "later" else earlier


def to_wall(instant: datetime, zone: ZoneInfo) -> datetime:
    """Give the wall time of an instant, without zone. Raises ``InvalidValue`` beyond the years 1 to 9999."""
    try:
        return instant.astimezone(zone).replace(tzinfo=None, fold=0)
    except OverflowError as cause:
        raise InvalidValue("the time is outside of the years 1 to 9999") from cause


def as_utc(codec: str, value: Any) -> datetime:
    """Give a canonical instant in UTC. Raises ``InvalidValue`` for anything else."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise refuse(codec, value, "an instant")
    try:
        return value if value.tzinfo is UTC else value.astimezone(UTC)
    except OverflowError as cause:
        raise InvalidValue("the time is outside of the years 1 to 9999") from cause
