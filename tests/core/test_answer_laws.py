"""Laws of a person's answer: it decides what it speaks of, and nothing else; the side that is taken is not touched."""

from hypothesis import assume, given
from hypothesis import strategies as st
from worlds import BASES, OBSERVATIONS, PAIRINGS, RECORDS, SIZE, STATES, present

from tallystick.core.answer import Answer, answered, deletion_obstacle, field_obstacle
from tallystick.core.observation import Gone, Missing
from tallystick.core.reconcile import reconcile
from tallystick.core.record import SIDES, UNKNOWN, other, same

SIDE = st.sampled_from(SIDES)
ANSWERS = st.builds(Answer, st.dictionaries(st.integers(0, SIZE - 1), SIDE), st.one_of(st.none(), SIDE))
TWO_BASES = st.tuples(BASES, BASES)
SEEN = st.tuples(OBSERVATIONS, OBSERVATIONS)


@given(STATES, TWO_BASES, SEEN, PAIRINGS, ANSWERS)
def test_total(state, bases, seen, pairing, answer):
    decision = answered(state, bases, seen, pairing, answer)
    assert decision.reason.endswith(".answered")
    for index in range(SIZE):
        assert isinstance(field_obstacle("conflict", index, "left", state, seen, pairing), str)


@given(TWO_BASES, RECORDS, RECORDS, PAIRINGS, st.integers(0, SIZE - 1), SIDE)
def test_the_value_that_is_taken_goes_to_the_other_side_and_the_loser_is_kept(bases, left, right, pairing, i, side):
    seen = (present(left), present(right))
    assume(not field_obstacle("conflict", i, side, "linked", seen, pairing))
    decision = answered("linked", bases, seen, pairing, Answer({i: side}))
    values = dict(zip(SIDES, (left, right), strict=True))
    loser = other(side)
    assert all(i not in w.which for w in decision.writes if w.side == side), "who is right is not overwritten"
    written = [w for w in decision.writes if w.side == loser and i in w.which]
    if written:
        assert same(written[0].fields[i], values[side][i])
        assert (loser, i, values[loser][i]) in decision.journal
    else:
        assert i in decision.agree, "nothing to write only where both are equal as far as they can be"
    assert not any(q.index == i for q in decision.questions)


@given(STATES, st.tuples(RECORDS, RECORDS), st.tuples(RECORDS, RECORDS), PAIRINGS, SIDE)
def test_other_fields_go_as_ever(state, bases, records, pairing, taken):
    seen, fields = (present(records[0]), present(records[1])), {0: taken}
    told, usual = (
        answered(state, bases, seen, pairing, Answer(fields)),
        reconcile(state, bases, seen, pairing),
    )
    for side in SIDES:
        ours = {i: w.fields[i] for w in told.writes if w.side == side for i in w.which if i not in fields}
        theirs = {i: w.fields[i] for w in usual.writes if w.side == side for i in w.which if i not in fields}
        assert ours == theirs


@given(TWO_BASES, RECORDS, st.sampled_from([Gone("410"), Missing()]), PAIRINGS, SIDE, SIDE)
def test_a_deletion_is_carried_out_or_taken_back_as_was_said(bases, record, absence, pairing, gone, side):
    assume(all(v is not UNKNOWN for v in record))
    seen = (absence, present(record)) if gone == "left" else (present(record), absence)
    assert deletion_obstacle("linked", seen) == ""
    decision = answered("linked", bases, seen, pairing, Answer(record=side))
    assert not decision.questions
    assert not decision.verify
    ops = {(w.side, w.op) for w in decision.writes}
    if side == gone and pairing.deletion(gone) == "unlink":
        assert decision.state == "unlinked"
    elif side == gone:
        assert ops == {(other(gone), "archive" if pairing.deletion(gone) == "archive" else "delete")}
        assert {(s, i) for s, i, _ in decision.journal} == {
            (other(gone), i) for i, v in enumerate(record) if v is not None
        }
    else:
        assert ops == {(gone, "create")}


@given(STATES, SEEN)
def test_only_one_sided_absence_is_a_deletion(state, seen):
    if not deletion_obstacle(state, seen):
        assert [isinstance(o, Gone | Missing) for o in seen].count(True) == 1
        assert state == "linked"
