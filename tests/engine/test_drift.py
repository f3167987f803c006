"""F-6: what the direction leaves different is counted and listed in every full compare, and is no work."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from world import MAPPING, World

from tallystick.engine.run import Result

ONE_WAY = MAPPING.replace("city: {left: city, right: ort}", "city: {left: city, right: ort, direction: to_right}")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World.build(tmp_path, ONE_WAY)
    for number in range(3):
        made.left.create({"name": f"C{number}", "vat": f"DE{number}", "city": "Bonn"})
    made.sync()
    made.now += 1000
    yield made
    made.close()


def edit(world: World, side: str, vat: str, **values: str) -> None:
    shelf, key = (world.left, "vat") if side == "left" else (world.right, "vat_id")
    [record] = [r["id"] for r in shelf if r[key] == vat]
    shelf.update(record, values)
    world.now += 1000


def drift(result: Result) -> dict[tuple[str, str], int]:
    [plan] = result.plan.pairs
    return plan.drift


def test_drift_is_counted_listed_and_no_line(world: World) -> None:
    edit(world, "right", "DE1", ort="Ulm")
    result = world.plan(full=True)
    [plan] = result.plan.pairs
    assert result.plan.is_empty
    assert plan.drift == {("right", "city"): 1}
    [found] = plan.drifting
    assert (found.side, found.field, found.left, found.right) == ("right", "city", "Bonn", "Ulm")
    assert plan.dispositions["right"]["drift"] == 1
    assert sum(plan.dispositions["right"].values()) == plan.listed["right"] == 3


def test_drift_does_not_become_invisible_by_having_been_seen(world: World) -> None:
    """Bytes that were looked at are skipped the next time; those of a drifting record are not."""
    edit(world, "right", "DE1", ort="Ulm")
    for _ in range(3):
        assert drift(world.sync(full=True)) == {("right", "city"): 1}
    assert [r["ort"] for r in world.right if r["vat_id"] == "DE1"] == ["Ulm"]


def test_drift_beside_a_write_stays_visible_after_it(world: World) -> None:
    edit(world, "right", "DE1", ort="Ulm", name1="New")
    assert world.sync(full=True).done["companies"] == {"update": 1}
    assert drift(world.sync(full=True)) == {("right", "city"): 1}
    edit(world, "left", "DE1", name="Newer")
    world.sync(full=True)
    assert drift(world.sync(full=True)) == {("right", "city"): 1}


def test_drift_ends_when_the_values_meet_again(world: World) -> None:
    edit(world, "right", "DE1", ort="Ulm")
    world.sync(full=True)
    edit(world, "right", "DE1", ort="Bonn")
    assert drift(world.sync(full=True)) == {}
    edit(world, "right", "DE1", ort="Ulm")
    world.sync(full=True)
    edit(world, "left", "DE1", city="Ulm")
    world.sync(full=True)
    assert drift(world.sync(full=True)) == {}


def test_drift_that_is_to_be_ignored_is_not_counted(world: World) -> None:
    world.remap(ONE_WAY.replace("direction: to_right", "direction: to_right, drift: ignore"))
    world.sync(full=True)
    edit(world, "right", "DE1", ort="Ulm")
    assert drift(world.sync(full=True)) == {}
