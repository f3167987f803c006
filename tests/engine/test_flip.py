"""The loser of a settled conflict comes back as a user's edit would: written, carried over, and never over news."""

import pytest
from matters import city, flip, hide_single_records, in_step, is_at_rest, last_run, mapping, take, undo, writes
from world import Killed, Watch, World

LEADS = mapping("on_delete: {left: propagate, right: propagate}\nconflict: left\n")


def settled(folder, text=LEADS):
    """Let both sides change the city; the policy lets the left win."""
    world = World.build(folder, text)
    left, right = in_step(world)
    world.left.update(left, {"city": "Bonn"})
    world.right.update(right, {"ort": "Mainz"})
    world.sync()
    assert city(world) == ("Bonn", "Bonn")
    return world, left, right


def test_the_loser_comes_back_and_is_carried_over(fast_path):
    world, *_ = settled(fast_path / "w")
    assert flip(world) == {}
    assert city(world) == ("Bonn", "Mainz"), "only the side that lost it is written"
    world.sync()
    assert city(world) == ("Mainz", "Mainz")
    assert world.queue() == []
    assert is_at_rest(world)
    world.close()


def test_a_dry_run_changes_nothing(fast_path):
    world, *_ = settled(fast_path / "w")
    before = writes(world)
    assert flip(world, mode="plan") == {}
    assert writes(world) == before
    world.close()


def test_an_edit_of_one_side_alone_lost_nothing(fast_path):
    world = World.build(fast_path / "w", LEADS)
    left, _ = in_step(world)
    world.left.update(left, {"city": "Bonn"})
    world.sync()
    [why] = flip(world).values()
    assert "no conflict about it was settled" in why
    [why] = flip(world, "city").values()
    assert "no conflict about it was settled" in why
    assert city(world) == ("Bonn", "Bonn")
    world.close()


def test_only_the_field_that_was_named_comes_back(fast_path):
    world = World.build(fast_path / "w", LEADS)
    left, right = in_step(world)
    world.left.update(left, {"city": "Bonn", "name": "Anker AG"})
    world.right.update(right, {"ort": "Mainz", "name1": "Anker SE"})
    world.sync()
    assert flip(world, "city") == {}
    world.sync()
    assert city(world) == ("Mainz", "Mainz")
    assert world.rows("right")[right]["name1"] == "Anker AG"
    world.close()


@pytest.mark.parametrize(
    ("side", "why"), [("right", "it was changed after the run"), ("left", "the other side holds a newer value")]
)
def test_a_value_that_somebody_typed_since_is_left_alone(fast_path, side, why):
    world, left, right = settled(fast_path / "w")
    if side == "right":
        world.right.update(right, {"ort": "Trier"})
    else:
        world.left.update(left, {"city": "Trier"})
    before = city(world)
    assert why in flip(world)["city"]
    assert city(world) == before
    world.close()


@pytest.mark.parametrize("side", ["left", "right"])
def test_also_where_it_was_carried_over_already(fast_path, side):
    world, left, right = settled(fast_path / "w")
    if side == "right":
        world.right.update(right, {"ort": "Trier"})
    else:
        world.left.update(left, {"city": "Trier"})
    world.sync()
    assert flip(world)["city"]
    assert city(world) == ("Trier", "Trier")
    world.close()


def test_a_flip_can_be_undone_before_it_is_carried_over(fast_path):
    world, *_ = settled(fast_path / "w")
    flip(world)
    undo(world, last_run(world))
    assert city(world) == ("Bonn", "Bonn")
    assert world.queue() == []
    assert is_at_rest(world)
    world.close()


def test_where_the_mapping_lets_only_one_side_write_nothing_comes_back(fast_path):
    text = LEADS.replace("city: {left: city, right: ort}", "city: {left: city, right: ort, direction: to_right}")
    world, *_ = settled(fast_path / "w", text)
    assert "does not let the right change 'city'" in flip(world)["city"]
    assert city(world) == ("Bonn", "Bonn")
    world.close()


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_system_that_only_lists_is_read_in_full(fast_path, side):
    world, *_ = settled(fast_path / "w")
    hide_single_records(world, side)
    assert flip(world) == {}
    world.sync(full=True)
    assert city(world) == ("Mainz", "Mainz")
    world.close()


def test_killed_at_every_door_a_flip_is_done_or_can_be_done_again(fast_path):
    calm, *_ = settled(fast_path / "calm")
    watch = Watch()
    with watch.over(calm):
        flip(calm)
    calm.close()
    assert watch.count > 5
    for at in range(1, watch.count + 1):
        for after in (False, True):
            world, *_ = settled(fast_path / f"{at}-{after}")
            with Watch(die_at=at, after=after).over(world), pytest.raises(Killed):
                flip(world)
            for _ in range(2):
                world.pass_time(200)
                world.sync(full=True)
            assert city(world) in {("Bonn", "Bonn"), ("Mainz", "Mainz")}, "never half"
            world.close()


def test_what_an_answer_decided_can_be_flipped_too(world):
    left, right = in_step(world)
    world.left.update(left, {"city": "Bonn"})
    world.right.update(right, {"ort": "Mainz"})
    world.sync()
    take(world, "right")
    assert flip(world) == {}
    world.sync()
    assert city(world) == ("Bonn", "Bonn")
    assert is_at_rest(world)


@pytest.mark.parametrize(
    ("policy", "agreed"),
    [
        ("rank, rank: [Mainz, Bonn]", "Mainz"),
        ("rank, rank: [Bonn, Mainz]", "Bonn"),
        ('expression, resolve: "{{ left if left < right else right }}"', "Bonn"),
        ('expression, resolve: "{{ left }} / {{ right }}"', "Bonn / Mainz"),
    ],
)
def test_what_a_weighing_policy_overwrote_comes_back(fast_path, policy, agreed):
    """Whichever way the policy decided, and also where both sides got a value that neither had."""
    text = LEADS.replace("city: {left: city, right: ort}", f"city: {{left: city, right: ort, conflict: {policy}}}")
    assert policy in text
    world = World.build(fast_path / "w", text)
    left, right = in_step(world)
    world.left.update(left, {"city": "Bonn"})
    world.right.update(right, {"ort": "Mainz"})
    world.sync()
    assert city(world) == (agreed, agreed)
    assert flip(world) == {}
    world.sync()
    assert city(world) in {("Bonn", "Bonn"), ("Mainz", "Mainz")} - {(agreed, agreed)}
    assert world.queue() == []
    world.close()
