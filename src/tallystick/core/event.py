"""What happens in a run, as typed facts for progress bars, logs and metrics. Never values of records."""

from dataclasses import dataclass

from tallystick.core.record import Side


@dataclass(frozen=True, slots=True)
class PageRead:
    """A page of a side was read; ``total`` is what the system claims, if it does."""

    pair: str
    side: Side
    rows: int
    listed: int
    total: int | None


@dataclass(frozen=True, slots=True)
class Decided:
    """So many records of a pair were decided."""

    pair: str
    count: int


@dataclass(frozen=True, slots=True)
class Pushed:
    """So many operations of so many were carried out."""

    pair: str
    done: int
    total: int
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Resolved:
    """The unknown outcome of an earlier write was settled: confirmed, adopted, dropped, resent, parked or waiting."""

    pair: str
    side: Side
    outcome: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """The run waits, for a reason and so many seconds."""

    pair: str
    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class PairFailed:
    """A pair could not go on; the others do."""

    pair: str
    code: str
    message: str


Event = PageRead | Decided | Pushed | Resolved | Waiting | PairFailed
