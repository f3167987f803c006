"""The door that a sign-in page leads back to: a web server on this computer alone, for the length of one sign-in.

The page that the browser ends at is answered when it is known what became of the sign-in, so it tells the truth.
"""

import contextlib
import html
import queue
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Self
from urllib.parse import urlsplit, urlunsplit

from tallystick.core.error import ProjectError

_HERE: Final = "127.0.0.1"
_NAMES: Final = frozenset({_HERE, "localhost"})
_MOST_VISITS: Final = 50
_PAGE: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<body style="font: 1rem/1.5 system-ui, sans-serif; max-width: 32rem; margin: 4rem auto; padding: 0 1rem">
<h1>{title}</h1><p>{text}</p></body></html>
"""


@dataclass(frozen=True, slots=True)
class Visit:
    """A browser that came back: ``query`` is what it brought. It waits until it is told what became of that."""

    query: str = field(repr=False)
    _page: "queue.Queue[tuple[int, str, str]]" = field(default_factory=lambda: queue.Queue(1), repr=False)

    def tell(self, title: str, text: str, status: int = 200) -> None:
        """Answer with a page."""
        self._page.put((status, title, text))

    def told(self) -> tuple[int, str, str]:
        """Wait for the page that was told."""
        return self._page.get()

    def give_up(self) -> None:
        """Let a browser that was told nothing go."""
        with contextlib.suppress(queue.Full):
            self._page.put_nowait((503, "Not signed in", "The command that waited for this page has ended."))


def is_loopback(redirect_uri: str) -> bool:
    """Tell whether a page can lead back to a door on this computer; nothing written means that it can."""
    parts = urlsplit(redirect_uri)
    return not redirect_uri or (parts.scheme == "http" and parts.hostname in _NAMES)


class Loopback:
    """Listens on this computer's own address; ``redirect_uri`` is where a page leads back to."""

    def __init__(self, redirect_uri: str = "", *, place: str = "") -> None:
        parts = urlsplit(redirect_uri or f"http://{_HERE}/")
        self._visits: queue.Queue[Visit] = queue.Queue()
        try:
            self._server = _Door((_HERE, parts.port or 0), parts.path or "/", self._visits)
        except OSError as cause:
            raise ProjectError(
                f"nothing can listen on port {parts.port}: {cause.strerror}",
                hint="end what listens there, or name another port in auth.redirect_uri",
                place=place,
            ) from cause
        netloc = f"{parts.hostname}:{self._server.server_address[1]}"
        self.redirect_uri = redirect_uri if parts.port else urlunsplit(parts._replace(netloc=netloc))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        self._thread.start()

    def wait(self, seconds: float) -> Visit | None:
        """Give the next browser that comes back; ``None`` if none came in time."""
        try:
            return self._visits.get(timeout=seconds)
        except queue.Empty:
            return None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        """Close the door; pages that were told are still sent."""
        self._server.shutdown()
        self._thread.join()
        self._server.is_closing = True
        for visit in self._server.came:
            visit.give_up()
        self._server.server_close()


class _Door(ThreadingHTTPServer):
    """Hands visits over and waits in their own threads until they are told."""

    daemon_threads = False
    allow_reuse_address = False

    def __init__(self, address: tuple[str, int], path: str, visits: "queue.Queue[Visit]") -> None:
        self.path = path
        self.visits = visits
        self.came: list[Visit] = []
        self.is_closing = False
        super().__init__(address, _Caller)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Leave a browser that went away alone."""


class _Caller(BaseHTTPRequestHandler):
    # Browsers open connections ahead and send nothing on them.
    timeout = 2
    server: _Door
    server_version = "tally"
    sys_version = ""

    def do_GET(self) -> None:
        """Hand what the browser brought over, and show what became of it."""
        parts = urlsplit(self.path)
        if parts.path != self.server.path or not parts.query or len(self.server.came) >= _MOST_VISITS:
            self._show(404, "Nothing here", "This page is only where a sign-in ends.")
            return
        visit = Visit(parts.query)
        self.server.came.append(visit)
        self.server.visits.put(visit)
        if self.server.is_closing:
            visit.give_up()
        self._show(*visit.told())

    def _show(self, status: int, title: str, text: str) -> None:
        page = _PAGE.format(title=html.escape(title), text=html.escape(text)).encode()
        self.send_response(status)
        headers = {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Length": str(len(page)),
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
            "Cache-Control": "no-store",
            # The address carries the code.
            "Referrer-Policy": "no-referrer",
            "Connection": "close",
        }
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_words: Any) -> None:
        """Log nothing: the address carries the code."""
