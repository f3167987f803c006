"""What a plan says of itself, and how it shows a write as old and new values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.core.decision import Write
from tallystick.core.plan import Change, PairPlan, Plan, changes_of, creation_fingerprint, line_fingerprint
from tallystick.core.record import SIDES, UNKNOWN

NAMES = ("name", "city", "phone")


def pair_plan(actions=(), drift=0):
    found = PairPlan("companies", "crm", "erp")
    for side, of_side in dict(actions).items():
        found.actions[side] = of_side
    if drift:
        found.drift["left", "name"] = drift
    return found


def test_only_what_reaches_a_system_counts_as_a_write():
    """A link, a question and an unlink change nothing in either system."""
    plan = Plan("run", 0.0, [pair_plan({"left": {"create": 1, "link": 20, "ask": 300}, "right": {"update": 4000}})])
    plan.pairs.append(pair_plan({"right": {"delete": 50_000, "archive": 600_000, "undelete": 7_000_000}}))
    assert plan.writes == 7_654_001
    assert Plan("run", 0.0).writes == 0


def test_one_drifting_pair_makes_a_drifting_plan():
    assert not Plan("run", 0.0, [pair_plan(), pair_plan()]).drifts
    assert Plan("run", 0.0, [pair_plan(), pair_plan(drift=1)]).drifts


@pytest.mark.parametrize("lines", [1, 2])
def test_a_plan_is_empty_without_lines_only(lines):
    """A question is a line too, though it writes nothing."""
    assert Plan("run", 0.0).is_empty is True
    assert Plan("run", 0.0, lines=lines).is_empty is False


def test_a_create_shows_what_it_brings_and_a_deletion_what_goes():
    born = Write("right", "create", ("Anker", None, UNKNOWN))
    assert changes_of(NAMES, born, ()) == (Change("name", None, "Anker"),)
    gone = Write("right", "delete")
    assert changes_of(NAMES, gone, ("Anker", "Ulm", None)) == (
        Change("name", "Anker", None),
        Change("city", "Ulm", None),
    )
    assert changes_of(NAMES, gone, ("Anker",)) == (Change("name", "Anker", None),)  # fields that are new to the mapping


def test_an_update_shows_the_fields_that_move_and_why():
    """What is written anew just as it was is no change that anybody has to look at."""
    write = Write("right", "update", ("Anker SE", "Ulm", "7"), (0, 1), ("linked.C.U", "linked.U.C"))
    assert changes_of(NAMES, write, ("Anker", "Ulm", "1")) == (Change("name", "Anker", "Anker SE", "linked.C.U"),)


@pytest.mark.parametrize(
    ("write", "seen"),
    [
        (Write("right", "create", ("Anker",)), ()),
        (Write("right", "update", ("Anker SE", "Ulm", "7"), (0, 1), ("linked.C.U",)), ("Anker", "Bonn", "1")),
    ],
)
def test_a_write_that_does_not_fit_the_mapping_is_shown_to_nobody(write, seen):
    """Half a list of changes would look like a whole one."""
    with pytest.raises(ValueError, match="zip"):
        changes_of(NAMES, write, seen)


@given(st.text(max_size=5), st.sampled_from(SIDES), st.none() | st.text(max_size=4), st.none() | st.text(max_size=4),
       st.integers(-(2**63), 2**63 - 1), st.text(max_size=8))  # fmt: skip
def test_the_short_print_of_a_creation_is_the_long_one(pair, target, left, right, values, reason):
    """A plan that was approved line by line stays approved whichever way its lines were printed."""
    long = line_fingerprint(pair, "create", "left", (left, right), ("", target, "create", values), reason)
    assert creation_fingerprint(pair, target, (left, right), values, reason) == long
