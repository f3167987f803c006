"""Runs, leases, findings, retention."""

import pytest

from tallystick.core.binding import Binding, FormerId, JournalEntry, LedgerRow, Leg, Run, State
from tallystick.core.error import StoreError
from tallystick.core.refused import RefusedReason
from tallystick.store.retention import Retention
from tallystick.store.store import SqlStore, open_store

DAY = 86_400.0


def test_a_run_is_replaced_as_it_goes_on(store: SqlStore) -> None:
    begun = Run("r1", "run", 1.5)
    store.commit(lambda tx: tx.save_run(begun))
    assert store.look(lambda tx: tx.runs()) == [begun]
    ended = Run("r1", "run", 1.5, 2.5, "done", {"customers.left.unchanged": 7})
    store.commit(lambda tx: tx.save_run(ended))
    assert store.look(lambda tx: tx.runs()) == [ended]


def test_the_newest_runs_come_first_and_equal_starts_in_the_order_of_saving(store: SqlStore) -> None:
    for run in [Run("b", "plan", 1.0), Run("a", "plan", 1.0), Run("old", "plan", 0.0), Run("c", "plan", 2.0)]:
        store.commit(lambda tx, run=run: tx.save_run(run))
    assert [r.id for r in store.look(lambda tx: tx.runs())] == ["c", "a", "b", "old"]
    assert [r.id for r in store.look(lambda tx: tx.runs(2))] == ["c", "a"]


def test_one_worker_at_a_time_holds_a_lease(sqlite_url: str) -> None:
    store = open_store(sqlite_url)

    def acquire(owner: str, now: float) -> int | None:
        return store.commit(lambda tx: tx.acquire_lease("customers", owner, now, 60))

    first = acquire("a", 0)
    assert acquire("b", 59.9) is None
    assert acquire("a", 30) == first
    assert acquire("b", 89.9) is None, "the renewal counts"
    second = acquire("b", 90)
    assert second > first
    assert acquire("a", 91) is None
    assert store.commit(lambda tx: tx.acquire_lease("products", "a", 91, 60)) == 1
    store.close()


def test_a_lease_on_a_server_goes_by_the_servers_clock(postgres_url: str) -> None:
    """R-16.3: a worker whose clock is years ahead takes nobody's lease, and one that is behind gets a free one."""
    store = open_store(postgres_url)

    def acquire(owner: str, now: float, seconds: float = 3_600) -> int | None:
        return store.commit(lambda tx: tx.acquire_lease("customers", owner, now, seconds))

    first = acquire("a", 0)
    assert acquire("b", 4e9) is None
    assert acquire("a", 0, -1) == first
    assert acquire("b", 0) == first + 1
    assert acquire("a", 4e9) is None
    store.close()


def test_only_the_current_fence_passes(store: SqlStore) -> None:
    """R-3.3, I-30: a worker that slept through its lease changes nothing."""
    with pytest.raises(StoreError, match="lease of pair 'customers' is lost"):
        store.look(lambda tx: tx.check_fence("customers", 1))
    old = store.commit(lambda tx: tx.acquire_lease("customers", "a", 0, 60))
    store.look(lambda tx: tx.check_fence("customers", old))
    new = store.commit(lambda tx: tx.acquire_lease("customers", "b", 60, 60, steal=True))
    store.look(lambda tx: tx.check_fence("customers", new))
    with pytest.raises(StoreError, match=f"the current one is {new}"):
        store.look(lambda tx: tx.check_fence("customers", old))


def test_a_lease_given_back_is_free_at_once_and_its_fence_is_spent(store: SqlStore) -> None:
    old = store.commit(lambda tx: tx.acquire_lease("customers", "a", 0, 60))
    store.commit(lambda tx: tx.release_lease("customers", "b"))
    store.look(lambda tx: tx.check_fence("customers", old))
    store.commit(lambda tx: tx.release_lease("customers", "a"))
    store.commit(lambda tx: tx.release_lease("unknown", "a"))
    with pytest.raises(StoreError, match="nobody holds it"):
        store.look(lambda tx: tx.check_fence("customers", old))
    assert store.commit(lambda tx: tx.acquire_lease("customers", "a", 1, 60)) == old + 1


def test_the_newest_finding_of_a_question_counts(store: SqlStore) -> None:
    store.commit(lambda tx: tx.save_findings([
        {"question": "C7.8", "at": 10.5, "verdict": "fail"},
        {"question": "C7.8", "at": 20.5, "verdict": "pass", "numbers": [1, 2.5], "text": "ü\0"},
        {"question": "C1.1", "at": "2025-01-01T00:00:00+00:00", "verdict": "warn"},
    ]))  # fmt: skip
    store.commit(lambda tx: tx.save_findings([{"question": "C7.8", "at": 15.0, "verdict": "fail"}]))
    store.commit(lambda tx: tx.save_findings([{"question": "C1.1", "at": "2025-01-01T00:00:00", "verdict": "pass"}]))
    assert store.look(lambda tx: tx.findings()) == [
        {"question": "C1.1", "at": "2025-01-01T00:00:00", "verdict": "pass"},
        {"question": "C7.8", "at": 20.5, "verdict": "pass", "numbers": [1, 2.5], "text": "ü\0"},
    ]


def test_what_has_expired_is_removed_and_the_ledger_stays(store: SqlStore) -> None:
    now = 1_000 * DAY

    def fill(tx) -> None:
        for name, age in (("old", 30), ("young", 29)):
            tx.save_run(Run(name, "run", now - age * DAY))
        tx.add_journal([JournalEntry(1, "left", f, b"", "", "r", 0, now + d) for f, d in (("old", 0), ("young", 1))])
        tx.add_former(
            [FormerId("p", "left", i, 1, b"x", None, 0, now - d * DAY) for i, d in (("old", 400), ("new", 399))]
        )
        tx.note_refusals(
            [RefusedReason("p", "right", f, "", last=now - d * DAY) for f, d in (("old", 400), ("new", 399))]
        )
        tx.save_findings([{"question": q, "at": now - d * DAY} for q, d in (("a", 90), ("a", 40), ("b", 50), ("b", 1))])
        tx.add_ledger([LedgerRow("old", "p", "left", "1", 1, "create", "", None, 1, 0.0)])

    store.commit(fill)
    kept = {"tomb_base": 0, "former_base": 0, "field_change": 0}
    assert store.purge(now) == {"journal": 1, "run": 1, "finding": 2, "former_id": 1, "refusal": 1} | kept | {
        "former_base": 2
    }
    assert store.purge(now) == {"journal": 0, "run": 0, "finding": 0, "former_id": 0, "refusal": 0, **kept}

    def read(tx) -> None:
        assert [r.id for r in tx.runs()] == ["young"]
        assert [e.field for e in tx.journal(1)] == ["young"]
        assert tx.former("p", "left", ["old", "new"]).keys() == {"new"}
        assert [f["at"] for f in tx.findings()] == [now - 40 * DAY, now - DAY]
        assert [r.field for r in tx.refusals()] == ["new"]
        assert len(tx.ledger()) == 1

    store.look(read)
    assert store.verify_ledger() is None
    assert store.purge(now, Retention(run_days=1))["run"] == 1


def test_tombs_and_former_ids_lose_their_values_and_keep_their_ids(store: SqlStore) -> None:
    """R-12.3: after the time that a run can be undone, a deleted record is an id and nothing else."""
    now = 1_000 * DAY

    def pairing(number: int, state: State) -> Binding:
        left, right = (Leg(f"{side}{number}", digest=1, base=b"[]", shape=1) for side in "lr")
        return Binding(number, "p", state, left, right)

    def former(number: int, days: float) -> FormerId:
        return FormerId("p", "left", f"f{number}-{days}", number, b"x", b"y", 1, now - days * DAY)

    def fill(tx) -> None:
        tx.reserve_bindings(5)
        tx.insert_bindings([pairing(1, "tomb"), pairing(2, "tomb"), pairing(3, "linked"), pairing(4, "tomb")])
        tx.add_former([former(1, 31), former(2, 29), former(2, 90), former(3, 90)])

    store.commit(fill)
    gone = store.purge(now, Retention(value_days=30))
    assert (gone["tomb_base"], gone["former_base"], gone["former_id"]) == (2, 3, 0)
    again = store.purge(now, Retention(value_days=30))
    assert (again["tomb_base"], again["former_base"]) == (0, 0)

    def read(tx) -> None:
        found = tx.bindings([1, 2, 3, 4])
        assert {n: b.left.base for n, b in found.items()} == {1: None, 2: b"[]", 3: b"[]", 4: None}
        assert {n: b.right.base for n, b in found.items()} == {1: None, 2: b"[]", 3: b"[]", 4: None}
        assert [found[n].left.id for n in (1, 2, 3, 4)] == ["l1", "l2", "l3", "l4"]
        rows = tx.former("p", "left", ["f1-31", "f2-29", "f2-90", "f3-90"])
        assert {i: (r.left_base, r.right_base) for i, r in rows.items()} == {
            "f1-31": (None, None), "f2-29": (b"x", b"y"), "f2-90": (None, None), "f3-90": (None, None),
        }  # fmt: skip

    store.look(read)
