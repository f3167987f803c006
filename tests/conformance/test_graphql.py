"""The GraphQL connector keeps the contract against services of others' stacks, by manifests made from their schemas."""

from decimal import Decimal
from typing import ClassVar

import pytest
from tests.systems.graphql_server import introspected, served_graphql

from tallystick.connectors.describe.graphql import describe_graphql
from tallystick.connectors.graphql import open_system
from tallystick.project.manifest import Manifest
from tallystick.testing.conformance import ConnectorConformance


class _Served(ConnectorConformance):
    __test__ = False
    texts = tuple(text for text in ConnectorConformance.texts if len(text) <= 40)
    stack: ClassVar[str]

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def door(cls, tmp_path_factory):
        """One service for all laws; it forgets between them."""
        with served_graphql(tmp_path_factory.mktemp("graphql"), cls.stack) as cls.at:
            cls.schema = introspected(cls.at)
            yield cls.at

    def open(self):
        self.at.forget()
        described = describe_graphql(self.schema, base_url=f"{self.at.url}graphql/").model_dump(by_alias=True)
        if not described["objects"][self.object_name]["version"]:
            described["objects"][self.object_name]["version"] = "updatedAt"
        self.manifest = Manifest.model_validate(described)
        return self.reopen()

    def reopen(self):
        return open_system("shop", self.manifest, self)

    def resolve(self, reference):
        raise AssertionError(f"there are no secrets, and {reference} was asked for")


class TestRelay(_Served):
    """A Relay connection with edges, filter inputs, payloads with user errors."""

    __test__ = True
    stack = "relay"
    object_name = "customers"
    text_field = "name"
    unique_field = "email"
    integer_field = "points"
    integers = (0, -1, 2**31 - 1)
    nullable_field = "address.city"
    kept_by_system = frozenset({"updatedAt"})

    def body(self, number):
        return {"name": f"Customer {number}", "email": f"c{number}@example.com"}

    def bad_body(self):
        return {"name": "x" * 41, "email": "long@example.com"}


class TestLists(_Served):
    """Pages by offset that the server makes smaller, versions in the body, errors with codes, a union of outcomes."""

    __test__ = True
    stack = "lists"
    object_name = "product"
    text_field = "title"
    unique_field = "sku"
    integer_field = "stock"
    number_field = "price"
    numbers = (Decimal("0.1"), Decimal("-0.01"), Decimal("123456789.0123"))
    nullable_field = "notes"
    kept_by_system = frozenset({"modifiedAt", "version"})

    def body(self, number):
        return {"title": f"Product {number}", "sku": f"sku-{number}"}

    def bad_body(self):
        return {"title": "x" * 41, "sku": "long"}
