"""What systems refused."""

from dataclasses import replace

from tallystick.core.refused import RefusedReason
from tallystick.store.store import SqlStore

REASON = RefusedReason(
    "companies", "right", "name1", "too long", "erp", "partner", "refused", 10.0, 10.0, 1, "L1", -7, None
)


def test_the_same_reason_is_counted_and_keeps_its_first_time(store: SqlStore) -> None:
    again = replace(REASON, first=20.0, last=20.0, count=2, record="L2", seen=None)
    store.commit(lambda tx: tx.note_refusals([REASON, again]))
    assert store.look(lambda tx: tx.refusals()) == [replace(again, first=10.0, count=3)]


def test_another_pair_side_field_or_word_is_another_reason(store: SqlStore) -> None:
    others = [
        replace(REASON, first=n, **{name: "left"}) for n, name in enumerate(("pair", "side", "field", "said"), 11)
    ]
    store.commit(lambda tx: tx.note_refusals([*others, REASON]))
    assert store.look(lambda tx: tx.refusals()) == [REASON, *others]
    assert store.look(lambda tx: tx.refusals("left")) == [others[0]]


def test_what_a_person_drops_stays_dropped_when_it_is_refused_again(store: SqlStore) -> None:
    store.commit(lambda tx: tx.note_refusals([REASON, replace(REASON, field="other")]))
    store.commit(lambda tx: tx.drop_refusals([REASON], 15.5))
    store.commit(lambda tx: tx.note_refusals([REASON]))
    assert [(r.field, r.dropped, r.count) for r in store.look(lambda tx: tx.refusals())] == [
        ("name1", 15.5, 2),
        ("other", None, 1),
    ]


def test_words_that_no_database_can_hold_are_kept_as_far_as_they_can(store: SqlStore) -> None:
    store.commit(lambda tx: tx.note_refusals([replace(REASON, said="a\0b\ud800")]))
    assert [r.said for r in store.look(lambda tx: tx.refusals())] == ["a␀b?"]
