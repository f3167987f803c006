"""Match keys."""

from tallystick.store.store import SqlStore


def test_records_are_found_by_rule_and_hash(store: SqlStore) -> None:
    rows = [("a", 1, 10), ("a", 2, 20), ("b", 1, 10), ("c", 2, 10), ("d", 1, -5)]
    store.commit(lambda tx: tx.put_keys("customers", "left", iter(rows)))
    store.commit(lambda tx: tx.put_keys("customers", "right", [("x", 1, 10)]))
    store.commit(lambda tx: tx.put_keys("products", "left", [("y", 1, 10)]))
    asked = [(1, 10), (1, 10), (2, 20), (1, 99)]
    assert sorted(store.look(lambda tx: tx.find_keys("customers", "left", asked))) == [
        (1, 10, "a"), (1, 10, "b"), (2, 20, "a"),
    ]  # fmt: skip
    assert store.look(lambda tx: tx.find_keys("customers", "right", [(1, 10)])) == [(1, 10, "x")]
    assert store.look(lambda tx: tx.find_keys("customers", "right", [])) == []


def test_a_record_has_one_key_a_rule(store: SqlStore) -> None:
    store.commit(lambda tx: tx.put_keys("customers", "left", [("a", 1, 10), ("a", 1, 11)]))
    store.commit(lambda tx: tx.put_keys("customers", "left", [("a", 1, 12)]))
    assert store.look(lambda tx: tx.find_keys("customers", "left", [(1, 10), (1, 11), (1, 12)])) == [(1, 12, "a")]


def test_keys_are_forgotten_by_record(store: SqlStore) -> None:
    store.commit(lambda tx: tx.put_keys("customers", "left", [("a", 1, 10), ("a", 2, 20), ("b", 1, 10)]))
    store.commit(lambda tx: tx.put_keys("customers", "right", [("a", 1, 10)]))
    store.commit(lambda tx: tx.drop_keys("customers", "left", ["a", "unknown"]))
    assert store.look(lambda tx: tx.find_keys("customers", "left", [(1, 10), (2, 20)])) == [(1, 10, "b")]
    assert store.look(lambda tx: tx.find_keys("customers", "right", [(1, 10)])) == [(1, 10, "a")]


def test_any_number_of_keys_is_asked_for(store: SqlStore) -> None:
    store.commit(lambda tx: tx.put_keys("customers", "left", ((str(n), n % 2, n) for n in range(1_200))))
    found = store.look(lambda tx: tx.find_keys("customers", "left", [(n % 2, n) for n in range(1_300)]))
    assert sorted(n for _, n, _ in found) == list(range(1_200))
