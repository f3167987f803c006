"""Cursors never skip, unknown writes are never blindly retried, only known losses are the system's doing."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.core.binding import Cursor, Intent, Superseded, Window
from tallystick.core.learn import shape_of_loss
from tallystick.core.ports import Capabilities, Sighting
from tallystick.core.record import Money
from tallystick.core.resolve import (
    MAX_AGE_SECONDS,
    MAX_ATTEMPTS,
    is_overdue,
    judge_adoption,
    may_resend,
    next_step,
)
from tallystick.core.window import Sweep, can_shift, goes_on, is_over, judge_completeness, next_high, next_sweep

TIMES = st.one_of(st.none(), st.floats(0, 1e9))
SINCE = Capabilities(since=True)


@given(TIMES, TIMES, TIMES, st.floats(0, 1e9), st.floats(0, 4000))
def test_the_cursor_never_passes_the_start_of_the_sweep_and_never_goes_back(before, newest, snow0, started, skew):
    """R-11.3: not past the server's clock at the start, or ours less the skew, whatever time stamps records carry."""
    cursor = Cursor("p", "left", before, 0.0, 1)
    high = next_high(cursor, newest, snow0, started=started, skew=skew)
    is_ahead = before is not None and before > started + skew
    if before is not None and not is_ahead:
        assert high is not None
        assert high >= before
    if high is not None and (high != before or is_ahead):
        assert high <= (snow0 if snow0 is not None else started - skew)


def test_a_full_read_that_showed_nobody_is_made_again():
    """R-4.4: a system that took our rights away shows nobody, too; to list an empty side once more costs nothing."""
    for count, is_full in ((0, True), (1, False), (None, False)):
        cursor = Cursor("p", "left", 900.0, 950.0, count)
        assert next_sweep(cursor, SINCE, 1000.0, 3600.0, configured_anew=False).full is is_full


@pytest.mark.parametrize(("before", "high"), [(900.0, 900.0), (None, 1000.0), (5000.0, 1000.0)])
def test_a_window_that_showed_nobody_does_not_move_the_cursor(before, high):
    """R-4.4: but there must be one to begin with, and one in the future is taken back all the same."""
    cursor = Cursor("p", "left", before, 0.0, 1)
    assert next_high(cursor, None, 1000.0, started=1000.0, skew=0.0, shows_any=False) == high
    assert next_high(None, None, 1000.0, started=1000.0, skew=0.0, shows_any=False) == 1000.0


def test_every_state_that_is_over_is_asked_about():
    """R-4.5: what is agreed again by its values may still be an old copy by its version."""
    over = [Superseded("p", "left", "1", v, 7, None, 0.0) for v in ("v1", "v2")]
    assert is_over(Sighting("1", {}, "v2", None), 9, over, agreed=9)
    assert not is_over(Sighting("1", {}, "v3", None), 9, over, agreed=9)
    assert not is_over(Sighting("1", {}, None, None), 9, [replace(s, version="") for s in over], agreed=9)


@pytest.mark.parametrize(
    ("digest", "modified", "is_old"), [(7, 50.0, True), (8, 9.0, True), (8, 11.0, False), (9, 9.0, False)]
)
def test_a_copy_is_old_if_its_values_are_over_or_it_is_older_than_what_followed(digest, modified, is_old):
    """R-4.5: 7 was followed by another state at 10; what is agreed (9) is no news, however old the copy."""
    over = [Superseded("p", "left", "1", "", 7, 10.0, 0.0)]
    assert is_over(Sighting("1", {}, None, modified), digest, over, agreed=9) is is_old


def test_rows_shift_where_they_are_counted_and_in_windows_of_lagging_copies():
    """R-11.8."""
    whole, window = Sweep(full=True, since=None, reason=""), Sweep(full=False, since=1.0, reason="")
    counted, copies = Capabilities(list_order="offset"), Capabilities(list_order="keyset", consistency=5)
    assert can_shift(counted, whole)
    assert can_shift(copies, window)
    assert not can_shift(copies, whole)
    assert can_shift(replace(copies, consistency=0.5), window)
    assert not can_shift(replace(copies, consistency=0), window)
    assert not can_shift(replace(copies, list_order="snapshot"), window)


def test_a_cursor_in_the_future_is_taken_back_by_a_full_compare():
    """A time that no clock had reached yet would hide every change until then."""
    cursor = Cursor("p", "left", 10_000, 50, 1)
    can = Capabilities(since=True, skew=300)
    assert not next_sweep(cursor, can, 9_800, 86_400, configured_anew=False).full
    assert next_sweep(cursor, can, 9_600, 86_400, configured_anew=False).full
    assert next_high(cursor, 9_000, None, started=9_600, skew=300) == 9_000


BROKEN = Window("p", "left", True, None, "page 7", 5.0, 4.0, 600, 600, 6, 6, 0, 1.0, 77)
FULL = Sweep(full=True, since=None, reason="")


@pytest.mark.parametrize(
    ("changes", "can", "asked"),
    [
        ({}, {}, False),
        ({"marked": 600, "restarts": 1}, {}, False),
    ],
)
def test_a_sweep_goes_on_where_it_was_left(changes, can, asked):
    """R-11.2: where few records are to be read again, or where it had to begin again before."""
    window = replace(BROKEN, **changes)
    assert goes_on(window, FULL, Capabilities(read_by_id=True, **can), 77, asked=asked)


@pytest.mark.parametrize(
    ("changes", "can", "asked"),
    [
        ({"marked": 600}, {}, False),
        ({"mapping": 78}, {}, False),
        ({"full": False}, {}, False),
        ({"position": None}, {}, False),
        ({}, {"read_by_id": False}, False),
        ({}, {"list_order": "snapshot"}, False),
        ({}, {}, True),
    ],
)
def test_a_sweep_begins_again_where_the_first_part_cannot_be_trusted_or_is_dear(changes, can, asked):
    """Read by another mapping, of another kind, not readable again, more to read than to list, or asked for anew."""
    window = replace(BROKEN, **changes)
    assert not goes_on(window, FULL, Capabilities(**{"read_by_id": True, **can}), 77, asked=asked)
    assert not goes_on(None, FULL, Capabilities(read_by_id=True), 77, asked=False)


def test_a_window_overlaps_by_all_that_can_be_late():
    """R-11.4: granularity, late commits, late visibility and skew all go into the overlap."""
    can = Capabilities(since=True, granularity=1, late_commit=20, consistency=300, skew=4000)
    sweep = next_sweep(Cursor("p", "left", 10_000, 9_000, 1), can, 10_100, 86_400, configured_anew=False)
    assert (sweep.full, sweep.since) == (False, 10_000 - 4321)


@pytest.mark.parametrize(
    ("cursor", "can", "anew", "asked"),
    [
        (None, SINCE, False, False),
        (Cursor("p", "left", None, 50, 1), SINCE, False, False),
        (Cursor("p", "left", 50, 50, 1), Capabilities(), False, False),
        (Cursor("p", "left", 50, 50, 1), SINCE, True, False),
        (Cursor("p", "left", 50, 50, 1), SINCE, False, True),
        (Cursor("p", "left", 50, -90_000, 1), SINCE, False, False),
    ],
)
def test_when_in_doubt_everything_is_read(cursor, can, anew, asked):
    """First time, no change feed, a changed mapping, on demand, or a day passed: a full compare."""
    assert next_sweep(cursor, can, 100, 86_400, configured_anew=anew, asked=asked).full


@given(
    st.booleans(),
    st.sampled_from(["offset", "cursor", "keyset"]),
    st.integers(0, 9),
    st.integers(0, 9),
    st.integers(0, 2),
    st.booleans(),
)
def test_only_a_flawless_listing_proves_absence(ended, order, listed, distinct, undecodable, in_one_go):
    """X3: any flaw, and absence means nothing; offset paging is at best probable, and nothing where it had a break."""
    verdict = judge_completeness(
        ended=ended, order=order, listed=listed, distinct=distinct, total=None, undecodable=undecodable,
        in_one_go=in_one_go,
    )  # fmt: skip
    flawless = ended and not undecodable and distinct == listed and (in_one_go or order != "offset")
    assert (verdict == "unproven") == (not flawless)
    if verdict == "proven":
        assert order != "offset"


def intent(op="create", **changes):
    return Intent("i", 1, "p", "right", op, b"{}", "k", first_sent=1000, sent_at=1000, **changes)


@pytest.mark.parametrize("idem", ["client_id", "extid", "search", "none", "key"])
@given(st.floats(1000, 1e6))
def test_no_create_is_repeated_while_the_first_may_still_land(idem, now):
    """10.4: only an idempotency key may be retried at once; without any means nothing is ever sent again."""
    can = Capabilities(create_idem=idem, searchable=("x",))
    step = next_step(intent(), now, can).step
    if idem == "none":
        assert step == "park"
    elif idem != "key" and now < 1000 + can.quiesce:
        assert step in {"wait", "park"}
        assert step == "wait" or now - 1000 > 24 * 3600
    assert step != "resend" or idem == "key"


def test_only_a_record_that_is_younger_than_the_attempt_is_ours():
    """R-10.10: an older or undated record is linked without a base, so that nothing flows over it unasked."""
    at = intent()
    assert judge_adoption(at, created=1000, bound=False, deleted=False, skew=5) == "ours"
    assert judge_adoption(at, created=994, bound=False, deleted=False, skew=5) == "older"
    assert judge_adoption(at, created=None, bound=False, deleted=False, skew=5) == "older"
    assert judge_adoption(at, created=1000, bound=True, deleted=False, skew=5) == "bound"
    assert judge_adoption(at, created=1000, bound=False, deleted=True, skew=5) == "trash"


def test_what_was_made_after_our_last_attempt_could_take_effect_is_not_ours():
    """R-10.10: somebody else made a record with the same key before we looked."""
    at = replace(intent(), sent_at=1100)
    found = {
        created: judge_adoption(at, created=created, bound=False, deleted=False, skew=5, quiesce=60)
        for created in (994, 995, 1165, 1166)
    }
    assert found == {994: "older", 995: "ours", 1165: "ours", 1166: "older"}


@pytest.mark.parametrize(
    ("sent", "stored", "shape"),
    [
        ("Meier", "Meier", "equal"),
        (" Meier ", "Meier", "trimmed"),
        ("a  b", "a b", "whitespace collapsed"),
        ("MEIER", "Meier", "case folded"),
        ("abcdefgh", "abcdef", "truncated to 6"),
        ("e\u0301", "\u00e9", "unicode normalised"),
        (Decimal("12.345"), Decimal("12.35"), "rounded to 2"),
        (Money(Decimal("1.239"), "EUR"), Money(Decimal("1.23"), "EUR"), "rounded to 2"),
        (
            datetime(2026, 1, 1, 1, 2, 3, 900_000, UTC),
            datetime(2026, 1, 1, 1, 2, 3, tzinfo=UTC),
            "precision reduced to seconds",
        ),
        ("   ", None, "trimmed"),
    ],
)
def test_known_losses_are_named(sent, stored, shape):
    """R-7.2: each known shape with its parameter."""
    assert shape_of_loss(sent, stored) == shape


@pytest.mark.parametrize(
    ("sent", "stored"),
    [("Meier", "Müller"), ("abcdef", "abc"), ("a", None), (None, "a"), (Decimal(12), Decimal(13)), ("1", 1),
     (Money(Decimal(1), "EUR"), Money(Decimal(1), "USD"))],
)  # fmt: skip
def test_an_edit_is_not_taken_for_a_loss(sent, stored):
    """R-7.3: what fits no known shape is somebody's change."""
    assert shape_of_loss(sent, stored) is None


@pytest.mark.parametrize(
    ("attempt", "age", "overdue"),
    [(0, 0, False), (MAX_ATTEMPTS - 1, 0, False), (MAX_ATTEMPTS, 0, True), (0, MAX_AGE_SECONDS, False),
     (0, MAX_AGE_SECONDS + 1, True)],
)  # fmt: skip
def test_nothing_stays_unknown_for_ever(attempt, age, overdue):
    """R-10.12: after ten attempts or a day somebody hears of it; an update that nobody can look at is given up."""
    sent = intent("update", attempt=attempt)
    assert is_overdue(sent, 1000.0 + age) is overdue
    later = 1000.0 + max(age, Capabilities().quiesce)
    assert next_step(sent, later, Capabilities()).step == ("drop" if overdue else "look")
    assert may_resend(sent) is (attempt < MAX_ATTEMPTS)


@pytest.mark.parametrize(("attempt", "age"), [(MAX_ATTEMPTS, 0), (0, MAX_AGE_SECONDS + 1)])
def test_a_deletion_is_looked_after_until_somebody_sees_what_became_of_it(attempt, age):
    """Given up, and done all the same, it would look like somebody else's and delete the record it came from (I-7)."""
    sent = intent("delete", attempt=attempt)
    assert next_step(sent, 1000.0 + max(age, Capabilities().quiesce), Capabilities()).step == "look"


@pytest.mark.parametrize(
    ("sent", "stored", "is_same"),
    [
        ("0731", "0-7-3-1", True),
        ("+49 731 / 12-34", "00497311234", True),
        ("(0731) 1234", "0731 1234", True),
        ("0731 1234", "0731 1235", False),
        ("1500", "1-500", False),
        ("0.500", "0500", False),
        ("+49", "0049", True),
        ("+4", "004", False),
    ],
)
def test_a_telephone_number_may_be_grouped_in_another_way(sent, stored, is_same):
    """R-7.2: the same digits; a number that is counted with is none."""
    assert (shape_of_loss(sent, stored) == "telephone number re-formatted") is is_same
