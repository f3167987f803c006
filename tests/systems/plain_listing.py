"""A REST system without description: one listing, whose words for pages and changes are chosen by the test."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

ROWS = [
    {"id": f"a{n}", "name": f"N {n}", "changed": f"2026-01-{n % 28 + 1:02d}T00:00:00Z", "tags": ["x"]}
    for n in range(1, 238)
]  # fmt: skip
MADE = [{"id": row["id"], "name": row["name"], "created": row["changed"], "updated": row["changed"]} for row in ROWS]
EDITED = [{**row, "updated": "2026-02-01T00:00:00Z"} if row["id"] == "a1" else row for row in MADE]


class PlainListing:
    """``style`` names the words; what is not among them is not heard. ``asked`` keeps the requests."""

    def __init__(self, **style: Any) -> None:
        self.style = style
        self.asked: list[tuple[str, str]] = []
        system = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version: ClassVar[str] = "HTTP/1.1"

            def do_GET(self) -> None:
                system.asked.append((self.command, self.path))
                status, headers, answer = system.answer(self.path)
                body = json.dumps(answer).encode()
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_OPTIONS(self) -> None:
                system.asked.append((self.command, self.path))
                is_one = self.path.partition("?")[0].startswith("/v1/things/a")
                body = json.dumps(system.style.get("actions", {})).encode()
                self.send_response(200)
                for name, value in system.style.get("allow", ({}, {}))[is_one].items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_PUT = do_DELETE = do_PATCH = do_GET  # noqa: N815 - the server's own names

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def answer(self, target: str) -> tuple[int, dict[str, str], Any]:
        address = urlsplit(target)
        query = {name: values[-1] for name, values in parse_qs(address.query).items()}
        path, ends = address.path, self.style.get("ends")
        if ends is not None and path.endswith("/") is not (ends if path.startswith("/v1/things/a") else True):
            return 404, {}, {"error": "no"}
        if path.startswith("/v1/things/a"):
            return self.one(path.rstrip("/").rpartition("/")[2])
        rows = self.style.get("rows", ROWS)
        if (since := self.style.get("since")) and since in query:
            at = query[since].removeprefix(self.style.get("prefix", ""))
            rows = [row for row in rows if str(row[self.style.get("by", "changed")]) >= at]
        rows = self.ordered(rows, query)
        size, start = self.window(query)
        if size < self.style.get("least", 1):
            return 422, {}, {"error": "the page is too small"}
        page = rows[start : start + size]
        headers = {"X-Total-Count": str(len(rows))} if self.style.get("counts") else {}
        envelope = self.style.get("envelope")
        answer: Any = {envelope: page} if envelope else page
        if envelope and self.style.get("total"):
            answer["paging"] = {"total": len(rows)}
        more = start + size < len(rows)
        way = self.style.get("way")
        if way == "link" and more and self.style["size"] in query:
            again = urlencode([*parse_qsl(address.query), ("at", start + size)])
            headers["Link"] = f'<{self.url}{address.path}?{again}>; rel="next"'
        if way == "token" and more:
            told: Any = start + size if self.style.get("numeric") else f"t{start + size}"
            if envelope:
                answer["next_cursor"] = told
            else:
                headers["X-Next-Cursor"] = told
        if way == "last":
            answer["has_more"] = more
        return 200, headers, answer

    def ordered(self, rows: list[dict[str, Any]], query: dict[str, str]) -> list[dict[str, Any]]:
        """Sort by what ``order`` makes of the query: a field, and whether downwards; unknown fields are not heard."""
        asked = self.style["order"](query) if self.style.get("order") else None
        field, is_downwards = asked or ("", False)
        return sorted(rows, key=lambda row: str(row[field]), reverse=is_downwards) if field in ROWS[0] else rows

    def window(self, query: dict[str, str]) -> tuple[int, int]:
        """Give how many rows are shown, and from which one on."""
        style = self.style
        size = min(int(query.get(style.get("size", ""), style.get("default", 50))), style.get("cap", 1000))
        match style.get("way"):
            case "page":
                return size, (int(query.get(style["page"], style["first"])) - style["first"]) * size
            case "offset":
                return size, int(query.get(style["page"], 0))
            case "token":
                return size, int(query.get(style["page"], "t0").removeprefix("t"))
            case "last":
                ids = [row["id"] for row in ROWS]
                return size, ids.index(query[style["page"]]) + 1 if style["page"] in query else 0
            case "link":
                return size, int(query.get("at", 0))
        return self.style.get("cut", len(ROWS)), 0

    def one(self, record_id: str) -> tuple[int, dict[str, str], Any]:
        found = [row for row in ROWS if row["id"] == record_id]
        if not found or self.style.get("single") == "none":
            return 404, {}, {"error": "no"}
        return 200, {}, {"thing": found[0]} if self.style.get("single") == "wrapped" else found[0]
