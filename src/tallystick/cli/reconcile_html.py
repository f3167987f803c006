"""How far both systems agree, as one HTML file in the style of the check list: no scripts, nothing from elsewhere."""

from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files
from typing import Final

from tallystick.cli.moment import moment
from tallystick.cli.output import number
from tallystick.cli.reconcile_text import (
    Comparison,
    example_words,
    field_rows,
    ordered,
    percent,
    record_rows,
    score_words,
)
from tallystick.cli.reconcile_words import ADVICE, kind_words, reason_words
from tallystick.cli.words import SideNames, side_names
from tallystick.core.agreement import Agreement, Kind, Verdict
from tallystick.core.record import SIDES

_TABLES: Final = """table { border-collapse: collapse; margin: .75rem 0; }
th, td { padding: .15rem .9rem .15rem 0; text-align: left; border-bottom: 1px solid var(--line); }
td + td { text-align: right; font-variant-numeric: tabular-nums; } th + th { text-align: right; }
.score { font-size: 1.3rem; }"""
_PASSES: Final[frozenset[Kind]] = frozenset({"normalised", "configured", "accepted", "unlinked", "filtered", "gone"})
_LOST: Final[frozenset[Kind]] = frozenset({"unexplained", "dropped", "changed_transform", "lost_event"})


def render_html(comparison: Comparison) -> str:
    """Write the whole comparison as a page."""
    return "\n".join(_page(comparison)) + "\n"


def _page(comparison: Comparison) -> Iterator[str]:
    title = escape(f"In step: {comparison.project}")
    style = files("tallystick.checklist").joinpath("report.css").read_text(encoding="utf-8")
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    yield f"<title>{title}</title>\n<style>\n{style}\n{_TABLES}\n</style>\n</head>\n<body>\n<header>\n<h1>{title}</h1>"
    environment = f", environment {escape(comparison.environment)}" if comparison.environment else ""
    yield f"<p>{moment(comparison.at)}{environment}. Both systems were read, nothing was written.</p>"
    for name in comparison.too_low:
        yield f'<p class="stop"><strong>{escape(name)}</strong> is below {comparison.fail_under:g} %.</p>'
    yield "</header>\n<main>"
    for agreement in comparison.agreements:
        yield from _section(agreement, reveal=comparison.reveal)
    for name, failure in comparison.failures.items():
        yield f'<section aria-label="{escape(name, quote=True)}">\n<h2>{escape(name)}</h2>'
        yield f'<p class="stop"><strong>Could not be compared:</strong> {escape(str(failure))}</p>\n</section>'
    yield "</main>\n</body>\n</html>"


def _section(agreement: Agreement, *, reveal: bool) -> Iterator[str]:
    names = side_names(agreement.left, agreement.right)
    heading = f"{agreement.pair}: {agreement.left} \u2194 {agreement.right}"
    yield f'<section aria-label="{escape(agreement.pair, quote=True)}">\n<h2>{escape(heading)}</h2>'
    whole = agreement.score.agreed == agreement.score.due and not agreement.problem
    yield f'<p class="score {"go" if whole else "stop"}"><strong>{percent(agreement.score)}</strong></p>'
    yield f"<p>{escape(score_words(agreement))}</p>"
    if agreement.problem:
        yield f'<p class="stop">Not all could be read: {escape(agreement.problem)}</p>'
    yield from _table(("", "records", *(f"in {names[s]}" for s in SIDES)), list(record_rows(agreement, names)))
    yield from _table(("field", "in step", "of", "score"), list(field_rows(agreement)))
    for verdict in ordered(agreement):
        yield from _difference(agreement, verdict, names, reveal=reveal)
    yield "</section>"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield (
        "<table>\n<thead><tr>" + "".join(f'<th scope="col">{escape(h)}</th>' for h in heads) + "</tr></thead>\n<tbody>"
    )
    for row in rows:
        yield "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
    yield "</tbody>\n</table>"


def _difference(agreement: Agreement, verdict: Verdict, names: SideNames, *, reveal: bool) -> Iterator[str]:
    colour = "fail" if verdict.kind in _LOST else "pass" if verdict.kind in _PASSES else "warn"
    count = number(agreement.differences[verdict], "record")
    badge = f'<span class="badge {colour}">{escape(kind_words(verdict.kind, names))}</span>'
    yield f"<article>\n<h3>{count} {badge}</h3>"
    reason = reason_words(verdict, names)
    if reason:
        yield f"<p>{escape(reason)}</p>"
    if verdict.kind in ADVICE:
        yield f'<p class="asks">{escape(ADVICE[verdict.kind])}</p>'
    examples = agreement.examples.get(verdict, [])
    if examples:
        yield f"<details><summary>{number(len(examples), 'example')}</summary>\n<ul>"
        yield from (f"<li>{escape(example_words(example, names, reveal=reveal))}</li>" for example in examples)
        yield "</ul></details>"
    yield "</article>"
