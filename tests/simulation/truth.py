"""A system as it really is: every record with its whole history, and who did what. The oracle believes only this.

A table can be asked as of an earlier time, which is how a lagging replica answers. Nothing is ever forgotten.
"""

from collections.abc import Callable, Iterator
from typing import Any

from tests.simulation.nature import Nature

from tallystick.core.error import Absent, Duplicate, Error, Refused, Stale
from tallystick.core.record import Raw, encode_raw, fingerprint

USER = "user"
ENGINE = "engine"


class State:
    """A record from one moment on. ``fields`` are what people see; ``served`` are the workers that were shown it."""

    __slots__ = ("_row", "alive", "at", "by", "fields", "modified", "number", "served")

    def __init__(self, fields: Raw, number: int, at: float, modified: float, by: str, *, alive: bool) -> None:
        self.fields = fields
        self.number = number
        self.at = at
        self.modified = modified
        self.by = by
        self.alive = alive
        self.served: set[int] | None = None
        self._row: bytes | None = None


class Life:
    """All states of one record, oldest first. ``order`` is its place among all; ``by`` and ``key`` of its creation."""

    __slots__ = ("by", "cells", "created", "id", "key", "order", "states")

    def __init__(self, record_id: str, order: int, created: float, by: str, key: str) -> None:
        self.id = record_id
        self.key = key
        self.order = order
        self.created = created
        self.by = by
        self.states: list[State] = []
        self.cells: dict[str, Any] = {}

    @property
    def now(self) -> State:
        """The record as it stands."""
        return self.states[-1]

    def then(self, at: float) -> State | None:
        """The record as it stood at a time; ``None`` before it was created."""
        for state in reversed(self.states):
            if state.at <= at:
                return state
        return None


Witness = Callable[["Table", "Life", "State | None", "State", Any], None]


class Table:
    """One object type of a system. ``witness`` is told of every change after it happened."""

    def __init__(self, name: str, nature: Nature, clock: Callable[[], float], witness: Witness) -> None:
        self.name = name
        self.nature = nature
        self.clock = clock
        self.witness = witness
        self.lives: dict[str, Life] = {}
        self.replies: dict[str, str] = {}
        self.bodies: dict[str, bytes] = {}
        self.snapshots: list[list[State]] = []
        self.owner: dict[int, Life] = {}

    def __iter__(self) -> Iterator[Life]:
        """Give every record that is alive."""
        return (life for life in self.lives.values() if life.now.alive)

    # --- changing ---

    def create(self, body: Raw, by: Any, key: str = "", stamp: float = 0.0) -> Life:
        """Add a record. Raises what a system answers; the same key again gives the first one's record."""
        nature = self.nature
        if key and nature.can.create_idem == "key":
            known = self.replies.get(key)
            if known is not None:
                if self.bodies[key] != encode_raw(body):
                    raise Refused("this key was used for another body", status=422)
                return self.lives[known]
        fields = nature.kept(dict.fromkeys(nature.fields) | body)
        self._check(fields)
        self._check_unique(fields, None)
        order = len(self.lives) + 1
        life = Life(nature.id_of(order), order, self.clock(), ENGINE if by is not None else USER, key)
        self.lives[life.id] = life
        if key and nature.can.create_idem == "key":
            self.replies[key], self.bodies[key] = life.id, encode_raw(body)
        self._keep(life, fields, by, stamp)
        return life

    def update(self, record_id: str, patch: Raw, by: Any, version: str | None = None, stamp: float = 0.0) -> Life:
        """Change a record. Raises ``Absent``, ``Stale`` or ``Refused``."""
        life = self._living(record_id, version)
        fields = self.nature.kept(life.now.fields | patch)
        self._check(fields)
        self._check_unique(fields, life)
        self._keep(life, fields, by, stamp)
        return life

    def delete(self, record_id: str, by: Any, version: str | None = None, stamp: float = 0.0) -> None:
        """Delete a record. Raises ``Absent`` or ``Stale``."""
        life = self._living(record_id, version)
        self._keep(life, life.now.fields, by, stamp, alive=False)

    def restore(self, record_id: str, stamp: float = 0.0) -> None:
        """Bring a deleted record back under its id, as people do from a trash or a backup."""
        life = self.lives[record_id]
        self._check_unique(life.now.fields, life)
        self._keep(life, life.now.fields, None, stamp)

    def mend_trash(self, record_id: str, patch: Raw, stamp: float = 0.0) -> None:
        """Change what a deleted record shows in the trash."""
        life = self.lives[record_id]
        self._keep(life, self.nature.kept(life.now.fields | patch), None, stamp, alive=False)

    def _keep(self, life: Life, fields: Raw, by: Any, stamp: float, *, alive: bool = True) -> None:
        now = self.clock()
        before = life.states[-1] if life.states else None
        modified = self.nature.stamped(now - stamp)
        number = before.number + 1 if before else 1
        state = State(fields, number, now, modified, ENGINE if by is not None else USER, alive=alive)
        life.states.append(state)
        self.owner[id(state)] = life
        self.witness(self, life, before, state, by)

    def _living(self, record_id: str, version: str | None) -> Life:
        life = self.lives.get(record_id)
        if life is None or not life.now.alive:
            raise Absent("there is no such record", status=404)
        if version is not None and self.nature.can.cas_write and version != self.version(life.now):
            raise Stale("the record has changed since", status=412)
        return life

    def _check(self, fields: Raw) -> None:
        for name, most in self.nature.limits.items():
            value = fields.get(name)
            if isinstance(value, str) and len(value) > most:
                raise Refused(f"{name} is longer than {most}", field=name, status=422)

    def _check_unique(self, fields: Raw, own: Life | None) -> None:
        key = fields.get("key")
        if self.nature.unique and key is not None:
            for life in self.lives.values():
                if life is not own and life.now.alive and life.now.fields.get("key") == key:
                    raise Duplicate("another record has this key", field="key", status=409)

    # --- showing ---

    def version(self, state: State) -> str | None:
        """The token that tells this state from others, as far as the system has one."""
        kind = self.nature.can.version
        if kind == "none":
            return None
        return f"{state.modified}" if kind == "mtime" else f"v{state.number}"

    def row(self, state: State) -> bytes:
        """A state as a listing shows it."""
        if state._row is None:
            life = self.owner[id(state)]
            shown = {k: v for k, v in state.fields.items() if v is not None or not self.nature.can.omits_blank}
            shown |= {"id": life.id, "changed": state.modified, "made": self.nature.stamped(life.created)}
            version = self.version(state)
            if version is not None and self.nature.can.version == "field":
                shown["rev"] = version
            if not state.alive:
                shown["gone"] = True
            state._row = encode_raw(shown)
        return state._row

    def seal(self, state: State) -> int:
        """The fingerprint of a state's row."""
        return fingerprint(self.row(state))

    def seen(self, record_id: str, at: float) -> State | None:
        """One record as of a time, deleted ones included."""
        life = self.lives.get(record_id)
        return life.then(at) if life else None

    def found(self, key: Any, at: float) -> list[State]:
        """The records with a key as of a time; deleted ones only where the system has a trash."""
        states = (life.then(at) for life in self.lives.values())
        trash = self.nature.can.tombstones != "no"
        return [s for s in states if s is not None and s.fields.get("key") == key and (s.alive or trash)]

    def page(
        self, since: float | None, position: str | None, size: int, at: float
    ) -> tuple[list[State], str | None, int]:
        """One page of a listing as of a time: rows, the next position, the total at that time."""
        if self.nature.can.list_order == "snapshot" and position is not None:
            number, _, start = position.partition(":")
            rows = self.snapshots[int(number)]
            return self._cut(rows, int(start), size, f"{number}:")
        rows = self._listed(since, at)
        match self.nature.can.list_order:
            case "snapshot":
                self.snapshots.append(rows)
                return self._cut(rows, 0, size, f"{len(self.snapshots) - 1}:")
            case "offset":
                return self._cut(rows, int(position or 0), size, "")
            case _:
                return self._after(rows, since, position, size)

    def _listed(self, since: float | None, at: float) -> list[State]:
        shows_gone = self.nature.can.tombstones == "yes"
        rows = [
            (life.order if since is None else (state.modified, life.order), state)
            for life in self.lives.values()
            if (state := life.then(at)) is not None
            and (state.alive or shows_gone)
            and (since is None or state.modified >= since)
        ]
        rows.sort(key=lambda row: row[0])
        return [state for _, state in rows]

    @staticmethod
    def _cut(rows: list[State], start: int, size: int, prefix: str) -> tuple[list[State], str | None, int]:
        end = start + size
        return rows[start:end], f"{prefix}{end}" if end < len(rows) else None, len(rows)

    def _after(
        self, rows: list[State], since: float | None, position: str | None, size: int
    ) -> tuple[list[State], str | None, int]:
        def place(state: State) -> tuple[float, int]:
            return (0.0 if since is None else state.modified, self.owner[id(state)].order)

        total = len(rows)
        if position is not None:
            modified, order = position.split("/")
            rows = [s for s in rows if place(s) > (float(modified), int(order))]
        if len(rows) <= size:
            return rows, None, total
        modified, order = place(rows[size - 1])
        return rows[:size], f"{modified!r}/{order}", total


def outcome(work: Callable[[], Any]) -> Any:
    """Do it, and give the error of the tree as a value."""
    try:
        return work()
    except Error as error:
        return error
