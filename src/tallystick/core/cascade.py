"""What becomes of a paired record that a system is about to delete along with another one (R-12.4).

The other side's record was not deleted by anybody, so nothing happens to it unless the mapping says so. Pure.
"""

from collections.abc import Collection

from tallystick.core.decision import Decision, Write
from tallystick.core.observation import Present
from tallystick.core.policy import OnCascade
from tallystick.core.record import SIDES, UNKNOWN, Side, Value, other


def let_fall(wish: OnCascade, side: Side, seen: tuple[Present, Present], deletes: Collection[Side]) -> Decision | None:
    """Decide a pairing whose record on ``side`` falls; ``None`` where only a person can.

    Both records are there and as they were agreed. ``deletes`` are the sides on which a record can be deleted by
    itself; on ``side`` it goes anyway. Every value that is lost is in the journal.
    """
    survivor = other(side)
    match wish:
        case "unlink":
            falls: tuple[Side, ...] = (side,)
        case "propagate" if survivor in deletes:
            falls = (side, survivor)
        case _:
            return None
    versions = dict(zip(SIDES, (at.version for at in seen), strict=True))
    writes = tuple(Write(s, "delete", pre_version=versions[s]) for s in falls if s in deletes)
    journal = tuple(lost for s, at in zip(SIDES, seen, strict=True) if s in falls for lost in _all(s, at))
    return Decision(
        f"linked.U.U.cascade.{wish}",
        "written" if writes else "converged",
        state="unlinked" if wish == "unlink" else "tomb",
        writes=writes,
        journal=journal,
    )


def _all(side: Side, at: Present) -> tuple[tuple[Side, int, Value], ...]:
    return tuple((side, i, v) for i, v in enumerate(at.fields) if v is not None and v is not UNKNOWN)
