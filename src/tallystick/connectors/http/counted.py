"""Listings counted in records (offset) or pages: when they end, and which pages can be read side by side. Pure.

Servers cap page sizes without a word and give numbers that are no totals, so a short page ends a listing only where
nothing contradicts it:

    more is promised (total)     go on from what really came; side by side once the real page size is sure
    all that is promised came    the end (a first page that is exactly full is asked after: its number may be its own)
    nothing is promised          the end after a page shorter than the one before, or than a size the manifest vouches
                                 for; after a first short page one more request settles it
"""

from dataclasses import dataclass
from typing import Final

from tallystick.connectors.http.position import Spot, Turn, write_position

MOST_AHEAD: Final = 10_000


@dataclass(frozen=True, slots=True)
class Count:
    """What is known after a page: ``rows`` on it, ``total`` of all records and number of ``pages``, where said.

    ``by_record`` means that positions count records. ``first`` is the first position. ``vouched`` means that the
    system is known to honour the page size that was asked for.
    """

    rows: int
    total: int | None
    pages: int | None
    first: int
    by_record: bool
    vouched: bool

    def stop(self, step: int) -> int | None:
        """Give the position after the last one, where the answer says so and pages hold ``step`` records."""
        if self.by_record:
            return self.total
        if self.pages is not None:
            return self.first + self.pages
        return None if self.total is None else self.first - (-self.total // step)


def after_page(spot: Spot, count: Count, seen: int) -> Turn:
    """Say what follows the page at ``spot``; ``seen`` is its fingerprint."""
    if not count.rows:
        return Turn(total=count.total)
    if spot.step:
        return _on_the_grid(spot, count)
    came = spot.came + count.rows
    # A number smaller than what has come cannot be the number of all records.
    total = count.total if count.total is not None and count.total >= came else None
    stride = count.rows if count.by_record else 1
    goes_on = Spot(spot.style, spot.at + stride, "", spot.size, count.rows, came, seen=seen)
    # Twice the same short page is a cap. A page with few visible records is none, and would make all others small.
    is_capped = count.rows == spot.last and 2 * count.rows >= spot.size
    is_full = count.rows == spot.size or is_capped or not spot.size
    stop = count.stop(count.rows) if total is not None or count.pages is not None else None
    if stop is not None and stop > goes_on.at and (is_full or count.pages is not None):
        return _ahead(goes_on, count.rows, stop, stride, total)
    if _is_last(spot, count, came, total):
        return Turn(total=total)
    return Turn(write_position(goes_on), (), total)


def _is_last(spot: Spot, count: Count, came: int, total: int | None) -> bool:
    is_first = spot.last == 0
    if total is not None:
        return came >= total and not (is_first and count.rows == spot.size)
    if count.pages is not None:
        return spot.at >= count.first + count.pages - 1
    if is_first:
        return bool(spot.size) and count.rows < spot.size and count.vouched
    return count.rows < spot.last


def _on_the_grid(spot: Spot, count: Count) -> Turn:
    # Every page names the same next one, whoever reads it; only the end may move on as records are added.
    after = spot.at + (spot.step if count.by_record else 1)
    stop = max(spot.stop, count.stop(spot.step) or 0)
    return Turn(write_position(_moved(spot, after)) if after < stop else None, (), count.total)


def _ahead(first: Spot, step: int, stop: int, stride: int, total: int | None) -> Turn:
    grid = Spot(first.style, first.at, "", first.size, step=step, stop=stop, seen=first.seen)
    last = min(stop, first.at + stride * MOST_AHEAD)
    names = [write_position(_moved(grid, at)) for at in range(first.at, last, stride)]
    return Turn(names[0], tuple(names[1:]), total)


def _moved(spot: Spot, at: int) -> Spot:
    return Spot(spot.style, at, "", spot.size, step=spot.step, stop=spot.stop, seen=spot.seen)


def missing_rows(spot: Spot, rows: int, got: int) -> int:
    """Say how many records a page read ahead still lacks before the next one begins; 0 where it is whole.

    ``rows`` have come in all, ``got`` of them with the last answer; an empty answer ends the asking.
    """
    if not spot.step or not got:
        return 0
    return max(0, min(spot.step, spot.stop - spot.at) - rows)
