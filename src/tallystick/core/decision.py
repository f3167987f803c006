"""What ``reconcile`` decides for one binding: every outcome by name, with a reason and all that a write needs.

A decision can be shown (dry run), kept, and checked for staleness; it holds values, never live objects. The reason is
``state.left.right[.policy]``, for example ``linked.C.D.ask``: the cell of the decision table and what settled it.
"""

from dataclasses import dataclass
from typing import Literal

from tallystick.core.binding import Op, QueueKind, State
from tallystick.core.error import DataError
from tallystick.core.record import Fields, Side, Value

Disposition = Literal[
    "unchanged", "written", "converged", "drift", "filtered", "deferred", "queued", "held", "quarantined", "unreadable",
    "parked", "unasked",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Write:
    """One write to a side. ``which`` are positions in ``fields``; ``fields`` the canonical record as it shall be there.

    For a create ``which`` is empty and all of ``fields`` counts. ``rules`` name why each field moves.
    """

    side: Side
    op: Op
    fields: Fields = ()
    which: tuple[int, ...] = ()
    rules: tuple[str, ...] = ()
    pre_version: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """Something that a person must decide. ``index`` is the field's position, -1 for the whole record."""

    kind: QueueKind
    index: int = -1
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict on one binding.

    ``agree`` are positions whose current values become the bases without a write. ``journal`` are (side, position,
    value) that will be overwritten. ``faults`` are (side that cannot take it, position, why). ``verify`` are the sides
    whose absence needs proof first; nothing else is written meanwhile. ``settled`` tells that the observed versions may
    be remembered once all writes are confirmed. ``resting`` is the side whose deletion waits for its grace period.
    """

    reason: str
    disposition: Disposition
    state: State | None = None
    writes: tuple[Write, ...] = ()
    agree: tuple[int, ...] = ()
    journal: tuple[tuple[Side, int, Value], ...] = ()
    questions: tuple[Question, ...] = ()
    faults: tuple[tuple[Side, int, DataError], ...] = ()
    drift: tuple[int, ...] = ()
    verify: tuple[Side, ...] = ()
    settled: bool = True
    resting: Side | None = None
