"""A REST system that keeps its promises about repeated creates, and loses answers after it has done the work.

The same desk answers in this process (thousands of creates) and on a socket (some hundreds).
"""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tallystick.connectors.flow import drive, drive_or_error
from tallystick.connectors.http.message import Headers, Response
from tallystick.core.error import Unavailable

Answered = tuple[int, dict[str, Any]]

MANIFEST = """
protocol: rest
base_url: {url}
network: {{timeout_seconds: 2}}
limits: {{in_flight: 4}}
objects:
  partners:
    omits_blank: true
    created: made
    modified: changed
    list: {{method: GET, path: /o, record: rows}}
    paging: {{type: offset, limit_param: limit, offset_param: offset, limit: 500}}
    filters: {{ref: {{param: ref}}, vat_id: {{param: vat_id}}}}
    get: {{method: GET, path: "/o/{{id}}"}}
    create: {{method: {create}}}
    update: {{method: PATCH, path: "/o/{{id}}"}}
    delete: {{method: DELETE, path: "/o/{{id}}"}}
    {bulk}
    claims: {{strong_reads: true, returns_record: true, {claims}}}
    fields:
      id: {{type: text}}
      changed: {{type: instant, read_only: true}}
      made: {{type: instant, read_only: true}}
      name1: {{type: text, required: true, max_length: 30}}
      vat_id: {{type: text}}
      ort: {{type: text}}
      ref: {{type: text, unique: true}}
"""
BULK = "create_bulk: {method: POST, path: /o/batch, size: %d, items: records, results: results, record: data}"
KEYED = "idempotency_header: Idempotency-Key"


def manifest(kind: str, url: str = "http://desk.test", size: int = 50) -> str:
    """Describe the desk as a system of one kind: key, bulk (one key for a whole batch), extid, search, client_id."""
    claims = KEYED if kind in {"key", "bulk"} else f"create_idem: {kind}"
    create = 'PUT, path: "/o/{id}"' if kind == "client_id" else "POST, path: /o"
    return MANIFEST.format(url=url, create=create, bulk=BULK % size if kind == "bulk" else "", claims=claims)


@dataclass
class Desk:
    """The system. ``loses`` says of a write, by its number from 1, whether its answer gets lost after the work."""

    clock: Callable[[], float]
    loses: Callable[[int], bool] = lambda number: False
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    replies: dict[str, tuple[bytes, Answered]] = field(default_factory=dict)
    found: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)
    busy: int = 0
    writes: int = 0
    lost: int = 0
    replayed: int = 0
    reused: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Answered | None:
        """Answer one request; ``None`` where the work was done and the answer is lost."""
        with self.lock:
            parts = urlsplit(url)
            asked, path = dict(parse_qsl(parts.query)), parts.path.removeprefix("/o").strip("/")
            if method == "GET":
                return self._show(path, asked)
            self.writes += 1
            said = self._write(method, path, headers, body)
            if self.loses(self.writes):
                self.lost += 1
                return None
            return said

    def _show(self, path: str, asked: dict[str, str]) -> Answered:
        if path:
            return (200, self.rows[path]) if path in self.rows else (404, {"error": "no such record"})
        offset, limit = int(asked.pop("offset", 0)), int(asked.pop("limit", 500))
        found = (
            list(self.rows.values()) if not asked else [r for pair in asked.items() for r in self.found.get(pair, ())]
        )
        return 200, {"rows": found[offset : offset + limit], "total": len(found)}

    def _write(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answered:
        key = headers.get("idempotency-key", "")
        if key and key in self.replies:
            if self.busy:
                self.busy -= 1
                return 409, {"error": "a request with this idempotency key is being processed already"}
            if self.replies[key][0] != body:
                self.reused += 1
                return 422, {"error": "this idempotency key was used with another body"}
            self.replayed += 1
            return self.replies[key][1]
        said = self._carry_out(method, path, headers, json.loads(body or b"null"))
        if key and said[0] < 300:
            self.replies[key] = (body, said)
        return said

    def _carry_out(self, method: str, path: str, headers: dict[str, str], sent: Any) -> Answered:
        if method == "PATCH":
            self.rows[path] |= sent | {"changed": self._now()}
            return 200, self.rows[path]
        if method == "PUT":
            if path in self.rows and headers.get("if-none-match") == "*":
                return 412, {"error": "it exists"}
            return self._create(sent | {"id": path})
        if path == "batch":
            if any(item.get("ort") == "poison" for item in sent["records"]):
                return 400, {"error": "a record of this batch is invalid"}
            made = [self._create(item) for item in sent["records"]]
            return 200, {"results": [{"data": r} if status == 201 else r | {"status": status} for status, r in made]}
        if sent.get("ort") == "poison":
            return 400, {"error": "the record is invalid"}
        return self._create(sent)

    def _create(self, sent: dict[str, Any]) -> Answered:
        if ("ref", sent.get("ref")) in self.found:
            return 409, {"error": "another record has this ref already", "field": "ref"}
        record = {"id": sent.get("id") or f"r{len(self.rows) + 1}", **sent}
        record |= {"made": self._now(), "changed": self._now()}
        self.rows[record["id"]] = record
        for name in ("ref", "vat_id"):
            if sent.get(name):
                self.found.setdefault((name, sent[name]), []).append(record)
        return 201, record

    def _now(self) -> str:
        return datetime.fromtimestamp(self.clock(), UTC).isoformat()


class DeskTransport:
    """A transport whose flows are answered by the desk, without any socket."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def answer(self, request: Any) -> Response:
        headers = {name.lower(): value for name, value in request.headers}
        said = self.desk.answer(request.method, request.url.removeprefix("http://desk.test"), headers, request.body)
        if said is None:
            raise Unavailable("the connection failed", applied="unknown")
        return Response(said[0], Headers.of({"Content-Type": "application/json"}), json.dumps(said[1]).encode())

    def run(self, flow: Any) -> Any:
        return drive(flow, self.answer)

    def run_all(self, flows: Any) -> list[Any]:
        return [drive_or_error(flow, self.answer) for flow in flows]

    def close(self) -> None:
        """Nothing is open."""


@contextlib.contextmanager
def serve(desk: Desk) -> Iterator[str]:
    """Put the desk on a socket; give its address."""

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            said = desk.answer(self.command, self.path, headers, body)
            if said is None:
                self.close_connection = True
                return
            text = json.dumps(said[1]).encode()
            self.send_response(said[0])
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *args: Any) -> None:
            """Nobody reads it."""

    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        setattr(Door, f"do_{method}", Door.handle_any)
    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
