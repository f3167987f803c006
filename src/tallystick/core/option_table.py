"""Two option lists beside the mapping between them: what is mapped, what is missing, what no longer fits.

Everything is told by key; labels are for people. A side of which no list is known is judged by its live values alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from tallystick.core.record import SIDES, Side, other
from tallystick.core.schema import Option

Mark = Literal["unmapped", "unlisted", "dead", "retired", "relabelled", "shared", "unused"]
MARKS: Final[tuple[Mark, ...]] = ("unmapped", "unlisted", "dead", "retired", "relabelled", "shared", "unused")


@dataclass(frozen=True, slots=True)
class OptionList:
    """The options of one side's select field.

    ``options`` are those that the system lists, ``None`` where it lists none; ``counts`` are the live values with the
    number of records, ``None`` where nobody counted; ``said`` are the labels that the project has written down.
    """

    options: tuple[Option, ...] | None = None
    counts: Mapping[str, int] | None = None
    said: Mapping[str, str] = field(default_factory=dict)

    def find(self, key: str) -> Option | None:
        """Give the option of this key, if the system lists it."""
        return next((o for o in self.options or () if o.key == key), None)

    def every_key(self) -> Iterator[str]:
        """Give every key that is listed or in use, listed ones first."""
        listed = [option.key for option in self.options or ()]
        yield from listed
        yield from sorted(set(self.counts or ()) - set(listed))


@dataclass(frozen=True, slots=True)
class OptionCell:
    """One option on one side; ``count`` is in how many records it stands, ``None`` where nobody counted."""

    key: str
    label: str = ""
    count: int | None = None
    within: str = ""


@dataclass(frozen=True, slots=True)
class OptionRow:
    """One line of the table: an option on both sides, or on one side alone; ``marks`` say what is wrong with it."""

    left: OptionCell | None
    right: OptionCell | None
    marks: tuple[tuple[Side, Mark], ...] = ()

    def cell(self, side: Side) -> OptionCell | None:
        """Give the option on ``side``."""
        return self.left if side == "left" else self.right


@dataclass(frozen=True, slots=True)
class OptionTable:
    """The whole of one field: its rows, and for each side how many live values are mapped of how many."""

    rows: tuple[OptionRow, ...]
    coverage: Mapping[Side, tuple[int, int]]

    @property
    def is_injective(self) -> bool:
        """Whether every option that is mapped comes back as it went."""
        return not any(mark == "shared" for row in self.rows for _, mark in row.marks)


def lay_options(pairs: Sequence[tuple[str, str]], lists: Mapping[Side, OptionList]) -> OptionTable:
    """Lay both lists beside the mapping.

    ``pairs`` are (left key, right key) as the mapping has them; the first pair with a key is the one that is read back.
    """
    rows = [_mapped(pair, pairs, lists) for pair in pairs]
    coverage: dict[Side, tuple[int, int]] = {}
    for side in SIDES:
        known = {pair[SIDES.index(side)] for pair in pairs}
        counts = lists[side].counts
        if counts is not None:
            coverage[side] = sum(n for key, n in counts.items() if key in known), sum(counts.values())
        rows += [_alone(side, key, lists[side]) for key in lists[side].every_key() if key not in known]
    return OptionTable(tuple(rows), coverage)


def plain_pairs(lists: Mapping[Side, OptionList]) -> tuple[tuple[str, str], ...]:
    """Give the pairs of a field without a mapping of its options: what has the same key on both sides is the same."""
    known = [set(lists[side].every_key()) for side in SIDES]
    return tuple((key, key) for key in lists["left"].every_key() if key in known[0] & known[1])


def _mapped(pair: tuple[str, str], pairs: Sequence[tuple[str, str]], lists: Mapping[Side, OptionList]) -> OptionRow:
    marks: list[tuple[Side, Mark]] = []
    for side, key in zip(SIDES, pair, strict=True):
        marks += [(side, mark) for mark in _faults(key, lists[side])]
        at = SIDES.index(side)
        first = next(each for each in pairs if each[at] == key)
        if first != pair:
            marks.append((side, "shared"))
    if all(_is_unused(key, lists[side]) for side, key in zip(SIDES, pair, strict=True)):
        marks.append(("left", "unused"))
    left, right = (_cell(key, lists[side]) for side, key in zip(SIDES, pair, strict=True))
    return OptionRow(left, right, tuple(marks))


def _is_unused(key: str, listed: OptionList) -> bool:
    return listed.counts is not None and not listed.counts.get(key)


def _faults(key: str, listed: OptionList) -> Iterator[Mark]:
    """Find what is wrong with a mapped key on its own side."""
    found = listed.find(key)
    if found is None:
        if listed.options is not None:
            yield "dead"
        return
    if not found.active:
        yield "retired"
    said = listed.said.get(key, "")
    if said and found.label and said != found.label:
        yield "relabelled"


def _alone(side: Side, key: str, listed: OptionList) -> OptionRow:
    found, cell = listed.find(key), _cell(key, listed)
    marks: list[tuple[Side, Mark]] = [(side, "unmapped")]
    if found is None and listed.options is not None:
        marks.append((side, "unlisted"))
    elif found is not None and not found.active:
        marks.append((side, "retired"))
    return OptionRow(cell, None, tuple(marks)) if side == "left" else OptionRow(None, cell, tuple(marks))


def _cell(key: str, listed: OptionList) -> OptionCell:
    found = listed.find(key)
    label = found.label if found and found.label else listed.said.get(key, "")
    count = None if listed.counts is None else listed.counts.get(key, 0)
    return OptionCell(key, label, count, found.within if found else "")


def urgent_rows(table: OptionTable) -> list[OptionRow]:
    """Give the rows that stop records: in use and not mapped, or mapped to what its side does not take any more."""
    return [row for row in table.rows if any(_is_urgent(row, side, mark) for side, mark in row.marks)]


def _is_urgent(row: OptionRow, side: Side, mark: Mark) -> bool:
    cell, across = row.cell(side), row.cell(other(side))
    if mark == "unmapped":
        return bool(cell and cell.count)
    return mark in {"dead", "retired"} and across is not None and across.count != 0
