"""The statements that make, remove and shorten a change log.

A change of a row becomes one row of the log, in the same transaction, with the row's key and nothing else of it. The
triggers must never be why somebody's write fails, so keys that a log could not hold are refused before.
"""

from dataclasses import dataclass
from typing import Final

from tallystick.connectors.sql_log import ChangeLog, spell_name
from tallystick.connectors.sql_log_names import EVENTS, ROW_TRIGGER, fitting, trigger_names
from tallystick.connectors.sql_table import Kind, TableShape
from tallystick.core.error import ProjectError

_LONGEST_KEY: Final = 700  # characters of a key in MySQL: what its index can hold
_FITTING: Final[frozenset[Kind]] = frozenset({"integer", "number", "text", "uuid", "date"})
_UNFITTING: Final[frozenset[Kind]] = frozenset({"binary", "json", "array", "float", "boolean"})
_POSTGRES_COLUMNS: Final = """
  seq bigint GENERATED ALWAYS AS IDENTITY, tx xid8 NOT NULL DEFAULT pg_current_xact_id(),
  at timestamptz NOT NULL DEFAULT clock_timestamp(), source text NOT NULL, operation text NOT NULL,
  row_key text NOT NULL, PRIMARY KEY (tx, seq)"""
_MYSQL_COLUMNS: Final = f"""
  seq BIGINT AUTO_INCREMENT PRIMARY KEY, at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  source VARCHAR(130) NOT NULL, operation VARCHAR(8) NOT NULL, row_key VARCHAR({_LONGEST_KEY}) NOT NULL,
  INDEX tally_row (source(60), row_key(600), seq), INDEX tally_at (at)"""
_MYSQL_KIND: Final = "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"
_SQLITE_COLUMNS: Final = """
  seq INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL DEFAULT ((julianday('now') - 2440587.5) * 86400.0),
  source TEXT NOT NULL, operation TEXT NOT NULL, row_key TEXT NOT NULL"""


@dataclass(frozen=True, slots=True)
class LogSite:
    """A table and where its log is to be. ``schema`` is the table's own, ``reader`` whom the log is to be shown to."""

    shape: TableShape
    log: ChangeLog
    schema: str = ""
    reader: str = ""

    @property
    def table(self) -> str:
        """The table as SQL spells it."""
        return spell_name(self.shape.dialect, self.schema, self.shape.name)

    @property
    def name(self) -> str:
        """The log as SQL spells it."""
        return spell_name(self.shape.dialect, self.log.schema or self.schema, self.log.name)

    def near(self, name: str) -> str:
        """Spell the name of something that is in the schema of the table."""
        return spell_name(self.shape.dialect, self.schema, name)


def refuse_unfit(site: LogSite, place: str) -> None:
    """Raise ``ProjectError`` for a table whose changes cannot be logged."""
    shape = site.shape
    hint = "leave 'changes' out; the whole table is compared"
    if shape.is_view:
        raise ProjectError("a view has no changes of its own", hint="log the tables below it", place=place)
    if not shape.is_atomic:
        raise ProjectError("the table knows no transactions, so a log could not agree with it", hint=hint, place=place)
    columns = [shape.columns[name] for name in site.log.key]
    for column in columns:
        fits = column.kind not in _UNFITTING if shape.dialect == "postgresql" else column.kind in _FITTING
        if not fits:
            message = f"the column '{column.name}' of the key cannot be logged: it is {column.kind}"
            raise ProjectError(message, hint=hint, place=place)
    longest = sum(2 * (column.max_length or 40) + 4 for column in columns)
    if shape.dialect == "mysql" and longest > _LONGEST_KEY:
        raise ProjectError("the key is too long to be logged", hint=hint, place=place)


def make_log(site: LogSite) -> tuple[str, ...]:
    """Give the statements that make the log, where there is none yet, and the triggers of the table."""
    make = {"postgresql": _make_postgres, "mysql": _make_mysql}.get(site.shape.dialect, _make_sqlite)
    return (*remove_triggers(site), *make(site), _insert(site, "start", _text(site, site.log.declaration)))


def remove_triggers(site: LogSite) -> tuple[str, ...]:
    """Give the statements that remove the triggers of the table; the log stays."""
    if site.shape.dialect == "postgresql":
        drop = f"DROP TRIGGER IF EXISTS {_quote(ROW_TRIGGER)} ON {site.table}"
        return drop, f"DROP FUNCTION IF EXISTS {_function(site)}()"
    return tuple(f"DROP TRIGGER IF EXISTS {site.near(name)}" for name in trigger_names(site.shape.name))


def remove_log(site: LogSite, *, is_shared: bool) -> tuple[str, ...]:
    """Give the statements that remove triggers and log; of a log that other tables share, only what is this one's."""
    source = _text(site, site.log.source)
    rest = _delete(site, f"source = {source}") if is_shared else f"DROP TABLE IF EXISTS {site.name}"
    return (*remove_triggers(site), rest)


def cut_log(site: LogSite, days: int) -> tuple[str, ...]:
    """Give the statements that take from the log what is older than some days, of all tables that share it.

    The log says anew since when it is kept, so that nobody who has not read what is cut takes the rest for the whole.
    """
    old = {
        "postgresql": f"at < now() - interval '{days} days' AND tx < pg_snapshot_xmin(pg_current_snapshot())",
        "mysql": f"at < CURRENT_TIMESTAMP(6) - INTERVAL {days} DAY",
    }.get(site.shape.dialect, f"at < (julianday('now') - 2440587.5 - {days}) * 86400.0")
    begun = f"FROM {site.name} WHERE operation = 'start' AND {old}"
    again = (*_into(site), "SELECT DISTINCT source, operation, row_key", begun)
    return " ".join(again), _delete(site, old)


def _delete(site: LogSite, condition: str) -> str:
    words = ("DELETE FROM", site.name, "WHERE", condition)
    return " ".join(words)


def _into(site: LogSite) -> tuple[str, ...]:
    return "INSERT INTO", site.name, "(source, operation, row_key)"


def _insert(site: LogSite, operation: str, key: str) -> str:
    return " ".join((*_into(site), "VALUES", f"({_text(site, site.log.source)}, '{operation}', {key})"))


def _insert_selected(site: LogSite, *selected: str) -> str:
    return " ".join((*_into(site), *selected))


def _text(site: LogSite, value: str) -> str:
    doubled = value.replace("'", "''")
    return "'" + (doubled.replace("\\", "\\\\") if site.shape.dialect == "mysql" else doubled) + "'"


def _quote(name: str) -> str:
    return spell_name("sqlite", name)


# --- PostgreSQL -----------------------------------------------------------------------------------------------------


def _function(site: LogSite) -> str:
    return site.near(fitting(f"{site.log.name}_{site.shape.name}"))


def _make_postgres(site: LogSite) -> tuple[str, ...]:
    log, table, function = site.name, site.table, _function(site)
    calls = f"EXECUTE FUNCTION {function}({_text(site, site.log.declaration)})"
    index = _quote(fitting(f"{site.log.name}_row"))
    to_schema = (
        f"GRANT USAGE ON SCHEMA {_quote(site.log.schema)} TO {site.reader}"
        if site.log.schema and site.log.schema != site.schema
        else ""
    )
    grants = (to_schema, f"GRANT SELECT ON {log} TO {site.reader}") if site.reader else ()
    return (
        f"CREATE TABLE IF NOT EXISTS {log} ({_POSTGRES_COLUMNS})",
        f"CREATE INDEX IF NOT EXISTS {index} ON {log} (source, hashtextextended(row_key, 0), seq)",
        _postgres_function(site, function),
        f"CREATE TRIGGER {_quote(ROW_TRIGGER)} AFTER INSERT OR UPDATE OR DELETE ON {table} FOR EACH ROW {calls}",
        # What replication writes changes rows, too.
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {_quote(ROW_TRIGGER)}",
        *filter(None, grants),
    )


def _postgres_function(site: LogSite, function: str) -> str:
    old, new = (
        f"jsonb_build_array({', '.join(f'{row}.{_quote(name)}' for name in site.log.key)})::text"
        for row in ("OLD", "NEW")
    )
    # A key that is an instant is spelled alike whatever zone the writer's session is in.
    has_instant = any(site.shape.columns[name].kind == "instant" for name in site.log.key)
    zone = " SET TimeZone = 'UTC'" if has_instant else ""
    return f"""CREATE OR REPLACE FUNCTION {function}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp{zone} AS $tally$
BEGIN
  IF TG_OP = 'INSERT' THEN
    {_insert(site, "insert", new)};
  ELSIF TG_OP = 'UPDATE' THEN
    IF {old} <> {new} THEN
      {_insert(site, "delete", old)};
    END IF;
    {_insert(site, "update", new)};
  ELSE
    {_insert(site, "delete", old)};
  END IF;
  RETURN NULL;
END $tally$"""


# --- logs whose rows are numbered -----------------------------------------------------------------------------------


def _make_mysql(site: LogSite) -> tuple[str, ...]:
    old, new = (
        "JSON_ARRAY(" + ", ".join(f"{row}.{spell_name('mysql', name)}" for name in site.log.key) + ")"
        for row in ("OLD", "NEW")
    )
    source = _text(site, site.log.source)
    # One statement each, so that the text can be given to any client; letters that are alike are no equal keys.
    moved = _insert_selected(
        site,
        f"SELECT {source}, 'delete', {old}",
        f"FROM DUAL WHERE CAST({old} AS BINARY) <> CAST({new} AS BINARY)",
        f"UNION ALL SELECT {source}, 'update', {new}",
    )
    bodies = (_insert(site, "insert", new), moved, _insert(site, "delete", old))
    return (
        f"CREATE TABLE IF NOT EXISTS {site.name} ({_MYSQL_COLUMNS}) {_MYSQL_KIND}",
        *(
            f"CREATE TRIGGER {site.near(name)} AFTER {event.upper()} ON {site.table} FOR EACH ROW {body}"
            for name, event, body in zip(trigger_names(site.shape.name), EVENTS, bodies, strict=True)
        ),
        *([f"GRANT SELECT ON {site.name} TO {site.reader}"] if site.reader else []),
    )


def _make_sqlite(site: LogSite) -> tuple[str, ...]:
    # JSON has no bytes, and any column of SQLite may hold some: such a key must not make the write fail.
    def key(row: str) -> str:
        parts = [f"{row}.{_quote(name)}" for name in site.log.key]
        shown = [f"CASE typeof({part}) WHEN 'blob' THEN hex({part}) ELSE {part} END" for part in parts]
        return f"json_array({', '.join(shown)})"

    old, new = key("OLD"), key("NEW")
    moved = _insert_selected(site, f"SELECT {_text(site, site.log.source)}, 'delete', {old} WHERE {old} <> {new}")
    bodies = (
        _insert(site, "insert", new), f"{moved}; {_insert(site, 'update', new)}", _insert(site, "delete", old)
    )  # fmt: skip
    index = _quote(fitting(f"{site.log.name}_row"))
    return (
        f"CREATE TABLE IF NOT EXISTS {site.name} ({_SQLITE_COLUMNS})",
        f"CREATE INDEX IF NOT EXISTS {index} ON {site.name} (source, row_key, seq)",
        *(
            f"CREATE TRIGGER {site.near(name)} AFTER {event.upper()} ON {site.table} BEGIN {body}; END"
            for name, event, body in zip(trigger_names(site.shape.name), EVENTS, bodies, strict=True)
        ),
    )
