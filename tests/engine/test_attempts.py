"""A system that says "it moved on" again and again is not asked for ever."""

import pytest

from tallystick.core.error import Absent, Refused, Stale


@pytest.fixture
def refusing(world, monkeypatch):
    """Let one side answer every update with an error; gives the ids it was asked about."""

    def refuse(error):
        asked = []

        def update(record_id, *_, **__):
            asked.append(record_id)
            raise error

        monkeypatch.setattr(world.right, "update", update)
        return asked

    return refuse


def in_step(world):
    left = world.left.create({"name": "Anker", "vat": "DE1", "city": "Ulm"})
    world.sync()
    [right] = world.rows("right")
    return left, right


@pytest.mark.parametrize("error", [Stale("in conflict", detail="no such option"), Absent("not there")])
def test_a_write_that_must_always_be_planned_anew_is_parked_after_five_attempts(world, refusing, error):
    """Each run reads the record anew and tries once; the fifth refusal parks it with the system's own words."""
    left, right = in_step(world)
    asked = refusing(error)
    world.left.update(left, {"city": "Bonn"})
    for attempt in range(1, 5):
        world.sync()
        assert (len(asked), world.parked()) == (attempt, [])
    world.sync()
    [parked] = world.parked()
    assert (parked.side, parked.record, parked.code, parked.message) == ("left", left, error.code, str(error))
    world.sync()
    world.sync(full=True)
    assert asked == [right] * 5, "a parked record is left alone while nothing changes"


def test_a_parked_write_is_tried_again_when_the_record_changes(world, refusing, monkeypatch):
    left, right = in_step(world)
    asked = refusing(Stale("in conflict"))
    world.left.update(left, {"city": "Bonn"})
    for _ in range(6):
        world.sync()
    world.left.update(left, {"city": "Bern"})
    world.sync()
    assert len(asked) == 6
    monkeypatch.undo()
    world.left.update(left, {"city": "Köln"})
    world.sync()
    assert world.rows("right")[right]["ort"] == "Köln"
    assert world.parked() == []


def test_the_count_starts_anew_once_a_write_succeeded(world, refusing, monkeypatch):
    left, right = in_step(world)
    for city in ("Bonn", "Bern"):
        refusing(Stale("in conflict"))
        world.left.update(left, {"city": city})
        for _ in range(4):
            world.sync()
        monkeypatch.undo()
        world.sync()
        assert world.rows("right")[right]["ort"] == city
        assert world.parked() == []


def test_a_refusal_of_several_fields_is_parked_with_each_of_them(world, refusing, monkeypatch):
    """Each field waits with its own reason and is learned of alone; all are let go when the write gets through."""
    left, _ = in_step(world)
    error = Refused(
        "no", detail="status 422: both", status=422, field="ort", named={"ort": "zu lang", "name": "zu kurz"}
    )
    asked = refusing(error)
    world.left.update(left, {"city": "Bonn", "name": "A"})
    world.sync()
    said = {(row.record, row.field, row.message) for row in world.parked()}
    assert said == {(left, "ort", "no (status 422: zu lang)"), (left, "name", "no (status 422: zu kurz)")}
    assert {(reason.field, reason.record) for reason in world.look(lambda tx: tx.refusals())} == {
        ("ort", left),
        ("name", left),
    }
    world.sync()
    assert len(asked) == 1, "a parked record is left alone while nothing changes"
    monkeypatch.undo()
    world.left.update(left, {"city": "Köln"})
    world.sync()
    assert world.parked() == []
