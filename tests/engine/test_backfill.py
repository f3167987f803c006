"""A run limited to records, to values or to one field: it does that, and takes nothing from the next ordinary run."""

from collections.abc import Iterable
from typing import Any

import pytest
from world import CRM, ERP, MAPPING, World

from tallystick.core.error import Refused
from tallystick.core.selection import Selection
from tallystick.engine.backfill import Backfill
from tallystick.engine.effects import drive
from tallystick.engine.run import Result, run


def backfill(world: World, mode: str = "run", **limits: Any) -> Result:
    session = world.session(mode)
    try:
        look = Backfill(Selection(**limits)).observe
        return drive(run(session, world.pairs, alone=True, patience=60, look=look), world.boundary())
    finally:
        session.close()


def left(*ids: str) -> dict[str, Any]:
    return {"records": frozenset(("companies", "left", i) for i in ids)}


def fill(world: World, count: int = 4) -> list[str]:
    ids = [world.left.create({"name": f"C{n}", "vat": f"DE{n}", "city": "Bonn"}) for n in range(count)]
    world.sync()
    world.now += 1000
    return ids


def rename(world: World, ids: Iterable[str], **values: str) -> None:
    for record in ids:
        world.left.update(record, {"name": f"New {record}", **values})
    world.now += 1000


def names(world: World) -> list[str]:
    return sorted(r["name1"] for r in world.rows("right").values())


def test_only_the_named_records_are_carried_over_and_the_others_are_not_lost(world):
    ids = fill(world)
    rename(world, ids)
    result = backfill(world, **left(ids[1]))
    [plan] = result.plan.pairs
    assert plan.chosen == 1
    assert result.done["companies"] == {"update": 1}
    assert sum(name.startswith("New") for name in names(world)) == 1
    world.sync()
    assert all(name.startswith("New") for name in names(world))


def test_named_pairs_are_read_by_id_and_not_by_listing(world):
    ids = fill(world, 30)
    rename(world, ids[:1])
    world.events.clear()
    backfill(world, **left(ids[0]))
    assert not [e for e in world.events if type(e).__name__ == "PageRead"]


def test_the_position_in_the_system_s_changes_does_not_move(world):
    """What changed meanwhile is before the next ordinary run, not behind it."""
    ids = fill(world)
    before = world.look(lambda tx: [tx.cursor("companies", s) for s in ("left", "right")])
    rename(world, ids)
    backfill(world, where=(("city", "nowhere"),))
    assert world.look(lambda tx: [tx.cursor("companies", s) for s in ("left", "right")]) == before
    assert world.look(lambda tx: [tx.window("companies", s) for s in ("left", "right")]) == [None, None]
    world.sync()
    assert all(name.startswith("New") for name in names(world))


def test_records_are_chosen_by_the_value_of_either_side(world):
    ids = fill(world)
    rename(world, ids[:2], city="Ulm")
    rename(world, ids[2:])
    result = backfill(world, where=(("city", "Ulm"),))
    [plan] = result.plan.pairs
    assert plan.chosen == 2
    assert plan.dispositions["left"]["unasked"] == 2
    assert sum(name.startswith("New") for name in names(world)) == 2


def test_an_unpaired_record_is_created_alone_and_only_if_it_has_no_counterpart(world):
    """Only who lists both sides knows that nobody is there; a counterpart outside of the choice is found."""
    fill(world)
    lone = world.left.create({"name": "Lone", "vat": "DE77"})
    paired = world.left.create({"name": "Twin", "vat": "DE88"})
    world.right.create({"name1": "Twin", "vat_id": "DE88"})
    world.left.create({"name": "Other", "vat": "DE99"})
    world.now += 1000
    result = backfill(world, **left(lone, paired))
    assert result.done["companies"] == {"create": 1}
    assert sorted(n for n in names(world) if not n.startswith("C")) == ["Lone", "Twin"]
    assert world.look(lambda tx: tx.binding_of("companies", "left", paired)) is not None


def test_a_refused_record_is_tried_again_when_it_is_named(world, monkeypatch):
    """An ordinary run waits until something changes; a person may know better."""
    fill(world)
    made, refusing = world.right.create, [True]

    def create(body: dict[str, Any], key: str = "") -> str:
        if refusing:
            raise Refused("closed on Mondays")
        return made(body, key)

    monkeypatch.setattr(world.right, "create", create)
    lone = world.left.create({"name": "Lone", "vat": "DE77"})
    world.now += 1000
    world.sync()
    assert [q.code for q in world.parked()] == ["refused"]
    refusing.clear()
    world.sync(full=True)
    assert "Lone" not in names(world)
    backfill(world, **left(lone))
    assert "Lone" in names(world)
    assert world.parked() == []


def test_where_records_cannot_be_read_singly_the_side_is_listed(tmp_path):
    listed = World.build(
        tmp_path,
        MAPPING,
        CRM.replace("    get: {method: GET, path: /}\n", ""),
        ERP.replace("    get: {method: GET, path: /}\n", ""),
    )
    ids = fill(listed)
    rename(listed, ids)
    result = backfill(listed, **left(ids[3]))
    assert result.done["companies"] == {"update": 1}
    assert result.plan.pairs[0].chosen == 1
    listed.sync(full=True)
    assert all(name.startswith("New") for name in names(listed))
    listed.close()


WITHOUT_CITY = MAPPING.replace("  city: {left: city, right: ort}\n", "")


@pytest.fixture
def newly_mapped(world):
    """Map the city only after the companies are in step, and change all names, too."""
    world.remap(WITHOUT_CITY)
    ids = fill(world)
    rename(world, ids[:2])
    world.remap(MAPPING)
    return world


def test_a_newly_mapped_field_is_filled_alone(newly_mapped):
    world = newly_mapped
    result = backfill(world, field="city")
    assert result.done["companies"] == {"update": 4}
    assert [r["ort"] for r in world.rows("right").values()] == ["Bonn"] * 4
    assert not any(name.startswith("New") for name in names(world))
    assert backfill(world, "plan", field="city").plan.is_empty
    world.sync()
    assert sum(name.startswith("New") for name in names(world)) == 2
    assert world.plan(full=True).plan.is_empty


def test_a_field_of_some_records_is_filled_for_these(newly_mapped):
    world = newly_mapped
    [chosen] = [i for i, r in world.rows("left").items() if r["vat"] == "DE3"]
    backfill(world, field="city", **left(chosen))
    assert {r["vat_id"]: r.get("ort") for r in world.rows("right").values()} == {
        "DE0": None,
        "DE1": None,
        "DE2": None,
        "DE3": "Bonn",
    }
    world.sync()
    assert [r["ort"] for r in world.rows("right").values()] == ["Bonn"] * 4


def test_one_field_neither_creates_nor_deletes_nor_answers_for_others(newly_mapped):
    """A question about another field stays, and what was deleted is left to an ordinary run."""
    world = newly_mapped
    world.sync()
    [(record, _)] = [(i, r) for i, r in world.rows("left").items() if r["vat"] == "DE1"]
    [twin] = [i for i, r in world.rows("right").items() if r["vat_id"] == "DE1"]
    world.left.update(record, {"name": "Left", "city": "Ulm"})
    world.right.update(twin, {"name1": "Right"})
    world.now += 1000
    world.sync()
    asked = [(q.kind, q.field) for q in world.queue()]
    assert asked == [("conflict", "name")]
    world.left.update(record, {"city": "Kiel"})
    world.left.create({"name": "New", "vat": "DE50"})
    [gone] = [i for i, r in world.rows("left").items() if r["vat"] == "DE0"]
    world.left.delete(gone)
    world.now += 1000
    result = backfill(world, field="city")
    assert result.done["companies"] == {"update": 1}
    assert [(q.kind, q.field) for q in world.queue()] == asked
    assert len(world.rows("right")) == 4
    assert world.rows("right")[twin]["ort"] == "Kiel"


def test_a_limited_run_never_makes_a_first_contact_by_itself(world):
    world.left.create({"name": "A", "vat": "DE1"})
    result = backfill(world, where=(("vat", "DE1"),))
    assert result.failures["companies"].code == "unsafe_plan"
    assert world.rows("right") == {}
