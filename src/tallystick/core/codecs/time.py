"""Instants: canonical is an aware ``datetime`` in UTC, to the microsecond.

A time stamp without offset is no instant until somebody says where it was taken.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Final, Literal
from zoneinfo import ZoneInfo

from tallystick.core.codecs.notation import EXACT, exact
from tallystick.core.codecs.pattern import Memo
from tallystick.core.codecs.spelling import refuse
from tallystick.core.codecs.zone import EPOCH, Repeated, as_utc, load_zone, to_instant
from tallystick.core.error import InvalidValue
from tallystick.core.mapping import Loss
from tallystick.core.record import Value

# What may stand between date and time, and where; the standard library alone would take any sign.
_SEPARATORS: Final = frozenset("Tt ")
_DAYS: Final = Memo(lambda day: (EPOCH + timedelta(days=day)).isoformat()[:11])
_HOURS: Final = tuple(f"{hour:02d}" for hour in range(24))
_WITHIN: Final = Memo(lambda second: f":{second // 60:02d}:{second % 60:02d}")


@dataclass(frozen=True, slots=True)
class Instant:
    """An ISO 8601 time stamp with offset. ``zone`` says where a time stamp without offset was taken.

    Written in UTC with as many digits as needed, or exactly as ``precision`` says (then what is finer is cut off).
    Digits after the microsecond are not kept.

    >>> Instant().decode("2025-07-01T12:00:00.250+02:00")
    datetime.datetime(2025, 7, 1, 10, 0, 0, 250000, tzinfo=datetime.timezone.utc)
    >>> Instant(precision="second").encode(datetime(2025, 7, 1, 10, tzinfo=UTC))
    '2025-07-01T10:00:00Z'
    """

    precision: Literal["auto", "second", "milli", "micro"] = "auto"
    suffix: Literal["Z", "+00:00"] = "Z"
    zone: str = ""
    repeated: Repeated = "earlier"
    name: ClassVar[str] = "instant"
    direct: ClassVar[bool] = True
    _zone: ZoneInfo | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Load the zone, where there is one."""
        object.__setattr__(self, "_zone", load_zone(self.zone) if self.zone else None)

    @property
    def loss(self) -> Loss:
        """Lossy where the precision is coarser than the canonical one."""
        return "lossless" if self.precision in {"auto", "micro"} else "lossy"

    def decode(self, raw: Any) -> Value:
        """Give the instant."""
        if raw.__class__ is str and (raw[10:11] in _SEPARATORS or raw[8:9] in _SEPARATORS):
            try:
                instant = datetime.fromisoformat(raw)
            except ValueError:
                return self._unusual(raw)
            return instant if instant.tzinfo is UTC else self._placed(instant)
        raise refuse(self.name, raw, "an ISO time stamp such as 2025-07-01T10:00:00Z")

    def encode(self, value: Value) -> Any:
        """Give the time stamp."""
        instant = value if value.__class__ is datetime and value.tzinfo is UTC else as_utc(self.name, value)
        since = instant - EPOCH
        second = since.seconds
        text = _DAYS[since.days] + _HOURS[second // 3600] + _WITHIN[second % 3600]
        return text + self._fraction(since.microseconds) + self.suffix

    def _fraction(self, micro: int) -> str:
        match self.precision:
            case "auto":
                return "" if not micro else f".{micro:06d}" if micro % 1000 else f".{micro // 1000:03d}"
            case "second":
                return ""
            case "milli":
                return f".{micro // 1000:03d}"
            case _:
                return f".{micro:06d}"

    def _unusual(self, raw: str) -> datetime:
        # What RFC 3339 allows and the standard library does not: small letters and a space before the offset.
        text = raw.upper()
        try:
            return self._placed(datetime.fromisoformat(text[:11] + text[11:].replace(" ", "")))
        except ValueError as cause:
            raise refuse(self.name, raw, "an ISO time stamp such as 2025-07-01T10:00:00Z") from cause

    def _placed(self, moment: datetime) -> datetime:
        if moment.tzinfo is not None:
            return as_utc(self.name, moment)
        if self._zone is not None:
            return to_instant(moment, self._zone, self.repeated)
        raise InvalidValue("instant: the time stamp has no offset", hint="say where it was taken: zone: Europe/Berlin")


@dataclass(frozen=True, slots=True)
class Unix:
    """Seconds since 1970 (UTC) as a number; a fraction is read but not written. ``as_text`` writes text.

    >>> Unix().decode(1751364000)
    datetime.datetime(2025, 7, 1, 10, 0, tzinfo=datetime.timezone.utc)
    """

    as_text: bool = False
    name: ClassVar[str] = "unix"
    loss: ClassVar[Loss] = "lossy"
    unit: ClassVar[timedelta] = timedelta(seconds=1)

    @property
    def _micros(self) -> int:
        return self.unit // timedelta(microseconds=1)

    def decode(self, raw: Any) -> Value:
        """Give the instant."""
        if isinstance(raw, str) and re.fullmatch(r"-?[0-9]{1,20}(\.[0-9]{1,9})?", raw):
            raw = Decimal(raw)
        number = exact(self.name, raw)
        try:
            return EPOCH + timedelta(microseconds=int(EXACT.multiply(number, self._micros)))
        except OverflowError as cause:
            hint = "milliseconds are unix_ms" if self.unit == timedelta(seconds=1) else ""
            raise InvalidValue(f"{self.name}: the time is outside of the years 1 to 9999", hint=hint) from cause

    def encode(self, value: Value) -> Any:
        """Give the number of whole units."""
        number = (as_utc(self.name, value) - EPOCH) // self.unit
        return str(number) if self.as_text else number


@dataclass(frozen=True, slots=True)
class UnixMs(Unix):
    """Milliseconds since 1970 (UTC) as a number.

    >>> UnixMs().encode(datetime(2025, 7, 1, 10, tzinfo=UTC))
    1751364000000
    """

    name: ClassVar[str] = "unix_ms"
    unit: ClassVar[timedelta] = timedelta(milliseconds=1)
