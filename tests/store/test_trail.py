"""The ledger and its chain."""

import pytest
from sqlalchemy import select

from tallystick.core.binding import LedgerRow
from tallystick.core.error import StoreError
from tallystick.store.store import SqlStore
from tallystick.store.tables import ledger
from tallystick.store.trail import _chained


def row(number: int, run: str = "run 1", binding: int | None = 1) -> LedgerRow:
    return LedgerRow(run, "customers", "right", f"R{number}", binding, "update", "linked.C.U", None, -number, 0.1)


@pytest.fixture
def filled(store: SqlStore) -> SqlStore:
    store.commit(lambda tx: tx.add_ledger([row(1), row(2, "run 2", 2)]))
    store.commit(lambda tx: tx.add_ledger([]))
    store.commit(lambda tx: tx.add_ledger([row(3, "run 2"), row(4, binding=None)]))
    return store


def alter(store: SqlStore, statement: str) -> None:
    with store._engine.connect() as connection, connection.begin():
        connection.exec_driver_sql(statement)


def test_the_trail_is_read_newest_first_by_binding_and_run(filled: SqlStore) -> None:
    def read(**asked: object) -> list[str]:
        return [r.record for r in filled.look(lambda tx: tx.ledger(**asked))]

    assert read() == ["R4", "R3", "R2", "R1"]
    assert read(limit=2) == ["R4", "R3"]
    assert read(binding=1) == ["R3", "R1"]
    assert read(run="run 2") == ["R3", "R2"]
    assert read(run="run 2", binding=2, limit=5) == ["R2"]
    assert filled.look(lambda tx: tx.ledger(limit=1)) == [row(4, binding=None)]


def test_what_runs_did_is_counted_by_pair_side_and_operation(filled: SqlStore) -> None:
    counts = filled.look(lambda tx: tx.count_ledger(["run 2", "run 1", "run 2", "never"]))
    did = ("customers", "right", "update")
    assert counts == {"run 1": {did: 2}, "run 2": {did: 2}}
    assert filled.look(lambda tx: tx.count_ledger([])) == {}


def test_the_trails_of_many_bindings_are_read_at_once(filled: SqlStore) -> None:
    found = filled.look(lambda tx: tx.ledger_of([1, 2, *range(3, 3000)]))
    assert {number: [r.record for r in rows] for number, rows in found.items()} == {1: ["R3", "R1"], 2: ["R2"]}
    assert found[2] == [row(2, "run 2", 2)]
    assert filled.look(lambda tx: tx.ledger_of([])) == {}


def test_what_was_written_is_whole(store: SqlStore, filled: SqlStore) -> None:
    assert filled.verify_ledger() is None


def test_an_empty_ledger_is_whole(store: SqlStore) -> None:
    assert store.verify_ledger() is None


@pytest.mark.parametrize(
    ("damage", "number", "reason"),
    [
        ("UPDATE ledger SET after = 7 WHERE number = 2", 2, "content"),
        ("UPDATE ledger SET record = 'R9' WHERE number = 4", 4, "content"),
        ("UPDATE ledger SET binding = NULL WHERE number = 1", 1, "content"),
        ("DELETE FROM ledger WHERE number = 1", 1, "missing"),
        ("DELETE FROM ledger WHERE number = 3", 3, "missing"),
        ("DELETE FROM ledger WHERE number >= 3", 3, "missing"),
        ("UPDATE ledger SET number = 0 WHERE number = 2", 0, "no place"),
        ("UPDATE ledger SET digest = (SELECT digest FROM ledger WHERE number = 1) WHERE number = 3", 3, "content"),
    ],
)
def test_the_first_broken_row_is_named(filled: SqlStore, damage: str, number: int, reason: str) -> None:
    """R-17.2."""
    alter(filled, damage)
    found = filled.verify_ledger()
    assert found is not None
    assert found.number == number
    assert reason in found.reason


def test_swapped_rows_break_the_chain(filled: SqlStore) -> None:
    for old, new in ((2, 99), (3, 2), (99, 3)):
        alter(filled, f"UPDATE ledger SET number = {new} WHERE number = {old}")
    assert filled.verify_ledger().number == 2


def test_a_row_forged_with_a_fitting_digest_breaks_the_next_one(filled: SqlStore) -> None:
    with filled._engine.connect() as connection:
        [first, second] = connection.execute(select(ledger).where(ledger.c.number <= 2).order_by(ledger.c.number))
    forged = [*second[1:-1]]
    forged[-1] = 0.2
    with filled._engine.begin() as connection:
        connection.execute(
            ledger.update().where(ledger.c.number == 2).values(at=0.2, digest=_chained(first.digest, 2, forged))
        )
    assert filled.verify_ledger().number == 3


def test_nothing_is_chained_to_a_trail_that_was_cut_off(filled: SqlStore) -> None:
    alter(filled, "DELETE FROM ledger WHERE number = 4")
    with pytest.raises(StoreError, match="cut off"):
        filled.commit(lambda tx: tx.add_ledger([row(5)]))


def test_a_rolled_back_row_leaves_no_gap(filled: SqlStore) -> None:
    def fail(tx) -> None:
        tx.add_ledger([row(5)])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        filled.commit(fail)
    filled.commit(lambda tx: tx.add_ledger([row(6)]))
    assert filled.verify_ledger() is None
    assert [r.record for r in filled.look(lambda tx: tx.ledger(limit=2))] == ["R6", "R4"]
