"""Honest systems of others with records in them, each in a project that checks it. Context managers, by kind."""

import contextlib
import itertools
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.systems.asking import ask as ask_plainly
from tests.systems.checked_project import CheckedProject, make_project, pair_up
from tests.systems.convention_twins import Hal, JsonApi, served_convention
from tests.systems.graphql_server import ask as ask_graph
from tests.systems.graphql_server import served_graphql
from tests.systems.odata_twin import served_odata
from tests.systems.rpc_server import JsonLedger, Running, XmlLedger
from tests.systems.rpc_server import manifest_of as ledger_manifest
from tests.systems.serving import free_port, require, served
from tests.systems.shop_server import Shop
from tests.systems.shop_server import manifest_of as shop_manifest
from tests.systems.soap_server import Door, envelope, served_customers

COUNT = 24
NAMES = [f"Müller & Söhne {number:02d}" for number in range(COUNT)]
MAILS = [f"post{number:02d}@mueller.example" for number in range(COUNT)]


def _work_behind(door: Door, change: Callable[[int], object]) -> None:
    """Change one record after the other, one before each request."""
    turns = itertools.count()

    def meet(headers: Mapping[str, str], body: bytes) -> None:
        change(next(turns))

    door.meet = meet


@contextlib.contextmanager
def soap(folder: Path) -> Iterator[CheckedProject]:
    """Customers of a web service that somebody else's toolkit serves."""
    with served_customers(folder) as door:

        def write(number: int, call: str, before: str = "", after: str = "") -> None:
            name = NAMES[number].replace("&", "&amp;")
            fields = f"<name>{name}</name><email>{MAILS[number]}</email><city>Köln</city>{after}"
            inside = f'<{call} xmlns="urn:example:customers">{before}<customer>{fields}</customer></{call}>'
            headers = {"Content-Type": "text/xml", "SOAPAction": '""'}
            assert door.forward("POST", "/", headers, envelope(inside)).status == 200

        def change(turn: int) -> None:
            number = turn % COUNT
            write(number, "UpdateCustomer", f"<customerId>{number + 1}</customerId>", f"<points>{turn}</points>")

        for number in range(COUNT):
            write(number, "CreateCustomer")
        project = make_project(folder / "project")
        project.work_meanwhile = lambda: _work_behind(door, change)
        project.change_one = lambda: change(COUNT - 1)
        project.describe("--wsdl", f"{door.url}?wsdl")
        pair_up(
            project, "customer", ("email", "name", "city"), [(m, n, "Köln") for m, n in zip(MAILS, NAMES, strict=True)]
        )
        yield project


@contextlib.contextmanager
def relay(folder: Path) -> Iterator[CheckedProject]:
    """Customers of a GraphQL service with Relay connections."""
    create = "mutation($input: CustomerInput!) { customerCreate(input: $input) { customer { id } } }"
    update = "mutation($id: ID!, $input: CustomerPatch!) { customerUpdate(id: $id, input: $input) { customer { id } } }"
    with served_graphql(folder, "relay") as door:
        made = [
            ask_graph(door, create, input={"name": name, "email": mail, "address": {"city": "Köln"}})
            for name, mail in zip(NAMES, MAILS, strict=True)
        ]
        ids = [each["customerCreate"]["customer"]["id"] for each in made]
        project = make_project(folder / "project")
        project.work_meanwhile = lambda: _work_behind(
            door, lambda turn: ask_graph(door, update, id=ids[turn % COUNT], input={"points": turn})
        )
        project.describe("--graphql", f"{door.url}graphql/")
        rows = [(m, n, "Köln") for m, n in zip(MAILS, NAMES, strict=True)]
        pair_up(project, "customers", ("email", "name", "address.city"), rows)
        yield project


@contextlib.contextmanager
def lists(folder: Path) -> Iterator[CheckedProject]:
    """Products of a GraphQL service that lists by offset and lowers pages to five."""
    create = "mutation($product: ProductInput!) { addProduct(product: $product) { __typename } }"
    with served_graphql(folder, "lists") as door:
        for number, name in enumerate(NAMES):
            ask_graph(door, create, product={"sku": f"S{number:02d}", "title": name, "stock": number})
        project = make_project(folder / "project")
        project.describe("--graphql", f"{door.url}graphql/")
        pair_up(project, next(iter(project.manifest["objects"])), ("sku", "title", "stock"), [
            (f"S{number:02d}", name, number) for number, name in enumerate(NAMES)
        ])  # fmt: skip
        yield project


@contextlib.contextmanager
def odata_of_sap(folder: Path, path: str, name: str) -> Iterator[CheckedProject]:
    """Products of an SAP-shaped OData service of others."""
    require("mocksap", "mock-sap")
    port = free_port()
    command = [str(Path(sys.executable).parent / "mock-sap"), "--port", str(port), "-q"]
    with served(command, port, folder / "sap.log"):
        root = f"http://127.0.0.1:{port}{path}"
        project = make_project(folder / "project")
        project.describe("--odata", root)
        answer = ask_plainly("GET", f"{root}/{name}?$top=500", headers={"Accept": "application/json"}).data
        found = answer["d"]["results"] if "d" in answer else answer["value"]
        fields = ("Product", "ProductType", "ProductGroup")
        pair_up(project, name, fields, [[row[field] for field in fields] for row in found])
        yield project


@contextlib.contextmanager
def odata_2(folder: Path) -> Iterator[CheckedProject]:
    """OData 2."""
    with odata_of_sap(folder, "/sap/opu/odata/sap/API_PRODUCT_SRV", "A_Product") as project:
        yield project


@contextlib.contextmanager
def odata_4(folder: Path) -> Iterator[CheckedProject]:
    """OData 4."""
    path = "/sap/opu/odata4/sap/api_product/srvd_a2x/sap/api_product/0001"
    with odata_of_sap(folder, path, "Product") as project:
        yield project


@contextlib.contextmanager
def odata_strict(folder: Path) -> Iterator[CheckedProject]:
    """An OData 4.01 service with pages of its own choice."""
    with served_odata() as (root, shelf):
        for number, name in enumerate(NAMES):
            row: dict[str, Any] = dict.fromkeys(("Stock", "Price", "Remark", "State", "MakerId"))
            shelf.write(row | {"Code": f"C{number:02d}", "Title": name, "At": {}, "Tags": []})
        project = make_project(folder / "project")
        project.describe("--odata", root)
        pair_up(project, "Items", ("Code", "Title"), [(f"C{n:02d}", name) for n, name in enumerate(NAMES)])
        yield project


@contextlib.contextmanager
def ledger(folder: Path, version: str) -> Iterator[CheckedProject]:
    """Accounts that are kept by methods."""
    running = Running(XmlLedger() if version == "xml" else JsonLedger())
    try:
        token = running.ledger.login("tally", "s3cret-pw")["token"]
        for number, name in enumerate(NAMES):
            running.ledger.add(token, {"code": f"K{number:02d}", "name": name, "count": number})
        project = make_project(folder / "project")
        manifest = ledger_manifest(running.url, version)
        manifest["rpc"]["login"]["params"] = ["tally", "s3cret-pw"]
        project.write(manifest | {"owner": "ops"})
        rows = [(f"K{number:02d}", name, number) for number, name in enumerate(NAMES)]
        pair_up(project, "accounts", ("code", "name", "count"), rows)
        yield project
    finally:
        running.stop()


@contextlib.contextmanager
def xml_ledger(folder: Path) -> Iterator[CheckedProject]:
    """XML-RPC."""
    with ledger(folder, "xml") as project:
        yield project


@contextlib.contextmanager
def json_ledger(folder: Path) -> Iterator[CheckedProject]:
    """JSON-RPC 2.0."""
    with ledger(folder, "json-2.0") as project:
        yield project


@contextlib.contextmanager
def convention(folder: Path, service: Any, prefix: str) -> Iterator[CheckedProject]:
    """Articles of a system that keeps a convention and has no description."""
    with served_convention(service) as (url, shelf):
        for number, name in enumerate(NAMES, 1):
            shelf.write(str(next(shelf.numbers)), {"title": name, "rank": number, "note": f"note {number % 3}"})
        project = make_project(folder / "project")
        project.describe("--sample", url)
        rows = [(name, number, f"note {number % 3}") for number, name in enumerate(NAMES, 1)]
        pair_up(project, "articles", (f"{prefix}title", f"{prefix}rank", f"{prefix}note"), rows)
        yield project


@contextlib.contextmanager
def json_api(folder: Path) -> Iterator[CheckedProject]:
    """JSON:API."""
    with convention(folder, JsonApi, "attributes.") as project:
        yield project


@contextlib.contextmanager
def hal(folder: Path) -> Iterator[CheckedProject]:
    """HAL."""
    with convention(folder, Hal, "") as project:
        yield project


@contextlib.contextmanager
def shop(folder: Path) -> Iterator[CheckedProject]:
    """Orders, and lines below them."""
    running = Shop().start()
    try:
        for number, name in enumerate(NAMES):
            order = running.put(("orders",), number=f"N{number:02d}", remark=name)
            running.put(("orders", order, "lines"), text=name, count=number)
        project = make_project(folder / "project")
        project.write(shop_manifest(running.url) | {"owner": "ops"})
        pair_up(project, "orders", ("number", "remark"), [(f"N{n:02d}", name) for n, name in enumerate(NAMES)])
        yield project
    finally:
        running.stop()


HONEST = {
    each.__name__: each
    for each in (
        soap, relay, lists, odata_2, odata_4, odata_strict, xml_ledger, json_ledger, json_api, hal, shop,
    )
}  # fmt: skip
