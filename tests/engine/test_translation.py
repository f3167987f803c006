"""Since when a field translates as it does: noted by the runs that took a changed mapping over, and only by these."""

from math import inf

from world import MAPPING, World

from tallystick.engine.translation import translated_since

OTHER_CITY = MAPPING.replace("{left: city, right: ort}", "{left: {path: city, codec: trim}, right: ort}")


def since(world: World) -> dict[str, float]:
    [pair] = world.pairs
    return dict(world.look(lambda tx: translated_since(pair, tx.pair_state("companies"), tx)))


def notes(world: World) -> int:
    return world.look(lambda tx: len(tx.ledger(run="mapping/companies")))


def test_a_mapping_that_never_changed_is_as_it_ever_was(world: World) -> None:
    assert since(world) == {"name": 0, "vat": 0, "city": 0}
    for _ in range(3):
        world.sync()
    assert since(world) == {"name": 0, "vat": 0, "city": 0}
    assert notes(world) == 1


def test_only_the_field_that_changed_is_younger(world: World) -> None:
    world.sync()
    world.remap(OTHER_CITY)
    assert since(world) == {"name": 0, "vat": 0, "city": inf}
    before = world.now
    world.sync()
    assert notes(world) == 2
    found = since(world)
    assert (found["name"], found["vat"]) == (0, 0)
    assert before < found["city"] < world.now
    world.sync()
    assert since(world) == found


def test_a_mapping_that_is_put_back_counts_from_then(world: World) -> None:
    world.sync()
    world.remap(OTHER_CITY)
    world.sync()
    middle = world.now
    world.remap(MAPPING)
    world.sync()
    assert since(world)["city"] > middle


def test_a_new_field_has_no_older_translation(world: World) -> None:
    without = MAPPING.replace("  city: {left: city, right: ort}\n", "")
    world.remap(without)
    world.sync()
    world.remap(MAPPING)
    assert since(world) == {"name": 0, "vat": 0, "city": 0}
    world.sync()
    assert since(world) == {"name": 0, "vat": 0, "city": 0}


def test_what_a_system_can_take_is_part_of_how_a_field_translates(world: World) -> None:
    world.sync()
    manifest = world.folder / "systems" / "erp.yaml"
    manifest.write_text(manifest.read_text().replace("max_length: 30", "max_length: 60"))
    world.remap(MAPPING)
    assert since(world) == {"name": inf, "vat": 0, "city": 0}


def test_a_plan_notes_nothing(world: World) -> None:
    world.plan()
    assert notes(world) == 0
