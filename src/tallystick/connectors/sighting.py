"""From one row of a listing, as bytes, to what the core wants to know of it: id, version, times, tombstone."""

from collections.abc import Callable
from datetime import tzinfo
from decimal import Decimal
from typing import Any

import msgspec

from tallystick.connectors.moment import seconds
from tallystick.core.error import DataError
from tallystick.core.path import Path, parse, read
from tallystick.core.ports import Sighting
from tallystick.core.record import UNKNOWN, Raw, decode_raw, fingerprint
from tallystick.project.manifest import ObjectSpec, Tombstone

Identify = Callable[[Raw], str]


def scalar_text(value: Any) -> str | None:
    """Spell a text or number as an id or a version; ``None`` for blank, unknown and everything else."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    return None


class Sight:
    """Reads rows of one object type as its manifest says where things are.

    ``identify`` gives the id of a decoded record and raises ``DataError`` where there is none. With ``digest`` a
    record without a version of its own gets a digest of its bytes, which is equal exactly while nothing changes.
    """

    def __init__(
        self, spec: ObjectSpec, place: str, here: tzinfo, identify: Identify | None = None, *, digest: bool = False
    ) -> None:
        self._place = place
        self._digest = digest
        self._zone = here
        self._spelling = spec.modified_format
        self._id: Path = () if identify else parse(spec.id)
        self._identify = identify or self._id_of
        self._version = parse(spec.version)
        self._modified = parse(spec.modified)
        self._created = parse(spec.created)
        self._deleted = spec.deleted
        self._tombstone: Path = parse(spec.deleted.path) if spec.deleted else ()

    def __call__(self, row: bytes) -> Sighting:
        """Decode one row. Raises ``DataError`` where it is no record or has no id."""
        try:
            record = decode_raw(row)
        except (msgspec.DecodeError, ArithmeticError) as error:
            raise DataError("a row is not JSON", detail=str(error), place=self._place) from None
        if not isinstance(record, dict):
            raise DataError("a row is not a record", detail=f"it is a {type(record).__name__}", place=self._place)
        mark = fingerprint(row)
        return Sighting(
            self._identify(record),
            record,
            self._version_of(record, mark),
            self._time(record, self._modified) if self._modified else None,
            self._time(record, self._created) if self._created else None,
            bool(self._tombstone) and is_tombstone(read(record, self._tombstone), self._deleted),
            mark,
        )

    def version(self, record: Raw, row: bytes) -> str | None:
        """Give the version of a decoded row: its own, or the digest of its bytes."""
        return self._version_of(record, fingerprint(row))

    def _version_of(self, record: Raw, mark: int) -> str | None:
        if self._version:
            return scalar_text(read(record, self._version))
        return f"{mark & 0xFFFF_FFFF_FFFF_FFFF:016x}" if self._digest else None

    def _time(self, record: Raw, path: Path) -> float | None:
        return seconds(read(record, path), self._spelling, self._zone)

    def _id_of(self, record: Raw) -> str:
        found = scalar_text(read(record, self._id))
        if found is None:
            raise DataError("a record has no id", field=".".join(map(str, self._id)), place=self._place)
        return found


def is_tombstone(value: Any, tombstone: Tombstone | None) -> bool:
    """Tell whether the value at a tombstone's path says that the record was deleted."""
    if tombstone is None or value is UNKNOWN:
        return False
    return value in tombstone.values if tombstone.values else bool(value)
