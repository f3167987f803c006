"""A record that waits is corrected where it stands, and the next run carries it on."""

import pytest
from tests.cli.conftest import World

from tallystick.cli import exits

CAUSE = "companies/invalid_value/name"


@pytest.fixture
def waiting(world: World) -> World:
    """Give a world in which one company waits because its name is too long for the other side."""
    world.tally("plan")
    world.tally("apply")
    assert causes(world)[CAUSE] == 1
    return world


def causes(world: World) -> dict[str, int]:
    """Give what waits, with the number of records."""
    return {each["cause"]: each["count"] for each in world.tally("problems", "--json").document["problems"]}


def test_a_correction_is_written_and_carried_on(waiting: World) -> None:
    outcome = waiting.succeed("problems", "edit", CAUSE, "--value", "A shorter name")
    assert "crm 5: name is 'A shorter name', it was 'A name that the other side can never hold'" in outcome.out
    assert waiting.crm()["long@example.com"][0] == "A shorter name"
    assert "long@example.com" not in waiting.erp()
    waiting.tally("run")
    assert waiting.erp()["long@example.com"][0] == "A shorter name"
    assert CAUSE not in causes(waiting)
    assert "answer" in waiting.succeed("history").out


def test_what_the_other_side_will_say_is_told_before(waiting: World) -> None:
    outcome = waiting.tally("problems", "edit", CAUSE, "--value", "Another name that is too long", "--dry-run")
    assert outcome.code == exits.DECIDE
    assert "would be" in outcome.out
    assert "at most 20 characters" in outcome.out
    assert waiting.crm()["long@example.com"][0].startswith("A name that")


def test_the_field_may_be_named_as_either_system_does(waiting: World) -> None:
    waiting.succeed("problems", "edit", CAUSE, "--field", "partner_name", "--value", "By the other's word")
    assert waiting.crm()["long@example.com"][0] == "By the other's word"
    outcome = waiting.tally("problems", "edit", CAUSE, "--field", "nmae", "--value", "x")
    assert outcome.code == exits.WRONG
    assert "'name'" in outcome.err or "name" in outcome.err


def test_only_one_record_is_corrected_at_a_time(waiting: World) -> None:
    waiting.execute("crm", "insert into companies (name, email) values (?, 'more@example.com')", "x" * 30)
    waiting.tally("run")
    outcome = waiting.tally("problems", "edit", CAUSE, "--value", "x")
    assert outcome.code == exits.WRONG
    assert "2 records wait" in outcome.err
    waiting.succeed("problems", "edit", CAUSE, "--record", "5", "--value", "One")
    assert waiting.crm()["more@example.com"][0] == "x" * 30
