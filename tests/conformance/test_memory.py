"""The memory connector keeps the contract, as a strict system and as the weakest one."""

from typing import ClassVar

from tallystick.connectors.memory import open_system
from tallystick.project.manifest import Manifest
from tallystick.testing.conformance import ConnectorConformance

FIELDS = {
    "id": {"read_only": True},
    "name": {"type": "text", "required": True, "max_length": 60},
    "vat": {"unique": True},
    "note": {},
    "employees": {"type": "integer"},
    "revenue": {"type": "number"},
}


class TestMemory(ConnectorConformance):
    """A system that has everything: versions, conditional writes, idempotency keys, bulk."""

    object_name = "companies"
    text_field = "name"
    unique_field = "vat"
    nullable_field = "note"
    integer_field = "employees"
    number_field = "revenue"
    kept_by_system = frozenset({"version", "updatedAt"})
    spec: ClassVar = {
        "id_type": "integer",
        "version": "version",
        "modified": "updatedAt",
        "since": {"param": "updatedSince"},
        "create_bulk": {"method": "POST", "path": "", "size": 50},
        "claims": {"cas_write": True, "create_idem": "key", "returns_record": True},
        "fields": FIELDS,
    }

    def open(self):
        manifest = Manifest.model_validate({"protocol": "memory", "objects": {self.object_name: self.spec}})
        return open_system("memory", manifest)

    def body(self, number):
        return {"name": f"Company {number}", "vat": f"V{number}"}

    def bad_body(self):
        return {"name": "x" * 61}


class TestSoftDeletingMemory(TestMemory):
    """A system whose deleted records stay, marked."""

    spec: ClassVar = TestMemory.spec | {"id_type": "text", "deleted": {"path": "removed"}}
    kept_by_system = frozenset({"version", "updatedAt", "removed"})


class TestWeakMemory(TestMemory):
    """A system that promises nothing beyond creating, reading, updating and deleting."""

    spec: ClassVar = {"fields": FIELDS}
