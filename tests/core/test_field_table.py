"""The field table written a second time, from the words of SYNC-SPEC 6 and 9.4: every cell of a small domain agrees.

Unlike the golden tables, which the code wrote, this one knows nothing of how the merge is built.
"""

from itertools import product

import pytest
from golden_tables import cut, keep, never

from tallystick.core.contest import Around
from tallystick.core.error import DataError
from tallystick.core.merge import merge_field
from tallystick.core.policy import FieldPolicy
from tallystick.core.record import UNKNOWN
from tallystick.core.sides import Holds, Sides

VALUES = (UNKNOWN, None, "aaa", "aa")
OTHER = {"left": "right", "right": "left"}
DIRECTIONS = ("both", "to_right", "to_left", "match_only", "once_to_right", "once_to_left")
CONFLICTS = (("manual", "manual"), ("left", "manual"), ("newest", "manual"), ("newest", "right"),
             ("prefer_nonblank", "right"))  # fmt: skip
REACTIONS = (("left", "propagate", "report"), ("newest", "keep", "revert"), ("ask", "ask", "ignore"))
ROOMS = {"all": (keep, keep), "right cuts": (keep, cut), "left cuts": (cut, keep), "right refuses": (keep, never),
         "left refuses": (never, keep)}  # fmt: skip
NOTHING = ((), ())


class Cell:
    """Two values, two bases, a policy and what each side can hold; ``newer`` is the record that was changed later."""

    def __init__(self, now, base, policy, room, newer):
        self.now, self.base = dict(zip(OTHER, now, strict=True)), dict(zip(OTHER, base, strict=True))
        self.policy, self.room, self.newer = policy, dict(zip(OTHER, room, strict=True)), newer

    def may_write(self, side, *, first=False):
        return self.policy.direction in {"both", f"to_{side}", f"once_to_{side}" if first else ""}

    def fits(self, side):
        """Whether a side holds just what it can of the other's value."""
        try:
            return self.room[side](self.now[OTHER[side]]) == self.now[side]
        except DataError:
            return False

    def agree(self):
        return self.now["left"] == self.now["right"] or self.fits("left") or self.fits("right")

    def write(self, side, *, lose):
        value = self.now[OTHER[side]]
        try:
            kept = self.room[side](value)
        except DataError:
            return ("invalid", *NOTHING)
        if kept == self.now[side]:
            return ("agree", *NOTHING)
        return "write", ((side, value),), ((side, self.now[side]),) if lose else ()

    def expected(self):
        """Say what the specification wants: the kind, the writes, the losers."""
        if UNKNOWN in self.now.values():
            return ("unknown", *NOTHING)
        if self.policy.direction == "match_only":
            return ("agree", *NOTHING)
        if UNKNOWN in self.base.values():
            return self.at_first_contact()
        moved = [side for side in OTHER if self.now[side] != self.base[side]]
        if not moved:
            return ("keep", *NOTHING)
        if self.policy.direction.startswith("once_") or self.agree():
            return ("agree", *NOTHING)
        return self.after_edit(moved[0]) if len(moved) == 1 else self.after_two_edits()

    def at_first_contact(self):
        if self.agree():
            return ("agree", *NOTHING)
        blank = next((side for side in OTHER if self.now[side] is None), None)
        if blank:
            return self.write(blank, lose=False) if self.may_write(blank, first=True) else ("agree", *NOTHING)
        leader = {"newest": self.newer, "ask": None}.get(self.policy.initial, self.policy.initial)
        if leader is None:
            return ("initial", *NOTHING)
        follower = OTHER[leader]
        return self.write(follower, lose=True) if self.may_write(follower, first=True) else ("drift", *NOTHING)

    def after_edit(self, side):
        if not self.may_write(OTHER[side]):
            if self.policy.drift == "revert" and self.may_write(side):
                return self.write(side, lose=True)
            return ("agree" if self.policy.drift == "ignore" else "drift", *NOTHING)
        if self.now[side] is None and self.policy.blank != "propagate":
            return ("agree" if self.policy.blank == "keep" else "blank", *NOTHING)
        return self.write(OTHER[side], lose=False)

    def after_two_edits(self):
        if self.policy.direction != "both":
            return self.write(self.policy.direction.removeprefix("to_"), lose=True)
        winner = self.winner(self.policy.conflict) or self.winner(self.policy.fallback)
        return self.write(OTHER[winner], lose=True) if winner else ("conflict", *NOTHING)

    def winner(self, conflict):
        full = [side for side in OTHER if self.now[side] is not None]
        chosen = {"newest": self.newer, "manual": None, "prefer_nonblank": full[0] if len(full) == 1 else None}
        return chosen.get(conflict, conflict)


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_every_cell_is_what_the_specification_says(direction, room):
    """F-0 to F-9, for every value that is unknown, blank, the same, another, or merely shortened."""
    settings = product(CONFLICTS, REACTIONS, (None, "left"))
    for (conflict, fallback), (initial, blank, drift), newer in settings:
        policy = FieldPolicy(direction, conflict, fallback, initial, blank, drift)
        holds = Holds(*ROOMS[room])
        for left, right, was_left, was_right in product(VALUES, repeat=4):
            cell = Cell((left, right), (was_left, was_right), policy, ROOMS[room], newer)
            made = merge_field(Sides(left, right), Sides(was_left, was_right), policy, holds, Around(newer))
            assert (made.kind, made.writes, made.losers) == cell.expected()
