"""A person's answer to an open question: which side is right. Carried out by the same ``reconcile`` as everything else.

    a field       the value of the side that is taken goes to the other one, whatever the policy says; the loser is kept
    a deletion    taking the side that deleted deletes the other record; taking the other side makes the record again

An answer stands for what was seen when the question was asked. Pure; every obstacle is a sentence.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from tallystick.core.binding import QueueKind, State
from tallystick.core.decision import Decision
from tallystick.core.error import DataError
from tallystick.core.merge import allows, starts
from tallystick.core.observation import Gone, Missing, Observation, Present, classify
from tallystick.core.pairing import Pairing
from tallystick.core.policy import OnDelete
from tallystick.core.reconcile import reconcile
from tallystick.core.record import SIDES, UNKNOWN, Fields, Side, Value, other

FIELD_KINDS: Final[frozenset[QueueKind]] = frozenset({"conflict", "initial", "blank", "undo"})
DELETION_KINDS: Final[frozenset[QueueKind]] = frozenset({"delete", "delete_update", "cascade"})
ANSWERED: Final = "answered"

Seen = tuple[Observation | None, Observation | None]
Bases = tuple[Fields | None, Fields | None]


@dataclass(frozen=True, slots=True)
class Answer:
    """Which side is right: by position of a field, and for the record as such where one side was deleted."""

    fields: Mapping[int, Side] = field(default_factory=dict)
    record: Side | None = None


def field_obstacle(kind: QueueKind, index: int, taken: Side, state: State, seen: Seen, pairing: Pairing) -> str:
    """Say why a field cannot be settled by taking a side; empty if it can."""
    if index < 0:
        return "it is about the record as a whole; change it in its system, then discard the question"
    values = [o.fields[index] if isinstance(o, Present) else UNKNOWN for o in seen]
    if state != "linked" or any(v is UNKNOWN for v in values):
        return "both sides must be readable"
    policy = pairing.fields[index].policy
    loser = other(taken)
    if not (starts(policy, loser) if kind == "initial" else allows(policy, loser)):
        return f"the mapping does not let the {taken} write '{pairing.fields[index].name}' to the {loser}"
    try:
        pairing.holds(index).on(loser)(values[SIDES.index(taken)])
    except DataError as fault:
        return f"the {loser} cannot hold it: {fault.message}"
    return ""


def deletion_obstacle(state: State, seen: Seen) -> str:
    """Say why a question about a deletion cannot be settled by taking a side; empty if it can."""
    absent = [isinstance(o, Gone | Missing) for o in seen]
    if state != "linked":
        return "the two records are no longer linked"
    if absent == [False, False] and all(isinstance(o, Present) for o in seen):
        return "the record is back"
    if not any(absent):
        return "both sides must be readable"
    if all(absent):
        return "the record is gone on both sides"
    return "" if any(isinstance(o, Present) for o in seen) else "the record that is left cannot be read"


def answered(state: State, bases: Bases, seen: Seen, pairing: Pairing, answer: Answer) -> Decision:
    """Decide one binding as ``answer`` says, and everything that it does not speak of as ever. Total.

    What a person calls deleted counts as deleted where it was not found, proven or not.
    """
    left, right = (_vouched(o) if answer.record is not None and isinstance(o, Missing) else o for o in seen)
    told = _Told(pairing, answer)
    decision = reconcile(
        state, (told.base(bases[0], left), told.base(bases[1], right)), (left, right), told.pairing((left, right))
    )
    codes = ".".join(classify(o, b) for o, b in zip((left, right), bases, strict=True))
    return replace(decision, reason=f"{state}.{codes}.{ANSWERED}")


def _vouched(_: Observation) -> Observation:
    return Gone("it is not there, and a person says that it was deleted")


@dataclass(frozen=True, slots=True)
class _Told:
    """The pairing and the bases under which ``reconcile`` decides as a person did."""

    usual: Pairing
    answer: Answer

    def pairing(self, seen: Seen) -> Pairing:
        fields = tuple(
            replace(f, policy=replace(f.policy, direction="both", conflict=self.answer.fields[i]))
            if i in self.answer.fields
            else f
            for i, f in enumerate(self.usual.fields)
        )
        if self.answer.record is None:
            return replace(self.usual, fields=fields)
        gone: Side = "left" if isinstance(seen[0], Gone) else "right"
        usual, wish = self.usual.policy, self._wish(gone)
        policy = replace(
            usual,
            on_delete_left=wish if gone == "left" else usual.on_delete_left,
            on_delete_right=wish if gone == "right" else usual.on_delete_right,
            on_delete_update="delete_wins",
        )
        return replace(self.usual, fields=fields, policy=policy)

    def _wish(self, gone: Side) -> OnDelete:
        if gone != self.answer.record:
            return "restore"
        known = self.usual.deletion(gone)
        return known if known in {"archive", "unlink"} else "propagate"

    def base(self, base: Fields | None, seen: Observation | None) -> Fields | None:
        """Let both sides count as changed in the fields that were answered, so that nothing but the answer decides."""
        if not isinstance(seen, Present) or not self.answer.fields:
            return base
        known: list[Value] = list(base) if base is not None else [UNKNOWN] * len(seen.fields)
        for i in self.answer.fields:
            known[i] = "" if seen.fields[i] is None else None
        return tuple(known)
