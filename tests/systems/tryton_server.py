"""Tryton on loopback: one server, a fresh database per test, and a view of it that does not use the REST interface."""

import base64
import contextlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.systems.asking import ask
from tests.systems.serving import free_port, program, run, served

PASSWORD = "made-up-admin-password"
MODULES = ("party", "product")
COPIES = 40
EVERYTHING = {"active_test": False}


@dataclass(frozen=True)
class Tryton:
    """One database of a running server."""

    address: str
    key: str
    session: str

    @property
    def rest(self) -> str:
        """The address that the REST interface starts at."""
        return f"{self.address}/rest/model"

    def rpc(self, method: str, *parameters: Any) -> Any:
        """Call a method as Tryton's own client does."""
        return _rpc(self.address, method, *parameters, session=self.session)

    def parties(self) -> dict[str, dict[str, Any]]:
        """Show all parties, archived ones too, by code."""
        fields = ["name", "code", "active", "lang", "write_date"]
        rows = self.rpc("model.party.party.search_read", [], 0, None, None, fields, EVERYTHING)
        shown = {row["code"]: row for row in rows}
        assert len(shown) == len(rows), "a code is there twice"
        return shown

    def create(self, *parties: dict[str, Any]) -> list[int]:
        """Create parties as a user would; gives their ids."""
        return self.rpc("model.party.party.create", list(parties), {})

    def change(self, code: str, /, **values: Any) -> None:
        """Edit one party as a user would."""
        self.rpc("model.party.party.write", [self.parties()[code]["id"]], values, EVERYTHING)

    def remove(self, code: str) -> None:
        """Delete one party as a user would."""
        self.rpc("model.party.party.delete", [self.parties()[code]["id"]], EVERYTHING)

    def language(self, code: str) -> int:
        """Give the id of a language."""
        [found] = self.rpc("model.ir.lang.search", [["code", "=", code]], 0, None, None, {})
        return found


@dataclass
class TrytonServer:
    """A running server with databases that nobody has used yet."""

    address: str
    key: str
    made: int = 0

    def database(self) -> Tryton:
        """Give a fresh database, a copy of the first one."""
        self.made += 1
        assert self.made <= COPIES, "more databases wanted than were copied: raise COPIES"
        address = f"{self.address}/copy{self.made}"
        # A database that the server has not opened yet opens on a REST request; a log-in as first request fails there.
        first = ask("GET", f"{address}/rest/model/ir.lang", headers={"Authorization": f"Bearer {self.key}"})
        assert first.status == 200, first
        return Tryton(address, self.key, _log_in(address))


def build_base(folder: Path) -> None:
    """Make the first database: schema, modules, the administrator's password."""
    (folder / "base.sqlite").touch()
    (folder / "password").write_text(PASSWORD)
    config = _write_config(folder, 0)
    environment = os.environ | {"TRYTONPASSFILE": str(folder / "password")}
    admin = [*program("trytond-admin"), "-c", str(config), "-d", "base"]
    # It asks for an address, which may stay empty: one that is given it would look up in the DNS.
    run([*admin, "--all"], said="\n", env=environment)
    run([*admin, "-u", *MODULES, "--activate-dependencies"], env=environment)


@contextlib.contextmanager
def serve_tryton(base: Path, folder: Path) -> Iterator[TrytonServer]:
    """Serve a copy of the base in ``folder``, with a key for the REST interface made through JSON-RPC."""
    (folder / "base.sqlite").write_bytes((base / "base.sqlite").read_bytes())
    port = free_port()
    config = _write_config(folder, port)
    command = [*program("trytond"), "-c", str(config), "-d", "base"]
    with served(command, port, folder / "log"):
        address = f"http://127.0.0.1:{port}"
        key = _make_key(f"{address}/base")
        _copy_base(folder)
        yield TrytonServer(address, key)
    shutil.rmtree(folder)


def _copy_base(folder: Path) -> None:
    """Make all copies before the first is asked for: the server looks for new databases only every few minutes."""
    first = folder / "copy1.sqlite"
    with (
        contextlib.closing(sqlite3.connect(folder / "base.sqlite")) as base,
        contextlib.closing(sqlite3.connect(first)) as copy,
    ):
        base.backup(copy)
    for number in range(2, COPIES + 1):
        shutil.copyfile(first, folder / f"copy{number}.sqlite")


def _write_config(folder: Path, port: int) -> Path:
    config = folder / "trytond.conf"
    config.write_text(f"[database]\nuri = sqlite:///\npath = {folder}\n[web]\nlisten = 127.0.0.1:{port}\n")
    return config


def _make_key(address: str) -> str:
    session = _log_in(address)
    made = _rpc(address, "model.res.user.application.create", [{"application": "rest", "user": 1}], {}, session=session)
    [row] = _rpc(address, "model.res.user.application.read", made, ["key"], {}, session=session)
    return row["key"]


def _log_in(address: str) -> str:
    user, token, *_ = _rpc(address, "common.db.login", "admin", {"password": PASSWORD}, "en")
    return base64.b64encode(f"admin:{user}:{token}".encode()).decode()


def _rpc(address: str, method: str, *parameters: Any, session: str = "") -> Any:
    headers = {"Authorization": f"Session {session}"} if session else {}
    answer = ask("POST", f"{address}/rpc/", headers=headers, body={"id": 1, "method": method, "params": parameters})
    assert answer.status == 200, answer
    assert "result" in answer.data, answer.data
    return answer.data["result"]
