"""A project between two SQLite databases, and the command line as a function."""

import contextlib
import io
import json
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tallystick.cli.main import run_command

CRM = """
create table companies (id integer primary key, name text not null, email text unique, phone text, kind text)
"""
ERP = """
create table partners (id integer primary key, partner_name varchar(20) not null, mail text unique, telephone text)
"""
CRM_MANIFEST = """\
protocol: sql
url: "sqlite:///${env:SHOP_FOLDER}/crm.db"
owner: ops
objects:
  companies:
    id_type: integer
    table: {name: companies}
    fields:
      id: {type: integer, read_only: true}
      name: {type: text, required: true}
      email: {type: text, unique: true}
      phone: {type: text}
      kind: {type: text}
"""
ERP_MANIFEST = """\
protocol: sql
url: "sqlite:///${env:SHOP_FOLDER}/erp.db"
owner: ops
objects:
  partners:
    id_type: integer
    table: {name: partners}
    fields:
      id: {type: integer, read_only: true}
      partner_name: {type: text, required: true, max_length: 20}
      mail: {type: text, unique: true}
      telephone: {type: text}
"""
MAPPING = """\
left: {system: crm, object: companies}
right: {system: erp, object: partners}
match:
  - {on: email, normalise: email}
fields:
  name: {left: name, right: partner_name}
  email: {left: email, right: mail}
  phone: {left: phone, right: telephone}
on_unmatched: {left: create, right: create}
on_delete: {left: propagate, right: propagate}
owner: ops
"""
COMPANIES = [
    ("Müller GmbH", "mueller@example.com", "1"),
    ("Beta", "beta@example.com", "2"),
    ("Only in the CRM", "left@example.com", "3"),
    ("Differs", "differs@example.com", "4"),
    ("A name that the other side can never hold", "long@example.com", "5"),
]
PARTNERS = [
    ("Müller GmbH", "mueller@example.com", "1"),
    ("Beta", "beta@example.com", None),
    ("Only in the ERP", "right@example.com", "6"),
    ("Differs", "differs@example.com", "44"),
]


@dataclass(frozen=True)
class Outcome:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout."""
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found


@dataclass(frozen=True)
class World:
    """The project and both databases."""

    folder: Path
    command: Callable[..., Outcome]

    def tally(self, *arguments: str) -> Outcome:
        """Run one command in the project."""
        return self.command("--project", str(self.folder), *arguments)

    def succeed(self, *arguments: str) -> Outcome:
        """Run one command that must end well."""
        outcome = self.tally(*arguments)
        assert outcome.code == 0, outcome
        return outcome

    def execute(self, database: str, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Do something in a database as its own users would."""
        with contextlib.closing(sqlite3.connect(self.folder / f"{database}.db")) as connection, connection:
            return connection.execute(statement, values).fetchall()

    def crm(self) -> dict[str, tuple[str, str | None]]:
        """Show the companies: name and phone by e-mail."""
        return {e: (n, p) for e, n, p in self.execute("crm", "select email, name, phone from companies")}

    def erp(self) -> dict[str, tuple[str, str | None]]:
        """Show the partners: name and phone by e-mail."""
        return {e: (n, p) for e, n, p in self.execute("erp", "select mail, partner_name, telephone from partners")}

    def write(self, file: str, text: str) -> None:
        """Write a project file."""
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Give the command line as a function."""

    def run(*arguments: str) -> Outcome:
        capsys.readouterr()
        code = run_command(arguments)
        said = capsys.readouterr()
        return Outcome(code, said.out, said.err)

    return run


def run_unheard(*arguments: str) -> Outcome:
    """Run one command where no test listens."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run_command(arguments)
    return Outcome(code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make two filled databases in a folder without a project, once."""
    world = World(tmp_path_factory.mktemp("filled"), run_unheard)
    world.execute("crm", CRM)
    world.execute("erp", ERP)
    for row in COMPANIES:
        world.execute("crm", "insert into companies (name, email, phone) values (?, ?, ?)", *row)
    for row in PARTNERS:
        world.execute("erp", "insert into partners (partner_name, mail, telephone) values (?, ?, ?)", *row)
    return world.folder


@pytest.fixture(scope="session")
def planned(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a whole project between the two databases, once."""
    folder = tmp_path_factory.mktemp("planned")
    shutil.copytree(filled, folder, dirs_exist_ok=True)
    world = World(folder, run_unheard)
    world.write("tally.yaml", "name: shop\nowners: {ops: {name: Operations}}\n")
    world.write("systems/crm.yaml", CRM_MANIFEST)
    world.write("systems/erp.yaml", ERP_MANIFEST)
    world.write("mappings/companies.yaml", MAPPING)
    return folder


@pytest.fixture(scope="session")
def adopted(planned: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Carry out the project's adoption plan, once."""
    folder = tmp_path_factory.mktemp("adopted")
    shutil.copytree(planned, folder, dirs_exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHOP_FOLDER", str(folder))
        world = World(folder, run_unheard)
        world.succeed("plan")
        world.succeed("apply")
    return folder


@pytest.fixture
def copied(tmp_path: Path, command: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], World]:
    """Give a world of one's own from one that was made before."""

    def copy(folder: Path) -> World:
        own = tmp_path / "project"
        shutil.copytree(folder, own)
        monkeypatch.setenv("SHOP_FOLDER", str(own))
        return World(own, command)

    return copy


@pytest.fixture
def databases(filled: Path, copied: Callable[[Path], World]) -> World:
    """Give two filled databases in a folder without a project."""
    return copied(filled)


@pytest.fixture
def world(planned: Path, copied: Callable[[Path], World]) -> World:
    """Give a whole project between two databases that were never in step."""
    return copied(planned)


@pytest.fixture
def in_step(adopted: Path, copied: Callable[[Path], World]) -> World:
    """Give the project after its adoption plan was carried out."""
    return copied(adopted)
