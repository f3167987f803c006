"""What goes wrong with a database is named, says what to do, and never repeats a password or a record."""

import socket
import sqlite3
import sys
import threading

import psycopg
import pytest

from tallystick.connectors.sql_transport import SqlTransport
from tallystick.core.error import AccessError, Duplicate, Error, Garbled, ProjectError, Refused, Unavailable
from tallystick.core.ports import Update, Written

SPEC = {"t": {}}
TABLE = "CREATE TABLE t (id integer PRIMARY KEY, name text UNIQUE);"


def failure(open_sql, url, **settings):
    connector, transport = open_sql(url, SPEC, **settings)
    with pytest.raises(Error) as caught:
        transport.run(connector.read("t"))
    error = caught.value
    assert "s3cret" not in f"{error} {error.detail} {error.hint} {error.place} {error!r}"
    assert error.place.startswith("db")
    return error


def test_a_missing_file_is_not_made(tmp_path, open_sql):
    path = tmp_path / "absent.db"
    error = failure(open_sql, f"sqlite:///{path}")
    assert isinstance(error, AccessError)
    assert "path" in error.hint
    assert not path.exists()


def test_a_file_that_is_no_database_is_told(tmp_path, open_sql):
    path = tmp_path / "letter.db"
    path.write_text("Dear Sir or Madam, " * 100)
    assert isinstance(failure(open_sql, f"sqlite:///{path}"), Garbled)


def test_reading_leaves_the_file_as_it_is(sqlite_with, open_sql, tmp_path):
    """Nothing of somebody's database is changed by looking at it; the first write asks for WAL."""
    url = sqlite_with(TABLE)
    before = (tmp_path / "system.db").read_bytes()
    connector, transport = open_sql(url, SPEC)
    transport.run(connector.read("t"))
    assert (tmp_path / "system.db").read_bytes() == before
    transport.run(connector.create("t", {"id": 1}, ""))
    with sqlite3.connect(tmp_path / "system.db") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_a_read_only_database_can_be_read(sqlite_with, open_sql):
    connector, transport = open_sql(sqlite_with(TABLE) + "?mode=ro", SPEC)
    assert transport.run(connector.read("t")).rows == []
    with pytest.raises(AccessError, match="cannot be written"):
        transport.run(connector.create("t", {"id": 1}, ""))


def test_a_locked_database_is_unavailable_and_untouched(sqlite_with, open_sql, tmp_path):
    connector, transport = open_sql(sqlite_with(TABLE), SPEC, network={"timeout_seconds": 0.1})
    holder = sqlite3.connect(tmp_path / "system.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="locked") as caught:
        transport.run(connector.create("t", {"id": 1}, ""))
    assert caught.value.applied == "no"
    holder.execute("ROLLBACK")
    holder.close()
    assert isinstance(transport.run(connector.create("t", {"id": 1}, "")), Written)


SLOW = (
    "CREATE VIEW v AS WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n) SELECT count(*) AS id FROM n"
)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_statement_ends_at_the_time_out(request, open_sql, kind):
    url = request.getfixturevalue(f"{kind}_with")(TABLE + SLOW)
    connector, transport = open_sql(url, {"v": {}, "t": {}}, network={"timeout_seconds": 0.3})
    with pytest.raises(Unavailable, match="time-out"):
        transport.run(connector.read("v"))
    assert transport.run(connector.read("t")).rows == []


def test_a_wrong_password_is_an_access_error(postgres_server, postgres_url, open_sql):
    url = postgres_url().replace("s3cret", "s3cret-wrong")
    error = failure(open_sql, url)
    assert isinstance(error, AccessError)
    assert "password" in error.hint


def test_a_database_that_does_not_exist_is_an_access_error(postgres_server, open_sql):
    host, port = postgres_server
    assert isinstance(failure(open_sql, f"postgresql://tally:s3cret@{host}:{port}/nowhere"), AccessError)


def test_a_server_that_does_not_answer_is_unavailable(open_sql):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"postgresql://tally:s3cret@127.0.0.1:{probe.getsockname()[1]}/db"
        error = failure(open_sql, url)
    assert isinstance(error, Unavailable)
    assert error.applied == "no"


def test_a_host_that_does_not_exist_is_unavailable(open_sql):
    assert isinstance(failure(open_sql, "postgresql://tally:s3cret@no-such-host.invalid/db"), Unavailable)


@pytest.mark.parametrize("url", [
    "db2://tally:s3cret@localhost/db", "s3cret", "", "postgresql://tally:s3cret@host:port/db", "mysql://u:s3cret@h:port/d",
    "odbc:", "odbc:Server=h;Pwd=s3cret", "odbc:Driver={x;Pwd=s3cret", "odbc:s3cret;",
])  # fmt: skip
def test_an_address_that_cannot_be_used_is_not_repeated(url):
    with pytest.raises(ProjectError) as caught:
        SqlTransport("db", url)
    assert "s3cret" not in f"{caught.value} {caught.value.hint}"
    assert caught.value.hint


def test_a_missing_driver_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ProjectError) as caught:
        SqlTransport("db", "postgresql://u@h/d")
    assert "pip install" in caught.value.hint


def test_nothing_connects_before_the_first_request(open_sql):
    connector, _ = open_sql("postgresql://u:p@no-such-host.invalid/d", SPEC)
    assert connector.capabilities("t").cas_write
    assert connector.schema("t").name == "t"


def test_a_missing_right_is_an_access_error(postgres_server, postgres_url, open_sql):
    url = postgres_url()
    with psycopg.connect(url) as connection:
        connection.execute(TABLE + "CREATE ROLE reader LOGIN PASSWORD 'r3ad'; GRANT SELECT ON t TO reader")
    try:
        connector, transport = open_sql(url.replace("tally:s3cret", "reader:r3ad"), SPEC)
        assert transport.run(connector.read("t")).rows == []
        for work in (
            connector.create("t", {"id": 1}, ""),
            connector.update("t", Update("1", {"name": "x"})),
            connector.delete("t", "1"),
            connector.create_many("t", [({"id": n}, "") for n in range(30)]),
        ):
            with pytest.raises(AccessError, match="may not"):
                transport.run(work)
    finally:
        transport.close()
        with psycopg.connect(url) as connection:
            connection.execute("DROP OWNED BY reader; DROP ROLE reader")


def test_a_connection_that_was_cut_is_made_again(postgres_with, open_sql):
    url = postgres_with(TABLE)
    connector, transport = open_sql(url, SPEC)
    transport.run(connector.create("t", {"id": 1}, ""))
    cut_others(url)
    assert isinstance(transport.run(connector.create("t", {"id": 2}, "")), Written)


def cut_others(url):
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'tallystick'"
        )


def test_a_connection_that_is_cut_while_writing_left_nothing(postgres_with, open_sql):
    """Before the commit was sent nothing can have been applied, so the outcome is known (R-10.3)."""
    url = postgres_with(TABLE + "INSERT INTO t VALUES (1, 'a');")
    connector, transport = open_sql(url, SPEC)
    transport.run(connector.read("t"))
    outcomes = []
    with psycopg.connect(url) as holder:
        holder.execute("UPDATE t SET name = 'held'")
        flow = connector.update("t", Update("1", {"name": "ours"}))
        writer = threading.Thread(target=lambda: outcomes.extend(transport.run_all([flow])))
        writer.start()
        wait_for(
            url, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        cut_others(url)
        writer.join(20)
    [error] = outcomes
    assert isinstance(error, Unavailable)
    assert error.applied == "no"
    assert transport.run(connector.get("t", "1")).record["name"] == "held"


def wait_for(url, query):
    """Ask until the answer is not zero; the test's own time-out ends it otherwise."""
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute(query).fetchone() == (0,):
            connection.execute("SELECT pg_sleep(0.01)")


def test_a_lost_answer_to_the_commit_is_unknown(postgres_with, open_sql):
    """A trigger at commit cuts the connection: whether the rows are there can only be looked up (R-10.3)."""
    script = """CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION cut();"""
    connector, transport = open_sql(postgres_with(TABLE + script), SPEC)
    with pytest.raises(Unavailable) as caught:
        transport.run(connector.create("t", {"id": 1}, ""))
    assert caught.value.applied == "unknown"
    many = transport.run_all([connector.create_many("t", [({"id": n}, "") for n in range(30)])])
    assert many[0].applied == "unknown"


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_an_altered_table_is_looked_at_again(request, open_sql, kind):
    """The request in which it shows fails; the next one knows the new columns."""
    url = request.getfixturevalue(f"{kind}_with")(TABLE)
    connector, transport = open_sql(url, SPEC)
    transport.run(connector.create("t", {"id": 1, "name": "a"}, ""))
    if kind == "sqlite":
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            connection.execute("ALTER TABLE t RENAME COLUMN name TO title")
        connection.close()
    else:
        with psycopg.connect(url) as connection:
            connection.execute("ALTER TABLE t RENAME COLUMN name TO title")
    with pytest.raises(AccessError, match="not as it was"):
        transport.run(connector.get("t", "1"))
    assert transport.run(connector.get("t", "1")).record == {"id": 1, "title": "a"}


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_records_do_not_leak_into_messages(request, open_sql, kind):
    """Messages go to logs and reports; values stay in the database."""
    script = (
        TABLE
        + """CREATE TABLE u (id integer PRIMARY KEY, t integer REFERENCES t (id), code varchar(5)
      CHECK (length(code) < 6), low text CONSTRAINT low_only CHECK (low = lower(low)), at timestamp, day date);"""
    )
    connector, transport = open_sql(request.getfixturevalue(f"{kind}_with")(script), SPEC | {"u": {}})
    transport.run(connector.create("t", {"id": 1, "name": "PRIVATE"}, ""))
    cases = [
        ("t", {"id": 2, "name": "PRIVATE"}, Duplicate, "name"),
        ("t", {"id": 1}, Duplicate, "id"),
        ("u", {"id": 1, "t": 99}, Refused, "t" if kind == "postgres" else ""),
        ("u", {"id": 1, "code": "PRIVATE"}, Refused, "code"),
        ("u", {"id": 1, "low": "PRIVATE"}, Refused, "low"),
        ("u", {"id": 1, "at": "PRIVATE"}, Refused, "at"),
        ("u", {"id": 1, "day": "PRIVATE"}, Refused, "day"),
        ("u", {"id": "PRIVATE"}, Refused, "id"),
    ]
    for name, body, kind_of_error, field in cases:
        with pytest.raises(Refused) as caught:
            transport.run(connector.create(name, body, ""))
        error = caught.value
        assert type(error) is kind_of_error
        assert error.field == field
        assert "PRIVATE" not in f"{error} {error.hint}"
        assert error.hint or error.message
