"""An XML document and a workbook are kept in step with a SQLite database, in both directions, by the command."""

import contextlib
import io
import sqlite3
from contextlib import closing

import openpyxl
import pytest

from tallystick.cli.main import run_command

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
DROP = """\
protocol: files
url: exports
owner: ops
objects:
  customers:
    id: "KEY"
    file: {FILE, write: replace, complete: {renamed: true}}
    fields:
      "KEY": {type: text, unique: true, required: true}
      name: {type: text}
      "TOWN": {type: text}
"""
MAPPING = """\
left: {system: drop, object: customers}
right: {system: shop, object: clients}
match: [{on: number}]
fields:
  number: {left: "KEY", right: number}
  name: {left: name, right: name}
  town: {left: "TOWN", right: town}
on_unmatched: {left: create, right: create}
on_delete: {left: propagate, right: propagate}
brakes: {delete_share: 1, delete_count: 10, shrink_share: 0}
owner: ops
"""
XML = """<?xml version="1.0" encoding="ISO-8859-1"?>
<export made="today">
  <!-- ours -->
  <customers>
    <customer id="101"><name>Müller</name><address><town>Köln</town><zip>50667</zip></address></customer>
    <customer id="102"><name>B &amp; C</name><address><town>Ulm</town></address></customer>
    <customer id="103"><name>D</name></customer>
  </customers>
</export>
"""


def workbook(path):
    book = openpyxl.Workbook()
    for row in (["id", "name", "town", "note"], *zip(("101", "102", "103"), ("Müller", "B & C", "D"), ("Köln", "Ulm"),
                                                     ("kept", "", ""), strict=False)):  # fmt: skip
        book.active.append(row)
    book.active.append(["103", "D"])
    book.save(path)


class Drop:
    """A project of a file and a database."""

    def __init__(self, folder, key, town, file):
        self.folder = folder
        names = {"tally.yaml": "name: drop\nowners: {ops: {name: Ops}}\n", "systems/shop.yaml": SHOP}
        spelled = {"systems/drop.yaml": DROP.replace("FILE", file), "mappings/customers.yaml": MAPPING}
        for name, text in (names | spelled).items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text.replace("KEY", key).replace("TOWN", town))
        (folder / "exports").mkdir()
        self.execute("create table clients (id integer primary key, number text unique, name text, town text)")

    def execute(self, statement, *values):
        with closing(sqlite3.connect(self.folder / "shop.db")) as connection, connection:
            return connection.execute(statement, values).fetchall()

    def clients(self):
        return {number: (name, town) for number, name, town in self.execute("select number, name, town from clients")}

    def tally(self, *arguments):
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            code = run_command(["--project", str(self.folder), *arguments])
        assert code == 0, said.getvalue()
        return said.getvalue()


@pytest.fixture(params=["xml", "xlsx"])
def drop(request, tmp_path, monkeypatch):
    monkeypatch.setenv("DROP_FOLDER", str(tmp_path))
    if request.param == "xml":
        made = Drop(tmp_path, "@id", "address.town", "name: c.xml, format: xml, records: customer")
        (tmp_path / "exports" / "c.xml").write_text(XML, encoding="iso-8859-1")
    else:
        made = Drop(tmp_path, "id", "town", "name: c.xlsx, format: xlsx")
        workbook(tmp_path / "exports" / "c.xlsx")
    return made


def test_both_ways(drop):
    """Created, changed and removed there and here; a plan afterwards is empty, and what nobody maps is kept."""
    drop.tally("lint")
    drop.tally("run", "--first-contact")
    assert drop.clients() == {"101": ("Müller", "Köln"), "102": ("B & C", "Ulm"), "103": ("D", None)}
    drop.execute("update clients set town = 'Bonn & Co', name = 'Müßig' where number = '101'")
    drop.execute("update clients set town = 'Kiel' where number = '103'")
    drop.execute("insert into clients (number, name, town) values ('0200', '<Neu>', 'Jülich')")
    drop.tally("run")
    file = next((drop.folder / "exports").iterdir())
    if file.suffix == ".xml":
        text = file.read_text("iso-8859-1")
        assert "<name>Müßig</name><address><town>Bonn &amp; Co</town><zip>50667</zip></address>" in text
        assert '<customer id="102"><name>B &amp; C</name><address><town>Ulm</town></address></customer>' in text
        assert text.startswith(XML[: XML.index("<customer ")])
        file.write_text(text.replace("<name>D</name>", "<name>Dora</name>"), encoding="iso-8859-1")
    else:
        book = openpyxl.load_workbook(file)
        assert [cell.value for cell in book.active[2]] == ["101", "Müßig", "Bonn & Co", "kept"]
        assert [cell.value for cell in book.active[5]] == ["0200", "<Neu>", "Jülich", None]
        book.active["B4"] = "Dora"
        book.save(file)
    drop.tally("run")
    assert drop.clients() == {
        "101": ("Müßig", "Bonn & Co"), "102": ("B & C", "Ulm"), "103": ("Dora", "Kiel"), "0200": ("<Neu>", "Jülich"),
    }  # fmt: skip
    assert "both sides agree" in drop.tally("plan")
    assert "100.00 %" in drop.tally("reconcile")
