"""A brake says what it refuses, a person lets exactly that go, and the audit trail says who (R-12.5)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import MAPPING, World

from tallystick.cli import exits
from tallystick.wiring import open_state

TIGHT = MAPPING + "brakes: {create_count: 2, create_share: 0}\n"


@pytest.fixture
def held(adopted: Path, copied: Callable[[Path], World]) -> World:
    """Give a project in step where a brake holds the creation of 25 companies in the ERP."""
    world = copied(adopted)
    world.write("mappings/companies.yaml", TIGHT)
    add(world, range(25))
    return world


def add(world: World, numbers: Any) -> None:
    for number in numbers:
        world.execute("crm", "insert into companies (name, email) values (?, ?)", f"New {number}", f"new{number}@x.de")


def the_hold(world: World) -> dict[str, Any]:
    [mapping] = world.succeed("plan", "--json").document["plan"]["mappings"]
    [found] = mapping["holds"]
    assert isinstance(found, dict)
    return found


def created(world: World) -> int:
    return sum(mail.startswith("new") for mail in world.erp())


def releases(world: World) -> list[tuple[str, str, str]]:
    with open_state(world.folder) as state:
        rows = state.store.look(lambda tx: [row for run in tx.runs(50) for row in tx.ledger(run=run.id)])
    return [(row.side, row.record, row.reason) for row in rows if row.op == "release"]


def test_a_hold_lists_the_first_records_it_refuses_and_how_many_there_are(held: World) -> None:
    hold = the_hold(held)
    assert hold["count"] == 25
    assert len(hold["refuses"]) == 20
    assert hold["refuses"][0]["operation"] == "create"
    assert hold["refuses"][0]["target"] is None
    told = held.succeed("plan").out
    assert "it refuses 25 writes: create from crm" in told
    assert "and 5 more" in told


def test_the_id_of_a_hold_stands_for_its_lines_and_for_nothing_else(held: World) -> None:
    before = the_hold(held)["id"]
    assert the_hold(held)["id"] == before
    add(held, [25])
    assert the_hold(held)["id"] != before


def test_a_number_lets_go_at_most_so_many(held: World) -> None:
    add(held, [25])
    outcome = held.tally("run", "--release", "creates:companies:right:25")
    assert outcome.code == exits.DECIDE
    assert "let nothing go: the brake refuses 26 writes now" in outcome.out
    assert created(held) == 0
    held.succeed("run", "--release", "creates:companies:right:26")
    assert created(held) == 26


@pytest.mark.parametrize("word", ["creates:companies:left:99", "deletes", "creates:companies:left"])
def test_a_release_of_something_else_lets_nothing_go(held: World, word: str) -> None:
    assert held.tally("run", "--release", word).code == exits.DECIDE
    assert created(held) == 0


@pytest.mark.parametrize("word", ["creates", "creates:companies", "creates:companies:right"])
def test_without_a_number_all_of_it_goes(held: World, word: str) -> None:
    held.succeed("run", "--release", word)
    assert created(held) == 25


def test_a_run_says_how_to_let_go_and_what_it_says_works(held: World) -> None:
    told = held.tally("run").out
    [exactly] = [line for line in told.splitlines() if "let exactly these go" in line]
    command = exactly.partition(": tally ")[2].split()
    add(held, [25])
    assert held.tally(*command).code == exits.DECIDE, "the lines are not those that were seen"
    assert "what that brake refuses is not what it was" in held.tally(*command).out
    [exactly] = [line for line in held.tally("run").out.splitlines() if "let exactly these go" in line]
    held.succeed(*exactly.partition(": tally ")[2].split())
    assert created(held) == 26


def test_apply_lets_a_hold_of_its_plan_go_also_if_others_came_up_since(held: World) -> None:
    """The id belongs to the plan that was seen: what is new waits, what is stale is left out."""
    name = the_hold(held)["id"]
    add(held, [25])
    held.execute("crm", "update companies set name = 'Later' where email = 'new0@x.de'")
    outcome = held.tally("apply", "--release", name, "--by", "anna")
    assert "let go by anna: the brake 'creates' in erp, 24 writes" in outcome.out
    assert "1 line of the plan no longer fit" in outcome.out
    assert created(held) == 24


def test_the_audit_trail_says_who_let_what_go(held: World) -> None:
    name = the_hold(held)["id"]
    held.succeed("apply", "--release", name, "--by", "anna")
    [(side, record, reason)] = releases(held)
    assert (side, record) == ("right", name)
    assert reason == f"creates: 25 let go by anna, as {name}"
    add(held, range(30, 33))
    held.succeed("run", "--release", "creates:companies:right:3", "--by", "ben")
    assert "creates: 3 let go by ben, as creates:companies:right:3" in [reason for *_, reason in releases(held)]


def test_whoever_types_is_named_where_nobody_else_is(held: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "carla")
    held.succeed("run", "--release", "creates")
    assert "let go by carla" in releases(held)[0][2]


def test_nothing_is_noted_where_nothing_was_let_go(in_step: World) -> None:
    in_step.succeed("run", "--release", "creates")
    assert releases(in_step) == []


def test_named_lines_and_only_these_are_carried_out_and_no_brake_holds_them(held: World) -> None:
    lines = held.succeed("plan", "--json").document["plan"]["operations"]
    chosen = [line for line in lines if line["action"] == "create"][:2]
    outcome = held.succeed("apply", "--only", f"{chosen[0]['fingerprint']},{chosen[1]['fingerprint'][:10]}")
    assert created(held) == 2
    assert "23 lines of the plan were not named and wait" in outcome.out
    assert "creates: 2 let go by" in releases(held)[0][2]
    assert "named one by one" in releases(held)[0][2]
    assert the_hold(held)["count"] == 23


@pytest.mark.parametrize(("text", "said"), [("ffffffffffffffff", "no line"), ("0", "no line"), ("", "no line")])
def test_a_fingerprint_that_names_no_line_is_refused(held: World, text: str, said: str) -> None:
    held.succeed("plan")
    outcome = held.tally("apply", "--only", text or "zz zz")
    assert outcome.code == exits.WRONG
    assert said in outcome.err
    assert created(held) == 0


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("creates:compan:right:1", "did you mean 'companies'?"),
        ("creates:companies:up:1", "the sides are left and right"),
        ("creates:5", "KIND:MAPPING:SIDE:NUMBER"),
        ("creates@12", "copy it from the plan"),
        ("crates@0123456789ab", "did you mean 'creates'?"),
        ("crates:companies", "did you mean 'creates'?"),
    ],
)
def test_a_release_that_means_nothing_is_refused_with_what_to_write(held: World, word: str, hint: str) -> None:
    outcome = held.tally("run", "--release", word)
    assert outcome.code == exits.WRONG
    assert hint in outcome.err
    assert created(held) == 0


def test_an_id_that_the_plan_does_not_show_is_refused(held: World) -> None:
    held.succeed("plan")
    outcome = held.tally("apply", "--release", "creates@0123456789ab")
    assert outcome.code == exits.WRONG
    assert "the plan has no hold 'creates@0123456789ab'" in outcome.err
