"""The sheet before it has a format: tabs with headings and lines, what may be chosen where, what is marked.

Carriers (XLSX, CSV) write a book and read one back; none of them knows what a mapping is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from tallystick.project.sheet.columns import Row
from tallystick.project.sheet.snapshot import Snapshot

REMOVE: Final = "remove"
"""The column that takes a row out of the files."""
MARK: Final = "tally:"
"""How the first cell of a tab begins that can be merged."""
HIDDEN: Final = "tally"
"""The tab that holds the base."""
LISTS: Final = "lists"
"""The tab that holds what can be chosen."""
EVER: Final = frozenset({"left samples", "right samples"})
"""Columns that only some exports have, and that are ours all the same."""
Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Heading:
    """A column of a tab: what it is called, what its comment explains, whether it may be edited, how wide it is."""

    name: str
    about: str = ""
    is_editable: bool = True
    width: int = 16


@dataclass(slots=True)
class Line:
    """A line of a tab. ``row`` is ``None`` for a spare one, whose every cell may be edited.

    ``choices`` names by column the list to choose from; ``marks`` are what is wrong with a cell.
    """

    row: Row | None
    cells: dict[str, str] = field(default_factory=dict)
    choices: dict[str, str] = field(default_factory=dict)
    marks: dict[str, tuple[Severity, str]] = field(default_factory=dict)


@dataclass(slots=True)
class Tab:
    """A tab; ``mark`` tells a reader what it holds, ``title`` is what people see."""

    mark: str
    title: str
    headings: tuple[Heading, ...]
    lines: list[Line]


@dataclass(slots=True)
class Book:
    """The whole sheet. Of a list in ``strict`` nothing else may be chosen."""

    tabs: list[Tab]
    lists: Mapping[str, tuple[str, ...]]
    strict: frozenset[str]
    base: Snapshot


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A cell that holds no plain value: a formula, an error."""

    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class FoundTab:
    """A tab as found in a file: its title, and its rows from the first."""

    title: str
    rows: list[list[str | Unreadable]]


@dataclass(frozen=True, slots=True)
class FoundBook:
    """A sheet as found: its tabs, the hash of the export that it comes from, and the base that it brought."""

    file: str
    tabs: list[FoundTab]
    hash: str = ""
    packed: str = ""
