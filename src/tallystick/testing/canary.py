"""A connector that sees nothing but records of our own, in a system that holds others.

A law of the conformance suite expects an empty system. In a system that is in use, the canaries of a law are all it
gets to see, and all it can have left behind.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from unittest import SkipTest

from tallystick.core.error import DataError, Error
from tallystick.core.path import Path
from tallystick.core.ports import Capabilities, Connector, Flow, NotThere, Page, Position, Sighting, Update, Written
from tallystick.core.record import Raw
from tallystick.core.schema import ObjectType


@dataclass(slots=True)
class Canaries:
    """A connector that shows the records made through it, and no others.

    ``salt`` sets idempotency keys apart, which systems remember for days, from those of other laws and trials.
    ``since`` narrows listings of a large object to what changed since then; without it, ``is_large`` skips the law.
    """

    inner: Connector
    own: set[str]
    salt: str = ""
    is_large: bool = False
    since: float | None = None

    def objects(self) -> tuple[str, ...]:
        """Name the object types."""
        return self.inner.objects()

    def schema(self, object_name: str) -> ObjectType:
        """Describe one object type."""
        return self.inner.schema(object_name)

    def capabilities(self, object_name: str) -> Capabilities:
        """Say what can be done with an object type."""
        return self.inner.capabilities(object_name)

    def read(
        self,
        object_name: str,
        since: float | None = None,
        position: Position | None = None,
        page_size: int | None = None,
    ) -> Flow[Page]:
        """Read one page, without the records of others."""
        if self.is_large and since is None and self.since is None:
            raise SkipTest("there are too many records to list them again and again, and no filter by time of change")
        return self._read(object_name, self.since if since is None else since, position, page_size)

    def _read(
        self, object_name: str, since: float | None, position: Position | None, page_size: int | None
    ) -> Flow[Page]:
        page = yield from self.inner.read(object_name, since, position, page_size)
        return replace(page, rows=[row for row in page.rows if self._is_own(object_name, row)])

    def _is_own(self, object_name: str, row: bytes) -> bool:
        try:
            return self.inner.sight(object_name, row).id in self.own
        except DataError:
            return False

    def sight(self, object_name: str, row: bytes) -> Sighting:
        """Decode one row of a page."""
        return self.inner.sight(object_name, row)

    def get(self, object_name: str, record_id: str) -> Flow[Sighting | NotThere]:
        """Read one record by id."""
        return self.inner.get(object_name, record_id)

    def find(self, object_name: str, path: Path, value: Any) -> Flow[Sequence[Sighting]]:
        """Find records by a field's value."""
        return self.inner.find(object_name, path, value)

    def create(self, object_name: str, body: Raw, key: str) -> Flow[Written]:
        """Create one record, which is ours from then on."""
        written = yield from self.inner.create(object_name, body, f"{self.salt}{key}")
        self.own.add(written.id)
        return written

    def update(self, object_name: str, update: Update) -> Flow[Written]:
        """Change one record of ours."""
        self._refuse_others([update.id])
        return self.inner.update(object_name, update)

    def delete(self, object_name: str, record_id: str, version: str | None = None) -> Flow[None]:
        """Delete one record of ours."""
        self._refuse_others([record_id])
        return self.inner.delete(object_name, record_id, version)

    def create_many(self, object_name: str, bodies: Sequence[tuple[Raw, str]]) -> Flow[Sequence[Written | Error]]:
        """Create several, which are ours from then on."""
        salted = [(body, f"{self.salt}{key}") for body, key in bodies]
        outcomes = yield from self.inner.create_many(object_name, salted)
        self.own.update(each.id for each in outcomes if isinstance(each, Written))
        return outcomes

    def update_many(self, object_name: str, updates: Sequence[Update]) -> Flow[Sequence[Written | Error]]:
        """Change several records of ours."""
        self._refuse_others(each.id for each in updates)
        return self.inner.update_many(object_name, updates)

    def _refuse_others(self, ids: Iterable[str]) -> None:
        # The last line of defence: whatever a law does, nobody's record but its own is touched.
        assert self.own.issuperset(ids), "a law wanted to change a record that it has not made"
