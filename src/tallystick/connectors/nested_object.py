"""Lines inside a record as records of their own: what they look like, and how they are told apart.

line's id      the holder's id and the line's key, which no other line of that holder shares
line's record  the line as it stands there, with the holder's id beside its fields
version        a digest of the line, so that two lines of one holder do not stand in each other's way
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import msgspec

from tallystick.connectors.sighting import scalar_text
from tallystick.core.error import DataError, InvalidValue
from tallystick.core.path import parse, read, render
from tallystick.core.ports import Capabilities, Connector, Sighting
from tallystick.core.record import UNKNOWN, Raw, decode_raw, encode_raw, fingerprint
from tallystick.project.lines import ID
from tallystick.project.manifest import Manifest, ObjectSpec

_MARK: Final = "/"
Lines = list[Any]


class Row(msgspec.Struct, array_like=True):
    """A row of a listing: a line, or ``None`` with the reason why the lines of a holder cannot be told."""

    record: dict[str, Any] | None
    deleted: bool = False
    fault: str = ""


_ROW: Final = msgspec.json.Decoder(Row)


class Nest:
    """One object of lines: where they stand and what tells them apart."""

    def __init__(self, name: str, spec: ObjectSpec, manifest: Manifest, inner: Connector, system: str) -> None:
        assert spec.inside is not None  # the caller chose it for that
        inside = spec.inside
        self.inner = inner
        self.place = f"{system}/{name}"
        self.holder = inside.object
        self.holder_name = inside.holder
        self.path = parse(inside.path)
        self.key = parse(inside.key)
        self._empty_if_missing = manifest.objects[inside.object].omits_blank

    def lines(self, holder: Raw) -> Lines | None:
        """Give the list in a record; ``None`` where nobody knows it."""
        found = read(holder, self.path)
        if found is None or (found is UNKNOWN and self._empty_if_missing):
            return []
        return found if isinstance(found, list) else None

    def key_of(self, line: Any) -> str | None:
        """Give what tells a line apart; ``None`` for one that has none."""
        found = read(line, self.key) if isinstance(line, dict) else None
        return scalar_text(None if found is UNKNOWN else found)

    def part(self, record_id: str) -> tuple[str, str]:
        """Take a line's id apart: the holder's id and the key."""
        keys = record_id.rsplit(_MARK, 1) if _MARK in record_id else [record_id, ""]
        return _plain(keys[0]), _plain(keys[1])

    def row_of(self, holder: Sighting, line: Raw) -> Raw:
        """Give a line's record."""
        key = self.key_of(line)
        return {**line, self.holder_name: holder.id, ID: f"{_spelled(holder.id)}{_MARK}{_spelled(key or '')}"}

    def sight(self, holder: Sighting, line: Raw) -> Sighting:
        """Show a line of a holder that was read. Raises ``DataError`` for a line without key."""
        return self.decode(encode_raw(self._shown(holder, line, self._keys(holder))))

    def _keys(self, holder: Sighting) -> Counter[str | None]:
        return Counter(map(self.key_of, self.lines(holder.record) or ()))

    def decode(self, row: bytes) -> Sighting:
        """Decode one row of a page. Raises ``DataError`` for what is no line, or has no key."""
        try:
            shown = _ROW.decode(row)
        except msgspec.DecodeError as error:
            raise DataError("a row is no line", detail=str(error), place=self.place) from error
        if shown.record is None:
            raise DataError("the lines of a record cannot be told", detail=shown.fault, place=self.place)
        record = decode_raw(encode_raw(shown.record))
        record_id = str(record.pop(ID))
        if record_id.endswith(_MARK):
            raise DataError("a line has no key", field=render(self.key), place=f"{self.place}/{record_id}")
        version = f"{fingerprint(encode_raw(record)) & ((1 << 64) - 1):016x}"
        hint = "let the lines of one record differ in it, or choose another key (inside in the manifest)"
        fault = InvalidValue(shown.fault, field=render(self.key), hint=hint) if shown.fault else None
        return Sighting(record_id, record, version, deleted=shown.deleted, raw_hash=fingerprint(row), fault=fault)

    def rows(self, row: bytes) -> list[bytes]:
        """Turn one row of holders into rows of lines."""
        try:
            holder = self.inner.sight(self.holder, row)
        except (DataError, msgspec.DecodeError) as fault:
            return [encode_raw(Row(None, fault=str(fault)))]
        lines = self.lines(holder.record)
        if lines is None:
            return [encode_raw(Row(None, fault=f"{self.holder} {holder.id} shows no list '{render(self.path)}'"))]
        keys = self._keys(holder)
        return [
            encode_raw(self._shown(holder, line, keys) if isinstance(line, dict) else Row(None, fault="no record"))
            for line in lines
        ]

    def _shown(self, holder: Sighting, line: Raw, keys: Mapping[str | None, int]) -> Row:
        key = self.key_of(line)
        twice = f"several lines of {self.holder} {holder.id} have the key '{key}'" if keys.get(key, 0) > 1 else ""
        fault = str(holder.fault) if holder.fault is not None else twice
        return Row(self.row_of(holder, line), holder.deleted, fault)

    def capabilities(self) -> Capabilities:
        """Say what can be done with lines: what can be done with their holders, one write after the other."""
        can = self.inner.capabilities(self.holder)
        changes = can.update and can.read_by_id
        return replace(
            can,
            create=changes,
            update=changes,
            delete=changes,
            create_idem="search",
            searchable=(self.holder_name,) if can.read_by_id else (),
            tombstones="no",
            tokens=False,
            version="field",
            bulk=0,
            in_flight=1,
            sort=False,
            shares_key=False,
            is_serial=True,
        )


def _spelled(text: str) -> str:
    return text.replace("%", "%25").replace(_MARK, "%2F")


def _plain(text: str) -> str:
    return text.replace("%2F", _MARK).replace("%25", "%")
