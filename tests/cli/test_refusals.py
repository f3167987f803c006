"""What a system refused becomes a rule that foretells; a person makes it one of the mapping, or drops it."""

from typing import Any

import pytest
from tests.cli.conftest import MAPPING, World

from tallystick.cli import exits

# A rule that the manifest does not know, told by a trigger in words that name the column only.
TRIGGER = """
create trigger {name} before insert on partners when length(new.telephone) > 6
begin select raise(abort, 'telephone is too long'); end
"""
COMMENTED = MAPPING.replace("  phone:", "  # as people dial it\n  phone:")


@pytest.fixture
def refused(in_step: World) -> World:
    """Give a project whose ERP refused one of twelve new companies."""
    in_step.execute("erp", TRIGGER.format(name="short"))
    in_step.write("mappings/companies.yaml", COMMENTED)
    for n in range(11):
        add(in_step, n, f"{10 + n}" + "1" * (n % 5))
    add(in_step, 11, "12345678")
    in_step.tally("run", "--release", "creates")
    return in_step


def add(world: World, n: int, phone: str) -> None:
    """Let somebody add a company to the CRM."""
    world.execute("crm", "insert into companies (name, email, phone) values (?, ?, ?)", f"New {n}", f"n{n}@x.de", phone)


def listed(world: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.succeed("refusals", "--json").document["refusals"]
    return found


def test_a_refusal_is_listed_with_its_rule_and_the_evidence(refused: World) -> None:
    [found] = listed(refused)
    assert found["refusal"] == "companies/right/phone/length"
    assert found["rule"] == {"max_length": 6}
    assert (found["told"], found["refused"], found["count"]) == (False, 1, 1)
    assert found["accepted"] >= 11
    shown = refused.succeed("refusals").out
    assert "rule: {max_length: 6, to: right}" in shown
    assert "12345678" not in shown


def test_plans_and_predictions_name_who_is_like_that_and_send_it_all_the_same(refused: World) -> None:
    add(refused, 20, "123456789")
    add(refused, 21, "123")
    told = refused.tally("predict", "--side", "erp")
    assert told.code == exits.DECIDE
    assert "2 records  phone: likely to be refused: at most 6 characters (sent all the same)" in told.out
    assert "1 write to erp likely to be refused: phone at most 6 characters" in refused.tally("plan").out
    refused.tally("apply", "--release", "creates")
    assert "n21@x.de" in refused.erp()
    [found] = listed(refused)
    assert found["refused"] == 2


def test_problems_point_to_what_can_be_learned(refused: World) -> None:
    assert "tally refusals" in refused.succeed("problems").out
    [problem] = [p for p in refused.succeed("problems", "--json").document["problems"] if p["code"] == "refused"]
    assert problem["learnable"] is True


def test_what_a_person_accepts_is_a_rule_of_the_file_and_holds_records_back(refused: World) -> None:
    refused.succeed("refusals", "accept", "companies/right/phone/length")
    written = (refused.folder / "mappings/companies.yaml").read_text(encoding="utf-8")
    assert "# as people dial it" in written
    assert "max_length: 6" in written
    refused.succeed("lint")
    assert listed(refused) == []
    add(refused, 20, "123456789")
    add(refused, 21, "123")
    refused.tally("run", "--release", "creates")
    codes = {p["code"]: p["count"] for p in refused.succeed("problems", "--json").document["problems"]}
    assert codes["rule_park"] == 2
    assert "refused" not in codes
    assert "n21@x.de" in refused.erp()


def test_what_a_person_drops_comes_back_with_another_refusal_only(refused: World) -> None:
    refused.succeed("refusals", "drop", "companies/right/phone/length")
    assert listed(refused) == []
    assert "tally refusals" not in refused.succeed("problems").out
    refused.succeed("problems", "retry", "--all")
    refused.tally("run", "--release", "creates")
    assert listed(refused) == []
    add(refused, 20, "123456789")
    refused.tally("run", "--release", "creates")
    [found] = listed(refused)
    assert found["rule"] == {"max_length": 6}


def test_a_record_that_was_corrected_teaches_nothing(refused: World) -> None:
    refused.execute("crm", "update companies set phone = '12' where email = 'n11@x.de'")
    assert listed(refused) == []


def test_a_refusal_that_is_not_there_is_told_with_near_names(refused: World) -> None:
    outcome = refused.tally("refusals", "accept", "companies/right/phone/lenght")
    assert outcome.code == exits.WRONG
    assert "companies/right/phone/length" in outcome.err


def test_nothing_refused_is_said(in_step: World) -> None:
    assert "nothing was refused" in in_step.succeed("refusals").out


def test_no_value_of_a_record_is_kept(refused: World) -> None:
    """The state of the project holds the reason without what was refused."""
    refused.execute("erp", "drop trigger short")
    refused.execute(
        "erp",
        "create trigger loud before insert on partners when new.telephone = '777' "
        "begin select raise(abort, 'telephone 777 of Noisy Ltd is not valid'); end",
    )
    refused.execute("crm", "insert into companies (name, email, phone) values ('Noisy Ltd', 'noisy@x.de', '777')")
    refused.tally("run", "--release", "creates")
    [kept] = [r for r in listed(refused) if r["kind"] == "format"]
    assert "777" not in kept["said"]
    assert "Noisy" not in kept["said"]
    assert kept["said"].endswith("telephone ... of ... is not valid")
