"""Instants are spelled as systems do, and no change can hide behind a clock that is set back."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tallystick.connectors.http.instants import check_format, read_instant, spell_instant
from tallystick.core.error import InvalidValue, ProjectError

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # set back by half an hour
T = datetime(2025, 3, 7, 8, 5, 9, 250_000, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("spelling", "text"),
    [
        ("iso", "2025-03-07T08:05:09.250Z"),
        ("unix", "1741334709"),
        ("unix_ms", "1741334709250"),
        ("dd.MM.yyyy HH:mm:ss", "07.03.2025 09:05:09"),
        ("d.M.yy H:m:s", "7.3.25 9:5:9"),
        ("yyyyMMddHHmmss", "20250307090509"),
        ("yyyy-MM-dd'T'HH:mm:ss.SSS", "2025-03-07T09:05:09.000"),
        ("yyyy-MM-dd'T'HH:mm:ssXXX", "2025-03-07T09:05:09+01:00"),
        ("yyyy-MM-dd HH:mm:ss Z", "2025-03-07 09:05:09 +0100"),
        ("MM/dd/yyyy hh:mm a", "03/07/2025 09:05 AM"),
        ("yyyy 'o''clock' HH", "2025 o'clock 09"),
        ("yyyy-MM-dd", "2025-03-07"),
    ],
)
def test_an_instant_is_spelled_rounded_down_in_the_systems_zone(spelling, text):
    assert spell_instant(T, spelling, BERLIN) == text
    assert read_instant(text, spelling, BERLIN) <= T


@pytest.mark.parametrize(
    ("value", "spelling", "expected"),
    [
        ("2025-03-07T08:05:09.25Z", "iso", T),
        ("2025-03-07T09:05:09.250000+01:00", "iso", T),
        ("2025-03-07 09:05:09.25", "iso", T),
        ("2025-03-07T08:05:09.250123456Z", "iso", T + 0.000123),
        (1741334709.25, "unix", T),
        ("1741334709", "unix", T - 0.25),
        (1741334709250, "unix_ms", T),
        ("07.03.2025 09:05:09", "dd.MM.yyyy HH:mm:ss", T - 0.25),
        (" 07.03.2025 09:05:09 ", "dd.MM.yyyy HH:mm:ss", T - 0.25),
        ("03/07/2025 12:05 PM", "MM/dd/yyyy hh:mm a", datetime(2025, 3, 7, 11, 5, tzinfo=UTC).timestamp()),
        ("03/07/2025 12:05 am", "MM/dd/yyyy hh:mm a", datetime(2025, 3, 6, 23, 5, tzinfo=UTC).timestamp()),
        ("2025-03-07T03:05:09-05:00", "yyyy-MM-dd'T'HH:mm:ssXXX", T - 0.25),
    ],
)
def test_a_time_stamp_is_read_as_seconds_utc(value, spelling, expected):
    assert read_instant(value, spelling, BERLIN) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("value", "spelling"),
    [
        ("07.03.2025", "dd.MM.yyyy HH:mm"),
        ("2025-02-30T00:00:00Z", "iso"),
        (5, "iso"),
        (True, "unix"),
        ("soon", "unix"),
        ("x7.03.2025 09:05", "dd.MM.yyyy HH:mm"),
        (["2025"], "yyyy"),
        ("99.99.2025 09:05", "dd.MM.yyyy HH:mm"),
    ],
)
def test_a_time_stamp_in_another_spelling_is_a_named_error(value, spelling):
    with pytest.raises(InvalidValue) as caught:
        read_instant(value, spelling, BERLIN)
    assert spelling in caught.value.message


@pytest.mark.parametrize("bad", ["", "HH:mm", "MMMM yyyy", "yyyy bb", "yyyy yyyy", "dd.MM.yyyy kk"])
def test_a_pattern_that_is_none_is_a_mistake_of_the_manifest(bad):
    with pytest.raises(ProjectError):
        check_format(bad)


@pytest.mark.parametrize(
    ("zone", "around"),
    [
        (BERLIN, datetime(2025, 10, 26, 1, 0, tzinfo=UTC)),
        (NEW_YORK, datetime(2025, 11, 2, 6, 0, tzinfo=UTC)),
        (LORD_HOWE, datetime(2025, 4, 5, 15, 0, tzinfo=UTC)),
        (BERLIN, datetime(2025, 3, 30, 1, 0, tzinfo=UTC)),
    ],
)
def test_no_later_instant_has_an_earlier_wall_time_than_the_filter_asks_for(zone, around):
    """R-11.11: a system that compares wall times must not leave out what happens in the repeated hour."""
    spelling = "yyyy-MM-dd HH:mm:ss"
    moments = [around + timedelta(minutes=7 * n) for n in range(-30, 30)]
    walls = [m.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S") for m in moments]
    for index, moment in enumerate(moments):
        asked = spell_instant(moment.timestamp(), spelling, zone)
        assert all(asked <= wall for wall in walls[index:])
        assert asked <= walls[index]


def test_outside_of_the_repeated_hour_nothing_is_asked_twice():
    t = datetime(2025, 10, 25, 20, 0, tzinfo=UTC).timestamp()
    assert spell_instant(t, "yyyy-MM-dd HH:mm:ss", BERLIN) == "2025-10-25 22:00:00"


def test_an_ambiguous_wall_time_is_read_as_the_earlier_one():
    assert (
        read_instant("26.10.2025 02:30", "dd.MM.yyyy HH:mm", BERLIN)
        == datetime(2025, 10, 26, 0, 30, tzinfo=UTC).timestamp()
    )


@pytest.mark.parametrize(
    "value",
    [
        {"__class__": "datetime", "year": 2025, "month": 3, "day": 7, "hour": 9, "minute": 5, "second": 9,
         "microsecond": 250_000},
        {"year": 2025, "monthValue": 3, "dayOfMonth": 7, "hour": 9, "minute": 5, "second": 9, "nano": 250_000_000},
        {"year": 2025, "month": 3, "day": 7, "hours": 9, "minutes": 5, "seconds": 9, "milliseconds": 250},
        [2025, 3, 7, 9, 5, 9, 250_000_000],
    ],
)  # fmt: skip
def test_a_time_in_parts_is_wall_time_of_the_system(value):
    assert read_instant(value, "parts", BERLIN) == T


def test_missing_parts_are_zero_and_a_date_is_the_least():
    day = datetime(2025, 3, 7, tzinfo=BERLIN).timestamp()
    assert read_instant([2025, 3, 7], "parts", BERLIN) == day
    assert read_instant({"year": 2025, "month": 3, "day": 7, "hour": None}, "parts", BERLIN) == day


@pytest.mark.parametrize("value", ["2025-03-07", 1741334709, [2025, 3], [2025, 13, 1], {"year": 2025}, {"year": "2025"},
                                   [2025, 3, 7.5], [True, 1, 1], {}, [1] * 8])  # fmt: skip
def test_what_has_no_parts_is_one_bad_record(value):
    with pytest.raises(InvalidValue):
        read_instant(value, "parts", BERLIN)


def test_parts_are_understood_and_cannot_be_asked_for():
    check_format("parts")
    with pytest.raises(ProjectError):
        check_format("parts", writing=True)


@pytest.mark.parametrize("text", ["/Date(1700000000123)/", "\\/Date(1700000000123)\\/", "/Date(1700000000123+0060)/"])
def test_a_json_date_counts_milliseconds(text):
    """Its offset only says where somebody looked at a clock."""
    assert read_instant(text, "json_date", BERLIN) == 1700000000.123


def test_a_json_date_may_be_iso_and_is_never_asked_for():
    """Newer versions of a service write ISO; a filter has a spelling of its own."""
    assert read_instant("2023-11-14T22:13:20Z", "json_date", BERLIN) == 1700000000
    check_format("json_date")
    with pytest.raises(ProjectError, match="json_date"):
        check_format("json_date", writing=True)
    with pytest.raises(InvalidValue):
        read_instant("/Date(soon)/", "json_date", BERLIN)
