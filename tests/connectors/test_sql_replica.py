"""A copy of PostgreSQL that lags: what it has not been sent yet is not taken for read."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url
from tests.conftest import _binaries

OBJECTS = {"people": {"since": {"param": "updated_at"}, "modified": "updated_at"}}
TABLE = """CREATE TABLE people (id integer PRIMARY KEY, name text, updated_at timestamptz DEFAULT clock_timestamp());
  INSERT INTO people (id, name) VALUES (1, 'a'), (2, 'b')"""


@pytest.fixture(scope="module")
def copied(postgres_server, postgres_with):
    """Make a table on the server, and a copy of the server; give both addresses."""
    host, port = postgres_server
    original = postgres_with(TABLE)
    binaries, folder = _binaries(), Path(tempfile.mkdtemp(prefix="tally-copy-"))
    owner = {}
    if os.geteuid() == 0:
        owner = {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid, "extra_groups": []}
        shutil.chown(folder, "nobody", owner["group"])
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "PGPASSWORD": "s3cret"}
    data = folder / "data"

    def run(program, *arguments):
        with (folder / "output").open("a") as output:
            subprocess.run([binaries / program, "-D", data, *arguments], check=True, stdout=output, stderr=output,
                           timeout=120, env=environment, cwd=folder, **owner)  # fmt: skip

    try:
        run(
            "pg_basebackup", "-h", host, "-p", str(port), "-U", "tally", "-R", "-X", "stream", "-c", "fast", "--no-sync"
        )
        options = f"-h 127.0.0.1 -p {free} -k {folder} -c fsync=off -c shared_buffers=32MB"
        run("pg_ctl", "-w", "-o", options, "start")
        try:
            yield original, make_url(original).set(port=free).render_as_string(hide_password=False)
        finally:
            run("pg_ctl", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


def now(connection):
    return connection.execute("SELECT extract(epoch FROM clock_timestamp())").fetchone()[0]


def caught_up(original, copy):
    """Wait until the copy has all that the original has."""
    # The server of the tests is lazy about its log: a transaction that is not makes it write all that came before.
    original.execute("SET synchronous_commit = local")
    original.execute("SELECT pg_logical_emit_message(true, 'tally', '')")
    at = original.execute("SELECT pg_current_wal_flush_lsn()").fetchone()[0]
    while not copy.execute("SELECT pg_last_wal_replay_lsn() >= %s", (at,)).fetchone()[0]:
        copy.execute("SELECT pg_sleep(0.02)")


def test_a_copy_says_how_far_it_got_and_not_what_time_it_is(copied, open_sql):
    """R-11.3: a change that the copy was not sent yet is later than the time that its listing vouches for."""
    connector, transport = open_sql(copied[1], OBJECTS)
    with psycopg.connect(copied[0], autocommit=True) as original, psycopg.connect(copied[1], autocommit=True) as copy:
        original.execute("UPDATE people SET name = 'x', updated_at = clock_timestamp() WHERE id = 1")
        caught_up(original, copy)
        copy.execute("SELECT pg_wal_replay_pause()")
        before = now(original)
        original.execute("UPDATE people SET name = 'late', updated_at = clock_timestamp() WHERE id = 2")
        page = transport.run(connector.read("people"))
        assert not any(b"late" in row for row in page.rows)
        assert page.settled <= before <= page.server_time
        copy.execute("SELECT pg_wal_replay_resume()")
        caught_up(original, copy)
        shown = transport.run(connector.read("people", page.settled)).rows
    assert any(b"late" in row for row in shown)


def test_an_original_vouches_for_its_own_clock(copied, open_sql):
    connector, transport = open_sql(copied[0], OBJECTS)
    assert transport.run(connector.read("people")).settled is None


def test_a_copy_that_was_just_started_vouches_for_no_more_than_it_has(copied, open_sql):
    """Before any transaction came, the last checkpoint counts, which is in the past."""
    connector, transport = open_sql(copied[1], OBJECTS)
    page = transport.run(connector.read("people"))
    assert 0 < page.settled <= page.server_time


@pytest.mark.parametrize("name", ["people"])
def test_a_change_log_is_read_from_a_copy_too(copied, open_sql, name):
    """A token of the copy stands where the copy stood, so what comes later is shown later."""
    from tallystick.connectors.sql_log_ddl import make_log
    from tallystick.connectors.sql_log_site import carry_out, look_at_log
    from tallystick.project.manifest import ObjectSpec

    spec = {"changes": {"log": "noted"}}
    carry_out("db", copied[0], make_log(look_at_log("db", copied[0], name, ObjectSpec.model_validate(spec)).site))
    connector, transport = open_sql(copied[1], {name: spec})
    with psycopg.connect(copied[0], autocommit=True) as original, psycopg.connect(copied[1], autocommit=True) as copy:
        caught_up(original, copy)
        copy.execute("SELECT pg_wal_replay_pause()")
        original.execute("UPDATE people SET name = 'y' WHERE id = 1")
        token = transport.run(connector.read(name)).token
        assert transport.run(connector.read(name, 0.0, token)).rows == []
        copy.execute("SELECT pg_wal_replay_resume()")
        caught_up(original, copy)
        [row] = transport.run(connector.read(name, 0.0, token)).rows
    assert b'"y"' in row
