"""Opening, transactions, and what is said when the database refuses."""

import os
import socket
import sqlite3
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import event

from tallystick.core.binding import Binding, Dirty, Leg
from tallystick.core.error import StoreError
from tallystick.store.connection import open_engine
from tallystick.store.store import SqlStore, open_store


def bound(number: int, left: str) -> Binding:
    return Binding(number, "customers", "linked", Leg(left), Leg(f"R{number}"))


def marks(store: SqlStore) -> list[str]:
    return [d.id for d in store.look(lambda tx: tx.dirty("customers", "left", 0, 100))]


def mark(store: SqlStore, *ids: str) -> None:
    store.commit(lambda tx: tx.mark_dirty([Dirty("customers", "left", i, "test") for i in ids]))


# --- opening ---


def test_a_state_is_found_again(url: str) -> None:
    first = open_store(url)
    mark(first, "a")
    first.close()
    second = open_store(url)
    assert marks(second) == ["a"]
    second.close()


def test_a_relative_path_is_taken_as_given_and_its_folder_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = open_store("sqlite:///a/b/state.db")
    mark(store, "a")
    store.close()
    assert (tmp_path / "a/b/state.db").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_the_state_is_for_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store = open_store(f"sqlite:///{tmp_path}/state.db")
        mark(store, "a")
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
        store.close()
    finally:
        os.umask(before)
    assert modes == {"state.db": 0o600, "state.db-wal": 0o600, "state.db-shm": 0o600}


def test_a_state_in_memory_is_one_state() -> None:
    store = open_store("sqlite://")
    mark(store, "a")
    assert marks(store) == ["a"]
    store.close()


def test_several_may_open_a_new_state_at_once(url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(open_store, [url] * 4))
    for number, store in enumerate(stores):
        mark(store, str(number))
    assert marks(stores[0]) == ["0", "1", "2", "3"]
    for store in stores:
        store.close()


def test_a_new_state_waits_for_who_else_makes_it(tmp_path: Path) -> None:
    """SQLite refuses at once to switch to a write-ahead log while somebody else writes the file."""
    file = tmp_path / "state.db"
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked"):
        open_store(f"sqlite:///{file}", wait_seconds=0.1)
    release = threading.Timer(0.3, other.rollback)
    release.start()
    engine, _ = open_engine(f"sqlite:///{file}", 20)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    engine.dispose()
    release.join()
    other.close()


def test_every_commit_is_on_disk(url: str) -> None:
    """R-3.5."""
    engine, _ = open_engine(url, 1)
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            asked = ("journal_mode", "synchronous", "foreign_keys")
            found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in asked]
            assert found == ["wal", 2, 1]
        else:
            assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
    engine.dispose()


def test_a_server_that_answers_before_the_disk_is_told_to_wait(postgres_url: str) -> None:
    store = open_store(f"{postgres_url}%20-csynchronous_commit%3Doff")
    with store._engine.connect() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
    store.close()


# --- transactions ---


def test_a_failed_commit_changes_nothing(store: SqlStore) -> None:
    def fail(tx) -> None:
        tx.mark_dirty([Dirty("customers", "left", "a", "test")])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.commit(fail)
    assert marks(store) == []
    mark(store, "b")
    assert marks(store) == ["b"]


def test_an_error_of_the_work_itself_is_left_as_it_is(store: SqlStore) -> None:
    with pytest.raises(UnicodeEncodeError):
        store.commit(lambda _: "\ud800".encode())
    with pytest.raises(ZeroDivisionError):
        store.look(lambda _: 1 / 0)


def test_a_commit_gives_what_its_work_gives(store: SqlStore) -> None:
    assert store.commit(lambda _: 7) == 7
    assert store.look(lambda _: "x") == "x"


def test_a_look_cannot_change_anything(store: SqlStore) -> None:
    with pytest.raises(StoreError, match="a look at the state must not change it"):
        store.look(lambda tx: tx.mark_dirty([Dirty("customers", "left", "a", "test")]))
    with pytest.raises(StoreError, match="must not change"):
        store.look(lambda tx: tx.insert_bindings([bound(1, "L1")]))
    mark(store, "b")
    assert marks(store) == ["b"]


def test_a_look_sees_one_moment_while_others_write(url: str) -> None:
    store, other = open_store(url), open_store(url)
    mark(store, "a")

    def work(tx) -> None:
        assert len(tx.dirty("customers", "left", 0, 9)) == 1
        mark(other, "b")
        assert len(tx.dirty("customers", "left", 0, 9)) == 1

    store.look(work)
    assert marks(store) == ["a", "b"]
    store.close()
    other.close()


def test_a_commit_waits_for_the_other_writer_and_then_says_who_is_in_the_way(url: str) -> None:
    store, other = open_store(url), open_store(url, wait_seconds=0.05)

    def work(tx) -> None:
        with pytest.raises(StoreError, match="locked by another process") as caught:
            other.commit(lambda _: None)
        assert caught.value.hint
        assert caught.value.place
        tx.mark_dirty([Dirty("customers", "left", "a", "test")])

    store.commit(work)
    mark(other, "b")
    assert marks(store) == ["a", "b"]
    store.close()
    other.close()


def test_a_value_that_the_database_cannot_hold_is_named(store: SqlStore) -> None:
    with pytest.raises(StoreError, match="cannot hold a value"):
        mark(store, "\ud800")
    with pytest.raises(StoreError, match="cannot hold a value"):
        store.commit(lambda tx: tx.insert_bindings([bound(1, "\ud800")]))


def test_an_id_with_nul_is_kept_or_named_but_never_cut(store: SqlStore) -> None:
    try:
        mark(store, "a\0b")
    except StoreError as error:
        assert "cannot hold" in error.message  # noqa: PT017 - one of two good endings
        assert marks(store) == []
    else:
        assert marks(store) == ["a\0b"]


# --- refusals ---


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("state.db", "no address"),
        ("", "no address"),
        ("mysql://localhost/x", "cannot be kept in 'mysql'"),
        ("postgresql://host:port/x", "no address"),
    ],
)
def test_a_wrong_address_is_explained(url: str, said: str) -> None:
    with pytest.raises(StoreError, match=said) as caught:
        open_store(url)
    assert "sqlite:///" in caught.value.hint


def test_a_file_of_something_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_bytes(b"Dear customer, " * 1_000)
    with pytest.raises(StoreError, match="not a database of Tallystick") as caught:
        open_store(f"sqlite:///{path}")
    assert str(path) in str(caught.value)
    assert path.read_bytes() == b"Dear customer, " * 1_000


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for url in (f"sqlite:///{tmp_path}/file/state.db", f"sqlite:///{tmp_path}"):
        with pytest.raises(StoreError, match="cannot be opened") as caught:
            open_store(url)
        assert str(tmp_path) in str(caught.value)


def test_a_state_that_may_only_be_read_says_so(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path}/state.db").close()
    store = open_store(f"sqlite:///file:{tmp_path}/state.db?mode=ro&uri=true")
    assert marks(store) == []
    with pytest.raises(StoreError, match="cannot be written"):
        mark(store, "a")
    store.close()


def test_a_full_disk_keeps_what_was_committed(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path}/state.db").close()
    store = open_store(f"sqlite:///{tmp_path}/state.db")
    store._engine.dispose()
    event.listen(store._engine, "connect", lambda raw, _: raw.execute("PRAGMA max_page_count = 60"))
    kept = []

    def fill() -> None:
        for number in range(10_000):
            mark(store, *(f"{number}-{i}" for i in range(100)))
            kept.append(number)

    with pytest.raises(StoreError, match="no room left"):
        fill()
    assert kept
    assert len(store.look(lambda tx: tx.dirty("customers", "left", 0, 10**9))) == 100 * len(kept)
    store.close()


def test_damage_is_named(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    store = open_store(f"sqlite:///{path}")
    store.commit(lambda tx: tx.insert_bindings([bound(n, f"L{n}") for n in range(1, 2_000)]))
    store.close()
    whole = path.read_bytes()
    path.write_bytes(whole[: 8_192 * 4] + b"\xa5" * (len(whole) - 8_192 * 4))

    def read() -> None:
        with closing(open_store(f"sqlite:///{path}")) as damaged:
            damaged.look(lambda tx: tx.leg_facts("customers", "left", [f"L{n}" for n in range(2_000)]))

    with pytest.raises(StoreError, match="damaged") as caught:
        read()
    assert "backup" in caught.value.hint


def test_a_server_that_is_not_there_is_named_without_the_password() -> None:
    pytest.importorskip("psycopg")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        with pytest.raises(StoreError, match="does not answer") as caught:
            open_store(f"postgresql://tally:geheim@127.0.0.1:{port}/state?connect_timeout=5")
    assert "geheim" not in f"{caught.value} {caught.value.hint}"
    assert "127.0.0.1" in str(caught.value)


def test_a_database_that_is_not_there_is_named(postgres: str) -> None:
    with pytest.raises(StoreError, match="does not exist"):
        open_store(postgres.replace("/postgres?", "/nowhere?"))


def test_a_user_without_rights_is_told(postgres: str, postgres_url: str) -> None:
    import psycopg

    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE ROLE guest LOGIN")
    with pytest.raises(StoreError, match="we may not use it"):
        open_store(postgres_url.replace("postgres:@", "guest:@"))
    with pytest.raises(StoreError, match="does not let us"):
        open_store(postgres.replace("postgres:@", "guest:@"))
    with pytest.raises(StoreError, match="does not let us"):
        open_store(postgres_url.replace("postgres:@", "nobody:@"))


def test_a_connection_that_the_server_ended_is_made_anew(postgres: str, postgres_url: str) -> None:
    import psycopg

    store = open_store(postgres_url)

    def cut(_: object) -> None:
        with psycopg.connect(postgres, autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")

    with pytest.raises(StoreError, match="does not answer"):
        store.commit(lambda tx: (cut(tx), tx.reserve_bindings(1)))
    assert store.commit(lambda tx: tx.reserve_bindings(1)) == 1
    store.close()


def test_the_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreError, match="driver for PostgreSQL is not installed") as caught:
        open_store("postgresql://host/state")
    assert "tallystick[postgres]" in caught.value.hint


def test_alembic_is_not_loaded_for_a_state_that_needs_no_upgrade(tmp_path: Path) -> None:
    """LIBRARIES, trap 8: loading it takes longer than all the rest."""
    code = (
        "import sys; from tallystick.store.store import open_store\n"
        f"for _ in 'ab': open_store('sqlite:///{tmp_path}/state.db').close()\n"
        "sys.exit('alembic' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_state_opened_by_another_program_may_be_read_meanwhile(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/state.db")
    with sqlite3.connect(tmp_path / "state.db") as other:
        other.execute("BEGIN IMMEDIATE")
        assert marks(store) == []
        other.rollback()
    other.close()
    store.close()


def test_who_only_looks_keeps_little_of_the_file_in_memory(sqlite_url):
    """A scan reads each page once; only batches of writes need the pages of those before."""

    def kept(tx):
        return tx._driver._raw.execute("PRAGMA cache_size").fetchone()[0]

    open_store(sqlite_url).close()
    with closing(open_store(sqlite_url)) as store:
        assert store.look(kept) == -8_192
        assert store.commit(kept) == -32_768
        assert store.look(kept) == -32_768
