"""Reads what changed: the keys out of the log, then the rows by their keys.

A row is shown as it is now, so it does not matter how often or in which order it was changed. A key whose last change
was a deletion, and that no row has, is shown as deleted: that is proof. A key that no row has otherwise is left to the
full compare.
"""

from collections.abc import Callable, Generator, Sequence
from typing import Any, Final

from sqlalchemy import Executable, bindparam, select, tuple_

from tallystick.connectors.sql_log import (
    IN_ORDER,
    ChangeLog,
    LogPlace,
    encode_place,
    spell_name,
)
from tallystick.connectors.sql_log_listing import changed_keys
from tallystick.connectors.sql_log_watch import Watch, Watched
from tallystick.connectors.sql_log_witness import key_parts, missed, witnessed
from tallystick.connectors.sql_request import Query, Target
from tallystick.connectors.sql_table import join_id
from tallystick.connectors.sql_values import NO_MATCH
from tallystick.connectors.sql_write import key_is
from tallystick.core.error import DataError, Expired
from tallystick.core.ports import Flow, Page, Position, Sighting
from tallystick.core.record import decode_raw, encode_raw, fingerprint

_HINT: Final = "everything is compared instead; tally capture says what the log needs"
_DELETED: Final = "$deleted"
_MARK: Final = b'["$deleted",'
Statements = tuple[tuple[Executable, dict[str, Any]], ...]
Ask = Callable[[Query], Generator[Any, Any, Any]]


def note_reach(target: Target, log: ChangeLog, ask: Ask) -> Flow[Position | None]:
    """Give a token that says how far the log reaches now; ``None`` where it is not kept."""
    watched: Watched = yield Watch(target.shape, log)
    if watched.reach is None:
        return None
    return encode_place(LogPlace((yield from witnessed(target, watched.reach, ask))))


def read_changes(target: Target, log: ChangeLog, place: LogPlace, size: int, ask: Ask) -> Flow[Page]:
    """Read one page of what changed. Raises ``Expired`` where the log does not tell."""
    token = None
    end = place.end
    if end is None:
        watched: Watched = yield Watch(target.shape, log, place.begin)
        end, lost = watched.reach, watched.lost
        if end is not None and not lost:
            lost = yield from missed(target, log, place.begin, end, ask)
        if end is None or lost:
            raise Expired(lost, hint=_HINT, place=target.place)
        token = encode_place(LogPlace((yield from witnessed(target, end, ask))))
    dialect = target.shape.dialect
    spelled = spell_name(dialect, log.schema, log.name)
    first: Statements = ((IN_ORDER, {}),) if dialect == "postgresql" else ()
    *_, found = yield from ask(Query((*first, changed_keys(log, spelled, place, end, size, dialect))))
    changed = [(str(key), str(operation)) for *_, key, operation in found[:size]]
    rows = yield from _rows(target, dict(changed), ask)
    following = None
    if len(found) > size:
        *after, _, _ = found[size - 1]
        following = encode_place(LogPlace(place.begin, end, tuple(map(str, after))))
    elif place.end is not None:
        # Between the pages there may have been days, and a cut.
        watched = yield Watch(target.shape, log, place.begin)
        if watched.lost:
            raise Expired(watched.lost, hint=_HINT, place=target.place)
    return Page(rows, following, token=token)


def _rows(target: Target, changed: dict[str, str], ask: Ask) -> Flow[list[bytes]]:
    """Read the rows that have these keys, and add what was deleted."""
    keys = {key: parts for key in changed if (parts := key_parts(target, key)) is not None}
    wanted = {key: bound for key, parts in keys.items() if (bound := _bound(target, parts)) is not None}
    if not keys:
        return []
    rows: list[bytes] = []
    if wanted:
        [found] = yield from ask(Query((_by_key(target, list(wanted.values())),)))
        rows = target.reader.encode_all(found)
    if len(rows) == len(keys):
        return rows
    there = {shown for row in rows if (shown := _id_of(target, row)) is not None}
    for key, parts in keys.items():
        if changed[key] == "delete" and join_id([*map(str, parts)]) not in there:
            rows.append(encode_raw([_DELETED, *parts]))
    return rows


def _by_key(target: Target, keys: Sequence[tuple[Any, ...]]) -> tuple[Any, dict[str, Any]]:
    statement = select(*target.reader.selected())
    columns = [target.shape.table.c[name] for name in target.key]
    if len(keys) == 1:
        return statement.where(key_is(target.shape, target.key)), {f"k{at}": part for at, part in enumerate(keys[0])}
    if len(columns) == 1:
        return statement.where(columns[0].in_(bindparam("keys", expanding=True))), {"keys": [key[0] for key in keys]}
    return statement.where(tuple_(*columns).in_(bindparam("keys", expanding=True))), {"keys": list(keys)}


def _bound(target: Target, parts: Sequence[Any]) -> tuple[Any, ...] | None:
    bound = tuple([target.binder.look(name, part) for name, part in zip(target.key, parts, strict=True)])
    return None if NO_MATCH in bound else bound


def _id_of(target: Target, row: bytes) -> str | None:
    try:
        return target.sight(row).id
    except DataError:
        return None


def sight_deletion(target: Target, row: bytes) -> Sighting | None:
    """Decode a key that was deleted; ``None`` for any other row of a page. Records are objects, this is a list."""
    if not row.startswith(_MARK):
        return None
    _, *parts = decode_raw(row)
    if len(parts) != len(target.key):
        return None
    record = dict(zip(target.key, parts, strict=True))
    return Sighting(join_id([*map(str, parts)]), record, deleted=True, raw_hash=fingerprint(row))
