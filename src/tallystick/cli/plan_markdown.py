"""A plan as Markdown, short enough for the description of a merge request."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from tallystick.cli.output import number
from tallystick.cli.plan_page import Entry, Group, Page, Section

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>#|~!@])")


def render_markdown(page: Page) -> str:
    """Write the whole page."""
    return "\n".join(_lines(page)) + "\n"


def _plain(text: str) -> str:
    """Escape what systems and people wrote, so that it stays text on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _code(text: str) -> str:
    return f"`{text.replace('`', '')}`"


def _lines(page: Page) -> Iterator[str]:
    environment = f", environment {page.environment}" if page.environment else ""
    yield f"# Plan: {_plain(page.project + environment)}"
    yield ""
    yield f"Made {page.made}; nothing was written. {page.headline}. Plan {_code(page.fingerprint)}."
    if page.deletions:
        yield ""
        yield f"**{number(page.deletions, 'record')} would be deleted or archived.**"
    if page.held:
        yield ""
        yield f"**A brake holds in {number(page.held, 'mapping')}.**"
    for line in page.failures:
        yield ""
        yield f"**{_plain(line)}**"
    yield ""
    yield "Nothing to do." if page.is_empty else f"Carry out exactly this: {_code(page.apply)}"
    if page.hides_values:
        yield ""
        yield "Values are hidden but their shape; ids are shown."
    if page.forecast:
        yield ""
        yield f"{page.forecast}."
        yield ""
        yield from _table(page.heads, page.loads)
    for section in page.sections:
        yield ""
        yield from _section(section)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(_plain(h) or ' ' for h in heads)} |"
    yield f"|{' --- |' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(_plain(cell) for cell in row)} |"


def _section(section: Section) -> Iterator[str]:
    yield f"## {_plain(section.title)}"
    yield ""
    for line in (section.limits, *section.reads, *section.others, section.waiting):
        if line:
            yield f"- {_plain(line)}"
    if section.problem:
        yield f"- **Not all could be read:** {_plain(section.problem)}"
    if section.adoption:
        yield ""
        yield "First contact: these records were never in step before."
        yield ""
        yield from _table(("records", ""), section.adoption)
    if section.writes:
        yield ""
        yield from _table(section.heads, section.writes)
    for hold in section.holds:
        yield ""
        yield f"**{_plain(hold.words)}**"
        yield ""
        yield f"- {_plain(hold.refuses)}"
        if hold.command:
            yield f"- let exactly these go: {_code(hold.command)}"
    for group in section.groups:
        yield ""
        yield from _group(group)


def _group(group: Group) -> Iterator[str]:
    count = f" ({group.total:,})" if group.total else ""
    yield f"### {'DELETION: ' if group.is_deletion else ''}{_plain(group.title)}{count}"
    yield ""
    if group.note:
        yield f"{_plain(group.note)}"
        yield ""
    for entry in group.entries:
        yield from _entry(entry)
    if group.more:
        yield f"- and {group.more:,} more"


def _entry(entry: Entry) -> Iterator[str]:
    print_ = f" {_code(entry.print)}" if entry.print else ""
    yield f"- {_plain(entry.words)}{print_}"
    for name, before, after in entry.fields:
        arrow = " \u2192 " if before and after else ""
        yield f"  - {_plain(name)}: {_plain(before)}{arrow}{_plain(after)}"
    for note in entry.notes:
        yield f"  - {_plain(note)}"
