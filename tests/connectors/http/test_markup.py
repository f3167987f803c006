"""Systems that speak XML or answer in CSV, on a real socket."""

import pytest

from tallystick.connectors.http.markup import in_json, read_xml, write_xml
from tallystick.connectors.http.message import Headers, Response
from tallystick.core.error import Garbled, InvalidValue, Refused
from tallystick.core.ports import NotThere, Update
from tallystick.core.record import decode_raw

XML = {"Content-Type": "application/xml; charset=utf-8"}
ONE = {"encoding": "xml", "answer": "xml", "wrap": "order", "record": "order"}
OBJECTS = {
    "orders": {
        "id_type": "integer",
        "list": {"method": "GET", "path": "/orders", "answer": "xml", "record": "orders.order"},
        "get": {"method": "GET", "path": "/orders/{id}", "answer": "xml", "record": "order"},
        "create": {"method": "POST", "path": "/orders", **ONE},
        "update": {"method": "PUT", "path": "/orders/{id}", **ONE},
        "paging": {"type": "page", "size_param": "size", "size": 2, "total": "orders.@total"},
        "claims": {"returns_record": True},
    }
}


def order(own, name="A & B"):
    return f'<order kind="x"><id>{own}</id><name>{name.replace("&", "&amp;")}</name><tag>a</tag><tag>b</tag></order>'


@pytest.fixture
def shop(server, reply, open_rest):
    def xml(body, status=200):
        return reply(f'<?xml version="1.0" encoding="utf-8"?>{body}'.encode(), status, XML)

    connector, transport = open_rest(server.url, objects=OBJECTS)
    return server, xml, connector, transport.run


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_a_listing_in_xml_has_its_records_however_many_there_are(shop, count):
    """None, one and several look different in XML; each is a listing."""
    server, xml, connector, run = shop

    def answer(seen):
        page = int(dict(p.split("=") for p in seen.path.partition("?")[2].split("&"))["page"])
        own = range(1, count + 1)[2 * page - 2 : 2 * page]
        return xml(f'<orders total="{count}">{"".join(map(order, own))}</orders>')

    server.script["/orders"] = answer
    ids, position = [], None
    while True:
        page = run(connector.read("orders", None, position))
        ids += [connector.sight("orders", row).id for row in page.rows]
        position = page.next
        if position is None:
            break
    assert ids == [str(own) for own in range(1, count + 1)]


def test_an_empty_element_without_attributes_is_an_empty_listing(shop):
    server, xml, connector, run = shop
    server.script["/orders"] = xml("<orders/>")
    assert list(run(connector.read("orders")).rows) == []
    server.script["/orders"] = xml("<fault><code>7</code></fault>")
    with pytest.raises(Garbled):
        run(connector.read("orders"))


def test_a_record_is_read_and_written_in_xml(shop):
    server, xml, connector, run = shop
    server.script["/orders/7"] = xml(order(7))
    seen = run(connector.get("orders", "7"))
    assert seen.record == {"@kind": "x", "id": "7", "name": "A & B", "tag": ["a", "b"]}
    server.script["/orders"] = lambda request: xml(order(8, "new"), 201)
    made = run(connector.create("orders", {"name": "<new> & ä", "tag": ["a", "b"], "note": None, "@kind": "y"}, ""))
    assert (made.id, made.stored.record["name"]) == ("8", "new")
    sent = server.seen[-1]
    assert sent.headers["content-type"].startswith("application/xml")
    assert read_xml(sent.body) == {
        "order": {"@kind": "y", "name": "<new> & ä", "tag": ["a", "b"], "note": ""},
    }  # fmt: skip
    assert run(connector.update("orders", Update("7", {"name": "x"}))).id == "7"


def test_a_complaint_in_xml_is_understood(shop):
    server, xml, connector, run = shop
    server.script["/orders"] = xml("<error><message>name is too long</message><field>name</field></error>", 422)
    with pytest.raises(Refused, match="refuses") as caught:
        run(connector.create("orders", {"name": "x"}, ""))
    assert "too long" in caught.value.detail
    assert caught.value.field == "name"
    assert isinstance(run(connector.get("orders", "9")), NotThere)


def test_a_web_page_is_no_record(shop, reply):
    server, _, connector, run = shop
    page = b"<!DOCTYPE html><html><title>Sign in</title></html>"
    server.script["/orders"] = reply(page, 200, {"Content-Type": "text/html"})
    with pytest.raises(Garbled, match="web page") as caught:
        run(connector.read("orders"))
    assert "Sign in" in caught.value.detail


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('id,name\n1,"A, ""B"""\n2,ä\n', "text/csv"),
        ('\ufeffid;name\r\n1;"A, ""B"""\r\n2;ä\r\n', "text/csv; charset=utf-8"),
        ('id\tname\n1\t"A, ""B"""\n2\tä\n', "text/tab-separated-values"),
    ],
)
def test_a_listing_in_csv_has_a_record_for_each_line(server, reply, open_rest, text, kind):
    server.script["/e.csv"] = reply(text.encode(), 200, {"Content-Type": kind})
    objects = {"e": {"list": {"method": "GET", "path": "/e.csv", "answer": "csv"}}}
    connector, transport = open_rest(server.url, objects=objects)
    rows = [connector.sight("e", row).record for row in transport.run(connector.read("e")).rows]
    assert rows == [{"id": "1", "name": 'A, "B"'}, {"id": "2", "name": "ä"}]
    assert server.seen[0].headers["accept"] == "text/csv"


def test_a_csv_that_breaks_off_is_no_listing(server, reply, open_rest):
    server.script["/e.csv"] = reply(b"id,name\n1,a\n2", 200, {"Content-Type": "text/csv"})
    connector, transport = open_rest(
        server.url, objects={"e": {"list": {"method": "GET", "path": "/e.csv", "answer": "csv"}}}
    )
    with pytest.raises(Garbled):
        transport.run(connector.read("e"))


def test_an_answer_in_another_character_set_is_read_by_it():
    headers = Headers.of({"Content-Type": "text/csv; charset=iso-8859-1"})
    assert decode_raw(in_json(Response(200, headers, "id,n\n1,ä".encode("latin-1"))).body) == [{"id": "1", "n": "ä"}]


def test_a_document_type_is_not_read():
    evil = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'
    with pytest.raises(ValueError, match="document type"):
        read_xml(evil)
    assert in_json(Response(200, body=evil)).body == evil


@pytest.mark.parametrize("body", [{}, {"a": 1, "b": 2}, [], {"a b": 1}, {"a": {"1x": 1}}, {"a><b": 1}])
def test_what_is_no_document_is_not_written(body):
    with pytest.raises(InvalidValue):
        write_xml(body)


def test_what_is_written_reads_the_same():
    body = {"a": {"@k": 'q"<&>', "b": ["x", "y & z"], "c": {"d": " spaced "}, "e": "", "#text": "t"}}
    assert read_xml(write_xml(body)) == body
