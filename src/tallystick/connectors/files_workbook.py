"""The parts of an XLSX workbook: which one holds a sheet, which styles show dates, and the sheet's rows as text.

A sheet's part is cut at its rows and cells, so that only what changes is spelled anew and all other parts of the
workbook (other sheets, charts, pictures, formats, macros) stay as they are.
"""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from xml.etree.ElementTree import Element, fromstring
from zipfile import BadZipFile, ZipFile

from tallystick.core.error import ProjectError

_BOOK: Final = "xl/workbook.xml"
_STYLES: Final = "xl/styles.xml"
_DATE_FORMATS: Final = frozenset({*range(14, 18), 22, 30, 36, 50, 57})
_ATTRIBUTE: Final = re.compile(r'([\w:]+)\s*=\s*"([^"]*)"')
_FORMULA: Final = re.compile(r"<(?:\w+:)?f[\s/>]")
_LETTERS: Final = 26


@dataclass(slots=True)
class Cell:
    """One cell as it is spelled: its attributes, and what is inside (``None`` for a cell that is one tag)."""

    attributes: dict[str, str]
    inside: str | None

    @property
    def is_computed(self) -> bool:
        """Whether a formula stands in it."""
        return _FORMULA.search(self.inside or "") is not None

    @property
    def style(self) -> str:
        """The number of its style; empty for none."""
        return self.attributes.get("s", "")


@dataclass(slots=True)
class Row:
    """One row as it is spelled: its number (from 1), its attributes, its cells by column (from 0)."""

    number: int
    attributes: dict[str, str]
    cells: dict[int, Cell]
    text: str
    rest: str = ""

    @property
    def is_computed(self) -> bool:
        """Whether a formula stands in it."""
        return _FORMULA.search(self.text) is not None


@dataclass(slots=True)
class Workbook:
    """Where one sheet stands in a workbook, and what its styles mean."""

    part: str
    prefix: str
    head: str
    rows: str
    tail: str
    dates: frozenset[str] = frozenset()
    counts_from_1904: bool = False
    tables: list[str] = field(default_factory=list)


def look_into(book: ZipFile, sheet: str, place: str) -> Workbook:
    """Find a sheet by its name; the first one for an empty name.

    Raises ``ProjectError`` where the file is of a kind that is only read.
    """
    try:
        root = _xml(book, _BOOK)
        if any(name.startswith("_xmlsignatures/") for name in book.namelist()):
            raise _only_read("it is signed", place)
        sheets = [each for each in root.iter() if _local(each.tag) == "sheet"]
        [chosen] = [each for each in sheets if not sheet or each.get("name") == sheet][:1]
        number = next(value for name, value in chosen.attrib.items() if _local(name) == "id" and "}" in name)
        part = _targets(book, _BOOK)[number]
        text = book.read(part).decode("utf-8-sig")
    except (KeyError, ValueError, StopIteration, UnicodeError, BadZipFile, SyntaxError):
        raise _only_read("it is no workbook of the XLSX kind", place) from None
    opening = re.search(r"<((?:\w+:)?)sheetData\s*(/?)>", text)
    if opening is None:
        raise _only_read("its sheet holds no cells", place)
    prefix, start = opening[1], opening.end()
    if opening[2]:
        head, rows, tail = text[: opening.start()] + f"<{prefix}sheetData>", "", f"</{prefix}sheetData>" + text[start:]
    else:
        end = text.index(f"</{prefix}sheetData>", start)
        head, rows, tail = text[:start], text[start:end], text[end:]
    settings = next((each for each in root if _local(each.tag) == "workbookPr"), None)
    early = settings is not None and settings.get("date1904") in {"1", "true"}
    tables = [target for target in _targets(book, part).values() if target.startswith("xl/tables/")]
    return Workbook(part, prefix, head, rows, tail, _date_styles(book), early, tables)


def rows_of(book: Workbook) -> Iterator[Row]:
    """Give the rows of the sheet, in its order."""
    p = re.escape(book.prefix)
    pattern = re.compile(rf"<{p}row\b([^>]*?)(?:/>|>(.*?)</{p}row>)", re.DOTALL)
    cell = re.compile(rf"<{p}c\b([^>]*?)(?:/>|>(.*?)</{p}c>)", re.DOTALL)
    before = 0
    for found in pattern.finditer(book.rows):
        attributes = dict(_ATTRIBUTE.findall(found[1]))
        number = before = int(attributes.get("r") or before + 1)
        cells: dict[int, Cell] = {}
        column, last = -1, 0
        for each in cell.finditer(found[2] or ""):
            own = dict(_ATTRIBUTE.findall(each[1]))
            column = column_of(own["r"]) if "r" in own else column + 1
            cells[column] = Cell(own, each[2])
            last = each.end()
        yield Row(number, attributes, cells, found[0], (found[2] or "")[last:])


def column_of(reference: str) -> int:
    """Give the column (from 0) of a cell's reference: 1 for ``B7``."""
    column = 0
    for letter in reference.rstrip("0123456789"):
        column = column * _LETTERS + ord(letter) - ord("A") + 1
    return column - 1


def letters(column: int) -> str:
    """Give the letters of a column (from 0): ``B`` for 1."""
    text, column = "", column + 1
    while column:
        column, last = divmod(column - 1, _LETTERS)
        text = chr(ord("A") + last) + text
    return text


def _date_styles(book: ZipFile) -> frozenset[str]:
    """Give the numbers of the styles that show a number as a date."""
    try:
        root = _xml(book, _STYLES)
    except (KeyError, SyntaxError):
        return frozenset()
    own = {each.get("numFmtId", ""): each.get("formatCode", "") for each in root.iter() if _local(each.tag) == "numFmt"}
    styles = [each for parent in root if _local(parent.tag) == "cellXfs" for each in parent]
    return frozenset(str(at) for at, each in enumerate(styles) if _is_date(each.get("numFmtId", ""), own))


def _is_date(number: str, own: dict[str, str]) -> bool:
    if number not in own:
        return number.isdecimal() and int(number) in _DATE_FORMATS
    code = re.sub(r'"[^"]*"|\\.|\[[^\]]*\]', "", own[number].partition(";")[0]).lower()
    return "y" in code or "d" in code


def _targets(book: ZipFile, part: str) -> dict[str, str]:
    """Give the parts that a part points to, by id."""
    folder, name = posixpath.split(part)
    try:
        root = _xml(book, f"{folder}/_rels/{name}.rels")
    except KeyError:
        return {}
    joined = {each.get("Id", ""): posixpath.join("/" + folder, each.get("Target", "")) for each in root}
    return {key: posixpath.normpath(target).lstrip("/") for key, target in joined.items()}


def _xml(book: ZipFile, part: str) -> Element:
    return fromstring(book.read(part))  # noqa: S314 - expat refuses entities that grow


def _local(tag: str) -> str:
    return str(tag).rpartition("}")[2]


def _only_read(why: str, place: str) -> ProjectError:
    hint = "remove 'write' from the file in the manifest, or save it as .xlsx"
    return ProjectError(f"this workbook can only be read: {why}", hint=hint, place=place)
