"""Paging: how each page of a listing is asked for, and what an answer says about the next ones. Pure.

Counted pages are decided in ``counted``; here are tokens and links, which must change from page to page and may not
lead to a foreign host (R-11.9). Any page that repeats an earlier one is a loop.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from tallystick.connectors.http.address import Hosts, drop_query, follow
from tallystick.connectors.http.counted import Count, after_page, missing_rows
from tallystick.connectors.http.links import next_link
from tallystick.connectors.http.message import Response
from tallystick.connectors.http.position import END, Spot, Turn, read_position, write_position
from tallystick.connectors.http.rows import json_text, value_at
from tallystick.core.error import Garbled, ProjectError
from tallystick.core.path import Path, parse
from tallystick.core.ports import Position
from tallystick.core.record import UNKNOWN, fingerprint
from tallystick.project.manifest_paging import (
    CursorPaging,
    LinkPaging,
    NextUrlPaging,
    NoPaging,
    OffsetPaging,
    PagePaging,
    Paging,
)

Pairs = tuple[tuple[str, str | int], ...]
_IN_HEADER: Final = "header:"
_NOTHING: Final[Mapping[Path, Any]] = MappingProxyType({})
_BEHIND_THE_END: Final = frozenset({404, 416})


@dataclass(frozen=True, slots=True)
class Ask:
    """What to send for a page: further query parameters, or another address that has them all."""

    spot: Spot
    query: Pairs = ()
    url: str = ""


class Pager:
    """The paging of one listing. ``ask`` says what to send for a position, ``turn`` what follows its answer."""

    __slots__ = ("_hosts", "_place", "_secret_query", "spec")

    def __init__(self, spec: Paging, hosts: Hosts, secret_query: frozenset[str], place: str) -> None:
        self.spec = spec
        self._hosts = hosts
        self._secret_query = secret_query
        self._place = place

    def ask(self, position: Position | None, page_size: int | None = None) -> Ask:
        """Say what to send for a position, or for the first page.

        Raises:
            ProjectError: the position was made by another kind of paging.
        """
        spot = self._spot(position, page_size)
        match self.spec:
            case OffsetPaging(offset_param=offset, limit_param=limit):
                size = spot.step or spot.size
                return Ask(spot, _pairs((offset, spot.at), (limit, size)))
            case PagePaging(page_param=page, size_param=sized):
                return Ask(spot, _pairs((page, spot.at), (sized, spot.size)))
            case CursorPaging(cursor_param=cursor, size_param=sized):
                token = ((cursor, int(spot.token) if spot.numbered else spot.token),) if spot.token else ()
                return Ask(spot, _pairs(*token, (sized, spot.size)))
            case LinkPaging(size_param=sized) | NextUrlPaging(size_param=sized):
                return Ask(spot, url=spot.token) if spot.token else Ask(spot, _pairs((sized, spot.size)))
            case NoPaging():
                return Ask(spot)

    def ask_rest(self, ask: Ask, rows: int, got: int) -> Ask | None:
        """Ask for what a page read ahead still lacks; ``None`` where it is whole."""
        spec, spot = self.spec, ask.spot
        if not isinstance(spec, OffsetPaging):
            return None
        lacking = missing_rows(spot, rows, got)
        if not lacking:
            return None
        return Ask(spot, _pairs((spec.offset_param, spot.at + rows), (spec.limit_param, lacking)))

    def lacking(self, ask: Ask, rows: int) -> int:
        """Say how many records a page that was read ahead still lacks, where ``rows`` have come."""
        return missing_rows(ask.spot, rows, 1)

    def is_behind_the_end(self, ask: Ask, status: int) -> bool:
        """Tell whether a refusal only says that the listing ended with the page before."""
        spot = ask.spot
        return status in _BEHIND_THE_END and (spot.last > 0 or (spot.step > 0 and isinstance(self.spec, PagePaging)))

    def listed(self, ask: Ask, rows: int) -> int:
        """Say how many records the listing has given, ``rows`` on the page of ``ask`` included."""
        spot = ask.spot
        if isinstance(self.spec, OffsetPaging):
            return spot.at + rows
        if isinstance(self.spec, PagePaging) and spot.step:
            return (spot.at - self.spec.first) * spot.step + rows
        return spot.came + rows

    def before(self, ask: Ask) -> Ask | None:
        """Ask for the page before the one of ``ask``, where pages are counted."""
        spot = ask.spot
        if isinstance(self.spec, OffsetPaging):
            back = spot.step or spot.last
            return (
                self.ask(write_position(Spot("offset", spot.at - back, size=spot.size)))
                if spot.at >= back > 0
                else None
            )
        if isinstance(self.spec, PagePaging) and spot.at > self.spec.first:
            return self.ask(write_position(Spot("page", spot.at - 1, size=spot.size)))
        return None

    @property
    def reads(self) -> tuple[Path, ...]:
        """The paths in an answer that ``turn`` looks at."""
        places: tuple[str, ...] = ()
        match self.spec:
            case OffsetPaging(total=total):
                places = (total,)
            case PagePaging(total=total, pages=pages):
                places = (total, pages)
            case CursorPaging(next=following, has_more=more):
                places = (following, more)
            case NextUrlPaging(next=following):
                places = (following,)
            case LinkPaging() | NoPaging():
                pass
        return tuple(path_of(place) for place in places if place and not place.startswith(_IN_HEADER))

    def turn(self, ask: Ask, response: Response, rows: Sequence[bytes], beside: Mapping[Path, Any] = _NOTHING) -> Turn:
        """Say what follows the answer to ``ask``. ``beside`` is what is known already of what it says.

        Raises:
            Garbled: the page repeats the one before, or the next one lies where nobody may go.
        """
        spec, spot = self.spec, ask.spot
        seen = page_print(rows)
        if seen and seen == spot.seen:
            raise self._loop("two pages hold the same records")
        match spec:
            case OffsetPaging(total=total, max_limit=most):
                number = _number_at(response, total, beside)
                count = Count(len(rows), self._within(number), None, 0, by_record=True, vouched=bool(most))
                return _telling(after_page(spot, count, seen), number)
            case PagePaging(total=total, pages=pages, first=first, max_size=most):
                number, of_pages = _number_at(response, total, beside), _number_at(response, pages, beside)
                if spec.cap is not None and of_pages is not None:
                    of_pages = min(of_pages, -(-spec.cap // max(1, spot.size)))
                count = Count(len(rows), self._within(number), of_pages, first, by_record=False, vouched=bool(most))
                return _telling(after_page(spot, count, seen), number)
            case CursorPaging():
                return self._after_cursor(spec, spot, response, rows, beside, seen)
            case LinkPaging():
                return self._after_url(spot, response, next_link(response.headers.every("link")), len(rows), seen)
            case NextUrlPaging(next=place):
                return self._after_url(spot, response, said(response, place, beside), len(rows), seen)
            case NoPaging():
                return END

    def _after_cursor(
        self,
        spec: CursorPaging,
        spot: Spot,
        response: Response,
        rows: Sequence[bytes],
        beside: Mapping[Path, Any],
        seen: int,
    ) -> Turn:
        more = said(response, spec.has_more, beside)
        if more is not UNKNOWN and not _is_true(more):
            return END
        if not spec.from_last and not spec.next:
            if more is UNKNOWN:
                return END
            raise Garbled(
                "more records follow, but the manifest does not say how to ask for them",
                detail=f"'{spec.has_more}' says so",
                hint="set paging.next (where the answer has the next cursor) or paging.from_last",
                place=self._place,
            )
        if spec.from_last:
            found = value_at(rows[-1], path_of(spec.from_last)) if rows else None
        else:
            found = said(response, spec.next, beside)
        token = _token(found)
        if not token:
            return END
        if token == spot.token:
            raise self._loop("the next cursor is the current one")
        # An empty page may well have a successor: some systems filter after they have cut the page.
        following = Spot(
            "cursor", token=token, size=spot.size, came=spot.came + len(rows), seen=seen or spot.seen,
            numbered=isinstance(found, int),
        )  # fmt: skip
        return Turn(write_position(following))

    def _after_url(self, spot: Spot, response: Response, found: Any, rows: int, seen: int) -> Turn:
        link = _token(found)
        if not link:
            return END
        url = drop_query(follow(response.url, link), self._secret_query)
        if not self._hosts.admits(url):
            raise Garbled(
                "the next page lies on a host that is not allowed",
                detail=url.partition("?")[0][:120],
                hint="if the host belongs to the system, add it to network.allow_hosts",
                place=self._place,
            )
        if url in {spot.token, response.url}:
            raise self._loop("the next link leads to the same page")
        following = Spot("url", token=url, size=spot.size, came=spot.came + rows, seen=seen or spot.seen)
        return Turn(write_position(following))

    def _within(self, total: int | None) -> int | None:
        """No more pages are asked for than the system gives."""
        cap = self.spec.cap
        return total if total is None or cap is None else min(total, cap)

    def _spot(self, position: Position | None, page_size: int | None) -> Spot:
        style, size, most, first = _traits(self.spec)
        if position is None:
            size = (page_size or size) if size else 0
            return Spot(style, first, size=min(size, most) if most else size)
        spot = read_position(position)
        if spot is None or spot.style != style:
            raise ProjectError(
                "a stored position does not fit the paging of the manifest",
                hint="the manifest has changed since; start the listing again",
                place=self._place,
            )
        return spot

    def _loop(self, detail: str) -> Garbled:
        return Garbled(
            "paging loop",
            detail=detail,
            hint="check paging in the manifest: the system seems to ignore what asks for the next page; "
            "if it has no pages, write paging: {type: none}",
            place=self._place,
        )


def _telling(turn: Turn, total: int | None) -> Turn:
    """Say the system's own total, also where no more than its limit can be had."""
    return turn if turn.total is None else replace(turn, total=total)


def _traits(spec: Paging) -> tuple[str, int, int | None, int]:
    """Give style, page size (0 where the system decides), its limit, and the first position."""
    match spec:
        case OffsetPaging(limit=size, max_limit=most, limit_param=named):
            return "offset", size if named else 0, most, 0
        case PagePaging(size=size, max_size=most, first=first, size_param=named):
            return "page", size if named else 0, most, first
        case CursorPaging(size=size, max_size=most):
            return "cursor", size, most, 0
        case LinkPaging(size=size, max_size=most) | NextUrlPaging(size=size, max_size=most):
            return "url", size, most, 0
        case NoPaging():
            return "none", 0, None, 0


def _pairs(*pairs: tuple[str, str | int]) -> Pairs:
    """Keep the parameters that have a name; the manifest leaves out what a system does not know."""
    return tuple(pair for pair in pairs if pair[0])


def page_print(rows: Sequence[bytes]) -> int:
    """Fingerprint of a page, by its size and three of its records; 0 for an empty one."""
    if not rows:
        return 0
    return fingerprint(b"\n".join((rows[0], rows[len(rows) // 2], rows[-1], b"%d" % len(rows)))) or 1


@lru_cache(maxsize=512)
def path_of(text: str) -> Path:
    """Read a path of the manifest, once."""
    return parse(text)


def said(response: Response, place: str, beside: Mapping[Path, Any] = _NOTHING) -> Any:
    """Give what an answer says at a path, or in a header (``header:NAME``); ``UNKNOWN`` where it says nothing."""
    if not place:
        return UNKNOWN
    if place.startswith(_IN_HEADER):
        found = response.headers.get(place.removeprefix(_IN_HEADER).strip())
        return UNKNOWN if found is None else found
    path = path_of(place)
    return beside[path] if path in beside else value_at(json_text(response), path)


def _number_at(response: Response, place: str, beside: Mapping[Path, Any]) -> int | None:
    value = said(response, place, beside)
    if isinstance(value, str):
        # "items 0-99/2500" and "0-99/2500" are what Content-Range says.
        value = value.rpartition("/")[2].strip()
        value = int(value) if value.isdecimal() else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _is_true(value: Any) -> bool:
    return value.strip().lower() in {"true", "1", "yes"} if isinstance(value, str) else bool(value)


def _token(value: Any) -> str:
    """Read a cursor or link; null, false, zero and an empty text all end a listing."""
    if value is UNKNOWN or not isinstance(value, str | int) or not value or value is True:
        return ""
    return str(value)
