"""MySQL and MariaDB: how a connection is set up, and what their catalogue says in ways of its own."""

import re
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Connection, inspect, text

from tallystick.connectors.sql_table import Kind, TableShape

# Tables of other engines keep what a transaction took back.
_ATOMIC: Final = frozenset({"innodb", "rocksdb", "tokudb", "ndbcluster", "ndb", "xtradb"})
_IS_JSON: Final = re.compile(r"\s*json_valid\(`?([^`)]+)`?\)\s*", re.IGNORECASE)


def prepare_mysql(connection: Any, timeout: float) -> None:
    """Set up a connection: UTC, time-outs, and values that do not fit are refused instead of cut."""
    waits = max(1, round(timeout))
    with connection.cursor() as cursor:
        cursor.execute(
            "SET time_zone = '+00:00', innodb_lock_wait_timeout = %s, lock_wait_timeout = %s, "
            "sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
            "NO_ENGINE_SUBSTITUTION'",
            (waits, waits),
        )
        cursor.execute("SELECT VERSION()")
        is_mariadb = "mariadb" in str(cursor.fetchone()[0]).lower()
        # MySQL ends only queries by itself, and counts milliseconds.
        setting, limit = (
            ("max_statement_time", timeout) if is_mariadb else ("max_execution_time", round(timeout * 1000))
        )
        cursor.execute(f"SET {setting} = %s", (limit,))
    connection.commit()


def mysql_kind(found: Any) -> Kind | None:
    """Give the kind of a column type that only MySQL has; ``None`` for every other."""
    if not type(found).__module__.startswith("sqlalchemy.dialects.mysql"):
        return None
    name = type(found).__name__
    if name == "TINYINT" and found.display_width == 1:
        return "boolean"  # what BOOLEAN is kept as
    if name == "BIT":
        return "boolean" if found.length == 1 else "integer"
    return {"TIMESTAMP": "instant", "YEAR": "integer"}.get(name)  # type: ignore[return-value] # two of the kinds


def with_mysql_specifics(connection: Connection, shape: TableShape) -> TableShape:
    """Add to a shape whether its table knows transactions, and which texts of MariaDB are JSON."""
    found = inspect(connection)
    options = found.get_table_options(shape.name, shape.schema or None) if not shape.is_view else {}
    engine = str(options.get("mysql_engine", options.get("mariadb_engine", ""))).lower()
    if getattr(connection.dialect, "is_mariadb", False) and not shape.is_view:
        shape = replace(shape, checks=_rules(connection, shape))
    documents = {match[1] for _, check in shape.checks if (match := _IS_JSON.fullmatch(check))}
    columns = {
        name: replace(column, kind="json", max_length=None) if name in documents else column
        for name, column in shape.columns.items()
    }
    return replace(shape, columns=columns, is_atomic=not engine or engine in _ATOMIC)


def _rules(connection: Connection, shape: TableShape) -> tuple[tuple[str, str], ...]:
    """Read all rules of a table; the inspector leaves out those that stand behind a single column."""
    query = text(
        "SELECT constraint_name, check_clause FROM information_schema.check_constraints "
        "WHERE constraint_schema = coalesce(nullif(:schema, ''), database()) AND table_name = :table"
    )
    named = {"schema": shape.schema, "table": shape.name}
    return tuple((row[0], row[1]) for row in connection.execute(query, named))
