"""What a listing's parameters are for: page, size, offset, cursor - told by name, type and description.

Names are compared without case and separators. A name with brackets is told by what stands in them
(``page[number]``, ``criteria[pageSize]``).
"""

import re
from typing import Final, Literal

from tallystick.connectors.describe.openapi_calls import Call, Parameter
from tallystick.connectors.describe.openapi_refs import Node, as_node, as_text
from tallystick.connectors.describe.openapi_schema import Shape
from tallystick.connectors.describe.openapi_words import meaning_of, squeeze

Role = Literal["page", "size", "offset", "cursor", "after_id", "back", ""]

_PAGE: Final = frozenset({
    "page", "pagenumber", "pageno", "pagenum", "pagenr", "pageindex", "pageid", "currentpage", "pagen", "paged", "pg",
    "seite", "requestedpage", "pagerequested", "pagecurrent", "pagesnumber", "thispage", "pagination",
})  # fmt: skip
_SIZE: Final = frozenset({
    "limit", "size", "pagesize", "perpage", "maxresults", "top", "take", "pagelimit", "itemsperpage", "resultsperpage",
    "pagecount", "rowsperpage", "recordsperpage", "maxitems", "maxrecords", "maxpagesize", "maxpage", "batchsize",
    "numresults", "rows", "numrows", "rowcount", "recordcount", "nresults", "maxcount", "countperpage", "limitperpage",
    "itemscount", "pagelength", "maxrows", "pageitems", "paginationlimit", "resultlimit", "pagerows", "chunksize",
    "max", "count", "num", "amount", "length", "maxentries", "entriesperpage", "hitsperpage", "results", "numitems",
    "maxnumberofresults", "maxresultsperpage", "perpagecount", "listlimit", "elementsperpage", "pagemax", "fetch",
    "numberofresults", "numberofitems", "numberofrecords", "maximumresults", "resultcount", "limitcount", "pageentries",
})  # fmt: skip
_WEAK_SIZE: Final = frozenset({"max", "count", "num", "amount", "length", "rows", "results", "size", "fetch", "top"})
_OFFSET: Final = frozenset({
    "offset", "skip", "start", "startat", "startindex", "from", "firstresult", "startposition", "startrow", "rowoffset",
    "pageoffset", "limitstart", "begin", "index", "first", "startfrom", "startingindex", "resultoffset", "recordoffset",
    "startpos", "beginindex", "skipcount", "firstrow", "firstrecord", "startrecord", "itemoffset", "startnumber",
    "paginationoffset", "resultsoffset", "startitem", "fromindex", "fromrow", "listoffset", "position", "startoffset",
})  # fmt: skip
_WEAK_OFFSET: Final = frozenset({"start", "from", "begin", "index", "first", "position"})
_CURSOR: Final = frozenset({
    "cursor", "pagetoken", "nextpagetoken", "nexttoken", "continuationtoken", "nextcursor", "startcursor", "marker",
    "bookmark", "pagecursor", "aftercursor", "scrollid", "exclusivestartkey", "startkey", "continuation", "skiptoken",
    "resumetoken", "continuetoken", "pagingtoken", "paginationtoken", "cursortoken", "cursorid", "nextpage",
    "nextpageid",
    "cursorafter", "scrolltoken", "cursormark", "paginationcursor", "paginationkey", "pagekey", "nextkey",
    "nextpagekey",
    "nextmarker", "pageafter", "startingtoken", "starttoken", "cursornext", "listcursor", "encodedcursor", "iterator",
    "pagestate", "nextpagecursor", "querycursor", "continuationkey", "nextrecordkey", "aftertoken", "nextid",
    "searchafter",
    "lastevaluatedkey", "deltatoken", "endcursor", "pagemarker",
})  # fmt: skip
_WEAK_CURSOR: Final = frozenset({"next", "after", "token", "nextlink", "pageinfo"})
_AFTER_ID: Final = frozenset({
    "startingafter", "sinceid", "afterid", "lastid", "startafterid", "fromid", "startafter", "idafter", "lastitemid",
    "startingafterid", "startid", "minid", "lastkey", "lastseenid", "startfromid", "lastrecordid",
})  # fmt: skip
_BACK: Final = frozenset({
    "before", "endingbefore", "pagebefore", "beforeid", "previouscursor", "prevcursor", "cursorbefore", "beforecursor",
    "previouspagetoken", "untilid", "maxid", "prev", "previous", "prevpagetoken", "last",
})  # fmt: skip
_PAGING_TALK: Final = re.compile(
    r"\bpag(e|es|ing|inat\w+)\b|\bcursor\b|\bnext (set|batch|results)\b|continu(e|ation)|opaque|has_more", re.IGNORECASE
)
_COUNT_TALK: Final = re.compile(
    r"\b(max\w*|number|amount|how many|limit\w*|count|size|up to)\b.{0,60}"
    r"\b(results?|items?|records?|rows?|entries|objects?"
    r"|elements?|\w+s|returned?|page|list)\b|\bper page\b|page size|\breturned\b",
    re.IGNORECASE | re.DOTALL,
)
_INDEX_TALK: Final = re.compile(
    r"\b(offset|skip\w*|index|position|start\w*|first|zero[- ]based|pagina\w*|row|record)\b", re.IGNORECASE
)
_ID_TALK: Final = re.compile(r"\b(id|ids|identifier)\b", re.IGNORECASE)


def core_name(name: str) -> str:
    """Give the telling part of a parameter's name: what stands in the last brackets, or the name itself.

    ``page[number]`` keeps both, since ``number`` alone tells nothing.
    """
    parts = [part for part in re.split(r"[\[\].]+", name) if part and not part.isdigit()]
    if len(parts) > 1 and squeeze(parts[-1]) in {
        "number",
        "size",
        "limit",
        "offset",
        "after",
        "before",
        "cursor",
        "token",
    }:
        outer = squeeze(parts[-2])
        return squeeze("page" if outer in {"page", "pagination", "paging"} else parts[-2]) + squeeze(parts[-1])
    return squeeze(parts[-1]) if parts else ""


def role_of(parameter: Parameter, shape: Shape) -> Role:
    """Tell what a parameter does for paging; empty if nothing."""
    name = core_name(parameter.name).removeprefix("query").removeprefix("pagerequest")
    text = parameter.description or as_text(shape.keywords.get("description")) or as_text(shape.keywords.get("title"))
    if shape.type in {"boolean", "array"} or as_text(shape.keywords.get("format")).startswith("date"):
        return ""
    return _by_strong_name(name, shape, text) or _by_weak_name(name, shape, text)


def word_role(name: str) -> Role:
    """Tell by its name alone what a parameter does for paging, where somebody wrote it to ask for a page."""
    core = core_name(name)
    words: tuple[tuple[frozenset[str], Role], ...] = (
        (_PAGE, "page"), (_SIZE, "size"), (_OFFSET, "offset"), (_CURSOR, "cursor"), (_AFTER_ID, "after_id"),
    )  # fmt: skip
    return next((role for known, role in words if core in known), "")


def _by_strong_name(name: str, shape: Shape, text: str) -> Role:
    if name in _BACK:
        return "back"
    if name in _AFTER_ID:
        return "after_id"
    if name in _CURSOR:
        return "cursor" if shape.type != "integer" or name not in {"nextpage", "position"} else "page"
    if name in _PAGE:
        opaque = shape.type == "string" and re.search(r"\b(token|cursor|opaque)\b", text, re.IGNORECASE)
        return "cursor" if opaque else "page"
    if name in _SIZE - _WEAK_SIZE:
        return "size"
    if name in _OFFSET - _WEAK_OFFSET:
        opaque = shape.type == "string" and re.search(
            r"\b(token|cursor|opaque|returned|previous)\b", text, re.IGNORECASE
        )
        return "cursor" if opaque else "offset"
    return ""


def _by_weak_name(name: str, shape: Shape, text: str) -> Role:
    if name in _WEAK_SIZE and shape.type in {"integer", "number", "", "string"}:
        counted = "enum" not in shape.keywords and (not text or _COUNT_TALK.search(text))
        return "size" if counted or name in {"size", "top", "rows"} else ""
    if name in _WEAK_CURSOR and shape.type in {"string", ""} and _PAGING_TALK.search(text):
        return "after_id" if name == "after" and _ID_TALK.search(text) and "cursor" not in text.lower() else "cursor"
    if name in _WEAK_OFFSET:
        if shape.type == "string":
            # The text must speak of an id to start from; a date to start from is a filter.
            return "after_id" if _ID_TALK.search(text) and _PAGING_TALK.search(text + " page") and _starts(text) else ""
        return "offset" if not text or _INDEX_TALK.search(text) or _PAGING_TALK.search(text) else ""
    return ""


def _starts(text: str) -> bool:
    return bool(re.search(r"\b(start\w*|onwards?|offset|result set|after)\b", text, re.IGNORECASE))


def has_paging(call: Call) -> bool:
    """Whether a listing takes any parameter that pages are asked for with."""
    loose = (role_of(p, _bare(p.schema)) for p in call.query())
    return any(role in {"page", "offset", "cursor", "after_id"} for role in loose)


def _bare(schema: Node) -> Shape:
    declared = schema.get("type")
    return Shape(types=[declared] if isinstance(declared, str) else [], keywords=schema)


def maximum_of(parameter: Parameter, shape: Shape) -> int | None:
    """The largest page, from the schema or said in so many words."""
    limit = shape.keywords.get("maximum")
    if isinstance(limit, int | float) and not isinstance(limit, bool) and 1 <= limit <= 1_000_000:  # noqa: PLR2004
        return int(limit)
    text = f"{parameter.description} {as_text(shape.keywords.get('description'))}".replace(",", "")
    said = re.search(
        r"\b(?:max(?:imum)?(?: value| allowed| limit| size| of| is|:|=)*"
        r"|up to|between \d+ and|no more than|less than or equal to)"
        r"\W{0,4}(\d{1,6})\b",
        text,
        re.IGNORECASE,
    ) or re.search(r"\b1\s?(?:-|to|\u2013|\.\.)\s?(\d{2,6})\b", text)
    return int(said[1]) if said and int(said[1]) else None


def default_of(parameter: Parameter, shape: Shape) -> int | None:
    """The page size taken if none is asked for, from the schema or said in so many words."""
    default = shape.keywords.get("default")
    if isinstance(default, str) and default.isdigit():
        default = int(default)
    if isinstance(default, int) and not isinstance(default, bool) and default > 0:
        return default
    said = re.search(r"\bdefaults?(?: value| is|:|=| to| of)*\W{0,4}(\d{1,5})\b", parameter.description, re.IGNORECASE)
    return int(said[1]) if said and int(said[1]) else None


def first_page_of(shape: Shape, text: str) -> int:
    """Whether pages are counted from 0 or from 1; 1 unless something says 0."""
    for key in ("default", "minimum"):
        value = shape.keywords.get(key)
        if isinstance(value, int) and value in {0, 1}:
            return int(value)
    zero = re.search(
        r"(zero|0)[- ](based|indexed)|start\w* (at|from|with) 0\b|first page is 0\b|\(0\.\.", text, re.IGNORECASE
    )
    return 0 if zero else 1


def words_in(parameter: Parameter) -> tuple[str, ...]:
    """The words of a parameter's name, brackets and operators included."""
    return meaning_of(parameter.name)


def describe_parameter(parameter: Parameter, shape: Shape) -> str:
    """Everything that is said about a parameter, in one text."""
    schema = as_node(parameter.schema)
    return " ".join(
        filter(
            None,
            (parameter.description, as_text(schema.get("description")), as_text(shape.keywords.get("description"))),
        )
    )
