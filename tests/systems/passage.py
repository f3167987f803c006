"""A passage before any HTTP server: all goes through as it is, or the answer is lost after the server did its work."""

import contextlib
import http.client
import sys
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

BETWEEN_TWO = {"connection", "keep-alive", "transfer-encoding", "content-length"}


@dataclass
class Passage:
    """What went through; ``loses`` says of which request (method, path) the answer shall never arrive."""

    behind: str
    url: str = ""
    keeps_name: bool = True
    passed: list[tuple[str, str]] = field(default_factory=list)
    loses: Callable[[str, str], bool] = lambda method, path: False

    def lose_next(self, *methods: str) -> list[str]:
        """Lose the answer to the next request of each of these methods; gives the list of those that were lost."""
        left, lost = list(methods), []

        def is_meant(method: str, path: str) -> bool:
            if method not in left:
                return False
            left.remove(method)
            lost.append(method)
            return True

        self.loses = is_meant
        return lost

    def writes(self) -> list[tuple[str, str]]:
        """Show the requests that were no reads."""
        return [each for each in self.passed if each[0] not in {"GET", "HEAD"}]


class _Porter(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    passage: Passage

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        place = urllib.parse.urlsplit(self.passage.behind)
        server = http.client.HTTPConnection(place.hostname or "", place.port, timeout=20)
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() not in BETWEEN_TWO}
            if not self.passage.keeps_name:
                headers["Host"] = place.netloc
            server.request(self.command, self.path, body or None, headers)
            answer = server.getresponse()
            content = answer.read()
        finally:
            server.close()
        self.passage.passed.append((self.command, self.path))
        if self.passage.loses(self.command, self.path):
            self.close_connection = True
            return
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in BETWEEN_TWO:
                self.send_header(name, value)
        if answer.status not in {204, 304}:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_MERGE = do_DELETE = _pass_on  # noqa: N815 - the library's names

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of callers that hung up."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


@contextlib.contextmanager
def opened_passage(behind: str, *, keeps_name: bool = True) -> Iterator[Passage]:
    """Open a passage to the server at ``behind`` (scheme, host and port) while the block runs.

    The server hears the passage's own name, so that the addresses it gives lead through it again; without
    ``keeps_name`` it hears its own, for servers that answer to no other.
    """
    passage = Passage(behind, keeps_name=keeps_name)
    server = _Quiet(("127.0.0.1", 0), type("Porter", (_Porter,), {"passage": passage}))
    passage.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield passage
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
