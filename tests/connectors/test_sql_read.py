"""Reading tables: exact values, key order, changes since an instant, odd rows and odd names."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.connectors.sql_table import join_id, split_id
from tallystick.core.error import DataError, Garbled, ProjectError
from tallystick.core.ports import NotThere, Update


def rows(connector, transport, name, **arguments):
    """Read a whole listing; give its records, or the error of a row."""
    found, position = [], None
    while True:
        page = transport.run(connector.read(name, position=position, **arguments))
        found += [seen(connector, name, row) for row in page.rows]
        if page.next is None:
            return found
        position = page.next


def seen(connector, name, row):
    try:
        return connector.sight(name, row)
    except DataError as error:
        return error


def epoch(text, zone=UTC):
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()


@given(st.lists(st.text(max_size=5), min_size=2, max_size=4))
def test_a_composite_id_gives_its_parts_back(parts):
    assert split_id(join_id(parts), len(parts)) == tuple(parts)
    assert split_id(join_id(parts), len(parts) + 1) is None


@given(st.text())
def test_the_id_of_one_column_is_its_value(text):
    assert split_id(join_id([text]), 1) == (text,)


POSTGRES_VALUES = """
CREATE TYPE mood AS ENUM ('happy', 'sad');
CREATE TABLE t (id serial PRIMARY KEY, amount numeric, ratio float8, small real, big bigint, doc jsonb, raw json,
  bin bytea, tags text[], grid int[][], u uuid, m mood, at timestamptz, naive timestamp, day date, clock time,
  span interval, ip inet, flag boolean, fixed char(4), nothing text);
INSERT INTO t VALUES (1, 12345678901234567890.1200, 0.1, 0.1, 9007199254740993, '{"x": 1.10}', '{"a": 1.0 ,"a":2}',
  '\\x00ff', '{a,"b,c",NULL}', '{{1,2},{3,4}}', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'sad',
  '2024-01-01 10:00:00.123456+02', '2024-01-01 10:00:00', '2024-02-29', '10:30', '1 day 2 hours', '10.0.0.1', true,
  'ab');
INSERT INTO t (id, amount, ratio, at, naive, day) VALUES
  (2, 'NaN', 'Infinity', 'infinity', '-infinity', '0044-03-15 BC');
"""


def test_postgres_values_are_exact(postgres_with, open_sql):
    connector, transport = open_sql(postgres_with(POSTGRES_VALUES), {"t": {}})
    first, second = (each.record for each in rows(connector, transport, "t"))
    assert first == {
        "id": 1, "amount": Decimal("12345678901234567890.1200"), "ratio": Decimal("0.1"), "small": Decimal("0.1"),
        "big": 9007199254740993, "doc": {"x": Decimal("1.10")}, "raw": {"a": 2}, "bin": "AP8=",
        "tags": ["a", "b,c", None], "grid": [[1, 2], [3, 4]], "u": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "m": "sad",
        "at": "2024-01-01T08:00:00.123456+00:00", "naive": "2024-01-01T10:00:00", "day": "2024-02-29",
        "clock": "10:30:00", "span": "1 day 02:00:00", "ip": "10.0.0.1", "flag": True, "fixed": "ab  ", "nothing": None,
    }  # fmt: skip
    assert str(first["amount"]) == "12345678901234567890.1200"
    # What JSON and Python have no word for stays what it is, and does not become blank.
    assert (second["amount"], second["ratio"], second["at"], second["naive"], second["day"]) == (
        "NaN", "Infinity", "infinity", "-infinity", "0044-03-15 BC",
    )  # fmt: skip


def test_what_postgres_said_it_takes_back(postgres_with, open_sql):
    """Every kind of value can be written as it was read, alone and by COPY."""
    script = POSTGRES_VALUES.replace("serial PRIMARY KEY", "serial PRIMARY KEY, n int")
    script = script.replace("VALUES (1, ", "VALUES (1, 0, ") + "SELECT setval('t_id_seq', 100);"
    connector, transport = open_sql(postgres_with(script), {"t": {}})
    [first, _] = rows(connector, transport, "t")
    body = {name: value for name, value in first.record.items() if name not in {"id", "n"}}
    bodies = [(body | {"n": number}, "") for number in range(30)]
    one = transport.run(connector.create("t", body | {"n": 99}, ""))
    many = transport.run(connector.create_many("t", bodies))
    expected = [99, *range(30)]
    for written, number in zip([one, *many], expected, strict=True):
        assert {k: v for k, v in written.stored.record.items() if k != "id"} == body | {"n": number}


SQLITE_VALUES = """
CREATE TABLE t (id INTEGER PRIMARY KEY, amount DECIMAL(10, 2), ratio REAL, big INTEGER, doc JSON, bin BLOB, at DATETIME,
  flag BOOLEAN, day DATE, anything);
INSERT INTO t VALUES (1, 19.99, 0.1, 9007199254740993, '{"x":1.10}', x'00ff', '2024-01-01 10:00:00.5', 1, '2024-02-29',
  'x');
INSERT INTO t VALUES (2, 'n/a', 9e999, 2, 'no json', 'text', 'yesterday', 7, '', 1.5);
"""


def test_sqlite_values_are_exact_whatever_a_column_declares(sqlite_with, open_sql):
    connector, transport = open_sql(sqlite_with(SQLITE_VALUES), {"t": {}})
    first, second = (each.record for each in rows(connector, transport, "t"))
    assert first == {
        "id": 1, "amount": Decimal("19.99"), "ratio": Decimal("0.1"), "big": 9007199254740993,
        "doc": {"x": Decimal("1.10")}, "bin": "AP8=", "at": "2024-01-01T10:00:00.5", "flag": True, "day": "2024-02-29",
        "anything": "x",
    }  # fmt: skip
    assert second == {
        "id": 2, "amount": "n/a", "ratio": "inf", "big": 2, "doc": "no json", "bin": "text", "at": "yesterday",
        "flag": 7, "day": "", "anything": Decimal("1.5"),
    }  # fmt: skip


def test_a_row_that_is_no_text_costs_itself_only(sqlite_with, open_sql):
    values = "(1, 'a'), (2, CAST(x'ff41' AS TEXT)), (3, 'c')"
    script = f"CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO t VALUES {values}"
    connector, transport = open_sql(sqlite_with(script), {"t": {}})
    first, broken, third = rows(connector, transport, "t")
    assert (first.id, third.id) == ("1", "3")
    assert isinstance(broken, DataError)
    assert broken.field == "name"
    assert transport.run(connector.get("t", "3")).record["name"] == "c"


def test_rows_without_key_are_shown_and_refused_one_by_one(sqlite_with, open_sql):
    """SQLite lets keys be NULL; such rows must neither vanish nor stop a listing."""
    values = "(NULL, 1), ('b', 2), ('', 3), (NULL, 4), ('a', 5)"
    script = f"CREATE TABLE t (id TEXT PRIMARY KEY, n INT); INSERT INTO t VALUES {values}"
    connector, transport = open_sql(sqlite_with(script), {"t": {}})
    found = rows(connector, transport, "t", page_size=2)
    assert [each.id for each in found if not isinstance(each, DataError)] == ["a", "b"]
    assert sum(isinstance(each, DataError) for each in found) == 3


def test_equal_times_lose_and_repeat_nothing(sqlite_with, postgres_with, open_sql):
    """Pages of one row, seven rows of one instant (R-11.5)."""
    script = "CREATE TABLE t (id integer PRIMARY KEY, at timestamp);" + "".join(
        f"INSERT INTO t VALUES ({number}, '2024-01-01 10:00:00');" for number in range(7)
    )
    # The column that is asked by is the time of change, unless another is named.
    spec = {"since": {"param": "at"}}
    for url in (sqlite_with(script), postgres_with(script)):
        connector, transport = open_sql(url, {"t": spec})
        assert connector.capabilities("t").since
        since = epoch("2024-01-01T10:00:00")
        assert [each.id for each in rows(connector, transport, "t", since=since, page_size=1)] == list("0123456")
        assert rows(connector, transport, "t", since=since + 1, page_size=1) == []


SPELLINGS = {
    "blank": "%Y-%m-%d %H:%M:%S",
    "fraction": "%Y-%m-%d %H:%M:%S.%f",
    "T": "%Y-%m-%dT%H:%M:%S",
    "Z": "%Y-%m-%dT%H:%M:%SZ",
    "offset": "%Y-%m-%dT%H:%M:%S+00:00",
    "blank Z": "%Y-%m-%d %H:%M:%SZ",
}


@pytest.mark.parametrize("declared", ["DATETIME", "TEXT"])
@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_sqlite_finds_changes_however_times_are_spelled(sqlite_with, open_sql, spelling, declared):
    start = datetime(2024, 5, 1, 22, tzinfo=UTC)
    moments = [start + timedelta(hours=number) for number in range(5)]
    values = ",".join(f"({number}, '{moment.strftime(spelling)}')" for number, moment in enumerate(moments))
    url = sqlite_with(f"CREATE TABLE t (id INTEGER PRIMARY KEY, at {declared}); INSERT INTO t VALUES {values}")
    connector, transport = open_sql(url, {"t": {"modified": "at", "since": {"param": "at"}}})
    for number, moment in enumerate(moments):
        listed = rows(connector, transport, "t", since=moment.timestamp(), page_size=2)
        assert [each.id for each in listed] == [str(each) for each in range(number, 5)]
    assert listed[-1].modified == moments[-1].timestamp()


def test_our_own_times_are_spelled_like_the_columns(sqlite_with, open_sql):
    """A row that we write sorts among the others, or a listing of changes would miss it."""
    script = """CREATE TABLE t (id INTEGER PRIMARY KEY, at DATETIME, n INT, ms INTEGER, plain TEXT);
    INSERT INTO t VALUES (1, '2024-05-01T10:00:00Z', 0, 1714557600000, '2024-05-01 12:00:00')"""
    connector, transport = open_sql(
        sqlite_with(script), {"t": {"modified": "at", "since": {"param": "at"}}}, timezone="Europe/Berlin"
    )
    body = {"at": "2024-05-01T14:00:00+02:00"}
    assert transport.run(connector.create("t", body, "")).stored.record["at"] == "2024-05-01T12:00:00Z"
    assert [each.id for each in rows(connector, transport, "t", since=epoch("2024-05-01T11:00:00+00:00"))] == ["2"]


@pytest.mark.parametrize(("spelling", "factor"), [("unix", 1), ("unix_ms", 1000)])
def test_counted_times_are_compared_as_numbers(sqlite_with, postgres_with, open_sql, spelling, factor):
    script = "CREATE TABLE t (id integer PRIMARY KEY, at bigint, n integer);" + "".join(
        f"INSERT INTO t VALUES ({number}, {(1_700_000_000 + number) * factor}, 0);" for number in range(4)
    )
    spec = {"modified": "at", "modified_format": spelling, "since": {"param": "at"}}
    for url in (sqlite_with(script), postgres_with(script)):
        connector, transport = open_sql(url, {"t": spec})
        listed = rows(connector, transport, "t", since=1_700_000_002.0)
        assert [(each.id, each.modified) for each in listed] == [("2", 1_700_000_002), ("3", 1_700_000_003)]
        written = transport.run(connector.update("t", Update("0", {"n": 1})))
        server = transport.run(connector.read("t")).server_time
        assert abs(written.stored.modified - server) < 60


def test_local_times_are_read_in_the_systems_zone(sqlite_with, postgres_with, open_sql):
    """In the hour that autumn repeats nothing that changed since is missed (R-11.11)."""
    berlin = ZoneInfo("Europe/Berlin")
    start = datetime(2024, 10, 26, 22, tzinfo=UTC)
    moments = [start + timedelta(minutes=20 * number) for number in range(18)]
    script = "CREATE TABLE t (id integer PRIMARY KEY, at timestamp);" + "".join(
        f"INSERT INTO t VALUES ({number}, '{moment.astimezone(berlin):%Y-%m-%d %H:%M:%S}');"
        for number, moment in enumerate(moments)
    )
    spec = {"modified": "at", "since": {"param": "at"}}
    for url in (sqlite_with(script), postgres_with(script)):
        connector, transport = open_sql(url, {"t": spec}, timezone="Europe/Berlin")
        for number, moment in enumerate(moments):
            listed = {int(each.id) for each in rows(connector, transport, "t", since=moment.timestamp())}
            assert set(range(number, 18)) <= listed
        # The first reading of an ambiguous time is the earlier one, so that a cursor made of it is never too late.
        by_id = {int(each.id): each.modified for each in rows(connector, transport, "t")}
        assert all(by_id[number] <= moment.timestamp() for number, moment in enumerate(moments))
        assert by_id[0] == moments[0].timestamp()
        assert by_id[17] == moments[17].timestamp()


ODD = ['a "quoted" name', "per%cent %(s)s", "semi;colon--", "spaß", "select", "tally_n", "k0", "a'b", ":colon"]


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_odd_names_are_only_names(request, open_sql, kind):
    """Tables and columns may be called anything; nothing of it is ever run (S16)."""
    quoted = ['"' + name.replace('"', '""') + '"' for name in ODD]
    columns = ", ".join(f"{name} text" for name in quoted)
    table = '"tally_rows"'
    script = f'CREATE TABLE {table} ("id %s" integer PRIMARY KEY, {columns})'
    if kind == "postgres":
        import psycopg

        url = request.getfixturevalue("postgres_url")()
        with psycopg.connect(url) as connection:
            connection.execute(script)
    else:
        url = request.getfixturevalue("sqlite_with")(script)
    connector, transport = open_sql(url, {"odd": {"table": {"name": "tally_rows"}, "id": "id %s"}})
    body = {name: f"{name}!" for name in ODD}
    created = transport.run(connector.create_many("odd", [(body | {"id %s": n}, "") for n in range(25)]))
    assert [each.stored.record for each in created] == [{"id %s": n} | body for n in range(25)]
    patch = dict.fromkeys(ODD, "new")
    updated = transport.run(
        connector.update_many("odd", [Update(each.id, patch, current=each.stored.record) for each in created])
    )
    assert [each.stored.record for each in updated] == [{"id %s": n} | patch for n in range(25)]
    assert [each.record for each in rows(connector, transport, "odd", page_size=10)] == [
        {"id %s": n} | patch for n in range(25)
    ]
    for name in ODD:
        assert len(transport.run(connector.find("odd", (name,), "new"))) == 25
        assert transport.run(connector.find("odd", (name,), "' OR 1=1 --")) == []


@pytest.mark.parametrize("spec", [
    {"table": {"name": "custmers"}},
    {"table": {"name": "customers"}, "id": "idd"},
    {"table": {"name": "customers"}, "modified": "updated"},
])  # fmt: skip
def test_a_wrong_name_is_told_with_the_right_one(sqlite_with, open_sql, spec):
    connector, transport = open_sql(
        sqlite_with("CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, updated_at DATETIME)"), {"c": spec}
    )
    with pytest.raises(ProjectError) as caught:
        transport.run(connector.read("c"))
    assert "did you mean" in caught.value.hint
    assert caught.value.place.startswith("db/")


def test_a_key_that_is_not_unique_is_no_key(sqlite_with, open_sql):
    """Rows with equal keys would be lost at the border of a page."""
    connector, transport = open_sql(sqlite_with("CREATE TABLE t (id INTEGER, name TEXT)"), {"t": {}})
    with pytest.raises(ProjectError, match="does not tell the rows"):
        transport.run(connector.read("t"))


def test_only_described_columns_are_read(sqlite_with, open_sql):
    script = (
        "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, secret TEXT, v INT); INSERT INTO t VALUES (1, 'a', 'b', 3)"
    )
    connector, transport = open_sql(sqlite_with(script), {"t": {"version": "v", "fields": {"name": {}}}})
    [only] = rows(connector, transport, "t")
    assert only.record == {"id": 1, "name": "a", "v": 3}


def test_the_first_page_tells_time_and_total(sqlite_with, postgres_with, open_sql):
    script = "CREATE TABLE t (id integer PRIMARY KEY);" + "".join(f"INSERT INTO t VALUES ({n});" for n in range(5))
    for url in (sqlite_with(script), postgres_with(script)):
        connector, transport = open_sql(url, {"t": {}})
        first = transport.run(connector.read("t", page_size=3))
        second = transport.run(connector.read("t", position=first.next, page_size=3))
        assert (first.total, len(first.rows), len(second.rows), second.next) == (5, 3, 2, None)
        assert first.server_time > 1_700_000_000


def test_positions_of_another_listing_are_refused(sqlite_with, open_sql):
    connector, transport = open_sql(sqlite_with("CREATE TABLE t (id INTEGER PRIMARY KEY)"), {"t": {}})
    for position in ("[1,2]", "nonsense", "{}", "[]"):
        with pytest.raises(Garbled):
            transport.run(connector.read("t", position=position))


def test_ids_that_no_row_can_have_are_not_there(sqlite_with, postgres_with, open_sql):
    script = "CREATE TABLE t (id integer PRIMARY KEY); CREATE TABLE p (a integer, b text, PRIMARY KEY (a, b))"
    for url in (sqlite_with(script), postgres_with(script)):
        connector, transport = open_sql(url, {"t": {}, "p": {"id": "a,b"}})
        for name, record_id in [("t", "x"), ("t", ""), ("t", "9" * 30), ("p", "1"), ("p", "1,2,3"), ("p", "x,y")]:
            assert transport.run(connector.get(name, record_id)) == NotThere()


def test_a_view_can_be_listed(postgres_with, open_sql):
    script = "CREATE TABLE t (id integer PRIMARY KEY); INSERT INTO t VALUES (1), (2); CREATE VIEW v AS SELECT id FROM t"
    connector, transport = open_sql(postgres_with(script), {"v": {}})
    assert [each.id for each in rows(connector, transport, "v", page_size=1)] == ["1", "2"]
