"""The report: every question of the list with its status, as data. The renderers only write it down.

A question without a room is shown too, as "not automated": the report is the whole list, honestly.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from tallystick.checklist.sample import jsonable
from tallystick.core.checks import STATUSES, Finding, Question, Status, worst

WORDS: Final[Mapping[Status, str]] = {
    "pass": "pass",
    "warn": "warn",
    "fail": "fail",
    "cannot_tell": "cannot tell",
    "not_applicable": "not applicable",
    "not_automated": "ask people",
}
NOBODY: Final = "nobody is named as owner"


@dataclass(frozen=True, slots=True)
class Row:
    """One question with its findings."""

    question: Question
    findings: tuple[Finding, ...]
    status: Status


@dataclass(frozen=True, slots=True)
class Report:
    """A run of the check list. ``at`` is seconds UTC; ``reveal`` shows the values of samples as they are.

    ``kept`` is how many answers are of before; ``wrote`` tells that canaries were made.
    """

    project: str
    environment: str
    at: float
    rows: tuple[Row, ...]
    calls: int
    reveal: bool = False
    kept: int = 0
    wrote: bool = False

    @property
    def effort(self) -> str:
        """Say what it took: requests, answers of before, and what was written."""
        taken = f"{self.calls:,} requests made"
        before = f", {self.kept:,} answers of before" if self.kept else ""
        return f"{taken}{before}, {'canaries written and removed' if self.wrote else 'nothing written'}"

    @property
    def counts(self) -> dict[Status, int]:
        """How many questions have each status."""
        return {status: sum(row.status == status for row in self.rows) for status in STATUSES}

    @property
    def failed_gates(self) -> tuple[Row, ...]:
        """The questions that stop a go-live."""
        return tuple(row for row in self.rows if row.question.gate and row.status == "fail")

    @property
    def when(self) -> str:
        """The time, for people."""
        return datetime.fromtimestamp(self.at, UTC).strftime("%Y-%m-%d %H:%M UTC")

    @property
    def headline(self) -> str:
        """The counts in one line."""
        return ", ".join(f"{count} {WORDS[status]}" for status, count in self.counts.items() if count)

    def by_line(self) -> dict[str, list[Row]]:
        """Give the rows by the heading of the list that they belong to."""
        grouped: dict[str, list[Row]] = {}
        for row in self.rows:
            grouped.setdefault(row.question.line, []).append(row)
        return grouped


def make_rows(questions: Sequence[Question], findings: Sequence[Finding]) -> tuple[Row, ...]:
    """Put findings to their questions."""
    by_question: dict[str, tuple[Finding, ...]] = {
        q.id: tuple(f for f in findings if f.question == q.id) for q in questions
    }
    rows = []
    for question in questions:
        own = by_question.get(question.within or question.id, ())
        status: Status = "not_automated" if question.people and not own else worst(f.verdict for f in own)
        rows.append(Row(question, () if question.within else own, status))
    return tuple(rows)


def finding_document(finding: Finding, *, reveal: bool) -> dict[str, Any]:
    """Write one finding as JSON."""
    return {
        "question": finding.question,
        "subject": finding.subject,
        "verdict": finding.verdict,
        "summary": finding.summary,
        "reasons": list(finding.reasons),
        "fix": finding.fix,
        "owner": finding.owner,
        "reproduce": finding.reproduce,
        "at": finding.evidence.at,
        "calls": finding.evidence.calls,
        "obtained": finding.evidence.obtained,
        "facts": jsonable(finding.evidence.facts, reveal=reveal),
    }


def report_document(report: Report) -> dict[str, Any]:
    """Write the whole report as JSON."""
    return {
        "project": report.project,
        "environment": report.environment,
        "at": report.at,
        "calls": report.calls,
        "kept": report.kept,
        "wrote": report.wrote,
        "counts": dict(report.counts),
        "failed_gates": [row.question.id for row in report.failed_gates],
        "questions": [
            {
                "id": row.question.id,
                "line": row.question.line,
                "title": row.question.title,
                "asks": row.question.asks,
                "cadence": row.question.cadence,
                "gate": row.question.gate,
                "status": row.status,
                "within": row.question.within,
                "people": row.question.people,
                "findings": [finding_document(finding, reveal=report.reveal) for finding in row.findings],
            }
            for row in report.rows
        ],
    }
