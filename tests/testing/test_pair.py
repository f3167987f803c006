"""The made-up world: realistic, repeatable, and full of what real files are full of."""

import re
from collections import Counter
from decimal import Decimal

import pytest

from tallystick.core.error import InvalidValue
from tallystick.testing.twins.crm import CrmTwin
from tallystick.testing.twins.erp import ErpTwin
from tallystick.testing.twins.erp_objects import AMOUNT_PATTERN
from tallystick.testing.twins.pair import CURRENCY_SYMBOLS, STATUS_LABELS, seed_pair, world
from tallystick.testing.twins.people import People, check_digit, slug


@pytest.fixture(scope="module")
def filled():
    with CrmTwin() as crm, ErpTwin() as erp:
        planted = seed_pair(crm, erp, seed=3, records=2000)
        yield crm, erp, planted


def test_both_systems_get_as_many_records_as_asked_for(filled):
    crm, erp, planted = filled
    assert planted.crm == {"companies": 700, "contacts": 1300}
    assert planted.erp == {"partner": 2000}
    assert Counter(r["art"] for r in erp.rows("partner")) == {"firma": 700, "person": 1300}
    assert {name: len(crm.rows(name)) for name in crm.tables} == planted.crm


@pytest.mark.parametrize(("records", "seed"), [(50, 1), (51, 2), (333, 3), (5000, 4)])
def test_any_size_is_exact_on_both_sides(records, seed):
    made = world(seed, records)
    for side in ("crm", "erp"):
        assert sum(getattr(e, side) is not None for e in [*made.companies, *made.persons]) == records


def test_too_small_a_world_is_refused():
    with pytest.raises(InvalidValue):
        world(1, 49)


def test_the_same_seed_makes_the_same_world():
    assert world(7, 200) == world(7, 200) != world(8, 200)


def test_shares_are_as_promised(filled):
    """Per 2,000 records a side: 8 % on one side only, 3 % ambiguous, 4 % differing, 2 % bad, most the same."""
    _, _, planted = filled
    share = {kind: count / 2000 for kind, count in planted.kinds.items()}
    assert share["crm_only"] == share["erp_only"] == pytest.approx(0.08, abs=0.005)
    assert share["ambiguous"] / 2 == pytest.approx(0.03, abs=0.005)
    assert share["differing"] == pytest.approx(0.04, abs=0.005)
    assert share["bad"] == pytest.approx(0.02, abs=0.005)
    assert share["same"] > 0.8
    notes = {(p.kind, p.object, p.note) for p in planted.plants if p.kind in {"bad", "differing"}}
    assert len(notes) == 5 + 3 + 6 + 5


def test_what_is_the_same_says_the_same_in_both_spellings(filled):
    """Every entry not listed as special matches by key and agrees in every field."""
    crm, erp, planted = filled
    special = {i for p in planted.plants for i in (p.crm_id, p.erp_id)}
    partners = {p["email"]: p for p in erp.rows("partner") if str(p["id"]) not in special}
    companies = [c for c in crm.rows("companies") if c["id"] not in special]
    for c in companies:
        p = partners.pop(c["email"])
        revenue = p["umsatz"] and Decimal(p["umsatz"].replace(".", "").replace(",", "."))
        assert (p["name1"], p["ust_id"], p["telefon"], p["ansprechpartner"], p["plz"], p["ort"], p["land"]) == (
            c["name"], c["vatId"], c["phone"], c["contactName"], c["postalCode"], c["city"], c["country"]
        )  # fmt: skip
        assert (revenue, p["waehrung"]) == (c["annualRevenue"], c["currency"] and CURRENCY_SYMBOLS[c["currency"]])
        assert p["status"] == STATUS_LABELS[c["status"]]
    contacts = [c for c in crm.rows("contacts") if c["id"] not in special]
    for c in contacts:
        p = partners.pop(c["email"])
        assert (p["vorname"], p["name1"], p["telefon"]) == (c["firstName"], c["lastName"], c["phone"])
        assert p["status"] == STATUS_LABELS[c["status"]]
        assert (p["firma_id"] is None) == (c["companyId"] is None)
    assert partners == {}
    assert len(companies) + len(contacts) == planted.kinds["same"]


def test_references_lead_to_the_same_company_on_both_sides(filled):
    crm, erp, planted = filled
    special = {i for p in planted.plants for i in (p.crm_id, p.erp_id)}
    names = {c["id"]: c["vatId"] for c in crm.rows("companies")}
    firms = {p["id"]: p["ust_id"] for p in erp.rows("partner") if p["art"] == "firma"}
    partners = {p["email"]: p for p in erp.rows("partner") if p["art"] == "person" and str(p["id"]) not in special}
    compared = 0
    for contact in crm.rows("contacts"):
        if contact["id"] not in special and contact["companyId"]:
            assert firms[partners[contact["email"]]["firma_id"]] == names[contact["companyId"]]
            compared += 1
    assert compared > 900


def test_each_ambiguous_key_stands_twice_on_one_side(filled):
    crm, erp, planted = filled
    counts = {
        "crm": Counter(r["email"] for name in crm.tables for r in crm.rows(name)),
        "erp": Counter(r["email"] for r in erp.rows("partner")),
    }
    doubles = [p for p in planted.plants if p.note == "double"]
    assert len(doubles) == 60
    for plant in doubles:
        name = "companies" if plant.object == "company" else "contacts"
        side = "crm" if plant.crm_id else "erp"
        row = crm.row(name, plant.crm_id) if plant.crm_id else erp.row("partner", plant.erp_id)
        assert counts[side][row["email"]] == 2
        assert counts["erp" if side == "crm" else "crm"][row["email"]] == 1


def test_bad_records_break_the_systems_own_rules_or_those_of_the_other(filled):
    crm, erp, planted = filled
    bad = {p.note: p for p in planted.plants if p.kind == "bad" and p.object == "company"}

    def both(note):
        return crm.row("companies", bad[note].crm_id), erp.row("partner", bad[note].erp_id)

    assert len(both("long name")[0]["name"]) > 40
    assert both("unknown option")[1]["status"] not in STATUS_LABELS.values()
    assert both("no symbol")[0]["currency"] not in CURRENCY_SYMBOLS
    assert [both("empty keys")[n][k] for n, k in ((0, "email"), (0, "vatId"), (1, "email"), (1, "ust_id"))] == [
        None, None, "", ""
    ]  # fmt: skip
    assert not re.search(r"^[0-9+()/ .-]*$", both("phone")[1]["telefon"])
    assert not re.search(AMOUNT_PATTERN, both("amount")[1]["umsatz"])


def test_nobody_can_be_reached(filled):
    """Addresses end in reserved domains; telephone numbers are those set aside for films; VAT ids lead with a zero."""
    crm, erp, _ = filled
    records = [r for twin in (crm, erp) for name in twin.tables for r in twin.rows(name)]
    for record in records:
        if record["email"]:
            assert record["email"].lower().endswith((".example", ".test"))
        number = record.get("phone") or record.get("telefon")
        if number:
            assert re.match(r"(\+49 |0)(30[ /]23125|40 66969|69 90009|89 99998|171 39200)", number)
        vat_id = record.get("vatId") or record.get("ust_id")
        if vat_id:
            assert re.match(r"(DE|ATU|CHE|FR|NL|PL|CZ|DK)0\d", vat_id)


def test_german_vat_ids_have_the_right_check_digit(filled):
    """The digit of a published example is right, and so are ours."""
    assert check_digit("13669597") == 6
    ids = [r["vatId"] for r in filled[0].rows("companies") if (r["vatId"] or "").startswith("DE")]
    assert len(ids) > 300
    assert all(len(i) == 11 and check_digit(i[2:10]) == int(i[10]) for i in ids)


def test_keys_are_unique_however_many():
    people = People(1)
    source = people.companies()
    companies = [next(source) for _ in range(5000)]
    assert len({c.vat_id for c in companies}) == len({c.email for c in companies}) == 5000
    assert all(len(c.name) <= 40 for c in companies)


def test_a_slug_is_plain():
    assert slug("Groß & Söhne Łódź s.r.o.") == "gross-soehne-lodz-s-r-o"


def test_both_halves_filled_apart_fit_together(filled):
    """Two processes with the same seed make the same pair as one."""
    from tallystick.testing.twins.pair import fill_crm, fill_erp

    crm, erp, _ = filled
    with CrmTwin(clock=lambda: 0.0) as other_crm, ErpTwin(clock=lambda: 0.0) as other_erp:
        fill_crm(other_crm, world(3, 2000))
        fill_erp(other_erp, world(3, 2000))
        assert [r["email"] for r in other_erp.rows("partner")] == [r["email"] for r in erp.rows("partner")]
        assert [(r["id"], r["companyId"]) for r in other_crm.rows("contacts")] == [
            (r["id"], r["companyId"]) for r in crm.rows("contacts")
        ]
