"""Which part of a side a sweep reads, and how far the cursor may move afterwards (SYNC-SPEC 11). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from tallystick.core.binding import Cursor, Superseded, Window
from tallystick.core.ports import Capabilities, Sighting

LISTED: Final = "listed, not yet decided"  # the reason of marks that a sweep in progress makes
Completeness = Literal["proven", "probable", "unproven"]


@dataclass(frozen=True, slots=True)
class Sweep:
    """What to read: everything, or what changed since an instant. ``reason`` says why, for people.

    ``token`` is the system's own word for that instant, where it gave one; ``lost`` says why it counted no longer.
    """

    full: bool
    since: float | None
    reason: str
    token: str | None = None
    lost: str = ""


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
    if cursor.full_count == 0:
        # A system that took our rights away shows nobody, too, and to list an empty side once more costs nothing.
        return Sweep(full=True, since=None, reason="the last full read showed nobody")
    if configured_anew:
        return Sweep(full=True, since=None, reason="the mapping or its scope changed")
    if is_ahead(cursor, now, can.skew):
        return Sweep(full=True, since=None, reason="the last read ended in the future")
    token = cursor.token if can.tokens else None
    if not can.since and token is None:
        return Sweep(full=True, since=None, reason="the system cannot list what changed")
    if now - cursor.full_at >= full_every:
        return Sweep(full=True, since=None, reason="a full compare is due")
    overlap = can.granularity + can.late_commit + can.consistency + can.skew
    reason = "what changed since the last read"
    return Sweep(full=False, since=cursor.high - overlap, reason=reason, token=token)


def goes_on(window: Window | None, sweep: Sweep, can: Capabilities, mapping: int, *, asked: bool) -> bool:
    """Tell whether a sweep that broke off goes on where it was left, instead of beginning again (R-11.2).

    What it showed before the break is read record by record, so it must be readable that way. Where that is more than
    to list it all again (a first load), the sweep begins again, but only once: then it goes on, so that it ends.
    A snapshot shows records as they were when it was taken: what was written since would look like an edit (R-4.5).
    """
    if window is None or window.position is None or asked or not can.read_by_id or can.list_order == "snapshot":
        return False
    if (window.full, window.mapping) != (sweep.full, mapping):
        return False
    return window.marked <= window.pages or window.restarts > 0


def next_high(
    cursor: Cursor | None,
    newest: float | None,
    snow0: float | None,
    *,
    started: float,
    skew: float,
    shows_any: bool = True,
) -> float | None:
    """How far the side is certainly read: never past the system's time at the sweep's start (R-11.3).

    ``newest`` is the latest change time seen, ``snow0`` the system's clock when the sweep began. A system that does
    not tell its time is bounded by our clock at that moment (``started``) less the declared ``skew``. Never goes back,
    but from a time that no clock had reached yet. A sweep that showed nobody (not ``shows_any``) proves nothing: a
    system that took our rights away shows nobody, too, and to list the same window once more costs nothing.
    """
    bound = snow0 if snow0 is not None else started - skew
    before = cursor.high if cursor and not is_ahead(cursor, started, skew) else None
    if not shows_any and before is not None:
        return before
    reached = snow0 if newest is None else min(newest, bound)
    if reached is None:
        return before
    return reached if before is None else max(before, reached)


def is_ahead(cursor: Cursor, now: float, skew: float) -> bool:
    """Tell whether a cursor stands where no clock can be yet, so that it would hide changes."""
    return cursor.high is not None and cursor.high > now + skew


def is_over(sighting: Sighting, digest: int, over: Sequence[Superseded], agreed: int | None = None) -> bool:
    """Tell whether a record was seen as we know that it no longer is: a read that lags behind a write (R-4.5).

    ``digest`` is of its mapped values, which stand in where the system has no versions; ``agreed`` is of those that
    were last agreed, which are no news however old the copy is. Whoever enters the old values again is believed when
    no copy can lag that far any more.
    """
    for state in over:
        has_versions = sighting.version is not None and bool(state.version)
        if has_versions and sighting.version == state.version:
            return True
        if digest == agreed:
            continue
        if not has_versions and digest == state.digest:
            return True
        if sighting.modified is not None and state.modified is not None and sighting.modified < state.modified:
            return True
    return False


def can_shift(can: Capabilities, sweep: Sweep) -> bool:
    """Tell whether rows of such a listing may move from page to page while it is read (R-11.8).

    They do where they are counted; and where a window in order of change comes from copies of different age.
    """
    if can.list_order == "offset":
        return True
    return not sweep.full and can.consistency > 0 and can.list_order != "snapshot"


def judge_completeness(
    *, ended: bool, order: str, listed: int, distinct: int, total: int | None, undecodable: int, in_one_go: bool = True
) -> Completeness:
    """Say what absence from a listing is worth (X3).

    ``proven`` needs a stable order, a natural end, no repeats, no undecodable rows, no contradicting total.
    ``probable`` is the same under offset paging, where rows may shift (R-11.8); in a listing that was not read in one
    go they may have shifted unseen. Anything else proves nothing.
    """
    if not ended or undecodable or distinct != listed or (total is not None and total != listed):
        return "unproven"
    if order != "offset":
        return "proven"
    return "probable" if in_one_go else "unproven"
