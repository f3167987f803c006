"""Taking back a run (SYNC-SPEC 17, R-17.4, I-25): what nobody touched since is restored, the rest is asked about."""

import contextlib
import random  # noqa: TID251 - a test makes its own dice
from functools import partial

import pytest
from world import Killed, Watch, World

from tallystick.core.error import Unavailable
from tallystick.engine.effects import drive
from tallystick.engine.run import run
from tallystick.engine.undo import Undoing

ASK_NOBODY = frozenset({"first_contact", "deletes", "updates", "creates", "blanks"})


@pytest.fixture
def world(tmp_path):
    world = World.build(tmp_path)
    yield world
    world.close()


def undo(world, run_id, records=(), *, mode="undo"):
    session = world.session(mode, released=ASK_NOBODY)
    try:
        wish = Undoing(run_id, records)
        result = drive(run(session, world.pairs, alone=True, patience=60, look=wish.observe), world.boundary())
    finally:
        session.close()
    assert not result.failures, result.failures
    return result


def last_run(world):
    return f"run-{world.runs}"


def values(world):
    left = sorted((r["vat"], r["name"], r.get("city")) for r in world.rows("left").values())
    right = sorted((r["vat_id"], r["name1"], r.get("ort")) for r in world.rows("right").values())
    return left, right


def is_at_rest(world):
    before = world.writes()
    world.sync(full=True)
    world.sync(full=True)
    return world.writes() == before


def in_step(world):
    left = world.left.create({"name": "Anker", "vat": "DE1", "city": "Ulm"})
    world.sync()
    [right] = world.rows("right")
    return left, right


def test_an_update_is_taken_back_and_stays_so(world):
    left, right = in_step(world)
    world.left.update(left, {"city": "Bonn"})
    world.sync()
    undo(world, last_run(world))
    assert world.rows("right")[right]["ort"] == "Ulm"
    assert world.rows("left")[left]["city"] == "Bonn", "the source keeps what its user typed"
    assert is_at_rest(world), "what was undone is not propagated again"
    world.left.update(left, {"city": "Köln"})
    world.sync()
    assert world.rows("right")[right]["ort"] == "Köln", "a new change flows as ever"


def test_a_value_that_somebody_changed_since_is_asked_about(world):
    left, right = in_step(world)
    world.left.update(left, {"city": "Bonn", "name": "Anker AG"})
    world.sync()
    wrong = last_run(world)
    world.right.update(right, {"ort": "Mainz"})
    undo(world, wrong)
    row = world.rows("right")[right]
    assert (row["name1"], row["ort"]) == ("Anker", "Mainz")
    assert [(q.kind, q.field) for q in world.queue()] == [("undo", "city")]


def test_a_change_that_waits_on_the_other_side_is_not_buried(world):
    left, right = in_step(world)
    world.left.update(left, {"city": "Bonn"})
    world.sync()
    wrong = last_run(world)
    world.left.update(left, {"city": "Trier"})
    undo(world, wrong)
    assert world.rows("right")[right]["ort"] == "Bonn"
    world.sync()
    assert world.rows("right")[right]["ort"] == "Trier"


def test_what_a_later_run_wrote_again_is_left_to_that_run(world):
    left, right = in_step(world)
    world.left.update(left, {"city": "Bonn"})
    world.sync()
    first = last_run(world)
    world.left.update(left, {"city": "Trier"})
    world.sync()
    second = last_run(world)
    undo(world, first)
    assert world.rows("right")[right]["ort"] == "Trier"
    undo(world, second)
    assert world.rows("right")[right]["ort"] == "Bonn"


def test_created_records_are_deleted_and_not_made_again(world):
    world.left.create({"name": "Anker", "vat": "DE1"})
    world.left.create({"name": "Bär", "vat": "DE2"})
    world.sync()
    undo(world, last_run(world))
    assert world.rows("right") == {}
    assert len(world.rows("left")) == 2
    assert is_at_rest(world)
    assert len(world.rows("left")) == 2


def test_a_created_record_that_somebody_edited_stays(world):
    world.left.create({"name": "Anker", "vat": "DE1"})
    world.sync()
    created = last_run(world)
    [right] = world.rows("right")
    world.right.update(right, {"ort": "Ulm"})
    undo(world, created)
    assert right in world.rows("right")
    assert {q.kind for q in world.queue()} == {"undo"}


def test_a_deleted_record_comes_back_with_its_values(world):
    for n in range(9):
        world.left.create({"name": f"Zeuge {n}", "vat": f"DE9{n}"})
    left = world.left.create({"name": "Anker", "vat": "DE1", "city": "Ulm"})
    world.sync()
    world.left.delete(left)
    world.sync(full=True)
    deleted = last_run(world)
    assert len(world.rows("right")) == 9
    undo(world, deleted)
    [row] = [r for r in world.rows("right").values() if r["vat_id"] == "DE1"]
    assert (row["name1"], row["vat_id"], row["ort"]) == ("Anker", "DE1", "Ulm")
    assert is_at_rest(world)
    assert len(world.rows("left")) == 9, "the source's user deleted it, and it stays deleted there"


def test_only_the_named_record_is_taken_back(world):
    ids = [world.left.create({"name": n, "vat": f"DE{n}", "city": "Ulm"}) for n in ("A1", "B2")]
    world.sync()
    for record in ids:
        world.left.update(record, {"city": "Bonn"})
    world.sync()
    undo(world, last_run(world), [ids[0]])
    assert sorted(r["ort"] for r in world.rows("right").values()) == ["Bonn", "Ulm"]


def test_a_look_at_an_undo_changes_nothing(world):
    left, right = in_step(world)
    world.left.update(left, {"city": "Bonn"})
    world.sync()
    before = world.writes()
    result = undo(world, last_run(world), mode="plan")
    assert result.plan.writes == 1
    assert world.writes() == before
    assert world.rows("right")[right]["ort"] == "Bonn"


def test_an_undo_can_be_undone(world):
    left, right = in_step(world)
    world.left.update(left, {"city": "Bonn"})
    world.sync()
    undo(world, last_run(world))
    undo(world, last_run(world))
    assert world.rows("right")[right]["ort"] == "Bonn"
    assert is_at_rest(world)


@pytest.mark.parametrize("seed", range(12))
def test_undo_restores_whatever_a_run_did(tmp_path, seed):
    """Random edits, creations and deletions, one run, undo: the written sides are as before the run (I-25)."""
    dice = random.Random(seed)
    world = World.build(tmp_path)
    try:
        for n in range(8):
            (world.left if n % 2 else world.right).create(
                {"name": f"N{n}", "vat": f"DE{n}", "city": "Ulm"}
                if n % 2
                else {"name1": f"N{n}", "vat_id": f"DE{n}", "ort": "Ulm"}
            )
        world.sync()
        for n, record in enumerate(sorted(world.rows("left"))):
            if dice.random() < 0.4:
                world.left.update(record, {"city": f"L{n}"})
            elif dice.random() < 0.4:
                world.left.update(record, {"name": f"L{n}"})
        for n, record in enumerate(sorted(world.rows("right"))):
            if dice.random() < 0.3:
                world.right.update(record, {"vat_id": f"DE9{n}"})
        for n in range(dice.randrange(3)):
            world.left.create({"name": f"New{n}", "vat": f"DE8{n}"})
        before = values(world)
        world.sync()
        undo(world, last_run(world))
        assert values(world) == before
        assert is_at_rest(world)
    finally:
        world.close()


def runs_to_the_end(world, work, at, *, after):
    """Do something that dies at a door, then again until it ends; give the runs that it took, and the doors."""
    first = world.runs + 1
    watch = Watch(die_at=at, after=after)
    with watch.over(world), contextlib.suppress(Killed):
        work()
    if watch.count >= at:
        world.pass_time(200)
        work()
    return [f"run-{n}" for n in range(first, world.runs + 1)], watch.count


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("dies", ["the run", "its undo"])
def test_a_death_changes_nothing_that_can_be_taken_back(fast_path, dies, after):
    """R-17.4, I-12: whichever door the run or its undo dies at, in the end the value of before is back."""
    at = count = 1
    while at <= count:
        world = World.build(fast_path / str(at))
        left, right = in_step(world)
        world.left.update(left, {"city": "Bonn"})
        where = {"the run": (at, 10_000), "its undo": (10_000, at)}[dies]
        made, doors = runs_to_the_end(world, world.sync, where[0], after=after)
        count = doors if dies == "the run" else 1
        for run_id in reversed(made):
            _, doors = runs_to_the_end(world, partial(undo, world, run_id), where[1], after=after)
            count = doors if dies == "its undo" else count
        assert world.rows("right")[right]["ort"] == "Ulm", f"died at door {at}"
        assert world.rows("left")[left]["city"] == "Bonn"
        assert world.queue() == []
        assert is_at_rest(world)
        at += 1
        world.close()


def test_a_deletion_whose_answer_was_lost_can_be_taken_back(world):
    """R-17.2: what turns out to be carried out stands in the audit trail, as the write of the run that sent it."""
    left, right = in_step(world)
    world.left.create({"name": "Bär", "vat": "DE2", "city": "Ulm"})
    world.sync()
    world.left.delete(left)
    answer = world.systems["erp"].transport.answer

    def lose(request):
        result = answer(request)
        if request.verb == "delete":
            raise Unavailable("the answer was lost", applied="unknown")
        return result

    world.systems["erp"].transport.answer = lose
    world.go(full=True)
    del world.systems["erp"].transport.answer
    deleting = last_run(world)
    assert right not in world.rows("right")
    for _ in range(2):
        world.pass_time(300)
        world.sync(full=True)
    undo(world, deleting)
    assert sorted(r["vat_id"] for r in world.rows("right").values()) == ["DE1", "DE2"]
