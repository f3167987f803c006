"""A system of which some objects are lines inside records: a connector around the connector of its protocol.

It performs no I/O and knows no protocol: its flows are those of the inner connector, so lines work over every protocol
alike. Objects that are records of their own pass through untouched.
"""

from collections.abc import Generator, Sequence
from typing import Any

from tallystick.connectors import nested_flow
from tallystick.connectors.nested_object import Nest
from tallystick.core.error import Error
from tallystick.core.path import Path
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


class NestedConnector:
    """The contract of ``core.ports.Connector`` for lines inside records, over another connector."""

    def __init__(self, name: str, manifest: Manifest, inner: Connector) -> None:
        self._inner = inner
        self._specs = {key: spec for key, spec in manifest.objects.items() if spec.inside is not None}
        self._nests = {key: Nest(key, spec, manifest, inner, name) for key, spec in self._specs.items()}

    def objects(self) -> tuple[str, ...]:
        """Name the object types."""
        return (*self._inner.objects(), *self._nests)

    def schema(self, object_name: str) -> ObjectType:
        """Describe one object type as the manifest has it."""
        spec = self._specs.get(object_name)
        return self._inner.schema(object_name) if spec is None else object_type(object_name, spec)

    def capabilities(self, object_name: str) -> Capabilities:
        """Say what can be done with an object type."""
        nest = self._nests.get(object_name)
        return self._inner.capabilities(object_name) if nest is None else nest.capabilities()

    def read(
        self,
        object_name: str,
        since: float | None = None,
        position: Position | None = None,
        page_size: int | None = None,
    ) -> Flow[Page]:
        """Read one page: all lines of a page of holders."""
        nest = self._nests.get(object_name)
        if nest is None:
            return self._inner.read(object_name, since, position, page_size)
        return nested_flow.read(nest, since, position, page_size)

    def sight(self, object_name: str, row: bytes) -> Sighting:
        """Decode one row of a page. Raises ``DataError`` for a record that has no id or is no record."""
        nest = self._nests.get(object_name)
        return self._inner.sight(object_name, row) if nest is None else nest.decode(row)

    def get(self, object_name: str, record_id: str) -> Flow[Sighting | NotThere]:
        """Read one record by id. A holder that shows its list without the line proves that the line is gone."""
        nest = self._nests.get(object_name)
        return self._inner.get(object_name, record_id) if nest is None else nested_flow.get(nest, record_id)

    def find(self, object_name: str, path: Path, value: Any) -> Flow[Sequence[Sighting]]:
        """Find records by a searchable field; lines by the record that holds them."""
        nest = self._nests.get(object_name)
        return self._inner.find(object_name, path, value) if nest is None else nested_flow.find(nest, path, value)

    def create(self, object_name: str, body: Raw, key: str) -> Flow[Written]:
        """Create one record; a line is put at the end of its holder's list."""
        nest = self._nests.get(object_name)
        return self._inner.create(object_name, body, key) if nest is None else nested_flow.create_line(nest, body)

    def update(self, object_name: str, update: Update) -> Flow[Written]:
        """Change one record. Raises ``Stale`` or ``Absent``."""
        nest = self._nests.get(object_name)
        return self._inner.update(object_name, update) if nest is None else nested_flow.update_line(nest, update)

    def delete(self, object_name: str, record_id: str, version: str | None = None) -> Flow[None]:
        """Delete one record; a line is taken out of its holder's list. Raises ``Stale`` or ``Absent``."""
        nest = self._nests.get(object_name)
        return (
            self._inner.delete(object_name, record_id, version)
            if nest is None
            else nested_flow.delete_line(nest, record_id, version)
        )

    def create_many(self, object_name: str, bodies: Sequence[tuple[Raw, str]]) -> Flow[Sequence[Written | Error]]:
        """Create several in one request; lines are never written in bulk."""
        return self._inner.create_many(object_name, bodies)

    def update_many(self, object_name: str, updates: Sequence[Update]) -> Flow[Sequence[Written | Error]]:
        """Change several in one request; lines are never written in bulk."""
        return self._inner.update_many(object_name, updates)


class CandidNested(NestedConnector):
    """The same over a connector that shows what its system really answers."""

    def __init__(self, name: str, manifest: Manifest, inner: Connector, candid: Candid) -> None:
        super().__init__(name, manifest, inner)
        self._candid = candid

    def ask(
        self, object_name: str, wish: Wish, position: Position | None = None, page_size: int | None = None
    ) -> Flow[Page]:
        """Read one page as it comes; of lines, those of the holders on that page."""
        nest = self._nests.get(object_name)
        if nest is None:
            return self._candid.ask(object_name, wish, position, page_size)
        return _as_lines(nest, self._candid.ask(nest.holder, Wish(), position, page_size))


def nest(name: str, manifest: Manifest, inner: Connector) -> Connector:
    """Give the connector of a system whose manifest has objects inside others."""
    if isinstance(inner, Candid):
        return CandidNested(name, manifest, inner, inner)
    return NestedConnector(name, manifest, inner)


def _as_lines(nest: Nest, flow: Flow[Page]) -> Generator[Any, Any, Page]:
    page = yield from flow
    return Page([each for row in page.rows for each in nest.rows(bytes(row))], page.next, page.ahead)
