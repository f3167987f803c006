"""Products of an SAP-shaped system of others (OData 2 and 4) and of a PostgreSQL table, kept in step both ways."""

import sys
from pathlib import Path

import psycopg
import pytest
import yaml
from tests.e2e.pair_world import World
from tests.e2e.test_odata import NEW, OLD
from tests.e2e.test_odata import World as Sap
from tests.systems.passage import opened_passage
from tests.systems.serving import free_port, require, served

pytestmark = pytest.mark.e2e

TABLE = """create table things (nr bigserial primary key, code varchar(40) unique not null, kind varchar(4),
  team varchar(9), changed_at timestamptz not null default clock_timestamp());
create function touch() returns trigger as $$ begin new.changed_at = clock_timestamp(); return new; end $$
  language plpgsql;
create trigger touched before update on things for each row execute function touch();"""
MAPPING = """\
left: {{system: shop, object: things}}
right: {{system: sap, object: {object}}}
match: [{{on: code, normalise: exact}}]
fields:
  code: {{left: code, right: Product}}
  kind: {{left: kind, right: ProductType}}
  team: {{left: team, right: ProductGroup}}
on_unmatched: {{left: create, right: create}}
on_delete: {{left: restore, right: propagate}}
owner: ops
"""
Things = dict[str, tuple[str, str]]


class Table:
    """The table, asked by SQL."""

    def __init__(self, url: str) -> None:
        self.url = url

    def execute(self, statement: str, *values: str) -> list[tuple[str, ...]]:
        with psycopg.connect(self.url) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def people(self) -> Things:
        """Show kind and team of everything by code."""
        return {code: (kind, team) for code, kind, team in self.execute("select code, kind, team from things")}


class Products:
    """The products, asked by hand."""

    def __init__(self, folder: Path, root: str) -> None:
        self.asking = Sap(folder, root)
        self.set = "A_Product" if OLD in root else "Product"
        self.is_old = OLD in root

    def people(self) -> Things:
        """Show kind and team of everything by code."""
        answer = self.asking.ask(f"/{self.set}?$top=500")
        rows = answer["d"]["results"] if self.is_old else answer["value"]
        shown = {row["Product"]: (row["ProductType"], row["ProductGroup"]) for row in rows}
        assert len(shown) == len(rows)
        return shown

    def create(self, code: str, kind: str, team: str) -> None:
        self.asking.ask(f"/{self.set}", "POST", {"Product": code, "ProductType": kind, "ProductGroup": team})

    def change(self, code: str, **fields: str) -> None:
        self.asking.ask(f"/{self.set}('{code}')", "PATCH", fields, **{"If-Match": "*"})

    def remove(self, code: str) -> None:
        self.asking.ask(f"/{self.set}('{code}')", "DELETE", **{"If-Match": "*"})


@pytest.fixture(params=[OLD, NEW], ids=["v2", "v4"])
def world(request, tmp_path, monkeypatch, postgres_with):
    """What each side has at first, after the first load; the server starts anew for each test."""
    require("mocksap", "mock-sap")
    port = free_port()
    url = postgres_with(TABLE)
    monkeypatch.setenv("SHOP_DATABASE", url)
    command = [str(Path(sys.executable).parent / "mock-sap"), "--port", str(port), "-q"]
    address = f"http://127.0.0.1:{port}"
    with served(command, port, tmp_path / "sap.log"), opened_passage(address) as passage:
        table, products = Table(url), Products(tmp_path, f"{address}{request.param}")
        table.execute(
            "insert into things (code, kind, team) values ('TABLE-1', 'HALB', 'L001'), ('TABLE-2', 'FERT', 'L002')"
        )
        world = World(tmp_path / "project", products, passage, table)
        for folder in ("systems", "mappings"):
            (world.folder / folder).mkdir(parents=True)
        (world.folder / "tally.yaml").write_text("name: sap\nowners: {ops: {name: Operations}}\n")
        world.succeed("describe", "shop", "--database", "${env:SHOP_DATABASE}")
        world.succeed("describe", "sap", "--odata", f"{passage.url}{request.param}")
        for name, kind in (("shop", "things"), ("sap", products.set)):
            manifest = world.folder / "systems" / f"{name}.yaml"
            described = yaml.safe_load(manifest.read_text())
            described |= {"owner": "ops", "network": {"timeout_seconds": 1}}
            # What no metadata says, and a person knows: what was written is seen at once.
            described["objects"][kind].setdefault("claims", {}).update({"strong_reads": True, "skew_seconds": 0})
            manifest.write_text(yaml.safe_dump(described, sort_keys=False))
        (world.folder / "mappings" / "things.yaml").write_text(MAPPING.format(object=products.set))
        world.succeed("lint")
        world.succeed("plan")
        world.succeed("apply")
        yield world


def test_edits_creations_and_deletions_of_both_sides_come_to_rest(world):
    """Both edit one product in different fields, each creates, each loses one; nothing is doubled or left to do.

    The metadata says that products cannot be deleted by this interface, so a row that is deleted comes back.
    """
    start = world.agree()
    assert start.keys() > {"TABLE-1", "TABLE-2"}
    assert "Nothing to do" in world.succeed("plan")
    theirs, doomed = [code for code in sorted(start) if not code.startswith("TABLE")][:2]
    world.near.change(theirs, ProductGroup="L007")
    world.other.execute("update things set kind = 'ROH' where code = %s", theirs)
    world.near.create("NEW-SAP", "FERT", "L003")
    world.other.execute("insert into things (code, kind, team) values ('NEW-TABLE', 'HALB', 'L004')")
    world.succeed("run")
    now = world.agree()
    assert now[theirs] == ("ROH", "L007")
    assert now.keys() == {*start, "NEW-SAP", "NEW-TABLE"}

    world.near.remove(doomed)
    world.other.execute("delete from things where code = 'TABLE-2'")
    world.run_until_agreed(len(start) + 1)
    assert world.agree().keys() == {*start, "NEW-SAP", "NEW-TABLE"} - {doomed}
    before = len(world.passage.writes())
    world.succeed("run", "--full")
    assert len(world.passage.writes()) == before
    assert "Nothing to do" in world.succeed("plan")


def test_lost_answers_lose_and_double_nothing(world):
    """The product was made or changed there, and nobody heard of it."""
    start = world.agree()
    lost = world.passage.lose_next("POST", "PATCH" if not world.near.is_old else "MERGE")
    world.other.execute("insert into things (code, kind, team) values ('LATE', 'HALB', 'L004')")
    world.other.execute("update things set team = 'L009' where code = 'TABLE-1'")
    world.run_until_agreed(len(start) + 1)
    assert len(lost) == 2
    assert world.agree()["TABLE-1"] == ("HALB", "L009")
    assert "Nothing to do" in world.succeed("plan")
