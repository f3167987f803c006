"""Rows of SQLite that are written many at a time fare as they would one by one, with a fraction of the statements."""

import sqlite3
from collections import Counter
from decimal import Decimal
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from tallystick.core.error import Absent, Duplicate, Refused, Stale
from tallystick.core.ports import Update, Written

COLUMNS = "name text NOT NULL CHECK (length(name) < 9), code text UNIQUE, amount numeric, flag boolean, at datetime"
ALL = "name text NOT NULL, code text UNIQUE {}, amount numeric, flag boolean, at datetime"
TABLES = {
    "a key that is given": f"CREATE TABLE t (id text PRIMARY KEY, {COLUMNS});",
    "a key that is drawn": f"CREATE TABLE t (id INTEGER PRIMARY KEY, {COLUMNS});",
    "a key that is never drawn twice": f"CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, {COLUMNS});",
    "a key of two columns": f"CREATE TABLE t (id integer, land text, {COLUMNS}, PRIMARY KEY (land, id));",
    "rows without number": f"CREATE TABLE t (id text, {COLUMNS}, PRIMARY KEY (id)) WITHOUT ROWID;",
    "a key that ignores case": f"CREATE TABLE t (id text COLLATE NOCASE PRIMARY KEY, {COLUMNS});",
    "a key of any type": f"CREATE TABLE t (id PRIMARY KEY, {COLUMNS});",
    "numbers by another name": f"CREATE TABLE t (id text PRIMARY KEY, ROWID text, oid text DEFAULT 'o', {COLUMNS});",
    "numbers without a name": f"CREATE TABLE t (id text PRIMARY KEY, rowid, oid, _rowid_, {COLUMNS});",
    "values that are filled in": """CREATE TABLE t (id text PRIMARY KEY, name text NOT NULL DEFAULT 'd', code text,
      amount numeric DEFAULT 5, flag boolean NOT NULL DEFAULT 0, at datetime DEFAULT '2024-01-01');""",
    "a version": f"CREATE TABLE t (id INTEGER PRIMARY KEY, {COLUMNS}, version integer);",
    "rows that replace others": f"""CREATE TABLE t (
      id text PRIMARY KEY ON CONFLICT REPLACE, {ALL.format("ON CONFLICT REPLACE")});""",
    "rows that are ignored": f"CREATE TABLE t (id INTEGER PRIMARY KEY, {ALL.format('ON CONFLICT IGNORE')});",
    "rows that are ignored by their key": f"""CREATE TABLE t (
      id text, {ALL.format("")}, PRIMARY KEY (id) ON CONFLICT IGNORE) WITHOUT ROWID;""",
    "a conflict that ends the transaction": f"""CREATE TABLE t (
      id text PRIMARY KEY, {ALL.format("ON CONFLICT ROLLBACK")});""",
    "a trigger that tidies": f"""CREATE TABLE t (id INTEGER PRIMARY KEY, {COLUMNS});
      CREATE TRIGGER tidy AFTER INSERT ON t BEGIN UPDATE t SET name = upper(name) WHERE id = NEW.id; END;""",
    "triggers that drop and remove": f"""CREATE TABLE t (id text PRIMARY KEY, {COLUMNS});
      CREATE TRIGGER drops BEFORE INSERT ON t WHEN NEW.name = 'b' BEGIN SELECT RAISE(IGNORE); END;
      CREATE TRIGGER removes AFTER INSERT ON t WHEN NEW.name = 'a' BEGIN DELETE FROM t WHERE id = NEW.id; END;""",
    "a trigger that adds rows": f"""CREATE TABLE t (id INTEGER PRIMARY KEY, {COLUMNS});
      CREATE TRIGGER adds AFTER INSERT ON t WHEN NEW.name = 'b' BEGIN INSERT INTO t (name) VALUES ('added'); END;""",
    "a trigger that gives other numbers": f"""CREATE TABLE t (id INTEGER PRIMARY KEY, {COLUMNS});
      CREATE TRIGGER renumber AFTER INSERT ON t BEGIN UPDATE t SET id = 1000000 - id WHERE id = NEW.id; END;""",
    "a trigger that changes other rows": f"""CREATE TABLE t (id INTEGER PRIMARY KEY, {COLUMNS});
      CREATE TRIGGER spreads AFTER UPDATE OF amount ON t
        BEGIN UPDATE t SET flag = 1, at = 'spread' WHERE id <> NEW.id; END;""",
    "rows that point to each other": """CREATE TABLE t (id text PRIMARY KEY, name text NOT NULL,
      code text REFERENCES t (id), amount numeric UNIQUE, flag boolean,
      at numeric REFERENCES t (amount) ON UPDATE CASCADE);""",
}
SPECS = {
    "a key of two columns": {"id": "land,id"},
    "a version": {"version": "version", "fields": {"id": {}, "name": {}, "code": {}, "amount": {}, "flag": {}}},
}

NAMES = st.sampled_from(["a", "b", "c", "d", "too long for it", None, 7])
IDS = st.sampled_from(["1", "2", "3", "A", "a", 5, "x\x00y", 12, None])
VALUES = {
    "code": st.sampled_from(["1", "2", "A", None]),
    "amount": st.sampled_from([1, Decimal("2.5"), Decimal("1e30"), "3", "many", 2**64, None]),
    "flag": st.sampled_from([True, False, None]),
    "at": st.sampled_from(["2024-01-31T10:00:00", "2024-01-31 10:00:00Z", 1, 2]),
}
BODIES = st.one_of(
    st.lists(st.fixed_dictionaries({"name": NAMES}, optional={"id": IDS, **VALUES}), min_size=4, max_size=9),
    st.lists(st.fixed_dictionaries({"name": NAMES}, optional=VALUES), min_size=4, max_size=9),
)
PATCHES = st.lists(
    st.tuples(st.integers(0, 12), st.booleans(), st.fixed_dictionaries({}, optional={"name": NAMES, **VALUES})),
    min_size=4,
    max_size=9,
)


@pytest.fixture
def twins(tmp_path, open_sql):
    """Give a function that opens two databases made by the same script."""
    numbers = count()

    def make(script, spec):
        pairs = []
        for _ in range(2):
            path = tmp_path / f"{next(numbers)}.db"
            connection = sqlite3.connect(path)
            connection.executescript(script)
            connection.close()
            pairs.append((path, *open_sql(f"sqlite:///{path}", {"t": spec})))
        return pairs

    return make


def shown(outcome):
    if isinstance(outcome, Written):
        return outcome
    return type(outcome).__name__, str(outcome), getattr(outcome, "field", "")


def rows_of(path):
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT * FROM t").fetchall()
    connection.close()
    return sorted(rows, key=repr)


def run_singly(connector, transport, updates):
    return transport.run_all([connector.update("t", update) for update in updates])


def run_at_once(connector, transport, updates):
    return transport.run(connector.update_many("t", updates))


@pytest.mark.parametrize("table", TABLES)
@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rounds=st.lists(st.tuples(BODIES, PATCHES), min_size=1, max_size=4))
def test_many_rows_fare_as_each_would_alone(twins, table, rounds):
    """The same rows are refused, for the same reason; the others are stored, and shown as they were stored (R-14.3)."""
    script, spec = TABLES[table], SPECS.get(table, {})
    [(one_path, one, one_transport), (path, many, transport)] = twins(script, spec)
    known = {}
    for drawn, patches in rounds:
        bodies = [{"land": "DE", **body} if "land" in script else body for body in drawn]
        singly = one_transport.run_all([one.create("t", body, "") for body in bodies])
        at_once = transport.run(many.create_many("t", [(body, "") for body in bodies]))
        assert [shown(each) for each in at_once] == [shown(each) for each in singly]
        known |= {each.id: each for each in singly if isinstance(each, Written)}
        updates = [
            Update(each.id, patch, each.version, each.stored.record if compared else None)
            for (at, compared, patch), each in zip(patches, list(known.values()), strict=False)
        ]
        updates += [Update("nobody", {"name": "a"})]
        singly = run_singly(one, one_transport, updates)
        at_once = run_at_once(many, transport, updates)
        assert [shown(each) for each in at_once] == [shown(each) for each in singly]
        assert rows_of(path) == rows_of(one_path)


def watch(transport):
    """Note the statements that a database of SQLite carries out from now on."""
    sent = []
    event.listen(transport._engine, "connect", lambda driver, _: driver.set_trace_callback(sent.append))
    return sent


def counted(sent):
    found = Counter(statement.split()[0] for statement in sent)
    sent.clear()
    return found


KEYED = ["a key that is given", "a key that is drawn", "a key of two columns", "rows without number"]


@pytest.mark.parametrize("table", KEYED)
def test_many_rows_are_read_back_by_one_statement(twins, table):
    """Each row costs its own insert and nothing else; a refused one does not make the others be written again."""
    script, spec = TABLES[table], SPECS.get(table, {})
    _, (_, connector, transport) = twins(script, spec)
    sent = watch(transport)
    draws = "drawn" in table
    bodies = [
        {"name": f"n{n}", "code": f"c{n}", "amount": Decimal(n) / 4} | ({} if draws else {"id": str(n)})
        for n in range(300)
    ]
    # Which columns a row leaves blank makes no difference.
    bodies = [
        body | ({"land": "DE"} if "land" in script else {}) | ({} if n % 3 else {"flag": True})
        for n, body in enumerate(bodies)
    ]
    transport.run(connector.read("t"))
    sent.clear()
    created = transport.run(connector.create_many("t", [(body, "") for body in bodies]))
    for each, body in zip(created, bodies, strict=True):
        assert (each.stored.record["code"], each.stored.record["amount"]) == (body["code"], body["amount"])
    assert [each.stored.record["flag"] for each in created] == [None if n % 3 else True for n in range(300)]
    assert len({statement.partition(" VALUES ")[0] for statement in sent if statement.startswith("INSERT")}) == 1
    once = counted(sent)
    assert (once["INSERT"], once["BEGIN"], once["COMMIT"]) == (300, 1, 1)
    assert once["SELECT"] <= 2
    bodies = [body | {"code": f"d{n}"} | ({} if draws else {"id": str(n + 300)}) for n, body in enumerate(bodies)]
    bad = {
        3: {"code": "c1"},
        4: {"code": "c1"},
        100: {"amount": Decimal("0.1234567890123456789")},
        150: {"name": None},
        299: {"name": "x" * 9},
    }
    outcomes = transport.run(connector.create_many("t", [(body | bad.get(n, {}), "") for n, body in enumerate(bodies)]))
    assert {n for n, each in enumerate(outcomes) if not isinstance(each, Written)} == set(bad)
    assert [type(outcomes[n]) for n in bad] == [Duplicate, Duplicate, Refused, Refused, Refused]
    assert [outcomes[n].field for n in bad] == ["code", "code", "amount", "name", "name"]
    good = [each for each in outcomes if isinstance(each, Written)]
    assert [each.stored.record["code"] for each in good] == [f"d{n}" for n in range(300) if n not in bad]
    twice = counted(sent)
    # The value that does not fit is never sent.
    assert (twice["INSERT"], twice["BEGIN"], twice["COMMIT"]) == (299, 1, 1)
    assert twice["SELECT"] <= 2


@pytest.mark.parametrize("table", KEYED)
def test_many_changes_are_compared_and_read_back_by_a_few_statements(twins, table):
    """Each row costs its own update and nothing else; what speaks against one change does not touch the others."""
    script, spec = TABLES[table], SPECS.get(table, {})
    _, (_, connector, transport) = twins(script, spec)
    sent = watch(transport)
    bodies = [{"name": f"n{n}", "code": f"c{n}", "id": 300 - n, "land": "DE"} for n in range(300)]
    bodies = [body if "land" in script else {k: v for k, v in body.items() if k != "land"} for body in bodies]
    created = transport.run(connector.create_many("t", [(body, "") for body in bodies]))
    assert [each.stored.record["code"] for each in created] == [f"c{n}" for n in range(300)]
    changes = [Update(each.id, {"name": f"m{n}"}, each.version, each.stored.record) for n, each in enumerate(created)]
    changes[5] = Update(created[5].id, {"name": "m5"}, None, created[5].stored.record | {"name": "another"})
    changes[6] = Update(created[6].id.replace("294", "777"), {"name": "m6"})
    changes[7] = Update(created[7].id, {"name": "x" * 9})
    changes[8] = Update(created[8].id, {"amount": "many"})
    sent.clear()
    outcomes = transport.run(connector.update_many("t", changes))
    assert [type(each) for each in outcomes[5:9]] == [Stale, Absent, Refused, Refused]
    good = [n for n in range(300) if n not in {5, 6, 7, 8}]
    assert [outcomes[n].id for n in good] == [created[n].id for n in good]
    assert [outcomes[n].stored.record["name"] for n in good] == [f"m{n}" for n in good]
    once = counted(sent)
    assert (once["UPDATE"], once["BEGIN"], once["COMMIT"]) == (297, 1, 1)
    # Before, after, and a look at those that were not changed.
    assert once["SELECT"] == 3


def test_rows_that_a_trigger_tidies_are_read_back_by_one_statement(twins):
    """As long as the trigger leaves the number of rows as it is."""
    _, (_, connector, transport) = twins(TABLES["a trigger that tidies"], {})
    sent = watch(transport)
    created = transport.run(connector.create_many("t", [({"name": f"n{n}"}, "") for n in range(300)]))
    assert [each.stored.record["name"] for each in created] == [f"N{n}" for n in range(300)]
    sent.clear()
    transport.run(connector.create_many("t", [({"name": f"m{n}"}, "") for n in range(300)]))
    assert counted(sent)["SELECT"] <= 2


def test_a_row_that_another_change_replaced_is_not_there(twins):
    """Whatever else would have spoken against its own change."""
    for each, run in zip(twins(TABLES["rows that replace others"], {}), (run_singly, run_at_once), strict=True):
        _, connector, transport = each
        transport.run(
            connector.create_many("t", [({"id": f"{n}", "name": "a", "code": f"c{n}"}, "") for n in range(4)])
        )
        patches = [{"code": "c1"}, {"amount": "many"}, {"name": "b"}, {"amount": "many"}]
        outcomes = run(connector, transport, [Update(f"{n}", patch) for n, patch in enumerate(patches)])
        assert [type(outcome) for outcome in outcomes] == [Written, Absent, Written, Refused]


def test_numbers_that_are_drawn_at_random_are_not_guessed(twins):
    """Behind the last number there is no order by which new rows would be known again."""
    script, spec = TABLES["a key that is drawn"], SPECS.get("a key that is drawn", {})
    _, (path, connector, transport) = twins(script, spec)
    transport.run(connector.create("t", {"id": 2**63 - 5, "name": "last"}, ""))
    created = transport.run(connector.create_many("t", [({"name": f"n{n}", "code": f"c{n}"}, "") for n in range(50)]))
    assert [each.stored.record["code"] for each in created] == [f"c{n}" for n in range(50)]
    assert {(each.stored.record["id"], each.stored.record["code"]) for each in created} == {
        (row[0], row[2]) for row in rows_of(path) if row[1] != "last"
    }


def test_rows_whose_key_is_a_time_are_changed(sqlite_with, open_sql):
    """The same instant may be spelled in two ways."""
    connector, transport = open_sql(sqlite_with("CREATE TABLE t (id datetime PRIMARY KEY, name text);"), {"t": {}})
    for month, days in ((1, 1), (2, 20)):
        moments = [f"2024-{month:02}-{day + 1:02}T10:00:00" for day in range(days)]
        created = transport.run(connector.create_many("t", [({"id": each, "name": "a"}, "") for each in moments]))
        assert [each.id for each in created] == moments
        updated = transport.run(connector.update_many("t", [Update(each.id, {"name": "b"}) for each in created]))
        assert [each.stored.record for each in updated] == [{"id": each, "name": "b"} for each in moments]
    assert transport.run(connector.read("t")).total == 21


def test_a_single_change_is_answered_and_not_raised(twins):
    """One of one that is refused is an outcome like one of many."""
    script, spec = TABLES["a key that is given"], SPECS.get("a key that is given", {})
    _, (_, connector, transport) = twins(script, spec)
    [outcome] = transport.run(connector.create_many("t", [({"id": "1", "name": None}, "")]))
    assert isinstance(outcome, Refused)
    [outcome] = transport.run(connector.update_many("t", [Update("1", {"name": "a"})]))
    assert isinstance(outcome, Absent)
