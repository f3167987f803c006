"""Wall times and days as text, in a zone and a spelling.

A zone's offset is remembered per day, and only for days with no change of clocks near: exact, and about thirty times
faster than asking the zone each time. Around a change the zone is asked.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, ClassVar, Final
from zoneinfo import ZoneInfo

from tallystick.core.codecs.pattern import DATE_PARTS, Memo, Pattern
from tallystick.core.codecs.spelling import refuse
from tallystick.core.codecs.zone import EPOCH, Repeated, as_utc, load_zone, to_instant, to_wall
from tallystick.core.error import InvalidValue
from tallystick.core.mapping import Loss
from tallystick.core.record import Value

_ANCHOR: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - the wall time that days and hours are counted from


@dataclass(frozen=True, slots=True)
class LocalTime:
    """A wall time without offset, spelled by a pattern, in a zone.

    Lossy: the pattern may not show everything, and in the hour that clocks go back over, two instants have one
    spelling; ``repeated`` says which is meant, or refuses both. ``also`` are patterns that are read besides.

    >>> codec = LocalTime("dd.MM.yyyy HH:mm", "Europe/Berlin")
    >>> codec.decode("01.07.2025 12:00")
    datetime.datetime(2025, 7, 1, 10, 0, tzinfo=datetime.timezone.utc)
    >>> codec.encode(datetime(2025, 1, 1, tzinfo=UTC))
    '01.01.2025 01:00'
    """

    format: str
    zone: str = "UTC"
    repeated: Repeated = "earlier"
    language: str = ""
    also: tuple[str, ...] = ()
    name: ClassVar[str] = "local_time"
    loss: ClassVar[Loss] = "lossy"
    direct: ClassVar[bool] = True
    _pattern: Pattern = field(init=False, repr=False, compare=False)
    _others: tuple[Pattern, ...] = field(init=False, repr=False, compare=False)
    _zone: ZoneInfo = field(init=False, repr=False, compare=False)
    _cuts: tuple[int, int, int] = field(init=False, repr=False, compare=False)
    _offsets: Memo[timedelta | None] = field(init=False, repr=False, compare=False)
    _starts: Memo[datetime | None] = field(init=False, repr=False, compare=False)
    _to_hour: Memo[timedelta | None] = field(init=False, repr=False, compare=False)
    _past_hour: Memo[timedelta | None] = field(init=False, repr=False, compare=False)
    _dates: Memo[str] = field(init=False, repr=False, compare=False)
    _hours: Memo[str] = field(init=False, repr=False, compare=False)
    _minutes: Memo[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Cut the pattern to pieces. Raises ``InvalidValue`` for an unknown zone or a pattern without hour."""
        pattern, others = Pattern(self.format, self.language), _patterns(self.also, self.language)
        without = next((one for one in (pattern, *others) if not one.shows_hour), None)
        if without is not None:
            raise InvalidValue(f"local_time: '{without.text}' shows no hour", hint="for a day alone use the codec date")
        cuts = hour, minute, _ = _cut(pattern)
        put = object.__setattr__
        put(self, "_pattern", pattern)
        put(self, "_others", others)
        put(self, "_zone", load_zone(self.zone))
        put(self, "_cuts", cuts)
        put(self, "_offsets", Memo(self._offset))
        put(self, "_starts", Memo(self._start))
        put(self, "_to_hour", Memo(partial(self._passed, hour)))
        put(self, "_past_hour", Memo(partial(self._passed, minute)))
        put(self, "_dates", Memo(lambda day: pattern.format(_ANCHOR + timedelta(days=day))[:hour]))
        put(self, "_hours", Memo(lambda n: pattern.format(_ANCHOR + timedelta(hours=n))[hour:minute]))
        put(self, "_minutes", Memo(lambda n: pattern.format(_ANCHOR + timedelta(seconds=n))[minute:]))

    def decode(self, raw: Any) -> Value:
        """Give the instant; a time that clocks skipped is refused."""
        hour, minute, width = self._cuts
        if width and raw.__class__ is str and len(raw) == width:
            start = self._starts[raw[:hour]]
            passed, rest = self._to_hour[raw[hour:minute]], self._past_hour[raw[minute:]]
            if start is not None and passed is not None and rest is not None:
                return start + (passed + rest)
        wall = _parsed(raw, (self._pattern, *self._others))
        if wall is None:
            raise refuse(self.name, raw, f"a time spelled {' or '.join((self.format, *self.also))}")
        return to_instant(wall, self._zone, self.repeated)

    def encode(self, value: Value) -> Any:
        """Give the wall time; with ``repeated: error`` an instant in the repeated hour is refused."""
        instant = value if value.__class__ is datetime and value.tzinfo is UTC else as_utc(self.name, value)
        since = instant - EPOCH
        offset = self._offsets[since.days]
        if offset is None:
            return self._asked(instant)
        local = since + offset
        if not self._cuts[2]:
            return self._formatted(_ANCHOR + local)
        second = local.seconds
        return self._dates[local.days] + self._hours[second // 3600] + self._minutes[second % 3600]

    def _asked(self, instant: datetime) -> str:
        wall = to_wall(instant, self._zone)
        if self.repeated == "error":
            to_instant(wall, self._zone, self.repeated)
        return self._formatted(wall)

    def _formatted(self, wall: datetime) -> str:
        _check_year(self.name, self._pattern, wall)
        return self._pattern.format(wall)

    def _offset(self, day: int) -> timedelta | None:
        # Equal at both ends of three days means equal all through: no zone ever changed twice within three days.
        try:
            begin = EPOCH + timedelta(days=day - 1)
            first = begin.astimezone(self._zone).utcoffset()
            last = (begin + timedelta(days=3)).astimezone(self._zone).utcoffset()
        except OverflowError:
            return None
        return first if first == last else None

    def _start(self, text: str) -> datetime | None:
        # The instant at which a day begins that has no change of clocks near; None where the zone must be asked.
        wall = self._pattern.parse(text + self._pattern.format(_ANCHOR)[self._cuts[0] :])
        offset = None if wall is None else self._offsets[(wall - _ANCHOR).days]
        return None if wall is None or offset is None else (wall - offset).replace(tzinfo=UTC)

    def _passed(self, at: int, text: str) -> timedelta | None:
        # The time since midnight that one piece of the text stands for.
        midnight = self._pattern.format(_ANCHOR)
        wall = self._pattern.parse(midnight[:at] + text + midnight[at + len(text) :])
        return None if wall is None else wall - _ANCHOR


def _cut(pattern: Pattern) -> tuple[int, int, int]:
    """Say where hours begin, where minutes begin and how long the text is; zeros if it cannot be cut into these.

    It can where the day comes first and the hour next, everything has a fixed width and no fraction is shown.
    """
    narrow, wide = pattern.format(_ANCHOR), pattern.format(datetime(2011, 11, 11, 11))  # noqa: DTZ001 - a wall time
    day_first = set(pattern.parts[:3]) == DATE_PARTS and pattern.parts[3] == "hour"
    if pattern.years[0] > 1 or pattern.language:
        return 0, 0, 0
    if not day_first or len(narrow) != len(wide) or "microsecond" in pattern.parts:
        return 0, 0, 0
    hour = _first_difference(narrow, pattern.format(_ANCHOR.replace(hour=11)))
    minute = _first_difference(narrow, pattern.format(_ANCHOR.replace(minute=11, second=11)))
    return hour, minute, len(narrow)


def _first_difference(a: str, b: str) -> int:
    return next((at for at, (x, y) in enumerate(zip(a, b, strict=True)) if x != y), len(a))


def _patterns(texts: tuple[str, ...], language: str) -> tuple[Pattern, ...]:
    return tuple(Pattern(text, language) for text in texts)


def _parsed(raw: Any, patterns: tuple[Pattern, ...]) -> datetime | None:
    found = (pattern.parse(raw) for pattern in patterns) if isinstance(raw, str) else ()
    return next((wall for wall in found if wall is not None), None)


def _check_year(codec: str, pattern: Pattern, wall: datetime) -> None:
    first, last = pattern.years
    if not first <= wall.year <= last:
        detail = f"two digits stand for {first} to {last}"
        raise InvalidValue(f"{codec}: this year cannot be spelled {pattern.text}", detail=detail, hint="write yyyy")


@dataclass(frozen=True, slots=True)
class Date:
    """A day as text, ISO unless ``format`` says otherwise. ``also`` are patterns that are read besides.

    Where one text fits several patterns, the first that fits is meant: ``also`` must not leave open which is the day.

    >>> Date("dd.MM.yyyy").decode("31.12.2025")
    datetime.date(2025, 12, 31)
    >>> Date("d. MMMM yyyy", language="de").encode(date(2025, 3, 1))
    '1. März 2025'
    """

    format: str = "yyyy-MM-dd"
    language: str = ""
    also: tuple[str, ...] = ()
    name: ClassVar[str] = "date"
    loss: ClassVar[Loss] = "lossless"
    _pattern: Pattern = field(init=False, repr=False, compare=False)
    _all: tuple[Pattern, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Read the patterns. Raises ``InvalidValue`` where one shows more than the day."""
        patterns = _patterns((self.format, *self.also), self.language)
        timed = next((one for one in patterns if one.shows_time), None)
        if timed is not None:
            raise InvalidValue(f"date: '{timed.text}' shows a time", hint="for a time use the codec local_time")
        object.__setattr__(self, "_pattern", patterns[0])
        object.__setattr__(self, "_all", patterns)

    def decode(self, raw: Any) -> Value:
        """Give the day."""
        wall = _parsed(raw, self._all)
        if wall is None:
            raise refuse(self.name, raw, f"a day spelled {' or '.join((self.format, *self.also))}")
        return wall.date()

    def encode(self, value: Value) -> Any:
        """Give the day's spelling."""
        if not isinstance(value, date) or isinstance(value, datetime):
            raise refuse(self.name, value, "a day")
        wall = datetime(value.year, value.month, value.day)  # noqa: DTZ001 - a day has no zone
        _check_year(self.name, self._pattern, wall)
        return self._pattern.format(wall)


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
