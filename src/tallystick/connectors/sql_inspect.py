"""Reads a database's catalogue: which tables and views there are, and the shape of one of them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Inspector, inspect, select, text, types

from tallystick.connectors.sql_log_names import ROW_TRIGGER
from tallystick.connectors.sql_mysql import mysql_kind, with_mysql_specifics
from tallystick.connectors.sql_table import (
    MOMENTS,
    RETURNS_ROWS,
    ColumnShape,
    ForeignKey,
    Kind,
    TableShape,
    dialect_of,
    nearest,
)
from tallystick.connectors.sql_time import learn_spelling
from tallystick.core.error import ProjectError

# Order matters: the first that fits counts, and several of these are special cases of later ones.
_KINDS: tuple[tuple[type[Any] | tuple[type[Any], ...], Kind], ...] = (
    (types.Enum, "text"),
    (types.Uuid, "uuid"),
    (types.JSON, "json"),
    (types.ARRAY, "array"),
    (types.Boolean, "boolean"),
    (types.Date, "date"),
    (types.Time, "time"),
    (types.Interval, "other"),
    (types.Float, "float"),
    (types.Numeric, "number"),
    (types.Integer, "integer"),
    (types.LargeBinary, "binary"),
    (types.String, "text"),
)

# Some rows only, or only the beginning of a text.
_ONLY_PART = ("_where", "mysql_length", "mariadb_length")


def table_names(connection: Connection, schema: str = "") -> tuple[list[str], list[str]]:
    """Name the tables and the views of a schema, sorted."""
    found = inspect(connection)
    views = set(found.get_view_names(schema or None))
    if connection.dialect.name == "postgresql":
        views |= set(found.get_materialized_view_names(schema or None))
    return sorted(set(found.get_table_names(schema or None)) - views), sorted(views)


def inspect_table(
    connection: Connection, name: str, schema: str = "", samples: Sequence[str] = (), place: str = ""
) -> TableShape:
    """Read the shape of a table or view.

    Columns of instants in SQLite, and every text column in ``samples``, are looked into to learn how they spell time.
    Raises ``ProjectError`` with the most similar name where there is no such table.
    """
    tables, views = table_names(connection, schema)
    if name not in tables and name not in views:
        where = f" in schema '{schema}'" if schema else ""
        hint = f"{nearest(name, [*tables, *views])}; this user may also lack the right to see it"
        raise ProjectError(f"there is no table '{name}'{where}", hint=hint, place=place)
    shape = _with_specifics(connection, _shape(connection, inspect(connection), name, schema, is_view=name in views))
    for column in _moments(shape, samples):
        shape.spellings[column] = learn_spelling(_sample(connection, shape, column, ends=column in samples))
    return shape


def _shape(connection: Connection, found: Inspector, name: str, schema: str, *, is_view: bool) -> TableShape:
    where = schema or None
    key = tuple(found.get_pk_constraint(name, where)["constrained_columns"]) if not is_view else ()
    uniques, constraints = _uniques(found, name, where, key)
    numbered = key if _numbers_rows(found, name, where, key) else ()
    falling = _falling(connection, found, name, where)
    keys = tuple(
        ForeignKey(
            tuple(each["constrained_columns"]), each["referred_table"], each["referred_schema"] or "",
            tuple(each["referred_columns"]), each["constrained_columns"][0] in falling,
        )
        for each in found.get_foreign_keys(name, where)
    )  # fmt: skip
    constraints |= {
        str(each["name"]): tuple(each["constrained_columns"])
        for each in found.get_foreign_keys(name, where)
        if each["name"]
    }
    return TableShape(
        dialect=dialect_of(connection.dialect.name),
        name=name,
        schema=schema,
        columns={column["name"]: _column(column, numbered) for column in _columns(found, name, where)},
        key=key,
        uniques=uniques,
        indexed=tuple(dict.fromkeys(each["column_names"][0] for each in _indexes(found, name, where))),
        foreign_keys=keys,
        checks=tuple((each["name"] or "", each["sqltext"]) for each in found.get_check_constraints(name, where)),
        constraints=constraints,
        is_view=is_view,
    )


def _columns(found: Inspector, name: str, schema: str | None) -> Iterator[Any]:
    for column in found.get_columns(name, schema):
        # MySQL's are read from the statement that would make the table, where a backtick in a name is doubled.
        doubled = found.dialect.name == "mysql" and "``" in column["name"]
        yield column | {"name": column["name"].replace("``", "`")} if doubled else column


def _falling(connection: Connection, found: Inspector, name: str, schema: str | None) -> set[str]:
    """Name the columns whose row is deleted with the row that they point to."""
    if connection.dialect.name == "sqlite":
        # The inspector tells it only of keys that stand at the end of the table's definition.
        query = text("SELECT \"from\" FROM pragma_foreign_key_list(:name) WHERE upper(on_delete) = 'CASCADE'")
        return {row[0] for row in connection.execute(query, {"name": name})}
    options = ((each["constrained_columns"], each.get("options", {})) for each in found.get_foreign_keys(name, schema))
    return {columns[0] for columns, how in options if str(how.get("ondelete", "")).upper() == "CASCADE"}


def _indexes(found: Inspector, name: str, schema: str | None) -> Iterator[Any]:
    """Give the indexes over plain columns of the whole table: not those over expressions or some rows only."""
    # SQLite makes an index for each unique constraint, however that is spelled, but does not list it unasked.
    every = {"include_auto_indexes": True} if found.dialect.name == "sqlite" else {}
    for index in found.get_indexes(name, schema, **every):
        partial = any(option.endswith(_ONLY_PART) and value is not None for option, value in _options(index))
        if not partial and index["column_names"] and None not in index["column_names"]:
            yield index


def _options(index: Any) -> list[tuple[str, Any]]:
    return list((index.get("dialect_options") or {}).items())


def _uniques(
    found: Inspector, name: str, schema: str | None, key: tuple[str, ...]
) -> tuple[tuple[tuple[str, ...], ...], dict[str, tuple[str, ...]]]:
    every = [
        *found.get_unique_constraints(name, schema),
        *(each for each in _indexes(found, name, schema) if each["unique"]),
    ]
    named = [(each["name"], tuple(each["column_names"])) for each in every]
    if key:
        named.append((found.get_pk_constraint(name, schema)["name"], key))
    return tuple(dict.fromkeys(columns for _, columns in named)), {
        str(each): columns for each, columns in named if each
    }


def _numbers_rows(found: Inspector, name: str, schema: str | None, key: tuple[str, ...]) -> bool:
    """Whether SQLite numbers the rows by the key: it does for exactly one INTEGER column, and says so nowhere."""
    if found.dialect.name != "sqlite" or len(key) != 1:
        return False
    types_of = {column["name"]: str(column["type"]).upper() for column in found.get_columns(name, schema)}
    return types_of[key[0]] == "INTEGER" and _has_rowid(found, name, schema)


def _has_rowid(found: Inspector, name: str, schema: str | None) -> bool:
    return found.get_table_options(name, schema).get("sqlite_with_rowid", True) is True


def _column(found: Any, numbered: tuple[str, ...]) -> ColumnShape:
    # Only PostgreSQL's domains have one; to ask for their class would load its dialect for every SQLite file too.
    kind_type = getattr(found["type"], "data_type", found["type"])
    kind = _kind(kind_type)
    name = found["name"]
    default = found.get("default")
    return ColumnShape(
        name=name,
        kind=kind,
        nullable=bool(found["nullable"]) and name not in numbered,
        default=default is not None or _is_numbered(found) or name in numbered,
        generated="computed" in found or bool((found.get("identity") or {}).get("always")),
        numbered=name in numbered or _is_numbered(found) or "nextval(" in str(default),
        max_length=getattr(kind_type, "length", None) if kind == "text" else None,
        options=tuple(getattr(kind_type, "enums", None) or ()),
        comment=found.get("comment") or "",
    )


def _is_numbered(found: Any) -> bool:
    return "identity" in found or found.get("autoincrement") is True


def _kind(found: Any) -> Kind:
    if special := mysql_kind(found):
        return special
    if isinstance(found, types.DateTime):
        return "instant" if found.timezone else "local_time"
    return next((kind for each, kind in _KINDS if isinstance(found, each)), "other")


def _with_specifics(connection: Connection, shape: TableShape) -> TableShape:
    """Add what only the database's own catalogue tells: triggers, sequences, lengths of domains."""
    if shape.dialect == "mysql":
        return with_mysql_specifics(connection, shape)
    if shape.dialect == "odbc":
        return replace(shape, is_atomic=bool(getattr(connection.dialect, "is_atomic", True)))
    if shape.dialect not in RETURNS_ROWS:
        return shape
    if shape.dialect == "sqlite":
        counted = text("SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :name COLLATE NOCASE")
        triggered = bool(connection.execute(counted, {"name": shape.name}).scalar())
        return replace(shape, triggered=triggered, rowid=_rowid(connection, shape))
    named = {"name": shape.qualified}
    lengths: dict[str, int] = {row[0]: row[1] for row in connection.execute(text(_DOMAIN_LENGTHS), named)}
    numbering = {}
    for column in shape.columns.values():
        if column.numbered:
            sequence = text("SELECT pg_get_serial_sequence(:name, :column)")
            numbering[column.name] = connection.execute(sequence, named | {"column": column.name}).scalar() or ""
    return replace(
        shape,
        columns={
            name: replace(column, max_length=lengths.get(name, column.max_length))
            for name, column in shape.columns.items()
        },
        triggered=bool(connection.execute(text(_LATER_CHANGES), named | {"ours": ROW_TRIGGER}).scalar()),
        numbering={name: found for name, found in numbering.items() if found},
        is_copy=bool(connection.execute(text(_IS_COPY)).scalar()),
    )


def _rowid(connection: Connection, shape: TableShape) -> str:
    """Give the name that SQLite's number of a row goes by; nothing for a view, a virtual table or one without it."""
    stored = text(
        "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = :name COLLATE NOCASE AND rootpage"
    )
    if not connection.execute(stored, {"name": shape.name}).scalar() or not _has_rowid(
        inspect(connection), shape.name, shape.schema or None
    ):
        return ""
    taken = {name.lower() for name in shape.columns}
    return next((name for name in ("rowid", "_rowid_", "oid") if name not in taken), "")


# Bits of tgtype: 2 is BEFORE; what runs before a row is written is part of what the statement returns. A change log's
# own trigger leaves the row alone.
_LATER_CHANGES = """
SELECT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = CAST(:name AS regclass) AND NOT tgisinternal
  AND tgenabled <> 'D' AND tgtype & 2 = 0 AND tgname <> :ours)
OR EXISTS (SELECT FROM pg_rewrite WHERE ev_class = CAST(:name AS regclass) AND ev_type <> '1')"""
_IS_COPY = "SELECT coalesce(current_setting('in_hot_standby', true), 'off') = 'on'"
# The length of a varchar is kept with four bytes added.
_DOMAIN_LENGTHS = """
SELECT a.attname, t.typtypmod - 4 FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = CAST(:name AS regclass) AND t.typtype = 'd' AND t.typtypmod > 4
AND t.typbasetype IN (CAST('varchar' AS regtype), CAST('bpchar' AS regtype))"""


def _moments(shape: TableShape, samples: Sequence[str]) -> Iterator[str]:
    for column in shape.columns.values():
        if (shape.dialect == "sqlite" and column.kind in MOMENTS) or (column.kind == "text" and column.name in samples):
            yield column.name


def _sample(connection: Connection, shape: TableShape, name: str, *, ends: bool) -> list[Any]:
    column = shape.table.c[name]
    if not ends:
        return list(connection.execute(select(column).where(column.is_not(None)).limit(1)).scalars())
    lowest = select(column).where(column.is_not(None)).order_by(column).limit(1)
    highest = select(column).where(column.is_not(None)).order_by(column.desc()).limit(1)
    return [*connection.execute(lowest).scalars(), *connection.execute(highest).scalars()]
