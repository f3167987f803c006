"""A person's answer is carried out at once by the ordinary engine: durable, journalled, and only for what was asked."""

import pytest
from matters import (
    asked,
    city,
    contested,
    hide_single_records,
    in_step,
    is_at_rest,
    last_run,
    mapping,
    take,
    undo,
    writes,
)
from world import Killed, Watch, World

ASK = "on_delete: {left: ask, right: ask}\n"
CHANGED_ELSEWHERE = "it changed since it was asked about; look at it again"


def journal(world):
    return {(e.side, e.field, e.value.decode()) for e in world.look(lambda tx: tx.journal(1))}


def prove_absence(world):
    for _ in range(3):
        world.pass_time(400)
        world.sync(full=True)


@pytest.mark.parametrize(("side", "expected"), [("left", "Bonn"), ("right", "Mainz")])
def test_the_side_that_is_taken_wins_and_the_loser_is_kept(world, side, expected):
    contested(world)
    assert asked(world) == [("conflict", "city")]
    before = writes(world)
    assert take(world, side) == {}
    assert city(world) == (expected, expected)
    assert asked(world) == []
    assert writes(world) == before + 1
    loser = ("right", "city", '["Mainz"]') if side == "left" else ("left", "city", '["Bonn"]')
    assert loser in journal(world)
    assert is_at_rest(world)


def test_who_said_so_is_in_the_audit_trail(world):
    contested(world)
    take(world, "left")
    [row] = world.look(lambda tx: [r for r in tx.ledger(binding=1) if r.op == "answer"])
    assert row.reason == "conflict on city: crm is right (by Ada)"
    assert row.run == last_run(world)


def test_an_answer_can_be_undone(world):
    contested(world)
    take(world, "left")
    undo(world, last_run(world))
    assert city(world) == ("Bonn", "Mainz")
    assert is_at_rest(world)


def test_a_dry_run_changes_nothing(world):
    contested(world)
    before = writes(world)
    assert take(world, "left", mode="plan") == {}
    assert writes(world) == before
    assert asked(world) == [("conflict", "city")]


@pytest.mark.parametrize("changed", ["left", "right"])
def test_an_answer_counts_only_for_what_was_asked(world, changed):
    """Whoever edits after the question is asked again; the second answer is about what is there now."""
    left, right = contested(world)
    if changed == "left":
        world.left.update(left, {"city": "Trier"})
    else:
        world.right.update(right, {"ort": "Trier"})
    before = city(world)
    assert set(take(world, "left").values()) == {CHANGED_ELSEWHERE}
    assert city(world) == before
    assert asked(world) == [("conflict", "city")]
    assert take(world, "left") == {}
    assert city(world) == (before[0], before[0])


def test_a_question_whose_cause_went_away_is_withdrawn_instead_of_answered(world):
    left, _ = contested(world)
    world.left.update(left, {"city": "Mainz"})
    take(world, "left")
    assert asked(world) == []
    assert city(world) == ("Mainz", "Mainz")
    assert is_at_rest(world)


def test_other_questions_of_the_record_stay(world):
    left, right = in_step(world)
    world.left.update(left, {"city": "Bonn", "name": "Anker AG"})
    world.right.update(right, {"ort": "Mainz", "name1": "Anker SE"})
    world.sync()
    assert take(world, "left", field="city") == {}
    assert asked(world) == [("conflict", "name")]
    assert city(world) == ("Bonn", "Bonn")
    world.sync(full=True)
    assert asked(world) == [("conflict", "name")]


@pytest.mark.parametrize(("side", "expected"), [("left", "Bonn"), ("right", "Mainz")])
def test_a_difference_at_first_contact_is_settled_by_an_answer(world, side, expected):
    world.left.create({"name": "Anker", "vat": "DE1", "city": "Bonn"})
    world.right.create({"name1": "Anker", "vat_id": "DE1", "ort": "Mainz"})
    world.sync()
    assert asked(world) == [("initial", "city")]
    assert take(world, side) == {}
    assert city(world) == (expected, expected)
    assert is_at_rest(world)


@pytest.mark.parametrize(("side", "expected"), [("left", None), ("right", "Ulm")])
def test_a_blank_is_carried_over_or_filled_again(fast_path, side, expected):
    text = mapping("on_delete: {left: propagate, right: propagate}\n").replace(
        "city: {left: city, right: ort}", "city: {left: city, right: ort, blank: ask}"
    )
    world = World.build(fast_path / "blank", text)
    left, _ = in_step(world)
    world.left.update(left, {"city": None})
    world.sync()
    assert asked(world) == [("blank", "city")]
    assert take(world, side) == {}
    assert city(world) == (expected, expected)
    assert asked(world) == []
    assert is_at_rest(world)
    world.close()


@pytest.mark.parametrize("gone", ["left", "right"])
def test_a_deletion_that_is_confirmed_is_carried_out(fast_path, gone):
    world = World.build(fast_path / "gone", mapping(ASK))
    ids = dict(zip(("left", "right"), in_step(world), strict=True))
    world.left.create({"name": "Rest", "vat": "DE2"})
    world.sync()
    (world.left if gone == "left" else world.right).delete(ids[gone])
    prove_absence(world)
    assert asked(world) == [("delete", "")]
    assert take(world, gone) == {}
    assert len(world.rows("left")) == len(world.rows("right")) == 1
    assert asked(world) == []
    assert is_at_rest(world)
    world.close()


@pytest.mark.parametrize("gone", ["left", "right"])
def test_a_deletion_that_is_denied_makes_the_record_again(fast_path, gone):
    world = World.build(fast_path / "back", mapping(ASK))
    ids = dict(zip(("left", "right"), in_step(world), strict=True))
    world.left.create({"name": "Rest", "vat": "DE2"})
    world.sync()
    (world.left if gone == "left" else world.right).delete(ids[gone])
    prove_absence(world)
    assert take(world, "right" if gone == "left" else "left") == {}
    assert sorted(r["vat"] for r in world.rows("left").values()) == ["DE1", "DE2"]
    assert sorted(r["vat_id"] for r in world.rows("right").values()) == ["DE1", "DE2"]
    assert asked(world) == []
    assert is_at_rest(world)
    world.close()


@pytest.mark.parametrize(("side", "left_over"), [("left", 1), ("right", 2)])
def test_a_deletion_against_an_update_is_settled_by_an_answer(world, side, left_over):
    left, right = in_step(world)
    world.left.create({"name": "Rest", "vat": "DE2"})
    world.sync()
    world.left.delete(left)
    world.right.update(right, {"ort": "Mainz"})
    prove_absence(world)
    assert asked(world) == [("delete_update", "")]
    assert take(world, side) == {}
    assert len(world.rows("left")) == len(world.rows("right")) == left_over
    if side == "right":
        assert "Mainz" in [r.get("city") for r in world.rows("left").values()]
    assert is_at_rest(world)


def test_a_record_that_is_back_is_not_deleted_by_an_old_answer(fast_path):
    world = World.build(fast_path / "again", mapping(ASK))
    left, _ = in_step(world)
    world.left.create({"name": "Rest", "vat": "DE2"})
    world.sync()
    record = world.left.record(left)
    world.left.delete(left)
    prove_absence(world)
    world.left._keep(left, record, 7, world.now)
    assert set(take(world, "left").values()) == {"the record is back"}
    assert len(world.rows("right")) == 2
    world.close()


def test_a_value_that_the_other_side_cannot_hold_is_refused(world):
    left, right = in_step(world)
    world.left.update(left, {"name": "A" * 40})
    world.sync()
    world.right.update(right, {"name1": "B"})
    world.sync()
    assert asked(world) == [("conflict", "name")]
    [why] = take(world, "left").values()
    assert "right cannot hold it" in why
    assert asked(world) == [("conflict", "name")]
    assert take(world, "right") == {}
    assert world.rows("left")[left]["name"] == "B"


def test_a_brake_holds_answers_too(fast_path):
    text = mapping("on_delete: {left: ask, right: ask}\nbrakes: {delete_count: 0, delete_share: 0}\n")
    world = World.build(fast_path / "brake", text)
    left, _ = in_step(world)
    world.left.create({"name": "Rest", "vat": "DE2"})
    world.sync()
    world.left.delete(left)
    prove_absence(world)
    take(world, "left", released=frozenset())
    assert len(world.rows("right")) == 2
    assert asked(world) == [("delete", "")], "what a brake holds is not answered"
    take(world, "left", released=frozenset({"deletes"}))
    assert len(world.rows("right")) == 1
    world.close()


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_system_that_only_lists_is_read_in_full(world, side):
    contested(world)
    hide_single_records(world, side)
    assert take(world, "left") == {}
    assert city(world) == ("Bonn", "Bonn")
    assert asked(world) == []


@pytest.mark.parametrize("side", ["left", "right"])
def test_also_where_a_system_only_lists_a_newer_value_is_not_overwritten(world, side):
    left, right = contested(world)
    hide_single_records(world, side)
    if side == "left":
        world.left.update(left, {"city": "Trier"})
    else:
        world.right.update(right, {"ort": "Trier"})
    before = city(world)
    assert set(take(world, "left").values()) == {CHANGED_ELSEWHERE}
    assert city(world) == before


def test_killed_at_every_door_an_answer_is_carried_out_or_still_asked(fast_path):
    """Die before and after each effect: never half an answer, and answering again ends as if nothing had happened."""

    def scene(folder):
        world = World.build(folder)
        contested(world)
        return world

    calm = scene(fast_path / "calm")
    watch = Watch()
    with watch.over(calm):
        take(calm, "left")
    calm.close()
    assert watch.count > 5
    for at in range(1, watch.count + 1):
        for after in (False, True):
            world = scene(fast_path / f"{at}-{after}")
            with Watch(die_at=at, after=after).over(world), pytest.raises(Killed):
                take(world, "left")
            for _ in range(2):
                world.pass_time(200)
                world.sync(full=True)
            assert city(world) in {("Bonn", "Mainz"), ("Bonn", "Bonn")}
            assert bool(asked(world)) == (city(world) == ("Bonn", "Mainz")), "a difference is never forgotten"
            if asked(world):
                take(world, "left")
            assert city(world) == ("Bonn", "Bonn")
            assert is_at_rest(world)
            world.close()
