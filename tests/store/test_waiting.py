"""Queue and quarantine."""

from dataclasses import replace

from tallystick.core.binding import Quarantined, QueueItem
from tallystick.store.store import SqlStore

ITEM = QueueItem("conflict", "customers", "7", "name", "left 'a', right 'b'", 7, 1, -2, 10.5)
PARKED = Quarantined("customers", "left", "L1", "name", "invalid_value", "too long", "shorten it", 7, 1, -2, 5, 1, 10.5)


def without_ids(items: list[QueueItem]) -> list[QueueItem]:
    return [replace(item, id=0) for item in items]


def test_questions_come_back_oldest_first(store: SqlStore) -> None:
    older = replace(ITEM, subject="8", binding=None, left_seen=None, since=1.0)
    same_time = replace(ITEM, field="city")
    store.commit(lambda tx: tx.put_queue([ITEM, older, same_time]))
    assert without_ids(store.look(lambda tx: tx.queue())) == [older, ITEM, same_time]


def test_a_question_asked_again_is_replaced_and_keeps_its_age_and_id(store: SqlStore) -> None:
    store.commit(lambda tx: tx.put_queue([ITEM]))
    [before] = store.look(lambda tx: tx.queue())
    again = replace(ITEM, detail="changed", left_seen=99, since=500.0)
    store.commit(lambda tx: tx.put_queue([again]))
    assert store.look(lambda tx: tx.queue()) == [replace(again, id=before.id, since=10.5)]


def test_another_kind_pair_subject_or_field_is_another_question(store: SqlStore) -> None:
    changes = [{"kind": "delete"}, {"pair": "products"}, {"subject": "8"}, {"field": ""}]
    others = [replace(ITEM, **change) for change in changes]
    store.commit(lambda tx: tx.put_queue([ITEM, *others]))
    assert len({item.id for item in store.look(lambda tx: tx.queue())}) == 5


def test_questions_are_listed_by_pair_and_binding(store: SqlStore) -> None:
    others = [
        replace(ITEM, pair="products"),
        replace(ITEM, subject="8", binding=8),
        replace(ITEM, subject="9", binding=None),
    ]
    store.commit(lambda tx: tx.put_queue([ITEM, *others]))

    def read(*asked: object) -> list[tuple[str, str]]:
        return [(item.pair, item.subject) for item in store.look(lambda tx: tx.queue(*asked))]

    assert read("products") == [("products", "7")]
    assert read(None, [7]) == [("customers", "7"), ("products", "7")]
    assert read("customers", [*range(7, 2_000), 7]) == [("customers", "7"), ("customers", "8")]
    assert read("customers", []) == []
    assert read("nobody") == []


def test_a_withdrawn_question_never_lends_its_id(store: SqlStore) -> None:
    """An answer that comes late must not withdraw another question."""
    store.commit(lambda tx: tx.put_queue([ITEM]))
    [old] = store.look(lambda tx: tx.queue())
    store.commit(lambda tx: tx.drop_queue([old.id]))
    assert store.look(lambda tx: tx.queue()) == []
    store.commit(lambda tx: tx.put_queue([ITEM]))
    store.commit(lambda tx: tx.drop_queue([old.id]))
    assert len(store.look(lambda tx: tx.queue())) == 1


def test_parked_records_come_back_oldest_first(store: SqlStore) -> None:
    older = replace(PARKED, record="L2", field="", binding=None, since=1.0, attempts=3)
    same_time = replace(PARKED, record="A")
    store.commit(lambda tx: tx.put_quarantine([PARKED, older, same_time]))
    assert store.look(lambda tx: tx.quarantine()) == [older, PARKED, same_time]


def test_a_record_parked_again_is_counted_up_and_keeps_its_age(store: SqlStore) -> None:
    store.commit(lambda tx: tx.put_quarantine([PARKED]))
    again = replace(PARKED, code="refused", message="no", hint="", left_seen=None, mapping=6, since=99.0)
    store.commit(lambda tx: tx.put_quarantine([again]))
    assert store.look(lambda tx: tx.quarantine()) == [replace(again, since=10.5, attempts=2)]


def test_parked_records_are_listed_by_pair_and_binding(store: SqlStore) -> None:
    others = [replace(PARKED, pair="products"), replace(PARKED, record="L8", binding=8)]
    store.commit(lambda tx: tx.put_quarantine([PARKED, *others]))
    assert len(store.look(lambda tx: tx.quarantine("customers"))) == 2
    assert len(store.look(lambda tx: tx.quarantine(None, [7]))) == 2
    assert store.look(lambda tx: tx.quarantine("customers", [7, 9])) == [PARKED]


def test_a_release_frees_all_fields_of_a_record(store: SqlStore) -> None:
    others = [replace(PARKED, side="right"), replace(PARKED, record="L2")]
    store.commit(lambda tx: tx.put_quarantine([PARKED, replace(PARKED, field="city"), *others]))
    store.commit(lambda tx: tx.drop_quarantine("customers", "left", ["L1", "unknown"]))
    assert store.look(lambda tx: tx.quarantine()) == others


def test_what_a_system_says_is_kept_even_with_characters_that_no_database_takes(store: SqlStore) -> None:
    store.commit(lambda tx: tx.put_quarantine([replace(PARKED, message="a\0b \ud800 ü", hint="\0")]))
    store.commit(lambda tx: tx.put_queue([replace(ITEM, detail="\udcff\0")]))
    [parked] = store.look(lambda tx: tx.quarantine())
    assert (parked.message, parked.hint) == ("a␀b ? ü", "␀")
    assert store.look(lambda tx: tx.queue())[0].detail == "?␀"
