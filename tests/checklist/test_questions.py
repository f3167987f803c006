"""The list is whole, and every question has exactly one way to be answered."""

import pytest

from tallystick.checklist.questions import all_questions, choose
from tallystick.checklist.runner import find_room
from tallystick.core.checks import worst
from tallystick.core.error import ProjectError

LINES = {
    "C1", "C1.1", "C1.2", "C1.3", "C1.4", "C1.5", "C1.6", "C2", "C3", "C4", "C5", "C6", "C7.1", "C7.2", "C7.3", "C7.4",
    "C7.5", "C7.6", "C7.7", "C7.8", "C7.9", "C7.10", "C7.11a", "C7.11b", "C7.11c", "C7.11d", "C8", "C9", "C10",
    "B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8",
}  # fmt: skip


def test_no_line_of_the_list_is_missing():
    assert {q.id for q in all_questions()} == LINES


@pytest.mark.parametrize("question", [q for q in all_questions() if q.room], ids=lambda q: q.id)
def test_every_room_that_the_list_names_is_there_and_declares_its_calls(question):
    room = find_room(question)
    assert room.asks
    assert room.judge.__doc__


def test_what_answers_another_question_is_itself_measured():
    rooms = {q.id for q in all_questions() if q.room}
    assert {q.within for q in all_questions() if q.within} <= rooms


def test_no_choice_means_all():
    assert choose([]) == all_questions()


@pytest.mark.parametrize(
    ("asked", "chosen"),
    [
        (["C7.8"], ["C7.8"]),
        (["c7.11"], ["C7.11a", "C7.11b", "C7.11c", "C7.11d"]),
        (["C1"], ["C1", "C1.1", "C1.2", "C1.3", "C1.4", "C1.5", "C1.6"]),
        (["C7.1"], ["C7.1"]),
        (["B8"], ["C7.9", "B8"]),
        (["C9", "C4"], ["C4", "C9"]),
    ],
)
def test_an_id_stands_for_its_sub_questions_and_brings_along_what_answers_it(asked, chosen):
    assert [q.id for q in choose(asked)] == chosen


@pytest.mark.parametrize("text", ["C99", "", "C7.12", "filters"])
def test_an_unknown_id_is_refused_with_the_known_ones(text):
    with pytest.raises(ProjectError, match="no question") as caught:
        choose([text])
    assert "C7.10" in caught.value.hint


@pytest.mark.parametrize(
    ("verdicts", "one"),
    [
        (["pass", "warn", "fail", "cannot_tell"], "fail"),
        (["pass", "warn", "cannot_tell"], "warn"),
        (["pass", "cannot_tell", "not_applicable"], "cannot_tell"),
        (["pass", "not_applicable"], "pass"),
        ([], "not_applicable"),
    ],
)
def test_the_gravest_verdict_stands_for_all(verdicts, one):
    assert worst(verdicts) == one
