"""Plan, apply and run: what they say is what they do, and their exit codes can be relied on."""

import json
import re
import stat
from typing import Any

import pytest
from tests.cli.conftest import MAPPING, World

from tallystick.cli import exits


def only(document: dict[str, Any]) -> dict[str, Any]:
    """Give the one mapping of a document."""
    [found] = document["mappings"]
    assert isinstance(found, dict)
    return found


def test_a_plan_writes_to_no_system_and_its_file_is_for_its_owner_alone(world: World) -> None:
    before = world.crm(), world.erp()
    outcome = world.succeed("plan", "--json")
    assert (world.crm(), world.erp()) == before
    kept = world.folder / ".tally" / "plan.json"
    assert outcome.document["file"] == str(kept)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_the_first_plan_is_told_as_an_adoption_plan(world: World) -> None:
    told = world.succeed("plan").out
    assert "First contact" in told
    assert "only in crm: to be created in erp" in told
    assert "only in erp: to be created in crm" in told
    assert "2 of them differ: 1 get values in erp, 1 difference a person must settle" in told
    assert "phone: (blank) -> '2'" in told
    found = only(world.succeed("plan", "--json").document["plan"])
    assert (found["links"], found["differing"], found["first_contact"]) == (3, 2, True)
    assert found["actions"]["right"] == {"create": 1, "update": 1}
    assert found["actions"]["left"] == {"create": 1}
    assert found["questions"] == [{"kind": "initial", "side": "left", "count": 1}]
    assert found["parked"] == [{"code": "invalid_value", "field": "name", "count": 1}]


def test_apply_does_what_the_plan_said_and_the_second_plan_is_empty(world: World) -> None:
    plan = world.succeed("plan", "--json").document["plan"]
    done = only(world.succeed("apply", "--json").document)
    assert sum(done["done"].values()) == plan["writes"] == 3
    assert done["linked"] == 3
    assert world.erp()["beta@example.com"] == ("Beta", "2")
    assert world.crm()["right@example.com"] == ("Only in the ERP", "6")
    again = world.succeed("plan", "--json").document["plan"]
    assert again["is_empty"]
    assert again["lines"] == again["writes"] == 0


def test_an_empty_plan_says_that_both_sides_agree_only_if_nobody_waits(in_step: World) -> None:
    assert "Nothing to do.\n" in in_step.succeed("plan").out
    in_step.execute("crm", "update companies set name = 'Short', phone = null where email = 'long@example.com'")
    in_step.execute("crm", "update companies set phone = '44' where email = 'differs@example.com'")
    in_step.succeed("run")
    assert "Nothing to do: both sides agree." in in_step.succeed("plan").out


def test_edits_on_both_sides_are_carried_over_at_once(in_step: World) -> None:
    in_step.execute("crm", "update companies set name = 'Beta Ltd' where email = 'beta@example.com'")
    in_step.execute("erp", "update partners set telephone = '77' where mail = 'mueller@example.com'")
    assert only(in_step.succeed("run", "--json").document)["done"] == {"update": 2}
    assert in_step.erp()["beta@example.com"] == ("Beta Ltd", "2")
    assert in_step.crm()["mueller@example.com"] == ("Müller GmbH", "77")


def test_a_first_contact_wants_to_be_seen_before_a_run(world: World) -> None:
    before = world.crm(), world.erp()
    outcome = world.tally("run", "--json")
    assert outcome.code == exits.DECIDE
    assert only(outcome.document)["failure"]["code"] == "unsafe_plan"
    assert (world.crm(), world.erp()) == before
    assert "3 linked" not in world.tally("run").out
    world.succeed("run", "--first-contact")
    assert "left@example.com" in world.erp()


def test_apply_leaves_alone_what_changed_since_the_plan_and_names_it(in_step: World) -> None:
    in_step.execute("crm", "update companies set name = 'Beta Ltd' where email = 'beta@example.com'")
    in_step.execute("crm", "update companies set name = 'Mueller AG' where email = 'mueller@example.com'")
    in_step.succeed("plan")
    in_step.execute("crm", "update companies set name = 'Beta Inc' where email = 'beta@example.com'")
    in_step.execute("crm", "insert into companies (name, email) values ('New', 'new@example.com')")
    outcome = in_step.tally("apply", "--json")
    assert outcome.code == exits.DECIDE
    assert outcome.document["outcome"] == "stale"
    assert outcome.document["stale"] == 1
    assert [line["source"] for line in outcome.document["stale_lines"]] == ["2"]
    assert outcome.document["not_in_plan"] == 2
    assert in_step.erp()["beta@example.com"] == ("Beta", "2")
    assert in_step.erp()["mueller@example.com"][0] == "Mueller AG"
    assert "new@example.com" not in in_step.erp()


def test_applying_a_plan_twice_does_nothing_the_second_time(in_step: World) -> None:
    before = in_step.crm(), in_step.erp()
    outcome = in_step.succeed("apply")
    assert "nothing to do" in outcome.out
    assert "no longer fit" not in outcome.out
    assert (in_step.crm(), in_step.erp()) == before


def test_lines_that_are_gone_after_an_interruption_are_not_called_stale(in_step: World) -> None:
    kept = in_step.folder / ".tally" / "plan.json"
    plan = json.loads(kept.read_text())
    kept.write_text(json.dumps(plan | {"applied": [], "interrupted": True}))
    outcome = in_step.succeed("apply")
    assert "carried out before the last apply was interrupted" in outcome.out


def test_a_brake_holds_until_a_person_lets_it_go(in_step: World) -> None:
    in_step.write("mappings/companies.yaml", MAPPING + "brakes: {create_count: 0, create_share: 0}\n")
    in_step.execute("crm", "insert into companies (name, email) values ('New', 'new@example.com')")
    told = in_step.succeed("plan").out
    assert "HELD by the brake 'creates'" in told
    outcome = in_step.tally("run")
    assert outcome.code == exits.DECIDE
    assert "tally run companies --release creates" in outcome.out
    assert "1 record for the next run: a brake holds it" in outcome.out
    assert "a brake holds it" in in_step.succeed("status").out
    assert "new@example.com" not in in_step.erp()
    assert in_step.tally("apply").code == exits.DECIDE
    assert "new@example.com" not in in_step.erp()
    in_step.succeed("apply", "--release", "creates")
    assert "new@example.com" in in_step.erp()


def test_an_absence_that_wants_a_second_look_says_from_when_on(in_step: World) -> None:
    """Whoever runs again at once would wonder why nothing happens."""
    in_step.execute("crm", "delete from companies where id = (select min(id) from companies)")
    told = re.search(r"1 record from (\S+) on: missing, not yet proven", in_step.succeed("run").out)
    assert told, "the next run comes too early"
    stand = json.loads(in_step.succeed("status", "--json").out)["mappings"][0]
    assert stand["again"] == {"missing, not yet proven": 1}
    assert stand["again_from"] == {"missing, not yet proven": told[1]}


def test_an_unknown_brake_is_refused_before_anything_is_done(in_step: World) -> None:
    outcome = in_step.tally("run", "--release", "delets")
    assert outcome.code == exits.WRONG
    assert "did you mean 'deletes'?" in outcome.err


def test_a_refused_record_is_parked_and_no_failure_of_the_run(in_step: World) -> None:
    in_step.execute(
        "erp", "create trigger no before update on partners begin select raise(abort, 'not on Sunday'); end"
    )
    in_step.execute("crm", "update companies set name = 'Beta Ltd' where email = 'beta@example.com'")
    outcome = in_step.succeed("run")
    assert "1 write failed" in outcome.out
    assert "not on Sunday" in in_step.succeed("problems").out


def test_a_system_that_is_not_there_gives_code_3_and_the_state_stays(in_step: World) -> None:
    (in_step.folder / "erp.db").rename(in_step.folder / "away.db")
    for verb in ("plan", "run"):
        outcome = in_step.tally(verb, "--json")
        assert outcome.code == exits.SYSTEM, outcome
        found = outcome.document["plan"] if verb == "plan" else outcome.document
        assert only(found)["failure"]["place"].startswith("erp")
    (in_step.folder / "away.db").rename(in_step.folder / "erp.db")
    assert in_step.succeed("plan", "--json").document["plan"]["is_empty"]


def test_a_project_without_mappings_is_not_said_to_be_in_step(world: World) -> None:
    (world.folder / "mappings" / "companies.yaml").unlink()
    outcome = world.tally("plan")
    assert outcome.code == exits.WRONG
    assert "no mapping" in outcome.err


def test_only_the_named_mappings_are_planned(world: World) -> None:
    outcome = world.tally("plan", "compannies")
    assert outcome.code == exits.WRONG
    assert "companies" in outcome.err
    assert world.succeed("plan", "companies").code == exits.DONE


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"tally_plan": 99}, "another version"),
        ({"project": "other"}, "plan of the project 'other'"),
        ({"environment": "production"}, "environment 'production'"),
        ({"fingerprint": "0000000000000001"}, "changed since it was made"),
        ({"lines": {"companies": ["zz"]}}, "damaged"),
        ({"lines": {"companies": ["00000000000000aa"]}}, "changed since it was made"),
        ({"tally_plan": "1"}, "no plan"),
    ],
)
def test_a_plan_that_is_not_this_projects_own_is_refused(world: World, change: dict[str, Any], said: str) -> None:
    world.succeed("plan")
    kept = world.folder / ".tally" / "plan.json"
    kept.write_text(json.dumps(json.loads(kept.read_text()) | change))
    outcome = world.tally("apply")
    assert outcome.code == exits.DECIDE
    assert said in outcome.err
    assert "left@example.com" not in world.erp()


@pytest.mark.parametrize("text", ["", "not json", "[]", "{" * 100_000, "\x00"])
def test_a_file_that_is_no_plan_is_refused(world: World, text: str) -> None:
    file = world.folder / "plan.json"
    file.write_text(text)
    assert world.tally("apply", str(file)).code == exits.DECIDE


def test_a_plan_that_is_not_there_says_how_to_make_one(world: World) -> None:
    outcome = world.tally("apply")
    assert outcome.code == exits.DECIDE
    assert "tally plan" in outcome.err


def test_a_plan_goes_where_it_is_told(world: World) -> None:
    file = world.folder / "monday.json"
    world.succeed("plan", "-o", str(file))
    world.succeed("apply", str(file))
    assert "left@example.com" in world.erp()
    outcome = world.tally("plan", "-o", "/proc/nowhere/plan.json")
    assert outcome.code == exits.FAILED
    assert "cannot be written" in outcome.err
