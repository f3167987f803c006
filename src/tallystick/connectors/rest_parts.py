"""Listings that a system cuts off at a limit, read in parts by the time of change (R-11.7).

A listing that ends at its limit looks like one that is whole, so it is never taken for that:

    in order of change time    what follows the last whole moment is asked for, again and again
    with both ends to ask for  the times are cut in two, until every part is below the limit
    with neither               ``CursorStuck``, which says what to do

Where no limit is known, a listing of suspiciously many records (1000, 5000, 10,000 ...) of which the system tells no
total is asked once more for what follows; that costs a few requests and is no alarm.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NoReturn

import msgspec

from tallystick.connectors.http.paging import Ask
from tallystick.connectors.rest_object import RestObject
from tallystick.connectors.rest_read import list_page, narrowing, sorting
from tallystick.core.error import CursorStuck, DataError, Error, RemoteError
from tallystick.core.ports import Flow, Page, Position

_MARK: Final = "~"  # before the positions of parts; those of whole listings begin otherwise
_NOTABLE: Final = 1000
_REFUSALS: Final = frozenset({400, 403, 413, 422})
_ROUND: Final = frozenset(digit * 10**power for digit in (1, 2, 5) for power in range(3, 8))

Span = tuple[float | None, float | None]


class Part(msgspec.Struct, frozen=True, omit_defaults=True):
    """A part of a listing: what changed from ``low`` to before ``high``, and the parts that come after it.

    ``is_cut`` tells that ``low`` is where an earlier part ended, ``skip`` names who was given of that moment already.
    """

    low: float | None = None
    high: float | None = None
    todo: tuple[Span, ...] = ()
    skip: tuple[str, ...] = ()
    is_cut: bool = False
    at: Position | None = None

    @property
    def is_whole(self) -> bool:
        """Whether this is no part but the whole listing."""
        return not (self.is_cut or self.high is not None or self.todo)


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Part).decode


def read_page(kind: RestObject, since: float | None, position: Position | None, page_size: int | None) -> Flow[Page]:
    """Read one page of a listing, or of the part of it that the position is in.

    Raises:
        CursorStuck: the listing is cut off, and the rest cannot be asked for.
    """
    if kind.export is not None and since is None:
        return (yield from kind.export.read(position))
    part = _part_at(kind, since, position)
    ask = kind.pager.ask(part.at, page_size)
    asked = [*narrowing(kind, part.low, part.high), *sorting(kind)]
    try:
        page: Page = yield from list_page(kind, ask, asked)
    except RemoteError as refusal:
        _explain(kind, ask, refusal)
        raise
    told = page.total
    if part.is_cut or part.high is not None:
        # What a part counts is not the number of all records.
        page = replace(page, total=None)
    listed = kind.pager.listed(ask, len(page.rows))
    cap = kind.spec.paging.cap
    if cap is not None and told is not None and told >= cap and part.at is None and _can_be_halved(kind):
        # It is known before anything is listed, so nothing needs to be listed twice.
        return _halve(kind, part, page, listed, given=())
    if cap is not None and listed >= cap:
        return (yield from _cut(kind, part, page, listed, asked, ask))
    if page.next is not None:
        return _wrapped(kind, part, page)
    if told is not None and told > listed >= _NOTABLE and listed % _NOTABLE == 0:
        return (yield from _cut(kind, part, page, listed, asked, ask))
    if cap is None and told is None and listed in _ROUND and _goes_by_time(kind):
        return (yield from _follow(kind, part, page, asked, ask, certain=False, listed=listed))
    return replace(page, rows=_inside(kind, part, page.rows), next=_next_part(part))


def _part_at(kind: RestObject, since: float | None, position: Position | None) -> Part:
    if position is not None:
        return _decode(position[1:]) if position.startswith(_MARK) else Part(since, at=position)
    cuts = [cut for cut in sorted(kind.cuts) if since is None or cut > since]
    spans: list[Span] = list(zip([since, *cuts], [*cuts, None], strict=True))
    return Part(*spans[0], todo=tuple(spans[1:]))


def _written(part: Part) -> Position:
    return _MARK + _encode(part).decode()


def _next_part(part: Part) -> Position | None:
    if not part.todo:
        return None
    (low, high), *todo = part.todo
    return _written(Part(low, high, tuple(todo), is_cut=True))


def _wrapped(kind: RestObject, part: Part, page: Page) -> Page:
    if part.is_whole:
        return page
    positions = [_written(msgspec.structs.replace(part, at=at)) for at in (page.next, *page.ahead)]
    return replace(page, rows=_inside(kind, part, page.rows), next=positions[0], ahead=tuple(positions[1:]))


def _inside(kind: RestObject, part: Part, rows: Sequence[bytes]) -> Sequence[bytes]:
    """Leave out what belongs to another part: systems give a little more than they were asked for."""
    if part.is_whole:
        return rows
    kept: list[bytes] = []
    moment = (part.low or 0.0) + _grain(kind)
    for row in rows:
        record, time = _times(kind, row)
        is_early = part.is_cut and part.low is not None and time is not None and time < part.low
        is_late = part.high is not None and time is not None and time >= part.high
        is_given = record in part.skip and (time is None or time < moment)
        if not (is_early or is_late or is_given):
            kept.append(row)
    return kept


def _times(kind: RestObject, row: bytes) -> tuple[str, float | None]:
    """Give id and change time of a row; a row that cannot be read has neither, and is nobody's to leave out."""
    try:
        seen = kind.sight(row)
    except DataError:
        return "", None
    return seen.id, seen.modified


def _goes_by_time(kind: RestObject) -> bool:
    """Whether the listing comes in order of change time, as far as the manifest says."""
    spec = kind.spec
    name = str(spec.modified).rpartition(".")[2].strip("'\"[]").lower()
    return bool(spec.since and spec.sort and name) and name in str(kind.sort).lower()


def _cut(
    kind: RestObject, part: Part, page: Page, listed: int, asked: list[tuple[str, object]], ask: Ask
) -> Flow[Page]:
    if _goes_by_time(kind):
        return (yield from _follow(kind, part, page, asked, ask, certain=True, listed=listed))
    if _can_be_halved(kind):
        return _halve(kind, part, page, listed, given=_inside(kind, part, page.rows))
    _get_stuck(kind, listed, "")


def _follow(
    kind: RestObject, part: Part, page: Page, asked: list[tuple[str, object]], ask: Ask, *, certain: bool, listed: int
) -> Flow[Page]:
    """Go on with what changed since the last whole moment; who was given of that moment already is skipped."""
    last, rows = page.rows, _inside(kind, part, page.rows)
    if not last and (before := kind.pager.before(ask)) is not None:
        last = (yield from list_page(kind, before, asked)).rows
    seen = [_times(kind, row) for row in last]
    times = [time for _, time in seen if time is not None]
    low = times[-1] // _grain(kind) * _grain(kind) if times else None
    goes_on = low is not None and times == sorted(times) and (part.low is None or low > part.low)
    if not goes_on or low is None:
        if certain:
            _get_stuck(kind, listed, "the records do not come in order of change time, or too many changed at once")
        return replace(page, rows=rows, next=_next_part(part))
    skip = tuple(record for record, time in seen if time is not None and time >= low)
    return replace(page, rows=rows, next=_written(Part(low, part.high, part.todo, skip, is_cut=True)), ahead=())


def _can_be_halved(kind: RestObject) -> bool:
    return kind.spec.since is not None and bool(kind.spec.since.until) and not _goes_by_time(kind)


def _halve(kind: RestObject, part: Part, page: Page, listed: int, *, given: Sequence[bytes]) -> Page:
    """Read this part again as two.

    Rows that were given come twice then; that shows, and the next round knows from its start where to cut.
    """
    grain = _grain(kind)
    times = sorted(time for _, time in (_times(kind, row) for row in page.rows) if time is not None)
    middle = times[len(times) // 2] // grain * grain if times else None
    if middle is not None and not (part.low is None or middle > part.low):
        middle += grain
    if middle is None or (part.high is not None and middle >= part.high):
        _get_stuck(kind, listed, "too many records were changed in one moment")
    kind.cuts.append(middle)
    first = Part(part.low, middle, ((middle, part.high), *part.todo), is_cut=part.is_cut)
    return replace(page, rows=given, next=_written(first), ahead=())


def _grain(kind: RestObject) -> float:
    """Give the length of a moment: times of change are not known more finely."""
    return max(1.0, kind.spec.claims.granularity_seconds)


def _explain(kind: RestObject, ask: Ask, refusal: RemoteError) -> None:
    """Name a refusal in the depth of a listing: many systems let nobody count further than so many records."""
    listed = kind.pager.listed(ask, 0)
    if (
        refusal.status in _REFUSALS
        and listed >= _NOTABLE
        and listed % _NOTABLE == 0
        and kind.pager.before(ask) is not None
    ):
        _get_stuck(kind, listed, str(refusal), cause=refusal)


def _get_stuck(kind: RestObject, listed: int, detail: str, cause: Error | None = None) -> NoReturn:
    raise CursorStuck(
        f"the listing is cut off after {listed:,} records",
        detail=detail,
        hint=f"set paging.cap: {listed} in the manifest, and sort by the time of change together with since, or "
        "since.until, so that the rest can be asked for in parts; or narrow the listing by its query",
        place=kind.place,
    ) from cause
