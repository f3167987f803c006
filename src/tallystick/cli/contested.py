"""The open questions that a person can answer by taking a side, and how they are named on the command line."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tallystick.cli.cause import record_of
from tallystick.core.answer import DELETION_KINDS, FIELD_KINDS
from tallystick.core.binding import Binding, QueueItem
from tallystick.core.error import ProjectError
from tallystick.core.record import SIDES, Side
from tallystick.core.state import StoreTx
from tallystick.engine.pair import Pair

ANSWERABLE: Final = FIELD_KINDS | DELETION_KINDS


@dataclass(frozen=True, slots=True)
class Contested:
    """One question: the mapping, the question as it stands, the two records (``None`` if they are not paired)."""

    pair: Pair
    item: QueueItem
    binding: Binding | None

    @property
    def cause(self) -> str:
        """The name of its cause: MAPPING/KIND or MAPPING/KIND/FIELD."""
        return "/".join(p for p in (self.pair.name, self.item.kind, self.item.field) if p)

    @property
    def name(self) -> str:
        """The name of the one question: its cause and its record."""
        return f"{self.cause} {self.item.subject}"

    def record(self, side: Side) -> str | None:
        """Give the record's id on a side, where it is known."""
        if self.binding is not None:
            return self.binding.leg(side).id
        where, record = record_of(self.item)
        return record if where == side else None

    def is_about(self, records: Sequence[str]) -> bool:
        """Whether one of these means this question: ``ID``, ``side/ID`` or ``SYSTEM/OBJECT/ID`` of either side."""
        spelled: set[str] = set()
        for side in SIDES:
            record, end = self.record(side), self.pair.end(side)
            if record is not None:
                spelled |= {record, f"{side}/{record}", f"{end.system}/{end.object}/{record}"}
        return not spelled.isdisjoint(records)

    def is_under(self, causes: Sequence[str]) -> bool:
        """Whether one of these names its cause, its kind of cause or its mapping."""
        return any(self.cause == name or self.cause.startswith(f"{name}/") for name in causes)


def find_contested(tx: StoreTx, pairs: Sequence[Pair]) -> list[Contested]:
    """Give every open question of these pairs that has two sides, the oldest first."""
    found: list[Contested] = []
    for pair in pairs:
        items = [item for item in tx.queue(pair.name) if item.kind in ANSWERABLE]
        bindings = tx.bindings(sorted({item.binding for item in items if item.binding is not None}))
        found += [Contested(pair, i, bindings.get(i.binding) if i.binding is not None else None) for i in items]
    return sorted(found, key=lambda c: (c.item.since, c.item.id))


def choose(contested: Sequence[Contested], causes: Sequence[str], records: Sequence[str]) -> list[Contested]:
    """Keep what was named by its cause and its record; all of a kind that was not named.

    Raises:
        ProjectError: nothing that is open has such a name.
    """
    from tallystick.project.near import suggest

    known = sorted({c.cause for c in contested})
    for name in causes:
        if not any(c.is_under([name]) for c in contested):
            raise ProjectError(
                f"no open question has the cause '{name}'",
                hint=suggest(name, known, what="open") if known else "no question is open",
            )
    named = [c for c in contested if not causes or c.is_under(causes)]
    for record in records:
        if not any(c.is_about([record]) for c in named):
            raise ProjectError(
                f"no open question is about the record '{record}'",
                hint="give an id of either side, as `tally conflicts` shows it",
            )
    return [c for c in named if not records or c.is_about(records)]


def side_of(pair: Pair, word: str) -> Side:
    """Give the side that a person means by ``left``, ``right`` or the name of a system.

    Raises:
        ProjectError: the pair has no such side, or both are of that system.
    """
    from tallystick.project.near import suggest

    ends = [side for side in SIDES if word in {side, pair.end(side).system}]
    if len(ends) == 1:
        return ends[0]
    if ends:
        raise ProjectError(f"both sides of '{pair.name}' are in '{word}'", hint="say left or right")
    known = sorted({"left", "right", pair.left.system, pair.right.system})
    raise ProjectError(f"'{pair.name}' has no side '{word}'", hint=suggest(word, known, what="sides"))
