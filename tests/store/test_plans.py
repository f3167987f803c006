"""Which index SQLite takes. It knows nothing of the sizes of our tables, so each statement must leave it no choice."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from tallystick.store import bindings, keys, legs, positions, superseded, trail, waiting, writing
from tallystick.store.statement import Statement
from tallystick.store.store import open_store

LEFT = legs._OF["left"]
RIGHT = legs._OF["right"]
LISTS = [
    (LEFT.facts, "binding_left"),
    (RIGHT.resolve, "binding_right"),
    (LEFT.ids_of, "PRIMARY KEY"),
    (bindings._BY_ID, "PRIMARY KEY"),
    (bindings._FORMER_OF, "PRIMARY KEY (pair=? AND side=? AND id=?)"),
    (keys._FIND, "match_key_hash (pair=? AND side=? AND rule=? AND hash=?)"),
    (keys._DROP, "PRIMARY KEY (pair=? AND side=? AND id=?)"),
    (keys._FIND_LONE, "lone_key_hash (pair=? AND side=? AND rule=? AND hash=?)"),
    (keys._DROP_LONE, "PRIMARY KEY (pair=? AND side=? AND id=?)"),
    (legs._FORGET, "PRIMARY KEY"),
    (positions._MARKED, "PRIMARY KEY (pair=? AND side=? AND id=?)"),
    (positions._UNLIST, "PRIMARY KEY (pair=? AND side=? AND id=?)"),
    (superseded._OF, "PRIMARY KEY (pair=? AND side=? AND id=?)"),
    (waiting._QUEUE.of_bindings, "queue_of_binding"),
    (waiting._QUARANTINE.of_bindings, "quarantine_of_binding"),
    (waiting._RELEASE, "AND record=?"),
]
SINGLES = [
    (RIGHT.touch, "binding_right"),
    (LEFT.absent, "binding_left"),
    (LEFT.hashes, "binding_linked"),
    (LEFT.hashes_sorted, "binding_linked"),
    (LEFT.packed_next, "binding_linked (pair=? AND id>?)"),
    (LEFT.packed_here, "PRIMARY KEY (rowid>? AND rowid<?)"),
    (RIGHT.packed_ids, "binding_linked (pair=? AND id>? AND id<?)"),
    (LEFT.without_hash, "binding_linked"),
    (LEFT.sample, "binding_linked (pair=? AND id>?)"),
    (LEFT.missed, "binding_left_absent (pair=?)"),
    (RIGHT.missed, "binding_right_absent (pair=?)"),
    (legs._DORMANT, "binding_dormant (pair=?)"),
    (legs._COUNT, "binding_linked"),
    (legs._ENDS[1], "binding_linked"),
    (bindings._BY_LEG["right"], "binding_right (pair=? AND right_id=? AND ended=?)"),
    (positions._DUE, "dirty_place"),
    (positions._CLEAR, "PRIMARY KEY (pair=? AND side=? AND id=?)"),
    (positions._UNLIST_ALL, "PRIMARY KEY (pair=? AND side=?)"),
    (positions._SEEN, "(pair=? AND side=?)"),
    (keys._ANY_LONE, "(pair=?)"),
    (superseded._DROP, "superseded_at (pair=? AND at<?)"),
    (trail._DELETIONS, "ledger_deletions (pair=? AND side=? AND at>?)"),
    (writing._OPEN, "intent_of_pair"),
    (writing._ENTRIES, "journal_of_binding"),
    (trail._NEWEST[True, False], "ledger_of_binding"),
    (trail._NEWEST[False, True], "ledger_of_run"),
    (trail._ALL, "SCAN ledger"),
]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    path: Path = tmp_path_factory.mktemp("plans") / "state.db"
    open_store(f"sqlite:///{path}").close()
    connection = sqlite3.connect(path)
    yield connection
    connection.close()


@pytest.mark.parametrize(
    ("statement", "size", "index"),
    [(s, size, index) for s, index in LISTS for size in (1, 20, 500)] + [(s, 0, index) for s, index in SINGLES],
)
def test_a_statement_goes_by_its_index_and_sorts_nothing(
    database: sqlite3.Connection, statement: Statement, size: int, index: str
) -> None:
    text, _ = statement.text(SQLiteDialect_pysqlite(paramstyle="qmark"), size)
    plan = " | ".join(row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {text}", [1] * text.count("?")))
    assert index in plan
    if statement is not LEFT.hashes_sorted:
        assert "TEMP B-TREE" not in plan
