"""A row that was there bears witness: MariaDB empties a table, and deletes what falls along, past every trigger.

With each token goes the id of a table's first row. Where it is gone and the log knows of no deletion, the log was
passed by. It is a probe and no proof: one row stands for all; the full compare finds the rest.
"""

from collections.abc import Callable, Generator
from typing import Any

import msgspec
from sqlalchemy import bindparam, select

from tallystick.connectors.sql_log import ChangeLog, Reach
from tallystick.connectors.sql_request import Query, Target
from tallystick.connectors.sql_table import join_id, split_id
from tallystick.connectors.sql_values import NO_MATCH
from tallystick.connectors.sql_write import key_is
from tallystick.core.error import DataError
from tallystick.core.ports import Flow
from tallystick.core.record import decode_raw

Ask = Callable[[Query], Generator[Any, Any, Any]]


def witnessed(target: Target, reach: Reach, ask: Ask) -> Flow[Reach]:
    """Add the id of the table's first row to a reach, where the database can pass its triggers."""
    if target.shape.dialect != "mysql":
        return reach
    columns = [target.shape.table.c[name] for name in target.key]
    first = select(*target.reader.selected()).order_by(*columns).limit(bindparam("size"))
    [rows] = yield from ask(Query(((first, {"size": 1}),)))
    try:
        witness = target.sight(target.reader.encode(rows[0])).id if rows else ""
    except DataError:
        witness = ""
    return msgspec.structs.replace(reach, witness=witness)


def missed(target: Target, log: ChangeLog, begin: Reach, end: Reach, ask: Ask) -> Flow[str]:
    """Say whether the witness went without a word in the log; nothing where all is well."""
    parts = split_id(begin.witness, len(target.key)) if begin.witness else None
    if parts is None:
        return ""
    values = {
        f"k{at}": target.binder.look(name, part) for at, (name, part) in enumerate(zip(target.key, parts, strict=True))
    }
    if NO_MATCH in values.values():
        return ""
    there = select(*target.reader.selected()).where(key_is(target.shape, target.key))
    rows = log.table
    gone = select(rows.c.row_key).where(
        rows.c.source == bindparam("source"), rows.c.operation == bindparam("operation"),
        rows.c.seq > bindparam("floor"), rows.c.seq <= bindparam("high"),
    )  # fmt: skip
    [found] = yield from ask(Query(((there, values),)))
    if found:
        return ""
    window = {"source": log.source, "operation": "delete", "floor": begin.floor, "high": end.high}
    [deleted] = yield from ask(Query(((gone, window),)))
    ids = (join_id([*map(str, key)]) for (text,) in deleted if (key := key_parts(target, str(text))) is not None)
    if begin.witness in ids:
        return ""
    return "the table was emptied at once (TRUNCATE), or rows were deleted that its triggers did not see"


def key_parts(target: Target, key: str) -> list[Any] | None:
    """Read the values of a key as the log has them; nothing of a key that no row can have."""
    try:
        parts = decode_raw(key.encode())
    except (msgspec.DecodeError, ArithmeticError):
        return None
    is_key = isinstance(parts, list) and len(parts) == len(target.key)
    return parts if is_key and not any(part is None or isinstance(part, list | dict) for part in parts) else None
