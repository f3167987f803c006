"""A small service as a manifest, and a door that answers whatever a test writes down."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.systems.soap_server import Door, opened_door

from tallystick.connectors.soap import SoapConnector, open_system
from tallystick.project.manifest import Manifest

SPACE = "urn:example:shop"


class Shop:
    """The connector and its transport, opened on a door."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.manifest = manifest_of(door)
        self.secrets = {"${env:PASSWORD}": "s3cret-word"}
        self._open: tuple[SoapConnector, Any] | None = None

    def resolve(self, reference: str) -> str:
        return self.secrets[reference]

    @property
    def connector(self) -> SoapConnector:
        return self._pair()[0]

    def run(self, flow: Any) -> Any:
        return self._pair()[1].run(flow)

    def change(self, **soap: Any) -> None:
        """Correct the manifest as a person would."""
        whole = self.manifest.model_dump(by_alias=True)
        whole["soap"] |= soap
        self.manifest = Manifest.model_validate(whole)

    def answers(self, said: Any) -> None:
        """Let every call be answered with this."""
        self.door.meet = lambda headers, body: said

    def _pair(self) -> tuple[SoapConnector, Any]:
        if self._open is None:
            self._open = open_system("shop", self.manifest, self)
        return self._open

    def close(self) -> None:
        if self._open is not None:
            self._open[1].close()


def manifest_of(door: Door) -> Manifest:
    """Give a manifest as one writes it by hand."""
    calls = {name: {"namespace": SPACE, "action": f"{SPACE}/{name}", "input": name, "output": f"{name}Response"}
             for name in ("GetItem", "ListItems", "AddItem", "ChangeItem", "DropItem")}  # fmt: skip
    item = {"id": "xs:int", "name": "xs:string required", "price": "xs:decimal", "sizes": "xs:string[]",
            "maker": "Maker nillable", "sold": "xs:boolean"}  # fmt: skip
    types = {
        "GetItem": {"id": "xs:int"},
        "GetItemResponse": {"item": "Item"},
        "ListItems": {"page": "xs:int"},
        "ListItemsResponse": {"items": "ItemList"},
        "ItemList": {"item": "Item[]"},
        "AddItem": {"item": "Item"},
        "AddItemResponse": {"id": "xs:int"},
        "ChangeItem": {"item": "Item"},
        "ChangeItemResponse": {},
        "DropItem": {"id": "xs:int"},
        "DropItemResponse": {},
        "Item": item,
        "Maker": {"name": "xs:string", "country": "xs:string attribute"},
    }
    call = {"method": "POST"}
    return Manifest.model_validate({
        "protocol": "soap",
        "base_url": door.url,
        "network": {"timeout_seconds": 5},
        "soap": {
            "operations": calls,
            "types": {name: {"namespace": SPACE, "elements": elements} for name, elements in types.items()},
        },
        "objects": {
            "item": {
                "list": call | {"path": "ListItems", "record": "items.item"},
                "get": call | {"path": "GetItem", "record": "item", "body": {"id": "{id}"}},
                "create": call | {"path": "AddItem", "wrap": "item", "record": "id"},
                "update": call | {"path": "ChangeItem", "wrap": "item", "body": {"id": "{id}"}},
                "delete": call | {"path": "DropItem", "body": {"id": "{id}"}},
                "fields": {"name": {"type": "text"}, "price": {"type": "number"}},
            }
        },
    })  # fmt: skip


@pytest.fixture
def shop() -> Iterator[Shop]:
    """A service that answers what the test says."""
    with opened_door() as door:
        shop = Shop(door)
        yield shop
        shop.close()
