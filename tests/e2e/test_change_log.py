"""PostgreSQL with a change log in step with SQLite, by the command line: no column tells when a row changed."""

import contextlib
import json
import sqlite3

import psycopg
import pytest

from tallystick.cli.main import run_command

pytestmark = pytest.mark.e2e

CRM = "CREATE TABLE companies (id integer PRIMARY KEY, code text UNIQUE NOT NULL, name text);" + "".join(
    f"INSERT INTO companies VALUES ({n}, 'c{n}', 'Company {n}');" for n in range(1, 41)
)
ERP = "CREATE TABLE partners (id integer PRIMARY KEY, code text UNIQUE NOT NULL, title text);"
MAPPING = """\
left: {system: crm, object: companies}
right: {system: erp, object: partners}
match: [{on: code}]
fields:
  code: {left: code, right: code}
  name: {left: name, right: title}
on_unmatched: {left: create, right: ignore}
on_delete: {left: propagate, right: propagate}
owner: ops
"""


@pytest.fixture
def project(tmp_path, monkeypatch, capsys, postgres_with, sqlite_with):
    """Describe both databases, let the left one keep a log, and bring them into step."""
    left, right = postgres_with(CRM), sqlite_with(ERP)
    monkeypatch.setenv("CRM_DATABASE", left)
    monkeypatch.setenv("ERP_DATABASE", right)

    def run(*arguments):
        capsys.readouterr()
        code = run_command(("--project", str(tmp_path), *arguments, "--json"))
        said = capsys.readouterr()
        assert code == 0, (said.out, said.err)
        return json.loads(said.out)

    (tmp_path / "tally.yaml").write_text("name: shop\nowners: {ops: {name: Operations}}\n")
    run("describe", "crm", "--database", "${env:CRM_DATABASE}")
    run("describe", "erp", "--database", "${env:ERP_DATABASE}")
    manifest = tmp_path / "systems" / "crm.yaml"
    manifest.write_text(manifest.read_text().replace("  companies:\n", "  companies:\n    changes: {log: noted}\n", 1))
    (tmp_path / "mappings").mkdir(exist_ok=True)
    (tmp_path / "mappings" / "companies.yaml").write_text(MAPPING)
    assert run("capture", "crm", "companies", "--apply")["kept"]
    run("plan")
    run("apply")

    def theirs():
        with contextlib.closing(sqlite3.connect(right.removeprefix("sqlite:///"))) as connection:
            return dict(connection.execute("SELECT code, title FROM partners").fetchall())

    return run, left, theirs


def ours(left):
    with psycopg.connect(left) as connection:
        return dict(connection.execute("SELECT code, name FROM companies").fetchall())


def was_window(document):
    return document["plan"]["mappings"][0]["complete"]["left"] == "window"


def test_edits_a_changed_key_and_a_deletion_are_carried_over_by_the_log(project):
    run, left, theirs = project
    assert theirs() == ours(left)
    with psycopg.connect(left) as connection:
        connection.execute("UPDATE companies SET name = 'Edited' WHERE id = 1")
        connection.execute("UPDATE companies SET id = 900 WHERE id = 2")
        connection.execute("DELETE FROM companies WHERE id = 3")
        connection.execute("INSERT INTO companies VALUES (41, 'c41', 'New')")
    assert was_window(run("plan"))
    run("run")
    # Who has the key of a record that goes in the same run is asked about; the full compare finds that nobody has it.
    run("run", "--full")
    assert theirs() == ours(left)
    assert theirs()["c1"] == "Edited"
    assert "c2" in theirs()
    assert "c3" not in theirs()
    found = run("plan")
    assert was_window(found)
    assert found["plan"]["is_empty"]


def test_transactions_that_commit_in_the_reverse_order_are_both_carried_over(project):
    """The one that began first is open during a whole run, and is read by the next."""
    run, left, theirs = project
    with psycopg.connect(left) as first, psycopg.connect(left) as second:
        first.execute("UPDATE companies SET name = 'early' WHERE id = 10")
        second.execute("UPDATE companies SET name = 'late' WHERE id = 11")
        second.commit()
        run("run")
        assert (theirs()["c10"], theirs()["c11"]) == ("Company 10", "late")
        first.commit()
    assert was_window(run("plan"))
    run("run")
    assert (theirs()["c10"], theirs()["c11"]) == ("early", "late")


def test_what_happens_while_the_triggers_are_off_is_found_by_the_full_compare(project):
    run, left, theirs = project
    with psycopg.connect(left) as connection:
        connection.execute("ALTER TABLE companies DISABLE TRIGGER USER")
        connection.execute("UPDATE companies SET name = 'unseen' WHERE id = 20")
        connection.execute("ALTER TABLE companies ENABLE ALWAYS TRIGGER tally_note_change")
    run("run")
    assert theirs()["c20"] == "unseen"
    assert was_window(run("plan"))
