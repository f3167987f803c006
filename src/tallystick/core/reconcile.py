r"""The middle of the house: what to do about one binding, given what both sides said (SYNC-SPEC 5).

    L\\R   U        C          D            M        S              X      G
    U     NOP      ->L        DEL(L)       VFY(R)   SCP(R)         WAIT   MGD(R)
    C     ->R      MRG        D/U keep L   VFY(R)   SCP(R)         WAIT   MGD(R)
    D     DEL(R)   D/U keep R TOMB         VFY(R)   unlink         WAIT   MGD(R)
    M     VFY(L)   VFY(L)     VFY(L)       VFY(LR)  VFY(L)         VFY(L) VFY(L)
    S     SCP(L)   SCP(L)     unlink       VFY(R)   dormant        WAIT   MGD(R)
    X     WAIT     WAIT       WAIT         VFY(R)   WAIT           WAIT   WAIT
    G     MGD(L)   MGD(L)     MGD(L)       VFY(R)   MGD(L)         WAIT   MGD(LR)

A value that cannot be read (F-9) is left alone on both sides and named as a fault; the other fields go on. A record
that has one counts as changed, is not deleted, and is not made again without it unless the policy says so.

Pure and total: every combination gives exactly one decision with a reason (R-5.1), and swapping the sides swaps the
decision (R-5.3). Silence never writes: only ``Gone`` deletes, and an unproven absence stops everything for its binding.
"""

from dataclasses import dataclass, replace
from typing import Final

from tallystick.core.binding import State
from tallystick.core.decision import Decision, Question, Write
from tallystick.core.observation import Code, Observation, classify
from tallystick.core.pairing import LegView, Pairing, creation
from tallystick.core.policy import OnCascade
from tallystick.core.record import SIDES, UNKNOWN, Fields, Side, Value, other, same
from tallystick.core.record_merge import Meeting, merge_record


@dataclass(frozen=True, slots=True)
class Context:
    """What matters for a decision beside the two records.

    ``rescoped``: the pair's scope was changed in the project since its last run. ``rivalled``: another living binding
    has a match key of this one. ``resting``: the sides on which a deletion is too young to be carried over.
    ``fallen``: one of the records went only because we deleted the one that it belonged to, and what the mapping wants
    then.
    """

    rescoped: bool = False
    rivalled: bool = False
    resting: frozenset[Side] = frozenset()
    fallen: OnCascade | None = None


NOTHING_ELSE: Final = Context()


@dataclass(frozen=True, slots=True)
class _Case:
    state: State
    left: LegView
    right: LegView
    pairing: Pairing
    context: "Context"

    def leg(self, side: Side) -> LegView:
        return self.left if side == "left" else self.right

    def reason(self, policy: str = "") -> str:
        text = f"{self.state}.{self.left.code}.{self.right.code}"
        return f"{text}.{policy}" if policy else text


def reconcile(
    state: State,
    bases: tuple[Fields | None, Fields | None],
    seen: tuple[Observation | None, Observation | None],
    pairing: Pairing,
    context: Context = NOTHING_ELSE,
) -> Decision:
    """Decide one binding. ``bases`` and ``seen`` are (left, right); a base is aligned with ``pairing.fields``.

    Total: it never raises for any combination.
    """
    left, right = (LegView(b, o, classify(o, b)) for b, o in zip(bases, seen, strict=True))
    case = _Case(state, left, right, pairing, context)
    match state:
        case "linked" | "dormant" | "half" | "parked":
            return _with_unread(case, _live(case))
        case "tomb":
            return _with_unread(case, _tomb(case))
        case "unlinked" | "erased":
            return _ended(case)


def _with_unread(case: _Case, decision: Decision) -> Decision:
    """Name the values that cannot be read, unless the whole record waits or is left out."""
    faults = tuple((other(side), i, fault) for side in SIDES for i, fault in case.leg(side).unread)
    if not faults or decision.disposition in {"filtered", "deferred", "unreadable"}:
        return decision
    is_done = decision.disposition in {"unchanged", "converged", "drift"}
    disposition = "quarantined" if is_done else decision.disposition
    return replace(decision, disposition=disposition, faults=(*faults, *decision.faults))


def _live(case: _Case) -> Decision:
    codes = (case.left.code, case.right.code)
    unproven = _sides(case, "M")
    if unproven:
        return Decision(case.reason("verify"), "deferred", verify=unproven, settled=False)
    if "X" in codes:
        return Decision(case.reason("wait"), "unreadable", settled=False)
    if "A" in codes:
        return Decision(case.reason("half"), "deferred", settled=False)
    if "G" in codes:
        return _merged(case)
    if codes == ("D", "D"):
        return Decision(case.reason("tomb"), "converged", state="tomb")
    if "S" in codes:
        return _out_of_scope(case)
    if "D" in codes:
        return _deleted(case, "left" if case.left.code == "D" else "right")
    return _merge(case)


def _sides(case: _Case, code: Code) -> tuple[Side, ...]:
    return tuple(s for s in SIDES if case.leg(s).code == code)


def _merged(case: _Case) -> Decision:
    """A merge is never carried out as a deletion unless the policy says so (R-5.4)."""
    if case.pairing.policy.on_merge == "unlink":
        return Decision(case.reason("unlink"), "converged", state="unlinked")
    return Decision(case.reason(case.pairing.policy.on_merge), "queued", questions=(Question("merge"),))


def _out_of_scope(case: _Case) -> Decision:
    left_out, right_out = case.left.code == "S", case.right.code == "S"
    if left_out and right_out:
        return Decision(case.reason("dormant"), "filtered", state="dormant")
    side: Side = "left" if left_out else "right"
    if case.leg(other(side)).code == "D":
        return _deleted_out_of_scope(case, other(side))
    exit_policy = case.pairing.policy.on_scope_exit
    if case.state != "linked" or case.context.rescoped:
        # Only an edit of the record lets it leave; what a changed project leaves out stays as it is, also later (I-19).
        why = "rescoped" if case.context.rescoped else "dormant"
        return Decision(case.reason(why), "filtered", state="dormant", settled=False)
    match exit_policy:
        case "freeze":
            return Decision(case.reason("freeze"), "filtered", state="dormant", settled=False)
        case "unlink":
            return Decision(case.reason("unlink"), "filtered", state="unlinked")
        case "delete" if case.leg(other(side)).unread:
            return _spared(case)
        case "archive" | "delete":
            write = Write(other(side), exit_policy, pre_version=case.leg(other(side)).version)
            return Decision(
                case.reason(exit_policy), "written", state="tomb", writes=(write,), journal=_all(case, other(side))
            )


def _deleted_out_of_scope(case: _Case, side: Side) -> Decision:
    """One side was deleted, and the other left the scope: it is not ours to delete, unless the policy says so."""
    policy = case.pairing.deletion(side)
    if policy == "ignore":
        return Decision(case.reason("ignore"), "filtered", state="dormant", settled=False)
    if case.pairing.policy.delete_out_of_scope and policy in {"propagate", "archive"}:
        return _rested(case, side, _apply_deletion(case, side))
    return Decision(case.reason("unlink"), "converged", state="unlinked")


def _deleted(case: _Case, side: Side) -> Decision:
    """One side was deleted with evidence; the other is there, unchanged or changed."""
    if case.context.fallen == "ask":
        text = "it went when the record that it belongs to was deleted there"
        question = Question("cascade", detail=text)
        return Decision(case.reason("cascade.ask"), "queued", questions=(question,), settled=False)
    if case.context.fallen == "unlink":
        return Decision(case.reason("cascade.unlink"), "converged", state="unlinked")
    if not _is_edited(case.leg(other(side))) or case.pairing.deletion(side) not in {"propagate", "archive"}:
        return _rested(case, side, _apply_deletion(case, side))
    match case.pairing.policy.on_delete_update:
        case "delete_wins":
            applied = _apply_deletion(case, side)
            won = replace(applied, reason=case.reason("delete_wins")) if applied.writes else applied
            return _rested(case, side, won)
        case "update_wins":
            return _recreate(case, side, "update_wins")
        case "ask":
            return Decision(case.reason("ask"), "queued", questions=(Question("delete_update"),), settled=False)


def _rested(case: _Case, side: Side, decision: Decision) -> Decision:
    """Let a deletion on ``side`` rest for its grace period before anything is deleted for it."""
    if side not in case.context.resting or not any(w.op in {"delete", "archive"} for w in decision.writes):
        return decision
    return Decision(case.reason("grace"), "held", settled=False, resting=side)


def _is_edited(leg: LegView) -> bool:
    """Whether the record differs from what was agreed; a field that never was agreed, because it is parked, is none."""
    if leg.base is not None and any(leg.base[i] is not UNKNOWN for i, _ in leg.unread):
        return True
    if leg.code == "U" or leg.base is None or all(then is UNKNOWN for then in leg.base):
        return leg.code != "U"
    return any(
        now is not UNKNOWN and then is not UNKNOWN and not same(now, then)
        for now, then in zip(leg.fields, leg.base, strict=True)
    )


def _apply_deletion(case: _Case, side: Side) -> Decision:
    """Apply the policy for a record deleted on ``side`` to the other side."""
    policy = case.pairing.deletion(side)
    survivor = other(side)
    match policy:
        case "propagate" if case.leg(survivor).unread:
            return _spared(case)
        case "propagate" | "archive":
            write = Write(
                survivor, "delete" if policy == "propagate" else "archive", pre_version=case.leg(survivor).version
            )
            return Decision(case.reason(policy), "written", state="tomb", writes=(write,), journal=_all(case, survivor))
        case "unlink":
            return Decision(case.reason("unlink"), "converged", state="unlinked")
        case "ignore":
            # The pairing sleeps with its bases, so that the record can come back to it.
            return Decision(case.reason("ignore"), "filtered", state="dormant", settled=False)
        case "restore":
            return _recreate(case, side, "restore")
        case "ask":
            return Decision(case.reason("ask"), "queued", questions=(Question("delete"),), settled=False)


def _spared(case: _Case) -> Decision:
    """A value that cannot be read cannot be kept in the journal either, so its record is not deleted (I-3)."""
    return Decision(case.reason("unread"), "quarantined", settled=False)


def _all(case: _Case, side: Side) -> tuple[tuple[Side, int, Value], ...]:
    """Every value that a deletion on ``side`` would lose."""
    return tuple((side, i, v) for i, v in enumerate(case.leg(side).fields) if v is not None and v is not UNKNOWN)


def _recreate(case: _Case, side: Side, policy: str) -> Decision:
    if case.context.rivalled:
        return Decision(case.reason("rivalled"), "queued", questions=(Question("duplicate"),), settled=False)
    source = case.leg(other(side))
    if not case.pairing.may_lack(source.unread):
        return Decision(case.reason("unread"), "quarantined", settled=False)
    write, faults = creation(case.pairing, side, source.fields)
    return Decision(case.reason(policy), "written", writes=(write,), faults=faults)


def _tomb(case: _Case) -> Decision:
    back = [s for s in SIDES if case.leg(s).code in {"U", "C"}]
    if "X" in (case.left.code, case.right.code):
        return Decision(case.reason("wait"), "unreadable", settled=False)
    if not back:
        return Decision(case.reason(), "unchanged")
    if case.context.fallen is not None and len(back) == 1:
        return _finish_fall(case, back[0])
    if case.context.rivalled:
        return Decision(case.reason("rivalled"), "queued", questions=(Question("duplicate"),), settled=False)
    return _revived(case, back)


def _finish_fall(case: _Case, side: Side) -> Decision:
    """It was to go, or to be left alone, when the other one was let fall; we were stopped in between."""
    if case.context.fallen == "unlink":
        return Decision(case.reason("cascade.unlink"), "converged", state="unlinked")
    write = Write(side, "delete", pre_version=case.leg(side).version)
    return Decision(case.reason("cascade.propagate"), "written", writes=(write,), journal=_all(case, side))


def _revived(case: _Case, back: list[Side]) -> Decision:
    if len(back) == len(SIDES):
        return replace(_merge(case), state="linked")
    side = back[0]
    if case.leg(other(side)).code == "M":
        return Decision(case.reason("verify"), "deferred", verify=(other(side),), settled=False)
    there = case.leg(other(side)).code
    match case.pairing.policy.on_restore:
        case "ignore":
            return Decision(case.reason("ignore"), "filtered")
        case _ if there == "G":
            return _merged(case)
        case "recreate" if there != "S":
            made = _recreate(case, other(side), "recreate")
            # A pairing lives again with its record: linked to one that is gone it would be a deletion.
            return replace(made, state="linked") if made.writes else made
        case "recreate" | "ask":
            # One that is archived or out of scope is still there: a second one beside it would be a double (I-5).
            return Decision(case.reason("ask"), "queued", questions=(Question("restore"),), settled=False)


def _ended(case: _Case) -> Decision:
    alive = any(case.leg(s).code in {"U", "C"} for s in SIDES)
    if case.state == "erased" and alive:
        return Decision(case.reason(), "queued", questions=(Question("reappeared"),))
    return Decision(case.reason(), "filtered")


def _merge(case: _Case) -> Decision:
    """Both sides are there: merge them field by field."""
    if case.left.code == "U" and case.right.code == "U" and case.state == "linked":
        return Decision(case.reason(), "unchanged")
    decision = merge_record(Meeting(case.left, case.right, case.pairing), case.reason())
    return replace(decision, state="linked") if case.state != "linked" else decision
