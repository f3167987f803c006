"""Gather what happened to one record: the audit trail with the values that the journal still has."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tallystick.cli.why_find import Subject
from tallystick.core.history import Entry, tell
from tallystick.core.record import SIDES, Side
from tallystick.core.state import StoreTx
from tallystick.engine.pair import Pair
from tallystick.engine.signature import signer_of
from tallystick.wiring import House


@dataclass(frozen=True, slots=True)
class Past:
    """What was done to the two records of a pairing, newest first; ``ids`` as they are now.

    ``signers`` say of each run who carried it out, as far as that was noted.
    """

    pair: Pair
    ids: dict[Side, str | None]
    entries: list[Entry]
    is_cut: bool
    signers: Mapping[str, str] = field(default_factory=dict)


def look_back(house: House, subject: Subject, limit: int) -> Past:
    """Gather what was written to a record and its counterpart, at most ``limit`` entries."""
    pair, number = subject.pair, subject.binding

    def work(tx: StoreTx) -> Past:
        binding = tx.bindings([number]).get(number) if number is not None else None
        if binding is None or number is None:
            return Past(pair, {s: subject.id if s == subject.side else None for s in SIDES}, [], is_cut=False)
        state = tx.pair_state(pair.name)
        names = state.names if state and state.names else pair.mapping.names
        left, right = (pair.base(leg.base, leg.shape, names) for leg in (binding.left, binding.right))
        rows = tx.ledger(binding=number, limit=limit + 1)
        entries = tell(rows[:limit], tx.journal(number), (left, right), pair.mapping.names)
        signers = {run: signer_of(tx, run) for run in {row.run for row in rows[:limit]}}
        return Past(pair, {s: binding.leg(s).id for s in SIDES}, entries, len(rows) > limit, signers)

    return house.store.look(work)
