"""Connections to the store's database, each set up so that a commit is durable and waits are bounded (R-3.5)."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import StaticPool

from tallystick.core.error import StoreError
from tallystick.store.failure import named_failures

_FORMS: Final = "write sqlite:///folder/state.db or postgresql://user@host/database"
_LOOKING_KIB: Final = 8_192  # of a SQLite file that are kept in memory
_WRITING_KIB: Final = 32_768
_WRITES: Final = "tally_writes"
# One writer at a time on PostgreSQL too, as SQLite has it: no deadlocks, and one meaning on both. Any number would do.
_WRITER_LOCK: Final = 7_409_316_228_195_441_003


def open_engine(url: str, wait_seconds: float) -> tuple[Engine, str]:
    """Give an engine for ``url`` and the address to show to people, which has no password.

    Nothing is connected yet, but a SQLite file and its folder are made, for this user alone.

    Raises:
        StoreError: the address is none, is of another database, or the driver or folder is missing.
    """
    try:
        address = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise StoreError("the address of the state is no address", hint=_FORMS) from error
    kind = address.get_backend_name()
    if kind == "sqlite":
        return _open_sqlite(address, wait_seconds)
    if kind in {"postgresql", "postgres"}:
        return _open_postgresql(address, wait_seconds)
    raise StoreError(f"the state cannot be kept in '{kind}'", hint=_FORMS)


@contextmanager
def committing(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that may write and that is durable when it ends; nobody else writes meanwhile."""
    with engine.connect() as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITER_LOCK})")
        yield connection


@contextmanager
def looking(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that sees one moment and cannot write; it does not wait for writers."""
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            still = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with still.begin():
                yield still
        return
    with engine.connect() as connection:
        reading = connection.execution_options(tally_looking=True)
        raw: Any = connection.connection.driver_connection
        raw.execute("PRAGMA query_only = ON")
        try:
            with reading.begin():
                yield reading
        finally:
            raw.execute("PRAGMA query_only = OFF")


def _open_sqlite(address: URL, wait_seconds: float) -> tuple[Engine, str]:
    in_memory = address.database in {None, "", ":memory:"}
    # A URI (file:state.db?mode=ro) says itself whether the file may be made.
    is_uri = "uri" in address.query
    place = address.database or ":memory:"
    pool: dict[str, Any] = {"poolclass": StaticPool} if in_memory else {}
    if not in_memory and not is_uri:
        _make_file(Path(place))
    engine = create_engine(
        address.set(drivername="sqlite"),
        connect_args={"timeout": wait_seconds, "check_same_thread": False},
        **pool,
    )
    event.listen(engine, "connect", partial(_set_up_sqlite, wait_seconds))
    event.listen(engine, "begin", _begin_sqlite)
    return engine, place


def _make_file(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # The files that SQLite puts beside it get the same mode.
        os.close(os.open(path, os.O_CREAT | os.O_RDONLY, 0o600))
    except OSError as error:
        raise StoreError(
            "the state cannot be opened",
            detail=error.strerror or type(error).__name__,
            hint="check that this user may write in the folder and that the path is no folder itself",
            place=str(path),
        ) from error


def _set_up_sqlite(wait_seconds: float, connection: Any, _record: Any) -> None:
    # The driver must not begin transactions by itself: _begin_sqlite does, and says which kind.
    connection.isolation_level = None
    # For a new file only. Keys arrive in random order: with pages of 8 KiB a batch touches far fewer of them.
    connection.execute("PRAGMA page_size = 8192")
    _keep_log(connection, wait_seconds)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA cache_size = -{_LOOKING_KIB}")
    connection.execute("PRAGMA wal_autocheckpoint = 4000")


def _keep_log(connection: Any, wait_seconds: float) -> None:
    """Let the file have a write-ahead log. SQLite itself waits for nobody here, so several that make a file would fail.

    Raises ``sqlite3.OperationalError`` if others hold the file all the time.
    """
    last = time.monotonic() + wait_seconds
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() >= last:
                raise
            time.sleep(0.02)
        else:
            return  # where it stays another mode (in memory), it always will


def _begin_sqlite(connection: Connection) -> None:
    is_looking = connection.get_execution_options().get("tally_looking", False)
    if not (is_looking or connection.info.get(_WRITES)):
        # Keys arrive in random order: a batch needs the same pages as the one before. Who only looks reads them once.
        connection.exec_driver_sql(f"PRAGMA cache_size = -{_WRITING_KIB}")
        connection.info[_WRITES] = True
    # IMMEDIATE: a transaction that starts by reading could find itself unable to write half-way.
    connection.exec_driver_sql("BEGIN" if is_looking else "BEGIN IMMEDIATE")


def _open_postgresql(address: URL, wait_seconds: float) -> tuple[Engine, str]:
    place = f"postgresql://{address.host or address.query.get('host', '')}/{address.database or ''}"
    try:
        engine = create_engine(
            address.set(drivername="postgresql+psycopg"), paramstyle="format", pool_pre_ping=True, pool_size=2
        )
    except ImportError as error:
        raise StoreError(
            "the driver for PostgreSQL is not installed",
            detail=str(error),
            hint="pip install 'tallystick[postgres]'",
            place=place,
        ) from error
    milliseconds = int(wait_seconds * 1000)

    def set_up(connection: Any, _record: Any) -> None:
        connection.autocommit = True
        connection.execute(f"SET lock_timeout = {milliseconds}")
        # A server may be set to answer before a commit is on disk; an intent must be there first.
        connection.execute(
            "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
        )
        connection.autocommit = False

    event.listen(engine, "connect", set_up)
    return engine, place


@contextmanager
def opened(engine: Engine, place: str) -> Iterator[Connection]:
    """Open a transaction for setting up or changing the tables, with the driver's refusals named."""
    with named_failures(place), committing(engine) as connection:
        yield connection
