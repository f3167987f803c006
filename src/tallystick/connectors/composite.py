"""A system of which some objects are made of several records: a connector around the connector of its protocol.

It performs no I/O and knows no protocol: its flows are those of the inner connector, one after the other, so objects of
several parts work over every protocol alike. Objects that are records of their own pass through untouched.
"""

from collections.abc import Generator, Sequence
from typing import Any

import msgspec

from tallystick.connectors import composite_read, composite_write
from tallystick.connectors.composite_object import Shown, Whole, encode_row
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
from tallystick.project.shapes import is_composite


class CompositeConnector:
    """The contract of ``core.ports.Connector`` for objects of several parts, over another connector."""

    def __init__(self, name: str, manifest: Manifest, inner: Connector) -> None:
        self._inner = inner
        self._specs = {key: spec for key, spec in manifest.objects.items() if is_composite(spec)}
        self._wholes = {key: Whole(key, spec, manifest, inner, name) for key, spec in self._specs.items()}
        self._readers = {key: composite_read.Reader(whole) for key, whole in self._wholes.items()}

    def objects(self) -> tuple[str, ...]:
        """Name the object types."""
        return (*self._inner.objects(), *self._wholes)

    def schema(self, object_name: str) -> ObjectType:
        """Describe one object type as the manifest has it."""
        spec = self._specs.get(object_name)
        return self._inner.schema(object_name) if spec is None else object_type(object_name, spec)

    def capabilities(self, object_name: str) -> Capabilities:
        """Say what can be done with an object type: the weakest of all its parts."""
        whole = self._wholes.get(object_name)
        return self._inner.capabilities(object_name) if whole is None else whole.capabilities()

    def read(
        self,
        object_name: str,
        since: float | None = None,
        position: Position | None = None,
        page_size: int | None = None,
    ) -> Flow[Page]:
        """Read one page of a listing; a page of anchors has all their parts."""
        reader = self._readers.get(object_name)
        if reader is None:
            return self._inner.read(object_name, since, position, page_size)
        return reader.read(since, position, page_size)

    def sight(self, object_name: str, row: bytes) -> Sighting:
        """Decode one row of a page. Raises ``DataError`` for a record that has no id or is no record."""
        whole = self._wholes.get(object_name)
        return self._inner.sight(object_name, row) if whole is None else whole.sight(row)

    def get(self, object_name: str, record_id: str) -> Flow[Sighting | NotThere]:
        """Read one record by id, with all its parts."""
        whole = self._wholes.get(object_name)
        return self._inner.get(object_name, record_id) if whole is None else composite_read.get(whole, record_id)

    def find(self, object_name: str, path: Path, value: Any) -> Flow[Sequence[Sighting]]:
        """Find records by a searchable field of the anchor or of a part."""
        whole = self._wholes.get(object_name)
        return self._inner.find(object_name, path, value) if whole is None else composite_read.find(whole, path, value)

    def create(self, object_name: str, body: Raw, key: str) -> Flow[Written]:
        """Create one record: the anchor, then its parts. What of it failed stands in ``Written.incomplete``."""
        whole = self._wholes.get(object_name)
        return self._inner.create(object_name, body, key) if whole is None else composite_write.create(whole, body, key)

    def update(self, object_name: str, update: Update) -> Flow[Written]:
        """Change one record, each part on condition of its own version. Raises ``Stale`` or ``Absent``."""
        whole = self._wholes.get(object_name)
        return self._inner.update(object_name, update) if whole is None else composite_write.update(whole, update)

    def delete(self, object_name: str, record_id: str, version: str | None = None) -> Flow[None]:
        """Delete one record: its parts, then the anchor. Raises ``Stale`` or ``Absent``."""
        whole = self._wholes.get(object_name)
        if whole is None:
            return self._inner.delete(object_name, record_id, version)
        return composite_write.delete(whole, record_id, version)

    def create_many(self, object_name: str, bodies: Sequence[tuple[Raw, str]]) -> Flow[Sequence[Written | Error]]:
        """Create several; one outcome each, in order."""
        if object_name not in self._wholes:
            return self._inner.create_many(object_name, bodies)
        return _one_by_one([self.create(object_name, body, key) for body, key in bodies])

    def update_many(self, object_name: str, updates: Sequence[Update]) -> Flow[Sequence[Written | Error]]:
        """Change several; one outcome each, in order."""
        if object_name not in self._wholes:
            return self._inner.update_many(object_name, updates)
        return _one_by_one([self.update(object_name, update) for update in updates])


class CandidComposite(CompositeConnector):
    """The same over a connector that shows what its system really answers."""

    def __init__(self, name: str, manifest: Manifest, inner: Connector, candid: Candid) -> None:
        super().__init__(name, manifest, inner)
        self._candid = candid

    def ask(
        self, object_name: str, wish: Wish, position: Position | None = None, page_size: int | None = None
    ) -> Flow[Page]:
        """Read one page as it comes; of an object of several parts only the anchors."""
        whole = self._wholes.get(object_name)
        if whole is None:
            return self._candid.ask(object_name, wish, position, page_size)
        return _as_rows(self._candid.ask(whole.anchor, wish, position, page_size))


def compose(name: str, manifest: Manifest, inner: Connector) -> Connector:
    """Give the connector of a system whose manifest has objects of several parts."""
    if isinstance(inner, Candid):
        return CandidComposite(name, manifest, inner, inner)
    return CompositeConnector(name, manifest, inner)


def _as_rows(flow: Flow[Page]) -> Generator[Any, Any, Page]:
    page = yield from flow
    rows = [encode_row(Shown(msgspec.Raw(bytes(row))), {}) for row in page.rows]
    return Page(rows, page.next, page.ahead, page.total, page.server_time)


def _one_by_one(flows: Sequence[Flow[Written]]) -> Generator[Any, Any, list[Written | Error]]:
    outcomes: list[Written | Error] = []
    for flow in flows:
        try:
            outcomes.append((yield from flow))
        except Error as error:
            outcomes.append(error)
    return outcomes
