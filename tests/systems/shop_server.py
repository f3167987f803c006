"""A shop with addresses that lie below others: ``/orders/{order}/lines/{line}/notes``. A real server on loopback."""

import itertools
import json
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

FIELDS = {"orders": {"number", "remark"}, "lines": {"text", "note", "count"}, "notes": {"text", "note"}}
BELOW = {"orders": "lines", "lines": "notes"}


class Shop:
    """Records by address. Ids of orders are texts with slashes in them; lines and notes are counted below each parent.

    A change of a record is one of those above it. ``hidden`` fields are in no listing, ``broken`` are addresses
    that answer with an error, ``calls`` are all that were asked for. With ``name_of`` the address of what lies below an
    order is made of what that gives of the order's record, and not of its id. The field ``apart``
    of lines is written by a call of its own, ``PUT .../lines/{line}/note``, and by nothing else.
    """

    def __init__(self):
        self.records = {}
        self.calls = []
        self.broken = {}
        self.hides_totals = False
        self.lies = 0
        self.singles = True
        self.name_of = None
        self.hidden = ()
        self.apart = ""
        self._clock = itertools.count()
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        shop = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body leave together

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                with shop._lock:
                    status, data = shop.respond(self.command, self.path, body)
                text = json.dumps(data).encode() if data is not None else b""
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *said):
                pass

        for verb in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            setattr(Handler, f"do_{verb}", Handler.answer)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def start(self):
        self._thread.start()
        return self

    def stop(self):
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()

    # --- what a user does -----------------------------------------------------------------------------------------

    def put(self, address, **values):
        """Make a record below an address such as ``("orders",)`` or ``("orders", "A/1", "lines")``; give its id."""
        kind = address[-1]
        own = f"A/{next(self._ids)}" if kind == "orders" else str(1 + len(self._below(address)))
        while (*address, own) in self.records:
            own = str(int(own) + 1)
        fields = dict.fromkeys(sorted(FIELDS[kind]))
        self.records[(*address, own)] = {"id": own if kind == "orders" else int(own), **fields, **values}
        self.touch((*address, own))
        return own

    def touch(self, address):
        """Let a record, and those above it, have changed just now."""
        now = (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=next(self._clock))).strftime("%Y-%m-%dT%H:%M:%SZ")
        for end in range(2, len(address) + 1, 2):
            if address[:end] in self.records:
                self.records[address[:end]]["changed"] = now

    def remove(self, address):
        """Delete a record and all below it."""
        for each in [a for a in self.records if a[: len(address)] == address]:
            del self.records[each]
        self.touch(address[:-2])

    def _below(self, address):
        size = len(address) + 1
        return [r for a, r in self.records.items() if len(a) == size and a[:-1] == address]

    # --- what it answers ------------------------------------------------------------------------------------------

    def respond(self, method, path, body):
        parts = urlsplit(path)
        address = tuple(unquote(step) for step in parts.path.strip("/").split("/"))
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        self.calls.append((method, address))
        if address in self.broken:
            return self.broken[address], {"error": "broken"}
        if self.name_of and len(address) > 2:
            named = [own for own in self.records if len(own) == 2 and self.name_of(self.records[own]) == address[1]]
            address = (*named[0], *address[2:]) if named else ("orders", "?", *address[2:])
        if len(address) > 1 and address[: 2 * ((len(address) - 1) // 2)] not in {(), *self.records}:
            return 404, {"error": "no such record"}
        if self.apart and method in {"POST", "PATCH"} and self.apart in json.loads(body):
            return 422, {"error": "this field has a call of its own", "field": self.apart}
        if self.apart and method in {"PUT", "DELETE"} and address[-1] == self.apart:
            return self._one("PATCH", address[:-1], {self.apart: json.loads(body)["to"] if body else None})
        if len(address) % 2:
            return self._list(address, query) if method == "GET" else self._create(address, json.loads(body))
        return self._one(method, address, json.loads(body) if body else {})

    def _list(self, address, query):
        found = [r for r in self._below(address) if r["changed"] >= query.get("since", "")]
        start = int(query.get("offset", 0))
        page = found[start : start + min(3, int(query.get("limit", 3)))]
        page = [{name: value for name, value in each.items() if name not in self.hidden} for each in page]
        beside = {} if self.hides_totals else {"total": len(found) + (self.lies if address[-1] == "lines" else 0)}
        return 200, {"data": page, **beside}

    def _create(self, address, values):
        if unknown := values.keys() - FIELDS[address[-1]]:
            return 422, {"error": "unknown", "field": min(unknown)}
        return 201, self.records[(*address, self.put(address, **values))]

    def _one(self, method, address, values):
        if address not in self.records or (method == "GET" and not self.singles):
            return 404, {"error": "no such record"}
        if unknown := values.keys() - FIELDS[address[-2]]:
            return 422, {"error": "unknown", "field": min(unknown)}
        if method == "DELETE":
            self.remove(address)
            return 204, None
        self.records[address] |= values
        if method == "PATCH":
            self.touch(address)
        return 200, self.records[address]


def manifest_of(url, **lines):
    """Describe the shop; ``lines`` are further settings of its lines."""
    time = {"modified": "changed", "version": "changed", "since": {"param": "since"}}
    paging = {"paging": {"type": "offset", "limit": 3, "total": "total"}}

    def calls(path):
        return {
            "list": {"method": "GET", "path": path, "record": "data"},
            "get": {"method": "GET", "path": f"{path}/{{id}}"},
            "create": {"method": "POST", "path": path},
            "update": {"method": "PATCH", "path": f"{path}/{{id}}"},
            "delete": {"method": "DELETE", "path": f"{path}/{{id}}"},
        }

    fields = {"id": {"type": "integer", "read_only": True}, "text": {"type": "text"}, "note": {"type": "text"}}
    times = {"changed": {"type": "instant", "read_only": True}}
    claims = {"claims": {"strong_reads": True, "granularity_seconds": 1, "returns_record": True}}
    orders = {"id": {"type": "text", "read_only": True}, "number": {"type": "text"}, "remark": {"type": "text"}}
    return {
        "protocol": "rest",
        "base_url": url,
        "objects": {
            "orders": {**calls("/orders"), **time, **paging, **claims, "fields": {**orders, **times}},
            "lines": {
                "under": {"object": "orders", "holder": "order", "shows_changes": True},
                **calls("/orders/{order}/lines"), **time, **paging, **claims, "id_type": "integer",
                "fields": {**fields, "count": {"type": "integer"}, **times}, **lines,
            },
            "notes": {
                "under": {"object": "lines", "holder": "line", "shows_changes": True},
                **calls("/orders/{order}/lines/{line}/notes"), **time, **paging, **claims,
                "id_type": "integer", "fields": {**fields, **times},
            },
        },
    }  # fmt: skip


def by_field(manifest, name="order.number"):
    """Let all that lies below an order be addressed by a field of the order instead of its id."""
    for each in ("lines", "notes"):
        for call in manifest["objects"][each].values():
            if isinstance(call, dict) and "path" in call:
                call["path"] = call["path"].replace("{order}", f"{{{name}}}")
    return manifest
