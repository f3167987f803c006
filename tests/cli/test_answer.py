"""A person ends a create of unknown outcome: by naming what it made, or by saying that it made nothing."""

import pytest
from tests.cli.conftest import World

from tallystick.cli import exits
from tallystick.core.binding import Intent
from tallystick.wiring import open_state

CAUSE = "companies/uncertain"


@pytest.fixture
def unsure(in_step: World) -> World:
    """Let a run have died while it created a company in the ERP, which cannot be searched."""
    in_step.execute("crm", "insert into companies (id, name, email, phone) values (77, 'Neu', 'neu@example.com', '7')")
    body = b'{"partner_name":"Neu","mail":"neu@example.com","telephone":"7"}'
    with open_state(in_step.folder) as state:
        number = state.store.commit(lambda tx: tx.reserve_bindings(1))
        lost = Intent(
            "lost", number, "companies", "right", "create", body, "lost", origin="77", reason="unbound.create"
        )
        state.store.commit(lambda tx: tx.add_intents([lost]))
    in_step.succeed("run")
    return in_step


def causes(world: World) -> list[str]:
    return [c["cause"] for c in world.succeed("problems", "--json").document["problems"] if c["code"] == "uncertain"]


def test_nothing_was_made_so_the_next_run_makes_it(unsure: World) -> None:
    assert causes(unsure) == [CAUSE]
    assert "neu@example.com" not in unsure.erp(), "it is never sent again unasked"
    told = unsure.succeed("problems", "answer", CAUSE, "--record", "77", "--as", "not-created").out
    assert "left/77 is created in erp by the next run" in told
    unsure.succeed("run", "--full")
    assert unsure.erp()["neu@example.com"] == ("Neu", "7")
    assert causes(unsure) == []


def test_it_was_made_so_the_two_are_paired(unsure: World) -> None:
    """The named record is paired without a base: what differs is asked, nothing is overwritten."""
    unsure.execute(
        "erp", "insert into partners (id, partner_name, mail, telephone) values (88, 'Neu', 'neu@example.com', '8')"
    )
    said = unsure.succeed("problems", "answer", CAUSE, "--as", "created:88", "--json").document
    assert said["answered"] == {"left/77": "left/77 is paired with 88 of erp"}
    unsure.succeed("run", "--full")
    assert causes(unsure) == []
    assert (unsure.crm()["neu@example.com"], unsure.erp()["neu@example.com"]) == (("Neu", "7"), ("Neu", "8"))
    asked = [c["cause"] for c in unsure.succeed("problems", "--json").document["problems"]]
    assert "companies/initial/phone" in asked


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((CAUSE, "--as", "maybe"), "'maybe' is no answer"),
        ((CAUSE, "--as", "created:"), "is no answer"),
        ((CAUSE, "--as", "created:4711"), "erp shows no 4711"),
        ((CAUSE, "--record", "5", "--as", "not-created"), "none of these records waits"),
        (("companies/initial", "--as", "not-created"), "not about a create of unknown outcome"),
        ((), "Missing option"),
    ],
)
def test_an_answer_that_cannot_be_right_is_refused(unsure: World, arguments: tuple[str, ...], words: str) -> None:
    outcome = unsure.tally("problems", "answer", *arguments)
    assert outcome.code != exits.DONE
    assert words in outcome.err
    assert causes(unsure) == [CAUSE]
