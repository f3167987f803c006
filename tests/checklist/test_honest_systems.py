"""Honest systems give no alarm and are only read."""

import pytest
from town import findings, red, statuses, told

from tallystick.testing.twins.pair import seed_pair


def test_two_honest_twins_raise_no_alarm(twins):
    report = twins.ask()
    untold = {q for q, s in statuses(report).items() if s not in {"pass", "not_applicable"}}
    assert {statuses(report)[q] for q in untold} == {"cannot_tell"}
    assert untold == {"C4", "C7.8", "C7.9"}
    assert "the system gives no count, and lists them in one order only" in told(report, "C7.8")
    assert "nothing changed in the last minutes" in told(report, "C7.9")
    assert not report.failed_gates


def test_nothing_is_written_anywhere(twins):
    twins.ask()
    asked = [*twins.crm.log, *twins.erp.log]
    assert {one.method for one in asked} == {"GET"}


def test_the_report_says_how_often_it_asked(twins):
    report = twins.ask("C1.1")
    asked = len(twins.crm.log) + len(twins.erp.log)
    assert report.calls == asked == 3


def test_rooms_share_what_was_read(twins):
    """One walk over a listing serves all questions that need its records."""
    twins.ask("C1.1", "C1.2", "C7.4", "C7.6", "C7.11")
    listings = [one for one in twins.crm.log if one.path == "/v1/companies"]
    assert len(listings) == 1


def test_a_lived_in_world_warns_of_its_data_and_fails_nothing(twins):
    """Duplicates, over-long values and unknown options are counted and wait for people; no interface is accused."""
    seed_pair(twins.crm, twins.erp, seed=3, records=300)
    report = twins.ask()
    assert red(report) == []
    assert statuses(report)["C7.6"] == statuses(report)["C7.4"] == "warn"
    assert "Gesperrt" in told(report, "C7.4")
    assert "share a key by vat_id" in told(report, "C7.6")
    for question in ("C7.10", "C9"):
        assert statuses(report)[question] == "pass"
    for question in ("C7.8", "C7.9"):
        assert {f.verdict for f in findings(report, question)} <= {"pass", "cannot_tell", "not_applicable"}


def test_keys_are_not_called_unique_when_a_part_of_the_records_was_read(databases):
    rows = [(f"Firma {n}", f"post{n}@firma.example") for n in range(30)]
    databases.pair(rows, rows)
    columns = {"name": {"type": "text"}, "email": {"type": "text"}}
    databases.folder.joinpath("crm.db").unlink()
    databases.system("crm", "companies", columns, rows, object={"paging": {"type": "offset", "limit": 5}})
    report = databases.ask("C7.6", sample=10)
    assert statuses(report) == {"C7.6": "cannot_tell"}
    assert "only a part of crm/companies was read" in told(report, "C7.6")


def test_of_a_long_listing_the_first_pages_and_the_last_one_are_read(twins):
    """Where positions are known ahead, the last page is looked at too."""
    more = [
        {"name": f"Weitere {n}", "email": f"w{n}@w.example", "customFields": {"newsletter": True}} for n in range(900)
    ]
    twins.crm.put_all("companies", more, [twins.crm.clock() - 86_400 + n for n in range(900)])
    report = twins.ask("C7.8", sample=300)
    companies = next(f for f in findings(report, "C7.8") if f.subject == "crm/companies")
    assert companies.verdict == "pass"
    assert companies.evidence.facts["tail"] == 190
    assert not companies.evidence.facts["ended"]
    assert "longer than the sample" in companies.summary
    assert "raise --sample" in " ".join(companies.reasons)


@pytest.mark.parametrize("rows", [0, 1])
def test_systems_that_are_nearly_empty_raise_no_alarm(databases, rows):
    one = [("Anker", "anker@x.example")] * rows
    databases.pair(one, one)
    report = databases.ask()
    assert red(report) == []
    assert set(statuses(report).values()) <= {"pass", "cannot_tell", "not_applicable", "warn"}


def test_two_honest_databases_raise_no_alarm(databases):
    rows = [(f"Firma {n} Öl & Söhne", f"post{n}@firma.example") for n in range(50)]
    databases.pair(rows, rows[::-1])
    report = databases.ask()
    bad = {q: s for q, s in statuses(report).items() if s not in {"pass", "not_applicable"}}
    assert bad == {"C4": "cannot_tell", "C9": "warn"}
    assert "W-3" in told(report, "C9")
    assert "a file on this machine" in told(report, "C5")


def test_a_project_without_mappings_is_asked_what_can_be_asked(twins):
    for file in (twins.folder / "mappings").iterdir():
        file.unlink()
    report = twins.ask()
    assert red(report) == []
    assert statuses(report)["C7.4"] == "not_applicable"
    assert statuses(report)["C1.1"] == "pass"
