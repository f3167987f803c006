"""The stand-in state's memory of reading: sweeps in progress, keys of unpaired records, states that are over."""

from array import array
from collections.abc import Iterable, Sequence

from tests.simulation.memory_legs import MemoryLegs

from tallystick.core.binding import Cursor, Dirty, Superseded, Window
from tallystick.core.record import Side
from tallystick.core.window import LISTED


class MemoryReading(MemoryLegs):
    """What a transaction knows of reading."""

    def __init__(self) -> None:
        super().__init__()
        self.marks: dict[tuple[str, Side, str], tuple[Dirty, int]] = {}
        self.windows: dict[tuple[str, Side], Window] = {}
        self.shown: dict[tuple[str, Side], tuple[int, ...]] = {}
        self.cursors: dict[tuple[str, Side], Cursor] = {}
        self.lone: dict[tuple[str, Side, str], dict[int, int]] = {}
        self.over: dict[tuple[str, Side, str], tuple[Superseded, ...]] = {}

    def window(self, pair: str, side: Side) -> Window | None:
        return self.windows.get((pair, side))

    def save_window(self, window: Window, seen: "array[int] | None" = None) -> None:
        key = (window.pair, window.side)
        self._set(self.windows, key, window)
        if seen:
            self._set(self.shown, key, (*self.shown.get(key, ()), *seen))

    def seen_hashes(self, pair: str, side: Side) -> "array[int]":
        return array("q", self.shown.get((pair, side), ()))

    def forget_window(self, pair: str, side: Side) -> None:
        self._drop(self.windows, (pair, side))
        self._drop(self.shown, (pair, side))

    def close_window(self, cursor: Cursor) -> None:
        self.forget_window(cursor.pair, cursor.side)
        self._set(self.cursors, (cursor.pair, cursor.side), cursor)

    def cursor(self, pair: str, side: Side) -> Cursor | None:
        return self.cursors.get((pair, side))

    def marked(self, pair: str, side: Side, ids: Sequence[str]) -> set[str]:
        return {i for i in ids if (pair, side, i) in self.marks}

    def unmark_listed(self, pair: str, side: Side, ids: Sequence[str] | None = None) -> None:
        wanted = None if ids is None else frozenset(ids)
        for key, (mark, _) in list(self.marks.items()):
            if key[:2] == (pair, side) and mark.reason == LISTED and (wanted is None or mark.id in wanted):
                self._drop(self.marks, key)

    def forget_hashes(self, bindings: Sequence[int]) -> None:
        found = self.bindings(bindings)
        for binding in found.values():
            binding.left.raw_hash = binding.right.raw_hash = None
        self.update_bindings(list(found.values()))

    def put_lone(self, pair: str, side: Side, rows: Iterable[tuple[str, int, int]]) -> None:
        for record, rule, h in rows:
            key = (pair, side, record)
            self._set(self.lone, key, self.lone.get(key, {}) | {rule: h})

    def drop_lone(self, pair: str, side: Side, ids: Sequence[str] | None = None) -> None:
        for key in [k for k in self.lone if k[:2] == (pair, side) and (ids is None or k[2] in ids)]:
            self._drop(self.lone, key)

    def find_lone(self, pair: str, side: Side, keys: Sequence[tuple[int, int]]) -> list[tuple[int, int, str]]:
        wanted = set(keys)
        held = [(i, k) for (p, s, i), k in self.lone.items() if (p, s) == (pair, side)]
        return sorted((rule, h, i) for i, own in held for rule, h in own.items() if (rule, h) in wanted)

    def has_lone(self, pair: str) -> bool:
        return any(p == pair for p, _, _ in self.lone)

    def add_superseded(self, rows: Sequence[Superseded]) -> None:
        for row in rows:
            key = (row.pair, row.side, row.id)
            self._set(self.over, key, (*self.over.get(key, ()), row))

    def superseded(self, pair: str, side: Side, ids: Sequence[str], after: float) -> list[Superseded]:
        return [row for i in ids for row in self.over.get((pair, side, i), ()) if row.at > after]

    def drop_superseded(self, pair: str, before: float) -> None:
        for key, rows in list(self.over.items()):
            if key[0] == pair:
                kept = tuple(row for row in rows if row.at >= before)
                (self._set(self.over, key, kept) if kept else self._drop(self.over, key))
