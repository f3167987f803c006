"""Writes whose outcome stays unknown: nobody else is lost sight of meanwhile, and nothing is blanked afterwards."""

import pytest
from world import ERP, MAPPING, World

from tallystick.core.error import Unavailable

LINKED = MAPPING.replace("object: companies}", "object: companies, external_id: ref}").replace(
    "object: partners}", "object: partners, external_id: ref}"
)


class Deaf:
    """Lets every create of a side through but loses the answer, and answers no search, until ``heal``."""

    def __init__(self, world: World, system: str) -> None:
        self.transport = world.systems[system].transport
        self.answer = self.transport.answer
        self.transport.answer = self.lose

    def lose(self, request):
        answer = self.answer(request)
        if request.verb == "create":
            raise Unavailable("the connection failed", applied="unknown")
        if request.verb == "find":
            raise Unavailable("the connection failed")
        return answer

    def heal(self) -> None:
        self.transport.answer = self.answer


def test_a_record_beside_its_own_unresolved_create_is_deferred_on_both_sides(fast_path):
    """The created record is listed before its create is settled; both wait, and neither is without disposition."""
    world = World.build(fast_path / "p", LINKED)
    world.left.create({"name": "Anker", "vat": "DE1", "city": "Ulm"})
    deaf = Deaf(world, "erp")
    world.go()
    world.pass_time(200)
    waiting = world.sync(full=True)
    [plan] = waiting.plan.pairs
    assert plan.dispositions["left"]["deferred"] == plan.dispositions["right"]["deferred"] == 1
    deaf.heal()
    world.pass_time(200)
    world.sync(full=True)
    assert len(world.rows("right")) == 1
    assert world.plan(full=True).plan.is_empty
    world.close()


@pytest.mark.parametrize("idem", ["extid", "key"])
def test_a_value_that_was_not_sent_is_not_taken_back_after_an_unknown_create(fast_path, idem):
    """The target cannot hold one field; recovering the create must not make its blank the newer word (R-6.1)."""
    erp = ERP.replace("ort: {type: text}", "ort: {type: text, max_length: 5}")
    world = World.build(fast_path / "p", LINKED, erp=erp, idem=idem)
    left = world.left.create({"name": "Anker", "vat": "DE1", "city": "Saarlouis"})
    deaf = Deaf(world, "erp")
    world.go()
    deaf.heal()
    for _ in range(3):
        world.pass_time(200)
        world.sync(full=True)
    assert world.rows("left")[left]["city"] == "Saarlouis"
    assert [r["name1"] for r in world.rows("right").values()] == ["Anker"]
    assert [(p.record, p.field, p.code) for p in world.parked()] == [(left, "city", "invalid_value")]
    assert world.plan(full=True).plan.is_empty
    world.close()


@pytest.mark.parametrize("idem", ["extid", "key"])
def test_what_kept_a_record_from_being_created_is_forgotten_when_an_unknown_create_is_recovered(fast_path, idem):
    """Nothing waits any more for a record that is in step."""
    world = World.build(fast_path / "p", LINKED, idem=idem)
    left = world.left.create({"name": "A" * 50, "vat": "DE1", "city": "Ulm"})
    world.sync()
    assert [p.field for p in world.parked()] == ["name"]
    world.left.update(left, {"name": "Anker"})
    deaf = Deaf(world, "erp")
    world.go()
    deaf.heal()
    for _ in range(2):
        world.pass_time(200)
        world.sync(full=True)
    assert [r["name1"] for r in world.rows("right").values()] == ["Anker"]
    assert world.parked() == []
    world.close()


def test_what_stood_there_before_is_no_sign_of_a_write(fast_path):
    """An update that never arrived is sent again, even if the old value looks like what may become of the new one."""
    erp = ERP.replace("    version: version\n", "").replace("cas_write: true, ", "")
    world = World.build(fast_path / "p", LINKED, erp=erp)
    left = world.left.create({"name": "Anker", "vat": "DE1", "city": "Bad Vilbel"})
    world.sync()
    world.left.update(left, {"city": "Bad Vilbel-Massenheim"})
    transport = world.systems["erp"].transport
    answer = transport.answer

    def swallow(request):
        if request.verb == "update":
            raise Unavailable("the connection failed", applied="unknown")
        return answer(request)

    transport.answer = swallow
    world.go()
    transport.answer = answer
    for _ in range(2):
        world.pass_time(200)
        world.sync(full=True)
    assert [r["ort"] for r in world.rows("right").values()] == ["Bad Vilbel-Massenheim"]
    world.close()
