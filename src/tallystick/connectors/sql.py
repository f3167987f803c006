"""The SQL protocol: tables of databases as object types.

A manifest says which table an object is and which columns carry id, version and times; what the table really looks
like is asked of the database at first use. Listings go in key order, so that no row is lost or repeated while others
write, and every write is made on the row that was read (R-10.4).
"""

from collections.abc import Generator, Sequence
from functools import partial
from typing import Any, Final

from sqlalchemy import bindparam, select

from tallystick.connectors.moment import SPELLINGS, zone
from tallystick.connectors.sql_announced import announced_fields
from tallystick.connectors.sql_clock import REPLAYED, DatabaseClock, seconds_of
from tallystick.connectors.sql_listing import COUNT_UP_TO, Listing, at_most
from tallystick.connectors.sql_log import LOGGED, change_log, decode_place
from tallystick.connectors.sql_log_read import note_reach, read_changes, sight_deletion
from tallystick.connectors.sql_request import Change, Entitlement, Inspect, Query, Target, Write
from tallystick.connectors.sql_table import Dialect, key_columns, nearest, split_id
from tallystick.connectors.sql_target import make_target, object_capabilities
from tallystick.connectors.sql_transport import SqlTransport
from tallystick.connectors.sql_values import NO_MATCH
from tallystick.connectors.sql_write import is_value, key_is
from tallystick.core.error import Absent, AccessError, Error, Expired, ProjectError, Refused
from tallystick.core.path import Path, render
from tallystick.core.ports import (
    Capabilities,
    Flow,
    NotThere,
    Page,
    Position,
    Rights,
    Secrets,
    Sighting,
    Update,
    Written,
)
from tallystick.core.record import Raw
from tallystick.core.schema import Field, ObjectType
from tallystick.project.manifest import Manifest, ObjectSpec
from tallystick.project.schema import object_type

PAGE_SIZE: Final = 1000
_FIND_AT_MOST: Final = 1000
_UNSEARCHABLE: Final = frozenset({"json", "array", "binary"})


class SqlConnector:
    """The contract of ``core.ports.Connector`` over a ``SqlTransport``."""

    def __init__(self, name: str, manifest: Manifest, dialect: Dialect) -> None:
        self._name = name
        self._manifest = manifest
        self._dialect = dialect
        self._zone = zone(manifest.timezone, name)
        self._targets: dict[str, Target] = {}
        self._outdated: set[str] = set()
        self._specs = {key: _with_change_time(spec) for key, spec in manifest.objects.items()}
        for key, spec in self._specs.items():
            if spec.modified_format not in SPELLINGS:
                raise ProjectError(
                    f"'modified_format: {spec.modified_format}' cannot be compared inside a database",
                    hint=f"use one of {', '.join(SPELLINGS)}",
                    place=f"{name}/{key}",
                )
            if spec.changes and dialect not in LOGGED:
                raise ProjectError(
                    "a change log can be kept by PostgreSQL, MySQL, MariaDB and SQLite only",
                    hint="take 'changes' out; 'since' asks by a column with the time of change",
                    place=f"{name}/{key}",
                )

    def objects(self) -> tuple[str, ...]:
        """Name the object types."""
        return tuple(self._specs)

    def schema(self, object_name: str) -> ObjectType:
        """Describe one object type as the manifest has it."""
        spec = self._spec(object_name)
        return object_type(object_name, spec, key_columns(spec.id, spec.fields))

    def capabilities(self, object_name: str) -> Capabilities:
        """Say what can be done with an object type, as the manifest has it."""
        spec = self._spec(object_name)
        return object_capabilities(spec, self._manifest.network, self._manifest.limits, self._dialect)

    def read(
        self,
        object_name: str,
        since: float | None = None,
        position: Position | None = None,
        page_size: int | None = None,
    ) -> Flow[Page]:
        """Read one page in key order. The first page has the database's time, and the total where that is cheap."""
        spec = self._spec(object_name)
        target = yield from self._target(object_name)
        size = max(1, page_size or getattr(spec.paging, "limit", 0) or getattr(spec.paging, "size", 0) or PAGE_SIZE)
        shape = target.shape
        log = change_log(spec.changes, shape.name, shape.schema, target.key) if spec.changes else None
        ask = partial(self._ask, object_name)
        if place := decode_place(position):
            if log is None:
                raise Expired("this object is no longer read by a change log", place=target.place)
            return (yield from read_changes(target, log, place, size, ask))
        if since is not None and spec.since is None:
            raise ProjectError("this object cannot be asked for changes", hint="set 'since'", place=target.place)
        listing = Listing(target, spec.since.param if spec.since else "", self._zone)
        page = listing.page(since, position, size)
        if position is not None:
            [rows] = yield from self._ask(object_name, Query((page,)))
            return _page(target, listing, rows, size, by_time=since is not None)
        token = (yield from note_reach(target, log, ask)) if log else None
        # The clock comes first: what is committed while the page is read must not look as if it had been seen.
        extra = (listing.without_key(size), listing.count() if since is None else None)
        copied: tuple[Any, ...] = ((REPLAYED, {}),) if shape.is_copy else ()
        asked: tuple[Any, ...] = (*copied, (DatabaseClock(), {}), page, *(each for each in extra if each))
        found = yield from self._ask(object_name, Query(asked))
        settled = found.pop(0)[0][0] if shape.is_copy else None
        [[(now,)], rows, *answers] = found
        total = answers.pop()[0][0] if since is None else COUNT_UP_TO + 1
        keyless = target.reader.encode_all(answers[0]) if answers else []
        first = _page(target, listing, rows, size, by_time=since is not None)
        return Page(
            rows=[*keyless, *first.rows],
            next=first.next,
            total=total if total <= COUNT_UP_TO else None,
            server_time=seconds_of(now),
            token=token,
            settled=seconds_of(settled),
        )

    def announced(self, object_name: str) -> tuple[Field, ...]:
        """Give all columns of the table, as the database told them when it was first used."""
        target = self._targets.get(object_name)
        return announced_fields(target.shape) if target is not None else ()

    def sight(self, object_name: str, row: bytes) -> Sighting:
        """Decode one row of a page. Raises ``DataError`` for a record that has no id or is no record."""
        target = self._targets.get(object_name)
        if target is None:
            raise ProjectError("nothing was read of this object yet", place=f"{self._name}/{object_name}")
        return sight_deletion(target, row) or target.sight(row)

    def get(self, object_name: str, record_id: str) -> Flow[Sighting | NotThere]:
        """Read one row by id; one that is marked as deleted is gone."""
        target = yield from self._target(object_name)
        key = self._key(target, record_id)
        if key is None:
            return NotThere()
        statement = select(*target.reader.selected()).where(key_is(target.shape, target.key))
        values = {f"k{at}": part for at, part in enumerate(key)}
        try:
            [rows] = yield from self._ask(object_name, Query(((statement, values),)))
        except Refused:
            # The id does not even fit the column, say an integer of too many digits.
            return NotThere()
        if not rows:
            return NotThere()
        found = target.sight(target.reader.encode(rows[0]))
        return NotThere(gone=True, evidence="the row is marked as deleted") if found.deleted else found

    def find(self, object_name: str, path: Path, value: Any) -> Flow[Sequence[Sighting]]:
        """Find rows by the value of a column, rows that are marked as deleted included."""
        target = yield from self._target(object_name)
        name = str(path[0]) if len(path) == 1 else render(path)
        column = target.shape.columns.get(name)
        if column is None or column.kind in _UNSEARCHABLE:
            raise ProjectError(
                f"'{name}' cannot be searched for", hint=nearest(name, target.shape.columns), place=target.place
            )
        sought = target.binder.look(name, value)
        if sought is NO_MATCH or sought is None:
            return []
        condition = is_value(target.shape, name, bindparam("sought"))
        statement, values = at_most(self._dialect, select(*target.reader.selected()).where(condition), _FIND_AT_MOST)
        try:
            [rows] = yield from self._ask(object_name, Query(((statement, {"sought": sought, **values}),)))
        except Refused:
            return []
        return [target.sight(target.reader.encode(row)) for row in rows]

    def rights(self, object_name: str) -> Flow[Rights | None]:
        """Ask the catalogue what our user may do with the table; ``None`` where it does not tell."""
        target = yield from self._target(object_name)
        found: Rights | None = yield Entitlement(target.shape)
        return found

    def create(self, object_name: str, body: Raw, key: str) -> Flow[Written]:
        """Insert one row. A key that exists is ``Duplicate``, so a repeated create cannot double (R-10.9)."""
        outcomes = yield from self.create_many(object_name, [(body, key)])
        return _only(outcomes)

    def update(self, object_name: str, update: Update) -> Flow[Written]:
        """Change one row if it is still as it was read. Raises ``Stale`` or ``Absent``."""
        outcomes = yield from self.update_many(object_name, [update])
        return _only(outcomes)

    def delete(self, object_name: str, record_id: str, version: str | None = None) -> Flow[None]:
        """Delete one row, or mark it where the manifest has a tombstone. Raises ``Stale`` or ``Absent``."""
        target = yield from self._target(object_name)
        place = f"{target.place}/{record_id}"
        key = self._key(target, record_id)
        if key is None:
            raise Absent("there is no such row", place=place)
        change = Change("delete", key=key, version=version, place=place)
        [outcome] = yield from self._ask(object_name, Write(target, (change,)))
        if isinstance(outcome, Error):
            raise outcome

    def create_many(self, object_name: str, bodies: Sequence[tuple[Raw, str]]) -> Flow[Sequence[Written | Error]]:
        """Insert several rows in one transaction; a refused one does not keep the others out."""
        target = yield from self._target(object_name)
        changes = [self._insert(target, target.without_lost(body)) for body, _ in bodies]
        outcomes = yield from self._write(object_name, target, changes)
        return outcomes

    def update_many(self, object_name: str, updates: Sequence[Update]) -> Flow[Sequence[Written | Error]]:
        """Change several rows in one transaction; a refused one does not keep the others out."""
        target = yield from self._target(object_name)
        changes = [self._update(target, update) for update in updates]
        outcomes = yield from self._write(object_name, target, changes)
        return outcomes

    def _write(
        self, object_name: str, target: Target, changes: Sequence[Change | Error]
    ) -> Generator[Any, Any, list[Written | Error]]:
        sent = tuple(change for change in changes if isinstance(change, Change))
        answers = iter((yield from self._ask(object_name, Write(target, sent))) if sent else ())
        rows = [change if isinstance(change, Error) else next(answers) for change in changes]
        return [row if isinstance(row, Error) else _written(target.sight(row)) for row in rows]

    def _insert(self, target: Target, body: Raw) -> Change | Error:
        if problem := _unwritable(target, body):
            return problem
        # In PostgreSQL a trigger may still supply it.
        if self._dialect == "sqlite":
            for name in target.key:
                if body.get(name) is None and not target.shape.columns[name].default:
                    return Refused(f"'{name}' is needed: it tells the rows apart", field=name, place=target.place)
        return Change("insert", body, place=target.place)

    def _update(self, target: Target, update: Update) -> Change | Error:
        place = f"{target.place}/{update.id}"
        key = self._key(target, update.id)
        if key is None:
            return Absent("there is no such row", place=place)
        if problem := _unwritable(target, update.patch):
            return problem
        values = dict(update.patch)
        for name, part in zip(target.key, key, strict=True):
            if name in values and target.binder.look(name, values.pop(name)) != part:
                return Refused("the key of a row cannot be changed", field=name, place=place)
        if update.current is None or (update.version is not None and target.has_version):
            return Change("update", values, key=key, version=update.version, place=place)
        # Without a version of its own a row is compared by the values that are about to be overwritten.
        current, columns = update.current, target.reader.columns
        expected = {name: current[name] for name in values if name in current and name in columns}
        return Change("update", values, key=key, expected=expected, place=place)

    def _key(self, target: Target, record_id: str) -> tuple[Any, ...] | None:
        """Spell an id for the database; ``None`` where no row can have it."""
        parts = split_id(record_id, len(target.key))
        if parts is None:
            return None
        key = tuple([target.binder.look(name, part) for name, part in zip(target.key, parts, strict=True)])
        return None if NO_MATCH in key else key

    def _target(self, object_name: str) -> Generator[Any, Any, Target]:
        """Give the table of an object, looked at in the database the first time."""
        target = self._targets.get(object_name)
        if target is None or object_name in self._outdated:
            spec = self._spec(object_name)
            table = spec.table.name if spec.table else object_name
            schema = spec.table.schema_name if spec.table else ""
            times = (spec.modified, spec.since.param if spec.since else "")
            shape = yield Inspect(table, schema, tuple(dict.fromkeys(filter(None, times))))
            target = make_target(shape, spec, self._zone, f"{self._name}/{object_name}")
            self._targets[object_name] = target
            self._outdated.discard(object_name)
        return target

    def _ask(self, object_name: str, request: Query | Write) -> Generator[Any, Any, Any]:
        try:
            answer = yield request
        except AccessError:
            # The table may have been altered; it is looked at anew the next time.
            self._outdated.add(object_name)
            raise
        return answer

    def _spec(self, object_name: str) -> ObjectSpec:
        try:
            return self._specs[object_name]
        except KeyError:
            hint = nearest(object_name, self._specs)
            raise ProjectError(f"there is no object '{object_name}'", hint=hint, place=self._name) from None


def _with_change_time(spec: ObjectSpec) -> ObjectSpec:
    """The column that changes are asked by is the time of change, where the manifest names no other."""
    if spec.since is None or spec.modified:
        return spec
    return spec.model_copy(update={"modified": render((spec.since.param,))})


def _page(target: Target, listing: Listing, rows: Sequence[Any], size: int, *, by_time: bool) -> Page:
    follows = listing.position(rows[size - 1], by_time=by_time) if len(rows) > size else None
    return Page(rows=target.reader.encode_all(rows[:size]), next=follows)


def _unwritable(target: Target, body: Raw) -> Refused | None:
    if body.keys() <= target.writable:
        return None
    for name in body:
        column = target.shape.columns.get(name)
        if column is None:
            hint = nearest(name, target.shape.columns)
            return Refused(f"the table has no column '{name}'", hint=hint, field=name, place=target.place)
        if column.generated:
            return Refused(f"the database computes '{name}' by itself", field=name, place=target.place)
    return None


def _written(stored: Sighting) -> Written:
    return Written(stored.id, stored, stored.version)


def _only(outcomes: Sequence[Written | Error]) -> Written:
    [outcome] = outcomes
    if isinstance(outcome, Error):
        raise outcome
    return outcome


def open_system(name: str, manifest: Manifest, secrets: Secrets) -> tuple[SqlConnector, SqlTransport]:
    """Open a database by its manifest; nothing is connected before the first request.

    Raises ``ProjectError`` for an address or a time zone that cannot be used.
    """
    transport = SqlTransport(
        name,
        secrets.resolve(manifest.url),
        timeout=manifest.network.timeout_seconds,
        connect_timeout=manifest.network.connect_timeout_seconds,
        in_flight=manifest.limits.in_flight,
        tunnel=manifest.network.tunnel,
    )
    return SqlConnector(name, manifest, transport.dialect), transport
