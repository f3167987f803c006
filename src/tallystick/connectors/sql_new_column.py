"""Add a column to a table: the one change of a system's structure that Tallystick makes, and only where it may."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
    schema,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql.elements import quoted_name

from tallystick.connectors.sql_engine import dialect_of, open_engine, read_address
from tallystick.connectors.sql_errors import explain
from tallystick.connectors.sql_inspect import inspect_table
from tallystick.core.error import ProjectError
from tallystick.core.path import parse
from tallystick.core.schema import Field, Type
from tallystick.project.manifest import ObjectSpec

_TYPES: Final[Mapping[Type, Any]] = {
    "text": Text, "integer": BigInteger, "number": Numeric, "boolean": Boolean, "date": Date,
    "instant": lambda: DateTime(timezone=True), "local_time": DateTime,
}  # fmt: skip
_ABLE: Final = frozenset({"sqlite", "postgresql", "mysql"})


def add_column(system: str, url: str, object_name: str, spec: ObjectSpec, field: Field, *, timeout: float = 30) -> None:
    """Add a column that may be empty; values of a text with a length get that length.

    Raises:
        ProjectError: the database or the type is none for which we can do so, or the column is there already.
        AccessError: the database does not let us.
        Unavailable: it does not answer.
    """
    place = f"{system}/{object_name}"
    path = parse(field.path)
    by_hand = "add the column by hand, then map it: tally drift --map"
    if len(path) != 1 or field.type not in _TYPES:
        raise ProjectError(
            f"no column can be made for '{field.path}' of the type {field.type}", hint=by_hand, place=place
        )
    address = read_address(url, system)
    if dialect_of(address) not in _ABLE:
        raise ProjectError("columns are added to SQLite, PostgreSQL and MySQL only", hint=by_hand, place=place)
    table, where = (spec.table.name, spec.table.schema_name) if spec.table else (object_name, "")
    name, kind = str(path[0]), String(field.max_length) if field.type == "text" and field.max_length else None
    engine = open_engine(address, system, timeout=timeout, connect_timeout=timeout, connections=1)
    try:
        with engine.begin() as connection:
            if name in inspect_table(connection, table, where, place=place).columns:
                raise ProjectError(f"there is a column '{name}' already", hint=by_hand, place=place)
            column = Column(quoted_name(name, quote=True), kind or _TYPES[field.type](), nullable=True)
            made = Table(quoted_name(table, quote=True), MetaData(), column, schema=where or None)
            quoted = connection.dialect.identifier_preparer.format_table(made)
            words = schema.CreateColumn(column).compile(dialect=connection.dialect)
            # Not through text(), where a colon in a name would be a parameter and a percent sign doubled twice.
            connection.exec_driver_sql(f"ALTER TABLE {quoted} ADD COLUMN {words}")
    except SQLAlchemyError as error:
        raise explain(error, place) from error
    finally:
        engine.dispose()
