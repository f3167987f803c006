"""Take back what a run wrote to one binding, where nobody built on it since (SYNC-SPEC 17, R-17.4).

    the run updated a record     the values that stood there before are written back, field by field
    the run created a record     it is deleted, and the pairing ends so that it is not made again
    the run deleted a record     it is made again from what it held, and the pairing ends

A value that somebody changed afterwards, on either side, is left alone and asked about. What is written back is not
propagated: both sides keep what they then hold as their bases, so only a new change moves anything.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from tallystick.core.binding import LedgerRow, State
from tallystick.core.decision import Decision, Disposition, Question, Write
from tallystick.core.observation import Gone, Missing, Observation, Present, Unreadable
from tallystick.core.record import SIDES, UNKNOWN, Fields, Side, Value, digest, other, same

CHANGED: Final = "it was changed after the run"
WAITING: Final = "the other side holds a newer value that is not carried over yet"
LOST: Final = ".lost"  # ends the reason of a journal entry whose value lost a conflict that was settled
AGAIN: Final = "a later run wrote it again; undo that run first"
BUSY: Final = "the outcome of an earlier write to it is not known yet; undo the run once more"
UNREAD: Final = "it could not be read; undo the run once more"


@dataclass(frozen=True, slots=True)
class Written:
    """What a run did to one binding.

    ``rows`` are its writes; ``before`` the values that stood there, by side and position; ``later`` the values that
    later runs overwrote, and ``written_later`` the sides that they wrote to. What a later run wrote to the other side
    came from this one, where it had changed.
    """

    rows: Sequence[LedgerRow]
    before: Mapping[tuple[Side, int], Value] = field(default_factory=dict)
    later: frozenset[tuple[Side, int]] = frozenset()
    written_later: frozenset[Side] = frozenset()


def undo(
    state: State,
    bases: tuple[Fields | None, Fields | None],
    seen: tuple[Observation | None, Observation | None],
    written: Written,
) -> Decision:
    """Decide how to take back what a run did to a binding. Total; a part that cannot be taken back is a question."""
    case = _Case(state, dict(zip(SIDES, bases, strict=True)), dict(zip(SIDES, seen, strict=True)), written)
    ops = {row.side: row.op for row in written.rows}
    for side, op in ops.items():
        match op:
            case "create":
                return _uncreate(case, side)
            case "delete":
                return _restore(case, side)
            case "archive" | "undelete":
                return _asked(
                    op, Question("undo", -1, f"an {op} cannot be taken back; change the record in its system")
                )
            case _:
                continue
    return _write_back(case, tuple(ops))


def bring_back(
    state: State,
    bases: tuple[Fields | None, Fields | None],
    seen: tuple[Observation | None, Observation | None],
    losers: Mapping[tuple[Side, int], Value],
) -> Decision:
    """Decide how values that lost a conflict get back to where they stood; ``losers`` by side and position. Total.

    The obstacles are those of an undo. What stands in the way is a question that nobody needs to keep.
    """
    case = _Case(state, dict(zip(SIDES, bases, strict=True)), dict(zip(SIDES, seen, strict=True)), Written((), losers))
    decision = _write_back(case, tuple(s for s in SIDES if any(side == s for side, _ in losers)))
    return replace(decision, reason="flip.update")


@dataclass(frozen=True, slots=True)
class _Case:
    state: State
    bases: dict[Side, Fields | None]
    seen: dict[Side, Observation | None]
    written: Written

    def moved(self, side: Side, i: int) -> bool:
        """Whether the field differs from what the run stored there, or else from what both sides last agreed on."""
        now, base = self.seen[side], self.bases[side]
        if isinstance(now, Present) and now.is_unread(i):
            return True
        if isinstance(now, Present) and any(
            row.side == side and row.after == digest(now.fields) for row in self.written.rows
        ):
            return False
        if not isinstance(now, Present) or base is None:
            return True
        return now.fields[i] is not UNKNOWN and not same(now.fields[i], base[i])


def _asked(op: str, *questions: Question) -> Decision:
    return Decision(f"undo.{op}.asked", "queued", questions=questions, settled=False)


def _write_back(case: _Case, sides: Sequence[Side]) -> Decision:
    writes: list[Write] = []
    questions: list[Question] = []
    for side in sides:
        now = case.seen[side]
        mine = {i: v for (s, i), v in case.written.before.items() if s == side}
        if not isinstance(now, Present) or case.state != "linked":
            why = UNREAD if isinstance(now, Unreadable) else "the record is not there any more"
            questions.append(Question("undo", -1, why))
            continue
        values, which = list(now.fields), []
        for i, before in sorted(mine.items()):
            if same(now.fields[i], before):
                continue
            why = _obstacle(case, side, i, before)
            if why:
                questions.append(Question("undo", i, why))
                continue
            values[i] = before
            which.append(i)
        if which:
            writes.append(Write(side, "update", tuple(values), tuple(which), ("undo",) * len(which), now.version))
    if not writes and questions:
        return _asked("update", *questions)
    disposition: Disposition = "written" if writes else "unchanged"
    return Decision("undo.update", disposition, writes=tuple(writes), questions=tuple(questions), settled=False)


def _obstacle(case: _Case, side: Side, i: int, before: Value) -> str:
    if before is UNKNOWN:
        return "what stood there before is not known"
    if (side, i) in case.written.later:
        return AGAIN
    if case.moved(side, i) or (other(side), i) in case.written.later:
        return CHANGED
    return WAITING if case.moved(other(side), i) else ""


def _uncreate(case: _Case, side: Side) -> Decision:
    now, base = case.seen[side], case.bases[side]
    if isinstance(now, Gone | Missing) or now is None:
        return Decision("undo.create", "unchanged", settled=False)
    if case.written.written_later:
        why = AGAIN if side in case.written.written_later else CHANGED
        return _asked("create", Question("undo", -1, why))
    if not isinstance(now, Present) or base is None or case.state != "linked":
        return _asked("create", Question("undo", -1, UNREAD))
    changed = [i for i in range(len(base)) if case.moved(side, i)]
    if changed:
        return _asked("create", *(Question("undo", i, CHANGED) for i in changed))
    lost = tuple((side, i, v) for i, v in enumerate(now.fields) if v is not None and v is not UNKNOWN)
    write = Write(side, "delete", pre_version=now.version)
    return Decision("undo.create", "written", state="unlinked", writes=(write,), journal=lost, settled=False)


def _restore(case: _Case, side: Side) -> Decision:
    base = case.bases[side]
    if isinstance(case.seen[side], Present):
        return Decision("undo.delete", "unchanged", settled=False)
    if case.state != "tomb" or base is None:
        return _asked("delete", Question("undo", -1, "what it held is not kept any more"))
    values = tuple(case.written.before.get((side, i), v) for i, v in enumerate(base))
    write = Write(side, "create", values)
    return Decision("undo.delete", "written", state="unlinked", writes=(write,), settled=False)
