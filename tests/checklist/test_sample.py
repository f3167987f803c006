"""What a report shows of records: shapes, unless it is told to show values."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.checklist.sample import Sample, jsonable, mask
from tallystick.core.record import UNKNOWN, Money, Ref


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Müller", "M****r"),
        ("Dr. Büşra Öz", "**. B***a **"),
        ("max@firma.example", "m**@f***a.e*****e"),
        ("+49 30 23125", "+** ** 2***5"),
        ("a", "*"),
        ("", ""),
    ],
)
def test_a_masked_value_keeps_its_shape(text, masked):
    assert mask(text) == masked


@given(st.text(max_size=80))
def test_masking_keeps_the_length_and_gives_no_inner_character_away(text):
    masked = mask(text)
    assert len(masked) == len(text)
    for hidden, real in zip(masked, text, strict=True):
        assert hidden in {"*", real}


@given(st.text(alphabet=st.characters(categories=["L", "N"]), min_size=4, max_size=40))
def test_of_a_word_at_most_both_ends_are_shown(word):
    assert mask(word) == word[0] + "*" * (len(word) - 2) + word[-1]


@pytest.mark.parametrize(
    "value",
    [
        "text", 7, Decimal("1.50"), True, datetime(2025, 1, 1, tzinfo=UTC), Money(Decimal("9.90"), "EUR"),
        Ref("companies", None, "left", "17"), frozenset({"a", "b"}), None, UNKNOWN, ["a"], "x" * 500,
    ],
)  # fmt: skip
def test_every_kind_of_value_becomes_text_that_json_can_hold(value):
    for reveal in (True, False):
        shown = jsonable({"example": [Sample(value)]}, reveal=reveal)
        assert json.loads(json.dumps(shown)) == shown
        assert len(shown["example"][0]) < 100


def test_only_samples_are_masked():
    facts = {"option": "Gesperrt", "count": 3, "value": Sample("Erika")}
    assert jsonable(facts, reveal=False) == {"option": "Gesperrt", "count": 3, "value": "E***a"}
    assert jsonable(facts, reveal=True)["value"] == "Erika"
