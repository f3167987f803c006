"""Systems that are called by XML-RPC and JSON-RPC keep the contract: Python's own server, and Tryton's."""

from decimal import Decimal
from typing import ClassVar

from tests.systems.rpc_server import JsonLedger, Running, XmlLedger, manifest_of

from tallystick.connectors.registry import open_system
from tallystick.project.manifest import Manifest
from tallystick.testing.conformance import ConnectorConformance


class LedgerConformance(ConnectorConformance):
    object_name = "accounts"
    text_field = "name"
    nullable_field = "note"
    unique_field = "code"
    integer_field = "count"
    kept_by_system = frozenset({"changed"})
    version: ClassVar[str]
    server: ClassVar[type]

    def open(self):
        self.running = Running(self.server())
        return self.reopen()

    def reopen(self):
        manifest = Manifest.model_validate(manifest_of(self.running.url, self.version))
        return open_system("ledger", manifest, self)

    def resolve(self, reference):
        assert reference == "${env:LEDGER_PASSWORD}"
        return "s3cret-pw"

    def teardown_method(self):
        super().teardown_method()
        if hasattr(self, "running"):
            self.running.stop()

    def body(self, number):
        return {"code": f"C{number}", "name": f"Account {number}"}


class TestXmlRpc(LedgerConformance):
    version = "xml"
    server = XmlLedger
    number_field = "price"
    integers = (0, -1, 2**31 - 1, -(2**31))  # Python's server answers no greater ones
    numbers = (Decimal("0.1"), Decimal("-0.01"), Decimal("123456789.0123"))


class TestJsonRpc(LedgerConformance):
    version = "json-2.0"
    server = JsonLedger


class TestJsonRpcOne(LedgerConformance):
    version = "json-1.0"
    server = JsonLedger
