"""Brakes: what a plan may not do without a person's word (SYNC-SPEC 12).

    deletes     more than max(10, 5 %) of the linked, or too many in a day   hold deletes and archives
    empty side  nothing listed where records are linked                      hold everything of the pair
    shrink      a listing far shorter than the last complete one             hold deletes
    updates     a large share of a side would be rewritten                   hold updates of that side
    blanks      one field would become blank in many records                 hold that field of that side
    creates     many new records when this is not the first contact          hold creates of that side
    duplicates  many of the new records are already there                    hold creates of that side
    rules       a record breaks a rule that says stop                        hold everything of that side
    changed     scope, key or deletion policy were changed (R-12.6)          hold what may follow from that
    drift       an object that says stop changed its fields (C7.5)           hold everything of that side

Pure: numbers in, holds out. A hold names its numbers and, once the plan's lines are known, what it refuses. A person
releases it by kind, by kind and number, or by its id, which stands for exactly these lines (R-12.5).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from tallystick.core.binding import Op
from tallystick.core.policy import Brakes
from tallystick.core.record import SIDES, Side

HoldKind = Literal[
    "deletes", "empty_side", "shrink", "updates", "blanks", "creates", "duplicates", "rules", "changed", "drift"
]


@dataclass(slots=True)
class Tally:
    """The numbers of one pair's plan. ``writes`` counts by (side, op); listings are of complete reads.

    ``stopping`` are the records, (side they come from, id), that break a rule which says stop, by the side that the
    rule guards and its words.
    """

    linked: int = 0
    first_contact: bool = False
    writes: dict[tuple[Side, Op], int] = field(default_factory=dict)
    blanked: dict[tuple[Side, str], int] = field(default_factory=dict)
    listed: dict[Side, int | None] = field(default_factory=dict)
    listed_before: dict[Side, int | None] = field(default_factory=dict)
    deleted_today: Mapping[Side, int] = field(default_factory=dict)
    unmatched: dict[Side, int] = field(default_factory=dict)
    duplicates: dict[Side, int] = field(default_factory=dict)
    stopping: dict[tuple[Side, str], set[tuple[Side, str]]] = field(default_factory=dict)

    def count(self, side: Side, *ops: Op) -> int:
        """How many of these operations the plan has on a side."""
        return sum(self.writes.get((side, op), 0) for op in ops)


@dataclass(frozen=True, slots=True)
class HeldWrite:
    """A write that a brake refuses: from the record ``source`` of the other side to ``target`` (none for a create)."""

    op: Op
    source: str | None
    target: str | None


@dataclass(frozen=True, slots=True)
class Hold:
    """A brake that holds: which operations on which side, and the numbers in words.

    With a ``field`` it refuses only to make this field blank; the rest of such an update goes on.
    ``count`` are the planned writes it refuses, ``first`` some of them. ``id`` changes with any of the lines.
    """

    kind: HoldKind
    side: Side
    ops: tuple[Op, ...]
    reason: str
    count: int = 0
    first: tuple[HeldWrite, ...] = ()
    id: str = ""
    field: str = ""


@dataclass(frozen=True, slots=True)
class Release:
    """A person's word that lets brakes go: all of a kind, narrowed by pair, side and number, or one hold by its id.

    ``most`` is how many writes the hold may refuse; if it is more, another plan was meant and the hold stays. An ``id``
    whose hold is known already comes with all the rest, and that counts.
    """

    kind: str
    pair: str = ""
    side: Side | None = None
    most: int | None = None
    id: str = ""

    def lets_go(self, pair: str, hold: Hold) -> bool:
        """Tell whether this word is about that hold of that pair."""
        if self.id and not self.pair:
            return self.id == hold.id
        is_meant = self.kind == hold.kind and self.pair in {"", pair} and self.side in {None, hold.side}
        return is_meant and (self.most is None or hold.count <= self.most)

    def __str__(self) -> str:
        parts = [self.kind, self.pair, self.side or "", "" if self.most is None else str(self.most)]
        return self.id or ":".join(parts).rstrip(":")


@dataclass(frozen=True, slots=True)
class Permit:
    """What a person lets pass in one run although brakes hold, and who that is.

    ``named`` are fingerprints of lines that were named one by one; no brake holds them.
    """

    by: str = "somebody"
    releases: tuple[Release, ...] = ()
    named: frozenset[int] = frozenset()


_ALL: tuple[Op, ...] = ("create", "update", "delete", "archive", "undelete")


def apply_brakes(tally: Tally, limits: Brakes) -> tuple[Hold, ...]:
    """Name everything in the plan that needs a person's word."""
    holds: list[Hold] = []
    for side in SIDES:
        holds += _deletes(tally, limits, side)
        holds += _listings(tally, limits, side)
        holds += _updates(tally, limits, side)
        holds += _creates(tally, limits, side)
        holds += _rules(tally, side)
    return tuple(holds)


def _deletes(tally: Tally, limits: Brakes, side: Side) -> list[Hold]:
    planned = tally.count(side, "delete", "archive")
    allowed = max(limits.delete_count, int(limits.delete_share * tally.linked))
    today = tally.deleted_today.get(side, 0)
    if planned > allowed:
        reason = f"{planned} deletions planned on the {side} of {tally.linked} linked records; {allowed} are allowed"
        return [Hold("deletes", side, ("delete", "archive"), reason)]
    if planned and planned + today > limits.delete_per_day:
        reason = (
            f"{planned} deletions planned on the {side} after {today} in 24 hours; {limits.delete_per_day} are allowed"
        )
        return [Hold("deletes", side, ("delete", "archive"), reason)]
    return []


def _listings(tally: Tally, limits: Brakes, side: Side) -> list[Hold]:
    listed, before = tally.listed.get(side), tally.listed_before.get(side)
    if listed == 0 and tally.linked >= limits.empty_side_from:
        reason = f"the {side} lists no record although {tally.linked} are linked"
        return [Hold("empty_side", s, _ALL, reason) for s in SIDES]
    if listed is not None and before and listed < limits.shrink_share * before:
        reason = f"the {side} lists {listed} records, {before} at the last complete read"
        return [Hold("shrink", s, ("delete", "archive"), reason) for s in SIDES]
    return []


def _updates(tally: Tally, limits: Brakes, side: Side) -> list[Hold]:
    planned = tally.count(side, "update")
    holds: list[Hold] = []
    if planned >= limits.update_from and planned > limits.update_share * tally.linked:
        reason = f"{planned} of {tally.linked} linked records would be changed on the {side}"
        holds.append(Hold("updates", side, ("update",), reason))
    for (where, name), count in tally.blanked.items():
        if where == side and count > max(limits.blank_count, int(limits.blank_share * tally.linked)):
            reason = f"'{name}' would become blank in {count} records on the {side}"
            holds.append(Hold("blanks", side, ("update",), reason, field=name))
    return holds


def _creates(tally: Tally, limits: Brakes, side: Side) -> list[Hold]:
    planned = tally.count(side, "create")
    holds: list[Hold] = []
    allowed = max(limits.create_count, int(limits.create_share * tally.linked))
    if planned > allowed and not tally.first_contact:
        reason = f"{planned} records would be created on the {side}; {tally.linked} are linked, {allowed} are allowed"
        holds.append(Hold("creates", side, ("create",), reason))
    new, doubles = tally.unmatched.get(side, 0), tally.duplicates.get(side, 0)
    if doubles > limits.delete_count and doubles > limits.duplicate_share * (new + doubles) and not tally.first_contact:
        reason = f"{doubles} of {new + doubles} new records for the {side} seem to be there already"
        holds.append(Hold("duplicates", side, ("create",), reason))
    return holds


def _rules(tally: Tally, side: Side) -> list[Hold]:
    return [
        Hold(
            "rules",
            side,
            _ALL,
            f"{len(records)} record{'s' * (len(records) != 1)} for the {side} break a rule: {words}",
        )
        for (where, words), records in tally.stopping.items()
        if where == side and records
    ]
