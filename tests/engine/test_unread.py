"""Values that no codec can read (F-9): what stands beside them in the state, and who else must know of them."""

import pytest
from comparing import compare, named
from matters import do
from world import MAPPING, World

from tallystick.core.record import decode_fields
from tallystick.engine.undo import Undoing

OPTIONS = "  city: {left: city, right: ort, options: {map: {Ulm: U, Bonn: B}}}\n"
LISTED = MAPPING.replace("  city: {left: city, right: ort}\n", OPTIONS)
BY_CITY = LISTED.replace("{on: vat, normalise: alphanumeric}", "{on: [vat, city], normalise: text}")


@pytest.fixture
def world(fast_path):
    made = World.build(fast_path / "listed", LISTED)
    made.left.create({"name": "Anker", "vat": "DE1", "city": "Ulm"})
    made.sync()
    made.sync()
    yield made
    made.close()


def only_binding(world: World):
    return world.look(lambda tx: next(iter(tx.bindings(range(1, 9)).values())))


def test_the_base_of_an_unread_value_is_kept(world: World) -> None:
    """R-6.1: nothing was agreed about it, so what was agreed before still is."""
    world.left.update("1", {"city": "Kiel", "name": "Anker AG"})
    world.sync()
    binding = only_binding(world)
    assert [decode_fields(leg.base) for leg in (binding.left, binding.right)] == [("Anker AG", "DE1", "Ulm")] * 2
    [parked] = world.parked()
    assert (parked.side, parked.record, parked.field, parked.code) == ("left", "1", "city", "unknown_option")
    assert "'Kiel'" in parked.message
    assert "options" in parked.hint


def test_an_unread_value_costs_nothing_while_nothing_changes(world: World) -> None:
    """R-5.5: it stands once; no run reads or writes anything for its sake."""
    world.left.update("1", {"city": "Kiel"})
    world.sync()
    world.sync()
    attempts = world.parked()[0].attempts
    asked: list[str] = []
    for system in world.systems.values():
        transport, answer = system.transport, system.transport.answer
        transport.answer = lambda request, transport=transport, answer=answer: (
            asked.append(request.verb) or answer(request)
        )
    world.sync(full=True)
    assert asked == ["list", "list"]
    assert world.parked()[0].attempts == attempts


def test_the_problem_tells_the_value_that_is_there_now(world: World) -> None:
    world.left.update("1", {"city": "Kiel"})
    world.sync()
    since = world.parked()[0].since
    world.pass_time(60)
    world.left.update("1", {"city": "Trier"})
    world.sync()
    [parked] = world.parked()
    assert "'Trier'" in parked.message
    assert parked.since == since


def test_a_comparison_names_an_unread_value_as_parked(world: World) -> None:
    """X8: the field is not in step and not unknown either; it is listed with its reason."""
    world.left.update("1", {"city": "Kiel"})
    world.sync()
    agreement = compare(world)
    assert named(agreement) == {"parked: unknown_option": 1}


def test_a_record_is_still_known_by_a_key_that_cannot_be_read(fast_path) -> None:
    """I-5: a new record with the key that the unread one was paired by is asked about, not created a second time."""
    world = World.build(fast_path / "keyed", BY_CITY)
    world.left.create({"name": "Anker", "vat": "DE1", "city": "Ulm"})
    world.sync()
    world.left.update("1", {"city": "Kiel", "name": "Anker AG"})
    world.sync()
    world.right.create({"name1": "Anker again", "vat_id": "DE1", "ort": "U"})
    world.sync()
    assert [(q.kind, q.subject.partition("/")[0]) for q in world.queue()] == [("duplicate", "right")]
    world.sync(full=True)
    assert [(q.kind, q.subject.partition("/")[0]) for q in world.queue()] == [("duplicate", "right")]
    assert len(world.rows("left")) == 1
    world.close()


def test_undo_does_not_take_back_beside_an_unread_edit(world: World) -> None:
    """R-17.4: a value that somebody changed to what cannot be read is an edit; the created record stays."""
    world.left.create({"name": "Birke", "vat": "DE2", "city": "Bonn"})
    world.sync()
    [made] = [record for record, row in world.rows("right").items() if row["name1"] == "Birke"]
    world.right.update(made, {"ort": "X"})
    do(world, "undo", Undoing(f"run-{world.runs}").observe)
    assert made in world.rows("right")
    assert [(q.kind, q.field) for q in world.queue()] == [("undo", "city")]
