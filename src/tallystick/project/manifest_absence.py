"""How a system says that a record is not there, where it does not answer 404 or 410.

Some hide what is gone behind 403, some refuse an id that they do not know as a wrong value, some report success with
an error in the answer. None of this is believed unasked: a record that cannot be read is not a deleted one (R-4.1).
"""

from typing import Annotated, Final

from pydantic import AfterValidator, Field

SAYS_NOTHING: Final = frozenset({401, 407, 408, 429, 502, 503, 504})
"""Statuses that come when nobody can be asked: they never speak of a record."""


def _speaks_of_a_record(status: int) -> int:
    if status in SAYS_NOTHING:
        raise ValueError(f"status {status} says nothing about a record: it comes when nobody can be asked")
    return status


Absence = tuple[
    Annotated[int, Field(ge=400, le=599), AfterValidator(_speaks_of_a_record)] | Annotated[str, Field(min_length=3)],
    ...,
]
"""Statuses, and words of complaints, that say that a record is not there."""
