"""The reference page of the check list, written from the questions and their rooms."""

import inspect
from collections.abc import Iterator

from tallystick.checklist.questions import all_questions
from tallystick.checklist.runner import find_room
from tallystick.core.checks import Question

_HEAD = """# The check list

`tally check` asks every question of this page. Most are measured on the live systems, reading only; the others are
listed so that nobody forgets to ask people.

| Answer | Means |
|---|---|
| pass | measured, and as it should be |
| warn | it works, with exceptions or limits that are named |
| fail | it does not work; a question that is a *gate* then gives exit code 5 |
| cannot tell | it could not be measured; never a pass, and never a failure |
| not applicable | the question makes no sense here |
| ask people | there is no measurement (yet): the report says what to ask of whom |

Each finding names what was measured, what to do, who owns it, and the command that asks again. Values of records are
shown by their length and shape only, unless `--show-values` is given.
"""


def check_page() -> str:
    """Write the page."""
    parts = [_HEAD]
    line = ""
    for question in all_questions():
        if question.line != line:
            line = question.line
            parts += [f"## {line}", ""]
        parts += _section(question)
    return "\n".join(parts)


def _section(question: Question) -> Iterator[str]:
    yield from (f"### {question.id} {question.title}", "", question.asks, "")
    asked = f"Asked: {question.cadence}."
    yield from (f"{asked} A gate." if question.gate else asked, "")
    if question.people and not question.room:
        yield f"Ask people: {question.people}"
    elif question.within:
        yield f"Answered with {question.within}."
    else:
        room = find_room(question)
        about = {"system": "each system", "object": "each object in use", "mapping": "each mapping"}[room.about]
        judged = inspect.cleandoc(room.judge.__doc__ or "").splitlines()[0]
        yield from (f"Measured for {about}. Requests: {room.asks}.", "", judged)
    if question.people and question.room:
        yield from ("", question.people)
    yield ""
