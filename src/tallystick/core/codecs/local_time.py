"""Wall times and days as text, in a zone and a spelling.

Conversions to a zone are remembered per hour, and only for hours in which the zone's offset does not change: exact,
and about ten times faster than asking the zone each time.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar, Final
from zoneinfo import ZoneInfo

from tallystick.core.codecs.pattern import DATE_PARTS, Memo, Pattern
from tallystick.core.codecs.spelling import refuse
from tallystick.core.codecs.zone import EPOCH, Repeated, as_utc, load_zone, to_instant, to_wall
from tallystick.core.error import InvalidValue
from tallystick.core.mapping import Loss
from tallystick.core.record import Value

_LAST: Final = timedelta(minutes=59, seconds=59, microseconds=999_999)
_ANCHOR: Final = datetime(2000, 1, 1)  # noqa: DTZ001 - stands for any day; only its minutes are used


@dataclass(frozen=True, slots=True)
class LocalTime:
    """A wall time without offset, spelled by a pattern, in a zone.

    Lossy: the pattern may not show everything, and in the hour that clocks go back over, two instants have one
    spelling; ``repeated`` says which is meant, or refuses both.

    >>> codec = LocalTime("dd.MM.yyyy HH:mm", "Europe/Berlin")
    >>> codec.decode("01.07.2025 12:00")
    datetime.datetime(2025, 7, 1, 10, 0, tzinfo=datetime.timezone.utc)
    >>> codec.encode(datetime(2025, 1, 1, tzinfo=UTC))
    '01.01.2025 01:00'
    """

    format: str
    zone: str = "UTC"
    repeated: Repeated = "earlier"
    name: ClassVar[str] = "local_time"
    loss: ClassVar[Loss] = "lossy"
    direct: ClassVar[bool] = True
    _pattern: Pattern = field(init=False, repr=False, compare=False)
    _zone: ZoneInfo = field(init=False, repr=False, compare=False)
    _split: int = field(init=False, repr=False, compare=False)
    _width: int = field(init=False, repr=False, compare=False)
    _splits_writing: bool = field(init=False, repr=False, compare=False)
    _starts: Memo[datetime | None] = field(init=False, repr=False, compare=False)
    _rests: Memo[timedelta | None] = field(init=False, repr=False, compare=False)
    _heads: Memo[str | None] = field(init=False, repr=False, compare=False)
    _tails: Memo[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Find where the pattern's hour ends. Raises ``InvalidValue`` for an unknown zone or a pattern without hour."""
        pattern = Pattern(self.format)
        if "hour" not in pattern.parts:
            raise InvalidValue(f"local_time: '{self.format}' shows no hour", hint="for a day alone use the codec date")
        put = object.__setattr__
        put(self, "_pattern", pattern)
        put(self, "_zone", load_zone(self.zone))
        put(self, "_split", _end_of_hour(pattern))
        put(self, "_width", len(pattern.format(_ANCHOR)))
        put(self, "_splits_writing", self._split > 0 and "microsecond" not in pattern.parts)
        put(self, "_starts", Memo(self._start))
        put(self, "_rests", Memo(self._rest))
        put(self, "_heads", Memo(self._head))
        put(self, "_tails", Memo(self._tail))

    def decode(self, raw: Any) -> Value:
        """Give the instant; a time that clocks skipped is refused."""
        split = self._split
        if split and raw.__class__ is str and len(raw) == self._width:
            start = self._starts[raw[:split]]
            rest = self._rests[raw[split:]]
            if start is not None and rest is not None:
                return start + rest
        wall = self._pattern.parse(raw) if isinstance(raw, str) else None
        if wall is None:
            raise refuse(self.name, raw, f"a time spelled {self.format}")
        return to_instant(wall, self._zone, self.repeated)

    def encode(self, value: Value) -> Any:
        """Give the wall time; with ``repeated: error`` an instant in the repeated hour is refused."""
        instant = value if value.__class__ is datetime and value.tzinfo is UTC else as_utc(self.name, value)
        if self._splits_writing:
            since = instant - EPOCH
            second = since.seconds
            head = self._heads[since.days * 24 + second // 3600]
            if head is not None:
                return head + self._tails[second % 3600]
        return self._spelled(instant)

    def _spelled(self, instant: datetime) -> str:
        wall = to_wall(instant, self._zone)
        if self.repeated == "error":
            to_instant(wall, self._zone, self.repeated)
        return self._pattern.format(wall)

    def _start(self, head: str) -> datetime | None:
        # The instant at which the hour begins, if all of it is alike; else None, and each time is looked at by itself.
        wall = self._pattern.parse(head + self._pattern.format(_ANCHOR)[self._split :])
        if wall is None:
            return None
        try:
            first = to_instant(wall, self._zone, self.repeated)
            last = to_instant(wall + _LAST, self._zone, self.repeated)
        except InvalidValue:
            return None
        return first if last - first == _LAST else None

    def _rest(self, tail: str) -> timedelta | None:
        wall = self._pattern.parse(self._pattern.format(_ANCHOR)[: self._split] + tail)
        return None if wall is None else wall - _ANCHOR

    def _head(self, hour: int) -> str | None:
        # Where the offset is whole hours and does not change, the hour in UTC is an hour of the zone.
        try:
            begin = EPOCH + timedelta(hours=hour)
            first, last = to_wall(begin, self._zone), to_wall(begin + _LAST, self._zone)
            alike = last - first == _LAST and not (first.minute or first.second)
            if alike and self.repeated == "error":
                to_instant(first, self._zone, self.repeated)
                to_instant(last, self._zone, self.repeated)
        except (InvalidValue, OverflowError):
            return None
        return self._pattern.format(first)[: self._split] if alike else None

    def _tail(self, second: int) -> str:
        return self._pattern.format(_ANCHOR + timedelta(seconds=second))[self._split :]


def _end_of_hour(pattern: Pattern) -> int:
    """Where the hour ends in texts of this pattern, if date and hour come first and everything has a fixed width."""
    if set(pattern.parts[:4]) != DATE_PARTS | {"hour"}:
        return 0
    narrow, wide = pattern.format(_ANCHOR), pattern.format(_ANCHOR.replace(month=11, day=11, hour=11))
    if len(narrow) != len(wide):
        return 0
    later = pattern.format(_ANCHOR + _LAST)
    return next((at for at, (a, b) in enumerate(zip(narrow, later, strict=True)) if a != b), len(narrow))


@dataclass(frozen=True, slots=True)
class Date:
    """A day as text, ISO unless ``format`` says otherwise.

    >>> Date("dd.MM.yyyy").decode("31.12.2025")
    datetime.date(2025, 12, 31)
    """

    format: str = "yyyy-MM-dd"
    name: ClassVar[str] = "date"
    loss: ClassVar[Loss] = "lossless"
    _pattern: Pattern = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Read the pattern. Raises ``InvalidValue`` where it shows more than the day."""
        pattern = Pattern(self.format)
        if pattern.shows_time:
            raise InvalidValue(f"date: '{self.format}' shows a time", hint="for a time use the codec local_time")
        object.__setattr__(self, "_pattern", pattern)

    def decode(self, raw: Any) -> Value:
        """Give the day."""
        wall = self._pattern.parse(raw) if isinstance(raw, str) else None
        if wall is None:
            raise refuse(self.name, raw, f"a day spelled {self.format}")
        return wall.date()

    def encode(self, value: Value) -> Any:
        """Give the day's spelling."""
        if not isinstance(value, date) or isinstance(value, datetime):
            raise refuse(self.name, value, "a day")
        return self._pattern.format(datetime(value.year, value.month, value.day))  # noqa: DTZ001 - a day has no zone


@dataclass(frozen=True, slots=True)
class Day:
    """The day on which an instant falls in a zone; stands after a codec that gives an instant.

    Lossy: written back, a day is its midnight, or the moment after where clocks skip midnight.

    >>> Day("Europe/Berlin").decode(datetime(2025, 6, 30, 22, tzinfo=UTC))
    datetime.date(2025, 7, 1)
    """

    zone: str = "UTC"
    name: ClassVar[str] = "day"
    loss: ClassVar[Loss] = "lossy"
    _zone: ZoneInfo = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Load the zone."""
        object.__setattr__(self, "_zone", load_zone(self.zone))

    def decode(self, raw: Any) -> Value:
        """Give the day."""
        return to_wall(as_utc(self.name, raw), self._zone).date()

    def encode(self, value: Value) -> Any:
        """Give the instant at which the day begins; a day that a zone left out is refused."""
        if not isinstance(value, date) or isinstance(value, datetime):
            raise refuse(self.name, value, "a day")
        begin = as_utc(self.name, datetime(value.year, value.month, value.day, tzinfo=self._zone))
        if to_wall(begin, self._zone).date() != value:
            raise InvalidValue(f"day: this day was left out in {self.zone}", hint="correct it at the source")
        return begin
