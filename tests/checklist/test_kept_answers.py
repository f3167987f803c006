"""A check that was broken off goes on where it stopped, asks only what is not known, and keeps to its budget."""

import json

import pytest
import yaml

from tallystick.cli.main import run_command
from tallystick.testing.twins.fault import Fault

ASKED = "C1.1,C1.2,C7.8,C7.9,C7.10"


def check(twins, capsys, *arguments, only=ASKED):
    """Ask; give the document, and how many requests the twins saw."""
    before = len(twins.crm.log) + len(twins.erp.log)
    capsys.readouterr()
    code = run_command(["--project", str(twins.folder), "--quiet", "check", "--json", "--only", only, *arguments])
    out = capsys.readouterr()
    assert code in {0, 5}, out.err
    return json.loads(out.out), len(twins.crm.log) + len(twins.erp.log) - before


def answers(document):
    return {
        (f["question"], f["subject"]): (f["verdict"], f["summary"])
        for q in document["questions"]
        for f in q["findings"]
    }


def test_what_is_known_is_not_asked_again(twins, capsys):
    first, asked = check(twins, capsys)
    again, repeated = check(twins, capsys, "--resume")
    assert answers(again) == answers(first)
    assert again["kept"] == 2 + 4 * 3
    assert asked > repeated == 0


def test_what_a_system_did_not_answer_is_asked_again(twins, capsys):
    twins.crm.faults.add(Fault("status", status=503, path="/v1/companies", count=None))
    broken, _ = check(twins, capsys, only="C7.8,C7.10")
    twins.crm.faults.clear()
    mended, asked = check(twins, capsys, "--resume", only="C7.8,C7.10")
    assert asked
    assert mended["kept"] == 2 * 2  # what was asked of the two other objects
    assert answers(mended) != answers(broken)


def test_without_resume_everything_is_asked_again(twins, capsys):
    _, asked = check(twins, capsys)
    document, again = check(twins, capsys)
    assert again == asked
    assert document["kept"] == 0


def test_a_budget_is_kept_to_and_the_rest_is_told_as_not_asked(twins, capsys):
    whole, _ = check(twins, capsys)
    for file in (twins.folder / ".tally" / "check").iterdir():
        file.unlink()
    document, asked = check(twins, capsys, "--budget", "12")
    assert asked == document["calls"] == 12
    assert any("not asked: the budget" in f["summary"] for q in document["questions"] for f in q["findings"])
    for _ in range(20):
        document, asked = check(twins, capsys, "--resume", "--budget", "40")
        assert asked <= 40
        if not any("not asked" in f["summary"] for q in document["questions"] for f in q["findings"]):
            break
    assert answers(document) == answers(whole)


@pytest.mark.parametrize("change", ["manifest", "mapping", "age", "sample"])
def test_an_answer_about_something_else_or_of_long_ago_does_not_hold(twins, capsys, change):
    check(twins, capsys, only="C1.1")
    more = []
    if change == "manifest":
        file = twins.folder / "systems" / "crm.yaml"
        document = yaml.safe_load(file.read_text())
        document["objects"]["companies"]["fields"]["name"]["max_length"] = 77
        file.write_text(yaml.safe_dump(document, allow_unicode=True))
    elif change == "mapping":
        for file in (twins.folder / "mappings").iterdir():
            file.write_text(file.read_text().replace("propagate", "ignore"))
    else:
        more = ["--max-age", "0"] if change == "age" else ["--sample", "50"]
    _, asked = check(twins, capsys, "--resume", *more, only="C1.1")
    assert asked


def test_what_was_noted_in_the_manifests_undoes_no_answer(twins, capsys):
    check(twins, capsys, "--note", only="C1.1")
    _, asked = check(twins, capsys, "--resume", only="C1.1")
    assert asked == 0


def test_a_torn_line_costs_only_its_own_answer(twins, capsys):
    whole, _ = check(twins, capsys, only="C1.1,C7.10")
    [file] = (twins.folder / ".tally" / "check").iterdir()
    file.write_text(file.read_text()[:-200])
    document, asked = check(twins, capsys, "--resume", only="C1.1,C7.10")
    assert asked
    assert document["kept"] == 4
    assert answers(document) == answers(whole)


def test_an_answer_that_was_a_failure_holds_too_but_values_are_never_kept(twins, capsys):
    twins.crm.faults.add(Fault("drop_row", count=None))
    first, _ = check(twins, capsys, only="C7.8")
    again, _ = check(twins, capsys, "--resume", only="C7.8")
    assert "C7.8" in again["failed_gates"]
    assert answers(again) == answers(first)
    check(twins, capsys, "--show-values", only="C7.4,C7.6")
    [file] = (twins.folder / ".tally" / "check").iterdir()
    assert "kontakt1@firma1.example" not in file.read_text()
