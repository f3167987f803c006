"""Tokens: a system's own word for how far it was read stands in for the time (R-11.10)."""

from dataclasses import replace

import pytest
from slow_sweeps import build, slowly
from world import MAPPING, Killed, World

from tallystick.core.error import Expired, Garbled

TOKEN = "after "


@pytest.fixture
def world(fast_path):
    world = World.build(fast_path)
    yield world
    world.close()


def with_tokens(world):
    """Let the left system give tokens; give the positions that its windows began with."""
    connector = world.systems["crm"].connector
    read, begun = connector.read, []

    def told(name, since=None, position=None, page_size=None):
        if since is not None:
            begun.append(position)
        if position is not None and position.startswith(TOKEN):
            since, position = float(position.removeprefix(TOKEN)), None
        page = yield from read(name, since, position, page_size)
        return replace(page, token=f"{TOKEN}{world.left.now()}") if position is None else page

    connector.read = told
    for index, pair in enumerate(world.pairs):
        left = replace(pair.left, can=replace(pair.left.can, tokens=True, since=False))
        world.pairs[index] = replace(pair, left=left)
    return begun


def failing_from(world, error):
    """Let every window of the left system fail."""
    connector = world.systems["crm"].connector
    read = connector.read

    def lost(name, since=None, position=None, page_size=None):
        if since is not None:
            raise error
        return (yield from read(name, since, position, page_size))

    connector.read = lost


def fill(world, count=4):
    for n in range(count):
        world.left.create({"name": f"C{n}", "vat": f"DE{n}", "city": "Ulm"})
    world.sync()


def cities(world):
    return sorted(row["ort"] for row in world.rows("right").values())


def test_a_window_begins_at_the_token_of_the_listing_before(world):
    """R-11.10: neither a full listing's token nor a window's is lost, and a plan moves nothing."""
    begun = with_tokens(world)
    fill(world)
    first = world.look(lambda tx: tx.cursor("companies", "left")).token
    world.pass_time(1_000)
    world.left.update("1", {"city": "Kiel"})
    world.plan()
    world.sync()
    world.pass_time(1_000)
    world.left.update("2", {"city": "Bonn"})
    second = world.look(lambda tx: tx.cursor("companies", "left")).token
    world.sync()
    assert begun == [first, first, second]
    assert first < second
    assert cities(world) == ["Bonn", "Kiel", "Ulm", "Ulm"]


def test_a_window_that_shows_nobody_still_moves_the_token(world):
    """A feed that says that nothing changed has said so up to its new token."""
    begun = with_tokens(world)
    fill(world)
    world.pass_time(10_000)
    world.sync()
    world.pass_time(10_000)
    world.sync()
    assert len(set(begun)) == len(begun) == 2


@pytest.mark.parametrize("error", [Expired("the log was cut"), Garbled("this is no position")])
def test_where_changes_cannot_be_told_everything_is_compared(world, error):
    """R-11.10: an edit and a deletion that no window can show are found by the full compare, in the same run."""
    with_tokens(world)
    fill(world, 40)
    failing_from(world, error)
    world.pass_time(1_000)
    world.left.update("1", {"city": "Kiel"})
    world.left.delete("2")
    result = world.sync()
    assert result.plan.pairs[0].complete["left"] == "proven"
    assert result.plan.pairs[0].lost == {"left": error.message}
    assert cities(world)[0] == "Kiel"
    world.pass_time(10_000)
    world.sync()
    assert len(world.rows("right")) == 39


def test_a_window_by_time_that_is_garbled_is_a_failure(world):
    """Only a token can be one of another way of reading; a system that answers nonsense is not listed once more."""
    fill(world)
    failing_from(world, Garbled("this is no JSON"))
    world.pass_time(1_000)
    result = world.go()
    assert [str(f) for f in result.failures.values()] == ["this is no JSON"]


def test_a_sweep_that_goes_on_keeps_the_token_of_its_beginning(fast_path):
    """What changed while it was broken off comes after the token of its first page, and is read by the next window."""
    world = build(fast_path, MAPPING)
    begun = with_tokens(world)
    fill(world, 30)
    world.pass_time(90_000)
    began = world.now
    with slowly(world, most=3), pytest.raises(Killed):
        world.go("run")
    world.left.update("1", {"city": "Kiel"})
    with slowly(world) as seen:
        world.go("run")
    assert seen.first_pages == 0
    token = world.look(lambda tx: tx.cursor("companies", "left")).token
    world.sync()
    assert began < float(token.removeprefix(TOKEN)) < began + 60
    assert begun[-1] == token
    assert "Kiel" in cities(world)
    world.close()
