"""What the sheet shows of a mapping: tables, their columns, what may stand in a cell. Made from the models.

    fields       a row for each field, a tab for each mapping
    transforms   a row for each field and side
    options      a row for each pair of options
    policies     a row for each setting of a mapping
    owners       a row for each person

A setting that the models get appears here by itself.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal, NamedTuple

from tallystick.core.error import InvalidValue
from tallystick.project.json_schema import mapping_schema, project_schema
from tallystick.project.sheet.cell import read_text, read_value, spell_text, spell_value

Table = Literal["fields", "transforms", "options", "policies", "owners"]
TABLES: Final[tuple[Table, ...]] = ("fields", "transforms", "options", "policies", "owners")
KEYS: Final[Mapping[Table, tuple[str, ...]]] = {
    "fields": ("field",),
    "transforms": ("mapping", "field", "side"),
    "options": ("mapping", "field", "left"),
    "policies": ("mapping", "setting"),
    "owners": ("owner",),
}
"""The columns that say which row it is; the mapping of a row in ``fields`` is its tab's."""


class Row(NamedTuple):
    """Names one row: its table, its mapping (none for owners), its key."""

    table: Table
    mapping: str
    key: tuple[str, ...]

    @property
    def entity(self) -> "Row | None":
        """The row that this one belongs to: a field for all that is said of it; ``None`` for a setting."""
        if self.table == "policies":
            return None
        return self if self.table == "owners" else Row("fields", self.mapping, self.key[:1])

    @property
    def title(self) -> str:
        """The name that people see."""
        return "/".join(part for part in (self.mapping or self.table, *self.key) if part)


Cells = dict[Row, dict[str, str]]
"""Rows with what stands in their columns; blank cells are left out."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column, or one row of ``policies``: where its value stands below the row's own entry, and what it may be."""

    name: str
    path: tuple[str, ...]
    is_text: bool = True
    choices: tuple[str, ...] = ()
    about: str = ""

    def spell(self, value: Any) -> str:
        """Write a value as a cell."""
        if value is None:
            return ""
        return spell_text(value) if self.is_text and isinstance(value, str) else spell_value(value)

    def read(self, cell: str) -> Any:
        """Read a cell that is not blank. Raises ``InvalidValue``."""
        if self.choices:
            cell = {choice.casefold(): choice for choice in self.choices}.get(cell.strip().casefold(), cell)
        return read_text(cell) if self.is_text else read_value(cell)

    def tidied(self, cell: str) -> str:
        """Write a cell as ``spell`` would have written what it says. Raises ``InvalidValue``."""
        if not cell.strip():
            return ""
        value = self.read(cell)
        if value is None:
            raise InvalidValue("'null' is no value here", hint="leave the cell blank")
        return self.spell(value)


@cache
def columns(table: Table) -> tuple[Column, ...]:
    """Give the columns of a table that may be edited, without those that name its rows."""
    schema = mapping_schema()["$defs"]
    match table:
        case "fields":
            ends = [Column(side, (side, "path"), about=_PLACES) for side in ("left", "right")]
            own = list(_columns(schema["FieldSpec"], skip={"left", "right", "options"}))
            first = {c.name: c for c in own}
            ordered = [first.pop(name) for name in ("direction", "owner", "note") if name in first]
            listed = _columns(schema["OptionsSpec"], skip={"map"}, above=("options",))
            return (*ends, *ordered, *first.values(), *listed)
        case "transforms":
            return tuple(_columns(schema["PlaceSpec"], skip={"path"}))
        case "options":
            return (Column("right", (), about="The option of the right side; blank: not mapped."),)
        case "policies":
            return (Column("value", (), is_text=False, about="What is set; blank: the default beside it."),)
        case "owners":
            return tuple(_columns(project_schema()["$defs"]["Owner"]))


@cache
def settings() -> Mapping[str, Column]:
    """Give the settings of a mapping as a whole, by name, in the order of the reference."""
    schema = mapping_schema()
    found: dict[str, Column] = {}
    for name, entry in schema["properties"].items():
        if name == "fields":
            continue
        part = _part(schema, entry)
        each = _columns(part, above=(name,)) if part else _columns({"properties": {name: entry}})
        found |= {column.name: column for column in each}
    return found


def defaults() -> Mapping[str, str]:
    """Give what counts where a setting is blank, by name of the setting, as far as it can be said in a cell."""
    schema = mapping_schema()
    found = {}
    for column in settings().values():
        here: Any = schema
        for step in column.path:
            entry = here["properties"][step]
            here = _part(schema, entry) or entry
        found[column.name] = spell_value(here.get("default")) if here.get("default") not in ({}, [], "") else ""
    return found


def column_of(row: Row, name: str) -> Column | None:
    """Give the column of a row by its name; ``None`` if there is none, as for a setting that is not known."""
    if row.table == "policies":
        return settings().get(row.key[0]) if name == "value" else None
    return next((c for c in columns(row.table) if c.name == name), None)


_PLACES: Final = "Where the value stands in the system's record. A path goes inside with dots: address.city"


def _part(schema: Mapping[str, Any], entry: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Give the part of a schema that an entry must be, if it is one mapping of named settings."""
    reference = entry.get("$ref", "").rpartition("/")[2]
    part: Mapping[str, Any] | None = schema["$defs"].get(reference)
    return part if part is not None and "properties" in part else None


def _columns(part: Mapping[str, Any], skip: set[str] | None = None, above: tuple[str, ...] = ()) -> Iterator[Column]:
    for name, entry in part["properties"].items():
        if name in (skip or ()):
            continue
        path = (*above, name)
        kinds = [kind for kind in entry.get("anyOf", [entry]) if kind.get("type") != "null"]
        choices = tuple(word for kind in kinds for word in kind.get("enum", ()))
        is_text = len(kinds) == 1 and kinds[0].get("type") == "string"
        if len(kinds) == 1 and kinds[0].get("type") == "boolean":
            choices = ("true", "false")
        about = " ".join(entry.get("description", "").replace("``", "`").split())
        yield Column(".".join(path), path, is_text, choices, about)
