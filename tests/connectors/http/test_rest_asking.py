"""How what a manifest asks for travels: in queries, documents and bodies, for the id as for what changed."""

import base64
import json
from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit

import pytest

from tallystick.core.error import Garbled, ProjectError
from tallystick.core.path import parse
from tallystick.core.ports import NotThere, Update

T = 1741334709.0  # 2025-03-07 08:05:09 UTC
LIST = {"method": "GET", "path": "/companies"}
SEARCH = {"method": "POST", "path": "/companies/search", "record": "rows"}
ONE = {"method": "GET", "path": "/companies/{id}"}


@pytest.fixture
def crm(open_rest):
    def make(*, system=None, **spec):
        connector, _ = open_rest(objects={"companies": {"list": LIST, "get": ONE} | spec}, **(system or {}))
        return connector

    return make


def asked(request):
    return parse_qsl(urlsplit(request.url).query, keep_blank_values=True)


def decoded(text):
    return json.loads(base64.urlsafe_b64decode(text))


# --- queries ------------------------------------------------------------------------------------------------------


def test_several_values_are_a_repeated_parameter_and_documents_are_json(crm):
    query = {"f": ["name", "vat id"], "ctx": {"json": {"active": False}}, "d": {"json": [], "encoding": "base64url"}}
    request = next(crm(list=LIST | {"query": query}).read("companies"))
    assert asked(request) == [("f", "name"), ("f", "vat id"), ("ctx", '{"active":false}'), ("d", "W10=")]


def test_what_is_asked_for_replaces_what_the_manifest_says_of_the_same_name(crm):
    connector = crm(
        list={"method": "GET", "path": "/companies?keep=1&@order=x", "query": {"d": "all", "f": ["a", "b"], "n": "5"}},
        since={"param": "d", "template": "since {}"},
        sort={"param": "@order", "value": "id"},
        paging={"type": "offset", "offset_param": "p", "limit_param": "n", "limit": 20},
    )
    wanted = [("f", "a"), ("f", "b"), ("@order", "id"), ("p", "0"), ("n", "20")]
    assert asked(next(connector.read("companies", since=T))) == [
        ("keep", "1"), *wanted[:2], ("d", "since 2025-03-07T08:05:09Z"), *wanted[2:],
    ]  # fmt: skip
    assert asked(next(connector.read("companies"))) == [("keep", "1"), ("d", "all"), *wanted]


def test_filters_fill_documents_with_the_value_and_its_type(crm):
    template = {"json": [["nr", "=", "{}"], ["note", "=", "nr {}"]], "encoding": "base64url"}
    connector = crm(filters={"nr": {"param": "d", "template": template}})
    [(_, text)] = asked(next(connector.find("companies", parse("nr"), 7)))
    assert decoded(text) == [["nr", "=", 7], ["note", "=", "nr 7"]]


def test_a_brace_pair_in_a_fixed_parameter_is_no_placeholder(crm):
    request = next(crm(list=LIST | {"query": {"ctx": "{}", "d": {"json": ["{}"]}}}, sort={"param": "s", "value": "{}"})
                   .read("companies"))  # fmt: skip
    assert asked(request) == [("ctx", "{}"), ("d", '["{}"]'), ("s", "{}")]


def test_references_are_resolved_in_headers_queries_bodies_and_documents_and_never_shown(crm, feed, answer):
    connector = crm(
        system={"network": {"headers": {"X-Context": {"json": {"key": "${env:KEY}"}, "encoding": "base64url"}}}},
        list=SEARCH | {"query": {"k": "${env:KEY}"}, "body": {"auth": {"token": "${env:TOKEN}"}}},
    )
    request = next(connector.read("companies"))
    assert decoded(dict(request.headers)["X-Context"]) == {"key": "s3cret-key"}
    assert asked(request) == [("k", "s3cret-key")]
    assert json.loads(request.body) == {"auth": {"token": "t0ken-value"}}
    with pytest.raises(Garbled) as caught:
        feed(connector.read("companies"), answer({"error": "who is s3cret-key with t0ken-value?"}))
    assert "s3cret" not in str(caught.value)
    assert "t0ken" not in str(caught.value)


# --- the id -------------------------------------------------------------------------------------------------------


def test_the_id_is_filled_into_queries_documents_and_bodies(crm):
    get = {
        "method": "POST",
        "path": "/one",
        "query": {"id": "{id}", "d": {"json": [["id", "=", "{id}"]]}},
        "body": {"where": {"id": "{id}", "key": "c-{id}"}},
    }
    request = next(crm(get=get, id_type="integer").get("companies", "7"))
    assert asked(request) == [("id", "7"), ("d", '[["id","=",7]]')]
    assert json.loads(request.body) == {"where": {"id": 7, "key": "c-7"}}
    request = next(crm(get=get).get("companies", "a&b/c"))
    assert asked(request) == [("id", "a&b/c"), ("d", '[["id","=","a&b/c"]]')]


def test_writes_name_the_record_where_the_manifest_puts_it(crm, feed, answer):
    connector = crm(
        update={"method": "POST", "path": "/save", "body": {"id": "{id}"}, "wrap": "data"},
        delete={"method": "POST", "path": "/remove", "body": {"ids": ["{id}"]}},
    )
    _, [request] = feed(connector.update("companies", Update("c1", {"name": "x"})), answer(status=204))
    assert json.loads(request.body) == {"data": {"id": "c1", "name": "x"}}
    _, [request] = feed(connector.delete("companies", "c1"), answer(status=204))
    assert json.loads(request.body) == {"ids": ["c1"]}


# --- asked by a body ----------------------------------------------------------------------------------------------


def test_a_search_by_post_is_asked_page_by_page_in_its_body(crm, feed, answer):
    connector = crm(
        list=SEARCH | {"body": {"properties": ["name"], "paging": {"style": "x"}}},
        since={"param": "filter.from", "format": "unix_ms"},
        sort={"param": "sorts", "value": {"json": [{"by": "id"}]}},
        paging={"type": "cursor", "cursor_param": "paging.after", "next": "next", "size_param": "paging.limit",
                "size": 2},
    )  # fmt: skip
    page, [first] = feed(connector.read("companies", since=T), answer({"rows": [{"id": 1}], "next": 17}))
    common = {"properties": ["name"], "filter": {"from": 1741334709000}, "sorts": [{"by": "id"}]}
    assert json.loads(first.body) == common | {"paging": {"style": "x", "limit": 2}}
    assert first.repeatable, "it only reads"
    _, [second] = feed(connector.read("companies", since=T, position=page.next), answer({"rows": [], "next": None}))
    assert json.loads(second.body) == common | {"paging": {"style": "x", "limit": 2, "after": 17}}
    _, [again] = feed(connector.read("companies"), answer({"rows": []}))
    assert json.loads(again.body) == {"properties": ["name"], "sorts": [{"by": "id"}],
                                      "paging": {"style": "x", "limit": 2}}  # fmt: skip


def test_a_filter_in_a_body_keeps_documents_and_types(crm):
    connector = crm(
        list=SEARCH,
        filters={
            "nr": {"param": "where", "template": {"json": {"field": "nr", "is": "{}"}}},
            "rate": {"param": "rate"},
            "name": {"param": "q", "template": "name:{}"},
        },
    )
    for path, value, body in [
        ("nr", 7, {"where": {"field": "nr", "is": 7}}),
        ("rate", Decimal("1.50"), {"rate": 1.5}),
        ("name", "Ö", {"q": "name:Ö"}),
    ]:
        assert json.loads(next(connector.find("companies", parse(path), value)).body) == body


def test_a_parameter_that_does_not_fit_into_the_body_is_named(crm):
    connector = crm(list=SEARCH | {"body": {"page": [1]}}, sort={"param": "page.by", "value": "id"})
    with pytest.raises(ProjectError, match=r"'page\.by' does not fit"):
        next(connector.read("companies"))


# --- what was found -----------------------------------------------------------------------------------------------

FOUND_BY_SEARCH = {"method": "GET", "path": "/companies", "query": {"id": "{id}"}, "record": "data[0]"}


@pytest.mark.parametrize(
    ("get", "body"),
    [
        (FOUND_BY_SEARCH, {"data": []}),
        (FOUND_BY_SEARCH, {"data": None}),
        (FOUND_BY_SEARCH | {"record": "data[0].fields"}, {"data": []}),
        (FOUND_BY_SEARCH | {"record": "data"}, {"data": []}),
        (ONE, b"null"),
        (ONE, {}),
        (ONE | {"record": "data"}, {"data": None}),
        (ONE, {"id": "c2"}),
    ],
)
def test_an_answer_with_nothing_in_it_is_an_absence_without_proof(crm, feed, answer, get, body):
    found, _ = feed(crm(get=get).get("companies", "c1"), answer(body))
    assert isinstance(found, NotThere)
    assert not found.gone
    assert "crm/companies/c1" in found.evidence


def test_no_content_is_an_absence_too(crm, feed, answer):
    assert isinstance(feed(crm().get("companies", "c1"), answer(status=204))[0], NotThere)


@pytest.mark.parametrize("record", ["data[0]", "data"])
def test_of_several_that_a_search_found_the_one_with_the_id_is_taken(crm, feed, answer, record):
    body = {"data": [{"id": "c10"}, {"id": "c1", "name": "x"}]}
    found, _ = feed(crm(get=FOUND_BY_SEARCH | {"record": record}).get("companies", "c1"), answer(body))
    assert found.record == {"id": "c1", "name": "x"}


def test_a_search_that_answers_with_others_proves_nothing(crm, feed, answer):
    """A listing that does not know the filter gives its first record for every id: none of them may count as gone."""
    with pytest.raises(Garbled):
        feed(crm(get=FOUND_BY_SEARCH).get("companies", "c1"), answer({"data": [{"id": "c2"}]}))


# --- writing on condition -----------------------------------------------------------------------------------------

CONDITIONAL = {
    "get": FOUND_BY_SEARCH,
    "condition": {"method": "GET", "path": "/companies/{id}", "record": "data"},
    "update": {"method": "PUT", "path": "/companies/{id}"},
    "delete": {"method": "DELETE", "path": "/companies/{id}"},
    "version": "header:ETag",
    "if_match": "If-Match",
}


def test_the_version_is_read_directly_before_a_conditional_write(crm, feed, answer):
    """The answer that brings the version need not repeat the id: the address names the record."""
    connector = crm(**CONDITIONAL)
    seen = {"id": "c1", "name": "old"}
    _, [reading, writing] = feed(
        connector.update("companies", Update("c1", {"name": "new"}, current=seen)),
        answer({"data": {"name": "old"}}, headers={"ETag": '"7"'}),
        answer(status=204),
    )
    assert (reading.method, reading.url) == ("GET", "http://crm.test/api/companies/c1")
    assert dict(writing.headers)["If-Match"] == '"7"'
    _, [_, writing] = feed(
        connector.delete("companies", "c1"), answer({"data": {"name": "x"}}, headers={"ETag": '"8"'}), answer()
    )
    assert dict(writing.headers)["If-Match"] == '"8"'


def test_a_known_version_needs_no_reading(crm, feed, answer):
    _, [writing] = feed(crm(**CONDITIONAL).update("companies", Update("c1", {"a": 1}, '"7"')), answer(status=204))
    assert dict(writing.headers)["If-Match"] == '"7"'


def test_a_cleared_field_is_an_empty_text_where_nulls_are_ignored(crm, feed, answer):
    update = {"method": "PATCH", "path": "/companies/{id}"}
    change = Update("c1", {"a": None, "b": {"c": None, "d": 1}, "e": [None]})
    _, [request] = feed(crm(update=update, clear="empty").update("companies", change), answer(status=204))
    assert json.loads(request.body) == {"a": "", "b": {"c": "", "d": 1}, "e": [None]}
    _, [request] = feed(crm(update=update).update("companies", change), answer(status=204))
    assert json.loads(request.body)["a"] is None


def test_an_answer_is_believed_to_be_the_stored_record_only_where_the_manifest_claims_it(crm, feed, answer):
    create = {"method": "POST", "path": "/companies"}
    for claims, is_stored in (({}, False), ({"returns_record": True}, True)):
        written, _ = feed(
            crm(create=create, claims=claims).create("companies", {"name": "x"}, ""), answer({"id": 1, "name": "x"})
        )
        assert written.id == "1"
        assert (written.stored is not None) is is_stored


def test_fields_that_are_given_once_are_described_so(crm):
    schema = crm(fields={"code": {"create_only": True}, "name": {}}).schema("companies")
    assert [(field.path, field.create_only) for field in schema.fields] == [("code", True), ("name", False)]
