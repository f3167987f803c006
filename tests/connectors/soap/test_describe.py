"""From a WSDL to a manifest: objects by names and shapes, rules from facets, and precise words where it is broken."""

import pytest
import yaml
from tests.connectors.soap.wsdls import ACCOUNTS, ACCOUNTS_SCHEMA, HEAD, PRODUCTS, document, element, member

from tallystick.connectors.describe.text import manifest_yaml
from tallystick.connectors.describe.wsdl import describe_wsdl
from tallystick.connectors.describe.wsdl_calls import read_calls
from tallystick.connectors.describe.wsdl_deeds import read_act
from tallystick.connectors.describe.wsdl_read import read_documents
from tallystick.connectors.describe.wsdl_shapes import sides_of
from tallystick.connectors.describe.wsdl_types import Types
from tallystick.core.error import AccessError, ProjectError
from tallystick.project.manifest import Manifest
from tallystick.project.manifest_paging import OffsetPaging, PagePaging


@pytest.fixture(scope="module")
def account():
    return describe_wsdl(ACCOUNTS).objects["account"]


def test_the_five_operations_are_found_by_names_and_shapes(account):
    """The plainest of several listings is the listing; create-or-change is left to a person, and said."""
    calls = (account.list, account.get, account.create, account.update, account.delete)
    assert [call.path for call in calls] == [
        "GetAllAccounts", "GetAccountByID", "InsertAccount", "ModifyAccount", "RemoveAccount",
    ]  # fmt: skip
    assert (account.id, account.id_type, account.modified) == ("AccountId", "integer", "ModifiedOn")
    assert account.list.record == "GetAllAccountsResult.Account"
    assert account.get.body == account.delete.body == {"accountID": "{id}"}
    assert (account.update.wrap, account.update.body, account.update.whole) == ("account", {"AccountId": "{id}"}, True)
    assert account.paging == PagePaging(type="page", page_param="pageNumber", size_param="pageSize")
    assert any("SaveAccount" in note for note in describe_wsdl(ACCOUNTS).notes)


def test_facets_become_rules(account):
    """What XML Schema allows of a value is checked before anything is sent."""
    fields = account.fields
    iban = fields["Iban"]
    assert (iban.min_length, iban.max_length, iban.pattern) == (22, 22, "^(?:[A-Z]{2}[0-9]{20})$")
    assert fields["State"].options == ("open", "closed")
    assert (fields["Share"].minimum, fields["Share"].maximum, fields["Share"].type) == (0, 1, "number")
    assert (fields["Floor"].minimum, fields["Floor"].maximum, fields["Floor"].type) == (-32768, 32767, "integer")
    assert (fields["Name"].required, fields["Name"].nullable) == (True, False)
    assert fields["ModifiedOn"].read_only
    assert not fields["Phone"].required, "one of a choice"
    assert "Site.City" in fields, "inside an object that holds itself"


@pytest.mark.parametrize("pattern", [r"\p{Lu}+", r"[a-z-[aeiou]]+", r"\i\c*"])
def test_a_pattern_that_is_spelled_otherwise_is_left_to_the_service(pattern):
    """A rule that we would read differently must not refuse what the service takes."""
    schema = ACCOUNTS_SCHEMA.replace("[A-Z]{2}[0-9]{20}", pattern)
    wsdl = ACCOUNTS.decode().replace(ACCOUNTS_SCHEMA, schema).encode()
    assert describe_wsdl(wsdl).objects["account"].fields["Iban"].pattern == ""


def test_declared_faults_are_sorted_by_their_names():
    """A declared refusal is part of the contract; one that only says that the system failed is not."""
    faults = describe_wsdl(ACCOUNTS).soap.faults
    assert (faults.absent, faults.refused) == (("AccountNotFoundFault",), ("TooShortFault",))


def test_members_are_kept_in_order_with_what_they_inherit():
    """The base type's elements are sent first; attributes are no elements."""
    types = describe_wsdl(ACCOUNTS).soap.types
    assert list(types["Account"].elements)[:3] == ["AccountId", "ModifiedOn", "Name"]
    assert types["Account"].elements["locale"] == "xs:language attribute"
    assert types["Site"].elements["Parent"] == "Site"


def test_rpc_services_with_sessions_and_arrays_are_described():
    """Names that begin with the noun, arrays of the encoded kind, a session in each call as a reference."""
    product = describe_wsdl(PRODUCTS).objects["catalog_product"]
    session = "${env:SHOP_SERVICE_SESSION_ID}"
    assert product.id == "product_id"
    assert product.list.record == "storeView.item"
    assert product.list.body == {"sessionId": session}
    assert product.get.body == {"sessionId": session, "productId": "{id}"}
    assert (product.create.wrap, product.create.record, product.create.beside) == (
        "productData", "result", {"sessionId": session},
    )  # fmt: skip
    assert product.update.beside == {"sessionId": session, "product": "{id}"}
    assert "login" not in describe_wsdl(PRODUCTS).soap.operations


def test_paging_since_and_filters_are_told_from_arguments():
    """Offset and limit with the total beside the records; a time of change, its other end; fields to search by."""
    customer = (
        '<xs:complexType name="Customer"><xs:sequence>'
        + member("customerNumber", "xs:string") + member("city", "xs:string") + member("lastUpdate", "xs:dateTime")
        + "</xs:sequence></xs:complexType>"
    )  # fmt: skip
    asked = "".join(
        member(name, kind, minOccurs="0")
        for name, kind in (("city", "xs:string"), ("changedAfter", "xs:dateTime"), ("changedBefore", "xs:dateTime"),
                           ("startIndex", "xs:int"), ("maxResults", "xs:int"))
    )  # fmt: skip
    given = member("totalCount", "xs:int") + member("customer", "Customer", minOccurs="0", maxOccurs="unbounded")
    schema = (
        f'<xs:schema targetNamespace="urn:t">{customer}'
        f"{element('findCustomers', asked)}{element('found', given)}</xs:schema>"
    )
    found = describe_wsdl(document(schema, {"findCustomers": ("findCustomers", "found")})).objects["customer"]
    assert found.paging == OffsetPaging(
        type="offset", offset_param="startIndex", limit_param="maxResults", total="totalCount"
    )
    assert (found.since.param, found.since.until, found.modified) == ("changedAfter", "changedBefore", "lastUpdate")
    assert {name: each.param for name, each in found.filters.items()} == {"city": "city"}
    assert found.id == "customerNumber"


@pytest.mark.parametrize("wsdl", [ACCOUNTS, PRODUCTS], ids=["document", "rpc"])
def test_a_manifest_reads_back_as_itself(wsdl):
    """A person can read, correct and keep it."""
    manifest = describe_wsdl(wsdl)
    assert Manifest.model_validate(yaml.safe_load(manifest_yaml(manifest))) == manifest


@pytest.mark.parametrize(
    ("wsdl", "why"),
    [
        (b"", "not XML"),
        (b"<html><body>Log in</body></html>", "web page"),
        (b"<!DOCTYPE html><html></html>", "web page"),
        (b'{"openapi": "3.0.0"}', "JSON"),
        (ACCOUNTS[:-100], "not XML"),
        (b'<description xmlns="http://www.w3.org/ns/wsdl"/>', "no binding for SOAP"),
        (b'<schema xmlns="http://www.w3.org/2001/XMLSchema"/>', "XML schema"),
        (b"<note/>", "'note'"),
        (b'<!DOCTYPE d [<!ENTITY e SYSTEM "file:///etc/passwd">]><definitions>&e;</definitions>', "document type"),
        (f"{HEAD}</wsdl:definitions>".encode(), "no binding for SOAP"),
        (ACCOUNTS.replace(b"<wsdl:portType", b"<wsdl:portKind").replace(b"</wsdl:portType", b"</wsdl:portKind"),
              "port type that is not declared"),
    ],
)  # fmt: skip
def test_a_broken_description_ends_in_a_precise_reason(wsdl, why):
    """What it is instead, or what it lacks."""
    with pytest.raises(ProjectError) as refused:
        describe_wsdl(wsdl, source="erp.wsdl")
    assert why in str(refused.value)
    assert refused.value.hint


def test_what_is_lacking_in_part_is_noted_and_the_rest_is_described():
    """An operation whose message is not declared is left out; a type that is not declared is read as it comes."""
    wsdl = ACCOUNTS.replace(b'<wsdl:message name="RemoveAccountIn">', b'<wsdl:message name="Other">')
    wsdl = wsdl.replace(b'<xs:complexType name="Site">', b'<xs:complexType name="Elsewhere">')
    manifest = describe_wsdl(wsdl)
    assert manifest.objects["account"].delete is None
    assert manifest.objects["account"].get is not None
    notes = " ".join(manifest.notes)
    assert "'RemoveAccount' has a message that is not declared" in notes
    assert "The type 'Site' is not declared" in notes


def test_operations_with_attachments_are_left_out_by_name():
    """They are not supported, and that is said where it is found out."""
    wsdl = ACCOUNTS.replace(
        b'<soap:operation soapAction="urn:t/InsertAccount"/><wsdl:input><soap:body use="literal"/>',
        b'<soap:operation soapAction="urn:t/InsertAccount"/><wsdl:input>'
        b'<m:multipartRelated xmlns:m="http://schemas.xmlsoap.org/wsdl/mime/"/>',
    )
    manifest = describe_wsdl(wsdl)
    assert manifest.objects["account"].create is None
    assert any("'InsertAccount' has attachments" in note for note in manifest.notes)


def test_imports_are_fetched_from_where_they_are_and_the_known_ones_never():
    """Schemas in files of their own; those that every toolkit refers to are known without."""
    asked = []
    parts = {"types/accounts.xsd": ACCOUNTS_SCHEMA.replace("<xs:schema ", f"<xs:schema {NAMES} ").encode()}

    def fetch(source, location):
        asked.append(location)
        return location, parts[location]

    schema = (
        '<xs:schema><xs:import namespace="urn:t" schemaLocation="types/accounts.xsd"/>'
        '<xs:import namespace="http://schemas.xmlsoap.org/soap/encoding/" schemaLocation="http://else.example/enc"/>'
        '<xs:import namespace="http://www.w3.org/XML/1998/namespace" schemaLocation="http://www.w3.org/2001/xml.xsd"/>'
        "</xs:schema>"
    )
    split = ACCOUNTS.decode().replace(ACCOUNTS_SCHEMA, schema).encode()
    assert describe_wsdl(split, fetch=fetch).objects == describe_wsdl(ACCOUNTS).objects
    assert asked == ["types/accounts.xsd"]


def test_an_import_that_cannot_be_had_is_named():
    """The reason is told; nothing else is fetched in its stead."""

    def fetch(source, location):
        raise AccessError("it lies on another host, which is not asked")

    schema = '<xs:schema><xs:import namespace="urn:t" schemaLocation="http://evil.example/x.xsd"/></xs:schema>'
    split = ACCOUNTS.decode().replace(ACCOUNTS_SCHEMA, schema).encode()
    notes = " ".join(describe_wsdl(split, fetch=fetch).notes)
    assert "'http://evil.example/x.xsd' is imported and could not be had: it lies on another host" in notes


def test_imports_in_a_circle_come_to_an_end():
    """Every document is read once."""

    def fetch(source, location):
        schema = f'<xs:schema {NAMES} targetNamespace="urn:t"><xs:include schemaLocation="{location}"/></xs:schema>'
        return location, schema.encode()

    schema = '<xs:schema targetNamespace="urn:t"><xs:include schemaLocation="a.xsd"/></xs:schema>'
    manifest = describe_wsdl(ACCOUNTS.decode().replace(ACCOUNTS_SCHEMA, schema).encode(), fetch=fetch)
    assert manifest.objects == {}


NAMES = 'xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:t"'


def test_types_that_lead_to_types_without_end_are_read():
    """The schema of a large system is one web of types, deeper than any stack."""
    chain = "".join(
        f'<xs:complexType name="T{n}"><xs:sequence>{member("next", f"T{n + 1}")}{member("back", f"T{n // 2}")}'
        f"</xs:sequence></xs:complexType>"
        for n in range(1500)
    )
    city = member("City", "xs:string", minOccurs="0")
    schema = ACCOUNTS_SCHEMA.replace('<xs:complexType name="Site">', f'{chain}<xs:complexType name="Site">')
    schema = schema.replace(city, city + member("deep", "T0", minOccurs="0"))
    manifest = describe_wsdl(ACCOUNTS.decode().replace(ACCOUNTS_SCHEMA, schema).encode())
    assert "T1499" in manifest.soap.types
    assert manifest.objects["account"].get is not None


def test_a_record_may_be_the_whole_answer_or_stand_beside_complaints():
    """Fields directly in the answer; lists of errors and messages are not what is listed."""
    types = "".join(
        f'<xs:complexType name="{name}"><xs:sequence>{inside}</xs:sequence></xs:complexType>'
        for name, inside in (
            ("Line", member("text", "xs:string")),
            ("Row", member("orderNo", "xs:string") + member("total", "xs:decimal")),
        )
    )
    many = {"minOccurs": "0", "maxOccurs": "unbounded"}
    schema = (
        f'<xs:schema targetNamespace="urn:t">{types}'
        + element("ask", member("orderNo", "xs:string"))
        + element(
            "one", member("orderNo", "xs:string") + member("total", "xs:decimal") + member("messages", "Line", **many)
        )
        + element("none")
        + element("all", member("errors", "Line", **many) + member("rows", "Row", **many))
        + "</xs:schema>"
    )
    order = describe_wsdl(document(schema, {"readOrder": ("ask", "one"), "listOrders": ("none", "all")})).objects[
        "order"
    ]
    assert (order.list.record, order.get.record, order.id) == ("rows", "", "orderNo")
    assert order.fields["total"].type == "number"


def test_what_policies_want_of_messages_is_told():
    """A user name token can be sent; signatures cannot."""
    policy = (
        b'<p:Policy xmlns:p="http://www.w3.org/ns/ws-policy" xmlns:s="urn:s"><s:UsernameToken/><s:AsymmetricBinding/>'
        b"</p:Policy><wsdl:portType"
    )
    notes = " ".join(describe_wsdl(ACCOUNTS.replace(b"<wsdl:portType", policy, 1)).notes)
    assert "set soap.security" in notes
    assert "signed or encrypted messages" in notes


@pytest.mark.parametrize(
    ("name", "deed"),
    [
        ("getOrder", "get"),
        ("GetOrderByNumber", "get"),
        ("findOrderById", "get"),
        ("getOrders", "list"),
        ("getOrderList", "list"),
        ("GetAllOrder", "list"),
        ("orderList", "list"),
        ("BAPI_ORDER_GETLIST", "list"),
        ("buscarOrders", "list"),
        ("deleteOrder", "delete"),
        ("orderEntityCreate", "create"),
        ("getOrderCount", None),
        ("ping", None),
    ],
)
def test_a_record_with_lists_in_it_is_no_listing(name, deed):
    """The same answer is one order with its lines or a page of orders: then the name decides."""
    many = {"minOccurs": "0", "maxOccurs": "unbounded"}
    types = (
        f'<xs:complexType name="Line"><xs:sequence>{member("text", "xs:string")}</xs:sequence></xs:complexType>'
        f'<xs:complexType name="Order"><xs:sequence>{member("orderNo", "xs:string")}{member("total", "xs:decimal")}'
        f"{member('lines', 'Line', **many)}</xs:sequence></xs:complexType>"
    )
    schema = (
        f'<xs:schema targetNamespace="urn:t">{types}{element("ask", member("orderNo", "xs:string"))}'
        f"{element('given', member('order', 'Order'))}</xs:schema>"
    )
    documents = read_documents(document(schema, {name: ("ask", "given")}), "", None)
    types_read = Types(documents.schemas)
    [call] = read_calls(documents, types_read).calls.values()
    act = read_act(sides_of(call, types_read))
    assert (act.deed if act else None) == deed
    assert act is None or act.noun == "order"


def test_an_update_that_would_clear_what_the_listing_does_not_show_is_left_out():
    """The whole record is sent as it was read, so what was never read would be lost."""
    schema = ACCOUNTS_SCHEMA.replace('<xs:complexType name="ArrayOfAccount">', (
        f'<xs:complexType name="Summary"><xs:sequence>{member("AccountId", "xs:long")}{member("Name", "xs:string")}'
        '</xs:sequence></xs:complexType><xs:complexType name="ArrayOfAccount">'
    )).replace(member("Account", "Account", minOccurs="0", maxOccurs="unbounded", nillable="true"),
               member("Account", "Summary", minOccurs="0", maxOccurs="unbounded"))  # fmt: skip
    manifest = describe_wsdl(ACCOUNTS.decode().replace(ACCOUNTS_SCHEMA, schema).encode())
    account = manifest.objects["account"]
    assert (account.update, account.create is None) == (None, False)
    assert not account.omits_blank
    assert any("the listing does not show ModifiedOn, Iban" in note for note in manifest.notes)


def test_tables_of_messages_are_refusals_and_no_listing():
    """As SAP's function modules have them; what JAX-WS calls "return" is the answer itself."""
    many = {"minOccurs": "0", "maxOccurs": "unbounded"}
    message = "".join(member(name, "xs:string") for name in ("TYPE", "ID", "NUMBER", "MESSAGE"))
    inside = {
        "Message": message,
        "Messages": member("item", "Message", **many),
        "Row": member("PO_NUMBER", "xs:string") + member("VENDOR", "xs:string"),
        "Rows": member("item", "Row", **many),
    }
    types = "".join(
        f'<xs:complexType name="{name}"><xs:sequence>{each}</xs:sequence></xs:complexType>'
        for name, each in inside.items()
    )
    schema = (
        f'<xs:schema targetNamespace="urn:t">{types}{element("ask")}'
        + element("sap", member("RETURN", "Messages") + member("PO_ITEMS", "Rows"))
        + element("java", member("return", "Row", **many))
        + "</xs:schema>"
    )
    manifest = describe_wsdl(document(schema, {"BAPI_PO_GETLIST": ("ask", "sap")}))
    assert manifest.objects["po"].list.record == "PO_ITEMS.item"
    error = manifest.soap.operations["BAPI_PO_GETLIST"].error
    assert (error.path, error.message, error.where) == ("RETURN.item", "MESSAGE", {"TYPE": ("E", "A")})
    java = describe_wsdl(document(schema, {"getPurchaseOrders": ("ask", "java")}))
    assert java.objects["purchase_order"].list.record == "return"
