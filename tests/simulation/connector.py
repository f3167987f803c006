"""A connector to a simulated system, written against the port alone. Every call to the system is one ``Ask``."""

from collections.abc import Sequence
from typing import Any

from tests.simulation.nature import Nature
from tests.simulation.truth import State, Table

from tallystick.core.error import DataError, Error
from tallystick.core.path import Path
from tallystick.core.ports import Capabilities, Flow, NotThere, Page, Sighting, Update, Written
from tallystick.core.record import Raw, decode_raw
from tallystick.core.schema import Field, ObjectType

WRITES = frozenset({"create", "update", "delete", "create_many", "update_many"})


class Ask:
    """One request to a system, on its way."""

    __slots__ = ("arguments", "table", "verb")

    def __init__(self, table: Table, verb: str, *arguments: Any) -> None:
        self.table = table
        self.verb = verb
        self.arguments = arguments

    @property
    def writes(self) -> bool:
        """Whether it may change something."""
        return self.verb in WRITES

    def __repr__(self) -> str:
        """Spell it for the trace."""
        return f"{self.table.name}.{self.verb}{self.arguments!r}"


def schema_of(nature: Nature) -> ObjectType:
    """What the system declares of its records."""
    own = [Field("id", "text", read_only=True)]
    for name in nature.fields:
        kind = "number" if name == "size" else "text"
        own.append(Field(name, kind, unique=nature.unique and name == "key", max_length=nature.limits.get(name)))
    return ObjectType("record", tuple(own))


class SimulatedConnector:
    """``core.ports.Connector`` for the tables of one simulated system, by object name."""

    def __init__(self, tables: dict[str, Table]) -> None:
        self._tables = tables

    def objects(self) -> tuple[str, ...]:
        return tuple(self._tables)

    def schema(self, object_name: str) -> ObjectType:
        return schema_of(self._tables[object_name].nature)

    def capabilities(self, object_name: str) -> Capabilities:
        return self._tables[object_name].nature.can

    def read(
        self, object_name: str, since: float | None = None, position: str | None = None, page_size: int | None = None
    ) -> Flow[Page]:
        table = self._tables[object_name]
        states, after, total, server_time = yield Ask(table, "list", since, position, page_size)
        rows = [table.row(s) for s in states]
        return Page(
            rows=rows,
            next=after,
            total=total if since is None and table.nature.tells_total else None,
            server_time=server_time,
        )

    def sight(self, object_name: str, row: bytes) -> Sighting:
        return self._sighting(self._tables[object_name], decode_raw(row), None)

    def _sighting(self, table: Table, record: Any, state: State | None) -> Sighting:
        nature = table.nature
        if record.get("name") == "\x00":
            raise DataError("this record cannot be decoded", place=str(record.get("id")))
        version = None if state is None else table.version(state)
        if state is None and nature.can.version == "field":
            version = record.get("rev")
        elif state is None and nature.can.version == "mtime":
            version = f"{float(record['changed'])}"
        return Sighting(
            id=record["id"],
            record=record,
            version=version,
            modified=float(record["changed"]),
            created=float(record["made"]) if nature.tells_created else None,
            deleted=bool(record.get("gone", False)),
            raw_hash=table.seal(state) if state is not None and nature.tells_hash else None,
        )

    def _shown(self, table: Table, state: State) -> Sighting:
        return self._sighting(table, decode_raw(table.row(state)), state)

    def get(self, object_name: str, record_id: str) -> Flow[Sighting | NotThere]:
        table = self._tables[object_name]
        state: State | None = yield Ask(table, "get", record_id)
        if state is None or not state.alive:
            gone = state is not None and table.nature.can.tombstones != "no"
            return NotThere(gone=gone, evidence="it is in the trash" if gone else "")
        return self._shown(table, state)

    def find(self, object_name: str, path: Path, value: Any) -> Flow[Sequence[Sighting]]:
        table = self._tables[object_name]
        states: list[State] = yield Ask(table, "find", path[0], value)
        return [self._shown(table, s) for s in states]

    def _written(self, table: Table, answer: tuple[str, State | None]) -> Written:
        record_id, state = answer
        if state is None or not table.nature.can.returns_record:
            return Written(record_id)
        try:
            return Written(record_id, self._shown(table, state), table.version(state))
        except DataError:
            # It was carried out, whatever the answer holds.
            return Written(record_id, None, table.version(state))

    def create(self, object_name: str, body: Raw, key: str) -> Flow[Written]:
        table = self._tables[object_name]
        return self._written(table, (yield Ask(table, "create", body, key)))

    def update(self, object_name: str, update: Update) -> Flow[Written]:
        table = self._tables[object_name]
        return self._written(table, (yield Ask(table, "update", update.id, update.patch, update.version)))

    def delete(self, object_name: str, record_id: str, version: str | None = None) -> Flow[None]:
        yield Ask(self._tables[object_name], "delete", record_id, version)

    def create_many(self, object_name: str, bodies: Sequence[tuple[Raw, str]]) -> Flow[Sequence[Written | Error]]:
        return self._many(object_name, "create", list(bodies))

    def update_many(self, object_name: str, updates: Sequence[Update]) -> Flow[Sequence[Written | Error]]:
        return self._many(object_name, "update", [(u.id, u.patch, u.version) for u in updates])

    def _many(self, object_name: str, verb: str, items: list[Any]) -> Flow[Sequence[Written | Error]]:
        table = self._tables[object_name]
        answers = yield Ask(table, f"{verb}_many", items)
        return [a if isinstance(a, Error) else self._written(table, a) for a in answers]
