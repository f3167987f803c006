"""A column is added as its field says, with any name, once, and to nothing else."""

import sqlite3

import pytest

from tallystick.connectors.describe.database import describe_database
from tallystick.connectors.sql_new_column import add_column
from tallystick.core.error import ProjectError
from tallystick.core.path import render
from tallystick.core.schema import Field
from tallystick.project.manifest import ObjectSpec


@pytest.fixture
def place(tmp_path):
    path = tmp_path / "erp.db"
    with sqlite3.connect(path) as connection:
        connection.execute("create table partners (id integer primary key)")
    connection.close()
    return path


def columns(place):
    connection = sqlite3.connect(place)
    try:
        return {row[1]: (row[2], row[3]) for row in connection.execute("pragma table_info(partners)")}
    finally:
        connection.close()


def add(place, field, name="partners"):
    add_column("erp", f"sqlite:///{place}", name, ObjectSpec(), field)


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        (Field("tier", "text", max_length=7), "VARCHAR(7)"),
        (Field("tier", "text"), "TEXT"),
        (Field("tier", "integer"), "BIGINT"),
        (Field("tier", "number"), "NUMERIC"),
        (Field("tier", "date"), "DATE"),
        (Field(render(('od"d: name',)), "boolean"), "BOOLEAN"),
    ],
)
def test_a_column_has_the_type_of_its_field_and_may_be_empty(place, field, kind):
    add(place, field)
    [(name, found)] = [(n, k) for n, k in columns(place).items() if n != "id"]
    assert found == (kind, 0)
    assert render((name,)) == field.path


@pytest.mark.parametrize("field", [Field("tags", "list"), Field("any"), Field("address.city", "text")])
def test_what_no_column_can_hold_is_refused(place, field):
    with pytest.raises(ProjectError, match="no column can be made"):
        add(place, field)
    assert set(columns(place)) == {"id"}


def test_a_column_that_is_there_is_not_made_again(place):
    add(place, Field("tier", "text"))
    with pytest.raises(ProjectError, match="there is a column 'tier' already"):
        add(place, Field("tier", "integer"))


def test_a_table_that_is_not_there_is_said(place):
    with pytest.raises(ProjectError, match="there is no table 'nowhere'"):
        add(place, Field("tier", "text"), name="nowhere")


NAMES = [
    "a b",
    "a'b",
    'a"b',
    "a`b",
    "a;b--",
    "a%b",
    "a%sb",
    "a:b",
    ":a",
    "a?b",
    "ä",
    "select",
    "a.b",
    "a[b]",
    "a\\b",
    "a\\:b",
]


@pytest.mark.parametrize("way", ["sqlite", "postgres", "mariadb"])
def test_a_name_is_only_a_name_in_every_database(request, way):
    """S16: no character of a table's or column's name changes the statement."""
    mark, table = "`" if way == "mariadb" else '"', "t'\"`;-- %s :x ?"
    quoted = mark + table.replace(mark, mark * 2) + mark
    url = request.getfixturevalue(f"{way}_with")(f"CREATE TABLE {quoted} (id integer PRIMARY KEY)")
    for name in NAMES:
        add_column("erp", url, table, ObjectSpec(), Field(render((name,)), "text", max_length=9))
    found = describe_database("erp", "x", url).objects[table].fields
    assert {path: spec.max_length for path, spec in found.items() if path != "id"} == {render((n,)): 9 for n in NAMES}


def test_where_we_do_not_know_the_dialect_we_say_so(request):
    url = request.getfixturevalue("odbc_address")(
        request.getfixturevalue("sqlite_with")("CREATE TABLE partners (id integer PRIMARY KEY)")
    )
    with pytest.raises(ProjectError, match="SQLite, PostgreSQL and MySQL only"):
        add_column("erp", url, "partners", ObjectSpec(), Field("tier", "text"))
