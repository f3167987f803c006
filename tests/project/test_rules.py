"""Rules as written: built with their line, told apart, and refused where they ask nothing or cannot be done."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tallystick.core.mapping import ObjectMapping
from tallystick.core.rule import Rule
from tallystick.project.build import resolve_mappings
from tallystick.project.fingerprint import mapping_fingerprint
from tallystick.project.load import load_project

Write = Callable[[Mapping[str, str]], Path]

SYSTEM = """
protocol: memory
objects: {companies: {fields: {name: {}, country: {}, vat: {}, since: {}, until: {}}}}
"""
FIELDS = ("name", "country", "vat", "since", "until")


def build(write: Write, vat: str = "", whole: str = "") -> tuple[ObjectMapping, list[str]]:
    """Build a mapping with these rules at the field vat and for the whole record; give it with its errors."""
    fields = "\n".join(
        f"  {f}: {{left: {f}, right: {f}{f', rules: [{vat}]' if f == 'vat' and vat else ''}}}" for f in FIELDS
    )
    mapping = (
        "left: {system: crm, object: companies}\nright: {system: erp, object: companies}\n"
        f"on_unmatched: {{left: ask, right: ask}}\non_delete: {{left: ask, right: ask}}\nfields:\n{fields}\n"
        f"rules: [{whole}]\n"
    )
    loaded = load_project(write({"systems/crm.yaml": SYSTEM, "systems/erp.yaml": SYSTEM, "mappings/m.yaml": mapping}))
    [made], problems = resolve_mappings(loaded)
    return made, [f"{p.line}: {p.message}" for p in problems if p.severity == "error"]


def rule_of(write: Write, vat: str) -> Rule:
    made, errors = build(write, vat)
    assert errors == []
    [rule] = made.rules
    return rule


def test_a_rule_of_a_field_is_built_with_its_line(write: Write) -> None:
    """It parks where nothing else is said, and guards both sides."""
    rule = rule_of(
        write, "{required_if: \"{{ country == 'DE' and name }}\", max_length: 12, message: Germans need one}"
    )
    assert (rule.field, rule.then, rule.sides, rule.required) == ("vat", "park", ("left", "right"), True)
    assert rule.reads == ("name", "country")
    assert rule.line.startswith("mappings/m.yaml:8:")
    assert rule.demand == "Germans need one"
    assert not rule.is_local


def test_a_rule_without_words_says_what_it_asks(write: Write) -> None:
    rule = rule_of(write, '{matches: "^DE", min_length: 3, then: fix, fix: "{{ value | upper }}", to: right}')
    assert rule.demand == "at least 3 characters; must match ^DE"
    assert rule.is_local
    assert rule.sides == ("right",)


def test_a_rule_of_the_record_reads_its_fields(write: Write) -> None:
    made, errors = build(write, whole='{that: "{{ not until or until >= since }}", then: stop}')
    assert errors == []
    assert [(r.field, r.then, r.reads) for r in made.rules] == [("", "stop", ("since", "until"))]


def test_a_changed_rule_is_a_changed_mapping_and_a_changed_message_is_not(write: Write) -> None:
    """What was parked by the old rule is tried again; new words are no reason to compare everything."""
    prints = [
        mapping_fingerprint(build(write, vat)[0])
        for vat in ("{max_length: 3}", "{max_length: 3, message: short}", "{max_length: 4}", "")
    ]
    assert prints[0] == prints[1]
    assert len(set(prints)) == 3


@pytest.mark.parametrize(
    ("vat", "whole", "expected"),
    [
        ("{message: x}", "", "8: this rule asks for nothing"),
        ('{matches: "(a+)+$"}', "", "8: this pattern cannot be tried in safe time, or is none"),
        ('{matches: "("}', "", "8: this pattern cannot be tried in safe time, or is none"),
        ("{min_length: 4, max_length: 3}", "", "8: min_length is above max_length, so no value can keep the rule"),
        ('{that: "{{ contry }}"}', "", "8: 'contry' in the expression leads nowhere"),
        ('{that: "country"}', "", "8: this is no expression"),
        ("{max_length: 3, then: fix}", "", "8: a value is fixed by then: fix and an expression, both"),
        ('{max_length: 3, fix: "{{ value }}"}', "", "8: a value is fixed by then: fix and an expression, both"),
        ('{required: true, then: fix, fix: "{{ value }}"}', "", "8: only a value that is wrong by itself can be fixed"),
        ("{unique: true, then: park}", "", "8: unique is asked over all records, which a run does not see"),
        ("", '{that: "{{ name }}", then: drop}', "11: nothing says which field is dropped"),
        ("", "{max_length: 3}", "11: this rule is about no field"),
        ("", '{that: "{{ name }}", max_length: 3}', "11: max_length is about one field"),
        ("", "{field: vta, max_length: 3}", "11: there is no field 'vta'"),
    ],
)
def test_what_cannot_be_asked_or_done_is_refused_at_its_line(write: Write, vat: str, whole: str, expected: Any) -> None:
    made, errors = build(write, vat, whole)
    assert expected in errors
    assert made.rules == ()
