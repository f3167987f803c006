"""What is known of many records at once."""

from array import array
from dataclasses import replace

from tallystick.core.binding import Binding, Leg, LegFact
from tallystick.store.store import SqlStore


def paired(number: int, state: str = "linked", left: Leg | None = None, right: Leg | None = None) -> Binding:
    return Binding(number, "customers", state, left or Leg(f"L{number}"), right or Leg(f"R{number}"))


def put(store: SqlStore, *bindings: Binding) -> None:
    store.commit(lambda tx: tx.insert_bindings(bindings))


def test_facts_of_bound_records_in_every_state(store: SqlStore) -> None:
    states = ["half", "parked", "linked", "dormant", "tomb", "unlinked", "erased"]
    put(store, *(paired(n, s, Leg(f"L{n}", "v", 1.0, n, -n, 2.0)) for n, s in enumerate(states, 1)))
    found = store.look(lambda tx: tx.leg_facts("customers", "left", ["none", *(f"L{n}" for n in range(1, 8))]))
    assert found == {f"L{n}": LegFact(n, s, n, -n, "v", 2.0) for n, s in enumerate(states, 1)}
    assert store.look(lambda tx: tx.leg_facts("customers", "right", ["L1"])) == {}


def test_the_live_binding_of_an_id_goes_before_ended_ones_and_a_newer_before_an_older(store: SqlStore) -> None:
    same = Leg("same")
    put(store, paired(4, "tomb", same), paired(2, "linked", same), paired(3, "unlinked", same))
    put(store, paired(6, "tomb", Leg("gone")), paired(5, "tomb", Leg("gone")))
    found = store.look(lambda tx: tx.leg_facts("customers", "left", ["same", "gone"]))
    assert {record: fact.binding for record, fact in found.items()} == {"same": 2, "gone": 6}


def test_facts_of_any_number_of_records(store: SqlStore) -> None:
    put(store, *(paired(n) for n in range(1, 1_102)))
    found = store.look(lambda tx: tx.leg_facts("customers", "right", [f"R{n}" for n in range(2_000)]))
    assert len(found) == 1_101
    assert found["R1101"].binding == 1_101


def test_raw_hashes_of_many_come_whole_whoever_stands_between(store: SqlStore) -> None:
    """Thousands come at once: where a pair's bindings follow each other, where some are gone, and between others'."""
    numbers = [*range(1, 20_001), *range(20_003, 20_010), *range(30_000, 62_000, 4)]
    others = [n for n in range(1, 70_000, 2) if n > 20_010 and n % 4]
    put(store, *(paired(n, left=Leg(f"L{n}", raw_hash=-n)) for n in numbers if n != 9_999))
    put(store, *(replace(paired(n, left=Leg(f"L{n}", raw_hash=n)), pair="products") for n in others))
    put(store, paired(9_999, "half", left=Leg("L9999", raw_hash=-9_999)))
    bindings, hashes = store.look(lambda tx: tx.raw_hashes("customers", "left"))
    assert list(bindings) == [n for n in numbers if n != 9_999]
    assert list(hashes) == [-n for n in bindings]
    bindings, hashes = store.look(lambda tx: tx.raw_hashes("products", "left"))
    assert list(bindings) == list(hashes) == others


def test_raw_hashes_are_those_of_linked_legs_in_order_of_binding_or_of_hash(store: SqlStore) -> None:
    hashes = [5, -(2**63), 2**63 - 1, 0, -3, 5]
    put(store, *(paired(n, right=Leg(f"R{n}", raw_hash=h)) for n, h in enumerate(hashes, 1)))
    put(store, paired(10, "half", right=Leg("R10", raw_hash=77)), paired(11, right=Leg("R11")))
    found = store.look(lambda tx: tx.raw_hashes("customers", "right"))
    assert (list(found[0]), found[1]) == ([1, 2, 3, 4, 5, 6], array("q", hashes))
    assert found[1].typecode == "q"
    bindings, ascending = store.look(lambda tx: tx.raw_hashes("customers", "right", by_hash=True))
    assert ascending == array("q", sorted(hashes))
    assert [hashes[n - 1] for n in bindings] == sorted(hashes)
    for pair, side in (("customers", "left"), ("products", "right")):
        nobody = store.look(lambda tx, pair=pair, side=side: tx.raw_hashes(pair, side))
        assert [list(column) for column in nobody] == [[], []]


def test_legs_without_hash(store: SqlStore) -> None:
    put(store, paired(1), paired(2, left=Leg("L2", raw_hash=1)), paired(3, "half", right=Leg()), paired(4, left=Leg()))
    assert store.look(lambda tx: tx.legs_without_hash("customers", "left")) == [(1, "L1")]
    assert sorted(store.look(lambda tx: tx.legs_without_hash("customers", "right"))) == [
        (1, "R1"), (2, "R2"), (4, "R4"),
    ]  # fmt: skip


def test_a_touch_sets_the_facts_of_one_side_and_clears_absence(store: SqlStore) -> None:
    before = paired(1, left=Leg("L1", "v1", 1.0, 5, 6, 7.0, b"base", 3), right=Leg("R1", absent_since=8.0))
    put(store, before)
    store.commit(lambda tx: tx.touch_legs("customers", "left", [("L1", 60, "v2", 2.0), ("unbound", 1, None, None)]))
    found = store.look(lambda tx: tx.bindings([1]))[1]
    assert found.left == Leg("L1", "v2", 2.0, 5, 60, None, b"base", 3)
    assert found.right == before.right


def test_absence_is_noted_once(store: SqlStore) -> None:
    put(store, paired(1), paired(2))
    store.commit(lambda tx: tx.mark_absent("customers", "left", ["L1", "unbound"], 10.0))
    store.commit(lambda tx: tx.mark_absent("customers", "left", ["L1", "L2"], 20.0))
    facts = store.look(lambda tx: tx.leg_facts("customers", "left", ["L1", "L2"]))
    assert [facts["L1"].absent_since, facts["L2"].absent_since] == [10.0, 20.0]
    assert store.look(lambda tx: tx.bindings([1]))[1].right.absent_since is None


def test_ids_and_bindings_are_translated_for_linked_and_half(store: SqlStore) -> None:
    states = ["half", "parked", "linked", "dormant", "tomb"]
    put(store, *(paired(n, s) for n, s in enumerate(states, 1)), paired(6, "half", right=Leg()))
    assert store.look(lambda tx: tx.ids_of("customers", "left", range(1, 9))) == {1: "L1", 3: "L3", 6: "L6"}
    assert store.look(lambda tx: tx.ids_of("customers", "right", [6])) == {}
    assert store.look(lambda tx: tx.ids_of("products", "left", [1])) == {}
    every = [f"R{n}" for n in range(9)]
    assert store.look(lambda tx: tx.resolve_ids("customers", "right", every)) == {"R1": 1, "R3": 3}


def test_linked_bindings_are_counted(store: SqlStore) -> None:
    put(store, paired(1), paired(2), paired(3, "half"), paired(4, "tomb"))
    assert store.look(lambda tx: tx.count_linked("customers")) == 2
    assert store.look(lambda tx: tx.count_linked("products")) == 0


def test_a_sample_is_spread_and_takes_only_records_that_were_there(store: SqlStore) -> None:
    put(store, *(paired(n) for n in range(1, 101)), paired(200, "tomb"))
    sample = store.look(lambda tx: tx.sample_ids("customers", "left", 4))
    assert sample == ["L1", "L26", "L51", "L76"]
    store.commit(lambda tx: tx.mark_absent("customers", "left", [f"L{n}" for n in range(1, 100)], 1.0))
    assert store.look(lambda tx: tx.sample_ids("customers", "left", 4)) == ["L100"]
    assert len(set(store.look(lambda tx: tx.sample_ids("customers", "right", 1_000)))) == 100
    assert store.look(lambda tx: tx.sample_ids("products", "left", 4)) == []


def test_linked_bindings_are_listed_in_ascending_order(store: SqlStore) -> None:
    put(store, paired(7), paired(2), paired(3, "half"), paired(4, "tomb"), paired(9))
    assert store.look(lambda tx: tx.linked_bindings("customers")) == array("q", [2, 7, 9])
    assert store.look(lambda tx: tx.linked_bindings("products")) == array("q")
