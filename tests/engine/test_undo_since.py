"""What happened since a run stands in the way of taking it back; what could not be taken back stays a question."""

import pytest
from matters import asked, city, hide_single_records, in_step, is_at_rest, last_run, take, undo


def carried(world):
    """Let one run carry a change of the city to the right; give both ids and the run."""
    left, right = in_step(world)
    world.left.update(left, {"city": "Bonn"})
    world.sync()
    return left, right, last_run(world)


def test_a_value_that_somebody_changed_since_and_that_was_carried_back_is_left_alone(world):
    _, right, wrong = carried(world)
    world.right.update(right, {"ort": "Mainz"})
    world.sync()
    assert city(world) == ("Mainz", "Mainz")
    undo(world, wrong)
    assert city(world) == ("Mainz", "Mainz")
    assert asked(world) == [("undo", "city")]


def test_a_created_record_that_somebody_changed_since_is_not_deleted(world):
    left, right = in_step(world)
    created = last_run(world)
    world.right.update(right, {"ort": "Mainz"})
    world.sync()
    undo(world, created)
    assert right in world.rows("right")
    assert left in world.rows("left")
    [question] = world.queue()
    assert (question.kind, question.detail) == ("undo", "it was changed after the run")


@pytest.mark.parametrize("side", ["left", "right"])
def test_where_a_system_only_lists_nothing_newer_is_overwritten(world, side):
    left, right, wrong = carried(world)
    hide_single_records(world, side)
    (world.right.update(right, {"ort": "Mainz"}) if side == "right" else world.left.update(left, {"city": "Trier"}))
    before = city(world)
    undo(world, wrong)
    assert city(world) == before
    assert asked(world) == [("undo", "city")]


@pytest.mark.parametrize("side", ["left", "right"])
def test_where_a_system_only_lists_a_run_can_be_taken_back(world, side):
    _, _, wrong = carried(world)
    hide_single_records(world, side)
    undo(world, wrong)
    assert city(world) == ("Bonn", "Ulm")
    assert asked(world) == []


def test_other_questions_of_the_record_stay(world):
    left, right, wrong = carried(world)
    world.left.update(left, {"name": "Anker AG"})
    world.right.update(right, {"name1": "Anker SE"})
    world.sync()
    assert asked(world) == [("conflict", "name")]
    undo(world, wrong)
    assert asked(world) == [("conflict", "name")]
    assert city(world) == ("Bonn", "Ulm")
    world.sync(full=True)
    assert asked(world) == [("conflict", "name")]
    assert world.rows("right")[right]["name1"] == "Anker SE"


def test_what_is_parked_stays_parked(world):
    left, _, wrong = carried(world)
    world.left.update(left, {"name": "A" * 50})
    world.sync()
    assert [p.field for p in world.parked()] == ["name"]
    undo(world, wrong)
    assert [p.field for p in world.parked()] == ["name"]


def unundone(world):
    """Leave a question about a run that could not be taken back."""
    left, right, wrong = carried(world)
    world.right.update(right, {"ort": "Mainz"})
    undo(world, wrong)
    assert asked(world) == [("undo", "city")]
    return left, right, wrong


def test_a_question_of_an_undo_waits_for_a_person_and_for_nobody_else(world):
    left, _, _ = unundone(world)
    world.sync(full=True)
    world.left.update(left, {"name": "Anker AG"})
    world.sync(full=True)
    assert asked(world) == [("undo", "city")]
    assert city(world) == ("Mainz", "Mainz"), "the user's value flows as ever"
    assert world.plan(full=True).plan.is_empty, "a question that stands is no news"


def test_a_question_of_an_undo_ends_when_a_side_is_taken(world):
    unundone(world)
    assert take(world, "left") == {}
    assert city(world) == ("Bonn", "Bonn")
    assert asked(world) == []
    assert is_at_rest(world)


def test_a_question_of_an_undo_ends_when_a_later_undo_succeeds(world):
    _, right, wrong = unundone(world)
    world.right.update(right, {"ort": "Bonn"})
    undo(world, wrong)
    assert city(world) == ("Bonn", "Ulm")
    assert asked(world) == []


def test_a_deletion_that_nobody_vouches_for_is_carried_out_and_taken_back_by_a_person(world):
    """The last pair of all: nothing else shows that we are still let in, so a person says what became of it (R-4.4).

    Taking it back pairs nobody anew, so it is no first contact.
    """
    left, _ = in_step(world)
    world.left.delete(left)
    for _ in range(3):
        world.pass_time(400)
        world.sync(full=True)
    assert asked(world) == [("delete", "")]
    assert take(world, "left") == {}
    assert world.rows("right") == {}
    undo(world, last_run(world))
    assert [r["vat_id"] for r in world.rows("right").values()] == ["DE1"]
