"""Customers of Stripe, as localstripe imitates it, by the ready manifest, and a SQLite table, kept in step."""

from collections.abc import Iterator
from importlib.resources import files

import pytest
from tests.e2e.other_sides import TableSide
from tests.e2e.pair_world import World
from tests.systems.passage import opened_passage
from tests.systems.serving import require
from tests.systems.stripe_server import KEY, Stripe, serve_stripe

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def stripe(tmp_path_factory) -> Iterator[Stripe]:
    """One server for the module."""
    require("localstripe", "localstripe")
    with serve_stripe(tmp_path_factory.mktemp("stripe")) as server:
        yield server


def manifest(address: str) -> str:
    """Give the ready manifest with what differs here: it is on this machine and remembers no idempotency keys."""
    text = (files("tallystick.project") / "catalog" / "stripe.yaml").read_text()
    for old, new in {
        "https://api.stripe.com/v1": f"{address}/v1",
        "size: 100, max_size: 100": "size: 3",
        "idempotency_header: Idempotency-Key, ": "create_idem: search, strong_reads: true, skew_seconds: 0, ",
        "requests_per_second: 20, burst: 20": "requests_per_second: 500, burst: 500",
    }.items():
        assert old in text
        text = text.replace(old, new)
    return f"{text}owner: ops\nnetwork: {{timeout_seconds: 1}}\n"


@pytest.fixture
def world(stripe, tmp_path, monkeypatch) -> Iterator[World]:
    """A table and a list of customers that share one person, after the first load."""
    stripe.forget()
    other = TableSide(tmp_path)
    monkeypatch.setenv("STRIPE_KEY", KEY)
    monkeypatch.setenv("OTHER_DATABASE", other.address)
    for number in range(7):
        stripe.create(f"s{number}@example.com", f"Müller & Söhne = {number}", "Köln")
    stripe.create("both@example.com", "Shared + 100%", description="only here", phone="+49 40 1")
    other.create("both@example.com", "Shared + 100%", None)
    other.create("t1@example.com", "Table [1]", "Ulm")
    other.create("t2@example.com", "Table 2", None)
    with opened_passage(stripe.address) as passage:
        world = World(tmp_path / "project", stripe, passage, other)
        world.load(manifest(passage.url), "customers", mail="email", town="address.city")
        assert len(world.agree()) == 10
        yield world


def test_edits_creations_and_deletions_of_both_sides_come_to_rest(world):
    """Bodies are forms and lists come newest first; what nobody mapped stays as it is."""
    assert "Nothing to do" in world.succeed("plan")
    world.near.change("both@example.com", name="Renamed there & here")
    world.other.move("both@example.com", "Bonn")
    world.other.move("t1@example.com", None)
    world.near.create("new-left@example.com", "New left")
    world.other.create("new-right@example.com", "Łódź 'quoted' & co", "Kiel")
    world.succeed("run")
    people = world.agree()
    assert people["both@example.com"] == ("Renamed there & here", "Bonn")
    assert people["t1@example.com"] == ("Table [1]", None)
    assert len(people) == 12
    [kept] = [each for each in world.near.customers() if each["email"] == "both@example.com"]
    assert (kept["description"], kept["phone"]) == ("only here", "+49 40 1")

    world.near.remove("s3@example.com")
    world.other.remove("t2@example.com")
    world.run_until_agreed(10)
    before = len(world.passage.writes())
    world.succeed("run", "--full")
    assert len(world.passage.writes()) == before
    assert "Nothing to do" in world.succeed("plan")


def test_lost_answers_lose_and_double_nothing(world):
    """The customer was made, changed or deleted, and nobody heard of it."""
    lost = world.passage.lose_next("POST", "POST", "DELETE")
    world.other.create("late@example.com", "Late", "Kiel")
    world.other.move("s2@example.com", "Bonn")
    world.other.remove("s4@example.com")
    world.run_until_agreed(10)
    assert sorted(lost) == ["DELETE", "POST", "POST"]
    assert "Nothing to do" in world.succeed("plan")
