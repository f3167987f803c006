"""Writes are tried on records of our own, on staging only; each promise that is broken is told, and nothing stays."""

import contextlib
import json
import sqlite3

import pytest
import yaml
from town import Town, findings, told

from tallystick.checklist.questions import choose
from tallystick.checklist.runner import run_checks
from tallystick.checklist.scene import Budget
from tallystick.checklist.staging import open_cage
from tallystick.checklist.wire import WireTransport
from tallystick.cli.main import run_command
from tallystick.core.error import ProjectError
from tallystick.testing.twins.fault import Fault
from tallystick.testing.twins.server import Answer
from tallystick.wiring import open_house

NOWHERE = "http://127.0.0.1:9"


def stage(twins, **environment):
    """Make the environment of the twins one for tests: what is written in systems/ leads somewhere else."""
    file = twins.folder / "tally.yaml"
    project = yaml.safe_load(file.read_text())
    demo = project["environments"]["demo"]
    demo |= {"kind": "staging"} | environment
    for twin in (twins.crm, twins.erp):
        system = twins.folder / "systems" / f"{twin.name}.yaml"
        manifest = yaml.safe_load(system.read_text())
        demo["systems"][twin.name]["base_url"] = manifest["base_url"]
        system.write_text(yaml.safe_dump(manifest | {"base_url": NOWHERE}, allow_unicode=True))
    file.write_text(yaml.safe_dump(project, allow_unicode=True))


def ask(twins, patience=1.0):
    with twins.open() as town:
        scene = town.scene()
        scene.budget = Budget(patience=patience)
        writers = {name: system.connector for name, system in town.house.systems.items()}
        scene.cage = open_cage(town.house.loaded, writers, "kabc123")
        return run_checks(scene, town.boundary(), WireTransport(), choose(["C10"])), scene.cage


def verdicts(report, subject="crm/companies"):
    return {
        f.subject.partition(", ")[2]: f.verdict
        for f in findings(report, "C10")
        if f.subject.partition(", ")[0] == subject
    }


def alive(twins):
    """Count the records of both twins."""
    crm = sum(len(twins.crm.rows(name)) for name in ("companies", "contacts"))
    return crm, len(twins.erp.rows("partner"))


def test_honest_systems_keep_every_promise_and_are_left_as_they_were(twins):
    stage(twins)
    before = alive(twins)
    report, cage = ask(twins)
    assert {f.verdict for f in findings(report, "C10")} <= {"pass", "not_applicable"}
    assert {f.subject.partition(",")[0] for f in findings(report, "C10")} == {
        "crm/companies", "crm/contacts", "erp/partner",
    }  # fmt: skip
    assert alive(twins) == before
    assert not any(cage.alive.values())
    assert any(one.method == "POST" for one in twins.crm.log)


LIES = [
    (Fault("ignore_idempotency_key", count=None), "repeated creates", "fail", "makes a second record"),
    (Fault("ignore_if_match", count=None), "outdated changes", "fail", "overwrites what others wrote"),
    (Fault("lag", count=None, seconds=90), "write lag", "fail", "not listed within"),
    (Fault("normalise", count=None, mode="upper"), "read back", "warn", "case changed"),
    (Fault("normalise", count=None, mode="truncate", length=12), "read back", "warn", "cut off after 12 characters"),
    (Fault("normalise", count=None, field="name", mode="truncate", length=50), "lengths", "fail", "not kept: cut off"),
]


@pytest.mark.parametrize(("lie", "part", "verdict", "words"), LIES, ids=lambda each: getattr(each, "what", ""))
def test_a_broken_promise_is_told_and_its_canaries_are_removed(twins, lie, part, verdict, words):
    stage(twins)
    before = alive(twins)
    twins.crm.faults.add(lie)
    report, _ = ask(twins, patience=0.2)
    assert verdicts(report)[part] == verdict
    assert words in told(report, "C10")
    assert alive(twins) == before


def test_what_cannot_be_removed_is_listed_and_found_again_by_the_next_check(twins):
    stage(twins)
    twins.crm.faults.add(Fault("status", method="DELETE", status=403, count=None))
    report, cage = ask(twins)
    assert verdicts(report)["clean-up"] == "fail"
    left = [record for each in cage.alive.values() for record in each]
    assert left
    assert all(record in told(report, "C10") for record in left)
    twins.crm.faults.clear()
    again, _ = ask(twins)
    assert verdicts(again)["earlier canaries"] == "warn"
    assert all(record in told(again, "C10") for record in left)


@pytest.mark.parametrize(("method", "deed"), [("POST", "create"), ("PATCH", "update"), ("DELETE", "delete")])
def test_a_right_to_write_that_is_missing_is_named(twins, method, deed):
    stage(twins)
    twins.crm.faults.add(Fault("status", method=method, path="/v1/companies*", status=403, count=None))
    report, _ = ask(twins)
    [rights] = [f for f in findings(report, "C10") if f.subject == "crm/companies, rights"]
    assert rights.verdict == "fail"
    assert rights.summary == f"not allowed to our credentials: {deed}"
    assert verdicts(report, "crm/contacts")["rights"] == "pass"


def test_a_record_that_was_there_before_is_never_taken_for_a_canary(twins):
    """Some systems answer a create with a record that looks alike; it is neither changed nor deleted."""
    stage(twins)
    before = alive(twins)
    old = twins.crm.rows("companies")[5]["id"]

    def answer_with_an_old_one(request, moment):
        if moment == "before" and request.method == "POST" and request.path == "/v1/companies":
            return Answer(201, json.dumps({"id": old, "name": "1 canary kabc123"}).encode())
        return None

    twins.crm.on_request = answer_with_an_old_one
    report, _ = ask(twins)
    assert "was there before" in told(report, "C10")
    assert verdicts(report) == {"": "cannot_tell"}
    assert alive(twins) == before
    assert not [one for one in twins.crm.log if one.method in {"PATCH", "DELETE"} and old in one.path]


def test_canaries_are_removed_when_a_check_is_broken_off(twins):
    """Somebody presses Ctrl-C while a canary is alive."""
    stage(twins)
    before = alive(twins)

    def interrupt(request, moment):
        if moment == "after" and request.method == "PATCH":
            twins.crm.on_request = None
            twins.interrupted = True

    twins.crm.on_request = interrupt
    with twins.open() as town:
        scene = town.scene()
        writers = {name: system.connector for name, system in town.house.systems.items()}
        scene.cage = open_cage(town.house.loaded, writers, "kabc123")
        inner = town.boundary()

        class Impatient:
            def perform(self, effect):
                if getattr(twins, "interrupted", False):
                    twins.interrupted = False
                    raise KeyboardInterrupt
                return inner.perform(effect)

        with pytest.raises(KeyboardInterrupt):
            run_checks(scene, Impatient(), WireTransport(), choose(["C10"]))
    assert alive(twins) == before


@pytest.mark.parametrize(("kind", "words"), [("production", "not marked as staging"), ("", "not marked as staging")])
def test_nothing_is_written_in_production(twins, kind, words, capsys):
    stage(twins, **({"kind": kind} if kind else {}))
    if not kind:
        project = yaml.safe_load((twins.folder / "tally.yaml").read_text())
        (twins.folder / "tally.yaml").write_text(yaml.safe_dump(project | {"environment": ""}))
    assert run_command(["--project", str(twins.folder), "--quiet", "check", "--canary"]) != 0
    assert words in capsys.readouterr().err
    assert not [one for one in twins.crm.log if one.method != "GET"]


def test_a_system_that_is_the_real_one_is_not_written_whatever_the_environment_is_called(twins):
    stage(twins)
    system = twins.folder / "systems" / "erp.yaml"
    manifest = yaml.safe_load(system.read_text())
    system.write_text(yaml.safe_dump(manifest | {"base_url": twins.erp.url}, allow_unicode=True))
    report, _ = ask(twins)
    assert "erp has the same address" in told(report, "C10")
    assert {f.verdict for f in findings(report, "C10") if f.system == "erp"} == {"cannot_tell"}
    assert {one.method for one in twins.erp.log} <= {"GET"}
    assert any(one.method == "POST" for one in twins.crm.log)


def test_without_being_asked_for_it_is_a_question_for_people(twins):
    report = twins.ask("C10")
    assert [row.status for row in report.rows] == ["not_automated"]
    assert "kind: staging" in report.rows[0].question.people
    assert not [one for one in (*twins.crm.log, *twins.erp.log) if one.method != "GET"]


def test_an_environment_of_no_known_kind_is_no_project(twins):
    stage(twins, kind="stagging")
    with pytest.raises(ProjectError), twins.open():
        pass


def test_tables_keep_every_promise_too(databases):
    """A database is written to on staging only, like any other system, and is left as it was."""
    rows = [(f"Firma {n}", f"post{n}@firma.example") for n in range(12)]
    databases.pair(rows, rows)
    systems = {}
    for name in ("crm", "erp"):
        file = databases.folder / "systems" / f"{name}.yaml"
        manifest = yaml.safe_load(file.read_text())
        systems[name] = {"url": manifest["url"]}
        databases.write(f"systems/{name}.yaml", manifest | {"url": "sqlite:///elsewhere.db"})
    project = yaml.safe_load((databases.folder / "tally.yaml").read_text())
    test = {"kind": "staging", "systems": systems}
    databases.write("tally.yaml", project | {"environment": "test", "environments": {"test": test}})
    with open_house(databases.folder) as house:
        town = Town(house)
        scene = town.scene()
        scene.cage = open_cage(house.loaded, {n: s.connector for n, s in house.systems.items()}, "kabc123")
        report = run_checks(scene, town.boundary(), WireTransport(), choose(["C10"]))
        told_verdicts = {f.subject: f.verdict for f in findings(report, "C10")}
        assert set(told_verdicts.values()) <= {"pass", "not_applicable", "cannot_tell"}, told(report, "C10")
        assert told_verdicts["crm/companies, deletion"] == told_verdicts["erp/partners, rights"] == "pass"
    for name, table in (("crm", "companies"), ("erp", "partners")):
        with contextlib.closing(sqlite3.connect(databases.folder / f"{name}.db")) as database:
            assert database.execute(f"select count(*) from {table}").fetchone() == (12,)
