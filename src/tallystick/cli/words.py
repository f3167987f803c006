"""The words for codes: reasons, dispositions, questions, states, merge rules. One sentence each, for business people.

A reason is ``state.left.right[.policy]`` for paired records and ``unbound.what`` for unpaired ones; the letters are
those of the decision table (``core.observation.classify``).
"""

from collections.abc import Mapping
from typing import Final

from tallystick.cli.output import number
from tallystick.core.record import Side
from tallystick.core.undo import LOST

SideNames = Mapping[Side, str]

_CODES: Final[dict[str, str]] = {
    "A": "has no record yet",
    "U": "is unchanged",
    "C": "changed",
    "D": "was deleted",
    "M": "does not show the record, which is not yet proof that it was deleted",
    "S": "no longer belongs to the mapping (its filter does not match)",
    "X": "cannot be read",
    "G": "says the record was merged into another one",
}
_BOTH: Final[dict[str, str]] = {
    "U": "are both unchanged",
    "C": "both changed",
    "D": "both deleted it",
    "M": "both do not show the record, which is not yet proof that it was deleted",
    "S": "both have it out of the mapping's scope",
    "X": "both cannot be read",
    "G": "both say the record was merged into another one",
}
STATES: Final[dict[str, str]] = {
    "half": "about to be created on the other side",
    "parked": "parked",
    "linked": "linked",
    "dormant": "asleep: out of the mapping's scope for now, or deleted on one side and left alone",
    "tomb": "deleted on both sides",
    "unlinked": "no longer linked",
    "erased": "erased",
}
_POLICIES: Final[dict[str, str]] = {
    "verify": "the absence needs a second look before anything is done",
    "wait": "nothing is done until it can be read",
    "half": "an earlier create is not settled yet",
    "freeze": "the other side is left as it is",
    "unlink": "the two records go separate ways",
    "archive": "the other side is archived",
    "delete": "the other side is deleted",
    "propagate": "the deletion is carried over",
    "ask": "a person decides",
    "update_wins": "the change wins over the deletion",
    "delete_wins": "the deletion wins over the change",
    "restore": "the record is created again",
    "recreate": "the record is created again",
    "ignore": "the other record is left alone, and no longer synced until the record is back or the policy changes",
    "grace": "the deletion is carried over when its grace period is over",
    "tomb": "both are gone, nothing is left to do",
    "dormant": "both are out of scope",
    "follow": "the pairing follows the merge",
    "answered": "a person decided which side is right",
    "rescoped": "the mapping was changed, so the other side is left as it is",
    "rivalled": "another living pair has its match key",
    "unread": "one of its values cannot be read, and must not be lost",
}
# Reasons that are no cell of the decision table: what a person asked for.
_ASKED_FOR: Final[dict[str, str]] = {
    "undo.update": "a run's change is taken back",
    "undo.create": "a record that a run created is removed again",
    "undo.delete": "a record that a run deleted is made again",
    "undo.update.asked": "the change cannot be taken back",
    "undo.create.asked": "the record cannot be removed again",
    "undo.delete.asked": "the record cannot be made again",
    "undo.archive.asked": "archiving cannot be taken back",
    "undo.undelete.asked": "bringing back cannot be taken back",
    "undo.wait": "an earlier write about it is not settled yet",
    "flip.update": "a person wants back the value that lost a conflict",
}
_UNBOUND: Final[dict[str, str]] = {
    "create": "nobody on the other side is its counterpart",
    "wait": "an earlier write about it is not settled yet",
    "partner": "its counterpart could not be read",
    "duplicate": "its counterpart belongs to another record already",
    "match": "several records could be its counterpart",
    "keyless": "it has no value by which a counterpart could be found",
    "unmatched": "it has no counterpart and the policy is to ask",
}
QUESTIONS: Final[dict[str, str]] = {
    "conflict": "both sides changed it differently",
    "delete": "it was deleted on one side",
    "delete_update": "deleted on one side, changed on the other",
    "duplicate": "its counterpart belongs to another record already",
    "match": "several records could be its counterpart",
    "keyless": "it has no value by which a counterpart could be found",
    "unmatched": "it has no counterpart",
    "uncertain": "it is not known whether an earlier create arrived",
    "reappeared": "it was deleted and is there again",
    "merge": "it was merged into another record",
    "restore": "it was deleted on both sides and is there again",
    "scope": "it left the mapping's scope",
    "initial": "the sides differ at first contact and nobody leads",
    "blank": "it became blank on one side",
    "oscillation": "both sides keep changing it back",
    "undo": "it cannot be taken back as it was",
    "reference": "the record it points to is paired with nobody",
    "part": "a part that belongs to it is gone",
    "contention": "two mappings write different values to the same field of one record",
    "cascade": "a deletion on one side took, or would take, records along that live on the other",
}
DISPOSITIONS: Final[dict[str, str]] = {
    "unchanged": "unchanged",
    "written": "lead to writes",
    "converged": "agree by themselves",
    "drift": "differ where the mapping's direction leaves it so",
    "filtered": "do not belong to the mapping",
    "deferred": "wait for the next run",
    "queued": "wait for a person",
    "held": "held by a brake",
    "quarantined": "parked",
    "unreadable": "cannot be read",
    "parked": "parked",
    "unasked": "were not asked for",
}
COMPLETE: Final[dict[str, str]] = {
    "proven": "all records, proven complete",
    "probable": "all records, by all signs complete",
    "unproven": "not proven complete: absence counts for nothing",
    "window": "only what changed since the last run",
}
_MARKS: Final[dict[str, str]] = {
    "stale": "it changed while it was written",
    "absent": "it was not there when it was written",
    "unavailable": "the system did not answer the write",
    "throttled": "the system asked us to slow down",
    "remote": "the system failed at the write",
    "garbled": "the system answered the write with something else",
    "access": "the system refused access to it",
    "held": "a brake holds it",
    "its deletion rests": "its deletion waits for the end of its grace period",
    "recovered": "found again after an interruption",
    "brought back": "a value that had lost a conflict was brought back",
}
RULES: Final[dict[str, str]] = {
    "F-0": "first contact",
    "F-1": "unchanged on both sides",
    "F-2": "changed on the left only",
    "F-3": "changed on the right only",
    "F-4": "equal as far as both sides can hold it",
    "F-5": "changed on both sides, settled by the conflict policy",
    "F-6": "the direction forbids the write",
    "F-7": "one side did not say what it holds",
    "F-8": "became blank",
    "F-9": "the other side cannot hold it",
}


def reason_words(reason: str, names: SideNames) -> str:
    """Explain a reason code: ``linked.C.U`` gives ``crm changed, erp is unchanged``."""
    if reason.endswith(".recovered"):
        return f"{reason_words(reason.removesuffix('.recovered'), names)}; found again after an interruption"
    if reason.endswith(LOST):
        return f"{reason_words(reason.removesuffix(LOST), names)}; the other side's value won"
    if reason in _ASKED_FOR:
        return _ASKED_FOR[reason]
    head, _, rest = reason.partition(".")
    if head == "unbound":
        return _UNBOUND.get(rest, rest)
    left, _, rest = rest.partition(".")
    right, _, policy = rest.partition(".")
    if left not in _CODES or right not in _CODES:
        return reason
    seen = f"{names['left']} {_CODES[left]}, {names['right']} {_CODES[right]}"
    if left == right and left in _BOTH:
        seen = f"{names['left']} and {names['right']} {_BOTH[left]}"
    return f"{seen}; {_POLICIES.get(policy, policy)}" if policy else seen


def side_names(left: str, right: str) -> dict[Side, str]:
    """Name the sides of a pair (``system/object`` each) as shortly as can be told apart."""
    systems = (left.partition("/")[0], right.partition("/")[0])
    if systems[0] != systems[1]:
        return {"left": systems[0], "right": systems[1]}
    if left != right:
        return {"left": left, "right": right}
    return {"left": f"{left} (left)", "right": f"{right} (right)"}


def waiting_words(questions: int, parked: int) -> str:
    """Say how many records wait for somebody; empty if none does."""
    parts = [
        number(questions, "question for a person", "questions for a person") if questions else "",
        number(parked, "record or field parked", "records or fields parked") if parked else "",
    ]
    return " and ".join(p for p in parts if p)


def mark_words(reason: str, names: SideNames) -> str:
    """Say why a record is to be looked at again."""
    return _MARKS.get(reason) or reason_words(reason, names)
