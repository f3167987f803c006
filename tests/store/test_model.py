"""The store against a model of plain dictionaries, driven at random."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tallystick.core.binding import Binding, Dirty, Leg, LegFact
from tallystick.core.error import StoreError
from tallystick.store.store import SqlStore
from tallystick.store.tables import LIVE, metadata

SIDES = ("left", "right")
IDS = [None, "a", "b", "c", "d"]
PAIRS = ["p", "q"]

legs = st.builds(
    Leg,
    id=st.sampled_from(IDS),
    version=st.sampled_from([None, "v1"]),
    digest=st.sampled_from([None, -(2**63), 2**63 - 1]),
    raw_hash=st.sampled_from([None, -1, 0, 7]),
    absent_since=st.sampled_from([None, 5.0]),
    base=st.sampled_from([None, b"", b"x"]),
    shape=st.integers(1, 2),
)
states = st.sampled_from(["half", "parked", "linked", "linked", "linked", "dormant", "tomb", "unlinked"])
bindings = st.builds(
    Binding,
    id=st.integers(1, 6),
    pair=st.sampled_from(PAIRS),
    state=states,
    left=legs,
    right=legs,
    gen=st.integers(1, 2),
)
batches = st.lists(bindings, max_size=4, unique_by=lambda b: b.id)
pairs = st.sampled_from(PAIRS)
sides = st.sampled_from(SIDES)
ids = st.lists(st.sampled_from(IDS[1:]), max_size=3)


class Comparison(RuleBasedStateMachine):
    """Every rule does the same to the store and to the model; every invariant asks both."""

    store: SqlStore

    def __init__(self) -> None:
        super().__init__()
        with self.store._engine.begin() as connection:
            for table in reversed(metadata.sorted_tables):
                connection.execute(table.delete())
        self.bindings: dict[int, Binding] = {}
        self.dirty: dict[tuple[str, str, str], Dirty] = {}
        self.keys: dict[tuple[str, str, str, int], int] = {}

    @rule(batch=batches)
    def insert(self, batch: list[Binding]) -> None:
        after = dict(self.bindings)
        fits = True
        for b in batch:
            fits = fits and b.id not in after and not clashes(after, b)
            after[b.id] = stored(b, None)
        self.try_to(lambda tx: tx.insert_bindings(batch), after, fits=fits)

    @rule(batch=batches)
    def update(self, batch: list[Binding]) -> None:
        after = dict(self.bindings)
        fits = True
        for b in batch:
            fits = fits and b.id in after and not clashes(after, b)
            after[b.id] = stored(b, after.get(b.id))
        self.try_to(lambda tx: tx.update_bindings(batch), after, fits=fits)

    def try_to(self, work: Any, after: dict[int, Binding], *, fits: bool) -> None:
        if fits:
            self.store.commit(work)
            self.bindings = after
        else:
            with pytest.raises(StoreError):
                self.store.commit(work)

    @rule(pair=pairs, side=sides, records=ids, raw=st.sampled_from([None, 7, 8]))
    def touch(self, pair: str, side: str, records: list[str], raw: int | None) -> None:
        self.store.commit(lambda tx: tx.touch_legs(pair, side, [(r, raw, "v2", 3.0) for r in records]))
        for leg in self.legs_of(pair, side, records):
            leg.raw_hash, leg.version, leg.modified, leg.absent_since = raw, "v2", 3.0, None

    @rule(pair=pairs, side=sides, records=ids)
    def miss(self, pair: str, side: str, records: list[str]) -> None:
        self.store.commit(lambda tx: tx.mark_absent(pair, side, records, 9.0))
        for leg in self.legs_of(pair, side, records):
            leg.absent_since = 9.0 if leg.absent_since is None else leg.absent_since

    def legs_of(self, pair: str, side: str, records: list[str]) -> list[Leg]:
        return [b.leg(side) for b in self.bindings.values() if b.pair == pair and b.leg(side).id in records]

    @rule(pair=pairs, side=sides, records=ids, later=st.sampled_from([0.0, 10.0]), attempts=st.integers(0, 2))
    def mark(self, pair: str, side: str, records: list[str], later: float, attempts: int) -> None:
        marks = [Dirty(pair, side, r, "again", later, attempts) for r in records]
        self.store.commit(lambda tx: tx.mark_dirty(marks))
        for made in marks:
            key = (made.pair, made.side, made.id)
            most = max(attempts, self.dirty[key].attempts) if key in self.dirty else attempts
            # Setting a key that is there keeps its place, in the model as in the store.
            self.dirty[key] = Dirty(*key, "again", later, most)

    @rule(pair=pairs, side=sides, data=st.data())
    def clear_some(self, pair: str, side: str, data: st.DataObject) -> None:
        taken = self.store.look(lambda tx: tx.dirty(pair, side, 100.0, 3))
        renewed = data.draw(st.lists(st.sampled_from(taken), max_size=1)) if taken else []
        self.store.commit(lambda tx: tx.mark_dirty(renewed))
        self.store.commit(lambda tx: tx.clear_dirty(taken))
        for mark in taken:
            if mark not in renewed:
                del self.dirty[mark.pair, mark.side, mark.id]

    @rule(pair=pairs, side=sides, records=ids, number=st.integers(1, 2), hashed=st.sampled_from([-1, 5]))
    def put_keys(self, pair: str, side: str, records: list[str], number: int, hashed: int) -> None:
        self.store.commit(lambda tx: tx.put_keys(pair, side, [(r, number, hashed) for r in records]))
        self.keys.update({(pair, side, r, number): hashed for r in records})

    @rule(pair=pairs, side=sides, records=ids)
    def drop_keys(self, pair: str, side: str, records: list[str]) -> None:
        self.store.commit(lambda tx: tx.drop_keys(pair, side, records))
        self.keys = {k: v for k, v in self.keys.items() if k[:2] != (pair, side) or k[2] not in records}

    @invariant()
    def the_same_answers(self) -> None:
        self.store.look(self.compare)

    def compare(self, tx: Any) -> None:
        assert tx.bindings(range(1, 8)) == self.bindings
        for pair in PAIRS:
            here = [b for b in self.bindings.values() if b.pair == pair]
            linked = [b for b in here if b.state == "linked"]
            assert tx.count_linked(pair) == len(linked)
            for side in SIDES:
                self.compare_legs(tx, pair, side, here)
                self.compare_hashes(tx, pair, side, linked)
                self.compare_waiting(tx, pair, side)

    def compare_legs(self, tx: Any, pair: str, side: str, here: list[Binding]) -> None:
        facts = tx.leg_facts(pair, side, IDS[1:])
        for record in IDS[1:]:
            bound = [b for b in here if b.leg(side).id == record]
            live = [b for b in bound if b.state in LIVE]
            assert tx.binding_of(pair, side, record) == (live[0] if live else None)
            shown = live[0] if live else max(bound, key=lambda b: b.id, default=None)
            assert facts.get(record) == (shown and fact(shown, side))
        known = {b.id: b.leg(side).id for b in here if b.state in {"linked", "half"} and b.leg(side).id}
        assert tx.ids_of(pair, side, range(1, 8)) == known
        assert tx.resolve_ids(pair, side, IDS[1:]) == {record: number for number, record in known.items()}

    def compare_hashes(self, tx: Any, pair: str, side: str, linked: list[Binding]) -> None:
        hashes = [(b.leg(side).raw_hash, b.id, b.leg(side).id) for b in linked]
        known = [(n, h) for h, n, _ in hashes if h is not None]
        assert list(zip(*tx.raw_hashes(pair, side), strict=True)) == sorted(known)
        assert list(tx.raw_hashes(pair, side, by_hash=True)[1]) == sorted(h for _, h in known)
        assert set(tx.legs_without_hash(pair, side)) == {(n, i) for h, n, i in hashes if h is None and i}

    def compare_waiting(self, tx: Any, pair: str, side: str) -> None:
        for now in (0.0, 10.0):
            due = [d for d in self.dirty.values() if (d.pair, d.side) == (pair, side) and d.not_before <= now]
            assert [d.id for d in tx.dirty(pair, side, now, 99)] == [d.id for d in due]
            assert [d.attempts for d in tx.dirty(pair, side, now, 99)] == [d.attempts for d in due]
        asked = [(number, hashed) for number in (1, 2) for hashed in (-1, 5, 6)]
        assert sorted(tx.find_keys(pair, side, asked)) == sorted(
            (number, hashed, record) for (p, s, record, number), hashed in self.keys.items() if (p, s) == (pair, side)
        )


def clashes(there: dict[int, Binding], b: Binding) -> bool:
    if b.state not in LIVE:
        return False
    others = [o for o in there.values() if o.id != b.id and o.pair == b.pair and o.state in LIVE]
    return any(b.leg(side).id is not None and b.leg(side).id == o.leg(side).id for side in SIDES for o in others)


def stored(b: Binding, before: Binding | None) -> Binding:
    kept = deepcopy(b)
    for side in SIDES:
        if kept.leg(side).base is None:
            old = before.leg(side) if before else Leg()
            kept.leg(side).base, kept.leg(side).shape = old.base, old.shape if old.base is not None else 0
    return kept


def fact(b: Binding, side: str) -> LegFact:
    leg = b.leg(side)
    return LegFact(b.id, b.state, leg.digest, leg.raw_hash, leg.version, leg.absent_since)


def test_the_store_answers_as_the_model_does(store: SqlStore) -> None:
    machine = type("ComparisonOfOne", (Comparison,), {"store": store})
    # A server is asked over a socket; what is common to both databases is found on the quick one.
    examples = 25 if store._engine.dialect.name == "sqlite" else 8
    run_state_machine_as_test(machine, settings=settings(max_examples=examples, stateful_step_count=15, deadline=None))
