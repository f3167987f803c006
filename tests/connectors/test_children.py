"""Records below others: what a walk of the parents asks for, what it proves, and how ids and addresses are spelled."""

import pytest
from tests.systems.shop_server import Shop, manifest_of

from tallystick.connectors.registry import open_system
from tallystick.core.error import Absent, AccessError, DataError, Garbled, ProjectError, Refused, Unavailable
from tallystick.core.ports import NotThere
from tallystick.project.manifest import Manifest
from tallystick.project.shapes import expand, shape_faults, shape_warnings


class NoSecrets:
    def resolve(self, reference):
        raise AssertionError(f"{reference} was taken for a secret")


@pytest.fixture
def shop():
    running = Shop().start()
    yield running
    running.stop()


@pytest.fixture
def opened(shop):
    """Open the shop's manifest with further settings of its lines; close whatever was opened."""
    transports = []

    def open_it(manifest=None, **lines):
        entries = manifest or manifest_of(shop.url, **lines)
        entries["limits"] = {"longest_wait_seconds": 0.1}
        connector, transport = open_system("shop", expand(Manifest.model_validate(entries)), NoSecrets())
        transports.append(transport)
        return connector, transport.run

    yield open_it
    for transport in transports:
        transport.close()


def walk(connector, run, name="lines", since=None):
    """Read a listing to its end, as the engine does; gives what could be read and what could not."""
    waiting, seen, good, bad = [None], set(), [], []
    while waiting:
        position = waiting.pop(0)
        if position in seen:
            continue
        seen.add(position)
        page = run(connector.read(name, since, position))
        waiting += [each for each in (page.next, *page.ahead) if each]
        for row in page.rows:
            try:
                good.append(connector.sight(name, row))
            except DataError as error:
                bad.append(error)
    return good, bad


def stock(shop, orders=7, lines=4):
    """Make orders with lines; gives the ids of the orders."""
    made = [shop.put(("orders",), number=str(number)) for number in range(orders)]
    for order in made:
        for number in range(lines):
            shop.put(("orders", order, "lines"), text=f"{order}:{number}")
    return made


def test_every_line_is_read_with_the_order_it_lies_below(shop, opened):
    orders = stock(shop)
    good, bad = walk(*opened())
    assert not bad
    assert sorted((s.record["order"], s.record["text"]) for s in good) == sorted(
        (order, f"{order}:{number}") for order in orders for number in range(4)
    )
    assert len({seen.id for seen in good}) == 28


def test_only_below_changed_orders_is_looked_for_changes(shop, opened):
    """An order's time of change tells that something below it changed, so nobody else's lines are asked for."""
    orders = stock(shop)
    connector, run = opened()
    shop.put(("orders", orders[2], "lines"), text="new")
    [newest] = [s.modified for s in walk(connector, run)[0] if s.record["text"] == "new"]
    shop.calls.clear()
    good, _ = walk(connector, run, since=newest)
    assert [s.record["text"] for s in good] == ["new"]
    assert {address[1] for _, address in shop.calls if len(address) == 3} == {orders[2]}


def test_without_that_promise_every_order_is_looked_below(shop, opened):
    orders = stock(shop)
    connector, run = opened(under={"object": "orders", "holder": "order"})
    newest = max(s.modified for s in walk(connector, run)[0])
    shop.calls.clear()
    good, _ = walk(connector, run, since=newest)
    assert len(good) == 1
    assert {address[1] for _, address in shop.calls if len(address) == 3} == set(orders)


def test_an_order_that_is_deleted_meanwhile_has_nothing_below_it(shop, opened):
    """Its listing answers 404; that the order itself is not there proves that nothing is below it."""
    orders = stock(shop, 3)
    connector, run = opened()
    first = run(connector.read("lines"))
    shop.remove(("orders", orders[1]))
    rows = [row for at in (first.next, *first.ahead) for row in run(connector.read("lines", None, at)).rows]
    assert {connector.sight("lines", row).record["order"] for row in rows} == {orders[0], orders[2]}


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_listing_that_is_refused_is_not_an_empty_one(shop, opened, status):
    """The order is there, so nothing is known of what lies below it."""
    orders = stock(shop, 3)
    shop.broken[("orders", orders[1], "lines")] = status
    with pytest.raises((AccessError, Unavailable)):
        walk(*opened())


@pytest.mark.parametrize(("lies", "rows"), [(1, 5), (-1, 5)])
def test_a_listing_that_lacks_what_it_counts_makes_the_walk_no_proof(shop, opened, lies, rows):
    """Offset paging asks on while more is promised; what never comes shows as a row that cannot be read."""
    [order] = stock(shop, 1, rows)
    shop.lies = lies
    good, bad = walk(*opened())
    assert len(good) == rows
    assert [fault.detail for fault in bad] == [f"orders {order} lists {rows} lines but says it has {rows + lies}"]


def test_an_order_that_cannot_be_read_makes_the_walk_no_proof(shop, opened):
    orders = stock(shop, 3)
    del shop.records[("orders", orders[1])]["id"]
    good, bad = walk(*opened())
    assert {s.record["order"] for s in good} == {orders[0], orders[2]}
    assert len(bad) == 1


def test_a_new_line_needs_an_order_that_is_there(shop, opened):
    connector, run = opened()
    with pytest.raises(Refused, match="nothing says below which orders record"):
        run(connector.create("lines", {"text": "x"}, ""))
    with pytest.raises(Absent, match="that it belongs below is not there"):
        run(connector.create("lines", {"order": "nobody", "text": "x"}, ""))


def test_ids_with_any_characters_lead_to_their_line(shop, opened):
    """Slashes, percent signs, braces and what looks like a secret are parts of an address and nothing else."""
    connector, run = opened()
    for own in ("a/b", "a%2Fb", "{id}", "{order}", "${env:HOME}", "ä ö", "..."):
        shop.records[("orders", own)] = {"id": own, "number": own, "changed": "2026-01-01T00:00:00Z"}
        made = run(connector.create("lines", {"order": own, "text": own}, ""))
        seen = run(connector.get("lines", made.id))
        assert (seen.id, seen.record["order"], seen.record["text"]) == (made.id, own, own)
    assert len(walk(connector, run)[0]) == 7
    assert isinstance(run(connector.get("lines", "5")), NotThere)


def test_lines_are_found_by_their_order(shop, opened):
    orders = stock(shop, 2)
    connector, run = opened()
    assert connector.capabilities("lines").searchable == ("order",)
    assert len(run(connector.find("lines", ("order",), orders[1]))) == 4
    assert run(connector.find("lines", ("order",), "nobody")) == []
    with pytest.raises(ProjectError, match="cannot be searched"):
        run(connector.find("lines", ("text",), "x"))


def test_what_has_addresses_of_its_own_keeps_its_id(shop, opened):
    """Only the listing is below the order; the calls about one line do not name it, so lines are known by their id."""
    manifest = manifest_of(shop.url)
    own = {"path": "/orders/{id}", "method": "GET"}
    manifest["objects"]["lines"] |= {"get": own, "update": None, "delete": None, "create": None, "id_type": "text"}
    manifest["objects"].pop("notes")
    orders = stock(shop, 2, 1)
    good, _ = walk(*opened(manifest))
    assert sorted((s.id, s.record["order"]) for s in good) == [("1", orders[0]), ("1", orders[1])]


def test_two_levels_down_both_ids_are_in_the_address(shop, opened):
    [order] = stock(shop, 1, 2)
    connector, run = opened()
    line = walk(connector, run)[0][1]
    note = run(connector.create("notes", {"line": line.id, "text": "deep"}, ""))
    assert shop.records[("orders", order, "lines", "2", "notes", "1")]["text"] == "deep"
    [(seen)] = walk(connector, run, "notes")[0]
    assert (seen.id, seen.record["line"]) == (note.id, line.id)
    assert run(connector.get("notes", note.id)).record["line"] == line.id


def test_lines_are_parts_of_a_record(shop, opened):
    """The line below an order is a part of it: read, made and changed with the order."""
    manifest = manifest_of(shop.url)
    manifest["objects"]["carts"] = {
        "anchor": "orders",
        "parts": {"line": {"object": "lines", "link": "order", "required": True}},
    }
    assert list(shape_faults(Manifest.model_validate(manifest))) == []
    connector, run = opened(manifest)
    made = run(connector.create("carts", {"number": "7", "line": {"text": "first"}}, ""))
    assert shop.records[("orders", made.id, "lines", "1")]["text"] == "first"
    [seen] = walk(connector, run, "carts")[0]
    assert (seen.id, seen.record["number"], seen.record["line"]["text"]) == (made.id, "7", "first")


def test_a_position_of_another_listing_is_refused(shop, opened):
    connector, run = opened()
    with pytest.raises(Garbled, match="no position"):
        run(connector.read("lines", None, "[1]"))


@pytest.mark.parametrize(
    ("under", "listing", "said"),
    [
        ({"object": "ordrs", "holder": "order"}, "/orders/{order}/lines", "there is no object 'ordrs'"),
        ({"object": "lines", "holder": "order"}, "/orders/{order}/lines", "cannot lie below itself"),
        ({"object": "orders", "holder": "id"}, "/orders/{id}/lines", "cannot stand for the id"),
        ({"object": "orders", "holder": "order"}, "/lines", "does not say which orders record"),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_sent(under, listing, said):
    manifest = manifest_of("http://shop.test", under=under)
    manifest["objects"]["lines"]["list"]["path"] = listing
    manifest["objects"].pop("notes")
    assert any(said in message for _, message, _ in shape_faults(Manifest.model_validate(manifest)))


def test_a_walk_of_all_parents_on_each_run_is_said():
    manifest = manifest_of("http://shop.test", under={"object": "orders", "holder": "order"})
    said = [message for _, message, _ in shape_warnings(Manifest.model_validate(manifest))]
    assert said == ["each run asks below every record of orders"]
