"""The stand-in state's bindings, legs and match keys: plain dictionaries with an index for each question.

It answers as the store does, to the order of rows, so that a seed plays the same on either (``test_stand_ins``).
"""

from array import array
from bisect import insort
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tallystick.core.binding import Binding, FormerId, Leg, LegFact
from tallystick.core.error import StoreError
from tallystick.core.record import SIDES, Side

LIVE = frozenset({"half", "parked", "linked", "dormant"})
Undo = list[Callable[[], Any]]


def copied(b: Binding) -> Binding:
    """Copy a binding with both legs."""
    left, right = b.left, b.right
    return Binding(b.id, b.pair, b.state, _leg(left), _leg(right), b.gen, b.flags)


def _leg(leg: Leg) -> Leg:
    return Leg(
        leg.id, leg.version, leg.modified, leg.digest, leg.raw_hash, leg.absent_since, leg.base, leg.shape
    )  # fmt: skip


class MemoryLegs:
    """Bindings, former ids and match keys. Every change leaves its undoing in ``undo``."""

    def __init__(self) -> None:
        self.undo: Undo = []
        self.changed = False
        self.rows: dict[int, Binding] = {}
        self.by_leg: dict[tuple[str, Side, str], list[int]] = {}
        self.order: list[int] = []
        self.numbers: dict[str, int] = {}
        self.formers: dict[tuple[str, Side, str], FormerId] = {}
        self.key_of: dict[tuple[str, Side, str], dict[int, int]] = {}
        self.by_key: dict[tuple[str, Side, int, int], dict[str, None]] = {}

    def reserve(self, name: str, count: int) -> int:
        """Give the first of ``count`` numbers that nobody else ever gets."""
        before = self.numbers.get(name, 0)
        self.numbers[name] = before + count
        self.undo.append(lambda: self.numbers.__setitem__(name, before))
        return before + 1

    # --- bindings ---

    def reserve_bindings(self, count: int) -> int:
        self.changed = True
        return self.reserve("binding", count)

    def insert_bindings(self, bindings: Sequence[Binding]) -> None:
        self.changed = self.changed or bool(bindings)
        for b in bindings:
            if b.id in self.rows:
                raise StoreError(f"a record of pair '{b.pair}' is bound already, or a binding's id is taken")
            self._put(copied(b))

    def update_bindings(self, bindings: Sequence[Binding]) -> None:
        self.changed = self.changed or bool(bindings)
        found = sum(b.id in self.rows for b in bindings)
        if found != len(bindings):
            raise StoreError("a binding to be updated is not there", detail=f"{found} of {len(bindings)} found")
        for given in bindings:
            old, new = self.rows[given.id], copied(given)
            for side in SIDES:
                leg, before = new.leg(side), old.leg(side)
                if new.state == "erased":
                    leg.base = None
                elif leg.base is None:
                    leg.base, leg.shape = before.base, before.shape
            self._put(new)

    def _put(self, new: Binding) -> None:
        old = self.rows.get(new.id)
        if old is not None:
            self._unindex(old)
        if new.state in LIVE:
            for side in SIDES:
                record = new.leg(side).id
                if record is not None and any(
                    self.rows[n].state in LIVE for n in self.by_leg.get((new.pair, side, record), ())
                ):
                    if old is not None:
                        self._index(old)
                    raise StoreError(f"a record of pair '{new.pair}' is bound already, or a binding's id is taken")
        self.rows[new.id] = new
        self._index(new)
        self.undo.append(lambda: self._back(new, old))

    def _back(self, new: Binding, old: Binding | None) -> None:
        self._unindex(new)
        if old is None:
            del self.rows[new.id]
        else:
            self.rows[new.id] = old
            self._index(old)

    def _index(self, b: Binding) -> None:
        insort(self.order, b.id)
        for side in SIDES:
            record = b.leg(side).id
            if record is not None:
                self.by_leg.setdefault((b.pair, side, record), []).append(b.id)

    def _unindex(self, b: Binding) -> None:
        self.order.remove(b.id)
        for side in SIDES:
            record = b.leg(side).id
            if record is not None:
                self.by_leg[b.pair, side, record].remove(b.id)

    def bindings(self, ids: Iterable[int]) -> dict[int, Binding]:
        return {n: copied(self.rows[n]) for n in ids if n in self.rows}

    def binding_of(self, pair: str, side: Side, record_id: str) -> Binding | None:
        live = [n for n in self.by_leg.get((pair, side, record_id), ()) if self.rows[n].state in LIVE]
        return copied(self.rows[live[0]]) if live else None

    # --- legs ---

    def leg_facts(self, pair: str, side: Side, ids: Sequence[str]) -> dict[str, LegFact]:
        facts: dict[str, LegFact] = {}
        for record in ids:
            numbers = self.by_leg.get((pair, side, record))
            if numbers:
                b = self.rows[max(numbers, key=lambda n: (self.rows[n].state in LIVE, n))]
                leg = b.leg(side)
                facts[record] = LegFact(b.id, b.state, leg.digest, leg.raw_hash, leg.version, leg.absent_since)
        return facts

    def _linked(self, pair: str) -> Iterable[Binding]:
        rows = self.rows
        return (b for n in self.order if (b := rows[n]).pair == pair and b.state == "linked")

    def linked_bindings(self, pair: str) -> "array[int]":
        return array("q", (b.id for b in self._linked(pair)))

    def raw_hashes(self, pair: str, side: Side, *, by_hash: bool = False) -> "tuple[Sequence[int], array[int]]":
        both = [(b.id, h) for b in self._linked(pair) if (h := b.leg(side).raw_hash) is not None]
        both.sort(key=lambda row: row[by_hash])
        return array("q", (n for n, _ in both)), array("q", (h for _, h in both))

    def legs_without_hash(self, pair: str, side: Side) -> list[tuple[int, str]]:
        legs = ((b.id, b.leg(side)) for b in self._linked(pair))
        return [(n, leg.id) for n, leg in legs if leg.raw_hash is None and leg.id is not None]

    def touch_legs(
        self, pair: str, side: Side, rows: Iterable[tuple[str, int | None, str | None, float | None]]
    ) -> None:
        for record, raw, version, modified in rows:
            self.changed = True
            for n in list(self.by_leg.get((pair, side, record), ())):
                new = copied(self.rows[n])
                leg = new.leg(side)
                leg.raw_hash, leg.version, leg.modified, leg.absent_since = raw, version, modified, None
                new.flags = new.flags.replace(side[0], "")
                self._swap(new)

    def mark_absent(self, pair: str, side: Side, ids: Sequence[str], since: float) -> None:
        for record in ids:
            self.changed = True
            for n in list(self.by_leg.get((pair, side, record), ())):
                if self.rows[n].leg(side).absent_since is None:
                    new = copied(self.rows[n])
                    new.leg(side).absent_since = since
                    self._swap(new)

    def missed_legs(self, pair: str, side: Side) -> list[tuple[str, int | None]]:
        bound = [(b.pair, b.leg(side)) for n in self.order if (b := self.rows[n])]
        return [(leg.id, leg.raw_hash) for p, leg in bound if p == pair and leg.id and leg.absent_since is not None]

    def clear_absent(self, pair: str, side: Side, ids: Sequence[str]) -> None:
        for record in ids:
            self.changed = True
            for n in list(self.by_leg.get((pair, side, record), ())):
                new = copied(self.rows[n])
                new.leg(side).absent_since = None
                self._swap(new)

    def dormant(self, pair: str) -> dict[int, tuple[str | None, str | None]]:
        found = (self.rows[n] for n in self.order)
        return {b.id: (b.left.id, b.right.id) for b in found if b.pair == pair and b.state == "dormant"}

    def _swap(self, new: Binding) -> None:
        """Put a binding in the place of one with the same ids."""
        old = self.rows[new.id]
        self.rows[new.id] = new
        self.undo.append(lambda: self.rows.__setitem__(new.id, old))

    def count_linked(self, pair: str) -> int:
        return sum(1 for _ in self._linked(pair))

    def ids_of(self, pair: str, side: Side, bindings: Sequence[int]) -> dict[int, str]:
        found = (self.rows[n] for n in bindings if n in self.rows)
        return {
            b.id: record
            for b in found
            if b.pair == pair and b.state in {"linked", "half"} and (record := b.leg(side).id) is not None
        }

    def resolve_ids(self, pair: str, side: Side, ids: Sequence[str]) -> dict[str, int]:
        return {
            record: n
            for record in ids
            for n in self.by_leg.get((pair, side, record), ())
            if self.rows[n].state in {"linked", "half"}
        }

    def sample_ids(self, pair: str, side: Side, count: int) -> list[str]:
        linked = list(self._linked(pair))
        low, high = (linked[0].id, linked[-1].id) if linked else (0, 0)
        there = [(b.id, record) for b in linked if b.leg(side).absent_since is None and (record := b.leg(side).id)]
        found: list[str] = []
        first = low
        while len(found) < count:
            row = next((r for r in there if r[0] >= first), None)
            if row is None:
                break
            found.append(row[1])
            first = max(row[0] + 1, low + (high - low + 1) * len(found) // count)
        return found

    # --- former ids and keys ---

    def add_former(self, rows: Sequence[FormerId]) -> None:
        for row in rows:
            self._set(self.formers, (row.pair, row.side, row.id), row)

    def former(self, pair: str, side: Side, ids: Sequence[str]) -> dict[str, FormerId]:
        return {i: self.formers[pair, side, i] for i in ids if (pair, side, i) in self.formers}

    def put_keys(self, pair: str, side: Side, rows: Iterable[tuple[str, int, int]]) -> None:
        for record, rule, h in rows:
            before = self.key_of.get((pair, side, record), {})
            self._rekey(pair, side, record, before | {rule: h})

    def drop_keys(self, pair: str, side: Side, ids: Sequence[str]) -> None:
        for record in ids:
            self._rekey(pair, side, record, {})

    def _rekey(self, pair: str, side: Side, record: str, keys: dict[int, int]) -> None:
        self.changed = True
        before = self.key_of.get((pair, side, record), {})
        if before != keys:
            self._place_keys(pair, side, record, keys)
            self.undo.append(lambda: self._place_keys(pair, side, record, before))

    def _place_keys(self, pair: str, side: Side, record: str, keys: dict[int, int]) -> None:
        for rule, h in self.key_of.get((pair, side, record), {}).items():
            self.by_key[pair, side, rule, h].pop(record, None)
        self.key_of[pair, side, record] = keys
        for rule, h in keys.items():
            self.by_key.setdefault((pair, side, rule, h), {})[record] = None

    def find_keys(self, pair: str, side: Side, keys: Sequence[tuple[int, int]]) -> list[tuple[int, int, str]]:
        return [
            (rule, h, record)
            for rule, h in sorted(set(keys))
            for record in sorted(self.by_key.get((pair, side, rule, h), ()))
        ]

    def _set(self, where: dict[Any, Any], key: Any, value: Any) -> None:
        self.changed = True
        if key in where:
            before = where[key]
            self.undo.append(lambda: where.__setitem__(key, before))
        else:
            self.undo.append(lambda: where.pop(key))
        where[key] = value

    def _drop(self, where: dict[Any, Any], key: Any) -> None:
        if key in where:
            self.changed = True
            before = where.pop(key)
            self.undo.append(lambda: where.__setitem__(key, before))
