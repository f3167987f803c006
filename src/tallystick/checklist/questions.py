"""The list itself: ``questions.yaml`` read into ``Question``s, in the order in which people read it."""

from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

import yaml

from tallystick.core.checks import Question
from tallystick.core.error import Bug, ProjectError

_FILE: Final = "questions.yaml"


@lru_cache(maxsize=1)
def all_questions() -> tuple[Question, ...]:
    """Give every question of the list."""
    text = files("tallystick.checklist").joinpath(_FILE).read_text(encoding="utf-8")
    questions = tuple(_question(entry) for entry in yaml.safe_load(text))
    known = {question.id for question in questions}
    for question in questions:
        answers = [way for way in (question.room, question.within, question.people) if way]
        if answers == [question.room, question.people]:
            continue  # measured where that is wished for, and people are told how to wish for it
        if len(answers) != 1 or (question.within and question.within not in known):
            raise Bug(f"question {question.id} must have exactly one way to be answered", place=_FILE)
    if len(known) != len(questions):
        raise Bug("two questions have the same id", place=_FILE)
    return questions


def _question(entry: dict[str, Any]) -> Question:
    return Question(**entry)


def choose(ids: Sequence[str]) -> tuple[Question, ...]:
    """Give the questions with these ids, regardless of case; all if none is named.

    An id stands for its sub-questions too (``C7.11`` for ``C7.11a`` to ``C7.11d``, ``C7`` for all of ``C7``), and a
    question that is answered within another one brings that one along.

    Raises:
        ProjectError: there is no such question.
    """
    questions = all_questions()
    if not ids:
        return questions
    wanted: set[str] = set()
    for text in ids:
        found = {q.id for q in questions if _names(text, q.id)}
        if not found:
            listed = ", ".join(q.id for q in questions)
            raise ProjectError(f"there is no question '{text}'", hint=f"there are: {listed}")
        wanted |= found
    wanted |= {q.within for q in questions if q.id in wanted and q.within}
    return tuple(q for q in questions if q.id in wanted)


def _names(text: str, question: str) -> bool:
    asked, own = text.strip().lower(), question.lower()
    rest = own.removeprefix(asked)
    return bool(asked) and (rest == "" or (rest != own and not rest[0].isdigit()))
