"""What the deletions of one run bring down with them: who must be out of the way first, and who has to stay (R-12.4).

A record goes only after everything that its system would delete along with it is gone or points elsewhere. So each
deletion is a line of its own, seen by people, counted by brakes and kept in the journal, also where the system would
have made it by itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from tallystick.core.binding import Op
from tallystick.core.record import Side

Key = tuple[str, Side, int]  # pair, side, binding


@dataclass(slots=True)
class Falls:
    """The deletions of a run. ``spared`` are those that shall not happen now, and what to ask; empty to only wait."""

    planned: dict[tuple[str, Side], set[int]] = field(default_factory=dict)
    spared: dict[Key, str] = field(default_factory=dict)
    _leaning: dict[Key, set[Key]] = field(default_factory=dict)
    _departed: set[Key] = field(default_factory=set)

    def note(self, pair: str, binding: int, steps: Iterable[tuple[Side, Op]]) -> None:
        """Note which of the planned writes delete a record."""
        for side, op in steps:
            if op == "delete" and binding > 0:
                self.planned.setdefault((pair, side), set()).add(binding)

    def lean(self, child: Key, parent: Key) -> None:
        """Note that ``child`` must be gone, or point elsewhere, before ``parent`` is deleted; a ring is left open."""
        if self._waits_for(child, parent):
            return
        self._leaning.setdefault(parent, set()).add(child)
        if child in self.spared:
            self.spare(parent, self.spared[child])

    def _waits_for(self, key: Key, wanted: Key) -> bool:
        return key == wanted or any(self._waits_for(child, wanted) for child in self._leaning.get(key, ()))

    def depart(self, child: Key) -> None:
        """Note that a record is out of the way."""
        self._departed.add(child)

    def spare(self, key: Key, why: str) -> None:
        """Let a record stay, and with it everything whose deletion would take it along; a question beats waiting."""
        if self.spared.get(key):
            return
        if key in self.spared and not why:
            return
        self.spared[key] = why
        for parent, children in self._leaning.items():
            if key in children:
                self.spare(parent, why)

    def is_free(self, key: Key) -> bool:
        """Whether nothing stands in the way of a deletion."""
        return key not in self.spared and self._leaning.get(key, set()) <= self._departed
