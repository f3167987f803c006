"""Where everything that a verb says goes: results to stdout, progress and complaints to stderr.

With ``--json`` one document is the only thing on stdout. On a terminal tables and titles are styled; piped they are
plain, aligned text. What systems put into their values never reaches a terminal as a control sequence.
"""

import json
import os
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_WIDE: Final = frozenset({"W", "F"})
_LONGEST: Final = 70


def visible(text: str) -> str:
    """Make control, direction and broken characters visible, so that a value cannot steer a terminal."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(c) if unicodedata.category(c) in _UNSEEN else c for c in text)


def _escaped(character: str) -> str:
    return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(character) or f"\\u{ord(character):04x}"


def number(count: int, noun: str = "", plural: str = "") -> str:
    """Write a count with its noun: ``1 record``, ``2,000 records``."""
    word = noun if count == 1 else plural or f"{noun}s"
    return f"{count:,} {word}".strip() if noun else f"{count:,}"


def brief(value: Any) -> str:
    """Write one value on one line, cut where it is long."""
    text = visible(value) if isinstance(value, str) else visible(json.dumps(value, ensure_ascii=False, default=str))
    text = text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
    return f"'{text}'" if isinstance(value, str) else "(blank)" if value is None else text


@dataclass(slots=True)
class Screen:
    """What a verb writes to. ``as_json`` keeps stdout for the document, ``quiet`` keeps progress and notes away."""

    as_json: bool = False
    quiet: bool = False

    def say(self, text: str = "") -> None:
        """Write a line of the result."""
        if not self.as_json:
            print("\n".join(visible(line) for line in text.split("\n")))

    def title(self, text: str) -> None:
        """Write a line that begins a part of the result."""
        if not self.as_json:
            print(f"\x1b[1m{visible(text)}\x1b[0m" if _is_styled() else visible(text))

    def note(self, text: str) -> None:
        """Write a line beside the result, which ``--quiet`` leaves out."""
        if not self.quiet:
            self.complain(text)

    def complain(self, text: str) -> None:
        """Write a line that must be seen, to stderr."""
        print("\n".join(visible(line) for line in text.split("\n")), file=sys.stderr)

    def document(self, content: Mapping[str, Any]) -> None:
        """Write the one JSON document, if it was asked for."""
        if self.as_json:
            # A broken character is written as JSON's own escape; everything else is readable as it is.
            text = json.dumps(content, ensure_ascii=False, indent=2, default=str)
            print(text.encode("utf-8", "backslashreplace").decode("utf-8"))

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]], *, indent: int = 0) -> None:
        """Write a table; columns whose cells are all counts are aligned to the right."""
        if self.as_json or not rows:
            return
        cells = [[visible(cell) for cell in row] for row in rows]
        if _is_styled():
            _print_styled(heads, cells, indent)
        else:
            print("\n".join(aligned(heads, cells, indent)))


def aligned(heads: Sequence[str], rows: Sequence[Sequence[str]], indent: int = 0) -> list[str]:
    """Align a table with spaces."""
    lines = [list(heads), *map(list, rows)] if any(heads) else [list(row) for row in rows]
    widths = [max(_width(line[i]) for line in lines) for i in range(len(heads))]
    right = _counted(rows, len(heads))
    shown = []
    for line in lines:
        cells = [_padded(cell, widths[i], right=right[i]) for i, cell in enumerate(line)]
        shown.append(" " * indent + "  ".join(cells).rstrip())
    return shown


def _counted(rows: Sequence[Sequence[str]], columns: int) -> list[bool]:
    return [all(row[i].replace(",", "").isdigit() or row[i] in {"", "-"} for row in rows) for i in range(columns)]


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in _WIDE else 1 for c in text if not unicodedata.combining(c))


def _padded(text: str, width: int, *, right: bool) -> str:
    space = " " * (width - _width(text))
    return space + text if right else text + space


def _is_styled() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def _print_styled(heads: Sequence[str], rows: Sequence[Sequence[str]], indent: int) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD if any(heads) else None, show_header=any(heads), pad_edge=False)
    for head, right in zip(heads, _counted(rows, len(heads)), strict=True):
        table.add_column(Text(head), justify="right" if right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(Padding(table, (0, 0, 0, indent)))
