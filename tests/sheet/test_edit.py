"""Single values change in place; every other character stays."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.core.error import ProjectError
from tallystick.project.edit import REMOVED, Edit, apply_edit, edit_yaml, quote, spell_flow
from tallystick.project.text import parse_text

TEXT = """\
# top
left: {system: crm, object: companies}  # left
match:
- {on: email}
fields:
  # the name
  name: {left: name, right: partner_name,}  # eol
  # about mail
  email:
    left: email
    # inside
    right:
      path: mail   # p
    options:
      map:
        1: A
        007: "B"
    note: |
      long
      text

  # trailing comment
  last: {left: x, right: y}
conflict:
brakes: {delete_count: 3}
owner: ops"""
SET = [
    (("fields", "name", "direction"), "both", "  name: {left: name, right: partner_name, direction: both,}  # eol"),
    (("fields", "email", "note"), "x: y", '    note: "x: y"'),
    (("fields", "email", "owner"), "me", "    owner: me"),
    (("fields", "email", "options", "map", "1"), "C", "        1: C"),
    (("fields", "email", "options", "map", "9"), "007", '        "9": "007"'),
    (("fields", "email", "right"), "z", "    right: z   # p"),
    (("fields", "new"), {"left": "a b", "right": "{x"}, '  new: {left: a b, right: "{x"}'),
    (("conflict",), "left", "conflict: left"),
    (("match",), [{"on": "x"}], "match: [{on: x}]"),
    (("on_delete", "left"), "ask", "on_delete: {left: ask}"),
    (("brakes", "delete_count"), 4, "brakes: {delete_count: 4}"),
    (("owner",), '"q', 'owner: "\\"q"'),
]


@pytest.mark.parametrize(("path", "value", "line"), SET)
def test_a_value_is_written_where_it_belongs_and_nothing_else_moves(path, value, line) -> None:
    after = edit_yaml(TEXT, [Edit(path, value)], "f")
    before_lines, lines = TEXT.split("\n"), after.split("\n")
    assert line in lines
    kept = [one for one in before_lines if one in lines]
    assert len(before_lines) - len(kept) <= 4
    assert [one for one in lines if one in kept] == kept
    assert all(one in lines for one in before_lines if one.lstrip().startswith("#"))


@pytest.mark.parametrize(
    ("path", "gone"),
    [
        (("fields", "name"), ["  name: {left: name, right: partner_name,}  # eol"]),
        (("fields", "last"), ["  last: {left: x, right: y}"]),
        (("fields", "email", "options", "map", "1"), ["        1: A"]),
        (("fields", "email", "left"), ["    left: email"]),
        (("owner",), ["owner: ops"]),
    ],
)
def test_a_key_goes_with_its_line_and_leaves_all_others(path, gone) -> None:
    after = edit_yaml(TEXT, [Edit(path, REMOVED)], "f")
    assert after.rstrip("\n").split("\n") == [line for line in TEXT.split("\n") if line not in gone]


def test_a_mapping_that_loses_its_last_key_goes_with_it_but_not_at_the_top() -> None:
    edits = [Edit(("fields", "email", "options", "map", key), REMOVED) for key in ("1", "007")]
    value = parse_text(edit_yaml(TEXT, [*edits, Edit(("brakes", "delete_count"), REMOVED)], "f"), "f").value
    assert "options" not in value["fields"]["email"]
    assert value["brakes"] == {}


def test_windows_line_ends_and_a_byte_order_mark_stay() -> None:
    text = "\ufeffa: 1\r\nb:\r\n  c: 2 # two\r\n"
    after = edit_yaml(text, [Edit(("a",), 3), Edit(("b", "d"), "x")], "f")
    assert after == "\ufeffa: 3\r\nb:\r\n  c: 2 # two\r\n  d: x\r\n"


def test_true_in_the_place_of_one_is_a_change() -> None:
    assert edit_yaml("a: 1\n", [Edit(("a",), True)], "f") == "a: true\n"


def test_a_text_that_is_no_mapping_is_refused_with_its_place() -> None:
    with pytest.raises(ProjectError) as refused:
        edit_yaml("- a\n", [Edit(("a",), 1)], "mappings/x.yaml")
    assert refused.value.place == "mappings/x.yaml"


@pytest.mark.parametrize("text", ["{a, b}\n", "{a, b: c}\n"])
def test_what_cannot_be_said_without_touching_more_is_refused(text: str) -> None:
    with pytest.raises(ProjectError, match="'a' cannot be changed"):
        edit_yaml(text, [Edit(("a",), 1)], "f")


KEYS = st.text("ab1:#{}[],\"' \n\t-=äß😀\x07\u2028", min_size=1, max_size=6)
SCALARS = (
    KEYS | st.integers(-50, 50) | st.booleans() | st.sampled_from(["007", "null", "1e5", "2026-01-01", "", "_x0041_"])
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)
DOCUMENTS = st.dictionaries(KEYS, VALUES, min_size=1, max_size=4)


def _dump(value, draw, indent: str = "") -> str:
    """Write a mapping in blocks or on one line, with comments in between."""
    lines = []
    for key, inner in value.items():
        if draw(st.booleans()):
            lines.append(f"{indent}# about {len(lines)}")
        if isinstance(inner, dict) and inner and draw(st.booleans()):
            lines += [f"{indent}{quote(key)}:", _dump(inner, draw, indent + "  ")]
        else:
            tail = draw(st.sampled_from(["", "  # behind"]))
            lines.append(f"{indent}{quote(key)}: {spell_flow(inner)}{tail}")
    return "\n".join(lines)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_edits_give_exactly_what_they_say_and_lose_no_comment_of_what_stays(data) -> None:
    document = data.draw(DOCUMENTS)
    text = _dump(document, data.draw) + data.draw(st.sampled_from(["", "\n"]))
    read = parse_text(text, "f").value
    assert repr(read) == repr(document)
    paths = [(key,) for key in document]
    paths += [(key, inner) for key, value in document.items() if isinstance(value, dict) for inner in value]
    edits = [
        Edit(path, data.draw(VALUES | st.just(REMOVED)))
        for path in data.draw(st.lists(st.sampled_from(paths) | KEYS.map(lambda key: (key,)), max_size=4))
    ]
    if any(len(edit.path) == 1 and edit.value is REMOVED for edit in edits):
        edits.append(Edit(("kept",), 1))
        edits = [edits[-1], *edits[:-1]]
    after = edit_yaml(text, edits, "f")
    for edit in edits:
        apply_edit(document, edit)
    assert repr(parse_text(after, "f").value) == repr(document)
    if all(edit.value is not REMOVED and not isinstance(read.get(edit.path[0]), dict) for edit in edits):
        assert after.count("# about") == text.count("# about")
        assert after.count("# behind") == text.count("# behind")
