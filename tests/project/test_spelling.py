"""Parameters that carry JSON travel as the document that the manifest shows."""

import base64
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tallystick.project.manifest import Operation, Since
from tallystick.project.spelling import JsonText, rewrite, spell, spell_fixed


@given(st.one_of(st.text(), st.integers(), st.booleans(), st.none()))
def test_a_placeholder_that_stands_alone_keeps_the_type_of_the_value(value: object) -> None:
    filled = JsonText(document=[["code", "=", "{}"]]).spell(value)
    assert json.loads(filled) == [["code", "=", value]]


@given(st.text())
def test_base64url_is_the_same_document_in_an_alphabet_that_addresses_allow(value: str) -> None:
    plain = JsonText(document={"name": "{}"})
    encoded = JsonText(document={"name": "{}"}, encoding="base64url")
    assert base64.urlsafe_b64decode(encoded.spell(value)).decode() == plain.spell(value)


def test_a_placeholder_inside_a_longer_text_is_replaced_by_the_text_of_the_value() -> None:
    assert JsonText(document={"q": "code:{} active"}).spell(12) == '{"q":"code:12 active"}'


def test_numbers_are_spelled_with_all_their_digits() -> None:
    assert JsonText(document=["{}"]).spell(Decimal("1.10")) == "[1.10]"


def test_a_text_template_gets_the_value_wherever_it_has_a_placeholder() -> None:
    assert spell("{};", "2026-01-01") == "2026-01-01;"
    assert spell("between {} and {}", 1) == "between 1 and 1"
    assert spell("as it is") == "as it is"


def test_a_manifest_writes_it_under_the_key_json() -> None:
    since = Since.model_validate({"param": "d", "template": {"json": [["at", ">=", "{}"]], "encoding": "base64url"}})
    assert spell(since.template, "now") == base64.urlsafe_b64encode(b'[["at",">=","now"]]').decode()


def test_a_query_may_repeat_a_parameter() -> None:
    operation = Operation.model_validate({"method": "GET", "path": "/x", "query": {"f": ["a", "b"], "v": "0"}})
    assert operation.query == {"f": ("a", "b"), "v": "0"}


@pytest.mark.parametrize("wrong", [{"encoding": "base64url"}, {"json": 1, "encoding": "rot13"}, {"json": 1, "more": 2}])
def test_what_is_no_such_parameter_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        JsonText.model_validate(wrong)


def test_another_mark_leaves_the_usual_one_alone() -> None:
    assert JsonText(document=["{id}", "{}", "c-{id}"]).spell(7, "{id}") == '[7,"{}","c-7"]'
    assert spell("{id}/{}", 7, "{id}") == "7/{}"


def test_where_no_value_is_asked_for_nothing_is_a_placeholder() -> None:
    assert spell_fixed("{}") == "{}"
    assert spell_fixed(JsonText(document=["{}"])) == '["{}"]'


def test_references_are_found_in_texts_of_any_depth_and_never_in_names() -> None:
    found = rewrite(JsonText(document={"a": ["x", {"a": "x", "n": 1}]}, encoding="base64url"), str.upper)
    assert found == JsonText(document={"a": ["X", {"a": "X", "n": 1}]}, encoding="base64url")
