"""ODBC sources: what their catalogue calls tell, what is asked of them before, and how their refusals are read."""

import sys
from types import SimpleNamespace

import pytest
from sqlalchemy import column, literal_column, select, table

from tallystick.checklist.addresses import _database
from tallystick.checklist.scene import Address
from tallystick.connectors.describe.database import describe_database
from tallystick.connectors.sql_errors_odbc import explain_state
from tallystick.connectors.sql_odbc import OdbcDialect
from tallystick.connectors.sql_odbc_address import connection_part, odbc_passwords
from tallystick.connectors.sql_refusals import Outrun
from tallystick.connectors.sql_table import ColumnShape, TableShape
from tallystick.connectors.sql_transport import SqlTransport
from tallystick.core.error import AccessError, Duplicate, Error, ProjectError, Refused, RemoteError, Unavailable
from tallystick.core.ports import NotThere, Update, Written

TABLES = """
CREATE TABLE country (code varchar(2) NOT NULL PRIMARY KEY, name varchar(40) NOT NULL);
CREATE TABLE customers (
  id {serial}, name varchar(20) NOT NULL, vat varchar(20) UNIQUE, country varchar(2),
  score integer CHECK (score > 0), active boolean, revenue decimal(20, 4), born date, updated_at {moment},
  lock_version integer NOT NULL DEFAULT 1,
  FOREIGN KEY (country) REFERENCES country (code) ON DELETE CASCADE);
CREATE INDEX by_change ON customers (updated_at);
CREATE TABLE order_lines (number integer NOT NULL, line integer NOT NULL, text varchar(9), PRIMARY KEY (number, line));
CREATE TABLE order1lines (other integer NOT NULL PRIMARY KEY);
CREATE VIEW actives AS SELECT id, name FROM customers;
"""
SERIALS = {
    "sqlite": ("INTEGER PRIMARY KEY AUTOINCREMENT", "datetime"),
    "postgres": ("serial PRIMARY KEY", "timestamp"),
    "mariadb": ("integer AUTO_INCREMENT PRIMARY KEY", "datetime"),
}


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def source(request, odbc_address):
    """Give the address of the same small database behind each ODBC driver."""
    serial, moment = SERIALS[request.param]
    script = TABLES.format(serial=serial, moment=moment)
    return odbc_address(request.getfixturevalue(f"{request.param}_with")(script))


@pytest.fixture
def opened(source, open_sql):
    """Give (connector, transport) of the described source."""
    manifest = describe_database("crm", "${env:CRM}", source)
    return open_sql(source, manifest.model_dump(by_alias=True)["objects"])


def test_the_catalogue_is_described(source):
    manifest = describe_database("crm", "${env:CRM}", source)
    spec = manifest.objects["customers"]
    fields = spec.fields
    assert {name: each.id for name, each in manifest.objects.items()} == {
        "actives": "id", "country": "code", "customers": "id", "order1lines": "other", "order_lines": "number,line",
    }  # fmt: skip
    assert (fields["name"].max_length, fields["name"].required, fields["vat"].unique) == (20, True, True)
    assert (fields["country"].reference, fields["country"].cascades) == ("country", True)
    assert [fields[name].type for name in ("id", "revenue", "born")] == ["integer", "number", "date"]
    assert fields["active"].type == ("integer" if "MariaDB" in source else "boolean")  # its driver tells no difference
    assert (spec.since.param, spec.version, spec.claims.cas_write) == ("updated_at", "lock_version", True)
    assert list(manifest.objects["order_lines"].fields) == ["number", "line", "text"]
    assert all(each.read_only for each in manifest.objects["actives"].fields.values())
    assert any("through ODBC" in note for note in manifest.notes)


def test_comments_become_labels(odbc_address, mariadb_with):
    url = odbc_address(mariadb_with("CREATE TABLE t (id integer PRIMARY KEY COMMENT 'Number of the row')"))
    assert describe_database("crm", "x", url).objects["t"].fields["id"].label == "Number of the row"


REFUSED = [
    ({"name": None}, Refused),
    ({"name": "a", "score": -1}, Refused),
    ({"name": "a", "country": "XX"}, Refused),
    ({"name": "a", "vat": "zombie"}, Duplicate),
    ({"name": "a", "born": "zombie"}, Refused),
]


@pytest.mark.parametrize(("body", "kind"), REFUSED)
def test_a_refused_row_is_told_without_its_values(opened, body, kind):
    connector, transport = opened
    transport.run(connector.create("customers", {"name": "first", "vat": "zombie"}, ""))
    with pytest.raises(kind) as caught:
        transport.run(connector.create("customers", body, ""))
    assert "zombie" not in f"{caught.value} {caught.value.detail}"
    assert kind is Refused or caught.value.field == "vat"
    assert len(transport.run(connector.read("customers")).rows) == 1


def test_one_bad_row_does_not_keep_the_others_out(opened):
    connector, transport = opened
    bodies = [({"name": f"n{at}" if at != 3 else None, "vat": f"v{at}"}, "") for at in range(6)]
    outcomes = transport.run(connector.create_many("customers", bodies))
    assert [type(each) for each in outcomes] == [Written] * 3 + [Refused] + [Written] * 2
    assert len(transport.run(connector.read("customers")).rows) == 5


def test_a_change_that_meets_another_value_is_a_duplicate(opened):
    connector, transport = opened
    transport.run(connector.create("customers", {"name": "a", "vat": "1"}, ""))
    other = transport.run(connector.create("customers", {"name": "b", "vat": "2"}, ""))
    with pytest.raises(Duplicate) as caught:
        transport.run(connector.update("customers", Update(other.id, {"vat": "1"}, other.version)))
    assert caught.value.field == "vat"


def test_changes_are_listed_page_by_page_without_loss(opened):
    connector, transport = opened
    moment = "2024-05-01T10:00:00"
    bodies = [({"name": f"n{at}", "vat": str(at), "updated_at": moment}, "") for at in range(7)]
    old = {"name": "old", "vat": "old", "updated_at": "2024-04-01T10:00:00"}
    transport.run(connector.create_many("customers", [*bodies, (old, "")]))
    seen, position = [], None
    while True:
        page = transport.run(connector.read("customers", since=1714557600.0, position=position, page_size=2))
        seen += [connector.sight("customers", row).record["name"] for row in page.rows]
        position = page.next
        if position is None:
            break
    assert sorted(seen) == [f"n{at}" for at in range(7)]


def test_the_clock_of_the_source_is_asked(opened):
    connector, transport = opened
    assert transport.run(connector.read("customers")).server_time > 1_700_000_000


def test_a_source_that_knows_nothing_special_still_works(opened, monkeypatch):
    """No words for a number of rows, no clock, no number of the last row: what needs them says so or does without."""
    monkeypatch.setattr(OdbcDialect, "_learn", lambda dialect, driver: None)
    connector, transport = opened
    transport._engine.dispose()
    transport._engine.dialect.limits = transport._engine.dialect.clock = transport._engine.dialect.last_number = ""
    made = [
        transport.run(connector.create("order_lines", {"number": 1, "line": at, "text": "x"}, "")) for at in range(5)
    ]
    page = transport.run(connector.read("order_lines", page_size=2))
    assert [connector.sight("order_lines", row).id for row in page.rows] == ["1,0", "1,1"]
    assert (page.next is not None, page.total, page.server_time) == (True, 5, None)
    assert transport.run(connector.get("order_lines", made[4].id)).record["text"] == "x"
    with pytest.raises(ProjectError, match="time"):
        transport.run(connector.create("customers", {"name": "a", "vat": "1"}, ""))


def test_a_row_that_could_not_be_found_again_is_not_written(odbc_address, postgres_with, open_sql):
    url = postgres_with("CREATE TABLE t (id uuid DEFAULT gen_random_uuid() PRIMARY KEY, name text)")
    connector, transport = open_sql(odbc_address(url), {"t": {}})
    with pytest.raises(Refused, match="which it chose") as caught:
        transport.run(connector.create("t", {"name": "a"}, ""))
    assert "map the key" in caught.value.hint
    assert transport.run(connector.read("t")).rows == []


def test_a_number_that_a_trigger_drew_is_not_taken_for_ours(odbc_address, postgres_with, open_sql):
    url = postgres_with("""CREATE TABLE log (id serial PRIMARY KEY); SELECT setval('log_id_seq', 7);
      CREATE TABLE t (id serial PRIMARY KEY, name text);
      CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN INSERT INTO log DEFAULT VALUES; RETURN NULL; END $$;
      INSERT INTO t (id, name) VALUES (8, 'somebody else');
      CREATE TRIGGER note AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION note();""")
    connector, transport = open_sql(odbc_address(url), {"t": {}})
    outcome = None
    try:
        outcome = transport.run(connector.create("t", {"name": "a"}, ""))
    except Refused:
        assert len(transport.run(connector.read("t")).rows) == 1
    else:
        assert outcome.stored.record["name"] == "a"


def failure(url):
    transport = SqlTransport("db", url)
    from tallystick.connectors.sql_request import Inspect

    try:
        with pytest.raises(Error) as caught:
            transport.answer(Inspect("t"))
    finally:
        transport.close()
    assert "s3cret" not in f"{caught.value!r} {caught.value} {caught.value.hint} {caught.value.detail}"
    return caught.value


def test_what_cannot_be_reached_says_why(odbc_address, postgres_server, mariadb_server):
    host, port = postgres_server
    assert isinstance(failure("odbc:no-such-source"), ProjectError)
    assert isinstance(failure("odbc:Driver={No Such Driver};Pwd=s3cret"), ProjectError)
    wrong = failure(f"odbc:Driver={{PostgreSQL Unicode}};Server={host};Port={port};Database=postgres;Uid=u;Pwd=s3cret")
    assert isinstance(wrong, AccessError | Unavailable)
    wrong = failure(f"odbc:Driver={{MariaDB Unicode}};Server={host};Port={mariadb_server[1]};Uid=u;Pwd=s3cret")
    assert isinstance(wrong, AccessError)
    gone = failure("odbc:Driver={MariaDB Unicode};Server=127.0.0.1;Port=1;Uid=u;Pwd=s3cret")
    assert isinstance(gone, Unavailable)


def test_a_missing_driver_manager_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyodbc", None)
    with pytest.raises(ProjectError) as caught:
        SqlTransport("db", "odbc:anything")
    assert "unixodbc" in caught.value.hint


def test_an_address_shows_nothing_of_its_text(odbc_address, sqlite_with):
    transport = SqlTransport("db", odbc_address(sqlite_with("")) + ";Pwd=s3cret")
    assert "s3cret" not in f"{transport._engine!r} {transport._engine.url}"
    transport.close()


def test_the_password_never_lands_in_the_manifest(odbc_address, sqlite_with):
    url = odbc_address(sqlite_with("CREATE TABLE t (id INTEGER PRIMARY KEY)")) + ";Pwd=s3cret"
    assert "s3cret" not in describe_database("crm", "${env:CRM}", url).model_dump_json()
    with pytest.raises(ProjectError, match="password"):
        describe_database("crm", url, url)


@pytest.mark.parametrize(("text", "parts"), [
    ("DSN=x;Pwd=a b", ("a b",)), ("Driver={A;B};PWD={s;}}x};Uid=u", ("s;}x",)), ("dsn=x; Password = p ;", ("p",)),
    ("odbc:DSN=x;Uid=u", ()), ("DSN=x;Pwd=", ()),
])  # fmt: skip
def test_passwords_are_found_in_connection_strings(text, parts):
    assert odbc_passwords(text) == parts


def test_parts_are_read_whatever_their_case():
    assert connection_part("Driver={X};SERVER=h;port=1", "host", "server") == "h"
    assert connection_part("Driver={X}", "server") == ""


@pytest.mark.parametrize(("url", "address"), [
    ("odbc:Driver={X};Server=db.example.com;Port=5432;Pwd=s3cret", Address("db.example.com", 5432)),
    ("odbc:Driver={X};Server=tcp:sql.example.com,1433", Address("sql.example.com", 1433)),
    ("odbc:erp", Address("", note="an ODBC data source of this machine")),
    ("mysql://u:p@db.example.com/d", Address("db.example.com", 3306)),
])  # fmt: skip
def test_the_address_to_probe_is_read_from_the_url(url, address):
    assert _database(url) == address


@pytest.mark.parametrize(("style", "expected"), [
    ("LIMIT", "SELECT t.a FROM t ORDER BY t.a LIMIT 3"),
    ("FETCH", "SELECT t.a FROM t ORDER BY t.a FETCH FIRST 3 ROWS ONLY"),
    ("TOP", "SELECT TOP 3 t.a FROM t ORDER BY t.a"),
    ("FIRST", "SELECT FIRST 3 t.a FROM t ORDER BY t.a"),
    ("", "SELECT t.a FROM t ORDER BY t.a"),
])  # fmt: skip
def test_a_number_of_rows_is_asked_for_in_the_words_of_the_source(style, expected):
    dialect = OdbcDialect()
    dialect.limits = style
    source = table("t", column("a"))
    for rows in (3, literal_column("3")):
        statement = select(source.c.a).order_by(source.c.a).limit(rows)
        compiled = statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
        assert " ".join(str(compiled).split()) == expected


SHAPE = TableShape(dialect="odbc", name="t", schema="", columns={n: ColumnShape(n, "text") for n in ("id", "name")})
STATES = [
    ("23505", "duplicate key value violates unique constraint", Duplicate, ""),
    ("23000", "[SQL Server]Violation of UNIQUE KEY constraint 'u'. (2627) (SQLExecDirectW)", Duplicate, ""),
    ("23000", "Cannot insert the value NULL into column 'name', table 't' (515) (SQLExecDirectW)", Refused, "name"),
    ("22001", "String or binary data would be truncated in column 'name'. Truncated value: 'zombie'", Refused, "name"),
    ("HY000", "[SQLite]NOT NULL constraint failed: t.name (19) (19) (SQLExecDirectW)", Refused, "name"),
    ("HY000", "[SQLite]database is locked (5) (SQLExecDirectW)", Outrun, ""),
    ("HY000", "[SQLite]attempt to write a readonly database (8) (SQLExecDirectW)", AccessError, ""),
    ("42000", "The INSERT permission was denied on the object 't' (229) (SQLExecDirectW)", AccessError, ""),
    ("40001", "Transaction was deadlocked", Outrun, ""),
    ("42S02", "Invalid object name 'zombie'", AccessError, ""),
    ("08S01", "Communication link failure", Unavailable, ""),
    ("HYT00", "Query timeout expired", Unavailable, ""),
    ("28000", "Login failed for user 'zombie'", AccessError, ""),
    ("25006", "cannot execute INSERT in a read-only transaction", AccessError, ""),
    ("HY000", "something new about 'zombie'", RemoteError, ""),
]  # fmt: skip


@pytest.mark.parametrize(("state", "message", "kind", "field"), STATES, ids=[f"{s} {m[:20]}" for s, m, _, _ in STATES])
def test_states_and_words_are_read(state, message, kind, field):
    error = explain_state(state, message, "db/t", SHAPE)
    assert type(error) is kind
    assert getattr(error, "field", "") == field
    assert "zombie" not in f"{error} {error.detail} {error.hint}"


def test_names_that_cannot_be_quoted_are_left_out():
    dialect = OdbcDialect()
    dialect.can_quote = False
    rows = [
        SimpleNamespace(table_name=name, table_cat="", table_schem="", table_type="TABLE") for name in ("ok_1", "a b")
    ]
    dialect._ask = lambda connection, what, **names: rows
    dialect.default_schema_name = None
    assert dialect.get_table_names(None) == ["ok_1"]


def test_a_row_of_another_table_with_a_similar_name_is_not_taken(opened):
    """To a driver the name that is asked for is a pattern, in which an underscore means any character."""
    connector, transport = opened
    assert isinstance(transport.run(connector.get("order_lines", "1,1")), NotThere)


def test_writes_side_by_side_do_not_turn_each_other_away(opened):
    """Each looks at its row before it changes it, so that two of them may wait for each other; one begins again."""
    connector, transport = opened
    bodies = [({"name": f"n{at}", "vat": f"v{at}"}, "") for at in range(24)]
    made = transport.run(connector.create_many("customers", bodies))
    updates = transport.run_all([connector.update("customers", Update(each.id, {"score": 1})) for each in made[:12]])
    assert [type(each) for each in updates] == [Written] * 12
    assert transport.run_all([connector.delete("customers", each.id) for each in made[:12]]) == [None] * 12
    assert len(transport.run(connector.read("customers")).rows) == 12
