"""A web service of another's stack and a SQLite table, kept in step by the command line, through faults and kills."""

import contextlib
import io
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from tests.systems.serving import wait_until
from tests.systems.soap_server import Door, Reply, envelope, served_customers

from tallystick.cli.main import run_command

pytestmark = pytest.mark.e2e

TALLY = [sys.executable, "-m", "tallystick.cli"]
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
right: {system: shop, object: customer}
match:
  - {on: email, normalise: email}
fields:
  name: {left: name, right: name}
  email: {left: mail, right: email}
  city: {left: town, right: city}
  points: {left: points, right: points}
on_unmatched: {left: create, right: create}
on_delete: {left: propagate, right: propagate}
conflict: newest
fallback: left
owner: ops
"""


@dataclass
class World:
    """The project, its database, and the door of the service."""

    folder: Path
    door: Door

    def tally(self, *arguments: str) -> tuple[int, str]:
        """Run a command in this process; give its exit code and what it printed."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run_command(["--project", str(self.folder), *arguments])
        assert "Traceback" not in err.getvalue(), err.getvalue()
        return code, out.getvalue()

    def succeed(self, *arguments: str) -> str:
        code, out = self.tally(*arguments)
        assert code == 0, out
        return out

    def execute(self, statement: str, *values: Any) -> list[Any]:
        with contextlib.closing(sqlite3.connect(self.folder / "crm.db")) as connection, connection:
            return connection.execute(statement, values).fetchall()

    def left(self) -> dict[str, tuple[Any, ...]]:
        return {mail: rest for mail, *rest in self.execute("select mail, name, town, points from people")}

    def right(self) -> dict[str, list[Any]]:
        """Ask the service as a stranger would, by an envelope written by hand."""
        return {each["email"]: [each["name"], each.get("city"), each.get("points")] for each in self.customers()}

    def customers(self) -> list[dict[str, Any]]:
        answer = self.call('<ListCustomers xmlns="urn:example:customers"/>')
        return [
            {field.tag.rpartition("}")[2]: int(field.text) if field.tag.endswith("}points") else field.text
             for field in customer}
            for customer in answer.iter("{urn:example:customers}customers")
        ]  # fmt: skip

    def call(self, inside: str) -> Any:
        said = self.door.forward("POST", "/", {"Content-Type": "text/xml", "SOAPAction": '""'}, envelope(inside))
        assert said.status == 200, said.body
        return etree.fromstring(said.body)

    def change(self, email: str, **fields: str) -> None:
        """Change a customer as somebody in the other system does."""
        [now] = [each for each in self.customers() if each["email"] == email]
        order = ("id", "name", "email", "city", "points")
        new = "".join(
            f"<{name}>{(now | fields)[name]}</{name}>" for name in order if (now | fields).get(name) is not None
        )
        self.call(
            f'<UpdateCustomer xmlns="urn:example:customers"><customerId>{now["id"]}</customerId>'
            f"<customer>{new}</customer></UpdateCustomer>"
        )

    def drop(self, email: str) -> None:
        [now] = [each for each in self.customers() if each["email"] == email]
        self.call(
            f'<DeleteCustomer xmlns="urn:example:customers"><customerId>{now["id"]}</customerId></DeleteCustomer>'
        )

    def run_until(self, reached: Callable[[], bool], what: str) -> None:
        """Compare in full until the systems are as they should be; a deletion is believed at the second look."""

        def run_once() -> bool:
            self.tally("run", "--full")
            return reached()

        wait_until(run_once, what, seconds=60, pause=0.5)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """One service for the module."""
    with served_customers(tmp_path_factory.mktemp("soap")) as door:
        yield door


@pytest.fixture
def world(door: Door, tmp_path: Path) -> World:
    """A service described from its own WSDL, a table, and both in step."""
    door.forget()
    world = World(tmp_path, door)
    world.execute(PEOPLE)
    for number in range(1, 4):
        world.execute("insert into people values (?, ?, ?, ?, ?)", number, f"Person {number}",
                      f"p{number}@example.com", "Köln", number)  # fmt: skip
    (tmp_path / "tally.yaml").write_text("name: shop\nowners: {ops: {name: Operations}}\n")
    for folder in ("systems", "mappings"):
        (tmp_path / folder).mkdir()
    (tmp_path / "systems" / "crm.yaml").write_text(DATABASE.format(folder=tmp_path))
    (tmp_path / "mappings" / "people.yaml").write_text(MAPPING)
    world.succeed("describe", "shop", "--wsdl", f"{door.url}?wsdl")
    manifest = tmp_path / "systems" / "shop.yaml"
    # What no WSDL says, and a person knows.
    text = manifest.read_text().replace("\nobjects:\n  customer:\n", (
        "\nowner: ops\nnetwork: {timeout_seconds: 1}\nobjects:\n  customer:\n"
        "    claims: {create_idem: search, strong_reads: true, skew_seconds: 0}\n"
    ))  # fmt: skip
    manifest.write_text(text)
    world.succeed("lint")
    world.tally("plan")
    world.succeed("apply")
    assert world.right() == world.left()
    return world


def test_changes_travel_both_ways_and_come_to_rest(world):
    """Creates, changes, blanks and deletions of both sides; afterwards there is nothing to do."""
    world.execute("insert into people values (9, 'Zoë & Söhne', 'zoe@example.com', null, 12345678901234567890 % 97)")
    world.execute("update people set town = null, points = 77 where id = 1")
    world.change("p2@example.com", name="Changed there", city="Bonn")
    world.call('<CreateCustomer xmlns="urn:example:customers"><customer><name>Fresh</name>'
               "<email>fresh@example.com</email></customer></CreateCustomer>")  # fmt: skip
    world.succeed("run", "--full")
    world.drop("p3@example.com")
    world.run_until(lambda: "p3@example.com" not in world.left(), "the deletion")
    assert world.left() == world.right()
    assert world.left()["p2@example.com"] == ["Changed there", "Bonn", 2]
    assert world.right()["p1@example.com"] == ["Person 1", None, 77]
    assert {"zoe@example.com", "fresh@example.com"} <= world.left().keys()
    asked = len(world.door.requests)
    world.succeed("run", "--full")
    assert b"UpdateCustomer" not in b"".join(body for _, body in world.door.requests[asked:])


def test_what_the_schema_forbids_is_parked_before_it_is_sent(world):
    """A town that is longer than the XSD allows concerns one record; the service never hears of it."""
    world.execute("update people set town = ? where id = 1", "x" * 31)
    world.execute("update people set town = 'Bonn' where id = 2")
    world.tally("run", "--full")
    assert world.right()["p2@example.com"][1] == "Bonn"
    assert b"x" * 31 not in b"".join(body for _, body in world.door.requests)
    assert "at most 30 characters" in world.tally("problems")[1]


def test_a_failing_service_loses_nothing(world):
    """Faults, pages and cut answers: the run says so, and a later one brings both in step."""
    world.execute("update people set town = 'Bonn'")
    broken = [
        Reply(500, {"Content-Type": "text/xml"},
              envelope("<s:Fault><faultcode>s:Server</faultcode><faultstring>away</faultstring></s:Fault>")),
        Reply(200, {"Content-Type": "text/html"}, b"<html><title>Maintenance</title></html>"),
        Reply(200, {"Content-Type": "text/xml"}, envelope("<a/>")[:-20]),
    ]  # fmt: skip
    for said in broken:
        world.door.bend = lambda was, said=said: said
        world.tally("run", "--full")
    world.door.bend = lambda was: was
    world.run_until(lambda: world.left() == world.right(), "both in step")
    assert len(world.right()) == 3


@pytest.mark.parametrize(
    ("verb", "moment"), [("CreateCustomer", "before"), ("CreateCustomer", "after"), ("UpdateCustomer", "after")]
)
def test_a_kill_at_a_write_makes_no_double_and_loses_nothing(world, verb, moment):
    """Killed before the service does it, or after it did and before the answer: the next runs find out which."""
    world.execute("insert into people values (9, 'Zoë', 'zoe@example.com', 'Ulm', 5)")
    world.execute("update people set town = 'Bonn' where id = 1")
    process: list[subprocess.Popen[bytes]] = []

    def kill() -> None:
        if process[0].poll() is None:
            os.kill(process[0].pid, signal.SIGKILL)
            process[0].wait(30)

    def before(headers: dict[str, str], body: bytes) -> Reply | None:
        wait_until(lambda: bool(process), "the process")
        if verb.encode() not in body:
            return None
        if moment == "after":
            world.door.forward("POST", "/", headers, body)
        kill()
        return Reply(500, {}, b"")

    world.door.meet = before
    command = [*TALLY, "--project", str(world.folder), "run", "--full"]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process.append(subprocess.Popen(command, **quiet))
    assert process[0].wait(60) == -signal.SIGKILL
    world.door.meet = lambda headers, body: None
    world.run_until(lambda: world.left() == world.right(), "both in step")
    assert len(world.customers()) == 4


def test_the_check_list_speaks_of_the_service(world):
    """The protocol is answered for, its contradictions named."""
    world.door.bend = lambda was: Reply(was.status, was.headers, was.body.replace(b"ListCustomersResponse", b"Listed"))
    _, report = world.tally("check", "--json")
    assert "SOAP answers" in report
    assert "called 'Listed', not 'ListCustomersResponse'" in report
