"""Whether a field that is gone goes on under another name: what it held is what a new field holds now (C7.5).

What a mapped field held is in the bases of the linked records. So the values of each new field are put where the old
one stood, read through the mapping as it is, and compared record by record. Nothing is written.
"""

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from tallystick.core.error import DataError
from tallystick.core.mapping import Refs
from tallystick.core.path import Path, parse, read, render, write
from tallystick.core.record import UNKNOWN, Raw, Side, Value, decode_fields
from tallystick.core.state import StoreTx
from tallystick.engine.pair import End, Pair

_SHARE: Final = 0.95  # so many of the values must be the same
_FEW: Final = 3  # of fewer values nothing can be said
_DISTINCT: Final = 2  # nor of values that are all the same


@dataclass(frozen=True, slots=True)
class Renamed:
    """A field that is called otherwise now, and in how many of how many records it holds what it held."""

    old: str
    new: str
    same: int
    compared: int


@dataclass(slots=True)
class _Score:
    same: int = 0
    compared: int = 0
    values: set[str] | None = None

    def add(self, was: Value, now: Value) -> None:
        self.compared += 1
        self.same += was == now
        self.values = (self.values or set()) | {repr(was)}

    @property
    def is_sure(self) -> bool:
        enough = self.compared >= _FEW and len(self.values or ()) >= _DISTINCT
        return enough and self.same >= _SHARE * self.compared


def find_renames(
    tx: StoreTx, pair: Pair, side: Side, records: Mapping[str, Raw], gone: Iterable[str], new: Sequence[str]
) -> list[Renamed]:
    """Pair fields that are gone with new ones; ``records`` are some of a side as they are now, by id.

    A new field is named once, and only where no other comes as near.
    """
    end = pair.end(side)
    bases = list(_bases(tx, pair, side, records))
    found: list[Renamed] = []
    for old in gone:
        at = _field_at(end, parse(old))
        scores = {name: _compare(end, at, bases, parse(old), parse(name)) for name in new} if at is not None else {}
        sure = [name for name, score in scores.items() if score.is_sure]
        if len(sure) == 1:
            found.append(Renamed(old, sure[0], scores[sure[0]].same, scores[sure[0]].compared))
    return [each for each in found if sum(other.new == each.new for other in found) == 1]


def _bases(tx: StoreTx, pair: Pair, side: Side, records: Mapping[str, Raw]) -> Iterable[tuple[Raw, Sequence[Value]]]:
    for record, raw in records.items():
        binding = tx.binding_of(pair.name, side, record)
        leg = binding.leg(side) if binding is not None else None
        if leg is not None and leg.base is not None and leg.shape == pair.shape:
            yield raw, decode_fields(leg.base)


def _field_at(end: End, where: Path) -> int | None:
    """Find the field that is read from a path as it stands there; references would have to be resolved."""
    return next((i for i, place in enumerate(end.places) if place.path == where and not place.reference), None)


def _compare(end: End, at: int, bases: Sequence[tuple[Raw, Sequence[Value]]], old: Path, new: Path) -> _Score:
    score = _Score()
    for raw, base in bases:
        value: Any = read(raw, new)
        if value is UNKNOWN or base[at] in {None, ""} or base[at] is UNKNOWN:
            continue
        moved = deepcopy(raw)
        write(moved, old, value)
        fields = end.codec.read([moved], Refs())[0]
        known = fields.rest if isinstance(fields, DataError) else fields
        if known:
            score.add(base[at], known[at])
    return score


def moved_path(path: str, old: str, new: str) -> str:
    """Give what a path becomes when the field it lies in, or is, is called otherwise; other paths stay."""
    steps, before = parse(path), parse(old)
    if steps[: len(before)] != before:
        return path
    return render((*parse(new), *steps[len(before) :]))
