"""Function modules over SOAP, in the manner of SAP: refusals come with status 200 in a table of messages."""

import sys

import pytest
from tests.systems.serving import free_port, require, served

from tallystick.connectors.soap import open_system
from tallystick.core.error import Refused
from tallystick.core.ports import NotThere
from tallystick.project.manifest import Manifest

pytestmark = pytest.mark.e2e

SPACE = "urn:sap-com:document:sap:soap:functions:mc-style"
MESSAGES = {"path": "RETURN.item", "message": "MESSAGE", "where": {"TYPE": ["E", "A"]}}
ORDER = dict.fromkeys(("SD_DOC", "SOLD_TO", "PURCH_NO_C", "DOC_DATE", "CURRENCY"), "xs:string")
TYPES = {
    "SalesOrderGetList": {"CUSTOMER_NUMBER": "xs:string"},
    "SalesOrderGetListResponse": {"SALES_ORDERS": "Orders", "RETURN": "Messages"},
    "Orders": {"item": "Order[]"},
    "Order": ORDER | {"NET_VALUE": "xs:decimal"},
    "Messages": {"item": "Message[]"},
    "Message": dict.fromkeys(("TYPE", "ID", "NUMBER", "MESSAGE"), "xs:string"),
    "PurchaseOrderGetDetail1": {"PURCHASEORDER": "xs:string"},
    "PurchaseOrderGetDetail1Response": {"POHEADER": "Header", "POITEM": "Items", "RETURN": "Messages"},
    "Header": dict.fromkeys(("PO_NUMBER", "VENDOR", "CURRENCY"), "xs:string"),
    "Items": {"item": "Item[]"},
    "Item": {"PO_ITEM": "xs:string", "QUANTITY": "xs:decimal"},
    "PurchaseOrderCreate1": {"POHEADER": "Header", "POITEM": "Items"},
    "PurchaseOrderCreate1Response": {"EXPPURCHASEORDER": "xs:string", "RETURN": "Messages"},
}


def manifest(port):
    calls = {
        name: {"namespace": SPACE, "input": name, "output": f"{name}Response", "error": MESSAGES}
        for name in ("SalesOrderGetList", "PurchaseOrderGetDetail1", "PurchaseOrderCreate1")
    }
    types = {name: {"namespace": SPACE, "qualified": False, "elements": inside} for name, inside in TYPES.items()}
    post = {"method": "POST"}
    listing = post | {"path": "SalesOrderGetList", "record": "SALES_ORDERS.item"}
    reading = post | {"path": "PurchaseOrderGetDetail1", "record": "POHEADER", "body": {"PURCHASEORDER": "{id}"}}
    lines = {"POITEM": {"item": [{"PO_ITEM": "10", "QUANTITY": "2"}]}}
    creating = post | {
        "path": "PurchaseOrderCreate1",
        "wrap": "POHEADER",
        "beside": lines,
        "record": "EXPPURCHASEORDER",
    }
    return Manifest.model_validate({
        "protocol": "soap",
        "base_url": f"http://127.0.0.1:{port}/sap/bc/srt/rfc/sap/orders/100/orders/binding",
        "auth": {"type": "basic", "username": "erika", "password": "${env:SAP}"},
        "soap": {"operations": calls, "types": types},
        "objects": {
            "sales_order": {"id": "SD_DOC", "list": listing},
            "purchase_order": {"id": "PO_NUMBER", "get": reading, "create": creating},
        },
    })  # fmt: skip


class Secret:
    def resolve(self, reference):
        return "m0ck"


@pytest.fixture(scope="module")
def sap(tmp_path_factory):
    require("mocksap", "mock-sap")
    port = free_port()
    command = [sys.executable, "-m", "mocksap", "--port", str(port), "--no-csrf", "--auth", "erika:m0ck"]
    with served(command, port, tmp_path_factory.mktemp("sap") / "sap.log"):
        connector, transport = open_system("sap", manifest(port), Secret())
        yield connector, transport
        transport.close()


def test_a_table_of_records_is_a_listing(sap):
    """Each with its number, and nothing odd about the answer."""
    connector, transport = sap
    page = transport.run(connector.read("sales_order"))
    seen = [connector.sight("sales_order", row) for row in page.rows]
    assert seen
    assert all(each.id == each.record["SD_DOC"] for each in seen)
    assert len({each.id for each in seen}) == len(seen)
    assert connector.oddities() == ()


def test_a_new_record_is_read_back_by_the_number_it_was_answered_with(sap):
    """The answer to a new order is its number alone."""
    connector, transport = sap
    orders = transport.run(connector.read("sales_order"))
    vendor = connector.sight("sales_order", orders.rows[0]).record["SOLD_TO"]
    written = transport.run(connector.create("purchase_order", {"VENDOR": vendor, "CURRENCY": "EUR"}, ""))
    found = transport.run(connector.get("purchase_order", written.id))
    assert (found.id, found.record["VENDOR"]) == (written.id, vendor)


def test_a_refusal_in_a_table_of_messages_is_a_refusal(sap):
    """Though the status is 200 and no fault is to be seen; and a record that is not there is not there."""
    connector, transport = sap
    with pytest.raises(Refused) as refused:
        transport.run(connector.create("purchase_order", {"VENDOR": "", "CURRENCY": "EUR"}, ""))
    assert "vendor" in refused.value.detail.lower()
    missing = transport.run(connector.get("purchase_order", "4711"))
    assert isinstance(missing, NotThere)
    assert "4711 does not exist" in missing.evidence
