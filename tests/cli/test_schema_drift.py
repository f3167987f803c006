"""What changed in the systems' fields: told before a run stumbles over it, and taken over where somebody says so."""

import pytest
from tests.cli.conftest import CRM_MANIFEST, ERP_MANIFEST, World

from tallystick.cli import exits


def changes(world: World, *arguments: str) -> dict[str, tuple[str, bool]]:
    """Give (change, breaking) by system and field."""
    document = world.tally("drift", "--json", *arguments).document
    return {
        f"{each['system']}.{c['field']}": (c["change"], c["breaking"])
        for each in document["objects"]
        for c in each["changes"]
    }


def test_what_is_as_written_is_told_as_that(world: World) -> None:
    told = world.succeed("drift").out
    assert "as written (by the catalogue of the database)" in told
    assert changes(world) == {}


def test_a_new_column_is_no_break_and_can_be_written_down(world: World) -> None:
    world.execute("crm", "alter table companies add column loyalty varchar(12)")
    assert changes(world) == {"crm.loyalty": ("new", False)}
    world.write("systems/crm.yaml", "# ours\n" + CRM_MANIFEST)
    assert "written: crm/companies.loyalty" in world.succeed("drift", "--accept").out
    written = (world.folder / "systems/crm.yaml").read_text(encoding="utf-8")
    assert "# ours" in written
    assert changes(world) == {}
    assert "max_length: 12" in written


def test_a_mapped_column_that_is_gone_breaks_and_needs_a_person(world: World) -> None:
    world.execute("crm", "alter table companies drop column phone")
    assert changes(world) == {"crm.phone": ("gone", True)}
    outcome = world.tally("drift")
    assert outcome.code == exits.DECIDE
    assert "companies.phone" in outcome.out


def test_a_column_that_nobody_maps_may_go(world: World) -> None:
    world.execute("crm", "alter table companies drop column kind")
    assert changes(world) == {"crm.kind": ("gone", False)}
    assert world.tally("drift").code == exits.DONE


def test_a_shorter_column_breaks(world: World) -> None:
    world.execute("erp", "drop table partners")
    world.execute(
        "erp",
        "create table partners (id integer primary key, partner_name varchar(10) not null, mail integer unique,"
        " telephone text not null)",
    )
    assert changes(world) == {
        "erp.partner_name": ("shorter", True),
        "erp.mail": ("retyped", True),
        "erp.telephone": ("required", True),
    }


def test_a_new_column_that_is_required_breaks(world: World) -> None:
    world.execute("erp", "drop table partners")
    world.execute(
        "erp",
        "create table partners (id integer primary key, partner_name varchar(20) not null, mail text unique,"
        " telephone text, class text not null)",
    )
    assert changes(world) == {"erp.class": ("new", True)}


def test_one_system_that_cannot_be_looked_at_hides_nothing_of_the_other(world: World) -> None:
    world.execute("erp", "drop table partners")
    world.execute("crm", "alter table companies drop column phone")
    outcome = world.tally("drift")
    assert outcome.code == exits.SYSTEM
    assert "there is no table 'partners'" in outcome.out
    assert "gone: text before" in outcome.out
    assert changes(world, "crm") == {"crm.phone": ("gone", True)}


def test_a_system_that_is_not_there_is_refused_by_name(world: World) -> None:
    outcome = world.tally("drift", "cmr")
    assert outcome.code == exits.WRONG
    assert "no system is called 'cmr'" in outcome.err


@pytest.mark.parametrize(
    "records", ["[]", '[{"nr": "1", "name": "x", "phone": null, "more": {"tier": 3}, "tags": ["a"]}]']
)
def test_other_systems_are_known_by_their_records(world: World, records: str) -> None:
    """C7.5: a custom field stands in records before anybody announces it; without records nothing is claimed."""
    (world.folder / "drop").mkdir()
    (world.folder / "drop/partners.json").write_text(records, encoding="utf-8")
    world.write(
        "systems/erp.yaml",
        'protocol: files\nurl: "${env:SHOP_FOLDER}/drop"\nobjects:\n  partners:\n    id: nr\n'
        "    file: {name: partners.json, format: json, complete: {settle_seconds: 0}}\n"
        "    fields:\n      partner_name: {}\n      mail: {}\n"
        "      telephone: {}\n      name: {}\n      phone: {}\n",
    )
    found = changes(world, "erp")
    if records == "[]":
        assert found == {}
    else:
        assert found == {
            "erp.more.tier": ("new", False), "erp.tags": ("new", False), "erp.partner_name": ("gone", True),
            "erp.mail": ("gone", True), "erp.telephone": ("gone", True),
        }  # fmt: skip
        world.tally("drift", "--accept")
        assert set(changes(world, "erp")) == {"erp.partner_name", "erp.mail", "erp.telephone"}


def test_an_object_says_itself_what_becomes_of_new_fields(world: World) -> None:
    world.execute("crm", "alter table companies add column loyalty text")
    head = "    table: {name: companies}\n"
    world.write("systems/crm.yaml", CRM_MANIFEST.replace(head, head + "    on_new_field: ignore\n"))
    assert changes(world) == {}
    world.write("systems/crm.yaml", CRM_MANIFEST.replace(head, head + "    on_new_field: accept\n"))
    assert "written: crm/companies.loyalty" in world.succeed("drift").out
    assert changes(world) == {}


def test_a_new_field_that_stops_creates_cannot_be_ignored(world: World) -> None:
    world.execute("erp", "drop table partners")
    world.execute(
        "erp",
        "create table partners (id integer primary key, partner_name varchar(20) not null, mail text unique,"
        " telephone text, class text not null)",
    )
    head = "    table: {name: partners}\n"
    world.write("systems/erp.yaml", ERP_MANIFEST.replace(head, head + "    on_new_field: ignore\n"))
    assert changes(world) == {"erp.class": ("new", True)}
