"""Records that lie below others keep the contract of every connector, also two levels down."""

from typing import ClassVar

import pytest
from tests.systems.shop_server import Shop, by_field, manifest_of

from tallystick.connectors.registry import open_system
from tallystick.core.error import Refused
from tallystick.core.ports import Update
from tallystick.project.manifest import Manifest
from tallystick.testing.conformance import ConnectorConformance


class ChildrenConformance(ConnectorConformance):
    text_field = "text"
    nullable_field = "note"
    kept_by_system = frozenset({"changed"})
    extra: ClassVar[dict] = {}

    def open(self):
        self.shop = Shop().start()
        self.orders = [self.shop.put(("orders",), number=str(number)) for number in range(5)]
        return self.reopen()

    def reopen(self):
        return open_system("shop", Manifest.model_validate(self.manifest()), self)

    def manifest(self):
        return manifest_of(self.shop.url, **self.extra)

    def resolve(self, reference):
        raise AssertionError(reference)

    def teardown_method(self):
        super().teardown_method()
        if hasattr(self, "shop"):
            self.shop.stop()

    def body(self, number):
        self._pair()
        return {"order": self.orders[number % 5], "text": f"Line {number}"}


class TestLines(ChildrenConformance):
    object_name = "lines"
    integer_field = "count"

    def test_a_record_cannot_move_to_another_parent(self):
        """The address would be another one, so it is refused and not silently left where it is."""
        [line] = self._create_some(1)
        with pytest.raises(Refused, match="cannot move"):
            self._run(self._connector.update("lines", Update(line, {"order": self.orders[3], "text": "x"})))
        assert self._get(line).record["text"] == "Line 0"


class TestLinesWithoutSingles(ChildrenConformance):
    """There is no call for one line, so it is looked for in what its order lists."""

    object_name = "lines"
    extra: ClassVar = {"get": None}


class TestNotes(ChildrenConformance):
    """Two levels down: the ids of both records above are in the address."""

    object_name = "notes"

    def open(self):
        pair = super().open()
        for order in self.orders:
            self.shop.put(("orders", order, "lines"), text="holds notes")
        return pair

    def body(self, number):
        self._pair()
        return {"line": self.orders[number % 5].replace("%", "%25").replace("/", "%2F") + "/1", "text": f"N{number}"}


class ByNumber:
    """Addresses are made of the order's number, ids of the order's id."""

    def open(self):
        pair = super().open()
        self.shop.name_of = lambda order: order["number"]
        return pair

    def manifest(self):
        return by_field(super().manifest())


class TestLinesByAFieldOfTheOrder(ByNumber, TestLines):
    """A field of the record above is in the address, in listings as in calls about one line."""


class TestNotesByAFieldOfTheOrder(ByNumber, TestNotes):
    """Two levels down: a field of the topmost record is in the address, and the id of the one between."""


class TestLinesOfWhichAFieldHasItsOwnCall(TestLines):
    """The note of a line is written by an action, and cleared by another one."""

    extra: ClassVar = {
        "actions": {
            "remark": {
                "field": "note",
                "call": {"method": "PUT", "path": "/orders/{order}/lines/{id}/note", "body": {"to": "{value}"}},
            },
            "erase": {
                "field": "note",
                "to": [None],
                "call": {"method": "DELETE", "path": "/orders/{order}/lines/{id}/note"},
            },
        }
    }

    def open(self):
        pair = super().open()
        self.shop.apart = "note"
        return pair

    def test_a_new_record_gets_what_actions_do(self):
        made = self._run(self._connector.create("lines", {**self.body(0), "note": "first"}, "k"))
        assert (made.incomplete, self._get(made.id).record["note"]) == ((), "first")
