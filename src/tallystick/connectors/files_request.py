"""What a files connector asks its transport for, so that tests can stand between the two."""

from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from tallystick.core.path import Path
from tallystick.core.record import Raw

_NOTHING: Final[Raw] = {}


@dataclass(frozen=True, slots=True)
class Listing:
    """Ask for up to ``size`` rows in the order of ids, after the id ``after``; the answer is a ``Listed``."""

    object: str
    after: str | None
    size: int


class Listed(NamedTuple):
    """Rows as JSON, the id of the last one where more follow, and on the first page how many there are in all."""

    rows: list[bytes]
    last: str | None
    total: int | None


@dataclass(frozen=True, slots=True)
class Fetch:
    """Ask for the row with an id; the answer is its JSON, or ``None`` where a complete file has none."""

    object: str
    id: str


@dataclass(frozen=True, slots=True)
class Search:
    """Ask for the rows whose value at ``path`` is ``value``; the answer is a list of JSON."""

    object: str
    path: Path
    value: Any


class Change(NamedTuple):
    """One row to add, change or remove, on condition of its version, or of the values it was known to have."""

    op: Literal["create", "update", "delete"]
    id: str = ""
    values: Raw = _NOTHING
    version: str | None = None
    expected: Raw = _NOTHING


@dataclass(frozen=True, slots=True)
class Write:
    """Ask for changes to one object's file; the answer is one outcome each, in order.

    An outcome is the row as it is stored now (JSON), ``None`` for a row that was removed, or the error of that change
    alone. Writes of several flows that run side by side go into one new file.
    """

    object: str
    changes: tuple[Change, ...]


Request = Listing | Fetch | Search | Write
