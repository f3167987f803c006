"""Running twins and clients that speak to them as anybody would."""

import contextlib
import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from tallystick.core.record import decode_raw
from tallystick.testing.twins.crm import CrmTwin
from tallystick.testing.twins.erp import ErpTwin
from tallystick.testing.twins.twin import Twin


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return decode_raw(self.body)


class Client:
    """One keep-alive connection to one twin."""

    def __init__(self, twin: Twin) -> None:
        address = urlsplit(twin.url)
        self.credentials = {"Authorization": f"Bearer {twin.token}", "X-Api-Key": twin.token}
        self.connection = http.client.HTTPConnection(address.hostname, address.port, timeout=10)

    def __call__(self, method: str, path: str, body: Any = None, headers: Any = None, **query: Any) -> Reply:
        target = path + ("?" + urlencode(query) if query else "")
        sent = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        try:
            self.connection.request(method, target, sent, {**self.credentials, **(headers or {})})
            answer = self.connection.getresponse()
            reply = Reply(answer.status, dict(answer.headers.items()), answer.read())
        except (OSError, http.client.HTTPException):
            self.connection.close()
            raise
        return reply

    def get(self, path: str, **query: Any) -> Reply:
        return self("GET", path, **query)

    def pages(self, path: str, **query: Any) -> Iterator[list[Any]]:
        """Walk a listing of either system."""
        offset, cursor = 0, None
        while True:
            if path.startswith("/v1"):
                page = self.get(path, offset=offset, **query).json
                offset += len(page["data"])
                yield page["data"]
                if not page["data"] or offset >= page["meta"]["total"]:
                    return
            else:
                page = self.get(path, **query, **({"cursor": cursor} if cursor else {})).json
                yield page["items"]
                cursor = page["next_cursor"]
                if cursor is None:
                    return

    def all(self, path: str, **query: Any) -> list[Any]:
        return [row for page in self.pages(path, **query) for row in page]


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock(1_750_000_000.25)  # 2025-06-15T15:06:40.250Z


@pytest.fixture
def crm(clock: Clock) -> Iterator[CrmTwin]:
    with CrmTwin(clock=clock) as twin:
        yield twin


@pytest.fixture
def erp(clock: Clock) -> Iterator[ErpTwin]:
    with ErpTwin(clock=clock) as twin:
        yield twin


@pytest.fixture
def connect() -> Iterator[Any]:
    """Give a client for a twin; closed at the end."""
    with contextlib.ExitStack() as stack:

        def make(twin: Twin) -> Client:
            client = Client(twin)
            stack.callback(client.connection.close)
            return client

        yield make


@pytest.fixture
def to_crm(crm: CrmTwin, connect: Any) -> Client:
    return connect(crm)


@pytest.fixture
def to_erp(erp: ErpTwin, connect: Any) -> Client:
    return connect(erp)
