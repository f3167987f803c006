"""The requests of a ``batchUpdate`` of Google Sheets, carried out on a spreadsheet in memory; strict about their shape.

What Google refuses is refused here, with Google's words. Only requests that the project sends are known.
"""

import copy
import re
from dataclasses import dataclass, field
from typing import Any

CELL_FACETS = {"userEnteredValue", "userEnteredFormat", "note", "dataValidation"}
KINDS = {"stringValue": str, "numberValue": (int, float), "boolValue": bool, "formulaValue": str}
LONGEST_CELL = 50_000
MOST_CELLS = 10_000_000


class AskError(Exception):
    """A request that is refused: with 400 and these words, or another status."""

    def __init__(self, words: str, status: int = 400) -> None:
        super().__init__(words)
        self.words = words
        self.status = status


@dataclass
class Grid:
    """One tab: its properties as the interface shows them, its cells by row and column, its protections."""

    properties: dict[str, Any]
    cells: dict[tuple[int, int], dict[str, Any]] = field(default_factory=dict)
    protections: dict[int, dict[str, Any]] = field(default_factory=dict)
    columns: dict[int, dict[str, Any]] = field(default_factory=dict)
    filter: dict[str, Any] | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns."""
        grid = self.properties["gridProperties"]
        return grid["rowCount"], grid["columnCount"]


@dataclass
class Sheet:
    """A spreadsheet: its title, its tabs by id, in their order."""

    title: str
    grids: dict[int, Grid] = field(default_factory=dict)

    def by_title(self, title: str) -> Grid:
        """Find a tab by its title, capitals aside, as ranges do."""
        for grid in self.grids.values():
            if grid.properties["title"].casefold() == title.casefold():
                return grid
        raise AskError(f"Unable to parse range: {title}")


def apply_asks(sheet: Sheet, asks: list[dict[str, Any]]) -> Sheet:
    """Carry out all requests on a copy and give it; raises ``AskError`` where one is refused."""
    after = copy.deepcopy(sheet)
    if not asks:
        raise AskError("Must specify at least one request.")
    for at, ask in enumerate(asks):
        [(name, told)] = ask.items()
        act = ACTS.get(name)
        if act is None:
            raise AskError(f"Invalid JSON payload received. Unknown name \"{name}\" at 'requests[{at}]'")
        try:
            act(after, told)
        except AskError as error:
            raise AskError(f"Invalid requests[{at}].{name}: {error.words}", error.status) from None
    visible = [g for g in after.grids.values() if not g.properties.get("hidden")]
    if not visible:
        raise AskError("You can't remove all the visible sheets in a document.")
    if sum(g.size[0] * g.size[1] for g in after.grids.values()) > MOST_CELLS:
        raise AskError("This action would increase the number of cells in the workbook above the limit.")
    return after


def _grid(sheet: Sheet, own: Any) -> Grid:
    if own not in sheet.grids:
        raise AskError(f"No grid with id: {own}")
    return sheet.grids[own]


def _area(sheet: Sheet, told: dict[str, Any]) -> tuple[Grid, range, range]:
    known = {"sheetId", "startRowIndex", "endRowIndex", "startColumnIndex", "endColumnIndex"}
    if told.keys() - known:
        raise AskError(f"Unknown name {sorted(told.keys() - known)}")
    grid = _grid(sheet, told.get("sheetId", 0))
    rows, columns = grid.size
    down = range(told.get("startRowIndex", 0), told.get("endRowIndex", rows))
    across = range(told.get("startColumnIndex", 0), told.get("endColumnIndex", columns))
    if not down or not across or down.stop > rows or across.stop > columns:
        raise AskError(f"range exceeds grid limits. Max rows: {rows}, max columns: {columns}")
    return grid, down, across


def _check_frozen(properties: dict[str, Any]) -> None:
    grid = properties["gridProperties"]
    if grid.get("frozenRowCount", 0) >= grid["rowCount"] or grid.get("frozenColumnCount", 0) >= grid["columnCount"]:
        raise AskError("You can't freeze all visible rows or columns on the sheet.")


def _add_sheet(sheet: Sheet, told: dict[str, Any]) -> None:
    properties = {"index": len(sheet.grids), "sheetType": "GRID"} | copy.deepcopy(told["properties"])
    properties["gridProperties"] = {"rowCount": 1000, "columnCount": 26} | properties.get("gridProperties", {})
    title = properties["title"]
    if any(title.casefold() == g.properties["title"].casefold() for g in sheet.grids.values()):
        raise AskError(f'A sheet with the name "{title}" already exists. Please enter another name.')
    if properties["sheetId"] in sheet.grids:
        raise AskError(f"Sheet with id {properties['sheetId']} already exists.")
    if not title or len(title) > 100:
        raise AskError("The sheet name is not valid.")
    _check_frozen(properties)
    order = list(sheet.grids.items())
    order.insert(properties["index"], (properties["sheetId"], Grid(properties)))
    sheet.grids = dict(order)
    for index, grid in enumerate(sheet.grids.values()):
        grid.properties["index"] = index


def _delete_sheet(sheet: Sheet, told: dict[str, Any]) -> None:
    _grid(sheet, told["sheetId"])
    del sheet.grids[told["sheetId"]]


def _update_sheet(sheet: Sheet, told: dict[str, Any]) -> None:
    grid = _grid(sheet, told["properties"]["sheetId"])
    for path in told["fields"].split(","):
        outer, _, inner = path.partition(".")
        if outer != "gridProperties" or not inner:
            raise AskError(f"Unsupported field: {path}")
        grid.properties[outer][inner] = told["properties"][outer][inner]
    rows, columns = grid.size
    grid.cells = {(r, c): cell for (r, c), cell in grid.cells.items() if r < rows and c < columns}
    _check_frozen(grid.properties)


def _checked_value(value: dict[str, Any]) -> dict[str, Any]:
    [(kind, content)] = value.items()
    if kind not in KINDS or not isinstance(content, KINDS[kind]):
        raise AskError(f"Invalid value at 'user_entered_value' ({kind})")
    if kind == "stringValue" and len(content) > LONGEST_CELL:
        raise AskError("Your input contains more than the maximum of 50000 characters in a single cell.")
    if kind == "formulaValue" and not content.startswith("="):
        raise AskError("The formula does not begin with =")
    return value


def _set_facets(grid: Grid, at: tuple[int, int], told: dict[str, Any], fields: str) -> None:
    names = CELL_FACETS if fields == "*" else fields.split(",")
    if told.keys() - CELL_FACETS:
        raise AskError(f"Unknown name {sorted(told.keys() - CELL_FACETS)}")
    cell = grid.cells.setdefault(at, {})
    for name in names:
        outer, _, inner = name.partition(".")
        if outer not in CELL_FACETS:
            raise AskError(f"Invalid field: {name}")
        if inner:
            cell.setdefault(outer, {})[inner] = copy.deepcopy(told[outer][inner])
        elif outer in told:
            value = told[outer]
            cell[outer] = copy.deepcopy(_checked_value(value) if outer == "userEnteredValue" else value)
        else:
            cell.pop(outer, None)
    if not cell:
        del grid.cells[at]


def _update_cells(sheet: Sheet, told: dict[str, Any]) -> None:
    if "range" in told:
        grid, down, across = _area(sheet, told["range"])
        for at in [at for at in grid.cells if at[0] in down and at[1] in across]:
            _set_facets(grid, at, {}, told["fields"])
        return
    start = told["start"]
    grid = _grid(sheet, start["sheetId"])
    for down, row in enumerate(told["rows"], start["rowIndex"]):
        for across, cell in enumerate(row.get("values", ()), start["columnIndex"]):
            if down >= grid.size[0] or across >= grid.size[1]:
                raise AskError("Attempting to write row or column outside of the grid")
            _set_facets(grid, (down, across), cell, told["fields"])


def _repeat_cell(sheet: Sheet, told: dict[str, Any]) -> None:
    grid, down, across = _area(sheet, told["range"])
    for row in down:
        for column in across:
            _set_facets(grid, (row, column), told["cell"], told["fields"])


def _validate(sheet: Sheet, told: dict[str, Any]) -> None:
    grid, down, across = _area(sheet, told["range"])
    condition = told["rule"]["condition"]
    [value] = condition["values"]
    found = re.fullmatch(r"='((?:[^']|'')+)'!\$([A-Z]+)\$(\d+):\$([A-Z]+)\$(\d+)", value["userEnteredValue"])
    if condition["type"] != "ONE_OF_RANGE" or not found:
        raise AskError("The data validation rule is not valid")
    offered = sheet.by_title(found[1].replace("''", "'"))
    if int(found[5]) > offered.size[0] or column_of(found[4]) >= offered.size[1]:
        raise AskError("The range of the data validation rule is outside of the grid")
    for row in down:
        for column in across:
            grid.cells.setdefault((row, column), {})["dataValidation"] = told["rule"]


def _protect(sheet: Sheet, told: dict[str, Any]) -> None:
    one = copy.deepcopy(told["protectedRange"])
    grid, _, _ = _area(sheet, one["range"])
    own = 1 + max((key for each in sheet.grids.values() for key in each.protections), default=0)
    grid.protections[own] = {"protectedRangeId": own, **one}


def _unprotect(sheet: Sheet, told: dict[str, Any]) -> None:
    for grid in sheet.grids.values():
        if grid.protections.pop(told["protectedRangeId"], None):
            return
    raise AskError(f"No protected range with id: {told['protectedRangeId']}")


def _unmerge(sheet: Sheet, told: dict[str, Any]) -> None:
    _area(sheet, told["range"])


def _dimension(sheet: Sheet, told: dict[str, Any]) -> None:
    where = told["range"]
    grid = _grid(sheet, where["sheetId"])
    if where["dimension"] != "COLUMNS" or where["endIndex"] > grid.size[1]:
        raise AskError("Dimension range is out of the grid")
    for column in range(where["startIndex"], where["endIndex"]):
        grid.columns.setdefault(column, {}).update(
            {name: told["properties"][name] for name in told["fields"].split(",")}
        )


def _filter(sheet: Sheet, told: dict[str, Any]) -> None:
    grid, _, _ = _area(sheet, told["filter"]["range"])
    grid.filter = told["filter"]


ACTS = {
    "addSheet": _add_sheet,
    "deleteSheet": _delete_sheet,
    "updateSheetProperties": _update_sheet,
    "updateCells": _update_cells,
    "repeatCell": _repeat_cell,
    "setDataValidation": _validate,
    "addProtectedRange": _protect,
    "deleteProtectedRange": _unprotect,
    "unmergeCells": _unmerge,
    "updateDimensionProperties": _dimension,
    "setBasicFilter": _filter,
}


def column_of(name: str) -> int:
    """Give the number of a column by its letters; the first one is 0."""
    number = 0
    for letter in name:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1
