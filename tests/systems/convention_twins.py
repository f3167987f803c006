"""Two systems that keep conventions and have no description: JSON:API and HAL, each written to its specification."""

import contextlib
import itertools
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

LONGEST = 40
NAMES = ("title", "rank", "note")


class Shelf:
    """The records of a system."""

    def __init__(self) -> None:
        self.rows: dict[str, dict] = {}
        self.numbers = itertools.count(1)

    def write(self, own: str, given: dict) -> dict:
        kept = self.rows.get(own) or {"createdAt": _now()}
        self.rows[own] = {**kept, **given, "updatedAt": _now()}
        return self.rows[own]


class Refusal(Exception):
    """A request that is refused with a status, and the field that it is about."""

    def __init__(self, status: int, text: str, field: str = "") -> None:
        super().__init__(text)
        self.status, self.field = status, field


def _now() -> str:
    return datetime.now(UTC).isoformat()  # noqa: TID251 - a server has a clock


class _Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    shelf: Shelf
    media = ""

    def _say(self, status: int, content: object = None) -> None:
        body = b"" if content is None else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", self.media)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _serve(self, work) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        given = json.loads(self.rfile.read(length)) if length else {}
        try:
            self._say(*work(given))
        except Refusal as refusal:
            self._say(refusal.status, self._complaint(refusal))

    @property
    def own(self) -> str:
        """The record that the address names."""
        own = urlsplit(self.path).path.rpartition("/")[2]
        if own not in self.shelf.rows:
            raise Refusal(404, "there is no such article")
        return own

    @property
    def is_listing(self) -> bool:
        return urlsplit(self.path).path.endswith("/articles")

    def _page(self, name: str) -> tuple[list[str], str]:
        after = int(parse_qs(urlsplit(self.path).query).get(name, ["0"])[0])
        rest = [own for own in self.shelf.rows if int(own) > after]
        following = f"http://{self.headers['Host']}/api/articles?{name}={rest[2]}" if len(rest) > 3 else ""
        return rest[:3], following

    def _check(self, given: dict) -> dict:
        unknown = next((name for name in given if name not in NAMES), "")
        if unknown:
            raise Refusal(422, f"'{unknown}' is not known", unknown)
        if len(given.get("title") or "") > LONGEST:
            raise Refusal(422, f"at most {LONGEST} characters", "title")
        return given

    def do_GET(self) -> None:
        self._serve(lambda given: (200, self._list() if self.is_listing else self._show(self.own)))

    def do_POST(self) -> None:
        self._serve(lambda given: (201, self._made(str(next(self.shelf.numbers)), self._read(given, ""))))

    def do_PATCH(self) -> None:
        self._serve(lambda given: (200, self._made(self.own, self._read(given, self.own))))

    def do_DELETE(self) -> None:
        self._serve(lambda given: (204, self.shelf.rows.pop(self.own) and None))

    def _made(self, own: str, given: dict) -> dict:
        self.shelf.write(own, self._check(given))
        return self._show(own)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class JsonApi(_Service):
    """Resource objects; a change names type and id in its body, and nothing but its own media type is taken."""

    media = "application/vnd.api+json"

    def _resource(self, own: str) -> dict:
        author = {"data": {"type": "people", "id": "1"}}
        row = self.shelf.rows[own]
        attributes = {name: value for name, value in row.items() if name in NAMES}
        times = {name: value for name, value in row.items() if name not in NAMES}
        links = {"relationships": {"author": author}, "meta": times}
        return {"type": "articles", "id": own, "attributes": attributes, **links}

    def _show(self, own: str) -> dict:
        return {"data": self._resource(own)}

    def _list(self) -> dict:
        rows, following = self._page("page[after]")
        return {"data": [self._resource(own) for own in rows], "links": {"next": following or None}}

    def _read(self, given: dict, own: str) -> dict:
        sent = given.get("data") or {}
        if self.headers["Content-Type"] != self.media:
            raise Refusal(415, "wrong media type")
        if sent.get("type") != "articles" or sent.get("id", "") != own:
            raise Refusal(409, "type and id must name the record")
        return sent.get("attributes") or {}

    def _complaint(self, refusal: Refusal) -> dict:
        pointer = f"/data/attributes/{refusal.field}" if refusal.field else "/data"
        return {"errors": [{"status": str(refusal.status), "detail": str(refusal), "source": {"pointer": pointer}}]}


class Hal(_Service):
    """Records with links and no ids, as Spring Data REST makes them."""

    media = "application/hal+json"

    def _show(self, own: str) -> dict:
        link = f"http://{self.headers['Host']}/api/articles/{own}"
        return {
            **dict.fromkeys(NAMES),
            **self.shelf.rows[own],
            "_links": {"self": {"href": link}, "article": {"href": link + "{?projection}"}},
        }

    def _list(self) -> dict:
        rows, following = self._page("after")
        links = {"next": {"href": following}} if following else {}
        return {"_embedded": {"articles": [self._show(own) for own in rows]}, "_links": links}

    def _read(self, given: dict, own: str) -> dict:
        return given

    def _complaint(self, refusal: Refusal) -> dict:
        return {"errors": [{"entity": "Article", "property": refusal.field, "message": str(refusal)}]}


@contextlib.contextmanager
def served_convention(service: type[_Service]) -> Iterator[tuple[str, Shelf]]:
    """Run a system while the block runs; gives the address of its listing, and its shelf."""
    shelf = Shelf()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Served", (service,), {"shelf": shelf}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api/articles", shelf
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
