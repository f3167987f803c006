"""From the files to cells: everything that is written in a mapping or said of an owner, each in one cell."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from tallystick.core.record import SIDES
from tallystick.project.load import LoadedProject
from tallystick.project.sheet.cell import spell_text
from tallystick.project.sheet.columns import Cells, Column, Row, columns, settings


def gather_cells(loaded: LoadedProject, mappings: Iterable[str]) -> Cells:
    """Give the cells of these mappings and of all owners, as the files have them."""
    cells: Cells = {}
    for name in mappings:
        cells |= mapping_cells(name, written(loaded, name))
    owners = loaded.source("project").layers[-1].document.value.get("owners") or {}
    for key, owner in owners.items():
        cells[Row("owners", "", (key,))] = _cells(columns("owners"), owner)
    return cells


def written(loaded: LoadedProject, mapping: str) -> dict[str, Any]:
    """Give a mapping as it is written, before shorthands are resolved."""
    value: dict[str, Any] = loaded.source("mapping", mapping).layers[-1].document.value
    return value


def mapping_cells(name: str, document: Mapping[str, Any]) -> Cells:
    """Give the cells of one mapping as it is written."""
    cells: Cells = {}
    for field, entry in document["fields"].items():
        places: dict[str, Any] = {side: _place(entry[side]) for side in SIDES}
        cells[Row("fields", name, (field,))] = _cells(columns("fields"), {**entry, **places})
        for side in SIDES:
            _put(cells, Row("transforms", name, (field, side)), _cells(columns("transforms"), places[side]))
        for left, right in _at(entry, ("options", "map"), {}).items():
            cells[Row("options", name, (field, left))] = {"right": spell_text(right)}
    for setting, column in settings().items():
        value = column.spell(_at(document, column.path))
        _put(cells, Row("policies", name, (setting,)), {"value": value} if value else {})
    return cells


def _place(written_place: Any) -> dict[str, Any]:
    return written_place if isinstance(written_place, dict) else {"path": written_place}


def _cells(listed: Iterable[Column], entry: Mapping[str, Any]) -> dict[str, str]:
    shown = {column.name: column.spell(_at(entry, column.path)) for column in listed}
    return {name: cell for name, cell in shown.items() if cell}


def _put(cells: Cells, row: Row, found: dict[str, str]) -> None:
    if found:
        cells[row] = found


_NOTHING: Final = object()


def _at(entry: Any, path: tuple[str, ...], default: Any = None) -> Any:
    for step in path:
        entry = entry.get(step, _NOTHING) if isinstance(entry, Mapping) else _NOTHING
    return default if entry is _NOTHING or entry is None else entry
