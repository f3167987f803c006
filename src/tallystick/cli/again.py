"""The records that later runs look at again: how many for each reason, and from when on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tallystick.cli.moment import moment
from tallystick.cli.output import number
from tallystick.cli.words import SideNames, mark_words
from tallystick.core.record import SIDES

if TYPE_CHECKING:
    from tallystick.core.state import StoreTx

_FAR_FUTURE: Final = 1e11  # also marks that are not due yet
_MOST: Final = 10_000


@dataclass(slots=True)
class Again:
    """So many records, the first of which is looked at from ``due`` on (seconds UTC; 0 for the next run)."""

    count: int
    due: float


def looked_at_again(tx: "StoreTx", pair: str, now: float) -> dict[str, Again]:
    """Count a pair's marks by reason; a very long list is counted only so far."""
    found: dict[str, Again] = {}
    for side in SIDES:
        for mark in tx.dirty(pair, side, _FAR_FUTURE, _MOST):
            due = mark.not_before if mark.not_before > now else 0
            known = found.setdefault(mark.reason, Again(0, due))
            known.count += 1
            known.due = min(known.due, due)
    return found


def again_lines(document: Mapping[str, Any], names: SideNames) -> Iterator[str]:
    """Say what ``again_document`` gave."""
    for reason, count in document["again"].items():
        later = document["again_from"].get(reason)
        when = f"from {later} on" if later else "for the next run"
        yield f"{number(count, 'record')} {when}: {mark_words(reason, names)}"


def again_document(again: Mapping[str, Again]) -> dict[str, Any]:
    """Give the counts, and where it is not the next run, from when on."""
    return {
        "again": {reason: each.count for reason, each in again.items()},
        "again_from": {reason: moment(each.due) for reason, each in again.items() if each.due},
    }
