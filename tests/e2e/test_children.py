"""Orders and the lines below them, and two tables of a SQLite database, kept in step by the command line."""

import contextlib
import io
import json
import sqlite3

import pytest
from tests.systems.serving import wait_until
from tests.systems.shop_server import Shop, manifest_of

from tallystick.cli.main import run_command

pytestmark = pytest.mark.e2e

TABLES = """
create table orders (id integer primary key, number text unique, remark text);
create table rows (id integer primary key, order_id integer not null references orders, article text, count integer);
"""
DATABASE = """\
protocol: sql
url: "sqlite:///{folder}/erp.db"
owner: ops
network: {{timeout_seconds: 1}}
objects:
  orders:
    id_type: integer
    fields: {{id: {{type: integer, read_only: true}}, number: {{type: text, unique: true}}, remark: {{type: text}}}}
  rows:
    id_type: integer
    fields:
      id: {{type: integer, read_only: true}}
      order_id: {{type: integer, required: true, reference: orders}}
      article: {{type: text}}
      count: {{type: integer}}
"""
ORDERS = """\
left: {system: shop, object: orders}
right: {system: erp, object: orders}
match: [{on: number}]
fields:
  number: {left: number, right: number}
  remark: {left: remark, right: remark}
on_unmatched: {left: create, right: create}
on_delete: {left: propagate, right: propagate}
owner: ops
"""
LINES = """\
left: {system: shop, object: lines}
right: {system: erp, object: rows}
match: [{on: [order, article]}]
fields:
  order: {left: order, right: order_id, reference: orders}
  article: {left: text, right: article}
  count: {left: count, right: count}
on_unmatched: {left: create, right: create}
on_delete: {left: propagate, right: propagate}
brakes: {delete_count: 10, empty_side_from: 10, delete_share: 1}
owner: ops
"""


class World:
    """A shop with a thousand ways to be asked, a database, and the project between them."""

    def __init__(self, folder, **lines):
        self.folder = folder
        self.shop = Shop().start()
        (folder / "systems").mkdir()
        (folder / "mappings").mkdir()
        manifest = manifest_of(self.shop.url, **lines) | {"owner": "ops", "network": {"timeout_seconds": 1}}
        manifest["objects"].pop("notes")
        (folder / "systems" / "shop.yaml").write_text(json.dumps(manifest))
        (folder / "systems" / "erp.yaml").write_text(DATABASE.format(folder=folder))
        (folder / "mappings" / "orders.yaml").write_text(ORDERS)
        (folder / "mappings" / "lines.yaml").write_text(LINES)
        (folder / "tally.yaml").write_text("name: shop\nowners: {ops: {name: Operations, email: ops@shop.test}}\n")
        with contextlib.closing(sqlite3.connect(folder / "erp.db")) as connection:
            connection.executescript(TABLES)

    def execute(self, statement, *values):
        with contextlib.closing(sqlite3.connect(self.folder / "erp.db")) as connection, connection:
            return connection.execute(statement, values).fetchall()

    def tally(self, *arguments):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run_command(["--project", str(self.folder), *arguments])
        assert "Traceback" not in err.getvalue(), err.getvalue()
        return code, out.getvalue() + err.getvalue()

    def succeed(self, *arguments):
        code, said = self.tally(*arguments)
        assert code == 0, said
        return said

    def left(self):
        number = {address[1]: row["number"] for address, row in self.shop.records.items() if len(address) == 2}
        lines = [(number[a[1]], r["text"], r["count"]) for a, r in self.shop.records.items() if len(a) == 4]
        return sorted(lines)

    def right(self):
        return self.execute(
            "select number, article, count from rows join orders on orders.id = order_id order by number, article"
        )


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.shop.stop()


def test_a_field_with_a_call_of_its_own_converges_and_waits_alone(tmp_path):
    """Its refusal parks that field; the rest of the record is written, and it goes on when the call is accepted."""
    call = {"method": "PUT", "path": "/orders/{order}/lines/{id}/count", "body": {"to": "{value}"}}
    world = World(tmp_path, actions={"count": {"field": "count", "call": call}})
    try:
        world.shop.apart = "count"
        world.execute("insert into orders values (1, '1', '')")
        world.execute("insert into rows values (1, 1, 'a', 3), (2, 1, 'b', 4)")
        world.succeed("plan")
        world.succeed("apply")
        world.succeed("run")
        assert world.left() == world.right() == [("1", "a", 3), ("1", "b", 4)]
        assert "Nothing to do" in world.succeed("plan", "--full")

        [line] = [a for a, r in world.shop.records.items() if r.get("text") == "a"]
        world.shop.broken[(*line, "count")] = 422
        world.execute("update rows set count = 30, article = 'aa' where id = 1")
        world.tally("run")
        assert world.left() == [("1", "aa", 3), ("1", "b", 4)]
        said = world.tally("problems")[1]
        assert "broken" in said, said
        assert "count" in said
        world.shop.broken.clear()
        world.execute("update rows set count = 31 where id = 1")
        world.succeed("run")
        assert world.left() == world.right() == [("1", "aa", 31), ("1", "b", 4)]
        assert "Nothing to do" in world.succeed("plan", "--full")
    finally:
        world.shop.stop()


def test_lines_below_orders_are_kept_in_step_both_ways(world):
    """Created, changed and deleted on either side; a line goes below the order that its row belongs to."""
    first = world.shop.put(("orders",), number="1")
    for number in range(5):
        world.shop.put(("orders", first, "lines"), text=f"a{number}", count=number)
    world.execute("insert into orders values (7, '2', 'from the database')")
    world.execute("insert into rows values (1, 7, 'b1', 3), (2, 7, 'b2', 4)")
    world.succeed("plan")
    world.succeed("apply")
    world.succeed("run")
    assert world.left() == world.right()
    assert len(world.right()) == 7

    assert "Nothing to do" in world.succeed("plan")
    second = next(a[1] for a, r in world.shop.records.items() if len(a) == 2 and r["number"] == "2")
    changed = next(a for a, r in world.shop.records.items() if len(a) == 4 and r["text"] == "b1")
    world.shop.records[changed]["count"] = 30
    world.shop.touch(changed)
    world.execute("update rows set count = 11 where article = 'a1'")
    world.execute("insert into rows (order_id, article, count) select id, 'new', 1 from orders where number = '1'")
    world.shop.put(("orders", second, "lines"), text="b3", count=0)
    world.succeed("run")
    assert world.left() == world.right()
    assert {("1", "a1", 11), ("1", "new", 1), ("2", "b3", 0), ("2", "b1", 30)} <= set(world.right())

    world.shop.remove(("orders", first, "lines", "3"))
    world.execute("delete from rows where article = 'b2'")

    def agreed():
        world.tally("run", "--full")
        return world.left() == world.right() and len(world.right()) == 7

    wait_until(agreed, "both deletions to arrive", seconds=60, pause=0.5)
    assert not {"a2", "b2"} & {article for _, article, _ in world.right()}


def test_lines_that_cannot_be_listed_are_not_deleted(world):
    """One order's listing is refused: its lines stay, and so does everything else until it can be read."""
    orders = [world.shop.put(("orders",), number=str(number)) for number in range(3)]
    for order in orders:
        world.shop.put(("orders", order, "lines"), text=f"of {order}", count=1)
    world.succeed("plan")
    world.succeed("apply")
    world.succeed("run")
    before = world.right()
    world.shop.broken[("orders", orders[1], "lines")] = 404
    for _ in range(3):
        world.tally("run", "--full")
    assert world.right() == before
