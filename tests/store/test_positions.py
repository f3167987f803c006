"""The dirty set, sweeps, cursors, pair states."""

from dataclasses import replace

import pytest

from tallystick.core.binding import Cursor, Dirty, PairState, Window
from tallystick.store.store import SqlStore


def marks(*ids: str, reason: str = "listed", not_before: float = 0, attempts: int = 0) -> list[Dirty]:
    return [Dirty("customers", "left", record, reason, not_before, attempts) for record in ids]


def due(store: SqlStore, now: float = 0, limit: int = 100) -> list[Dirty]:
    return store.look(lambda tx: tx.dirty("customers", "left", now, limit))


def test_marks_come_back_in_the_order_in_which_they_were_made(store: SqlStore) -> None:
    store.commit(lambda tx: tx.mark_dirty(marks("c", "a")))
    store.commit(lambda tx: tx.mark_dirty(marks("b")))
    found = due(store)
    assert [d.id for d in found] == ["c", "a", "b"]
    assert [d.id for d in due(store, limit=2)] == ["c", "a"]
    assert [d.seq for d in found] == sorted({d.seq for d in found})
    assert replace(found[0], seq=0) == marks("c")[0]


def test_sides_and_pairs_are_apart(store: SqlStore) -> None:
    store.commit(lambda tx: tx.mark_dirty([Dirty("customers", "right", "a", "x"), Dirty("products", "left", "a", "x")]))
    assert due(store) == []


def test_a_mark_waits_for_its_time(store: SqlStore) -> None:
    store.commit(lambda tx: tx.mark_dirty(marks("later", not_before=50.5) + marks("now")))
    assert [d.id for d in due(store, now=50.4)] == ["now"]
    assert [d.id for d in due(store, now=50.5)] == ["later", "now"]


def test_marks_coalesce_and_keep_attempts_and_place(store: SqlStore) -> None:
    """R-11.15, R-14.5: a record that is marked again and again does not fall behind the others."""
    store.commit(lambda tx: tx.mark_dirty(marks("hot", attempts=3) + marks("other")))
    store.commit(lambda tx: tx.mark_dirty(marks("hot", "hot", reason="webhook")))
    found = due(store)
    assert [(d.id, d.reason, d.attempts) for d in found] == [("hot", "webhook", 3), ("other", "listed", 0)]
    assert found[0].seq > found[1].seq


def test_an_attempt_more_is_counted_and_its_time_is_taken(store: SqlStore) -> None:
    store.commit(lambda tx: tx.mark_dirty(marks("a", attempts=1)))
    store.commit(lambda tx: tx.mark_dirty(marks("a", attempts=2, not_before=60)))
    assert due(store) == []
    assert [d.attempts for d in due(store, now=60)] == [2]


def test_a_mark_made_while_the_record_was_processed_survives(store: SqlStore) -> None:
    """R-11.16."""
    store.commit(lambda tx: tx.mark_dirty(marks("a", "b")))
    taken = due(store)
    store.commit(lambda tx: tx.mark_dirty(marks("a")))
    store.commit(lambda tx: tx.clear_dirty(taken))
    left = due(store)
    assert [d.id for d in left] == ["a"]
    store.commit(lambda tx: tx.clear_dirty(left))
    assert due(store) == []


def test_a_cleared_and_new_mark_is_not_taken_for_the_old_one(store: SqlStore) -> None:
    store.commit(lambda tx: tx.mark_dirty(marks("a")))
    old = due(store)
    store.commit(lambda tx: tx.clear_dirty(old))
    store.commit(lambda tx: tx.mark_dirty(marks("a")))
    store.commit(lambda tx: tx.clear_dirty(old))
    assert len(due(store)) == 1


@pytest.mark.parametrize("full", [True, False])
def test_a_sweep_is_saved_page_by_page_and_closed_with_its_cursor(store: SqlStore, full: bool) -> None:  # noqa: FBT001
    window = Window("customers", "left", full, 5.0, "page 2", 6.0, None, 100)
    store.commit(lambda tx: tx.save_window(replace(window, position=None, listed=0)))
    store.commit(lambda tx: tx.save_window(window))
    found = store.look(lambda tx: tx.window("customers", "left"))
    assert found == window
    assert found.full is full
    assert store.look(lambda tx: tx.window("customers", "right")) is None
    assert store.look(lambda tx: tx.cursor("customers", "left")) is None
    for cursor in (Cursor("customers", "left", 6.0, None, None), Cursor("customers", "left", None, 9.5, 100)):
        store.commit(lambda tx, c=cursor: tx.close_window(c))
        assert store.look(lambda tx: tx.window("customers", "left")) is None
        assert store.look(lambda tx: tx.cursor("customers", "left")) == cursor
    assert store.look(lambda tx: tx.cursor("customers", "right")) is None


def test_a_sweep_and_its_marks_are_kept_together_or_not_at_all(store: SqlStore) -> None:
    """R-11.1."""

    def page(tx) -> None:
        tx.mark_dirty(marks("a"))
        tx.save_window(Window("customers", "left", False, None, "2", None, None))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.commit(page)
    assert due(store) == []
    assert store.look(lambda tx: tx.window("customers", "left")) is None


def test_a_pair_state_is_remembered(store: SqlStore) -> None:
    state = PairState("customers", -(2**63), 5, 7.5, ("name", "Straße", ""))
    assert store.look(lambda tx: tx.pair_state("customers")) is None
    store.commit(lambda tx: tx.save_pair_state(PairState("customers", 1, 2)))
    store.commit(lambda tx: tx.save_pair_state(state))
    assert store.look(lambda tx: tx.pair_state("customers")) == state
