"""A person's answer about a create of unknown outcome: it made this record, or it made none."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tallystick.cli.cause import Cause, record_of
from tallystick.core.error import ProjectError
from tallystick.engine.effects import drive
from tallystick.engine.fence import release_lease, take_lease
from tallystick.engine.uncertain import settle_by_person

if TYPE_CHECKING:
    from tallystick.wiring import House

CREATED: Final = "created:"
NOT_CREATED: Final = "not-created"
_HINT: Final = f"--as {CREATED}ID names the record that was made, --as {NOT_CREATED} says that there is none"


@dataclass(slots=True)
class Answered:
    """What was settled, in words, by ``side/id``."""

    done: dict[str, str] = field(default_factory=dict)


def read_answer(said: str) -> str | None:
    """Read ``created:ID`` or ``not-created``: the id of the record, or ``None``. Raises ``ProjectError``."""
    if said == NOT_CREATED:
        return None
    record = said.removeprefix(CREATED)
    if record == said or not record:
        raise ProjectError(f"'{said}' is no answer to this question", hint=_HINT)
    return record


def answer_cause(house: "House", causes: Sequence[Cause], record: str | None) -> Answered:
    """Settle the chosen creates; one record can be the answer for one of them only.

    Raises:
        ProjectError: the question is another one, or the answer cannot be right.
        StoreError: a run is at work on the mapping.
    """
    rows = [(cause, row) for cause in causes for row in cause.rows]
    if any(cause.code != "uncertain" for cause in causes):
        others = ", ".join(sorted({c.key for c in causes if c.code != "uncertain"}))
        raise ProjectError(
            f"{others} is not about a create of unknown outcome", hint="name a cause like MAPPING/uncertain"
        )
    if record is not None and len(rows) > 1:
        raise ProjectError(f"{record} cannot be the answer for {len(rows)} records", hint="choose one with --record ID")
    answered = Answered()
    boundary = house.boundary()
    for pair in house.pairs:
        mine = [row for cause, row in rows if cause.pair == pair.name]
        if mine:
            fence = drive(take_lease(pair.name, alone=house.alone), boundary)
            try:
                for row in mine:
                    subject = "/".join(record_of(row))
                    answered.done[subject] = drive(settle_by_person(pair, fence, "problems", subject, record), boundary)
            finally:
                drive(release_lease(fence), boundary)
    return answered
