"""Brakes (SYNC-SPEC 12): nothing above a limit happens without a person, and every hold carries its numbers."""

from hypothesis import given
from hypothesis import strategies as st

from tallystick.core.brake import Hold, Release, Tally, apply_brakes
from tallystick.core.policy import Brakes
from tallystick.core.record import SIDES

LIMITS = Brakes()


def kinds(tally, limits=LIMITS):
    return {(h.kind, h.side) for h in apply_brakes(tally, limits)}


@given(st.integers(0, 10_000), st.integers(0, 2_000), st.sampled_from(SIDES), st.sampled_from(["delete", "archive"]))
def test_no_plan_above_the_limit_deletes(linked, planned, side, op):
    """I-18: deletions pass exactly up to max(10, 5 %), and never silently beyond."""
    held = ("deletes", side) in kinds(Tally(linked=linked, writes={(side, op): planned}))
    assert held == (planned > max(10, int(0.05 * linked)) or planned > 500)


def test_a_side_gone_empty_holds_everything():
    """An empty listing where records are linked is an outage or a wrong filter, never ten thousand deletions."""
    holds = apply_brakes(Tally(linked=10, listed={"left": 0}), LIMITS)
    assert {h.side for h in holds} == {"left", "right"}
    assert all("delete" in h.ops and "create" in h.ops for h in holds)
    assert not apply_brakes(Tally(linked=9, listed={"left": 0}), LIMITS)


def test_a_shrunken_listing_holds_deletions():
    """79 of 100 is too few; 80 is not."""
    assert ("shrink", "right") in kinds(Tally(linked=100, listed={"left": 79}, listed_before={"left": 100}))
    assert not kinds(Tally(linked=100, listed={"left": 80}, listed_before={"left": 100}))


def test_mass_updates_blanks_and_creates_are_held():
    """A broken mapping shows as a mass of changes; a first contact may create what it must."""
    assert ("updates", "left") in kinds(Tally(linked=100, writes={("left", "update"): 50}))
    assert not kinds(Tally(linked=100, writes={("left", "update"): 30}))
    assert ("blanks", "left") in kinds(Tally(linked=100, blanked={("left", "email"): 11}))
    assert ("creates", "right") in kinds(Tally(linked=100, writes={("right", "create"): 101}))
    assert not kinds(Tally(linked=0, first_contact=True, writes={("right", "create"): 5000}))


def test_every_hold_says_its_numbers():
    """P5: a brake that does not explain itself gets forced."""
    [hold] = apply_brakes(Tally(linked=100, writes={("right", "delete"): 12}), LIMITS)
    assert "12" in hold.reason
    assert "100" in hold.reason
    assert "10" in hold.reason


HOLD = Hold("deletes", "right", ("delete", "archive"), "too many", count=14, id="deletes@0123456789ab")


@given(
    st.sampled_from(["deletes", "creates"]),
    st.sampled_from(["", "companies", "contacts"]),
    st.sampled_from([None, "left", "right"]),
    st.sampled_from([None, 0, 13, 14, 15]),
)
def test_a_release_lets_go_only_what_it_names(kind, pair, side, most):
    """R-12.5: another kind, pair or side, or more than was allowed, stays held."""
    release = Release(kind, pair, side, most)
    meant = kind == "deletes" and pair in {"", "companies"} and side in {None, "right"} and most in {None, 14, 15}
    assert release.lets_go("companies", HOLD) is meant


def test_an_id_lets_go_exactly_its_hold():
    assert Release("deletes", id=HOLD.id).lets_go("companies", HOLD)
    assert not Release("deletes", id="deletes@ba9876543210").lets_go("companies", HOLD)


def test_a_release_is_written_as_it_is_typed():
    words = ["deletes", "deletes:companies", "deletes:companies:right", "deletes:companies:right:14"]
    made = [Release("deletes"), Release("deletes", "companies"), Release("deletes", "companies", "right")]
    assert [str(r) for r in (*made, Release("deletes", "companies", "right", 14))] == words
    assert str(Release("deletes", "companies", "right", 14, HOLD.id)) == HOLD.id


def test_a_rule_that_says_stop_holds_everything_of_its_side():
    """However few break it; how many, and which rule, is said."""
    stopping = {("right", "too old"): {("left", "1")}, ("right", "too new"): {("left", "1"), ("left", "2")}}
    holds = apply_brakes(Tally(linked=9, stopping=stopping | {("left", "blank"): set()}), LIMITS)
    assert [(h.kind, h.side, h.reason) for h in holds] == [
        ("rules", "right", "1 record for the right break a rule: too old"),
        ("rules", "right", "2 records for the right break a rule: too new"),
    ]
    [deletes] = apply_brakes(Tally(linked=1, writes={("right", "delete"): 99}), LIMITS)
    assert set(holds[0].ops) > set(deletes.ops)
