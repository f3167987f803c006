"""A quota of a day, from the command line: a project between a REST system and a database."""

import contextlib
import re
import sqlite3
from collections.abc import Iterator

import pytest
from tests.cli.conftest import ERP_MANIFEST, World
from tests.cli.rest_crm import MANIFEST, Crm
from tests.connectors.http.conftest import Server


@pytest.fixture
def server() -> Iterator[Server]:
    started = Server().start()
    yield started
    started.stop()


def adopt(world: World, server: Server, count: int, *, more: str = "") -> Crm:
    """Bring both sides into step, without any limit."""
    crm = Crm(server, count)
    world.execute("erp", "delete from partners")
    limit(world, server, "{}", more)
    world.succeed("plan")
    world.succeed("apply")
    world.succeed("run")
    server.seen.clear()
    return crm


def limit(world: World, server: Server, limits: str, more: str = "") -> None:
    text = MANIFEST.format(url=server.url, limits=limits)
    world.write(
        "systems/crm.yaml", text if not more else text.replace("    since: {param: since, format: unix}\n", more)
    )


def pass_a_day(world: World) -> None:
    """Let what was counted and what is waited for be a day older."""
    with contextlib.closing(sqlite3.connect(world.folder / ".tally" / "state.db")) as state, state:
        state.execute("update calls set hour = hour - 26")
        state.execute("update pair_state set not_before = 0")


def test_a_listing_longer_than_a_day_allows_goes_on_the_next_day(world: World, server: Server) -> None:
    """No day sees more calls than it allows, and what was listed is not listed again."""
    adopt(world, server, 95, more="\n")
    limit(world, server, "{per_day: 6}", "\n")
    outcome = world.tally("run")
    said = outcome.out + outcome.err
    assert outcome.code == 3, said
    assert len(server.seen) == 6
    assert "the calls of the day are spent" in said
    assert re.search(r"next attempt at \d{4}-\d\d-\d\d \d\d:\d\d UTC", said)
    again = world.tally("run")
    assert again.code == 3
    assert "next attempt at" in again.out + again.err
    assert len(server.seen) == 6, "the quota outlives the process"
    pass_a_day(world)
    world.succeed("run")
    pages = [seen.path for seen in server.seen if "/companies/" not in seen.path]
    assert len({*pages}) == 11, "ten pages, and the empty one that ends them"
    assert len(pages) <= 12, "at most the page of the break twice"
    assert len(server.seen) - len(pages) <= 3, "whether the empty end was one, a few known records say (R-4.4)"


def test_a_reserve_is_left_for_changes(world: World, server: Server) -> None:
    adopt(world, server, 25)
    limit(world, server, "{per_day: 10, reserve: 90%}")
    outcome = world.tally("run", "--full")
    assert outcome.code == 3
    assert "kept in reserve" in outcome.out + outcome.err
    assert len(server.seen) == 1, "one call of ten may be used by a listing of everything"


def test_where_a_full_compare_has_no_room_changes_are_read_all_the_same(world: World, server: Server) -> None:
    crm = adopt(world, server, 25)
    limit(world, server, "{per_day: 10, reserve: 95%}")
    crm.records["0007"] |= {"phone": "777", "changed": 1_900_000_000}
    with contextlib.closing(sqlite3.connect(world.folder / ".tally" / "state.db")) as state, state:
        state.execute("update cursor set full_at = full_at - 10 * 86400")
    outcome = world.tally("run")
    assert world.erp()["0007@example.com"][1] == "777", outcome
    assert all("since=" in path for path in crm.listings)


def test_a_plan_warns_of_what_the_day_has_no_room_for(world: World, server: Server) -> None:
    adopt(world, server, 25)
    world.execute("erp", "update partners set telephone = '9'")
    limit(world, server, "{per_day: 30}")
    outcome = world.succeed("plan")
    assert "Not in one day: crm: about" in outcome.out
    load = world.succeed("plan", "--json").document["plan"]["forecast"]["systems"]["crm"]
    assert load["calls_left"] < 30
    limit(world, server, "{per_day: 3000}")
    assert "Not in one day" not in world.succeed("plan").out


def test_a_quota_of_a_system_without_calls_over_http_is_refused(world: World) -> None:
    world.write("systems/erp.yaml", ERP_MANIFEST + "limits: {per_day: 100, reserve: 20%}\n")
    outcome = world.tally("lint")
    assert outcome.code == 2
    assert "'limits.per_day' counts calls over HTTP" in outcome.out + outcome.err
