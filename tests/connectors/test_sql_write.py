"""Writing to tables: on condition, one by one and by the thousand, beside triggers, rules and other writers."""

import sqlite3
import threading

import psycopg
import pytest

from tallystick.connectors.sql_request import Write
from tallystick.core.error import Absent, Duplicate, Refused, Stale, Unavailable
from tallystick.core.ports import NotThere, Update, Written
from tallystick.core.record import fingerprint

TABLE = """CREATE TABLE t (id {serial}, name varchar(20) NOT NULL, code varchar(10) UNIQUE, amount integer,
  version integer, at {moment}, doc {json});"""
LITE = TABLE.format(serial="INTEGER PRIMARY KEY AUTOINCREMENT", moment="datetime", json="JSON")
POSTGRES = TABLE.format(serial="serial PRIMARY KEY", moment="timestamptz", json="jsonb")


@pytest.fixture(params=["sqlite", "postgres"])
def make(request):
    """Give a function that makes the table (and more) and returns the address; the same test runs on both."""
    if request.param == "sqlite":
        return lambda lite="", postgres="": request.getfixturevalue("sqlite_with")(LITE + lite)
    return lambda lite="", postgres="": request.getfixturevalue("postgres_with")(POSTGRES + postgres)


def run_script(url, script):
    """Change a database behind the connector's back."""
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        connection.executescript(script)
        connection.close()
    else:
        with psycopg.connect(url) as connection:
            connection.execute(script)


def stored(connector, transport, record_id):
    return transport.run(connector.get("t", record_id)).record


@pytest.mark.parametrize("count", [1, 5, 50])
def test_the_answer_is_what_triggers_made_of_the_row(make, open_sql, count):
    """What a trigger changes after the statement is in the answer all the same."""
    url = make(
        """CREATE TRIGGER tidy AFTER INSERT ON t BEGIN UPDATE t SET name = upper(name) WHERE id = NEW.id; END;
        CREATE TRIGGER tidy2 AFTER UPDATE OF amount ON t
          BEGIN UPDATE t SET name = name || '!' WHERE id = NEW.id; END;""",
        """CREATE FUNCTION tidy() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          IF TG_OP = 'INSERT' THEN UPDATE t SET name = upper(name) WHERE id = NEW.id;
          ELSE UPDATE t SET name = name || '!' WHERE id = NEW.id; END IF; RETURN NULL; END $$;
        CREATE TRIGGER tidy AFTER INSERT OR UPDATE OF amount ON t FOR EACH ROW EXECUTE FUNCTION tidy();""",
    )
    connector, transport = open_sql(url, {"t": {}})
    created = transport.run(connector.create_many("t", [({"name": f"n{n}"}, "") for n in range(count)]))
    assert [each.stored.record["name"] for each in created] == [f"N{n}" for n in range(count)]
    changes = [Update(each.id, {"amount": 1}, current=each.stored.record) for each in created]
    updated = transport.run(connector.update_many("t", changes))
    assert [each.stored.record["name"] for each in updated] == [f"N{n}!" for n in range(count)]
    assert updated[0].stored == transport.run(connector.get("t", updated[0].id))


def test_postgres_rows_that_a_trigger_drops_are_refused(postgres_with, open_sql):
    """A write that the database swallows must not look done, and must not be tried for ever."""
    script = """CREATE FUNCTION drop_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF NEW.name = 'bad' THEN RETURN NULL; END IF; RETURN NEW; END $$;
    CREATE TRIGGER drop_it BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION drop_it();"""
    connector, transport = open_sql(postgres_with(POSTGRES + script), {"t": {}})
    bodies = [({"name": "bad" if n == 7 else f"n{n}"}, "") for n in range(30)]
    outcomes = transport.run(connector.create_many("t", bodies))
    assert [n for n, each in enumerate(outcomes) if isinstance(each, Refused)] == [7]
    good = [each for each in outcomes if isinstance(each, Written)]
    updates = [Update(each.id, {"name": "bad" if n == 3 else "new"}) for n, each in enumerate(good)]
    outcomes = transport.run(connector.update_many("t", updates))
    assert [n for n, each in enumerate(outcomes) if isinstance(each, Refused)] == [3]
    assert stored(connector, transport, good[3].id)["name"] == good[3].stored.record["name"]
    assert stored(connector, transport, good[4].id)["name"] == "new"


def test_a_rule_that_is_checked_at_the_end_condemns_one_row_only(make, open_sql):
    """A constraint deferred to the commit fails the whole transaction; the rows are then made one by one."""
    url = make(
        "CREATE TABLE c (id INTEGER PRIMARY KEY, t INTEGER REFERENCES t (id) DEFERRABLE INITIALLY DEFERRED);",
        "CREATE TABLE c (id serial PRIMARY KEY, t integer REFERENCES t (id) DEFERRABLE INITIALLY DEFERRED);",
    )
    connector, transport = open_sql(url, {"t": {}, "c": {}})
    parent = int(transport.run(connector.create("t", {"name": "p"}, "")).id)
    for count in (4, 40):
        bodies = [({"t": parent + (99 if n == 2 else 0)}, "") for n in range(count)]
        outcomes = transport.run(connector.create_many("c", bodies))
        assert [n for n, each in enumerate(outcomes) if isinstance(each, Refused)] == [2]
    assert transport.run(connector.read("c")).total == 3 + 39


def test_a_trigger_that_ends_the_transaction_condemns_one_row_only(sqlite_with, open_sql):
    script = """CREATE TRIGGER no BEFORE INSERT ON t WHEN NEW.name = 'bad'
      BEGIN SELECT RAISE(ROLLBACK, 'bad is not wanted here'); END;"""
    connector, transport = open_sql(sqlite_with(LITE + script), {"t": {}})
    outcomes = transport.run(connector.create_many("t", [({"name": "bad" if n == 2 else "n"}, "") for n in range(4)]))
    assert [type(each) for each in outcomes] == [Written, Written, Refused, Written]
    assert "not wanted" in str(outcomes[2])
    assert transport.run(connector.read("t")).total == 3


@pytest.mark.parametrize("key", [
    "serial PRIMARY KEY",
    "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    "uuid DEFAULT gen_random_uuid() PRIMARY KEY",
    "int GENERATED BY DEFAULT AS IDENTITY (START 5 INCREMENT 3) PRIMARY KEY",
    "text PRIMARY KEY DEFAULT md5(random()::text)",
])  # fmt: skip
def test_rows_made_at_once_know_their_drawn_keys(postgres_with, open_sql, key):
    """Whatever draws the key, each outcome is that of its own body."""
    script = f"""DROP SCHEMA IF EXISTS "My s" CASCADE; CREATE SCHEMA "My s";
    CREATE TABLE "My s".t (id {key}, name text NOT NULL, twice int GENERATED ALWAYS AS (n * 2) STORED NOT NULL, n int,
      note text NOT NULL DEFAULT 'none', other serial)"""
    url = postgres_with(script)
    connector, transport = open_sql(url, {"t": {"table": {"name": "t", "schema": "My s"}}})
    bodies = [({"name": f"n{n % 7}", "n": n}, "") for n in range(200)]
    outcomes = transport.run(connector.create_many("t", bodies))
    for n, each in enumerate(outcomes):
        assert each.stored.record == {
            "id": each.stored.record["id"], "name": f"n{n % 7}", "n": n, "twice": 2 * n, "note": "none",
            "other": each.stored.record["other"],
        }  # fmt: skip
        assert each.id == str(each.stored.record["id"])
    assert len({each.id for each in outcomes}) == 200
    with psycopg.connect(url) as watch:
        # One transaction number for all: none of them went through a savepoint of its own.
        assert watch.execute('SELECT count(DISTINCT xmin::text) FROM "My s".t').fetchone() == (1,)
    one = transport.run(connector.create("t", {"name": "one", "n": 1}, ""))
    assert one.id not in {each.id for each in outcomes}


def test_many_rows_are_written_set_wise(postgres_with, open_sql):
    """A thousand rows cost a handful of statements, whichever columns each leaves blank: none is sent per row."""
    url = postgres_with(POSTGRES)
    connector, transport = open_sql(url, {"t": {}})
    with psycopg.connect(url, autocommit=True) as watch:
        bodies = [{"name": f"n{n}"} | ({} if n % 3 else {"code": f"c{n}"}) for n in range(1000)]
        outcomes = transport.run(connector.create_many("t", [(body, "") for body in bodies]))
        assert all(isinstance(each, Written) for each in outcomes)
        assert [each.stored.record["code"] for each in outcomes] == [body.get("code") for body in bodies]
        # Rows that were made one by one under savepoints carry as many transaction numbers.
        assert watch.execute("SELECT count(DISTINCT xmin::text) FROM t").fetchone() == (1,)
        updates = [Update(each.id, {"amount": 1}, current=each.stored.record) for each in outcomes]
        transport.run(connector.update_many("t", updates))
        assert watch.execute("SELECT count(DISTINCT xmin::text), sum(amount) FROM t").fetchone() == (1, 1000)


@pytest.mark.parametrize("count", [3, 30])
def test_what_a_row_leaves_out_is_filled_in_as_ever(make, open_sql, count):
    """By the table's default, or by that of the column's type, also where other rows of the batch set the column."""
    url = make(
        "CREATE TABLE u (id INTEGER PRIMARY KEY, a text, b text DEFAULT 'b', c text NOT NULL DEFAULT 'c');",
        """CREATE DOMAIN filled AS text DEFAULT 'c' NOT NULL;
        CREATE TABLE u (id serial PRIMARY KEY, a text, b text DEFAULT 'b', c filled);""",
    )
    connector, transport = open_sql(url, {"u": {}})
    bodies = [{name: "x" for at, name in enumerate("abc") if n >> at & 1} for n in range(count)]
    outcomes = transport.run(connector.create_many("u", [(body, "") for body in bodies]))
    rows = [{name: each.stored.record[name] for name in "abc"} for each in outcomes]
    assert rows == [{"a": None, "b": "b", "c": "c"} | body for body in bodies]


def test_the_same_row_twice_in_one_batch_is_changed_once_knowingly(make, open_sql):
    """The second change was decided on a row that the first one changed."""
    connector, transport = open_sql(make(), {"t": {"version": "version"}})
    first = transport.run(connector.create("t", {"name": "a"}, ""))
    others = transport.run(connector.create_many("t", [({"name": "n"}, "") for _ in range(30)]))
    updates = [Update(first.id, {"amount": n}, version="1") for n in (1, 2)]
    updates += [Update(each.id, {"amount": 3}, version="1") for each in others]
    outcomes = transport.run(connector.update_many("t", updates))
    assert [type(each) for each in outcomes] == [Written, Stale, *[Written] * 30]
    assert stored(connector, transport, first.id)["amount"] == 1


def test_one_of_two_writers_wins(make, open_sql):
    """Two writers decide on the same version at the same time; the second one is told."""
    url = make()
    connector, transport = open_sql(url, {"t": {"version": "version"}})
    record_id = transport.run(connector.create("t", {"name": "a"}, "")).id
    pairs = [open_sql(url, {"t": {"version": "version"}}) for _ in range(4)]
    barrier = threading.Barrier(len(pairs))
    outcomes = []

    def write(number, own_connector, own_transport):
        own_transport.run(own_connector.get("t", record_id))
        barrier.wait(10)
        flow = own_connector.update("t", Update(record_id, {"amount": number}, version="1"))
        outcomes.extend(own_transport.run_all([flow]))

    threads = [threading.Thread(target=write, args=(number, *pair)) for number, pair in enumerate(pairs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    [won] = [each for each in outcomes if isinstance(each, Written)]
    assert [type(each) for each in outcomes if each is not won] == [Stale] * 3
    assert stored(connector, transport, record_id) == won.stored.record


def test_without_version_the_overwritten_values_decide(make, open_sql):
    """What somebody changed in a field that we write is not overwritten; a change elsewhere does no harm."""
    url = make()
    connector, transport = open_sql(url, {"t": {}})
    seen = transport.run(connector.create("t", {"name": "a", "amount": 1}, "")).stored
    run_script(url, "UPDATE t SET code = 'theirs'")
    written = transport.run(connector.update("t", Update(seen.id, {"amount": 2}, seen.version, seen.record)))
    assert (written.stored.record["amount"], written.stored.record["code"]) == (2, "theirs")
    with pytest.raises(Stale):
        transport.run(connector.update("t", Update(seen.id, {"amount": 3}, seen.version, seen.record)))
    # Lacking the record, its digest covers every column.
    with pytest.raises(Stale):
        transport.run(connector.update("t", Update(seen.id, {"name": "b"}, seen.version)))
    with pytest.raises(Stale):
        transport.run(connector.delete("t", seen.id, seen.version))
    transport.run(connector.delete("t", seen.id, written.version))
    assert transport.run(connector.get("t", seen.id)) == NotThere()


@pytest.mark.parametrize("count", [1, 50])
def test_a_stored_row_is_known_by_the_bytes_that_a_listing_shows(make, open_sql, count):
    """So the next sweep need not decode what we wrote ourselves."""
    connector, transport = open_sql(make(), {"t": {}})
    bodies = [({"name": f"n{n}", "at": "2024-01-31T10:00:00Z", "doc": {"a": [1, "x\ny"]}}, "") for n in range(count)]
    created = transport.run(connector.create_many("t", bodies))
    page = transport.run(connector.read("t"))
    assert [each.stored.raw_hash for each in created] == [fingerprint(row) for row in page.rows]


def test_a_create_that_is_repeated_makes_no_second_row(make, open_sql):
    """The first attempt may have arrived: the unique key tells, and the row is found by it (R-10.8)."""
    connector, transport = open_sql(make(), {"t": {}})
    first = transport.run(connector.create("t", {"name": "a", "code": "x"}, "key"))
    with pytest.raises(Duplicate) as caught:
        transport.run(connector.create("t", {"name": "a", "code": "x"}, "key"))
    assert caught.value.field == "code"
    assert [each.id for each in transport.run(connector.find("t", ("code",), "x"))] == [first.id]


def test_a_change_inside_json_keeps_the_rest(make, open_sql):
    connector, transport = open_sql(make(), {"t": {}})
    body = {"name": "a", "doc": {"keep": 1, "deep": {"keep": [1.5], "change": 1}}}
    many = transport.run(connector.create_many("t", [(body, "") for _ in range(25)]))
    patch = {"doc": {"deep": {"change": None, "add": "x"}}}
    transport.run(connector.update("t", Update(many[0].id, patch)))
    transport.run(connector.update_many("t", [Update(each.id, patch) for each in many[1:]]))
    for each in many:
        record = stored(connector, transport, each.id)
        assert record["doc"] == {"keep": 1, "deep": {"keep": [1.5], "change": None, "add": "x"}}


def test_deletion_is_a_mark_where_the_manifest_says_so(make, open_sql):
    """The row stays, is found and listed as deleted, and counts as gone."""
    url = make("ALTER TABLE t ADD COLUMN gone_at datetime;", "ALTER TABLE t ADD COLUMN gone_at timestamptz;")
    connector, transport = open_sql(url, {"t": {"deleted": {"path": "gone_at"}, "version": "version"}})
    created = transport.run(connector.create("t", {"name": "a", "code": "x"}, ""))
    with pytest.raises(Stale):
        transport.run(connector.delete("t", created.id, "7"))
    transport.run(connector.delete("t", created.id, created.version))
    assert transport.run(connector.get("t", created.id)).gone
    [found] = transport.run(connector.find("t", ("code",), "x"))
    assert found.deleted
    assert found.record["gone_at"] is not None
    with pytest.raises(Absent):
        transport.run(connector.delete("t", created.id))


def test_columns_that_nobody_else_keeps_are_kept(make, open_sql):
    """Each write moves the time of change and raises the version, so that other readers notice it."""
    spec = {"modified": "at", "version": "version", "since": {"param": "at"}}
    connector, transport = open_sql(make(), {"t": spec})
    before = transport.run(connector.read("t")).server_time
    first = transport.run(connector.create("t", {"name": "a"}, "")).stored
    transport.run(connector.update("t", Update(first.id, {"at": "2024-01-01T00:00:00+00:00"})))
    second = transport.run(connector.update("t", Update(first.id, {"name": "b"}))).stored
    assert (first.version, second.version) == ("1", "3")
    assert first.modified >= before - 1
    assert second.modified >= first.modified
    assert transport.run(connector.read("t", since=before)).rows


def test_columns_that_the_system_keeps_are_left_to_it(make, open_sql):
    spec = {"modified": "at", "version": "version", "fields": {
        "name": {}, "at": {"read_only": True}, "version": {"read_only": True}}}  # fmt: skip
    connector, transport = open_sql(make(), {"t": spec})
    first = transport.run(connector.create("t", {"name": "a"}, "")).stored
    second = transport.run(connector.update("t", Update(first.id, {"name": "b"}))).stored
    assert [(each.record["at"], each.record["version"]) for each in (first, second)] == [(None, None)] * 2


@pytest.mark.parametrize("body", [
    {"name": None}, {"name": "x" * 21, "code": "long"}, {"name": "x", "amount": "many"}, {"name": "x", "amount": 1.5},
    {"name": {"a": 1}}, {"name": True}, {"name": "x", "at": "yesterday"}, {"name": "x", "amount": 2**64},
])  # fmt: skip
def test_a_refused_value_names_its_field(make, open_sql, body):
    lite = "CREATE TABLE u (id INTEGER PRIMARY KEY, name varchar(20) NOT NULL CHECK (length(name) <= 20), code text,"
    rest = " amount integer, at datetime);"
    url = make(lite + rest, "ALTER TABLE t RENAME TO u;")
    connector, transport = open_sql(url, {"u": {}})
    culprit = list(body)[-1] if "code" not in body else "name"
    with pytest.raises(Refused) as caught:
        transport.run(connector.create("u", body, ""))
    if (body.get("amount"), url[:6]) != (2**64, "postgr"):
        assert caught.value.field == culprit
    assert "x" * 21 not in f"{caught.value} {caught.value.hint}"
    assert transport.run(connector.read("u")).rows == []


def test_numbers_that_sqlite_would_round_are_refused(sqlite_with, open_sql):
    """Money that comes back as other money is worse than a refusal."""
    connector, transport = open_sql(
        sqlite_with("CREATE TABLE t (id INTEGER PRIMARY KEY, n NUMERIC, s TEXT)"), {"t": {}}
    )
    with pytest.raises(Refused, match="more digits"):
        transport.run(connector.create("t", {"n": 12345678901234567890}, ""))
    transport.run(connector.create("t", {"s": 12345678901234567890}, ""))
    assert stored(connector, transport, "1")["s"] == "12345678901234567890"


def test_offsets_are_never_dropped(sqlite_with, postgres_with, open_sql):
    """An instant written to a column of local time is that local time, and the other way round."""
    script = "CREATE TABLE t (id integer PRIMARY KEY, naive timestamp, aware {});"
    for url in (sqlite_with(script.format("timestamp")), postgres_with(script.format("timestamptz"))):
        connector, transport = open_sql(url, {"t": {}}, timezone="Europe/Berlin")
        body = {"id": 1, "naive": "2024-07-01T10:00:00Z", "aware": "2024-07-01T12:00:00"}
        record = transport.run(connector.create("t", body, "")).stored.record
        assert record["naive"] == "2024-07-01T12:00:00"
        assert record["aware"] in {"2024-07-01T10:00:00+00:00", "2024-07-01T12:00:00"}


def test_the_key_of_a_row_stays(make, open_sql):
    connector, transport = open_sql(make(), {"t": {}})
    created = transport.run(connector.create("t", {"name": "a"}, ""))
    with pytest.raises(Refused) as caught:
        transport.run(connector.update("t", Update(created.id, {"id": 77})))
    assert caught.value.field == "id"
    same = transport.run(connector.update("t", Update(created.id, {"id": int(created.id), "name": "b"})))
    assert same.stored.record["name"] == "b"
    nothing = transport.run(connector.update("t", Update(created.id, {})))
    assert nothing.stored == same.stored


def test_a_write_is_one_request_that_a_wrapper_can_see(sqlite_with, open_sql):
    """The flow asks for the shape of the table once, then for the change itself."""
    connector, transport = open_sql(sqlite_with(LITE), {"t": {}})
    flow = connector.create("t", {"name": "a"}, "k")
    request = flow.send(transport.answer(next(flow)))
    assert isinstance(request, Write)
    assert [(change.op, change.values) for change in request.changes] == [("insert", {"name": "a"})]
    assert request.kind == "write"


def test_flows_run_side_by_side(make, open_sql):
    connector, transport = open_sql(make(), {"t": {}})
    transport.run(connector.read("t"))
    outcomes = transport.run_all([connector.create("t", {"name": "n", "code": f"c{n % 10}"}, "") for n in range(20)])
    assert sorted(type(each).__name__ for each in outcomes) == ["Duplicate"] * 10 + ["Written"] * 10


TURN_AWAY = """CREATE SEQUENCE attempts;
  CREATE FUNCTION turn_away() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF nextval('attempts') <= {times} THEN RAISE EXCEPTION 'victim' USING ERRCODE = '{state}'; END IF;
    RETURN COALESCE(NEW, OLD); END $$;
  CREATE TRIGGER turn_away BEFORE INSERT OR DELETE ON t FOR EACH ROW EXECUTE FUNCTION turn_away();"""


@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_a_victim_of_other_transactions_is_tried_again_at_once(postgres_with, open_sql, state):
    """Who chose to be in two transactions at a time knows nothing of it: the database took all of one back."""
    url = postgres_with(POSTGRES + TURN_AWAY.format(times=2, state=state))
    connector, transport = open_sql(url, {"t": {}})
    [created] = transport.run(connector.create_many("t", [({"name": "a"}, "")]))
    assert isinstance(created, Written)
    run_script(url, "SELECT setval('attempts', 1)")
    transport.run(connector.delete("t", created.id))
    assert isinstance(transport.run(connector.get("t", created.id)), NotThere)


def test_a_lasting_conflict_is_told_after_a_few_tries(postgres_with, open_sql):
    """It is counted how often: a database that says no for good is not asked for ever."""
    url = postgres_with(POSTGRES + TURN_AWAY.format(times=1000, state="40001"))
    connector, transport = open_sql(url, {"t": {}})
    with pytest.raises(Unavailable, match="another transaction was in the way") as caught:
        transport.run(connector.create("t", {"name": "a"}, ""))
    assert caught.value.applied == "no"
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT nextval('attempts') BETWEEN 3 AND 20").fetchone() == (True,)
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (0,)
