"""R-17.2: every write says who carried it out, and none is missing from the audit trail, whenever the process died."""

import pytest
from matters import do
from world import MAPPING, Killed, Watch, World

from tallystick.engine.signature import SIGNED, signer_of
from tallystick.engine.undo import Undoing


def made(folder) -> World:
    world = World.build(folder, MAPPING)
    world.left.create({"name": "Anker", "vat": "DE1", "city": "Ulm"})
    world.left.create({"name": "Birke", "vat": "DE2", "city": "Ulm"})
    world.sync(actor="ada@pc (tally run)")
    for record in ("1", "2"):
        world.left.update(record, {"city": "Bonn"})
    world.pass_time(200)
    return world


def updates(world: World):
    return [row for row in world.look(lambda tx: tx.ledger(limit=1000)) if row.op == "update"]


def test_a_run_that_writes_says_once_who_it_is(fast_path) -> None:
    world = made(fast_path / "signed")
    world.sync(actor="nightly (tally run)")
    rows = world.look(lambda tx: tx.ledger(limit=1000))
    assert [(r.run, r.reason) for r in rows if r.op == SIGNED] == [
        ("run-2", "nightly (tally run)"),
        ("run-1", "ada@pc (tally run)"),
    ]
    for row in updates(world):
        assert world.look(lambda tx, row=row: signer_of(tx, row.run)) == "nightly (tally run)"
    world.close()


def test_a_run_that_writes_nothing_leaves_no_trace(fast_path) -> None:
    world = made(fast_path / "idle")
    world.sync(actor="nightly (tally run)")
    before = world.look(lambda tx: tx.ledger(limit=1000))
    world.sync(actor="nobody (tally run)")
    assert world.look(lambda tx: tx.ledger(limit=1000)) == before
    world.close()


def doors(folder) -> int:
    world, watch = made(folder), Watch()
    with watch.over(world):
        world.go("run", actor="bob@pc (tally run)")
    world.close()
    return watch.count


def test_no_update_is_missing_from_the_audit_trail_wherever_the_process_died(fast_path) -> None:
    """One row for each update that a system carried out, of the run that sent it, with what stood there before."""
    count = doors(fast_path / "calm")
    recovered = 0
    for at in range(1, count + 1):
        for after in (False, True):
            world = made(fast_path / f"{at}-{after}")
            with Watch(die_at=at, after=after).over(world), pytest.raises(Killed):
                world.go("run", actor="bob@pc (tally run)")
            for _ in range(3):
                world.pass_time(200)
                world.sync(full=True, actor="eve@pc (tally run)")
            assert {r["ort"] for r in world.rows("right").values()} == {"Bonn"}
            rows = updates(world)
            assert sorted(row.record for row in rows) == sorted(world.rows("right")), (at, after)
            for row in rows:
                assert row.before is not None
                assert row.after is not None
                assert world.look(lambda tx, row=row: signer_of(tx, row.run)) in {
                    "bob@pc (tally run)",
                    "eve@pc (tally run)",
                }
            found = [row for row in rows if row.reason.endswith(".recovered")]
            assert {row.run for row in found} <= {"run-2"}, "it belongs to the run that sent it"
            recovered += len(found)
            world.close()
    assert recovered, "no door was between a write and what was remembered of it"


def test_a_run_that_died_can_be_undone_with_what_was_found_of_it(fast_path) -> None:
    """R-17.4: a write that was confirmed only by looking is taken back like any other."""
    for at in range(1, doors(fast_path / "calm") + 1):
        world = made(fast_path / f"{at}")
        with Watch(die_at=at, after=True).over(world), pytest.raises(Killed):
            world.go("run", actor="bob@pc (tally run)")
        world.pass_time(200)
        world.sync(full=True)
        found = [row for row in updates(world) if row.reason.endswith(".recovered")]
        if found:
            do(world, "undo", Undoing("run-2").observe)
            assert {world.rows("right")[row.record]["ort"] for row in found} == {"Ulm"}
            world.close()
            return
        world.close()
    pytest.fail("no door was between a write and what was remembered of it")
