"""Intents and the journal."""

from dataclasses import replace

import pytest

from tallystick.core.binding import Intent, JournalEntry
from tallystick.core.error import StoreError
from tallystick.store.store import SqlStore


def intent(name: str, binding: int, side: str = "right", **rest: object) -> Intent:
    return Intent(name, binding, "customers", side, "update", b"{}", f"key {name}", **rest)


def test_an_intent_comes_back_as_it_was_oldest_first(store: SqlStore) -> None:
    whole = intent(
        "z", 1, target="R1", pre_version="v1", sent=b"s", source=b"\0", shape=-5, attempt=2, first_sent=1.5,
        sent_at=2.5, fence=7,
    )  # fmt: skip
    other_pair = replace(intent("p", 9), pair="products")
    store.commit(lambda tx: tx.add_intents([whole, other_pair]))
    store.commit(lambda tx: tx.add_intents([intent("a", 2)]))
    assert store.look(lambda tx: tx.open_intents("customers")) == [whole, intent("a", 2)]
    assert store.look(lambda tx: tx.open_intents("products")) == [other_pair]


@pytest.mark.parametrize("second", [intent("b", 1), intent("a", 2)])
def test_a_leg_has_one_open_intent_and_a_refused_batch_leaves_nothing(store: SqlStore, second: Intent) -> None:
    """R-10.2."""
    store.commit(lambda tx: tx.add_intents([intent("a", 1)]))
    with pytest.raises(StoreError, match="open write already"):
        store.commit(lambda tx: tx.add_intents([intent("c", 3), second]))
    store.commit(lambda tx: tx.add_intents([intent("d", 1, side="left")]))
    assert [i.id for i in store.look(lambda tx: tx.open_intents("customers"))] == ["a", "d"]


def test_a_closed_intent_makes_room(store: SqlStore) -> None:
    store.commit(lambda tx: tx.add_intents([intent("a", 1), intent("b", 2)]))
    store.commit(lambda tx: tx.close_intents(["a", "unknown"]))
    store.commit(lambda tx: tx.add_intents([intent("c", 1)]))
    assert [i.id for i in store.look(lambda tx: tx.open_intents("customers"))] == ["b", "c"]


def test_an_intent_is_continued_in_its_place(store: SqlStore) -> None:
    store.commit(lambda tx: tx.add_intents([intent("a", 1), intent("b", 2)]))
    again = intent("a", 1, attempt=2, sent_at=9.5)
    store.commit(lambda tx: tx.update_intents([again]))
    assert store.look(lambda tx: tx.open_intents("customers")) == [again, intent("b", 2)]


def test_a_settled_intent_cannot_be_continued(store: SqlStore) -> None:
    store.commit(lambda tx: tx.add_intents([intent("a", 1)]))
    with pytest.raises(StoreError, match="not open any more"):
        store.commit(lambda tx: tx.update_intents([intent("a", 1, attempt=2), intent("b", 2)]))
    assert store.look(lambda tx: tx.open_intents("customers")) == [intent("a", 1)]


def test_the_journal_gives_the_newest_first(store: SqlStore) -> None:
    first, second, other = (
        JournalEntry(binding, "left", field, b"\xff\0", "conflict", "run 1", 1.5, 2.5)
        for binding, field in ((1, "name"), (1, "city"), (2, "name"))
    )
    store.commit(lambda tx: tx.add_journal([first, other]))
    store.commit(lambda tx: tx.add_journal([second]))
    assert store.look(lambda tx: tx.journal(1)) == [second, first]
    assert store.look(lambda tx: tx.journal(3)) == []
