"""Directed traps of time: skipped and repeated hours, odd zones, stamps without offset."""

import contextlib
import itertools
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones
from zoneinfo._common import load_data, load_tzdata

import pytest

from tallystick.core.codecs.registry import build_codec
from tallystick.core.error import InvalidValue

BERLIN = ZoneInfo("Europe/Berlin")
LOCAL = {"format": "dd.MM.yyyy HH:mm", "zone": "Europe/Berlin"}


def read(name: str, raw: Any, **settings: Any) -> Any:
    return build_codec(name, settings).decode(raw)


def write(name: str, value: Any, **settings: Any) -> Any:
    return build_codec(name, settings).encode(value)


@pytest.mark.parametrize("day", ["30.03.2025", "29.03.2026"])
def test_a_time_that_clocks_skipped_is_refused(day: str):
    """02:30 in the spring night does not exist; it is an error, not a shift. Its neighbours are fine."""
    codec = build_codec("local_time", LOCAL)
    with pytest.raises(InvalidValue, match="does not exist"):
        codec.decode(f"{day} 02:30")
    for _ in range(2):  # cold and from memory
        assert codec.decode(f"{day} 01:59").hour == 0
        assert codec.decode(f"{day} 03:00").hour == 1


@pytest.mark.parametrize(("day", "month"), [(26, "2025-10"), (25, "2026-10")])
def test_a_time_that_was_twice_follows_the_policy(day: int, month: str):
    """02:30 in the autumn night is the earlier one, the later one or an error, as declared, in both directions."""
    text = f"{day}.{month[5:]}.{month[:4]} 02:30"
    earlier = datetime.fromisoformat(f"{month}-{day}T00:30:00+00:00")
    assert read("local_time", text, **LOCAL) == earlier
    assert read("local_time", text, **LOCAL, repeated="later") == earlier + timedelta(hours=1)
    for moment in (earlier, earlier + timedelta(hours=1)):
        assert write("local_time", moment, **LOCAL) == text
        with pytest.raises(InvalidValue, match="was twice"):
            write("local_time", moment, **LOCAL, repeated="error")
    with pytest.raises(InvalidValue, match="was twice"):
        read("local_time", text, **LOCAL, repeated="error")


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2025-07-01T12:00:00", "2025-07-01T10:00:00+00:00"),
        ("2025-07-01 12:00:00.250", "2025-07-01T10:00:00.250+00:00"),
        ("2025-01-01T00:30", "2024-12-31T23:30:00+00:00"),
        ("2025-07-01T12:00:00Z", "2025-07-01T12:00:00+00:00"),
    ],
)
def test_a_wall_time_is_read_in_its_zone_unless_it_says_its_offset(text: str, instant: str):
    assert read("wall_time", text, zone="Europe/Berlin") == datetime.fromisoformat(instant)


def test_a_wall_time_that_clocks_skipped_or_repeat_is_told():
    """As with a pattern: what does not exist is refused, what was twice follows the policy, both ways."""
    berlin = {"zone": "Europe/Berlin"}
    with pytest.raises(InvalidValue, match="does not exist"):
        read("wall_time", "2025-03-30T02:30:00", **berlin)
    earlier = datetime.fromisoformat("2025-10-26T00:30:00+00:00")
    assert read("wall_time", "2025-10-26T02:30:00", **berlin) == earlier
    assert read("wall_time", "2025-10-26T02:30:00", **berlin, repeated="later") == earlier + timedelta(hours=1)
    assert write("wall_time", earlier, **berlin) == "2025-10-26T02:30:00"
    with pytest.raises(InvalidValue, match="was twice"):
        write("wall_time", earlier, **berlin, repeated="error")


@pytest.mark.parametrize("raw", ["12:00:00", "2025-07-01", "01.07.2025 12:00", "2025-07-01x12:00:00", 7, None])
def test_what_is_no_wall_time_is_refused(raw: object):
    with pytest.raises(InvalidValue, match="an ISO time such as"):
        build_codec("wall_time", {}).decode(raw)


def test_no_zone_changes_its_clocks_twice_within_three_days():
    """What the memory of offsets relies on, for every zone and all of its history."""
    for name in sorted(available_timezones()):
        with contextlib.suppress(ZoneInfoNotFoundError), load_tzdata(name) as file:
            changes = load_data(file)[1]
            assert all(after - before > 3 * 86_400 for before, after in itertools.pairwise(changes)), name


def test_every_minute_of_a_year_goes_through_memory_as_it_does_without():
    """Memory is exact: UTC to Berlin and back loses the 60 repeated minutes of the year and no other."""
    codec = build_codec("local_time", LOCAL)
    start = datetime(2025, 1, 1, tzinfo=UTC)
    lost = 0
    for minute in range(0, 365 * 24 * 60, 3):
        moment = start + timedelta(minutes=minute)
        text = codec.encode(moment)
        if minute % 97 == 0 or moment.month in {3, 10}:
            assert text == moment.astimezone(BERLIN).strftime("%d.%m.%Y %H:%M")
        lost += codec.decode(text) != moment
    assert lost == 20


@pytest.mark.parametrize(
    "zone", ["Australia/Lord_Howe", "Asia/Kolkata", "Asia/Kathmandu", "America/St_Johns", "Africa/Monrovia"]
)
def test_zones_with_odd_offsets_are_exact_too(zone: str):
    """Half-hour changes and offsets of minutes or seconds are remembered as exactly as whole hours."""
    codec = build_codec("local_time", {"format": "yyyy-MM-dd HH:mm:ss", "zone": zone})
    for start in (
        datetime(2025, 4, 5, tzinfo=UTC),
        datetime(2025, 10, 4, tzinfo=UTC),
        datetime(1971, 12, 31, tzinfo=UTC),
    ):
        for step in range(600):
            moment = start + timedelta(seconds=step * 239)
            local = moment.astimezone(ZoneInfo(zone))
            assert codec.encode(moment) == local.strftime("%Y-%m-%d %H:%M:%S")
            assert codec.decode(codec.encode(moment)) == local.replace(fold=0).astimezone(UTC)


@pytest.mark.parametrize(
    "raw",
    ["01.07.2025", "1.7.2025 12:00", "01.07.2025 24:00", "31.02.2025 12:00", "01.07.2025 12:60",
     "01.07.2025  12:00", "01.07.2025 12:00\n", "01/07/2025 12:00", "\u06601.07.2025 12:00", "01.07.0000 12:00", "", 5,
     None, "01.07.2025 1a:00"],
)  # fmt: skip
def test_a_time_must_be_spelled_as_declared(raw: Any):
    """Nothing is read leniently, not even by ways through memory."""
    codec = build_codec("local_time", LOCAL)
    codec.decode("01.07.2025 12:00")
    with pytest.raises(InvalidValue):
        codec.decode(raw)


@pytest.mark.parametrize(
    ("raw", "moment"),
    [
        ("2025-07-01T10:00:00Z", datetime(2025, 7, 1, 10, tzinfo=UTC)),
        ("2025-07-01T12:00:00.5+02:00", datetime(2025, 7, 1, 10, 0, 0, 500_000, UTC)),
        ("2025-07-01 10:00:00+00:00", datetime(2025, 7, 1, 10, tzinfo=UTC)),
        ("2025-07-01t10:00:00z", datetime(2025, 7, 1, 10, tzinfo=UTC)),
        ("20250701T100000Z", datetime(2025, 7, 1, 10, tzinfo=UTC)),
        ("2025-07-01T10:00:00.123456789Z", datetime(2025, 7, 1, 10, 0, 0, 123_456, UTC)),
    ],
)
def test_iso_time_stamps_are_read(raw: str, moment: datetime):
    """The spellings of ISO 8601 and RFC 3339 that systems use."""
    assert read("instant", raw) == moment


@pytest.mark.parametrize(
    "raw",
    [
        "2025-07-01",
        "2025-07-01T10:00:00",
        "2025-07-01X10:00:00Z",
        "2025-02-30T10:00:00Z",
        "0001-01-01T00:00:00+14:00",
        5,
        "T",
        "",
    ],
)
def test_what_is_no_instant_is_refused(raw: Any):
    """A day, a time without offset and a day that does not exist are no instants."""
    with pytest.raises(InvalidValue):
        read("instant", raw)


def test_a_time_stamp_without_offset_needs_a_zone():
    """With a zone it is one, with the same care for skipped and repeated hours."""
    assert read("instant", "2025-07-01T12:00:00", zone="Europe/Berlin") == datetime(2025, 7, 1, 10, tzinfo=UTC)
    with pytest.raises(InvalidValue, match="does not exist"):
        read("instant", "2025-03-30T02:30:00", zone="Europe/Berlin")


def test_unix_time_tells_seconds_from_milliseconds():
    """Milliseconds taken for seconds lie beyond year 9999 and are named."""
    assert (
        read("unix", "1751364000", as_text=True)
        == read("unix_ms", 1751364000000)
        == datetime(2025, 7, 1, 10, tzinfo=UTC)
    )
    assert write("unix", datetime(1969, 12, 31, 23, 59, 59, 500_000, UTC)) == -1
    with pytest.raises(InvalidValue) as refusal:
        read("unix", 1751364000000)
    assert "unix_ms" in refusal.value.hint


def test_a_day_is_the_day_in_its_zone():
    """The zone decides the day; a midnight that was skipped and a day that was left out are told apart."""
    assert read("day", datetime(2025, 6, 30, 22, tzinfo=UTC), zone="Europe/Berlin") == date(2025, 7, 1)
    assert write("day", date(2018, 11, 4), zone="America/Sao_Paulo") == datetime(2018, 11, 4, 3, tzinfo=UTC)
    with pytest.raises(InvalidValue, match="left out"):
        write("day", date(2011, 12, 30), zone="Pacific/Apia")


@pytest.mark.parametrize(
    ("pattern", "hint"),
    [("DD.MM.yyyy HH:mm", "did you mean dd"), ("dd.MM.yyyy hh:mm", "did you mean HH"), ("%d.%m.%Y", "yyyy"),
     ("HH:mm", "year"),
     ("dd.MM.yyyy dd HH", "twice"), ("yyyy-MM-dd'T HH", "quote")],
)  # fmt: skip
def test_a_wrong_pattern_is_explained(pattern: str, hint: str):
    """Each wrong pattern is refused when the project is loaded, with what was probably meant."""
    with pytest.raises(InvalidValue) as refusal:
        build_codec("local_time", {"format": pattern})
    assert hint in str(refusal.value) + refusal.value.hint


def test_a_sixtieth_second_is_the_next_minute():
    """Systems that round the seconds write 60, and so do leap seconds."""
    codec = build_codec("local_time", {"format": "yyyy-MM-dd.HH:mm:ss", "zone": "UTC"})
    assert codec.decode("2026-11-23.23:59:60") == codec.decode("2026-11-24.00:00:00")
    with pytest.raises(InvalidValue):
        codec.decode("2026-11-23.23:59:61")
