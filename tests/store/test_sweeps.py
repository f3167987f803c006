"""What is kept beside bindings: sweeps in progress, keys of unpaired records, states that are over."""

from array import array

import pytest

from tallystick.core.binding import Binding, Cursor, Dirty, LedgerRow, Leg, Superseded, Window
from tallystick.core.window import LISTED
from tallystick.store.store import SqlStore

PAIR = "customers"


def window(**changes: object) -> Window:
    values = {"pair": PAIR, "side": "left", "full": True, "since": None, "position": "p", "snow0": 1.0, "high": 2.0}
    return Window(**(values | changes))  # type: ignore[arg-type] # names of its own fields


def test_a_sweep_keeps_everything_that_is_needed_to_go_on(store: SqlStore) -> None:
    kept = window(
        listed=5, distinct=4, pages=3, marked=2, restarts=1, started=7.5, mapping=-(2**63), ids=2**63 - 1, since=0.5
    )
    store.commit(lambda tx: tx.save_window(kept))
    assert store.look(lambda tx: tx.window(PAIR, "left")) == kept


def test_what_was_shown_adds_up_and_goes_with_its_sweep(store: SqlStore) -> None:
    numbers = [array("q", [3, -(2**63)]), array("q", []), array("q", [2**63 - 1, 3])]
    for shown in numbers:
        store.commit(lambda tx, shown=shown: tx.save_window(window(), shown))
    store.commit(lambda tx: tx.save_window(window(side="right"), array("q", [9])))
    assert sorted(store.look(lambda tx: tx.seen_hashes(PAIR, "left"))) == [-(2**63), 3, 3, 2**63 - 1]
    store.commit(lambda tx: tx.forget_window(PAIR, "left"))
    assert store.look(lambda tx: (tx.window(PAIR, "left"), len(tx.seen_hashes(PAIR, "left")))) == (None, 0)
    assert store.look(lambda tx: tx.seen_hashes(PAIR, "right")) == array("q", [9])
    store.commit(lambda tx: tx.close_window(Cursor(PAIR, "right", None, None, None)))
    assert store.look(lambda tx: tx.seen_hashes(PAIR, "right")) == array("q")


def marks(*ids: str, reason: str = LISTED, side: str = "left") -> list[Dirty]:
    return [Dirty(PAIR, side, i, reason) for i in ids]  # type: ignore[arg-type] # one of the two sides


def left_marks(store: SqlStore) -> list[str]:
    return [m.id for m in store.look(lambda tx: tx.dirty(PAIR, "left", 0, 100))]


def test_marks_of_a_sweep_go_by_id_or_all_at_once_and_no_others_do(store: SqlStore) -> None:
    """R-11.16: a mark that was renewed for another reason is not the sweep's any more."""
    store.commit(lambda tx: tx.mark_dirty(marks("a", "b", "c", "d") + marks("a", side="right")))
    store.commit(lambda tx: tx.mark_dirty(marks("b", "x", reason="asked")))
    store.commit(lambda tx: tx.unmark_listed(PAIR, "left", ["a", "b", "x", "none"]))
    assert left_marks(store) == ["b", "c", "d", "x"]
    store.commit(lambda tx: tx.unmark_listed(PAIR, "left", []))
    assert left_marks(store) == ["b", "c", "d", "x"]
    store.commit(lambda tx: tx.unmark_listed(PAIR, "left"))
    assert left_marks(store) == ["b", "x"]
    assert len(store.look(lambda tx: tx.dirty(PAIR, "right", 0, 100))) == 1


def test_who_is_marked_is_told_whether_the_mark_is_due_or_not(store: SqlStore) -> None:
    store.commit(lambda tx: tx.mark_dirty([*marks("a"), Dirty(PAIR, "left", "later", "x", not_before=1e9)]))
    assert store.look(lambda tx: tx.marked(PAIR, "left", ["a", "later", "b"])) == {"a", "later"}
    assert store.look(lambda tx: tx.marked(PAIR, "right", ["a"])) == set()


def test_keys_of_unpaired_records_are_found_replaced_and_forgotten(store: SqlStore) -> None:
    assert not store.look(lambda tx: tx.has_lone(PAIR))
    store.commit(lambda tx: tx.put_lone(PAIR, "left", [("a", 0, 5), ("a", 1, 6), ("b", 0, 5)]))
    store.commit(lambda tx: tx.put_lone(PAIR, "left", [("a", 0, 7)]))
    store.commit(lambda tx: tx.put_lone(PAIR, "right", [("a", 0, 5)]))

    def find(*keys: tuple[int, int]) -> set[tuple[int, int, str]]:
        return set(store.look(lambda tx: tx.find_lone(PAIR, "left", keys)))

    assert find((0, 5), (0, 7), (1, 6), (1, 5)) == {(0, 5, "b"), (0, 7, "a"), (1, 6, "a")}
    assert store.look(lambda tx: tx.has_lone(PAIR))
    assert not store.look(lambda tx: tx.has_lone("products"))
    assert store.look(lambda tx: tx.find_keys(PAIR, "left", [(0, 5)])) == [], "they are not those of paired records"
    store.commit(lambda tx: tx.drop_lone(PAIR, "left", ["a"]))
    assert find((0, 7), (1, 6), (0, 5)) == {(0, 5, "b")}
    store.commit(lambda tx: tx.drop_lone(PAIR, "left"))
    assert find((0, 5)) == set()
    assert store.look(lambda tx: tx.find_lone(PAIR, "right", [(0, 5)])) == [(0, 5, "a")]


def test_states_that_are_over_are_known_until_they_cannot_be_shown_any_more(store: SqlStore) -> None:
    """R-4.5: by version and by values, the newest word of each counts."""
    rows = [
        Superseded(PAIR, "left", "a", "1", 10, None, 100.0),
        Superseded(PAIR, "left", "a", "2", 20, 5.5, 200.0),
        Superseded(PAIR, "left", "b", "", -(2**63), None, 300.0),
        Superseded(PAIR, "right", "a", "1", 10, None, 300.0),
    ]
    store.commit(lambda tx: tx.add_superseded(rows))

    def over(after: float) -> list[Superseded]:
        return sorted(store.look(lambda tx: tx.superseded(PAIR, "left", ["a", "b", "c"], after)), key=lambda s: s.at)

    assert over(0) == rows[:3]
    assert over(100) == rows[1:3]
    again = Superseded(PAIR, "left", "a", "1", 10, 6.5, 400.0)
    store.commit(lambda tx: tx.add_superseded([again]))
    assert over(200) == [rows[2], again]
    store.commit(lambda tx: tx.drop_superseded(PAIR, 300))
    assert over(0) == [again]
    assert store.look(lambda tx: tx.superseded(PAIR, "right", ["a"], 0)) == []


def test_deletions_are_counted_by_side_and_time(store: SqlStore) -> None:
    """I-18: what the audit trail has of a day, whichever run wrote it."""
    ops = [("delete", 10.0), ("archive", 20.0), ("update", 20.0), ("delete", 30.0), ("undelete", 30.0)]
    written = [LedgerRow("r", PAIR, "left", "a", 1, op, "", None, None, at) for op, at in ops]
    other = LedgerRow("r", PAIR, "right", "a", 1, "delete", "", None, None, 20.0)
    foreign = LedgerRow("r", "products", "left", "a", 1, "delete", "", None, None, 20.0)
    store.commit(lambda tx: tx.add_ledger([*written, other, foreign]))
    assert [store.look(lambda tx, at=at: tx.count_deletions(PAIR, "left", at)) for at in (0, 10, 20, 30)] == [
        3,
        2,
        1,
        0,
    ]
    assert store.look(lambda tx: tx.count_deletions(PAIR, "right", 0)) == 1


@pytest.mark.parametrize("chosen", [[], [1], [1, 2]])
def test_bytes_of_some_bindings_are_forgotten_and_nothing_else_of_them(store: SqlStore, chosen: list[int]) -> None:
    made = [
        Binding(n, PAIR, "linked", Leg(f"L{n}", "v", 1.0, 5, n, 2.0), Leg(f"R{n}", "w", 1.0, 6, n, None))
        for n in (1, 2, 3)
    ]
    store.commit(lambda tx: tx.insert_bindings(made))
    store.commit(lambda tx: tx.forget_hashes(chosen))
    for binding in made:
        if binding.id in chosen:
            binding.left.raw_hash = binding.right.raw_hash = None
    assert store.look(lambda tx: tx.bindings([1, 2, 3])) == {binding.id: binding for binding in made}
