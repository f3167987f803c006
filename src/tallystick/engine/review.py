"""What a settled line leaves for people: what is asked, what is parked, and what of that is over."""

from tallystick.core.binding import Binding, Quarantined, QueueItem
from tallystick.core.record import SIDES, Side, other
from tallystick.engine.line import Line
from tallystick.engine.partial import is_untold
from tallystick.engine.settlement import Ledger, Settlement


def raise_questions(
    at: Settlement, line: Line, binding: Binding | None, seen: dict[Side, int | None], into: Ledger
) -> None:
    """Raise what is asked and parked, and let go what is over."""
    number = binding.id if binding else None
    if at.reviews_all and (into.parked or line.faults or at.standing.bindings or at.standing.has_unpaired):
        _review(at, line, into)
    for ask in line.asks:
        into.queue.append(
            QueueItem(
                ask.kind, at.pair.name, line.subject, ask.field, ask.detail, number,
                seen["left"], seen["right"], at.now,
            )
        )  # fmt: skip
    for fault in line.faults:
        source = other(fault.side)
        into.parked.append(
            Quarantined(
                at.pair.name, source, line.seen(source).id or line.seen(fault.side).id or "", fault.field, fault.code,
                fault.message, fault.hint, number, seen["left"], seen["right"], at.pair.mapping_print,
                since=at.since(source, line.seen(source).id, fault.field), waits_for=fault.waits_for,
                option=fault.option,
            )
        )  # fmt: skip


def _review(at: Settlement, line: Line, into: Ledger) -> None:
    """Let go everything that stood about this record and is not raised again."""
    if line.binding and line.binding in at.standing.bindings:
        into.reviewed.append(line.binding)
        for row in at.standing.parked.get(line.binding, ()):
            if row.record != line.seen(row.side).id:  # an id that the record had before it was made again
                into.freed[row.side].append(row.record)
    for side in SIDES:
        record = line.seen(side).id
        if record is None:
            continue
        again = {(f.field, f.code) for f in line.faults if other(f.side) == side}
        again |= {(p.field, p.code) for p in into.parked if p.record == record}
        gone = [row for row in at.standing.refused.get((side, record), ()) if (row.field, row.code) not in again]
        named = {fault.field for fault in line.faults}
        kept = [row for row in gone if row.field not in named and is_untold(at.pair, line, row.field)]
        if _is_ended(at, line):
            kept = []
        if len(kept) < len(gone):
            into.freed[side].append(record)
            into.parked += kept
        kinds = {a.kind for a in line.asks}
        asked = at.standing.asked.get(f"{side}/{record}", {})
        into.withdrawn += [q.id for kind, q in asked.items() if kind not in kinds]


def _is_ended(at: Settlement, line: Line) -> bool:
    """Whether the pairing is over, so that nothing of the record waits any more."""
    before = at.before.get(line.binding)
    return (line.state or (before.state if before else "")) in {"tomb", "unlinked", "erased"}
