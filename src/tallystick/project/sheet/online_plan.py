"""What has to be asked of Google Sheets so that a spreadsheet shows a book: one list of requests, all or none.

Cells go out as texts by type, never as something typed in, so that nothing is taken for a formula, a number or a day.
Tabs that are there stay the same tabs, under the names that people gave them; columns that people added stay behind
ours. Protections warn and do not forbid: they are against slips, and sorting goes on working.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count, groupby, takewhile
from typing import Any, Final

from tallystick.core.error import ProjectError
from tallystick.project.sheet.book import EVER, MARK, Book, Heading, Line, Tab
from tallystick.project.sheet.cell import LONGEST
from tallystick.project.sheet.columns import KEYS
from tallystick.project.sheet.online import (
    BASE_MARK,
    LISTS_MARK,
    TITLES,
    CellData,
    OnlineTab,
    Spreadsheet,
    cell_text,
    free_title,
)
from tallystick.project.sheet.reading import letters
from tallystick.project.sheet.tabs import row_id

PROTECTION: Final = "tally: not for editing"
"""How protections of ours describe themselves; others are left alone."""
_CHUNK: Final = 30_000
_NOTE: Final = 500
_PIXELS: Final = 7
_SPARE: Final = 3  # columns for people, before they have to add one
_ADDED: Final = ("userEnteredValue", "userEnteredFormat", "note", "dataValidation")
_FILLS: Final = {"head": "DDE6EE", "locked": "F2F2F2", "error": "F8CBAD", "warning": "FFE699"}
_KEY_NAMES: Final = frozenset(name for names in KEYS.values() for name in names)

Ask = dict[str, Any]
"""One request of a ``batchUpdate``."""
Area = tuple[int, int, int, int]
"""First row, row after the last one, first column, column after the last one; all from 0."""


def plan_rewrite(there: Spreadsheet, book: Book) -> list[Ask]:
    """List what makes a spreadsheet show ``book``; tabs of other mappings go, other people's tabs stay.

    Raises:
        ProjectError: a cell is too long.
    """
    return list(_Rewrite(there, book).asks())


class _Rewrite:
    def __init__(self, there: Spreadsheet, book: Book) -> None:
        self.there = there
        self.book = book
        self.by_mark: dict[str, OnlineTab] = {}
        for tab in there.tabs:
            if tab.mark:
                self.by_mark.setdefault(tab.mark, tab)
        self.taken = {tab.title.casefold() for tab in there.tabs}
        used = {tab.id for tab in there.tabs}
        self.fresh = (number for number in count(1) if number not in used)
        lists = self.by_mark.get(LISTS_MARK)
        self.lists_title = lists.title if lists else free_title(TITLES[LISTS_MARK], self.taken)

    def asks(self) -> Iterator[Ask]:
        contents: list[Ask] = []
        # The lists come first: a cell can only offer what is there.
        for mark, rows in ((LISTS_MARK, self.list_rows()), (BASE_MARK, self.base_rows())):
            own, placing = self.place(mark, len(rows) + 1, max(map(len, rows)), {}, hidden=True)
            yield from placing
            contents += [_values(own, 0, [[_text(cell) for cell in row] for row in rows], "userEnteredValue")]
            contents += [_protect(own, {"sheetId": own})]
        for at, tab in enumerate(self.book.tabs):
            added = _added(tab, self.by_mark.get(tab.mark))
            columns = 1 + len(tab.headings) + len(added)
            keys = len(list(takewhile(lambda heading: not heading.is_editable, tab.headings)))
            frozen = {"frozenRowCount": 1, "frozenColumnCount": 1 + keys}
            own, placing = self.place(tab.mark, len(tab.lines) + 1, columns, frozen, title=tab.title, index=at)
            yield from placing
            contents += _TabAsks(own, tab, self.book, self.offers()).asks()
            contents += _put_back(own, tab, added)
        yield from contents
        kept = {LISTS_MARK, BASE_MARK, *(tab.mark for tab in self.book.tabs)}
        for old in self.there.tabs:
            if old.mark.startswith(MARK) and (old.mark not in kept or self.by_mark[old.mark] is not old):
                yield {"deleteSheet": {"sheetId": old.id}}

    def place(
        self,
        mark: str,
        rows: int,
        columns: int,
        frozen: Mapping[str, int],
        *,
        title: str = "",
        index: int | None = None,
        hidden: bool = False,
    ) -> tuple[int, list[Ask]]:
        """Give the id of a tab, and what makes it an empty one of this size."""
        old = self.by_mark.get(mark)
        size = {"rowCount": rows + 1, "columnCount": columns + _SPARE, **frozen}
        if old is None:
            own = next(self.fresh)
            name = self.lists_title if mark == LISTS_MARK else free_title(title or TITLES[mark], self.taken)
            told: dict[str, Any] = {"sheetId": own, "title": name, "gridProperties": size}
            told |= {"hidden": True} if hidden else {"index": index}
            return own, [{"addSheet": {"properties": told}}]
        size["rowCount"] = max(size["rowCount"], old.row_count)
        size["columnCount"] = max(size["columnCount"], old.column_count)
        whole = {"sheetId": old.id}
        asks: list[Ask] = [{"deleteProtectedRange": {"protectedRangeId": each}} for each in old.protections]
        asks += [
            {"unmergeCells": {"range": whole}},
            {"updateCells": {"range": whole, "fields": "*"}},
            {
                "updateSheetProperties": {
                    "properties": {"sheetId": old.id, "gridProperties": size},
                    "fields": ",".join(f"gridProperties.{name}" for name in size),
                }
            },
        ]
        return old.id, asks

    def list_rows(self) -> list[list[str]]:
        """Write what can be chosen in columns: the mark, then each list under its name."""
        lists = [(name, *words) for name, words in self.book.lists.items()]
        height = max(map(len, lists), default=1)
        return [
            [LISTS_MARK if at == 0 else "", *(each[at] if at < len(each) else "" for each in lists)]
            for at in range(height)
        ]

    def base_rows(self) -> list[list[str]]:
        """Write the base in pieces that a cell can hold."""
        packed = self.book.base.packed()
        pieces = [packed[at : at + _CHUNK] for at in range(0, len(packed), _CHUNK)]
        return [[BASE_MARK, ""], ["hash", self.book.base.hash], *(["base", f"b:{piece}"] for piece in pieces)]

    def offers(self) -> dict[str, str]:
        """Give by name the formula that means a list."""
        tab = "'" + self.lists_title.replace("'", "''") + "'"
        return {
            name: f"={tab}!${letters(at)}$2:${letters(at)}${len(words) + 1}"
            for at, (name, words) in enumerate(self.book.lists.items(), 1)
        }


class _TabAsks:
    """What fills one tab."""

    def __init__(self, own: int, tab: Tab, book: Book, offers: Mapping[str, str]) -> None:
        self.own = own
        self.tab = tab
        self.book = book
        self.offers = offers
        self.height = len(tab.lines) + 1
        self.width = len(tab.headings) + 1

    def asks(self) -> Iterator[Ask]:
        plain = {"numberFormat": {"type": "TEXT"}, "wrapStrategy": "WRAP", "verticalAlignment": "TOP"}
        # To its very end, so that a line that is typed in below is text too.
        yield _format({"sheetId": self.own, "startColumnIndex": 0, "endColumnIndex": self.width}, plain)
        head = {**plain, "textFormat": {"bold": True}, "backgroundColor": _fill("head")}
        yield _format(self.range((0, 1, 1, self.width)), head)
        yield _values(self.own, 0, list(self.rows()), "userEnteredValue,note")
        for area in _locked(self.tab):
            yield _fill_in(self.range(area), "locked")
            yield _protect(self.own, self.range(area))
        yield _protect(self.own, self.range((0, 1, 0, self.width)))
        yield from self.mark()
        yield from self.offer()
        yield _columns(self.own, 0, {"hiddenByUser": True})
        for at, heading in enumerate(self.tab.headings, 1):
            yield _columns(self.own, at, {"pixelSize": heading.width * _PIXELS + 5})
        yield {"setBasicFilter": {"filter": {"range": self.range((0, self.height, 0, self.width))}}}

    def range(self, area: Area) -> Ask:
        names = ("startRowIndex", "endRowIndex", "startColumnIndex", "endColumnIndex")
        return {"sheetId": self.own, **dict(zip(names, area, strict=True))}

    def rows(self) -> Iterator[list[Ask]]:
        heads = (_noted(self.text(h.name, 0, at), h.about) for at, h in enumerate(self.tab.headings, 1))
        yield [_text(self.tab.mark), *heads]
        for number, line in enumerate(self.tab.lines, 1):
            own = row_id(line.row) if line.row is not None else ""
            cells = (self.cell(line, heading, number, at) for at, heading in enumerate(self.tab.headings, 1))
            yield [self.text(own, number, 0), *cells]

    def cell(self, line: Line, heading: Heading, number: int, at: int) -> Ask:
        said = line.marks.get(heading.name)
        return _noted(self.text(line.cells.get(heading.name, ""), number, at), said[1] if said else "")

    def text(self, text: str, number: int, at: int) -> Ask:
        if len(text) > LONGEST:
            raise ProjectError(
                f"a cell can hold {LONGEST:,} characters, and one would have {len(text):,}",
                hint="shorten it in the mapping, or keep that mapping out of the sheet",
                place=f"{self.tab.title}!{letters(at)}{number + 1}",
            )
        return _text(text)

    def mark(self) -> Iterator[Ask]:
        columns = {heading.name: at for at, heading in enumerate(self.tab.headings, 1)}
        for number, line in enumerate(self.tab.lines, 1):
            for name, (severity, _) in line.marks.items():
                if name in columns:
                    at = columns[name]
                    yield _fill_in(self.range((number, number + 1, at, at + 1)), severity)

    def offer(self) -> Iterator[Ask]:
        """Let people choose: one rule for each list, column and stretch of lines."""
        for at, heading in enumerate(self.tab.headings, 1):
            names = [line.choices.get(heading.name, "") for line in self.tab.lines]
            for name, start, end in _runs(names):
                if name in self.offers:
                    condition = {"type": "ONE_OF_RANGE", "values": [{"userEnteredValue": self.offers[name]}]}
                    rule = {"condition": condition, "strict": name in self.book.strict, "showCustomUi": True}
                    area = self.range((start + 1, end + 1, at, at + 1))
                    yield {"setDataValidation": {"range": area, "rule": rule}}


def _locked(tab: Tab) -> Iterator[Area]:
    """Give what is not for editing, the hidden ids first; neighbours with the same lines as one area."""
    stretches: list[tuple[tuple[int, int], ...]] = [((1, len(tab.lines) + 1),)]
    for heading in tab.headings:
        is_key = heading.name in _KEY_NAMES
        closed = [not (heading.is_editable or (is_key and line.row is None)) for line in tab.lines]
        stretches.append(tuple((start + 1, end + 1) for closed_one, start, end in _runs(closed) if closed_one))
    for found, start, end in _runs(stretches):
        yield from ((first, last, start, end) for first, last in found)


def _runs(values: Sequence[Any]) -> Iterator[tuple[Any, int, int]]:
    """Give each stretch of equal values: the value, its first place, the place after its last one."""
    at = 0
    for value, group in groupby(values):
        end = at + len(list(group))
        yield value, at, end
        at = end


Added = tuple[CellData, dict[str, CellData]]
"""A column of other people: its heading, and its cells by the ids of their rows."""


def _added(tab: Tab, old: OnlineTab | None) -> list[Added]:
    """Take the columns out of a tab that people added to it."""
    if old is None or not old.cells:
        return []
    known = {heading.name for heading in tab.headings} | EVER
    found: list[Added] = []
    for at, head in enumerate(old.cells[0]):
        text = cell_text(head)
        if at and text and not (isinstance(text, str) and (not text.strip() or text.strip() in known)):
            cells = ((str(cell_text(row[0])), row[at]) for row in old.cells[1:] if len(row) > at)
            found.append((head, {own: _kept(cell) for own, cell in cells if own and _kept(cell)}))
    return found


def _kept(cell: CellData) -> CellData:
    return {name: cell[name] for name in _ADDED if name in cell}


def _put_back(own: int, tab: Tab, added: Sequence[Added]) -> list[Ask]:
    """Give columns that people added their place again, behind ours."""
    if not added:
        return []
    ids = [row_id(line.row) if line.row is not None else "" for line in tab.lines]
    rows = [[_kept(head) for head, _ in added], *([cells.get(each, {}) for _, cells in added] for each in ids)]
    return [_values(own, len(tab.headings) + 1, rows, ",".join(_ADDED))]


def _values(own: int, column: int, rows: Sequence[Iterable[CellData]], fields: str) -> Ask:
    told = [{"values": list(row)} for row in rows]
    start = {"sheetId": own, "rowIndex": 0, "columnIndex": column}
    return {"updateCells": {"start": start, "rows": told, "fields": fields}}


def _text(text: str) -> Ask:
    return {"userEnteredValue": {"stringValue": text}} if text else {}


def _noted(cell: Ask, note: str) -> Ask:
    return {**cell, "note": note[:_NOTE]} if note else cell


def _format(area: Ask, shape: Ask) -> Ask:
    return {"repeatCell": {"range": area, "cell": {"userEnteredFormat": shape}, "fields": "userEnteredFormat"}}


def _fill_in(area: Ask, kind: str) -> Ask:
    cell = {"userEnteredFormat": {"backgroundColor": _fill(kind)}}
    return {"repeatCell": {"range": area, "cell": cell, "fields": "userEnteredFormat.backgroundColor"}}


def _fill(kind: str) -> dict[str, float]:
    parts = bytes.fromhex(_FILLS[kind])
    return {name: round(part / 255, 4) for name, part in zip(("red", "green", "blue"), parts, strict=True)}


def _protect(own: int, area: Ask) -> Ask:
    told = {"range": {**area, "sheetId": own}, "description": PROTECTION, "warningOnly": True}
    return {"addProtectedRange": {"protectedRange": told}}


def _columns(own: int, at: int, properties: Ask) -> Ask:
    where = {"sheetId": own, "dimension": "COLUMNS", "startIndex": at, "endIndex": at + 1}
    told = {"range": where, "properties": properties, "fields": ",".join(properties)}
    return {"updateDimensionProperties": told}
