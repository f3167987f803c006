"""Laws of the strict YAML reader."""

import json
from decimal import Decimal
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tallystick.project.text import MAX_BYTES, MAX_DEPTH, Document, parse_text


def read(text: str | bytes) -> Any:
    document = parse_text(text, "f.yaml")
    assert document.problems == ()
    return document.value


def problems(text: str | bytes) -> list[tuple[int, int, str]]:
    return [(p.line, p.column, p.message) for p in parse_text(text, "f.yaml").problems]


@pytest.mark.parametrize(
    "text",
    ["no", "on", "Yes", "y", "off", "012", "007.5", "12:30:45", "2026-01-01", "1_000", "+49", "1.2.3", ".", "0b1", "é"],
)
def test_what_only_looks_like_a_value_stays_text(text: str) -> None:
    assert read(f"a: {text}") == {"a": text}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("-17", -17),
        ("0x1F", 31),
        ("0o17", 15),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ("1.50", Decimal("1.50")),
        ("-.5", Decimal("-0.5")),
        ("1e3", Decimal(1000)),
        ("'5'", "5"),
        ('"true"', "true"),
        ("|\n  5\n", "5\n"),
    ],
)
def test_values_are_those_of_yaml_1_2_and_exact(text: str, value: Any) -> None:
    found = read(f"a: {text}")["a"]
    assert found == value
    assert type(found) is type(value)


def test_keys_are_text_as_written() -> None:
    assert read("1: a\ntrue: b\non: c\n~: d\n012: e\n") == {"1": "a", "true": "b", "on": "c", "~": "d", "012": "e"}


def test_every_key_and_value_has_its_place() -> None:
    document = parse_text("ü: {b: [x, {c: y}]}\nd:\n  - e\n", "f.yaml")
    assert document.keys[("ü", "b", 1, "c")] == (1, 13)
    assert document.values[("ü", "b", 1, "c")] == (1, 16)
    assert document.values[("d", 0)] == (3, 5)
    assert document.spot(("d", 0, "missing", "deeper")) == (3, 5)
    assert document.spot(("nothing",)) == (1, 1)
    assert document.at(("ü", "b", 1, "c")) == "y"
    assert document.at(("ü", "b", 7)) is None


def test_a_key_given_twice_names_both_places_and_the_first_counts() -> None:
    document = parse_text("a: 1\nb:\n  c: 2\n  c: {d: 3}\na: 4\n", "f.yaml")
    assert document.value == {"a": 1, "b": {"c": 2}}
    assert [(p.line, p.message) for p in document.problems] == [
        (4, "'b.c' is given twice; the first is in line 3, column 3"),
        (5, "'a' is given twice; the first is in line 1, column 1"),
    ]


def test_anchors_aliases_tags_and_merges_are_refused_all_at_once() -> None:
    text = "a: &x {k: 1}\nb: *x\nc: !!int 5\n<<: *x\nd: [1, *x]\n"
    found = problems(text)
    assert [(line, column) for line, column, _ in found] == [(1, 4), (2, 4), (3, 4), (4, 5), (5, 8)]
    assert "anchors" in found[0][2]
    assert "tags" in found[2][2]


def test_an_alias_bomb_is_refused_and_stays_small() -> None:
    levels = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    document = parse_text("\n".join(levels), "f.yaml")
    assert len(document.problems) >= 10
    assert len(json.dumps(document.value)) < 1000


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_depth_is_limited_before_it_hurts(opening: str) -> None:
    [(line, _, message)] = problems(opening * 200_000)
    assert line == 1
    assert str(MAX_DEPTH) in message


def test_the_depth_that_is_allowed_is_read() -> None:
    assert problems("[" * MAX_DEPTH + "]" * MAX_DEPTH) == []
    assert problems("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))


def test_size_is_limited() -> None:
    assert problems(b"a: " + b"x" * (MAX_BYTES - 3)) == []
    assert "larger" in problems(b"a: " + b"x" * (MAX_BYTES - 2))[0][2]


def test_reading_stops_where_it_costs_more_than_it_tells() -> None:
    assert "more than 500,000 values" in parse_text("[" + "1," * 600_000, "f.yaml", limit=10**7).problems[-1].message
    found = problems("[" + "*a," * 100_000)
    assert len(found) == 101
    assert any("the rest is not read" in message for _, _, message in found)


@pytest.mark.parametrize(
    ("text", "line", "column", "part"),
    [
        ("a:\n\t- b\n", 2, 1, "tab"),
        ("a: {{ x }}\n", 1, 5, "key belongs"),
        ("a: {t: ${env:X}}\n", 1, 9, "braces"),
        ("a: @x\n", 1, 4, "@"),
        ("a: b: c\n", 1, 5, "colon"),
        ("a:\n  b: 1\n c: 2\n", 3, 2, "structure"),
        ("b: 1\na: 'x\nc: 2\n", 2, 4, "quote is not closed"),
        ('a: "\\d"\n', 1, 5, "backslash"),
        ("a: 1\n---\nb: 2\n", 2, 1, "second document"),
        ("a: \x07b\n", 1, 4, "U+0007"),
        ("a: b\u2028c\n", 1, 5, "U+2028"),
        (b"ok: 1\nname: M\xfcller\n", 2, 8, "0xFC"),
        (b"\xff\xfea", 1, 1, "UTF-16"),
        ("a: 1e999999999\n", 1, 4, "not read"),
        ("a: " + "9" * 5000, 1, 4, "not read"),
        ("? [a, b]\n: c\n", 1, 3, "key belongs"),
    ],
)
def test_malformed_text_gives_a_problem_at_its_place_with_a_cure(
    text: str | bytes, line: int, column: int, part: str
) -> None:
    found = parse_text(text, "f.yaml").problems
    assert (found[0].line, found[0].column) == (line, column)
    assert part in found[0].message
    assert found[0].hint


def test_utf_8_with_and_without_mark_and_utf_16_read_the_same() -> None:
    text = "a: ü\n"
    assert read(text.encode()) == read(b"\xef\xbb\xbf" + text.encode()) == read(text.encode("utf-16")) == {"a": "ü"}


def test_nothing_is_nothing_and_no_problem() -> None:
    for text in ("", "# only a comment\n", "---\n"):
        document = parse_text(text, "f.yaml")
        assert document.value is None
        assert not document.is_broken


def test_messages_never_repeat_what_a_value_holds() -> None:
    for text in (
        "a: !hunter2 x",
        "a: *hunter2",
        "a: &hunter2 x",
        "a: 'hunter2",
        'a: "\\hunter2"',
        "a: {hunter2",
        "@hunter2",
    ):
        document = parse_text(text, "f.yaml")
        assert document.problems
        assert "hunter2" not in str(document.problems)


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.text(st.characters(categories=["L", "N", "P", "Zs"]), max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcüß 01.-:#", max_size=6), inner, max_size=4),
    max_leaves=20,
)


@given(_VALUES)
def test_what_json_says_is_read_as_json_says(value: Any) -> None:
    """JSON is YAML: strings, integers, booleans, null, lists and mappings come back as they are."""
    assert read(json.dumps(value, ensure_ascii=False)) == value


@given(_VALUES)
def test_every_value_can_be_pointed_at(value: Any) -> None:
    text = yaml.safe_dump(value, allow_unicode=True, width=10**6)
    document = parse_text(text, "f.yaml")
    lines = text.split("\n")
    for line, column in (*document.values.values(), *document.keys.values()):
        assert 1 <= line <= len(lines)
        assert 1 <= column <= len(lines[line - 1]) + 1


@given(st.text(max_size=60) | st.binary(max_size=60))
def test_no_text_whatever_makes_it_raise(content: str | bytes) -> None:
    document = parse_text(content, "f.yaml")
    assert isinstance(document, Document)
    assert document.value is None or not document.is_broken


@given(st.lists(st.sampled_from(list("ab: -[]{}&*!|>'\"%@`#\n\t?,0")), max_size=40).map("".join))
def test_no_yaml_punctuation_makes_it_raise(content: str) -> None:
    parse_text(content, "f.yaml")
