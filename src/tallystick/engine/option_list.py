"""Option lists as the systems have them now: read from the object that a manifest names, and counted in live records.

Flows of a connector, to be run by its transport. Memory holds the options and their counts, never the records.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from tallystick.core import path
from tallystick.core.codecs.options import Options
from tallystick.core.error import DataError, Garbled
from tallystick.core.interpret import is_blank
from tallystick.core.mapping import Place
from tallystick.core.ports import Connector, Flow, Position
from tallystick.core.record import UNKNOWN, Raw
from tallystick.core.schema import Option
from tallystick.engine.pair import End
from tallystick.project.manifest_shapes import OptionsFrom

_NO: Final = frozenset({"", "0", "false", "no", "n", "off"})
_LAST: Final = float("inf")
_LONGEST: Final = 60


def read_options(connector: Connector, source: OptionsFrom) -> Flow[tuple[Option, ...]]:
    """Read a list of options, in the order in which people see them; a key that comes twice counts once.

    Raises what the system answers instead; ``DataError`` where a record of the list has no key.
    """
    found: dict[str, tuple[float, Option]] = {}

    def take(row: bytes) -> None:
        sighting = connector.sight(source.object, row)
        if not sighting.deleted and _belongs(sighting.record, source):
            option = _option(sighting.id, sighting.record, source)
            found.setdefault(option.key, (_rank(sighting.record, source), option))

    yield from _each_row(connector, source.object, take)
    return tuple(option for _, option in sorted(found.values(), key=lambda ranked: ranked[0]))


def count_options(end: End, fields: Sequence[int]) -> Flow[tuple[int, Mapping[int, Mapping[str, int]]]]:
    """Count the keys that stand in the select ``fields`` of all records in scope; how many records there were, too.

    Of a multi-select each item counts. What is no key is left out: it is told as a value that cannot be read.
    """
    counts: dict[int, Counter[str]] = {index: Counter() for index in fields}
    records = 0

    def take(row: bytes) -> None:
        nonlocal records
        try:
            sighting = end.connector.sight(end.object, row)
        except DataError:
            return  # what is no record is told by the run
        if sighting.deleted or not end.in_scope(sighting.record):
            return
        records += 1
        for index in fields:
            counts[index].update(keys_at(end.places[index], sighting.record))

    yield from _each_row(end.connector, end.object, take)
    return records, counts


def _each_row(connector: Connector, object_name: str, take: Callable[[bytes], None]) -> Flow[None]:
    """Read a listing to its end. Raises ``Garbled`` where the system gives one page again and again."""
    position: Position | None = None
    before: Sequence[bytes] = ()
    while True:
        page = yield from connector.read(object_name, None, position)
        if page.rows and list(page.rows) == list(before):
            raise Garbled(
                "the same page came twice in a row",
                hint="correct the paging in the manifest",
                place=object_name,
            )
        for row in page.rows:
            take(row)
        if page.next is None:
            return
        position, before = page.next, page.rows


def create_option(connector: Connector, source: OptionsFrom, wanted: Option, token: str) -> Flow[str]:
    """Make an option where the list does not have it yet, by key or by label; give the key that it has there.

    The list is read first, so that an option whose creation nobody saw succeed is found and not made twice. ``token``
    is the idempotency key. Raises what the system answers instead.
    """
    listed = yield from read_options(connector, source)
    keys = {option.key for option in listed}
    named = [o.key for o in listed if o.label and o.label.casefold() == wanted.label.casefold()]
    if named or (source.key and wanted.key in keys):
        return named[0] if named else wanted.key
    body: Raw = {}
    for where, value in {source.key: wanted.key, source.label: wanted.label or wanted.key}.items():
        if where:
            path.write(body, path.parse(where), value)
    for where, values in source.where.items():
        path.write(body, path.parse(where), values[0])
    for where, value in source.on_create.items():
        path.write(body, path.parse(where), value)
    written = yield from connector.create(source.object, body, token)
    return wanted.key if source.key else written.id


def keys_at(place: Place, record: Raw) -> Iterator[str]:
    """Give the options' keys that stand at a select field's place, as its side spells them."""
    try:
        value: Any = place.expression.evaluate(record) if place.expression else path.read(record, place.path)
        for codec in place.codecs:
            if value is UNKNOWN or is_blank(value) or isinstance(codec, Options):
                break
            value = codec.decode(value)
    except DataError:
        return
    for item in value if isinstance(value, list | tuple | frozenset) else (value,):
        if item is not UNKNOWN and not is_blank(item) and isinstance(item, str | int):
            key = _key(item)
            # A long text is no key, and may be somebody's data.
            yield key if len(key) <= _LONGEST else f"({len(key)} characters)"


def _belongs(record: Raw, source: OptionsFrom) -> bool:
    return all(_at(record, where) in values for where, values in source.where.items())


def _option(record_id: str, record: Raw, source: OptionsFrom) -> Option:
    value = _at(record, source.key) if source.key else record_id
    if not isinstance(value, str | int) or is_blank(value):
        raise DataError(
            "an option has no key",
            detail=f"nothing usable stands at '{source.key}'",
            hint="options_from.key: the path of what the select field stores",
            place=source.object,
        )
    label, within = (_text(_at(record, where)) for where in (source.label, source.within))
    offered = not source.active or _is_yes(_at(record, source.active))
    hidden = bool(source.inactive) and _is_yes(_at(record, source.inactive))
    return Option(_key(value), label, active=offered and not hidden, within=within)


def _rank(record: Raw, source: OptionsFrom) -> float:
    """Give the place in the order; what has none comes last, as it was listed."""
    try:
        return float(_at(record, source.order)) if source.order else 0.0
    except (TypeError, ValueError):
        return _LAST


def _at(record: Raw, where: str) -> Any:
    found = path.read(record, path.parse(where)) if where else None
    return None if found is UNKNOWN else found


def _key(value: str | int) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _is_yes(value: Any) -> bool:
    return value is not None and _text(value).strip().casefold() not in _NO
