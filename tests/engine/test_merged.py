"""A conflict that is settled by a value for both sides: what each side is then agreed to hold."""

import pytest
from matters import city, in_step, is_at_rest
from world import MAPPING, World

from tallystick.core.error import Unavailable

JOINS = MAPPING.replace(
    "city: {left: city, right: ort}",
    'city: {left: city, right: ort, conflict: expression, resolve: "{{ left }} / {{ right }}"}',
)


def contested(folder):
    world = World.build(folder, JOINS)
    left, right = in_step(world)
    world.left.update(left, {"city": "Bonn"})
    world.right.update(right, {"ort": "Mainz"})
    return world, left, right


@pytest.mark.parametrize("side", ["left", "right"])
def test_an_edit_right_after_a_merge_is_no_conflict(fast_path, side):
    """Both sides are agreed to hold the merged value, so the next edit of either side is carried over alone."""
    world, left, right = contested(fast_path / "w")
    world.sync()
    assert city(world) == ("Bonn / Mainz",) * 2
    if side == "left":
        world.left.update(left, {"city": "Ulm"})
    else:
        world.right.update(right, {"ort": "Ulm"})
    world.sync()
    assert city(world) == ("Ulm", "Ulm")
    assert is_at_rest(world)
    world.close()


@pytest.mark.parametrize("system", ["crm", "erp"])
def test_a_merge_that_reached_only_one_side_reaches_the_other_later(fast_path, system):
    """The value is not merged a second time: the side that has it passes it on."""
    world, *_ = contested(fast_path / "w")
    transport = world.systems[system].transport
    answer = transport.answer

    def refusing(request):
        if request.verb == "update":
            raise Unavailable("503", applied="no")
        return answer(request)

    transport.answer = refusing
    world.go("run")
    del transport.answer
    assert "Bonn / Mainz" in city(world)
    assert len(set(city(world))) == 2
    world.pass_time(3600)
    world.sync()
    assert city(world) == ("Bonn / Mainz",) * 2
    assert is_at_rest(world)
    world.close()
