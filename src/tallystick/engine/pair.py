"""A pair made ready to run: its mapping, both connectors, the compiled codecs, what the systems can do."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from tallystick.core import path
from tallystick.core.error import DataError, InvalidValue
from tallystick.core.learn import is_own_doing
from tallystick.core.mapping import Condition, ObjectMapping, Place, Refs, SideCodec
from tallystick.core.matching import KeyMaker, id_key, key_maker, link_rule
from tallystick.core.merge import starts
from tallystick.core.pairing import Pairing
from tallystick.core.parts import Section
from tallystick.core.ports import Capabilities, Connector, Sighting
from tallystick.core.record import (
    UNKNOWN,
    Fields,
    Raw,
    Side,
    Value,
    decode_fields,
    encode_fields,
    fingerprint,
    other,
)
from tallystick.core.schema import Field
from tallystick.core.state import StoreTx


@dataclass(frozen=True, slots=True)
class End:
    """One side of a pair: which system and object, its connector, codec and capabilities.

    ``given`` tells for each field whether a new record on this side gets it, ``cascading`` are the references (field
    index, mapping) of which this side deletes a record by itself when the one it points to is deleted.
    """

    side: Side
    system: str
    object: str
    connector: Connector
    codec: SideCodec
    can: Capabilities
    where: tuple[Condition, ...]
    places: tuple[Place, ...]
    names: tuple[str, ...]
    archive: Raw
    required: frozenset[str]
    given: tuple[bool, ...]
    external_id: path.Path = ()
    keeps: Field | None = None
    sections: tuple[Section, ...] = ()
    cascading: tuple[tuple[int, str], ...] = ()

    def in_scope(self, record: Raw) -> bool:
        """Tell whether a raw record belongs to the pair."""
        return not self.where or all(path.read(record, c.path) in c.values for c in self.where)

    def is_archived(self, record: Raw) -> bool:
        """Tell whether a raw record holds the values that archiving gives it."""
        return bool(self.archive) and _holds(record, self.archive)

    def stops_create(self, fault: DataError) -> bool:
        """Tell whether a record cannot be created without the value that a fault is about."""
        return fault.field in self.required

    def lacking(self, record: Raw) -> tuple[Section, ...]:
        """Give the fields of the parts that a raw record is known not to have."""
        return () if not self.sections else tuple(s for s in self.sections if record.get(s.part.role, UNKNOWN) is None)

    def unmade(self, record: Raw) -> frozenset[int]:
        """Give the fields, by index, that stand in parts which a raw record is known not to have."""
        return frozenset(i for section in self.lacking(record) for i in section.fields)

    def under(self, where: path.Path) -> tuple[int, ...]:
        """Give the fields, by index, that are written at a path or under it."""
        return tuple(i for i, place in enumerate(self.places) if any(p[: len(where)] == where for p in _written(place)))

    def keep_origin(self, body: Raw, origin: str | None) -> DataError | None:
        """Write the id of the other side's record into a new one, where it has a field for it; else say why not."""
        if not self.external_id or origin is None:
            return None
        kind, longest = (self.keeps.type, self.keeps.max_length) if self.keeps is not None else ("text", None)
        is_number = kind in {"integer", "number"}
        if (is_number and not origin.isdecimal()) or (longest is not None and len(origin) > longest):
            where = path.render(self.external_id)
            return InvalidValue(
                f"'{origin}' cannot be kept in '{where}'",
                field=where,
                hint="choose a field that can hold any id: external_id",
            )
        path.write(body, self.external_id, int(origin) if is_number else origin)
        return None

    def read(self, records: Sequence[Raw], refs: Refs) -> list[Fields | DataError]:
        """Turn raw records into canonical ones; what this system leaves out because it is blank becomes blank."""
        if self.can.omits_blank:
            for record in records:
                for place in self.places:
                    if place.path and path.read(record, place.path) is UNKNOWN:
                        path.write(record, place.path, None)
        return self.codec.read(records, refs)

    def referenced(self, records: Iterable[Raw]) -> dict[str, set[str]]:
        """Gather the ids that these raw records point to, by the pair they belong to."""
        found: dict[str, set[str]] = {}
        for place in self.places:
            if place.reference:
                ids = found.setdefault(place.reference, set())
                for record in records:
                    value = path.read(record, place.path)
                    if value not in (None, UNKNOWN, ""):
                        ids.add(str(value))
        return found


def _written(place: Place) -> tuple[path.Path, ...]:
    return tuple(p for p, _ in place.inverse) if place.inverse else (place.path,)


def _holds(record: Raw, wanted: Raw) -> bool:
    """Tell whether every value of ``wanted``, nested ones too, stands in the record."""
    return all(
        _holds(record.get(name) or {}, value) if isinstance(value, dict) else record.get(name) == value
        for name, value in wanted.items()
    )


@dataclass(frozen=True, slots=True)
class Pair:
    """Everything about a pair that stays while it runs.

    ``mapping_print`` and ``scope_print`` fingerprint the configuration; ``shape`` the order of fields that bases have.
    """

    mapping: ObjectMapping
    left: End
    right: End
    pairing: Pairing
    keys: KeyMaker
    mapping_print: int
    scope_print: int
    shape: int
    journal_seconds: float
    has_references: bool

    @property
    def name(self) -> str:
        """The name of the mapping."""
        return self.mapping.name

    def is_keyed(self, unread: Iterable[tuple[int, DataError]]) -> bool:
        """Tell whether any of these values, which cannot be read, says who is who."""
        return any(i in self.pairing.keyed for i, _ in unread)

    @property
    def refers_to_itself(self) -> bool:
        """Whether its records point to others of the same mapping, as in a tree."""
        return self.mapping.name in self.mapping.references

    def end(self, side: Side) -> End:
        """Give the end on ``side``."""
        return self.left if side == "left" else self.right

    @property
    def keeps_no_ids(self) -> bool:
        """Whether neither side keeps the other's ids."""
        return not (self.left.external_id or self.right.external_id)

    def own_key(self, side: Side, record_id: str | None) -> dict[int, int]:
        """Give the key that a record's own id makes, where the other side keeps such ids."""
        if self.keeps_no_ids or record_id is None or not self.end(other(side)).external_id:
            return {}
        hashed = id_key(record_id)
        return {} if hashed is None else {link_rule(other(side)): hashed}

    def keys_of(self, side: Side, record_id: str | None, fields: Fields) -> dict[int, int]:
        """Hash the match keys of a record of ``side`` by its mapped values and its id."""
        found = self.keys.keys(fields)
        return found if self.keeps_no_ids else found | self.own_key(side, record_id)

    def keys_seen(self, side: Side, sighting: Sighting, fields: Fields) -> dict[int, int]:
        """Hash the match keys of a record as a system showed it: also by the other side's id that it may keep."""
        found = self.keys_of(side, sighting.id, fields)
        where = () if self.keeps_no_ids else self.end(side).external_id
        if where and (hashed := id_key(path.read(sighting.record, where))) is not None:
            found[link_rule(side)] = hashed
        return found

    def is_own_doing(self, side: Side, i: int, sent: Value, stored: Value) -> bool:
        """Tell whether what ``side`` holds of the field at ``i`` is what became there of the value it was sent."""
        hold = self.pairing.hold_left if side == "left" else self.pairing.hold_right
        return is_own_doing(sent, stored, partial(hold, i))

    def base(self, encoded: bytes | None, shape: int, names: Sequence[str]) -> Fields | None:
        """Decode a base; ``names`` is the order it was written in, used when the mapping changed since."""
        if encoded is None:
            return None
        fields = decode_fields(encoded)
        if shape == self.shape:
            return fields
        known = dict(zip(names, fields, strict=False))
        return tuple(known.get(n, UNKNOWN) for n in self.mapping.names)


def make_pair(
    mapping: ObjectMapping,
    connectors: tuple[Connector, Connector],
    codecs: tuple[SideCodec, SideCodec],
    prints: tuple[int, int],
    *,
    journal_days: float = 30,
) -> Pair:
    """Put a pair together. Tuples are (left, right); ``prints`` is (mapping, scope)."""
    left, right = codecs
    return Pair(
        mapping=mapping,
        left=_end(mapping, "left", connectors[0], left),
        right=_end(mapping, "right", connectors[1], right),
        pairing=Pairing(
            mapping.fields,
            mapping.policy,
            left.hold,
            right.hold,
            frozenset(mapping.names.index(name) for rule in mapping.match for name in rule.fields),
        ),
        keys=key_maker(mapping),
        mapping_print=prints[0],
        scope_print=prints[1],
        shape=fingerprint(encode_fields(mapping.names)),
        journal_seconds=journal_days * 86_400,
        has_references=bool(mapping.references),
    )


def _end(mapping: ObjectMapping, side: Side, connector: Connector, codec: SideCodec) -> End:
    end = mapping.end(side)
    places = tuple(f.place(side) for f in mapping.fields)
    required = {where for where, spec in end.schema.by_path.items() if spec.required and not spec.read_only}
    # A field that the mapping fills itself holds a value that both sides know, not the other side's id.
    kept = () if any(f.place(side).path == end.external_id for f in mapping.fields) else end.external_id
    return End(
        side=side,
        system=end.system,
        object=end.object,
        connector=connector,
        codec=codec,
        can=connector.capabilities(end.object),
        where=end.where,
        places=places,
        names=mapping.names,
        archive=end.archive,
        given=tuple(starts(f.policy, side) for f in mapping.fields),
        external_id=kept,
        keeps=end.schema.by_path.get(path.render(kept)) if kept else None,
        required=frozenset(
            f.name
            for f in mapping.fields
            if path.render(f.place(side).path) in required
            or (f.place(side).reference and f.policy.on_missing_ref != "send_without")
        ),
        sections=tuple(
            Section(
                part, tuple(i for i, place in enumerate(places) if any(p[:1] == (part.role,) for p in _written(place)))
            )
            for part in end.schema.parts
        ),
        cascading=tuple(
            (i, place.reference)
            for i, place in enumerate(places)
            if place.reference and _cascades(end.schema.by_path.get(path.render(place.path)))
        ),
    )


def _cascades(declared: Field | None) -> bool:
    return declared is not None and declared.cascades


def resolve_refs(tx: StoreTx, end: End, records: Sequence[Raw], provisional: dict[tuple[str, str, str], int]) -> Refs:
    """Look up the bindings of everything these raw records point to.

    ``provisional`` holds pairings that exist only in the plan being made: (pair, side, id) to a negative number. What
    points to a record that was deleted points to the same pairing as before, so that its end is nobody's edit.
    """
    found: dict[tuple[str, str], int] = {}
    for pair, ids in end.referenced(records).items():
        for record_id, binding in tx.resolve_ids(pair, end.side, sorted(ids)).items():
            found[pair, record_id] = binding
        unpaired = sorted(record_id for record_id in ids if (pair, record_id) not in found)
        for record_id, was in (tx.former(pair, end.side, unpaired) if unpaired else {}).items():
            found[pair, record_id] = was.binding
        for record_id in ids:
            planned = provisional.get((pair, end.side, record_id))
            if planned is not None and (pair, record_id) not in found:
                found[pair, record_id] = planned
    return Refs(bindings=found)


def unreadable_record(end: End, record_id: str, fault: Exception) -> DataError:
    """Name the record in a fault that came from its content."""
    place = f"{end.system}/{end.object}/{record_id}"
    if isinstance(fault, DataError):
        fault.place = fault.place or place
        return fault
    return InvalidValue("the record cannot be read", detail=str(fault), place=place)
