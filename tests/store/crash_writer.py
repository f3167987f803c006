"""Writes batches to a state and is killed at every stage of a commit; run by ``test_crash``.

    python crash_writer.py FILE KILLS

Each round forks a writer, waits until it reports a stage, kills it with SIGKILL, and checks what it left behind.
"""

import os
import signal
import sys
from collections import Counter

from sqlalchemy import event

from tallystick.core.binding import Binding, Dirty, LedgerRow, Leg
from tallystick.store.store import open_store

SIZE = 200
# What a writer reports: numbers reserved, bindings written, marks written, all written (the commit follows), committed.
STAGES = b"rbmwc"


def write(path: str, report: int) -> None:
    store = open_store(f"sqlite:///{path}")
    store._engine.dispose()
    # Nearly every commit also moves pages from the log to the file, so that kills fall into that too.
    event.listen(store._engine, "connect", lambda raw, _: raw.execute("PRAGMA wal_autocheckpoint = 20"))
    while True:
        store.commit(lambda tx: write_batch(tx, report))
        os.write(report, b"c")


def write_batch(tx, report: int) -> None:
    first = tx.reserve_bindings(SIZE)
    os.write(report, b"r")
    numbers = range(first, first + SIZE)
    tx.insert_bindings(
        [Binding(n, "p", "linked", Leg(f"L{n}", base=b"l" * 99), Leg(f"R{n}", base=b"r" * 99)) for n in numbers]
    )
    os.write(report, b"b")
    tx.mark_dirty([Dirty("p", "left", f"L{n}", "test") for n in numbers])
    os.write(report, b"m")
    tx.add_ledger([LedgerRow("r", "p", "right", f"R{n}", n, "create", "", None, n, 0.0) for n in numbers])
    os.write(report, b"w")


def run_and_kill(path: str, stage: int, batches: int) -> int:
    """Let a writer finish ``batches`` and get to ``stage`` of the next; give how many it reported as committed."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        write(path, writing)
    os.close(writing)
    seen: Counter[int] = Counter()
    wanted = STAGES[stage]
    while seen[wanted] <= batches:
        seen.update(os.read(reading, 1))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while rest := os.read(reading, 64):
        seen.update(rest)
    os.close(reading)
    return seen[ord("c")]


def check(path: str, promised: int) -> int:
    """Make sure that all batches are whole and none that was promised is missing; give how many there are."""
    store = open_store(f"sqlite:///{path}")
    with store._engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall() == []
    found = store.look(read)
    assert store.verify_ledger() is None
    store.close()
    batches, rest = divmod(found, SIZE)
    assert not rest, f"{rest} bindings of an unfinished batch"
    assert batches >= promised, f"{batches} batches, {promised} were promised"
    return batches


def read(tx) -> int:
    linked: int = tx.count_linked("p")
    everything = range(1, linked + 1)
    assert len(tx.bindings(everything)) == linked
    assert all(b.left.base and b.right.base for b in tx.bindings(everything).values())
    assert {d.id for d in tx.dirty("p", "left", 0, 10**9)} == {f"L{n}" for n in everything}
    assert len(tx.ledger(limit=10**9)) == linked
    return linked


def main(path: str, kills: int) -> None:
    kept = 0
    for number in range(kills):
        kept = check(path, kept + run_and_kill(path, number % len(STAGES), number % 3))
    sys.stdout.write(f"{kept}\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
