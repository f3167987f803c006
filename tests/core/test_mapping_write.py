"""Making the body of a new record, on both forms of a mapping: values, defaults, constants, rules."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from small_mappings import FORMS, NO_REFS, Form, field, mapping, only_fault, place, simple

from tallystick.core.codecs.registry import build_codec
from tallystick.core.error import InvalidValue, UnknownOption
from tallystick.core.mapping import Place
from tallystick.core.record import UNKNOWN, Money, Ref
from tallystick.core.schema import Field, Option


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> Form:
    return FORMS[request.param]


def test_a_body_has_values_defaults_and_constants(form: Form):
    """Blank and unknown fields are left out, defaults stand in for them, constants are there besides."""
    _, right = form(
        mapping(
            field("a", place("a"), place("address.city")),
            field("b", place("b"), place("address.zip")),
            field("c", place("c"), place("lines[1]"), default="none"),
            field("d", place("d"), place("kind")),
            on_create={"kind": "firma", "address.country": "DE", "tags": ["x"]},
        )
    )
    expected = {"kind": "firma", "address": {"country": "DE", "city": "Köln"}, "tags": ["x"], "lines": [None, "none"]}
    first, _ = right.write(("Köln", None, UNKNOWN, None), NO_REFS)
    assert first == expected
    first["tags"].append("changed")
    first["address"]["country"] = "AT"
    assert right.write(("Köln", None, UNKNOWN, None), NO_REFS) == (expected, [])
    body, _ = right.write(("", "50667", "x", "person"), NO_REFS)
    assert body["kind"] == "person"
    assert body["address"] == {"country": "DE", "zip": "50667"}


def test_records_share_nothing(form: Form):
    """Defaults and constants are copied into each body."""
    _, right = form(simple(Field("f", "list"), default=["x"]))
    body, _ = right.write((None,), NO_REFS)
    body["f"].append("changed")
    assert right.write((None,), NO_REFS) == ({"f": ["x"]}, [])
    value = [["deep"]]
    body, _ = right.write((value,), NO_REFS)
    body["f"][0].append("changed")
    assert value == [["deep"]]


def test_one_path_inside_of_another_is_not_mixed_up(form: Form):
    """Two fields that share a path write in order, whatever that gives."""
    _, right = form(mapping(*(field(n, place(n), place(n)) for n in ("b.c", "b", "b.d"))))
    assert right.write((1, "x", 2), NO_REFS) == ({"b": {"d": 2}}, [])


@pytest.mark.parametrize("direction", ["to_left", "once_to_left", "match_only"])
def test_a_field_that_never_goes_to_this_side_is_left_out(form: Form, direction: str):
    """Direction forbids it, a key only matches, the system owns it: not in a new record, a fault in a change."""
    read_only = Field("f", "text", read_only=True, required=True)
    for made in (simple(Field("f", "text", required=True), direction=direction), simple(read_only)):
        _, right = form(made)
        assert right.write(("x",), NO_REFS) == ({}, [])
        body, [fault] = right.patch(("x",), [0], NO_REFS)
        assert not body
        assert "never writes" in fault.message
    _, right = form(simple(Field("f"), direction="once_to_right"))
    assert right.write(("x",), NO_REFS) == ({"f": "x"}, [])


@pytest.mark.parametrize(
    ("spec", "good", "bad", "said"),
    [
        (Field("f", "text", max_length=3), ["äöü"], ["abcd"], "at most 3 characters, 4 came"),
        (Field("f", "text", min_length=2), ["ab"], ["a"], "at least 2 characters, 1 came"),
        (Field("f", "text", pattern="^[0-9]{2}$"), ["12"], ["123", "12\n", "\u0661\u0662"], "wrong form"),
        (Field("f", "text", options=(Option("A"), Option("B"))), ["A"], ["C", "a"], "one of 2 options"),
        (Field("f", "integer", options=(Option("1"),)), [1], [2], "one of 1 options"),
        (Field("f", "integer", minimum=1, maximum=9), [1, 9], [0, 10], "too"),
        (Field("f", "number", minimum=0.1), [Decimal("0.1"), 1], [Decimal("0.09"), 0], "at least 0.1"),
        (Field("f", "text"), ["x"], [5, True, Decimal(1), [1], {}], "takes text"),
        (Field("f", "integer"), [5, 10**30], ["5", True, Decimal("1.5"), Decimal("1e9999")], "takes a whole number"),
        (Field("f", "number"), [5, Decimal("1.5")], ["5", True], "takes a number"),
        (Field("f", "boolean"), [True, False], [1, 0, "true"], "takes true or false"),
        (Field("f", "list", options=(Option("A"),)), [["A"]], [["A", "B"]], "one of 1 options"),
        (Field("f", "object"), [{"a": 1}], ["x"], "takes an object"),
        (Field("f", "date"), ["2025-01-01", 5], [True, []], "takes a date"),
        (Field("f"), ["x", 0, False, [1], {}], [], ""),
    ],
)
def test_what_the_target_would_refuse_is_a_fault(form: Form, spec: Field, good: list[Any], bad: list[Any], said: str):
    """Rules that the target declares are checked before: rule, limit and size are told, the value is not."""
    _, right = form(simple(spec))
    for value in good:
        for _ in range(2):  # also from memory
            body, faults = right.write((value,), NO_REFS)
            assert (body, faults) == ({"f": value}, [])
            assert type(body["f"]) is type(value)
        assert right.patch((value,), [0], NO_REFS) == ({"f": value}, [])
    for value in bad:
        fault = only_fault(right, value)
        assert isinstance(fault, InvalidValue)
        assert said in str(fault)
        assert fault.place == "erp/partner"
        assert right.patch((value,), [0], NO_REFS)[1][0].message == fault.message


def test_a_fault_leaves_the_other_fields_alone(form: Form):
    """F-9: the field is parked, the rest of the record goes."""
    _, right = form(
        mapping(
            field("a", place("a"), place("a")),
            field("f", place("b"), place("b", "options", map={"x": "X"})),
            field("c", place("c"), place("c")),
        )
    )
    body, [fault] = right.write(("1", "y", "3"), NO_REFS)
    assert body == {"a": "1", "c": "3"}
    assert isinstance(fault, UnknownOption)
    assert fault.field == "f"


def test_a_required_field_must_not_end_up_blank(form: Form):
    """Blank and unknown are faults, unless a default or a constant stands in; a change must not blank it either."""
    spec = Field("f", "text", required=True)
    _, right = form(simple(spec))
    assert "required" in only_fault(right, None).message
    assert "required" in only_fault(right, UNKNOWN).message
    assert "required" in only_fault(right, "").message
    assert form(simple(spec, default="-"))[1].write((None,), NO_REFS) == ({"f": "-"}, [])
    given = mapping(field("f", place("f"), place("f")), right=(spec,), on_create={"f": "x"})
    assert form(given)[1].write((None,), NO_REFS) == ({"f": "x"}, [])
    assert "cannot be blank" in right.patch((None,), [0], NO_REFS)[1][0].message
    assert form(simple(Field("f", nullable=False)))[1].patch((None,), [0], NO_REFS)[1]


def test_declared_cures_for_what_does_not_fit(form: Form):
    """``truncate`` cuts to the length, ``default`` takes the default; neither cures what it cannot."""
    spec = Field("f", "text", max_length=3, pattern="^[a-z]")
    _, right = form(simple(spec, invalid="truncate"))
    assert right.write(("abcdef",), NO_REFS) == ({"f": "abc"}, [])
    assert right.hold(0, "abcdef") == "abc"
    assert only_fault(right, "12345")
    _, right = form(simple(spec, default="abc", invalid="default"))
    assert right.write(("abcdef",), NO_REFS) == right.patch(("abcdef",), [0], NO_REFS) == ({"f": "abc"}, [])
    _, right = form(simple(spec, default="too long", invalid="default"))
    assert only_fault(right, "abcdef")
    assert only_fault(right, None)


def test_canonical_values_become_json(form: Form):
    """Numbers stay exact, times are ISO, sets are sorted lists; an amount with currency needs a codec."""
    _, right = form(mapping(field("f", place("f"), place("f"))))
    for value, raw in [
        (Decimal("1.50"), Decimal("1.50")),
        (datetime(2025, 7, 1, 10, tzinfo=UTC), "2025-07-01T10:00:00Z"),
        (date(2025, 7, 1), "2025-07-01"),
        (frozenset({"b", "a"}), ["a", "b"]),
    ]:
        assert right.write((value,), NO_REFS) == ({"f": raw}, [])
    assert only_fault(right, Money(Decimal(1), "EUR"))
    assert only_fault(right, Ref("companies", 1))
    _, right = form(simple(Field("f", "integer")))
    body, _ = right.write((Decimal("5.00"),), NO_REFS)
    assert type(body["f"]) is int


def test_truth_and_one_are_kept_apart_in_memory(form: Form):
    """``True == 1`` in Python; remembered translations must not confuse them."""
    codec = build_codec("options", {"map": {"1": "one"}})
    _, right = form(mapping(field("f", Place(("f",)), Place(("f",), (codec,)))))
    for _ in range(2):
        assert right.write(("1",), NO_REFS) == ({"f": "one"}, [])
        assert only_fault(right, True)
        assert right.write((1,), NO_REFS) == ({"f": "one"}, [])
    _, right = form(mapping(field("f", place("f"), place("f", "boolean", yes="J", no="N"))))
    for _ in range(2):
        assert right.write((True,), NO_REFS) == ({"f": "J"}, [])
        assert only_fault(right, Decimal(1))


def test_a_pattern_that_could_take_for_ever_is_not_tried(form: Form):
    """A declared pattern with nested repeats, or in another dialect, is left to the system that declared it."""
    for pattern in (r"^(a+)+$", r"^\p{L}+$", "("):
        _, right = form(simple(Field("f", "text", pattern=pattern)))
        assert right.write(("a" * 60 + "!",), NO_REFS) == ({"f": "a" * 60 + "!"}, [])
