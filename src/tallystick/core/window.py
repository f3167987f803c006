"""Which part of a side a sweep reads, and how far the cursor may move afterwards (SYNC-SPEC 11). Pure."""

from dataclasses import dataclass
from typing import Literal

from tallystick.core.binding import Cursor
from tallystick.core.ports import Capabilities

Completeness = Literal["proven", "probable", "unproven"]


@dataclass(frozen=True, slots=True)
class Sweep:
    """What to read: everything, or what changed since an instant. ``reason`` says why, for people."""

    full: bool
    since: float | None
    reason: str


def next_sweep(
    cursor: Cursor | None,
    can: Capabilities,
    now: float,
    full_every: float,
    *,
    configured_anew: bool,
    asked: bool = False,
) -> Sweep:
    """Choose the next sweep of a side; when in doubt everything is read.

    A window starts ``overlap`` before the cursor: granularity, late commits, late visibility and clock skew (R-11.4).
    """
    if asked:
        return Sweep(full=True, since=None, reason="a full compare was asked for")
    if cursor is None or cursor.full_at is None or cursor.high is None:
        return Sweep(full=True, since=None, reason="this side was never read in full")
    if configured_anew:
        return Sweep(full=True, since=None, reason="the mapping or its scope changed")
    if not can.since:
        return Sweep(full=True, since=None, reason="the system cannot list what changed")
    if now - cursor.full_at >= full_every:
        return Sweep(full=True, since=None, reason="a full compare is due")
    overlap = can.granularity + can.late_commit + can.consistency + can.skew
    return Sweep(full=False, since=cursor.high - overlap, reason="what changed since the last read")


def next_high(cursor: Cursor | None, newest: float | None, snow0: float | None) -> float | None:
    """How far the side is certainly read: never past the server's time at the sweep's start (R-11.3).

    ``newest`` is the latest change time seen, ``snow0`` the server's clock when the sweep began. Never goes back.
    """
    bounds = [b for b in (newest, snow0) if b is not None]
    reached = min(bounds) if bounds else None
    before = cursor.high if cursor else None
    if reached is None:
        return before
    return reached if before is None else max(before, reached)


def judge_completeness(
    *, ended: bool, order: str, listed: int, distinct: int, total: int | None, undecodable: int
) -> Completeness:
    """Say what absence from a listing is worth (X3).

    ``proven`` needs a stable order, a natural end, no repeats, no undecodable rows, no contradicting total.
    ``probable`` is the same under offset paging, where rows may shift (R-11.8). Anything else proves nothing.
    """
    if not ended or undecodable or distinct != listed or (total is not None and total != listed):
        return "unproven"
    return "probable" if order == "offset" else "proven"
