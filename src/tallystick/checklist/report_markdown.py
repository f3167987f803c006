"""The report as Markdown: the check list, filled in."""

import re
from collections.abc import Iterator

from tallystick.checklist.report import NOBODY, WORDS, Report, Row
from tallystick.core.checks import Finding

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~])")


def render_markdown(report: Report) -> str:
    """Write the whole report."""
    return "\n".join(_lines(report)) + "\n"


def _plain(text: str) -> str:
    """Escape what systems and people wrote, so that it stays text on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _lines(report: Report) -> Iterator[str]:
    environment = f", environment {report.environment}" if report.environment else ""
    yield f"# Check list: {_plain(report.project)}{_plain(environment)}"
    yield ""
    yield f"{report.when}; {report.headline}; {report.effort}."
    if report.failed_gates:
        listed = ", ".join(row.question.id for row in report.failed_gates)
        yield ""
        yield f"**Not ready:** {listed} must be answered first."
    for line, rows in report.by_line().items():
        yield ""
        yield f"## {_plain(line)}"
        for row in rows:
            yield ""
            yield from _row(row)


def _row(row: Row) -> Iterator[str]:
    gate = " (gate)" if row.question.gate else ""
    yield f"### {row.question.id} {_plain(row.question.title)}: {WORDS[row.status]}{gate}"
    yield ""
    yield f"_{_plain(row.question.asks)}_"
    if row.question.people and not row.findings:
        yield ""
        yield f"Ask people: {_plain(row.question.people)}"
    if row.question.within:
        yield ""
        yield f"Answered with {row.question.within}."
    if row.findings:
        yield ""
    for finding in row.findings:
        yield from _finding(finding)


def _finding(finding: Finding) -> Iterator[str]:
    yield f"- **{WORDS[finding.verdict]}** {_plain(finding.subject)}: {_plain(finding.summary)}"
    for reason in finding.reasons:
        yield f"  - {_plain(reason)}"
    if finding.fix:
        yield f"  - What to do: {_plain(finding.fix)}"
    if finding.verdict in {"fail", "warn"}:
        yield f"  - Owner: {_plain(finding.owner or NOBODY)}"
        yield f"  - Again: `{finding.reproduce}`"
