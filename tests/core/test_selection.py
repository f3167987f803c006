"""A run limited to records or to one field: who is meant, and what is left of a decision."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import BASES, OBSERVATIONS, PAIRINGS, SIZE, STATES, present

from tallystick.core.observation import Present
from tallystick.core.reconcile import reconcile
from tallystick.core.record import UNKNOWN, Money, Ref, same
from tallystick.core.selection import Selection, is_spelled, narrow

TWO = st.tuples(OBSERVATIONS, OBSERVATIONS)


def held(seen):
    return seen.fields if isinstance(seen, Present) else ()


@given(STATES, st.tuples(BASES, BASES), TWO, PAIRINGS, st.integers(0, SIZE - 1))
def test_a_narrowed_decision_moves_that_field_and_nothing_else(state, bases, seen, pair, index):
    """No other field is written, agreed, asked about, parked or journalled; no record comes, goes or changes state."""
    whole = reconcile(state, bases, seen, pair)
    left = narrow(whole, index, (held(seen[0]), held(seen[1])))
    for write in left.writes:
        assert (write.op, write.which) == ("update", (index,))
        before = held(seen[write.side == "right"])
        assert all(same(v, before[i]) for i, v in enumerate(write.fields) if i != index)
    if left.disposition != "unchanged":
        assert left.state is None
        assert not left.settled
    assert {*left.agree, *left.drift, *(q.index for q in left.questions), *(f[1] for f in left.faults)} <= {index}
    assert {j[1] for j in left.journal} <= {index}


@given(st.tuples(BASES, BASES), st.tuples(*(st.tuples(*[st.sampled_from([None, "a", "b"])] * SIZE),) * 2), PAIRINGS)
def test_the_narrowed_decisions_of_all_fields_come_to_the_whole(bases, values, pair):
    """What a run of each field by itself writes and agrees is what one run of all of them would."""
    seen = (present(values[0]), present(values[1]))
    whole = reconcile("linked", bases, seen, pair)
    parts = [narrow(whole, i, values) for i in range(SIZE)]
    wrote = {(w.side, i, str(w.fields[i])) for w in whole.writes for i in w.which}
    assert {(w.side, i, str(w.fields[i])) for p in parts for w in p.writes for i in w.which} == wrote
    assert {i for p in parts for i in p.agree} == set(whole.agree)
    assert {q for p in parts for q in p.questions} == set(whole.questions)


@pytest.mark.parametrize(
    ("value", "text", "is_meant"),
    [
        ("DE", "DE", True),
        ("DE", "de", False),
        ("", "", True),
        (None, "", True),
        (None, "None", False),
        ("x", "", False),
        (UNKNOWN, "", False),
        (5, "5", True),
        (5, "5.0", True),
        (5, "five", False),
        (True, "true", True),
        (True, "1", False),
        (Decimal("5.00"), "5", True),
        (Decimal("1E+3"), "1000", True),
        (Decimal(5), "nan", False),
        (date(2026, 1, 2), "2026-01-02", True),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00+00:00", True),
        (frozenset({"a", "b"}), "b", True),
        (frozenset({"a", "b"}), "a,b", False),
        (Money(Decimal("9.50"), "EUR"), "9.50 EUR", True),
        (Ref("companies", 5), "5", False),
    ],
)
def test_what_a_person_writes_means_the_value(value, text, is_meant):
    assert is_spelled(value, text) is is_meant


def test_a_record_is_chosen_by_its_id_on_its_side():
    chosen = Selection(frozenset({("companies", "left", "7")}))
    assert chosen.takes("companies", (), [("left", "7"), ("right", "1")], [])
    assert not chosen.takes("companies", (), [("left", "1"), ("right", "7")], [])
    assert not chosen.takes("contacts", (), [("left", "7")], [])


def test_conditions_must_all_hold_on_one_side():
    chosen = Selection(where=(("city", "Bonn"), ("kind", "a")))
    names = ("city", "kind")
    assert chosen.takes("p", names, [], [("Bonn", "a"), ("Ulm", "b")])
    assert not chosen.takes("p", names, [], [("Bonn", "b"), ("Ulm", "a")])
    assert not chosen.takes("p", names, [], [(), ()])
