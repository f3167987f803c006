"""Going back and deciding, typed on the command line, between two twins over real HTTP."""

import json

import pytest
from tests.e2e.twins_project import TwinsWorld

pytestmark = pytest.mark.e2e


@pytest.fixture
def tally(twins, capsys):
    """Type a command that must end with ``code``; give its JSON document."""

    def run(*arguments, code=0):
        capsys.readouterr()
        assert twins.tally(*arguments, "--json") == code, capsys.readouterr()
        return json.loads(capsys.readouterr().out)

    return run


def contact_and_city(twins: TwinsWorld, n: int):
    left, right = twins.at(n)
    crm = next(c for c in twins.crm.rows("companies") if c["id"] == left)
    erp = next(p for p in twins.erp.rows("partner") if p["id"] == right)
    return (crm["contactName"], crm["city"]), (erp["ansprechpartner"], erp["ort"])


@pytest.fixture
def contested(twins, tally):
    """Let both sides change the contact (nobody wins) and the city (the ERP leads) of a company."""
    left, right = twins.at(1)
    twins.crm.change("companies", left, {"contactName": "Cora", "city": "Cottbus"})
    twins.erp.change("partner", right, {"ansprechpartner": "Emil", "ort": "Emden"})
    tally("run")
    assert contact_and_city(twins, 1) == (("Cora", "Emden"), ("Emil", "Emden"))
    return left, str(right)


def test_a_question_is_answered_and_both_sides_hold_the_answer(twins, tally, contested):
    left, right = contested
    [question] = tally("conflicts")["conflicts"]
    assert question["cause"] == "companies/conflict/contact"
    assert [question["sides"][s]["now"] for s in ("left", "right")] == [{"contact": "Cora"}, {"contact": "Emil"}]
    assert question["sides"]["left"]["changed"] is not None
    answer = tally("conflicts", "take", "crm", "companies/conflict/contact", "--record", right)
    assert (len(answer["answered"]), answer["refused"]) == (1, {})
    assert contact_and_city(twins, 1) == (("Cora", "Emden"), ("Cora", "Emden"))
    assert tally("conflicts")["total"] == 0
    assert tally("plan", "--full")["plan"]["writes"] == 0
    [entries] = [r["entries"] for r in tally("history", "companies", f"left/{left}")["records"]]
    assert {"field": "contact", "old": "Emil", "new": "Cora"} in entries[0]["changes"]


def test_what_a_policy_decided_is_turned_round(twins, tally, contested):
    left, _ = contested
    assert tally("conflicts", "flip", "--record", left, "--field", "city")["written"] == 1
    tally("run")
    assert contact_and_city(twins, 1) == (("Cora", "Cottbus"), ("Emil", "Cottbus"))


def test_a_run_is_taken_back(twins, tally, contested):
    before = twins.left(), twins.right()
    twins.crm.change("companies", twins.at(2)[0], {"phone": "+49 40 66969777"})
    twins.erp.change("partner", twins.at(3)[1], {"plz": "99999"})
    edited = twins.left(), twins.right()
    tally("run")
    assert (twins.left(), twins.right()) != edited
    assert tally("undo", "last")["plan"]["writes"] == 2
    assert tally("undo", "last", "--yes")["asked"] == 0
    assert (twins.left(), twins.right()) == edited
    assert before != edited
    assert tally("plan", "--full")["plan"]["writes"] == 0


@pytest.mark.parametrize(("side", "left_over"), [("crm", 11), ("erp", 12)])
def test_a_deletion_is_confirmed_or_denied(twins, tally, side, left_over):
    mapping = twins.folder / "mappings" / "companies.yaml"
    text = mapping.read_text()
    assert "on_delete: {left: propagate, right: propagate}" in text
    mapping.write_text(text.replace("on_delete: {left: propagate", "on_delete: {left: ask"))
    twins.crm.remove("companies", twins.at(4)[0])
    twins.settle(3)
    [question] = tally("conflicts", "list", "companies/delete")["conflicts"]
    assert [question["sides"][s]["taking_it"] for s in ("left", "right")] == [
        "delete it in erp too",
        "make it again in crm",
    ]
    assert tally("conflicts", "take", side, "companies/delete")["refused"] == {}
    firms = [p for p in twins.erp.rows("partner") if p["art"] == "firma"]
    assert len(twins.crm.rows("companies")) == len(firms) == left_over
