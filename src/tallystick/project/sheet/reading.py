"""From the tabs of a file that people edited to cells: rows known again by their hidden ids, everything else checked.

What the file does not show (a tab or column that is not there) is not said and stays as it was exported. All problems
are gathered, each with its tab and cell.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from tallystick.core.error import InvalidValue, Problem, ProjectError
from tallystick.core.record import SIDES
from tallystick.project.near import suggest
from tallystick.project.sheet.book import MARK, REMOVE, FoundBook, FoundTab, Unreadable
from tallystick.project.sheet.cell import read_text
from tallystick.project.sheet.columns import KEYS, TABLES, Cells, Row, Table, column_of, columns, settings
from tallystick.project.sheet.tabs import row_id

_YES: Final = frozenset({"x", "yes", "true", "1", "ja"})
_LETTERS: Final = 26


@dataclass(slots=True)
class SheetCells:
    """What a sheet says: its cells, what it has columns for, where each cell stands, what is wrong with it."""

    file: str
    cells: Cells = field(default_factory=dict)
    said: set[tuple[Table, str, str]] = field(default_factory=set)
    places: dict[tuple[Row, str], str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    tabs: int = 0

    def place(self, row: Row, column: str) -> str:
        """Say where a cell stands; where its row begins, if it has no cell of its own."""
        found = self.places.get((row, column)) or self.places.get((row, KEYS[row.table][-1]))
        return found or self.file


def read_cells(book: FoundBook, mappings: Sequence[str]) -> SheetCells:
    """Read the cells of a sheet with these mappings.

    Raises:
        ProjectError: no tab of the file was exported from a project.
    """
    found = SheetCells(book.file)
    for tab in book.tabs:
        first = tab.rows[0][0] if tab.rows and tab.rows[0] else ""
        table, _, mapping = str(first).removeprefix(MARK).partition(":")
        if not isinstance(first, str) or not first.startswith(MARK) or table not in TABLES:
            continue
        if table == "fields" and mapping not in mappings:
            continue
        found.tabs += 1
        _Reading(found, tab, table, mapping, mappings).read()
    if not found.tabs:
        raise ProjectError(
            "no tab of the file can be merged",
            hint="the first cell of each exported tab says what it is: export it again, and edit that",
            place=book.file,
        )
    found.problems += _strays(found)
    return found


def fill_in(found: SheetCells, before: Cells) -> Cells:
    """Give the sheet's cells, with those of ``before`` where the sheet has no tab or no column for them."""
    cells = {row: dict(said) for row, said in found.cells.items()}
    for row, said in before.items():
        has_tab = any(table == row.table and mapping in {"", row.mapping} for table, mapping, _ in found.said)
        if not has_tab:
            cells[row] = dict(said)
            continue
        for column, cell in said.items():
            at = row.mapping if row.table == "fields" else ""
            if (row.table, at, column) not in found.said and (row in cells or row != row.entity):
                cells.setdefault(row, {})[column] = cell
    return cells


@dataclass(slots=True)
class _Entry:
    """A line with its cells by heading, the id it brought, and the key it shows."""

    number: int
    cells: dict[str, str]
    id: str
    key: tuple[str, ...]


class _Reading:
    def __init__(self, found: SheetCells, tab: FoundTab, table: Table, mapping: str, mappings: Sequence[str]) -> None:
        self.found = found
        self.tab = tab
        self.table = table
        self.mapping = mapping
        self.mappings = mappings
        heads = [head.strip() if isinstance(head, str) else "" for head in tab.rows[0]]
        self.heads = {head: at for at, head in reversed(list(enumerate(heads))) if at and head}

    def read(self) -> None:
        missing = [name for name in KEYS[self.table] if name not in self.heads]
        if missing:
            self.complain(1, "", f"the column '{missing[0]}' is missing", "export the sheet again, or name it so again")
            return
        known = [c.name for c in columns(self.table)]
        self.found.said |= {(self.table, self.mapping, name) for name in known if name in self.heads}
        entries = list(self.entries())
        originals = {entry.id for entry in entries if entry.id == self.id_of(entry.key)}
        for entry in entries:
            if self.is_itself(entry, originals):
                self.take(entry)

    def entries(self) -> Iterator[_Entry]:
        """Give the lines that say anything; keys are read, cells are as found."""
        editable = {*KEYS[self.table], *(c.name for c in columns(self.table)), REMOVE}
        for number, row in enumerate(self.tab.rows[1:], 2):
            cells = {}
            for head in editable & self.heads.keys():
                at = self.heads[head]
                cell = row[at] if at < len(row) else ""
                if isinstance(cell, Unreadable):
                    self.complain(number, head, cell.message, cell.hint)
                elif cell.strip():
                    cells[head] = cell
            first = row[0] if row else ""
            own = first.strip() if isinstance(first, str) else ""
            if not cells and not own:
                continue
            try:
                key = tuple(read_text(cells.get(name, "")) for name in KEYS[self.table])
            except InvalidValue as wrong:
                self.complain(number, KEYS[self.table][-1], wrong.message, wrong.hint)
                continue
            yield _Entry(number, cells, own, key)

    def is_itself(self, entry: _Entry, originals: set[str]) -> bool:
        """Whether a line shows the key that its id stands for, or is a new one; complains of others."""
        own = KEYS[self.table]
        blank = next(
            (name for name, part in zip(own, entry.key, strict=True) if not part and name not in entry.cells), ""
        )
        if blank:
            if entry.id or entry.cells.keys() - set(own) or self.table == "fields":
                self.complain(entry.number, blank, f"'{blank}' is blank", "fill it in, or clear the whole line")
            return False
        # A line that was copied brings its original's id along.
        if not entry.id or entry.id == self.id_of(entry.key) or entry.id in originals:
            return True
        was = _ids(entry.id)
        now = _ids(self.id_of(entry.key))
        if self.table == "options" and was[:-1] == now[:-1]:
            return True
        changed = next((own[i - len(now)] for i in range(len(now)) if was[i : i + 1] != now[i : i + 1]), own[-1])
        changed = changed if changed in own else own[-1]
        hint = f"put '{'/'.join(map(str, was)) or '?'}' back; to begin a new one, use a free line below"
        self.complain(entry.number, changed, f"'{changed}' says which row this is, and was changed", hint)
        return False

    def id_of(self, key: tuple[str, ...]) -> str:
        return row_id(self.row(key))

    def row(self, key: tuple[str, ...]) -> Row:
        return Row(self.table, key[0], key[1:]) if "mapping" in KEYS[self.table] else Row(self.table, self.mapping, key)

    def take(self, entry: _Entry) -> None:
        row = self.row(entry.key)
        if not self.is_known(entry, row):
            return
        for head in entry.cells.keys() | set(KEYS[self.table]) | {c.name for c in columns(self.table)}:
            self.found.places.setdefault((row, head), self.address(entry.number, head))
        if entry.cells.get(REMOVE, "").strip().casefold() in _YES:
            return
        if row in self.found.cells:
            self.complain(entry.number, KEYS[self.table][-1], f"'{row.title}' is there twice", "keep one of the two")
            return
        cells = {}
        for name in (c.name for c in columns(self.table)):
            column = column_of(row, name)
            if name in entry.cells and column is not None:
                try:
                    cells[name] = column.tidied(entry.cells[name])
                except InvalidValue as wrong:
                    self.complain(entry.number, name, wrong.message, wrong.hint)
        if cells or row == row.entity:
            self.found.cells[row] = cells

    def is_known(self, entry: _Entry, row: Row) -> bool:
        """Whether what the key names is there; complains of what is not."""
        if row.mapping and row.mapping not in self.mappings:
            hint = suggest(row.mapping, self.mappings, what="mappings of this sheet")
            self.complain(entry.number, "mapping", f"this sheet has no mapping '{row.mapping}'", hint)
            return False
        if self.table == "transforms" and row.key[1] not in SIDES:
            self.complain(entry.number, "side", f"'{row.key[1]}' is no side", "write left or right")
            return False
        if self.table == "policies" and row.key[0] not in settings():
            hint = suggest(row.key[0], settings(), what="settings")
            self.complain(entry.number, "setting", f"there is no setting '{row.key[0]}'", hint)
            return False
        return True

    def address(self, number: int, head: str) -> str:
        return f"{self.found.file}!{self.tab.title}!{letters(self.heads.get(head, 0))}{number}"

    def complain(self, number: int, head: str, message: str, hint: str = "") -> None:
        self.found.problems.append(Problem(self.address(number, head), 0, 0, message, hint))


def _strays(found: SheetCells) -> Iterator[Problem]:
    """Complain of what is said of fields that the sheet does not have."""
    shown = {mapping for table, mapping, _ in found.said if table == "fields"}
    for row in found.cells:
        entity = row.entity
        is_stray = entity is not None and entity not in found.cells and (entity, "field") not in found.places
        if is_stray and row != entity and row.mapping in shown:
            known = [r.key[0] for r in found.cells if r.table == "fields" and r.mapping == row.mapping]
            hint = suggest(row.key[0], known, what="fields")
            place = found.place(row, "field")
            yield Problem(place, 0, 0, f"{row.mapping} has no field '{row.key[0]}'", hint)


def _ids(text: str) -> list[object]:
    try:
        found = json.loads(text)
    except ValueError:
        return []
    return found if isinstance(found, list) else []


def letters(at: int) -> str:
    """Name a column as spreadsheets do; the first one is 0."""
    text = ""
    at += 1
    while at:
        at, rest = divmod(at - 1, _LETTERS)
        text = chr(ord("A") + rest) + text
    return text
