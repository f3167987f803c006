"""Reading the bytes of a description."""

import json

import pytest

from tallystick.connectors.describe.openapi import describe_openapi
from tallystick.connectors.describe.openapi_read import MAX_BYTES, read_description, read_loosely, read_scalar
from tallystick.core.error import ProjectError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"), ("on", "on"), ("NO", "NO"), ("2020-01-01", "2020-01-01"), ("12:30:45", "12:30:45"), ("010", 10),
        ("0o17", 15), ("0x1F", 31), ("true", True), ("~", None), ("", None), ("1.5", 1.5), ("-3", -3), ("1_000",
        "1_000"),
        ("1e3", 1000.0), (".5", 0.5), ("1.2.3", "1.2.3"), ("+", "+"), ("-", "-"), (".", "."), ("2.0", 2.0),
    ],
)  # fmt: skip
def test_plain_scalars_follow_yaml_1_2(text, value):
    found = read_scalar(text)
    assert found == value
    assert type(found) is type(value)


def test_a_country_called_no_stays_text_in_an_enum():
    document = b"openapi: 3.0.0\npaths: {}\ncomponents:\n  schemas:\n    C:\n      enum: [DE, NO, on]\n"
    root, notes = read_description(document)
    assert root["components"]["schemas"]["C"]["enum"] == ["DE", "NO", "on"]
    assert notes == []


def test_keys_are_text_whatever_they_look_like():
    root, _ = read_description(b"responses:\n  200: {a: 1}\n  no: 2\n")
    assert root["responses"] == {"200": {"a": 1}, "no": 2}


@pytest.mark.parametrize("document", [b'{"a": 1, "a": 2}', b"a: 1\na: 2\n"])
def test_a_key_written_twice_is_noted_and_the_last_counts(document):
    root, notes = read_description(document)
    assert root == {"a": 2}
    assert "twice" in notes[0]
    assert "'a'" in notes[0]


def test_aliases_share_and_merge_keys_add():
    root, _ = read_description(b"base: &b {x: 1, y: 2}\nmine: {<<: *b, y: 3}\nsame: *b\n")
    assert root["mine"] == {"x": 1, "y": 3}
    assert root["same"] is root["base"]


def test_an_anchor_on_a_list_holds_the_list():
    root, _ = read_description(b"a: &l [1, {b: 2}]\nc: *l\n")
    assert root["c"] == [1, {"b": 2}]


def test_an_alias_bomb_is_refused_by_what_it_would_expand_to():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    with pytest.raises(ProjectError, match="expand"):
        read_description("\n".join(lines).encode())


@pytest.mark.parametrize(
    "document", [b"[" * 5000 + b"]" * 5000, b'{"a":' * 300 + b"1" + b"}" * 300, b"a: " + b"[" * 900 + b"]" * 900]
)
def test_deep_nesting_is_refused(document):
    with pytest.raises(ProjectError):
        read_description(document)


def test_a_syntax_error_tells_line_and_column():
    with pytest.raises(ProjectError) as caught:
        read_description(b"a: 1\nb: [1, 2\nc: 3\n", source="shop.yaml")
    [problem] = caught.value.problems
    assert (problem.file, problem.line) == ("shop.yaml", 3)


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (b"<!DOCTYPE html><html></html>", "web page"),
        (b"<definitions/>", "XML"),
        (b"", "empty"),
        (b"just words", "no mapping"),
        (b"[1, 2]", "no mapping"),
        (b"\xff\x00\xff", "text"),
        (b"a: '\xc3'", "text"),
    ],
)
def test_what_is_no_description_is_named(document, why):
    with pytest.raises(ProjectError, match=why):
        read_description(document)


def test_a_document_beyond_the_size_limit_is_not_parsed():
    with pytest.raises(ProjectError, match="bytes"):
        read_description(b" " * (MAX_BYTES + 1))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_other_encodings_are_read(encoding):
    root, _ = read_description('{"title": "Größe"}'.encode(encoding))
    assert root == {"title": "Größe"}


def test_json_with_a_trailing_comma_is_read_as_yaml():
    root, _ = read_description(b'{"a": [1, 2,],}')
    assert root == {"a": [1, 2]}


def test_control_characters_in_prose_do_not_stop_yaml():
    root, _ = read_description(b'a: "x\\ty"\nb: one\x0btwo\n')
    assert root == {"a": "x\ty", "b": "one two"}


def test_loose_examples_are_read_or_given_up():
    assert read_loosely('{"a": 1,}') == {"a": 1}
    assert read_loosely('{"a": 1') is None
    assert read_loosely("[" * 100_000) is None


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({"swaggerVersion": "1.2", "apis": []}, "Swagger 1"),
        ({"asyncapi": "2.0.0"}, "AsyncAPI"),
        ({"hello": "world"}, "neither"),
    ],
)
def test_other_formats_are_refused_by_name(document, why):
    with pytest.raises(ProjectError, match=why):
        describe_openapi(json.dumps(document).encode())
