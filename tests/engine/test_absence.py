"""Silence has many meanings; only proof deletes (SYNC-SPEC 4, X3)."""

import pytest
from world import CRM, ERP, MAPPING, World

from tallystick.core.error import AccessError, Unavailable


def filled(world, count=6):
    for i in range(count):
        world.left.create({"name": f"C{i}", "vat": f"DE{i}", "city": "Ulm"})
    world.sync()
    return {r["vat_id"]: i for i, r in world.rows("right").items()}


def break_reads(world, verb, error, when=lambda _request: True):
    """Let the left system answer some reads with an error; gives a function that heals it."""
    transport = world.systems["crm"].transport
    answer = transport.answer

    def broken(request):
        if request.verb == verb and when(request):
            raise error
        return answer(request)

    transport.answer = broken
    return lambda: delattr(transport, "answer")


def test_one_404_deletes_nothing(world):
    """R-4: the first look only notes the absence; the second, far enough apart, proves it."""
    filled(world)
    world.left.delete("1")
    world.sync(full=True)
    if world.pairs[0].left.can.consistency + world.pairs[0].left.can.in_flux > 5:
        assert len(world.rows("right")) == 6
    world.pass_time(200)
    world.sync(full=True)
    assert len(world.rows("right")) == 5


def test_a_listing_that_breaks_off_deletes_nothing(world):
    """P4: a 500 on the second page, again and again, is no absence."""
    filled(world, 150)
    heal = break_reads(world, "list", Unavailable("500"), lambda r: r.arguments.get("after") is not None)
    for _ in range(3):
        world.pass_time(200)
        result = world.go("run", full=True)
        assert "500" in result.plan.pairs[0].problem
    assert len(world.rows("right")) == 150
    heal()
    world.sync(full=True)
    assert world.plan(full=True).plan.is_empty


def test_lost_rights_delete_nothing(world):
    """401 and 403 say nothing about records; the pair stops and says so."""
    filled(world)
    heal = break_reads(world, "list", AccessError("403 forbidden"))
    result = world.go("run", full=True)
    assert result.failures["companies"].code == "access"
    assert len(world.rows("right")) == 6
    heal()
    world.sync(full=True)
    assert world.plan(full=True).plan.is_empty


def test_one_forbidden_record_does_not_stop_the_others(world):
    """I-16: a write that is not allowed for one record, again and again, ends as a parked record."""
    at = filled(world)
    world.left.update("1", {"city": "Bonn"})
    transport = world.systems["erp"].transport
    answer = transport.answer

    def refuse(request):
        asked = request.arguments.get("update")
        if request.verb == "update" and asked.id == at["DE0"]:
            raise AccessError("403 this record is locked")
        return answer(request)

    transport.answer = refuse
    for n in range(6):
        world.left.update("2", {"city": f"Bonn {n}"})
        world.go("run", full=True)
        assert world.rows("right")[at["DE1"]]["ort"] == f"Bonn {n}"
    assert [(p.record, p.code) for p in world.parked()] == [("1", "access")]
    assert world.plan(full=True).plan.is_empty
    del transport.answer


def test_unreadable_records_are_waited_for(world):
    """A record missing from the listing whose own read fails is neither deleted nor forgotten."""
    at = filled(world)
    world.left.delete("1")
    heal = break_reads(world, "get", Unavailable("503"))
    for _ in range(3):
        world.pass_time(200)
        world.go("run", full=True)
    assert at["DE0"] in world.rows("right")
    heal()
    for _ in range(2):
        world.pass_time(200)
        world.sync(full=True)
    assert at["DE0"] not in world.rows("right")


def test_leaving_the_scope_is_not_a_deletion(fast_path):
    """I-19: a record that leaves the filter is frozen, and thaws when it comes back."""
    mapping = MAPPING.replace(
        "left: {system: crm, object: companies}", "left: {system: crm, object: companies, where: {city: [Ulm, Bonn]}}"
    )
    world = World.build(fast_path / "p", mapping)
    left = world.left.create({"name": "Anker", "vat": "DE1", "city": "Ulm"})
    world.sync()
    world.left.update(left, {"city": "Köln", "name": "Anker AG"})
    world.sync()
    [right] = world.rows("right").values()
    assert (right["name1"], right["ort"]) == ("Anker", "Ulm")
    assert world.plan(full=True).plan.is_empty
    world.left.update(left, {"city": "Bonn"})
    world.sync()
    [right] = world.rows("right").values()
    assert (right["name1"], right["ort"]) == ("Anker AG", "Bonn")
    assert world.plan(full=True).plan.is_empty
    world.close()


def test_a_narrowed_filter_deletes_nothing(world):
    """R-12.6: a changed configuration makes records dormant, never gone."""
    filled(world)
    world.remap(MAPPING.replace("object: companies}", "object: companies, where: {city: [Bonn]}}"))
    for _ in range(3):
        world.pass_time(200)
        world.sync(full=True)
    assert len(world.rows("right")) == 6
    assert world.plan(full=True).plan.is_empty


@pytest.mark.parametrize("size", [1, 3])
def test_a_soft_deleted_record_is_gone_at_once(fast_path, size):
    """Evidence (a): a flag in the listing needs no second look and no canary."""
    soft = "    deleted: {path: gone}\n    list: {method: GET, path: /}\n"
    crm = CRM.replace("    list: {method: GET, path: /}\n", soft)
    world = World.build(fast_path / "p", MAPPING, crm, ERP)
    for i in range(size):
        world.left.create({"name": f"C{i}", "vat": f"DE{i}", "city": "Ulm"})
    world.sync()
    world.left.delete("1")
    world.sync()
    assert len(world.rows("right")) == size - 1
    assert world.plan(full=True).plan.is_empty
    world.close()
