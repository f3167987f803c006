"""Records below others: what a walk of the parents asks for, what it proves, and how ids and addresses are spelled."""

import pytest
from tests.systems.shop_server import Shop, by_field, manifest_of

from tallystick.connectors.registry import open_system
from tallystick.core.error import Absent, AccessError, DataError, Garbled, ProjectError, Refused, Unavailable
from tallystick.core.ports import NotThere, Update
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


@pytest.fixture
def slugged(shop, opened):
    """Open a shop whose lines lie below a word deep inside their order; gives connector, runner and ids of orders."""
    shop.name_of = lambda order: order["where"]["slug"]
    orders = stock(shop, 3, 2)
    for order, slug in zip(orders, ("a/b c", "{id}%2F", "ü"), strict=True):
        shop.records[("orders", order)]["where"] = {"slug": slug}
    return (*opened(by_field(manifest_of(shop.url), "order.where.slug")), orders)


def test_addresses_are_made_of_fields_deep_inside_the_record_above(shop, slugged):
    """Whatever characters such a field has, it is one step of the address; ids are still made of ids."""
    connector, run, orders = slugged
    good, bad = walk(connector, run)
    assert not bad
    assert sorted(s.record["order"] for s in good) == sorted(orders * 2)
    made = run(connector.create("lines", {"order": orders[1], "text": "new"}, ""))
    assert shop.records[("orders", orders[1], "lines", "3")]["text"] == "new"
    run(connector.update("lines", Update(made.id, {"text": "other"})))
    assert run(connector.get("lines", made.id)).record["text"] == "other"
    run(connector.delete("lines", made.id))
    assert isinstance(run(connector.get("lines", made.id)), NotThere)


def test_a_field_that_changed_is_read_anew_for_each_call(shop, slugged):
    """Two orders swap their slugs; a line that is written by its id must not land below the other one."""
    connector, run, orders = slugged
    line = next(s.id for s in walk(connector, run)[0] if s.record["order"] == orders[0])
    one, two = (shop.records[("orders", order)] for order in orders[:2])
    one["where"], two["where"] = two["where"], one["where"]
    run(connector.update("lines", Update(line, {"text": "mine"})))
    assert shop.records[("orders", orders[0], "lines", "1")]["text"] == "mine"
    assert {s.id for s in walk(connector, run)[0] if s.record["text"] == "mine"} == {line}


def test_a_listing_of_orders_shows_the_field_at_no_further_cost(shop, slugged):
    connector, run, _orders = slugged
    shop.calls.clear()
    walk(connector, run)
    assert not [address for _, address in shop.calls if len(address) == 2]


def test_a_field_that_the_listing_leaves_out_is_read_with_the_order(shop, slugged):
    connector, run, _orders = slugged
    shop.hidden = ("where",)
    good, bad = walk(connector, run)
    assert (len(good), bad) == (6, [])


@pytest.mark.parametrize("slug", [None, "", "..", [], {}, True])
def test_an_order_that_lacks_the_field_hides_only_its_own_lines(shop, slugged, slug):
    """It is told with its name; the others are read, and the walk is no proof that anything is gone."""
    connector, run, orders = slugged
    lines = [s.id for s in walk(connector, run)[0] if s.record["order"] == orders[1]]
    shop.records[("orders", orders[1])]["where"] = {"slug": slug}
    good, bad = walk(connector, run)
    assert {s.record["order"] for s in good} == {orders[0], orders[2]}
    [fault] = bad
    assert f"orders {orders[1]} does not say {{order.where.slug}}" in fault.detail
    for call in (
        connector.update("lines", Update(lines[0], {"text": "x"})),
        connector.create("lines", {"order": orders[1], "text": "x"}, ""),
        connector.get("lines", lines[0]),
        connector.delete("lines", lines[0]),
        connector.find("lines", ("order",), orders[1]),
    ):
        with pytest.raises(DataError, match="does not say"):
            run(call)


def test_below_an_order_that_is_gone_there_is_nothing(shop, slugged):
    """No address can be made for what lies below it, and none is needed."""
    connector, run, orders = slugged
    line = next(s.id for s in walk(connector, run)[0] if s.record["order"] == orders[0])
    shop.remove(("orders", orders[0]))
    assert isinstance(run(connector.get("lines", line)), NotThere)
    assert run(connector.find("lines", ("order",), orders[0])) == []
    for call in (
        connector.create("lines", {"order": orders[0], "text": "x"}, ""),
        connector.update("lines", Update(line, {"text": "x"})),
        connector.delete("lines", line),
    ):
        with pytest.raises(Absent):
            run(call)


def test_two_levels_up_each_order_is_read_once_for_a_listing(shop, slugged):
    connector, run, orders = slugged
    for order in orders:
        for line in ("1", "2"):
            shop.put(("orders", order, "lines", line, "notes"), text=f"{order} {line}")
    shop.calls.clear()
    good, bad = walk(connector, run, "notes")
    assert (len(good), bad) == (6, [])
    assert sorted(address[1] for _, address in shop.calls if len(address) == 2) == orders


def test_fields_above_may_stand_in_query_and_body(shop, opened):
    """In a body a number stays a number; a query gets the text."""
    manifest = manifest_of(shop.url)
    lines = manifest["objects"]["lines"]
    lines["create"]["body"] = {"count": "{order.size}", "note": "of {order.number}"}
    lines["list"]["query"] = {"number": "{order.number}"}
    [order] = stock(shop, 1, 0)
    shop.records[("orders", order)] |= {"size": 12, "number": "x&y=z"}
    connector, run = opened(manifest)
    made = run(connector.create("lines", {"order": order, "text": "t"}, ""))
    kept = shop.records[("orders", order, "lines", "1")]
    assert (kept["count"], kept["note"]) == (12, "of x&y=z")
    assert [s.id for s in walk(connector, run)[0]] == [made.id]


def test_fields_that_nothing_shows_are_told_before_anything_is_sent():
    manifest = by_field(manifest_of("http://shop.test"))
    del manifest["objects"]["orders"]["get"]
    said = [(at, message) for at, message, _ in shape_faults(Manifest.model_validate(manifest))]
    cannot = "{order.number} cannot be filled in: orders has no call that reads one record"
    assert said == [
        *((("objects", "lines", call, "path"), cannot) for call in ("get", "update", "delete", "create")),
        *((("objects", "notes", call, "path"), cannot) for call in ("get", "update", "delete", "list", "create")),
    ]


@pytest.mark.parametrize(("name", "is_strange"), [("order.numbr", True), ("order.number", False), ("order.id", False)])
def test_a_field_that_the_record_above_is_not_known_to_have_is_doubted(name, is_strange):
    manifest = by_field(manifest_of("http://shop.test"), name)
    said = [hint for _, message, hint in shape_warnings(Manifest.model_validate(manifest)) if "not known" in message]
    assert said == (["did you mean 'number'?"] * 10 if is_strange else [])


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
