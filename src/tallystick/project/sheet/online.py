"""A Google spreadsheet as its interface shows it, and the sheet that is read out of it.

Nothing here talks to anybody: a connector fetches what is looked at, and sends what ``online_plan`` asks for. Our tabs
are known by their first cell alone, so that people may rename them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tallystick.core.error import ProjectError
from tallystick.project.sheet.book import HIDDEN, LISTS, MARK, FoundBook, FoundTab, Unreadable

BASE_MARK: Final = f"{MARK}base"
LISTS_MARK: Final = f"{MARK}lists"
_BASE_OF_A_WORKBOOK: Final = "hash"
MOST_ROWS: Final = 50_000
MOST_COLUMNS: Final = 500
TITLES: Final = {LISTS_MARK: LISTS, BASE_MARK: HIDDEN}
"""What our hidden tabs are called at first."""
_TITLE: Final = 90
_SHORT: Final = "google:"
_ID: Final = re.compile(r"[A-Za-z0-9_-]{3,200}")
_ADDRESS: Final = re.compile(
    r"(?i:(?:https?://)?docs\.google\.com)/(?:a/[^/]+/)?spreadsheets/(?:u/\d+/)?d/([^/?#]+)(?:[/?#].*)?"
)
_DAY_ONE: Final = datetime(1899, 12, 30, tzinfo=UTC)
_LAST_DAY: Final = 2_958_466  # the year 10000

CellData = Mapping[str, Any]
"""A cell as the interface gives it: ``userEnteredValue``, ``effectiveValue``, ``note`` and so on."""


@dataclass(frozen=True, slots=True)
class OnlineTab:
    """A tab as it is there. Only our own have ``cells``; ``protections`` are the ids of those that we made."""

    id: int
    title: str
    row_count: int
    column_count: int
    mark: str = ""
    cells: tuple[tuple[CellData, ...], ...] = ()
    protections: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Spreadsheet:
    """A spreadsheet as it is there: what people call it, and its tabs in their order."""

    title: str
    tabs: tuple[OnlineTab, ...]

    @property
    def is_ours(self) -> bool:
        """Whether it has a tab that was exported."""
        return any(tab.mark.startswith(MARK) for tab in self.tabs)


def spreadsheet_id(text: str) -> str | None:
    """Read which spreadsheet an address or ``google:ID`` means; ``None`` where neither is meant.

    Raises:
        ProjectError: an address of Google's or a ``google:`` without a usable id.
    """
    is_web = re.match(r"(?i)https?://|docs\.google\.com/", text) is not None
    if not (is_web or text.startswith(_SHORT)):
        return None
    found = _ADDRESS.fullmatch(text) if is_web else None
    own = found[1] if found else "" if is_web else text.removeprefix(_SHORT)
    if not _ID.fullmatch(own) or own == "e":
        raise ProjectError(
            "this is not the address of a Google spreadsheet",
            hint="copy it from the browser: https://docs.google.com/spreadsheets/d/ID/edit; or write google:ID",
            place=text.partition("?")[0][:200],
        )
    return own


def range_of(title: str, cells: str = "") -> str:
    """Name a whole tab, or some of its cells, as the interface wants it."""
    quoted = "'" + title.replace("'", "''") + "'"
    return f"{quoted}!{cells}" if cells else quoted


def is_sheet_mark(first: str, title: str) -> bool:
    """Whether a tab with this first cell is one of ours; also the base of a workbook that was imported."""
    return first.startswith(MARK) or (title == HIDDEN and first == _BASE_OF_A_WORKBOOK)


def found_book(spreadsheet: Spreadsheet) -> FoundBook:
    """Read the sheet out of a spreadsheet."""
    tabs: list[FoundTab] = []
    pairs: list[tuple[str, str]] = []
    for tab in spreadsheet.tabs:
        rows = [[cell_text(cell) for cell in row] for row in tab.cells]
        if tab.mark in {BASE_MARK, _BASE_OF_A_WORKBOOK}:
            texts = [[cell for cell in row if isinstance(cell, str)] for row in rows]
            pairs += [(row[0], row[1]) for row in texts if len(row) > 1]
        elif tab.mark.startswith(MARK) and tab.mark != LISTS_MARK:
            tabs.append(FoundTab(tab.title, rows))
    packed = "".join(text.removeprefix("b:") for name, text in pairs if name == "base")
    return FoundBook(spreadsheet.title, tabs, dict(pairs).get("hash", ""), packed)


def cell_text(cell: CellData) -> str | Unreadable:
    """Give what a person sees in a cell; numbers without a fraction that is none, days as ISO writes them.

    What was entered tells a formula from a text that looks like one.
    """
    entered = cell.get("userEnteredValue") or {}
    if "formulaValue" in entered:
        return Unreadable("the cell holds a formula, and nothing is calculated here", "write what it comes to")
    value = entered or cell.get("effectiveValue") or {}
    if "errorValue" in value:
        return Unreadable("the cell holds an error", "write the value, or clear the cell")
    if "boolValue" in value:
        return str(bool(value["boolValue"])).lower()
    if "numberValue" in value:
        kind = ((cell.get("effectiveFormat") or {}).get("numberFormat") or {}).get("type", "")
        return _number(float(value["numberValue"]), str(kind))
    return str(value.get("stringValue", "")).replace("\r\n", "\n")


def _number(value: float, kind: str) -> str:
    """Write a number, or the day or time that it is shown as: days are counted from the end of 1899."""
    if kind in {"DATE", "DATE_TIME", "TIME"} and 0 <= value < _LAST_DAY:
        moment = (_DAY_ONE + timedelta(seconds=round(value * 86_400))).replace(tzinfo=None)
        if kind == "TIME" and value < 1:
            return moment.time().isoformat()
        return moment.date().isoformat() if value.is_integer() else moment.isoformat(sep=" ")
    return str(int(value)) if value.is_integer() else repr(value)


def free_title(wanted: str, taken: set[str]) -> str:
    """Find a name for a new tab that is unlike any other, capitals aside, and take it."""
    title, number = wanted[:_TITLE], 2
    while title.casefold() in taken:
        ending = f" ({number})"
        title, number = wanted[: _TITLE - len(ending)] + ending, number + 1
    taken.add(title.casefold())
    return title
