"""How listings are paged, and that nothing is made up."""

import pytest

from tallystick.project.manifest_paging import (
    CursorPaging,
    LinkPaging,
    NextUrlPaging,
    NoPaging,
    OffsetPaging,
    PagePaging,
)

TEXT = {"type": "string"}
NUMBER = {"type": "integer"}


def query(name, text="", **schema):
    return {"name": name, "in": "query", "description": text, "schema": schema}


def paging(api, parameters, **envelope):
    return api.listed(api.listing(query=parameters, **envelope)).objects["customers"].paging


@pytest.mark.parametrize(
    ("page", "size"),
    [
        ("page", "per_page"), ("pageNumber", "pageSize"), ("page[number]", "page[size]"),
        ("criteria[currentPage]", "criteria[pageSize]"), ("page", "size"), ("Page", "PageSize"), ("page_no", "count"),
    ],
)  # fmt: skip
def test_numbered_pages(api, page, size):
    found = paging(api, [query(page, type="integer"), query(size, "Number of records per page", type="integer")])
    assert isinstance(found, PagePaging)
    assert (found.page_param, found.size_param) == (page, size)


@pytest.mark.parametrize(
    ("offset", "limit"),
    [
        ("offset", "limit"),
        ("$skip", "$top"),
        ("skip", "take"),
        ("startAt", "maxResults"),
        ("page[offset]", "page[limit]"),
        ("start", "count"),
    ],
)
def test_offsets(api, offset, limit):
    found = paging(api, [query(offset, type="integer"), query(limit, "How many records to return", type="integer")])
    assert isinstance(found, OffsetPaging)
    assert (found.offset_param, found.limit_param) == (offset, limit)


@pytest.mark.parametrize(
    ("parameter", "schema", "expected"),
    [
        ("cursor", {"next_cursor": TEXT}, "next_cursor"),
        ("pageToken", {"nextPageToken": TEXT}, "nextPageToken"),
        ("after", {"paging": {"properties": {"cursors": {"properties": {"after": TEXT}}}}}, "paging.cursors.after"),
        ("cursor", {"meta": {"properties": {"next_cursor": TEXT}}}, "meta.next_cursor"),
        ("marker", {"next_marker": NUMBER}, "next_marker"),
        (
            "after",
            {"paging": {"properties": {"next": {"properties": {"after": TEXT, "link": TEXT}}}}},
            "paging.next.after",
        ),
    ],
)
def test_cursors_with_their_place_in_the_answer(api, parameter, schema, expected):
    found = paging(api, [query(parameter, "Cursor of the next page", type="string")], **schema)
    assert isinstance(found, CursorPaging)
    assert (found.cursor_param, found.next) == (parameter, expected)


def test_an_offset_that_is_an_opaque_token_is_a_cursor(api):
    found = paging(api, [query("offset", "An opaque token from the previous page", type="string")], offset=TEXT)
    assert isinstance(found, CursorPaging)


def test_the_last_records_id_as_cursor(api):
    found = paging(
        api, [query("starting_after", type="string"), query("limit", type="integer")], has_more={"type": "boolean"}
    )
    assert isinstance(found, CursorPaging)
    assert (found.from_last, found.has_more, found.size_param) == ("id", "has_more", "limit")


def test_a_cursor_whose_next_value_is_described_nowhere_gets_a_note(api):
    manifest = api.listed(api.listing(query=[query("cursor", type="string")]))
    assert manifest.objects["customers"].paging.next == ""
    assert any("where the answer carries it" in note for note in manifest.notes)


@pytest.mark.parametrize(
    ("envelope", "path"),
    [
        ({"next": {"type": "string", "format": "uri"}}, "next"),
        ({"links": {"properties": {"next": TEXT}}}, "links.next"),
        ({"_links": {"properties": {"next": {"properties": {"href": TEXT}}}}}, "_links.next.href"),
        ({"@odata.nextLink": TEXT}, '"@odata.nextLink"'),
        ({"next_page_url": TEXT}, "next_page_url"),
    ],
)
def test_the_next_address_is_followed_where_no_parameter_is_declared(api, envelope, path):
    manifest = api.listed(api.listing(**envelope))
    found = manifest.objects["customers"].paging
    assert isinstance(found, NextUrlPaging)
    assert found.next == path
    assert manifest.facts["objects.customers.paging"].label == "inferred"


def test_a_declared_link_header(api):
    listing = api.operation({"type": "array", "items": api.CUSTOMER}, headers={"Link": {"schema": TEXT}})
    assert isinstance(api.listed(listing).objects["customers"].paging, LinkPaging)


def test_parameters_count_more_than_a_link_header(api):
    listing = api.operation(
        {"type": "array", "items": api.CUSTOMER}, query=["page"], headers={"Link": {}, "X-Total-Count": {}}
    )
    found = api.listed(listing).objects["customers"].paging
    assert isinstance(found, PagePaging)
    assert found.total == "header:X-Total-Count"


def test_nothing_declared_is_no_paging(api):
    manifest = api.listed(
        api.listing(query=["name", query("from", "Created from this date", type="string", format="date")])
    )
    assert isinstance(manifest.objects["customers"].paging, NoPaging)
    assert manifest.facts["objects.customers.paging"].label == "inferred"


def test_only_a_size_is_no_paging_but_told(api):
    manifest = api.listed(api.listing(query=[query("limit", type="integer")]))
    assert isinstance(manifest.objects["customers"].paging, NoPaging)
    assert any("'limit'" in note for note in manifest.notes)


@pytest.mark.parametrize(
    ("text", "schema", "size", "largest"),
    [
        ("", {"maximum": 250, "default": 50}, 250, 250),
        ("Limit can range between 1 and 100, and the default is 10", {}, 100, 100),
        ("Page size. Defaults to 20.", {}, 20, None),
        ("Max 500", {}, 500, 500),
        ("", {}, 100, None),
    ],
)
def test_the_page_size_is_the_largest_allowed_else_the_systems_own(api, text, schema, size, largest):
    found = paging(api, [query("page", type="integer"), query("limit", text, type="integer", **schema)])
    assert (found.size, found.max_size) == (size, largest)


@pytest.mark.parametrize(("schema", "first"), [({"default": 0}, 0), ({"minimum": 1}, 1), ({}, 1)])
def test_where_pages_start(api, schema, first):
    assert paging(api, [query("page", type="integer", **schema)]).first == first


def test_totals_and_page_counts(api):
    found = paging(api, ["page"], meta={"properties": {"total_count": NUMBER, "total_pages": NUMBER}})
    assert (found.total, found.pages) == ("meta.total_count", "meta.total_pages")


def test_a_count_of_the_page_is_no_total(api):
    assert paging(api, ["page"], count=NUMBER).total == ""
    assert paging(api, ["page"], count={"type": "integer", "description": "Total number of records"}).total == "count"


def test_a_count_between_both_neighbours_of_a_page_is_the_total(api):
    address = {"type": "string", "format": "uri", "nullable": True}
    assert paging(api, ["page"], count=NUMBER, next=address, previous=address).total == "count"
    assert paging(api, ["page"], count=NUMBER, next=address).total == ""


def test_deep_objects_are_taken_apart(api):
    deep = {"name": "page", "in": "query", "style": "deepObject"}
    deep["schema"] = {"type": "object", "properties": {"number": NUMBER, "size": NUMBER}}
    found = paging(api, [deep])
    assert (found.page_param, found.size_param) == ("page[number]", "page[size]")


def test_prose_is_the_last_resort_and_labelled_so(api):
    info = {"title": "x", "description": "# Pagination\nUse `limit` and `offset` to walk through large results."}
    manifest = api.listed(api.listing(), info=info)
    found = manifest.objects["customers"].paging
    assert (found.offset_param, found.limit_param) == ("offset", "limit")
    assert manifest.facts["objects.customers.paging"].label == "inferred"


def test_a_post_search_pages_in_its_body(api):
    body = {"type": "object", "properties": {"start_cursor": {"type": "string"}, "page_size": NUMBER}}
    answer = {"properties": {"results": {"type": "array", "items": api.CUSTOMER}, "next_cursor": TEXT}}
    paths = {
        "/customers/query": {"post": api.operation(answer, body)},
        "/customers/{id}": {"get": api.operation(api.CUSTOMER)},
    }
    found = api.one(paths)
    assert found.list.method == "POST"
    assert (found.paging.cursor_param, found.paging.next) == ("start_cursor", "next_cursor")
