"""The sheet as XLSX, read: as people, Excel, LibreOffice or Google Sheets left it. Nothing in it is carried out."""

import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tallystick.core.error import ProjectError
from tallystick.project.sheet.book import HIDDEN, LISTS, FoundBook, FoundTab, Unreadable

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

_LARGEST: Final = 20_000_000
_LARGEST_INSIDE: Final = 100_000_000
_MOST_PARTS: Final = 2_000
_MOST_ROWS: Final = 50_000
_MOST_COLUMNS: Final = 500


def read_workbook(path: Path) -> FoundBook:
    """Read a workbook.

    Raises:
        ProjectError: it is not there, is no workbook, or is larger than any sheet of mappings.
    """
    workbook = open_workbook(path)
    hidden = workbook[HIDDEN] if HIDDEN in workbook.sheetnames else None
    pairs = [(_text(row[0]), _text(row[1])) for row in _rows(hidden, path) if len(row) > 1] if hidden else []
    texts = [(name, text) for name, text in pairs if isinstance(name, str) and isinstance(text, str)]
    tabs = [
        FoundTab(str(sheet.title), [[_text(cell) for cell in row] for row in _rows(sheet, path)])
        for sheet in workbook.worksheets
        if sheet.title not in {HIDDEN, LISTS}
    ]
    packed = "".join(text.removeprefix("b:") for name, text in texts if name == "base")
    return FoundBook(path.name, tabs, dict(texts).get("hash", ""), packed)


def open_workbook(path: Path) -> "Workbook":
    """Open a workbook as it is, formulas as their text. Raises ``ProjectError`` as ``read_workbook`` does."""
    try:
        from openpyxl import load_workbook
    except ImportError:
        raise ProjectError("XLSX files need a library", hint="pip install 'tallystick[sheets]'") from None
    _weigh(path)
    try:
        with warnings.catch_warnings():
            # What the library does not know of newer workbooks has no cell that is read here.
            warnings.simplefilter("ignore")
            return load_workbook(path)
    except Exception as error:  # noqa: BLE001 - a damaged workbook breaks the library in many ways
        raise ProjectError(
            f"the workbook cannot be read ({type(error).__name__})",
            hint="open it in a spreadsheet program and save it as XLSX",
            place=str(path),
        ) from None


def _weigh(path: Path) -> None:
    """Refuse what would take minutes or gigabytes, before anything of it is unpacked."""
    try:
        size = path.stat().st_size
        with zipfile.ZipFile(path) as parts:
            listed = parts.infolist()
    except (OSError, zipfile.BadZipFile) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no XLSX file"
        raise ProjectError(f"the workbook cannot be read: {reason}", hint="save it as XLSX", place=str(path)) from None
    inside = sum(part.file_size for part in listed)
    if size > _LARGEST or inside > _LARGEST_INSIDE or len(listed) > _MOST_PARTS:
        raise ProjectError(
            f"the workbook is too large to be a sheet of mappings ({inside:,} bytes unpacked)",
            hint="export it again, and edit that",
            place=str(path),
        )


def _rows(sheet: "Worksheet", path: Path) -> Iterator[tuple[Any, ...]]:
    if sheet.max_row > _MOST_ROWS or sheet.max_column > _MOST_COLUMNS:
        raise ProjectError(
            f"the tab '{sheet.title}' has {sheet.max_row:,} rows and {sheet.max_column:,} columns, which is too much",
            hint="delete the blank rows and columns behind the last one",
            place=str(path),
        )
    yield from sheet.iter_rows()


def _text(cell: Any) -> str | Unreadable:
    """Give what a person sees in a cell; numbers as they are written, without a fraction that is none."""
    value = cell.value
    match cell.data_type, value:
        case _, None:
            return ""
        case "f", _:
            return Unreadable("the cell holds a formula, and nothing is calculated here", "write what it comes to")
        case "e", _:
            return Unreadable(f"the cell holds an error ({value})", "write the value, or clear the cell")
        case _, bool():
            return str(value).lower()
        case _, float():
            return str(int(value)) if value.is_integer() else repr(value)
        case _, datetime():
            is_day = value.time() == time()
            return value.date().isoformat() if is_day else value.isoformat(sep=" ")
        case _, date() | time():
            return str(value.isoformat())
        case _:
            return str(value).replace("\r\n", "\n")
