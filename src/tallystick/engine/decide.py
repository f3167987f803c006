"""Decide the paired records: gather what ``reconcile`` needs, ask it, write its answer down as a line.

A question or refusal that already stands for the very same values is not raised again (R-5.5): nothing changed, so
nothing happens. What cannot be decided now (unreadable, absence not proven) is left for the next run, never guessed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from tallystick.core.binding import Binding, Dirty, Quarantined
from tallystick.core.decision import Decision
from tallystick.core.error import DataError
from tallystick.core.learn import is_own_doing
from tallystick.core.observation import Gone, Missing, Observation, OutOfScope, Present, Unreadable, unchanged
from tallystick.core.pairing import HoldAt
from tallystick.core.parts import weigh_parts
from tallystick.core.ports import Flow
from tallystick.core.reconcile import Context, reconcile
from tallystick.core.record import SIDES, UNKNOWN, Fields, Side, decode_fields, other, same
from tallystick.core.selection import narrow
from tallystick.core.state import StoreTx
from tallystick.engine import effects
from tallystick.engine.contention import ids_by_side
from tallystick.engine.draft import Draft, WriteRefs, writing_refs
from tallystick.engine.fallen import find_fallen
from tallystick.engine.grace import due_at, resting_sides, show_resting
from tallystick.engine.kinship import note_fall, order_deletions
from tallystick.engine.line import Ask, Line, Seen
from tallystick.engine.outcome import Outcome
from tallystick.engine.pair import Pair
from tallystick.engine.rivals import find_rivals
from tallystick.engine.session import Session, SightRow
from tallystick.engine.unread import unpack_unread
from tallystick.engine.vanished import load_sent, recall
from tallystick.engine.witness import Meeting

BATCH = 1000
PENDING: dict[Side, str] = {"left": "l", "right": "r"}


@dataclass(frozen=True, slots=True)
class Look:
    """One leg of a binding as the decision sees it: the base it is compared with, the observation, the facts."""

    base: Fields | None
    stored: Fields | None
    observed: Observation | None
    seen: Seen
    listed: bool


def decide_bound(session: Session, pair: Pair, outcome: Outcome) -> Flow[None]:
    """Decide every binding of which at least one leg was noted as changed, gone, out of scope or missing."""
    for batch in session.scratch(pair).bound(BATCH):
        rows: dict[tuple[int, Side], SightRow] = {(row[1] or 0, side): row for side, row in batch}
        numbers = sorted({number for number, _ in rows})
        bindings = yield from effects.look(partial(_load, numbers))
        found = [row[3] for row in rows.values() if row[3]]
        found += [leg.base for b in bindings.values() for leg in (b.left, b.right) if leg.base]
        refs = yield from writing_refs(pair, found)
        draft = Draft(session, pair, outcome)
        draft.holders = yield from session.contention.find_holders(pair, ids_by_side(rows, bindings))
        draft.sent = yield from load_sent(pair, bindings)
        now = yield from effects.now()
        open_writes = session.unresolved.get(pair.name)
        busy = open_writes.bindings if open_writes else set()
        rivalled = yield from find_rivals(session, pair, bindings, rows, outcome.whole)
        fallen = yield from find_fallen(pair, bindings, rows, outcome.names)
        rescoped = pair.name in session.rescoped
        for number in numbers:
            if number not in bindings or number in busy:
                _postpone(draft, number, rows, "an earlier write is unresolved")
            elif _is_half_seen(draft, bindings[number], rows):
                _postpone(draft, number, rows, "the other side was not listed")
            else:
                context = Context(rescoped, number in rivalled, fallen=fallen.get(number))
                _decide_one(draft, bindings[number], rows, refs, context, now)
        yield from draft.save()
    order_deletions(session, pair, outcome)


def _load(numbers: Sequence[int], tx: StoreTx) -> dict[int, Binding]:
    return tx.bindings(numbers)


def _decide_one(
    draft: Draft,
    binding: Binding,
    rows: dict[tuple[int, Side], SightRow],
    refs: WriteRefs,
    context: Context,
    now: float,
) -> None:
    left, right = (look_of(draft, binding, side, rows.get((binding.id, side))) for side in SIDES)
    fields = _held(left), _held(right)
    if binding.id in draft.sent:
        bases = recall(
            draft.pair,
            binding,
            draft.sent[binding.id],
            {"left": left.base, "right": right.base},
            dict(zip(SIDES, fields, strict=True)),
        )
        left, right = replace(left, base=bases["left"]), replace(right, base=bases["right"])
    context = replace(context, resting=resting_sides(draft.pair, binding, now))
    if not _is_asked(draft, (left, right), fields):
        return
    asks: tuple[Ask, ...] = ()
    if _lacks_parts(binding, rows):
        left, right, asks = _weigh(draft, binding, {"left": left, "right": right}, rows, now)
    decision = reconcile(
        binding.state, (left.base, right.base), (left.observed, right.observed), draft.pair.pairing, context
    )
    if _may_double(draft, decision):
        _postpone(draft, binding.id, rows, "a twin may not have been listed")
        return
    if draft.only is not None:
        decision, asks = narrow(decision, draft.only, fields), ()
    line = line_of(draft, binding, decision, (left, right), refs)
    if asks:
        draft.ask(line, asks)
    listed = [s for s, at in zip(SIDES, (left, right), strict=True) if at.listed]
    draft.outcome.note_drift(draft.pair, line)
    stands = _stands(draft, binding, line)
    _tell_witness(
        draft,
        Meeting(binding, (left.base, right.base), (left.observed, right.observed), decision, line, (), stands),
        rows,
    )
    for side in listed:
        draft.outcome.count(side, "quarantined" if stands and line.steps else line.disposition)
    if decision.resting is not None:
        show_resting(draft.outcome, line, decision.resting, due_at(draft.pair, binding, decision.resting, now))
        return
    _follow(draft, binding, line, decision, (left, right), stands=stands)


def _follow(
    draft: Draft, binding: Binding, line: Line, decision: Decision, looks: tuple[Look, Look], *, stands: bool
) -> None:
    """Let a line wait, pass as what stands already, or be planned."""
    listed = [s for s, at in zip(SIDES, looks, strict=True) if at.listed]
    if decision.disposition in {"deferred", "unreadable"}:
        draft.outcome.leave(line, listed, decision.reason)
    elif stands:
        at_sides = zip(SIDES, looks, strict=True)
        draft.outcome.retouch(line, [s for s, at in at_sides if at.listed and not _is_respelled(at)])
    else:
        _keep(draft, binding, line, looks)


def _keep(draft: Draft, binding: Binding, line: Line, looks: tuple[Look, Look]) -> None:
    """Plan a line that does or says something; of any other remember what was looked at."""
    if line.action or line.asks or line.faults or _may_be_over(draft, binding, looks):
        note_fall(draft.session, draft.pair, draft.outcome, line)
        draft.add(line)
        return
    # What could not be compared with an unknown value must be seen again when that is known (F-7).
    at_sides = zip(SIDES, looks, strict=True)
    draft.outcome.retouch(
        line, [s for s, at in at_sides if at.listed and (line.settled or _is_as_agreed(at)) and not _is_respelled(at)]
    )


def _tell_witness(draft: Draft, meeting: Meeting, rows: dict[tuple[int, Side], SightRow]) -> None:
    if draft.session.witness is not None and meeting.binding is not None:
        number = meeting.binding.id
        there = tuple(s for s in SIDES if (row := rows.get((number, s))) and row[2] not in {"gone", "missing"})
        draft.session.witness.met(replace(meeting, there=there))


def _may_double(draft: Draft, decision: Decision) -> bool:
    """Whether a record would be made again although a twin of it may not have been listed."""
    made = {write.side for write in decision.writes if write.op == "create"}
    return bool(made) and (not draft.outcome.hides_nobody or not made.isdisjoint(draft.outcome.shifting))


def line_of(draft: Draft, binding: Binding, decision: Decision, looks: tuple[Look, Look], refs: WriteRefs) -> Line:
    """Write the decision on a binding down, with the values that a target merely spelled anew."""
    left, right = looks
    agree = decision.agree + _respelled(left, right, decision)
    if draft.only is not None:
        agree = tuple(i for i in agree if i == draft.only)
    return draft.uncontested(binding, decision, (left.seen, right.seen), refs, agree, (left.stored, right.stored))


def _is_half_seen(draft: Draft, binding: Binding, rows: dict[tuple[int, Side], SightRow]) -> bool:
    """Whether a question is open and one side can neither be read singly nor was listed: nobody knows what it holds."""
    return _has_standing(draft, binding) and any(
        binding.leg(s).id is not None and (binding.id, s) not in rows and not draft.pair.end(s).can.read_by_id
        for s in SIDES
    )


def _lacks_parts(binding: Binding, rows: dict[tuple[int, Side], SightRow]) -> bool:
    return any(row[2] == "lacks" for side in SIDES if (row := rows.get((binding.id, side))))


def _weigh(
    draft: Draft, binding: Binding, looks: Mapping[Side, Look], rows: dict[tuple[int, Side], SightRow], now: float
) -> tuple[Look, Look, tuple[Ask, ...]]:
    """Take into account which parts the records are known to lack; give the looks and what to ask."""
    sections = {
        side: draft.pair.end(side).sections
        for side in SIDES
        if (row := rows.get((binding.id, side))) and row[2] == "lacks"
    }
    weighed = weigh_parts(
        {side: look.base for side, look in looks.items()},
        {side: look.observed for side, look in looks.items()},
        sections,
        ended=binding.state == "tomb",
    )
    seen = dict(weighed.seen)
    for side, role in weighed.missing:
        seen[side] = _without_part(draft, binding, side, role, now)
    left, right = (replace(looks[s], base=weighed.bases[s], observed=seen[s]) for s in SIDES)
    details = {side: f"{draft.pair.end(side).system} does not have it any more" for side in SIDES}
    return left, right, tuple(Ask("part", role, details[side]) for side, role in weighed.asks)


def _without_part(draft: Draft, binding: Binding, side: Side, role: str, now: float) -> Observation:
    """A record counts as deleted when it was without its part twice, as far apart as for a whole record (R-12.1)."""
    leg, can = binding.leg(side), draft.pair.end(side).can
    is_proven = leg.absent_since is not None and now - leg.absent_since >= can.consistency + can.in_flux
    if binding.state == "tomb" or is_proven:
        return Gone(f"its '{role}' is gone")
    if leg.id is not None:
        draft.outcome.absent.append((side, leg.id))
    return Missing()


def _is_asked(draft: Draft, looks: tuple[Look, Look], fields: tuple[Fields, Fields]) -> bool:
    """Whether the run is about this record; if not, it is counted as such."""
    if draft.is_asked(tuple((s, at.seen.id) for s, at in zip(SIDES, looks, strict=True)), fields):
        return True
    for side in (s for s, at in zip(SIDES, looks, strict=True) if at.listed):
        draft.outcome.count(side, "unasked")
    return False


def _held(at: Look) -> Fields:
    return at.observed.fields if isinstance(at.observed, Present) else ()


def _postpone(draft: Draft, number: int, rows: dict[tuple[int, Side], SightRow], reason: str) -> None:
    """Leave a binding to the next run: an earlier write to it is unresolved, it went away, or it was half seen."""
    for side in SIDES:
        row = rows.get((number, side))
        if row is not None and row[2] != "same":
            draft.outcome.count(side, "deferred")
            draft.outcome.dirty.append(Dirty(draft.pair.name, side, row[0], reason))
    if draft.session.witness is not None:
        draft.session.witness.postponed([(s, row[0]) for s in SIDES if (row := rows.get((number, s)))])


def look_of(draft: Draft, binding: Binding, side: Side, row: SightRow | None) -> Look:
    """Put together what is known of a leg: by this run's sighting, or else what was last agreed."""
    leg = binding.leg(side)
    stored = draft.pair.base(leg.base, leg.shape, draft.outcome.names)
    if row is None and binding.state == "tomb":
        return Look(stored, stored, Gone("deleted before"), Seen(leg.id), listed=False)
    if row is None and binding.state == "dormant" and leg.id is not None:
        # It was out of scope; only a sighting within the scope says otherwise.
        return Look(stored, stored, OutOfScope(leg.version), Seen(leg.id), listed=False)
    if row is None or row[2] == "same":
        version, modified, raw_hash = (
            (leg.version, leg.modified, leg.raw_hash) if row is None else (row[4], row[5], row[6])
        )
        present = Present(leg.id, stored, version, modified) if leg.id is not None and stored is not None else None
        if row is None and leg.absent_since is not None and (side, leg.id) not in draft.outcome.alive:
            # It was missing when last looked for; that nobody showed it now proves nothing.
            present = None
        observed: Observation | None = present if present or leg.id is None else Missing()
        encoded = leg.base if leg.shape == draft.pair.shape else None
        seen = Seen(leg.id, version, modified, raw_hash, encoded, leg.digest)
        return Look(stored, stored, observed, seen, listed=False)
    observed = _observed(row)
    base = stored
    if PENDING[side] in binding.flags and isinstance(observed, Present) and stored is not None:
        hold = draft.pair.pairing.hold_left if side == "left" else draft.pair.pairing.hold_right
        base = settle_pending(stored, observed.fields, hold)
    return Look(base, stored, observed, Seen(row[0], row[4], row[5], row[6], row[3], row[7]), listed=True)


def _observed(row: SightRow) -> Observation:
    record_id, _, kind, encoded, version, modified, *_ = row
    match kind:
        case "here" | "lacks":
            return Present(record_id, decode_fields(encoded or b"[]"), version, modified, unpack_unread(row[9]))
        case "gone":
            return Gone("the system shows it as deleted")
        case "missing":
            return Missing()
        case "out":
            return OutOfScope(version)
        case _:
            return Unreadable(DataError("the record cannot be read", place=record_id))


def settle_pending(base: Fields, stored: Fields, hold: HoldAt) -> Fields:
    """Take a re-spelling of what we sent as the stored value, where the shape of the loss is known (R-7.2)."""
    return tuple(
        now if sent is not UNKNOWN and now is not UNKNOWN and is_own_doing(sent, now, partial(hold, i)) else sent
        for i, (sent, now) in enumerate(zip(base, stored, strict=True))
    )


def _respelled(left: Look, right: Look, decision: Decision) -> tuple[int, ...]:
    """The positions at which only a target's re-spelling of our own write has to become the base."""
    if decision.disposition not in {"unchanged", "converged", "drift", "written", "queued", "quarantined"}:
        return ()
    taken = {i for w in decision.writes for i in w.which} | set(decision.agree) | {q.index for q in decision.questions}
    return tuple(
        i
        for at, opposite in ((left, right), (right, left))
        if at.base is not None and at.stored is not None and at.base is not at.stored
        for i, (now, was) in enumerate(zip(at.base, at.stored, strict=True))
        if not same(now, was) and i not in taken and _is_settled(opposite, i) and _is_settled(at, i)
    )


def _is_respelled(at: Look) -> bool:
    """Whether a leg shows what became of our write, so that to know its bytes would be to forget that."""
    return at.base is not None and at.stored is not None and not unchanged(at.base, at.stored)


def _is_as_agreed(at: Look) -> bool:
    return isinstance(at.observed, Present) and at.base is not None and unchanged(at.observed.fields, at.base)


def _is_settled(at: Look, i: int) -> bool:
    return isinstance(at.observed, Present) and at.base is not None and same(at.observed.fields[i], at.base[i])


def _may_be_over(draft: Draft, binding: Binding, looks: tuple[Look, Look]) -> bool:
    """Whether something stands that this run may let go; a record that cannot be read is parked anew by reading it."""
    return _has_standing(draft, binding) and not any(isinstance(at.observed, Unreadable) for at in looks)


def _has_standing(draft: Draft, binding: Binding) -> bool:
    return binding.id in draft.session.open_bindings(draft.pair)


def _stands(draft: Draft, binding: Binding, line: Line) -> bool:
    """Whether everything this line would raise is known already, for the same values of both sides."""
    standing = draft.session.standing.get(draft.pair.name)
    if standing is None or draft.session.fresh_shape(draft.pair):
        return False
    questions, parked = standing.questions.get(binding.id, []), standing.parked.get(binding.id, [])
    if draft.only is not None:
        about = {"", draft.pair.mapping.names[draft.only]}
        questions, parked = [q for q in questions if q.field in about], [p for p in parked if p.field in about]
    if line.steps:
        return _was_refused(draft.pair, line, [q for q in parked if (q.side, q.record) not in standing.retry])
    if line.agree or line.state:
        return False
    seen = {(q.left_seen, q.right_seen) for q in questions} | {(q.left_seen, q.right_seen) for q in parked}
    if seen - {(line.left.digest, line.right.digest)}:
        return False
    raised = {(a.kind, a.field) for a in line.asks}, {(f.field, f.code) for f in line.faults}
    return any(raised) and raised == ({(q.kind, q.field) for q in questions}, {(q.field, q.code) for q in parked})


def _was_refused(pair: Pair, line: Line, parked: Sequence[Quarantined]) -> bool:
    """Whether a system said no to this very write before; it is not tried again until something changes (R-14.1)."""
    predicted = {(f.field, f.code) for f in line.faults}
    return any(
        (row.left_seen, row.right_seen, row.mapping) == (line.left.digest, line.right.digest, pair.mapping_print)
        for row in parked
        if (row.field, row.code) not in predicted
    )


def unread_legs(session: Session, pair: Pair, rows: Sequence[tuple[Side, SightRow]]) -> list[tuple[Side, int]]:
    """Name the legs that must be read before deciding: the opposite of a noted one, where its base is not enough.

    Where somebody waits for an answer the base is not what the side holds; of a dormant pairing nobody knows which side
    is out of scope; and what is deleted or made again is looked at first, because it may be gone as well, or be back as
    its counterpart is (R-4.8).
    """
    noted = {(side, row[1]) for side, row in rows}
    gone = {row[1] for _, row in rows if row[2] == "gone" and row[1] is not None}
    opened = session.open_bindings(pair) | session.dormant.get(pair.name, {}).keys() | gone
    opened |= session.revived.get(pair.name, set())
    return [
        (other(side), number)
        for side, number in sorted(noted, key=str)
        if number is not None and number in opened and (other(side), number) not in noted
    ]
