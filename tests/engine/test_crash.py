"""A process that dies at any door to the world loses nothing and doubles nothing (I-12, I-5).

The production engine runs on real connectors in memory and a real store; the watch kills it before or after each
effect in turn, throws away everything in memory, and a second process goes on.
"""

import pytest
from world import Killed, Watch, World

IDEMS = ["key", "extid", "search"]
LINKED = """
left: {system: crm, object: companies, external_id: ref}
right: {system: erp, object: partners, external_id: ref}
match:
  - {on: vat, normalise: alphanumeric}
fields:
  name: {left: name, right: name1}
  vat: {left: vat, right: vat_id}
  city: {left: city, right: ort}
on_unmatched: {left: create, right: create}
on_delete: {left: propagate, right: propagate}
"""


def scene(world):
    """Every kind of write: creates both ways, an update each way, a deletion, a conflict, a refusal."""
    world.left.create({"name": "Anker", "vat": "DE1", "city": "Ulm"})
    world.left.create({"name": "Bär", "vat": "DE2", "city": "Ulm"})
    gone = world.left.create({"name": "Weg", "vat": "DE3", "city": "Ulm"})
    both = world.left.create({"name": "Streit", "vat": "DE4", "city": "Ulm"})
    for i in range(5):
        world.left.create({"name": f"Rest {i}", "vat": f"DE1{i}", "city": "Ulm"})
    world.sync()
    at = {r["vat_id"]: i for i, r in world.rows("right").items()}
    world.left.update("1", {"city": "Bonn"})
    world.right.update(at["DE2"], {"name1": "Bär AG"})
    world.left.delete(gone)
    world.left.update(both, {"city": "Bonn"})
    world.right.update(at["DE4"], {"ort": "Köln"})
    world.left.create({"name": "Neu links", "vat": "DE6", "city": "Ulm"})
    world.right.create({"name1": "Neu rechts", "vat_id": "DE7", "ort": "Ulm"})
    world.left.create({"name": "Z" * 50, "vat": "DE8", "city": "Ulm"})
    world.pass_time(200)


def outcome(world):
    """What people would see in both systems and in the list of open questions."""
    left = sorted((r["vat"], r["name"], r["city"]) for r in world.rows("left").values())
    right = sorted((r["vat_id"], r["name1"], r["ort"]) for r in world.rows("right").values())
    return left, right, sorted((q.kind, q.field) for q in world.queue()), sorted(p.field for p in world.parked())


def settle(world):
    """Run as often as proof of absence and quiet times need."""
    for _ in range(4):
        world.pass_time(200)
        world.sync(full=True)


def undisturbed(folder, idem):
    world = World.build(folder, LINKED, idem=idem)
    scene(world)
    watch = Watch()
    with watch.over(world):
        world.go("run", full=True)
    settle(world)
    end = outcome(world)
    world.close()
    return end, watch.count


@pytest.mark.parametrize("idem", IDEMS)
def test_killed_at_every_door(fast_path, idem):
    """For each of the K doors of a run: die before it, die after it, go on, and end as if nothing had happened."""
    expected, count = undisturbed(fast_path / "calm", idem)
    assert count > 20
    for at in range(1, count + 1):
        for after in (False, True):
            world = World.build(fast_path / f"{at}-{after}", LINKED, idem=idem)
            scene(world)
            with Watch(die_at=at, after=after).over(world), pytest.raises(Killed):
                world.go("run", full=True)
            settle(world)
            assert outcome(world) == expected, f"killed {'after' if after else 'before'} door {at}"
            plan = world.plan().plan
            assert plan.is_empty, (at, after, plan.operations)
            world.close()
