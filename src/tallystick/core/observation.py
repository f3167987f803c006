"""What a read proved about a leg. Silence has many meanings, and each is a type of its own (SYNC-SPEC 4).

    Present      a successful read, or a listing row complete for all mapped fields
    Gone         a tombstone, a 410, or absence proven twice: the only one that may delete
    Missing      one 404, or absent from a listing: not yet proof
    OutOfScope   readable, but the pair's filter does not match
    Merged       the system says it now lives under another id
    Unreadable   401, 403, 429, 5xx, time-out, undecodable: says nothing about the record

``classify`` turns an observation of a leg into the letter that the decision table is written in.
"""

from dataclasses import dataclass
from typing import Literal

from tallystick.core.error import DataError, Error
from tallystick.core.record import UNKNOWN, Fields, same


@dataclass(frozen=True, slots=True)
class Present:
    """The record is there. ``fields`` are canonical; ``modified`` is the system's own time stamp, seconds UTC.

    ``unread`` are the positions of values that are there and cannot be read, with the reason; they are unknown in
    ``fields``.
    """

    id: str
    fields: Fields
    version: str | None = None
    modified: float | None = None
    unread: tuple[tuple[int, DataError], ...] = ()

    def is_unread(self, index: int) -> bool:
        """Tell whether the value at a position is there and cannot be read."""
        return any(i == index for i, _ in self.unread)


@dataclass(frozen=True, slots=True)
class Gone:
    """The record was deleted, with the evidence in words."""

    evidence: str


@dataclass(frozen=True, slots=True)
class Missing:
    """The record was not found, once. Not yet proof."""


@dataclass(frozen=True, slots=True)
class OutOfScope:
    """The record is readable but the pair's filter does not match it (or it is archived)."""

    version: str | None = None


@dataclass(frozen=True, slots=True)
class Merged:
    """The record was merged into the one with id ``to``."""

    to: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Nothing was learned about the record; ``cause`` says why."""

    cause: Error


Observation = Present | Gone | Missing | OutOfScope | Merged | Unreadable

Code = Literal["A", "U", "C", "D", "M", "S", "X", "G"]


def classify(observation: Observation | None, base: Fields | None) -> Code:
    """Name the state of a leg by the letter of the decision table.

    A absent, U unchanged, C changed, D deleted, M missing, S out of scope, X unreadable, G merged away.

    ``observation`` is ``None`` only for a leg without id. Without a base every present record is C; so is one with a
    value that cannot be read, because that is not the one that was agreed.
    """
    match observation:
        case None:
            return "A"
        case Present(fields=fields, unread=unread):
            return "U" if base is not None and not unread and unchanged(fields, base) else "C"
        case Gone():
            return "D"
        case Missing():
            return "M"
        case OutOfScope():
            return "S"
        case Merged():
            return "G"
        case Unreadable():
            return "X"


def unchanged(fields: Fields, base: Fields) -> bool:
    """Tell whether no known value differs from the base; a value without base counts as changed."""
    for now, then in zip(fields, base, strict=True):
        if now is not then and now is not UNKNOWN and not same(now, then):
            return False
    return True
