"""How long things are kept, and the removal of what has expired. The ledger is not touched: it must stay whole.

No lease is needed for it (R-3.3): what goes is told by its age alone, nothing that a run of today decides by is that
old, and to remove it twice is the same as once.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, delete, func, select

from tallystick.store.driver import Driver
from tallystick.store.statement import Statement
from tallystick.store.tables import finding, former_id, journal, run

_DAY: Final = 86_400.0

_NEWEST: Final = select(func.max(finding.c.number)).group_by(finding.c.question)
_EXPIRED: Final = {
    "journal": Statement(delete(journal).where(journal.c.expires <= bindparam("before")), ("before",)),
    "run": Statement(delete(run).where(run.c.started <= bindparam("before")), ("before",)),
    "finding": Statement(
        delete(finding).where(finding.c.number.not_in(_NEWEST), finding.c.at <= bindparam("before")), ("before",)
    ),
    "former_id": Statement(delete(former_id).where(former_id.c.since <= bindparam("before")), ("before",)),
}


@dataclass(frozen=True, slots=True)
class Retention:
    """How many days runs, findings and former ids are kept (Appendix B). A journal entry knows its own end."""

    run_days: float = 30
    finding_days: float = 30
    former_id_days: float = 400


def remove_expired(driver: Driver, now: float, retention: Retention) -> dict[str, int]:
    """Remove what has expired at ``now`` (seconds UTC); give how many rows of each table went.

    The newest finding of a question stays however old it is.
    """
    before = {
        "journal": now,
        "run": now - retention.run_days * _DAY,
        "finding": now - retention.finding_days * _DAY,
        "former_id": now - retention.former_id_days * _DAY,
    }
    return {name: driver.write(statement, [(before[name],)]) for name, statement in _EXPIRED.items()}
