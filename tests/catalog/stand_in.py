"""A server made from a manifest: it serves what the manifest says the system serves, and refuses everything else.

It reads the manifest for itself and shares no code with the connector but the HTTP server of the twins. A request that
no operation explains, an unknown parameter, a field that may not be written, too large a page: all are refused, so that
a connector which sends them is found out.
"""

import base64
import json
import re
from urllib.parse import parse_qs

from tests.catalog.stand_in_listing import Listing, fixed_query
from tests.catalog.stand_in_shapes import drop_blanks, get_at, leaves, put_at, spell_time, unform

from tallystick.testing.twins.server import Answer, Request, Server

SECRET = "the-secret-of-this-test"
BASE = "/base/of/it"


class Refused(Exception):
    def __init__(self, status, message, **more):
        super().__init__(message)
        self.answer = Answer(status, json.dumps({"message": message, **more}).encode(), JSON)


JSON = {"content-type": "application/json"}


class Shelf:
    """The records of one object, and what the manifest says of it."""

    def __init__(self, name, spec):
        self.name, self.spec = name, spec
        self.rows = {}
        self.keys = {}
        self.last = 0

    def alive(self):
        return {key: row for key, row in self.rows.items() if not self.is_deleted(row)}

    def is_deleted(self, row):
        return self.spec.deleted is not None and get_at(row, self.spec.deleted.path) is True


class StandIn:
    """The system of one manifest, on loopback. ``manifest`` is the same one, pointing here."""

    def __init__(self, ready):
        self.source = ready.manifest
        self.shelves = {name: Shelf(name, spec) for name, spec in ready.manifest.objects.items()}
        self.server = Server(self.respond, lambda: self.moment)
        self.moment = 1_790_000_000
        self.refusals = []
        self.throttled = 0
        self.seen = []

    def start(self):
        self.server.start()
        at = f"http://127.0.0.1:{self.server.port}"
        changes = {"base_url": at + BASE, "limits": {}}
        document = self.source.model_dump(by_alias=True, exclude_unset=True) | changes
        if "token_url" in document["auth"]:
            document["auth"] = document["auth"] | {"token_url": f"{at}/token"}
        self.manifest = type(self.source).model_validate(document)
        return self

    def stop(self):
        self.server.stop()
        assert not self.server.crashes, self.server.crashes

    def resolve(self, reference):
        return re.sub(r"\$\{env:[^}]*\}", SECRET, reference)

    # --- one request ------------------------------------------------------------------------------------------------

    def respond(self, request: Request):
        try:
            if request.path == "/token":
                return self.give_token(request)
            self.check_credentials(request)
            if self.throttled:
                self.throttled -= 1
                return Answer(429, b'{"message": "slow down"}', JSON | {"retry-after": "0"})
            return self.serve(request)
        except Refused as refused:
            self.refusals.append(str(refused))
            return refused.answer

    def give_token(self, request):
        form = parse_qs(request.body.decode())
        if form.get("grant_type") != ["client_credentials"] or form.get("client_secret") != [SECRET]:
            raise Refused(401, "no such client")
        return Answer(
            200, json.dumps({"access_token": SECRET, "token_type": "bearer", "expires_in": 3600}).encode(), JSON
        )

    def check_credentials(self, request):
        auth = self.source.auth
        if auth.type == "api_key":
            name, expected = auth.name.lower(), SECRET
        else:
            basic = base64.b64encode(f"{SECRET}:{SECRET}".encode()).decode()
            name, expected = "authorization", f"Basic {basic}" if auth.type == "basic" else f"Bearer {SECRET}"
        if request.headers.get(name) != expected:
            raise Refused(401, "who are you?")
        for header, value in self.source.network.headers.items():
            if request.headers.get(header.lower()) != value:
                raise Refused(400, f"the header {header} is missing")

    def serve(self, request):
        path = request.path.removeprefix(BASE)
        body = self.body_of(request)
        for shelf in self.shelves.values():
            for kind in ("delete", "create_bulk", "update_bulk", "list", "create", "get", "update"):
                operation = getattr(shelf.spec, kind)
                if operation is None or operation.method != request.method:
                    continue
                found = re.fullmatch(re.escape(operation.path).replace(r"\{id\}", "([^/]+)"), path)
                if found and self.is_meant(kind, shelf, request, body):
                    return getattr(self, kind)(shelf, operation, request, body, *found.groups())
        raise Refused(404, f"nothing is at {request.method} {path}", what="unknown address")

    def body_of(self, request):
        if not request.body:
            return {}
        if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return unform(request.body.decode())
        return json.loads(request.body)

    def is_meant(self, kind, shelf, request, body):
        """Tell operations apart that have one address."""
        operation = getattr(shelf.spec, kind)
        if kind == "list" and "go" in request.query:
            return json.loads(request.query["go"])[" of"] == shelf.name
        if kind == "list" and operation.method == "GET":
            return Listing(self, shelf, operation).is_meant(request.query)
        if kind == "delete" and operation.body:
            return body == operation.body
        return not kind.endswith("_bulk") or operation.items in body

    # --- operations -------------------------------------------------------------------------------------------------

    def list(self, shelf, operation, request, body):
        listing = Listing(self, shelf, operation)
        asked = listing.asked(request, body)
        try:
            rows, beside, headers = listing.page(asked, request)
        except ValueError as wrong:
            raise Refused(400, str(wrong)) from wrong
        self.seen.append((shelf.name, asked))
        answer = put_at({} if operation.record else [], operation.record, rows) if operation.record else rows
        for path, value in beside.items():
            if value is not None or isinstance(answer, dict):
                put_at(answer, path, value)
        return Answer(200, json.dumps(answer).encode(), JSON | headers)

    def found(self, shelf, record_id):
        row = shelf.rows.get(record_id)
        if row is None:
            raise Refused(404, "there is no such record")
        return row

    def get(self, shelf, operation, request, body, record_id):
        self.check_query(operation, request)
        row = self.found(shelf, record_id)
        answer = put_at({}, operation.record, row) if operation.record else row
        return Answer(200, json.dumps(answer).encode(), JSON)

    def check_query(self, operation, request):
        wanted = fixed_query(operation, self.resolve)
        if dict(request.query) != wanted:
            raise Refused(400, f"asked with {dict(request.query)}, not with {wanted}")

    def unwrapped(self, operation, body):
        return get_at(body, operation.wrap) if operation.wrap else body

    def typed(self, shelf, fields):
        """Give what came in a form the types of its fields."""
        for path, value in list(leaves(fields, shelf.spec.fields)):
            kind = shelf.spec.fields[path].type if path in shelf.spec.fields else "text"
            if isinstance(value, str) and value and kind in {"integer", "boolean"}:
                put_at(fields, path, int(value) if kind == "integer" else value == "true")
        return fields

    def create(self, shelf, operation, request, body):
        self.check_query(operation, request)
        key = shelf.spec.claims.idempotency_header
        if key and not request.headers.get(key.lower()):
            raise Refused(400, "no idempotency key")
        known = request.headers.get(key.lower()) if key else None
        if shelf.keys.get(known) in shelf.rows:
            return self.written(shelf, operation, shelf.rows[shelf.keys[known]], 201)
        fields = self.unwrapped(operation, body)
        row = self.made(shelf, operation, self.typed(shelf, fields) if operation.encoding == "form" else fields)
        if known:
            shelf.keys[known] = str(get_at(row, shelf.spec.id))
        return self.written(shelf, operation, row, 201)

    def made(self, shelf, operation, fields):
        spec = shelf.spec
        self.check_fields(shelf, fields, operation.body, is_new=True)
        for path, field in spec.fields.items():
            if field.required and not field.read_only and get_at(fields, path) in (None, ""):
                raise Refused(422, f"{path} must be given", field=path)
        row = self.blank(shelf)
        self.lay(shelf, row, fields)
        shelf.last += 1
        row_id = (
            shelf.last
            if spec.id_type == "integer" or spec.fields[spec.id].type == "integer"
            else f"id-{shelf.last:05d}"
        )
        put_at(row, spec.id, row_id)
        shelf.rows[str(row_id)] = row
        self.touch(shelf, row, is_new=True)
        return row

    def blank(self, shelf):
        row = {}
        if not shelf.spec.omits_blank:
            for path in shelf.spec.fields:
                put_at(row, path, None)
        if shelf.spec.deleted:
            put_at(row, shelf.spec.deleted.path, False)
        return row

    def lay(self, shelf, row, fields):
        for path, value in leaves(fields, shelf.spec.fields):
            put_at(row, path, None if value == "" and shelf.spec.clear == "empty" else value)
        if shelf.spec.omits_blank:
            drop_blanks(row)

    def touch(self, shelf, row, *, is_new=False):
        spec = shelf.spec
        self.moment += max(1, int(spec.claims.granularity_seconds))
        stamp = spell_time(self.moment, spec.modified_format)
        if spec.modified:
            put_at(row, spec.modified, stamp)
        if spec.created and is_new:
            put_at(row, spec.created, stamp)
        if spec.version:
            version = int(get_at(row, spec.version) or 0) + 1
            put_at(row, spec.version, str(version) if spec.fields[spec.version].type == "text" else version)

    def check_fields(self, shelf, fields, always, *, is_new, record_id=None):
        known = shelf.spec.fields
        for path, value in leaves(fields, known):
            field = known.get(path)
            if any(path == name or path.startswith(f"{name}.") for name in always):
                continue
            is_id_or_version = path in {shelf.spec.id, shelf.spec.version}
            if field is None or (field.read_only and not is_id_or_version):
                raise Refused(422, f"{path} cannot be written", field=path)
            if field.create_only and not is_new and value != get_at(shelf.rows[record_id], path):
                raise Refused(422, f"{path} cannot be changed", field=path)
            if field.max_length and isinstance(value, str) and len(value) > field.max_length:
                raise Refused(422, f"{path} is too long", field=path)
            for other, row in shelf.alive().items():
                if field.unique and value not in (None, "") and other != record_id and get_at(row, path) == value:
                    raise Refused(409, f"{path} is taken: it already exists", field=path)

    def written(self, shelf, operation, row, status):
        spec = shelf.spec
        if spec.claims.returns_record:
            answer = row
        elif status == 200:
            return Answer(204)
        else:
            answer = put_at({}, spec.id, get_at(row, spec.id))
        return Answer(
            status, json.dumps(put_at({}, operation.record, answer) if operation.record else answer).encode(), JSON
        )

    def update(self, shelf, operation, request, body, record_id):
        self.check_query(operation, request)
        row = self.found(shelf, record_id)
        if shelf.is_deleted(row):
            raise Refused(404, "it was deleted")
        fields = self.unwrapped(operation, body)
        fields = self.typed(shelf, fields) if operation.encoding == "form" else fields
        self.check_fields(shelf, fields, operation.body, is_new=False, record_id=record_id)
        spec = shelf.spec
        if spec.claims.cas_write and spec.version:
            if get_at(fields, spec.version) is None:
                raise Refused(400, "the version is missing")
            if str(get_at(fields, spec.version)) != str(get_at(row, spec.version)):
                raise Refused(409, "the version has moved: the record was changed in the meantime")
        if operation.whole:
            kept = {path: get_at(row, path) for path, field in spec.fields.items() if field.read_only}
            for path in spec.fields:
                put_at(row, path, None)
            for path, value in kept.items():
                put_at(row, path, value)
        self.lay(shelf, row, {k: v for k, v in fields.items() if k not in {spec.version, spec.id}})
        self.touch(shelf, row)
        return self.written(shelf, operation, row, 200)

    def delete(self, shelf, operation, request, body, record_id):
        self.check_query(operation, request)
        row = self.found(shelf, record_id)
        if shelf.is_deleted(row):
            raise Refused(404, "it was deleted")
        if shelf.spec.deleted:
            put_at(row, shelf.spec.deleted.path, True)
            self.touch(shelf, row)
        else:
            del shelf.rows[record_id]
        return Answer(204)

    def create_bulk(self, shelf, operation, request, body):
        return self.bulk(operation, body, lambda item: self.made(shelf, operation, item))

    def update_bulk(self, shelf, operation, request, body):
        def change(item):
            record_id = str(get_at(item, shelf.spec.id))
            row = self.found(shelf, record_id)
            self.check_fields(shelf, item, operation.body, is_new=False, record_id=record_id)
            self.lay(shelf, row, {k: v for k, v in item.items() if k != shelf.spec.id})
            self.touch(shelf, row)
            return row

        return self.bulk(operation, body, change)

    def bulk(self, operation, body, work):
        items = get_at(body, operation.items)
        if len(items) > operation.size:
            raise Refused(413, "too many at once")
        results = []
        for item in items:
            try:
                results.append(work(item))
            except Refused as refused:
                told = json.loads(refused.answer.body)
                results.append(put_at({}, operation.error, {**told, "data": {"status": refused.answer.status}}))
        return Answer(200, json.dumps(put_at({}, operation.results, results)).encode(), JSON)
