"""A system that lists its fields tells of new ones before any record shows them, and of new names by their ids."""

import json
from typing import Any

import pytest
from tests.cli.conftest import MAPPING, World

from tallystick.cli import exits

ERP = """\
protocol: files
url: "${env:SHOP_FOLDER}/drop"
objects:
  partners:
    id: nr
    file: {name: partners.json, format: json, complete: {settle_seconds: 0}}
    fields_from: {object: properties, name: key, label: title, under: more, where: {of: partner}}
    fields:
      partner_name: {}
      mail: {}
      more.tel: {id: f7}
  properties:
    file: {name: properties.json, format: json, complete: {settle_seconds: 0}}
"""
PROPERTIES = [
    {"id": "f7", "key": "tel", "title": "Telephone", "of": "partner"},
    {"id": "f8", "key": "vip", "title": "VIP", "of": "order"},
]


def deliver(world: World, properties: list[dict[str, Any]], phone: str) -> None:
    (world.folder / "drop").mkdir(exist_ok=True)
    rows = [{"nr": str(n), "partner_name": f"P{n}", "mail": f"p{n}@x.de", "more": {phone: str(n)}} for n in range(30)]
    (world.folder / "drop/partners.json").write_text(json.dumps(rows), encoding="utf-8")
    (world.folder / "drop/properties.json").write_text(json.dumps(properties), encoding="utf-8")


@pytest.fixture
def listed(world: World) -> World:
    """A world whose partners come in a file, with a list of their fields beside it."""
    world.write("systems/erp.yaml", ERP)
    unmatched = "on_unmatched: {left: create, right: create}"
    text = MAPPING.replace(unmatched, "on_unmatched: {left: ignore, right: create}").replace("telephone", "more.tel")
    world.write("mappings/companies.yaml", text.replace("fields:", "direction: to_left\nfields:"))
    deliver(world, PROPERTIES, "tel")
    world.succeed("run", "--first-contact")
    return world


def changes(world: World) -> list[tuple[str, str, str]]:
    document = world.tally("drift", "erp", "--json").document
    return [(c["field"], c["change"], c["now"]) for o in document["objects"] for c in o["changes"]]


def test_what_is_listed_and_written_is_no_change(listed: World) -> None:
    assert changes(listed) == []


def test_a_label_may_change_and_nothing_has_happened(listed: World) -> None:
    deliver(listed, [{**PROPERTIES[0], "title": "Fixed line"}], "tel")
    assert changes(listed) == []


def test_a_listed_field_is_new_before_any_record_shows_it_and_is_written_with_its_id(listed: World) -> None:
    deliver(listed, [*PROPERTIES, {"id": "f9", "key": "tier", "title": "Tier", "of": "partner"}], "tel")
    assert changes(listed) == [("more.tier", "new", "any")]
    listed.succeed("drift", "erp", "--accept")
    assert "id: f9" in (listed.folder / "systems/erp.yaml").read_text(encoding="utf-8")
    assert changes(listed) == []


def test_a_new_name_is_known_by_the_id_and_is_no_loss(listed: World) -> None:
    """Neither gone nor new, for a run after it neither; taken, the values go on without a write."""
    deliver(listed, [{**PROPERTIES[0], "key": "phone_no"}], "phone_no")
    assert changes(listed) == [("more.tel", "renamed", "more.phone_no")]
    outcome = listed.tally("drift")
    assert outcome.code == exits.DECIDE
    assert "'more.tel' is called 'more.phone_no' now: it has the same id" in outcome.out
    told = listed.tally("run").out
    assert "is gone" not in told
    assert "is new" not in told
    before = listed.crm()
    listed.succeed("drift", "--renamed", "erp/partners.more.tel=more.phone_no")
    assert listed.succeed("run", "--json").document["mappings"][0]["done"] == {}
    assert listed.crm() == before
    feed = listed.succeed("drift", "--feed", "--json").document["feed"]
    assert {(e["field"], e["change"]): e["decision"] for e in feed} == {("more.tel", "renamed"): "renamed"}


def test_a_list_that_is_not_there_is_said_before_anything_is_asked(listed: World) -> None:
    listed.write("systems/erp.yaml", ERP.replace("object: properties", "object: propertys"))
    outcome = listed.tally("lint")
    assert outcome.code == exits.WRONG
    assert "did you mean 'properties'?" in outcome.out + outcome.err
