"""The CRM twin: bearer token, offset paging, camelCase, UTC, ETags, idempotency keys, webhooks.

It is lenient as such systems are: it trims text, turns empty text into null, ignores fields that it does not know, and
does not count a change that changes nothing. Deleting a company takes it from its contacts.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, ClassVar, Final

import msgspec

from tallystick.core.error import InvalidValue
from tallystick.core.record import Raw, decode_raw, encode_raw
from tallystick.testing.twins.column import Complaint, complaints
from tallystick.testing.twins.crm_objects import FILTERS, MOST_PER_PAGE, OBJECTS, SORTS, USUAL_PER_PAGE, document
from tallystick.testing.twins.exchange import Refusal
from tallystick.testing.twins.fault import Role, Struck
from tallystick.testing.twins.normalise import normalised, trimmed
from tallystick.testing.twins.server import Answer, Request
from tallystick.testing.twins.table import Marks, Query, Row, Shape, Table
from tallystick.testing.twins.twin import Twin, merged
from tallystick.testing.twins.webhook import Hooks

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_WORDS: Final = {
    "required": "is required",
    "null": "must not be null",
    "type": "must be of type {}",
    "short": "must have at least {} characters",
    "long": "must have at most {} characters",
    "pattern": "must match {}",
    "email": "is not an e-mail address",
    "option": "must be one of: {}",
    "decimals": "must have at most {} decimals",
}


class CrmTwin(Twin):
    """A fake CRM. ``require_if_match`` makes it refuse (428) writes that do not say which version they change."""

    name = "crm"
    list_key: ClassVar[str] = "data"
    text_key: ClassVar[str] = "phone"
    newcomers: ClassVar[dict[str, Raw]] = {"companies": {"name": "Neuzugang"}, "contacts": {"lastName": "Neuzugang"}}
    # No usual id has a zero.
    front_ids: ClassVar[dict[str, str]] = {"companies": "cmp_0", "contacts": "con_0"}
    event_names: ClassVar[dict[str, str]] = {"companies": "company", "contacts": "contact"}

    def __init__(
        self, *, require_if_match: bool = False, webhook_pauses: tuple[float, ...] = (0.2, 1.0, 5.0), **settings: Any
    ) -> None:
        super().__init__(**settings)
        self.require_if_match = require_if_match
        self.hooks: Hooks = Hooks(self.database, self.faults, self.server_time, webhook_pauses)
        with self.database.write() as db:
            db.execute(
                "CREATE TABLE IF NOT EXISTS idempotency (path TEXT, key TEXT, body_hash BLOB, answer BLOB, etag TEXT,"
                " location TEXT, PRIMARY KEY (path, key))"
            )

    def shapes(self) -> Iterable[Shape]:
        """Describe companies and contacts."""
        for name in OBJECTS:
            keys = (*FILTERS[name], *(("name",) if name == "companies" else ("lastName",)))
            yield Shape(name, keys, (), partial(_make_id, name), partial(_dress, name), int)

    def document(self) -> dict[str, Any]:
        """Give the OpenAPI document."""
        return document(self.url, require_if_match=self.require_if_match)

    def role(self, request: Request) -> Role:
        """Tell listings, reads and writes apart."""
        if request.path == "/openapi.json" or request.path.startswith("/v1/webhooks"):
            return "other"
        if request.method != "GET":
            return "write"
        return "list" if request.path.count("/") == 2 else "read"  # noqa: PLR2004 - /v1/companies

    def delete(self, table: Table, row: Row) -> Row:
        """Delete a record; contacts of a deleted company have none afterwards."""
        after = super().delete(table, row)
        if table.shape.object == "companies":
            contacts = self.tables["contacts"]
            rows, _ = contacts.page(Query(limit=-1, equal={"companyId": row.id}))
            for contact in rows:
                self.alter(contacts, contact, contact.record() | {"companyId": None})
        return after

    # requests

    def route(self, request: Request, struck: Struck) -> Answer:
        """Answer one request."""
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self.token}".encode()):
            answer = _error(401, "the bearer token is missing or wrong")
            answer.headers["WWW-Authenticate"] = "Bearer"
            return answer
        match [part for part in request.path.split("/") if part]:
            case ["v1", "webhooks", *rest]:
                return self._webhooks(request, rest)
            case ["v1", name] if name in OBJECTS:
                return self._at_all(name, request, struck)
            case ["v1", name, record_id] if name in OBJECTS:
                return self._at_one(name, record_id, request, struck)
            case _:
                return _error(404, "there is no such path")

    def _at_all(self, name: str, request: Request, struck: Struck) -> Answer:
        if request.method == "GET":
            return self._list(name, request, struck)
        if request.method == "POST":
            return self._create(name, request, struck)
        return _error(405, "use GET or POST")

    def _at_one(self, name: str, record_id: str, request: Request, struck: Struck) -> Answer:
        if request.method == "GET":
            return _show(_existing(self.read(name, record_id, struck)))
        if request.method in {"PATCH", "DELETE"}:
            return self._write(name, record_id, request, struck)
        return _error(405, "use GET, PATCH or DELETE")

    def _list(self, name: str, request: Request, struck: Struck) -> Answer:
        asked = request.query
        offset = _whole(asked, "offset", 0, least=0)
        limit = min(_whole(asked, "limit", USUAL_PER_PAGE, least=1), MOST_PER_PAGE)
        sort = asked.get("sort", "id")
        if sort not in SORTS:
            raise Refusal(_error(422, "must be one of: " + ", ".join(SORTS), "sort"))
        order = {"updatedAt": "stamp", "name": "name" if name == "companies" else "lastName"}.get(
            sort.lstrip("-"), "id"
        )
        since = _read_since(asked["updatedSince"]) if "updatedSince" in asked else None
        equal = {key: asked[key].strip() for key in FILTERS[name] if key in asked}
        query = Query(limit, offset, order=order, descending=sort[0] == "-", equal=equal, since=since)
        page = self.listing(name, query, struck, seen=offset)
        return Answer(200, b'{"data":[' + b",".join(page.rows) + b'],"meta":{"total":%d}}' % page.total)

    def _create(self, name: str, request: Request, struck: Struck) -> Answer:
        body = _read_object(request)
        key = "" if "ignore_idempotency_key" in struck else request.headers.get("idempotency-key", "")
        with self.database.write() as db:
            if key and (before := self._replayed(request, key)):
                return before
            row = self.add(self.tables[name], self._checked(name, body, struck, new=True))
            answer = _show(row, 201)
            answer.headers["Location"] = f"/v1/{name}/{row.id}"
            if key:
                kept = (
                    request.path,
                    key,
                    _hash(request.body),
                    row.body,
                    answer.headers["ETag"],
                    answer.headers["Location"],
                )
                db.execute("INSERT INTO idempotency VALUES (?, ?, ?, ?, ?, ?)", kept)
        return answer

    def _replayed(self, request: Request, key: str) -> Answer | None:
        found = self.database.ask(
            "SELECT body_hash, answer, etag, location FROM idempotency WHERE path = ? AND key = ?", (request.path, key)
        )
        if not found:
            return None
        body_hash, body, etag, location = found[0]
        if body_hash != _hash(request.body):
            raise Refusal(_error(422, "this key was used with another body", "Idempotency-Key"))
        return Answer(201, body, {"ETag": etag, "Location": location, "Idempotent-Replayed": "true"})

    def _write(self, name: str, record_id: str, request: Request, struck: Struck) -> Answer:
        with self.database.write():
            table = self.tables[name]
            row = _existing(table.read(record_id))
            self._check_version(row, request, struck)
            if request.method == "DELETE":
                self.delete(table, row)
                return Answer(204)
            before = row.record()
            after = merged(before, self._checked(name, _read_object(request), struck, new=False))
            return _show(row if after == before else self.alter(table, row, after))

    def _check_version(self, row: Row, request: Request, struck: Struck) -> None:
        wanted = request.headers.get("if-match")
        if wanted is None:
            if self.require_if_match:
                raise Refusal(_error(428, "say with If-Match which version you change"))
        elif "ignore_if_match" not in struck:
            tags = {tag.strip() for tag in wanted.split(",")}
            if not tags & {"*", _etag(row)}:
                raise Refusal(_error(412, "the record has changed since"))

    def _checked(self, name: str, body: Raw, struck: Struck, *, new: bool) -> Raw:
        columns = OBJECTS[name]
        known = {c.name: c for c in columns if not c.read_only}
        record: Raw = {k: trimmed(v) for k, v in body.items() if k in known}
        for key, value in body.items():
            # Blank text in a field that must have a value is too short, rather than null.
            if key in known and not known[key].nullable and isinstance(value, str):
                record[key] = value.strip()
        record = normalised(record, struck, columns)
        for complaint in complaints(columns, record, new=new):
            raise Refusal(_complain(complaint))
        company = record.get("companyId")
        if company is not None:
            row = self.tables["companies"].read(company)
            if row is None or row.deleted:
                raise Refusal(_error(422, "there is no such company", "companyId"))
        return record

    def _webhooks(self, request: Request, rest: list[str]) -> Answer:
        match request.method, rest:
            case "GET", []:
                return Answer(200, json.dumps({"data": self.hooks.subscriptions()}).encode())
            case "POST", []:
                try:
                    return Answer(201, json.dumps(self.hooks.subscribe(_read_object(request))).encode())
                except InvalidValue as e:
                    return _error(422, e.message, e.field)
            case "DELETE", [hook_id] if self.hooks.unsubscribe(hook_id):
                return Answer(204)
            case _:
                return _error(404, "there is no such subscription")


def _make_id(name: str, no: int) -> str:
    # Ids in no order, so that offset paging by id shifts when records come and go, as it does elsewhere.
    scrambled = (no * 0x9E3779B1 + 0x1234567) % (1 << 32)
    text = base64.b32encode(scrambled.to_bytes(5, "big")).decode().lower()
    return ("cmp_" if name == "companies" else "con_") + text


def _dress(name: str, record: Raw, marks: Marks) -> Raw:
    dressed: Raw = {}
    for column in OBJECTS[name]:
        usual = {} if column.type == "object" else column.default
        dressed[column.name] = record.get(column.name, usual)
    changed = _spell(marks.changed)
    dressed |= {k: v for k, v in record.items() if k not in dressed}
    dressed |= {"id": marks.id, "updatedAt": changed, "version": marks.version}
    dressed["createdAt"] = record.get("createdAt") or changed
    return dressed


def _spell(milliseconds: int) -> str:
    moment = _EPOCH + timedelta(milliseconds=milliseconds)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


def _read_since(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = datetime.min  # noqa: DTZ901 - stands for none, and has no zone either
    if moment.tzinfo is None:
        raise Refusal(
            _error(422, "must be an ISO 8601 time with its zone, such as 2025-01-31T09:00:00.000Z", "updatedSince")
        )
    # Rounded up: a record that changed within the millisecond before is not "at this time or later".
    return -((_EPOCH - moment) // timedelta(milliseconds=1))


def _whole(asked: dict[str, str], name: str, usual: int, *, least: int) -> int:
    text = asked.get(name, str(usual))
    if not text.isdecimal() or int(text) < least or int(text) > 1 << 53:
        raise Refusal(_error(422, f"must be a whole number from {least}", name))
    return int(text)


def _read_object(request: Request) -> Raw:
    try:
        body = decode_raw(request.body)
    except (msgspec.DecodeError, RecursionError):
        raise Refusal(_error(400, "the body is not JSON")) from None
    if not isinstance(body, dict):
        raise Refusal(_error(400, "the body must be an object"))
    return body


def _existing(row: Row | None) -> Row:
    if row is None:
        raise Refusal(_error(404, "there is no such record"))
    if row.deleted:
        raise Refusal(_error(410, "this record was deleted"))
    return row


def _show(row: Row, status: int = 200) -> Answer:
    return Answer(status, row.body, {"ETag": _etag(row)})


def _etag(row: Row) -> str:
    return f'"v{row.version}"'


def _hash(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()


def _complain(complaint: Complaint) -> Answer:
    return _error(422, _WORDS[complaint.code].format(complaint.limit), complaint.field)


def _error(status: int, message: str, field: str | None = None) -> Answer:
    return Answer(status, encode_raw({"error": {"message": message, "field": field}}))
