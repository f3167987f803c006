"""Look at one record as the next plan would: what both sides say now, what was agreed, what follows.

Reads the two records alone and asks the same ``reconcile`` that every plan asks; nothing is written.
"""

from dataclasses import dataclass, field

from tallystick.cli.cause import record_of
from tallystick.cli.why_find import Subject
from tallystick.core.binding import Binding, Intent, JournalEntry, LedgerRow, Quarantined, QueueItem
from tallystick.core.decision import Decision
from tallystick.core.error import DataError, Error
from tallystick.core.observation import Gone, Missing, Observation, OutOfScope, Present, Unreadable
from tallystick.core.ports import Call, NotThere, Now, Sighting
from tallystick.core.reconcile import Context, reconcile
from tallystick.core.record import SIDES, Fields, Side, other
from tallystick.core.state import StoreTx
from tallystick.engine.decide import PENDING, settle_pending
from tallystick.engine.grace import resting_sides
from tallystick.engine.pair import End, Pair, resolve_refs, unreadable_record
from tallystick.engine.unread import readable_part, unread_of
from tallystick.wiring import House


@dataclass(slots=True)
class Leg:
    """One side of the record: its id, the base that was agreed, what was seen just now."""

    id: str | None = None
    base: Fields | None = None
    seen: Observation | None = None

    @property
    def fields(self) -> Fields | None:
        """The canonical values seen now."""
        return self.seen.fields if isinstance(self.seen, Present) else None


@dataclass(slots=True)
class Sight:
    """Everything about one record: the pairing, both legs, what reconcile says, what stands, what happened before.

    ``rivals`` are the records on the other side that an unpaired record could belong to, where they can be searched.
    """

    pair: Pair
    side: Side
    binding: Binding | None = None
    legs: dict[Side, Leg] = field(default_factory=lambda: {s: Leg() for s in SIDES})
    decision: Decision | None = None
    rivals: list[str] = field(default_factory=list)
    is_keyless: bool = False
    intents: list[Intent] = field(default_factory=list)
    questions: list[QueueItem] = field(default_factory=list)
    parked: list[Quarantined] = field(default_factory=list)
    journal: list[JournalEntry] = field(default_factory=list)
    ledger: list[LedgerRow] = field(default_factory=list)

    def is_unread(self, side: Side, index: int) -> bool:
        """Tell whether the value of a field is there on a side and cannot be read."""
        seen = self.legs[side].seen
        return isinstance(seen, Present) and seen.is_unread(index)


def look_at(house: House, subject: Subject) -> Sight:
    """Gather everything about a record."""
    sight = Sight(subject.pair, subject.side)
    house.store.look(lambda tx: _remember(tx, subject, sight))
    for side in SIDES:
        leg = sight.legs[side]
        if leg.id is not None:
            leg.seen = _observe(house, subject.pair.end(side), leg.id)
    if sight.binding is not None:
        _decide(sight, house.boundary().perform(Now()))
    else:
        _search(house, sight)
    return sight


def _remember(tx: StoreTx, subject: Subject, sight: Sight) -> None:
    pair, number = subject.pair, subject.binding
    sight.binding = tx.bindings([number]).get(number) if number is not None else None
    sight.legs[subject.side].id = subject.id
    if sight.binding is not None and number is not None:
        state = tx.pair_state(pair.name)
        names = state.names if state and state.names else pair.mapping.names
        for side in SIDES:
            leg = sight.binding.leg(side)
            sight.legs[side] = Leg(leg.id, pair.base(leg.base, leg.shape, names))
        sight.journal, sight.ledger = tx.journal(number), tx.ledger(binding=number, limit=20)
    ids = {(side, leg.id) for side, leg in sight.legs.items() if leg.id is not None}
    sight.questions = [q for q in tx.queue(pair.name) if (number and q.binding == number) or record_of(q) in ids]
    sight.parked = [
        q for q in tx.quarantine(pair.name) if (number and q.binding == number) or (q.side, q.record) in ids
    ]
    sight.intents = [i for i in tx.open_intents(pair.name) if i.binding == number or (other(i.side), i.origin) in ids]


def _observe(house: House, end: End, record_id: str) -> Observation | None:
    """Read one record now; ``None`` where records cannot be read one by one."""
    if not end.can.read_by_id:
        return None
    try:
        found = house.boundary().perform(Call(end.system, end.connector.get(end.object, record_id)))
        if isinstance(found, NotThere):
            return Gone(found.evidence or "the system says it was deleted") if found.gone else Missing()
        return _present(house, end, found)
    except Error as failure:
        return Unreadable(failure)


def _present(house: House, end: End, found: Sighting) -> Observation:
    if found.deleted:
        return Gone("the system shows it as deleted")
    if not end.in_scope(found.record):
        return OutOfScope(found.version)
    refs = house.store.look(lambda tx: resolve_refs(tx, end, [found.record], {}))
    [read] = end.read([found.record], refs)
    if isinstance(read, DataError) and not read.rest:
        return Unreadable(unreadable_record(end, found.id, read))
    fields = readable_part(read) or ()
    return Present(found.id, fields, found.version, found.modified, unread_of(end.names, read))


def _decide(sight: Sight, now: float) -> None:
    """Ask what the next plan would ask. A side that cannot be read alone is taken to be as it was agreed."""
    binding = sight.binding
    assert binding is not None
    bases: dict[Side, Fields | None] = {}
    seen: dict[Side, Observation | None] = {}
    for side in SIDES:
        leg = sight.legs[side]
        bases[side], seen[side] = leg.base, leg.seen
        if leg.id is not None and leg.seen is None and leg.base is not None:
            seen[side] = Present(leg.id, leg.base, binding.leg(side).version)
        since, can = binding.leg(side).absent_since, sight.pair.end(side).can
        if isinstance(leg.seen, Missing) and since is not None and now - since >= can.consistency + can.in_flux:
            seen[side] = Gone("it was missing before, long enough ago")
        if PENDING[side] in binding.flags and leg.base is not None and isinstance(leg.seen, Present):
            pairing = sight.pair.pairing
            hold = pairing.hold_left if side == "left" else pairing.hold_right
            bases[side] = settle_pending(leg.base, leg.seen.fields, hold)
    context = Context(resting=resting_sides(sight.pair, binding, now))
    sight.decision = reconcile(
        binding.state, (bases["left"], bases["right"]), (seen["left"], seen["right"]), sight.pair.pairing, context
    )


def _search(house: House, sight: Sight) -> None:
    """Look for who an unpaired record could belong to: among the paired ones, and by search where the system can."""
    fields = sight.legs[sight.side].fields
    if fields is None:
        return
    keys = sight.pair.keys.keys(fields)
    sight.is_keyless = not keys
    opposite = sight.pair.end(other(sight.side))
    bound = house.store.look(lambda tx: tx.find_keys(sight.pair.name, opposite.side, sorted(keys.items())))
    found = {record for _, _, record in bound}
    for rule in sight.pair.mapping.match:
        found |= set(_find(house, sight, opposite, rule.fields))
    sight.rivals = sorted(found)


def _find(house: House, sight: Sight, end: End, names: tuple[str, ...]) -> list[str]:
    """Search the other side by a match field. What it holds must fit as it is, so this may find too few."""
    from tallystick.core import path
    from tallystick.core.record import UNKNOWN

    fields = sight.legs[sight.side].fields or ()
    at = end.names.index(names[0])
    where = end.places[at].path
    value = fields[at]
    if len(names) != 1 or not where or path.render(where) not in end.can.searchable or value in (None, UNKNOWN):
        return []
    try:
        hits = house.boundary().perform(Call(end.system, end.connector.find(end.object, where, value)))
    except Error:
        return []
    return [h.id for h in hits if not h.deleted and end.in_scope(h.record)]
