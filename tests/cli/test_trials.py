"""``tally plan --validate``: systems check the planned writes, and nothing is written."""

from collections.abc import Iterator

import pytest
from tests.cli.conftest import World
from tests.cli.rest_crm import MANIFEST, Crm
from tests.connectors.http.conftest import Server

HEADER = '{headers: {X-Check-Only: "true"}}'
QUERY = '{query: {check: "1"}}'


@pytest.fixture
def server() -> Iterator[Server]:
    started = Server().start()
    yield started
    started.stop()


def declare(world: World, server: Server, create: str, update: str) -> None:
    text = MANIFEST.format(url=server.url, limits="{}")
    for verb, trial in (("POST, path: /companies", create), ('PATCH, path: "/companies/{id}"', update)):
        assert f"{verb}}}" in text
        text = text.replace(f"{verb}}}", f"{verb}, validate_only: {trial}}}") if trial else text
    world.write("systems/crm.yaml", text)


def fill(world: World, *names: str) -> None:
    world.execute("erp", "delete from partners")
    for n, name in enumerate(names):
        values = (name, f"{n:04}@example.com", "2")
        world.execute("erp", "insert into partners (partner_name, mail, telephone) values (?, ?, ?)", *values)


@pytest.mark.parametrize("trial", [HEADER, QUERY])
def test_each_write_is_checked_and_none_is_made(world: World, server: Server, trial: str) -> None:
    crm = Crm(server, 1)
    before = {key: dict(record) for key, record in crm.records.items()}
    declare(world, server, trial, trial)
    fill(world, "Company 0000", "good", "wax", "box")
    outcome = world.tally("plan", "--validate")
    assert outcome.code == 3, outcome
    assert "3 writes checked by the systems, 2 refused" in outcome.out
    assert outcome.out.count("no x in a name") == 2
    assert "crm refuses to create 3: " in outcome.out
    assert crm.records == before
    assert sorted(str(body["name"]) for method, body in crm.checked if method == "POST") == ["box", "good", "wax"]


def test_a_change_is_checked_as_it_would_be_sent(world: World, server: Server) -> None:
    crm = Crm(server, 3)
    world.execute("erp", "delete from partners")
    declare(world, server, HEADER, QUERY)
    world.succeed("plan")
    world.succeed("apply")
    world.succeed("run")
    world.execute("erp", "update partners set partner_name = 'wax' where mail = '0001@example.com'")
    outcome = world.tally("plan", "--validate")
    assert outcome.code == 3, outcome
    assert "1 write checked by the systems, 1 refused" in outcome.out
    assert "crm refuses to update 0001" in outcome.out
    assert crm.checked == [("PATCH", {"name": "wax"})]
    assert crm.records["0001"]["name"] == "Company 0001"


def test_what_no_system_can_check_is_counted(world: World, server: Server) -> None:
    crm = Crm(server, 0)
    declare(world, server, "", HEADER)
    fill(world, "wax", "box")
    validated = world.succeed("plan", "--validate", "--json").document["validated"]
    assert validated == {"tried": 0, "refused": 0, "untried": 2, "refusals": []}
    assert crm.checked == []


def test_without_the_option_nothing_is_sent(world: World, server: Server) -> None:
    crm = Crm(server, 0)
    declare(world, server, HEADER, HEADER)
    fill(world, "wax")
    assert "checked by the systems" not in world.succeed("plan").out
    assert {seen.method for seen in server.seen} == {"GET"}
    assert crm.checked == []


def test_the_card_names_writes_that_can_be_checked(world: World, server: Server) -> None:
    declare(world, server, HEADER, QUERY)
    assert "companies: a create or update can be checked without writing" in world.succeed("describe", "crm").out


@pytest.mark.parametrize("nothing", ["{}", "{headers: {}}"])
def test_a_check_that_would_be_a_write_is_refused(world: World, server: Server, nothing: str) -> None:
    declare(world, server, nothing, "")
    outcome = world.tally("lint")
    assert outcome.code == 2
    assert "only checks" in outcome.out + outcome.err
