"""Verdicts of a comparison in words, for business people: what a record is, why, and what to do about it."""

from collections.abc import Mapping
from typing import Final

from tallystick.cli.words import QUESTIONS, SideNames
from tallystick.core.agreement import Kind, Verdict

KIND_WORDS: Final[Mapping[Kind, str]] = {
    "in_step": "in step",
    "normalised": "in step, apart from what a side can hold",
    "configured": "in step, apart from what the mapping lets differ",
    "in_flight": "in flight",
    "held": "held by a brake",
    "conflict": "waits for an answer",
    "parked": "parked",
    "waiting": "waits for something else first",
    "outside_edit": "edited where only the other side leads",
    "lost_event": "lost event",
    "changed_transform": "lost: the mapping translates differently now",
    "dropped": "lost: the value was taken and not kept",
    "unexplained": "lost: nothing explains it",
    "accepted": "accepted as it is",
    "only_left": "only in {left}",
    "only_right": "only in {right}",
    "unread": "not compared",
    "unlinked": "no longer linked",
    "filtered": "not part of the mapping",
    "gone": "deleted on both sides",
}
ADVICE: Final[Mapping[Kind, str]] = {
    "in_flight": "tally run",
    "held": "tally plan shows the numbers; if they are right: tally run --release BRAKE",
    "conflict": "tally problems",
    "parked": "tally problems",
    "outside_edit": "put the value back in its system, or set the field's direction or drift in the mapping",
    "lost_event": "tally run --full; then look why the system showed it late (tally check --only C7)",
    "changed_transform": "tally plan --full shows what the mapping would change; what it does not change has to be set"
    " once more in its system",
    "dropped": "let the owner of the system say why it does not keep the value",
    "unexplained": "tally why MAPPING ID, and report it; setting the value once more in its system carries it over",
}
_LONE: Final[Mapping[str, str]] = {
    "new": "it is new and would be created on the other side",
    "ignored": "the mapping leaves it alone (on_unmatched, on_restore)",
    "absent": "it seems deleted on the other side; that waits for proof",
    "keyless": "it has no value by which a counterpart could be found",
    "ambiguous": "several records could be its counterpart",
    "duplicate": "its counterpart belongs to another record already",
    "unmatched": "it has no counterpart, and a person decides",
    "reappeared": "it was deleted and made again as another record",
}
_REASONS: Final[Mapping[tuple[Kind, str], str]] = {
    ("in_flight", "to left"): "{right} changed it; the next run changes {left}",
    ("in_flight", "to right"): "{left} changed it; the next run changes {right}",
    ("in_flight", "link"): "both have it, equal; the next run links them",
    ("waiting", "reference"): "a record that it points to is not paired yet",
    ("waiting", "write"): "the outcome of an earlier write is not known yet",
    ("outside_edit", "in left"): "{left} was edited although it only follows {right}",
    ("outside_edit", "in right"): "{right} was edited although it only follows {left}",
    ("lost_event", "in left"): "{left} changed it before it was last read, by its own time stamp, and it was not seen",
    (
        "lost_event",
        "in right",
    ): "{right} changed it before it was last read, by its own time stamp, and it was not seen",
    ("changed_transform", "reads differently"): "the same record is read as another value than before",
    ("changed_transform", "writes differently"): "the value was written under an older mapping; the present one would"
    " write another, and no run will",
    ("dropped", "by left"): "{left} took the value and holds nothing",
    ("dropped", "by right"): "{right} took the value and holds nothing",
    ("unexplained", "overlooked"): "it differs, and no run will look at it",
    ("unexplained", "never written"): "both sides are as last agreed, and yet they differ",
    ("normalised", "reformatted"): "the system stores our value in its own way",
    ("unread", "not readable"): "a system did not give the record",
    ("unread", "partner"): "its counterpart could not be read",
    ("unread", "not listed"): "linked, but the listing does not show it and nobody could ask for it",
    ("unread", "absent on both sides"): "both sides do not show it; that waits for proof",
    ("unread", "left"): "{left} does not tell the value",
    ("unread", "right"): "{right} does not tell the value",
    ("unread", "left and right"): "neither side tells the value",
    ("unread", "not shown by left"): "{left} was not read to the end",
    ("unread", "not shown by right"): "{right} was not read to the end",
    ("unread", "not all of left is shown"): "nobody can be matched, because {left} does not show all",
    ("unread", "not all of right is shown"): "nobody can be matched, because {right} does not show all",
    ("unlinked", "unlinked"): "a person or a policy ended the pairing",
    ("unlinked", "by policy"): "the mapping ends the pairing",
    ("unlinked", "erased"): "it was erased",
}


def kind_words(kind: Kind, names: SideNames) -> str:
    """Say what a kind of verdict means."""
    return KIND_WORDS[kind].format(left=names["left"], right=names["right"])


def reason_words(verdict: Verdict, names: SideNames) -> str:
    """Say why, in words; empty where the kind says it all."""
    known = _REASONS.get((verdict.kind, verdict.reason))
    if known is not None:
        return known.format(left=names["left"], right=names["right"])
    match verdict.kind:
        case "only_left" | "only_right":
            return _LONE.get(verdict.reason, verdict.reason)
        case "conflict":
            return QUESTIONS.get(verdict.reason, verdict.reason)
        case "in_flight":
            operation, _, side = verdict.reason.rpartition(" ")
            return f"the next run will {operation} it in {names['left' if side == 'left' else 'right']}"
        case _:
            return verdict.reason


def verdict_words(verdict: Verdict, names: SideNames) -> str:
    """Say what a verdict means, with the reason."""
    reason = reason_words(verdict, names)
    return f"{kind_words(verdict.kind, names)}: {reason}" if reason else kind_words(verdict.kind, names)
