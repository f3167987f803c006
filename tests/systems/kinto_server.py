"""Kinto on loopback, in memory: the one system here that says what was deleted; with a view of it of our own."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from tests.systems.asking import ask, basic
from tests.systems.serving import free_port, program, served

USER, PASSWORD = "robot", "made-up-password"
PAGE = 4
CONFIG = """\
[server:main]
use = egg:waitress#main
host = 127.0.0.1
port = {port}
[app:main]
use = egg:kinto
kinto.includes = kinto.plugins.accounts
kinto.storage_backend = kinto.core.storage.memory
kinto.permission_backend = kinto.core.permission.memory
kinto.cache_backend = kinto.core.cache.memory
kinto.userid_hmac_secret = made-up
kinto.paginate_by = {page}
kinto.account_create_principals = system.Everyone
kinto.bucket_create_principals = system.Authenticated
multiauth.policies = account
multiauth.policy.account.use = kinto.plugins.accounts.authentication.AccountsAuthenticationPolicy
[loggers]
keys = root
[handlers]
keys =
[formatters]
keys =
[logger_root]
level = WARN
handlers =
"""


@dataclass(frozen=True)
class Collection:
    """One collection of a running server, asked without the product."""

    address: str
    name: str

    @property
    def path(self) -> str:
        """Where its records are, below the version of the interface."""
        return f"/buckets/desk/collections/{self.name}/records"

    def records(self) -> list[dict[str, Any]]:
        """Show all records that are not deleted."""
        found: list[dict[str, Any]] = []
        url = f"{self.address}{self.path}?_sort=id"
        while url:
            base, _, query = url.partition("?")
            answer = ask("GET", base, headers=basic(USER, PASSWORD), query=parse_qsl(query))
            assert answer.status == 200, answer
            found += answer.data["data"]
            url = answer.headers.get("next-page", "")
        return found

    def by_mail(self) -> dict[str, dict[str, Any]]:
        """Show all records by their mail, which none may share."""
        records = self.records()
        shown = {each["mail"]: each for each in records}
        assert len(shown) == len(records), "a mail is there twice"
        return shown

    def people(self) -> dict[str, tuple[str, str | None]]:
        """Show name and town of everybody by mail."""
        return {mail: (each["name"], each.get("town")) for mail, each in self.by_mail().items()}

    def create(self, **values: Any) -> None:
        """Create a record as a person would."""
        self._tell("POST", "", values)

    def change(self, mail: str, /, **values: Any) -> None:
        """Edit a record as a person would."""
        self._tell("PATCH", f"/{self.by_mail()[mail]['id']}", values)

    def remove(self, mail: str) -> None:
        """Delete a record as a person would."""
        self._tell("DELETE", f"/{self.by_mail()[mail]['id']}")

    def _tell(self, method: str, rest: str, values: Any = None) -> None:
        body = None if values is None else {"data": values}
        answer = ask(method, f"{self.address}{self.path}{rest}", headers=basic(USER, PASSWORD), body=body)
        assert answer.status < 300, answer


@dataclass
class Kinto:
    """A running server."""

    address: str
    made: int = 0

    def collection(self) -> Collection:
        """Make a fresh collection."""
        self.made += 1
        name = f"people{self.made}"
        _put(f"{self.address}/buckets/desk/collections/{name}")
        return Collection(self.address, name)


@contextlib.contextmanager
def serve_kinto(folder: Path) -> Iterator[Kinto]:
    """Serve an empty Kinto, with an account, while the block runs."""
    port = free_port()
    config = folder / "kinto.ini"
    config.write_text(CONFIG.format(port=port, page=PAGE))
    with served([*program("kinto"), "start", "--ini", str(config)], port, folder / "log"):
        kinto = Kinto(f"http://127.0.0.1:{port}/v1")
        answer = ask("PUT", f"{kinto.address}/accounts/{USER}", body={"data": {"password": PASSWORD}})
        assert answer.status < 300, answer
        _put(f"{kinto.address}/buckets/desk")
        yield kinto


def _put(url: str) -> None:
    answer = ask("PUT", url, headers=basic(USER, PASSWORD), body={"data": {}})
    assert answer.status < 300, answer
