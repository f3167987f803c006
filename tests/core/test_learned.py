"""X15: what a system refused and what it took tell its rules, and nothing that it took would be refused by them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.core.learned import Equals, Evidence, learn
from tallystick.core.refusal_words import kinds_told, limits_told, options_told

NAMES = ("value", "country")


def learned(refused, taken, words=""):
    """Learn from values of one field; the country is the same everywhere unless pairs are given."""
    bad = [(str(i), v if isinstance(v, tuple) else (v, "DE"), words) for i, v in enumerate(refused)]
    good = [v if isinstance(v, tuple) else (v, "DE") for v in taken]
    return [dict(c.settings) for c in learn(Evidence("value", NAMES, bad, good))]


def names(lengths):
    return ["x" * n for n in lengths]


@pytest.mark.parametrize(
    ("refused", "taken", "words", "settings"),
    [
        (names([41]), names(range(1, 38)), "name is too long (maximum is 40 characters)", {"max_length": 40}),
        (names([55]), names(range(1, 39)), "Der Wert ist zu lang", {"max_length": 40}),
        (names([41]), names(range(1, 41)), "", {"max_length": 40}),
        (names([2]), names(range(3, 20)), "is too short (minimum is 3 characters)", {"min_length": 3}),
        ([None], names(range(1, 9)), "can't be blank", {"required": True}),
        ([Decimal(1001)], [Decimal(n) for n in range(1, 900)], "must be at most 1000", {"maximum": Decimal(1000)}),
        ([Decimal(-5)], [Decimal(n) for n in range(1, 90)], "", {"minimum": Decimal(0)}),
        ([Decimal(12)], [Decimal(1 + n % 5) for n in range(50)], "", {"maximum": Decimal(5)}),
        (["0012/5"], [f"{n:04}" for n in range(40)], "", {"matches": "^[0-9]{4}$"}),
        (["gold"], ["new", "paid"] * 5, "status must be one of: new, paid, closed",
         {"one_of": ("new", "paid", "closed")}),
        (["gold"], ["new", "paid"] * 5, "unknown value", {"one_of": ("new", "paid")}),
        (["K12"], [f"A-{n:04}" for n in range(40)], "has an invalid format", {"matches": "^[A-Z]-[0-9]{4}$"}),
        (["D-123"], [f"{n:05}" for n in range(40)], "Ungültiges Format", {"matches": "^[0-9]{5}$"}),
        (["no address"], [f"a{n}@b{n}.de" for n in range(40)], "is not a valid email",
         {"matches": r"^[^@\s]+@[^@\s]+\.[^@\s.]+$"}),
    ],
)  # fmt: skip
def test_each_kind_of_rule_is_learned_from_one_refusal(refused, taken, words, settings):
    assert learned(refused, taken, words) == [settings]


def test_a_value_that_is_required_only_somewhere():
    taken = [(None, "FR")] * 5 + [("DE1", "DE")] * 5
    assert learned([(None, "DE")], taken, "vat is required") == [{"required_if": Equals("country", "DE")}]


def test_two_reasons_are_two_rules():
    evidence = Evidence(
        "value", NAMES, [("1", ("x" * 50, "DE"), "too long"), ("2", (None, "DE"), "is required")],
        [(text, "DE") for text in names(range(1, 31))],
    )  # fmt: skip
    assert [dict(c.settings) for c in learn(evidence)] == [{"max_length": 30}, {"required": True}]


@pytest.mark.parametrize(
    ("refused", "taken", "words"),
    [
        (["abc"], ["abc"], "invalid"),
        (["x" * 30], ["y"] * 2, "is refused"),
        (["Anker"], [f"Name {n}" for n in range(50)], "the period is closed"),
    ],
)
def test_what_has_no_visible_reason_teaches_nothing(refused, taken, words):
    """Neither a value like those that were taken, nor too little of it, nor a refusal that was not about the value."""
    for settings in learned(refused, taken, words):
        assert "max_length" not in settings
        assert "required" not in settings
    assert learned(["abc"], ["abc"], "invalid") == []


VALUES = st.one_of(st.none(), st.text(max_size=12), st.integers(-50, 50).map(Decimal))
WORDS = st.sampled_from(["", "invalid", "too long (maximum is 5 characters)", "required", "must be between 1 and 9"])


@given(st.lists(VALUES, min_size=1, max_size=4), st.lists(VALUES, max_size=30), WORDS)
def test_what_was_taken_is_never_refused_and_what_was_refused_always(refused, taken, words):
    """No candidate contradicts what was seen; else it would block what the system takes."""
    evidence = Evidence("value", NAMES, [(str(i), (v, "DE"), words) for i, v in enumerate(refused)],
                        [(v, "DE") for v in taken])  # fmt: skip
    for candidate in learn(evidence):
        judge = candidate.rule.is_broken
        assert not any(judge(v, {"value": v, "country": "DE"}) for v in taken)
        assert sum(judge(v, {"value": v, "country": "DE"}) for v in refused) >= candidate.refused >= 1


def test_the_words_of_a_refusal():
    assert kinds_told("Feld darf nicht leer sein")[0] == "required"
    assert kinds_told("La valeur est trop longue (40 caractères)")[0] == "length"
    assert kinds_told("the period is closed") == ()
    assert limits_told("between 1 and 99.5, not v2") == [Decimal(1), Decimal("99.5")]
    assert options_told("must be one of 'a', 'b' or 'c'.") == ["a", "b", "c"]
