"""The judge while a world runs: every change of every system is held against what really happened before (I-3 ... I-7).

It knows the truth tables, who did what, and what the engine was shown; of the engine's own state it reads only the
journal and who is paired with whom.
"""

from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any

from tests.simulation.slips import STORY, slipped_in
from tests.simulation.truth import ENGINE, USER, Life, State, Table

from tallystick.core.record import SIDES, UNKNOWN, Side, decode_fields, other

MARGIN = 0.001


class Cell:
    """One value of one record: who put it there, when."""

    __slots__ = ("at", "by", "stem", "value")

    def __init__(self, value: Any, by: str, at: float) -> None:
        self.value = value
        self.by = by
        self.at = at
        self.stem = stem(value)


def stem(value: Any) -> Any:
    """What is left of a value whatever a system does to it: people never enter two values with one stem by chance."""
    if isinstance(value, str):
        return " ".join(value.split())[:6].casefold()
    if isinstance(value, Decimal | int):
        return int(value)
    return None if value is None else repr(value)


class Oracle:
    """Judges one world. ``entered`` counts people's edits by (key, field), ``moved`` the engine's that changed it."""

    def __init__(self, world: Any) -> None:
        self._world = world
        self.entered: Counter[tuple[Any, str]] = Counter()
        self.moved: Counter[tuple[Any, Side, str]] = Counter()
        self.held: defaultdict[tuple[Side, Any, str], set[Any]] = defaultdict(set)
        self.planned: dict[str, Any] = {}
        self.revivals: set[str] = set()
        self.by_key: defaultdict[tuple[Side, Any], list[Life]] = defaultdict(list)
        self.excused: set[tuple[Side, Any]] = set()
        self.engine_creates = 0
        self.engine_updates = 0
        self.engine_deletes = 0

    def committed(self, worker: Any, tx: Any) -> None:
        """Note the intents of a transaction: whose plan they come from."""
        for intent in tx.intents.values():
            if intent.key not in self.planned:
                self.planned[intent.key] = worker
                if intent.op == "create" and intent.binding in tx.rows:
                    self.revivals.add(intent.key)

    def witness(self, table: Table, life: Life, before: State | None, after: State, by: Any) -> None:
        """Judge one change, after it happened."""
        self._world.note("change", table.name, life.id, "user" if by is None else by.name, after)
        key = after.fields.get("key")
        if before is None:
            self.by_key[table.name, key].append(life)
            if by is not None:
                self._judge_create(table, life, key, by)
        elif by is not None:
            if not after.alive:
                self._judge_delete(table, life, before, by)
            else:
                self._judge_update(table, life, before, after, by)
        self._remember(table, life, before, after, by)

    def _remember(self, table: Table, life: Life, before: State | None, after: State, by: Any) -> None:
        who, key = after.by, after.fields.get("key")
        for name, value in after.fields.items():
            if before is not None and before.fields.get(name) == value:
                continue
            life.cells[name] = cell = Cell(value, who, after.at)
            self.held[table.name, key, name].add(cell.stem)
            if who == USER:
                self.entered[key, name] += 1
            elif before is not None:
                self.moved[key, table.name, name] += 1

    # --- creating ---

    def _judge_create(self, table: Table, life: Life, key: Any, by: Any) -> None:
        self.engine_creates += 1
        world, opposite = self._world, self._world.opposite(table)
        planner = self.planned.get(life.key, by)
        began = planner.began
        twins = [x for x in self.by_key[table.name, key] if x is not life]
        for twin in twins:
            if twin.now.alive:
                self._judge_double(table, life, twin, planner, by)
        sources = self.by_key[opposite.name, key]
        living = [x for x in sources if x.now.alive]
        if not living:
            self._judge_orphan(opposite, sources, life, began, by)
            return
        for twin in twins:
            if not twin.now.alive and twin.now.by == USER:
                self._judge_return(table, twin, living, began, by)
        if not living and not sources:
            world.fail("I-5", f"{by.name} made {table.name}/{life.id} of nothing ({key})")

    def _judge_double(self, table: Table, life: Life, twin: Life, planner: Any, by: Any) -> None:
        """A second living record with the same key: only for what nobody could have seen (W-10)."""
        since, began, key = _alive_since(twin), planner.began, life.now.fields.get("key")
        if (parts := planner.parts.get(table.name)) is not None:
            began = min(began, parts)  # a sweep that went on: who came to a part that was read before is not shown
        known = since < began - table.nature.lag - MARGIN
        self.excused.add((table.name, key))
        if table.name in planner.blinded | by.blinded:
            self._world.limits["made while the system showed nothing"] += 1
            return
        if self._was_unreadable_since(twin, began - table.nature.lag):
            self._world.limits["made while the twin could not be read"] += 1
            return
        if twin.by == ENGINE and since == twin.created and not self._is_restored(twin):
            self._world.fail("I-5", f"{by.name} doubled {key} on the {table.name}: {twin.id} was made by the engine")
        if known:
            self._world.fail("I-5", f"{by.name} doubled {key} on the {table.name}: {twin.id} was there to be seen")
        self._world.limits["W-10"] += 1

    @staticmethod
    def _was_unreadable_since(twin: Life, then: float) -> bool:
        """Whether a record could not be decoded, not even its key, at some time since then."""
        ends = [*(s.at for s in twin.states[1:]), float("inf")]
        return any(s.fields.get("name") == "\x00" and end > then for s, end in zip(twin.states, ends, strict=True))

    @staticmethod
    def _is_restored(life: Life) -> bool:
        return any(not s.alive for s in life.states)

    def _judge_orphan(self, opposite: Table, sources: list[Life], life: Life, began: float, by: Any) -> None:
        """Made of a record that is not there any more: only if it went while the run was going on."""
        key = life.now.fields.get("key")
        if not sources:
            self._world.fail("I-5", f"{by.name} made a record with key {key} that nobody has")
        last = max(sources, key=lambda x: x.now.at)
        slack = opposite.nature.lag if last.now.by == USER else 0.0
        if last.now.at < began - slack - MARGIN:
            self._world.fail("I-6", f"{by.name} made a new record of the deleted {opposite.name}/{last.id} ({key})")

    def _judge_return(self, table: Table, twin: Life, living: list[Life], began: float, by: Any) -> None:
        """Somebody deleted the counterpart before: it may come back only after a real change on the other side."""
        world = self._world
        died = twin.now.at
        policy = world.scenario.policy
        on_delete = policy.on_delete_left if table.name == "left" else policy.on_delete_right
        if died > began - table.nature.lag - MARGIN or on_delete not in {"propagate", "archive"}:
            return
        if any(self._has_news(x, twin, died) for x in living):
            return
        known = world_bindings(world, table.name, twin.id)
        if not known and twin.by == USER:
            return  # it was paired with nobody, so its deletion says nothing about the other side
        opposite = other(table.name)
        if (opposite, twin.now.fields["key"]) in self.excused and not _are_paired(known, opposite, living):
            world.limits["made of a double that could not be helped"] += 1
            return
        if not known and table.nature.can.tombstones == "no" and table.nature.can.create_idem != "key":
            world.limits["W-1"] += 1
            return
        if any(self._differs_from_base(x, b, other(table.name)) for x in living for b in known):
            return
        world.fail("I-6", f"{by.name} brought {table.name}/{twin.id} back, which somebody had deleted")

    def _differs_from_base(self, source: Life, binding: Any, side: Side) -> bool:
        """Whether people's values on a side are not those that both sides agreed about (a conflict that is open)."""
        base = decode_fields(binding.leg(side).base or b"[]")
        cells = (source.cells.get(name) for name in self._world.scenario.fields)
        pairs = zip(cells, base, strict=False)
        return any(c is not None and c.by == USER and v is not UNKNOWN and stem(v) != c.stem for c, v in pairs)

    def _has_news(self, source: Life, twin: Life, died: float) -> bool:
        """Whether people did something on the other side that the deleted counterpart did not have."""
        if _alive_since(source) >= died or self._is_restored(source):
            return True
        return any(
            cell.by == USER and (cell.at >= died or self._is_news(twin, name, cell))
            for name, cell in source.cells.items()
        )

    def _is_news(self, twin: Life, name: str, cell: Cell) -> bool:
        """Whether the other side never had the value, or has had another one since before it was entered again."""
        theirs, key = twin.cells.get(name), twin.now.fields.get("key")
        side = next(s for s in SIDES if twin in self.by_key[s, key])
        unheard = cell.value is None or cell.stem not in self.held[side, key, name]
        return unheard or theirs is None or (cell.stem != theirs.stem and cell.at >= theirs.at)

    # --- changing ---

    def _judge_update(self, table: Table, life: Life, before: State, after: State, by: Any) -> None:
        self.engine_updates += 1
        for name, value in after.fields.items():
            was = before.fields.get(name)
            if value == was or was is None:
                continue
            self._judge_overwrite(table, life, before, name, by, "overwrote")
            cell = life.cells[name]
            if cell.by == USER and stem(value) == cell.stem:
                self._judge_write_back(table, life, name, value, by)

    def _judge_write_back(self, table: Table, life: Life, name: str, value: Any, by: Any) -> None:
        """The same value in a worse spelling, which nobody entered on the other side (I-4)."""
        opposite = self._world.opposite(table)
        key = life.now.fields.get("key")
        sources = [x.cells[name] for x in self.by_key[opposite.name, key] if name in x.cells]
        mine = [c for c in sources if c.stem == stem(value)]
        if mine and all(c.by == ENGINE for c in mine):
            self._world.fail("I-4", f"{by.name} wrote {value!r} back over {life.cells[name].value!r}")

    def _judge_overwrite(self, table: Table, life: Life, before: State, name: str, by: Any, did: str) -> None:
        """Nothing that a person entered goes unless the other side had it or the journal has it (I-3).

        A field with one direction is a mirror by declaration: what people enter there is not kept.
        """
        if self._world.scenario.fields[name].direction != "both":
            return
        cell = life.cells[name]
        key = before.fields.get("key")
        if cell.by != USER or cell.stem in self.held[other(table.name), key, name]:
            return
        nature = table.nature
        looked = by.looked.get((table.name, life.id))
        if not nature.can.cas_write and looked is not None and before.at > looked - nature.lag - MARGIN:
            self._world.limits["W-2"] += 1
            return
        where = f"{table.name}/{life.id} {name}"
        if did == "overwrote" and not self._may_lose(table, life, name):
            if slipped_in(nature.can, life, name) and self._is_journalled(table.name, name, cell.stem):
                self._world.limits[STORY] += 1
                return
            self._world.fail("F-5", f"{by.name} {did} {cell.value!r} of {where}, which no policy allows")
        if self._is_journalled(table.name, name, cell.stem):
            return
        self._world.fail("I-3", f"{by.name} {did} {cell.value!r} of {where}, entered by a person; no journal has it")

    def _may_lose(self, table: Table, life: Life, name: str) -> bool:
        """Whether any policy lets what a person entered here give way to the other side."""
        policy = self._world.scenario.fields[name]
        opposite = self._world.opposite(table)
        if policy.initial in {"newest", opposite.name}:  # what was never agreed is met for the first time, however late
            return True
        wins = {opposite.name, "newest", "prefer_nonblank"}
        return policy.conflict in wins or (policy.conflict != table.name and policy.fallback in wins)

    def _is_journalled(self, side: Side, name: str, wanted: Any) -> bool:
        # The journal is written before a new pairing's number is in use, so that every number is asked.
        def work(tx: Any) -> list[Any]:
            return [e for n in getattr(tx, "entries", range(1, 400)) for e in tx.journal(n)]

        entries = self._world.state.look(work)
        return any(
            e.side == side and e.field == name and stem(decode_fields(e.value)[0]) == wanted for e in entries
        )  # fmt: skip

    # --- deleting ---

    def _judge_delete(self, table: Table, life: Life, before: State, by: Any) -> None:
        self.engine_deletes += 1
        world, opposite = self._world, self._world.opposite(table)
        policy = world.scenario.policy
        on_delete = policy.on_delete_right if table.name == "left" else policy.on_delete_left
        if on_delete != "propagate":
            world.fail("I-7", f"{by.name} deleted {table.name}/{life.id} although deletions are not propagated")
        partners = [
            opposite.lives[p] for b in world_bindings(world, table.name, life.id)
            if (p := b.leg(opposite.name).id) in opposite.lives
        ]  # fmt: skip
        if not partners:
            world.fail("I-7", f"{by.name} deleted {table.name}/{life.id}, which is paired with nobody")
        for partner in partners:
            made = partner.by == ENGINE and not self._is_restored(partner)
            if partner.now.alive and (made or _alive_since(partner) < by.began - opposite.nature.lag - MARGIN):
                story = f"{by.name} deleted {table.name}/{life.id} though {opposite.name}/{partner.id} lives"
                world.fail("I-7", story)
            if not partner.now.alive and partner.now.by != USER:
                world.fail("I-7", f"{by.name} deleted {table.name}/{life.id}; nobody had deleted {partner.id}")
        for name, value in before.fields.items():
            if value is not None:
                self._judge_overwrite(table, life, before, name, by, "deleted")
        self._judge_brake(table, by)

    def _judge_brake(self, table: Table, by: Any) -> None:
        by.deleted[table.name] = by.deleted.get(table.name, 0) + 1
        brakes = self._world.scenario.policy.brakes
        allowed = max(brakes.delete_count, int(brakes.delete_share * by.linked))
        if "deletes" not in by.session.released and by.deleted[table.name] > allowed:
            self._world.fail("I-18", f"{by.name} deleted {by.deleted[table.name]}; {allowed} are allowed")


def _alive_since(life: Life) -> float:
    since = life.created
    for before, after in zip(life.states, life.states[1:], strict=False):
        if not before.alive and after.alive:
            since = after.at
    return since


def _are_paired(known: list[Any], side: Side, lives: list[Life]) -> bool:
    """Whether one of these records is or was paired by these pairings."""
    return any(b.leg(side).id == life.id for b in known for life in lives)


def world_bindings(world: Any, side: Side, record: str) -> list[Any]:
    """Every pairing that a record is or was in, ended ones included."""

    def work(tx: Any) -> list[Any]:
        return [b for b in tx.bindings(range(1, 2000)).values() if b.leg(side).id == record]

    found: list[Any] = world.state.look(work)
    return found
