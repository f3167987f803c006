"""C7.9 on a table with a change log: green while the log is kept, red as soon as nobody keeps it."""

import sqlite3
from contextlib import closing

import pytest
from town import findings

from tallystick.connectors.sql_log_ddl import make_log
from tallystick.connectors.sql_log_site import carry_out, look_at_log
from tallystick.project.manifest import ObjectSpec

ROWS = [(f"Firma {n}", f"post{n}@firma.example") for n in range(5)]


@pytest.fixture
def logged(databases):
    """Two databases, of which the left one's manifest names a log that nobody keeps yet."""
    columns = {"name": {"type": "text"}, "email": {"type": "text"}}
    databases.system("erp", "partners", columns, ROWS)
    databases.system("crm", "companies", columns, ROWS, object={"changes": {"log": "noted"}})
    databases.mapping({name: {"left": name, "right": name} for name in columns})
    return databases


def verdicts(databases, question):
    return {(f.subject, f.verdict) for f in findings(databases.ask(question), question) if f.system == "crm"}


def test_a_log_that_is_kept_is_green_and_one_that_is_not_is_red(logged):
    assert any(verdict == "fail" for _, verdict in verdicts(logged, "C7.9"))
    file = logged.folder / "crm.db"
    url = f"sqlite:///{file}"
    site = look_at_log("crm", url, "companies", ObjectSpec.model_validate({"changes": {"log": "noted"}})).site
    carry_out("crm", url, make_log(site))
    assert not any(verdict == "fail" for _, verdict in verdicts(logged, "C7.9"))
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("DROP TRIGGER tally_companies_delete")
        connection.commit()
    assert any(verdict == "fail" for _, verdict in verdicts(logged, "C7.9"))
