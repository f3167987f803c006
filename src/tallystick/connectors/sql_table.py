"""What a database says about one table: its columns, keys and constraints, ready to build statements from.

Every identifier in a statement comes from here and so from the database's own catalogue, never from settings
or records (no text is pasted into SQL).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import Column, MetaData, Table
from sqlalchemy.sql.elements import quoted_name
from sqlalchemy.sql.sqltypes import NullType

from tallystick.connectors.sql_time import Spelling

Dialect = Literal["sqlite", "postgresql", "mysql", "odbc", "mssql", "oracle"]
Kind = Literal[
    "text", "integer", "number", "float", "boolean", "date", "instant", "local_time", "time", "binary", "uuid", "json",
    "array", "other",
]  # fmt: skip
MOMENTS: tuple[Kind, ...] = ("date", "instant", "local_time")
RETURNS_ROWS: frozenset[Dialect] = frozenset({"sqlite", "postgresql"})
"""Databases whose statements give back the rows that they write; the others are asked for them afterwards."""


def dialect_of(name: str) -> Dialect:
    """Give how a database is spoken to, by the name that SQLAlchemy has for it."""
    match name:
        case "sqlite" | "postgresql" | "mysql" | "odbc" | "mssql" | "oracle":
            return name
        case "mariadb":
            return "mysql"
        case _:
            raise ValueError(name)


@dataclass(frozen=True, slots=True)
class ColumnShape:
    """One column. ``generated`` columns cannot be written; one with ``default`` may be left out of an insert."""

    name: str
    kind: Kind
    nullable: bool = True
    default: bool = False
    generated: bool = False
    numbered: bool = False
    max_length: int | None = None
    options: tuple[str, ...] = ()
    comment: str = ""


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """Columns that hold the key of a row in another table; ``cascades`` tells that rows are deleted with that row."""

    columns: tuple[str, ...]
    table: str
    schema: str
    referred: tuple[str, ...]
    cascades: bool = False


@dataclass(frozen=True, slots=True)
class TableShape:
    """One table or view.

    ``key`` is its primary key, ``uniques`` every set of columns that the database keeps unique (the key included),
    ``indexed`` the leading column of every index. ``constraints`` gives the columns of a constraint by its name,
    ``checks`` are names and rules. ``triggered``: something may change a row after a statement returned it.
    ``rowid`` is the name by which SQLite's own number of a row can be asked for, where the rows are numbered.
    ``is_atomic``: a transaction on it can be taken back. ``is_copy``: it is of a copy that lags behind its original.
    ``numbering`` gives, per column that draws its value from a sequence, that sequence; ``spellings`` how a column is
    known to write times.
    """

    dialect: Dialect
    name: str
    schema: str
    columns: dict[str, ColumnShape]
    key: tuple[str, ...] = ()
    uniques: tuple[tuple[str, ...], ...] = ()
    indexed: tuple[str, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    checks: tuple[tuple[str, str], ...] = ()
    constraints: dict[str, tuple[str, ...]] = field(default_factory=dict)
    is_view: bool = False
    triggered: bool = False
    rowid: str = ""
    is_atomic: bool = True
    is_copy: bool = False
    numbering: dict[str, str] = field(default_factory=dict)
    spellings: dict[str, Spelling] = field(default_factory=dict)
    table: Table = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Make the table that statements are built from. It is untyped: values are spelled by ``sql_values``."""
        columns = [Column(quoted_name(name, quote=True), NullType()) for name in self.columns]
        schema = quoted_name(self.schema, quote=True) if self.schema else None
        table = Table(quoted_name(self.name, quote=True), MetaData(), *columns, schema=schema)
        object.__setattr__(self, "table", table)

    @property
    def qualified(self) -> str:
        """The table's name as SQL spells it."""
        return ".".join(quote_name(part) for part in (self.schema, self.name) if part)

    def is_unique(self, columns: Iterable[str]) -> bool:
        """Whether the database keeps rows apart by these columns."""
        given = set(columns)
        return any(given >= set(unique) for unique in self.uniques)


def quote_name(name: str) -> str:
    """Spell a name of the catalogue so that SQL takes it as it is."""
    return '"' + name.replace('"', '""') + '"'


def nearest(name: str, names: Iterable[str]) -> str:
    """Give a hint that shows the most similar of the names that exist, and all of them where they are few."""
    from rapidfuzz import fuzz, process  # only needed when something is wrong

    known = sorted(names)
    found = process.extractOne(name.lower(), {each: each.lower() for each in known}, scorer=fuzz.ratio, score_cutoff=60)
    guess = f"did you mean '{found[2]}'? " if found else ""
    listed = ", ".join(known[:20]) + (" ..." if len(known) > 20 else "")  # noqa: PLR2004 - what a line can hold
    return f"{guess}There is: {listed}" if known else "There is none"


def join_id(parts: Sequence[str]) -> str:
    r"""Spell the values of a key as one id: joined by commas, with ``\`` before a comma or backslash in a value.

    The id of a single column is its value as it is. ``split_id`` gives the parts back.
    """
    if len(parts) == 1:
        return parts[0]
    return ",".join(part.replace("\\", "\\\\").replace(",", "\\,") for part in parts)


def split_id(record_id: str, count: int) -> tuple[str, ...] | None:
    """Give the parts of an id with ``count`` columns; ``None`` where it has another number of parts."""
    if count == 1:
        return (record_id,)
    parts = [""]
    characters = iter(record_id)
    for character in characters:
        if character == ",":
            parts.append("")
        else:
            parts[-1] += next(characters, "") if character == "\\" else character
    return tuple(parts) if len(parts) == count else None


def key_columns(spec_id: str, columns: dict[str, Any]) -> tuple[str, ...]:
    """Read a manifest's ``id``: the name of a column, or several joined by commas for a composite key."""
    if spec_id in columns:
        return (spec_id,)
    return tuple(part.strip() for part in spec_id.split(","))
