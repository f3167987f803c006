"""The service of ``soap_service`` started for a test, behind a door that shows what is sent and can bend answers."""

import contextlib
import http.client
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from lxml import etree
from tests.systems.serving import free_port, require, served

SERVICE = Path(__file__).with_name("soap_service.py")


@dataclass
class Reply:
    """What goes out of the door."""

    status: int
    headers: dict[str, str]
    body: bytes


def envelope(inside: str, space: str = "http://schemas.xmlsoap.org/soap/envelope/") -> bytes:
    """Write an answer by hand."""
    return f'<?xml version="1.0"?><s:Envelope xmlns:s="{space}"><s:Body>{inside}</s:Body></s:Envelope>'.encode()


def reply(inside: str, status: int = 200) -> Reply:
    """Make a reply with an envelope written by hand."""
    return Reply(status, {"Content-Type": "text/xml"}, envelope(inside))


@dataclass
class Door:
    """Stands before a service, if there is one. ``meet`` may answer in its stead, ``bend`` may change what it says."""

    behind: int = 0
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    meet: Callable[[dict[str, str], bytes], Reply | None] = lambda headers, body: None
    bend: Callable[[Reply], Reply] = lambda said: said
    server: Any = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/"

    @property
    def sent(self) -> Any:
        """The last envelope that came."""
        return etree.fromstring(self.requests[-1][1])

    def wsdl(self) -> bytes:
        return self.forward("GET", "/?wsdl", {}, b"").body

    def forget(self) -> None:
        """Let the service forget all records, and the door all wishes."""
        self.forward("POST", "/forget", {}, b"")
        self.requests.clear()
        self.meet, self.bend = (lambda headers, body: None), (lambda said: said)

    def forward(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.behind, timeout=20)
        try:
            own = {"host", "connection", "content-length"}
            kept = {name: value for name, value in headers.items() if name.lower() not in own}
            connection.request(method, path, body, {**kept, "Host": self.url.split("/")[2]})
            answer = connection.getresponse()
            return Reply(answer.status, {"Content-Type": answer.headers.get("Content-Type", "")}, answer.read())
        finally:
            connection.close()


class _Porter(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    door: Door

    def do_GET(self) -> None:
        self._pass_on("GET", b"")

    def do_POST(self) -> None:
        self._pass_on("POST", self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def _pass_on(self, method: str, body: bytes) -> None:
        headers = dict(self.headers.items())
        said = None
        if method == "POST":
            self.door.requests.append((headers, body))
            said = self.door.meet(headers, body)
        if said is None:
            said = self.door.forward(method, self.path, headers, body)
            said = self.door.bend(said) if method == "POST" else said
        self.send_response(said.status)
        for name, value in {**said.headers, "Content-Length": str(len(said.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(said.body)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of callers that were killed while they waited for their answer."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


@contextlib.contextmanager
def opened_door(behind: int = 0, *, door: Door | None = None) -> Iterator[Door]:
    """Open a door, or the one that is given, on a free port while the block runs."""
    door = door or Door(behind)
    server = _Quiet(("127.0.0.1", 0), type("Porter", (_Porter,), {"door": door}))
    server.daemon_threads = True
    door.server = server
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield door
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@contextlib.contextmanager
def served_customers(folder: Path, version: str = "1.1") -> Iterator[Door]:
    """Run the service and its door while the block runs."""
    require("spyne", "spyne")
    port = free_port()
    command = [sys.executable, "-W", "ignore", str(SERVICE), str(port), version]
    with served(command, port, folder / "soap.log"), opened_door(port) as door:
        yield door
