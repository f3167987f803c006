"""A page is cut into its records as the system wrote them; whatever is no listing says what it is."""

import json
import re

import pytest

from tallystick.connectors.http.message import Headers, Response
from tallystick.connectors.http.rows import Listing, dig, value_at
from tallystick.connectors.http.scrub import Scrub
from tallystick.core.error import Garbled
from tallystick.core.path import parse


def cut(body, path="", headers=None, status=200, record_id="id"):
    listing = Listing(parse(path), parse(record_id), "crm/companies", Scrub())
    return list(listing.rows(Response(status, Headers.of(headers or {}), body)))


def test_records_stay_byte_for_byte():
    rows = [b'{"id": 1,  "n":12345678901234567890.10, "s":"\\u00fc"}', b'{"id":2,"id":3}', b"7"]
    assert cut(b'{"data": {"items": [' + b" , ".join(rows) + b']}, "meta": {"total": 3}}', "data.items") == rows
    assert cut(b"[" + b",".join(rows) + b"]") == rows


@pytest.mark.parametrize(
    ("body", "path", "count"),
    [
        (b"[]", "", 0),
        (b'\xef\xbb\xbf[{"id":1}]', "", 1),
        (b'{"a":[[{"id":1},{"id":2}]]}', "a[0]", 2),
        (b'{"items":null}', "items", 0),
        (b'{"items":{}}', "items", 0),
        (b'{"id":1,"name":"x"}', "", 1),
        (b'{"data":{"id":1}}', "data", 1),
        (b'{"a.b":[{"id":1}]}', '"a.b"', 1),
    ],
)
def test_usual_shapes_are_understood(body, path, count):
    assert len(cut(body, path)) == count


def test_records_by_their_ids_become_rows_that_know_their_ids():
    rows = cut(b'{"data":{"k1":{"name":"a"},"k2":{"id":"own","name":"b"}}}', "data")
    assert [json.loads(row) for row in rows] == [{"id": "k1", "name": "a"}, {"id": "own", "name": "b"}]


def test_no_content_is_an_empty_page():
    assert cut(b"", status=204) == []


def test_other_character_sets_are_read():
    text = '[{"id":1,"n":"Müller"}]'
    assert (
        "Müller"
        in cut(text.encode("latin-1"), headers={"Content-Type": "application/json; charset=ISO-8859-1"})[0].decode()
    )
    assert "Müller" in cut(text.encode("utf-16"), headers={"Content-Type": "application/json"})[0].decode()


@pytest.mark.parametrize(
    ("body", "path", "says"),
    [
        (b"<!doctype html><html><head><title>Sign\n in</title></head></html>", "", "its title is 'Sign in'"),
        (b"  <html></html>", "items", "a web page"),
        (b'{"items":[{"id":1},{"id', "items", "no complete JSON"),
        (b'[{"id":1}] trailing', "", "no complete JSON"),
        (b"", "", "no complete JSON"),
        (b'{"error":{"message":"quota exceeded"}}', "items", "quota exceeded"),
        (b'{"error":{"message":"quota exceeded"}}', "", "quota exceeded"),
        (b'{"rows":[],"total":0}', "items", "it has rows, total"),
        (b'{"items":"none"}', "items", "a single value"),
        (b"null", "", "a single value"),
        (b"{}", "", "an object came"),
        (b"[" * 100_000, "", "no complete JSON"),
        (b'{"a":' * 100_000, "a.a", ""),
        (b"\xff\xfe\xfd", "", "no complete JSON"),
        (b"[1,2", "items", "no complete JSON"),
    ],
)
def test_what_is_no_listing_is_garbled_and_says_what_came(body, path, says):
    with pytest.raises(Garbled) as caught:
        cut(body, path)
    assert says in f"{caught.value.message} {caught.value.detail}"
    assert caught.value.place == "crm/companies"
    assert caught.value.hint


def test_an_excerpt_is_short_and_never_a_record():
    with pytest.raises(Garbled) as caught:
        cut(b"<title>" + b"x" * 500 + b"</title>")
    assert len(caught.value.detail) < 160
    with pytest.raises(Garbled) as caught:
        cut(b'{"name":"Erika Mustermann","iban":"DE02"}', "items")
    assert "Mustermann" not in str(caught.value)


def test_digging_finds_values_or_nothing():
    text = b'{"a":[{"b":{"c":5}}],"n":null}'
    assert dig(text, parse("a[0].b.c")) == b"5"
    assert dig(text, parse("a[1].b")) is None
    assert dig(text, parse("a.b")) is None
    assert dig(text, parse("n")) == b"null"


BESIDE = ("total", "meta.total", "meta", "data.next", "rows", "rows.total", "pages[0]", 'meta."a\\"b"', "data", "")


@pytest.mark.parametrize("path", ["rows", "data.rows", "", "data.rows.list", "pages[0]", 'data."a\\"b"'])
@pytest.mark.parametrize(
    "body",
    [
        b'{"rows":[{"id":1},{"id":2}],"total":7,"meta":{"total":8}}',
        b'{"total":1.50,"rows":[],"meta":null,"data":{"rows":[{"id":1}],"next":"abc"}}',
        b'{"\\u0074otal":3,"rows":[7],"data":{"next":null,"rows":[1]},"meta":[1]}',
        b'{"rows":[1],"total":1,"total":2,"meta":{"a\\"b":5},"data":{"a\\"b":[{"id":1}]}}',
        b'{"data":{"rows":{"list":[{"id":1}]},"next":9},"meta":"none","pages":[[{"id":3}],2]}',
        b'[{"id":1}]',
        b'{"rows":null,"data":null,"total":1e999999999999}',
    ],
)
def test_what_is_read_on_the_way_is_what_would_be_read_alone(path, body):
    """Each value beside the records that the one pass gives is the value that a pass of its own gives."""
    places = tuple(map(parse, BESIDE))
    alone = Listing(parse(path), ("id",), "crm/companies", Scrub())
    along = Listing(parse(path), ("id",), "crm/companies", Scrub(), places)
    try:
        expected = alone.rows(Response(200, body=body))
    except Garbled as error:
        with pytest.raises(Garbled, match=re.escape(error.message)):
            along.cut(Response(200, body=body))
        return
    rows, beside = along.cut(Response(200, body=body))
    assert rows == expected
    assert all(beside[place] == value_at(body, place) for place in places if place in beside)


def test_a_usual_page_is_read_once():
    """Everything that paging asks for comes from the pass that cuts the page."""
    places = (("total",), ("meta", "pages"))
    _, beside = Listing(("rows",), ("id",), "crm/companies", Scrub(), places).cut(
        Response(200, body=b'{"rows":[{"id":1}],"total":1,"meta":{"pages":2}}')
    )
    assert beside == {("total",): 1, ("meta", "pages"): 2}
