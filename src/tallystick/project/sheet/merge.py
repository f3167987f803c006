"""The three-way merge: what was exported, what the files say now, what the sheet says now.

    base = files   the sheet's cell counts          base = sheet   the files' cell counts
    files = sheet  both did the same                all different  a conflict: nobody guesses

A field or owner that one side removed goes, unless the other side changed anything of it. Where the base is not known,
every difference is a conflict. Pure: cells in, cells and conflicts out.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from tallystick.project.sheet.columns import Cells, Row

Take = Literal["sheet", "yaml"]
WHOLE: Final = ""
"""Stands for a whole row in the place of a column."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A cell that both sides changed, each to something else; or a row that one removed and the other changed.

    ``base`` is ``None`` where it is not known. For a whole row the three say what was done to it.
    """

    row: Row
    column: str
    base: str | None
    yaml: str
    sheet: str

    @property
    def title(self) -> str:
        """The name by which a person settles it: ``mapping/field/column``."""
        return f"{self.row.title}/{self.column}" if self.column else self.row.title


Choose = Callable[[Conflict], Take | None]


@dataclass(slots=True)
class Merged:
    """What the merge came to: the cells, the conflicts that are left, how many were settled by ``take``."""

    cells: Cells = field(default_factory=dict)
    conflicts: list[Conflict] = field(default_factory=list)
    settled: int = 0


def undecided(conflict: Conflict) -> Take | None:
    """Settle nothing."""
    del conflict
    return None


def merge_cells(base: Cells | None, yaml: Cells, sheet: Cells, choose: Choose = undecided) -> Merged:
    """Merge cell by cell. ``choose`` settles conflicts; those that it leaves stay in the result, with the files' value.

    ``base`` is ``None`` where it is not known.
    """
    return _Merging(base, yaml, sheet, choose).merged()


class _Merging:
    def __init__(self, base: Cells | None, yaml: Cells, sheet: Cells, choose: Choose) -> None:
        self.base = base
        self.yaml = yaml
        self.sheet = sheet
        self.choose = choose
        self.result = Merged()

    def merged(self) -> Merged:
        groups: dict[Row | None, list[Row]] = {}
        # The files' order comes first, then what the sheet adds in the sheet's order.
        for row in dict.fromkeys((*self.yaml, *self.sheet, *(self.base or {}))):
            groups.setdefault(row.entity, []).append(row)
        for entity, rows in groups.items():
            if entity is None or (entity in self.yaml) == (entity in self.sheet):
                self.merge_rows(rows)
            else:
                self.merge_removal(entity, rows)
        return self.result

    def merge_rows(self, rows: list[Row]) -> None:
        for row in rows:
            if row.entity is not None and row.entity not in self.yaml:
                continue  # gone on both sides
            cells: dict[str, str] = {}
            for column in _columns(row, self.base or {}, self.yaml, self.sheet):
                cell = self.merge_cell(row, column)
                if cell:
                    cells[column] = cell
            if cells or row == row.entity:
                self.result.cells[row] = cells

    def merge_cell(self, row: Row, column: str) -> str:
        yaml, sheet = _cell(self.yaml, row, column), _cell(self.sheet, row, column)
        base = None if self.base is None else _cell(self.base, row, column)
        if sheet in {yaml, base}:
            return yaml
        if yaml == base:
            return sheet
        taken = self.settle(Conflict(row, column, base, yaml, sheet))
        return sheet if taken == "sheet" else yaml

    def merge_removal(self, entity: Row, rows: list[Row]) -> None:
        """Only one side has the row: it is new there, or was removed on the other."""
        there = self.yaml if entity in self.yaml else self.sheet
        if self.base is not None and entity not in self.base:
            self.keep(there, rows)
            return
        changed = [] if self.base is None else _changed(self.base, there, rows)
        if self.base is not None and not changed:
            return
        said = f"changed: {', '.join(changed)}" if changed else "there"
        is_in_files = there is self.yaml
        base = None if self.base is None else "there"
        yaml, sheet = (said, "not there") if is_in_files else ("not there", said)
        taken = self.settle(Conflict(entity, WHOLE, base, yaml, sheet))
        if (taken == "sheet") != is_in_files:
            self.keep(there, rows)

    def keep(self, there: Cells, rows: list[Row]) -> None:
        self.result.cells |= {row: there[row] for row in rows if row in there}

    def settle(self, conflict: Conflict) -> Take | None:
        taken = self.choose(conflict)
        if taken is None:
            self.result.conflicts.append(conflict)
        else:
            self.result.settled += 1
        return taken


def changes(before: Cells, after: Cells) -> Iterator[tuple[Row, str, str, str]]:
    """Give what differs: row, column, cell before, cell after. A row that is new or gone comes first as a whole."""
    for row in dict.fromkeys((*before, *after)):
        if row == row.entity and (row in before) != (row in after):
            yield row, WHOLE, "there" if row in before else "not there", "there" if row in after else "not there"
        for column in _columns(row, before, after):
            old, new = _cell(before, row, column), _cell(after, row, column)
            if old != new:
                yield row, column, old, new


def _columns(row: Row, *of: Cells) -> list[str]:
    return list(dict.fromkeys(column for cells in of for column in cells.get(row, {})))


def _cell(cells: Cells, row: Row, column: str) -> str:
    return cells.get(row, {}).get(column, "")


def _changed(base: Cells, there: Cells, rows: list[Row]) -> list[str]:
    """Name what one side changed of a row and of all that belongs to it."""
    found = []
    for row in rows:
        for column in _columns(row, base, there):
            if _cell(base, row, column) != _cell(there, row, column):
                inside = "/".join((*row.key[1:], column)) if row.table != "owners" else column
                found.append(inside)
    return found
