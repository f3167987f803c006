"""The store keeps which fields were seen, and the feed of what changed about them."""

from dataclasses import replace

from tallystick.core.field_feed import FieldChange, FieldSight
from tallystick.store.retention import Retention
from tallystick.store.store import SqlStore

SIGHT = FieldSight("crm", "companies", "loyalty", "text", 1.0, 2.0)
CHANGE = FieldChange(
    "crm", "companies", "loyalty", "new", "", "text", "", is_breaking=False, first=1.0, last=1.0, run="r1"
)


def test_a_sight_keeps_its_first_time(store: SqlStore) -> None:
    store.commit(lambda tx: tx.put_field_sights([SIGHT]))
    store.commit(lambda tx: tx.put_field_sights([replace(SIGHT, type="any", first=9.0, last=9.0)]))
    found = store.look(lambda tx: tx.field_sights("crm", "companies"))
    assert found == {"loyalty": replace(SIGHT, type="any", last=9.0)}
    assert store.look(lambda tx: tx.field_sights("crm", "contacts")) == {}


def test_a_change_is_numbered_once_and_replaced_by_its_number(store: SqlStore) -> None:
    other = replace(CHANGE, field="tier", is_breaking=True)
    store.commit(lambda tx: tx.put_field_changes([CHANGE, other]))
    first, second = store.look(lambda tx: tx.standing_field_changes())
    assert (first, second) == (replace(CHANGE, number=1), replace(other, number=2))
    store.commit(lambda tx: tx.put_field_changes([first.decide("accepted", "ann", 5.0), replace(CHANGE, field="x")]))
    assert [c.field for c in store.look(lambda tx: tx.standing_field_changes())] == ["tier", "x"]
    newest = store.look(lambda tx: tx.field_changes(limit=3))
    assert [(c.field, c.decision, c.by, c.ended) for c in newest] == [
        ("x", "", "", None), ("tier", "", "", None), ("loyalty", "accepted", "ann", 5.0),
    ]  # fmt: skip


def test_nothing_is_written_for_nothing(store: SqlStore) -> None:
    store.commit(lambda tx: (tx.put_field_sights([]), tx.put_field_changes([])))
    assert store.look(lambda tx: tx.field_changes()) == []


def test_what_is_over_or_ignored_and_not_seen_any_more_expires_and_what_is_open_never(store: SqlStore) -> None:
    """A change that is still there keeps its answer, else it would be told again as news."""
    day, ages = 86_400.0, {"old": 10.0, "young": 9.0}
    now = 1_000 * day

    def fill(tx) -> None:
        for name, age in ages.items():
            seen = replace(CHANGE, first=0.0, last=now - age * day)
            accepted = replace(seen, field=f"accepted {name}").decide("accepted", "ann", now - age * day)
            over = replace(seen, field=f"over {name}").decide("over", "", now - age * day)
            ignored = replace(seen, field=f"ignored {name}").decide("ignored", "ann", 0.0)
            known = replace(seen, field=f"known {name}").decide("known", "", 0.0)
            tx.put_field_changes([accepted, over, ignored, known, replace(seen, field=f"open {name}")])

    store.commit(fill)
    assert store.purge(now, Retention(field_days=10))["field_change"] == 3
    left = {c.field for c in store.look(lambda tx: tx.field_changes())}
    assert left == {
        "accepted young", "over young", "ignored young", "known old", "known young", "open old", "open young",
    }  # fmt: skip
    assert store.purge(now, Retention(field_days=10))["field_change"] == 0
