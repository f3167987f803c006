"""Laws of taking back (SYNC-SPEC R-17.4): total, and never at the cost of what somebody did since."""

from hypothesis import given
from hypothesis import strategies as st
from worlds import BASES, OBSERVATIONS, SIZE, STATES, VALUES

from tallystick.core.binding import LedgerRow
from tallystick.core.observation import Present
from tallystick.core.record import SIDES, UNKNOWN, other, same
from tallystick.core.undo import Written, undo

SIDE = st.sampled_from(SIDES)
FIELD = st.tuples(SIDE, st.integers(0, SIZE - 1))
ROWS = st.lists(
    st.builds(
        LedgerRow, st.just("r"), st.just("p"), SIDE, st.just("1"), st.just(7),
        st.sampled_from(["create", "update", "delete", "archive"]), st.just(""), st.none(), st.none(), st.just(1.0),
    ),
    min_size=1, max_size=2,
)  # fmt: skip
WRITTEN = st.builds(Written, ROWS, st.dictionaries(FIELD, VALUES), st.frozensets(FIELD), st.frozensets(SIDE))
TWO_BASES = st.tuples(BASES, BASES)
SEEN = st.tuples(OBSERVATIONS, OBSERVATIONS)


def moved(observation, base, i):
    if not isinstance(observation, Present) or base is None:
        return True
    if observation.is_unread(i):
        return True
    now = observation.fields[i]
    return now is not UNKNOWN and not same(now, base[i])


@given(STATES, TWO_BASES, SEEN, WRITTEN)
def test_total(state, bases, seen, written):
    decision = undo(state, bases, seen, written)
    assert decision.reason.startswith("undo.")
    assert not decision.settled, "an undo must not make anybody's unseen edit look as seen"


@given(STATES, TWO_BASES, SEEN, WRITTEN)
def test_no_field_is_written_that_moved_since(state, bases, seen, written):
    """On neither side: the undone value must not bury a newer one that is not carried over yet."""
    base, now = dict(zip(SIDES, bases, strict=True)), dict(zip(SIDES, seen, strict=True))
    for write in undo(state, bases, seen, written).writes:
        if write.op == "update":
            for i in write.which:
                assert (write.side, i) not in written.later
                assert same(write.fields[i], written.before[write.side, i])
                assert not moved(now[write.side], base[write.side], i)
                assert not moved(now[other(write.side)], base[other(write.side)], i)


@given(STATES, TWO_BASES, SEEN, WRITTEN)
def test_only_an_untouched_creation_is_deleted(state, bases, seen, written):
    base, now = dict(zip(SIDES, bases, strict=True)), dict(zip(SIDES, seen, strict=True))
    for write in undo(state, bases, seen, written).writes:
        if write.op == "delete":
            assert "create" in {r.op for r in written.rows if r.side == write.side}
            assert write.side not in written.written_later
            assert not any(moved(now[write.side], base[write.side], i) for i in range(SIZE))


@given(STATES, TWO_BASES, SEEN, WRITTEN)
def test_a_pairing_whose_record_was_made_or_deleted_ends(state, bases, seen, written):
    """Else the next run would make or delete it again."""
    decision = undo(state, bases, seen, written)
    if any(w.op in {"create", "delete"} for w in decision.writes):
        assert decision.state == "unlinked"
