"""Two records that are both there, merged field by field into one decision (SYNC-SPEC 6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tallystick.core.binding import QueueKind
from tallystick.core.contest import Around
from tallystick.core.decision import Decision, Disposition, Question, Write
from tallystick.core.merge import KEEP, Outcome, merge_field
from tallystick.core.pairing import LegView, Pairing
from tallystick.core.record import SIDES, UNKNOWN, Side, Value, same
from tallystick.core.sides import Sides


@dataclass(frozen=True, slots=True)
class Meeting:
    """Both records of a binding, each with what was agreed, and how their fields behave."""

    left: LegView
    right: LegView
    pairing: Pairing

    def leg(self, side: Side) -> LegView:
        """Give the leg on ``side``."""
        return self.left if side == "left" else self.right


def merge_record(meeting: Meeting, reason: str) -> Decision:
    """Merge field by field and gather what each side needs; the state is left to the caller. Pure and total."""
    around = _around(meeting)
    resting = _resting(meeting)
    outcomes = [KEEP if rests else _outcome(meeting, i, around) for i, rests in enumerate(resting)]
    writes = tuple(w for s in SIDES if (w := _update(meeting, s, outcomes)))
    questions = tuple(Question(_ASKED[o.kind], i, o.detail) for i, o in enumerate(outcomes) if o.kind in _ASKED)
    faults = tuple((_refusing(meeting, i), i, o.fault) for i, o in enumerate(outcomes) if o.fault is not None)
    unread = {i for s in SIDES for i, _ in meeting.leg(s).unread}
    unknown = any(o.kind == "unknown" and i not in unread for i, o in enumerate(outcomes))
    drift = tuple(i for i, o in enumerate(outcomes) if o.kind == "drift")
    disposition: Disposition = (
        "written"
        if writes
        else "queued"
        if questions
        else "quarantined"
        if faults
        else "drift"
        if drift
        else "converged"
    )
    return Decision(
        reason,
        disposition,
        writes=writes,
        agree=tuple(i for i, o in enumerate(outcomes) if o.kind == "agree"),
        journal=tuple((s, i, v) for i, o in enumerate(outcomes) for s, v in o.losers),
        questions=questions,
        faults=faults,
        drift=drift,
        settled=not unknown,
    )


def _resting(meeting: Meeting) -> list[bool]:
    """Tell of each field whether both sides are as they were agreed, so that ``merge_field`` would keep it.

    Of a record that changed most fields did not; to look at these singly is most of what a plan costs.
    """
    left, right, fields = meeting.left, meeting.right, meeting.pairing.fields
    if left.base is None or right.base is None:
        return [False] * len(fields)
    values = zip(left.fields, left.base, right.fields, right.base, fields, strict=True)
    return [
        here is not UNKNOWN
        and there is not UNKNOWN
        and same(here, here_before)
        and same(there, there_before)
        and field.policy.direction != "match_only"
        for here, here_before, there, there_before, field in values
    ]


_ASKED: Final[dict[str, QueueKind]] = {"conflict": "conflict", "initial": "initial", "blank": "blank"}


def _outcome(meeting: Meeting, i: int, around: Around) -> Outcome:
    left, right = meeting.left, meeting.right
    now = Sides(left.fields[i], right.fields[i])
    base = Sides(left.base[i] if left.base else UNKNOWN, right.base[i] if right.base else UNKNOWN)
    return merge_field(now, base, meeting.pairing.fields[i].policy, meeting.pairing.holds(i), around)


def _refusing(meeting: Meeting, i: int) -> Side:
    """The side that cannot take the field at ``i``: the one that did not change."""
    left = meeting.left
    moved = left.base is None or left.fields[i] != left.base[i]
    return "right" if moved else "left"


def _around(meeting: Meeting) -> Around:
    """Gather what the rules of single fields may look at, where any of them looks beyond its own field.

    Of the other fields they see what both sides will hold after this decision, so that the next one is the same.
    """
    newer = _newer(meeting)
    policies = [f.policy for f in meeting.pairing.fields]
    if not any(p.owned_by or p.resolve for p in policies):
        return Around(newer)
    records: dict[Side, dict[str, Value]] = {"left": {}, "right": {}}
    for i, field in enumerate(meeting.pairing.fields):
        is_plain = not (field.policy.owned_by or field.policy.resolve)
        written = dict(_outcome(meeting, i, Around(newer)).writes) if is_plain else {}
        for side in SIDES:
            records[side][field.name] = written.get(side, meeting.leg(side).fields[i])
    return Around(newer, records["left"], records["right"], meeting.left.modified, meeting.right.modified)


def _newer(meeting: Meeting) -> Side | None:
    left, right = meeting.left.modified, meeting.right.modified
    if left is None or right is None or abs(left - right) <= meeting.pairing.policy.newest_margin_seconds:
        return None
    return "left" if left > right else "right"


def _update(meeting: Meeting, side: Side, outcomes: Sequence[Outcome]) -> Write | None:
    values = list(meeting.leg(side).fields)
    which: list[int] = []
    rules: list[str] = []
    for i, outcome in enumerate(outcomes):
        for where, value in outcome.writes:
            if where == side:
                values[i] = value
                which.append(i)
                rules.append(outcome.rule)
    if not which:
        return None
    return Write(side, "update", tuple(values), tuple(which), tuple(rules), meeting.leg(side).version)
