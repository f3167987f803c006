"""A GraphQL service of another's stack, described by its own address, and a SQLite table, kept in step."""

import contextlib
import io
import json
import sqlite3

import pytest
from tests.systems.graphql_server import ask, served_graphql

from tallystick.cli.main import run_command

pytestmark = pytest.mark.e2e

PEOPLE = "create table people (id integer primary key, name text not null, mail text unique, town text, points integer)"
DATABASE = """\
protocol: sql
url: "sqlite:///{folder}/crm.db"
owner: ops
objects:
  people:
    id_type: integer
    table: {{name: people}}
    fields:
      id: {{type: integer, read_only: true}}
      name: {{type: text, required: true}}
      mail: {{type: text, unique: true}}
      town: {{type: text}}
      points: {{type: integer}}
"""
MAPPING = """\
left: {system: crm, object: people}
right: {system: store, object: customers}
match:
  - {on: email, normalise: email}
fields:
  name: {left: name, right: name}
  email: {left: mail, right: email}
  city: {left: town, right: address.city}
  points: {left: points, right: points}
on_unmatched: {left: create, right: create}
on_delete: {left: propagate, right: propagate}
conflict: newest
fallback: left
owner: ops
"""
ALL = "{ customers(first: 100) { edges { node { id name email points address { city } } } } }"
CREATE = "mutation($input: CustomerInput!) { customerCreate(input: $input) { customer { id } userErrors { message } } }"
UPDATE = "mutation($id: ID!, $input: CustomerPatch!) { customerUpdate(id: $id, input: $input) { customer { id } } }"
DELETE = "mutation($id: ID!) { customerDelete(id: $id) { deletedCustomerId } }"


class World:
    """The project, its database, and the door of the service."""

    def __init__(self, folder, door):
        self.folder, self.door = folder, door

    def tally(self, *arguments, code=0):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            found = run_command(["--project", str(self.folder), *arguments])
        assert code is None or found == code, out.getvalue() + err.getvalue()
        return out.getvalue()

    def begin(self):
        """Plan and apply, as the first contact of two systems wants it."""
        self.tally("plan", code=None)
        self.tally("apply")

    def execute(self, statement, *values):
        with contextlib.closing(sqlite3.connect(self.folder / "crm.db")) as connection, connection:
            return connection.execute(statement, values).fetchall()

    def left(self):
        return {mail: tuple(rest) for mail, *rest in self.execute("select mail, name, town, points from people")}

    def customers(self):
        nodes = [edge["node"] for edge in ask(self.door, ALL)["customers"]["edges"]]
        return {node["email"]: node for node in nodes}

    def right(self):
        found = self.customers()
        return {mail: (each["name"], each["address"]["city"], each["points"]) for mail, each in found.items()}


@pytest.fixture
def world(tmp_path):
    with served_graphql(tmp_path, "relay") as door:
        (tmp_path / "systems").mkdir()
        (tmp_path / "mappings").mkdir()
        (tmp_path / "tally.yaml").write_text("name: store\nowners: {ops: {name: Operations}}\n")
        (tmp_path / "systems" / "crm.yaml").write_text(DATABASE.format(folder=tmp_path))
        found = World(tmp_path, door)
        found.execute(PEOPLE)
        found.tally("describe", "store", "--graphql", f"{door.url}graphql/")
        (tmp_path / "mappings" / "people.yaml").write_text(MAPPING)
        yield found


def test_both_sides_end_equal_after_edits_on_both(world):
    """Creations, changes, clearings and deletions of each side arrive on the other; then there is nothing to do."""
    world.execute("insert into people (name, mail, town, points) values ('Ada', 'ada@x.org', 'Turin', 3)")
    world.execute("insert into people (name, mail) values ('Bob', 'bob@x.org')")
    ask(world.door, CREATE, input={"name": "Cem", "email": "cem@x.org", "address": {"city": "Bonn"}})
    world.begin()
    assert world.left() == world.right() == {
        "ada@x.org": ("Ada", "Turin", 3), "bob@x.org": ("Bob", None, None), "cem@x.org": ("Cem", "Bonn", None),
    }  # fmt: skip
    ids = {mail: each["id"] for mail, each in world.customers().items()}
    ask(world.door, UPDATE, id=ids["ada@x.org"], input={"name": "Ada L.", "address": {"city": None}})
    ask(world.door, DELETE, id=ids["bob@x.org"])
    world.execute("update people set points = 9, town = 'Köln' where mail = 'cem@x.org'")
    world.tally("run", "--full")
    world.tally("run", "--full")
    expected = {"ada@x.org": ("Ada L.", None, 3), "cem@x.org": ("Cem", "Köln", 9)}
    assert world.right() == expected
    assert {mail: rest for mail, rest in world.left().items() if mail != "bob@x.org"} == expected
    before = len(world.door.requests)
    world.tally("run")
    assert all(b"mutation" not in body for _, body in world.door.requests[before:])


def test_only_mapped_fields_are_asked_for(world):
    """What nobody maps costs the system nothing; what tells records and changes apart is asked for all the same."""
    world.begin()
    queries = [json.loads(body)["query"] for _, body in world.door.requests]
    listing = next(query for query in queries if "customers(" in query)
    assert "address { city }" in listing
    assert "rating" not in listing
    assert "updatedAt" in listing


def test_who_looks_for_changed_fields_asks_for_all(world):
    """What a run leaves out is not missing."""
    world.tally("drift", code=None)
    queries = [json.loads(body)["query"] for _, body in world.door.requests]
    assert any("customers(" in query and "rating" in query for query in queries)


def test_a_failed_field_leaves_the_record_alone(world):
    """A value that the service could not give is neither blank nor changed; all others go on."""
    mapped = MAPPING.replace("right: points}", "right: rating, direction: to_left}")
    (world.folder / "mappings" / "people.yaml").write_text(mapped)
    world.execute("insert into people (name, mail, points) values ('Rating fails', 'eve@x.org', 7)")
    ask(world.door, CREATE, input={"name": "Rating fails", "email": "eve@x.org"})
    world.begin()
    world.tally("run", "--full")
    assert world.left()["eve@x.org"] == ("Rating fails", None, 7)
