"""The change log of a table: its columns, how far it was read, and the positions of a listing of changes.

A reach is what was visible in the log at one moment. PostgreSQL names that moment exactly (a snapshot), so transactions
that commit in another order than they began are neither lost nor read twice. The others number the rows of the log: a
number that is missing may belong to a transaction that is still open, so such gaps are looked at again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from sqlalchemy import Column, MetaData, Table, text
from sqlalchemy.sql.elements import quoted_name
from sqlalchemy.types import NullType

from tallystick.connectors.sql_table import Dialect, quote_name
from tallystick.core.error import Garbled
from tallystick.core.ports import Position
from tallystick.project.manifest_changes import ChangesSpec

COLUMNS: Final = ("seq", "tx", "at", "source", "operation", "row_key")
LOGGED: Final[frozenset[Dialect]] = frozenset({"postgresql", "mysql", "sqlite"})
_MARK: Final = "log "
# A log grows faster than its statistics: taken for small, PostgreSQL would gather and sort all of it for each page.
IN_ORDER: Final = text(
    "SELECT set_config('enable_sort', 'off', true), set_config('enable_bitmapscan', 'off', true), "
    "set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true), "
    "set_config('enable_mergejoin', 'off', true), set_config('jit', 'off', true)"
)


class Reach(msgspec.Struct, frozen=True, omit_defaults=True):
    """What of a log was visible at one moment.

    ``snapshot`` is PostgreSQL's own word for it; elsewhere ``high`` is the last number and ``gaps`` (first, last) are
    those missing before it. ``anchor`` names a row of the log that no later cut may have taken, ``form`` changes
    whenever the triggers do. ``witness`` is the id of a row that was there.
    """

    snapshot: str = ""
    high: int = 0
    gaps: tuple[tuple[int, int], ...] = ()
    anchor: str = ""
    form: str = ""
    witness: str = ""

    @property
    def floor(self) -> int:
        """The number after which something may be that was not visible."""
        return self.gaps[0][0] - 1 if self.gaps else self.high


class LogPlace(msgspec.Struct, frozen=True, omit_defaults=True):
    """A place in a listing of changes: those visible at ``end`` and not at ``begin``, after a row of the log.

    Without ``end`` it is a token: the listing begins there.
    """

    begin: Reach
    end: Reach | None = None
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeLog:
    """The log of one table. ``source`` is what the table is called in it, ``key`` what its rows are told apart by."""

    name: str
    schema: str
    source: str
    key: tuple[str, ...]

    @property
    def declaration(self) -> str:
        """What the triggers were made for: a manifest that calls the table or its key otherwise reads another log."""
        return msgspec.json.encode([self.name, self.source, self.key]).decode()

    @property
    def table(self) -> Table:
        """The log as statements are built from. It is untyped, as the tables of objects are."""
        columns = [Column(name, NullType()) for name in COLUMNS]
        schema = quoted_name(self.schema, quote=True) if self.schema else None
        return Table(quoted_name(self.name, quote=True), MetaData(), *columns, schema=schema)

    @property
    def qualified(self) -> str:
        """The log's name as standard SQL spells it."""
        return spell_name("sqlite", self.schema, self.name)


def spell_name(dialect: Dialect, *parts: str) -> str:
    """Spell a name of the catalogue, with its schema if it has one, as this kind of database takes it."""
    if dialect == "mysql":
        return ".".join(f"`{part.replace('`', '``')}`" for part in parts if part)
    return ".".join(quote_name(part) for part in parts if part)


def change_log(spec: ChangesSpec, table: str, schema: str, key: tuple[str, ...]) -> ChangeLog:
    """Give the log that a manifest names for a table; it is in the table's own schema unless it says otherwise."""
    return ChangeLog(spec.log, spec.schema_name or schema, f"{schema}.{table}" if schema else table, key)


def encode_place(place: LogPlace) -> Position:
    """Write a place as text."""
    return _MARK + msgspec.json.encode(place).decode()


def decode_place(position: Position | None) -> LogPlace | None:
    """Read what ``encode_place`` wrote; ``None`` for any other position. Raises ``Garbled`` for a broken one."""
    if position is None or not position.startswith(_MARK):
        return None
    try:
        return msgspec.json.decode(position[len(_MARK) :], type=LogPlace)
    except (msgspec.DecodeError, ValueError) as error:
        raise Garbled("this is no place in a change log", hint="start the listing anew") from error


def merge_gaps(gaps: Sequence[tuple[int, int]], most: int) -> tuple[tuple[int, int], ...]:
    """Make at most so many ranges of these, which are in order; what lies between merged ones is read once more."""
    kept: list[Any] = [tuple(gap) for gap in gaps]
    if len(kept) <= most:
        return tuple(kept)
    spare = len(kept) - most + 1
    return ((kept[0][0], kept[spare - 1][1]), *kept[spare:])
