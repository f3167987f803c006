"""Positions in a listing: small JSON texts that hold all that is needed to go on after a restart."""

from dataclasses import dataclass
from typing import Final

import msgspec

from tallystick.core.ports import Position


class Spot(msgspec.Struct, frozen=True, omit_defaults=True):
    """A position, read. ``at`` counts records or pages; ``token`` is a cursor or the address of a page.

    ``step`` > 0 means that the end is known (``stop``) and pages of ``step`` records are read side by side. Else
    ``last`` and ``came`` say how many records the page before held, and all pages before.
    """

    style: str
    at: int = 0
    token: str = ""
    size: int = 0
    last: int = 0
    came: int = 0
    step: int = 0
    stop: int = 0
    seen: int = 0
    """Fingerprint of a page that this one must not repeat."""
    numbered: bool = False
    """Whether the token came as a number, so that a body can give it back as one."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What an answer says about the rest of the listing."""

    next: Position | None = None
    ahead: tuple[Position, ...] = ()
    total: int | None = None


END: Final = Turn()

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Spot).decode


def write_position(spot: Spot) -> Position:
    """Write a position; equal ones are equal texts."""
    return _encode(spot).decode()


def read_position(position: Position) -> Spot | None:
    """Read a position; ``None`` for a text that is none."""
    try:
        return _decode(position)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
