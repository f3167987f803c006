"""A system that cannot give a record by its id: where a question is open, nobody may guess what it holds (I-3)."""

import pytest
from matters import asked, city, contested, hide_single_records, is_at_rest


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("full", [True, False])
def test_a_contested_value_is_not_overwritten_by_a_newer_one(world, side, full):
    left, right = contested(world)
    hide_single_records(world, side)
    if side == "right":
        world.left.update(left, {"city": "Trier"})
    else:
        world.right.update(right, {"ort": "Trier"})
    before = city(world)
    world.pass_time(4000)
    world.sync(full=full)
    world.pass_time(4000)
    world.sync()
    world.sync(full=True)
    assert city(world) == before
    assert asked(world) == [("conflict", "city")]


def test_a_settled_difference_withdraws_itself_all_the_same(world):
    left, _ = contested(world)
    hide_single_records(world, "right")
    world.left.update(left, {"city": "Mainz"})
    world.sync(full=True)
    assert asked(world) == []
    assert is_at_rest(world)
