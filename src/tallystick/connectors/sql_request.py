"""What a SQL connector's flow may ask of its transport. A wrapper around the transport can intercept each of these."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal, NamedTuple

from sqlalchemy import Executable

from tallystick.connectors.sighting import Sight
from tallystick.connectors.sql_rows import RowReader
from tallystick.connectors.sql_table import TableShape
from tallystick.connectors.sql_values import Binder
from tallystick.core.record import Raw
from tallystick.project.manifest import Tombstone

_NOTHING: Final[Raw] = {}


@dataclass(frozen=True, slots=True)
class Inspect:
    """Ask for the ``TableShape`` of a table or view; ``samples`` are columns whose way to spell times is wanted."""

    kind: ClassVar[str] = "inspect"
    table: str
    schema: str = ""
    samples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entitlement:
    """Ask for the ``Rights`` of our user on a table or view; the answer is ``None`` where the system does not tell."""

    kind: ClassVar[str] = "read"
    shape: TableShape


@dataclass(frozen=True, slots=True)
class Query:
    """Ask for the rows of some statements, run in order on one connection; the answer is one list of rows each."""

    kind: ClassVar[str] = "read"
    statements: tuple[tuple[Executable, Mapping[str, Any]], ...]


@dataclass(frozen=True, slots=True)
class Target:
    """A table made ready for reading and writing as the manifest says.

    ``stamps`` are columns that get the time of each change, ``born`` those that get the time of the insert,
    ``counter`` an integer version that each change raises: columns that nobody else keeps, but that other readers of
    the table rely on. ``filled`` are all columns that somebody fills where a new row leaves them out: the others are
    blank then. ``key`` is what the id is made of, ``writable`` are the columns that take values, ``lost`` those that
    the manifest names and the table has no more; ``compiled`` keeps the statements that were compiled for the table.
    """

    shape: TableShape
    key: tuple[str, ...]
    reader: RowReader
    binder: Binder
    sight: Sight
    place: str
    time_spelling: str = "iso"
    stamps: tuple[str, ...] = ()
    born: tuple[str, ...] = ()
    counter: str = ""
    filled: frozenset[str] = frozenset()
    tombstone: Tombstone | None = None
    has_version: bool = False
    writable: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()
    compiled: dict[tuple[Any, ...], Any] = field(default_factory=dict, repr=False, compare=False)

    def without_lost(self, body: Raw) -> Raw:
        """Give a new row without what the table cannot hold any more: the rest does not wait for it (R-15.2)."""
        return {name: value for name, value in body.items() if name not in self.lost} if self.lost else body


class Change(NamedTuple):
    """One row to insert, update or delete. ``key`` is the row's key, spelled for the database.

    An update or delete happens only if the row is still as it was known: its version is ``version``, and each value
    in ``expected`` is still there. ``values`` are JSON values by column.
    """

    op: Literal["insert", "update", "delete"]
    values: Raw = _NOTHING
    key: tuple[Any, ...] = ()
    version: str | None = None
    expected: Raw = _NOTHING
    place: str = ""


@dataclass(frozen=True, slots=True)
class Write:
    """Ask for changes to one table, in one transaction; the answer is one outcome each, in order.

    An outcome is the row as it is stored now (bytes), ``None`` for a deletion, or the error of that change alone.
    """

    kind: ClassVar[str] = "write"
    target: Target
    changes: tuple[Change, ...]
