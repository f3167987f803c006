"""The SOAP connector keeps the contract against a service of another's stack, by a manifest made from its WSDL."""

from decimal import Decimal
from typing import ClassVar

import pytest
from tests.systems.soap_server import served_customers

from tallystick.connectors.describe.wsdl import describe_wsdl
from tallystick.connectors.soap import open_system
from tallystick.project.manifest import Manifest
from tallystick.testing.conformance import ConnectorConformance


class TestSoap11(ConnectorConformance):
    """Document/literal, offset paging with a total, changes since, whole updates."""

    object_name = "customer"
    text_field = "name"
    unique_field = "email"
    integer_field = "points"
    number_field = "credit"
    kept_by_system = frozenset({"lastModified"})
    texts = tuple(text for text in ConnectorConformance.texts if len(text) <= 40)
    version: ClassVar = "1.1"

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def door(cls, tmp_path_factory):
        """One service for all laws; it forgets between them."""
        with served_customers(tmp_path_factory.mktemp("soap"), cls.version) as cls.at:
            yield cls.at

    def open(self):
        self.at.forget()
        described = describe_wsdl(self.at.wsdl()).model_dump(by_alias=True)
        described["objects"]["customer"]["version"] = "lastModified"
        self.manifest = Manifest.model_validate(described)
        return self.reopen()

    def reopen(self):
        return open_system("shop", self.manifest, self)

    def resolve(self, reference):
        raise AssertionError(f"there are no secrets, and {reference} was asked for")

    def body(self, number):
        return {"name": f"Customer {number}", "email": f"c{number}@example.com", "credit": Decimal("1.5")}

    def bad_body(self):
        return {"name": "x" * 41}


class TestSoap12(TestSoap11):
    """The other version of SOAP."""

    version: ClassVar = "1.2"
