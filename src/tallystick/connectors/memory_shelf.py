"""The records of a system that lives in this process: what the memory protocol talks to.

It behaves as the manifest says a system does: generated or given ids, versions, change times, unique fields, soft or
hard deletion. Tests edit it directly, as people edit a real system.
"""

import heapq
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tallystick.connectors.moment import seconds
from tallystick.connectors.sighting import is_tombstone, scalar_text
from tallystick.core.error import Absent, Duplicate, Refused, Stale
from tallystick.core.path import Path, parse, read, render, write
from tallystick.core.record import UNKNOWN, Raw, decode_raw, encode_raw
from tallystick.project.manifest import FieldSpec, ObjectSpec

_INTEGER = re.compile(r"-?[0-9]{1,18}")
Clock = Callable[[], float]
Key = tuple[float, int, str]


class Ticks:
    """A clock that is one second later each time it is asked; the default, so that every run is the same."""

    def __init__(self, start: float = 1_700_000_000) -> None:
        self._now = start

    def __call__(self) -> float:
        """Give seconds UTC."""
        self._now += 1
        return self._now


@dataclass(slots=True)
class Kept:
    """One record as it is stored. ``order`` is the place of its id among all, ``row`` the record as JSON."""

    row: bytes
    order: tuple[int, str]
    modified: float
    deleted: bool = False


class Shelf:
    """All records of one object type."""

    def __init__(self, name: str, spec: ObjectSpec, clock: Clock, place: str = "") -> None:
        self.spec = spec
        self.now = clock
        self._place = f"{place}/{name}" if place else name
        self._id = parse(spec.id)
        self._unique = [parse(path) for path, field in spec.fields.items() if field.unique and path != spec.id]
        self._kept: dict[str, Kept] = {}
        self._taken: dict[tuple[Path, bytes], str] = {}
        self._replies: dict[str, str] = {}
        self._last = 0

    def __len__(self) -> int:
        """Count the records, tombstones included."""
        return len(self._kept)

    def __iter__(self) -> Iterator[Raw]:
        """Give a copy of every record, tombstones included, in the order of ids."""
        return (decode_raw(kept.row) for kept in sorted(self._kept.values(), key=lambda kept: kept.order))

    def row(self, record_id: str) -> bytes | None:
        """Give one record as JSON, or ``None``."""
        kept = self._kept.get(record_id)
        return kept.row if kept else None

    def record(self, record_id: str) -> Raw | None:
        """Give a copy of one record, or ``None``."""
        row = self.row(record_id)
        found: Raw | None = decode_raw(row) if row is not None else None
        return found

    def page(self, since: float | None, after: Key | None, size: int) -> tuple[list[bytes], Key | None]:
        """Give up to ``size`` rows after a key in keyset order, and the key of the last where more follow."""
        by_time = since is not None
        keyed = [(_key(kept, by_time=by_time), kept.row) for kept in self._kept.values()]
        wanted = (
            pair for pair in keyed if (since is None or pair[0][0] >= since) and (after is None or pair[0] > after)
        )
        found = heapq.nsmallest(size + 1, wanted)
        return [row for _, row in found[:size]], found[size - 1][0] if len(found) > size else None

    def find(self, path: Path, value: Any) -> list[bytes]:
        """Give the rows whose value at ``path`` is ``value``, tombstones included."""
        return [kept.row for kept in self._kept.values() if read(decode_raw(kept.row), path) == value]

    def create(self, body: Raw, key: str = "") -> str:
        """Add a record and give its id; the same ``key`` again gives the first one's where the manifest says so.

        Raises ``Refused`` or ``Duplicate`` as a system does.
        """
        remembers = bool(key) and self.spec.claims.create_idem == "key"
        if remembers and key in self._replies:
            return self._replies[key]
        self._check(body, whole=True)
        record = deepcopy(body)
        record_id = scalar_text(read(record, self._id)) or self._new_id()
        if self.spec.id_type == "integer" and not _INTEGER.fullmatch(record_id):
            raise Refused("the id must be an integer", field=render(self._id), place=self._place, status=422)
        if record_id in self._kept:
            raise Duplicate("a record with this id exists already", field=render(self._id), place=self._place)
        self._check_unique(record, record_id)
        write(record, self._id, int(record_id) if self.spec.id_type == "integer" else record_id)
        self._keep(record_id, record, version=1, now=self.now())
        if remembers:
            self._replies[key] = record_id
        return record_id

    def update(self, record_id: str, patch: Raw, version: str | None = None) -> None:
        """Change some values of a record; nested objects are merged. Raises ``Absent``, ``Stale``, ``Refused``."""
        before = self._writable(record_id, version)
        self._check(patch, whole=False)
        record = deepcopy(before)
        _merge(record, deepcopy(patch))
        if scalar_text(read(record, self._id)) != record_id:
            raise Refused("the id of a record cannot be changed", field=render(self._id), place=self._place)
        self._check_unique(record, record_id)
        self._release(before)
        self._keep(record_id, record, version=self._version_of(record) + 1, now=self.now())

    def delete(self, record_id: str, version: str | None = None) -> None:
        """Delete a record, or mark it where the manifest has a tombstone. Raises ``Absent`` or ``Stale``."""
        record = self._writable(record_id, version)
        if self.spec.deleted is None:
            del self._kept[record_id]
            self._release(record)
            return
        mark = self.spec.deleted.values[0] if self.spec.deleted.values else True
        write(record, parse(self.spec.deleted.path), mark)
        self._keep(record_id, record, version=self._version_of(record) + 1, now=self.now())

    def _keep(self, record_id: str, record: Raw, version: int, now: float) -> None:
        spec = self.spec
        if spec.version:
            write(record, parse(spec.version), version)
        if spec.created and version == 1:
            write(record, parse(spec.created), self._spell(now))
        if spec.modified:
            write(record, parse(spec.modified), self._spell(now))
            # The record is all that callers see, so the filter must not know the time better than it does.
            now = seconds(read(record, parse(spec.modified)), spec.modified_format, UTC) or now
        deleted = spec.deleted is not None and is_tombstone(read(record, parse(spec.deleted.path)), spec.deleted)
        order = (int(record_id), "") if spec.id_type == "integer" else (0, record_id)
        self._kept[record_id] = Kept(encode_raw(record), order, now, deleted)
        self._taken.update((taken, record_id) for taken in self._unique_values(record))

    def _spell(self, now: float) -> Any:
        if self.spec.modified_format == "unix":
            return now
        if self.spec.modified_format == "unix_ms":
            return int(now * 1000)
        return datetime.fromtimestamp(now, UTC).isoformat()

    def _new_id(self) -> str:
        self._last += 1
        while (found := str(self._last)) in self._kept:
            self._last += 1
        return found

    def _version_of(self, record: Raw) -> int:
        found = read(record, parse(self.spec.version)) if self.spec.version else 1
        return found if isinstance(found, int) else 1

    def _writable(self, record_id: str, version: str | None) -> Raw:
        kept = self._kept.get(record_id)
        if kept is None or kept.deleted:
            raise Absent("there is no such record", place=f"{self._place}/{record_id}", status=404)
        record: Raw = decode_raw(kept.row)
        if self.spec.claims.cas_write and version is not None and version != str(self._version_of(record)):
            raise Stale("the record has changed since", place=f"{self._place}/{record_id}", status=412)
        return record

    def _check(self, body: Raw, *, whole: bool) -> None:
        fields = self.spec.fields
        own = {parse(path)[0] for path in (self.spec.id, *fields)}
        for name in body:
            if fields and name not in own:
                raise Refused(f"there is no field '{name}'", field=name, place=self._place, status=422)
        for path, field in fields.items():
            value = read(body, parse(path))
            generated = field.read_only or path == self.spec.id
            if value is UNKNOWN and (generated or not whole or not field.required):
                continue
            if problem := _problem(value, field):
                raise Refused(f"'{path}' {problem}", field=path, place=self._place, status=422)

    def _unique_values(self, record: Raw) -> Iterator[tuple[Path, bytes]]:
        for path in self._unique:
            value = read(record, path)
            if value is not None and value is not UNKNOWN:
                yield path, encode_raw(value)

    def _check_unique(self, record: Raw, record_id: str) -> None:
        for path, value in self._unique_values(record):
            if self._taken.get((path, value), record_id) != record_id:
                name = render(path)
                raise Duplicate(f"another record has this '{name}'", field=name, place=self._place, status=409)

    def _release(self, record: Raw) -> None:
        for taken in self._unique_values(record):
            self._taken.pop(taken, None)


def _problem(value: Any, field: FieldSpec) -> str:
    if value is UNKNOWN:
        return "is required"
    if value is None:
        return "" if field.nullable else "must not be blank"
    if isinstance(value, str) and field.max_length is not None and len(value) > field.max_length:
        return f"is longer than {field.max_length} characters"
    if field.options and value not in field.options:
        return "is none of the options"
    return ""


def _key(kept: Kept, *, by_time: bool) -> Key:
    return (kept.modified if by_time else 0, *kept.order)


def _merge(record: Raw, patch: Raw) -> None:
    for name, value in patch.items():
        here = record.get(name)
        if isinstance(value, dict) and isinstance(here, dict):
            _merge(here, value)
        else:
            record[name] = value
