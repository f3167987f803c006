"""What changed in the systems' fields is noticed by runs, told once, kept with what became of it, and closes itself."""

import pytest
from tests.cli.conftest import CRM_MANIFEST, ERP_MANIFEST, MAPPING, World

from tallystick.cli import exits

HEAD = "    table: {name: companies}\n"
LOYALTY = "alter table companies add column loyalty text"


def policy(world: World, words: str) -> None:
    world.write("systems/crm.yaml", CRM_MANIFEST.replace(HEAD, f"{HEAD}    on_new_field: {words}\n"))


def feed(world: World) -> dict[str, str]:
    """Give what became of every change, by path."""
    return {f"{c['system']}/{c['object']}.{c['field']}": c["decision"] for c in
            world.succeed("drift", "--feed", "--json").document["feed"]}  # fmt: skip


def drift_problems(world: World) -> list[str]:
    found = world.succeed("problems", "--json").document["problems"]
    return [p["cause"] for p in found if p["code"] == "drift"]


@pytest.fixture
def watched(in_step: World) -> World:
    """A world whose fields a run has seen."""
    in_step.succeed("run")
    return in_step


def test_a_run_tells_a_new_field_once_and_then_only_that_it_waits(watched: World) -> None:
    watched.execute("crm", LOYALTY)
    first = watched.succeed("run").out
    assert "crm/companies: field 'loyalty' is new: text, not mapped" in first
    second = watched.succeed("run").out
    assert "'loyalty'" not in second
    assert "1 changed field waiting for a word" in second
    assert drift_problems(watched) == ["crm/companies/drift"]
    assert "'loyalty' is new: text" in watched.succeed("problems").out


def test_a_plan_tells_and_keeps_nothing(watched: World) -> None:
    watched.execute("crm", LOYALTY)
    for _ in range(2):
        assert "field 'loyalty' is new" in watched.succeed("plan").out
    assert feed(watched) == {}


def test_what_was_there_at_the_first_look_is_no_news(world: World) -> None:
    world.execute("crm", LOYALTY)
    assert "loyalty" not in world.succeed("run", "--first-contact").out
    assert feed(world) == {"crm/companies.loyalty": "known"}
    assert drift_problems(world) == []


def test_a_field_that_goes_again_closes_its_problem(watched: World) -> None:
    watched.execute("crm", LOYALTY)
    watched.succeed("run")
    watched.execute("crm", "alter table companies drop column loyalty")
    watched.succeed("drift")
    assert feed(watched) == {"crm/companies.loyalty": "over"}
    assert drift_problems(watched) == []


def test_an_accepted_field_is_kept_with_who_and_when(watched: World, monkeypatch: pytest.MonkeyPatch) -> None:
    watched.execute("crm", LOYALTY)
    watched.succeed("run")
    monkeypatch.setenv("TALLY_ACTOR", "ann")
    watched.succeed("drift", "--accept")
    [entry] = watched.succeed("drift", "--history", "--json").document["feed"]
    assert (entry["decision"], entry["by"], entry["change"], entry["now"]) == ("accepted", "ann", "new", "text")
    assert entry["first_seen"] <= entry["decided"] == entry["ended"]
    assert "accepted by ann" in watched.succeed("drift", "--feed").out
    assert drift_problems(watched) == []


def test_an_ignored_field_is_no_problem_any_more(watched: World) -> None:
    watched.execute("crm", LOYALTY)
    watched.succeed("run")
    assert "ignored: crm/companies.loyalty" in watched.succeed("drift", "--ignore", "crm/companies.loyalty").out
    assert drift_problems(watched) == []
    assert "waiting for a word" not in watched.succeed("run").out


def test_a_break_that_somebody_left_as_it_is_wants_nobody_any_more(watched: World) -> None:
    watched.execute("crm", "alter table companies drop column phone")
    assert watched.tally("drift").code == exits.DECIDE
    assert "breaking" in watched.succeed("drift", "--ignore", "crm/companies.phone").out
    watched.succeed("drift")


def test_only_what_changed_can_be_ignored(watched: World) -> None:
    watched.execute("crm", LOYALTY)
    outcome = watched.tally("drift", "--ignore", "crm/companies.loyalti")
    assert outcome.code == exits.WRONG
    assert "did you mean 'crm/companies.loyalty'?" in outcome.err


def test_a_vanished_field_of_a_file_is_told_by_the_run_and_closes_itself(watched: World) -> None:
    """A mapped field that no record shows is unknown and empties nothing, but somebody is told (P11)."""
    (watched.folder / "drop").mkdir()

    def deliver(stamp: int, *, phone: bool) -> None:
        rows = ", ".join(
            f'{{"nr": "{n}", "partner_name": "P{n}-{stamp}", "mail": "p{n}@x.de"'
            + (', "telephone": "5"}' if phone else "}")
            for n in range(30)
        )
        (watched.folder / "drop/partners.json").write_text(f"[{rows}]", encoding="utf-8")

    watched.write(
        "systems/erp.yaml",
        'protocol: files\nurl: "${env:SHOP_FOLDER}/drop"\nobjects:\n  partners:\n    id: nr\n'
        "    file: {name: partners.json, format: json, complete: {settle_seconds: 0}}\n"
        "    fields:\n      partner_name: {}\n      mail: {}\n      telephone: {}\n",
    )
    to_left = MAPPING.replace(
        "on_unmatched: {left: create, right: create}", "on_unmatched: {left: ignore, right: create}"
    )
    watched.write("mappings/arrivals.yaml", to_left.replace("fields:", "direction: to_left\nfields:"))
    (watched.folder / "mappings/companies.yaml").unlink()
    deliver(1, phone=True)
    watched.succeed("run", "--first-contact")
    deliver(2, phone=False)
    told = watched.tally("run").out
    assert "erp/partners: field 'telephone' is gone: any before; mapped as arrivals.phone" in told
    assert drift_problems(watched) == ["erp/partners/drift"]
    deliver(3, phone=True)
    assert "erp/partners: field 'telephone' is as it was again" in watched.tally("run").out
    assert drift_problems(watched) == []


def test_a_frozen_object_goes_on_and_wants_a_person(watched: World) -> None:
    policy(watched, "freeze")
    watched.execute("crm", LOYALTY)
    watched.execute("crm", "update companies set phone = '99' where email = 'beta@example.com'")
    outcome = watched.tally("run")
    assert outcome.code == exits.DECIDE
    assert "refused until somebody says --accept or --ignore" in outcome.out
    assert watched.erp()["beta@example.com"][1] == "99"
    watched.succeed("drift", "--ignore", "crm/companies.loyalty")
    watched.succeed("run")


def test_an_object_that_stops_is_not_written_until_somebody_decides(watched: World) -> None:
    policy(watched, "stop")
    watched.execute("crm", LOYALTY)
    watched.execute("erp", "update partners set telephone = '88' where mail = 'beta@example.com'")
    watched.execute("crm", "update companies set phone = '66' where email = 'mueller@example.com'")
    for _ in range(2):
        outcome = watched.tally("run")
        assert outcome.code == exits.DECIDE
        assert "HELD by the brake 'drift'" in outcome.out
        assert "nobody has said what becomes of 'loyalty'" in outcome.out
        assert watched.crm()["beta@example.com"][1] == "2"
        assert watched.erp()["mueller@example.com"][1] == "66"
    watched.succeed("drift", "--accept")
    watched.succeed("run")
    assert watched.crm()["beta@example.com"][1] == "88"


def test_the_status_counts_what_waits_and_only_that(watched: World) -> None:
    nothing = watched.succeed("status")
    assert "waiting for a word" not in nothing.out
    watched.execute("crm", LOYALTY)
    watched.execute("crm", "alter table companies drop column phone")
    watched.tally("run")
    assert (
        "2 changed fields waiting for a word, 1 of them breaking: tally drift --feed" in watched.succeed("status").out
    )
    told = watched.succeed("status", "--json").document["drift"]
    assert (told["open"], told["breaking"]) == (2, 1)
    assert set(told["fields"]) == {"crm/companies.loyalty", "crm/companies.phone"}
    watched.succeed("drift", "--ignore", "crm/companies.loyalty", "--ignore", "crm/companies.phone")
    assert watched.succeed("status", "--json").document["drift"] == {"open": 0, "breaking": 0, "fields": []}


def test_an_open_entry_says_who_can_be_asked_and_what_it_may_be(watched: World) -> None:
    """What nobody mapped on the other side is proposed with its reasons; an answered entry asks nobody any more."""
    watched.write("systems/erp.yaml", ERP_MANIFEST + "      loyalty_level: {type: text}\n")
    watched.execute("erp", "alter table partners add column loyalty_level text")
    watched.execute("crm", "alter table companies add column loyaltyLevel text")
    watched.succeed("run")
    [entry] = [e for e in watched.succeed("drift", "--feed", "--json").document["feed"] if e["system"] == "crm"]
    assert entry["ask"] == ["Operations"]
    [proposal] = entry["proposals"]
    assert (proposal["mapping"], proposal["target"]) == ("companies", "loyalty_level")
    assert 0.5 < proposal["confidence"] <= 1
    assert proposal["reasons"]
    told = watched.succeed("drift", "--feed").out
    assert "ask Operations" in told
    assert proposal["command"] == "tally drift --map crm/companies.loyaltyLevel=loyalty_level"
    assert proposal["command"] in told
    watched.succeed("drift", "--ignore", "crm/companies.loyaltyLevel")
    [after] = [e for e in watched.succeed("drift", "--feed", "--json").document["feed"] if e["system"] == "crm"]
    assert (after["ask"], after["proposals"]) == ([], [])
