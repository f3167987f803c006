"""Bindings, their bases and former ids."""

import pytest

from tallystick.core.binding import Binding, FormerId, Leg
from tallystick.core.error import StoreError
from tallystick.store.store import SqlStore


def linked(number: int, left: str | None = None, right: str | None = None, **rest: object) -> Binding:
    return Binding(
        number,
        "customers",
        "linked",
        Leg(left or f"L{number}", "v1", 1.5, -number, number, None, b"left", 7),
        Leg(right or f"R{number}", None, None, None, None, None, b"right", 8),
        **rest,
    )


def test_a_binding_comes_back_as_it_was(store: SqlStore) -> None:
    whole = linked(1, gen=3, flags="x")
    half = Binding(2, "customers", "half", Leg("L2", None, 2.5, -(2**63), 2**63 - 1, 9.25, b"\0\xff", -(2**63)))
    empty = Binding(3, "customers", "parked", Leg("L3"), Leg(""))
    store.commit(lambda tx: tx.insert_bindings([whole, half, empty]))
    assert store.look(lambda tx: tx.bindings([3, 2, 1, 99])) == {1: whole, 2: half, 3: empty}


def test_any_number_of_bindings_is_loaded(store: SqlStore) -> None:
    store.commit(lambda tx: tx.insert_bindings([linked(n) for n in range(1, 1_202)]))
    found = store.look(lambda tx: tx.bindings([*range(1, 1_300), 5]))
    assert found.keys() == set(range(1, 1_202))
    assert found[1_201] == linked(1_201)


def test_nothing_to_do_is_done(store: SqlStore) -> None:
    def work(tx) -> None:
        tx.insert_bindings([])
        tx.update_bindings([])
        tx.add_former([])
        assert tx.bindings([]) == {}
        assert tx.former("customers", "left", []) == {}

    store.commit(work)


def test_reserved_ids_never_repeat(store: SqlStore) -> None:
    first = store.commit(lambda tx: tx.reserve_bindings(10))
    assert store.commit(lambda tx: tx.reserve_bindings(1)) == first + 10
    assert first >= 1


def test_an_unstored_reservation_is_given_again_only_after_a_rollback(store: SqlStore) -> None:
    def fail(tx) -> None:
        tx.reserve_bindings(5)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.commit(fail)
    assert store.commit(lambda tx: tx.reserve_bindings(1)) == 1


@pytest.mark.parametrize("second", [linked(2, left="L1"), linked(2, right="R1"), linked(1, "L2", "R2")])
def test_a_record_is_bound_once_and_a_refused_batch_leaves_nothing(store: SqlStore, second: Binding) -> None:
    """R-3.2, and the transaction goes on after the refusal."""
    store.commit(lambda tx: tx.insert_bindings([linked(1)]))

    def work(tx) -> None:
        with pytest.raises(StoreError, match="pair 'customers' is bound already"):
            tx.insert_bindings([linked(5), second, linked(6)])
        tx.insert_bindings([linked(7)])

    store.commit(work)
    assert store.look(lambda tx: tx.bindings(range(1, 9))) == {1: linked(1), 7: linked(7)}


def test_the_same_id_may_live_in_another_pair_and_on_the_other_side(store: SqlStore) -> None:
    other_pair = linked(2, "L1", "R1")
    other_pair.pair = "products"
    store.commit(lambda tx: tx.insert_bindings([linked(1, "A", "B"), linked(3, "B", "A"), other_pair]))
    assert store.look(lambda tx: len(tx.bindings([1, 2, 3]))) == 3


@pytest.mark.parametrize("state", ["tomb", "unlinked", "erased"])
def test_an_ended_binding_frees_its_ids(store: SqlStore, state: str) -> None:
    store.commit(lambda tx: tx.insert_bindings([linked(1)]))
    ended = linked(1)
    ended.state = state
    store.commit(lambda tx: tx.update_bindings([ended]))
    assert store.look(lambda tx: tx.binding_of("customers", "left", "L1")) is None
    store.commit(lambda tx: tx.insert_bindings([linked(2, "L1", "R1")]))
    ended_too = linked(2, "L1", "R1")
    ended_too.state = state
    store.commit(lambda tx: tx.update_bindings([ended_too]))
    store.commit(lambda tx: tx.insert_bindings([linked(3, "L1", "R1")]))
    found = store.look(lambda tx: tx.binding_of("customers", "right", "R1"))
    assert found == linked(3, "L1", "R1")
    with pytest.raises(StoreError, match="bound already"):
        store.commit(lambda tx: tx.update_bindings([linked(1)]))


@pytest.mark.parametrize("state", ["half", "parked", "linked", "dormant"])
def test_live_bindings_are_found_by_a_record(store: SqlStore, state: str) -> None:
    made = linked(1)
    made.state = state
    store.commit(lambda tx: tx.insert_bindings([made]))
    assert store.look(lambda tx: tx.binding_of("customers", "right", "R1")) == made
    assert store.look(lambda tx: tx.binding_of("customers", "left", "R1")) is None
    assert store.look(lambda tx: tx.binding_of("products", "right", "R1")) is None


def test_an_update_replaces_all_but_a_base_that_is_not_given(store: SqlStore) -> None:
    store.commit(lambda tx: tx.insert_bindings([linked(1), linked(2)]))
    changed = Binding(1, "customers", "dormant", Leg("A", base=None), Leg("B", "v9", base=b"new", shape=9), 2, "f")
    store.commit(lambda tx: tx.update_bindings([changed]))
    found = store.look(lambda tx: tx.bindings([1, 2]))
    changed.left.base, changed.left.shape = b"left", 7
    assert found == {1: changed, 2: linked(2)}


def test_a_base_may_come_later_and_be_empty(store: SqlStore) -> None:
    made = Binding(1, "customers", "half", Leg("A"))
    store.commit(lambda tx: tx.insert_bindings([made]))
    made.right = Leg("B", base=b"", shape=4)
    store.commit(lambda tx: tx.update_bindings([made]))
    assert store.look(lambda tx: tx.bindings([1])) == {1: made}


def test_erasure_takes_the_bases(store: SqlStore) -> None:
    """R-17.5."""
    store.commit(lambda tx: tx.insert_bindings([linked(1), linked(2)]))
    erased = linked(1)
    erased.state = "erased"
    store.commit(lambda tx: tx.update_bindings([erased]))
    found = store.look(lambda tx: tx.bindings([1, 2]))
    assert (found[1].left.base, found[1].right.base) == (None, None)
    assert found[2] == linked(2)


def test_updating_what_is_not_there_is_refused_whole(store: SqlStore) -> None:
    store.commit(lambda tx: tx.insert_bindings([linked(1)]))
    changed = linked(1)
    changed.flags = "changed"
    with pytest.raises(StoreError, match=r"not there.*1 of 2"):
        store.commit(lambda tx: tx.update_bindings([changed, linked(2)]))
    assert store.look(lambda tx: tx.bindings([1])) == {1: linked(1)}


def test_ids_may_change_hands_one_after_the_other(store: SqlStore) -> None:
    store.commit(lambda tx: tx.insert_bindings([linked(1), linked(2)]))
    with pytest.raises(StoreError):
        store.commit(lambda tx: tx.update_bindings([linked(1, "L2")]))
    store.commit(lambda tx: tx.update_bindings([linked(1, "L9"), linked(2, "L1")]))
    assert store.look(lambda tx: tx.resolve_ids("customers", "left", ["L1", "L9"])) == {"L1": 2, "L9": 1}


def test_former_ids_are_remembered_and_renewed(store: SqlStore) -> None:
    old = FormerId("customers", "left", "L1", 1, b"l", b"r", 7, 10.0)
    new = FormerId("customers", "left", "L1", 2, None, b"r2", 8, 20.0)
    other = FormerId("customers", "right", "L1", 3, None, None, 0, 30.0)
    store.commit(lambda tx: tx.add_former([old, other]))
    store.commit(lambda tx: tx.add_former([new]))
    assert store.look(lambda tx: tx.former("customers", "left", ["L1", "L2"])) == {"L1": new}
    assert store.look(lambda tx: tx.former("customers", "right", ["L1"])) == {"L1": other}
    assert store.look(lambda tx: tx.former("products", "left", ["L1"])) == {}
