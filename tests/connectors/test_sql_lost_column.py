"""A column that the manifest names and the table has lost is unknown: all other columns are read and written."""

import pytest

from tallystick.core.error import ProjectError, Refused
from tallystick.core.ports import Update

SCRIPT = "CREATE TABLE t (id integer PRIMARY KEY, name varchar(20)); INSERT INTO t VALUES (1, 'a')"
FIELDS = {"id": {"type": "integer"}, "name": {"type": "text"}, "phone": {"type": "text"}}


@pytest.fixture(params=["sqlite", "postgres"])
def url(request):
    return request.getfixturevalue(f"{request.param}_with")(SCRIPT)


def test_it_is_not_in_a_record_that_is_read(url, open_sql):
    connector, transport = open_sql(url, {"t": {"fields": FIELDS}})
    [row] = transport.run(connector.read("t")).rows
    assert connector.sight("t", row).record == {"id": 1, "name": "a"}
    assert transport.run(connector.get("t", "1")).record == {"id": 1, "name": "a"}
    assert [f.path for f in connector.announced("t")] == ["id", "name"]


def test_a_new_row_is_made_without_it_and_shows_that(url, open_sql):
    connector, transport = open_sql(url, {"t": {"fields": FIELDS}})
    written = transport.run(connector.create("t", {"id": 2, "name": "b", "phone": "7"}, ""))
    assert written.stored.record == {"id": 2, "name": "b"}


def test_other_columns_are_changed_and_a_change_of_it_alone_is_refused(url, open_sql):
    connector, transport = open_sql(url, {"t": {"fields": FIELDS}})
    written = transport.run(connector.update("t", Update("1", {"name": "c"})))
    assert written.stored.record == {"id": 1, "name": "c"}
    with pytest.raises(Refused, match="no column 'phone'"):
        transport.run(connector.update("t", Update("1", {"phone": "7"})))


def test_what_nobody_declared_is_refused_as_ever(url, open_sql):
    connector, transport = open_sql(url, {"t": {"fields": FIELDS}})
    with pytest.raises(Refused, match="no column 'fax'"):
        transport.run(connector.create("t", {"id": 2, "name": "b", "fax": "7"}, ""))


@pytest.mark.parametrize("role", [{"id": "phone"}, {"modified": "phone"}, {"version": "phone"}])
def test_a_column_that_rows_are_told_apart_or_asked_for_by_must_be_there(url, open_sql, role):
    connector, transport = open_sql(url, {"t": {"fields": FIELDS, **role}})
    with pytest.raises(ProjectError, match="no column 'phone'"):
        transport.run(connector.read("t"))


@pytest.mark.parametrize("policy", ["freeze", "stop"])
def test_where_no_change_is_accepted_it_is_an_error_with_the_way_on(url, open_sql, policy):
    connector, transport = open_sql(url, {"t": {"fields": FIELDS, "on_new_field": policy}})
    with pytest.raises(ProjectError, match="no column 'phone'") as caught:
        transport.run(connector.read("t"))
    assert "tally drift" in caught.value.hint
