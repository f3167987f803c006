"""Tables that are lists of options: a key, what people see, and nothing but what belongs to a choice.

A table with any column of another kind holds records of its own and is no list of options.
"""

from collections.abc import Callable
from typing import Final

from tallystick.connectors.describe.column_roles import CHANGED, CREATED, looks_like
from tallystick.connectors.sql_table import ColumnShape, ForeignKey, TableShape
from tallystick.core.path import render
from tallystick.project.manifest_shapes import OptionsFrom

_LABELS: Final = frozenset({
    "name", "label", "title", "caption", "text", "bezeichnung", "benennung", "titel", "nom", "libelle", "nombre",
    "displayname", "description", "beschreibung",
})  # fmt: skip
_CODES: Final = frozenset({"code", "key", "abbreviation", "short", "kuerzel", "kürzel", "iso", "symbol"})
_ACTIVE: Final = frozenset({"active", "enabled", "valid", "visible", "aktiv", "gueltig", "gültig", "sichtbar", "actif"})
_INACTIVE: Final = frozenset({
    "inactive", "archived", "deleted", "disabled", "hidden", "obsolete", "retired", "deprecated", "inaktiv",
    "geloescht", "gelöscht", "gesperrt",
})  # fmt: skip
_ORDER: Final = frozenset({
    "position", "order", "sortorder", "sort", "sequence", "seq", "rank", "ordering", "sortierung", "reihenfolge",
})  # fmt: skip
_NUMBERS: Final = frozenset({"integer", "number", "float"})


def option_list(shape: TableShape, found: ForeignKey) -> OptionsFrom | None:
    """Give where the options of a column with this foreign key are listed, if ``shape`` is such a list.

    ``shape`` is the table that the foreign key points to.
    """
    if len(found.referred) != 1 or len(shape.key) != 1 or shape.is_view or shape.foreign_keys:
        return None
    taken = {*found.referred, *shape.key}
    rest = [column for name, column in shape.columns.items() if name not in taken]
    roles: dict[str, str] = {}
    for column in rest:
        role = next((role for role, fits in _ROLES.items() if fits(column)), None)
        if role is None:
            return None
        roles.setdefault(role, render((column.name,)))
    # Where the key is what people see, there may be no column but it; else people need one to choose by.
    if "label" not in roles and rest:
        return None
    return OptionsFrom(
        object=shape.name,
        key="" if found.referred == shape.key else render((found.referred[0],)),
        label=roles.get("label", ""),
        active=roles.get("active", ""),
        inactive=roles.get("inactive", ""),
        order=roles.get("order", ""),
    )


def _is_flag(column: ColumnShape) -> bool:
    return column.kind == "boolean" or column.kind in _NUMBERS


_ROLES: Final[dict[str, Callable[[ColumnShape], bool]]] = {
    "inactive": lambda column: _is_flag(column) and looks_like(column.name, _INACTIVE),
    "active": lambda column: _is_flag(column) and looks_like(column.name, _ACTIVE),
    "order": lambda column: column.kind in _NUMBERS and looks_like(column.name, _ORDER),
    "time": lambda column: looks_like(column.name, CHANGED | CREATED),
    "code": lambda column: column.kind == "text" and looks_like(column.name, _CODES),
    "label": lambda column: column.kind == "text" and looks_like(column.name, _LABELS),
}
