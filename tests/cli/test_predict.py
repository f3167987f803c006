"""What will be refused is told before anything is written: which rule, how many, an example, what helps."""

import pytest
from tests.cli.conftest import MAPPING, World

from tallystick.cli import exits

RULES = MAPPING.replace(
    "phone: {left: phone, right: telephone}",
    """phone:
    left: phone
    right: telephone
    rules:
      - {required_if: "{{ name == 'Beta AG' }}", to: right, message: Beta needs a telephone}
      - {matches: "^[0-9]+$", to: right, then: drop}
      - {unique: true, to: right}""",
)


def refusals(world: World, *arguments: str) -> dict[tuple[str, str, str], dict[str, object]]:
    """Give the refusals by system, field and effect."""
    document = world.tally("predict", "--json", *arguments).document
    return {(m["system"], r["field"], r["effect"]): r for m in document["mappings"] for r in m["refusals"]}


def test_a_name_that_is_too_long_is_told_with_its_rule_and_what_helps(world: World) -> None:
    outcome = world.tally("predict")
    assert outcome.code == exits.DECIDE
    found = refusals(world)
    assert found.keys() == {("erp", "name", "record")}
    [told] = found.values()
    assert told["count"] == 1
    assert str(told["rule"]).endswith("is too long")
    assert told["yaml"] == "invalid: truncate  # to 20 characters"
    assert str(told["where"]).startswith("mappings/companies.yaml:6:")
    [example] = told["examples"]  # type: ignore[misc]
    assert example["detail"] == "at most 20 characters, 41 came"
    assert "never hold" not in outcome.out
    assert "A name that the other side can never hold" in world.tally("predict", "--show-values").out


def test_what_helps_does_help(world: World) -> None:
    world.write(
        "mappings/companies.yaml", MAPPING.replace("right: partner_name}", "right: partner_name, invalid: truncate}")
    )
    outcome = world.succeed("predict")
    assert "5 records read, erp would take all of them" in outcome.out


@pytest.mark.parametrize("is_paired", [False, True])
def test_rules_that_people_wrote_are_asked_of_every_record(world: World, is_paired: bool) -> None:  # noqa: FBT001
    """A pair is judged by all its fields too: what is there already may break a rule that is new."""
    if is_paired:
        world.tally("plan")
        world.succeed("apply")
    world.execute("crm", "update companies set name = 'Beta AG', phone = null where name = 'Beta'")
    world.execute("crm", "update companies set phone = 'none yet' where name = 'Differs'")
    world.execute("crm", "update companies set phone = '1' where phone = '3'")
    world.write("mappings/companies.yaml", RULES)
    found = refusals(world, "--side", "erp")
    assert {(key[1:], told["count"]) for key, told in found.items()} == {
        (("name", "record"), 1), (("phone", "record"), 1), (("phone", "field"), 1), (("phone", "warning"), 2),
    }  # fmt: skip
    assert found["erp", "phone", "record"]["rule"] == "Beta needs a telephone"


def test_nothing_is_written_or_remembered(world: World) -> None:
    before = world.crm(), world.erp()
    world.tally("predict")
    assert (world.crm(), world.erp()) == before
    assert "first contact" in world.tally("plan").out.casefold()


def test_a_sample_reads_no_more_than_that(world: World) -> None:
    document = world.tally("predict", "--json", "--sample", "2").document
    assert [(m["source"], m["read"], m["sample"]) for m in document["mappings"]] == [("erp", 2, True), ("crm", 2, True)]


def test_what_no_policy_lets_through_is_not_judged(world: World) -> None:
    world.write(
        "mappings/companies.yaml", MAPPING.replace("on_unmatched: {left: create", "on_unmatched: {left: ignore")
    )
    document = world.tally("predict", "--json", "--side", "right").document
    [found] = document["mappings"]
    assert (found["read"], found["judged"], found["kept"], found["refusals"]) == (5, 0, 5, [])


def test_a_page_for_the_data_owners(world: World) -> None:
    world.tally("predict", "--markdown", str(world.folder / "refusals.md"))
    page = (world.folder / "refusals.md").read_text(encoding="utf-8")
    assert "## companies: crm to erp" in page
    assert "| 1 | name |" in page
    assert "`invalid: truncate  # to 20 characters` in mappings/companies.yaml:6" in page


def test_a_side_that_is_not_there_is_told(world: World) -> None:
    outcome = world.tally("predict", "--side", "rihgt")
    assert outcome.code == exits.WRONG
    assert "right" in outcome.err


def test_every_value_is_tried_there_and_back(world: World) -> None:
    """X5: what is cut rests, and is told as a loss; nothing of it stands in the way of a go-live."""
    cut = MAPPING.replace("right: partner_name}", "right: partner_name, invalid: truncate}")
    world.write("mappings/companies.yaml", cut)
    assert world.tally("predict").code == exits.DONE
    found = refusals(world, "--show-values")
    assert found.keys() == {("erp", "name", "loss")}
    [example] = found["erp", "name", "loss"]["examples"]  # type: ignore[misc]
    assert example["value"] == "A name that the other side can never hold -> A name that the othe"


def test_values_that_never_rest_need_a_person(world: World) -> None:
    """X5: each crossing adds a character, so every run would write for ever; all values are tried, not a sample."""
    growing = """phone:
    left: phone
    right: {expression: "{{ telephone }}", inverse: {telephone: "{{ value }}x"}}"""
    world.write("mappings/companies.yaml", MAPPING.replace("phone: {left: phone, right: telephone}", growing))
    outcome = world.tally("predict", "--side", "erp", "--json")
    assert outcome.code == exits.DECIDE
    found = refusals(world, "--side", "erp", "--show-values")
    told = found["erp", "phone", "change"]
    assert told["count"] == 5
    assert told["rule"] == "values never come to rest"
    assert "one direction" in str(told["hint"])
