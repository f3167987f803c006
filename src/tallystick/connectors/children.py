"""A system of which some objects lie below others: a connector around the connector of its protocol.

It performs no I/O: its flows are those of the inner connector with the ids of the records above filled in
(``Scoped.below``). Objects that lie below nothing pass through untouched.
"""

from collections.abc import Sequence
from typing import Any

from tallystick.connectors import child_flow
from tallystick.connectors.child_object import Branch
from tallystick.core.error import Error, ProjectError
from tallystick.core.path import Path, render
from tallystick.core.ports import (
    Candid,
    Capabilities,
    Connector,
    Flow,
    NotThere,
    Page,
    Position,
    Sighting,
    Update,
    Wish,
    Written,
)
from tallystick.core.record import Raw
from tallystick.core.schema import ObjectType
from tallystick.project.manifest import Manifest
from tallystick.project.schema import object_type


class ChildrenConnector:
    """The contract of ``core.ports.Connector`` for records below others, over another connector."""

    def __init__(self, name: str, manifest: Manifest, inner: Connector) -> None:
        self._inner = inner
        self._specs = {key: spec for key, spec in manifest.objects.items() if spec.under is not None}
        self._branches = {key: Branch(key, manifest, inner, self, name) for key in self._specs}
        self._walkers = {key: child_flow.Walker(branch) for key, branch in self._branches.items()}

    def objects(self) -> tuple[str, ...]:
        """Name the object types."""
        return self._inner.objects()

    def schema(self, object_name: str) -> ObjectType:
        """Describe one object type as the manifest has it."""
        spec = self._specs.get(object_name)
        return self._inner.schema(object_name) if spec is None else object_type(object_name, spec)

    def capabilities(self, object_name: str) -> Capabilities:
        """Say what can be done with an object type."""
        branch = self._branches.get(object_name)
        return self._inner.capabilities(object_name) if branch is None else branch.capabilities()

    def read(
        self,
        object_name: str,
        since: float | None = None,
        position: Position | None = None,
        page_size: int | None = None,
    ) -> Flow[Page]:
        """Read one page: a page of parents, which names the positions below each, or all that lies below one."""
        walker = self._walkers.get(object_name)
        if walker is None:
            return self._inner.read(object_name, since, position, page_size)
        return walker.read(since, position, page_size)

    def sight(self, object_name: str, row: bytes) -> Sighting:
        """Decode one row of a page. Raises ``DataError`` for a record that has no id or is no record."""
        branch = self._branches.get(object_name)
        return self._inner.sight(object_name, row) if branch is None else branch.decode(row)

    def get(self, object_name: str, record_id: str) -> Flow[Sighting | NotThere]:
        """Read one record by id."""
        branch = self._branches.get(object_name)
        return self._inner.get(object_name, record_id) if branch is None else child_flow.get(branch, record_id)

    def find(self, object_name: str, path: Path, value: Any) -> Flow[Sequence[Sighting]]:
        """Find records by a searchable field; those below others by their parent."""
        branch = self._branches.get(object_name)
        if branch is None:
            return self._inner.find(object_name, path, value)
        if path != (branch.holder,):
            raise ProjectError(
                f"'{object_name}' cannot be searched by '{render(path)}'",
                hint=f"records below others are found by their {branch.holder}",
                place=branch.place,
            )
        return child_flow.find(branch, str(value))

    def create(self, object_name: str, body: Raw, key: str) -> Flow[Written]:
        """Create one record; one below another is created below the parent that its body names."""
        branch = self._branches.get(object_name)
        if branch is None:
            return self._inner.create(object_name, body, key)
        return child_flow.create(branch, body, key)

    def update(self, object_name: str, update: Update) -> Flow[Written]:
        """Change one record, on condition of its version where the system can. Raises ``Stale`` or ``Absent``."""
        branch = self._branches.get(object_name)
        return self._inner.update(object_name, update) if branch is None else child_flow.update(branch, update)

    def delete(self, object_name: str, record_id: str, version: str | None = None) -> Flow[None]:
        """Delete one record, on condition of its version where the system can. Raises ``Stale`` or ``Absent``."""
        branch = self._branches.get(object_name)
        if branch is None:
            return self._inner.delete(object_name, record_id, version)
        return child_flow.delete(branch, record_id, version)

    def create_many(self, object_name: str, bodies: Sequence[tuple[Raw, str]]) -> Flow[Sequence[Written | Error]]:
        """Create several in one request; records below others are never written in bulk."""
        return self._inner.create_many(object_name, bodies)

    def update_many(self, object_name: str, updates: Sequence[Update]) -> Flow[Sequence[Written | Error]]:
        """Change several in one request; records below others are never written in bulk."""
        return self._inner.update_many(object_name, updates)


class CandidChildren(ChildrenConnector):
    """The same over a connector that shows what its system really answers."""

    def __init__(self, name: str, manifest: Manifest, inner: Connector, candid: Candid) -> None:
        super().__init__(name, manifest, inner)
        self._candid = candid

    def ask(
        self, object_name: str, wish: Wish, position: Position | None = None, page_size: int | None = None
    ) -> Flow[Page]:
        """Read one page as it comes; records below others as the walk of their parents shows them."""
        if object_name in self._branches:
            return self.read(object_name, None, position, page_size)
        return self._candid.ask(object_name, wish, position, page_size)


def gather(name: str, manifest: Manifest, inner: Connector) -> Connector:
    """Give the connector of a system whose manifest has objects below others."""
    if isinstance(inner, Candid):
        return CandidChildren(name, manifest, inner, inner)
    return ChildrenConnector(name, manifest, inner)
