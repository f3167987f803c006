"""Two databases of different makers in step, described and run by the command line: directly, and through ODBC."""

import contextlib
import json

import psycopg
import pymysql
import pytest
from sqlalchemy import make_url

from tallystick.cli.main import run_command

pytestmark = pytest.mark.e2e

COMPANIES = """CREATE TABLE companies (id serial PRIMARY KEY, name varchar(40) NOT NULL, email varchar(60) UNIQUE,
  revenue numeric(12, 2), active boolean, founded date, updated_at timestamp);
INSERT INTO companies (name, email, revenue, active, founded, updated_at) VALUES
  ('Müller GmbH', 'mueller@x.example', 1234.50, true, '1999-12-31', '2024-01-01'),
  ('Only here', 'left@x.example', 7, false, null, '2024-01-01')"""
PARTNERS = """CREATE TABLE partners (nr bigint AUTO_INCREMENT PRIMARY KEY, title varchar(40) NOT NULL,
  mail varchar(60) UNIQUE, turnover decimal(12, 2), live boolean, since date, updated_at datetime(3));
INSERT INTO partners (title, mail, turnover, live, since, updated_at) VALUES
  ('Müller GmbH', 'mueller@x.example', 1234.50, true, '1999-12-31', '2024-01-01'),
  ('Only there 😀', 'right@x.example', 0.01, true, '2024-02-29', '2024-01-01')"""
MAPPING = """\
left: {system: crm, object: companies}
right: {system: erp, object: partners}
match: [{on: email, normalise: email}]
fields:
  name: {left: name, right: title}
  email: {left: email, right: mail}
  revenue: {left: revenue, right: turnover}
  active: {left: ACTIVE_LEFT, right: ACTIVE_RIGHT}
  founded: {left: founded, right: since}
on_unmatched: {left: create, right: create}
on_delete: {left: propagate, right: propagate}
owner: ops
"""
COUNTED = "{path: %s, codec: {codec: boolean, yes: [1], no: [0]}}"


@pytest.fixture(params=["directly", "left through ODBC", "right through ODBC", "both through ODBC"])
def project(request, tmp_path, monkeypatch, capsys, postgres_with, mariadb_with):
    """Describe both databases, map them, and give (run, left, right): a command, and each side's own SQL."""
    left, right = postgres_with(COMPANIES), mariadb_with(PARTNERS)
    ways = {"left": left, "right": right}
    for side in ("left", "right"):
        if side in request.param or "both" in request.param:
            ways[side] = request.getfixturevalue("odbc_address")(ways[side])
    monkeypatch.setenv("CRM_DATABASE", ways["left"])
    monkeypatch.setenv("ERP_DATABASE", ways["right"])

    def run(*arguments):
        capsys.readouterr()
        code = run_command(("--project", str(tmp_path), *arguments, "--json"))
        said = capsys.readouterr()
        assert code == 0, (said.out, said.err)
        return json.loads(said.out)

    (tmp_path / "tally.yaml").write_text("name: shop\nowners: {ops: {name: Operations}}\n")
    for name in ("crm", "erp"):
        run("describe", name, "--database", f"${{env:{name.upper()}_DATABASE}}")
    counted = "right" in request.param or "both" in request.param
    text = MAPPING.replace("ACTIVE_LEFT", "active")
    text = text.replace("ACTIVE_RIGHT", COUNTED % "live" if counted else "live")
    (tmp_path / "mappings").mkdir(exist_ok=True)
    (tmp_path / "mappings" / "companies.yaml").write_text(text)
    return run, lambda sql: _postgres(left, sql), lambda sql: _mariadb(right, sql)


def _postgres(url, statement):
    with psycopg.connect(url) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def _mariadb(url, statement):
    at = make_url(url)
    connection = pymysql.connect(
        host=at.host, port=at.port, user="tally", password="s3cret", database=at.database, autocommit=True
    )
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


def rows(left, right):
    """Give what both sides hold, by e-mail."""
    ours = left("SELECT email, name, revenue, active, founded FROM companies")
    theirs = right("SELECT mail, title, turnover, live, since FROM partners")
    return {row[0]: row[1:] for row in ours}, {row[0]: row[1:] for row in theirs}


def test_two_databases_come_into_step_and_stay_there(project):
    """The first run adopts; the second asks for changes only, and carries them both ways; the third finds nothing."""
    run, left, right = project
    run("plan")
    run("apply")
    ours, theirs = rows(left, right)
    assert ours == theirs
    assert set(ours) == {"mueller@x.example", "left@x.example", "right@x.example"}
    now = "clock_timestamp() AT TIME ZONE 'UTC'"
    left(f"UPDATE companies SET name = 'Maier AG', updated_at = {now} WHERE email = 'mueller@x.example'")
    right("UPDATE partners SET turnover = 99999.99, updated_at = utc_timestamp(3) WHERE mail = 'mueller@x.example'")
    right("UPDATE partners SET live = NULL, since = NULL, updated_at = utc_timestamp(3) WHERE mail = 'right@x.example'")
    run("run")
    ours, theirs = rows(left, right)
    assert ours == theirs
    assert str(ours["mueller@x.example"][:2]) == "('Maier AG', Decimal('99999.99'))"
    assert run("plan")["plan"]["is_empty"]
