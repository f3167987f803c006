"""What passes through a twin: one request with its fate, one page, one refusal."""

from collections.abc import Mapping
from dataclasses import dataclass

from tallystick.testing.twins.server import Answer


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what became of it.

    ``status`` is what the client saw, 0 for no answer at all; ``applied`` tells whether a write was done nevertheless.
    ``body_hash`` tells whether a repeated body was the same. ``at`` is the twin's clock.
    """

    method: str
    path: str
    query: Mapping[str, str]
    status: int
    headers: Mapping[str, str]
    body_hash: int
    applied: bool
    faults: tuple[str, ...]
    at: float


@dataclass(frozen=True, slots=True)
class Listing:
    """One page as a system serves it. ``last`` is the number of the last row that was looked at."""

    rows: list[bytes]
    total: int
    last: int
    more: bool


class Refusal(Exception):
    """A vendor's code raises it to answer at once; an open transaction is rolled back."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer
