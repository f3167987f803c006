"""Opens a database by its address so that every connection behaves the same way.

SQLite: a file that must exist, foreign keys enforced, writes that lock at their start, statements that end at the
time-out. The others: UTC, plain spellings, statement and lock time-outs, as far as each of them knows these.
"""

import sqlite3
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, make_url

from tallystick.connectors import sql_table
from tallystick.connectors.sql_mysql import prepare_mysql
from tallystick.connectors.sql_odbc_address import connection_text, is_odbc, odbc_passwords
from tallystick.connectors.sql_table import Dialect
from tallystick.core.error import ProjectError

WRITES: Final = "tally_writes"  # the execution option of a connection that is about to write
DEADLINE: Final = "tally_deadline"  # in a connection's notes: when its statements must have ended (monotonic)
_STEPS_PER_LOOK: Final = 50_000  # of SQLite's machine between two looks at the clock: a few milliseconds
_DRIVERS: Final = {
    "sqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
    "mssql": "mssql+pyodbc",
    "oracle": "oracle+oracledb",
}
_EXTRAS: Final = {
    "postgresql": ("PostgreSQL", "pip install 'tallystick[postgres]'"),
    "mysql": ("MySQL and MariaDB", "pip install 'tallystick[mysql]'"),
    "mssql": ("SQL Server", "pip install 'tallystick[odbc]', and Microsoft's ODBC driver"),
    "oracle": ("Oracle", "pip install oracledb"),
}


def read_address(text: str, place: str) -> URL:
    """Read a SQLAlchemy address, or ``odbc:`` before a data source or connection string; each kind has one driver.

    Raises ``ProjectError`` for what is no address or another kind of database; the address itself is not repeated,
    since it may carry a password.
    """
    if is_odbc(text):
        # The whole text is kept where an address shows nothing of it.
        return URL.create("odbc", password=connection_text(text, place))
    scheme = text.partition(":")[0].partition("+")[0]
    if scheme not in _DRIVERS:
        raise ProjectError(
            "'url' is not the address of a database that can be used",
            hint="write sqlite:///path/to/file.db, postgresql://user:password@host/database, mysql://..., mssql://..., "
            "oracle://..., or odbc:DSN=name",
            place=place,
        )
    try:
        url = make_url(scheme + text[text.index(":") :] if ":" in text else text)
    except (exc.ArgumentError, ValueError):
        raise ProjectError(
            "'url' is not a complete database address",
            hint="percent-encode special characters in user and password",
            place=place,
        ) from None
    return _lite(url) if scheme == "sqlite" else url.set(drivername=_DRIVERS[scheme])


def dialect_of(url: URL) -> Dialect:
    """Give how the database at an address is spoken to."""
    return sql_table.dialect_of(url.get_backend_name())


def passwords(url: URL) -> tuple[str, ...]:
    """Give what in an address must not be written down."""
    secret = str(url.password or "")
    return odbc_passwords(secret) if dialect_of(url) == "odbc" else (secret,) if secret else ()


def _lite(url: URL) -> URL:
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        return url
    # Without mode=rw a mistyped path would make a new and empty database.
    path = quote(Path(url.database).absolute().as_posix())
    return url.set(database=f"file:{path}", query={"mode": "rw", **url.query, "uri": "true"})


def open_engine(url: URL, place: str, *, timeout: float, connect_timeout: float, connections: int) -> Engine:
    """Make an engine; it connects at the first use. Times in seconds."""
    dialect = dialect_of(url)
    if dialect == "sqlite":
        engine = create_engine(url, connect_args={"timeout": timeout})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    pool = {"pool_size": connections, "max_overflow": 0, "pool_timeout": timeout, "pool_pre_ping": True}
    waits = max(2, round(connect_timeout))
    if dialect == "odbc":
        from tallystick.connectors.sql_odbc import open_odbc

        return open_odbc(str(url.password), place, timeout=timeout, connect_timeout=waits, pool=pool, writes=WRITES)
    try:
        engine = create_engine(url, connect_args=_arguments(dialect, waits, timeout), **pool)
    except (ModuleNotFoundError, ImportError):
        system, hint = _EXTRAS[dialect]
        raise ProjectError(f"the driver for {system} is not installed", hint=hint, place=place) from None
    prepare = _PREPARE.get(dialect)
    if prepare is not None:
        event.listen(engine, "connect", partial(_prepared, prepare, timeout))
    return engine


def _arguments(dialect: Dialect, waits: int, timeout: float) -> dict[str, Any]:
    match dialect:
        case "postgresql":
            return {"connect_timeout": waits, "client_encoding": "utf8"}
        case "mysql":
            # The server ends a statement first; these are for one that does not answer any more.
            patience = {"read_timeout": timeout + waits, "write_timeout": timeout + waits}
            return {"connect_timeout": waits, "charset": "utf8mb4", **patience}
        case "mssql":
            return {"timeout": waits}
        case _:
            return {}


def _prepared(prepare: Callable[[Any, float], None], timeout: float, connection: Any, _record: Any) -> None:
    prepare(connection, timeout)


def _prepare_sqlite(connection: Any, record: Any) -> None:
    # The driver must not begin transactions by itself; _begin_sqlite does.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys=ON").close()
    notes = record.info

    def overdue() -> int:
        return int(time.monotonic() > notes.get(DEADLINE, time.monotonic()))

    connection.set_progress_handler(overdue, _STEPS_PER_LOOK)


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and locks later can be refused in the middle; this one waits at its start.
    writes = connection.get_execution_options().get(WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _prepare_postgres(connection: Any, timeout: float) -> None:
    settings = {
        "TimeZone": "UTC",
        "DateStyle": "ISO, YMD",
        "IntervalStyle": "postgres",
        "bytea_output": "hex",
        "extra_float_digits": "1",
        "application_name": "tallystick",
        "statement_timeout": str(round(timeout * 1000)),
        "lock_timeout": str(round(timeout * 1000)),
    }
    calls = ", ".join(["set_config(%s, %s, false)"] * len(settings))
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + calls, [part for setting in settings.items() for part in setting])
    connection.commit()


_PREPARE: Final[dict[Dialect, Callable[[Any, float], None]]] = {
    "postgresql": _prepare_postgres,
    "mysql": prepare_mysql,
}


def prefer_wal(connection: Connection) -> None:
    """Ask SQLite to let readers and a writer work side by side; a file that cannot do it stays as it is."""
    driver: Any = connection.connection.driver_connection
    try:
        driver.execute("PRAGMA journal_mode=WAL").close()
    except sqlite3.Error:
        return
