"""What a mapping means: the plain, readable form of it, one field and one record at a time.

    read    raw record --path or expression--> value --codecs--> canonical value --bindings--> reference
    write   reference --ids--> value --codecs, last first--> spelled value --inverse or path--> body, checked

``compile`` makes the same for whole pages and falls back to this for every record that is not plain sailing, so this
is also where all faults are worded. Tests hold the two together.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from tallystick.core import path as paths
from tallystick.core.codecs.spelling import describe
from tallystick.core.error import DataError, DroppedByRule, InvalidValue, MissingReference, UnknownOption
from tallystick.core.mapping import End, FieldMapping, ObjectMapping, Place, Refs, SideCodec
from tallystick.core.path import Path
from tallystick.core.policy import Direction
from tallystick.core.record import UNKNOWN, Fields, Raw, Ref, Side, Value, same
from tallystick.core.rule import Screen
from tallystick.core.schema import Field
from tallystick.core.validation import fit, plain, readable, shorten

_WRITES: Final[dict[Side, frozenset[Direction]]] = {
    "left": frozenset({"both", "to_left", "once_to_left"}),
    "right": frozenset({"both", "to_right", "once_to_right"}),
}
_NO_REFS: Final = Refs()


@dataclass(frozen=True, slots=True)
class Seat:
    """One field on one side. ``targets`` are the paths it is written to, with what the system declares of each."""

    index: int
    field: FieldMapping
    place: Place
    spec: Field | None
    targets: tuple[tuple[Path, Field | None], ...]
    default: Value
    written: bool
    needed: bool
    """Whether a new record cannot do without it."""


def is_blank(value: Any) -> bool:
    """Tell whether there is nothing: null, empty text, empty set (R-6.2)."""
    return value is None or (isinstance(value, str | frozenset) and not value)


def copied(value: Any) -> Any:
    """Copy JSON, so that no two records share a list."""
    if isinstance(value, dict):
        return {key: copied(inner) for key, inner in value.items()}
    return [copied(inner) for inner in value] if isinstance(value, list) else value


def skeleton_of(end: End) -> Raw:
    """Give what every new record of this end begins with."""
    body: Raw = {}
    for where, value in end.on_create.items():
        paths.write(body, paths.parse(where), copied(value))
    return body


def seats_of(mapping: ObjectMapping, side: Side) -> tuple[Seat, ...]:
    """Give the mapping's fields as they sit on ``side``."""
    end = mapping.end(side)
    skeleton = skeleton_of(end)
    return tuple(_seat(index, field, side, end, skeleton) for index, field in enumerate(mapping.fields))


def _seat(index: int, field: FieldMapping, side: Side, end: End, skeleton: Raw) -> Seat:
    place = field.place(side)
    spec = end.schema.by_path.get(paths.render(place.path)) if place.path else None
    where = [p for p, _ in place.inverse] if place.inverse else [place.path] if place.path else []
    targets = tuple((p, end.schema.by_path.get(paths.render(p))) for p in where)
    allowed = field.policy.direction in _WRITES[side] and place.writable
    return Seat(
        index=index,
        field=field,
        place=place,
        spec=spec,
        targets=targets,
        default=field.default_left if side == "left" else field.default_right,
        written=allowed and not any(s is not None and s.read_only for _, s in targets),
        needed=any(s is not None and s.required and is_blank(_given(skeleton, p)) for p, s in targets),
    )


def _screen_of(mapping: ObjectMapping, side: Side, seats: Sequence[Seat]) -> Screen:
    written = [seat.index for seat in seats if seat.written]
    filled = [seat.index for seat in seats if seat.default is not None]
    return Screen(mapping.rules, mapping.names, side, written=written, filled=filled)


def _given(skeleton: Raw, path: Path) -> Any:
    found = paths.read(skeleton, path)
    return None if found is UNKNOWN else found


class Interpreter:
    """One side of a mapping. Implements ``core.mapping.SideCodec``."""

    def __init__(self, mapping: ObjectMapping, side: Side) -> None:
        self.side = side
        self.seats = seats_of(mapping, side)
        self.skeleton = skeleton_of(mapping.end(side))
        self.screen = _screen_of(mapping, side, self.seats)
        self._name = f"{mapping.end(side).system}/{mapping.end(side).object}"

    def read(self, records: Sequence[Raw], refs: Refs) -> list[Fields | DataError]:
        """Turn raw records into canonical ones, in order; what cannot be read stands there as its error."""
        return [self.read_one(record, refs) for record in records]

    def read_one(self, record: Any, refs: Refs) -> Fields | DataError:
        """Turn one raw record into a canonical one."""
        if not isinstance(record, dict):
            return DataError("this is no record", detail=f"{describe(record)} came", place=self._name)
        values: list[Value] = []
        faults: list[DataError] = []
        for seat in self.seats:
            try:
                values.append(self.get(seat, record, refs))
            except DataError as error:
                faults.append(error)
                values.append(UNKNOWN)
        if not faults:
            return tuple(values)
        faults[0].rest, faults[0].also = tuple(values), tuple(faults[1:])
        return faults[0]

    def write(self, fields: Fields, refs: Refs) -> tuple[Raw, list[DataError]]:
        """Make the body of a new record."""
        body = copied(self.skeleton)
        fields, faults, dropped = self._screened(fields, None)
        for seat in self.seats:
            if seat.written and seat.field.name not in dropped:
                try:
                    self.put(seat, body, fields[seat.index], refs)
                except DataError as fault:
                    faults.append(fault)
        return body, faults

    def patch(self, fields: Fields, which: Sequence[int], refs: Refs) -> tuple[Raw, list[DataError]]:
        """Make the body of a change; an unknown value is never written (R-4.6)."""
        body: Raw = {}
        fields, faults, dropped = self._screened(fields, [i for i in which if fields[i] is not UNKNOWN])
        for index in which:
            if fields[index] is UNKNOWN or self.seats[index].field.name in dropped:
                continue
            try:
                self._change(self.seats[index], body, fields[index], refs)
            except DataError as fault:
                faults.append(fault)
        return body, faults

    def hold(self, index: int, value: Value) -> Value:
        """Give what this side can really hold of a value. Blank, unknown and references hold themselves."""
        if value is UNKNOWN or isinstance(value, Ref):
            return value
        seat = self.seats[index]
        if is_blank(value):
            return seat.place.blank_means
        record: Raw = {}
        if not seat.place.writable:
            raise self._named(seat, InvalidValue("this side cannot hold the field: it is read by an expression alone"))
        try:
            value = self.screen.hold(index, value)
        except DataError as fault:
            raise self._named(seat, fault) from None
        for path, raw in self._entries(seat, value, _NO_REFS):
            self._set(seat, record, path, raw)
        held = self.get(seat, record, _NO_REFS)
        return value if held is UNKNOWN else held

    # --- reading ---

    def get(self, seat: Seat, record: Raw, refs: Refs) -> Value:
        """Read one field of a record. Raises ``DataError`` naming the field."""
        place = seat.place
        try:
            if place.expression is not None:
                return self.decode(seat, place.expression.evaluate(record), refs)
            return self.decode(seat, paths.read(record, place.path), refs) if place.path else UNKNOWN
        except DataError as error:
            raise self._named(seat, error) from error.__cause__
        except Exception as error:
            raise self._broken(seat, error) from error

    def decode(self, seat: Seat, raw: Any, refs: Refs) -> Value:
        """Translate what stands in the record to the canonical value."""
        place = seat.place
        if raw is UNKNOWN and place.missing == "unknown":
            return UNKNOWN
        if raw is UNKNOWN or is_blank(raw):
            return place.blank_means
        if not place.codecs and place.expression is None:
            raw = readable(seat.spec, raw)
        for codec in place.codecs:
            raw = codec.decode(raw)
            if is_blank(raw):
                return place.blank_means
        return self._reference(place.reference, raw, refs) if place.reference else raw

    def _reference(self, pair: str, raw: Any, refs: Refs) -> Ref:
        if isinstance(raw, bool) or not isinstance(raw, str | int):
            raise InvalidValue("a reference is an id", detail=f"{describe(raw)} came")
        record_id = raw if isinstance(raw, str) else str(Decimal(raw))
        binding = refs.bindings.get((pair, record_id))
        return Ref(pair, None, self.side, record_id) if binding is None else Ref(pair, binding)

    # --- writing ---

    def put(self, seat: Seat, body: Raw, value: Value, refs: Refs) -> None:
        """Put one field into a new record. Raises ``DataError`` naming the field."""
        for path, raw in self._create_entries(seat, value, refs):
            self._set(seat, body, path, raw)

    def spelled(self, seat: Seat, value: Value) -> Any:
        """Give a value as it stands at the field's one path. Raises ``DataError``."""
        [(_, raw)] = self._entries(seat, value, _NO_REFS)
        return raw

    def default_entries(self, seat: Seat) -> list[tuple[Path, Any]]:
        """Give what stands for a blank in a new record. Raises ``DataError`` where it must not be blank."""
        if seat.default is not None:
            return self._guarded(seat, lambda: self._placed(seat, seat.default))
        if seat.needed:
            hint = "fill it where it comes from, or give the field a default"
            raise self._named(seat, InvalidValue("a required field is blank", hint=hint))
        return []

    def _create_entries(self, seat: Seat, value: Value, refs: Refs) -> list[tuple[Path, Any]]:
        if value is UNKNOWN or is_blank(value):
            return self.default_entries(seat)
        entries = self._entries(seat, value, refs)
        return self.default_entries(seat) if all(raw is None for _, raw in entries) else entries

    def _change(self, seat: Seat, body: Raw, value: Value, refs: Refs) -> None:
        if not seat.written:
            raise self._named(seat, InvalidValue("the mapping never writes this field on this side"))
        for _, spec in seat.targets:
            if spec is not None and spec.create_only:
                hint = "it is given to a new record only; set the field's direction, or change the record there by hand"
                raise self._named(seat, InvalidValue(f"{spec.path} cannot be changed any more", hint=hint))
        entries = [(p, None) for p, _ in seat.targets] if is_blank(value) else self._entries(seat, value, refs)
        is_null = seat.place.blank_as == "null"
        if all(raw is None for _, raw in entries):
            for _, spec in seat.targets:
                if spec is not None and (spec.required or (is_null and not spec.nullable)):
                    hint = "set blank: keep, if it shall stay as it is"
                    raise self._named(seat, InvalidValue(f"{spec.path} cannot be blank", hint=hint))
        for path, raw in entries:
            self._set(seat, body, path, "" if raw is None and not is_null else raw)

    def _entries(self, seat: Seat, value: Value, refs: Refs) -> list[tuple[Path, Any]]:
        try:
            return self._guarded(seat, lambda: self._placed(seat, self._encoded(seat, value, refs)))
        except (InvalidValue, UnknownOption):
            if seat.field.policy.invalid == "default" and seat.default is not None:
                return self._guarded(seat, lambda: self._placed(seat, seat.default))
            raise

    def _encoded(self, seat: Seat, value: Value, refs: Refs) -> Any:
        place = seat.place
        if place.blank_means is not None and same(value, place.blank_means):
            return None
        raw = self._record_id(place.reference, value, refs) if place.reference else value
        for codec in reversed(place.codecs):
            raw = codec.encode(raw)
            if is_blank(raw):
                return None
        if (
            place.reference
            and isinstance(raw, str)
            and seat.spec is not None
            and seat.spec.type in {"integer", "number"}
        ):
            return whole_id(raw)
        return raw

    def _record_id(self, pair: str, value: Value, refs: Refs) -> str:
        if not isinstance(value, Ref) or value.pair != pair:
            raise InvalidValue(f"this field points to records of {pair}", detail=f"{describe(value)} came")
        found = None if value.binding is None else refs.ids.get((pair, value.binding))
        if found is None:
            raise MissingReference(
                f"the {pair} record that this one points to is not here yet",
                hint="it goes on by itself when that record is paired",
                waits_for=value.waits_for or f"{pair}/binding/{value.binding}",
            )
        return found

    def _placed(self, seat: Seat, raw: Any) -> list[tuple[Path, Any]]:
        # Fit the spelled value, or what the inverse expressions make of it, to what is declared at each path.
        raw = plain(raw)
        if not seat.place.inverse:
            [(path, spec)] = seat.targets
            return [(path, self._fitted(seat, spec, raw))]
        names = {"value": raw}
        made = [expression.evaluate(names) for _, expression in seat.place.inverse]
        if any(one is UNKNOWN for one in made):
            raise InvalidValue("an inverse expression reads something other than value")
        return [(p, self._fitted(seat, s, plain(one))) for (p, s), one in zip(seat.targets, made, strict=True)]

    def _fitted(self, seat: Seat, spec: Field | None, raw: Any) -> Any:
        if is_blank(raw):
            return None
        return copied(fit(spec, shorten(spec, raw) if seat.field.policy.invalid == "truncate" else raw))

    def _guarded(self, seat: Seat, make: Callable[[], list[tuple[Path, Any]]]) -> list[tuple[Path, Any]]:
        try:
            return make()
        except DataError as error:
            raise self._named(seat, error) from error.__cause__
        except Exception as error:
            raise self._broken(seat, error) from error

    def _screened(self, fields: Fields, which: Sequence[int] | None) -> tuple[Fields, list[DataError], set[str]]:
        """Ask the rules: the fields as they may be written, the faults, and the names of fields that stay out."""
        fields, broken = self.screen.judge(fields, which)
        for fault in broken:
            fault.place = self._name
        return fields, list(broken), {fault.field for fault in broken if isinstance(fault, DroppedByRule)}

    def _set(self, seat: Seat, body: Raw, path: Path, raw: Any) -> None:
        try:
            paths.write(body, path, raw)
        except (TypeError, AttributeError, ValueError) as error:
            message = f"{paths.render(path)} cannot be written beside the other fields"
            raise self._named(seat, InvalidValue(message, hint="two fields share a part of this path")) from error

    def _named(self, seat: Seat, error: DataError) -> DataError:
        error.field = seat.field.name
        error.place = error.place or self._name
        return error

    def _broken(self, seat: Seat, error: Exception) -> DataError:
        # The text of a foreign error may quote the value, so only its kind is told.
        return self._named(seat, InvalidValue("a codec failed on this value", detail=type(error).__name__))


def whole_id(text: str) -> int:
    """Give an id as the number that a system wants. Raises ``InvalidValue`` for one that is none."""
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdigit() and len(digits) < 20:  # noqa: PLR2004 - 64 bits
        return int(text)
    raise InvalidValue("this system's ids are whole numbers", detail=f"{describe(text)} came")


def interpret_mapping(mapping: ObjectMapping) -> tuple[SideCodec, SideCodec]:
    """Give the plain form of both sides: left, right."""
    return Interpreter(mapping, "left"), Interpreter(mapping, "right")
