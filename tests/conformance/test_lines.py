"""Lines inside a record keep the contract of every connector: in memory and in a database's JSON column."""

from typing import ClassVar

import pytest

from tallystick.connectors.registry import open_system
from tallystick.core.error import Absent, Duplicate
from tallystick.core.ports import Update
from tallystick.project.manifest import Manifest
from tallystick.testing.conformance import ConnectorConformance

LINES = {
    "inside": {"object": "orders", "path": "cart.lines", "key": "sku", "holder": "order"},
    "fields": {
        "sku": {"type": "text"},
        "text": {"type": "text"},
        "note": {"type": "text"},
        "count": {"type": "integer"},
    },
}


class LinesConformance(ConnectorConformance):
    object_name = "lines"
    text_field = "text"
    nullable_field = "note"
    integer_field = "count"
    refuses_unknown_fields = False

    def hold(self, connector, transport):
        """Make the orders that hold the lines, each with an empty list."""
        for n in range(40):
            made = transport.run(connector.create("orders", {"name": f"A{n}", "cart": {"lines": [], "total": 3}}, ""))
            assert made.id == str(n + 1)
        return connector, transport

    def resolve(self, reference):
        return reference

    def test_since_is_inclusive(self):
        """A line has no time of change of its own; those of the holders that changed since are listed."""
        self._needs(self._claims.since, "a filter by time of change")
        [first] = self._create_some(1)
        shown = self._run(self._connector.read("orders"))
        times = {s.id: s.modified for s in (self._connector.sight("orders", row) for row in shown.rows)}
        holder = first.split("/")[0]
        assert self._ids(self._pages(since=times[holder])) == [first]
        assert self._ids(self._pages(since=times[holder] + 60)) == []
        assert all(each.modified is None for each in self._sightings(self._pages()))

    def test_a_key_is_taken_in_its_holder_only(self):
        """The same article may stand in every order, once."""
        body = self.body(1)
        self._run(self._connector.create("lines", body, ""))
        with pytest.raises(Duplicate):
            self._run(self._connector.create("lines", {**body, "text": "again"}, ""))
        other = self._run(self._connector.create("lines", {**body, "order": "7"}, ""))
        assert len(set(self._ids(self._pages())) | {other.id}) == 2

    def test_ids_with_any_characters_lead_to_their_line(self):
        """Slashes and percent signs in keys are no borders."""
        for sku in ("a/b", "a%2Fb", "a%b", "/", "%", "ä ö"):
            made = self._run(self._connector.create("lines", {"order": "1", "sku": sku, "text": sku}, ""))
            found = self._get(made.id)
            assert (found.record["sku"], found.record["text"]) == (sku, sku)
        assert len(self._ids(self._pages())) == 6

    def test_a_line_of_a_holder_that_is_gone_is_gone(self):
        """Nothing can be written to it, and it is not found."""
        [line] = self._create_some(1)
        holder = line.split("/")[0]
        self._run(self._connector.delete("orders", holder, None))
        assert self._gone(line)
        for flow in (
            self._connector.update("lines", Update(line, {"text": "x"})),
            self._connector.delete("lines", line),
            self._connector.create("lines", {"order": holder, "sku": "n", "text": "n"}, ""),
        ):
            with pytest.raises(Absent):
                self._run(flow)

    def body(self, number):
        return {"order": str(number % 40 + 1), "sku": f"S/{number}", "text": f"Line {number}"}


class TestMemory(LinesConformance):
    versioned: ClassVar = {"version": "version", "claims": {"cas_write": True, "returns_record": True}}

    def open(self):
        fields = {"id": {"type": "text", "read_only": True}, "name": {"type": "text"}, "cart": {"type": "object"}}
        orders = {"modified": "changed", "since": {"param": "since"}, "fields": fields, **self.versioned}
        manifest = Manifest.model_validate({"protocol": "memory", "objects": {"orders": orders, "lines": LINES}})
        return self.hold(*open_system("memory", manifest, self))


class TestMemoryWithoutVersions(TestMemory):
    """The order has no version, and its answers do not carry it."""

    versioned: ClassVar = {}


class TestSqlite(LinesConformance):
    @pytest.fixture(autouse=True)
    def _database(self, sqlite_with):
        script = "CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT, row_version INTEGER NOT NULL, cart JSON)"
        self.url = sqlite_with(script)

    def open(self):
        orders = {"id_type": "integer", "version": "row_version", "claims": {"cas_write": True}}
        manifest = Manifest.model_validate(
            {"protocol": "sql", "url": self.url, "objects": {"orders": orders, "lines": LINES}}
        )
        return self.hold(*open_system("shop", manifest, self))
