"""Deciding between two values by hand: what is shown, what an answer does, what it refuses."""

import pytest
from tests.cli.conftest import MAPPING, World

from tallystick.cli import exits
from tallystick.wiring import open_house

CAUSE = "companies/conflict/phone"


@pytest.fixture
def contested(in_step: World) -> World:
    """Let both sides change the same phone; another one differs since the first contact."""
    in_step.execute("crm", "update companies set phone = 'C' where email = 'left@example.com'")
    in_step.execute("erp", "update partners set telephone = 'E' where mail = 'left@example.com'")
    in_step.succeed("run")
    return in_step


def phones(world: World) -> tuple[str | None, str | None]:
    return world.crm()["left@example.com"][1], world.erp()["left@example.com"][1]


def open_causes(world: World) -> list[str]:
    return sorted(c["cause"] for c in world.succeed("conflicts", "--json").document["conflicts"])


def test_questions_are_shown_one_by_one_with_both_values_and_what_each_answer_does(contested: World) -> None:
    told = contested.succeed("conflicts").out
    assert "both sides changed it differently" in told
    assert f"erp gets 'C': tally conflicts take left {CAUSE} --record left/3" in told
    assert f"crm gets 'E': tally conflicts take right {CAUSE} --record left/3" in told
    document = contested.succeed("conflicts", "list", CAUSE, "--json").document
    [found] = document["conflicts"]
    assert document["total"] == 1
    left, right = found["sides"]["left"], found["sides"]["right"]
    assert (left["system"], left["id"], left["agreed"], left["now"]) == ("crm", "3", {"phone": "3"}, {"phone": "C"})
    assert (right["system"], right["id"], right["now"]) == ("erp", "5", {"phone": "E"})
    assert (left["taking_it"], left["obstacle"]) == ("erp gets 'C'", "")


@pytest.mark.parametrize("record", ["3", "left/3", "5", "right/5", "crm/companies/3", "erp/partners/5"])
def test_a_record_can_be_named_from_either_side(contested: World, record: str) -> None:
    [found] = contested.succeed("conflicts", "list", "--record", record, "--json").document["conflicts"]
    assert found["cause"] == CAUSE


@pytest.mark.parametrize(("word", "winner"), [("left", "C"), ("crm", "C"), ("right", "E"), ("erp", "E")])
def test_an_answer_is_carried_out_at_once_and_both_sides_stay_so(contested: World, word: str, winner: str) -> None:
    document = contested.succeed("conflicts", "take", word, CAUSE, "--json").document
    assert document["answered"] == [f"{CAUSE} left/3"]
    assert document["refused"] == {}
    assert phones(contested) == (winner, winner)
    assert open_causes(contested) == ["companies/initial/phone"], "what was not asked stays open"
    contested.succeed("run", "--full")
    assert phones(contested) == (winner, winner)
    told = contested.succeed("history", "companies", "left/3").out
    assert "phone: '" in told
    assert "is right (by " in told


def test_a_dry_run_shows_and_changes_nothing(contested: World) -> None:
    told = contested.succeed("conflicts", "take", "left", CAUSE, "--dry-run").out
    assert "phone: 'E' -> 'C'" in told
    assert phones(contested) == ("C", "E")
    assert CAUSE in open_causes(contested)
    assert [r["kind"] for r in contested.succeed("history", "--json").document["runs"]] == ["run", "apply"]


def test_all_questions_can_be_answered_in_one_go(contested: World) -> None:
    contested.succeed("conflicts", "take", "left", "--all")
    assert open_causes(contested) == []
    assert contested.erp()["differs@example.com"][1] == "4"
    assert phones(contested) == ("C", "C")
    assert "no question is open" in contested.succeed("conflicts").out
    assert contested.succeed("conflicts", "take", "left", "--all", "--json").document["answered"] == []


def test_an_answer_to_what_changed_since_is_refused_and_asked_anew(contested: World) -> None:
    contested.execute("erp", "update partners set telephone = 'E2' where mail = 'left@example.com'")
    outcome = contested.tally("conflicts", "take", "left", CAUSE)
    assert outcome.code == exits.DECIDE
    assert "it changed since it was asked about" in outcome.out
    assert phones(contested) == ("C", "E2")
    contested.succeed("conflicts", "take", "left", CAUSE)
    assert phones(contested) == ("C", "C")


def test_what_is_equal_by_now_needs_no_answer(contested: World) -> None:
    contested.execute("erp", "update partners set telephone = 'C' where mail = 'left@example.com'")
    assert "both sides hold the same by now" in contested.succeed("conflicts").out
    contested.succeed("run")
    assert CAUSE not in open_causes(contested)


def test_an_answer_that_a_system_refuses_stays_open(contested: World) -> None:
    trigger = "create trigger no before update on partners begin select raise(abort, 'not on Sunday'); end"
    contested.execute("erp", trigger)
    outcome = contested.tally("conflicts", "take", "left", CAUSE)
    assert outcome.code != exits.DONE
    assert f"{CAUSE} left/3 stays as it is" in outcome.out
    assert CAUSE in open_causes(contested)
    contested.execute("erp", "drop trigger no")
    contested.succeed("conflicts", "take", "left", CAUSE)
    assert phones(contested) == ("C", "C")


@pytest.fixture
def settled(in_step: World) -> World:
    """Let both sides change the same phone; the mapping lets the right win."""
    in_step.write("mappings/companies.yaml", MAPPING + "conflict: right\n")
    in_step.succeed("run")
    in_step.execute("crm", "update companies set phone = 'C' where email = 'left@example.com'")
    in_step.execute("erp", "update partners set telephone = 'E' where mail = 'left@example.com'")
    in_step.succeed("run")
    assert phones(in_step) == ("E", "E")
    return in_step


def test_the_loser_comes_back_and_the_next_run_carries_it_over(settled: World) -> None:
    assert (
        "phone: 'E' -> 'C'" in settled.succeed("conflicts", "flip", "companies", "--record", "left/3", "--dry-run").out
    )
    assert phones(settled) == ("E", "E")
    told = settled.succeed("conflicts", "flip", "--record", "crm/companies/3", "--field", "phone").out
    assert "The next run carries it over" in told
    assert phones(settled) == ("C", "E")
    settled.succeed("run")
    assert phones(settled) == ("C", "C")


def test_what_lost_nothing_has_nothing_to_bring_back(settled: World) -> None:
    outcome = settled.tally("conflicts", "flip", "--record", "crm/companies/2")
    assert outcome.code == exits.DECIDE
    assert "no conflict about it was settled" in outcome.out
    document = settled.tally("conflicts", "flip", "--record", "crm/companies/2", "--json").document
    assert document["written"] == 0
    assert list(document["refused"]) == ["companies left/2"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("take", "left"),
        ("take", "middle", CAUSE),
        ("take", "left", "companies/nonsense"),
        ("take", "left", "--record", "99"),
        ("take", "left", CAUSE, "--release", "nonsense"),
        ("list", "nothing"),
        ("flip",),
        ("flip", "--record", "99"),
        ("flip", "--record", "3"),
        ("flip", "nothing", "--record", "3"),
        ("flip", "--record", "crm/companies/3", "--field", "fone"),
    ],
)
def test_what_does_not_exist_cannot_be_named(contested: World, arguments: tuple[str, ...]) -> None:
    outcome = contested.tally("conflicts", *arguments)
    assert outcome.code == exits.WRONG
    assert "what to do" in outcome.err
    assert phones(contested) == ("C", "E")
    assert len(open_causes(contested)) == 2


def test_two_writers_at_once_are_refused(contested: World) -> None:
    with open_house(contested.folder, writing=True):
        for arguments in (("conflicts", "take", "left", "--all"), ("undo", "last", "--yes")):
            outcome = contested.tally(*arguments)
            assert outcome.code == exits.FAILED
            assert "another process is writing" in outcome.err
    assert phones(contested) == ("C", "E")
