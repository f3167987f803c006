"""A plan as one HTML file in the style of the check list: no scripts, nothing from elsewhere, all texts escaped."""

from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files
from typing import Final

from tallystick.cli.output import number
from tallystick.cli.plan_page import Entry, Group, Page, Section

_STYLE: Final = """table { border-collapse: collapse; margin: .5rem 0; }
th, td { padding: .15rem .9rem .15rem 0; text-align: left; border-bottom: 1px solid var(--line);
  overflow-wrap: anywhere; }
th { font-weight: 600; } .plain { list-style: none; padding: 0; } .plain > li { padding: .35rem 0; }
.plain > li + li { border-top: 1px solid var(--line); }
article.gone { border: 2px solid var(--fail); } article.held { border: 2px solid var(--warn); }
.print { color: var(--soft); font-size: .8rem; } td.old { color: var(--soft); } .stop { font-size: 1.1rem; }"""


def render_html(page: Page) -> str:
    """Write the whole page."""
    return "\n".join(_page(page)) + "\n"


def _page(page: Page) -> Iterator[str]:
    title = escape(f"Plan: {page.project}")
    style = files("tallystick.checklist").joinpath("report.css").read_text(encoding="utf-8")
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    yield f"<title>{title}</title>\n<style>\n{style}\n{_STYLE}\n</style>\n</head>\n<body>\n<header>\n<h1>{title}</h1>"
    environment = f", environment {escape(page.environment)}" if page.environment else ""
    yield f"<p>{page.made}{environment}. {escape(page.headline)}; nothing was written.</p>"
    yield f"<p>Plan <code>{page.fingerprint}</code></p>"
    if page.deletions:
        yield f'<p class="stop"><strong>{number(page.deletions, "record")} would be deleted or archived.</strong></p>'
    if page.held:
        yield f'<p class="stop"><strong>A brake holds in {number(page.held, "mapping")}.</strong></p>'
    for line in page.failures:
        yield f'<p class="stop">{escape(line)}</p>'
    yield (
        '<p class="go"><strong>Nothing to do.</strong></p>'
        if page.is_empty
        else f"<p>Carry out exactly this: <code>{escape(page.apply)}</code></p>"
    )
    if page.hides_values:
        yield "<p>Values are hidden but their shape; ids are shown.</p>"
    if page.forecast:
        yield f"<p>{escape(page.forecast)}.</p>"
        yield from _table(page.heads, page.loads)
    yield "</header>\n<main>"
    for section in page.sections:
        yield from _section(section)
    yield "</main>\n</body>\n</html>"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    titles = "".join(f'<th scope="col">{escape(h)}</th>' for h in heads)
    yield f"<table>\n<thead><tr>{titles}</tr></thead>\n<tbody>"
    for row in rows:
        yield "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
    yield "</tbody>\n</table>"


def _section(section: Section) -> Iterator[str]:
    yield f'<section aria-label="{escape(section.title, quote=True)}">\n<h2>{escape(section.title)}</h2>'
    for line in (section.limits, *section.reads, *section.others, section.waiting):
        if line:
            yield f"<p>{escape(line)}</p>"
    if section.problem:
        yield f'<p class="stop">Not all could be read: {escape(section.problem)}</p>'
    if section.adoption:
        yield "<p><strong>First contact:</strong> these records were never in step before.</p>"
        yield from _table(("records", ""), section.adoption)
    if section.writes:
        yield from _table(section.heads, section.writes)
    for hold in section.holds:
        yield f'<article class="held">\n<h3>{escape(hold.words)}</h3>\n<p>{escape(hold.refuses)}</p>'
        if hold.command:
            yield f"<p>Let exactly these go: <code>{escape(hold.command)}</code></p>"
        yield "</article>"
    for group in section.groups:
        yield from _group(group)
    yield "</section>"


def _group(group: Group) -> Iterator[str]:
    badge = ' <span class="badge fail">deletion</span>' if group.is_deletion else ""
    count = f" ({group.total:,})" if group.total else ""
    yield '<article class="gone">' if group.is_deletion else "<article>"
    yield f"<h3>{escape(group.title)}{count}{badge}</h3>"
    if group.note:
        yield f'<p class="asks">{escape(group.note)}</p>'
    yield '<ul class="plain">'
    for entry in group.entries:
        yield from _entry(entry)
    yield "</ul>"
    if group.more:
        yield f"<p>and {group.more:,} more</p>"
    yield "</article>"


def _entry(entry: Entry) -> Iterator[str]:
    print_ = f' <code class="print">{escape(entry.print)}</code>' if entry.print else ""
    yield f"<li>{escape(entry.words)}{print_}"
    if entry.fields:
        yield "<table>\n<tbody>"
        for name, before, after in entry.fields:
            arrow = "\u2192" if before and after else ""
            cells = f'<td class="old">{escape(before)}</td><td>{arrow}</td>'
            yield f'<tr><th scope="row">{escape(name)}</th>{cells}<td>{escape(after)}</td></tr>'
        yield "</tbody>\n</table>"
    for note in entry.notes:
        yield f"<p>{escape(note)}</p>"
    yield "</li>"
