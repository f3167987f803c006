"""One object's file: read whole before anything of it is shown, and written whole or not at all."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import chain
from typing import Any, Final

from tallystick.connectors.files_arrival import Arrival
from tallystick.connectors.files_format import (
    Changing,
    Format,
    RewritableFormat,
    WritableFormat,
    open_format,
)
from tallystick.connectors.files_place import Acknowledging, Place, Seen
from tallystick.connectors.files_request import Change, Listed
from tallystick.connectors.files_rows import UNREADABLE, Rows
from tallystick.connectors.files_text import cut_off
from tallystick.connectors.sighting import Sight
from tallystick.connectors.sql_table import key_columns
from tallystick.core.error import (
    Absent,
    DataError,
    Duplicate,
    Error,
    Garbled,
    ProjectError,
    Refused,
    Stale,
    Unavailable,
)
from tallystick.core.path import Path, parse, read, write
from tallystick.core.record import Raw, decode_raw, encode_raw
from tallystick.project.manifest import ObjectSpec
from tallystick.project.manifest_files import FileSpec

_ATTEMPTS: Final = 3
Outcome = bytes | None | Error


class _MovedError(Exception):
    """The file is not the one that was read any more."""


class Shelf:
    """The file of one object, as it was last read whole.

    ``refresh`` looks whether it is still the newest; ``clock`` gives seconds UTC and ``sleep`` waits.
    """

    def __init__(
        self,
        spec: ObjectSpec,
        place: Place,
        title: str,
        sight: Sight,
        *,
        clock: Callable[[], float] = time.time,  # noqa: TID251 - the age of a file is measured by this machine's clock
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._spec = spec
        self._place = place
        self._title = title
        self._sight = sight
        self.file = file_of(spec, title)
        self._key = key_paths(spec)
        self._arrival = Arrival(self.file, place, title, clock, sleep)
        self._seen: Seen | None = None
        self._format: Format | None = None
        self._rows: Rows | None = None

    @property
    def source(self) -> str:
        """The name of the file that was read."""
        return self._seen.path if self._seen else self.file.name

    @property
    def is_open(self) -> bool:
        """Whether a file was read."""
        return self._rows is not None

    def close(self) -> None:
        """Forget what was read."""
        if self._rows is not None:
            self._rows.close()
        self._rows = self._seen = None

    def refresh(self) -> None:
        """Read the newest file unless it was read. Raises ``Unavailable`` while none is complete."""
        for _ in range(_ATTEMPTS):
            seen = self._arrival.newest()
            if self._rows is not None and seen.is_as(self._seen):
                return
            seen = self._arrival.settle(seen)
            rows, found = self._load(seen)
            after = self._place.look_at(seen)
            if seen.is_as(after):
                self.close()
                self._rows, self._format, self._seen = rows, found, seen
                return
            rows.close()
        raise Unavailable("the file changes while it is read", hint="run again later", place=self._title)

    def page(self, after: str | None, size: int) -> Listed:
        """Give rows in the order of ids."""
        return self._known().page(after, size)

    def row(self, record_id: str) -> bytes | None:
        """Give one row as JSON; ``None`` where the file surely has none with this id.

        Raises ``Garbled`` where rows without an id might be the one.
        """
        rows = self._known()
        found = rows.row(record_id)
        if found is None and rows.faults:
            raise Garbled(
                "a row that cannot be read may be this record",
                detail=f"{rows.faults} rows of {self.source} show no id",
                hint="correct the file",
                place=f"{self._title}/{record_id}",
            )
        return found

    def search(self, path: Path, value: Any) -> list[bytes]:
        """Give the rows whose value at ``path`` is ``value``."""
        return [row for row in self._known().each() if read(decode_raw(row), path) == value]

    def write(self, changes: Sequence[Change]) -> list[Outcome]:
        """Make changes in one new file; one outcome each. Raises ``Unavailable`` where the file is in motion."""
        for _ in range(_ATTEMPTS):
            self.refresh()
            try:
                return self._write_once(changes)
            except _MovedError:
                continue
        raise Unavailable("the file changes all the time", hint="run again later", place=self._title)

    def _write_once(self, changes: Sequence[Change]) -> list[Outcome]:
        rows, spelling, seen = self._known(), self._format, self._seen
        if not isinstance(spelling, WritableFormat | RewritableFormat) or seen is None:
            raise ProjectError("files of this format are only read", place=self._title)
        with rows.change():
            outcomes = [self._outcome(rows, spelling, change) for change in changes]
            if all(isinstance(outcome, Error) for outcome in outcomes):
                return outcomes
            # Somebody may have put a newer file there since; what it says must not be overwritten.
            if not seen.is_as(self._place.look_at(seen)):
                raise _MovedError
            with self._content(rows, spelling, seen) as content:
                self._seen = self._place.replace(seen, content)
        if isinstance(spelling, RewritableFormat):
            self.close()  # where its rows stand now is read anew
        return outcomes

    def put_away(self) -> None:
        """Tell the place that the file was read; move it, and older ones, to the archive where there is one."""
        if self._seen is None:
            return
        if isinstance(self._place, Acknowledging):
            self._place.acknowledge(self._seen)
        for seen, folder, name in self._arrival.used_up(self._seen):
            self._place.move(seen, folder, name)

    def _known(self) -> Rows:
        if self._rows is None:
            self.refresh()
        if self._rows is None:
            raise Unavailable("no file was read", place=self._title)
        return self._rows

    def _load(self, seen: Seen) -> tuple[Rows, Format]:
        found = open_format(self.file, self._spec, seen.path)
        rows = Rows(self._key, self._title, keeps_source=self.file.write != "never")
        try:
            with self._place.open(seen) as stream:
                rows.fill(found.read(stream))
                self._prove(found, rows, seen)
        except BaseException:
            rows.close()
            raise
        return rows, found

    def _prove(self, found: Format, rows: Rows, seen: Seen) -> None:
        complete, tape = self.file.complete, found.tape
        if complete.trailer:
            trailer = tape.trailer if tape else None
            if trailer is None:
                raise cut_off(seen.path, "its last line is not the closing one")
            said = trailer.groupdict().get("rows")
            if said is not None and int(said) != rows.count:
                raise cut_off(seen.path, f"its closing line counts {said} rows, and there are {rows.count}")
        if tape and complete.final_newline and tape.ends_openly and not self._arrival.is_proven:
            raise cut_off(seen.path, "its last line does not end; if that is so always, set 'final_newline: false'")

    def _outcome(self, rows: Rows, spelling: Changing, change: Change) -> Outcome:
        try:
            match change.op:
                case "create":
                    return self._create(rows, spelling, change.values)
                case "update":
                    return self._update(rows, spelling, change)
                case "delete":
                    return self._delete(rows, spelling, change)
        except DataError as error:
            return Refused(error.message, field=error.field, place=self._title)
        except Error as error:
            return error

    def _create(self, rows: Rows, spelling: Changing, body: Raw) -> Outcome:
        source = spelling.make(body)
        record = spelling.decode(source)
        record_id = rows.identify(record)
        if rows.row(record_id) is not None:
            raise Duplicate("the file has a row with this id", place=f"{self._title}/{record_id}")
        row = encode_raw(record)
        rows.add(record_id, row, source)
        return row

    def _update(self, rows: Rows, spelling: Changing, change: Change) -> Outcome:
        self._check(rows, change)
        return self._put(rows, spelling, change.id, change.values)

    def _put(self, rows: Rows, spelling: Changing, record_id: str, patch: Raw) -> bytes:
        source = spelling.change(rows.source(record_id), patch)
        record = spelling.decode(source)
        if rows.identify(record) != record_id:
            raise Refused("the id of a row cannot be changed", place=f"{self._title}/{record_id}")
        row = encode_raw(record)
        rows.put(record_id, row, source)
        return row

    def _delete(self, rows: Rows, spelling: Changing, change: Change) -> Outcome:
        self._check(rows, change)
        tombstone = self._spec.deleted
        if tombstone is None:
            rows.remove(change.id)
            return None
        patch: Raw = {}
        write(patch, parse(tombstone.path), tombstone.values[0] if tombstone.values else True)
        self._put(rows, spelling, change.id, patch)
        return None

    def _check(self, rows: Rows, change: Change) -> None:
        """Refuse what is not there, cannot be read, or is no longer as it was known."""
        place = f"{self._title}/{change.id}"
        row = rows.row(change.id)
        if row is None:
            raise Absent("the file has no such row", place=place)
        record = decode_raw(row)
        if UNREADABLE in record:
            raise Refused("the row cannot be read, so it is not overwritten", place=place)
        if self._sight(row).deleted:
            raise Absent("the row is marked as deleted", place=place)
        is_other = any(record.get(name) != value for name, value in change.expected.items())
        if is_other or (change.version is not None and change.version != self._sight.version(record, row)):
            raise Stale("the row has changed since it was read", place=place)

    @contextmanager
    def _content(
        self, rows: Rows, spelling: WritableFormat | RewritableFormat, seen: Seen
    ) -> Iterator[Iterator[bytes]]:
        """Give the new file in pieces; the first is made before anything is written."""
        if isinstance(spelling, WritableFormat):
            yield self._pieces(rows, spelling)
            return
        with self._place.open(seen) as stream, closing(spelling.rewrite(stream, rows.sources)) as pieces:
            first = next(pieces)
            yield chain([first], pieces)

    def _pieces(self, rows: Rows, spelling: WritableFormat) -> Iterator[bytes]:
        yield spelling.head
        before = spelling.head
        for source in rows.sources():
            yield spelling.joint(before)
            yield source
            before = source or before
        if spelling.by_line:
            yield spelling.joint(before)
        yield spelling.tail
        if spelling.tape:
            yield spelling.tape.closing_line(rows.count)


def file_of(spec: ObjectSpec, title: str) -> FileSpec:
    """Give the file of an object. Raises ``ProjectError`` where it has none, or one that cannot be written."""
    file = spec.file
    if file is None:
        raise ProjectError(
            "nothing says which file the object is in", hint="file: {name: ..., format: csv}", place=title
        )
    try:
        re.compile(file.complete.trailer)
    except re.error as error:
        raise ProjectError(f"'trailer' is no regular expression: {error}", place=title) from None
    if file.write != "never":
        if file.format == "json" and file.records:
            hint = "a JSON document is written where it is nothing but the list of records"
            raise ProjectError("a list inside a JSON document is only read", hint=hint, place=title)
        if file.archive or any(part in file.name for part in ("{date}", "{number}", "*")):
            hint = "remove 'archive', and give 'name' without {date}, {number} and *"
            raise ProjectError("only one file of a fixed name can be written", hint=hint, place=title)
    return file


def key_paths(spec: ObjectSpec) -> list[Path]:
    """Give where the id of an object stands in a record: one path or several."""
    return [parse(part) for part in key_columns(spec.id, spec.fields)]
