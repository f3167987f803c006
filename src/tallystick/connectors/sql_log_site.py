"""Prepares, makes and removes the change log of a table: the statements, and on request their execution."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Final

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from tallystick.connectors.sql_engine import dialect_of, open_engine, read_address
from tallystick.connectors.sql_errors import explain
from tallystick.connectors.sql_inspect import inspect_table
from tallystick.connectors.sql_log import LOGGED, change_log
from tallystick.connectors.sql_log_ddl import LogSite, refuse_unfit
from tallystick.connectors.sql_log_watch import Watch, watch_log
from tallystick.connectors.sql_target import make_target
from tallystick.core.error import ProjectError
from tallystick.project.manifest import ObjectSpec
from tallystick.project.manifest_changes import ChangesSpec

_SCHEMA: Final = """
SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = CAST(:table AS regclass)"""
_POSTGRES_READER: Final = "SELECT quote_ident(current_user)"
_MYSQL_READER: Final = """
SELECT concat(quote(substring_index(current_user(), '@', 1)), '@', quote(substring_index(current_user(), '@', -1)))"""


@dataclass(frozen=True, slots=True)
class LogState:
    """A table's log as it is: ``fault`` says why it cannot be relied on, and is empty where it can."""

    site: LogSite
    fault: str


def look_at_log(system: str, url: str, object_name: str, spec: ObjectSpec, *, timeout: float = 30) -> LogState:
    """Look at a table and its log, as the user that reads it; nothing is changed.

    Raises:
        ProjectError: no log can be kept of this table or by this database.
        AccessError: the database does not let us.
        Unavailable: it does not answer.
    """
    place = f"{system}/{object_name}"
    address = read_address(url, system)
    dialect = dialect_of(address)
    if dialect not in LOGGED:
        message = "a change log can be kept by PostgreSQL, MySQL, MariaDB and SQLite only"
        raise ProjectError(message, hint="'since' asks by a column with the time of change", place=place)
    table, where = (spec.table.name, spec.table.schema_name) if spec.table else (object_name, "")
    engine = open_engine(address, system, timeout=timeout, connect_timeout=timeout, connections=1)
    try:
        with engine.connect() as connection:
            shape = inspect_table(connection, table, where, place=place)
            key = make_target(shape, spec, UTC, place).key
            log = change_log(spec.changes or ChangesSpec(), table, where, key)
            schema, reader = where, ""
            if dialect == "postgresql":
                schema = connection.execute(text(_SCHEMA), {"table": shape.qualified}).scalar_one()
                reader = connection.execute(text(_POSTGRES_READER)).scalar_one()
            elif dialect == "mysql":
                reader = connection.execute(text(_MYSQL_READER)).scalar_one()
            site = LogSite(shape, log, schema, reader)
            refuse_unfit(site, place)
            return LogState(site, watch_log(connection, Watch(shape, log)).lost)
    except SQLAlchemyError as error:
        raise explain(error, place) from error
    finally:
        engine.dispose()


def carry_out(system: str, url: str, statements: Sequence[str], *, timeout: float = 30) -> None:
    """Run statements as the user of an address, all or none of them where the database can take such back.

    Raises what the database answers instead.
    """
    address = read_address(url, system)
    engine = open_engine(address, system, timeout=timeout, connect_timeout=timeout, connections=1)
    try:
        with engine.begin() as connection:
            for statement in statements:
                _execute(connection, statement)
    except SQLAlchemyError as error:
        raise explain(error, system) from error
    finally:
        engine.dispose()


def _execute(connection: Connection, statement: str) -> None:
    # Straight to the driver: nothing in these is a parameter, whatever the names in them look like.
    driver: Any = connection.connection.driver_connection
    try:
        cursor = driver.cursor()
        try:
            cursor.execute(statement)
        finally:
            cursor.close()
    except connection.dialect.loaded_dbapi.Error as error:
        raise explain(error, "") from error
