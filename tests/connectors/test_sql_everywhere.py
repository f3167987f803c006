"""What must hold however a database is reached: names are only names, and two writers do not undo each other."""

import sys
import threading

import pytest
from sqlalchemy.dialects import mssql, oracle

from tallystick.connectors.describe.database import describe_database
from tallystick.connectors.moment import zone
from tallystick.connectors.sql_clock import DatabaseClock
from tallystick.connectors.sql_listing import Listing
from tallystick.connectors.sql_plain_write import PlainRowWriter
from tallystick.connectors.sql_table import ColumnShape, TableShape
from tallystick.connectors.sql_target import make_target
from tallystick.connectors.sql_transport import SqlTransport
from tallystick.core.error import Error, ProjectError, Stale, Unavailable
from tallystick.core.ports import Update, Written
from tallystick.project.manifest import ObjectSpec

WAYS = ["sqlite", "postgres", "mariadb", "sqlite odbc", "postgres odbc", "mariadb odbc"]


@pytest.fixture(params=WAYS)
def reached(request):
    """Give a function that runs a script in a fresh database and returns the address by each way there is."""
    kind, _, through = request.param.partition(" ")
    make = request.getfixturevalue(f"{kind}_with")
    return (lambda script: request.getfixturevalue("odbc_address")(make(script))) if through else make


NAMES = ["a b", "a'b", 'a"b', "a`b", "a;b--", "a%b", "a%sb", "a:b", "a?b", "ä", "select", "a.b", "a[b]", "A_b", "a\\b"]


def spelled(name, reached_by):
    mark = "`" if "mariadb" in reached_by else '"'
    return mark + name.replace(mark, mark * 2) + mark


def test_a_name_from_the_catalogue_is_only_a_name(reached, request, open_sql):
    """No character of a table's or column's name changes a statement (S16)."""
    way = request.node.callspec.params["reached"]
    table = "t'\"`;-- %s :x ?"
    columns = ", ".join(f"{spelled(name, way)} varchar(20)" for name in NAMES)
    script = f"CREATE TABLE {spelled(table, way)} (id integer PRIMARY KEY, {columns})"
    url = reached(script)
    manifest = describe_database("db", "x", url)
    assert list(manifest.objects) == [table]
    connector, transport = open_sql(url, manifest.model_dump(by_alias=True)["objects"])
    body = {name: f"{at} x'; --" for at, name in enumerate(NAMES)}
    written = transport.run(connector.create(table, {"id": 1, **body}, ""))
    assert written.stored.record == {"id": 1, **body}
    for name in NAMES:
        seen = transport.run(connector.get(table, "1"))
        changed = transport.run(connector.update(table, Update("1", {name: "%s ? :x"}, seen.version)))
        [row] = transport.run(connector.read(table)).rows
        assert connector.sight(table, row) == changed.stored
        [found] = transport.run(connector.find(table, (name,), "%s ? :x"))
        assert found == changed.stored


def test_of_two_writers_only_one_wins(reached, open_sql):
    """Both decided on the same row; whoever is second is told so, and nobody's change is lost."""
    url = reached("CREATE TABLE t (id integer PRIMARY KEY, name varchar(20)); INSERT INTO t VALUES (1, 'a')")
    spec = {"t": {"claims": {"cas_write": True}}}
    outcomes, barrier = [], threading.Barrier(2, timeout=30)
    connector, transport = open_sql(url, spec)
    seen = transport.run(connector.get("t", "1"))

    def write(name):
        mine, way = open_sql(url, spec)
        way.run(mine.get("t", "1"))
        barrier.wait()
        for _ in range(20):
            try:
                outcomes.append(way.run(mine.update("t", Update("1", {"name": name}, seen.version))))
            except Unavailable:
                continue  # they were in each other's way: nothing was written, and it may be tried again
            except Error as error:
                outcomes.append(error)
            return

    threads = [threading.Thread(target=write, args=(name,)) for name in ("b", "c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(type(each).__name__ for each in outcomes) == [Stale.__name__, Written.__name__]
    [winner] = [each for each in outcomes if isinstance(each, Written)]
    assert transport.run(connector.get("t", "1")) == winner.stored


@pytest.mark.parametrize("dialect", [mssql.dialect(), oracle.dialect()], ids=["mssql", "oracle"])
def test_statements_can_be_spelled_for_systems_that_were_never_tried(dialect):
    columns = {"id": ColumnShape("id", "integer", nullable=False), "at": ColumnShape("at", "local_time")}
    shape = TableShape(dialect=dialect.name, name="t", schema="s", columns=columns, key=("id",), uniques=(("id",),))
    spec = ObjectSpec.model_validate({"since": {"param": "at"}, "modified": "at"})
    target = make_target(shape, spec, zone("UTC", ""), "db/t")
    listing = Listing(target, "at", zone("UTC", ""))
    statements = [DatabaseClock(), listing.page(1.0, '["2024-01-01T00:00:00", 5]', 10)[0], listing.count()[0]]
    writer = PlainRowWriter(None, target)
    statements += [writer._by(("id",)), writer._select()]
    for statement in statements:
        assert str(statement.compile(dialect=dialect))


def test_an_oracle_or_sql_server_address_is_read(monkeypatch, odbc_address):
    """Their drivers may be missing; then that is what is said, and not that the address is wrong."""
    SqlTransport("db", "mssql://u:s3cret@h/d?driver=X").close()
    monkeypatch.setitem(sys.modules, "oracledb", None)
    with pytest.raises(ProjectError, match="driver for Oracle") as caught:
        SqlTransport("db", "oracle://u:s3cret@h/?service_name=d")
    assert "pip install" in caught.value.hint
