"""Laws of the conflict policies that weigh values: which of two edits wins, when a text merges, when nobody knows."""

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import keep

from tallystick.core.contest import Around
from tallystick.core.expression import compile_expression
from tallystick.core.merge import merge_field
from tallystick.core.policy import FieldPolicy, OwnerField
from tallystick.core.record import Money, same
from tallystick.core.sides import Holds, Sides

PLAIN = Holds(keep, keep)
NOON, LATER = datetime(2026, 3, 1, 12, tzinfo=UTC), datetime(2026, 3, 1, 13, tzinfo=UTC)
NUMBERS = st.one_of(st.integers(-5, 5), st.decimals(-5, 5, places=1, allow_nan=False))
TEXT = st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=6).map("\n".join)


def decide(left, right, base, around=None, **policy):
    """Decide a field that was ``base`` on both sides; both sides hold everything."""
    return merge_field(Sides(left, right), Sides(base, base), FieldPolicy(**policy), PLAIN, around or Around())


def end(left, right, base, **policy):
    """Give what both sides hold afterwards, or the reason why a person is asked."""
    outcome = decide(left, right, base, **policy)
    if outcome.kind == "conflict":
        return outcome.detail
    held = {"left": left, "right": right} | dict(outcome.writes)
    assert same(held["left"], held["right"])
    return held["left"]


@given(NUMBERS, NUMBERS)
def test_max_and_min_give_the_greater_and_the_smaller(a, b):
    """Whichever side holds it, whatever its type of number."""
    assert end(a, b, 100, conflict="max") == max(a, b)
    assert end(a, b, 100, conflict="min") == min(a, b)


@pytest.mark.parametrize(
    ("small", "great"),
    [
        (1, Decimal("1.5")),
        (NOON, LATER),
        (date(2026, 1, 1), date(2026, 1, 2)),
        (Money(Decimal(1), "EUR"), Money(Decimal(2), "EUR")),
    ],
)
def test_what_can_be_compared(small, great):
    """Numbers, instants, dates, amounts of one currency; from either side."""
    for left, right in ((small, great), (great, small)):
        assert end(left, right, None, conflict="max") == great
        assert end(left, right, None, conflict="min") == small


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("1", "2"),
        (1, "2"),
        (True, 0),
        (None, 1),
        (NOON, date(2026, 1, 2)),
        (NOON, NOON.replace(tzinfo=None)),
        (Money(Decimal(1), "EUR"), Money(Decimal(2), "USD")),
        (Decimal("NaN"), 1),
        (frozenset("a"), frozenset("ab")),
    ],
)
def test_what_cannot_be_compared_is_asked_with_a_reason(a, b):
    """Texts, truth, blanks, two kinds, two currencies: nobody knows which is greater."""
    for left, right, rule in product((a, b), (a, b), ("max", "min")):
        if left is not right:
            outcome = decide(left, right, "before", conflict=rule)
            assert outcome.kind == "conflict"
            assert "cannot be compared" in outcome.detail


@given(st.permutations(["open", "paid", "sent", None]), st.data())
def test_the_rank_decides_by_its_order(rank, data):
    """What stands first wins, on whichever side it is; a blank can have a place."""
    a, b = data.draw(st.sampled_from(rank)), data.draw(st.sampled_from(rank))
    first = a if rank.index(a) <= rank.index(b) else b
    assert end(a, b, "before", conflict="rank", rank=tuple(rank)) == first


def test_what_the_rank_does_not_list_is_asked_about():
    """A new status has no place; the question names the side and not the value."""
    assert decide("secret", "open", "x", conflict="rank", rank=("open",)).detail == (
        "the rank does not list what the left holds"
    )


def test_an_unclear_case_goes_to_the_fallback_that_was_named():
    """The fallback decides; without one a person does."""
    assert end("a", "b", "c", conflict="max", fallback="right") == "b"
    assert "compared" in end("a", "b", "c", conflict="max", fallback="rank")


@given(TEXT, TEXT, TEXT)
def test_texts_merge_alike_or_are_asked(left, right, base):
    """Mirrored and idempotent: both sides end with one text, or nothing is written; edits of one side survive alone."""
    outcome = decide(left, right, base, conflict="text_merge")
    back = decide(right, left, base, conflict="text_merge")
    assert (outcome.kind, {v for _, v in outcome.writes}) == (back.kind, {v for _, v in back.writes})
    if outcome.kind == "write":
        merged = outcome.writes[0][1]
        again = decide(merged, merged, merged, conflict="text_merge")
        assert again.kind == "keep"
        edited = {side for side, now in (("left", left), ("right", right)) if now != base}
        if edited == {"left", "right"}:
            assert {s for s, _ in outcome.losers} == {s for s, _ in outcome.writes}


@given(st.lists(st.text("xyz", max_size=3), min_size=3, max_size=8), st.data())
def test_edits_of_lines_apart_both_survive(lines, data):
    """One line on each side, with at least one line between them: the merge has both and nothing else moved."""
    first = data.draw(st.integers(0, len(lines) - 3))
    second = data.draw(st.integers(first + 2, len(lines) - 1))
    numbered = [f"{n} {line}" for n, line in enumerate(lines)]
    left, right, both = list(numbered), list(numbered), list(numbered)
    left[first] = both[first] = "edited by the left"
    right[second] = both[second] = "edited by the right"
    texts = ["\n".join(t) for t in (left, right, numbered, both)]
    assert end(*texts[:3], conflict="text_merge") == texts[3]


@pytest.mark.parametrize(
    ("left", "right", "base", "why"),
    [
        ("a\nL\nc", "a\nR\nc", "a\nb\nc", "same lines"),
        ("L\nb", "a\nR", "a\nb", "same lines"),
        ("a\nL", "a\nR", "a", "same lines"),
        ("", "a\nR", "a", "same lines"),
        (None, "a\nR", "a", "only texts"),
        (7, "a\nR", "a", "only texts"),
        ("a\r\nc", "a\nc", "a\nb", "how their lines end"),
        ("\n" * 3000, "a\nR", "a", "more than 2000 lines"),
    ],
)
def test_overlapping_texts_are_asked_about(left, right, base, why):
    """The same line, lines next to each other, a text that was emptied, what is no text."""
    assert why in end(left, right, base, conflict="text_merge")


def test_a_text_that_one_side_trims_merges_without_the_loss():
    """R-6.4: the trimmed lines are not edits of the side that trims; the other side's spaces stay."""

    def trim(value):
        return "\n".join(line.rstrip() for line in value.split("\n")) if isinstance(value, str) else value

    policy = FieldPolicy(conflict="text_merge")
    base = Sides("one  \ntwo\nthree\nfour", "one\ntwo\nthree\nfour")
    now = Sides("one  \nTWO\nthree\nfour", "one\ntwo\nthree\nFOUR")
    for holds, was, is_ in (
        (Holds(keep, trim), base, now),
        (Holds(trim, keep), Sides(base.right, base.left), Sides(now.right, now.left)),
    ):
        outcome = merge_field(is_, was, policy, holds)
        assert {v for _, v in outcome.writes} == {"one  \nTWO\nthree\nFOUR"}
    edited = Sides("one  \nTWO\nthree\nfour", "ONE\ntwo\nthree\nfour")
    assert "cannot hold all of it" in merge_field(edited, base, policy, Holds(keep, trim)).detail


def test_the_owner_of_the_record_wins():
    """By a field's value, or by an expression over both records; both records must name the same owner."""
    by_field = OwnerField("region", ("EU",), ("US",))
    by_rule = compile_expression("{{ 'left' if left_record.region == 'EU' else 'right' }}")
    for region, winner in (("EU", "L"), ("US", "R")):
        record = {"region": region}
        for owned in (by_field, by_rule):
            outcome = decide("L", "R", "b", Around(left=record, right=record), conflict="owner", owned_by=owned)
            assert [v for _, v in outcome.writes] == [winner]
            assert len(outcome.losers) == 1
    moved = Around(left={"region": "EU"}, right={"region": "US"})
    assert decide("L", "R", "b", moved, conflict="owner", owned_by=by_field).detail.startswith("'region' does not")
    nobody = compile_expression("nobody")
    assert "neither left nor right" in decide("L", "R", "b", conflict="owner", owned_by=nobody).detail


@pytest.mark.parametrize(
    ("source", "left", "right", "base", "result"),
    [
        ("{{ left + right - base }}", 12, 15, 10, 17),
        ("{{ left if left_changed_at > right_changed_at else right }}", "L", "R", "b", "R"),
        ("{{ right if right else left }}", None, "R", "b", "R"),
        ("{{ left }} / {{ right }}", "L", "R", "b", "L / R"),
        ("{{ left if left.amount > right.amount else right }}", Money(Decimal(3), "EUR"), Money(Decimal(2), "EUR"),
         None, Money(Decimal(3), "EUR")),
        ("{{ [left_record.kind, 'x'] }}", frozenset("a"), frozenset("b"), frozenset(), frozenset({"k", "x"})),
    ],
)  # fmt: skip
def test_an_expression_decides(source, left, right, base, result):
    """Over both values, what was agreed, both time stamps and both records; a new value goes to both sides."""
    around = Around(left={"kind": "k"}, right={"kind": "k"}, left_changed_at=100.0, right_changed_at=200.0)
    outcome = decide(left, right, base, around, conflict="expression", resolve=compile_expression(source))
    held = {"left": left, "right": right} | dict(outcome.writes)
    assert (held["left"], held["right"]) == (result, result)
    assert {s for s, _ in outcome.losers} == {s for s, _ in outcome.writes}


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("{{ left_changed_at }}", "not known"),
        ("{{ missing }}", "not known"),
        ("{{ left | number }}", "fails"),
        ("{{ 7 }}", "does not hold"),
        ("{{ [left] }}", "does not hold"),
        ("{{ none }}", "does not hold"),
        ("{{ left_record }}", "does not hold"),
    ],
)
def test_an_expression_without_a_fitting_result_asks(source, why):
    """Unknown, failing, of another kind, or blank where neither side is: never written."""
    outcome = decide("L", "R", "b", conflict="expression", resolve=compile_expression(source))
    assert outcome.kind == "conflict"
    assert why in outcome.detail
