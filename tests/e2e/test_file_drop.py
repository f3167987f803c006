"""A CSV file and a SQLite database are kept in step, whatever becomes of the file."""

import contextlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from tests.connectors.file_servers import PASSWORD, USER, sftp_server

from tallystick.cli.main import run_command

DYING = [sys.executable, str(Path(__file__).with_name("dying_file_write.py"))]
MANIFEST = """\
protocol: files
url: exports
owner: ops
objects:
  customers:
    id: number
    file: {name: customers.csv, format: csv, delimiter: ";", write: replace, complete: {settle_seconds: 0.05}}
    fields:
      number: {type: text, unique: true, required: true}
      name: {type: text}
      city: {type: text}
"""
SHOP = """\
protocol: sql
url: "sqlite:///${env:DROP_FOLDER}/shop.db"
owner: ops
objects:
  clients:
    id_type: integer
    fields:
      id: {type: integer, read_only: true}
      number: {type: text, unique: true}
      name: {type: text}
      town: {type: text}
    filters: {number: {param: number}}
    claims: {create_idem: extid}
"""
MAPPING = """\
left: {system: drop, object: customers}
right: {system: shop, object: clients}
match: [{on: number}]
fields:
  number: {left: number, right: number}
  name: {left: name, right: name}
  city: {left: city, right: town}
on_unmatched: {left: create, right: create}
on_delete: {left: propagate, right: propagate}
brakes: {delete_count: 3, empty_side_from: 2}
owner: ops
"""
HEADER = "number;name;city\n"
ROWS = [f"{100 + at};Kunde {at};Ulm\n" for at in range(1, 9)]


class World:
    """The project, its file and its database."""

    def __init__(self, folder):
        self.folder = folder
        self.file = folder / "exports" / "customers.csv"

    def build(self):
        for name, text in {
            "tally.yaml": "name: drop\nowners: {ops: {name: Ops}}\n",
            "systems/drop.yaml": MANIFEST,
            "systems/shop.yaml": SHOP,
            "mappings/customers.yaml": MAPPING,
        }.items():
            (self.folder / name).parent.mkdir(exist_ok=True)
            (self.folder / name).write_text(text)
        self.file.parent.mkdir()
        self.execute("create table clients (id integer primary key, number text unique, name text, town text)")
        self.put(HEADER + "".join(ROWS))
        self.run("--first-contact")

    def execute(self, statement, *values):
        with closing(sqlite3.connect(self.folder / "shop.db")) as connection, connection:
            return connection.execute(statement, values).fetchall()

    def put(self, text):
        """Write the file at once, as a sender does who renames."""
        beside = self.folder / "beside"
        beside.write_text(text, encoding="utf-8")
        os.utime(beside, (1_700_000_000, 1_700_000_000))
        beside.replace(self.file)

    def clients(self):
        return dict(self.execute("select number, name from clients"))

    def tally(self, *arguments):
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            code = run_command(["--project", str(self.folder), *arguments])
        return code, said.getvalue()

    def run(self, *arguments):
        code, said = self.tally("run", *arguments)
        assert code == 0, said
        return said


@pytest.fixture(scope="module")
def in_step(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drop")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DROP_FOLDER", str(folder))
        made = World(folder)
        made.build()
        assert len(made.clients()) == 8
    return folder


@pytest.fixture
def world(in_step, tmp_path, monkeypatch):
    folder = tmp_path / "project"
    shutil.copytree(in_step, folder)
    monkeypatch.setenv("DROP_FOLDER", str(folder))
    return World(folder)


def test_the_project_is_in_order(world):
    """Lint has nothing against a manifest of files."""
    code, said = world.tally("lint")
    assert code == 0, said


def test_a_full_export_becomes_changes(world):
    """A new file changes, adds and deletes what it says, and nothing else."""
    world.put(HEADER + "".join([ROWS[0].replace("Ulm", "Bonn"), *ROWS[2:], "200;Neu;Kiel\n"]))
    world.run()
    assert "102" not in world.clients()
    assert world.clients()["200"] == "Neu"
    assert world.execute("select town from clients where number = '101'") == [("Bonn",)]
    assert len(world.clients()) == 8


def test_the_same_file_again_changes_nothing(world):
    """A repeated export, even with a new time of change, is no news."""
    before = world.execute("select * from clients")
    world.put(world.file.read_text())
    os.utime(world.file)
    world.run()
    assert world.execute("select * from clients") == before


@pytest.mark.parametrize(
    "half",
    [
        HEADER + ROWS[0] + "102;Ku",
        HEADER + ROWS[0] + "102;Kunde 2;U",
        HEADER + ROWS[0] + '102;"Kunde 2',
        "numb",
        "",
        None,
    ],
    ids=["within a row", "within the last cell", "within quotes", "within the header", "empty", "not there"],
)
def test_half_a_file_deletes_nothing(world, half):
    """A file that breaks off, is empty or is missing stops the mapping; the next whole one goes on."""
    before = world.execute("select * from clients")
    if half is None:
        world.file.unlink()
    else:
        world.put(half)
    code, said = world.tally("run")
    assert code != 0
    assert "customers.csv" in said
    assert world.execute("select * from clients") == before
    world.put(HEADER + "".join(ROWS[1:]))
    world.run()
    assert set(world.clients()) == {str(100 + at) for at in range(2, 9)}


def test_a_file_cut_off_between_rows_is_held(world):
    """What no look at the file can tell, the brakes hold: most rows are gone at once."""
    world.put(HEADER + "".join(ROWS[:2]))
    code, _ = world.tally("run")
    assert code != 0
    assert len(world.clients()) == 8


def test_a_row_that_cannot_be_read_costs_only_itself(world):
    """It is named by file and row, the others go on, and its client is not deleted."""
    world.put(HEADER + ROWS[0].replace("Ulm", "Bonn") + "102;Kunde 2\n" + "".join(ROWS[2:]))
    world.tally("run")
    assert len(world.clients()) == 8
    assert world.execute("select town from clients where number = '101'") == [("Bonn",)]
    assert "customers.csv:3" in world.tally("problems")[1]


def test_what_happens_in_the_database_is_merged_into_the_file(world):
    """Rows that did not change keep their bytes and their order, new ones stand at the end."""
    world.execute("update clients set name = 'Ande;rs' where number = '103'")
    world.execute("delete from clients where number = '104'")
    world.execute("insert into clients (number, name, town) values ('300', 'Ganz neu', null)")
    world.run()
    wanted = [*ROWS[:2], '103;"Ande;rs";Ulm\n', *ROWS[4:], "300;Ganz neu;\n"]
    if "104;" in world.file.read_text():  # a deletion in a database is proven by a second, later look
        wanted.insert(3, ROWS[3])
    assert world.file.read_text() == HEADER + "".join(wanted)
    assert sorted(each.name for each in world.file.parent.iterdir()) == ["customers.csv"]


@pytest.mark.parametrize(("when", "number"), [("half", 2), ("after", 1)])
def test_a_run_that_is_killed_while_it_writes_leaves_a_whole_file(world, when, number):
    """The file is the old one or the new one, and the next runs end where an undisturbed one does."""
    world.execute("update clients set name = 'Anders' where number = '103'")
    world.execute("insert into clients (number, name, town) values ('300', 'Ganz neu', 'Kiel')")
    arguments = [*DYING, when, str(number), "--project", str(world.folder), "run"]
    ended = subprocess.run(arguments, capture_output=True, timeout=60, check=False)
    assert ended.returncode == -9, ended.stderr
    text = world.file.read_text()
    assert text.startswith(HEADER + ROWS[0])
    assert text.endswith("\n")
    world.run("--patience", "20")
    wanted = [*ROWS[:2], "103;Anders;Ulm\n", *ROWS[3:], "300;Ganz neu;Kiel\n"]
    assert world.file.read_text() == HEADER + "".join(wanted)
    assert len(world.clients()) == 9


def test_the_file_may_lie_on_another_machine(world, monkeypatch):
    """A drop by SFTP is kept in step like a folder, both ways."""
    monkeypatch.setenv("DROP_PASSWORD", PASSWORD)
    with sftp_server(world.file.parent) as (url, fingerprint):
        auth = f"auth: {{type: basic, username: {USER}, password: '${{env:DROP_PASSWORD}}'}}"
        moved = MANIFEST.replace("url: exports", f"url: '{url}/?host_key={fingerprint}'\n{auth}")
        (world.folder / "systems" / "drop.yaml").write_text(moved)
        world.put(HEADER + "".join([ROWS[0].replace("Ulm", "Bonn"), *ROWS[1:], "200;Neu;Kiel\n"]))
        world.execute("update clients set name = 'Anders' where number = '103'")
        world.execute("insert into clients (number, name, town) values ('300', 'Ganz neu', 'Kiel')")
        world.run()
    assert world.execute("select town from clients where number = '101'") == [("Bonn",)]
    assert world.clients()["200"] == "Neu"
    wanted = [ROWS[0].replace("Ulm", "Bonn"), ROWS[1], "103;Anders;Ulm\n", *ROWS[3:], "200;Neu;Kiel\n"]
    assert world.file.read_text() == HEADER + "".join(wanted) + "300;Ganz neu;Kiel\n"


def test_a_value_that_is_put_back_is_an_edit(world):
    """The row looks as it did before our own write; that is no stale read but what somebody wants."""
    world.execute("update clients set name = 'Anders' where number = '103'")
    world.run()
    assert "103;Anders;Ulm\n" in world.file.read_text()
    world.put(HEADER + "".join(ROWS))
    world.run()
    world.run()
    assert world.clients()["103"] == "Kunde 3"
    assert world.file.read_text() == HEADER + "".join(ROWS)


def test_a_run_puts_the_file_away_and_a_plan_does_not(world):
    """The archived file stays the state, so the runs until the next export find nothing to do."""
    named = MANIFEST.replace("name: customers.csv", 'name: "customers-{date}.csv"').replace(
        "write: replace, complete: {settle_seconds: 0.05}", "archive: done, complete: {renamed: true}"
    )
    (world.folder / "systems" / "drop.yaml").write_text(named)
    mapping = MAPPING.replace(
        "on_unmatched: {left: create, right: create}", "on_unmatched: {left: create, right: ignore}"
    )
    (world.folder / "mappings" / "customers.yaml").write_text(f"direction: to_right\n{mapping}")
    arrived = world.file.with_name("customers-2026-11-22.csv")
    world.put(HEADER + "".join([ROWS[0].replace("Ulm", "Bonn"), *ROWS[1:]]))
    world.file.rename(arrived)
    assert world.tally("plan")[0] == 0
    assert arrived.exists()
    world.run()
    assert not arrived.exists()
    assert [each.name for each in arrived.parent.iterdir()] == ["done"]
    assert world.execute("select town from clients where number = '101'") == [("Bonn",)]
    world.run()
    assert len(world.clients()) == 8


def test_the_check_list_can_be_asked_of_a_file(world):
    """Protocol, keys, paging and field mapping are answered from the file."""
    code, said = world.tally("check", "--json")
    assert code in {0, 1}, said
    answers = json.loads(said)
    assert "drop" in said
    assert answers
