"""Rules that values and records must keep, on both forms of a mapping: what each asks, what a broken one does."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_mappings import FORMS, NO_REFS, Form, field, mapping, place

from tallystick.core.compile import compile_mapping
from tallystick.core.error import BrokenRule, DroppedByRule, ParkedByRule, StoppedByRule, WarnedByRule
from tallystick.core.expression import compile_expression
from tallystick.core.interpret import interpret_mapping
from tallystick.core.mapping import ObjectMapping, SideCodec
from tallystick.core.record import UNKNOWN, Money
from tallystick.core.rule import Rule, Then
from tallystick.core.schema import Field

NAMES = ("a", "b", "c")
KINDS: dict[Then, type[BrokenRule]] = {
    "stop": StoppedByRule,
    "park": ParkedByRule,
    "drop": DroppedByRule,
    "warn": WarnedByRule,
}
VALUES: list[Any] = [None, "", UNKNOWN, "x", "X1", "12345", 7, Decimal("7.5"), True]


def ruled(*rules: Rule, **more: Any) -> ObjectMapping:
    made = mapping(*(field(name, place(name), place(name)) for name in NAMES), **more)
    return replace(made, rules=rules)


def expression(source: str) -> Any:
    return compile_expression(source)


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> Form:
    return FORMS[request.param]


def right_of(form: Form, *rules: Rule, **more: Any) -> SideCodec:
    return form(ruled(*rules, **more))[1]


@pytest.mark.parametrize(
    ("rule", "keeps", "breaks"),
    [
        (Rule("a", required=True), ["x", 0, False, UNKNOWN], [None, ""]),
        (Rule("a", pattern="^[0-9]+$"), ["12", 12, "", None, UNKNOWN], ["x", "1x"]),
        (Rule("a", min_length=2, max_length=3), ["ab", "abc", frozenset({"x", "y"}), None, 7], ["a", "abcd"]),
        (Rule("a", minimum=Decimal(1), maximum=Decimal("2.5")), [1, Decimal("2.5"), "x", None], [0, Decimal("2.6")]),
        (Rule("a", maximum=Decimal(5)), [Money(Decimal(5), "EUR")], [Money(Decimal("5.01"), "EUR")]),
        (Rule("a", one_of=("x", 7)), ["x", 7, "7", None, UNKNOWN], ["y", 8, "X"]),
        (Rule("a", that=expression("{{ value != 'x' }}")), ["y", None, UNKNOWN], ["x"]),
    ],
)  # fmt: skip
def test_a_rule_about_a_value_asks_what_it_says(rule: Rule, keeps: list[Any], breaks: list[Any]) -> None:
    """Blank and unknown values break nothing, but that a value is required breaks a blank one."""
    assert [value for value in keeps if rule.is_broken(value, {"a": value})] == []
    assert [value for value in breaks if not rule.is_broken(value, {"a": value})] == []


@pytest.mark.parametrize(
    ("source", "keeps", "breaks"),
    [
        ("{{ not b or b >= a }}", [(1, 1, None), (1, None, None), (UNKNOWN, 1, None)], [(2, 1, None)]),
        ("{{ a or b }}", [("x", None, None), (None, 1, None), (UNKNOWN, None, None)], [(None, None, None)]),
        ("{{ a == 'DE' or not b }}", [("DE", 1, None), ("AT", None, None)], [("AT", 1, None)]),
        ("{{ a < b }}", [(date(2025, 1, 1), date(2025, 1, 2), None)], [("x", 1, None), (None, 1, None)]),
    ],
)  # fmt: skip
def test_a_rule_may_compare_fields(source: str, keeps: list[Any], breaks: list[Any]) -> None:
    """What is unknown breaks nothing; a comparison with a blank is false, one that cannot be made breaks the rule."""
    rule = Rule(that=expression(source), reads=("a", "b"))
    assert [record for record in keeps if rule.is_broken(None, dict(zip(NAMES, record, strict=True)))] == []
    assert [record for record in breaks if not rule.is_broken(None, dict(zip(NAMES, record, strict=True)))] == []


def test_a_value_may_be_required_by_another(form: Form) -> None:
    rule = Rule("a", required=True, only_if=expression("{{ b == 'DE' }}"), reads=("b",), message="Germans need a")
    right = right_of(form, rule)
    assert right.write(("", "AT", 1), NO_REFS) == ({"b": "AT", "c": 1}, [])
    _, [fault] = right.write((None, "DE", 1), NO_REFS)
    assert (type(fault), fault.field, fault.message) == (ParkedByRule, "a", "Germans need a")
    assert right.patch((None, "DE", 1), [2], NO_REFS) == ({"c": 1}, [])
    assert right.patch((None, "DE", 1), [1], NO_REFS)[1]


def test_a_default_is_a_value_in_a_new_record(form: Form) -> None:
    """The default fills what is blank when a record is made; a change that blanks the field breaks the rule."""
    made = mapping(field("a", place("a"), place("a"), default="none"), field("b", place("b"), place("b")))
    _, right = form(replace(made, rules=(Rule("a", required=True),)))
    assert right.write((None, "x"), NO_REFS) == ({"a": "none", "b": "x"}, [])
    assert right.patch((None, "x"), [0], NO_REFS)[1]


@pytest.mark.parametrize("then", KINDS)
def test_what_happens_is_told_by_the_kind_of_the_fault(form: Form, then: Then) -> None:
    """A dropped field stays out of the body; a warning leaves the body whole; no fault tells the value."""
    right = right_of(form, Rule("a", then, pattern="^[0-9]+$", line="mappings/m.yaml:7:5"))
    body, [fault] = right.write(("secret", "y", None), NO_REFS)
    assert type(fault) is KINDS[then]
    assert body == ({"b": "y"} if then == "drop" else {"a": "secret", "b": "y"})
    assert "secret" not in str(fault)
    assert "mappings/m.yaml:7:5" in str(fault)
    changed, [again] = right.patch(("secret", "y", None), [0, 1], NO_REFS)
    assert type(again) is KINDS[then]
    assert changed == body


def test_a_fix_is_tried_and_tried_out(form: Form) -> None:
    """What is fixed is written and held; what breaks the rule even so is left out."""
    right = right_of(form, Rule("a", "fix", pattern="^[A-Z]+$", fix=expression("{{ value | upper }}")))
    assert right.write(("ab", None, None), NO_REFS) == ({"a": "AB"}, [])
    assert right.patch(("ab", None, None), [0], NO_REFS) == ({"a": "AB"}, [])
    assert right.hold(0, "ab") == "AB"
    body, [fault] = right.write(("a1", None, None), NO_REFS)
    assert (body, type(fault)) == ({}, DroppedByRule)
    with pytest.raises(DroppedByRule):
        right.hold(0, "a1")


def test_fixes_that_undo_each_other_fix_nothing(form: Form) -> None:
    """Two rules of which each breaks the other are a fault, not a race."""
    up = Rule("a", "fix", pattern="^[A-Z]+$", fix=expression("{{ value | upper }}"))
    down = Rule("a", "fix", pattern="^[a-z]+$", fix=expression("{{ value | lower }}"))
    right = right_of(form, up, down)
    assert right.write(("Ab", None, None), NO_REFS)[1]
    with pytest.raises(BrokenRule):
        right.hold(0, "Ab")


def test_a_rule_guards_its_side_only(form: Form) -> None:
    """And none guards a field that is never written there."""
    left, right = form(ruled(Rule("a", sides=("right",), pattern="^x$")))
    assert left.write(("y", None, None), NO_REFS) == ({"a": "y"}, [])
    assert right.write(("y", None, None), NO_REFS)[1]
    _, read_only = form(ruled(Rule("a", pattern="^x$"), right=(Field("a", read_only=True),)))
    assert read_only.write(("y", None, None), NO_REFS) == ({}, [])


def test_only_rules_about_what_changes_are_asked(form: Form) -> None:
    """An old record that breaks a rule can still take changes that have nothing to do with it."""
    right = right_of(form, Rule("a", pattern="^x$"), Rule(that=expression("{{ b != c }}"), reads=("b", "c")))
    assert right.patch(("wrong", 1, 1), [0], NO_REFS)[1][0].field == "a"
    assert right.patch(("wrong", 1, 1), [2], NO_REFS)[1][0].field == "c"
    assert right.patch(("wrong", 1, UNKNOWN), [1], NO_REFS) == ({"b": 1}, [])


def test_unique_is_never_asked_of_one_record(form: Form) -> None:
    assert right_of(form, Rule("a", "warn", unique=True)).write(("x", None, None), NO_REFS) == ({"a": "x"}, [])


RULES = st.one_of(
    st.builds(Rule, st.sampled_from(NAMES), st.sampled_from(list(KINDS)), required=st.booleans(),
              pattern=st.sampled_from(["", "^[A-Z0-9]+$"]), min_length=st.sampled_from([None, 2]),
              max_length=st.sampled_from([None, 4]), maximum=st.sampled_from([None, Decimal("7.2")]),
              one_of=st.sampled_from([(), ("x", 7)])),
    st.builds(Rule, st.sampled_from(NAMES), st.just("fix"), pattern=st.just("^[A-Z0-9]+$"),
              fix=st.sampled_from([expression("{{ value | upper }}"), expression("{{ value ~ '!' }}")])),
    st.builds(Rule, st.sampled_from(["", "a"]), st.sampled_from(["stop", "park", "warn"]),
              that=st.sampled_from([expression("{{ b != c }}"), expression("{{ b < c }}"), expression("{{ b or c }}")]),
              reads=st.just(("b", "c"))),
)  # fmt: skip


@settings(deadline=None, max_examples=200)
@given(st.lists(RULES, max_size=5), st.tuples(*[st.sampled_from(VALUES)] * 3), st.sets(st.sampled_from([0, 1, 2])))
def test_both_forms_of_a_mapping_keep_the_same_rules(
    rules: list[Rule], record: tuple[Any, ...], which: set[int]
) -> None:
    """Bodies and faults are equal, a held value is held again as it is, and a dropped field is in no body."""
    made = ruled(*rules)
    for plain, fast in zip(interpret_mapping(made), compile_mapping(made), strict=True):
        body, faults = plain.write(record, NO_REFS)
        quick, told = fast.write(record, NO_REFS)
        assert (body, [(type(f), f.field, str(f)) for f in faults]) == (
            quick,
            [(type(f), f.field, str(f)) for f in told],
        )
        assert not set(body) & {f.field for f in faults if isinstance(f, DroppedByRule)}
        changed, _ = fast.patch(record, sorted(which), NO_REFS)
        assert set(changed) <= {NAMES[i] for i in which}
        for index, value in enumerate(record):
            try:
                held = plain.hold(index, value)
            except BrokenRule:
                continue
            assert plain.hold(index, held) == held
