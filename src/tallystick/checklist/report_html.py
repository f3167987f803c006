"""The report as one HTML file: no scripts, nothing loaded from elsewhere, readable on paper and by screen readers.

Filtering by status works by radio buttons and style rules alone. All texts are escaped.
"""

import json
from collections.abc import Iterator
from html import escape
from importlib.resources import files
from typing import Final

from tallystick.checklist.report import NOBODY, WORDS, Report, Row
from tallystick.checklist.sample import jsonable
from tallystick.core.checks import STATUSES, Finding, Status

_SIGNS: Final[dict[Status, str]] = {
    "pass": "\u2713",
    "warn": "!",
    "fail": "\u2717",
    "cannot_tell": "?",
    "not_applicable": "\u2013",
    "not_automated": "\u263a",
}


def render_html(report: Report) -> str:
    """Write the whole report."""
    return "\n".join(_page(report)) + "\n"


def _page(report: Report) -> Iterator[str]:
    title = escape(f"Check list: {report.project}")
    style = files("tallystick.checklist").joinpath("report.css").read_text(encoding="utf-8")
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    yield f"<title>{title}</title>\n<style>\n{style}\n{_filter_rules()}</style>\n</head>\n<body>"
    yield from _filters(report)
    yield f"<header>\n<h1>{title}</h1>"
    environment = f", environment {escape(report.environment)}" if report.environment else ""
    yield f"<p>{report.when}{environment}. {report.effort}.</p>"
    yield from _ready(report)
    yield "</header>\n<main>"
    for line, rows in report.by_line().items():
        yield f'<section aria-label="{escape(line, quote=True)}">\n<h2>{escape(line)}</h2>'
        for row in rows:
            yield from _row(row, report)
        yield "</section>"
    yield "</main>\n</body>\n</html>"


def _filter_rules() -> str:
    rules = [
        f'#show-{status}:checked ~ main :is(article:not([data-status="{status}"]), '
        f'section:not(:has([data-status="{status}"]))) {{ display: none; }}'
        for status in STATUSES
    ]
    return "\n".join(rules) + "\n"


def _filters(report: Report) -> Iterator[str]:
    total = len(report.rows)
    yield f'<input type="radio" name="show" id="show-all" checked><label for="show-all">all {total}</label>'
    for status, count in report.counts.items():
        if count:
            sign = f'<span class="sign {status}" aria-hidden="true">{_SIGNS[status]}</span>'
            yield f'<input type="radio" name="show" id="show-{status}">'
            yield f'<label for="show-{status}">{sign} {count} {WORDS[status]}</label>'


def _ready(report: Report) -> Iterator[str]:
    if report.failed_gates:
        links = ", ".join(f'<a href="#{row.question.id}">{row.question.id}</a>' for row in report.failed_gates)
        yield f'<p class="stop"><strong>Not ready:</strong> {links} must be answered first.</p>'
    else:
        yield '<p class="go"><strong>No question that gates a go-live has failed.</strong></p>'


def _row(row: Row, report: Report) -> Iterator[str]:
    question = row.question
    yield f'<article id="{question.id}" data-status="{row.status}">'
    badge = f'<span class="badge {row.status}">{_SIGNS[row.status]} {WORDS[row.status]}</span>'
    gate = ' <span class="gate">gate</span>' if question.gate else ""
    yield f"<h3><span>{question.id}</span> {escape(question.title)} {badge}{gate}</h3>"
    yield f'<p class="asks">{escape(question.asks)} <span class="when">Asked {escape(question.cadence)}.</span></p>'
    if question.people and not row.findings:
        yield f"<p>Ask people: {escape(question.people)}</p>"
    if question.within:
        yield f'<p>Answered with <a href="#{question.within}">{question.within}</a>.</p>'
    for finding in row.findings:
        yield from _finding(finding, report)
    yield "</article>"


def _finding(finding: Finding, report: Report) -> Iterator[str]:
    opened = " open" if finding.verdict == "fail" else ""
    badge = f'<span class="badge {finding.verdict}">{WORDS[finding.verdict]}</span>'
    yield f'<details class="{finding.verdict}"{opened}><summary>{badge}'
    yield f"<strong>{escape(finding.subject)}</strong>: {escape(finding.summary)}</summary>"
    if finding.reasons:
        yield "<ul>" + "".join(f"<li>{escape(reason)}</li>" for reason in finding.reasons) + "</ul>"
    yield "<dl>"
    if finding.fix:
        yield f"<dt>What to do</dt><dd>{escape(finding.fix)}</dd>"
    yield f"<dt>Owner</dt><dd>{escape(finding.owner or NOBODY)}</dd>"
    yield f"<dt>Asked</dt><dd>{escape(finding.evidence.obtained)} ({finding.evidence.calls:,} requests of its own)</dd>"
    yield f"<dt>Again</dt><dd><code>{escape(finding.reproduce)}</code></dd>"
    yield "</dl>"
    facts = json.dumps(jsonable(finding.evidence.facts, reveal=report.reveal), ensure_ascii=False, indent=1)
    yield f"<details><summary>Evidence</summary><pre>{escape(facts)}</pre></details>"
    yield "</details>"
