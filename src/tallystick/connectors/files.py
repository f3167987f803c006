"""The files protocol: exports that lie somewhere as files, as object types.

A file is read whole, proven complete and indexed before anything of it is shown, so each listing is a snapshot of the
system: what changed, and what is gone, is found by comparing with what was last agreed. Changes are merged into a new
file that takes the place of the old one at once.
"""

from collections.abc import Generator, Sequence
from pathlib import Path as FilePath
from typing import Any, Final, Protocol, runtime_checkable

import msgspec

from tallystick.connectors.files_arrival import is_proven
from tallystick.connectors.files_open import is_local, open_place, place_of
from tallystick.connectors.files_request import Change, Fetch, Listed, Listing, Search, Write
from tallystick.connectors.files_rows import UNREADABLE
from tallystick.connectors.files_shelf import Shelf, file_of, key_paths
from tallystick.connectors.files_transport import FilesTransport
from tallystick.connectors.moment import zone
from tallystick.connectors.sighting import Sight, scalar_text
from tallystick.connectors.sql_table import join_id, key_columns, nearest
from tallystick.core.error import DataError, Error, Garbled, ProjectError
from tallystick.core.path import Path, read
from tallystick.core.ports import Capabilities, Flow, NotThere, Page, Position, Secrets, Sighting, Update, Written
from tallystick.core.record import Raw, decode_raw
from tallystick.core.schema import ObjectType
from tallystick.project.manifest import Manifest, ObjectSpec
from tallystick.project.schema import object_type

PAGE_SIZE: Final = 1000
BULK: Final = 10_000  # every write is a whole new file, so the more at once the better


@runtime_checkable
class Housed(Protocol):
    """Secrets of a project know its folder, which relative addresses are relative to."""

    @property
    def folder(self) -> FilePath:
        """The project's folder."""


class FilesConnector:
    """The contract of ``core.ports.Connector`` over a ``FilesTransport``."""

    def __init__(self, name: str, manifest: Manifest, *, is_local: bool = True) -> None:
        self._name = name
        # A server may still rename what we sent before the connection was lost.
        self._in_flux = 0.0 if is_local else 2 * manifest.network.timeout_seconds
        self._manifest = manifest
        self._specs = dict(manifest.objects)
        self._sights = {key: make_sight(spec, manifest, f"{name}/{key}") for key, spec in self._specs.items()}

    def objects(self) -> tuple[str, ...]:
        """Name the object types."""
        return tuple(self._specs)

    def schema(self, object_name: str) -> ObjectType:
        """Describe one object type as the manifest has it."""
        spec = self._spec(object_name)
        return object_type(object_name, spec, key_columns(spec.id, spec.fields))

    def capabilities(self, object_name: str) -> Capabilities:
        """Say what can be done: a complete file is a snapshot; it can be written where the manifest says so."""
        spec = self._spec(object_name)
        file = file_of(spec, f"{self._name}/{object_name}")
        is_writable, complete = file.write != "never", file.complete
        unique = [path for path, field in spec.fields.items() if field.unique]
        # Between two looks that prove an absence a file that is still growing must have shown that it grows.
        patience = 0 if is_proven(file) else complete.settle_seconds
        return Capabilities(
            create=is_writable,
            update=is_writable,
            delete=is_writable,
            read_by_id=True,
            cas_write=is_writable,
            create_idem="client_id" if is_writable else "none",
            searchable=tuple(dict.fromkeys((*spec.filters, *unique))),
            consistency=patience if spec.claims.consistency_seconds is None else spec.claims.consistency_seconds,
            late_commit=0,
            skew=spec.claims.skew_seconds or 0,
            timeout=self._manifest.network.timeout_seconds,
            in_flux=self._in_flux if is_writable else 0,
            tombstones="yes" if spec.deleted else "no",
            list_order="keyset",
            returns_record=is_writable,
            bulk=BULK if is_writable else 0,
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
        """Read one page in the order of ids. Raises ``Unavailable`` while no complete file is there."""
        spec = self._spec(object_name)
        if since is not None:
            raise ProjectError("a file cannot be asked for changes", place=f"{self._name}/{object_name}")
        size = max(1, page_size or getattr(spec.paging, "limit", 0) or getattr(spec.paging, "size", 0) or PAGE_SIZE)
        found: Listed = yield Listing(object_name, _after(position), size)
        follows = msgspec.json.encode([found.last]).decode() if found.last is not None else None
        return Page(rows=found.rows, next=follows, total=found.total)

    def sight(self, object_name: str, row: bytes) -> Sighting:
        """Decode one row of a page. Raises ``DataError`` for a row that shows no id or is no record."""
        self._spec(object_name)
        if UNREADABLE.encode() in row:
            return self._unreadable(object_name, row)
        return self._sights[object_name](row)

    def get(self, object_name: str, record_id: str) -> Flow[Sighting | NotThere]:
        """Read one row by id; one that is marked as deleted is gone."""
        row = yield Fetch(object_name, record_id)
        if row is None:
            return NotThere(evidence="the complete file does not list it")
        found = self.sight(object_name, row)
        return NotThere(gone=True, evidence="the row is marked as deleted") if found.deleted else found

    def find(self, object_name: str, path: Path, value: Any) -> Flow[Sequence[Sighting]]:
        """Find rows by the value of a field, rows that are marked as deleted included."""
        rows = yield Search(object_name, path, value)
        return [self.sight(object_name, row) for row in rows]

    def create(self, object_name: str, body: Raw, key: str) -> Flow[Written]:
        """Add one row. An id that is there is ``Duplicate``, so a repeated create cannot double (R-10.9)."""
        outcomes = yield from self.create_many(object_name, [(body, key)])
        return _only(outcomes)

    def update(self, object_name: str, update: Update) -> Flow[Written]:
        """Change one row if it is still as it was read. Raises ``Stale`` or ``Absent``."""
        outcomes = yield from self.update_many(object_name, [update])
        return _only(outcomes)

    def delete(self, object_name: str, record_id: str, version: str | None = None) -> Flow[None]:
        """Remove one row, or mark it where the manifest has a tombstone. Raises ``Stale`` or ``Absent``."""
        self._spec(object_name)
        [outcome] = yield Write(object_name, (Change("delete", record_id, version=version),))
        if isinstance(outcome, Error):
            raise outcome

    def create_many(self, object_name: str, bodies: Sequence[tuple[Raw, str]]) -> Flow[Sequence[Written | Error]]:
        """Add several rows in one new file; a refused one does not keep the others out."""
        changes = [Change("create", values=body) for body, _ in bodies]
        return (yield from self._write(object_name, changes))

    def update_many(self, object_name: str, updates: Sequence[Update]) -> Flow[Sequence[Written | Error]]:
        """Change several rows in one new file; a refused one does not keep the others out."""
        return (yield from self._write(object_name, [_change(update) for update in updates]))

    def _write(self, object_name: str, changes: Sequence[Change]) -> Generator[Any, Any, list[Written | Error]]:
        self._spec(object_name)
        outcomes = (yield Write(object_name, tuple(changes))) if changes else []
        return [each if isinstance(each, Error) else self._written(object_name, each) for each in outcomes]

    def _written(self, object_name: str, row: bytes) -> Written:
        stored = self._sights[object_name](row)
        return Written(stored.id, stored, stored.version)

    def _unreadable(self, object_name: str, row: bytes) -> Sighting:
        try:
            spot = decode_raw(row)[UNREADABLE]
            record_id, line, column = spot["id"], spot["line"], spot["column"]
        except (msgspec.DecodeError, LookupError, TypeError):
            return self._sights[object_name](row)
        file = self._specs[object_name].file
        name = file.name if file else object_name
        spelled = f"{name}:{line}:{column}" if column else f"{name}:{line}"
        why = f"{spelled}: {spot['why']}"
        fault = DataError(why, field=spot["field"], hint="correct the file", place=f"{self._name}/{object_name}")
        if record_id is None:
            raise fault
        return Sighting(record_id, {}, fault=fault)

    def _spec(self, object_name: str) -> ObjectSpec:
        try:
            return self._specs[object_name]
        except KeyError:
            hint = nearest(object_name, self._specs)
            raise ProjectError(f"there is no object '{object_name}'", hint=hint, place=self._name) from None


def make_sight(spec: ObjectSpec, manifest: Manifest, place: str) -> Sight:
    """Make what reads rows of one object: the version of a row without one of its own is a digest of it."""
    paths = key_paths(spec)

    def identify(record: Raw) -> str:
        parts = [scalar_text(read(record, path)) for path in paths]
        if None in parts:
            raise DataError("a record has no id", field=spec.id, place=place)
        return join_id([part for part in parts if part is not None])

    return Sight(spec, place, zone(manifest.timezone, place), identify, digest=True)


def _change(update: Update) -> Change:
    expected = {}
    if update.version is None and update.current is not None:
        expected = {name: update.current[name] for name in update.patch if name in update.current}
    return Change("update", update.id, update.patch, update.version, expected)


def _after(position: Position | None) -> str | None:
    if position is None:
        return None
    try:
        [after] = msgspec.json.decode(position, type=list[str])
    except (msgspec.DecodeError, ValueError):
        raise Garbled("this is no position in a listing", hint="start the listing anew") from None
    return after


def _only(outcomes: Sequence[Written | Error]) -> Written:
    [outcome] = outcomes
    if isinstance(outcome, Error):
        raise outcome
    return outcome


def open_system(name: str, manifest: Manifest, secrets: Secrets) -> tuple[FilesConnector, FilesTransport]:
    """Open a system of files by its manifest; no file is read before the first request.

    Raises ``ProjectError`` for an address or an object that cannot be used.
    """
    url = secrets.resolve(manifest.url)
    connector = FilesConnector(name, manifest, is_local=is_local(url))
    place = open_place(
        url,
        name,
        secrets.folder if isinstance(secrets, Housed) else None,
        auth=manifest.auth,
        secrets=secrets,
        network=manifest.network,
        names=[spec.file.name for spec in manifest.objects.values() if spec.file],
    )
    shelves = {
        key: Shelf(
            spec,
            place_of(file_of(spec, f"{name}/{key}"), place),
            f"{name}/{key}",
            make_sight(spec, manifest, f"{name}/{key}"),
        )
        for key, spec in manifest.objects.items()
    }
    return connector, FilesTransport(place, shelves)
