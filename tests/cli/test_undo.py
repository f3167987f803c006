"""Taking back a run by hand: shown first, then carried out; what cannot be taken back is said and asked."""

import pytest
from tests.cli.conftest import MAPPING, World

from tallystick.cli import exits


@pytest.fixture
def changed(in_step: World) -> World:
    """Carry one change over to each side."""
    in_step.execute("crm", "update companies set name = 'Beta Ltd' where email = 'beta@example.com'")
    in_step.execute("erp", "update partners set telephone = '77' where mail = 'mueller@example.com'")
    in_step.succeed("run")
    return in_step


def newest(world: World, kind: str) -> str:
    return next(r["run"] for r in world.succeed("history", "--json").document["runs"] if r["kind"] == kind)


def test_without_yes_it_is_only_shown(changed: World) -> None:
    before = changed.crm(), changed.erp()
    told = changed.succeed("undo", "last").out
    assert "name: 'Beta Ltd' -> 'Beta'" in told
    assert "phone: '77' -> '1'" in told
    assert f"tally undo {newest(changed, 'run')} --yes" in told
    assert (changed.crm(), changed.erp()) == before
    assert newest(changed, "run"), "a look is no run"


def test_with_yes_the_written_sides_are_as_before_and_stay_so(changed: World) -> None:
    document = changed.succeed("undo", newest(changed, "run"), "--yes", "--json").document
    assert document["carried_out"] is True
    assert document["asked"] == 0
    assert changed.erp()["beta@example.com"][0] == "Beta"
    assert changed.crm()["mueller@example.com"][1] == "1"
    assert changed.crm()["beta@example.com"][0] == "Beta Ltd", "what the users typed is theirs"
    assert changed.succeed("plan", "--full", "--json").document["plan"]["writes"] == 0


def test_an_undo_can_be_undone(changed: World) -> None:
    after = changed.crm(), changed.erp()
    changed.succeed("undo", "last", "--yes")
    assert (changed.crm(), changed.erp()) != after
    changed.succeed("undo", "last", "--yes")
    assert (changed.crm(), changed.erp()) == after


def test_last_is_the_newest_run_that_wrote(changed: World) -> None:
    wrote = newest(changed, "run")
    changed.succeed("run")
    assert newest(changed, "run") != wrote
    assert changed.succeed("undo", "last", "--json").document["undo"] == wrote


@pytest.mark.parametrize("record", ["2", "left/2", "right/2"])
def test_only_the_record_that_was_named_is_taken_back(changed: World, record: str) -> None:
    changed.succeed("undo", "last", "--record", record, "--yes")
    assert changed.erp()["beta@example.com"][0] == "Beta"
    assert changed.crm()["mueller@example.com"][1] == "77"


def test_what_somebody_changed_since_is_said_asked_and_left_alone(changed: World) -> None:
    changed.execute("erp", "update partners set partner_name = 'Beta Inc' where mail = 'beta@example.com'")
    told = changed.succeed("undo", "last").out
    assert "has 'Beta Inc'; it cannot be taken back as it was" in told
    outcome = changed.tally("undo", "last", "--yes")
    assert outcome.code == exits.DECIDE
    assert "1 part of the run could not be taken back" in outcome.out
    assert changed.erp()["beta@example.com"][0] == "Beta Inc"
    assert changed.crm()["mueller@example.com"][1] == "1", "the rest is taken back"
    told = changed.succeed("problems").out
    assert "companies/undo/name" in told
    assert "it was changed after the run" in told
    assert "take a side" in told


def test_the_question_ends_when_it_is_discarded_and_nothing_else_ends(changed: World) -> None:
    """The user's newer value was not carried over yet; taking the question off the list must not call it agreed."""
    changed.execute("erp", "update partners set partner_name = 'Beta Inc' where mail = 'beta@example.com'")
    changed.tally("undo", "last", "--yes")
    changed.succeed("problems", "discard", "companies/undo", "--reason", "leave it")
    assert "companies/undo" not in changed.succeed("problems").out
    changed.succeed("run")
    assert changed.crm()["beta@example.com"][0] == "Beta Inc"


def test_what_was_created_goes_under_the_brake(world: World) -> None:
    world.write("mappings/companies.yaml", MAPPING + "brakes: {delete_count: 1, delete_share: 0}\n")
    before = world.crm(), world.erp()
    world.execute("crm", "insert into companies (name, email) values ('One more', 'more@example.com')")
    world.succeed("run", "--first-contact")
    outcome = world.tally("undo", "last", "--yes")
    assert outcome.code == exits.DECIDE
    assert "HELD by the brake 'deletes'" in outcome.out
    run = newest(world, "run")
    assert f"let exactly these go: tally undo {run} --yes" in outcome.out
    assert "more@example.com" in world.erp()
    world.succeed("undo", run, "--yes", "--release", "deletes")
    assert world.erp() == before[1]
    assert {k: v for k, v in world.crm().items() if k != "more@example.com"} == before[0]


def test_a_run_of_which_everything_is_as_before_has_nothing_to_take_back(changed: World) -> None:
    run = newest(changed, "run")
    changed.succeed("undo", run, "--yes")
    assert "Nothing to take back" in changed.succeed("undo", run).out


def test_an_unknown_run_gets_the_near_one_and_those_that_wrote(changed: World) -> None:
    run = newest(changed, "run")
    outcome = changed.tally("undo", run[:-1] + "z")
    assert outcome.code == exits.WRONG
    assert f"did you mean '{run}'?" in outcome.err
    assert "runs that wrote" in outcome.err
    changed.succeed("run")
    idle = newest(changed, "run")
    error = changed.tally("undo", idle, "--json").document["error"]
    assert "wrote nothing" in error["message"]
    assert run in error["hint"]


def test_a_project_without_runs_has_nothing_to_undo(world: World) -> None:
    outcome = world.tally("undo", "last")
    assert outcome.code == exits.WRONG
    assert "no run has written anything yet" in outcome.err


@pytest.mark.parametrize("arguments", [("--record", "99"), ("--release", "nonsense"), ("--record", "up/2")])
def test_what_does_not_exist_cannot_be_named(changed: World, arguments: tuple[str, ...]) -> None:
    before = changed.crm(), changed.erp()
    assert changed.tally("undo", "last", "--yes", *arguments).code == exits.WRONG
    assert (changed.crm(), changed.erp()) == before


def test_a_mapping_that_the_project_lost_is_named(changed: World) -> None:
    (changed.folder / "mappings" / "companies.yaml").rename(changed.folder / "companies.yaml.away")
    outcome = changed.tally("undo", "last")
    assert outcome.code == exits.WRONG
    assert "companies" in outcome.err
    assert "put the mapping back" in outcome.err


def test_a_system_that_is_down_stops_an_undo_and_asks_nobody(changed: World) -> None:
    (changed.folder / "erp.db").rename(changed.folder / "erp.away")
    outcome = changed.tally("undo", "last", "--yes")
    assert outcome.code in {exits.SYSTEM, exits.WRONG, exits.FAILED}
    (changed.folder / "erp.db").unlink(missing_ok=True)
    (changed.folder / "erp.away").rename(changed.folder / "erp.db")
    assert "companies/undo" not in changed.succeed("problems").out
