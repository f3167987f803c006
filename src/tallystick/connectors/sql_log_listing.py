"""The statement that lists the keys of changed rows, each once, with the last that happened to it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, bindparam, or_, select, text

from tallystick.connectors.sql_log import ChangeLog, LogPlace, Reach
from tallystick.connectors.sql_table import Dialect
from tallystick.core.error import Garbled

_ROWS = "l.operation IN ('insert', 'update', 'delete')"
# PostgreSQL walks the log in the order of its primary key, from the oldest transaction that was still open.
_POSTGRES_WINDOW = """l.tx >= pg_snapshot_xmin(CAST(:begin AS pg_snapshot))
AND NOT pg_visible_in_snapshot(l.tx, CAST(:begin AS pg_snapshot))
AND pg_visible_in_snapshot(l.tx, CAST(:end AS pg_snapshot))
AND (l.tx, l.seq) > (CAST(:tx AS xid8), CAST(:seq AS bigint))
AND NOT EXISTS (SELECT FROM {log} n WHERE n.source = l.source
  AND hashtextextended(n.row_key, 0) = hashtextextended(l.row_key, 0) AND n.row_key = l.row_key AND n.seq > l.seq
  AND NOT pg_visible_in_snapshot(n.tx, CAST(:begin AS pg_snapshot))
  AND pg_visible_in_snapshot(n.tx, CAST(:end AS pg_snapshot)))"""
_NUMBERED_WINDOW = """l.seq > :after AND l.seq <= :high
AND NOT EXISTS (SELECT 1 FROM {log} n WHERE n.source = l.source AND n.row_key = l.row_key
  AND n.seq > l.seq AND n.seq <= :high)"""


def changed_keys(
    log: ChangeLog, spelled: str, place: LogPlace, end: Reach, size: int, dialect: Dialect
) -> tuple[Select[Any], dict[str, Any]]:
    """Give the statement of one page, which asks for a row more than the page has, and its parameters.

    Each row is the place in the log (two values, or one), the key and what happened. ``spelled`` is the log's name.
    """
    rows = log.table.alias("l")
    window = _POSTGRES_WINDOW if dialect == "postgresql" else _NUMBERED_WINDOW
    condition = text(window.format(log=spelled.replace(":", r"\:")))
    order = [rows.c.tx, rows.c.seq] if dialect == "postgresql" else [rows.c.seq]
    shown = [text("CAST(l.tx AS text)"), text("CAST(l.seq AS text)")] if dialect == "postgresql" else [rows.c.seq]
    statement = select(*shown, rows.c.row_key, rows.c.operation).where(
        rows.c.source == bindparam("source"), text(_ROWS), condition
    )
    statement = statement.order_by(*order).limit(bindparam("size"))
    values: dict[str, Any] = {"source": log.source, "size": size + 1}
    if dialect == "postgresql":
        tx, seq = _parts(place.after, 2, ("0", "0"))
        return statement, values | {"begin": place.begin.snapshot, "end": end.snapshot, "tx": tx, "seq": seq}
    begin = place.begin
    (after,) = _parts(place.after, 1, (str(begin.floor),))
    values |= {"after": int(after), "high": end.high}
    if begin.gaps:
        spans = [rows.c.seq.between(bindparam(f"g{at}"), bindparam(f"h{at}")) for at in range(len(begin.gaps))]
        statement = statement.where(or_(rows.c.seq > bindparam("before"), *spans))
        values["before"] = begin.high
        for at, (first, last) in enumerate(begin.gaps):
            values |= {f"g{at}": first, f"h{at}": last}
    return statement, values


def _parts(after: Sequence[str], count: int, default: tuple[str, ...]) -> tuple[str, ...]:
    if not after:
        return default
    if len(after) != count or not all(part.isdecimal() for part in after):
        raise Garbled("the place does not fit this change log", hint="start the listing anew")
    return tuple(after)
