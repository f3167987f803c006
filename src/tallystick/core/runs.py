"""Ascending whole numbers in little room: where one follows the other, only the first is kept.

Numbers that are given out one after the other, as those of bindings are, come in few runs, also when some are gone.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import overload


class Runs(Sequence[int]):
    """A sequence of ascending numbers, each once: 16 bytes for each run of consecutive ones."""

    __slots__ = ("_firsts", "_size", "_starts")

    def __init__(self, numbers: Sequence[int] = ()) -> None:
        self._firsts = array("q")
        self._starts = array("q")
        self._size = 0
        self.extend(numbers)

    def extend(self, numbers: Sequence[int]) -> None:
        """Add numbers, ascending and higher than all before; where they follow each other, all at once."""
        self._extend(numbers, 0, len(numbers))

    def _extend(self, numbers: Sequence[int], start: int, stop: int) -> None:
        if start == stop:
            return
        first = numbers[start]
        if numbers[stop - 1] - first == stop - start - 1:
            self.add_run(first, stop - start)
            return
        middle = (start + stop) // 2
        self._extend(numbers, start, middle)
        self._extend(numbers, middle, stop)

    def add_run(self, first: int, size: int) -> None:
        """Add ``size`` consecutive numbers that begin with ``first``, which is higher than all before."""
        if size and not (self._size and first == self._firsts[-1] + self._size - self._starts[-1]):
            self._firsts.append(first)
            self._starts.append(self._size)
        self._size += size

    def place(self, number: int) -> int | None:
        """Say at which place a number stands; ``None`` if it is not there."""
        run = bisect_right(self._firsts, number) - 1
        if run < 0:
            return None
        place = self._starts[run] + number - self._firsts[run]
        return place if place < self._end(run) else None

    def _end(self, run: int) -> int:
        return self._starts[run + 1] if run + 1 < len(self._starts) else self._size

    def __len__(self) -> int:
        """Give how many numbers there are."""
        return self._size

    def __iter__(self) -> Iterator[int]:
        """Give all numbers, ascending, without making them before."""
        sizes = (self._end(run) - start for run, start in enumerate(self._starts))
        return chain.from_iterable(range(first, first + size) for first, size in zip(self._firsts, sizes, strict=True))

    @overload
    def __getitem__(self, at: int) -> int: ...

    @overload
    def __getitem__(self, at: slice) -> list[int]: ...

    def __getitem__(self, at: int | slice) -> int | list[int]:
        """Give the number at a place, or those of a slice."""
        if isinstance(at, slice):
            return [self[i] for i in range(*at.indices(self._size))]
        place = range(self._size)[at]
        run = bisect_right(self._starts, place) - 1
        return self._firsts[run] + place - self._starts[run]
