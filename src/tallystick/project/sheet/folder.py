"""The sheet as a folder of CSV files, one for each tab, and the base beside them.

A cell that a spreadsheet would calculate or rewrite (``=1+1``, ``007``, ``2026-01-01``) gets an apostrophe in front,
which is taken off when it is read.
"""

import csv
import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tallystick.core.error import ProjectError
from tallystick.project.sheet.book import EVER, MARK, Book, FoundBook, FoundTab, Tab
from tallystick.project.sheet.snapshot import read_snapshot
from tallystick.project.sheet.tabs import row_id

BASE: Final = "base.json"
_LARGEST: Final = 20_000_000
# What begins with a letter is left alone by spreadsheets, unless it is a truth value or could be a day.
_LEFT_ALONE: Final = re.compile(r"(?!(?:true|false|wahr|falsch)$)[^\W\d_][^\d]*", re.IGNORECASE | re.DOTALL)
_FIELD_LIMIT: Final = 1_000_000


def write_folder(folder: Path, book: Book) -> None:
    """Write the files; files of other tabs that are there stay.

    Raises:
        ProjectError: a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        taken: set[str] = set()
        for tab in book.tabs:
            path = folder / f"{_name(tab.title, taken)}.csv"
            added = _added(path, tab)
            # Excel takes a file for UTF-8 only if it begins so.
            path.write_text(_written(tab, added), encoding="utf-8-sig", newline="")
        (folder / BASE).write_text(book.base.text(), encoding="utf-8")
    except OSError as error:
        raise ProjectError(f"{folder} cannot be written: {error.strerror}", hint="check its rights") from error


def _name(wanted: str, taken: set[str]) -> str:
    name, number = wanted, 2
    while name.casefold() in taken:
        name, number = f"{wanted} ({number})", number + 1
    taken.add(name.casefold())
    return name


def _added(path: Path, tab: Tab) -> dict[str, dict[str, str]]:
    """Give the columns that people added to a file that is there: by heading and row id."""
    rows = _read(path) if path.exists() else []
    if not rows or rows[0][:1] != [tab.mark]:
        return {}
    known = {heading.name for heading in tab.headings} | EVER
    return {
        head: {row[0]: row[at] for row in rows[1:] if len(row) > at and row[0]}
        for at, head in enumerate(rows[0])
        if at and head.strip() and head.strip() not in known
    }


def _written(tab: Tab, added: Mapping[str, Mapping[str, str]]) -> str:
    heads = [heading.name for heading in tab.headings]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([tab.mark, *heads, *map(_guarded, added)])
    for line in tab.lines:
        if line.row is not None:
            own = row_id(line.row)
            cells = [own, *(line.cells.get(head, "") for head in heads), *(of.get(own, "") for of in added.values())]
            writer.writerow([_guarded(cell) for cell in cells])
    return out.getvalue()


def read_folder(folder: Path) -> FoundBook:
    """Read the files of a folder, with commas, semicolons or tabs between the cells.

    Raises:
        ProjectError: a file cannot be read.
    """
    tabs = [FoundTab(path.name, _read(path)) for path in sorted(folder.glob("*.csv"))]
    try:
        base = read_snapshot((folder / BASE).read_text(encoding="utf-8")) if (folder / BASE).exists() else None
    except (OSError, UnicodeError):
        base = None
    return FoundBook(folder.name, tabs, base.hash if base else "", base.packed() if base else "")


def _read(path: Path) -> list[list[Any]]:
    try:
        if path.stat().st_size > _LARGEST:
            raise ProjectError("the file is too large to be a sheet of mappings", place=str(path))
        text = _decode(path.read_bytes())
    except OSError as error:
        raise ProjectError(f"the file cannot be read: {error.strerror}", place=str(path)) from error
    found = re.match(rf'"?{MARK}[^,;\t"]*"?([,;\t])', text)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=found[1] if found else ",")
    csv.field_size_limit(_FIELD_LIMIT)
    try:
        return [[_bare(cell).replace("\r\n", "\n") for cell in row] for row in rows]
    except csv.Error as error:
        raise ProjectError(f"the file is no CSV: {error}", hint="save it as CSV, UTF-8", place=str(path)) from None


def _decode(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")  # what older Excel writes


def _guarded(cell: str) -> str:
    return cell if not cell or _LEFT_ALONE.fullmatch(cell) or cell.startswith('["') else f"'{cell}"


def _bare(cell: str) -> str:
    return cell.removeprefix("'")
