"""Laws of values that are there and cannot be read (SYNC-SPEC F-9): left alone, named, in nobody's way, never lost."""

from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st
from worlds import BASES, OBSERVATIONS, PAIRINGS, PARTLY_READ, RECORDS, SIZE, STATES, present

from tallystick.core.observation import Gone, OutOfScope, Present, classify
from tallystick.core.reconcile import reconcile
from tallystick.core.record import SIDES, UNKNOWN, same

TWO_BASES = st.tuples(BASES, BASES)
ONE_PARTLY = st.one_of(st.tuples(PARTLY_READ, OBSERVATIONS), st.tuples(OBSERVATIONS, PARTLY_READ))


def unread(seen):
    return {i for o in seen if isinstance(o, Present) for i, _ in o.unread}


def as_unknown(observation):
    return replace(observation, unread=()) if isinstance(observation, Present) else observation


@given(STATES, TWO_BASES, ONE_PARTLY, PAIRINGS)
def test_an_unread_value_is_left_alone_on_both_sides(state, bases, seen, pair):
    """I-3: it is neither overwritten nor agreed, and nobody is asked to choose between it and another."""
    decision = reconcile(state, bases, seen, pair)
    assert not unread(seen) & {i for w in decision.writes for i in w.which}
    assert not unread(seen) & set(decision.agree)
    assert not unread(seen) & {q.index for q in decision.questions}


@given(BASES.filter(bool), BASES.filter(bool), PARTLY_READ, PARTLY_READ, PAIRINGS)
def test_each_unread_value_is_named_for_its_side(left_base, right_base, left, right, pair):
    """R-14.2: a linked record that both sides show lists every value that cannot be read, on the side that holds it."""
    decision = reconcile("linked", (left_base, right_base), (left, right), pair)
    named = [(side, i) for side, i, fault in decision.faults if fault.code == "unknown_option"]
    assert sorted(named) == sorted([("right", i) for i, _ in left.unread] + [("left", i) for i, _ in right.unread])
    assert decision.disposition in {"written", "queued", "quarantined"}


@given(TWO_BASES, PARTLY_READ, RECORDS, PAIRINGS)
def test_the_other_fields_are_decided_as_if_it_were_not_there(bases, left, fields, pair):
    """I-16: what happens to the other fields does not depend on the one that cannot be read."""
    right = present(fields)
    there = reconcile("linked", bases, (left, right), pair)
    without = reconcile("linked", bases, (as_unknown(left), right), pair)
    assert there.writes == without.writes
    # To agree again about what is agreed already says nothing.
    told = list(zip(bases, (left.fields, fields), strict=True))
    news = [i for i in there.agree if not all(base and same(base[i], now[i]) for base, now in told)]
    assert set(news) <= set(without.agree) <= set(there.agree)
    assert there.journal == without.journal
    assert there.questions == without.questions


@given(STATES, TWO_BASES, ONE_PARTLY, PAIRINGS)
def test_what_cannot_be_journalled_is_not_deleted(state, bases, seen, pair):
    """I-3: a value that cannot be read cannot be kept, so the record that holds it stays, whatever the policy says."""
    held = dict(zip(SIDES, seen, strict=True))
    for write in reconcile(state, bases, seen, pair).writes:
        assert not (write.op == "delete" and isinstance(held[write.side], Present) and held[write.side].unread)


@given(BASES.filter(bool), PARTLY_READ, PAIRINGS)
def test_an_unread_value_counts_as_an_edit(base, left, pair):
    """D/U: a value that was agreed and now cannot be read is a change, and changes are asked about by default."""
    assume(any(base[i] is not UNKNOWN for i, _ in left.unread))
    assert classify(left, base) == "C"
    asking = replace(pair, policy=replace(pair.policy, on_delete_update="ask", on_delete_right="propagate"))
    decision = reconcile("linked", (base, base), (left, Gone("flag")), asking)
    assert [q.kind for q in decision.questions] == ["delete_update"]


@given(STATES, TWO_BASES, ONE_PARTLY, PAIRINGS, st.frozensets(st.integers(0, SIZE - 1)))
def test_a_record_is_made_without_it_only_where_the_policy_lets_it(state, bases, seen, pair, keyed):
    """F-9: and never without a value that says who it is."""
    for write in reconcile(state, bases, seen, replace(pair, keyed=keyed)).writes:
        if write.op == "create":
            missing = unread(seen)
            assert not missing or (pair.policy.on_unreadable == "create" and not missing & keyed)


@given(BASES.filter(bool), PARTLY_READ, PAIRINGS)
def test_what_left_the_scope_is_not_deleted_with_it(base, left, pair):
    """I-3: leaving the scope deletes the other side only where all of it can be kept."""
    leaving = replace(pair, policy=replace(pair.policy, on_scope_exit="delete"))
    decision = reconcile("linked", (base, base), (left, OutOfScope()), leaving)
    assert not decision.writes
