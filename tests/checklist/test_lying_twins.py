"""Each lie turns the question that it is about red, and no other."""

import os

import pytest
from town import findings, red, statuses, told

from tallystick.testing.twins.fault import Fault

LIES = [
    ("ignore_filter", "C7.9", "not honoured"),
    ("ignore_since", "C7.9", "what did not change comes too"),
    ("exclusive_since", "C7.9", "since.inclusive: false"),
    ("unstable_sort", "C7.10", "changes from request to request"),
    ("drop_row", "C7.8", "passed over"),
    ("duplicate_row", "C7.8", "more than once"),
    ("repeat_page", "C7.8", "cannot be read to its end"),
    ("no_id", "C1.2", "cannot be read"),
    ("html", "C1.1", "cannot be read by REST"),
    ("truncated_json", "C1.1", "cannot be read by REST"),
]


@pytest.mark.parametrize("side", ["crm", "erp"])
@pytest.mark.parametrize(("lie", "question", "words"), LIES)
def test_a_lie_is_found_and_only_its_question_is_red(twins, side, lie, question, words):
    getattr(twins, side).faults.add(Fault(lie, count=None))
    report = twins.ask()
    assert red(report) == [question]
    assert words in told(report, question)
    blamed = {f.subject.partition("/")[0] for f in findings(report, question) if f.verdict == "fail"}
    assert blamed == {side}


@pytest.mark.parametrize("rows", [5, -5])
def test_a_wrong_total_is_found(twins, rows):
    twins.crm.faults.add(Fault("wrong_total", count=None, rows=rows))
    report = twins.ask()
    assert red(report) == ["C7.8"]
    assert "the system says it has" in told(report, "C7.8")


def test_a_listing_that_is_cut_off_is_found_by_asking_for_its_other_end(twins):
    """Even the total is cut, so only the other order shows what is hidden."""
    twins.crm.faults.add(Fault("cap", count=None, rows=40))
    report = twins.ask()
    assert red(report) == ["C7.8"]
    assert "another order" in told(report, "C7.8")


def test_another_type_than_declared_is_found(twins):
    twins.crm.faults.add(Fault("wrong_types", count=None, field="annualRevenue"))
    report = twins.ask("C1.2")
    assert red(report) == ["C1.2"]
    assert "annualRevenue: another type than declared" in told(report, "C1.2")


def test_an_undocumented_field_is_a_warning_with_its_name(twins):
    twins.crm.put("companies", {"name": "Neu", "email": "neu@x.example", "churnRisk": 0.4})
    report = twins.ask("C1.2")
    assert statuses(report)["C1.2"] == "warn"
    assert "not declared: churnRisk" in told(report, "C1.2")


def test_a_declared_field_that_is_missing_is_no_fault_unless_it_must_be_there(twins):
    manifest = twins.folder / "systems" / "crm.yaml"
    text = manifest.read_text()
    optional = text.replace("\n    fields:\n", "\n    fields:\n      fax: {type: text}\n", 1)
    for written, status in (
        (optional, "pass"),
        (optional.replace("{type: text}", "{type: text, required: true}"), "fail"),
    ):
        manifest.write_text(written)
        report = twins.ask("C1.2")
        assert statuses(report)["C1.2"] == status
        assert "fax" in told(report, "C1.2")


def test_a_description_that_moved_on_is_a_warning(twins):
    manifest = twins.folder / "systems" / "crm.yaml"
    manifest.write_text(manifest.read_text().replace("max_length: 120", "max_length: 200"))
    report = twins.ask("C1.2")
    assert statuses(report)["C1.2"] == "warn"
    assert "name is described as at most 120 characters long" in told(report, "C1.2")


@pytest.mark.parametrize("side", ["crm", "erp"])
def test_a_missing_right_is_red_under_access_alone(twins, monkeypatch, side):
    monkeypatch.setenv(f"TWIN_{side.upper()}_TOKEN", "wrong")
    report = twins.ask()
    assert red(report) == ["C4"]
    assert statuses(report)["C7.8"] == "cannot_tell"
    assert os.environ[f"TWIN_{side.upper()}_TOKEN"] not in told(report, "C4").split()


def test_a_right_that_only_one_call_lacks_is_named(twins):
    twins.crm.faults.add(Fault("status", count=None, status=403, path="/v1/contacts/*"))
    report = twins.ask("C4", "C1.3")
    assert red(report) == ["C4"]
    assert "not allowed: get contacts" in told(report, "C4")


def test_a_call_that_is_not_there_is_red_under_endpoints(twins):
    twins.crm.faults.add(Fault("status", count=None, status=404, path="/v1/contacts/*"))
    report = twins.ask("C1.3", "C4")
    assert red(report) == ["C1.3"]
    assert "get contacts" in told(report, "C1.3")


def test_a_system_that_is_down_is_told_with_its_layer_and_owner(twins):
    twins.crm.stop()
    [down] = [f for f in findings(twins.ask("C5"), "C5") if f.verdict == "fail"]
    assert "no answer from the connection" in down.summary
    assert "is the service up" in down.fix
    assert down.owner == "Sales operations <sales-ops@firma.example>"


def test_a_service_that_fails_behind_an_open_port_is_red_under_reachability_alone(twins):
    twins.crm.faults.add(Fault("status", count=None, status=503, path="/v1/companies"))
    report = twins.ask()
    assert red(report) == ["C5"]
    assert "no answer from the service" in told(report, "C5")
    assert statuses(report)["C7.8"] == "cannot_tell"


def test_a_clock_that_is_wrong_is_a_warning(twins):
    twins.erp.faults.add(Fault("skew", count=None, seconds=900))
    report = twins.ask("C5")
    assert statuses(report) == {"C5": "warn"}
    assert "seconds ahead of ours" in told(report, "C5")


def test_a_filter_that_is_hours_off_loses_changes_and_is_found(twins):
    """As with a wrong zone: the instant arrives hours too late, and what changed before that hour is missing."""
    project = twins.folder / "tally.yaml"
    project.write_text(project.read_text().replace('format: "dd.MM.yyyy HH:mm:ss"}', 'format: "dd.MM.yyyy 23:mm:ss"}'))
    report = twins.ask("C7.9")
    assert red(report) == ["C7.9"]
    assert "hours off" in told(report, "C7.9")


def test_records_that_change_while_pages_are_read_are_no_lie(twins):
    """A record is added in front after every page: the walks differ, and nobody is to blame."""
    twins.erp.faults.add(Fault("shift", count=None))
    assert red(twins.ask("C7.8")) == []
