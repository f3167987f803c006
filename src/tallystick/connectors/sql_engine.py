"""Opens a database by its SQLAlchemy address so that every connection behaves the same way.

SQLite: a file that must exist, foreign keys enforced, writes that lock at their start, statements that end at the
time-out. PostgreSQL: psycopg, UTC, ISO dates, statement and lock time-outs.
"""

import sqlite3
import time
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, make_url

from tallystick.core.error import ProjectError

WRITES: Final = "tally_writes"  # the execution option of a connection that is about to write
DEADLINE: Final = "tally_deadline"  # in a connection's notes: when its statements must have ended (monotonic)
_STEPS_PER_LOOK: Final = 50_000  # of SQLite's machine between two looks at the clock: a few milliseconds
_FAMILIES: Final = {"sqlite": "sqlite", "postgresql": "postgresql", "postgres": "postgresql"}


def read_address(text: str, place: str) -> URL:
    """Read a SQLAlchemy address; PostgreSQL is always spoken to through psycopg.

    Raises ``ProjectError`` for what is no address or another kind of database; the address itself is not repeated,
    since it may carry a password.
    """
    scheme = text.partition(":")[0].partition("+")[0]
    if scheme not in _FAMILIES:
        raise ProjectError(
            "'url' is not the address of a database that can be used",
            hint="write sqlite:///path/to/file.db or postgresql://user:password@host/database",
            place=place,
        )
    try:
        url = make_url(_FAMILIES[scheme] + text[text.index(":") :] if ":" in text else text)
    except (exc.ArgumentError, ValueError):
        raise ProjectError(
            "'url' is not a complete database address",
            hint="percent-encode special characters in user and password",
            place=place,
        ) from None
    return _lite(url) if url.get_backend_name() == "sqlite" else url.set(drivername="postgresql+psycopg")


def _lite(url: URL) -> URL:
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        return url
    # Without mode=rw a mistyped path would make a new and empty database.
    path = quote(Path(url.database).absolute().as_posix())
    return url.set(database=f"file:{path}", query={"mode": "rw", **url.query, "uri": "true"})


def open_engine(url: URL, place: str, *, timeout: float, connect_timeout: float, connections: int) -> Engine:
    """Make an engine; it connects at the first use. Times in seconds."""
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, connect_args={"timeout": timeout})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    arguments = {"connect_timeout": max(2, round(connect_timeout)), "client_encoding": "utf8"}
    try:
        engine = create_engine(
            url, connect_args=arguments, pool_size=connections, max_overflow=0, pool_timeout=timeout, pool_pre_ping=True
        )
    except ModuleNotFoundError:
        raise ProjectError(
            "the driver for PostgreSQL is not installed", hint="pip install 'tallystick[postgres]'", place=place
        ) from None
    event.listen(engine, "connect", lambda connection, _: _prepare_postgres(connection, timeout))
    return engine


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


def prefer_wal(connection: Connection) -> None:
    """Ask SQLite to let readers and a writer work side by side; a file that cannot do it stays as it is."""
    driver: Any = connection.connection.driver_connection
    try:
        driver.execute("PRAGMA journal_mode=WAL").close()
    except sqlite3.Error:
        return
