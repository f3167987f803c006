"""A scripted HTTP server on loopback that can lie in every way, and flows fed from a list without any socket."""

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from tallystick.connectors.http.limits import Timing
from tallystick.connectors.http.message import Headers, Response
from tallystick.connectors.rest import open_system
from tallystick.project.manifest import Manifest


@dataclass
class Seen:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Reply:
    """Raw bytes to send; ``close`` ends the connection afterwards, ``gate`` is waited for before."""

    raw: bytes
    close: bool = False
    gate: threading.Event | None = None


def make_reply(body=b"", status=200, headers=None, *, close=False, gate=None):
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    given = {"Content-Type": "application/json", "Content-Length": str(len(body))} | (headers or {})
    head = f"HTTP/1.1 {status} X\r\n" + "".join(f"{k}: {v}\r\n" for k, v in given.items() if v is not None)
    return Reply(head.encode() + b"\r\n" + body, close, gate)


@dataclass
class Server:
    """Answers by ``script``: path without query -> a reply, a list of replies (the last one stays), or a function."""

    tls: ssl.SSLContext | None = None
    script: dict = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)

    def start(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()
        return self

    @property
    def port(self):
        return self._listener.getsockname()[1]

    @property
    def url(self):
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}"

    def paths(self):
        return [seen.path for seen in self.seen]

    def stop(self):
        self.stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection):
        with connection, contextlib.suppress(OSError):
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            self._open.append(connection)
            with connection, connection.makefile("rb") as stream:
                while (seen := _read(stream)) is not None:
                    self.seen.append(seen)
                    reply = self._reply(seen)
                    if reply.gate is not None:
                        reply.gate.wait(10)
                    connection.sendall(reply.raw)
                    if reply.close or self.stopping.is_set():
                        return

    def _reply(self, seen):
        found = self.script.get(seen.path.partition("?")[0])
        if isinstance(found, list):
            found = found.pop(0) if len(found) > 1 else found[0]
        if callable(found):
            found = found(seen)
        return found if found is not None else make_reply({"error": "nothing here"}, 404)


def _read(stream):
    line = stream.readline()
    if not line.strip() or not line.isascii():
        return None
    method, path, _ = line.decode().split(" ", 2)
    headers = {}
    while (line := stream.readline().strip()) != b"":
        name, _, value = line.decode().partition(":")
        headers[name.strip().lower()] = value.strip()
    return Seen(method, path, headers, stream.read(int(headers.get("content-length", 0))))


class FakeTime:
    """A clock that only ``sleep`` moves; ``slept`` is the sum."""

    def __init__(self):
        self.now = 1000.0
        self.slept = 0.0

    def sleep(self, seconds):
        self.now += seconds
        self.slept += seconds

    def timing(self):
        return Timing(lambda: self.now, lambda: 1_700_000_000 + self.now, self.sleep, lambda: 0.5)


class Vault:
    """Secrets by reference."""

    def resolve(self, reference):
        return {"${env:KEY}": "s3cret-key", "${env:ID}": "client", "${env:TOKEN}": "t0ken-value"}[reference]


@pytest.fixture
def server():
    running = Server().start()
    yield running
    running.stop()


@pytest.fixture
def another_server():
    running = Server().start()
    yield running
    running.stop()


@pytest.fixture
def reply():
    return make_reply


@pytest.fixture
def clock():
    return FakeTime()


@pytest.fixture
def vault():
    return Vault()


@pytest.fixture
def open_rest(clock):
    """Open a system by a manifest given as a dictionary; whatever was opened is closed."""
    opened = []

    def open_it(base_url="http://crm.test/api", *, timing=None, **entries):
        manifest = Manifest.model_validate({"protocol": "rest", "base_url": base_url, **entries})
        connector, transport = open_system("crm", manifest, Vault(), timing or clock.timing())
        opened.append(transport)
        return connector, transport

    yield open_it
    for transport in opened:
        transport.close()


@pytest.fixture
def answer() -> Callable[..., Response]:
    """Make an answer for a flow that is fed from a list."""

    def make(body=b"", status=200, headers=None, url="http://crm.test/api/companies"):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        return Response(status, Headers.of(headers or {}), body, url)

    return make


@pytest.fixture
def feed():
    """Run a flow on answers from a list; gives its outcome and the requests it made."""

    def run(flow, *answers):
        requests, waiting = [], list(answers)
        try:
            request = next(flow)
            while True:
                requests.append(request)
                following = waiting.pop(0)
                request = flow.throw(following) if isinstance(following, Exception) else flow.send(following)
        except StopIteration as end:
            assert not waiting, "the flow ended early"
            return end.value, requests
        except IndexError:
            pytest.fail(f"no answer is left for {requests[-1]!r} of {[r.url for r in requests]}")

    return run
