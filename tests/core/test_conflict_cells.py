"""Conflict policies and fields at their edges: each outcome as a whole, mirrored where a side matters (SYNC-SPEC 6)."""

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import product

import pytest
from worlds import keep

from tallystick.core.contest import Around, Contest, Ruling, rule_on
from tallystick.core.error import InvalidValue, MissingReference
from tallystick.core.expression import compile_expression
from tallystick.core.merge import Outcome, merge_field
from tallystick.core.policy import FieldPolicy
from tallystick.core.record import UNKNOWN, Money, Ref
from tallystick.core.sides import Holds, Sides
from tallystick.core.text_lines import Overlap, merge_lines

PLAIN = Holds(keep, keep)
ONE, TWO = Money(Decimal(1), "EUR"), Money(Decimal(2), "EUR")
SIDES = ("left", "right")


def never(value):
    raise InvalidValue("no room")


def rule(left, right, base=("b", "b"), around=None, **policy):
    return rule_on(Contest(Sides(left, right), Sides(*base), FieldPolicy(**policy), PLAIN, around or Around()))


def outcome(left, right, base=("b", "b"), holds=PLAIN, newer=None, **policy):
    return merge_field(Sides(left, right), Sides(*base), FieldPolicy(**policy), holds, Around(newer))


@pytest.mark.parametrize("leader", SIDES)
def test_a_forbidden_lead_at_first_contact_is_drift(leader):
    """F-0, F-6: ``initial`` names a side, and the direction does not let it write."""
    follower = "right" if leader == "left" else "left"
    for direction in (f"to_{leader}", f"once_to_{leader}"):
        made = outcome("a", "c", (UNKNOWN, UNKNOWN), initial=leader, direction=direction)
        assert made == Outcome("F-6", "drift")
    for direction in ("both", f"to_{follower}", f"once_to_{follower}"):
        value, lost = ("a", "c") if leader == "left" else ("c", "a")
        made = outcome("a", "c", (UNKNOWN, UNKNOWN), initial=leader, direction=direction)
        assert made == Outcome("F-0", "write", ((follower, value),), ((follower, lost),))


@pytest.mark.parametrize("base", [("a", UNKNOWN), (UNKNOWN, "c"), (UNKNOWN, UNKNOWN)])
def test_half_a_base_is_none(base):
    """R-9.4: what one side alone once held was never agreed."""
    assert outcome("a", "c", base) == Outcome("F-0", "initial")
    filled = outcome("a", None, base)
    assert (filled.rule, filled.kind, filled.writes) == ("F-0", "write", (("right", "a"),))


@pytest.mark.parametrize("full", SIDES)
def test_a_merged_value_that_one_side_cannot_hold_is_written_nowhere(full):
    """F-9: half of a merge would be a new difference."""
    holds = Holds(never, keep) if full == "left" else Holds(keep, never)
    made = outcome(frozenset("ab"), frozenset("bc"), (frozenset("b"),) * 2, holds, conflict="set_merge")
    assert (made.rule, made.kind, made.writes, made.losers) == ("F-9", "invalid", (), ())
    assert str(made.fault) == "no room"


def test_a_merge_that_both_sides_make_the_same_of_is_agreement():
    """R-6.3: each side can hold no more of the merged value than it holds."""
    holds = Holds(lambda v: v & frozenset("ab"), lambda v: v & frozenset("bc"))
    made = outcome(frozenset("ab"), frozenset("bc"), (frozenset("b"),) * 2, holds, conflict="set_merge")
    assert made == Outcome("F-5", "agree")


@pytest.mark.parametrize("side", SIDES)
def test_a_write_that_changes_nothing_is_agreement(side):
    """F-4: the target holds already what it would make of the value; only the bases move."""
    holds = Holds(lambda v: v[:1], keep) if side == "left" else Holds(keep, lambda v: v[:1])
    now, base = ("a", "abc"), ("a", "ax")
    if side == "right":
        now, base = now[::-1], base[::-1]
    assert outcome(*now, base, holds) == Outcome("F-4", "agree")


@pytest.mark.parametrize("side", SIDES)
def test_a_reverted_drift_needs_a_direction_that_allows_it(side):
    """F-6: a value is taken back only where the field is led from the other side."""
    led = f"to_{side}"
    drifted = ("x", "b") if side == "left" else ("b", "x")
    assert outcome(*drifted, direction=led, drift="revert").writes == ((side, "b"),)
    assert outcome(*drifted[::-1], direction=led, drift="revert").writes == ((side, "x"),)
    for drift, kind in (("report", "drift"), ("ignore", "agree")):
        assert outcome(*drifted, direction=led, drift=drift) == Outcome("F-6", kind)


def test_a_reference_that_waits_says_for_whom():
    """R-13.4: so that the field goes on when that record is paired."""
    waits = Ref("firms", None, "firms/left/7", id="7")
    for now in ((waits, None), (None, waits)):
        made = outcome(*now, (None, None))
        assert (made.rule, made.kind) == ("F-9", "invalid")
        assert isinstance(made.fault, MissingReference)
        assert made.fault.waits_for == waits.waits_for
    assert outcome(waits, None, (waits, None)).kind == "keep"


def test_the_fallback_decides_where_the_policy_cannot():
    """The reason that is given is the policy's own, or else that of the fallback."""
    assert rule("a", "c", conflict="newest", fallback="right") == Ruling("right")
    assert rule("a", "c", conflict="max", fallback="left") == Ruling("left")
    cannot = rule("a", "c", conflict="max")
    assert "cannot be compared" in cannot.unclear
    assert rule("a", "c", conflict="max", fallback="rank") == cannot
    assert "the rank" in rule("a", "c", conflict="newest", fallback="rank").unclear
    assert rule("a", "c", conflict="max", fallback="newest") == cannot
    merged = rule(frozenset("a"), frozenset("c"), (frozenset(), frozenset()), conflict="max", fallback="set_merge")
    assert merged == Ruling(merged=frozenset("ac"), keeps_losers=False)


@pytest.mark.parametrize("at", range(4))
def test_a_merge_of_sets_or_texts_needs_four(at):
    """What one side holds, or once held, is nothing that can be merged: nobody decides, and nothing is raised."""
    sets = [frozenset("a"), frozenset("c"), frozenset("b"), frozenset("b")]
    texts = ["a", "c", "b", "b"]
    for values, conflict in ((sets, "set_merge"), (texts, "text_merge")):
        values[at] = None
        ruling = rule(*values[:2], tuple(values[2:]), conflict=conflict)
        assert (ruling.winner, ruling.merged) == (None, UNKNOWN)


def test_sets_with_bases_of_their_own_are_merged_by_each_side_s_own_edits():
    """R-3.1: what a side once had beside the agreed is no removal by the other."""
    now, base = (frozenset("abx"), frozenset("bcy")), (frozenset("bx"), frozenset("bz"))
    assert rule(*now, base, conflict="set_merge").merged == frozenset("abcy")


NOON = datetime(2026, 1, 1, tzinfo=UTC)
NAIVE = NOON.replace(tzinfo=None)
VALUES = (
    1, Decimal("1.5"), True, "1", None, date(2026, 1, 1), NAIVE, NOON,
    datetime(2026, 1, 2, tzinfo=UTC), ONE, TWO, Money(Decimal(1), "USD"), Money(Decimal("NaN"), "EUR"),
    Decimal("Infinity"), frozenset("a"),
)  # fmt: skip
GREATER = {(0, 1): "right", (7, 8): "right", (9, 10): "right"}


def test_which_of_two_is_greater_for_every_two_kinds():
    """Numbers, instants, amounts of one currency; every other two are nobody's to compare."""
    for (i, a), (j, b) in product(enumerate(VALUES), repeat=2):
        if i == j:
            continue
        winner = GREATER.get((i, j)) or {"right": "left"}.get(GREATER.get((j, i)))
        ruling = rule(a, b, conflict="max")
        assert ruling.winner == winner
        assert bool(ruling.unclear) == (winner is None)
    assert rule(date(2026, 1, 1), date(2026, 1, 2), conflict="max").winner == "right"
    assert rule(1, 2, conflict="min").winner == "left"
    assert rule("a", 7, conflict="max").unclear == "the values cannot be compared: text like 'a', a whole number"


def test_two_values_of_one_rank_name_the_side_that_lacks_one():
    """The sides are named, the values are not."""
    assert (
        rule("x", "y", conflict="rank", rank=("a",)).unclear == "the rank does not list what the left and right holds"
    )
    assert rule("a", "y", conflict="rank", rank=("a",)).unclear == "the rank does not list what the right holds"


@pytest.mark.parametrize("side", SIDES)
def test_a_text_that_holds_both_edits_wins(side):
    """One side has the other's edit already, and one of its own: it is written as it stands."""
    whole, part = "A\nb\nC", "A\nb\nc"
    now = (whole, part) if side == "left" else (part, whole)
    assert rule(*now, ("a\nb\nc", "a\nb\nc"), conflict="text_merge") == Ruling(side)


def test_lines_end_as_they_do_on_both_sides():
    """Windows line ends only where both sides have them; a merge of neighbours in number of lines is nobody's."""
    base = "1\r\n2\r\n3"
    assert merge_lines("A\r\n2\r\n3", "1\r\n2\r\nC", base, base, base) == "A\r\n2\r\nC"
    assert merge_lines("A\n2\n3", "1\r\n2\r\nC", "1\n2\n3", base, base) == "A\n2\nC"
    assert merge_lines("A\r\n2\r\n3", "1\n2\nC", base, "1\n2\n3", base) == "A\n2\nC"
    with pytest.raises(Overlap, match="in other lines"):
        merge_lines("A\n2\n3", "1 2 C", "1\n2\n3", "1 2 3", "1\n2\n3")


def test_a_text_of_just_as_many_lines_as_are_allowed_is_merged():
    """2000 lines are merged, 2001 are asked about; lines that come often are compared like any other."""
    base = ["x"] * 1998 + ["y", "z"]
    left, right = ["L", *base[1:]], [*base[:-1], "R"]
    texts = ["\n".join(t) for t in (left, right, base, base, base)]
    assert merge_lines(*texts) == "\n".join(["L", *base[1:-1], "R"])
    with pytest.raises(Overlap, match="2000"):
        merge_lines(*(f"{t}\nmore" for t in texts))
    long = ["x"] * 300
    edited = [*long[:100], "L", *long[100:]]
    assert merge_lines(*("\n".join(t) for t in (edited, long, long, long, long))) == "\n".join(edited)


AROUND = Around(None, {"n": "of the left"}, {"n": "of the right"}, 100.0, 200.0)


@pytest.mark.parametrize(
    ("source", "winner"),
    [
        ("{{ left }}", "left"), ("{{ right }}", "right"), ("{{ left_base }}", "was left"),
        ("{{ right_base }}", "was right"), ("{{ left_record.n }}", "of the left"),
        ("{{ right_record.n }}", "of the right"),
    ],
)  # fmt: skip
def test_what_an_expression_sees(source, winner):
    """Both values, both bases and both records, each under its own name."""
    ruling = rule("now left", "now right", ("was left", "was right"), AROUND, conflict="expression",
                  resolve=compile_expression(source))  # fmt: skip
    assert ruling == (Ruling(winner) if winner in SIDES else Ruling(merged=winner))


@pytest.mark.parametrize("at", range(4))
def test_an_expression_may_give_any_kind_that_the_field_holds_or_held(at):
    """The kind of a value of either side, now or before, is one that both systems know."""
    values = [None, None, None, None]
    for kind, source, made in (
        (ONE, "{{ amounts.one }}", TWO),
        (frozenset("a"), "{{ ['x', 'y'] }}", frozenset("xy")),
        ("text", "{{ 'made' }}", "made"),
    ):
        values[at] = kind
        chosen = Fixed({"amount": Decimal(2), "currency": "EUR"}) if kind is ONE else compile_expression(source)
        ruling = rule(values[0], values[1], (values[2], values[3]), conflict="expression", resolve=chosen)
        assert ruling == Ruling(merged=made)


class Fixed:
    """An expression that gives one value."""

    source = "fixed"

    def __init__(self, value):
        self.value = value

    def evaluate(self, names):
        return self.value


@pytest.mark.parametrize(
    ("held", "given"),
    [
        (ONE, {"amount": Decimal(2)}),
        (ONE, {"amount": "2", "currency": "EUR"}),
        (ONE, {"amount": Decimal(2), "currency": 7}),
        (ONE, {"amount": True, "currency": "EUR"}),
        ("text", {"amount": Decimal(2), "currency": "EUR"}),
        (frozenset("a"), ["x", 7]),
        ("text", ["x"]),
        (frozenset("a"), "x"),
        ("text", ""),
        ("text", None),
    ],
)
def test_an_expression_that_gives_what_the_field_does_not_hold_asks(held, given):
    """Half an amount, a list of other things, a list where there are texts, and a blank that no side has."""
    ruling = rule(held, held, (held, held), conflict="expression", resolve=Fixed(given))
    assert (ruling.winner, ruling.merged) == (None, UNKNOWN)
    assert ruling.unclear.startswith("the expression gives ")
    assert ruling.unclear.endswith(", which the field does not hold")


def test_an_empty_text_is_the_blank_that_a_side_holds():
    """R-6.2: an expression has no other word for it."""
    for now, winner in (((None, "a"), "left"), (("a", None), "right")):
        assert rule(*now, conflict="expression", resolve=Fixed("")) == Ruling(winner)


def test_no_expression_decides_nothing():
    """A policy without its expression asks, and says so."""
    for conflict in ("expression", "owner"):
        assert rule("a", "c", conflict=conflict) == Ruling(unclear="no expression was given")
    unknown = rule("a", "c", conflict="owner", owned_by=Fixed(["left"]))
    assert unknown == Ruling(unclear="owned_by gives neither left nor right")


def test_when_a_record_was_changed_is_an_instant_in_utc():
    """So that an expression can compare it with a field; a time beyond the calendar is unknown."""
    seen = {}

    class Looks(Fixed):
        def evaluate(self, names):
            seen.update(names)
            return names["left"]

    rule("a", "c", around=Around(None, {}, {}, 0.0, 1e30), conflict="expression", resolve=Looks(None))
    assert (seen["left_changed_at"], seen["right_changed_at"]) == (datetime(1970, 1, 1, tzinfo=UTC), UNKNOWN)


@pytest.mark.parametrize("given", [None, ""])
def test_a_blank_that_was_agreed_once_is_not_made_again_by_a_rule(given):
    """Both sides have a value now; an expression may choose one of them, not take both away."""
    ruling = rule("text", "other", (None, None), conflict="expression", resolve=Fixed(given))
    assert ruling.unclear.endswith("which the field does not hold")


def test_kinds_are_those_of_the_field_and_not_of_the_language():
    """Whole and decimal numbers are one kind; a list and an object are two."""
    assert rule(Decimal("1.5"), Decimal("2.5"), (None, None), conflict="expression", resolve=Fixed(7)).merged == 7
    lists = rule([1], [2], ([3], [3]), conflict="expression", resolve=Fixed({"a": 1}))
    assert lists.merged is UNKNOWN
    assert rule("a", "c", conflict="expression", resolve=Fixed(7)).unclear == (
        "the expression gives a whole number, which the field does not hold"
    )
