"""Calls of a day, counted durably and shared by everybody who has the same store."""

import pytest

from tallystick.core.quota import HOUR, first_hour, hour_of
from tallystick.store.meter import CallMeter
from tallystick.store.store import open_store


class Clock:
    def __init__(self):
        self.now = 500_000.0 * HOUR

    def __call__(self):
        return self.now


@pytest.fixture
def store(tmp_path):
    opened = open_store(f"sqlite:///{tmp_path / 'state.db'}")
    yield opened
    opened.close()


@pytest.fixture
def clock():
    return Clock()


def spend(meter, *, can_wait=False, most=100_000):
    made = 0
    while made < most and meter.wait(can_wait=can_wait) == 0:
        meter.take()
        made += 1
    return made


@pytest.mark.parametrize("per_day", [1, 7, 100, 3000])
def test_no_more_than_the_day_allows_and_listings_leave_the_reserve(store, clock, per_day):
    meter = CallMeter(store, "crm", per_day, 0.25, clock)
    patient = spend(meter, can_wait=True)
    assert patient == per_day - round(per_day * 0.25)
    assert patient + spend(meter) == per_day
    assert meter.left() == 0


def test_what_was_counted_outlives_the_process(store, clock):
    first = CallMeter(store, "crm", 1000, 0, clock)
    assert spend(first, most=123) == 123
    first.close()
    assert CallMeter(store, "crm", 1000, 0, clock).left() == 877


def test_a_process_that_died_counts_too_much_and_never_too_little(store, clock):
    spend(CallMeter(store, "crm", 1000, 0, clock), most=123)
    left = CallMeter(store, "crm", 1000, 0, clock).left()
    assert left is not None
    assert 877 - 5 <= left <= 877


def test_two_meters_share_one_account_and_not_that_of_another_system(store, clock):
    one, two = (CallMeter(store, "crm", 600, 0, clock) for _ in range(2))
    other = CallMeter(store, "erp", 600, 0, clock)
    assert spend(one, most=400) + spend(two) <= 600
    assert two.wait(can_wait=False) > 0
    assert other.left() == 600


def test_the_wait_ends_when_the_calls_are_a_day_old(store, clock):
    meter = CallMeter(store, "crm", 10, 0, clock)
    spend(meter)
    wait = meter.wait(can_wait=False)
    assert wait == 25 * HOUR
    clock.now += wait
    assert meter.wait(can_wait=False) == 0
    assert spend(meter) == 10
    assert store.look(lambda tx: tx.calls("crm", 0)).keys() == {hour_of(clock.now)}, "what is old is forgotten"


def test_calls_of_an_hour_stay_in_it_when_the_hour_ends(store, clock):
    meter = CallMeter(store, "crm", 1000, 0, clock)
    spend(meter, most=3)
    clock.now += HOUR
    spend(meter, most=2)
    meter.close()
    assert list(store.look(lambda tx: tx.calls("crm", first_hour(clock.now))).values()) == [3, 2]


def test_the_systems_own_word_counts_with_or_without_a_quota_of_ours(store, clock):
    """Somebody else uses the same credential: what the system says is left may be less than what we know of."""
    for per_day in (None, 10_000):
        meter = CallMeter(store, f"crm{per_day}", per_day, 0.2, clock)
        assert meter.wait(can_wait=True) == 0
        meter.hear(25, 100, 600)
        assert spend(meter, can_wait=True) == 5, "down to the reserve of what the system allows"
        assert spend(meter) == 20
        assert meter.wait(can_wait=False) == 600
        clock.now += 600
        assert meter.wait(can_wait=True) == 0
