"""What settling a batch of lines starts from, and what it adds to the store."""

from dataclasses import dataclass, field

from tallystick.core.binding import (
    Binding,
    Dirty,
    FormerId,
    Intent,
    LedgerRow,
    Leg,
    Quarantined,
    QueueItem,
    QueueKind,
    Superseded,
)
from tallystick.core.error import Absent, AccessError, Error, Stale
from tallystick.core.ports import Written
from tallystick.core.record import SIDES, Side
from tallystick.core.refused import RefusedReason
from tallystick.core.state import StoreTx
from tallystick.engine.line import Line
from tallystick.engine.pair import Pair
from tallystick.engine.session import Standing

MOST_ATTEMPTS = 5
# What could not be taken back stays a question until a person answers it; looking again answers nothing. What waits for
# a reference is asked about by the day, whatever comes of looking at the record (``engine.awaiting``).
KEPT: frozenset[QueueKind] = frozenset({"undo", "reference"})
# The change time that follows a deletion: whatever is shown of the record before no copy can lag any more is older.
ENDED = 1e12
PENDING: dict[Side, str] = {"left": "l", "right": "r"}


@dataclass(slots=True)
class Ledger:
    """What one batch adds to the store, gathered before the transaction that writes it."""

    new: list[Binding] = field(default_factory=list)
    changed: list[Binding] = field(default_factory=list)
    keys: dict[Side, list[tuple[str, int, int]]] = field(default_factory=lambda: {s: [] for s in SIDES})
    unkeyed: dict[Side, list[str]] = field(default_factory=lambda: {s: [] for s in SIDES})
    former: list[FormerId] = field(default_factory=list)
    rows: list[LedgerRow] = field(default_factory=list)
    queue: list[QueueItem] = field(default_factory=list)
    parked: list[Quarantined] = field(default_factory=list)
    refused: list[RefusedReason] = field(default_factory=list)
    freed: dict[Side, list[str]] = field(default_factory=lambda: {s: [] for s in SIDES})
    withdrawn: list[int] = field(default_factory=list)
    reviewed: list[int] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    reopened: list[Intent] = field(default_factory=list)
    dirty: list[Dirty] = field(default_factory=list)
    over: list[Superseded] = field(default_factory=list)

    def write(self, pair: str, tx: StoreTx) -> None:
        """Write everything in one transaction."""
        if self.reviewed:
            again = {(q.kind, q.subject, q.field) for q in self.queue}
            asked = [q for q in tx.queue(pair, self.reviewed) if q.kind not in KEPT]
            over = [q.id for q in asked if (q.kind, q.subject, q.field) not in again]
            tx.drop_queue(over)
        tx.drop_queue(self.withdrawn)
        tx.insert_bindings(self.new)
        tx.update_bindings(self.changed)
        for side in SIDES:
            if self.freed[side]:
                tx.drop_quarantine(pair, side, self.freed[side])
            if self.unkeyed[side]:
                tx.drop_keys(pair, side, self.unkeyed[side])
            if self.keys[side]:
                tx.put_keys(pair, side, self.keys[side])
        tx.add_former(self.former)
        tx.add_ledger(self.rows)
        tx.put_queue(self.queue)
        tx.put_quarantine(self.parked)
        if self.refused:
            tx.note_refusals(self.refused)
        tx.mark_dirty(self.dirty)
        tx.add_superseded(self.over)
        tx.close_intents(self.closed)
        if self.reopened:
            tx.update_intents(self.reopened)


@dataclass(frozen=True, slots=True)
class Settlement:
    """Everything that settling a line needs besides the line: the pair, the run, the time, what stood before.

    ``reviews_all`` tells that the run looked at all there is to say about a record, so that what it does not raise
    again is over.
    """

    pair: Pair
    run: str
    now: float
    names: tuple[str, ...]
    before: dict[int, Binding]
    standing: Standing
    reviews_all: bool = True

    def supersede(self, side: Side, leg: Leg, modified: float | None, into: Ledger, *, agreed: bool = False) -> None:
        """Note that a leg is no longer as it was, where a read of its system may still show it so (R-4.5).

        ``modified`` is the change time of the state that followed, where it is known; ``agreed`` tells that all of
        that state is agreed. Then anything else with a change time that is not surely later may be a state from before
        that nobody ever saw.
        """
        can = self.pair.end(side).can
        if agreed and modified is not None:
            modified += can.granularity + can.late_commit
        if can.consistency and leg.id is not None and leg.digest is not None:
            into.over.append(
                Superseded(self.pair.name, side, leg.id, leg.version or "", leg.digest, modified, self.now)
            )

    def since(self, side: Side, record: str | None, field_name: str) -> float:
        """Since when this is parked, seconds UTC: now, unless it was before."""
        rows = self.standing.refused.get((side, record or ""), ())
        return next((row.since for row in rows if row.field == field_name), self.now)

    def attempts(self, line: Line) -> int:
        """How often a write of this line's records was planned anew before, because the system had moved on."""
        records = [(side, line.seen(side).id or "") for side in SIDES]
        return max(self.standing.attempts.get(record, 0) for record in records)

    def is_refusal(self, line: Line, result: Written | Error | None) -> bool:
        """Whether the system said no to this very content, so that there is nothing to try until something changes.

        "Moved on" or "not allowed" that is answered again and again, though others go through, is such a no.
        """
        if not isinstance(result, Error):
            return False
        return result.recovery == "park" or (
            isinstance(result, Stale | Absent | AccessError) and self.attempts(line) + 1 >= MOST_ATTEMPTS
        )
