"""What is sent: order, namespaces, nulls, headers and sign-in of envelopes, as their declaration has them."""

import base64
import hashlib
from decimal import Decimal

import pytest
from tests.connectors.soap.conftest import SPACE
from tests.systems.soap_server import reply

from tallystick.connectors.soap_security import WSSE, WSU
from tallystick.core.error import Error, Refused
from tallystick.core.ports import Update

ENVELOPE = "{http://schemas.xmlsoap.org/soap/envelope/}"
ADDED = reply(f'<AddItemResponse xmlns="{SPACE}"><id>7</id></AddItemResponse>')


def test_elements_are_sent_in_the_order_of_their_declaration(shop):
    """Many services refuse another order, whatever order a record has."""
    shop.answers(ADDED)
    body = {"sold": True, "price": Decimal("1.50"), "sizes": ["S", "L"], "name": "Mug & <cup>"}
    written = shop.run(shop.connector.create("item", body, "key"))
    [item] = shop.door.sent.find(f"{ENVELOPE}Body/{{{SPACE}}}AddItem")
    assert [(each.tag, each.text) for each in item] == [
        (f"{{{SPACE}}}name", "Mug & <cup>"),
        (f"{{{SPACE}}}price", "1.50"),
        (f"{{{SPACE}}}sizes", "S"),
        (f"{{{SPACE}}}sizes", "L"),
        (f"{{{SPACE}}}sold", "true"),
    ]
    assert written.id == "7"


def test_the_action_travels_as_the_version_wants_it(shop):
    """In a header of its own in SOAP 1.1, in the content type in SOAP 1.2."""
    shop.answers(ADDED)
    shop.run(shop.connector.create("item", {"name": "Mug"}, ""))
    headers, _ = shop.door.requests[-1]
    assert headers["SOAPAction"] == f'"{SPACE}/AddItem"'
    assert headers["Content-Type"] == "text/xml; charset=utf-8"


def test_the_newer_version_names_the_action_in_the_content_type(shop):
    """SOAP 1.2 has no header for it."""
    shop.change(version="1.2")
    shop.answers(ADDED)
    shop.run(shop.connector.create("item", {"name": "Mug"}, ""))
    headers, body = shop.door.requests[-1]
    assert headers["Content-Type"] == f'application/soap+xml; charset=utf-8; action="{SPACE}/AddItem"'
    assert "SOAPAction" not in headers
    assert b"http://www.w3.org/2003/05/soap-envelope" in body


def test_a_null_is_said_where_the_declaration_lets_it_be_said(shop):
    """A nillable element is sent as null; another one is left out."""
    shop.answers(reply(f'<ChangeItemResponse xmlns="{SPACE}"/>'))
    shop.run(shop.connector.update("item", Update("7", {"maker": None, "price": None})))
    [item] = shop.door.sent.find(f"{ENVELOPE}Body/{{{SPACE}}}ChangeItem")
    assert [(each.tag.rpartition("}")[2], dict(each.attrib)) for each in item] == [
        ("id", {}),
        ("maker", {"{http://www.w3.org/2001/XMLSchema-instance}nil": "true"}),
    ]


def test_attributes_and_nested_objects_have_their_place(shop):
    """An attribute is no element, and what is inside an object goes inside."""
    shop.answers(ADDED)
    shop.run(shop.connector.create("item", {"name": "Mug", "maker": {"country": "DE", "name": "Porz"}}, ""))
    maker = shop.door.sent.find(f".//{{{SPACE}}}maker")
    assert (maker.get("country"), [each.text for each in maker]) == ("DE", ["Porz"])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "Mug", "colour": "red"}, "colour"),
        ({"name": "Mug", "maker": {"nmae": "Porz"}}, "maker.nmae"),
        ({"name": {"de": "Tasse"}}, "name"),
        ({"name": "bell \x07"}, "name"),
        ({"name": "Mug", "maker": "Porz"}, "maker"),
    ],
)
def test_what_does_not_fit_the_declaration_is_not_sent(shop, body, field):
    """The record is refused here, by the name of its field, and the service hears nothing."""
    with pytest.raises(Refused) as refused:
        shop.run(shop.connector.create("item", body, ""))
    assert (refused.value.field, refused.value.applied, shop.door.requests) == (field, "no", [])


def test_a_user_name_token_is_sent_and_never_shown(shop):
    """The plain token carries the password; no error repeats it, though the service does."""
    shop.change(security={"username": "anna", "password": "${env:PASSWORD}", "timestamp": True})
    shop.answers(reply("<s:Fault><faultcode>s:Server</faultcode><faultstring>bad s3cret-word</faultstring></s:Fault>"))
    with pytest.raises(Error) as failed:
        shop.run(shop.connector.get("item", "7"))
    security = shop.door.sent.find(f"{ENVELOPE}Header/{{{WSSE}}}Security")
    assert security.get(f"{ENVELOPE}mustUnderstand") == "1"
    assert security.findtext(f".//{{{WSSE}}}Username") == "anna"
    assert security.findtext(f".//{{{WSSE}}}Password") == "s3cret-word"
    assert security.find(f"{{{WSU}}}Timestamp/{{{WSU}}}Expires") is not None
    assert "s3cret-word" not in f"{failed.value} {failed.value.hint}"


def test_a_digest_proves_the_password_without_sending_it(shop):
    """Base64(SHA-1(nonce + created + password)), with another nonce for each message."""
    shop.change(security={"username": "anna", "password": "${env:PASSWORD}", "digest": True})
    shop.answers(reply(f'<GetItemResponse xmlns="{SPACE}"/>'))
    nonces = set()
    for _ in range(2):
        shop.run(shop.connector.get("item", "7"))
        token = shop.door.sent.find(f".//{{{WSSE}}}UsernameToken")
        nonce = base64.b64decode(token.findtext(f"{{{WSSE}}}Nonce"))
        created = token.findtext(f"{{{WSU}}}Created")
        expected = base64.b64encode(hashlib.sha1(nonce + created.encode() + b"s3cret-word").digest()).decode()
        assert token.findtext(f"{{{WSSE}}}Password") == expected
        nonces.add(nonce)
    assert len(nonces) == 2
    assert b"s3cret-word" not in shop.door.requests[-1][1]


def test_headers_of_the_manifest_are_sent_with_each_message(shop):
    """Session headers and the like, their secrets resolved."""
    shop.change(headers={"{urn:session}Session": {"token": "${env:PASSWORD}"}})
    shop.answers(reply(f'<GetItemResponse xmlns="{SPACE}"/>'))
    shop.run(shop.connector.get("item", "7"))
    session = shop.door.sent.find(f"{ENVELOPE}Header/{{urn:session}}Session")
    assert session.findtext("token") == "s3cret-word"


def test_an_encoded_call_says_the_type_of_each_value(shop):
    """As services of the rpc/encoded kind want it; the wrapper has no type."""
    calls = shop.manifest.model_dump(by_alias=True)["soap"]["operations"]
    calls["AddItem"] |= {"style": "rpc", "encoded": True}
    shop.change(operations=calls)
    shop.answers(ADDED)
    shop.run(shop.connector.create("item", {"name": "Mug", "price": 3}, ""))
    sent = shop.door.requests[-1][1].decode()
    assert 'xsi:type="n0:Item"' in sent
    assert 'xsi:type="xsd:string"' in sent
    assert 'xsi:type="xsd:decimal"' in sent
    assert 'xsi:type="n0:AddItem"' not in sent
