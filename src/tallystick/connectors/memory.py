"""The memory protocol: a connector over records in this process, for unit tests and for trying things out.

A connector's flow yields ``MemoryRequest``s, one for each call that a real system would get, so that a wrapper around
``MemoryTransport.answer`` can count, delay, lose or repeat each of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any, Literal, TypeVar

from tallystick.connectors.flow import drive, drive_or_error
from tallystick.connectors.memory_shelf import Clock, Key, Shelf, Ticks
from tallystick.connectors.sighting import Sight
from tallystick.core.error import Error, Garbled, ProjectError
from tallystick.core.path import Path
from tallystick.core.ports import (
    Capabilities,
    Flow,
    NotThere,
    Page,
    Position,
    Secrets,
    Sighting,
    Update,
    Written,
)
from tallystick.core.record import Raw, decode_raw, encode_raw
from tallystick.core.schema import ObjectType
from tallystick.project.manifest import Manifest, ObjectSpec
from tallystick.project.schema import object_type

T = TypeVar("T")
Verb = Literal["list", "get", "find", "create", "update", "delete", "create_many", "update_many"]
PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class MemoryRequest:
    """One call to the system: the verb, the object type, and what the verb needs."""

    verb: Verb
    object: str
    arguments: dict[str, Any] = field(default_factory=dict)

    @property
    def writes(self) -> bool:
        """Whether the call may change something."""
        return self.verb not in {"list", "get", "find"}


class MemoryTransport:
    """Answers requests from the shelves of one system. ``shelves`` is open to tests, as a screen is to people."""

    def __init__(self, name: str, manifest: Manifest, clock: Clock | None = None) -> None:
        self.clock: Clock = clock or Ticks()
        self.shelves = {key: Shelf(key, spec, self.clock, name) for key, spec in manifest.objects.items()}

    def run(self, flow: Flow[T]) -> T:
        """Run one flow to its end."""
        return drive(flow, self.answer)

    def run_all(self, flows: Sequence[Flow[T]]) -> Sequence[T | Error]:
        """Run several flows one after the other; one outcome each, in order."""
        return [drive_or_error(flow, self.answer) for flow in flows]

    def close(self) -> None:
        """Give nothing back: the records stay for whoever holds the transport."""

    def answer(self, request: MemoryRequest) -> Any:
        """Do what one request asks for. Raises what a system would answer."""
        return _ANSWERS[request.verb](self.shelves[request.object], **request.arguments)


def _list(shelf: Shelf, since: float | None, after: Key | None, size: int) -> Any:
    return (shelf.now(), len(shelf), *shelf.page(since, after, size))


def _create(shelf: Shelf, body: Raw, key: str) -> tuple[str, bytes | None]:
    record_id = shelf.create(body, key)
    return record_id, shelf.row(record_id)


def _update(shelf: Shelf, update: Update) -> tuple[str, bytes | None]:
    shelf.update(update.id, update.patch, update.version)
    return update.id, shelf.row(update.id)


def _create_many(shelf: Shelf, bodies: Sequence[tuple[Raw, str]]) -> list[Any]:
    return [_outcome(_create, shelf, body, key) for body, key in bodies]


def _update_many(shelf: Shelf, updates: Sequence[Update]) -> list[Any]:
    return [_outcome(_update, shelf, update) for update in updates]


def _outcome(work: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return work(*arguments)
    except Error as error:
        return error


_ANSWERS: dict[Verb, Callable[..., Any]] = {
    "list": _list,
    "get": Shelf.row,
    "find": Shelf.find,
    "create": _create,
    "update": _update,
    "delete": Shelf.delete,
    "create_many": _create_many,
    "update_many": _update_many,
}


class MemoryConnector:
    """The contract of ``core.ports.Connector`` over a ``MemoryTransport``."""

    def __init__(self, name: str, manifest: Manifest) -> None:
        self._name = name
        self._objects = manifest.objects
        self._timeout = manifest.network.timeout_seconds
        self._sight = {key: Sight(spec, f"{name}/{key}", UTC) for key, spec in manifest.objects.items()}

    def objects(self) -> tuple[str, ...]:
        """Name the object types."""
        return tuple(self._objects)

    def schema(self, object_name: str) -> ObjectType:
        """Describe one object type as the manifest has it."""
        return object_type(object_name, self._spec(object_name))

    def capabilities(self, object_name: str) -> Capabilities:
        """Say what can be done: everything but what the manifest leaves out; reads are strong, the clock is exact."""
        spec = self._spec(object_name)
        claims = spec.claims
        return Capabilities(
            create=True,
            update=True,
            delete=True,
            read_by_id=True,
            since=spec.since is not None and bool(spec.modified),
            sort=False,
            cas_write=claims.cas_write and bool(spec.version),
            create_idem=claims.create_idem,
            searchable=tuple(spec.filters) or tuple(path for path, each in spec.fields.items() if each.unique),
            consistency=claims.consistency_seconds or 0,
            late_commit=claims.late_commit_seconds or 0,
            granularity=claims.granularity_seconds,
            skew=claims.skew_seconds or 0,
            timeout=self._timeout,
            in_flux=2 * self._timeout,
            tombstones="yes" if spec.deleted else "no",
            list_order="keyset",
            returns_record=claims.returns_record,
            version="field" if spec.version else "none",
            bulk=spec.create_bulk.size if spec.create_bulk else 0,
            in_flight=1,
            omits_blank=spec.omits_blank,
        )

    def read(
        self,
        object_name: str,
        since: float | None = None,
        position: Position | None = None,
        page_size: int | None = None,
    ) -> Flow[Page]:
        """Read one page, ordered by (change time, id) with ``since`` and by id without."""
        spec = self._spec(object_name)
        size = max(1, page_size or getattr(spec.paging, "limit", 0) or getattr(spec.paging, "size", 0) or PAGE_SIZE)
        arguments = {"since": since, "after": _after(position), "size": size}
        now, total, rows, last = yield MemoryRequest("list", object_name, arguments)
        return Page(
            rows=rows,
            next=encode_raw(last).decode() if last else None,
            total=total if since is None else None,
            server_time=now,
        )

    def sight(self, object_name: str, row: bytes) -> Sighting:
        """Decode one row of a page. Raises ``DataError`` for a record that has no id or is no record."""
        return self._sight[object_name](row)

    def get(self, object_name: str, record_id: str) -> Flow[Sighting | NotThere]:
        """Read one record by id; a soft-deleted one is gone."""
        row = yield MemoryRequest("get", object_name, {"record_id": record_id})
        if row is None:
            return NotThere()
        found = self.sight(object_name, row)
        return NotThere(gone=True, evidence="the record is marked as deleted") if found.deleted else found

    def find(self, object_name: str, path: Path, value: Any) -> Flow[Sequence[Sighting]]:
        """Find records by a field's value, deleted ones included."""
        rows = yield MemoryRequest("find", object_name, {"path": path, "value": value})
        return [self.sight(object_name, row) for row in rows]

    def create(self, object_name: str, body: Raw, key: str) -> Flow[Written]:
        """Create one record."""
        answer = yield MemoryRequest("create", object_name, {"body": body, "key": key})
        return self._written(object_name, answer)

    def update(self, object_name: str, update: Update) -> Flow[Written]:
        """Change one record. Raises ``Stale`` or ``Absent``."""
        answer = yield MemoryRequest("update", object_name, {"update": update})
        return self._written(object_name, answer)

    def delete(self, object_name: str, record_id: str, version: str | None = None) -> Flow[None]:
        """Delete one record. Raises ``Stale`` or ``Absent``."""
        yield MemoryRequest("delete", object_name, {"record_id": record_id, "version": version})

    def create_many(self, object_name: str, bodies: Sequence[tuple[Raw, str]]) -> Flow[Sequence[Written | Error]]:
        """Create several in one request; one outcome each, in order."""
        answers = yield MemoryRequest("create_many", object_name, {"bodies": bodies})
        return [each if isinstance(each, Error) else self._written(object_name, each) for each in answers]

    def update_many(self, object_name: str, updates: Sequence[Update]) -> Flow[Sequence[Written | Error]]:
        """Change several in one request; one outcome each, in order."""
        answers = yield MemoryRequest("update_many", object_name, {"updates": updates})
        return [each if isinstance(each, Error) else self._written(object_name, each) for each in answers]

    def _spec(self, object_name: str) -> ObjectSpec:
        try:
            return self._objects[object_name]
        except KeyError:
            names = ", ".join(self._objects) or "none"
            raise ProjectError(
                f"'{self._name}' has no object '{object_name}'", hint=f"it has: {names}", place=self._name
            ) from None

    def _written(self, object_name: str, answer: tuple[str, bytes | None]) -> Written:
        record_id, row = answer
        if row is None:  # the replayed answer of a create whose record was deleted since
            return Written(record_id)
        stored = self.sight(object_name, row)
        returns = self._spec(object_name).claims.returns_record
        return Written(record_id, stored if returns else None, stored.version if returns else None)


def _after(position: Position | None) -> Key | None:
    if position is None:
        return None
    try:
        modified, number, text = decode_raw(position.encode())
        return float(modified), int(number), str(text)
    except (TypeError, ValueError) as error:
        raise Garbled("this is no position in a listing", hint="start the listing anew") from error


def open_system(
    name: str, manifest: Manifest, secrets: Secrets | None = None, *, clock: Clock | None = None
) -> tuple[MemoryConnector, MemoryTransport]:
    """Open a memory system: empty shelves and a connector to them. ``secrets`` is taken so that all openers are alike.

    ``clock`` gives seconds UTC; without one every write is a second later than the one before.
    """
    del secrets
    return MemoryConnector(name, manifest), MemoryTransport(name, manifest, clock)
