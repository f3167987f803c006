"""Instants that show where they were taken, and days that spreadsheets and databases count."""

import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Final
from zoneinfo import ZoneInfo

from tallystick.core.codecs.notation import exact
from tallystick.core.codecs.spelling import expect_text, refuse
from tallystick.core.codecs.zone import Repeated, as_utc, load_zone, to_instant
from tallystick.core.error import InvalidValue
from tallystick.core.mapping import Loss
from tallystick.core.record import Value

_SPELLED: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9:.]{4,15})(Z|z|[+-][0-9:]{2,8})?(?:\[!?([\w+/-]+)\])?"
)
_FIRST_SURE_DAY: Final = 61


@dataclass(frozen=True, slots=True)
class Zoned:
    """A time stamp with the offset of a zone, such as ``2025-07-01T12:00:00+02:00``; canonical is the instant.

    Any offset is read, and the name of a zone in brackets (RFC 9557). Written is the wall time of ``zone``: with its
    name where ``show_zone``, and with an offset such as ``+0200`` without ``colon``.

    >>> codec = Zoned("Europe/Berlin")
    >>> codec.decode("2025-07-01T12:00:00[Europe/Berlin]")
    datetime.datetime(2025, 7, 1, 10, 0, tzinfo=datetime.timezone.utc)
    >>> codec.encode(codec.decode("2025-07-01T10:00:00Z"))
    '2025-07-01T12:00:00+02:00'
    """

    zone: str
    colon: bool = True
    show_zone: bool = False
    repeated: Repeated = "earlier"
    name: ClassVar[str] = "zoned"
    loss: ClassVar[Loss] = "lossless"
    direct: ClassVar[bool] = True
    _zone: ZoneInfo = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Load the zone."""
        object.__setattr__(self, "_zone", load_zone(self.zone))

    def decode(self, raw: Any) -> Value:
        """Give the instant. An offset that the named zone never had at that time is refused."""
        text = expect_text(self.name, raw)
        found = _SPELLED.fullmatch(text)
        try:
            moment = datetime.fromisoformat((found[1] + (found[2] or "")).upper()) if found else None
        except ValueError:
            moment = None
        if found is None or moment is None:
            raise refuse(self.name, raw, "a time stamp such as 2025-07-01T12:00:00+02:00")
        named = load_zone(found[3]) if found[3] else None
        if moment.tzinfo is None:
            if named is None:
                hint = "a time without offset is the codec local_time, or instant with zone"
                raise refuse(self.name, raw, "a time stamp with an offset or a zone", hint=hint)
            return to_instant(moment, named, self.repeated)
        instant = as_utc(self.name, moment)
        if (
            named is not None
            and found[2] not in {"Z", "z"}
            and self._local(instant, named)[0].utcoffset() != moment.utcoffset()
        ):
            detail = f"{found[2]} is not the offset of {named.key} at that time"
            raise InvalidValue("zoned: offset and zone contradict each other", detail=detail, hint="correct the source")
        return instant

    def encode(self, value: Value) -> Any:
        """Give the time stamp, with as many digits after the second as needed."""
        local, offset = self._local(as_utc(self.name, value), self._zone)
        micro = local.microsecond
        digits = "auto" if not micro else "microseconds" if micro % 1000 else "milliseconds"
        spelled = local.replace(tzinfo=None).isoformat(timespec=digits)
        return spelled + (offset if self.colon else offset.replace(":", "")) + (f"[{self.zone}]" * self.show_zone)

    def _local(self, instant: datetime, zone: ZoneInfo) -> tuple[datetime, str]:
        try:
            local = instant.astimezone(zone)
        except OverflowError as cause:
            raise InvalidValue("the time is outside of the years 1 to 9999") from cause
        return local, local.isoformat()[len(local.replace(tzinfo=None).isoformat()) :]


@dataclass(frozen=True, slots=True)
class DayNumber:
    """A day as the number that spreadsheets keep: 45839 is the first of July 2025.

    ``epoch_1904`` is for those of old Macs. Numbers below 61 are refused, because spreadsheets have
    a 29 February 1900 that never was.

    >>> DayNumber().decode(45839), DayNumber().encode(date(2025, 7, 1))
    (datetime.date(2025, 7, 1), 45839)
    """

    epoch_1904: bool = False
    name: ClassVar[str] = "day_number"
    loss: ClassVar[Loss] = "lossless"

    def decode(self, raw: Any) -> Value:
        """Give the day; a number with a time of day in it is refused."""
        is_digits = isinstance(raw, str) and raw.isascii() and raw.isdigit() and len(raw) < 8  # noqa: PLR2004
        number = exact(self.name, Decimal(raw) if is_digits else raw)
        if number != number.to_integral_value() or number < self._least or number > self._count(date.max):
            raise refuse(self.name, raw, "the number of a day, without a time of day")
        return self._epoch + timedelta(days=int(number))

    def encode(self, value: Value) -> Any:
        """Give the day's number."""
        if not isinstance(value, date) or isinstance(value, datetime) or self._count(value) < self._least:
            raise refuse(self.name, value, "a day that spreadsheets can count")
        return self._count(value)

    @property
    def _epoch(self) -> date:
        return date(1904, 1, 1) if self.epoch_1904 else date(1899, 12, 30)

    @property
    def _least(self) -> int:
        return 0 if self.epoch_1904 else _FIRST_SURE_DAY

    def _count(self, day: date) -> int:
        return (day - self._epoch).days
