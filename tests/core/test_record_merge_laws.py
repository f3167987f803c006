"""A record is merged as its fields are, one by one: no short way may decide otherwise."""

from hypothesis import given
from hypothesis import strategies as st
from worlds import FIELD_POLICIES, HOLDS, VALUES, pairing, present

from tallystick.core.merge import merge_field
from tallystick.core.pairing import LegView
from tallystick.core.policy import Policy
from tallystick.core.record import same
from tallystick.core.record_merge import Meeting, merge_record
from tallystick.core.sides import Holds, Sides

SAFE = Policy("create", "create", "propagate", "propagate")
PLAIN = FIELD_POLICIES.filter(lambda policy: not (policy.owned_by or policy.resolve))
# A value is its own base more often than chance would have it.
FIELD = st.one_of(st.tuples(VALUES, VALUES, VALUES, VALUES), st.tuples(VALUES, VALUES).map(lambda both: (*both, *both)))


@given(st.lists(st.tuples(FIELD, PLAIN), min_size=1, max_size=4), HOLDS, HOLDS)
def test_each_field_of_a_record_comes_out_as_it_would_alone(rows, left, right):
    fields = [values for values, _ in rows]
    policies = [policy for _, policy in rows]
    here, there, here_before, there_before = (tuple(column) for column in zip(*fields, strict=True))
    meeting = Meeting(
        LegView(here_before, present(here), "C"),
        LegView(there_before, present(there), "C"),
        pairing(policies, SAFE, left, right),
    )
    decision = merge_record(meeting, "test")
    alone = [merge_field(Sides(*values[:2]), Sides(*values[2:]), policy, Holds(left, right)) for values, policy in rows]
    written = {(w.side, i): w.fields[i] for w in decision.writes for i in w.which}
    expected = {(side, i): value for i, outcome in enumerate(alone) for side, value in outcome.writes}
    assert written.keys() == expected.keys()
    assert all(same(written[at], expected[at]) for at in written)
    assert decision.agree == tuple(i for i, outcome in enumerate(alone) if outcome.kind == "agree")
    assert decision.drift == tuple(i for i, outcome in enumerate(alone) if outcome.kind == "drift")
    assert [(s, i) for s, i, _ in decision.journal] == [(s, i) for i, o in enumerate(alone) for s, _ in o.losers]
    asked = {"conflict", "initial", "blank"}
    assert [q.index for q in decision.questions] == [i for i, o in enumerate(alone) if o.kind in asked]
    assert [i for _, i, _ in decision.faults] == [i for i, o in enumerate(alone) if o.fault is not None]


def test_a_side_is_asked_once_what_it_can_hold_of_a_value():
    asked = []

    def hold(value):
        asked.append(value)
        return value[:3]

    holds = pairing([], SAFE, hold, hold).holds(0)
    assert [holds.left("abcd"), holds.left("abcd"), holds.right("abcd")] == ["abc"] * 3
    assert asked == ["abcd", "abcd"]
    assert holds.left("abxy") == "abx"
