"""The laws of the verdicts: one for every case, evidence before guesses, and a score that never flatters."""

from collections import Counter
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.core.agreement import (
    EXEMPT,
    KINDS,
    MOST_EXAMPLES,
    Agreement,
    Example,
    Kind,
    Share,
    Trail,
    Verdict,
    compare_values,
    draw,
    explain_difference,
    gravest,
)
from tallystick.core.brake import Hold
from tallystick.core.error import InvalidValue
from tallystick.core.policy import FieldPolicy
from tallystick.core.record import UNKNOWN, Ref
from tallystick.core.sides import Holds, Sides

ANYTHING = Holds(lambda v: v, lambda v: v)
SHORT_RIGHT = Holds(lambda v: v, lambda v: v[:3] if isinstance(v, str) else v)
VALUES = st.one_of(st.none(), st.just(UNKNOWN), st.text(max_size=5), st.integers(), st.booleans())
KIND = st.sampled_from(KINDS)


def nothing(value):
    raise InvalidValue("this side holds nothing", detail=str(value))


def test_every_kind_has_a_rank() -> None:
    assert set(KINDS) == set(get_args(Kind))
    assert len(KINDS) == len(set(KINDS))


@pytest.mark.parametrize(
    ("left", "right", "policy", "holds", "expected"),
    [
        ("a", "a", FieldPolicy(), ANYTHING, Verdict("in_step")),
        (None, None, FieldPolicy(), ANYTHING, Verdict("in_step")),
        (True, 1, FieldPolicy(), ANYTHING, None),
        ("abcdef", "abc", FieldPolicy(), SHORT_RIGHT, Verdict("normalised", "as far as the mapping can translate it")),
        ("abc", "abcdef", FieldPolicy(), SHORT_RIGHT, None),
        ("a", UNKNOWN, FieldPolicy(), ANYTHING, Verdict("unread", "right")),
        (UNKNOWN, UNKNOWN, FieldPolicy(), ANYTHING, Verdict("unread", "left and right")),
        ("a", "b", FieldPolicy(), ANYTHING, None),
        ("a", "b", FieldPolicy(), Holds(nothing, nothing), None),
        ("a", "b", FieldPolicy(direction="match_only"), ANYTHING, Verdict("configured", "direction: match_only")),
        ("a", "b", FieldPolicy(direction="once_to_left"), ANYTHING, Verdict("configured", "direction: once_to_left")),
        ("a", None, FieldPolicy(blank="keep"), ANYTHING, Verdict("configured", "blank: keep")),
        (None, "b", FieldPolicy(direction="to_right"), ANYTHING, Verdict("configured", "direction: to_right")),
        ("a", None, FieldPolicy(direction="to_right"), ANYTHING, None),
        ("a", "b", FieldPolicy(direction="to_left", drift="ignore"), ANYTHING, Verdict("configured", "drift: ignore")),
        (Ref("p", None, "left", "1"), Ref("p", 7), FieldPolicy(), ANYTHING, Verdict("waiting", "reference")),
    ],
)
def test_values_are_compared_as_far_as_a_side_can_hold_them(left, right, policy, holds, expected) -> None:
    assert compare_values(Sides(left, right), policy, holds) == expected


@given(VALUES, VALUES)
def test_comparing_is_the_same_from_both_sides(left, right) -> None:
    here, there = (compare_values(s, FieldPolicy(), ANYTHING) for s in (Sides(left, right), Sides(right, left)))
    assert (here and here.kind) == (there and there.kind)


@pytest.mark.parametrize(
    ("left", "right", "trail", "expected"),
    [
        ("a", "b", Trail(accepted="both are right", written={"right": 5}), ("accepted", "both are right")),
        ("a", "b", Trail(), ("unexplained", "never written")),
        ("a", "b", Trail(since=9), ("changed_transform", "writes differently")),
        ("Ulm", "ULM", Trail(written={"right": 5}, since=9), ("changed_transform", "writes differently")),
        ("Ulm", "ULM", Trail(written={"right": 10}, since=9), ("normalised", "case folded")),
        ("Ulm", "ULM", Trail(written={"left": 5}), ("normalised", "case folded")),
        ("Ulm", "ULM", Trail(), ("unexplained", "never written")),
        ("0731 / 12-3", "0731123", Trail(written={"right": 5}), ("normalised", "telephone number re-formatted")),
        ("+49 731", "0731", Trail(written={"right": 5}), ("normalised", "reformatted")),
        ("Ulm", None, Trail(written={"right": 5}), ("dropped", "by right")),
        (None, "Ulm", Trail(written={"left": 5}), ("dropped", "by left")),
        (None, "Ulm", Trail(written={"right": 5}), ("normalised", "reformatted")),
    ],
)
def test_a_difference_that_nobody_moved_is_explained_by_its_trail(left, right, trail, expected) -> None:
    assert explain_difference(Sides(left, right), ANYTHING, trail) == Verdict(*expected)


@given(st.lists(KIND, max_size=6))
def test_a_record_is_as_its_gravest_field(kinds) -> None:
    found = gravest(Verdict(kind) for kind in kinds)
    assert found.kind == (min(kinds, key=KINDS.index) if kinds else "in_step")


@given(st.integers(0, 10**7), st.integers(0, 10**7))
def test_a_share_is_never_rounded_up(agreed, missing) -> None:
    percent = Share(agreed, agreed + missing).percent
    if agreed + missing == 0:
        assert percent is None
    else:
        assert (percent == 100) == (missing == 0)
        assert percent * (agreed + missing) <= agreed * 100 + 1e-6


@given(st.text(max_size=8), st.integers(0, 60), st.integers(0, 50))
def test_a_draw_has_no_doubles_and_can_be_repeated(seed, count, size) -> None:
    drawn = draw(seed, count, size)
    assert len(drawn) == len(set(drawn)) == min(count, size)
    assert set(drawn) <= set(range(size))
    assert draw(seed, count, size) == drawn


def test_every_place_is_drawn_about_as_often() -> None:
    hits = Counter(at for seed in range(3000) for at in draw(str(seed), 2, 10))
    assert set(hits) == set(range(10))
    assert max(hits.values()) < 1.25 * min(hits.values())


def an_agreement() -> Agreement:
    return Agreement("p", "crm/a", "erp/b", ("name", "city"))


def test_the_score_leaves_out_what_need_not_agree() -> None:
    agreement = an_agreement()
    for kind in KINDS:
        agreement.count(Verdict(kind), ("left", "right"))
    agreement.count(Verdict("only_left", "ignored"), ("left",))
    agreement.count(Verdict("only_left", "new"), ("left",))
    assert agreement.score == Share(3, len(KINDS) - len(EXEMPT) + 1)
    assert sum(agreement.listed["left"].values()) == len(KINDS) + 2
    assert sum(agreement.listed["right"].values()) == len(KINDS)


def test_a_field_that_may_differ_is_not_due() -> None:
    agreement = an_agreement()
    agreement.count_field("city", Verdict("in_step"), 3)
    agreement.count_field("city", Verdict("configured", "direction: match_only"), 2)
    agreement.count_field("city", Verdict("in_flight", "to right"))
    assert agreement.field_score("city") == Share(3, 4)
    assert agreement.field_score("name") == Share(0, 0)


def test_a_brake_holds_what_it_names_and_nothing_else() -> None:
    """The planned writes are forgotten afterwards, so that equal verdicts are one; nothing is lost or doubled."""
    agreement = an_agreement()
    held = Verdict("in_flight", "to right", (("right", "update"),))
    both = Verdict("in_flight", "to left", (("left", "update"), ("right", "update")))
    free = Verdict("in_flight", "to left", (("left", "update"),))
    new = Verdict("only_left", "new", (("right", "create"),))
    for verdict in (held, both, free, new):
        agreement.count(verdict, ("left",))
        agreement.count_field("name", verdict)
        for n in range(MOST_EXAMPLES):
            agreement.note(verdict, Example(str(n), None))
    agreement.settle([Hold("updates", "right", ("update",), "many")])
    assert agreement.records == {
        Verdict("held", "updates"): 2, Verdict("in_flight", "to left"): 1, Verdict("only_left", "new"): 1,
    }  # fmt: skip
    assert agreement.listed["left"] == agreement.records == agreement.fields["name"]
    assert agreement.differences[Verdict("held", "updates")] == 2 * MOST_EXAMPLES
    assert {len(found) for found in agreement.examples.values()} == {MOST_EXAMPLES}


def test_a_brake_on_a_field_holds_only_what_would_make_it_blank() -> None:
    """Another update of the same side is still on its way."""
    agreement = an_agreement()
    blanked = Verdict("in_flight", "to right", (("right", "update"),), (("right", "city"),))
    other_field = Verdict("in_flight", "to right", (("right", "update"),), (("right", "name"),))
    for verdict in (blanked, other_field, Verdict("in_flight", "to right", (("right", "update"),))):
        agreement.count(verdict, ("left",))
    agreement.settle([Hold("blanks", "right", ("update",), "many", field="city")])
    assert agreement.records == {Verdict("held", "blanks"): 1, Verdict("in_flight", "to right"): 2}
