"""A stand-in for Google Sheets on loopback: the token endpoint and those calls of the interface that the project uses.

Made from Google's published reference, not from its code: tokens only for a valid signature, ranges in A1 notation,
cells behind the last one that says something are cut off, all requests of an update or none, refusals in Google's
words. Tests may let it refuse on purpose, and edit cells as people do.
"""

import base64
import contextlib
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from tests.systems.google_asks import AskError, Grid, Sheet, apply_asks, column_of

EMAIL = "tally@made-up.iam.gserviceaccount.com"
SCOPE = "https://www.googleapis.com/auth/spreadsheets"
PRIVATE = rsa.generate_private_key(65537, 2048)


@dataclass
class Google:
    """The stand-in: spreadsheets by id, who may do what, and what it refuses next (status, words, headers)."""

    sheets: dict[str, Sheet] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    refusals: list[tuple[str, int, str]] = field(default_factory=list)
    lost_answers: int = 0
    long_wait: bool = False
    calls: list[tuple[str, str]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    address: str = ""
    key_id: str = "key-1"

    def begin(self, own: str, title: str = "Mappings", role: str = "writer") -> Sheet:
        """Begin a spreadsheet as Google does, with one blank tab, shared in this role."""
        first = {"sheetId": 0, "title": "Sheet1", "index": 0, "sheetType": "GRID"}
        sheet = Sheet(title, {0: Grid({**first, "gridProperties": {"rowCount": 1000, "columnCount": 26}})})
        self.sheets[own] = sheet
        self.roles[own] = role
        return sheet

    def key_file(self) -> str:
        """Give the key file of the service account."""
        pem = PRIVATE.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        told = {"type": "service_account", "client_email": EMAIL, "private_key": pem.decode()}
        return json.dumps({**told, "private_key_id": self.key_id, "token_uri": f"{self.address}/token"})

    def grid(self, own: str, title: str) -> Grid:
        """Give a tab."""
        return self.sheets[own].by_title(title)

    def find(self, own: str, title: str, row: str, head: str) -> tuple[int, int]:
        """Find a cell by what stands in its line and above it, as a person does."""
        cells = {at: shown(cell) for at, cell in self.grid(own, title).cells.items()}
        column = next(c for (r, c), text in cells.items() if r == 0 and text == head)
        return next(r for (r, c), text in sorted(cells.items()) if r and 0 < c < 4 and text == row), column

    def type(self, own: str, title: str, at: tuple[int, int], **value: Any) -> None:
        """Let a person enter something: ``stringValue``, ``numberValue``, ``formulaValue``; nothing clears the cell."""
        cell = self.grid(own, title).cells.setdefault(at, {})
        cell.pop("userEnteredValue", None)
        if value:
            cell["userEnteredValue"] = value

    def text(self, own: str, title: str, at: tuple[int, int]) -> Any:
        """Give what a cell shows."""
        return shown(self.grid(own, title).cells.get(at, {}))


def shown(cell: dict[str, Any]) -> Any:
    """Give the value of a cell; blank is an empty text."""
    return next(iter(cell.get("userEnteredValue", {}).values()), "")


def a1(text: str) -> tuple[str, tuple[int, int, int, int] | None]:
    """Take a range apart: the tab's title, and first row, first column, last row, last column from 0."""
    found = re.fullmatch(r"(?:'((?:[^']|'')+)'|(\w+))(?:!([A-Z]+)(\d+)(?::([A-Z]+)(\d+))?)?", text)
    if not found:
        raise AskError(f"Unable to parse range: {text}")
    title = found[1].replace("''", "'") if found[1] else found[2]
    if not found[3]:
        return title, None
    first = int(found[4]) - 1, column_of(found[3])
    last = (int(found[6]) - 1, column_of(found[5])) if found[5] else first
    return title, (*first, *last)


class Answering(BaseHTTPRequestHandler):
    """Answers for one ``Google``."""

    protocol_version = "HTTP/1.1"
    google: Google

    def do_GET(self) -> None:
        self.answer(b"")

    def do_POST(self) -> None:
        self.answer(self.rfile.read(int(self.headers.get("Content-Length", "0"))))

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def answer(self, body: bytes) -> None:
        parts = urlsplit(self.path)
        path, query = unquote(parts.path), parse_qs(parts.query)
        google = self.google
        google.calls.append((self.command, path))
        if path == "/token":
            return self.send(*self.token(parse_qs(body.decode())))
        for at, (what, status, words) in enumerate(google.refusals):
            if path.endswith(what):
                del google.refusals[at]
                return self.send(status, fault(status, words))
        try:
            told = self.call(path, query, body)
        except AskError as error:
            return self.send(error.status, fault(error.status, error.words))
        if path.endswith(":batchUpdate") and google.lost_answers:
            google.lost_answers -= 1
            return self.send(503, fault(503, "The service is currently unavailable."))
        return self.send(200, told)

    def send(self, status: int, told: dict[str, Any]) -> None:
        content = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=UTF-8")
        if status == 429 and self.google.long_wait:
            self.send_header("Retry-After", "3600")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def token(self, form: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        """Give a token for a signed claim that holds (RFC 7523)."""
        if form.get("grant_type") != ["urn:ietf:params:oauth:grant-type:jwt-bearer"]:
            return 400, {"error": "unsupported_grant_type"}
        head, claims, signature = form["assertion"][0].split(".")
        told, kind = (json.loads(unpadded(part)) for part in (claims, head))
        try:
            PRIVATE.public_key().verify(
                unpadded(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256()
            )
        except InvalidSignature:
            return 400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
        if kind["alg"] != "RS256" or kind.get("kid") != self.google.key_id:
            return 400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
        if told["iss"] != EMAIL or told["aud"] != f"{self.google.address}/token":
            return 400, {"error": "invalid_grant", "error_description": "Invalid grant: account not found"}
        if told["scope"] != SCOPE or not told["iat"] < told["exp"] <= told["iat"] + 3600:
            return 400, {"error": "invalid_scope"}
        token = f"ya29.token{len(self.google.tokens)}"
        self.google.tokens.add(token)
        return 200, {"access_token": token, "expires_in": 3599, "token_type": "Bearer"}

    def call(self, path: str, query: dict[str, list[str]], body: bytes) -> dict[str, Any]:
        google = self.google
        if self.headers.get("Authorization", "").removeprefix("Bearer ") not in google.tokens:
            raise AskError("Request had invalid authentication credentials.", 401)
        found = re.fullmatch(r"/v4/spreadsheets/([\w-]+)(.*)", path)
        if not found or found[1] not in google.sheets:
            raise AskError("Requested entity was not found.", 404)
        own, what = found[1], found[2]
        role = google.roles[own]
        if role == "none" or (role == "reader" and what == ":batchUpdate"):
            raise AskError("The caller does not have permission", 403)
        sheet = google.sheets[own]
        match self.command, what:
            case "GET", "":
                return spreadsheet(sheet, query)
            case "GET", "/values:batchGet":
                return {"valueRanges": [values(sheet, each) for each in query["ranges"]]}
            case "POST", ":batchUpdate":
                google.sheets[own] = apply_asks(sheet, json.loads(body)["requests"])
                return {"spreadsheetId": own}
        raise AskError("Not found", 404)


def unpadded(part: str) -> bytes:
    """Decode base64url as it stands in a token."""
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def fault(status: int, words: str) -> dict[str, Any]:
    """Word a refusal as Google does."""
    names = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}
    name = names.get(status, "RESOURCE_EXHAUSTED" if status == 429 else "UNAVAILABLE")
    details = [{"reason": "SERVICE_DISABLED"}] if "is disabled" in words else []
    return {"error": {"code": status, "message": words, "status": name, "details": details}}


def values(sheet: Sheet, wanted: str) -> dict[str, Any]:
    """Answer one range of ``values.batchGet``; blank cells at the end, and the key without any, are left out."""
    title, area = a1(wanted)
    grid = sheet.by_title(title)
    top, left, bottom, right = area or (0, 0, grid.size[0] - 1, grid.size[1] - 1)
    rows = [[shown(grid.cells.get((r, c), {})) for c in range(left, right + 1)] for r in range(top, bottom + 1)]
    for row in rows:
        while row and row[-1] == "":
            row.pop()
    while rows and not rows[-1]:
        rows.pop()
    return {"range": wanted, "majorDimension": "ROWS"} | ({"values": rows} if rows else {})


def spreadsheet(sheet: Sheet, query: dict[str, list[str]]) -> dict[str, Any]:
    """Answer ``spreadsheets.get``: of the tabs that the ranges name, with cells if the fields ask for them."""
    fields = query["fields"][0]
    wanted = [sheet.by_title(a1(each)[0]) for each in query.get("ranges", ())] or list(sheet.grids.values())
    found = []
    for grid in sheet.grids.values():
        if any(grid is each for each in wanted):
            told: dict[str, Any] = {"properties": dict(grid.properties)}
            if grid.protections and "protectedRanges" in fields:
                told["protectedRanges"] = list(grid.protections.values())
            if "rowData" in fields:
                rows = row_data(grid, fields)
                told["data"] = [{"rowData": rows} if rows else {}]
            found.append(told)
    return {"properties": {"title": sheet.title}, "sheets": found}


def row_data(grid: Grid, fields: str) -> list[dict[str, Any]]:
    """Give the rows up to the last cell that has anything."""
    rows: list[list[dict[str, Any]]] = []
    for (row, column), cell in sorted(grid.cells.items()):
        rows.extend([] for _ in range(row + 1 - len(rows)))
        rows[row].extend({} for _ in range(column + 1 - len(rows[row])))
        told = {name: value for name, value in cell.items() if name in fields}
        if "userEnteredValue" in cell:
            entered = cell["userEnteredValue"]
            is_formula = "formulaValue" in entered
            told["effectiveValue"] = {"numberValue": 2} if is_formula else entered
        kind = cell.get("userEnteredFormat", {}).get("numberFormat")
        if kind:
            told["effectiveFormat"] = {"numberFormat": kind}
        rows[row][column] = told
    return [{"values": row} if row else {} for row in rows]


@contextlib.contextmanager
def serve_google() -> Iterator[Google]:
    """Serve the stand-in on a free port while the block runs."""
    google = Google()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Answers", (Answering,), {"google": google}))
    server.daemon_threads = True
    google.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield google
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
