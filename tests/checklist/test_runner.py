"""A room that breaks costs only its own answer."""

from dataclasses import replace

import pytest
from town import findings, statuses

from tallystick.checklist import runner
from tallystick.checklist.room import Room
from tallystick.core.checks import Judgement
from tallystick.core.error import Garbled
from tallystick.core.ports import Commit, Now

ROWS = [("Anker", "anker@x.example"), ("Bär", "baer@x.example")]


def raising(error):
    def probe(scene, subject):
        yield Now()
        raise error

    return probe


@pytest.mark.parametrize(
    ("probe", "words"),
    [
        (raising(Garbled("no listing", hint="look there")), "it could not be measured: no listing"),
        (raising(ValueError("Erika Mustermann")), "the check itself broke (ValueError)"),
    ],
)
def test_a_probe_that_fails_cannot_tell_and_the_others_go_on(databases, monkeypatch, probe, words):
    databases.pair(ROWS, ROWS)
    real = runner.find_room
    monkeypatch.setattr(runner, "find_room", lambda q: replace(real(q), probe=probe) if q.id == "C7.6" else real(q))
    report = databases.ask("C7.6", "C9")
    assert statuses(report) == {"C7.6": "cannot_tell", "C9": "warn"}
    [broken] = findings(report, "C7.6")
    assert broken.summary == words
    assert "Erika" not in repr(broken)


def test_a_judge_that_breaks_cannot_tell_either(databases, monkeypatch):
    databases.pair(ROWS, ROWS)

    def probe(scene, subject):
        yield Now()
        return {}

    monkeypatch.setattr(runner, "find_room", lambda q: Room("mapping", "none", probe, lambda facts: facts["none"]))
    assert statuses(databases.ask("C9")) == {"C9": "cannot_tell"}


def test_a_probe_cannot_write(databases, monkeypatch):
    databases.pair(ROWS, ROWS)

    def probe(scene, subject):
        yield Commit(lambda tx: tx.reserve_bindings(1))
        return {}

    monkeypatch.setattr(
        runner, "find_room", lambda q: Room("mapping", "none", probe, lambda facts: [Judgement("pass", "")])
    )
    assert statuses(databases.ask("C9")) == {"C9": "cannot_tell"}


def test_verdicts_can_be_recomputed_from_what_is_kept(twins):
    """A judge sees plain facts only: judged again from the stored ones, every verdict is the same."""
    from tallystick.checklist.questions import all_questions
    from tallystick.checklist.report import report_document

    questions = {q.id: q for q in all_questions()}
    for question in report_document(twins.ask())["questions"]:
        by_subject = {}
        for one in question["findings"]:
            by_subject.setdefault(str(one["facts"]), []).append(one)
        for same in by_subject.values():
            again = runner.find_room(questions[question["id"]]).judge(same[0]["facts"])
            assert {j.verdict for j in again} == {one["verdict"] for one in same}
