"""Lines inside a record: merged one by one with a table of lines, or with lines inside the other side's record."""

import contextlib

import pytest
from test_references import OBJECT, shelf
from world import World

from tallystick.core.error import Refused, Unavailable

HEAD = "protocol: memory\nnetwork: {timeout_seconds: 1}\nobjects:\n"
PLAIN = (
    OBJECT.replace("    fields:\n", "    filters: {company: {param: company}}\n    fields:\n")
    + "      qty: {type: text}\n"
)
ORDERS = PLAIN + "      cart: {type: object}\n"
NESTED = f"""{HEAD}  orders:
{ORDERS}
  lines:
    inside: {{object: orders, path: cart.lines, key: sku, holder: order}}
    fields: {{sku: {{type: text, required: true}}, qty: {{type: text}}, note: {{type: text}}}}
"""
TABLE = f"{HEAD}  orders:\n{ORDERS}  lines:\n{PLAIN}"
ORDER_MAPPING = """
left: {system: crm, object: orders}
right: {system: erp, object: orders}
match: [{on: vat}]
fields:
  name: {left: name, right: name}
  vat: {left: vat, right: vat}
on_unmatched: {left: create, right: create}
on_delete: {left: propagate, right: propagate}
"""
PATHS = {
    "nested": {"order": "order", "sku": "sku", "qty": "qty"},
    "table": {"order": "company", "sku": "vat", "qty": "qty"},
}


def line_mapping(left, right):
    a, b = PATHS[left], PATHS[right]
    return f"""
left: {{system: crm, object: lines}}
right: {{system: erp, object: lines}}
match: [{{on: [order, sku]}}]
fields:
  order: {{left: {a["order"]}, right: {b["order"]}, reference: orders, on_cascade: propagate}}
  sku: {{left: {a["sku"]}, right: {b["sku"]}}}
  qty: {{left: {a["qty"]}, right: {b["qty"]}}}
on_unmatched: {{left: create, right: create}}
on_delete: {{left: propagate, right: propagate}}
"""


SHAPES = [("nested", "table"), ("table", "nested"), ("nested", "nested")]


@pytest.fixture(params=SHAPES, ids="-".join)
def world(fast_path, request):
    left, right = request.param
    texts = {"nested": NESTED, "table": TABLE}
    made = World.build(fast_path / "p", ORDER_MAPPING, texts[left], texts[right])
    (made.folder / "mappings" / "companies.yaml").rename(made.folder / "mappings" / "orders.yaml")
    (made.folder / "mappings" / "lines.yaml").write_text(line_mapping(left, right))
    made.store.close()
    made.open()
    made.shapes = {"crm": left, "erp": right}
    for _ in range(3):  # the other side counts its ids from elsewhere
        shelf(made, "erp", "orders")._new_id()
    with contextlib.closing(made):
        yield made


def order_of(world, system, name="A"):
    return next((r for r in shelf(world, system, "orders") if r["vat"] == name), None)


def lines(world, system, name="A"):
    """The lines of an order, by article."""
    order = order_of(world, system, name)
    if order is None:
        return None
    if world.shapes[system] == "nested":
        return {line["sku"]: line.get("qty") for line in (order.get("cart") or {}).get("lines") or []}
    return {r["vat"]: r.get("qty") for r in shelf(world, system, "lines") if r["company"] == order["id"]}


def set_lines(world, system, wanted, name="A"):
    """What a person does to the lines of an order."""
    order = order_of(world, system, name)
    if world.shapes[system] == "nested":
        before = {line["sku"]: line for line in (order.get("cart") or {}).get("lines") or []}
        kept = [{**before.get(sku, {}), "sku": sku, "qty": qty} for sku, qty in wanted.items()]
        shelf(world, system, "orders").update(order["id"], {"cart": {"lines": kept}})
        return
    table = shelf(world, system, "lines")
    there = {r["vat"]: r for r in table if r["company"] == order["id"]}
    for sku, row in there.items():
        if sku not in wanted:
            table.delete(row["id"])
        elif row.get("qty") != wanted[sku]:
            table.update(row["id"], {"qty": wanted[sku]})
    for sku in (s for s in wanted if s not in there):
        table.create({"company": order["id"], "vat": sku, "qty": wanted[sku]})


def begin(world, system="crm", **wanted):
    for name in ("A", "B"):
        shelf(world, system, "orders").create({"name": name, "vat": name})
        set_lines(world, system, wanted, name)
    world.sync()
    world.sync()
    assert lines(world, "crm") == lines(world, "erp") == wanted


def settle(world):
    """Two full runs: one to see what is missing, one to see that it still is."""
    for _ in range(2):
        world.pass_time(300)
        world.sync(full=True)


@pytest.mark.parametrize("system", ["crm", "erp"])
def test_an_order_arrives_with_its_lines_in_one_run(world, system):
    """Whichever side nests them; every line is paired, none is doubled."""
    for name in ("A", "B"):
        shelf(world, system, "orders").create({"name": name, "vat": name})
        set_lines(world, system, {"nut": "1", "bolt/2": "2"}, name)
    world.sync()
    for name in ("A", "B"):
        assert lines(world, "crm", name) == lines(world, "erp", name) == {"nut": "1", "bolt/2": "2"}
    world.sync(full=True)
    assert world.plan(full=True).plan.is_empty
    assert (world.queue(), world.parked()) == ([], [])


def test_lines_that_each_side_changed_are_merged(world):
    """One line is changed here, another there, one is added on each side: all of it is kept."""
    begin(world, nut="1", bolt="2", pin="3")
    set_lines(world, "crm", {"nut": "10", "bolt": "2", "pin": "3", "left": "7"})
    set_lines(world, "erp", {"nut": "1", "bolt": "20", "pin": "3", "right": "8"})
    world.sync()
    world.sync()
    merged = {"nut": "10", "bolt": "20", "pin": "3", "left": "7", "right": "8"}
    assert lines(world, "crm") == lines(world, "erp") == merged
    assert lines(world, "crm", "B") == lines(world, "erp", "B") == {"nut": "1", "bolt": "2", "pin": "3"}
    assert world.plan(full=True).plan.is_empty


def test_a_line_that_both_changed_is_a_question_about_that_line(world):
    """The others go on."""
    begin(world, nut="1", bolt="2")
    set_lines(world, "crm", {"nut": "10", "bolt": "20"})
    set_lines(world, "erp", {"nut": "11", "bolt": "2"})
    world.sync()
    assert [(q.kind, q.pair, q.field) for q in world.queue()] == [("conflict", "lines", "qty")]
    assert (lines(world, "crm")["nut"], lines(world, "erp")["nut"]) == ("10", "11")
    assert lines(world, "crm")["bolt"] == lines(world, "erp")["bolt"] == "20"


@pytest.mark.parametrize("system", ["crm", "erp"])
def test_a_line_that_is_taken_out_goes_on_the_other_side(world, system):
    begin(world, nut="1", bolt="2", pin="3")
    set_lines(world, system, {"nut": "1", "pin": "3"})
    settle(world)
    assert lines(world, "crm") == lines(world, "erp") == {"nut": "1", "pin": "3"}
    assert world.plan(full=True).plan.is_empty


@pytest.mark.parametrize(("deleter", "editor"), [("crm", "erp"), ("erp", "crm")])
def test_a_line_deleted_here_and_edited_there_is_asked_about(world, deleter, editor):
    """Nobody but a person can know whether it shall go."""
    begin(world, nut="1", bolt="2")
    set_lines(world, deleter, {"bolt": "2"})
    set_lines(world, editor, {"nut": "9", "bolt": "2"})
    settle(world)
    assert [q.kind for q in world.queue()] == ["delete_update"]
    assert lines(world, editor) == {"nut": "9", "bolt": "2"}
    assert lines(world, deleter) == {"bolt": "2"}


def test_what_nobody_maps_stays_in_its_line(world):
    """The list is written back with everything that was in it."""
    begin(world, nut="1", bolt="2")
    system = "crm" if world.shapes["crm"] == "nested" else "erp"
    there = "erp" if system == "crm" else "crm"
    order = order_of(world, system)
    kept = [{**line, "note": "fragile", "tax": {"rate": 19}} for line in order["cart"]["lines"]]
    shelf(world, system, "orders").update(order["id"], {"cart": {"lines": kept, "coupon": "X"}})
    world.sync()
    set_lines(world, there, {"nut": "5", "bolt": "2"})
    world.sync()
    cart = order_of(world, system)["cart"]
    assert cart["coupon"] == "X"
    found = {x["sku"]: (x["qty"], x["note"], x["tax"]) for x in cart["lines"]}
    assert found == {"nut": ("5", "fragile", {"rate": 19}), "bolt": ("2", "fragile", {"rate": 19})}


def nested_system(world):
    """A system whose lines are nested, and the other one."""
    return ("crm", "erp") if world.shapes["crm"] == "nested" else ("erp", "crm")


def test_a_line_that_is_refused_is_parked_alone(world):
    """One line of three is refused by the system that nests them; the two others are there."""
    system, there = nested_system(world)
    begin(world, there, old="1")
    transport = world.systems[system].transport
    answer = transport.answer

    def refuse(request):
        change = request.arguments.get("update")
        rows = ((change.patch.get("cart") or {}).get("lines") or []) if change else []
        if any(row["sku"] == "bad" for row in rows):
            raise Refused("no such article", status=422)
        return answer(request)

    transport.answer = refuse
    set_lines(world, there, {"old": "1", "bad": "2", "good": "3"})
    world.sync()
    assert lines(world, system) == {"old": "1", "good": "3"}
    [parked] = world.parked()
    assert (parked.pair, parked.code) == ("lines", "refused")
    transport.answer = answer
    world.store.commit(lambda tx: tx.drop_quarantine("lines", parked.side, [parked.record]))
    world.sync(full=True)
    assert lines(world, system) == {"old": "1", "bad": "2", "good": "3"}
    assert world.plan(full=True).plan.is_empty


def test_a_line_whose_creation_got_no_answer_is_not_made_twice(world):
    """It is looked for in the order that it belongs to."""
    system, there = nested_system(world)
    begin(world, there, old="1")
    transport = world.systems[system].transport
    answer, lost = transport.answer, []

    def lose(request):
        found = answer(request)
        if request.verb == "update" and not lost:
            lost.append(request)
            raise Unavailable("time-out", applied="unknown")
        return found

    transport.answer = lose
    set_lines(world, there, {"old": "1", "new": "2"})
    world.go("run")
    assert len(lost) == 1
    transport.answer = answer
    world.pass_time(300)
    world.sync(full=True)
    world.sync(full=True)
    assert lines(world, system) == {"old": "1", "new": "2"}
    assert world.plan(full=True).plan.is_empty
    assert (world.queue(), world.parked()) == ([], [])


def test_somebody_who_edits_the_order_meanwhile_loses_nothing(world):
    """The list is written on condition of the order's version, and anew where that moved."""
    system, there = nested_system(world)
    begin(world, there, nut="1", bolt="2")
    transport = world.systems[system].transport
    answer, edited = transport.answer, []

    def edit(request):
        if request.verb == "update" and not edited:
            edited.append(request)
            set_lines(world, system, {"nut": "1", "bolt": "2", "theirs": "9"})
        return answer(request)

    transport.answer = edit
    set_lines(world, there, {"nut": "5", "bolt": "2"})
    world.sync()
    transport.answer = answer
    world.sync()
    world.sync()
    assert lines(world, "crm") == lines(world, "erp") == {"nut": "5", "bolt": "2", "theirs": "9"}


@pytest.mark.parametrize("system", ["crm", "erp"])
def test_a_deleted_order_takes_its_lines_along(world, system):
    """Each line is a deletion of its own where it stands in a table; then the order goes."""
    begin(world, nut="1", bolt="2")
    order = order_of(world, system)
    if world.shapes[system] == "table":
        for row in [r for r in shelf(world, system, "lines") if r["company"] == order["id"]]:
            shelf(world, system, "lines").delete(row["id"])
    shelf(world, system, "orders").delete(order["id"])
    for _ in range(4):
        world.pass_time(300)
        world.sync(full=True, released=frozenset({"shrink"}))
    assert order_of(world, "crm") is order_of(world, "erp") is None
    assert lines(world, "crm", "B") == lines(world, "erp", "B") == {"nut": "1", "bolt": "2"}
    for each in ("crm", "erp"):
        if world.shapes[each] == "table":
            assert len(shelf(world, each, "lines")) == 2
    assert (world.queue(), world.parked()) == ([], [])
    assert world.plan(full=True).plan.is_empty


def test_lines_that_cannot_be_told_apart_are_not_guessed(world):
    """Two lines with one key: both are listed as unusable, the others go on, nothing is deleted."""
    system, there = nested_system(world)
    begin(world, nut="1", bolt="2")
    order = order_of(world, system)
    rows = sorted(order["cart"]["lines"], key=lambda row: row["sku"] != "nut")
    rows = [*rows, {"sku": "nut", "qty": "4"}]
    rows[1]["qty"] = "22"
    shelf(world, system, "orders").update(order["id"], {"cart": {"lines": rows}})
    settle(world)
    assert lines(world, there) == {"nut": "1", "bolt": "22"}
    assert {p.code for p in world.parked()} == {"invalid_value"}
    shelf(world, system, "orders").update(order["id"], {"cart": {"lines": rows[:2]}})
    settle(world)
    assert (world.queue(), world.parked()) == ([], [])
