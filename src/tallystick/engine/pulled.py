"""What reading a side came to, and what of it is kept beyond the run."""

import math
from dataclasses import dataclass, field
from typing import Final

from tallystick.core.binding import Cursor, Quarantined, Window
from tallystick.core.error import Error
from tallystick.core.ports import Capabilities, Page, Position
from tallystick.core.record import Side
from tallystick.core.window import Completeness, Sweep, next_high
from tallystick.engine.known import Known


@dataclass(slots=True)
class Progress:
    """What is durable of a sweep: ``earlier`` is the part that another run read, ``saves`` counts those of this run.

    ``restarts`` tells how often the sweep had to begin again, ``marked`` how many records were marked, ``parked`` how
    many unreadable ones were parked.
    """

    earlier: Window | None = None
    restarts: int = 0
    saves: int = 0
    marked: int = 0
    parked: int = 0


NO_PAGE: Final = Page(())


@dataclass(slots=True)
class Pulled:
    """What reading a side came to. Counts are of listed rows; ``listed`` and ``distinct`` are of the whole sweep.

    ``waiting`` are (binding, id) of the records that are listed as when somebody was asked about them. ``ids`` are the
    records that were new or different, with the times of their creation, where rows may shift.
    ``ended_dark``: when nothing more was listed, the linked records were not shown either.
    ``loads_at`` says from how many listed rows on it pays to know what was last observed of all records.
    ``token`` is the system's own word for where the next sweep begins.
    """

    side: Side
    sweep: Sweep
    listed: int = 0
    unchanged: int = 0
    filtered: int = 0
    undecodable: int = 0
    pages: int = 0
    total: int | None = None
    newest: float | None = None
    snow0: float | None = None
    token: str | None = None
    started: float = 0
    completeness: Completeness = "unproven"
    failure: Error | None = None
    known: Known = field(default_factory=Known)
    loads_at: float = math.inf
    distinct: int = 0
    faults: list[Quarantined] = field(default_factory=list)
    waiting: list[tuple[int, str]] = field(default_factory=list)
    progress: Progress = field(default_factory=Progress)
    reached: tuple[Position | None, Page] = (None, NO_PAGE)
    ids: dict[str, float | None] | None = None
    ended_dark: bool = False

    @property
    def in_one_go(self) -> bool:
        """Whether this run read all of the sweep."""
        return self.progress.earlier is None

    @property
    def shifts(self) -> bool:
        """Whether rows may have moved from page to page while they were read."""
        return self.ids is not None and self.pages > 1

    @property
    def listed_here(self) -> int:
        """How many rows this run listed."""
        return self.listed - (self.progress.earlier.listed if self.progress.earlier else 0)

    @property
    def hides_somebody(self) -> bool:
        """Whether a full listing gave fewer rows, readable or not, than its own total, or any ended in the dark."""
        is_short = self.total is not None and self.distinct + self.undecodable < self.total
        return (self.sweep.full and is_short) or self.ended_dark

    def cursor(self, pair: str, before: Cursor | None, can: Capabilities) -> Cursor:
        """Where the next sweep may start."""
        full = self.sweep.full
        return Cursor(
            pair=pair,
            side=self.side,
            high=next_high(
                before, self.newest, self.snow0, started=self.started, skew=can.skew, shows_any=self.listed > 0
            ),
            full_at=self.started if full else (before.full_at if before else None),
            full_count=self.listed if full else (before.full_count if before else None),
            token=self.token,
        )
