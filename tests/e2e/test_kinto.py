"""Kinto, with its changes since and its tombstones, in step with a web service, a database by ODBC, a file by SFTP."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.connectors.file_servers import PASSWORD as DROP_PASSWORD
from tests.connectors.file_servers import USER as DROP_USER
from tests.connectors.file_servers import sftp_server
from tests.e2e.other_sides import DropSide, ServiceSide, Side, TableSide
from tests.e2e.pair_world import World
from tests.systems.kinto_server import PASSWORD, USER, Kinto
from tests.systems.passage import opened_passage
from tests.systems.soap_server import served_customers

pytest_plugins = ["tests.systems.fixtures"]
pytestmark = pytest.mark.e2e

MANIFEST = """\
protocol: rest
base_url: {address}/v1
auth: {{type: basic, username: {user}, password: "${{env:KINTO_PASSWORD}}"}}
owner: ops
network: {{timeout_seconds: 1}}
objects:
  people:
    id: id
    list: {{method: GET, path: "{path}", record: data}}
    get: {{method: GET, path: "{path}/{{id}}", record: data}}
    create: {{method: POST, path: "{path}", wrap: data, record: data}}
    update: {{method: PATCH, path: "{path}/{{id}}", wrap: data, record: data}}
    delete: {{method: DELETE, path: "{path}/{{id}}"}}
    paging: {{type: next_url, next: "header:Next-Page", size_param: _limit, size: 4}}
    sort: {{param: _sort, value: last_modified}}
    since: {{param: _since, format: unix_ms, inclusive: false}}
    filters: {{mail: {{param: mail}}}}
    version: last_modified
    if_match: If-Match
    modified: last_modified
    modified_format: unix_ms
    deleted: {{path: deleted, query: {{_since: "0"}}}}
    omits_blank: true
    fields:
      id: {{type: text, read_only: true}}
      name: {{type: text, required: true}}
      mail: {{type: text, unique: true}}
      town: {{type: text}}
      last_modified: {{type: integer, read_only: true}}
    claims: {{create_idem: search, strong_reads: true, skew_seconds: 0}}
"""


@pytest.fixture(params=["soap", "odbc", "sftp"])
def other(request, tmp_path, monkeypatch) -> Iterator[Side]:
    """Each of the other sides in turn."""
    home = tmp_path / "other"
    home.mkdir()
    if request.param == "odbc":
        side = TableSide(home)
        monkeypatch.setenv("OTHER_DATABASE", request.getfixturevalue("odbc_address")(side.address))
        yield side
    elif request.param == "soap":
        with served_customers(home) as door:
            yield ServiceSide(door)
    else:
        monkeypatch.setenv("DROP_PASSWORD", DROP_PASSWORD)
        with sftp_server(home) as (url, key):
            yield DropSide(home, url, key, DROP_USER)


@pytest.fixture
def world(tmp_path: Path, kinto: Kinto, other: Side, monkeypatch) -> Iterator[World]:
    """Two sides that share one person and have some that the other does not know, after the first load."""
    monkeypatch.setenv("KINTO_PASSWORD", PASSWORD)
    people = kinto.collection()
    for number in range(6):
        people.create(name=f"Kinto {number}", mail=f"k{number}@example.com", town="Köln")
    people.create(name="Zoë Söhne", mail="both@example.com")
    other.create("both@example.com", "Zoë Söhne", None)
    other.create("o1@example.com", "Other 1", "Ulm")
    other.create("o2@example.com", "Other 2", None)
    with opened_passage(kinto.address.removesuffix("/v1")) as passage:
        world = World(tmp_path / "project", people, passage, other)
        manifest = MANIFEST.format(address=passage.url, user=USER, path=people.path)
        world.load(manifest, "people", mail="mail", town="town")
        assert len(world.agree()) == 9
        yield world


def test_edits_creations_and_deletions_of_both_sides_come_to_rest(world):
    """Both edit one record in different fields, each creates and deletes; nothing is lost, doubled or left to do."""
    assert "Nothing to do" in world.succeed("plan")
    world.near.change("both@example.com", name="Renamed there")
    world.other.move("both@example.com", "Bonn")
    world.near.change("k1@example.com", town=None)
    world.other.move("o1@example.com", None)
    world.near.create(name="Łódź 'quoted'", mail="new-left@example.com")
    world.other.create("new-right@example.com", "New right", "Kiel")
    world.succeed("run")
    people = world.agree()
    assert people["both@example.com"] == ("Renamed there", "Bonn")
    assert people["k1@example.com"] == ("Kinto 1", None)
    assert people["o1@example.com"] == ("Other 1", None)
    assert people.keys() >= {"new-left@example.com", "new-right@example.com"}
    assert len(people) == 11

    world.other.remove("o2@example.com")
    world.run_until_agreed(10)
    before = len(world.passage.writes())
    world.succeed("run", "--full")
    assert len(world.passage.writes()) == before
    assert "Nothing to do" in world.succeed("plan")


def test_a_tombstone_is_proof_at_the_first_look(world):
    """What Kinto says was deleted needs no second look, and a listing of what changed is enough to learn of it."""
    world.near.remove("o1@example.com")
    world.near.remove("k3@example.com")
    world.succeed("run")
    assert len(world.agree()) == 7


def test_lost_answers_lose_and_double_nothing(world):
    """Kinto did what was asked, and nobody heard of it: the next runs find out, and bring both in step."""
    lost = world.passage.lose_next("POST", "PATCH", "DELETE")
    world.other.create("late@example.com", "Late", "Kiel")
    world.other.move("k2@example.com", "Bonn")
    world.other.remove("k4@example.com")
    world.run_until_agreed(9)
    assert sorted(lost) == ["DELETE", "PATCH", "POST"]
    assert world.agree()["k2@example.com"] == ("Kinto 2", "Bonn")
    assert "Nothing to do" in world.succeed("plan")
