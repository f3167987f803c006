"""One object of several parts: how its record is put together and taken apart again.

raw record     the anchor's own, with each part's record under its role; null where there surely is none, and no
               such key where nobody knows
id             the anchor's
version        those of all parts, so that a write can be conditional on each part that it touches
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec

from tallystick.connectors.sighting import scalar_text
from tallystick.core.error import DataError, Refused
from tallystick.core.path import Path, parse, read, write
from tallystick.core.ports import Capabilities, Connector, Sighting
from tallystick.core.record import UNKNOWN, Raw, decode_raw, encode_raw, fingerprint
from tallystick.project.manifest import Manifest, ObjectSpec
from tallystick.project.manifest_shapes import PartSpec

# What was found of a part: one record, none at all, several (which is a fault), or ``None`` where it is not known.
Found = Sequence[Sighting] | None
_RANKS: Final = ("none", "mtime", "field", "etag")


class Shown(msgspec.Struct, array_like=True, omit_defaults=True):
    """One record inside a row: its bytes, and its version and times where the bytes do not tell them."""

    row: msgspec.Raw
    version: str | None = None
    modified: float | None = None
    created: float | None = None


class Row(msgspec.Struct, array_like=True):
    """A row of a listing: the anchor, and what was found of each part; a part that is not named is not known."""

    anchor: Shown
    parts: dict[str, list[Shown]]


@dataclass(frozen=True, slots=True)
class Stamp:
    """Which record a part was and in which version."""

    id: str
    version: str | None


@dataclass(frozen=True, slots=True)
class Stamps:
    """What a combined version says: the anchor's, and per role the part's; ``None`` where there was no part."""

    anchor: str | None = None
    parts: Mapping[str, Stamp | None] | None = None

    def of(self, role: str) -> Stamp | None:
        """Give the stamp of a part that was there."""
        return self.parts.get(role) if self.parts is not None else None


class Role:
    """One part: which object it is a record of, and how it belongs to the anchor."""

    def __init__(self, name: str, part: PartSpec, spec: ObjectSpec, anchor: ObjectSpec) -> None:
        self.name = name
        self.object = part.object
        self.part = part
        self.spec = spec
        self.link = parse(part.link)
        self.found_by = parse(part.found_by)
        self.where = tuple((parse(path), values) for path, values in part.where.items())
        self.path: Path = (name,)
        self._fills = _fills(spec)
        self._fixed = _fixed(part, spec)
        self._constants = {parse(path): value for path, value in part.on_create.items()}
        kind = spec.fields[part.link].type if part.link in spec.fields else None
        self._by_number = kind in {"integer", "number"} or (kind is None and anchor.id_type == "integer")

    @property
    def is_shared(self) -> bool:
        """Whether several anchors may have the same record as their part, so that it is never written here."""
        return bool(self.found_by)

    def anchor_key(self, anchor: Sighting) -> str | None:
        """Give what a part of this anchor is known by; ``None`` where it can have none."""
        return scalar_text(_known(read(anchor.record, self.found_by))) if self.is_shared else anchor.id

    def part_key(self, part: Sighting) -> str | None:
        """Give what the anchor of this part knows it by; ``None`` for a record that is no such part."""
        if part.deleted or any(read(part.record, path) not in values for path, values in self.where):
            return None
        return part.id if self.is_shared else self.link_of(part)

    def link_of(self, part: Sighting) -> str | None:
        """Give the id that a record's link names, whether or not the record is the part that is meant."""
        return scalar_text(_known(read(part.record, self.link)))

    def link_value(self, anchor_id: str) -> Any:
        """Spell an anchor's id as the part's link does."""
        return int(anchor_id) if self._by_number and anchor_id.removeprefix("-").isdecimal() else anchor_id

    def body(self, anchor_id: str, values: Raw) -> Raw:
        """Make the body of a new part."""
        body: Raw = {}
        for path, value in self._constants.items():
            write(body, path, value)
        for path, wanted in self.where:
            write(body, path, wanted[0])
        overlay(body, values)
        write(body, self.link, self.link_value(anchor_id))
        return body

    def is_hollow(self, record: Raw, patch: Raw) -> bool:
        """Tell whether a change leaves a part with nothing but its id, its links and constants."""
        after = decode_raw(encode_raw(record))
        overlay(after, patch)
        return all(
            path in self._fixed or is_nothing(value) or self._constants.get(path, UNKNOWN) == value
            for path, value in leaves(after)
        )

    def writable(self, record: Raw) -> Raw:
        """Give what of a record can be written again, to put back one that was deleted."""
        body: Raw = {}
        given = {self.link, *(path for path, _ in self.where)}
        for path, value in leaves(record):
            if (path not in self._fixed or path in given) and not is_nothing(value):
                write(body, path, value)
        return body

    def filled(self, part: Sighting) -> Raw:
        """Give a part's record with nulls for the declared fields that it leaves out because they are blank."""
        return fill(part.record, self._fills)


class Whole:
    """One object of several parts."""

    def __init__(self, name: str, spec: ObjectSpec, manifest: Manifest, inner: Connector, system: str) -> None:
        anchor = manifest.objects[spec.anchor]
        self.name = name
        self.inner = inner
        self.place = f"{system}/{name}"
        self.anchor = spec.anchor
        self.roles = tuple(Role(role, part, manifest.objects[part.object], anchor) for role, part in spec.parts.items())
        self.by_name = {role.name: role for role in self.roles}
        self._fills = _fills(anchor)

    def compose(self, anchor: Sighting, found: Mapping[str, Found], raw_hash: int | None = None) -> Sighting:
        """Put a record together; one with several candidates for a part is there but cannot be used."""
        record = fill(anchor.record, self._fills)
        stamps: list[Any] | None = [anchor.version] if anchor.version is not None else None
        times = [anchor.modified]
        fault: DataError | None = None
        for role in self.roles:
            record.pop(role.name, None)
            parts = found.get(role.name)
            if parts is None:
                stamps = None
                continue
            record[role.name] = role.filled(parts[0]) if parts else None
            times += [part.modified for part in parts[:1]]
            if any(part.version is None for part in parts[:1]):
                stamps = None
            if stamps is not None:
                stamps.append([parts[0].id, parts[0].version] if parts else None)
            if len(parts) > 1:
                fault = self._ambiguous(role, anchor, parts)
        known = [time for time in times if time is not None]
        return Sighting(
            anchor.id,
            record,
            encode_raw(stamps).decode() if stamps is not None else None,
            max(known) if anchor.modified is not None else None,
            anchor.created,
            anchor.deleted,
            raw_hash,
            fault or anchor.fault,
        )

    def _ambiguous(self, role: Role, anchor: Sighting, parts: Sequence[Sighting]) -> DataError:
        ids = ", ".join(part.id for part in parts[:5])
        return DataError(
            f"there is more than one '{role.name}'",
            field=role.name,
            detail=f"{role.object} {ids}",
            hint="keep one of them there, or say in the manifest which is meant (where)",
            place=f"{self.place}/{anchor.id}",
        )

    def sight(self, row: bytes) -> Sighting:
        """Decode a row of a listing. Raises ``DataError`` where a record in it has no id or is no record."""
        try:
            shown = _ROW.decode(row)
        except msgspec.DecodeError as error:
            raise DataError("a row is no record of several parts", detail=str(error), place=self.place) from error
        found = {
            role.name: [self._sight(role.object, part) for part in shown.parts[role.name]]
            for role in self.roles
            if role.name in shown.parts
        }
        return self.compose(self._sight(self.anchor, shown.anchor), found, fingerprint(row))

    def _sight(self, object_name: str, shown: Shown) -> Sighting:
        plain = self.inner.sight(object_name, bytes(shown.row))
        if shown.version is None and shown.modified is None and shown.created is None:
            return plain
        return Sighting(plain.id, plain.record, shown.version, shown.modified, shown.created, plain.deleted)

    def part_id(self, role: Role, record: Raw) -> str:
        """Give the id of a part from its record."""
        return self.inner.sight(role.object, encode_raw(record)).id

    def split(self, body: Raw) -> tuple[Raw, list[tuple[Role, Raw]]]:
        """Take a body or patch apart: what is the anchor's, and what belongs to each part.

        Raises:
            Refused: it wants to change a part that several anchors share.
        """
        own = {key: value for key, value in body.items() if key not in self.by_name}
        given = [(role, body[role.name]) for role in self.roles if isinstance(body.get(role.name), dict)]
        for role, _ in given:
            if role.is_shared:
                hint = f"let a mapping of its own keep {role.object}, and the fields here flow away from it only"
                message = f"'{role.name}' may belong to several records and is not written through one of them"
                raise Refused(message, hint=hint, place=self.place, field=role.name)
        return own, given

    def own(self, record: Raw | None) -> Raw | None:
        """Give the anchor's share of a record."""
        return None if record is None else {key: value for key, value in record.items() if key not in self.by_name}

    def stamps(self, version: str | None) -> Stamps:
        """Read a combined version; an unknown one says nothing."""
        if version is None:
            return Stamps()
        anchor, *parts = decode_raw(version.encode())
        given = zip(self.roles, parts, strict=True)
        return Stamps(anchor, {role.name: Stamp(*stamp) if stamp else None for role, stamp in given})

    def capabilities(self) -> Capabilities:
        """Say what can be done: the weakest of all parts, and the sum of the times that one after the other takes."""
        anchor = self.inner.capabilities(self.anchor)
        parts = [(role, self.inner.capabilities(role.object)) for role in self.roles]
        owned = [can for role, can in parts if not role.is_shared]
        removed = [can for role, can in parts if not role.is_shared and role.part.on_delete == "delete"]
        every, written = [anchor, *(can for _, can in parts)], [anchor, *owned]
        return Capabilities(
            create=all(can.create for can in written),
            update=all(can.update and can.create for can in owned) and anchor.update,
            delete=anchor.delete and all(can.delete for can in removed),
            read_by_id=anchor.read_by_id,
            since=all(can.since for can in every),
            cas_write=all(can.cas_write for can in written),
            create_idem=_create_idem(anchor, owned),
            searchable=(*anchor.searchable, *(f"{r.name}.{path}" for r, can in parts for path in can.searchable)),
            consistency=max(can.consistency for can in every),
            late_commit=max(can.late_commit for can in every),
            granularity=max(can.granularity for can in every),
            skew=max(can.skew for can in every),
            timeout=max(can.timeout for can in every),
            in_flux=sum(can.in_flux for can in written),
            tombstones=anchor.tombstones,
            list_order=anchor.list_order,
            version=_version(anchor, [can for _, can in parts]),
            in_flight=min(can.in_flight for can in every),
        )


def _create_idem(anchor: Capabilities, owned: Sequence[Capabilities]) -> Any:
    """Only where every part remembers keys may a creation be sent again at once; else the anchor is looked for."""
    if anchor.create_idem != "key" or all(can.create_idem == "key" for can in owned):
        return anchor.create_idem
    return "search" if anchor.searchable else "none"


def _version(anchor: Capabilities, parts: Sequence[Capabilities]) -> Literal["etag", "field", "mtime", "none"]:
    """The weakest of all; and what stands in a header is not shown where a part is searched or listed."""
    found = min((anchor.version, *(can.version for can in parts)), key=_RANKS.index)
    return "none" if any(can.version == "etag" for can in parts) else found


def encode_row(anchor: Shown, parts: Mapping[str, Sequence[Shown]]) -> bytes:
    """Write a row of a listing."""
    return _encode_row(Row(anchor, {role: list(found) for role, found in parts.items()}))


def show(sighting: Sighting) -> Shown:
    """Write a record that was read alone into a row; its version may not be in it."""
    row = msgspec.Raw(encode_raw(sighting.record))
    return Shown(row, sighting.version, sighting.modified, sighting.created)


_ROW: Final = msgspec.json.Decoder(Row)
_encode_row: Final = msgspec.json.Encoder(order="deterministic").encode


def leaves(record: Any, above: Path = ()) -> list[tuple[Path, Any]]:
    """Give every value of a record with its path; lists are values."""
    if not isinstance(record, dict) or not record:
        return [(above, record)] if above else []
    return [leaf for key, value in record.items() for leaf in leaves(value, (*above, key))]


def is_nothing(value: Any) -> bool:
    """Tell whether there is nothing at a place: null, an empty text, list or object."""
    return value is None or value is UNKNOWN or value in ("", [], {})


def has_values(values: Raw) -> bool:
    """Tell whether anything is given at all."""
    return any(not is_nothing(value) for _, value in leaves(values))


def overlay(record: Raw, patch: Raw) -> None:
    """Put a change into a record, in place: what it does not name stays."""
    for path, value in leaves(patch):
        write(record, path, value)


def fill(record: Raw, paths: Sequence[Path]) -> Raw:
    """Copy a record with nulls at those of the paths at which it has nothing."""
    missing = [path for path in paths if read(record, path) is UNKNOWN]
    is_deep = any(len(path) > 1 for path in missing)
    filled: Raw = decode_raw(encode_raw(record)) if is_deep else dict(record)
    for path in missing:
        write(filled, path, None)
    return filled


def _fills(spec: ObjectSpec) -> tuple[Path, ...]:
    paths = [parse(path) for path in spec.fields] if spec.omits_blank else []
    return tuple(path for path in paths if all(isinstance(step, str) for step in path))


def _fixed(part: PartSpec, spec: ObjectSpec) -> frozenset[Path]:
    """Name what says nothing about a part's content: who and whose it is, when it changed, what the system sets."""
    named = [spec.id, spec.modified, spec.created, part.link, *part.where]
    named += [spec.deleted.path] if spec.deleted else []
    named += [] if spec.version.startswith("header:") else [spec.version]
    named += [path for path, field in spec.fields.items() if field.read_only]
    return frozenset(parse(path) for path in named if path)


def _known(value: Any) -> Any:
    return None if value is UNKNOWN else value
