"""What the answers of listings say where nothing else describes a system."""

import json

import pytest

from tallystick.connectors.describe.samples import Sample, describe_samples
from tallystick.connectors.http.message import Headers, Response
from tallystick.core.error import ProjectError


def sample(answer, url="https://desk.example.com/api/v1/tickets?page=1&status=open", **headers):
    return Sample(url, Response(200, Headers.of(headers), json.dumps(answer).encode(), url))


def only(answer, **headers):
    [spec] = describe_samples([sample(answer, **headers)]).objects.values()
    return spec


ROWS = [
    {"id": 1, "title": "a", "updated_at": "2026-01-01T10:00:00Z", "price": 1, "who": {"name": "x"}, "done": True},
    {"id": 2, "title": "b", "updated_at": "2026-01-02T10:00:00Z", "price": 1.5, "who": None, "tags": ["x"]},
]


def test_fields_have_the_types_that_all_rows_agree_on():
    """Rows differ; what is null says nothing, numbers with and without digits are numbers."""
    fields = only(ROWS).fields
    assert {path: spec.type for path, spec in fields.items()} == {
        "id": "integer", "title": "text", "updated_at": "instant", "price": "number", "who.name": "text",
        "who": "any", "done": "boolean", "tags": "list",
    }  # fmt: skip


def test_an_id_is_different_in_each_record():
    """A name like that of an id is not enough."""
    assert only([{"id": 7, "number": "a"}, {"id": 7, "number": "b"}]).id == "number"
    with pytest.raises(ProjectError, match="tells its records apart"):
        only([{"id": 7, "name": "a"}, {"id": 7, "name": "b"}])


@pytest.mark.parametrize(
    ("answer", "record"),
    [(ROWS, ""), ({"data": ROWS}, "data"), ({"result": {"tickets": ROWS, "other": [{"a": 1}]}}, "result.tickets"),
     ({"_embedded": {"t": ROWS}}, "_embedded.t"), ({"included": [{"id": 1}], "data": ROWS}, "data")],
)  # fmt: skip
def test_records_are_found_in_what_is_around_them(answer, record):
    """The list that is named like the listing comes before others."""
    assert only(answer).list.record == record


@pytest.mark.parametrize(
    ("around", "path"),
    [({"next": "https://desk.example.com/x?page=2"}, "next"), ({"links": {"next": "/t?p=2"}}, "links.next"),
     ({"@odata.nextLink": "tickets?$skiptoken=2"}, '"@odata.nextLink"')],
)  # fmt: skip
def test_a_next_page_is_told_by_the_answer(around, path):
    """An address of the next page is proof that it can be followed."""
    spec = only({"data": ROWS, **around})
    assert (spec.paging.type, spec.paging.next) == ("next_url", path)


def test_a_link_header_is_a_way_to_the_next_page():
    """So is one in the head of the answer."""
    assert only(ROWS, Link='<https://desk.example.com/x?page=2>; rel="next"').paging.type == "link"


def test_what_a_sample_does_not_show_is_left_open():
    """Nothing is written by guess; the address keeps what is no paging; notes say what to look at."""
    manifest = describe_samples([sample(ROWS), sample(ROWS, "https://desk.example.com/api/v1/users")])
    assert manifest.base_url == "https://desk.example.com/api/v1"
    spec = manifest.objects["tickets"]
    assert (spec.create, spec.update, spec.delete) == (None, None, None)
    assert (spec.list.path, spec.list.query) == ("/tickets", {"status": "open"})
    assert spec.modified == "updated_at"
    assert manifest.facts["objects.tickets.get"].label == "inferred"
    assert manifest.facts["objects.tickets.list"].label == "confirmed"
    assert any("no way to a next page" in note for note in manifest.notes)


@pytest.mark.parametrize("answer", [[], {"data": []}, {"error": "no"}, "x", 7])
def test_an_answer_without_records_describes_nothing(answer):
    """Better none than a wrong one."""
    with pytest.raises(ProjectError, match="holds no records"):
        only(answer)


def paged(url, answer=ROWS, **headers):
    """Give the paging that a sample shows, and the parameters that its listing is always asked with."""
    address = f"https://desk.example.com/api/v1/tickets?{url}"
    [spec] = describe_samples([sample(answer, address, **headers)]).objects.values()
    return spec.paging.model_dump(exclude_defaults=True), dict(spec.list.query)


@pytest.mark.parametrize(
    ("url", "paging", "query"),
    [
        (
            "page=1&per_page=2&status=open",
            {"size_param": "per_page", "size": 2},
            {"status": "open"},
        ),
        ("seite=0&pageSize=50", {"page_param": "seite", "first": 0, "size_param": "pageSize", "size": 50}, {}),
        (
            "page%5Bnumber%5D=1&page%5Bsize%5D=9",
            {"page_param": "page[number]", "size_param": "page[size]", "size": 9},
            {},
        ),
    ],
)
def test_the_words_of_the_samples_own_address_ask_for_the_next_page(url, paging, query):
    """What it was asked with beside is asked with always."""
    found, asked = paged(url)
    assert (found, asked) == ({"type": "page", **paging}, query)


def test_a_place_is_counted_in_records():
    assert paged("offset=0&limit=25") == ({"type": "offset", "limit": 25}, {})
    assert paged("$skip=0&$top=25")[0] == {
        "type": "offset", "offset_param": "$skip", "limit_param": "$top", "limit": 25,
    }  # fmt: skip


def test_a_token_is_followed_only_where_the_answer_has_one():
    answer = {"data": ROWS, "meta": {"next_cursor": "abc"}}
    found, _ = paged("cursor=x&limit=2", answer)
    assert found == {"type": "cursor", "next": "meta.next_cursor", "size_param": "limit", "size": 2}
    assert paged("cursor=x&limit=2")[0] == {}


def test_what_leads_to_a_link_header_is_sent_again():
    """A server that pages only when asked to would list everything, or the first page only, without it."""
    link = '<https://desk.example.com/api/v1/tickets?_page=2&_limit=2>; rel="next"'
    found, query = paged("_page=1&_limit=2&expand=all", Link=link)
    assert found == {"type": "link", "size_param": "_limit", "size": 2}
    assert query == {"_page": "1", "expand": "all"}


@pytest.mark.parametrize(
    ("answer", "headers", "total"),
    [
        ({"data": ROWS, "total": 57}, {}, "total"), ({"data": ROWS, "meta": {"totalCount": 2}}, {}, "meta.totalCount"),
        ({"data": ROWS, "total": 1}, {}, ""), ({"data": ROWS, "count": 57}, {}, ""),
        (ROWS, {"X-Total-Count": "57"}, "header:X-Total-Count"),
    ],
)  # fmt: skip
def test_a_total_is_believed_if_it_can_be_one(answer, headers, total):
    assert paged("page=1", answer, **headers)[0].get("total", "") == total
