"""Status, problems and why: what waits, for whom, and the true cause of a record's state."""

import pytest
from tests.cli.conftest import MAPPING, World

from tallystick.cli import exits
from tallystick.cli.cause import find_causes
from tallystick.cli.retry import retry_records
from tallystick.wiring import open_state


@pytest.fixture
def contested(in_step: World) -> World:
    """Let both sides change the same phone."""
    in_step.execute("crm", "update companies set phone = 'C' where email = 'left@example.com'")
    in_step.execute("erp", "update partners set telephone = 'E' where mail = 'left@example.com'")
    in_step.succeed("run")
    return in_step


def test_status_counts_what_is_linked_and_what_waits(contested: World) -> None:
    document = contested.succeed("status", "--json").document
    [found] = document["mappings"]
    assert found["linked"] == 5
    assert found["questions"] == {"initial": 1, "conflict": 1}
    assert found["parked"] == {"invalid_value": 1}
    assert found["unknown_writes"] == 0
    assert found["read"]["left"]["records"] == 6
    assert [run["kind"] for run in document["runs"]] == ["run", "apply"]
    told = contested.succeed("status").out
    assert "5 linked pairs" in told
    assert "both sides changed it differently" in told


def test_status_of_a_new_project_needs_no_system(world: World) -> None:
    (world.folder / "erp.db").unlink()
    told = world.succeed("status").out
    assert "never read" in told
    assert "no run yet" in told


def test_problems_are_grouped_by_cause_with_samples_and_who_can_act(contested: World) -> None:
    causes = {c["cause"]: c for c in contested.succeed("problems", "--json").document["problems"]}
    assert set(causes) == {"companies/conflict/phone", "companies/initial/phone", "companies/invalid_value/name"}
    parked = causes["companies/invalid_value/name"]
    assert (parked["kind"], parked["count"], parked["records"]) == ("parked", 1, ["left/5"])
    assert parked["audience"] == "data owner"
    told = contested.succeed("problems", "list", "companies").out
    assert "too long" in told
    assert "left/3" in told


def test_retry_lets_the_next_run_try_again(in_step: World) -> None:
    trigger = "create trigger no before update on partners begin select raise(abort, 'not on Sunday'); end"
    in_step.execute("erp", trigger)
    in_step.execute("crm", "update companies set name = 'Beta Ltd' where email = 'beta@example.com'")
    in_step.succeed("run")
    in_step.execute("erp", "drop trigger no")
    in_step.succeed("run")
    assert in_step.erp()["beta@example.com"][0] == "Beta", "a refusal is not tried again by itself"
    assert in_step.succeed("problems", "retry", "companies/refused", "--json").document["retried"] == 1
    in_step.succeed("run")
    assert in_step.erp()["beta@example.com"][0] == "Beta Ltd"
    assert "refused" not in in_step.succeed("problems").out


def test_a_retried_question_comes_back_while_its_cause_stands(contested: World) -> None:
    before = contested.crm(), contested.erp()
    contested.succeed("problems", "retry", "--all")
    contested.succeed("run")
    assert len(contested.succeed("problems", "--json").document["problems"]) == 3
    assert (contested.crm(), contested.erp()) == before, "neither side of a conflict is overwritten"


def test_a_question_that_a_run_settled_meanwhile_is_not_raised_by_asking_again(contested: World) -> None:
    """R-3.3: who asks without a lease may have an old list in hand; only what still stands is touched."""
    with open_state(contested.folder) as state:
        before = state.store.look(lambda tx: (tx.queue(), tx.quarantine()))
        chosen = state.store.look(lambda tx: find_causes(tx, ["companies"]))
        state.store.commit(lambda tx: tx.drop_queue([q.id for q in before[0]]))
        for row in before[1]:
            state.store.commit(lambda tx, row=row: tx.drop_quarantine(row.pair, row.side, [row.record]))
        state.store.commit(lambda tx: retry_records(tx, chosen))
        assert all(before)
        assert state.store.look(lambda tx: (tx.queue(), tx.quarantine())) == ([], [])


def test_a_retried_question_goes_when_its_cause_is_gone(contested: World) -> None:
    contested.write("mappings/companies.yaml", MAPPING + "conflict: left\ninitial: right\n")
    contested.succeed("problems", "retry", "--all")
    contested.succeed("run")
    [left] = contested.succeed("problems", "--json").document["problems"]
    assert left["code"] == "invalid_value"
    assert contested.erp()["left@example.com"][1] == "C"
    assert contested.crm()["differs@example.com"][1] == "44"


def test_discard_accepts_both_sides_as_they_are_and_keeps_the_reason(contested: World) -> None:
    before = contested.crm(), contested.erp()
    cause = "companies/conflict/phone"
    told = contested.succeed("problems", "discard", cause, "--record", "3", "--reason", "both are right").out
    assert "Nothing was changed in any system" in told
    assert "both are right" in contested.succeed("why", "companies", "left/3").out
    contested.succeed("run")
    assert cause not in contested.succeed("problems").out
    assert (contested.crm(), contested.erp()) == before


def test_after_a_discard_an_edit_of_another_field_overwrites_nothing(contested: World) -> None:
    contested.succeed("problems", "discard", "companies/conflict/phone", "--reason", "both are right")
    contested.execute("crm", "update companies set name = 'Renamed' where email = 'left@example.com'")
    contested.succeed("run")
    assert contested.crm()["left@example.com"] == ("Renamed", "C")
    assert contested.erp()["left@example.com"] == ("Renamed", "E")


def test_a_discarded_question_comes_back_when_both_sides_change_again(contested: World) -> None:
    cause = "companies/conflict/phone"
    contested.succeed("problems", "discard", cause, "--reason", "both are right")
    contested.execute("crm", "update companies set phone = 'C2' where email = 'left@example.com'")
    contested.execute("erp", "update partners set telephone = 'E2' where mail = 'left@example.com'")
    contested.succeed("run")
    assert cause in contested.succeed("problems").out


def test_what_cannot_be_read_cannot_be_accepted(contested: World) -> None:
    contested.execute("erp", "delete from partners where mail = 'left@example.com'")
    outcome = contested.tally("problems", "discard", "companies/conflict/phone", "--reason", "never mind")
    assert outcome.code == exits.FAILED
    assert "stays on the list" in outcome.out
    assert "companies/conflict/phone" in contested.succeed("problems").out


@pytest.mark.parametrize(
    "arguments",
    [
        ("retry",),
        ("retry", "companies/nonsense"),
        ("retry", "companies", "--record", "99"),
        ("discard", "--all"),
        ("discard", "--all", "--reason", " "),
        ("list", "nothing"),
    ],
)
def test_what_does_not_wait_cannot_be_released(contested: World, arguments: tuple[str, ...]) -> None:
    assert contested.tally("problems", *arguments).code == exits.WRONG
    assert len(contested.succeed("problems", "--json").document["problems"]) == 3


@pytest.mark.parametrize(
    "words", [("crm/companies/2",), ("companies", "left/2"), ("companies", "2"), ("erp/partners/2",)]
)
def test_a_record_is_found_however_it_is_named(in_step: World, words: tuple[str, ...]) -> None:
    [found] = in_step.succeed("why", *words, "--json").document["records"]
    assert found["records"]["left"]["id"] == found["records"]["right"]["id"] == "2"
    assert found["state"] == "linked"


def test_the_first_line_of_why_is_the_true_cause(contested: World) -> None:
    def first(*words: str) -> str:
        return contested.succeed("why", *words).out.splitlines()[0]

    assert first("crm/companies/1") == "Both sides are in step: no mapped field differs from what was agreed."
    assert first("crm/companies/3").startswith("A person must decide in the field 'phone'")
    assert first("crm/companies/5").startswith("The field 'name' is parked: partner_name is too long")
    contested.execute("crm", "update companies set name = 'Beta Ltd' where id = 2")
    assert first("crm/companies/2").startswith("The next run will change name in erp: crm changed")
    contested.execute("crm", "insert into companies (id, name, email) values (70, 'New', 'new@example.com')")
    assert "will be created in erp" in first("crm/companies/70")
    contested.execute("crm", "insert into companies (id, name) values (71, 'Nameless')")
    assert "no value by which a counterpart" in first("crm/companies/71")
    contested.execute("erp", "delete from partners where mail = 'beta@example.com'")
    assert "not yet proof" in first("crm/companies/2")


def test_why_tells_of_a_record_that_the_mappings_filter_leaves_out(world: World) -> None:
    mapping = MAPPING.replace("object: companies}", "object: companies, where: {kind: customer}}")
    world.write("mappings/companies.yaml", mapping)
    assert "does not belong to the mapping" in world.succeed("why", "crm/companies/1").out.splitlines()[0]


def test_why_predicts_exactly_what_the_next_plan_does(in_step: World) -> None:
    in_step.execute("crm", "update companies set name = 'Beta Ltd', phone = null where id = 2")
    [seen] = in_step.succeed("why", "crm/companies/2", "--json").document["records"]
    plan = in_step.succeed("plan", "--json").document["plan"]
    [line] = [o for o in plan["operations"] if o["source"] == "2"]
    assert seen["next"]["reason"] == line["reason"]
    assert [f["field"] for f in seen["fields"] if f["next"]] == [c["field"] for c in line["changes"]]


def test_why_names_the_ids_that_could_be_meant(in_step: World) -> None:
    found = in_step.succeed("why", "3", "--json").document["records"]
    assert sorted((r["records"]["left"]["id"], r["records"]["right"]["id"]) for r in found) == [("3", "5"), ("6", "3")]


def test_a_record_that_nobody_knows_is_said_so(in_step: World) -> None:
    for words in (("nope",), ("crm/companies/999",), ("companies", "999"), ("nothing", "2"), ("a", "b", "c")):
        assert in_step.tally("why", *words).code == exits.WRONG
