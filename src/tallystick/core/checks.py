"""The words of the check list: a question, the evidence for its answer, the verdict, and what to do about it.

    question --probe--> evidence --judge--> judgements --runner--> findings

A probe asks the systems and gathers facts; a judge is pure and sees nothing but the facts, so that a verdict can be
recomputed from stored evidence. What could not be measured is ``cannot_tell``: never a pass, and never a failure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

Verdict = Literal["pass", "warn", "fail", "cannot_tell", "not_applicable"]
Status = Literal["pass", "warn", "fail", "cannot_tell", "not_applicable", "not_automated"]
Cadence = Literal["before go-live", "each change", "daily", "weekly"]
Facts = Mapping[str, Any]

VERDICTS: Final[tuple[Verdict, ...]] = get_args(Verdict)
STATUSES: Final[tuple[Status, ...]] = get_args(Status)
_GRAVITY: Final[tuple[Verdict, ...]] = ("fail", "warn", "cannot_tell", "pass", "not_applicable")


@dataclass(frozen=True, slots=True)
class Question:
    """One line of the check list.

    ``line`` is its heading in the list. ``gate`` means that a failure stops a go-live (exit code 5). ``room`` names the
    module that measures it. Where there is none, either ``within`` names the question that answers this one too, or
    ``people`` says what has to be asked of whom.
    """

    id: str
    line: str
    title: str
    asks: str
    cadence: Cadence
    gate: bool = False
    room: str = ""
    within: str = ""
    people: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was measured: JSON-able ``facts``, in words how they were obtained, with how many requests, and when.

    ``at`` is seconds UTC. Values of records stand in the facts only as samples that a report can mask.
    """

    facts: Facts
    obtained: str
    calls: int
    at: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a judge makes of facts. ``part`` tells several judgements on one subject apart.

    ``owner`` names somebody closer to the cause than the owner of the subject, such as the owner of one field.
    ``about`` names the entries of the manifest that a pass proves and a failure disproves: by their path in the
    subject's object where it has one, else in the manifest.
    """

    verdict: Verdict
    summary: str
    reasons: tuple[str, ...] = ()
    fix: str = ""
    part: str = ""
    owner: str = ""
    about: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer to a question for one subject. ``reproduce`` is a command, ``owner`` empty where nobody is named.

    ``about`` names the entries of the manifest of ``system`` that it proves (pass) or disproves (fail).
    """

    question: str
    subject: str
    verdict: Verdict
    summary: str
    reasons: tuple[str, ...]
    evidence: Evidence
    reproduce: str
    fix: str = ""
    owner: str = ""
    system: str = ""
    about: tuple[str, ...] = ()


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Give the verdict that stands for several: the gravest; not applicable only if all are.

    >>> worst(["pass", "cannot_tell", "not_applicable"])
    'cannot_tell'
    """
    given = set(verdicts)
    return next((verdict for verdict in _GRAVITY if verdict in given), "not_applicable")
