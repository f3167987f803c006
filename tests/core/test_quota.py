"""How many calls of a day are left, by hours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.core.quota import HOUR, Quota, calls_within, first_hour, hour_of, seconds_to_room

NOW = 1_000_000 * HOUR + 1800.0


def test_listings_leave_the_reserve_alone():
    quota = Quota(1000, 0.2)
    assert quota.most(can_wait=True) == 800
    assert quota.most(can_wait=False) == 1000


def test_calls_of_the_hour_in_which_the_day_began_count_wholly():
    hour = hour_of(NOW)
    assert calls_within({hour - 25: 7, hour - 24: 5, hour: 2}, NOW) == 7


@pytest.mark.parametrize(("most", "hours"), [(11, 0), (10, 1), (6, 1), (5, 25), (1, 25)])
def test_the_wait_ends_when_enough_hours_have_passed(most, hours):
    slots = {hour_of(NOW) - 24: 5, hour_of(NOW): 5}
    assert seconds_to_room(slots, NOW, most) == (hours * HOUR - 1800 if hours else 0)


@given(st.dictionaries(st.integers(-30, 0), st.integers(0, 50)), st.integers(1, 200))
def test_after_the_wait_there_is_room_and_not_a_second_before(numbers, most):
    slots = {hour_of(NOW) + offset: number for offset, number in numbers.items()}
    wait = seconds_to_room(slots, NOW, most)
    assert calls_within(slots, NOW + wait) < most
    if wait:
        assert calls_within(slots, NOW + wait - 1) >= most
    assert first_hour(NOW) == hour_of(NOW) - 24
