"""The run's scratch paper in memory: what ``store.scratch`` does, without a file."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tallystick.core.binding import Op
from tallystick.core.record import SIDES, Side

Row = tuple[Any, ...]  # (id, binding, kind, fields, version, modified, raw hash, digest, keys, unread)


class Paper:
    """One pair's scratch paper (``engine.session.Scratch``)."""

    def __init__(self) -> None:
        self._sights: dict[Side, dict[str, Row]] = {"left": {}, "right": {}}
        self._taken: set[tuple[Side, str]] = set()
        self._keys: dict[Side, list[tuple[int, int, str]]] = {"left": [], "right": []}
        self._lone: set[tuple[Side, str]] = set()
        self._sheets: dict[Side, int] = {"left": 0, "right": 0}
        self._on_sheet: dict[tuple[Side, str], int] = {}
        self._lines: list[list[Any]] = []  # phase, wave, binding, fingerprint, body

    def add_sights(self, side: Side, rows: Iterable[Row]) -> None:
        """Note records as seen; later ones win."""
        for row in rows:
            self._sights[side][row[0]] = row
            self._taken.discard((side, row[0]))
            self._lone.discard((side, row[0]))
            self._on_sheet[side, row[0]] = self._sheets[side]

    def add_keys(self, side: Side, rows: Iterable[tuple[int, int, str]]) -> None:
        """Note match keys."""
        self._keys[side] += rows

    def forget(self, side: Side) -> None:
        """Throw away what was noted of a side."""
        self._sights[side].clear()
        self._keys[side].clear()

    def drop(self, side: Side, ids: Sequence[str]) -> None:
        """Throw away what was noted of these records."""
        for record in ids:
            self._sights[side].pop(record, None)
        self._keys[side] = [each for each in self._keys[side] if each[2] not in set(ids)]

    def turn(self, side: Side) -> None:
        """Go on with the next sheet."""
        self._sheets[side] += 1

    def sheet(self, side: Side, size: int) -> Iterator[list[Row]]:
        """Give what was noted of a side on the present sheet, without its values."""
        here = [r for i, r in sorted(self._sights[side].items()) if self._on_sheet[side, i] == self._sheets[side]]
        yield from _batches([(*row[:3], None, *row[4:]) for row in here], size)

    def noted(self, side: Side, size: int) -> Iterator[list[tuple[str, int | None]]]:
        """Give (id, binding) of every noted record of a side that is not the same."""
        yield from _batches([(i, r[1]) for i, r in sorted(self._sights[side].items()) if r[2] != "same"], size)

    def put_aside(self, side: Side, ids: Sequence[str]) -> None:
        """Note unbound records that stay without counterpart."""
        self._lone |= {(side, i) for i in ids}

    def set_aside(self, side: Side, size: int) -> Iterator[list[Row]]:
        """Give the records that were put aside, without their values."""
        rows = [(*r[:3], None, *r[4:]) for i, r in sorted(self._sights[side].items()) if (side, i) in self._lone]
        yield from _batches(rows, size)

    def seen(self, side: Side, ids: Sequence[str]) -> set[str]:
        """Tell which of these ids were noted."""
        noted = self._sights[side]
        return {i for i in ids if i in noted}

    def sights(self, side: Side, ids: Sequence[str]) -> dict[str, Row]:
        """Give what was noted of these ids, in order of id."""
        noted = self._sights[side]
        return {i: noted[i] for i in sorted(set(ids)) if i in noted}

    def bound(self, size: int) -> Iterator[list[tuple[Side, Row]]]:
        """Give the noted records of every binding about which anything is new, both sides in one batch."""
        bound = [(side, row) for side in ("left", "right") for row in self._sights[side].values() if row[1] is not None]
        news = {row[1] for _, row in bound if row[2] != "same"}
        rows = sorted((item for item in bound if item[1][1] in news), key=lambda item: (item[1][1], item[0]))
        batch: list[tuple[Side, Row]] = []
        for side, row in rows:
            if len(batch) >= size and batch[-1][1][1] != row[1]:
                yield batch
                batch = []
            batch.append((side, row))
        if batch:
            yield batch

    def same(self, side: Side, size: int) -> Iterator[list[tuple[str, int | None, str | None, float | None]]]:
        """Give (id, raw hash, version, modified) of what differs in nothing that is mapped."""
        rows = [(i, row[6], row[4], row[5]) for i, row in sorted(self._sights[side].items()) if row[2] == "same"]
        for start in range(0, len(rows), size):
            yield rows[start : start + size]

    def unbound(self, side: Side, size: int) -> Iterator[list[Row]]:
        """Give the records without binding that no match took yet, in order of id."""
        after = ""
        while True:
            rows = [
                row
                for i, row in sorted(self._sights[side].items())
                if row[1] is None and i > after and (side, i) not in self._taken
            ][:size]
            if not rows:
                return
            after = rows[-1][0]
            yield rows

    def take(self, side: Side, ids: Sequence[str]) -> None:
        """Mark unbound records as matched."""
        self._taken |= {(side, i) for i in ids}

    def untaken(self, side: Side, ids: Sequence[str]) -> set[str]:
        """Tell which of these are noted, unbound and not matched yet."""
        noted = self._sights[side]
        return {i for i in ids if i in noted and noted[i][1] is None and (side, i) not in self._taken}

    def find_keys(self, side: Side, keys: Sequence[tuple[int, int]]) -> list[tuple[int, int, str]]:
        """Give (rule, hash, id) of noted records with one of these keys."""
        wanted = set(keys)
        found = [row for row in self._keys[side] if row[:2] in wanted]
        return sorted(found, key=lambda row: (row[1], row[0]))

    def find_repeated(self, keys: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
        """Tell which of these keys are noted more than once."""
        noted = Counter(row[:2] for side in SIDES for row in self._keys[side])
        return {key for key in keys if noted[key] > 1}

    def shared_keys(self, side: Side) -> Iterator[tuple[int, int, int]]:
        """Give (rule, hash, number of records) of the keys that several records have, most first."""
        holders: dict[tuple[int, int], set[str]] = {}
        for rule, hashed, record in self._keys[side]:
            holders.setdefault((rule, hashed), set()).add(record)
        shared = [(r, h, len(ids)) for (r, h), ids in holders.items() if r >= 0 and len(ids) > 1]
        yield from sorted(shared, key=lambda row: (-row[2], row[0], row[1]))

    def add_lines(self, rows: Iterable[tuple[int, int, int, Side | None, Op | None, int, bytes]]) -> None:
        """Add planned lines."""
        self._lines += [[phase, wave, binding, print_of, body] for phase, wave, binding, _, _, print_of, body in rows]

    def order_lines(self, phase: int, waves: Mapping[int, int]) -> None:
        """Put the lines of a phase into waves, by binding."""
        for line in self._lines:
            if line[0] == phase and line[2] in waves:
                line[1] = waves[line[2]]

    def lines(self, phases: Sequence[int], size: int) -> Iterator[list[bytes]]:
        """Give the bodies of planned lines in order, in batches of one phase and wave."""
        for phase in phases:
            for wave in sorted({line[1] for line in self._lines if line[0] == phase}):
                bodies = [line[4] for line in self._lines if line[0] == phase and line[1] == wave]
                for start in range(0, len(bodies), size):
                    yield bodies[start : start + size]

    def lines_of(self, bindings: Sequence[int]) -> list[bytes]:
        """Give the bodies of the planned lines of these bindings."""
        return [line[4] for line in self._lines if line[2] in set(bindings)]

    def drop_lines(self, prints: Sequence[int]) -> None:
        """Take planned lines back, by fingerprint."""
        self._lines = [line for line in self._lines if line[3] not in set(prints)]

    def prints(self) -> list[int]:
        """Give the fingerprints of all lines."""
        return [line[3] for line in self._lines]

    def count_lines(self, phases: Sequence[int]) -> int:
        """Count planned lines."""
        return sum(line[0] in phases for line in self._lines)

    def count_sights(self, side: Side) -> tuple[int, int]:
        """Count the noted records: those to be decided, and those that are the same."""
        kinds = [row[2] for row in self._sights[side].values() if row[2] != "bad" or row[1] is not None]
        alike = kinds.count("same")
        return len(kinds) - alike, alike

    def close(self) -> None:
        """Throw the paper away."""


def _batches(rows: Sequence[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(rows), size):
        yield list(rows[start : start + size])
