"""One object type of a REST system, compiled from its manifest once: paths parsed, addresses and headers joined.

The reading of records lives here (``sight``); the calls are in ``rest_read``, ``rest_write`` and ``rest_bulk``.
"""

import copy
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final
from urllib.parse import unquote

import msgspec

from tallystick.connectors.http.instants import check_format, read_instant
from tallystick.connectors.http.message import Response
from tallystick.connectors.http.paging import Pager
from tallystick.connectors.http.refusal import Write, refusal
from tallystick.connectors.http.rows import Listing
from tallystick.connectors.rest_call import Call, Surroundings
from tallystick.connectors.rest_export import open_export
from tallystick.core.error import DataError, Error, InvalidValue, ProjectError
from tallystick.core.path import Path, parse, read, reader
from tallystick.core.ports import Sighting
from tallystick.core.record import UNKNOWN, Raw, decode_raw
from tallystick.project.manifest import ObjectSpec, Operation, Trial
from tallystick.project.spelling import rewrite

_FALSE_WORDS: Final = frozenset({"", "0", "false", "no", "n", "f"})
_ETAG: Final = "etag"
VALUE: Final = "value"
"""What stands in braces for the wanted value in the call of an action."""


class RestObject:
    """One object type: its calls, and how to read its records."""

    def __init__(self, name: str, spec: ObjectSpec, around: Surroundings, parents: Sequence[str] = ()) -> None:
        self.name = name
        self.spec = spec
        self.around = around
        self.place = f"{around.system}/{name}"
        self.id_path = parse(spec.id)
        self.id_of = _id_reader(self.id_path, spec.id_type)
        """Gives the id of a record as text; ``None`` where there is none (R-4.7)."""
        self.version_header = _version_header(spec)
        self.version_path = parse(spec.version) if spec.version and not self.version_header else ()
        self._version = reader(self.version_path)
        self._modified = reader(parse(spec.modified)) if spec.modified else None
        self._created = reader(parse(spec.created)) if spec.created else None
        self._deleted = parse(spec.deleted.path) if spec.deleted else ()
        self._deleted_values = spec.deleted.values if spec.deleted else ()
        self.paths = {text: parse(text) for text in (*spec.fields, *spec.filters)}
        self.read_only = tuple(self.paths[path] for path, field in spec.fields.items() if field.read_only)
        self.calls = {
            kind: Call(operation, self.place, around, spec.id_type, parents, spec.quotes)
            for kind, operation in operations_of(spec)
            if operation is not None
        }
        for write, operation in (("create", spec.create), ("update", spec.update)):
            if operation is not None and operation.validate_only is not None:
                tried = _tried(operation, operation.validate_only)
                self.calls[f"try_{write}"] = Call(tried, self.place, around, spec.id_type, parents, spec.quotes)
        for each, action in spec.actions.items():
            known = (*parents, VALUE)
            self.calls[f"action {each}"] = Call(action.call, self.place, around, spec.id_type, known, spec.quotes)
        self.export = open_export(spec, around, self.place)
        self.sort = rewrite(spec.sort.value, around.resolve) if spec.sort else ""
        self.since = rewrite(spec.since.template, around.resolve) if spec.since else ""
        self.until = rewrite(spec.since.until_template, around.resolve) if spec.since else ""
        self.cuts: list[float] = []  # where listings had to be cut so far (``rest_parts``)
        self.filters = {path: rewrite(f.template, around.resolve) for path, f in spec.filters.items()}
        listing = spec.list.record if spec.list else ""
        self.pager = Pager(spec.paging, around.hosts, around.secret_query, self.place)
        self.listing = Listing(parse(listing), self.id_path, self.place, around.scrub, self.pager.reads)
        check_format(spec.modified_format)
        if spec.since:
            check_format(spec.since.format, writing=True)

    def below(self, parents: Mapping[str, str | int]) -> "RestObject":
        """Give the same object below one record: the ids of those above it are filled into its calls."""
        kind = copy.copy(self)
        kind.calls = {name: call.below(parents, self.place) for name, call in self.calls.items()}
        kind.cuts = []
        kind.export = None  # a job lists what lies below all records, and not below this one
        return kind

    def call(self, kind: str) -> Call:
        """Give an operation.

        Raises:
            ProjectError: the manifest has none.
        """
        found = self.calls.get(kind)
        if found is None:
            raise ProjectError(
                f"'{self.name}' has no operation '{kind}'",
                hint=f"add {kind} to the object in the manifest of '{self.around.system}'",
                place=self.place,
            )
        return found

    # --- records --------------------------------------------------------------------------------------------------

    def sight(self, row: bytes) -> Sighting:
        """Decode one record. Raises ``DataError`` for one that has no id or is no record."""
        try:
            record = decode_raw(row)
        except (msgspec.DecodeError, RecursionError) as cause:
            raise DataError("a record is no JSON", detail=str(cause)[:120], hint=_TELL, place=self.place) from cause
        return self.sighting(record)

    def sighting(self, record: Any, headers: Mapping[str, str | None] | None = None) -> Sighting:
        """Read id, version, times and tombstone of a decoded record; ``headers`` may carry its version."""
        if type(record) is not dict:
            raise DataError(
                "a record is no object", detail=f"it is {type(record).__name__}", hint=_TELL, place=self.place
            )
        record_id = self.id_of(record)
        if record_id is None:
            raise DataError(
                f"a record has no id at '{self.spec.id}'",
                field=self.spec.id,
                detail=f"it has {', '.join(map(str, list(record)[:8])) or 'no fields'}",
                hint="correct id in the manifest, or the record in the system",
                place=self.place,
            )
        version = headers.get(self.version_header) if headers is not None and self.version_header else None
        if version is None and self.version_path:
            version = _text_id(self._version(record))
        return Sighting(
            record_id,
            record,
            version,
            self._time(self._modified(record), record_id) if self._modified else None,
            self._time(self._created(record), record_id) if self._created else None,
            bool(self._deleted) and self._is_deleted(record),
        )

    def id_in_address(self, address: str) -> str | None:
        """Read the id out of the address of a record, such as a ``Location``; ``None`` where it has none."""
        own = (call.operation.path for call in self.calls.values() if call.is_addressed)
        before, _, after = next(own, "").partition("?")[0].partition("{id}")
        found = re.search(re.escape(before) + r"([^/]+)" + re.escape(after) + "$", address) if before else None
        step = unquote(found[1] if found else address.rpartition("/")[2])
        if self.spec.id_type == "integer":
            return str(int(step)) if step.isdecimal() else None
        return step or None

    def raw_version(self, version: str, current: Raw | None) -> Any:
        """Spell a version for a body: as it came with the record, or as its field is typed."""
        known = read(current, self.version_path) if current is not None else UNKNOWN
        if known is not UNKNOWN and str(known) == version:
            return known
        field = self.spec.fields.get(self.spec.version)
        is_number = version.isdecimal() and (field is None or field.type != "text")
        return int(version) if is_number else version

    def _time(self, value: Any, record_id: str) -> float | None:
        if value is None or value is UNKNOWN or value == "":
            return None
        try:
            return read_instant(value, self.spec.modified_format, self.around.zone)
        except InvalidValue as error:
            error.place = f"{self.place}/{record_id}"
            raise

    def _is_deleted(self, record: Raw) -> bool:
        value = read(record, self._deleted)
        if value is UNKNOWN:
            return False
        if self._deleted_values:
            return any(value == known and isinstance(value, bool) == isinstance(known, bool)
                       for known in self._deleted_values)  # fmt: skip
        return value.strip().lower() not in _FALSE_WORDS if isinstance(value, str) else bool(value)

    # --- errors ---------------------------------------------------------------------------------------------------

    def refused(
        self,
        response: Response,
        place: str,
        write: Write | None = None,
        sent: Iterable[str] = (),
        *,
        is_keyed: bool = False,
    ) -> Error:
        """Make the error for an answer that is no success.

        ``sent`` are names of fields it may complain about; ``is_keyed`` tells that an idempotency key went along.
        """
        fields = {*self.spec.fields, *sent}
        return refusal(
            response, place, self.around.scrub, write=write, fields=fields, wall=self.around.wall(), is_keyed=is_keyed
        )


_TELL: Final = "tell the owner of the system; the other records are not affected"


def operations_of(spec: ObjectSpec) -> Iterable[tuple[str, Operation | None]]:
    """Give the operations of an object by name; those that it lacks are ``None``."""
    return (
        ("list", spec.list),
        ("get", spec.get),
        ("condition", spec.condition),
        ("create", spec.create),
        ("update", spec.update),
        ("delete", spec.delete),
        ("create_bulk", spec.create_bulk),
        ("update_bulk", spec.update_bulk),
    )


def _tried(operation: Operation, trial: Trial) -> Operation:
    """Give a write as the call that only checks it."""
    return operation.model_copy(
        update={
            "path": trial.path or operation.path,
            "query": operation.query | trial.query,
            "headers": operation.headers | trial.headers,
        }
    )


def _version_header(spec: ObjectSpec) -> str:
    if spec.version.startswith("header:"):
        return spec.version.removeprefix("header:").strip().lower()
    # A conditional write without a named version works by the ETag; nothing else could fill the header.
    return _ETAG if spec.if_match and not spec.version else ""


def _id_reader(path: Path, kind: str) -> Callable[[Any], str | None]:
    value_of = reader(path)

    def read_number(record: Any) -> str | None:
        value = value_of(record)
        if type(value) is not str:
            return _text_id(value)
        text = value.strip()
        return str(int(text)) if text.isdecimal() else value or None

    def read_last_step(record: Any) -> str | None:
        address = _text_id(value_of(record))
        # Addresses in answers may be templates: /customers/7{?projection}.
        return unquote(re.split(r"[?#{]", address)[0].rstrip("/").rpartition("/")[2]) or None if address else None

    if kind == "address":
        return read_last_step
    return read_number if kind == "integer" else lambda record: _text_id(value_of(record))


def _text_id(value: Any) -> str | None:
    if type(value) is str:
        return value or None
    if type(value) is int:
        return str(value)
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return str(int(value))
    return None
