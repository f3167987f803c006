"""Ask about references that have waited too long, and stop asking when they wait no more (R-13.4).

A record whose pointer cannot be translated waits, and goes on by itself. That nobody does anything about it for a day
is news for people: the question says whom it waits for and why that record is paired with nobody.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from tallystick.core.binding import LegFact, Quarantined, QueueItem
from tallystick.core.record import SIDES, Side
from tallystick.core.state import StoreTx
from tallystick.engine.pair import Pair

PATIENCE_SECONDS: Final = 86_400.0
BY_BINDING: Final = "binding"  # what is waited for is known by its pairing, not by an id
_SIDES: Final[Mapping[str, Side]] = {side: side for side in SIDES}
_STATES: Final[Mapping[str, str]] = {
    "unlinked": "its pairing was ended",
    "tomb": "it was deleted",
    "erased": "it was erased",
    "dormant": "it is out of the mapping's scope",
}


def ask_about_waiting(pair: Pair, questions: Iterable[QueueItem], now: float, tx: StoreTx) -> None:
    """Raise a question for every reference that waited for a day, and withdraw those whose wait is over."""
    asked = {(q.subject, q.field): q for q in questions if q.kind == "reference"}
    if not pair.has_references and not asked:
        return
    due = {(f"{row.side}/{row.record}", row.field): row for row in tx.quarantine(pair.name) if _is_due(pair, row, now)}
    tx.drop_queue([q.id for at, q in asked.items() if at not in due])
    details = _reasons([row for at, row in due.items() if at not in asked], tx)
    tx.put_queue(
        [
            QueueItem(
                "reference", row.pair, subject, name, details[row.waits_for], row.binding, row.left_seen,
                row.right_seen, now,
            )
            for (subject, name), row in due.items()
            if (subject, name) not in asked
        ]
    )  # fmt: skip


def _is_due(pair: Pair, row: Quarantined, now: float) -> bool:
    if not row.waits_for:
        return False
    field = next((f for f in pair.mapping.fields if f.name == row.field), None)
    at_once = field is not None and field.policy.on_missing_ref == "error"
    return at_once or now - row.since >= PATIENCE_SECONDS


def _reasons(rows: Iterable[Quarantined], tx: StoreTx) -> dict[str, str]:
    """Say of everybody who is waited for why they are paired with nobody."""
    wanted: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        name, side, record = row.waits_for.split("/", 2)
        wanted.setdefault((name, side), set()).add(record)
    found: dict[str, str] = {}
    for (name, side), records in wanted.items():
        if side == BY_BINDING:
            reasons = dict.fromkeys(records, "it has no counterpart any more")
        else:
            reasons = _reasons_of(name, _SIDES[side], records, tx)
        for record, why in reasons.items():
            found[f"{name}/{side}/{record}"] = f"it points to {_called(name, side, record)}: {why}"
    return found


def _called(name: str, side: str, record: str) -> str:
    return f"a record of {name}" if side == BY_BINDING else f"{name} {record} on the {side}"


def _reasons_of(name: str, side: Side, records: set[str], tx: StoreTx) -> dict[str, str]:
    facts = tx.leg_facts(name, side, sorted(records))
    asked = {q.subject: q.kind for q in tx.queue(name)}
    parked = {row.record: row.code for row in tx.quarantine(name) if row.side == side}
    return {record: _reason(f"{side}/{record}", record, facts, asked, parked) for record in records}


def _reason(
    subject: str, record: str, facts: Mapping[str, LegFact], asked: Mapping[str, str], parked: Mapping[str, str]
) -> str:
    if record in facts and facts[record].state in _STATES:
        return _STATES[facts[record].state]
    if subject in asked:
        return f"a question about it is open ({asked[subject]})"
    if record in parked:
        return f"it is parked ({parked[record]})"
    return "it is not there, or not in the scope of its mapping, or left alone by on_unmatched"
