"""Find out how a listing is paged, by asking for small pages and for what follows them.

The word that makes a page small is the size; the way that then shows the very next records is the way on. Where none
is found and more records are told than are shown, the listing is called cut off: it proves nobody absent.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tallystick.connectors.describe.sample_paging import find_paging, find_total
from tallystick.connectors.http.message import NO_HEADERS, Response
from tallystick.core.path import Path, parse, read, render
from tallystick.project.manifest_paging import CursorPaging, NoPaging, OffsetPaging, PagePaging, Paging

_SIZES: Final = (
    "per_page", "limit", "page_size", "pageSize", "size", "_limit", "perPage", "$top", "take", "maxResults",
    "page[size]", "count", "max", "pagesize", "per-page", "rows", "_per_page", "resultsPerPage", "itemsPerPage",
)  # fmt: skip
_PAGES: Final = ("page", "_page", "page[number]", "pageNumber", "pageNo", "page_number", "page_no", "p", "pageIndex")
_PLACES: Final = ("offset", "skip", "$skip", "start", "startAt", "_start", "page[offset]", "from")
NUMBERED: Final = frozenset({*_PAGES, *_PLACES})
_TOKENS: Final = ("cursor", "after", "page_token", "pageToken", "next", "page[after]", "next_token", "continuation")
_AFTER_LAST: Final = ("starting_after", "after", "after_id", "since_id", "last_id", "cursor")
_OF_TOKENS: Final = ("next", "cursor", "token", "after", "continu")
_MORE: Final = frozenset({"hasmore", "more", "hasnext", "hasnextpage", "morerecords", "istruncated", "truncated"})
_USUAL_SIZE: Final = 100
_ROUND: Final = frozenset({10, 15, 20, 25, 30, 40, 50, 60, 100, 200, 250, 500, 1000})
_REFUSED: Final = frozenset({400, 409, 416, 422})


@dataclass(frozen=True, slots=True)
class Asked:
    """One answer of a listing, and the ids of its rows; none where it has no rows."""

    status: int
    response: Response | None = None
    answer: Any = None
    ids: Sequence[Any] | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """How a listing is paged, with why; ``is_sure`` tells that the way on was walked, or that there is none."""

    paging: Paging
    why: str
    is_sure: bool = True


Get = Callable[[dict[str, str]], Asked]


def find_pages(ids: Sequence[Any], plain: Asked, id_path: Path, get: Get) -> Shown | None:
    """Find how a listing goes on that showed these ``ids`` when it was asked plainly."""
    if len(ids) < 2:  # noqa: PLR2004 - one record cannot be parted
        return None
    found = _by_size(ids, id_path, get) or _by_its_own_size(ids, plain, get)
    return found or _cut_off(ids, plain)


def _by_size(ids: Sequence[Any], id_path: Path, get: Get) -> Shown | None:
    for name in _SIZES:
        few = 1
        small = get({name: "1"})
        if small.status in _REFUSED and len(ids) > 1:
            few = max(1, len(ids) // 2)  # so small a page may be forbidden, which shows that the word is heard
            small = get({name: str(few)})
        if small.ids is None or list(small.ids) != list(ids[:few]):
            continue
        for way in _ways(name, few, small, list(ids[few : 2 * few]), id_path, get):
            return _sized(way, name, ids, small, get)
        return None
    return None


def _ways(size: str, few: int, small: Asked, wanted: list[Any], id_path: Path, get: Get) -> Iterator[Shown]:
    """Give the ways to the next records that work, the likeliest first."""
    assert small.response is not None
    shown = find_paging(small.answer, small.response, {size: str(few)}, few)
    if not isinstance(shown.paging, NoPaging):
        yield Shown(shown.paging, f"{shown.because} where {size}={few} is asked for")
        return

    def leads_on(name: str, value: str) -> bool:
        seen = get({size: str(few), name: value}).ids
        return seen is not None and list(seen)[: len(wanted)] == wanted

    for path, value in _tokens(small):
        for name in filter(lambda name: leads_on(name, value), _TOKENS):
            told = f"{name} with what stands at '{path}' shows the next records"
            yield Shown(CursorPaging(type="cursor", cursor_param=name, next=path), told)
    last = str(small.ids[-1]) if small.ids else ""
    if (more := _flag(small.answer)) is not None:
        for name in filter(lambda name: leads_on(name, last), _AFTER_LAST):
            told = f"{name} with the last id shows the next records"
            yield Shown(
                CursorPaging(type="cursor", cursor_param=name, from_last=render(id_path), has_more=render(more)), told
            )
    for name, number, first in _numbers():
        if leads_on(name, number):
            told = f"{name}={number}&{size}={few} shows the next records"
            yield Shown(PagePaging(type="page", page_param=name, first=first), told)
    for name in filter(lambda name: leads_on(name, str(few)), _PLACES):
        told = f"{name}={few}&{size}={few} shows the next records"
        yield Shown(OffsetPaging(type="offset", offset_param=name, limit_param=size), told)


def _numbers() -> Iterator[tuple[str, str, int]]:
    """Give names of page numbers, with the number of the second page where the first is 1, and where it is 0."""
    for name in _PAGES:
        yield name, "2", 1
        yield name, "1", 0


def _sized(way: Shown, size: str, ids: Sequence[Any], small: Asked, get: Get) -> Shown:
    """Ask for the usual size, if that is given, else for as many as came unasked; believe a total that stays."""
    usual = get({size: str(_USUAL_SIZE)})
    is_given = usual.ids is not None and len(usual.ids) >= min(len(ids), _USUAL_SIZE)
    number = _USUAL_SIZE if is_given else len(ids)
    total = _steady_total(small, usual if is_given else small, max(len(ids), len(usual.ids or ())))
    if isinstance(way.paging, OffsetPaging):
        return Shown(way.paging.model_copy(update={"limit": number, "total": total}), way.why)
    known = {"total": total} if isinstance(way.paging, PagePaging) else {}
    return Shown(way.paging.model_copy(update={"size_param": size, "size": number, **known}), way.why)


def _steady_total(one: Asked, other: Asked, least: int) -> str:
    """Give where a total stands that is the same on pages of different size, and not less than what was seen."""
    if one.response is None or other.response is None or one is other:
        return ""
    path = find_total(one.answer, one.response, 1)
    told = [_at(page, path) for page in (one, other)]
    return path if path and told[0] == told[1] and isinstance(told[0], int) and told[0] >= least else ""


def _at(page: Asked, path: str) -> Any:
    if path.startswith("header:") and page.response is not None:
        text = page.response.headers.get(path.removeprefix("header:")) or ""
        return int(text) if text.isdecimal() else None
    return read(page.answer, parse(path)) if path else None


def _by_its_own_size(ids: Sequence[Any], plain: Asked, get: Get) -> Shown | None:
    """Try pages of the size that the system chooses itself."""
    first = list(ids)
    for name, number, start in _numbers():
        seen = get({name: number}).ids
        if not seen or set(map(str, seen)) & set(map(str, first)):
            continue
        if list(get({name: str(start)}).ids or ()) == first:
            total = find_total(plain.answer, plain.response, len(first)) if plain.response is not None else ""
            known = _at(plain, total)
            total = total if isinstance(known, int) and known > len(first) else ""
            told = f"{name}={number} shows {len(seen)} others, {name}={start} the first page"
            return Shown(PagePaging(type="page", page_param=name, first=start, size=len(first), total=total), told)
    for name in _PLACES:
        seen = get({name: "1"}).ids
        if seen and list(seen)[: len(first) - 1] == first[1:]:
            told = f"{name}=1 shows the same without the first record"
            return Shown(OffsetPaging(type="offset", offset_param=name, limit=len(first)), told)
    return None


def _cut_off(ids: Sequence[Any], plain: Asked) -> Shown | None:
    """Say of a listing that it may show a part of the records only."""
    path = find_total(plain.answer, plain.response, len(ids)) if plain.response is not None else ""
    told = _at(plain, path)
    more = _flag(plain.answer)
    if isinstance(told, int) and told > len(ids):
        why = f"{len(ids)} of {told} records are shown ('{path}'), and no way to the others was found"
    elif more is not None and read(plain.answer, more) is True:
        why = f"more records are told ('{render(more)}') than the {len(ids)} shown, and no way to them was found"
    elif len(ids) in _ROUND and told != len(ids):
        return Shown(NoPaging(), f"exactly {len(ids)} records are shown, which looks like a limit", is_sure=False)
    else:
        return None
    return Shown(NoPaging(type="none", cap=len(ids)), why, is_sure=False)


def _flag(answer: Any, path: Path = ()) -> Path | None:
    """Find a truth value that says whether there is more."""
    for key, value in answer.items() if isinstance(answer, dict) and len(path) < 3 else ():  # noqa: PLR2004 - deep
        here = (*path, key)
        if isinstance(value, bool) and "".join(filter(str.isalpha, key.lower())) in _MORE:
            return here
        if (inside := _flag(value, here)) is not None:
            return inside
    return None


def _tokens(page: Asked) -> Iterator[tuple[str, str]]:
    """Give texts and numbers that may lead on, beside the records or in a header, with where they stand."""
    for path, value in _beside(page.answer):
        yield render(path), value
    headers = page.response.headers if page.response is not None else NO_HEADERS
    for name in headers.names():
        if any(word in name.lower() for word in _OF_TOKENS) and (told := headers.get(name)):
            yield f"header:{name}", told


def _beside(answer: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    for key, value in answer.items() if isinstance(answer, dict) and len(path) < 3 else ():  # noqa: PLR2004 - deep
        is_plain = isinstance(value, str | int) and not isinstance(value, bool) and str(value)
        if is_plain and any(word in key.lower() for word in _OF_TOKENS):
            yield (*path, key), str(value)
        yield from _beside(value, (*path, key))
