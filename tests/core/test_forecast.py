"""The forecast of a plan: calls as ``send`` makes them, time as rate and pace allow."""

from hypothesis import given
from hypothesis import strategies as st

from tallystick.core.forecast import Calls, Pace, count_calls, weigh
from tallystick.core.ports import Capabilities

PLAIN = Capabilities(create=True, update=True, delete=True, read_by_id=True)
SAFE = Capabilities(read_by_id=True, cas_write=True, version="etag", returns_record=True)


def test_without_conditional_writes_each_record_is_read_before_and_after():
    assert count_calls(PLAIN, {"create": 3, "update": 4, "delete": 2}) == Calls(before=6, writes=9, after=7)


def test_conditional_writes_that_show_what_was_stored_need_no_more_calls():
    assert count_calls(SAFE, {"create": 3, "update": 4, "delete": 2}) == Calls(writes=9)


def test_bulk_calls_take_many_creates_and_updates_and_single_deletions():
    can = Capabilities(read_by_id=True, cas_write=True, version="field", bulk=100)
    assert count_calls(can, {"create": 201, "update": 100, "delete": 3}) == Calls(writes=3 + 1 + 3, bulk=100)


def test_what_cannot_be_read_singly_is_not_counted_as_read():
    assert count_calls(Capabilities(), {"update": 5}) == Calls(writes=5)


@given(st.integers(0, 10_000), st.floats(0.01, 1000), st.integers(1, 64))
def test_nothing_is_quicker_than_the_rate_allows(calls, rate, in_flight):
    pace = Pace(single=3, single_seconds=0.01, rate=rate, in_flight=in_flight)
    assert pace.seconds_for(calls) >= calls / rate * 0.999


def test_calls_side_by_side_are_measured_as_such():
    assert Pace(together=100, together_seconds=2.0, single=1, single_seconds=9).seconds_for(50) == 1.0
    assert Pace(single=2, single_seconds=4.0, in_flight=4).seconds_for(10) == 5.0
    assert Pace().seconds_for(10) == 0.0


def test_a_system_bears_its_reading_and_the_writes_to_all_its_objects():
    load = weigh(Pace(single=5, single_seconds=2.0, rate=10.0), [Calls(1, 2, 3), Calls(writes=4)])
    assert (load.read, load.before, load.writes, load.after, load.total) == (5, 1, 6, 3, 15)
    assert load.seconds >= 2.0 + 10 / 10.0
