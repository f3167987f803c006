"""Runs of numbers are a sequence like any other, in whatever pieces they were added."""

from hypothesis import given
from hypothesis import strategies as st

from tallystick.core.runs import Runs

NUMBERS = st.sets(st.integers(-50, 200)).map(sorted)


@given(NUMBERS, NUMBERS)
def test_runs_hold_what_was_added_and_know_every_place(first, second):
    later = [number + 300 for number in second]
    runs = Runs(first)
    runs.extend(later)
    wanted = first + later
    assert list(runs) == wanted
    assert len(runs) == len(wanted)
    assert [runs[i] for i in range(-len(wanted), len(wanted))] == wanted + wanted
    assert runs[1:-1] == wanted[1:-1]
    places = {number: place for place, number in enumerate(wanted)}
    assert all(runs.place(number) == places.get(number) for number in range(-60, 520))


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 5)), max_size=20))
def test_runs_that_follow_each_other_are_one(pieces):
    """``add_run`` comes to the same as its numbers one by one."""
    whole, single, last = Runs(), Runs(), 0
    for gap, size in pieces:
        first = last + gap
        whole.add_run(first, size)
        single.extend(range(first, first + size))
        last = max(last, first + size - 1)
    assert list(whole) == list(single)
    assert [whole.place(n) for n in range(last + 2)] == [single.place(n) for n in range(last + 2)]


def test_a_place_that_is_not_there_is_refused():
    runs = Runs([3, 4, 9])
    for at in (3, -4):
        try:
            runs[at]
        except IndexError:
            continue
        raise AssertionError(at)
