"""Laws of the field-level merge (SYNC-SPEC 6), written from the harms."""

from itertools import product
from typing import get_args

from hypothesis import assume, given
from hypothesis import strategies as st
from worlds import FIELD_POLICIES, HOLDS, KNOWN, VALUES, Chooses, cut, keep, swapped_field

from tallystick.core.contest import Around
from tallystick.core.error import DataError
from tallystick.core.merge import allows, merge_field, starts
from tallystick.core.policy import Conflict, FieldPolicy
from tallystick.core.record import SIDES, UNKNOWN, same
from tallystick.core.sides import Holds, Sides

RECORD = st.fixed_dictionaries({"f1": VALUES})
AROUND = st.builds(
    Around,
    newer=st.sampled_from([None, "left", "right"]),
    left=RECORD,
    right=RECORD,
    left_changed_at=st.sampled_from([None, 0.0, 1e30]),
    right_changed_at=st.sampled_from([None, 5.0]),
)
SIDES_OF = st.builds(Sides, VALUES, VALUES)


def holds(left, right):
    return Holds(left, right)


@given(SIDES_OF, SIDES_OF, FIELD_POLICIES, HOLDS, HOLDS, AROUND)
def test_total_one_outcome_for_every_combination(now, base, policy, left, right, around):
    """R-5.1: any values, any policy: an outcome and never an exception."""
    outcome = merge_field(now, base, policy, holds(left, right), around)
    assert outcome.kind in {"keep", "agree", "write", "conflict", "initial", "drift", "unknown", "blank", "invalid"}
    assert bool(outcome.writes) == (outcome.kind == "write")


@given(SIDES_OF, SIDES_OF, FIELD_POLICIES, HOLDS, HOLDS, AROUND)
def test_mirror(now, base, policy, left, right, around):
    """R-5.3, I-10: swapping the sides swaps the outcome."""
    there = merge_field(now, base, policy, holds(left, right), around)
    back = merge_field(
        Sides(now.right, now.left),
        Sides(base.right, base.left),
        swapped_field(policy),
        holds(right, left),
        Around(
            {"left": "right", "right": "left"}.get(around.newer),
            around.right,
            around.left,
            around.right_changed_at,
            around.left_changed_at,
        ),
    )
    flip = {"left": "right", "right": "left"}
    assert there.kind == back.kind
    assert sorted((flip[s], str(v)) for s, v in there.writes) == sorted((s, str(v)) for s, v in back.writes)
    assert sorted((flip[s], str(v)) for s, v in there.losers) == sorted((s, str(v)) for s, v in back.losers)


@given(VALUES, SIDES_OF, FIELD_POLICIES, HOLDS, HOLDS)
def test_unknown_is_never_written_and_never_overwritten(value, base, policy, left, right):
    """R-4.6, I-20: a value that was not in the answer causes nothing."""
    for now in (Sides(UNKNOWN, value), Sides(value, UNKNOWN)):
        outcome = merge_field(now, base, policy, holds(left, right), Around("left"))
        assert not outcome.writes
        assert outcome.kind == "unknown"


@given(SIDES_OF, SIDES_OF, FIELD_POLICIES, HOLDS, HOLDS, AROUND)
def test_a_forbidden_direction_is_never_written(now, base, policy, left, right, around):
    """A read-only side stays read-only, whatever conflicts, blanks and drift say."""
    outcome = merge_field(now, base, policy, holds(left, right), around)
    for side, _ in outcome.writes:
        assert starts(policy, side)
        if base.left is not UNKNOWN and base.right is not UNKNOWN:
            assert allows(policy, side)


@given(SIDES_OF, SIDES_OF, FIELD_POLICIES, HOLDS, HOLDS, AROUND)
def test_no_write_of_what_is_there_already(now, base, policy, left, right, around):
    """R-6.3, R-6.4: never a value that the side holds, and never merely what it made of that value."""
    both = holds(left, right)
    for side, value in merge_field(now, base, policy, both, around).writes:
        assert not same(value, now.on(side))
        assert not same(both.on(side)(value), now.on(side))


@given(SIDES_OF, SIDES_OF, FIELD_POLICIES, HOLDS, HOLDS, AROUND)
def test_an_overwritten_edit_is_journalled(now, base, policy, left, right, around):
    """I-3: a value that is neither the base nor blank is overwritten only with itself among the losers."""
    assume(UNKNOWN not in (base.left, base.right))
    outcome = merge_field(now, base, policy, holds(left, right), around)
    for side, _ in outcome.writes:
        edited = not same(now.on(side), base.on(side))
        if edited and "set_merge" not in {policy.conflict, policy.fallback}:
            assert (side, now.on(side)) in outcome.losers


@given(KNOWN, KNOWN, KNOWN, FIELD_POLICIES)
def test_a_lone_edit_survives(was_left, was_right, edit, policy):
    """With a base, one side's edit is never replaced by the other side's old value."""
    assume(not same(edit, was_left))
    outcome = merge_field(Sides(edit, was_right), Sides(was_left, was_right), policy, holds(keep, keep))
    if policy.drift != "revert":
        assert all(side == "right" for side, _ in outcome.writes)
    assert all(same(value, edit) for side, value in outcome.writes if side == "right")


@given(KNOWN, KNOWN, KNOWN, KNOWN, FIELD_POLICIES)
def test_manual_conflicts_touch_nothing(a, b, was_left, was_right, policy):
    """F-5 manual: neither side is written until somebody decides."""
    assume(not same(a, b))
    assume(not same(a, was_left))
    assume(not same(b, was_right))
    asking = FieldPolicy(direction="both", conflict="manual", blank=policy.blank, initial="ask")
    outcome = merge_field(Sides(a, b), Sides(was_left, was_right), asking, holds(keep, keep), Around("left"))
    assert outcome.kind == "conflict"
    assert not outcome.writes


def test_converges_in_one_round_on_the_whole_small_domain():
    """R-7.5: enumerated: after one round of writes the merge is silent, also where a side cuts what it is given."""
    domain = [None, "a", "b", "abcdef", "abc"]
    conflicts = [c for c in get_args(Conflict) if c not in {"newest", "set_merge"}]
    said = {"rank": ("abc", "a", None, "abcdef"), "resolve": Chooses("right"), "owned_by": Chooses("says left")}
    for left_hold, right_hold in product([keep, cut], repeat=2):
        both = holds(left_hold, right_hold)
        for conflict in conflicts:
            policy = FieldPolicy(conflict=conflict, **said)
            for now_l, now_r, was_l, was_r in product(domain, repeat=4):
                now = Sides(left_hold(now_l), right_hold(now_r))
                base = Sides(left_hold(was_l), right_hold(was_r))
                first = merge_field(now, base, policy, both)
                if first.kind not in {"write", "agree"}:
                    continue
                stored = {s: now.on(s) for s in SIDES}
                for side, value in first.writes:
                    stored[side] = both.on(side)(value)
                after = Sides(stored["left"], stored["right"])
                assert len(first.writes) <= 1
                assert merge_field(after, after, policy, both).kind == "keep"


@given(st.lists(st.frozensets(st.sampled_from("abcd")), min_size=4, max_size=4))
def test_sets_keep_every_addition_and_every_removal(sets):
    """Three-way on sets: what one side added is in, what one side removed is out, and both sides end alike."""
    left, right, base, _ = sets
    policy = FieldPolicy(conflict="set_merge")
    now = Sides(left, right)
    outcome = merge_field(now, Sides(base, base), policy, holds(keep, keep))
    end = {s: now.on(s) for s in SIDES} | dict(outcome.writes)
    assert end["left"] == end["right"]
    if base not in (left, right):
        assert (left - base) | (right - base) <= end["left"]
        assert not ((base - left) | (base - right)) & end["left"] - ((left - base) | (right - base))


@given(KNOWN, KNOWN, FIELD_POLICIES)
def test_first_contact_overwrites_nothing_unless_a_side_leads(a, b, policy):
    """R-9.4: without a base a non-blank value is overwritten only by the leading side of ``initial``."""
    outcome = merge_field(Sides(a, b), Sides(UNKNOWN, UNKNOWN), policy, holds(keep, keep), Around("right"))
    for side, value in outcome.writes:
        overwritten = {"left": a, "right": b}[side]
        if overwritten is not None:
            leader = "right" if policy.initial == "newest" else policy.initial
            assert leader != side
            assert leader != "ask"
            assert (side, overwritten) in outcome.losers
        assert value is not None or overwritten is not None


def test_a_value_the_other_side_cannot_hold_parks_the_field():
    """F-9: the fault carries the reason; nothing is written."""

    def never(value):
        raise DataError("too long")

    outcome = merge_field(Sides("b", "a"), Sides("a", "a"), FieldPolicy(), holds(keep, never))
    assert outcome.rule == "F-9"
    assert outcome.kind == "invalid"
    assert str(outcome.fault) == "too long"


def test_a_blank_is_kept_or_asked_about_where_the_policy_says_so():
    """F-8: propagate writes the blank, keep agrees, ask asks."""
    now, base = Sides(None, "a"), Sides("a", "a")
    kinds = {
        blank: merge_field(now, base, FieldPolicy(blank=blank), holds(keep, keep)).kind
        for blank in ("propagate", "keep", "ask")
    }
    assert kinds == {"propagate": "write", "keep": "agree", "ask": "blank"}


def test_two_edits_that_differ_by_a_loss_agree():
    """F-4: both sides moved, and one holds just what it can of the other's value; that is no conflict."""
    now, base = Sides("abcdef", "abc"), Sides("x", "x")
    assert merge_field(now, base, FieldPolicy(), holds(keep, cut)).rule == "F-4"
    assert merge_field(Sides("abc", "abcdef"), base, FieldPolicy(), holds(cut, keep)).rule == "F-4"
    assert merge_field(now, base, FieldPolicy(), holds(keep, keep)).kind == "conflict"


def test_a_merged_set_is_not_written_to_who_holds_it():
    """R-6.3: one side has everything that comes out already."""
    now, base = Sides(frozenset("ab"), frozenset("abc")), Sides(frozenset("a"), frozenset("a"))
    outcome = merge_field(now, base, FieldPolicy(conflict="set_merge"), holds(keep, keep))
    assert outcome.writes == (("left", frozenset("abc")),)
