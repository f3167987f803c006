"""What all twins share: one pipeline for every request, and a side door for tests.

    request -> faults that prevent -> the vendor's own answer -> faults that spoil -> log

The side door (``put``, ``change``, ``remove``) is what people do in the system's own screens: no validation, but
versions, time stamps and webhooks as for any other edit. ``log`` is the oracle of what was really asked and done.
"""

import hmac
import json
import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import replace
from types import TracebackType
from typing import Any, ClassVar, Final, Literal, Self

from tallystick.core.error import Bug, InvalidValue
from tallystick.core.record import Raw, fingerprint
from tallystick.testing.twins import spoil
from tallystick.testing.twins.exchange import Exchange, Listing, Refusal
from tallystick.testing.twins.fault import Fault, Faults, Role, Struck, read_faults
from tallystick.testing.twins.lie import disturb_rows, mishear
from tallystick.testing.twins.server import Answer, Request, Server
from tallystick.testing.twins.table import Database, Query, Row, Shape, Table
from tallystick.testing.twins.webhook import Hooks

Clock = Callable[[], float]
Moment = Literal["before", "after"]
Watch = Callable[[Request, Moment], Answer | None]
LOGGED_HEADERS: Final[tuple[str, ...]] = ("if-match", "idempotency-key", "content-type", "user-agent", "x-request-id")
MOST_LOGGED: Final = 200_000
_ENDLESS: Final = 1_000_000


class Twin(ABC):
    """A fake system with real HTTP. Use it as a context manager, or ``start`` and ``stop`` it.

    ``clock`` gives seconds UTC and may be any function; ``database`` is a file or ``:memory:``; ``port`` 0 takes a free
    one. Credentials are made up unless given. ``stop`` raises ``Bug`` if the twin itself failed on a request.
    """

    name: ClassVar[str]
    list_key: ClassVar[str]
    """Where the records are in a listing's answer."""
    text_key: ClassVar[str]
    """A text field that every record has."""
    newcomers: ClassVar[dict[str, Raw]]
    """A small valid record of each object type."""
    front_ids: ClassVar[dict[str, str]] = {}
    """What ids that sort before all others start with; none where ids are numbers in order."""
    event_names: ClassVar[dict[str, str]] = {}
    """What webhooks call the object types."""

    def __init__(
        self,
        *,
        port: int = 0,
        database: str = ":memory:",
        clock: Clock = time.time,  # noqa: TID251 - a real server's clock; tests give their own
        token: str = "",
        admin_token: str = "",
        faults: Iterable[Fault] = (),
    ) -> None:
        self.token = token or secrets.token_hex(16)
        self.admin_token = admin_token or secrets.token_hex(16)
        self.clock = clock
        self.faults = Faults(faults)
        self.log: list[Exchange] = []
        self.database = Database(database)
        self.tables = {shape.object: Table(self.database, shape) for shape in self.shapes()}
        self.hooks: Hooks | None = None
        self.on_request: Watch | None = None
        """Called before anything of a request is done, and after, before it is answered; what it gives is the answer.

        An answer given before keeps the request from being done (and from the log).
        """
        self._server = Server(self.respond, self.server_time)
        self._port = port
        self._salt = 0
        self._newcomers = 0
        self._document = b""

    # life

    def start(self) -> Self:
        """Serve in threads of this process."""
        self._server.start(self._port)
        self._port = self._server.port
        return self

    def stop(self) -> None:
        """End all threads and close the database. A twin that was stopped cannot be started again."""
        self._server.stop()
        if self.hooks:
            self.hooks.stop()
        self.database.close()
        if self._server.crashes:
            first = self._server.crashes.pop()
            raise Bug(f"the twin '{self.name}' failed on a request", detail=repr(first)) from first

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where it is served, without a trailing slash."""
        return f"http://127.0.0.1:{self._port}"

    def server_time(self) -> float:
        """Give the time by this system's own, perhaps wrong, clock; seconds UTC."""
        return self.clock() + self.faults.skew()

    # the side door

    def rows(self, object_name: str, *, deleted: bool = False) -> list[Raw]:
        """Give all records in order of creation; deleted ones too if asked."""
        return [row.record() for row in self.tables[object_name].rows(with_deleted=deleted)]

    def row(self, object_name: str, record_id: str | int) -> Raw:
        """Give one record, deleted or not."""
        return self._existing(object_name, record_id).record()

    def put(self, object_name: str, record: Raw) -> Raw:
        """Add a record as somebody does in the system, bad values included; missing fields get their defaults."""
        with self.database.write():
            row = self.add(self.tables[object_name], record, str(record.get("id", "")))
        return row.record()

    def put_all(self, object_name: str, records: Iterable[Raw], times: Iterable[float]) -> list[str]:
        """Add many, each created and last changed at its own time (seconds UTC); give their ids. No webhooks."""
        return self.tables[object_name].add_all(records, times)

    def change(self, object_name: str, record_id: str | int, values: Raw) -> Raw:
        """Change some fields of a record; a dictionary is merged into the one that is there."""
        with self.database.write():
            row = self._existing(object_name, record_id)
            return self.alter(self.tables[object_name], row, merged(row.record(), values)).record()

    def restore(self, object_name: str, record_id: str | int) -> Raw:
        """Take a record out of the trash again, under its old id."""
        with self.database.write():
            row = self._existing(object_name, record_id)
            return self.alter(self.tables[object_name], replace(row, deleted=False), row.record()).record()

    def remove(self, object_name: str, record_id: str | int) -> None:
        """Delete a record in the way of this system."""
        with self.database.write():
            self.delete(self.tables[object_name], self._existing(object_name, record_id))

    def purge(self, object_name: str, record_id: str | int) -> None:
        """Remove a record without any trace: a read by id says 404."""
        with self.database.write():
            self.tables[object_name].erase(self._existing(object_name, record_id))

    def _existing(self, object_name: str, record_id: str | int) -> Row:
        row = self.tables[object_name].read(str(record_id))
        if row is None:
            raise InvalidValue(f"{self.name} has no {object_name} '{record_id}'")
        return row

    # the pipeline

    def respond(self, request: Request) -> Answer:
        """Answer one request, with all that may go wrong on the way."""
        if request.path.startswith("/_"):
            return self._steer(request)
        if self.on_request and (given := self.on_request(request, "before")):
            return given
        struck = self.faults.strike(request.method, request.path, self.role(request))
        answer = spoil.prevent(struck, self.server_time()) if struck else None
        applied = False
        if answer is None:
            answer = self._obey(request, struck)
            applied = request.method != "GET" and answer.status < 400 and "Idempotent-Replayed" not in answer.headers  # noqa: PLR2004
            if struck:
                answer = spoil.spoil(answer, struck, self.list_key, self.text_key, is_write=request.method != "GET")
        seen = 0 if answer.ending in {"reset", "silence"} else answer.status
        self._note(request, seen, applied, struck)
        return (self.on_request and self.on_request(request, "after")) or answer

    def _note(self, request: Request, seen: int, applied: bool, struck: Struck) -> None:  # noqa: FBT001 - one caller
        headers = {k: request.headers[k] for k in LOGGED_HEADERS if k in request.headers}
        body_hash, faults = fingerprint(request.body), tuple(struck)
        self.log.append(
            Exchange(
                request.method, request.path, request.query, seen, headers, body_hash, applied, faults, self.clock()
            )
        )
        if len(self.log) > MOST_LOGGED:
            del self.log[: MOST_LOGGED // 2]

    def _obey(self, request: Request, struck: Struck) -> Answer:
        if request.path == "/openapi.json":
            return self._describe()
        try:
            return self.route(request, struck)
        except Refusal as refusal:
            return refusal.answer

    def _describe(self) -> Answer:
        if not self._document:
            self._document = json.dumps(self.document(), ensure_ascii=False).encode()
        return Answer(200, self._document)

    def _steer(self, request: Request) -> Answer:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), self.admin_token.encode()):
            return Answer(401)
        match request.method, request.path:
            case "GET", "/_log":
                entries = [{n: getattr(e, n) for n in e.__slots__} for e in self.log]
                return Answer(200, json.dumps(entries).encode())
            case "GET", "/_faults":
                return Answer(200, json.dumps(self.faults.standing()).encode())
            case "DELETE", "/_faults":
                self.faults.clear()
                return Answer(204)
            case "POST", "/_faults":
                return self._arm(request)
            case _:
                return Answer(404)

    def _arm(self, request: Request) -> Answer:
        try:
            self.faults.add(*read_faults(request.body))
        except InvalidValue as e:
            return Answer(422, json.dumps({"error": str(e), "hint": e.hint}).encode())
        return Answer(204)

    # for vendors

    def listing(self, object_name: str, query: Query, struck: Struck, seen: int) -> Listing:
        """Read one page, with what the faults do to listings; ``seen`` records were listed before it."""
        table = self.tables[object_name]
        if struck:
            self._salt += 1
            query = mishear(query, struck, self.clock(), table.shape.rank, self._salt)
        limit = query.limit
        rows, total = table.page(replace(query, limit=limit + 1))
        more = len(rows) > limit
        bodies = [row.body for row in rows[:limit]]
        last = rows[:limit][-1].no if bodies else query.after
        if struck:
            if cap := struck.get("cap"):
                bodies, total = bodies[: max(0, cap.rows - seen)], min(total, cap.rows)
                more = more and seen + len(bodies) < cap.rows
            bodies, total = disturb_rows(bodies, total, struck)
            if "repeat_page" in struck:
                more, total = bool(bodies), _ENDLESS
            if shift := struck.get("shift"):
                self._shift(table, remove=shift.mode == "remove")
        return Listing(bodies, total, last, more)

    def _shift(self, table: Table, *, remove: bool) -> None:
        with self.database.write():
            if remove:
                first, _ = table.page(Query(limit=1, order="id"))
                for row in first:
                    self.delete(table, row)
            else:
                name = table.shape.object
                self._newcomers += 1
                front = self.front_ids.get(name)
                # Each new one sorts before the last.
                record_id = f"{front}{999_999 - self._newcomers:06d}" if front else ""
                self.add(table, self.newcomers[name], record_id)

    def read(self, object_name: str, record_id: str, struck: Struck) -> Row | None:
        """Read one record, perhaps stale."""
        table = self.tables[object_name]
        if stale := struck.get("stale_read"):
            if stale.seconds:
                return table.read(record_id, self.clock() - stale.seconds)
            return table.read_previous(record_id)
        return table.read(record_id)

    def add(self, table: Table, record: Raw, record_id: str = "") -> Row:
        """Insert a record now and tell subscribers."""
        row = table.add(record, self.clock(), self.stamp(), record_id)
        self._announce(table, "created", row)
        return row

    def alter(self, table: Table, row: Row, record: Raw) -> Row:
        """Replace a record now and tell subscribers."""
        after = table.alter(row, record, self.clock(), self.stamp(), deleted=row.deleted)
        self._announce(table, "updated", row)
        return after

    def delete(self, table: Table, row: Row) -> Row:
        """Delete a record now, keeping its tombstone, and tell subscribers."""
        after = table.alter(row, row.record(), self.clock(), self.stamp(), deleted=True)
        self._announce(table, "deleted", row)
        return after

    def stamp(self) -> int:
        """Give the system's own time in milliseconds, as it goes into time stamps."""
        return int(self.server_time() * 1000)

    def _announce(self, table: Table, verb: str, row: Row) -> None:
        if self.hooks:
            self.hooks.announce(f"{self.event_names[table.shape.object]}.{verb}", row.id)

    @abstractmethod
    def shapes(self) -> Iterable[Shape]:
        """Describe the object types for the tables."""

    @abstractmethod
    def document(self) -> dict[str, Any]:
        """Give the OpenAPI document."""

    @abstractmethod
    def role(self, request: Request) -> Role:
        """Say what kind of request this is, as faults distinguish them."""

    @abstractmethod
    def route(self, request: Request, struck: Struck) -> Answer:
        """Answer as the system does when it is well, but for faults that are its own to heed."""


def merged(record: Raw, values: Raw) -> Raw:
    """Lay ``values`` over ``record``: dictionaries are merged, everything else is replaced."""
    after = dict(record)
    for key, value in values.items():
        here = after.get(key)
        after[key] = merged(here, value) if isinstance(here, dict) and isinstance(value, dict) else value
    return after
