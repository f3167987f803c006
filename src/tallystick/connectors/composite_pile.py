"""Rows of a listing put aside by a key, in little memory however many there are.

The first megabytes stay in memory, the rest goes to a nameless file that vanishes with the pile. Per row some thirty
bytes are kept besides. It is scratch paper and not state: whoever goes on with a broken-off sweep makes a new one.
"""

import os
import tempfile
import weakref
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from typing import IO, Final

from tallystick.core.record import fingerprint

IN_MEMORY: Final = 4_000_000  # bytes of rows before they go to a file
_BUCKETS: Final = 256


class Pile:
    """Rows by key: first all are added, then they are taken out by key, as often as wanted."""

    def __init__(self, in_memory: int = IN_MEMORY) -> None:
        self._most = in_memory
        self._head = bytearray()
        self._file: IO[bytes] | None = None
        self._prints = array("q")
        self._spots = array("q")
        self._keys = array("i")  # how long each key is; it stands before its row
        self._end = 0
        self._order: array[int] | None = None

    def __len__(self) -> int:
        """Count the rows."""
        return len(self._prints)

    def add(self, key: str, row: bytes) -> None:
        """Put a row aside; its key need not be its own alone."""
        spelled = key.encode()
        self._put(spelled + row)
        self._prints.append(fingerprint(spelled))
        self._spots.append(self._end)
        self._keys.append(len(spelled))
        self._end += len(spelled) + len(row)
        self._order = None

    def _put(self, piece: bytes) -> None:
        if self._file is not None:
            self._file.write(piece)
            return
        self._head += piece
        if len(self._head) > self._most:
            self._file = tempfile.TemporaryFile(buffering=1 << 20)  # noqa: SIM115 - closed with the pile
            weakref.finalize(self, self._file.close)
            self._file.write(self._head)
            self._head = bytearray()

    def rows(self, key: str) -> list[bytes]:
        """Give the rows that were put aside under a key, in the order they came in."""
        return list(self._find(key.encode()))

    def _find(self, spelled: bytes) -> Iterator[bytes]:
        order, prints = self._sorted(), self._prints
        print_of = fingerprint(spelled)
        at = bisect_left(order, print_of, key=prints.__getitem__)
        while at < len(order) and prints[order[at]] == print_of:
            number = order[at]
            end = self._spots[number + 1] if number + 1 < len(prints) else self._end
            piece = self._piece(self._spots[number], end)
            if piece[: self._keys[number]] == spelled:
                yield piece[self._keys[number] :]
            at += 1

    def _piece(self, start: int, end: int) -> bytes:
        if self._file is None:
            return bytes(self._head[start:end])
        return os.pread(self._file.fileno(), end - start, start)

    def _sorted(self) -> "array[int]":
        """Give the numbers of the rows, sorted by the fingerprints of their keys, else in the order they came in."""
        if self._order is None:
            buckets = [array("i") for _ in range(_BUCKETS)]
            for number, print_of in enumerate(self._prints):
                buckets[(print_of >> 56) + _BUCKETS // 2].append(number)  # the numbers are signed, of 64 bits
            self._order = array("i")
            for bucket in buckets:
                self._order.extend(sorted(bucket, key=self._prints.__getitem__))
            if self._file is not None:
                self._file.flush()
        return self._order


class Roll:
    """Which ids a listing gave, as fingerprints: to count them and to compare two listings."""

    def __init__(self) -> None:
        self._prints = array("q")

    def add(self, record_id: str) -> None:
        """Note an id."""
        self._prints.append(fingerprint(record_id.encode()))

    def distinct(self) -> "array[int]":
        """Give the fingerprints, sorted, each once."""
        buckets = [array("q") for _ in range(_BUCKETS)]
        for print_of in self._prints:
            buckets[(print_of >> 56) + _BUCKETS // 2].append(print_of)
        found = array("q")
        for bucket in buckets:
            found.extend(sorted(set(bucket)))
        return found
