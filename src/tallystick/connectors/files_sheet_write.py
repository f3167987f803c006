"""Writing into one sheet of an XLSX workbook, cell by cell.

A row is known by its number in the sheet. Rows that are removed leave their line empty, because formulas and names
elsewhere may point below; new rows come after the last one, with the styles that it has.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import IO, Any, Final
from zipfile import ZIP_DEFLATED, ZipFile

from tallystick.connectors.files_workbook import Cell, Row, Workbook, letters, rows_of
from tallystick.core.error import Refused

_LONGEST: Final = 32_767  # characters of a cell
_MOST_ROWS: Final = 1_048_576
_ISO: Final = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d:\d\d)?")
_FIRST_DAY: Final = date(1900, 3, 1)  # before it, workbooks count a day that never was
_CHAIN: Final = "xl/calcChain.xml"
_ILLEGAL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Change:
    """What a row shall hold: values by column (from 0). Without ``number`` it is a new one."""

    number: int | None
    values: Mapping[int, Any]


def serial_of(text: str, book: Workbook) -> float | None:
    """Give the number by which a workbook keeps a date or a time; ``None`` for a text that is neither."""
    if not _ISO.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.date() < _FIRST_DAY:
        return None
    since = moment - (datetime(1904, 1, 1) if book.counts_from_1904 else datetime(1899, 12, 30))  # noqa: DTZ001 - local
    return since / timedelta(days=1)


def checked_number(name: str, value: int | Decimal) -> float:
    """Give the number that a cell keeps. Raises ``Refused`` for one that would lose digits."""
    kept = float(value)
    if Decimal(repr(kept)) != value:
        why = "a workbook keeps about 15 digits of a number"
        raise Refused(f"'{name}' cannot be written", detail=why, hint="declare the column as text", field=name)
    return kept


def checked_text(name: str, value: str) -> str:
    """Give a text that a cell can hold. Raises ``Refused`` for others."""
    found = _ILLEGAL.search(value)
    why = f"a cell has no character U+{ord(found[0]):04X}" if found else ""
    if not found and len(value) > _LONGEST:
        why = f"a cell holds {_LONGEST:,} characters, and these are {len(value):,}"
    if why:
        raise Refused(f"'{name}' cannot be written", detail=why, field=name)
    return value


class SheetWriter:
    """Spells the rows of one sheet anew. ``styles`` are the styles of dates by column, ``place`` is for messages."""

    def __init__(self, book: Workbook, styles: Mapping[int, str], numbers: Sequence[int], place: str) -> None:
        self._book = book
        self._styles = styles
        self._numbers = numbers
        self._place = place
        self.last = 0
        self._widest = 0
        self.is_computed = False

    def part(self, kept: Iterator[Change], header: int) -> bytes:
        """Give the sheet's part with these rows, in the order of their numbers, the new ones last."""
        first_new = max(self._numbers[-1] if self._numbers else 0, header) + 1
        rows = "".join(self._rows(kept, first_new))
        head = self._book.head
        if self.last:
            head = re.sub(r'(<(?:\w+:)?dimension\s+ref=")([^"]*)(")', self._dimension, head, count=1)
        return (head + rows + self._book.tail).encode()

    def _rows(self, kept: Iterator[Change], first_new: int) -> Iterator[str]:
        known, wanted = iter(self._numbers), next(kept, None)
        record = next(known, None)
        new, model = first_new, {}
        for row in rows_of(self._book):
            self.is_computed = self.is_computed or row.is_computed
            while record is not None and record < row.number:
                record = next(known, None)
            if row.number == record:
                if wanted is None or wanted.number != row.number:
                    self._refuse_to_break(row)
                    continue
                model = {column: cell.style for column, cell in row.cells.items()}
                yield self._changed(row, wanted.values, {}) if wanted.values else row.text
                wanted = next(kept, None)
                continue
            while wanted is not None and wanted.number is None and new < row.number and row.number >= first_new:
                yield self._changed(Row(new, {"r": str(new)}, {}, ""), wanted.values, model)
                new, wanted = new + 1, next(kept, None)
            if wanted is not None and wanted.number is None and new == row.number:
                yield self._changed(row, wanted.values, model)
                new, wanted = new + 1, next(kept, None)
            else:
                yield row.text
        while wanted is not None:
            yield self._changed(Row(new, {"r": str(new)}, {}, ""), wanted.values, model)
            new, wanted = new + 1, next(kept, None)

    def _changed(self, row: Row, values: Mapping[int, Any], model: Mapping[int, str]) -> str:
        if row.number > _MOST_ROWS:
            raise Refused(f"a sheet has {_MOST_ROWS:,} rows", place=self._place)
        cells = dict(row.cells)
        for column, value in values.items():
            old = cells.get(column)
            style = old.style if old is not None else model.get(column, "")
            cells[column] = self._cell(column, value, style)
        self.last, self._widest = max(self.last, row.number), max(self._widest, *cells, 0)
        p, spelled = self._book.prefix, []
        for column in sorted(cells):
            cell = cells[column]
            own = {"r": f"{letters(column)}{row.number}", **{k: v for k, v in cell.attributes.items() if k != "r"}}
            inside = "/>" if cell.inside is None else f">{cell.inside}</{p}c>"
            spelled.append(f"<{p}c{_spell(own)}{inside}")
        about = {key: value for key, value in row.attributes.items() if key != "spans"}
        return f"<{p}row{_spell({'r': str(row.number), **about})}>{''.join(spelled)}{row.rest}</{p}row>"

    def _cell(self, column: int, value: Any, style: str) -> Cell:
        p = self._book.prefix
        about = {"s": style} if style else {}
        if value is None:
            return Cell(about, None)
        if isinstance(value, bool):
            return Cell({**about, "t": "b"}, f"<{p}v>{int(value)}</{p}v>")
        if isinstance(value, str) and column in self._styles:
            serial = serial_of(value, self._book)
            if serial is not None:
                dated = style if style in self._book.dates else self._styles[column]
                return Cell({"s": dated}, f"<{p}v>{_digits(serial)}</{p}v>")
        if isinstance(value, int | Decimal):
            return Cell(about, f"<{p}v>{_digits(float(value))}</{p}v>")
        return Cell({**about, "t": "inlineStr"}, f'<{p}is><{p}t xml:space="preserve">{_text(value)}</{p}t></{p}is>')

    def _refuse_to_break(self, row: Row) -> None:
        if re.search(r"<(?:\w+:)?f\b[^>]*\bref=", row.text):
            why = "formulas of other rows are kept in this one"
            raise Refused(f"line {row.number} cannot be removed", detail=why, place=f"{self._place}:{row.number}")

    def _dimension(self, found: re.Match[str]) -> str:
        return f"{found[1]}{_stretched(found[2], self.last, self._widest)}{found[3]}"


def _stretched(reference: str, last: int, widest: int = 0) -> str:
    """Make a range of cells reach to a row, and to a column (from 0)."""
    start, _, end = reference.partition(":")
    spelled = re.fullmatch(r"([A-Z]+)(\d+)", end or start)
    if spelled is None:
        return reference
    column = max(spelled[1], letters(widest), key=lambda text: (len(text), text))
    return f"{start}:{column}{max(int(spelled[2]), last)}"


def pack(old: ZipFile, target: IO[bytes], parts: Mapping[str, bytes], *, is_computed: bool) -> None:
    """Write a workbook with some parts anew; what was computed is computed again when it is opened."""
    with ZipFile(target, "w", ZIP_DEFLATED) as book:
        for entry in old.infolist():
            if entry.filename == _CHAIN:
                continue
            content = parts.get(entry.filename) or old.read(entry)
            if entry.filename == "[Content_Types].xml":
                content = re.sub(rb'<(?:\w+:)?Override\b[^>]*"/xl/calcChain\.xml"[^>]*/>', b"", content)
            elif entry.filename == "xl/_rels/workbook.xml.rels":
                content = re.sub(rb'<(?:\w+:)?Relationship\b[^>]*"/?(?:xl/)?calcChain\.xml"[^>]*/>', b"", content)
            elif entry.filename == "xl/workbook.xml" and is_computed:
                content = _computed_anew(content)
            book.writestr(entry, content)


def _computed_anew(content: bytes) -> bytes:
    text = content.decode()
    found = re.search(r"<(?:\w+:)?calcPr\b[^>]*?(/?)>", text)
    if found is not None:
        plain = re.sub(r'\s+fullCalcOnLoad="[^"]*"', "", found[0])
        return text.replace(found[0], re.sub(r"(/?>)$", r' fullCalcOnLoad="1"\1', plain), 1).encode()
    after = [each.end() for each in re.finditer(r"</(?:\w+:)?(?:sheets|definedNames|externalReferences)>", text)]
    prefix = re.search(r"<((?:\w+:)?)workbook\b", text)
    spelled = f'<{prefix[1] if prefix else ""}calcPr fullCalcOnLoad="1"/>'
    return (text[: max(after)] + spelled + text[max(after) :]).encode() if after else content


def stretch_table(text: str, before: int, last: int) -> str:
    """Let a table that ended with the sheet's last row end with the new last one."""
    found = re.search(r'\bref="([A-Z]+\d+:[A-Z]+(\d+))"', text)
    if found is None or int(found[2]) != before or re.search(r'totalsRowCount="[1-9]', text) or last <= before:
        return text
    return text.replace(f'ref="{found[1]}"', f'ref="{_stretched(found[1], last)}"')


def _spell(attributes: Mapping[str, str]) -> str:
    return "".join(f' {name}="{value}"' for name, value in attributes.items())


def _digits(number: float) -> str:
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)  # noqa: PLR2004 - exact so far


def _text(value: str) -> str:
    """Spell text; a workbook takes ``_x0041_`` for a character, so the text's own ones are spelled as such."""
    value = re.sub(r"_(?=x[0-9A-Fa-f]{4}_)", "_x005F_", value)
    value = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return value.replace("\r", "_x000D_")
