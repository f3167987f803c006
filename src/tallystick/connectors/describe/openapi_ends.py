"""What an answer says about the rest: the next address or token, whether more follows, how many there are."""

import re
from dataclasses import dataclass
from typing import Final

from tallystick.connectors.describe.openapi_answers import Listing
from tallystick.connectors.describe.openapi_calls import Call
from tallystick.connectors.describe.openapi_params import role_of
from tallystick.connectors.describe.openapi_refs import as_text
from tallystick.connectors.describe.openapi_schema import Shape, Shapes
from tallystick.connectors.describe.openapi_words import squeeze
from tallystick.core.path import render

_URL: Final = frozenset({
    "nextpageurl", "nexturl", "nextlink", "odatanextlink", "nexthref", "nextpagelink", "nextpageuri", "nexturi",
    "nextpagepath", "nextpath", "nextresultsurl", "nextpagehref", "nextrecordsurl",
})  # fmt: skip
_TOKEN: Final = frozenset({
    "nextcursor", "nextpagetoken", "nexttoken", "continuationtoken", "scrollid", "marker", "nextmarker",
    "nextpagecursor",
    "endcursor", "pagetoken", "nextpagekey", "bookmark", "nextkey", "cursornext", "lastevaluatedkey", "nextstartcursor",
    "nextid", "cursor", "continuation", "pagingtoken", "nextpageid", "nextbookmark", "paginationtoken", "nextiterator",
    "aftercursor", "cursorafter", "nextsynctoken", "nextstartkey", "nextcontinuationtoken", "nextscrollid",
    "nextpageinfo",
})  # fmt: skip
_EITHER: Final = frozenset({"next", "nextpage"})
_MORE: Final = frozenset({
    "hasmore", "hasnext", "hasnextpage", "more", "moreresults", "moreitems", "hasmoreitems", "moredata",
    "moreavailable",
    "hasmoreresults", "hasmorerecords", "moreitemsincollection", "hasmorepages", "hasmoredata", "moreresultsavailable",
})  # fmt: skip
_TOTAL: Final = frozenset({
    "total", "totalcount", "totalitems", "totalresults", "totalrecords", "totalelements", "totalsize", "itemstotal",
    "totalrows", "odatacount", "totalhits", "recordstotal", "totalnumber", "totalentries", "totalitemcount", "countall",
    "totalresultcount", "totalrecordcount", "resulttotal", "totalcountofitems", "totalobjects", "totalmatches",
})  # fmt: skip
_PAGES: Final = frozenset({
    "totalpages", "pagecount", "lastpage", "pagestotal", "numpages", "nbpages", "pagescount", "totalpagecount",
    "maxpage",
    "numberofpages", "pageslimit",
})  # fmt: skip
_LINKS: Final = frozenset({"links", "link", "paging", "pagination", "urls", "pagelinks"})
_TOKENS: Final = frozenset({"string", "integer", ""})  # a record's number may be the next token
MAX_DEPTH: Final = 3


def is_total_word(name: str) -> bool:
    """Whether a name in an answer says how many records there are in all; a bare count may be of the page."""
    return squeeze(name) in _TOTAL


def is_token_word(name: str) -> bool:
    """Whether a name in an answer stands for what the next page is asked with."""
    return squeeze(name) in _TOKEN | _EITHER


@dataclass(slots=True)
class Ends:
    """Paths in the answer (or ``header:NAME``), each empty where nothing is described."""

    url: str = ""
    token: str = ""
    has_more: str = ""
    total: str = ""
    pages: str = ""
    link_header: bool = False


def find_ends(shapes: Shapes, call: Call, listing: Listing) -> Ends:
    """Look through the answer's envelope and headers."""
    ends = Ends()
    _look(shapes, shapes.of(call.answer), (), listing, ends)
    takes_token = any(role_of(p, shapes.of(p.schema)) in {"cursor", "after_id"} for p in call.query())
    if ends.token and not ends.url and not takes_token and _is_ambiguous(ends.token):
        ends.url, ends.token = ends.token, ""
    for name in call.answer_headers:
        flat = squeeze(name).removeprefix("x").removeprefix("pagination")
        if flat == "link":
            ends.link_header = True
        elif flat in {*_TOTAL, "count", "wptotal"}:
            ends.total = ends.total or f"header:{name}"
        elif flat in {*_PAGES, "wptotalpages"}:
            ends.pages = ends.pages or f"header:{name}"
        elif flat in _TOKEN - {"cursor"}:
            ends.token = ends.token or f"header:{name}"
    return ends


def _is_ambiguous(path: str) -> bool:
    return squeeze(path.rpartition(".")[2]) in _EITHER


def _look(shapes: Shapes, shape: Shape, path: tuple[str, ...], listing: Listing, ends: Ends) -> None:
    if path and path == listing.path:
        return
    ends.total = ends.total or _count_of_all(shape, path)
    for name in shape.properties:
        part = shapes.property(shape, name)
        here = (*path, name)
        _note(squeeze(name), part, here, ends)
        inside = here if not part.is_list else ()
        if part.properties and len(here) <= MAX_DEPTH and inside and not _is_next_link(shapes, part, here, ends):
            _look(shapes, part, here, listing, ends)


def _count_of_all(shape: Shape, path: tuple[str, ...]) -> str:
    """A bare ``count`` beside both neighbours of a page counts what is behind all pages."""
    flat = {squeeze(name): name for name in shape.properties}
    between = "next" in flat and ("previous" in flat or "prev" in flat)
    return render((*path, flat["count"])) if between and "count" in flat else ""


def _is_next_link(shapes: Shapes, part: Shape, here: tuple[str, ...], ends: Ends) -> bool:
    """A ``next`` that is an object keeps its address one step down: ``_links.next.href``."""
    if squeeze(here[-1]) not in _EITHER | {"nextlink"}:
        return False
    for name in part.properties:
        if squeeze(name) in {"href", "url", "uri", "link"}:
            ends.url = ends.url or render((*here, name))
        elif squeeze(name) in {"after", "cursor", "token"}:
            ends.token = ends.token or render((*here, name))
    return bool(shapes) and bool(ends.url or ends.token)


def _note(flat: str, part: Shape, here: tuple[str, ...], ends: Ends) -> None:
    where = render(here)
    if flat in _URL and part.type in {"string", ""}:
        ends.url = ends.url or where
    elif flat in _EITHER and part.type in {"string", ""}:
        if _is_address(part, here):
            ends.url = ends.url or where
        else:
            ends.token = ends.token or where
    elif (flat in _TOKEN or (flat == "after" and "cursor" in squeeze("".join(here[:-1])))) and part.type in _TOKENS:
        ends.token = ends.token or where
    elif flat in _MORE and part.type in {"boolean", ""}:
        ends.has_more = ends.has_more or where
    elif part.type in {"integer", "number", ""} and (flat in _TOTAL or (flat == "count" and _is_total(part))):
        ends.total = ends.total or where
    elif part.type in {"integer", "number", ""} and flat in _PAGES:
        ends.pages = ends.pages or where


def _is_address(part: Shape, here: tuple[str, ...]) -> bool:
    said = f"{part.keywords.get('example', '')} {part.keywords.get('description', '')}".lower()
    known = as_text(part.keywords.get("format")) in {"uri", "url", "uri-reference"}
    linked = any(squeeze(step) in _LINKS for step in here[:-1])
    return (
        known
        or (linked and "cursor" not in said and "token" not in said)
        or bool(re.search(r"http|\burls?\b|\blink", said))
    )


def _is_total(part: Shape) -> bool:
    return bool(re.search(r"\b(total|overall|all)\b", as_text(part.keywords.get("description")), re.IGNORECASE))
