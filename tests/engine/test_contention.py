"""R-13.2: two mappings that write the same field of the same record are asked about, and never write in turn."""

import contextlib

import pytest
from test_references import OBJECT, shelf
from world import World

HEAD = "protocol: memory\nnetwork: {timeout_seconds: 1}\nobjects:\n"
FIRMS = """
left: {system: LEFT, object: firms}
right: {system: RIGHT, object: partners}
match: [{on: vat}]
fields:
  vat: {left: vat, right: vat, direction: match_only}
  name: {left: name, right: name, FLOW}
on_unmatched: {left: ignore, right: ignore}
on_delete: {left: unlink, right: unlink}
"""


@pytest.fixture(params=["right", "left"])
def shared(request):
    """The side on which both mappings meet."""
    return request.param


@pytest.fixture
def build(fast_path, shared):
    with contextlib.ExitStack() as closing:

        def make(flow):
            systems = [HEAD + "".join(f"  {n}:\n{OBJECT}" for n in ("firms", "people", "partners"))] * 2
            flow = flow.replace("ACROSS", f"to_{shared}")
            text = FIRMS.replace("FLOW", flow)
            if shared == "right":
                text = text.replace("LEFT", "crm").replace("RIGHT", "erp")
            else:
                text = text.replace("{system: LEFT, object: firms}", "{system: crm, object: partners}").replace(
                    "{system: RIGHT, object: partners}", "{system: erp, object: firms}"
                )
            world = World.build(fast_path / "p", text, *systems)
            (world.folder / "mappings" / "companies.yaml").rename(world.folder / "mappings" / "a.yaml")
            (world.folder / "mappings" / "b.yaml").write_text(text.replace("firms", "people"))
            world.store.close()
            world.open()
            closing.callback(world.close)
            return world

        yield make


def places(world, shared):
    here, there = ("crm", "erp") if shared == "right" else ("erp", "crm")
    return shelf(world, here, "firms"), shelf(world, here, "people"), shelf(world, there, "partners")


def contested(world):
    return [(q.kind, q.pair, q.field) for q in world.queue()]


def test_what_one_mapping_agreed_on_is_not_overwritten_by_another(build, shared):
    """The firm leads the partner's name; that a person shares the partner is no reason to rename it."""
    world = build(
        "direction: ACROSS, drift: revert, initial: LEADS".replace("LEADS", "left" if shared == "right" else "right")
    )
    firms, people, partners = places(world, shared)
    partners.create({"name": "P", "vat": "1"})
    firms.create({"name": "Anker", "vat": "1"})
    people.create({"name": "Eva", "vat": "1"})
    world.sync()
    assert [r["name"] for r in partners] == ["Anker"]
    assert contested(world) == [("contention", "b", "name")]
    for _ in range(3):
        world.sync(full=True)
        assert [r["name"] for r in partners] == ["Anker"]
        assert contested(world) == [("contention", "b", "name")]
    assert world.plan(full=True).plan.is_empty


def test_it_does_not_go_back_and_forth(build, shared):
    """Both had agreed; then both change. One is written, the other is asked about, run after run."""
    world = build("direction: ACROSS, drift: revert")
    firms, people, partners = places(world, shared)
    partners.create({"name": "P", "vat": "1"})
    firm, person = (shelf_.create({"name": "P", "vat": "1"}) for shelf_ in (firms, people))
    world.sync()
    firms.update(firm, {"name": "Anker"})
    people.update(person, {"name": "Eva"})
    world.sync()
    assert [r["name"] for r in partners] == ["Anker"]
    for _ in range(3):
        world.sync(full=True)
        assert [r["name"] for r in partners] == ["Anker"]
        assert contested(world) == [("contention", "b", "name")]
    people.update(person, {"name": "Anker"})
    world.sync()
    assert world.queue() == []
    assert world.plan(full=True).plan.is_empty


def test_an_edit_of_one_flows_on_to_the_other(build, shared):
    """Two-way, and only one anchor changed: the shared record and the other anchor follow. Nothing is contested."""
    world = build("direction: both")
    firms, people, partners = places(world, shared)
    partners.create({"name": "P", "vat": "1"})
    firm, _ = (shelf_.create({"name": "P", "vat": "1"}) for shelf_ in (firms, people))
    world.sync()
    firms.update(firm, {"name": "Anker"})
    world.sync()
    world.sync()
    assert {r["name"] for shelf_ in (firms, people, partners) for r in shelf_} == {"Anker"}
    assert world.queue() == []


def test_two_that_write_the_same_value_do_not_contend(build, shared):
    """Both anchors were changed to the same; the plan has no question, and apply does what it shows."""
    world = build("direction: ACROSS, drift: revert")
    firms, people, partners = places(world, shared)
    partners.create({"name": "P", "vat": "1"})
    firm, person = (shelf_.create({"name": "P", "vat": "1"}) for shelf_ in (firms, people))
    world.sync()
    firms.update(firm, {"name": "Anker"})
    people.update(person, {"name": "Anker"})
    plan = world.plan().plan
    world.go("apply", approved=frozenset(o.fingerprint for o in plan.operations))
    assert [r["name"] for r in partners] == ["Anker"]
    assert world.queue() == []
    world.sync()
    assert world.plan(full=True).plan.is_empty
