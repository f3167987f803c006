"""The rule that tells refused values from accepted ones."""

from decimal import Decimal
from itertools import cycle, islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.core.learned import Evidence, Guess, guess_rule, rule_of
from tallystick.core.learned_limits import round_limit
from tallystick.core.refusal_words import understand

NAMES = ("value", "country", "size")


def learned(bad: list[Any], good: list[Any], said: str = "is invalid", *, rest: Any = ("DE", 1)) -> Guess | None:
    """Learn about the first field of records whose other fields are all alike."""
    complaints = tuple(understand(said, "value", ["value"]))
    refused = tuple((value, *rest) for value in bad)
    accepted = [(value, *rest) for value in good]
    return guess_rule(complaints[0].kind, Evidence(NAMES, 0, refused, accepted, complaints))


def settings(*arguments: Any, **named: Any) -> dict[str, Any]:
    found = learned(*arguments, **named)
    return dict(found.settings) if found else {}


def times(count: int, *values: Any) -> list[Any]:
    return list(islice(cycle(values), count))


@pytest.mark.parametrize(
    ("bad", "good", "said", "rule"),
    [
        (["x" * 13], [], "at most 12 characters", {"max_length": 12}),
        (["x" * 40], ["x" * n for n in range(1, 20)], "is too long", {"max_length": 20}),
        (["x"], ["x" * n for n in range(3, 20)], "is too short", {"min_length": 3}),
        (["x" * 13], ["x" * 20] * 20, "at most 12 characters", {}),
        ([Decimal(101)], [], "must be less than or equal to 100", {"maximum": 100}),
        ([100], [99], "must be less than 100", {"maximum": 99}),
        ([Decimal(100)], [Decimal("99.5")], "must be less than 100", {"that": "{{ value < 100 }}"}),
        ([700], list(range(1, 98)), "is too large", {"maximum": 100}),
        ([-3], list(range(20)), "is too small", {"minimum": 0}),
        ([0], list(range(1, 20)), "is too small", {"minimum": 1}),
        ([Decimal(5)], [Decimal(n) for n in range(43, 80)], "out of range", {"minimum": 40}),
        (["X"], ["A"], "must be one of A, B", {"one_of": ("A", "B")}),
        (["X"], times(40, "A", "B", "C"), "is not included in the list", {"one_of": ("A", "B", "C")}),
        (["X"], [f"A{n}" for n in range(40)], "is not included in the list", {"that": "{{ value not in ['X'] }}"}),
        (["12-a"], [f"{n}" for n in range(10_000, 10_040)], "is invalid", {"matches": "^[0-9]{5}$"}),
        (["ab-12"], [f"{p}-{n}" for p in ("AB", "XY") for n in range(10, 99)], "is invalid",
         {"matches": "^[A-Z]{2}-[0-9]{2}$"}),
        (["X"], ["a@b.de"], "must be a valid email address", {"matches": r"^[^@\s]+@[^@\s]+\.[^@\s.]+$"}),
        (["x1"], [], "must match ^[0-9]+$", {"matches": "^[0-9]+$"}),
        (["Tom <x"], [f"Änne & Groß, {n}" for n in range(20)], "has illegal signs", {"matches": r"^[^<]*$"}),
        ([Decimal("1.5")], [Decimal(n) for n in range(5)], "must be an integer", {"that": "{{ value % 1 == 0 }}"}),
        (["DE1"], ["DE2", "DE3"], "has already been taken", {"unique": True}),
        (["DE1"], ["DE2", "DE2"], "has already been taken", {}),
        (["17"], ["18"], "does not exist", {}),
    ],
)  # fmt: skip
def test_the_rule_that_fits(bad: list[Any], good: list[Any], said: str, rule: dict[str, Any]) -> None:
    assert settings(bad, good, said) == rule


def test_what_a_system_names_is_known_from_what_was_found() -> None:
    told, found = (
        learned(["x" * 13], [], "at most 12 characters"),
        learned(["x" * 13], list("abcdefghijk"), "is too long"),
    )
    assert told is not None
    assert found is not None
    assert (told.is_told, found.is_told) == (True, False)


def test_few_accepted_values_prove_nothing() -> None:
    assert settings(["x" * 13], ["x", "y", "z"], "is too long") == {}
    assert settings(["x" * 13], ["x"] * 50, "is too long") == {}


def rows(count: int, blank: str, *others: str) -> list[tuple[Any, ...]]:
    """Give accepted records: of country ``blank`` half have no value, of the others all have one."""
    made: list[tuple[Any, ...]] = [(None if n % 2 else f"v{n}", blank, n) for n in range(count)]
    return made + [(f"v{n}", country, n) for n, country in enumerate(times(count, *others))]


def needed(refused: list[tuple[Any, ...]], accepted: list[tuple[Any, ...]], said: str = "can't be blank") -> Any:
    complaints = tuple(understand(said, "value", ["value"]))
    found = guess_rule("required", Evidence(NAMES, 0, tuple(refused), accepted, complaints))
    return dict(found.settings) if found else None


def test_a_value_that_nobody_lacks_is_required() -> None:
    assert needed([(None, "DE", 1)], [("x", "DE", 1), ("y", "FR", 2)]) == {"required": True}


def test_a_value_that_some_may_lack_is_required_under_the_condition_that_tells_them_apart() -> None:
    assert needed([(None, "DE", 5)], rows(40, "FR", "DE")) == {"required_if": "{{ country == 'DE' }}"}
    two = [(None, "DE", 5), (None, "AT", 6)]
    assert needed(two, rows(40, "FR", "DE", "AT")) == {"required_if": "{{ country in ['AT', 'DE'] }}"}


def test_a_number_may_be_the_condition() -> None:
    accepted: list[tuple[Any, ...]] = [(None if n % 2 and n < 97 else "v", "DE", n) for n in range(200)]
    assert needed([(None, "DE", 500)], accepted) == {"required_if": "{{ size > 100 }}"}


def test_a_condition_that_chance_explains_is_none_unless_the_system_names_it() -> None:
    few = [*rows(40, "FR", "FR"), ("v", "DE", 3)]
    assert needed([(None, "DE", 3)], few) is None
    said = "is required when country is DE"
    assert needed([(None, "DE", 3)], few, said) == {"required_if": "{{ country == 'DE' }}"}


@pytest.mark.parametrize(
    ("low", "high", "limit"),
    [("97", "5000", "100"), ("4120", "9000", "5000"), ("4120", "4500", "4200"), ("97", "98", "97"), ("0", "3", "0"),
     ("99.5", "150", "100"), ("-97", "-4", "-90"), ("0.031", "0.05", "0.04")],
)  # fmt: skip
def test_limits_are_round_and_near(low: str, high: str, limit: str) -> None:
    assert round_limit(Decimal(low), Decimal(high)) == Decimal(limit)


TEXTS = st.text(st.sampled_from("aB1- ä<"), max_size=8)
VALUES = st.one_of(st.none(), TEXTS, st.integers(-50, 50), st.decimals(-50, 50, places=2))
SAID = st.sampled_from(
    ["is invalid", "too long", "at most 3 characters", "must be between 1 and 10", "one of a, B", "can't be blank",
     "must match ^[a-z]*$", "must be an integer", "F-1"]
)  # fmt: skip


@given(st.lists(VALUES, min_size=1, max_size=3), st.lists(VALUES, max_size=30), SAID)
def test_a_rule_refuses_all_that_was_refused_and_nothing_that_was_accepted(
    bad: list[Any], good: list[Any], said: str
) -> None:
    found = learned(bad, good, said)
    if found is None or "unique" in found.settings:
        return
    rule = rule_of("value", found.settings, NAMES)
    assert rule is not None
    assert all(rule.is_broken(v, dict(zip(NAMES, (v, "DE", 1), strict=True))) for v in bad)
    assert not any(rule.is_broken(v, dict(zip(NAMES, (v, "DE", 1), strict=True))) for v in good)
