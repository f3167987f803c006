"""A field that is called otherwise is no loss: it is told by its values, and goes on under its new name."""

import pytest
from tests.cli.conftest import World

from tallystick.cli import exits


@pytest.fixture
def renamed(in_step: World) -> World:
    """A world in step, in which the CRM calls the phone otherwise and has a further new field."""
    in_step.execute("crm", "alter table companies rename column phone to phone_no")
    in_step.execute("crm", "alter table companies add column fax text")
    in_step.execute("crm", "update companies set fax = 'f' || id")
    return in_step


def names(world: World) -> list[tuple[str, str]]:
    return [(r["field"], r["now"]) for r in world.tally("drift", "--json").document["renames"]]


def test_a_run_never_takes_a_renamed_field_for_an_empty_one(renamed: World) -> None:
    before = renamed.erp()
    outcome = renamed.tally("run")
    assert "crm/companies: field 'phone' is gone" in outcome.out
    assert renamed.erp() == before


def test_the_values_tell_the_new_name_and_nothing_is_written_unseen(renamed: World) -> None:
    before = (renamed.folder / "mappings/companies.yaml").read_bytes()
    outcome = renamed.tally("drift")
    assert outcome.code == exits.DECIDE
    assert "crm/companies: 'phone' seems to be called 'phone_no' now: the same values in " in outcome.out
    assert "if it is: tally drift --renamed crm/companies.phone=phone_no" in outcome.out
    assert (renamed.folder / "mappings/companies.yaml").read_bytes() == before


def test_a_taken_name_goes_on_without_a_write(renamed: World) -> None:
    before = renamed.erp()
    renamed.write("systems/crm.yaml", "# ours\n" + (renamed.folder / "systems/crm.yaml").read_text(encoding="utf-8"))
    assert (
        "renamed: crm/companies.phone=phone_no"
        in renamed.succeed("drift", "--renamed", "crm/companies.phone=phone_no").out
    )
    written = (renamed.folder / "systems/crm.yaml").read_text(encoding="utf-8")
    assert written.startswith("# ours\n")
    assert "left: phone_no" in (renamed.folder / "mappings/companies.yaml").read_text(encoding="utf-8")
    document = renamed.succeed("run", "--json").document
    assert document["mappings"][0]["done"] == {}
    assert renamed.erp() == before
    renamed.execute("crm", "update companies set phone_no = '4711' where email = 'beta@example.com'")
    renamed.succeed("run")
    assert renamed.erp()["beta@example.com"][1] == "4711"
    entries = renamed.succeed("drift", "--feed", "--json").document["feed"]
    assert {e["field"]: e["decision"] for e in entries} == {"phone": "renamed", "phone_no": "renamed", "fax": ""}


def test_values_that_differ_are_no_proof(renamed: World) -> None:
    assert names(renamed) == [("crm/companies.phone", "phone_no")]
    renamed.execute("crm", "update companies set phone_no = 'x' || phone_no where id <= 2")
    assert names(renamed) == []


def test_of_two_fields_with_the_same_values_none_is_named(renamed: World) -> None:
    renamed.execute("crm", "update companies set fax = phone_no")
    assert names(renamed) == []


def test_values_that_are_all_alike_are_no_proof(in_step: World) -> None:
    in_step.execute("crm", "update companies set phone = '0'")
    in_step.succeed("run")
    in_step.execute("crm", "alter table companies rename column phone to phone_no")
    assert names(in_step) == []


@pytest.mark.parametrize("word", ["crm/companies.phone", "crm/companies.name=phone_no", "crm/nothing.phone=phone_no"])
def test_only_what_is_gone_can_be_renamed(renamed: World, word: str) -> None:
    outcome = renamed.tally("drift", "--renamed", word)
    assert outcome.code == exits.WRONG
    assert "names no field that is gone" in outcome.err


def test_no_policy_takes_a_renamed_field_for_a_new_one(renamed: World) -> None:
    head = "    table: {name: companies}\n"
    text = (renamed.folder / "systems/crm.yaml").read_text(encoding="utf-8")
    renamed.write("systems/crm.yaml", text.replace(head, f"{head}    on_new_field: accept\n"))
    document = renamed.tally("drift", "--json").document
    assert document["accepted"] == ["crm/companies.fax"]
    assert [r["now"] for r in document["renames"]] == ["phone_no"]
    document = renamed.tally("drift", "--ignore", "crm/companies.phone", "--json").document
    assert (document["renames"], document["accepted"]) == ([], ["crm/companies.phone_no"])
