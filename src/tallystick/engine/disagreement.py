"""Put a name to what was decided about one binding or lone record: the verdicts of ``core.agreement`` for this run.

Nothing is decided here. What the next run would do is taken from the engine's own decision and line; what is added is
whether that run would look at all, and whether an earlier one should have seen it already.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tallystick.core.agreement import IN_STEP, Difference, Kind, Verdict, compare_values, gravest
from tallystick.core.binding import Binding, Cursor, Op, Quarantined
from tallystick.core.observation import Gone, Missing, Present
from tallystick.core.record import SIDES, UNKNOWN, Fields, Side, other, same
from tallystick.core.sides import Sides
from tallystick.engine.line import Fault, Line, Seen, blanked_by
from tallystick.engine.pair import Pair
from tallystick.engine.session import Standing
from tallystick.engine.witness import Meeting

_WISHES: Mapping[str, str] = {"unbound.match": "ambiguous", "unbound.ignore": "ignored"}


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the verdicts of a pair need to know beside the records.

    ``marks`` are the records that the next run looks at in any case, with the reason; ``is_anew`` tells that the
    mapping was changed since the last run, so that it looks at all.
    """

    pair: Pair
    standing: Standing
    cursors: Mapping[Side, Cursor | None]
    marks: Mapping[tuple[Side, str], str]
    is_anew: bool

    def is_noticed(self, side: Side, record: str | None) -> bool:
        """Whether the next run looks at a record even if its bytes are those last seen."""
        known = (side, record or "")
        return self.is_anew or known in self.marks or known in self.standing.retry

    def is_held(self, line: Line) -> bool:
        """Whether a brake held what an earlier run had for this binding."""
        return any(self.marks.get((side, line.seen(side).id or "")) == "held" for side in SIDES)

    def read_until(self, side: Side) -> float | None:
        """How far the side was read, seconds UTC."""
        cursor = self.cursors[side]
        return cursor.high if cursor is not None else None

    def is_overdue(self, side: Side, seen: Seen) -> bool:
        """Whether a change should have been seen by an earlier run, by the record's own time stamp."""
        until = self.read_until(side)
        if until is None or seen.modified is None or self.is_noticed(side, seen.id):
            return False
        # A stamp tells the time only so finely: what is as late as the newest record read may have come after it.
        return seen.modified + self.pair.end(side).can.granularity <= until


@dataclass(slots=True)
class Findings:
    """The verdicts of one binding: of the record, and of each field where both records could be read.

    ``open_fields`` are positions that differ although both sides are as agreed; their trail will say why. ``changed``
    is the side whose record moved, for its time stamp.
    """

    binding: int
    there: tuple[Side, ...]
    left: Seen
    right: Seen
    line: Line | None = None
    record: Verdict = IN_STEP
    fields: dict[int, Verdict] = field(default_factory=dict)
    open_fields: list[int] = field(default_factory=list)
    values: tuple[Fields, Fields] = ((), ())
    details: dict[Verdict, str] = field(default_factory=dict)
    changed: Side | None = None

    def difference(self, name: str, i: int) -> Difference:
        """Give what both sides hold of the field at ``i``."""
        left, right = self.values
        return Difference(name, left[i], right[i])


def judge_meeting(outlook: Outlook, meeting: Meeting) -> Findings:
    """Name what was decided about a binding."""
    line, binding = meeting.line, meeting.binding
    found = Findings(binding.id if binding else 0, meeting.there, line.left, line.right, line)
    left, right = meeting.seen
    by_record = meeting.decision.disposition == "filtered" or any(q.index < 0 for q in meeting.decision.questions)
    if by_record or not (isinstance(left, Present) and isinstance(right, Present)):
        found.record = _judge_record(outlook, meeting, found)
        return found
    found.values = left.fields, right.fields
    _judge_fields(outlook, meeting, found)
    settle_record(found)
    return found


def settle_record(found: Findings) -> None:
    """Give the record the gravest verdict of its fields, or that of the pairing that is still to be made."""
    found.record = gravest(found.fields.values())
    if found.line is None:
        return
    if found.record.ops:
        blanks = tuple(blank for verdict in found.fields.values() for blank in verdict.blanks)
        found.record = Verdict(found.record.kind, found.record.reason, _ops(found.line), blanks)
    if found.line.binding == 0 and found.record.agrees:
        found.record = Verdict("in_flight", "link")


def _ops(line: Line) -> tuple[tuple[Side, Op], ...]:
    return tuple((step.side, step.op) for step in line.steps)


# --- records of which one side is not there, or of which the record as a whole is decided -----------------------------


def _judge_record(outlook: Outlook, meeting: Meeting, found: Findings) -> Verdict:
    decision = meeting.decision
    match decision.disposition:
        case "filtered":
            return _judge_left_out(meeting)
        case "unreadable":
            return Verdict("unread", "not readable")
        case "deferred":
            return _judge_deferred(outlook, meeting)
        case "queued":
            asked = Verdict("conflict", decision.questions[0].kind)
            found.details[asked] = _asked(meeting.line)
            return asked
        case "written" | "quarantined":
            return _judge_write(outlook, meeting, found)
        case _ if decision.state == "unlinked":
            return Verdict("unlinked", "by policy")
        case _:
            is_gone = all(isinstance(o, Gone | Missing) or o is None for o in meeting.seen)
            return Verdict("gone") if is_gone else Verdict("filtered", "out of scope")


def _judge_left_out(meeting: Meeting) -> Verdict:
    state, present = meeting.binding.state if meeting.binding else "", _present(meeting)
    if state in {"unlinked", "erased"}:
        return Verdict("unlinked", state)
    is_left = state == "tomb" or meeting.decision.reason.endswith(".ignore")
    return Verdict(_only(present[0]), "ignored") if is_left and present else Verdict("filtered", "out of scope")


def _judge_deferred(outlook: Outlook, meeting: Meeting) -> Verdict:
    """Name a record whose other side is not shown, or whose earlier write is not settled."""
    if not meeting.decision.verify:
        return Verdict("waiting", "write")
    if outlook.is_held(meeting.line):
        return Verdict("held", "since an earlier run")
    asked = outlook.standing.questions.get(meeting.line.binding)
    if asked:
        # A run proved the absence already, and it is a person's turn.
        return Verdict("conflict", asked[0].kind)
    present = _present(meeting)
    return Verdict(_only(present[0]), "absent") if present else Verdict("unread", "absent on both sides")


def _present(meeting: Meeting) -> list[Side]:
    return [s for s, o in zip(SIDES, meeting.seen, strict=True) if isinstance(o, Present)]


def _judge_write(outlook: Outlook, meeting: Meeting, found: Findings) -> Verdict:
    line, number = meeting.line, meeting.binding.id if meeting.binding else 0
    if meeting.stands and line.steps:
        verdict, detail = _refused(outlook.standing.parked.get(number, ()), line)
    elif line.steps:
        step = line.steps[0]
        return Verdict("in_flight", f"{step.op} {step.side}", _ops(line))
    else:
        verdict, detail = _parked(line.faults)
    found.details[verdict] = detail
    return verdict


def _only(side: Side) -> Kind:
    return "only_left" if side == "left" else "only_right"


def _asked(line: Line) -> str:
    return line.asks[0].detail if line.asks else ""


def _refused(rows: Sequence[Quarantined], line: Line | None = None) -> tuple[Verdict, str]:
    """Name why a write is not tried again: what the system said, not what the line itself foresees."""
    foreseen = {(f.field, f.code) for f in line.faults} if line else set()
    said = next((row for row in rows if (row.field, row.code) not in foreseen), None)
    if said is None:
        return Verdict("parked", "refused"), ""
    return (Verdict("waiting", "reference") if said.waits_for else Verdict("parked", said.code)), said.message


def _parked(faults: Sequence[Fault]) -> tuple[Verdict, str]:
    if not faults:
        return Verdict("parked", "refused"), ""
    first = faults[0]
    return (Verdict("waiting", "reference") if first.waits_for else Verdict("parked", first.code)), first.message


# --- fields ---------------------------------------------------------------------------------------------------------


def _judge_fields(outlook: Outlook, meeting: Meeting, found: Findings) -> None:
    fields = outlook.pair.pairing.fields
    looks = {side: _is_untouched(meeting, side) for side in SIDES}
    planned = _planned(meeting)
    for i in range(len(fields)):
        now = Sides(found.values[0][i], found.values[1][i])
        verdict = compare_values(now, fields[i].policy, outlook.pair.pairing.holds(i))
        faults = [f for f in meeting.line.faults if f.field == fields[i].name]
        if verdict is not None and verdict.kind == "unread" and faults:
            found.fields[i], detail = _parked(faults)
            found.details[found.fields[i]] = detail
            continue
        if verdict is not None and verdict.kind in {"in_step", "normalised", "unread"}:
            found.fields[i] = verdict
            continue
        moved = _moved(meeting, i, now)
        named = _name_difference(outlook, meeting, i, moved, planned, found)
        if named.kind in {"in_flight", "outside_edit", "conflict"} and moved:
            named = _doubt(outlook, meeting, named, moved, looks, found)
        if named is not IN_STEP:
            found.fields[i] = named
        elif verdict is not None:
            found.fields[i] = verdict
        else:
            found.open_fields.append(i)


def _is_untouched(meeting: Meeting, side: Side) -> bool:
    """Whether a record's bytes, or else its version, are those that were last seen."""
    if meeting.binding is None:
        return False
    leg, seen = meeting.binding.leg(side), meeting.line.seen(side)
    if leg.raw_hash is not None and seen.raw_hash is not None:
        return leg.raw_hash == seen.raw_hash
    return leg.version is not None and leg.version == seen.version


def _planned(meeting: Meeting) -> dict[int, tuple[Side, Op, str]]:
    """The fields that would be written: where, how, and by which rule of the merge."""
    found: dict[int, tuple[Side, Op, str]] = {}
    rules = {w.side: dict(zip(w.which, w.rules, strict=False)) for w in meeting.decision.writes}
    for step in meeting.line.steps:
        for i in step.which:
            found[i] = (step.side, step.op, rules.get(step.side, {}).get(i, ""))
    return found


def _moved(meeting: Meeting, i: int, now: Sides) -> list[Side]:
    """The sides that differ from what was agreed about the field; none where nothing was."""
    bases = meeting.bases
    if any(base is None or base[i] is UNKNOWN for base in bases):
        return []
    return [s for s, base in zip(SIDES, bases, strict=True) if base is not None and not same(now.on(s), base[i])]


def _name_difference(
    outlook: Outlook, meeting: Meeting, i: int, moved: Sequence[Side], planned: Mapping[int, tuple[Side, Op, str]],
    found: Findings,
) -> Verdict:  # fmt: skip
    """Name the field by what the next run would do about it; in step if that is nothing at all."""
    line, name = meeting.line, outlook.pair.mapping.names[i]
    if i in planned:
        side, op, rule = planned[i]
        if meeting.stands:
            verdict, detail = _refused(outlook.standing.parked.get(line.binding, ()), line)
            found.details[verdict] = detail
            return verdict
        if rule == "F-6":
            return Verdict("outside_edit", f"in {side}", ((side, op),))
        is_blanked = any(step.side == side and i in blanked_by(line, step) for step in line.steps)
        return Verdict("in_flight", f"to {side}", ((side, op),), ((side, name),) if is_blanked else ())
    asked = next((a for a in line.asks if a.field == name), None)
    if asked is not None:
        return Verdict("conflict", asked.kind)
    faults = [f for f in line.faults if f.field == name]
    if faults:
        verdict, detail = _parked(faults)
        found.details[verdict] = detail
        return verdict
    if i in meeting.decision.drift:
        target = moved[0] if moved else "right"
        return Verdict("outside_edit", f"in {target}")
    return IN_STEP


def _doubt(
    outlook: Outlook, meeting: Meeting, named: Verdict, moved: Sequence[Side], untouched: Mapping[Side, bool],
    found: Findings,
) -> Verdict:  # fmt: skip
    """Ask whether a difference is what it seems: an edit, and one that the next run sees first."""
    found.changed = found.changed or moved[0]
    if all(untouched[s] for s in moved):
        if outlook.is_anew:
            return Verdict("changed_transform", "reads differently", named.ops)
        is_noticed = any(outlook.is_noticed(s, meeting.line.seen(s).id) or not untouched[s] for s in SIDES)
        if named.kind == "in_flight" and not is_noticed:
            return Verdict("unexplained", "overlooked", named.ops)
        return named
    late = [s for s in moved if outlook.is_overdue(s, meeting.line.seen(s))]
    if named.kind == "in_flight" and len(late) == len(moved):
        found.changed = late[0]
        return Verdict("lost_event", f"in {late[0]}", named.ops)
    return named


# --- records that are paired with nobody ------------------------------------------------------------------------------


def judge_lone(outlook: Outlook, side: Side, line: Line) -> tuple[Verdict, str]:
    """Name what becomes of a record without counterpart, with the detail in words."""
    seen = line.seen(side)
    match line.reason:
        case "unbound.wait":
            return Verdict("waiting", "write"), ""
        case "unbound.partner" | "unbound.shift":
            return Verdict("unread", "partner"), ""
        case "unbound.refused":
            return _refused(outlook.standing.refused.get((side, seen.id or ""), ()))
        case "unbound.create" if not line.steps:
            return _parked(line.faults)
        case "unbound.create" if outlook.is_overdue(side, seen):
            return Verdict("lost_event", f"in {side}", _ops(line)), ""
        case "unbound.create":
            return Verdict(_only(side), "new", _ops(line)), ""
        case reason:
            return Verdict(_only(side), _WISHES.get(reason, reason.removeprefix("unbound."))), _asked(line)


def base_findings(pair: Pair, binding: Binding, names: Sequence[str], there: tuple[Side, ...]) -> Findings:
    """Name what both sides hold of a binding whose records are as they were agreed."""
    seen = {s: Seen(leg.id, leg.version, leg.modified) for s in SIDES for leg in [binding.leg(s)]}
    found = Findings(binding.id, there, seen["left"], seen["right"])
    bases = [pair.base(leg.base, leg.shape, names) for leg in (binding.left, binding.right)]
    if len(there) < len(SIDES) or bases[0] is None or bases[1] is None:
        found.record = Verdict("unread", f"not shown by {other(there[0])}")
        return found
    found.values = bases[0], bases[1]
    for i, mapped in enumerate(pair.pairing.fields):
        verdict = compare_values(Sides(bases[0][i], bases[1][i]), mapped.policy, pair.pairing.holds(i))
        if verdict is None:
            found.open_fields.append(i)
        else:
            found.fields[i] = verdict
    settle_record(found)
    return found
