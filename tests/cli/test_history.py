"""What was written, run by run and record by record, in words and as JSON."""

from typing import Any

import pytest
from tests.cli.conftest import World

from tallystick.cli import exits


def runs(world: World, *arguments: str) -> list[dict[str, Any]]:
    found = world.succeed("history", *arguments, "--json").document["runs"]
    assert isinstance(found, list)
    return found


def test_runs_say_what_they_wrote_where(in_step: World) -> None:
    in_step.execute("crm", "update companies set name = 'Beta Ltd' where email = 'beta@example.com'")
    in_step.succeed("run")
    in_step.succeed("run")
    idle, wrote, adopted = runs(in_step)
    assert idle["written"] == []
    assert wrote["written"] == [{"mapping": "companies", "side": "right", "operation": "update", "count": 1}]
    assert {(w["side"], w["operation"]): w["count"] for w in adopted["written"]} == {
        ("left", "create"): 1, ("right", "create"): 1, ("right", "update"): 1,
    }  # fmt: skip
    assert (adopted["kind"], adopted["outcome"]) == ("apply", "ok")
    told = in_step.succeed("history").out
    assert "companies: 1 changed in erp" in told
    assert "companies: 1 created in crm; 1 created, 1 changed in erp" in told
    assert "nothing" in told


def test_a_limit_cuts_the_list(in_step: World) -> None:
    in_step.succeed("run")
    in_step.succeed("run")
    assert len(runs(in_step, "--limit", "2")) == 2
    assert in_step.tally("history", "--limit", "0").code == exits.WRONG


def test_a_new_project_has_no_history(world: World) -> None:
    assert "no run yet" in world.succeed("history").out
    assert runs(world) == []


@pytest.mark.parametrize("words", [("crm/companies/2",), ("companies", "left/2"), ("erp/partners/2",)])
def test_every_write_to_a_record_is_told_newest_first(in_step: World, words: tuple[str, ...]) -> None:
    for name in ("Beta Ltd", "Beta Inc"):
        in_step.execute("crm", "update companies set name = ? where email = 'beta@example.com'", name)
        in_step.succeed("run")
    in_step.execute("erp", "update partners set telephone = '9' where mail = 'beta@example.com'")
    in_step.succeed("run")
    [record] = in_step.succeed("history", *words, "--json").document["records"]
    assert [(e["side"], e["operation"], e["changes"]) for e in record["entries"]] == [
        ("left", "update", [{"field": "phone", "old": "2", "new": "9"}]),
        ("right", "update", [{"field": "name", "old": "Beta Ltd", "new": "Beta Inc"}]),
        ("right", "update", [{"field": "name", "old": "Beta", "new": "Beta Ltd"}]),
        ("right", "update", [{"field": "phone", "old": None, "new": "2"}]),
    ]
    told = in_step.succeed("history", *words).out
    assert "name: 'Beta' -> 'Beta Ltd'" in told
    assert "phone: (blank) -> '2'" in told
    assert "erp changed, crm" not in told
    assert told.index("Beta Inc") < told.index("'Beta' -> 'Beta Ltd'")


def test_a_creation_shows_what_was_created(in_step: World) -> None:
    told = in_step.succeed("history", "crm/companies/3").out
    assert "erp 5 created: nobody on the other side is its counterpart" in told
    assert "email: 'left@example.com'" in told


def test_a_discard_is_told_with_its_reason_and_its_person(in_step: World) -> None:
    in_step.succeed("problems", "discard", "companies/initial/phone", "--reason", "both are right")
    told = in_step.succeed("history", "companies", "left/4").out
    assert "taken off the list: initial: both are right (by " in told


def test_a_long_history_can_be_cut(in_step: World) -> None:
    for phone in "7890":
        in_step.execute("crm", "update companies set phone = ? where email = 'beta@example.com'", phone)
        in_step.succeed("run")
    outcome = in_step.succeed("history", "crm/companies/2", "--limit", "2")
    assert outcome.out.count("changed:") == 2
    assert "--limit" in outcome.err
    [record] = in_step.succeed("history", "crm/companies/2", "--limit", "2", "--json").document["records"]
    assert record["is_cut"] is True


def test_what_was_written_by_nobody_says_so_and_what_nobody_knows_is_an_error(in_step: World) -> None:
    assert "nothing was ever written to it" in in_step.succeed("history", "crm/companies/1").out
    assert in_step.tally("history", "crm/companies/999").code == exits.WRONG
    assert in_step.tally("history", "nothing", "1").code == exits.WRONG
    assert in_step.tally("history", "a", "b", "c").code == exits.WRONG
