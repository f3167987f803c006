"""Marked-up text: HTML to plain text and to Markdown. Formatting that the other form lacks is lost, by consent."""

import re
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser
from typing import Any, ClassVar, Final

from tallystick.core.codecs.settled import read_settled, write_settled
from tallystick.core.codecs.spelling import describe, expect_text, refuse
from tallystick.core.error import InvalidValue
from tallystick.core.mapping import Loss
from tallystick.core.record import Value

_MAX_TEXT: Final = 1_000_000
_SILENT: Final = frozenset({"script", "style", "head", "title", "template"})
_PARAGRAPHS: Final = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote", "pre"})
_LINES: Final = frozenset({"div", "li", "tr", "section", "article", "header", "footer", "dt", "dd", "hr"})
_CELLS: Final = frozenset({"td", "th"})
_SPACE: Final = re.compile(r"[ \t\n\r\f]+")
_BREAKS: Final = re.compile(r"\n{3,}")
# What a library may raise on text that is no HTML.
_BROKEN: Final = (AssertionError, ValueError, IndexError, AttributeError, TypeError, RecursionError)


class _Plain(HTMLParser):
    """Gathers text. Blocks that meet make one break, the widest of theirs; each ``<br>`` is a line of its own."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0
        self._break = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self._silent += tag in _SILENT
        self._between(tag)
        if tag == "li":
            self.handle_data("- ")
        elif tag == "br":
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._silent = max(0, self._silent - (tag in _SILENT))
        self._between(tag)

    def handle_data(self, data: str) -> None:
        text = _SPACE.sub(" ", data)
        if self._silent or (self._break and text == " "):
            return
        self.parts.append("\n" * self._break + text)
        self._break = 0

    def _between(self, tag: str) -> None:
        width = 2 if tag in _PARAGRAPHS else 1 if tag in _LINES else 0
        self._break = max(self._break, width)
        if tag in _CELLS:
            self.handle_data(" ")


def _plain(html: str) -> str:
    reader = _Plain()
    reader.feed(html)
    reader.close()
    lines = [_SPACE.sub(" ", line).strip(" ") for line in "".join(reader.parts).split("\n")]
    return _BREAKS.sub("\n\n", "\n".join(lines)).strip("\n")


def _marked(text: str) -> str:
    paragraphs = [part for part in re.split(r"\n{2,}", text) if part]
    return "".join(f"<p>{escape(part, quote=False).replace(chr(10), '<br>')}</p>" for part in paragraphs)


@dataclass(frozen=True, slots=True)
class Html:
    r"""HTML on this side, plain text as the canonical value: paragraphs and lines stay, formatting goes.

    It only reads, because writing plain text over HTML wipes out its formatting. ``write`` is the consent to that.

    >>> Html().decode("<p>Dear <b>Erika</b>,<br>hello &amp; welcome</p>")
    'Dear Erika,\nhello & welcome'
    >>> Html(write=True).encode("1 < 2")
    '<p>1 &lt; 2</p>'
    """

    write: bool = False
    name: ClassVar[str] = "html"
    specimens: ClassVar[tuple[str, ...]] = ("<p>Dear <b>Erika</b></p>",)

    @property
    def loss(self) -> Loss:
        """One way, or lossy by consent."""
        return "lossy" if self.write else "one_way"

    def decode(self, raw: Any) -> Value:
        """Give the plain text."""
        text = _bounded(self.name, raw)
        try:
            return read_settled(self.name, text, _plain, _marked)
        except _BROKEN as cause:
            raise refuse(self.name, raw, "HTML that can be read") from cause

    def encode(self, value: Value) -> Any:
        """Give the text as HTML paragraphs; refused without ``write``."""
        text = _bounded(self.name, value)
        if not self.write:
            raise InvalidValue(
                "html: writing plain text here would wipe out the formatting",
                detail=f"{describe(text)} came",
                hint="set a direction away from this side, or write: true to allow it",
            )
        return write_settled(self.name, text, _plain, _marked)


@dataclass(frozen=True, slots=True)
class Markdown:
    """HTML on this side, Markdown as the canonical value: headings, lists, links, bold and code stay, layout goes.

    A text whose form does not come to rest on the way there and back is refused.

    >>> Markdown().decode("<p>Dear <strong>Erika</strong></p>"), Markdown().encode("Dear **Erika**")
    ('Dear **Erika**', '<p>Dear <strong>Erika</strong></p>')
    """

    name: ClassVar[str] = "markdown"
    specimens: ClassVar[tuple[str, ...]] = ('<p class="new">Dear <b>Erika</b></p>',)
    loss: ClassVar[Loss] = "lossy"

    def decode(self, raw: Any) -> Value:
        """Give the Markdown."""
        text = _bounded(self.name, raw)
        try:
            return read_settled(self.name, text, _to_markdown, _from_markdown)
        except _BROKEN as cause:
            raise refuse(self.name, raw, "HTML that can be read") from cause

    def encode(self, value: Value) -> Any:
        """Give the HTML."""
        text = _bounded(self.name, value)
        try:
            return write_settled(self.name, text, _to_markdown, _from_markdown)
        except _BROKEN as cause:
            raise refuse(self.name, value, "Markdown that can be written") from cause


def _to_markdown(html: str) -> str:
    from markdownify import markdownify  # brings an HTML parser; only those who map HTML pay for it

    made: str = markdownify(f"<div>{html}</div>", heading_style="ATX", bullets="-", strip=["script", "style"])
    return made.strip()


def _from_markdown(text: str) -> str:
    from markdown_it import MarkdownIt

    made: str = MarkdownIt("commonmark", {"html": False}).render(text)
    return made.strip()


def _bounded(codec: str, value: Any) -> str:
    text = expect_text(codec, value)
    if len(text) > _MAX_TEXT:
        raise InvalidValue(f"{codec} takes at most {_MAX_TEXT} characters", detail=f"{len(text)} came")
    return text
