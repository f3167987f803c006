"""Parties of a live Tryton, called by JSON-RPC and by XML-RPC, and a SQLite table, kept in step by the command line."""

import contextlib
import io
import json
import sqlite3

import pytest
from tests.systems.serving import wait_until
from tests.systems.tryton_calls import tryton_by_calls
from tests.systems.tryton_server import PASSWORD

from tallystick.cli.main import run_command

pytest_plugins = ["tests.systems.fixtures"]
pytestmark = pytest.mark.e2e

DATABASE = """\
protocol: sql
url: "sqlite:///{folder}/crm.db"
owner: ops
network: {{timeout_seconds: 1}}
objects:
  people:
    id_type: integer
    fields:
      id: {{type: integer, read_only: true}}
      code: {{type: text, unique: true}}
      name: {{type: text}}
"""
MAPPING = """\
left: {system: tryton, object: party}
right: {system: crm, object: people}
match: [{on: code, normalise: exact}]
fields:
  code: {left: code, right: code}
  name: {left: name, right: name}
on_unmatched: {left: create, right: create}
on_delete: {left: propagate, right: propagate}
owner: ops
"""


class World:
    """The project, its table, and the parties."""

    def __init__(self, folder, tryton, version):
        self.folder, self.tryton = folder, tryton
        (folder / "systems").mkdir()
        (folder / "mappings").mkdir()
        manifest = tryton_by_calls(tryton.address, version) | {"owner": "ops", "network": {"timeout_seconds": 2}}
        (folder / "systems" / "tryton.yaml").write_text(json.dumps(manifest))
        (folder / "systems" / "crm.yaml").write_text(DATABASE.format(folder=folder))
        (folder / "mappings" / "people.yaml").write_text(MAPPING)
        (folder / "tally.yaml").write_text("name: calls\nowners: {ops: {name: Operations, email: ops@calls.test}}\n")
        self.execute("create table people (id integer primary key, code text unique, name text)")

    def execute(self, statement, *values):
        with contextlib.closing(sqlite3.connect(self.folder / "crm.db")) as connection, connection:
            return connection.execute(statement, values).fetchall()

    def tally(self, *arguments):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run_command(["--project", str(self.folder), *arguments])
        assert "Traceback" not in err.getvalue(), err.getvalue()
        assert PASSWORD not in out.getvalue() + err.getvalue()
        return code, out.getvalue() + err.getvalue()

    def succeed(self, *arguments):
        code, said = self.tally(*arguments)
        assert code == 0, said
        return said

    def both(self):
        left = {code: party["name"] for code, party in self.tryton.parties().items()}
        return left, dict(self.execute("select code, name from people"))


@pytest.mark.parametrize("version", ["json-1.0", "xml"])
def test_both_sides_agree_after_creates_edits_and_deletions_on_either(tmp_path, tryton, monkeypatch, version):
    """All of it by calls: a session, listings in pages, what changed since, writes and deletions."""
    monkeypatch.setenv("TRYTON_PASSWORD", PASSWORD)
    world = World(tmp_path, tryton, version)
    tryton.create(*({"code": f"T{number}", "name": f"Müller & Söhne {number}"} for number in range(7)))
    world.execute("insert into people (code, name) values ('P1', 'Łódź <quoted>'), ('P2', 'to be dropped')")
    world.succeed("plan")
    world.succeed("apply")
    left, right = world.both()
    assert left == right
    assert len(left) == 9

    world.succeed("run")
    assert "Nothing to do" in world.succeed("plan")
    tryton.change("P1", name="Renamed by calls")
    world.execute("update people set name = 'Renamed in the table' where code = 'T3'")
    world.succeed("run")
    left, right = world.both()
    assert left == right
    assert (left["P1"], left["T3"]) == ("Renamed by calls", "Renamed in the table")

    tryton.remove("T5")
    world.execute("delete from people where code = 'P2'")

    def agreed():
        world.tally("run", "--full")
        left, right = world.both()
        return left == right and len(left) == 7

    # Both deletions are believed at a second look, a time-out apart.
    wait_until(agreed, "both deletions to arrive", seconds=90, pause=1)
