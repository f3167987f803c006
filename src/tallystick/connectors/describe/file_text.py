"""What the bytes of a text file show of its spelling: encoding, delimiter, header, decimal sign, closing line.

Each answer comes with the evidence, so that a person can judge it.
"""

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any, Final, NamedTuple

from tallystick.connectors.files_text import LINE_ENDS, find_spelling

SAMPLE_BYTES: Final = 1_000_000
_DELIMITERS: Final = (";", "\t", ",", "|")
# In this order where two fit equally well.
_OLD_ENCODINGS: Final = ("cp1252", "cp850", "cp1250", "cp1251", "mac-roman", "iso-8859-15")
_SIGNS: Final = "\u20ac\u00a7\u00b0\u2013\u201e\u201c\u201d\u00bb\u00ab\u2019\u2026\u00a3\u00b2\u00b3\u00b5"
_WIDE_ENOUGH: Final = 0.3
_NUMBER: Final = re.compile(r"[-+]?\d[\d.,' \u00a0\u202f]*-?")
_COMMA: Final = re.compile(r"[-+]?(\d{1,3}((?P<group>[. '\u00a0\u202f])\d{3})+|\d+),\d+-?")
_POINT: Final = re.compile(r"[-+]?(\d{1,3}((?P<group>[, '\u00a0\u202f])\d{3})+|\d+)\.\d+-?")
_THREE: Final = re.compile(r"[-+]?\d{1,3}([.,]\d{3})-?")


class Found(NamedTuple):
    """A finding and the evidence for it."""

    value: str
    because: str


@dataclass(frozen=True, slots=True)
class Layout:
    """How the lines of a delimited file are laid out; ``header`` is the line of the names, 0 where there is none."""

    delimiter: Found
    header: int
    names: tuple[str, ...]
    trailer: str = ""


def guess_encoding(sample: bytes) -> Found:
    """Say how bytes are encoded: by their mark, by being valid, or by which reading makes words of them."""
    spelling = find_spelling(sample[:4], "utf-8", "")
    if spelling.mark:
        return Found(spelling.codec, "its byte order mark")
    halves = [sample[0::2].count(0), sample[1::2].count(0)]
    if len(sample) > 1 and max(halves) > _WIDE_ENOUGH * len(sample) / 2:
        return Found("utf-16-le" if halves[1] > halves[0] else "utf-16-be", "every second byte is zero")
    if sample.isascii():
        return Found("utf-8", "it has ASCII letters only")
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        best = max(_OLD_ENCODINGS, key=lambda codec: (_plausibility(sample, codec), -_OLD_ENCODINGS.index(codec)))
        count = sum(byte > 127 for byte in sample)  # noqa: PLR2004 - the end of ASCII
        return Found(best, f"it is not UTF-8, and its {count} special bytes make words in {best}")
    return Found("utf-8", "its special letters are valid UTF-8")


def _plausibility(sample: bytes, codec: str) -> float:
    """Give the share of special characters that fit into the word around them, small letters among small ones."""
    try:
        text = sample.decode(codec)
    except UnicodeDecodeError:
        return -1.0
    special = fitting = 0.0
    for found in re.finditer(r"[^\x00-\x7f]", text):
        at, sign = found.start(), found[0]
        around = [each for each in (text[at - 1 : at], text[at + 1 : at + 2]) if each.isalpha()]
        special += 1
        if not sign.isalpha():
            fitting += 0.5 if sign in _SIGNS and not around else 0.0
        elif any(each.islower() for each in around):
            fitting += sign.islower() or (sign.isupper() and not text[at - 1 : at].isalpha())
        else:
            fitting += 0.6 if sign.isupper() or not around else 0.1
    return fitting / special if special else 0.0


def guess_layout(text: str) -> Layout | None:
    """Say how lines are split into cells; ``None`` where nothing splits most of them alike."""
    best: tuple[float, int, str] | None = None
    for delimiter in _DELIMITERS:
        widths = [len(row) for row in _rows(text, delimiter) if any(row)]
        if not widths:
            continue
        [(width, often)] = Counter(widths).most_common(1)
        rank = (often / len(widths), width, delimiter)
        if width > 1 and (best is None or rank[:2] > best[:2]):
            best = rank
    if best is None or best[0] < 0.5:  # noqa: PLR2004 - most lines
        return _single(text)
    share, width, delimiter = best
    shown = {"\t": "tab"}.get(delimiter, delimiter)
    return _layout(text, Found(delimiter, f"'{shown}' splits {share:.0%} of the lines into {width} cells"), width)


def _single(text: str) -> Layout | None:
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines or any(re.search(r"\S\s{2,}\S", line) for line in lines):
        return None
    return _layout(text, Found(",", "no line is split"), 1)


def _layout(text: str, delimiter: Found, width: int) -> Layout:
    """Find the line of the names: the first of full width, if its cells are distinct words and not values."""
    header, names, last = 0, tuple(f"column_{at + 1}" for at in range(width)), ""
    reader = _reader(text, delimiter.value)
    rows, is_begun = 0, False
    try:
        for row in reader:
            if not is_begun and len(row) >= width:
                is_begun = True
                cells = [cell.strip() for cell in row]
                if is_header(cells):
                    header, names = reader.line_num, tuple(cells)
                else:
                    rows = 1
            elif is_begun and any(row):
                rows += 1
                last = delimiter.value.join(row) if len(row) != width else ""
    except csv.Error:
        last = ""
    return Layout(delimiter, header, names, _trailer(last, rows - 1))


def is_header(cells: Sequence[str]) -> bool:
    """Tell whether these may be names of columns."""
    named = [cell for cell in cells if cell]
    return bool(named) and len(set(named)) == len(named) and not any(_looks_like_value(cell) for cell in named)


def _looks_like_value(cell: str) -> bool:
    return bool(_NUMBER.fullmatch(cell) or re.match(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}", cell) or "@" in cell)


def _trailer(last: str, rows: int) -> str:
    """Give a pattern for a last line that counts the rows; empty where it does not."""
    found = re.search(rf"(?<!\d)0*{rows}(?!\d)", last) if last and rows > 0 else None
    if not found:
        return ""
    return f"{re.escape(last[: found.start()])}(?P<rows>\\d+){re.escape(last[found.end() :])}"


def guess_decimal(cells: Iterable[str]) -> tuple[Found, str] | None:
    """Say what separates fractions and what groups digits; ``None`` where no number has a fraction or a group."""
    counts: Counter[str] = Counter()
    groups: Counter[str] = Counter()
    example = {}
    for cell in cells:
        if _THREE.fullmatch(cell):
            continue  # 1.234 may be either
        for sign, pattern in ((",", _COMMA), (".", _POINT)):
            if found := pattern.fullmatch(cell):
                counts[sign] += 1
                example[sign] = cell
                groups[found["group"] or ""] += 1
    if not counts:
        return None
    [(sign, often)] = counts.most_common(1)
    groups.pop("", None)
    group = groups.most_common(1)[0][0] if groups else ""
    group = " " if group in {"\u00a0", "\u202f"} else group
    because = f"{often} of {counts.total()} numbers with a fraction are spelled so, such as {example[sign]}"
    return Found(sign, because), "" if group == sign else group


def guess_widths(lines: Sequence[str]) -> tuple[int, ...]:
    """Say where the columns of text of fixed width begin: after spaces that all lines have. Empty where none do."""
    full = [line.rstrip(LINE_ENDS) for line in lines if line.strip()]
    if len(full) < 3:  # noqa: PLR2004 - fewer prove nothing
        return ()
    length = max(map(len, full))
    blank = [all(line[at : at + 1] in {"", " "} for line in full) for at in range(length)]
    starts = [at for at in range(length) if not blank[at] and (at == 0 or blank[at - 1])]
    if len(starts) < 2 or starts[0]:  # noqa: PLR2004 - one column is none
        return ()
    return tuple(after - before for before, after in zip(starts, [*starts[1:], length], strict=True))


def _reader(text: str, delimiter: str) -> Any:
    return csv.reader(StringIO(text, newline=""), delimiter=delimiter)


def _rows(text: str, delimiter: str, limit: int = 200) -> list[list[str]]:
    rows: list[list[str]] = []
    try:
        for row in _reader(text, delimiter):
            rows.append(row)
            if len(rows) == limit:
                break
    except csv.Error:
        return rows
    return rows
