"""What a change log shows: every change once, deletions with proof, nothing lost to transactions or to cuts."""

import sqlite3
import threading
from contextlib import closing

import psycopg
import pymysql
import pytest
from sqlalchemy import make_url

from tallystick.connectors.sql import open_system
from tallystick.connectors.sql_log_ddl import cut_log, make_log, remove_log
from tallystick.connectors.sql_log_site import carry_out, look_at_log
from tallystick.core.error import Expired, ProjectError
from tallystick.core.ports import NotThere
from tallystick.project.manifest import Manifest

SYSTEMS = ("sqlite", "postgresql", "mysql")
TABLE = "CREATE TABLE people (id integer PRIMARY KEY, name varchar(40)); INSERT INTO people VALUES (1, 'a'), (2, 'b')"


class PlainSecrets:
    def resolve(self, reference):
        return reference


class Logged:
    """One table, read by its change log."""

    def __init__(self, url, **spec):
        self.url = url
        self.dialect = make_url(url).get_backend_name()
        manifest = {
            "protocol": "sql",
            "url": url,
            "objects": {"people": {"changes": {"log": "tally_changes"}} | spec},
        }
        self.manifest = Manifest.model_validate(manifest)
        self.connector, self.transport = open_system("db", self.manifest, PlainSecrets())

    def look(self):
        return look_at_log("db", self.url, "people", self.manifest.objects["people"])

    def install(self):
        carry_out("db", self.url, make_log(self.look().site))
        return self

    def connect(self):
        at = make_url(self.url)
        if self.dialect == "sqlite":
            return closing(sqlite3.connect(at.database))
        if self.dialect == "postgresql":
            return psycopg.connect(self.url)
        return closing(
            pymysql.connect(
                host=at.host, port=at.port, user=at.username, password=at.password, database=at.database,
                client_flag=pymysql.constants.CLIENT.MULTI_STATEMENTS,
            )
        )  # fmt: skip

    def do(self, *statements):
        with self.connect() as connection:
            for statement in statements:
                connection.cursor().execute(statement)
            connection.commit()

    def read(self, since=None, token=None, size=None):
        """Read a listing to its end; give what it shows, what it says was deleted, and the next token."""
        shown, deleted, ids = {}, set(), []
        position, first, pages = token, None, 0
        while pages == 0 or position is not None:
            page = self.transport.run(self.connector.read("people", since, position, size))
            first, position, pages = first or page, page.next, pages + 1
            for row in page.rows:
                seen = self.connector.sight("people", row)
                ids.append(seen.id)
                if seen.deleted:
                    deleted.add(seen.id)
                else:
                    shown[seen.id] = seen.record.get("name")
        assert len(ids) == len(set(ids)), "a record was shown twice"
        return shown, deleted, first.token

    def full(self):
        return self.read()[2]

    def changes(self, token, size=None):
        return self.read(0.0, token, size)

    def close(self):
        self.transport.close()


@pytest.fixture
def logged(request, tmp_path):
    """Give a function that makes a table with its log on a kind of database."""
    made = []

    def make(dialect, script=TABLE, *, install=True, **spec):
        if dialect == "sqlite":
            path = tmp_path / f"{len(made)}.db"
            with closing(sqlite3.connect(path)) as connection:
                connection.executescript(script)
            url = f"sqlite:///{path}"
        else:
            url = request.getfixturevalue({"postgresql": "postgres_with", "mysql": "mariadb_with"}[dialect])(script)
        made.append(Logged(url, **spec))
        return made[-1].install() if install else made[-1]

    yield make
    for each in made:
        each.close()


@pytest.mark.parametrize("dialect", SYSTEMS)
def test_each_change_is_shown_once_as_the_row_is_now(logged, dialect):
    """Edits, births and deletions after the token are shown, nothing else, and nothing again."""
    db = logged(dialect)
    token = db.full()
    assert db.changes(token)[:2] == ({}, set())
    db.do(
        "UPDATE people SET name = 'x' WHERE id = 1",
        "UPDATE people SET name = 'y' WHERE id = 1",
        "INSERT INTO people VALUES (3, 'c'), (4, 'd')",
        "DELETE FROM people WHERE id = 2",
        "DELETE FROM people WHERE id = 4",
    )
    shown, deleted, after = db.changes(token)
    assert (shown, deleted) == ({"1": "y", "3": "c"}, {"2", "4"})
    assert db.changes(after)[:2] == ({}, set())
    assert db.changes(token)[:2] == (shown, deleted)


@pytest.mark.parametrize("dialect", SYSTEMS)
def test_a_key_that_changes_is_one_gone_and_one_there(logged, dialect):
    db = logged(dialect)
    token = db.full()
    db.do("UPDATE people SET id = 9 WHERE id = 1")
    assert db.changes(token)[:2] == ({"9": "a"}, {"1"})


def test_a_first_row_that_was_deleted_by_the_rules_raises_no_alarm(logged):
    """MariaDB: the row that bears witness may go, if the log says so."""
    db = logged("mysql")
    token = db.full()
    db.do("DELETE FROM people WHERE id = 1")
    assert db.changes(token)[:2] == ({}, {"1"})
    db.do("UPDATE people SET id = 0 WHERE id = 2")
    assert db.changes(token)[:2] == ({"0": "b"}, {"1", "2"})


@pytest.mark.parametrize("dialect", SYSTEMS)
def test_who_was_deleted_and_made_again_is_there(logged, dialect):
    db = logged(dialect)
    token = db.full()
    db.do("DELETE FROM people WHERE id = 1", "INSERT INTO people VALUES (1, 'again')")
    assert db.changes(token)[:2] == ({"1": "again"}, set())


@pytest.mark.parametrize("dialect", SYSTEMS)
def test_a_listing_of_changes_in_small_pages_shows_the_same(logged, dialect):
    """A row that is changed over and over is on one page only."""
    db = logged(dialect)
    token = db.full()
    for at in range(7):
        db.do(f"INSERT INTO people VALUES ({at + 10}, 'n{at}')", f"UPDATE people SET name = 'x{at}' WHERE id = 1")
    db.do("DELETE FROM people WHERE id >= 14")
    whole = db.changes(token)[:2]
    assert whole == ({"1": "x6", "10": "n0", "11": "n1", "12": "n2", "13": "n3"}, {"14", "15", "16"})
    for size in (1, 2, 3):
        assert db.changes(token, size)[:2] == whole


@pytest.mark.parametrize("dialect", ["postgresql", "mysql"])
@pytest.mark.parametrize("size", [1, 1000])
def test_transactions_that_commit_in_the_reverse_order_lose_nothing(logged, dialect, size):
    """The one that began first, and has the lower numbers, commits when the other one was read already."""
    db = logged(dialect)
    token = db.full()
    with db.connect() as first, db.connect() as second:
        first.cursor().execute("UPDATE people SET name = 'early' WHERE id = 1")
        second.cursor().execute("UPDATE people SET name = 'late' WHERE id = 2")
        second.cursor().execute("INSERT INTO people VALUES (5, 'late too')")
        second.commit()
        shown, _, token = db.changes(token, size)
        assert shown == {"2": "late", "5": "late too"}
        assert db.changes(token, size)[:1] == ({},)
        first.commit()
        shown, _, token = db.changes(token, size)
        assert shown == {"1": "early"}
        assert db.changes(token, size)[:1] == ({},)


@pytest.mark.parametrize("dialect", ["postgresql", "mysql"])
def test_what_is_open_while_everything_is_read_is_read_by_the_next_window(logged, dialect):
    """A full listing's token does not stand past a transaction that it could not see."""
    db = logged(dialect)
    with db.connect() as first, db.connect() as second:
        first.cursor().execute("UPDATE people SET name = 'early' WHERE id = 1")
        second.cursor().execute("UPDATE people SET name = 'late' WHERE id = 2")
        second.commit()
        shown, _, token = db.read()
        assert shown == {"1": "a", "2": "late"}
        first.commit()
    assert db.changes(token)[0] == {"1": "early"}


def test_a_number_that_is_missing_after_a_long_silence_is_looked_at_again(logged):
    """MariaDB: the last row before the open transaction is older than what is remembered."""
    db = logged("mysql")
    db.do("UPDATE tally_changes SET at = at - INTERVAL 5 DAY")
    with db.connect() as first:
        first.cursor().execute("UPDATE people SET name = 'early' WHERE id = 1")
        db.do("UPDATE people SET name = 'late' WHERE id = 2")
        token = db.full()
        first.commit()
    shown, _, token = db.changes(token)
    assert shown == {"1": "early"}
    assert db.changes(token)[0] == {}


@pytest.mark.parametrize("dialect", SYSTEMS)
def test_a_log_that_was_left_for_another_is_not_believed(logged, dialect):
    """The triggers of a table write to one log; a manifest that names an older one reads nothing by it."""
    db = logged(dialect)
    other = Logged(db.url, changes={"log": "newer"}).install()
    try:
        assert other.full() is not None
        assert db.full() is None
    finally:
        other.close()


def test_triggers_that_were_dropped_by_hand_are_missed_by_who_may_see_them(logged):
    db = logged("mysql")
    db.do(*(f"DROP TRIGGER tally_people_{event}" for event in ("insert", "update", "delete")))
    assert db.full() is None
    assert "missing" in db.look().fault


@pytest.mark.parametrize("dialect", ["postgresql", "mysql"])
def test_a_transaction_that_is_taken_back_leaves_nothing(logged, dialect):
    db = logged(dialect)
    token = db.full()
    with db.connect() as first:
        first.cursor().execute("UPDATE people SET name = 'never' WHERE id = 1")
        first.rollback()
    db.do("UPDATE people SET name = 'x' WHERE id = 2")
    assert db.changes(token)[:2] == ({"2": "x"}, set())


@pytest.mark.parametrize("dialect", ["postgresql", "mysql"])
def test_what_changes_between_pages_waits_for_the_next_listing_or_is_shown_in_this(logged, dialect):
    """Whatever happens while pages are read, this listing and the next one show it all together."""
    db = logged(dialect, TABLE.replace("(1, 'a'), (2, 'b')", ", ".join(f"({n}, 'v')" for n in range(1, 41))))
    token = db.full()
    db.do("UPDATE people SET name = 'x'")
    page = db.transport.run(db.connector.read("people", 0.0, token, 10))
    seen = {(s := db.connector.sight("people", row)).id: s for row in page.rows}
    db.do("DELETE FROM people WHERE id <= 20", "UPDATE people SET name = 'z' WHERE id > 30")
    position = page.next
    while position is not None:
        further = db.transport.run(db.connector.read("people", 0.0, position, 10))
        seen |= {(s := db.connector.sight("people", row)).id: s for row in further.rows}
        position = further.next
    shown, deleted, _ = db.changes(page.token)
    state = {i: s.record["name"] for i, s in seen.items() if not s.deleted} | shown
    assert {i: name for i, name in state.items() if i not in deleted} == {
        str(n): "z" if n > 30 else "x" for n in range(21, 41)
    }


@pytest.mark.parametrize("dialect", SYSTEMS)
def test_a_log_that_was_cut_is_no_longer_believed(logged, dialect):
    """Rows that went before they were read are a reason to compare everything; what was read may go."""
    db = logged(dialect)
    token = db.full()
    db.do("UPDATE people SET name = 'x' WHERE id = 1")
    _, _, later = db.changes(token)
    db.do("UPDATE people SET name = 'y' WHERE id = 2")
    with db.connect() as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT max(seq) FROM tally_changes")
        last = cursor.fetchone()[0]
        cursor.execute(f"DELETE FROM tally_changes WHERE seq < {last - 1} AND operation <> 'start'")
        connection.commit()
    assert db.changes(later)[0] == {"2": "y"}
    db.do(f"DELETE FROM tally_changes WHERE seq < {last}" + " AND operation <> 'start'")
    with pytest.raises(Expired, match="cut"):
        db.changes(later)


@pytest.mark.parametrize("dialect", SYSTEMS)
def test_a_cut_between_two_pages_is_noticed_before_the_listing_ends(logged, dialect):
    """A listing that broke off goes on days later: what was cut meanwhile is not taken for read."""
    db = logged(dialect)
    db.do("INSERT INTO people VALUES (3, 'c')")
    token = db.full()
    db.do("UPDATE people SET name = 'x' WHERE id = 1", "UPDATE people SET name = 'y' WHERE id = 2")
    first = db.transport.run(db.connector.read("people", 0.0, token, 1))
    db.do("DELETE FROM tally_changes WHERE operation <> 'start'")
    with pytest.raises(Expired):
        db.transport.run(db.connector.read("people", 0.0, first.next, 1))


@pytest.mark.parametrize("dialect", SYSTEMS)
def test_the_cut_of_old_rows_leaves_a_log_that_can_be_read(logged, dialect):
    """Who had read what is cut goes on or compares everything once; from then on the log tells again."""
    db = logged(dialect)
    db.do("UPDATE people SET name = 'x' WHERE id = 1")
    token = db.full()
    old = {
        "sqlite": "at - 20 * 86400",
        "postgresql": "at - interval '20 days'",
        "mysql": "at - INTERVAL 20 DAY",
    }[dialect]
    db.do(f"UPDATE tally_changes SET at = {old}")
    carry_out("db", db.url, cut_log(db.look().site, 14))
    with db.connect() as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT operation FROM tally_changes")
        assert [row[0] for row in cursor.fetchall()] == ["start"]
    with pytest.raises(Expired):
        db.changes(token)
    token = db.full()
    db.do("UPDATE people SET name = 'z' WHERE id = 2")
    carry_out("db", db.url, cut_log(db.look().site, 14))
    assert db.changes(token)[0] == {"2": "z"}


@pytest.mark.parametrize("dialect", SYSTEMS)
def test_without_its_triggers_a_log_says_nothing(logged, dialect):
    """Removed for a while and made again is the same: nobody knows what changed between."""
    db = logged(dialect)
    token = db.full()
    carry_out("db", db.url, remove_log(db.look().site, is_shared=True))
    db.do("UPDATE people SET name = 'unseen' WHERE id = 1")
    with pytest.raises(Expired):
        db.changes(token)
    assert db.full() is None
    db.install()
    with pytest.raises(Expired):
        db.changes(token)
    token = db.full()
    db.do("UPDATE people SET name = 'seen' WHERE id = 1")
    assert db.changes(token)[0] == {"1": "seen"}


def test_triggers_that_were_switched_off_for_a_while_are_noticed(logged):
    """PostgreSQL: both while they are off and when they are on again."""
    db = logged("postgresql")
    token = db.full()
    db.do("ALTER TABLE people DISABLE TRIGGER USER", "UPDATE people SET name = 'unseen' WHERE id = 1")
    with pytest.raises(Expired, match="switched off"):
        db.changes(token)
    db.do("ALTER TABLE people ENABLE TRIGGER USER")
    with pytest.raises(Expired, match="were changed"):
        db.changes(token)
    assert db.changes(db.full())[:2] == ({}, set())


def test_what_replication_writes_is_logged_too(logged):
    db = logged("postgresql")
    token = db.full()
    db.do("SET session_replication_role = replica", "UPDATE people SET name = 'applied' WHERE id = 1")
    assert db.changes(token)[0] == {"1": "applied"}


@pytest.mark.parametrize("dialect", ["postgresql", "mysql"])
def test_a_table_that_is_emptied_at_once_is_noticed(logged, dialect):
    """TRUNCATE runs no trigger for its rows."""
    db = logged(dialect)
    token = db.full()
    db.do("TRUNCATE TABLE people")
    with pytest.raises(Expired, match="emptied"):
        db.changes(token)


def test_a_partition_that_is_emptied_or_comes_with_rows_is_noticed(logged):
    """PostgreSQL: rows of all partitions are logged; what goes past the triggers of one is as for a whole table."""
    script = """CREATE TABLE people (id integer PRIMARY KEY, name text) PARTITION BY RANGE (id);
      CREATE TABLE low PARTITION OF people FOR VALUES FROM (0) TO (10);
      CREATE TABLE high PARTITION OF people FOR VALUES FROM (10) TO (20);
      INSERT INTO people VALUES (1, 'a'), (2, 'b'), (11, 'c')"""
    db = logged("postgresql", script)
    token = db.full()
    db.do("UPDATE low SET name = 'x' WHERE id = 1", "UPDATE people SET id = 12 WHERE id = 2")
    assert db.changes(token)[:2] == ({"1": "x", "12": "b"}, {"2"})
    db.do("TRUNCATE TABLE low")
    with pytest.raises(Expired, match="emptied"):
        db.changes(token)
    token = db.full()
    db.do("CREATE TABLE more AS SELECT 21 AS id, 'd' AS name", "ALTER TABLE more ALTER id SET NOT NULL")
    db.do("ALTER TABLE people ATTACH PARTITION more FOR VALUES FROM (20) TO (30)")
    with pytest.raises(Expired):
        db.changes(token)


def test_an_older_copy_of_the_database_is_noticed(logged):
    """PostgreSQL: a token from the future of a restored server is not believed."""
    db = logged("postgresql")
    token = db.full()
    rest = token.partition('"snapshot":"')[2]
    numbers = rest.partition('"')[0]
    ahead = ":".join(str(int(n) + 1_000_000) for n in numbers.split(":")[:2]) + ":"
    future = token.replace(numbers, ahead)
    with pytest.raises(Expired, match="older copy"):
        db.changes(future)


def test_a_rolled_back_change_of_another_table_holds_nothing_up(logged):
    """PostgreSQL: a long transaction elsewhere neither hides nor repeats what is committed."""
    db = logged("postgresql", TABLE + "; CREATE TABLE other (n integer)")
    token = db.full()
    with db.connect() as long:
        long.cursor().execute("INSERT INTO other VALUES (1)")
        db.do("UPDATE people SET name = 'x' WHERE id = 1")
        shown, _, token = db.changes(token)
        assert shown == {"1": "x"}
        assert db.changes(token)[0] == {}
        db.do("UPDATE people SET name = 'y' WHERE id = 2")
        assert db.changes(token)[0] == {"2": "y"}
        long.rollback()


def test_a_reader_needs_no_more_than_to_read_the_log(logged, postgres_with):
    """The writer of a row needs no right on the log, the reader only the one to read it."""
    db = logged("postgresql", install=False)
    schema = db.url.rpartition("%3D")[2]
    db.do(
        f"CREATE ROLE writer_{schema} LOGIN PASSWORD 'w'", f"CREATE ROLE reader_{schema} LOGIN PASSWORD 'r'",
        f"GRANT USAGE ON SCHEMA {schema} TO writer_{schema}, reader_{schema}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON people TO writer_{schema}",
        f"GRANT SELECT ON people TO reader_{schema}",
    )  # fmt: skip
    reader = Logged(db.url.replace("tally:s3cret", f"reader_{schema}:r"))
    writer = Logged(db.url.replace("tally:s3cret", f"writer_{schema}:w"))
    try:
        assert reader.full() is None
        carry_out("db", db.url, make_log(reader.look().site))
        token = reader.full()
        writer.do("UPDATE people SET name = 'x' WHERE id = 1", "DELETE FROM people WHERE id = 2")
        assert reader.changes(token)[:2] == ({"1": "x"}, {"2"})
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            writer.do("DELETE FROM tally_changes")
    finally:
        reader.close()
        writer.close()


def test_a_reader_of_mariadb_who_may_not_see_triggers_reads_the_log_all_the_same(logged):
    """What makes the log grants the right to read it; the triggers write with the rights of who made them."""
    db = logged("mysql", install=False)
    name = make_url(db.url).database
    db.do(
        f"CREATE USER reader_{name}@'127.0.0.1' IDENTIFIED BY 'r'",
        f"CREATE USER writer_{name}@'127.0.0.1' IDENTIFIED BY 'w'",
        f"GRANT SELECT ON people TO reader_{name}@'127.0.0.1'",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON people TO writer_{name}@'127.0.0.1'",
    )  # fmt: skip
    reader = Logged(db.url.replace("tally:s3cret", f"reader_{name}:r"))
    writer = Logged(db.url.replace("tally:s3cret", f"writer_{name}:w"))
    try:
        assert reader.full() is None
        carry_out("db", db.url, make_log(reader.look().site))
        token = reader.full()
        writer.do("UPDATE people SET name = 'x' WHERE id = 1", "DELETE FROM people WHERE id = 2")
        assert reader.changes(token)[:2] == ({"1": "x"}, {"2"})
        carry_out("db", db.url, remove_log(reader.look().site, is_shared=True))
        assert reader.full() is None
        with pytest.raises(Expired):
            reader.changes(token)
    finally:
        reader.close()
        writer.close()


def test_a_manifest_that_names_another_key_reads_another_log(logged):
    """The log has the keys that its triggers were made for."""
    script = TABLE.replace("name varchar(40)", "name varchar(40) UNIQUE NOT NULL")
    db = logged("postgresql", script)
    other = Logged(db.url, id="name")
    try:
        assert db.full() is not None
        assert other.full() is None
    finally:
        other.close()


@pytest.mark.parametrize("dialect", SYSTEMS)
def test_keys_of_several_columns_and_odd_names(logged, dialect):
    """Quotes, commas, colons, percent signs and backslashes in names and keys are what they are."""
    quote = "`" if dialect == "mysql" else '"'
    at = {name: f"{quote}{name}{quote}" for name in ("Pe:op%le's \\ x", "la:nd", "nr%s")}
    table, land, number = at.values()
    script = (
        f"CREATE TABLE {table} ({land} varchar(20) NOT NULL, {number} integer NOT NULL, name varchar(20), "
        f"PRIMARY KEY ({land}, {number}))"
    )
    db = logged(dialect, script, table={"name": "Pe:op%le's \\ x"}, id="la:nd,nr%s")
    back = "\\\\" if dialect == "mysql" else "\\"
    db.do(f"INSERT INTO {table} VALUES ('D,E{back}''\"', 1, 'a'), ('ü', 2, 'b')")
    token = db.full()
    db.do(f"UPDATE {table} SET name = 'x' WHERE {number} = 1", f"DELETE FROM {table} WHERE {number} = 2")
    shown, deleted, _ = db.changes(token)
    assert (shown, deleted) == ({"D\\,E\\\\'\",1": "x"}, {"ü,2"})


@pytest.mark.parametrize("dialect", SYSTEMS)
def test_two_tables_share_a_log_and_see_only_their_own(logged, dialect):
    db = logged(dialect, TABLE + "; CREATE TABLE other (id integer PRIMARY KEY, name varchar(9))")
    more = Logged(db.url, table={"name": "other"})
    try:
        carry_out("db", db.url, make_log(more.look().site))
        tokens = db.full(), more.full()
        db.do("INSERT INTO other VALUES (1, 'o')", "UPDATE people SET name = 'x' WHERE id = 1")
        assert db.changes(tokens[0])[0] == {"1": "x"}
        assert more.changes(tokens[1])[0] == {"1": "o"}
        carry_out("db", db.url, remove_log(more.look().site, is_shared=True))
        token = db.full()
        db.do("UPDATE people SET name = 'y' WHERE id = 1")
        assert db.changes(token)[0] == {"1": "y"}
        assert more.full() is None
    finally:
        more.close()


@pytest.mark.parametrize("dialect", ["postgresql", "mysql"])
def test_letters_that_are_alike_are_no_equal_keys(logged, dialect):
    script = (
        "CREATE TABLE people (id varchar(20) PRIMARY KEY, name varchar(20)); INSERT INTO people VALUES ('abc', 'a')"
    )
    db = logged(dialect, script)
    token = db.full()
    db.do("UPDATE people SET id = 'ABC' WHERE id = 'abc'")
    assert db.changes(token)[:2] == ({"ABC": "a"}, {"abc"})


def test_an_instant_in_a_key_is_spelled_alike_from_every_zone(logged):
    script = (
        "CREATE TABLE people (id timestamptz PRIMARY KEY, name text);"
        "INSERT INTO people VALUES ('2026-01-01T12:00:00Z', 'a'), ('2026-01-02T12:00:00Z', 'b')"
    )
    db = logged("postgresql", script)
    [one, two] = db.read()[0]
    token = db.full()
    db.do(
        "SET timezone = 'Asia/Tokyo'",
        "UPDATE people SET name = 'x' WHERE name = 'a'",
        "DELETE FROM people WHERE name = 'b'",
    )
    assert db.changes(token)[:2] == ({one: "x"}, {two})


def test_a_key_that_holds_bytes_does_not_make_a_write_fail(logged):
    """SQLite: a column of text may hold anything; the write goes on, and the full compare shows the row."""
    db = logged("sqlite", "CREATE TABLE people (id TEXT PRIMARY KEY, name TEXT)")
    token = db.full()
    db.do("INSERT INTO people VALUES (x'00ff', 'bytes'), ('t', 'text')")
    assert db.changes(token)[0] == {"t": "text"}


@pytest.mark.parametrize(
    ("dialect", "script"),
    [
        ("postgresql", "CREATE VIEW people AS SELECT 1 AS id"),
        ("postgresql", "CREATE TABLE people (id bytea PRIMARY KEY)"),
        ("mysql", "CREATE TABLE people (id varbinary(9) PRIMARY KEY)"),
        ("mysql", "CREATE TABLE people (id varchar(400) PRIMARY KEY)"),
        ("mysql", "CREATE TABLE people (id integer PRIMARY KEY) ENGINE=Aria"),
    ],
)
def test_what_no_log_can_hold_is_refused_before_anything_is_made(logged, dialect, script):
    db = logged(dialect, script, install=False, id="id")
    with pytest.raises(ProjectError):
        db.look()


def test_a_token_of_a_log_that_the_manifest_no_longer_names_has_expired(logged):
    db = logged("sqlite")
    token = db.full()
    plain = Logged(db.url, changes=None)
    try:
        with pytest.raises(Expired):
            plain.changes(token)
        assert plain.full() is None
    finally:
        plain.close()


def test_gaps_that_are_too_many_are_read_in_one_stretch(logged, monkeypatch):
    """MariaDB: transactions that are still open behind many that were taken back are not forgotten."""
    monkeypatch.setattr("tallystick.connectors.sql_log_watch.MOST_GAPS", 3)
    db = logged("mysql")
    with db.connect() as open_one:
        open_one.cursor().execute("UPDATE people SET name = 'early' WHERE id = 1")
        for at in range(8):
            with db.connect() as lost:
                lost.cursor().execute(f"INSERT INTO people VALUES ({100 + at}, 'never')")
                lost.rollback()
            db.do(f"INSERT INTO people VALUES ({10 + at}, 'n')")
        token = db.full()
        open_one.commit()
    shown, _, token = db.changes(token)
    assert shown["1"] == "early"
    shown, _, _ = db.changes(token)
    assert "1" not in shown or len(shown) <= 9


@pytest.mark.parametrize("dialect", ["postgresql", "mysql"])
def test_many_writers_at_once_lose_nothing(logged, dialect):
    """Four writers whose transactions overlap, read again and again while they write: all that is there was shown."""
    db = logged(dialect, "CREATE TABLE people (id integer PRIMARY KEY, name varchar(40))")
    token = db.full()

    def write(number):
        with db.connect() as connection:
            for at in range(15):
                cursor = connection.cursor()
                cursor.execute(f"INSERT INTO people VALUES ({number * 1000 + at}, 'v')")
                cursor.execute(f"UPDATE people SET name = 'w' WHERE id = {number * 1000 + at}")
                connection.rollback() if at % 5 == 4 else connection.commit()

    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    state = {}
    while any(writer.is_alive() for writer in writers):
        shown, _, token = db.changes(token, 7)
        state |= shown
    shown, _, token = db.changes(token)
    state |= shown
    assert state == db.read()[0]
    assert len(state) == 48


def test_reading_by_id_still_says_only_what_is_there(logged):
    db = logged("sqlite")
    db.do("DELETE FROM people WHERE id = 1")
    assert db.transport.run(db.connector.get("people", "1")) == NotThere()
