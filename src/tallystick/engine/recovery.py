"""What settling a write of unknown outcome adds to the store: a pairing, a question, or only the end of the intent.

Settlements are gathered and saved in one transaction. Whatever was settled is marked to be looked at again, because an
answer to a repeated create, and every adopted record, describes the past (R-10.14).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from tallystick.core.binding import Binding, Dirty, FormerId, Intent, LedgerRow, QueueItem, Superseded
from tallystick.core.ports import Flow
from tallystick.core.record import (
    SIDES,
    UNKNOWN,
    Fields,
    Side,
    Value,
    decode_fields,
    digest,
    encode_fields,
    other,
    same,
)
from tallystick.core.state import StoreTx
from tallystick.engine import effects
from tallystick.engine.fence import Fence
from tallystick.engine.pair import Pair
from tallystick.engine.session import LIVE
from tallystick.engine.settlement import ENDED, PENDING
from tallystick.engine.signature import run_that_sent
from tallystick.engine.vanished import keep_sent


@dataclass(frozen=True, slots=True)
class Found:
    """The record that an open create made, or that stands in its way.

    ``fields`` are what it holds, unknown where it was not read. ``is_ours`` tells that our create made it, so that what
    differs from what was sent is a later edit; else it is paired without a base. ``is_undated`` tells that nobody knows
    whether it is older than our create, so that what is as sent may well be ours. ``keeps_bases`` tells that it was
    paired before in this very binding, so that the bases of that time count (R-10.10). ``unmade`` are the fields, by
    index, of parts that it does not have: nothing was agreed about these. ``is_open`` tells that nobody knows what
    became of some part. ``doubles`` are others, paired with nobody, that our create made.
    """

    id: str
    fields: Fields | None = None
    version: str | None = None
    is_ours: bool = False
    is_undated: bool = False
    keeps_bases: bool = False
    unmade: frozenset[int] = frozenset()
    is_open: bool = False
    doubles: tuple[str, ...] = ()


@dataclass(slots=True)
class Recovery:
    """The settlements of one pair, gathered until they are saved. ``asked`` are the questions about open creates."""

    run: str
    pair: Pair
    fence: Fence
    now: float
    asked: dict[str, QueueItem] = field(default_factory=dict)
    works: list[Callable[[StoreTx], None]] = field(default_factory=list)

    def save(self) -> Flow[None]:
        """Make everything gathered durable, in one transaction."""
        if not self.works:
            return

        def work(tx: StoreTx) -> None:
            self.fence.check(tx)
            self.carry_out(tx)

        yield from effects.commit(work)
        self.works = []

    def carry_out(self, tx: StoreTx) -> None:
        """Do everything gathered in a transaction that somebody else opened."""
        for each in self.works:
            each(tx)

    def pair_with(self, intent: Intent, found: Found) -> None:
        """Pair the origin of a create with the record that was found for it."""
        self.works.append(lambda tx: self._pair_with(tx, intent, found))

    def pair_if_new(self, intent: Intent, found: Found) -> None:
        """Pair the origin of an update with its target if the pairing it belonged to was never remembered."""
        self.works.append(lambda tx: None if tx.bindings([intent.binding]) else self._pair_with(tx, intent, found))

    def close(self, intent: Intent) -> None:
        """Forget a write that was not carried out; its records are planned anew."""
        self.works.append(lambda tx: self._close(tx, intent, intent.target))

    def lose_sight(self, intent: Intent) -> None:
        """Give up a write of which nobody can see what became, but keep what it sent."""
        fields = {
            intent.side: fields_of(self.pair, intent.sent, intent.shape),
            other(intent.side): fields_of(self.pair, intent.source, intent.shape),
        }
        self.works.append(lambda tx: keep_sent(tx, self.pair, intent, fields, self.now))
        self.close(intent)

    def end_pairing(self, intent: Intent) -> None:
        """Remember that a deletion was carried out: its pairing is over, and what comes back is a restored record."""
        self.works.append(lambda tx: self._end_pairing(tx, intent))

    def renew(self, intents: Sequence[Intent]) -> None:
        """Remember another attempt, or what became of the key."""
        self.works.append(lambda tx: tx.update_intents(intents))

    def refuse_double(self, intent: Intent, hit: str) -> None:
        """Give a create up because its record, or one with its key, is paired with somebody else (R-10.11)."""
        self.works.append(lambda tx: self._refuse_double(tx, intent, hit))

    def ask(self, intent: Intent, alike: Sequence[str] = ()) -> None:
        """Ask a person what became of a create; the intent stays open until somebody or a listing knows (W-3)."""
        system = self.pair.end(intent.side).system
        detail = f"it is not known whether this record was created in {system}; look for it there"
        if alike:
            detail += f". These may be it: {', '.join(alike)}"
        known = self.asked.get(subject_of(intent))
        if known is not None and known.detail == detail:
            return
        item = QueueItem("uncertain", self.pair.name, subject_of(intent), "", detail, since=self.now)
        self.asked[subject_of(intent)] = item
        self.works.append(lambda tx: tx.put_queue([item]))

    def note_write(self, intent: Intent, after: int | None) -> None:
        """Put a deletion that turned out to be carried out into the audit trail, as the write of its run."""
        self.works.append(lambda tx: tx.add_ledger([self.row(tx, intent, intent.target or "", None, after)]))

    def _close(self, tx: StoreTx, intent: Intent, target: str | None, *, go_on: bool = False) -> None:
        ids = {intent.side: target, other(intent.side): intent.origin}
        tx.mark_dirty(
            [Dirty(self.pair.name, s, record, "recovered") for s, record in ids.items() if record is not None]
        )
        if go_on:
            tx.update_intents([replace(intent, op="update", target=target, pre_version=None)])
        else:
            tx.close_intents([intent.id])
        question = self.asked.pop(subject_of(intent), None)
        if question is not None:
            # One that was only just asked has no number yet.
            same = [question] if question.id else tx.queue(self.pair.name)
            tx.drop_queue([q.id for q in same if (q.kind, q.subject) == (question.kind, question.subject)])

    def _end_pairing(self, tx: StoreTx, intent: Intent) -> None:
        name, binding = self.pair.name, tx.bindings([intent.binding]).get(intent.binding)
        if binding is not None and binding.state in LIVE and binding.leg(intent.side).id == intent.target:
            binding.state = "tomb"
            for side in SIDES:
                leg = binding.leg(side)
                if leg.id is not None:
                    tx.drop_keys(name, side, [leg.id])
                    tx.add_former([self._former(binding, side, leg.id)])
                    if leg.digest is not None and self.pair.end(side).can.consistency:
                        tx.add_superseded(
                            [Superseded(name, side, leg.id, leg.version or "", leg.digest, ENDED, self.now)]
                        )
            tx.update_bindings([binding])
            tx.add_ledger([self.row(tx, intent, intent.target or "", binding.leg(intent.side).digest, None)])
        self._close(tx, intent, intent.target)

    def _refuse_double(self, tx: StoreTx, intent: Intent, hit: str) -> None:
        detail = f"its key belongs to {hit} already"
        tx.put_queue([QueueItem("duplicate", self.pair.name, subject_of(intent), "", detail, since=self.now)])
        self._close(tx, intent, intent.target)

    def _pair_with(self, tx: StoreTx, intent: Intent, found: Found) -> None:
        """Pair the two, unless one of them was paired with somebody else meanwhile."""
        ids: dict[Side, str | None] = {intent.side: found.id, other(intent.side): intent.origin}
        for side, record in ids.items():
            fact = tx.leg_facts(self.pair.name, side, [record]).get(record) if record is not None else None
            if fact is not None and fact.state in LIVE and fact.binding != intent.binding:
                self._refuse_double(tx, intent, found.id)
                return
        existing = tx.bindings([intent.binding]).get(intent.binding)
        binding = existing or Binding(intent.binding, self.pair.name, "linked")
        # A record that an undone deletion gave back stays unpaired.
        binding.state = "unlinked" if intent.reason.startswith("undo.") else "linked"
        former = self._leave_former(tx, binding, intent.side, found.id)
        base = self._bases(intent, found, former, binding)
        for side in SIDES:
            leg = binding.leg(side)
            leg.id, leg.raw_hash, leg.absent_since = ids[side], None, None
            leg.base, leg.shape, leg.digest = encode_fields(base[side]), self.pair.shape, digest(base[side])
        # A version goes with what is agreed: whatever else has it is read before it is written.
        is_agreed = found.fields is None or all(map(same, base[intent.side], found.fields))
        binding.leg(intent.side).version = found.version if is_agreed else None
        binding.leg(intent.side).modified = None
        if not found.keeps_bases or former is not None:
            # Else what was pending is as it was.
            binding.flags = "" if found.fields is not None else PENDING[intent.side]
        (tx.update_bindings if existing else tx.insert_bindings)([binding])
        tx.add_former([self._former(binding, intent.side, double) for double in found.doubles])
        self._remember(tx, intent, found, binding, fields_of(self.pair, intent.source, intent.shape))
        self._close(tx, intent, found.id, go_on=found.is_open)

    def _leave_former(self, tx: StoreTx, binding: Binding, side: Side, record: str) -> FormerId | None:
        """Remember the id that a leg gives up; give what is known of the one it gets."""
        before = tx.former(self.pair.name, side, [record]).get(record)
        old = binding.leg(side).id
        if old is not None and old != record:
            tx.add_former([self._former(binding, side, old)])
            tx.drop_keys(self.pair.name, side, [old])
            binding.gen += 1
        return before if before is not None and before.binding == binding.id else None

    def _former(self, binding: Binding, side: Side, record: str) -> FormerId:
        left, right = binding.left, binding.right
        return FormerId(self.pair.name, side, record, binding.id, left.base, right.base, left.shape, self.now)

    def _bases(self, intent: Intent, found: Found, former: FormerId | None, binding: Binding) -> dict[Side, Fields]:
        if found.keeps_bases:
            left, right = binding.left, binding.right
            kept = ((left.base, left.shape), (right.base, right.shape))
            if former is not None:
                kept = ((former.left_base, former.shape), (former.right_base, former.shape))
            return {s: fields_of(self.pair, *each) for s, each in zip(SIDES, kept, strict=True)}
        sent, source = (fields_of(self.pair, e, intent.shape) for e in (intent.sent, intent.source))
        # What a new record does not get, because of its field's direction, was not sent either.
        given = self.pair.end(intent.side).given if intent.op == "create" else (True,) * len(sent)
        sent = tuple(v if is_given else UNKNOWN for v, is_given in zip(sent, given, strict=True))
        if not found.is_ours:
            return self._guess(intent, found, source, sent)
        side, seen = intent.side, found.fields or sent
        held = tuple(self._held(side, i, *each) for i, each in enumerate(zip(source, sent, seen, strict=True)))
        bases = {intent.side: held, other(intent.side): tuple(map(_agreed, source, sent))}
        return {s: tuple(UNKNOWN if i in found.unmade else v for i, v in enumerate(b)) for s, b in bases.items()}

    def _guess(self, intent: Intent, found: Found, source: Fields, sent: Fields) -> dict[Side, Fields]:
        """Agree about nothing but what is as sent in a record that may be ours: else its loss flows back (R-6.4)."""
        side, values = intent.side, zip(source, sent, found.fields or (), strict=False)
        alike = [
            found.is_undated
            and not (s is UNKNOWN or f is UNKNOWN or _was_kept_back(o, s))
            and self.pair.is_own_doing(side, i, s, f)
            for i, (o, s, f) in enumerate(values)
        ] or [False] * len(sent)
        held, agreed = found.fields or sent, source
        return {
            side: tuple(v if yes else UNKNOWN for v, yes in zip(held, alike, strict=True)),
            other(side): tuple(v if yes else UNKNOWN for v, yes in zip(agreed, alike, strict=True)),
        }

    def _held(self, side: Side, i: int, source: Value, sent: Value, found: Value) -> Value:
        """What the target made of what we sent; anything else in it is somebody's later edit and must flow back."""
        if _was_kept_back(source, sent):
            return UNKNOWN
        return found if sent is UNKNOWN or self.pair.is_own_doing(side, i, sent, found) else sent

    def _remember(self, tx: StoreTx, intent: Intent, found: Found, binding: Binding, source: Fields) -> None:
        """Note keys and audit trail; free what was parked for want of a counterpart."""
        for side in SIDES:
            record = binding.leg(side).id
            if record is not None:
                keys = self.pair.keys_of(side, record, source)
                tx.put_keys(self.pair.name, side, [(record, rule, h) for rule, h in keys.items()])
        tx.add_ledger([self.row(tx, intent, found.id, None, binding.leg(intent.side).digest)])
        if intent.origin is not None:
            # What still stands in the way is found again when the record is looked at.
            tx.drop_quarantine(self.pair.name, other(intent.side), [intent.origin])

    def row(self, tx: StoreTx, intent: Intent, record: str, before: int | None, after: int | None) -> LedgerRow:
        """Make the row of the audit trail for a write that was found to have been carried out (R-17.2).

        It belongs to the run that sent it, where that is known, and else to this one.
        """
        run, reason = run_that_sent(tx, intent) or self.run, f"{intent.reason}.recovered"
        name, side = self.pair.name, intent.side
        return LedgerRow(run, name, side, record, intent.binding, intent.op, reason, before, after, self.now)


def subject_of(intent: Intent) -> str:
    """Name the record that a create comes from, as questions do."""
    return f"{other(intent.side)}/{intent.origin}"


def fields_of(pair: Pair, encoded: bytes | None, shape: int) -> Fields:
    """Decode what an intent carries; all unknown where the mapping's fields changed since."""
    if encoded is None or shape != pair.shape:
        return (UNKNOWN,) * len(pair.mapping.names)
    return decode_fields(encoded)


def _agreed(source: Value, sent: Value) -> Value:
    """What the source holds of what was sent."""
    return UNKNOWN if _was_kept_back(source, sent) else source


def _was_kept_back(source: Value, sent: Value) -> bool:
    """Whether the target cannot take the source's value, so that it was not sent and nothing was agreed about it."""
    return sent is UNKNOWN and source is not UNKNOWN
