"""What was last observed of a side, as two columns of numbers, and which of it a listing shows again.

A listing mostly comes in the order in which its records were paired. So a page is first laid beside the piece of the
column where it should be, as a whole; only what is not there is looked for nearby. What is not nearby either is looked
up by its id, which says where it belongs. A listing in quite another order is noticed, and goes by sorted hashes.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import compress, count
from operator import ne
from typing import Final

from tallystick.core.runs import Runs

_FEW: Final = 32  # a page of which more than one in so many is elsewhere was shifted by rows that came or went
_STRAYED: Final = 64  # one in so many of all that is known
_OTHERS: Final = bytes.maketrans(b"\x00\x01", b"\x01\x00")


def _columns() -> "array[int]":
    return array("q")


@dataclass(slots=True)
class Known:
    """The linked legs of a side: ``bindings`` and their raw ``hashes`` (type ``q``), in the order of one of both.

    ``sorted_by_hash`` says of which. ``shown`` has a flag for each, ``kept`` these flags as they were last saved.
    ``strayed`` counts the rows that were known and not where they were looked for.
    """

    bindings: Sequence[int] = field(default_factory=Runs)
    hashes: "array[int]" = field(default_factory=_columns)
    sorted_by_hash: bool = False
    shown: bytearray = field(default_factory=bytearray)
    kept: bytearray = field(default_factory=bytearray)
    strayed: int = 0
    _next: int = 0
    _lost: bool = False

    def __post_init__(self) -> None:
        """Begin with nobody shown. In their own order, bindings are kept as runs."""
        if not self.sorted_by_hash and not isinstance(self.bindings, Runs):
            self.bindings = Runs(self.bindings)
        self.shown = self.shown or bytearray(len(self.hashes))
        self.kept = self.kept or bytearray(len(self.hashes))

    @property
    def is_disordered(self) -> bool:
        """Whether the listing comes in so different an order that to sort the hashes costs less than to go on."""
        return not self.sorted_by_hash and self.strayed * _STRAYED > len(self.hashes)

    def find(self, prints: "array[int]") -> tuple[list[int], int]:
        """Flag what these rows show; give the rows that were not found, and how many were flagged that were not before.

        In order of hash, what was not found is not known. Otherwise it may be known; ``show`` tells.
        """
        if self.sorted_by_hash:
            return self._find_sorted(prints)
        first, size = self._next, len(prints)
        self._lost = False
        here = self.hashes[first : first + size]
        self._next = first + size
        if here == prints:
            return [], self._flag(first, size)
        missing = list(compress(count(), map(ne, prints, here)))
        missing += range(len(here), size)
        if len(missing) * _FEW <= size:
            return missing, self._flag(first, size, but=missing)
        return self._find_nearby(prints, max(0, first - size - _FEW), first + 2 * size)

    def show(self, binding: int, raw_hash: int | None) -> tuple[bool, bool]:
        """Flag a binding, if a row with this hash shows it as it was; give that, and whether it was not flagged yet."""
        at = self.bindings.place(binding) if isinstance(self.bindings, Runs) else None
        if at is None or self.hashes[at] != raw_hash:
            return False, False
        self.strayed += 1
        if self._lost:
            self._next = at + 1
        fresh = not self.shown[at]
        self.shown[at] = 1
        return True, fresh

    def flag(self, hashes: Iterable[int]) -> None:
        """Flag what an earlier part of the sweep has shown, by hash; that is saved already."""
        self._find_sorted(hashes)
        self.kept = bytearray(self.shown)

    def unseen(self) -> list[int]:
        """Give the bindings that no row showed, ascending."""
        return sorted(compress(self.bindings, self.shown.translate(_OTHERS)))

    def shows(self, hashes: Iterable[int | None]) -> set[int]:
        """Tell which of these hashes a row showed."""
        wanted = {h for h in hashes if h is not None}
        return wanted.intersection(compress(self.hashes, self.shown)) if wanted else set()

    def newly_shown(self) -> "array[int]":
        """Give the hashes that were shown since this was last asked."""
        fresh = array("q", compress(self.hashes, map(ne, self.shown, self.kept)))
        self.kept = bytearray(self.shown)
        return fresh

    def inherit(self, earlier: "Known") -> None:
        """Take over the flags of the same knowledge in another order; this one is in order of hash."""
        self._find_sorted(compress(earlier.hashes, earlier.kept))
        self.kept = bytearray(self.shown)
        self._find_sorted(compress(earlier.hashes, earlier.shown))

    def _flag(self, first: int, size: int, but: Sequence[int] = ()) -> int:
        """Flag a whole piece, ``but`` some of its places; tell how many were not flagged."""
        before = self.shown[first : first + size]
        flags = bytearray(b"\x01") * len(before)
        for at in but:
            if at < len(before):
                flags[at] = before[at]
        self.shown[first : first + size] = flags
        return flags.count(1) - before.count(1)

    def _find_nearby(self, prints: "array[int]", first: int, last: int) -> tuple[list[int], int]:
        nearby = dict(zip(self.hashes[first:last], count(first), strict=False))
        missing: list[int] = []
        fresh, shown = 0, self.shown
        for row, at in enumerate(map(nearby.get, prints)):
            if at is None:
                missing.append(row)
            else:
                fresh += not shown[at]
                shown[at] = 1
                self._next = at + len(prints) - row
        self._lost = len(missing) * 2 > len(prints)
        return missing, fresh

    def _find_sorted(self, prints: Iterable[int]) -> tuple[list[int], int]:
        hashes, shown, size = self.hashes, self.shown, len(self.hashes)
        missing: list[int] = []
        fresh = 0
        for row, print_of in enumerate(prints):
            at = bisect_left(hashes, print_of)
            if at == size or hashes[at] != print_of:
                missing.append(row)
            else:
                fresh += not shown[at]
                shown[at] = 1
        return missing, fresh
