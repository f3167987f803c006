"""`tally check` as people and pipelines call it."""

import json

import pytest

from tallystick.cli.main import run_command
from tallystick.project.load import load_project
from tallystick.testing.twins.fault import Fault


def run(twins, *arguments):
    return run_command(["--project", str(twins.folder), "--quiet", "check", *arguments])


def test_an_honest_pair_ends_with_zero_and_shows_the_whole_list(twins, capsys):
    assert run(twins) == 0
    shown = capsys.readouterr().out
    assert "Summary" in shown
    assert "C7.8" in shown
    assert "ask people" in shown
    assert "all 90 records came" not in shown


def test_a_dry_run_declares_the_requests_and_makes_none(twins, capsys):
    assert run(twins, "--dry-run", "--json") == 0
    declared = json.loads(capsys.readouterr().out)["checks"]
    assert {"C5", "C7.8", "C7.9"} <= {one["question"] for one in declared}
    paging = [one for one in declared if one["question"] == "C7.8"]
    assert {one["subject"] for one in paging} == {"crm/companies", "crm/contacts", "erp/partner"}
    assert all("the listing twice" in one["requests"] for one in paging)
    assert run(twins, "--dry-run", "--only", "C7.8") == 0
    assert "crm/companies" in capsys.readouterr().out
    assert twins.crm.log == twins.erp.log == []


def test_details_show_what_passed_too(twins, capsys):
    assert run(twins, "--only", "C7.8,C8", "--details") == 0
    shown = capsys.readouterr().out
    assert "all 90 records came, each once" in shown
    assert "agree on who is told at night" in shown


def test_a_failed_gate_ends_with_five(twins, capsys):
    twins.crm.faults.add(Fault("drop_row", count=None))
    assert run(twins, "--only", "C7.8") == 5
    assert "Not ready: C7.8" in capsys.readouterr().out


def test_json_is_one_document(twins, capsys):
    assert run(twins, "--only", "c7.8,C9", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert [q["id"] for q in document["questions"]] == ["C7.8", "C9"]
    assert document["failed_gates"] == []


def test_reports_are_written_where_asked(twins, tmp_path):
    html, markdown = tmp_path / "new" / "report.html", tmp_path / "report.md"
    assert run(twins, "--only", "C9", "--html", str(html), "--markdown", str(markdown)) == 0
    assert html.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert markdown.read_text(encoding="utf-8").startswith("# Check list: twins")


@pytest.mark.parametrize("arguments", [["--only", "C77"], ["--sample", "0"]])
def test_wrong_usage_ends_with_two(twins, arguments, capsys):
    assert run(twins, *arguments) == 2
    assert "error" in capsys.readouterr().err


def test_a_report_that_cannot_be_written_is_an_error_that_names_the_file(twins, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert run(twins, "--only", "C9", "--html", str(tmp_path / "file" / "report.html")) == 2
    assert "report.html" in capsys.readouterr().err


def test_answers_are_kept_in_the_projects_state(twins):
    from tallystick.wiring import open_house

    run(twins, "--only", "C9")
    with open_house(twins.folder) as house:
        assert [row["question"] for row in house.store.look(lambda tx: tx.findings())] == ["C9"]


def test_what_was_proven_is_noted_in_the_manifests(twins, capsys):
    twins.crm.faults.add(Fault("drop_row", count=None))
    assert run(twins, "--only", "C7.8,C7.9,C5", "--note", "--json") == 5
    noted = json.loads(capsys.readouterr().out)["noted"]
    assert "objects.companies.paging" in noted["crm"]
    loaded = load_project(twins.folder)
    crm, erp = (loaded.manifests[name].facts for name in ("crm", "erp"))
    assert crm["objects.companies.paging"].label == "contradicted"
    assert crm["base_url"].label == "confirmed"
    [of_partners] = [fact for key, fact in erp.items() if key.endswith(".paging") and fact.label == "confirmed"]
    assert of_partners.because.startswith("tally check C7.8 on demo: 135 records came, each once")
    assert run(twins, "--only", "C5", "--note", "--json") == 0
    assert json.loads(capsys.readouterr().out)["noted"] == {"crm": [], "erp": []}
