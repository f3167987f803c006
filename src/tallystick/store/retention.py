"""How long things are kept, and the removal of what has expired. The ledger is not touched: it must stay whole.

No lease is needed for it (R-3.3): what goes is told by its age alone, nothing that a run of today decides by is that
old, and to remove it twice is the same as once.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import and_, bindparam, delete, func, or_, select, update

from tallystick.store.driver import Driver
from tallystick.store.field_tables import field_change
from tallystick.store.refusal_table import refusal
from tallystick.store.statement import Statement
from tallystick.store.tables import base, binding, finding, former_id, journal, run

_DAY: Final = 86_400.0

_NEWEST: Final = select(func.max(finding.c.number)).group_by(finding.c.question)
_FRESH: Final = select(former_id.c.binding).where(former_id.c.since > bindparam("before"))
_ENDED: Final = select(binding.c.id).where(binding.c.state == "tomb", binding.c.id.not_in(_FRESH))
_EXPIRED: Final = {
    "journal": Statement(delete(journal).where(journal.c.expires <= bindparam("before")), ("before",)),
    "run": Statement(delete(run).where(run.c.started <= bindparam("before")), ("before",)),
    "finding": Statement(
        delete(finding).where(finding.c.number.not_in(_NEWEST), finding.c.at <= bindparam("before")), ("before",)
    ),
    "tomb_base": Statement(
        update(base)
        .where(base.c.binding.in_(_ENDED), or_(base.c.left_payload.is_not(None), base.c.right_payload.is_not(None)))
        .values(left_payload=None, right_payload=None),
        ("before",),
    ),
    "former_base": Statement(
        update(former_id)
        .where(
            former_id.c.since <= bindparam("before"),
            or_(former_id.c.left_base.is_not(None), former_id.c.right_base.is_not(None)),
        )
        .values(left_base=None, right_base=None),
        ("before",),
    ),
    "refusal": Statement(delete(refusal).where(refusal.c.last <= bindparam("before")), ("before",)),
    "former_id": Statement(delete(former_id).where(former_id.c.since <= bindparam("before")), ("before",)),
    # What is open waits for a person however long; what stood there at the first look would be news without its entry.
    "field_change": Statement(
        delete(field_change).where(
            or_(
                field_change.c.ended <= bindparam("before"),
                and_(field_change.c.decision == "ignored", field_change.c.last <= bindparam("before")),
            )
        ),
        ("before",),
    ),
}


@dataclass(frozen=True, slots=True)
class Retention:
    """How many days runs, findings, former ids and refusals are kept (Appendix B). A journal entry knows its own end.

    ``field_days`` is how long a change of a field is kept after it ended, or after an ignored one was last seen.
    ``value_days`` is how long the values of deleted records and of former ids are kept; their ids stay (R-12.3).
    """

    run_days: float = 30
    finding_days: float = 30
    former_id_days: float = 400
    value_days: float = 30
    refusal_days: float = 400
    field_days: float = 400


def remove_expired(driver: Driver, now: float, retention: Retention) -> dict[str, int]:
    """Remove what has expired at ``now`` (seconds UTC); give how many rows of each table went.

    ``tomb_base`` and ``former_base`` count the rows that lost their values and stay. The newest finding of a question
    stays however old it is.
    """
    before = {
        "journal": now,
        "run": now - retention.run_days * _DAY,
        "finding": now - retention.finding_days * _DAY,
        "tomb_base": now - retention.value_days * _DAY,
        "former_base": now - retention.value_days * _DAY,
        "refusal": now - retention.refusal_days * _DAY,
        "former_id": now - retention.former_id_days * _DAY,
        "field_change": now - retention.field_days * _DAY,
    }
    return {name: driver.write(statement, [(before[name],)]) for name, statement in _EXPIRED.items()}
