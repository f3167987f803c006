"""Looks at a change log and the triggers that keep it: how far it reaches now, and whether it can be relied on.

The log can be relied on when its triggers are those of the last read, nothing was cut out of it since, and the table
was not emptied or rewritten past the triggers. Where any of that is in doubt everything is to be compared (R-11.10).
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Final

from sqlalchemy import Connection, TextClause, text

from tallystick.connectors.sql_log import IN_ORDER, ChangeLog, Reach, merge_gaps, spell_name
from tallystick.connectors.sql_log_names import ROW_TRIGGER, trigger_names
from tallystick.connectors.sql_table import TableShape

MEMORY_SECONDS: Final = 86_400  # how long a number that is missing may still turn up; then everything was compared
MOST_GAPS: Final = 50
_CUT: Final = "rows were cut from the change log that had not been read yet"
_CHANGED: Final = "the triggers of the change log were changed, or the table was emptied or rewritten past them"


@dataclass(frozen=True, slots=True)
class Watch:
    """Ask how far a table's change log reaches; ``begin`` is how far it was read. The answer is a ``Watched``."""

    kind: ClassVar[str] = "read"
    shape: TableShape
    log: ChangeLog
    begin: Reach | None = None


@dataclass(frozen=True, slots=True)
class Watched:
    """What was found. ``reach`` is missing where the log is not kept; ``lost`` says why it cannot be relied on."""

    reach: Reach | None = None
    lost: str = ""


def watch_log(connection: Connection, request: Watch) -> Watched:
    """Look at a log and its triggers; only reads."""
    look = {"postgresql": _watch_postgres, "mysql": _watch_mysql}.get(request.shape.dialect, _watch_sqlite)
    return look(connection, request)


# --- PostgreSQL -----------------------------------------------------------------------------------------------------

# The row version of a trigger's own entry in the catalogue moves when it is switched off and on again; where a table is
# stored, when it is emptied or rewritten. Both count for each partition, too.
_POSTGRES_LOOK: Final = """
WITH parts AS (SELECT oid, relfilenode FROM pg_class WHERE oid = CAST(:table AS regclass)
  OR oid IN (SELECT relid FROM pg_partition_tree(CAST(:table AS regclass)))),
triggers AS (SELECT *, xmin AS row_version FROM pg_trigger
  WHERE tgrelid IN (SELECT oid FROM parts) AND tgname = :trigger)
SELECT to_regclass(:log) IS NOT NULL AND coalesce(has_table_privilege(to_regclass(:log), 'SELECT'), false),
  to_regclass(:log) IS NOT NULL,
  EXISTS (SELECT FROM triggers WHERE tgrelid = CAST(:table AS regclass) AND tgenabled IN ('O', 'A')
    AND tgargs = convert_to(:declaration, getdatabaseencoding()) || '\\x00'),
  concat_ws(',', (SELECT string_agg(concat_ws(':', oid, relfilenode), ',' ORDER BY oid) FROM parts),
    (SELECT string_agg(concat_ws(':', oid, row_version, tgenabled), ',' ORDER BY oid) FROM triggers)),
  CAST(pg_current_snapshot() AS text)"""
_POSTGRES_ANCHOR: Final = """
SELECT concat_ws(' ', tx, seq, extract(epoch FROM at)) FROM {log} WHERE tx < pg_snapshot_xmin(CAST(:now AS pg_snapshot))
ORDER BY tx DESC, seq DESC LIMIT 1"""
_POSTGRES_SINCE: Final = """
SELECT pg_snapshot_xmax(CAST(:begin AS pg_snapshot)) > pg_snapshot_xmax(CAST(:now AS pg_snapshot)),
  EXISTS (SELECT FROM {log} WHERE tx = CAST(:tx AS xid8) AND seq = CAST(:seq AS bigint)
    AND CAST(extract(epoch FROM at) AS text) = :at)"""


def _watch_postgres(connection: Connection, request: Watch) -> Watched:
    log, begin = request.log, request.begin
    named = {
        "log": log.qualified, "table": request.shape.qualified, "trigger": ROW_TRIGGER, "declaration": log.declaration,
    }  # fmt: skip
    readable, there, active, form, now = connection.execute(text(_POSTGRES_LOOK), named).one()
    if not readable or not active:
        return Watched(lost=_absence(log, is_there=there, is_readable=readable))
    connection.execute(IN_ORDER)
    found = connection.execute(_over(log.qualified, _POSTGRES_ANCHOR), {"now": now})
    reach = Reach(snapshot=now, anchor=found.scalar() or "", form=form)
    if begin is None:
        return Watched(reach)
    if begin.form != form:
        return Watched(reach, _CHANGED)
    tx, _, rest = begin.anchor.partition(" ")
    seq, _, at = rest.partition(" ")
    since = {"begin": begin.snapshot, "now": now, "tx": tx or "0", "seq": seq or "0", "at": at}
    is_ahead, is_anchored = connection.execute(_over(log.qualified, _POSTGRES_SINCE), since).one()
    if is_ahead:
        return Watched(reach, "the database is an older copy of the one that was read last")
    return Watched(reach, "" if is_anchored else _CUT)


# --- logs whose rows are numbered -----------------------------------------------------------------------------------

_LAST: Final = "SELECT seq, at FROM {log} ORDER BY seq DESC LIMIT 1"
_ROW: Final = "SELECT at FROM {log} WHERE seq = :seq"
# From the last row before those that are remembered: a number may be missing right before them.
_FLOOR: Final = """
SELECT coalesce((SELECT max(seq) FROM {log} WHERE seq < (SELECT min(seq) FROM {log} WHERE at >= :old)), 0)"""
_STARTED: Final = """
SELECT count(*) FROM {log} WHERE source = :source AND operation = 'start' AND row_key = :declaration"""
_GAPS: Final = """
SELECT prior + 1, seq - 1 FROM (SELECT seq, at, coalesce(lag(seq) OVER (ORDER BY seq), :floor) AS prior
FROM {log} WHERE seq > :floor AND seq <= :high) numbered WHERE seq > prior + 1 AND at >= :old ORDER BY seq"""


def _watch_numbered(connection: Connection, request: Watch, form: str, log: str, old: Any) -> Watched:
    begin = request.begin
    named = {"source": request.log.source, "declaration": request.log.declaration}
    if not connection.execute(_over(log, _STARTED), named).scalar():
        return Watched(lost=f"the change log '{request.log.name}' does not say since when it is kept for this table")
    last = connection.execute(_over(log, _LAST)).one_or_none()
    high, at = (int(last[0]), str(last[1])) if last is not None else (0, "")
    gaps: tuple[tuple[int, int], ...] = ()
    # In SQLite nobody commits between others: whoever writes is alone.
    if request.shape.dialect != "sqlite" and last is not None:
        floor = begin.floor if begin else int(connection.execute(_over(log, _FLOOR), {"old": old}).scalar_one())
        rows = connection.execute(_over(log, _GAPS), {"floor": floor, "high": high, "old": old})
        gaps = merge_gaps([(int(low), int(top)) for low, top in rows], MOST_GAPS)
    reach = Reach(high=high, gaps=gaps, anchor=at, form=form)
    if begin is None:
        return Watched(reach)
    if begin.form != form:
        return Watched(reach, _CHANGED)
    row = connection.execute(_over(log, _ROW), {"seq": begin.high}).one_or_none()
    return Watched(reach, "" if row is not None and str(row[0]) == begin.anchor else _CUT)


_MYSQL_LOOK: Final = """
SELECT t.create_time, (SELECT count(*) FROM information_schema.tables l
    WHERE l.table_schema = coalesce(nullif(:log_schema, ''), database()) AND l.table_name = :log),
  DATE_FORMAT(UTC_TIMESTAMP(6) - INTERVAL :memory SECOND, '%Y-%m-%d %H:%i:%s.%f')
FROM information_schema.tables t
WHERE t.table_schema = coalesce(nullif(:schema, ''), database()) AND t.table_name = :table"""
# Only who may make triggers on a table is shown them.
_MYSQL_TRIGGERS: Final = """
SELECT trigger_name, created, action_statement FROM information_schema.triggers
WHERE event_object_schema = coalesce(nullif(:schema, ''), database()) AND event_object_table = :table
ORDER BY trigger_name"""
_MYSQL_SEES: Final = """
SELECT count(*) FROM (
  SELECT grantee, privilege_type FROM information_schema.user_privileges
  UNION SELECT grantee, privilege_type FROM information_schema.schema_privileges
    WHERE coalesce(nullif(:schema, ''), database()) LIKE table_schema
  UNION SELECT grantee, privilege_type FROM information_schema.table_privileges
    WHERE table_schema = coalesce(nullif(:schema, ''), database()) AND table_name = :table) granted
WHERE privilege_type = 'TRIGGER' AND grantee = concat(quote(substring_index(current_user(), '@', 1)), '@',
  quote(substring_index(current_user(), '@', -1)))"""


def _watch_mysql(connection: Connection, request: Watch) -> Watched:
    log, shape = request.log, request.shape
    named = {
        "schema": shape.schema, "table": shape.name, "log_schema": log.schema, "log": log.name,
        "memory": MEMORY_SECONDS,
    }  # fmt: skip
    found = connection.execute(text(_MYSQL_LOOK), named).one_or_none()
    made, there, old = found or (None, 0, None)
    if not there:
        return Watched(lost=_absence(log, is_there=False, is_readable=False))
    spelled = spell_name("mysql", log.schema, log.name)
    table = {"schema": shape.schema, "table": shape.name}
    rows = connection.execute(text(_MYSQL_TRIGGERS), table).all()
    names = trigger_names(shape.name)
    ours = [str(created) for name, created, body in rows if name in names and spelled in body]
    if len(ours) < len(names) and (rows or connection.execute(text(_MYSQL_SEES), table).scalar()):
        return Watched(lost=_absence(log, is_there=True, is_readable=True))
    return _watch_numbered(connection, request, ",".join((str(made), *ours)), spelled, old)


_SQLITE_LOOK: Final = """
SELECT (SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = :log COLLATE NOCASE),
  (SELECT schema_version FROM pragma_schema_version)"""
_SQLITE_TRIGGERS: Final = """
SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table COLLATE NOCASE"""


def _watch_sqlite(connection: Connection, request: Watch) -> Watched:
    log = request.log
    there, version = connection.execute(text(_SQLITE_LOOK), {"log": log.name}).one()
    rows = connection.execute(text(_SQLITE_TRIGGERS), {"table": request.shape.name}).all()
    found = {name for name, body in rows if log.qualified in body}
    if not there or not found >= set(trigger_names(request.shape.name)):
        return Watched(lost=_absence(log, is_there=bool(there), is_readable=True))
    return _watch_numbered(connection, request, str(version), log.qualified, 0)


def _absence(log: ChangeLog, *, is_there: bool, is_readable: bool) -> str:
    if not is_there:
        return f"there is no change log '{log.name}' that this user can see"
    if not is_readable:
        return f"this user may not read the change log '{log.name}'"
    return f"the triggers that keep the change log '{log.name}' are missing or switched off"


def _over(log: str, statement: str) -> TextClause:
    # A colon in the name would be a parameter.
    return text(statement.format(log=log.replace(":", r"\:")))
