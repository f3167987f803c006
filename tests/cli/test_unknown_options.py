"""Values that cannot be read: options that the mapping does not know, how they are told, and what may be done."""

import pytest
from tests.cli.conftest import MAPPING, World

from tallystick.cli import exits
from tallystick.cli.unknown_options import option_lines, unknown_options
from tallystick.core.binding import Quarantined

PHONE = "  phone: {left: phone, right: telephone}\n"
LISTED = PHONE.replace(
    "telephone}", 'telephone, options: {map: {"1": "1", "2": "2", "3": "3", "4": "4", "5": "5", "6": "6", "44": "44"}}}'
)


@pytest.fixture
def listed(in_step: World) -> World:
    """Let the phone be a select, and both sides hold options that nobody has heard of."""
    in_step.write("mappings/companies.yaml", MAPPING.replace(PHONE, LISTED) + "initial: right\n")
    in_step.succeed("run")
    in_step.execute("crm", "update companies set phone = '77' where email in ('beta@example.com', 'left@example.com')")
    in_step.execute("erp", "update partners set telephone = '88' where mail = 'mueller@example.com'")
    return in_step


def test_a_run_tells_each_option_once_with_its_count_and_some_records(listed: World) -> None:
    """R-15.3: not a problem for each record, but what has to be added to the mapping."""
    told = listed.succeed("run").out
    assert "unknown option: phone in crm is '77' in 2 records (3, 2)" in told
    assert "unknown option: phone in erp is '88' in 1 record (1)" in told
    assert "unknown option" in listed.succeed("run").out, "also while nothing changes"


def test_status_and_problems_tell_the_same(listed: World) -> None:
    ran = listed.succeed("run", "--json").document["mappings"][0]["unknown_options"]
    assert [(o["side"], o["option"], o["count"], o["records"]) for o in ran] == [
        ("left", "77", 2, ["3", "2"]),
        ("right", "88", 1, ["1"]),
    ]
    assert listed.succeed("status", "--json").document["mappings"][0]["unknown_options"] == ran
    problems = listed.succeed("problems", "--json").document["problems"]
    [cause] = [c for c in problems if c["code"] == "unknown_option"]
    assert (cause["cause"], cause["count"], cause["options"]) == ("companies/unknown_option/phone", 3, ran)
    assert "'77' in 2 records" in listed.succeed("problems").out
    assert "'77' in 2 records" in listed.succeed("status").out


def test_why_shows_the_field_that_cannot_be_read_and_the_others(listed: World) -> None:
    listed.succeed("run")
    told = listed.succeed("why", "companies", "left/2").out
    assert "The field 'phone' is parked: option '77' is not in the mapping" in told
    assert "(cannot be read)" in told
    assert "Beta" in told


def test_why_says_before_any_run_that_a_value_cannot_be_read(listed: World) -> None:
    assert (
        "'phone' cannot be read in crm: option '77' is not in the mapping"
        in listed.succeed("why", "companies", "left/2").out
    )


def test_what_nobody_can_read_cannot_be_accepted_as_it_is(listed: World) -> None:
    """I-3: a difference that nobody knows must not look like agreement."""
    listed.succeed("run")
    outcome = listed.tally("problems", "discard", "companies/unknown_option", "--reason", "never mind")
    assert outcome.code == exits.FAILED
    assert "what crm holds cannot be read" in outcome.out
    assert "companies/unknown_option/phone" in listed.succeed("problems").out


def test_it_ends_when_the_mapping_learns_the_option(listed: World) -> None:
    listed.succeed("run")
    learned = LISTED.replace('"44": "44"', '"44": "44", "77": "78", "88": "88"')
    listed.write("mappings/companies.yaml", MAPPING.replace(PHONE, learned) + "initial: right\n")
    listed.succeed("run")
    assert "unknown_option" not in listed.succeed("problems").out
    assert listed.erp()["beta@example.com"][1] == "78"
    assert listed.crm()["mueller@example.com"][1] == "88"


def test_a_long_list_is_cut_and_its_rest_counted() -> None:
    rows = [Quarantined("p", "left", f"r{n}", "f", "unknown_option", "m", option=f"o{n % 25:02}") for n in range(60)]
    found = unknown_options(rows)
    assert (found[0].option, found[0].count, found[0].samples) == ("o00", 3, ("r0", "r25", "r50"))
    lines = list(option_lines([o.document() for o in found], {"left": "a", "right": "b"}))
    assert len(lines) == 21
    assert lines[-1] == "and 5 more unknown options"
