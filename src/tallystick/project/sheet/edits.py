"""From changed cells to edits of the files, and from a place in a file back to the cell that said it."""

from collections.abc import Mapping
from typing import Any, Final

from tallystick.core.record import SIDES, Side
from tallystick.project.edit import REMOVED, Edit
from tallystick.project.sheet.cell import read_text
from tallystick.project.sheet.columns import Cells, Column, Row, columns, settings
from tallystick.project.sheet.merge import WHOLE, changes
from tallystick.project.text import DataPath

_PATH: Final = ("path",)


def mapping_edits(name: str, document: Mapping[str, Any], before: Cells, after: Cells) -> list[Edit]:
    """Give the edits that make a mapping say ``after`` where it says ``before``; ``document`` is as written.

    Raises:
        InvalidValue: a cell cannot be read.
    """
    edits: dict[tuple[str, ...], Edit] = {}
    for row, column, _, cell in changes(_of(before, name), _of(after, name)):
        for edit in _edits(row, column, cell, document, after):
            edits.setdefault(edit.path, edit)
    # What is set comes first: a mapping that loses its last key would go, and its place with it.
    return sorted(edits.values(), key=lambda edit: edit.value is REMOVED)


def owner_edits(before: Cells, after: Cells) -> list[Edit]:
    """Give the edits of ``tally.yaml`` that make the owners say ``after``. Raises ``InvalidValue``."""
    edits = []
    known = {c.name: c for c in columns("owners")}
    for row, column, _, cell in changes(_of(before, ""), _of(after, "")):
        path = ("owners", row.key[0])
        if column == WHOLE:
            new = {
                c.name: c.read(after[row][c.name]) for c in known.values() if row in after and after[row].get(c.name)
            }
            edits.append(Edit(path, new if row in after else REMOVED))
        elif row in before and row in after:
            edits.append(_edit((*path, column), known[column], cell))
    return sorted(edits, key=lambda edit: edit.value is REMOVED)


def locate(mapping: str, path: DataPath) -> tuple[Row, str]:
    """Give row and column of what is written at ``path`` of a mapping; of its field where no cell holds it alone."""
    match path:
        case ("fields", str(field), ("left" | "right") as side, *rest):
            if not rest or rest[0] == "path":
                return Row("fields", mapping, (field,)), side
            return Row("transforms", mapping, (field, side)), str(rest[0])
        case ("fields", str(field), "options", "map", str(left), *_):
            return Row("options", mapping, (field, left)), "right"
        case ("fields", str(field), *rest):
            listed = [c for c in columns("fields") if c.path == tuple(rest[: len(c.path)])]
            return Row("fields", mapping, (field,)), listed[0].name if listed else "field"
        case _:
            shared = {s: min(len(c.path), len(path)) for s, c in settings().items()}
            fits = [s for s, c in settings().items() if c.path[: shared[s]] == path[: shared[s]] and path]
            return Row("policies", mapping, (fits[0] if fits else "",)), "value"


def _of(cells: Cells, name: str) -> Cells:
    return {row: found for row, found in cells.items() if row.mapping == name}


def _edits(row: Row, column: str, cell: str, document: Mapping[str, Any], after: Cells) -> list[Edit]:
    match row.table:
        case "policies":
            setting = settings()[row.key[0]]
            return [_edit(setting.path, setting, cell)]
        case "owners":
            return []
        case _:
            field = row.key[0]
            written = document["fields"].get(field)
            if Row("fields", row.mapping, (field,)) not in after:
                return [Edit(("fields", field), REMOVED)]
            if written is None:
                return [Edit(("fields", field), _field(row.mapping, field, after))]
            return [] if column == WHOLE else [_field_edit(row, column, cell, written, after)]


def _field_edit(row: Row, column: str, cell: str, written: Mapping[str, Any], after: Cells) -> Edit:
    field = row.key[0]
    path = ("fields", field)
    if row.table == "options":
        listed = (*path, "options", "map", row.key[1])
        if not _field(row.mapping, field, after).get("options"):
            return Edit((*path, "options"), REMOVED)
        return Edit(listed, read_text(cell) if cell else REMOVED)
    known = next(c for c in columns(row.table) if c.name == column)
    side: Side | None = next((s for s in SIDES if s in (column, *row.key[1:])), None)
    if row.table == "fields" and side is None:
        return _edit((*path, *known.path), known, cell)
    assert side is not None
    if isinstance(written.get(side), dict):
        inside = _PATH if row.table == "fields" else known.path
        return _edit((*path, side, *inside), known, cell)
    return Edit((*path, side), _place(row.mapping, field, side, after))


def _edit(path: tuple[str, ...], column: Column, cell: str) -> Edit:
    return Edit(path, column.read(cell) if cell else REMOVED)


def _field(mapping: str, field: str, cells: Cells) -> dict[str, Any]:
    """Make a whole field of its cells."""
    own = cells.get(Row("fields", mapping, (field,)), {})
    made: dict[str, Any] = {}
    for side in SIDES:
        made[side] = _place(mapping, field, side, cells) or ""  # a blank path is a path; lint says what it lacks
    pairs = {
        row.key[1]: read_text(found["right"])
        for row, found in cells.items()
        if row.table == "options" and row.mapping == mapping and row.key[0] == field and found.get("right")
    }
    if pairs:
        made["options"] = {"map": pairs}
    for column in columns("fields"):
        if column.name not in SIDES and own.get(column.name):
            here = made
            for step in column.path[:-1]:
                here = here.setdefault(step, {})
            here[column.path[-1]] = column.read(own[column.name])
    return made


def _place(mapping: str, field: str, side: Side, cells: Cells) -> Any:
    """Make a place of its cells, in the short form where that says it."""
    own = cells.get(Row("fields", mapping, (field,)), {})
    place: dict[str, Any] = {"path": read_text(own[side])} if own.get(side) else {}
    said = cells.get(Row("transforms", mapping, (field, side)), {})
    place |= {c.name: c.read(said[c.name]) for c in columns("transforms") if said.get(c.name)}
    return place["path"] if list(place) == ["path"] else place
