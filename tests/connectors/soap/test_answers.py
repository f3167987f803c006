"""What comes back: services contradict their own description, and are understood wherever that is beyond doubt."""

from decimal import Decimal

import pytest
from tests.connectors.soap.conftest import SPACE
from tests.systems.soap_server import Reply, reply

from tallystick.core.error import Garbled
from tallystick.core.ports import NotThere

ITEM = "<id>7</id><name>Mug</name><price>1.50</price>"
AS_DECLARED = f'<GetItemResponse xmlns="{SPACE}"><item>{ITEM}</item></GetItemResponse>'
XML = {"Content-Type": "text/xml"}
MUG = {"id": 7, "name": "Mug", "price": Decimal("1.50")}


def get(shop, said):
    shop.answers(said if isinstance(said, Reply) else reply(said))
    return shop.run(shop.connector.get("item", "7"))


def listed(shop, said):
    shop.answers(reply(said))
    page = shop.run(shop.connector.read("item"))
    return [shop.connector.sight("item", row).record for row in page.rows]


def test_an_answer_as_declared_is_nothing_odd(shop):
    """Types are those of the schema: whole numbers, decimals, truth values, texts as they are."""
    assert get(shop, AS_DECLARED).record == MUG
    assert shop.connector.oddities() == ()


@pytest.mark.parametrize(
    ("said", "odd"),
    [
        (AS_DECLARED.replace("<id>7</id><name>Mug</name>", "<name>Mug</name><id>7</id>"), ""),
        (AS_DECLARED.replace(SPACE, "urn:other"), ""),
        (AS_DECLARED.replace("GetItemResponse", "getItemReturn"), "called 'getItemReturn'"),
        (f'<item xmlns="{SPACE}">{ITEM}</item>', "without 'GetItemResponse'"),
        (Reply(200, {"Content-Type": "text/xml"}, AS_DECLARED.encode()), "no envelope"),
        (Reply(200, XML, b'<E:Envelope xmlns:E="urn:e"><E:Body>%s</E:Body></E:Envelope>' % AS_DECLARED.encode()),
         "namespace 'urn:e'"),
    ],
    ids=["other order", "other namespace", "other wrapper", "no wrapper", "no envelope", "foreign envelope"],
)  # fmt: skip
def test_the_same_record_is_read_however_it_is_dressed(shop, said, odd):
    """What it says is beyond doubt; what was odd about it is kept for the report."""
    assert get(shop, said).record == MUG
    assert (not odd and shop.connector.oddities() == ()) or any(odd in each for each in shop.connector.oddities())


def test_values_that_stand_elsewhere_are_put_where_they_are_meant(shop):
    """Encoded services write an object once and refer to it."""
    said = (
        '<GetItemResponse><item href="#id0"/></GetItemResponse>'
        '<multiRef id="id0"><id>7</id><name href="#id1"/><price>1.50</price></multiRef>'
        '<multiRef id="id1">Mug</multiRef>'
    )
    assert get(shop, said).record == MUG


def test_an_answer_that_refers_to_itself_comes_to_an_end(shop):
    """A circle is cut, not followed."""
    said = (
        '<GetItemResponse><item href="#a"/></GetItemResponse><multiRef id="a"><id>7</id><maker href="#a"/></multiRef>'
    )
    assert get(shop, said).id == "7"


def test_a_date_and_a_null_stay_what_they_are(shop):
    """A null is no text, and white space around a number is nothing."""
    said = (
        f'<GetItemResponse xmlns="{SPACE}" xmlns:i="http://www.w3.org/2001/XMLSchema-instance">'
        '<item><id> 7 </id><name> Mug </name><maker i:nil="true"/><sold>1</sold></item></GetItemResponse>'
    )
    assert get(shop, said).record == {"id": 7, "name": " Mug ", "maker": None, "sold": True}


@pytest.mark.parametrize(
    ("inside", "count"),
    [
        ("", 0),
        ("<items/>", 0),
        (f"<items><item>{ITEM}</item></items>", 1),
        (f"<items><item>{ITEM}</item><item>{ITEM}</item></items>", 2),
    ],
)
def test_a_listing_is_a_list_of_any_length(shop, inside, count):
    """XML says none by leaving out and one without brackets; a listing has them all the same."""
    assert listed(shop, f'<ListItemsResponse xmlns="{SPACE}">{inside}</ListItemsResponse>') == [MUG] * count


def test_an_empty_listing_is_not_believed_from_an_answer_of_another_kind(shop):
    """Nothing where records are expected, and something else instead, is no empty listing."""
    with pytest.raises(Garbled):
        listed(shop, f'<ListItemsResponse xmlns="{SPACE}"><status>busy</status></ListItemsResponse>')


def test_a_record_that_is_not_answered_is_not_there(shop):
    """An empty answer of the declared kind says so, and so does a null."""
    nil = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"'
    for inside in ("", f"<item {nil}/>", "<item/>"):
        found = get(shop, f'<GetItemResponse xmlns="{SPACE}">{inside}</GetItemResponse>')
        assert isinstance(found, NotThere), inside


@pytest.mark.parametrize(
    "body",
    [
        b"<html><title>Maintenance</title></html>",
        b"{}",
        b"<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body><GetItemResp",
        b"Service is up",
    ],
)
def test_what_is_no_answer_proves_nothing(shop, body):
    """Pages, texts and cut messages never say that a record is not there."""
    with pytest.raises(Garbled):
        get(shop, Reply(200, {"Content-Type": "text/xml"}, body))


def test_a_document_type_is_refused(shop):
    """It could name files of this machine."""
    body = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><Envelope><Body>&e;</Body></Envelope>'
    with pytest.raises(Garbled) as refused:
        get(shop, Reply(200, {"Content-Type": "text/xml"}, body))
    assert "root:" not in str(refused.value)


def multipart(*parts):
    whole = b"".join(b"--cut\r\nContent-Type: text/xml\r\n\r\n%s\r\n" % part for part in parts) + b"--cut--\r\n"
    return Reply(200, {"Content-Type": 'multipart/related; boundary="cut"'}, whole)


def test_a_message_alone_in_a_multipart_answer_is_taken_out(shop):
    """Some stacks always pack their answers like this."""
    assert get(shop, multipart(reply(AS_DECLARED).body)).record == MUG


def test_attachments_are_refused_by_name(shop):
    """They are not read, and nobody is left to wonder."""
    with pytest.raises(Garbled, match="attachments"):
        get(shop, multipart(reply(AS_DECLARED).body, b"<picture/>"))
    packed = '<x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="cid:1"/>'
    with pytest.raises(Garbled, match="attachments"):
        get(shop, AS_DECLARED.replace("Mug", packed))


def test_an_answer_in_another_encoding_is_read(shop):
    """The encoding stands in the document, or only in the header."""
    old = reply(AS_DECLARED.replace("Mug", "Müsli")).body
    named = old.decode().replace('version="1.0"', 'version="1.0" encoding="iso-8859-1"').encode("iso-8859-1")
    assert get(shop, Reply(200, {"Content-Type": "text/xml"}, named)).record["name"] == "Müsli"
    said = Reply(200, {"Content-Type": "text/xml; charset=iso-8859-1"}, old.decode().encode("iso-8859-1"))
    assert get(shop, said).record["name"] == "Müsli"


def test_another_action_is_tried_where_the_declared_one_is_not_known(shop):
    """The service did nothing, so asking again is safe; what works is kept, and told."""

    def picky(headers, body):
        if headers["SOAPAction"] == '""':
            return reply(AS_DECLARED)
        text = f"Server did not recognize the value of HTTP Header SOAPAction: {headers['SOAPAction']}."
        return reply(f"<s:Fault><faultcode>s:Client</faultcode><faultstring>{text}</faultstring></s:Fault>", 500)

    shop.door.meet = picky
    assert shop.run(shop.connector.get("item", "7")).record == MUG
    asked = len(shop.door.requests)
    assert shop.run(shop.connector.get("item", "7")).record == MUG
    assert len(shop.door.requests) == asked + 1
    assert any("SOAPAction" in each for each in shop.connector.oddities())
