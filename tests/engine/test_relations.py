"""Records that hang together: trees, rings, headers with their lines, link rows, and what moves between parents.

Two systems in memory, with ids of their own on each side, so that only a translated reference can be right.
"""

import contextlib
import itertools

import pytest
from test_references import OBJECT, shelf
from world import Killed, Watch, World

from tallystick.core.error import Refused

HEAD = "protocol: memory\nnetwork: {timeout_seconds: 1}\nobjects:\n"
FIELDS = OBJECT.replace("      company: {type: text}\n", "      company: {type: text}\n      other: {type: text}\n")


def system(*names):
    return HEAD + "".join(f"  {name}:\n{FIELDS}" for name in names)


def mapping(name, match, fields, more=""):
    return f"""
left: {{system: crm, object: {name}}}
right: {{system: erp, object: {name}}}
match: [{{on: {match}}}]
fields:
{fields}
on_unmatched: {{left: create, right: create}}
on_delete: {{left: propagate, right: propagate}}
{more}
"""


PLAIN = "  name: {left: name, right: name}\n  vat: {left: vat, right: vat}\n"
TREE = mapping("nodes", "vat", PLAIN + "  parent: {left: company, right: company, reference: nodes}")


@pytest.fixture
def build(fast_path):
    worlds = []

    def make(**mappings):
        names = list(mappings)
        world = World.build(
            fast_path / str(len(worlds)), mapping(names[0], "vat", PLAIN), system(*names), system(*names)
        )
        (world.folder / "mappings" / "companies.yaml").unlink()
        for name, text in mappings.items():
            (world.folder / "mappings" / f"{name}.yaml").write_text(text)
        world.store.close()
        world.open()
        worlds.append(world)
        # The other side counts its ids from elsewhere.
        for name in names:
            for n in range(3):
                record = shelf(world, "erp", name).create({"name": "x", "vat": f"x{n}"})
                shelf(world, "erp", name).delete(record)
        return world

    with contextlib.ExitStack() as closing:
        closing.callback(lambda: [w.close() for w in worlds])
        yield make


def named(world, system_name, name):
    return {r["name"]: r for r in shelf(world, system_name, name)}


def grow(world, names, side="crm"):
    """A chain: each node is the parent of the next."""
    parent = None
    for name in names:
        parent = shelf(world, side, "nodes").create({"name": name, "vat": name, "company": parent})
    return parent


@pytest.mark.parametrize("order", ["parents first", "children first"])
def test_a_deep_tree_arrives_in_one_run(build, order):
    """R-13.5: parents before children, however deep and however the listing is ordered."""
    world = build(nodes=TREE)
    names = [f"n{i}" for i in range(6)]
    if order == "parents first":
        grow(world, names)
    else:
        ids = {n: shelf(world, "crm", "nodes").create({"name": n, "vat": n}) for n in reversed(names)}
        for parent, child in itertools.pairwise(names):
            shelf(world, "crm", "nodes").update(ids[child], {"company": ids[parent]})
    world.sync()
    there = named(world, "erp", "nodes")
    assert sorted(there) == names
    for parent, child in itertools.pairwise(names):
        assert there[child]["company"] == there[parent]["id"]
    assert world.parked() == []
    assert world.plan(full=True).plan.is_empty


def test_a_tree_is_deleted_from_its_leaves(build):
    """A system that keeps a parent as long as it has children refuses nothing."""
    world = build(nodes=TREE)
    for n in range(8):
        shelf(world, "crm", "nodes").create({"name": f"other{n}", "vat": f"o{n}"})
    names = [f"n{i}" for i in range(4)]
    grow(world, names)
    world.sync()
    for row in list(shelf(world, "crm", "nodes")):
        if row["name"] in names:
            shelf(world, "crm", "nodes").delete(row["id"])
    transport = world.systems["erp"].transport
    answer = transport.answer

    def keep_parents(request):
        if request.verb == "delete":
            record = request.arguments["record_id"]
            if any(r.get("company") == record for r in shelf(world, "erp", "nodes")):
                raise Refused("it has children", status=409)
        return answer(request)

    transport.answer = keep_parents
    for _ in range(2):
        world.pass_time(300)
        world.sync(full=True, released=frozenset({"deletes", "shrink"}))
    assert world.parked() == []
    assert not set(names) & set(named(world, "erp", "nodes"))


def test_a_ring_is_closed_in_a_second_step(build):
    """R-13.5: a company names its main contact, the contact names its company; one of them is sent later."""
    world = build(
        companies=mapping(
            "companies",
            "vat",
            PLAIN + "  main: {left: other, right: other, reference: contacts, on_missing_ref: send_without}",
        ),
        contacts=mapping("contacts", "vat", PLAIN + "  company: {left: company, right: company, reference: companies}"),
    )
    company = shelf(world, "crm", "companies").create({"name": "Anker", "vat": "A"})
    contact = shelf(world, "crm", "contacts").create({"name": "Eva", "vat": "E", "company": company})
    shelf(world, "crm", "companies").update(company, {"other": contact})
    world.sync()
    world.sync()
    there_company, there_contact = named(world, "erp", "companies")["Anker"], named(world, "erp", "contacts")["Eva"]
    assert there_contact["company"] == there_company["id"]
    assert there_company["other"] == there_contact["id"]
    assert world.parked() == []
    assert world.plan(full=True).plan.is_empty


ORDERS = mapping("orders", "vat", PLAIN)
LINES = mapping(
    "lines",
    "[order, position]",
    "  order: {left: company, right: company, reference: orders}\n"
    "  position: {left: vat, right: vat}\n  text: {left: name, right: name}",
)


def test_lines_are_known_by_their_header_and_number(build):
    """13.2: the same line number in two orders is two lines; what is on both sides already is linked, not doubled."""
    world = build(orders=ORDERS, lines=LINES)
    for at in ("crm", "erp"):
        for order in ("A", "B"):
            number = shelf(world, at, "orders").create({"name": order, "vat": order})
            for position in ("1", "2") if at == "crm" else ("1",):
                shelf(world, at, "lines").create({"company": number, "vat": position, "name": f"{order}{position}"})
    world.sync()
    orders = {r["id"]: r["name"] for r in shelf(world, "erp", "orders")}
    lines = sorted((orders[r["company"]], r["vat"], r["name"]) for r in shelf(world, "erp", "lines"))
    assert lines == [("A", "1", "A1"), ("A", "2", "A2"), ("B", "1", "B1"), ("B", "2", "B2")]
    assert len(shelf(world, "crm", "lines")) == 4
    assert world.plan(full=True).plan.is_empty


def test_a_line_moves_to_another_header(build):
    """Re-parenting is an ordinary change of a reference."""
    world = build(orders=ORDERS, lines=LINES)
    first, second = (shelf(world, "crm", "orders").create({"name": n, "vat": n}) for n in ("A", "B"))
    line = shelf(world, "crm", "lines").create({"company": first, "vat": "1", "name": "A1"})
    world.sync()
    shelf(world, "crm", "lines").update(line, {"company": second})
    world.sync()
    assert named(world, "erp", "lines")["A1"]["company"] == named(world, "erp", "orders")["B"]["id"]
    assert world.plan(full=True).plan.is_empty


def test_link_rows_are_known_by_both_ends(build):
    """R-13.6: many-to-many rows have a composite key of two references."""
    world = build(
        people=mapping("people", "vat", PLAIN),
        groups=mapping("groups", "vat", PLAIN),
        members=mapping(
            "members",
            "[person, group]",
            "  person: {left: company, right: company, reference: people}\n"
            "  group: {left: other, right: other, reference: groups}",
        ),
    )
    ids = {}
    for at in ("crm", "erp"):
        for kind in ("people", "groups"):
            for n in ("1", "2"):
                ids[at, kind, n] = shelf(world, at, kind).create({"name": f"{kind}{n}", "vat": f"{kind}{n}"})
    for person, group in (("1", "1"), ("1", "2"), ("2", "1")):
        row = {"company": ids["crm", "people", person], "other": ids["crm", "groups", group]}
        shelf(world, "crm", "members").create(row)
    shelf(world, "erp", "members").create({"company": ids["erp", "people", "1"], "other": ids["erp", "groups", "1"]})
    world.sync()
    found = {(r["company"], r["other"]) for r in shelf(world, "erp", "members")}
    assert found == {
        (ids["erp", "people", p], ids["erp", "groups", g]) for p, g in (("1", "1"), ("1", "2"), ("2", "1"))
    }
    assert len(shelf(world, "erp", "members")) == len(shelf(world, "crm", "members")) == 3
    assert world.plan(full=True).plan.is_empty


def test_the_target_object_depends_on_the_record(build):
    """Companies of a kind go to one object, the others to another; each mapping has its condition."""
    world = build(firms=mapping("firms", "vat", PLAIN), persons=mapping("persons", "vat", PLAIN))
    folder = world.folder / "mappings"
    for name, kind in (("firms", "F"), ("persons", "P")):
        text = (folder / f"{name}.yaml").read_text()
        text = text.replace(
            f"left: {{system: crm, object: {name}}}",
            f"left: {{system: crm, object: firms, where: {{city: [{kind}]}}, on_create: {{city: {kind}}}}}",
        )
        (folder / f"{name}.yaml").write_text(text)
    world.store.close()
    world.open()
    for kind, name in (("F", "Anker"), ("P", "Eva"), ("F", "Bär")):
        shelf(world, "crm", "firms").create({"name": name, "vat": name, "city": kind})
    shelf(world, "erp", "persons").create({"name": "Udo", "vat": "Udo"})
    world.sync()
    assert set(named(world, "erp", "firms")) == {"Anker", "Bär"}
    assert set(named(world, "erp", "persons")) == {"Eva", "Udo"}
    assert named(world, "crm", "firms")["Udo"]["city"] == "P"
    assert world.plan(full=True).plan.is_empty


def test_a_tree_is_planned_as_it_is_applied(build):
    """I-29: the plan shows every level, and apply carries out exactly its lines."""
    world = build(nodes=TREE)
    grow(world, [f"n{i}" for i in range(4)])
    plan = world.plan().plan
    assert [o.action for o in plan.operations] == ["create"] * 4
    result = world.go("apply", approved=frozenset(o.fingerprint for o in plan.operations))
    assert result.done["nodes"] == {"create": 4}
    assert world.plan(full=True).plan.is_empty


def test_a_branch_waits_when_its_parent_is_refused(build):
    """I-16: the others arrive; the children of the refused one follow by themselves once it is there."""
    world = build(nodes=TREE)
    grow(world, ["a", "b", "c"])
    grow(world, ["d", "e"])
    transport = world.systems["erp"].transport
    answer = transport.answer

    def refuse(request):
        if request.verb == "create" and request.arguments["body"].get("name") == "b":
            raise Refused("no b today", status=422)
        return answer(request)

    transport.answer = refuse
    world.sync()
    assert set(named(world, "erp", "nodes")) == {"a", "d", "e"}
    del transport.answer
    [record] = [r["id"] for r in shelf(world, "crm", "nodes") if r["name"] == "b"]
    shelf(world, "crm", "nodes").update(record, {"name": "b2"})
    world.sync()
    world.sync()
    there = named(world, "erp", "nodes")
    assert set(there) == {"a", "b2", "c", "d", "e"}
    assert there["c"]["company"] == there["b2"]["id"]
    assert world.parked() == []


@pytest.mark.parametrize("where", [1, 2, 3, 4, 5, 6, 7, 8])
def test_a_tree_survives_being_killed(build, where):
    """I-12: killed at a door of the first push, the next runs end with one tree."""
    world = build(nodes=TREE)
    names = [f"n{i}" for i in range(4)]
    grow(world, names)
    with contextlib.suppress(Killed), Watch(die_at=where + 4, after=bool(where % 2)).over(world):
        world.sync()
    world.pass_time(300)
    for _ in range(3):
        world.go("run")
        world.pass_time(300)
    there = named(world, "erp", "nodes")
    assert sorted(there) == names
    assert len(shelf(world, "erp", "nodes")) == 4
    for parent, child in itertools.pairwise(names):
        assert there[child]["company"] == there[parent]["id"]
