"""Deletions that rest or are ignored: what people see of them, and what happens when the mapping changes."""

import pytest
from world import MAPPING

RESTING = MAPPING + "delete_grace: {left: 72h, right: 72h}\n"
IGNORING = MAPPING.replace("on_delete: {left: propagate,", "on_delete: {left: ignore,")
HOUR = 3600


def deleted(world, mapping):
    """Delete one of three records on the left, and let its absence be proven."""
    world.remap(mapping)
    for i in range(3):
        world.left.create({"name": f"C{i}", "vat": f"DE{i}", "city": "Ulm"})
    world.sync()
    world.left.delete("1")
    world.sync(full=True)
    world.pass_time(200)


def waiting(result):
    return [o for o in result.plan.operations if o.action == "wait"]


def test_a_plan_shows_a_resting_deletion_with_its_date(world):
    """The date stays the same in each plan; nothing is written for it, and the plan's count names it."""
    deleted(world, RESTING)
    first = world.plan(full=True)
    [line] = waiting(first)
    assert (line.side, line.source, line.reason) == ("right", "1", "linked.D.U.grace")
    assert "2027-01-" in line.note
    assert first.plan.pairs[0].actions["right"] == {"wait": 1}
    world.sync(full=True)
    world.pass_time(HOUR)
    assert [o.note for o in waiting(world.plan(full=True))] == [line.note]
    assert len(world.rows("right")) == 3


def test_a_resting_deletion_is_due_without_a_full_compare(world):
    """The mark brings the record back to the day's work when its time is over."""
    deleted(world, RESTING)
    world.sync(full=True)
    world.pass_time(80 * HOUR)
    world.sync()
    assert len(world.rows("right")) == 2


def test_a_shortened_grace_counts_from_the_first_absence(world):
    """The record was missed two days ago; a grace of one day is over."""
    deleted(world, RESTING)
    world.sync(full=True)
    world.pass_time(48 * HOUR)
    world.remap(RESTING.replace("left: 72h", "left: 24h"))
    assert waiting(world.plan(full=True)) == []
    world.sync(full=True)
    assert len(world.rows("right")) == 2


@pytest.mark.parametrize("mapping", [IGNORING])
def test_an_ignored_deletion_is_written_nowhere(world, mapping):
    """Run after run, whole or not: nothing is created, deleted or asked."""
    deleted(world, mapping)
    for _ in range(3):
        world.sync(full=True)
        world.pass_time(HOUR)
        world.sync()
    assert (len(world.rows("left")), len(world.rows("right"))) == (2, 3)
    assert world.queue() == []
    assert world.plan(full=True).plan.is_empty


def test_an_ignored_deletion_is_carried_over_when_the_policy_says_so_later(world):
    """The pairing was kept, so that the new answer reaches it."""
    deleted(world, IGNORING)
    world.sync(full=True)
    world.remap(MAPPING)
    world.pass_time(HOUR)
    plan = world.plan(full=True).plan
    assert [(o.action, o.side, o.reason) for o in plan.operations] == [("delete", "right", "dormant.D.U.propagate")]
