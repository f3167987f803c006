"""OData keeps the contract on REST, by a manifest made from the service's metadata."""

from decimal import Decimal

import pytest
from tests.systems.odata_twin import METADATA, served_odata

from tallystick.connectors.describe.odata import describe_odata
from tallystick.connectors.rest import open_system
from tallystick.testing.conformance import ConnectorConformance


class TestVersion4(ConnectorConformance):
    """Keys and filters in quotes, next links, entity tags, changes since."""

    object_name = "Items"
    text_field = "Title"
    unique_field = "Code"
    integer_field = "Stock"
    number_field = "Price"
    numbers = (Decimal("0.1"), Decimal("-0.01"), Decimal("123456789.0123"))
    nullable_field = "Remark"
    kept_by_system = frozenset({"ModifiedAt", "@odata.etag"})
    texts = tuple(text for text in ConnectorConformance.texts if len(text) <= 40)

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def service(cls):
        """One service for all laws; it forgets between them."""
        with served_odata() as (cls.root, cls.shelf):
            yield

    def open(self):
        self.shelf.rows.clear()
        self.manifest = describe_odata(METADATA.encode(), base_url=self.root)
        return self.reopen()

    def reopen(self):
        return open_system("store", self.manifest, self)

    def resolve(self, reference):
        raise AssertionError(f"there are no secrets, and {reference} was asked for")

    def body(self, number):
        return {"Code": f"O'Brien's {number}/%", "Title": f"Item {number}"}

    def bad_body(self):
        return {"Code": "long", "Title": "x" * 41}
