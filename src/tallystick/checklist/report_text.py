"""The report for a terminal: grouped by the headings of the list, status in words and colours."""

from collections.abc import Iterator
from typing import Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tallystick.checklist.report import NOBODY, WORDS, Report, Row
from tallystick.core.checks import Finding, Status

_COLOURS: Final[dict[Status, str]] = {
    "pass": "green",
    "warn": "yellow",
    "fail": "bold red",
    "cannot_tell": "magenta",
    "not_applicable": "dim",
    "not_automated": "dim",
}
_REASONS: Final = 3


def render_text(report: Report, *, details: bool = False) -> RenderableType:
    """Make what a rich console prints: what needs attention, each question with its status.

    With ``details`` also what passed, every reason, and what to ask of people.
    """
    parts: list[RenderableType] = []
    for line, rows in report.by_line().items():
        parts += [Text(line, style="bold"), Padding(_table(rows, details=details), (0, 0, 1, 0))]
    parts.append(Text.assemble(("Summary  ", "bold"), _summary(report), f"  ({report.effort})"))
    stopped = report.failed_gates
    if stopped:
        listed = ", ".join(row.question.id for row in stopped)
        parts.append(Text(f"Not ready: {listed} must be answered first.", style="bold red"))
    return Group(*parts)


def _summary(report: Report) -> Text:
    words = Text()
    for status, count in report.counts.items():
        if count:
            words.append(("" if not words else ", ") + f"{count} ")
            words.append(WORDS[status], style=_COLOURS[status])
    return words


def _table(rows: list[Row], *, details: bool) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for row in rows:
        table.add_row(row.question.id, Text(WORDS[row.status], style=_COLOURS[row.status]), _cell(row, details=details))
    return table


def _cell(row: Row, *, details: bool) -> Text:
    cell = Text(row.question.title)
    for line in _lines(row, details=details):
        cell.append("\n")
        cell.append_text(line)
    return cell


def _lines(row: Row, *, details: bool) -> Iterator[Text]:
    if row.question.people and not row.findings and details:
        yield Text(f"  {row.question.people}", style="dim")
    if row.question.within and details:
        yield Text(f"  answered with {row.question.within}", style="dim")
    for finding in row.findings:
        is_settled = finding.verdict in {"pass", "not_applicable"}
        if details or not is_settled:
            yield _headline(finding)
            yield from _reasons(finding, len(finding.reasons) if details else 0 if is_settled else _REASONS)


def _headline(finding: Finding) -> Text:
    word = Text(f"  {WORDS[finding.verdict]}", style=_COLOURS[finding.verdict])
    return word.append(f"  {finding.subject}: {finding.summary}", style="default")


def _reasons(finding: Finding, most: int) -> Iterator[Text]:
    for reason in finding.reasons[:most]:
        yield Text(f"        {reason}", style="dim")
    if 0 < most < len(finding.reasons):
        yield Text(f"        and {len(finding.reasons) - most} more with --details", style="dim")
    if finding.fix:
        yield Text(f"        what to do: {finding.fix}")
    if finding.verdict == "fail":
        yield Text(f"        owner: {finding.owner or NOBODY}; again: {finding.reproduce}")
