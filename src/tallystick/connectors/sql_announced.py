"""All columns of a table as fields, as the database told them when the table was first used."""

from collections.abc import Mapping
from typing import Final

from tallystick.connectors.sql_table import ColumnShape, Kind, TableShape
from tallystick.core.path import render
from tallystick.core.schema import Field, Type

_TYPES: Final[Mapping[Kind, Type]] = {
    "text": "text", "uuid": "text", "integer": "integer", "number": "number", "float": "number",
    "boolean": "boolean", "date": "date", "array": "list",
}  # fmt: skip


def announced_fields(shape: TableShape) -> tuple[Field, ...]:
    """Give a field for each column; required is one that an insert cannot leave out."""
    return tuple(map(_field, shape.columns.values()))


def _field(column: ColumnShape) -> Field:
    is_kept = column.default or column.generated or column.numbered
    return Field(
        render((column.name,)),
        _TYPES.get(column.kind, "any"),
        required=not column.nullable and not is_kept,
        nullable=column.nullable,
        read_only=column.generated,
        max_length=column.max_length,
    )
