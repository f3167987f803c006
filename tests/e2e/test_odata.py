"""An SAP-shaped system of others (OData 2 and 4), described by its own address, and a SQLite table, kept in step."""

import contextlib
import io
import json
import sqlite3
import sys
import urllib.request
from pathlib import Path

import pytest
from tests.systems.serving import free_port, require, served

from tallystick.cli.main import run_command

pytestmark = pytest.mark.e2e

OLD = "/sap/opu/odata/sap/API_PRODUCT_SRV"
NEW = "/sap/opu/odata4/sap/api_product/srvd_a2x/sap/api_product/0001"
TABLE = "create table things (id integer primary key, code text unique, kind text, team text, mass text)"
DATABASE = """\
protocol: sql
url: "sqlite:///{folder}/shop.db"
owner: ops
objects:
  things:
    id_type: integer
    table: {{name: things}}
    fields:
      id: {{type: integer, read_only: true}}
      code: {{type: text, unique: true}}
      kind: {{type: text}}
      team: {{type: text}}
      mass: {{type: text}}
"""
MAPPING = """\
left: {{system: shop, object: things}}
right: {{system: sap, object: {object}}}
match:
  - {{on: code}}
fields:
  code: {{left: code, right: Product}}
  kind: {{left: kind, right: ProductType}}
  team: {{left: team, right: ProductGroup}}
on_unmatched: {{left: create, right: create}}
on_delete: {{left: ignore, right: ignore}}
conflict: newest
fallback: left
owner: ops
"""


class World:
    def __init__(self, folder: Path, root: str) -> None:
        self.folder, self.root = folder, root

    def tally(self, *arguments: str, code: int | None = 0) -> str:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            found = run_command(["--project", str(self.folder), *arguments])
        assert code is None or found == code, out.getvalue() + err.getvalue()
        return out.getvalue()

    def execute(self, statement: str, *values: object) -> list:
        with contextlib.closing(sqlite3.connect(self.folder / "shop.db")) as connection, connection:
            return connection.execute(statement, values).fetchall()

    def left(self) -> dict:
        return {code: rest for code, *rest in self.execute("select code, kind, team from things")}

    def ask(self, path: str, method: str = "GET", body: dict | None = None, **headers: str) -> dict:
        sent = json.dumps(body).encode() if body is not None else None
        headers = {"Accept": "application/json", "Content-Type": "application/json", **headers}
        if method != "GET":
            fetch = urllib.request.Request(f"{self.root}/", headers={"X-CSRF-Token": "Fetch"})
            with urllib.request.urlopen(fetch, timeout=10) as answer:
                headers["X-CSRF-Token"] = answer.headers["X-CSRF-Token"]
                headers["Cookie"] = answer.headers["Set-Cookie"].partition(";")[0]
        request = urllib.request.Request(self.root + path, sent, headers, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read() or b"{}")


@pytest.fixture(scope="module")
def sap(tmp_path_factory):
    require("mocksap", "mock-sap")
    port = free_port()
    command = [str(Path(sys.executable).parent / "mock-sap"), "--port", str(port), "-q"]
    with served(command, port, tmp_path_factory.mktemp("sap") / "sap.log"):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(params=[OLD, NEW], ids=["v2", "v4"])
def world(request, sap, tmp_path):
    for folder in ("systems", "mappings"):
        (tmp_path / folder).mkdir()
    (tmp_path / "tally.yaml").write_text("name: sap\nowners: {ops: {name: Operations}}\n")
    (tmp_path / "systems" / "shop.yaml").write_text(DATABASE.format(folder=tmp_path))
    found = World(tmp_path, f"{sap}{request.param}")
    found.set = "A_Product" if request.param == OLD else "Product"
    found.rows = (lambda answer: answer["d"]["results"]) if request.param == OLD else (lambda answer: answer["value"])
    found.execute(TABLE)
    found.tally("describe", "sap", "--odata", found.root)
    (tmp_path / "mappings" / "things.yaml").write_text(MAPPING.format(object=found.set))
    return found


def test_products_travel_both_ways(world):
    """Ours are created there and theirs here; changes of both arrive; afterwards there is nothing to do."""
    code = f"NEW-{world.set}"
    world.execute("insert into things (code, kind, team) values (?, 'HALB', 'L001')", code)
    world.tally("plan", code=None)
    world.tally("apply")

    def right() -> dict:
        rows = world.rows(world.ask(f"/{world.set}?$top=500"))
        return {row["Product"]: [row["ProductType"], row["ProductGroup"]] for row in rows}

    assert code in right()
    assert len(world.left()) > 5
    assert world.left() == right()
    theirs = next(each for each in sorted(world.left()) if each != code)
    world.execute("update things set team = 'L009' where code = ?", theirs)
    key = f"/{world.set}('{code}')"
    world.ask(key, "PATCH", {"ProductGroup": "L007"}, **{"If-Match": "*"})
    world.tally("run", "--full")
    assert right()[theirs][1] == "L009"
    assert world.left()[code][1] == "L007"
    assert world.left() == right()
