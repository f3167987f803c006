"""What the plain arguments of operations mean: ids, paging, times of change, credentials; and the same for fields."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final

from tallystick.connectors.describe.openapi_words import squeeze
from tallystick.connectors.describe.wsdl_shapes import Leaf, Sides
from tallystick.project.manifest import Since
from tallystick.project.manifest_paging import CursorPaging, NoPaging, OffsetPaging, PagePaging, Paging

_OFFSET: Final = re.compile(
    r"(?:offset|start|startindex|startrow|startposition|startat|startfrom|skip|firstresult|firstrow|beginindex)"
)
_LIMIT: Final = re.compile(
    r"(?:limit|max|maxresults?|maxrows?|maxrecords?|maxcount|maxnumber|pagesize|perpage|itemsperpage|recordsperpage|count"
    r"|rows|rowcount|size|batchsize|top|take|numrecords|numberofrecords|fetchsize)"
)
_PAGE: Final = re.compile(r"(?:page|pageno|pagenum|pagenumber|pageindex|currentpage)")
_CURSOR: Final = re.compile(
    r"(?:cursor|nextcursor|pagetoken|nextpagetoken|nexttoken|continuationtoken|scrollid|resumetoken|querylocator)"
)
_NEXT: Final = re.compile(
    r"(?:next|nextcursor|nextpagetoken|nexttoken|cursor|continuationtoken|scrollid|resumptiontoken|querylocator)"
)
_MORE: Final = re.compile(r"(?:hasmore|more|morerecords|hasmorerecords|ismore|hasnext|hasnextpage|moreavailable)")
_TOTAL: Final = re.compile(
    r"(?:total|totalcount|totalrecords|totalresults|totalsize|totalrows|totalhits|totalnumber|numberofrecords|recordcount)"
)
_SINCE: Final = re.compile(
    r"(?:last)?(?:changed?|modified|updated?|modification|modif|timestamp)(?:on|at|date|time|datetime)?"
    r"(?:since|after|from|start|begin|min|gte?|ge)|(?:since|after|from)(?:last)?(?:changed?|modified|updated?|modification)?"
    r"(?:date|time|datetime|timestamp)?|(?:changed|modified|updated)(?:since|after)\w*|(?:min|start)(?:changed?|modified|updated?)\w*"
    r"|last(?:modified|changed|updated)(?:date|time)?|geaendertseit|aenderungab"
)
_UNTIL: Final = re.compile(
    r"(?:last)?(?:changed?|modified|updated?|modification)(?:on|at|date|time)?(?:until|before|to|end|max|lte?)"
    r"|(?:until|before)(?:last)?(?:changed?|modified|updated?)?(?:date|time)?"
)
_MODIFIED: Final = re.compile(
    r"(?:last)?(?:changed?|modified|updated?|modification|modif|edit(?:ed)?)(?:on|at|date|time|datetime|stamp|timestamp)?"
    r"|(?:date|time)(?:last)?(?:changed|modified|updated)|geaendertam|aenderungsdatum|lastchangedatetime"
)
_CREATED: Final = re.compile(
    r"(?:created?|creation|inserted|entered)(?:on|at|date|time|datetime)?|datecreated|dateentered|angelegtam"
)
_VERSION: Final = re.compile(
    r"(?:version|rowversion|etag|revision|recordversion|objectversion|lockversion|versionnumber)"
)
_CREDENTIAL: Final = re.compile(
    r"(?:session|sessionid|sessiontoken|sessionkey|token|authtoken|accesstoken|securitytoken|apikey|apitoken|accesskey"
    r"|licen[cs]ekey|clientkey|clientid|clientsecret|username|userid|user|login|loginname|password|passwd|pwd|passwort|kennwort"
    r"|benutzer|benutzername|account|accountid|companyid|tenant|tenantid)"
)
_SURELY_SECRET: Final = re.compile(r"(?:session|token|apikey|accesskey|password|passwd|pwd|passwort|kennwort|secret)")
_ID: Final = re.compile(r"(?:id|guid|uuid|key|number|no|nr|code|internalid|objectid|recordid|sysid|uid)")
_OFTEN: Final = 0.6
_SIZE: Final = 100


def credentials_in(all_sides: Iterable[Sides]) -> frozenset[str]:
    """Give the names of arguments, at the top of messages, that nearly all operations take to know who asks."""
    sides = [each for each in all_sides if each.arguments]
    counted = Counter(
        leaf.name
        for each in sides
        for leaf in each.arguments
        if len(leaf.path) == 1 and _CREDENTIAL.fullmatch(squeeze(leaf.name))
    )
    often = {name for name, count in counted.items() if len(sides) > 1 and count >= _OFTEN * len(sides)}
    return frozenset(often if any(_SURELY_SECRET.search(squeeze(name)) for name in often) else ())


def find_paging(arguments: Iterable[Leaf], results: Iterable[Leaf]) -> tuple[Paging, frozenset[str], str]:
    """Find how a listing is read page by page; gives the arguments that it takes, and how it was told."""
    taken = {kind: _first(arguments, pattern) for kind, pattern in _ASKING.items()}
    said = {kind: _first(results, pattern) for kind, pattern in _ANSWERING.items()}
    total = said["total"].text if said["total"] else ""
    more = said["more"].text if said["more"] else ""
    size = taken["limit"]
    limit = min(_SIZE, int(size.simple.maximum)) if size and size.simple.maximum else _SIZE
    names = frozenset(leaf.text for leaf in taken.values() if leaf)
    because = f"arguments {', '.join(sorted(names))}"
    if taken["cursor"] and said["next"]:
        return (
            CursorPaging(
                type="cursor", cursor_param=taken["cursor"].text, next=said["next"].text, has_more=more,
                size_param=size.text if size else "", size=limit,
            ),
            names,
            because,
        )  # fmt: skip
    if taken["page"]:
        return (
            PagePaging(
                type="page", page_param=taken["page"].text, first=0 if "index" in squeeze(taken["page"].name) else 1,
                size_param=size.text if size else "", size=limit, total=total,
            ),
            names,
            because,
        )  # fmt: skip
    if taken["offset"] and size:
        return (
            OffsetPaging(
                type="offset", offset_param=taken["offset"].text, limit_param=size.text, limit=limit, total=total
            ),
            names,
            because,
        )  # fmt: skip
    return NoPaging(), frozenset(), ""


def find_since(arguments: Iterable[Leaf]) -> tuple[Since | None, frozenset[str]]:
    """Find the argument that asks for what changed since an instant, and the one for its other end."""
    timed = [leaf for leaf in arguments if leaf.simple.base in {"xs:dateTime", "xs:date", "xs:string"}]
    found = _first([leaf for leaf in timed if leaf.simple.base == "xs:dateTime"], _SINCE) or _first(timed, _SINCE)
    if found is None:
        return None, frozenset()
    until = _first(timed, _UNTIL)
    names = frozenset(leaf.text for leaf in (found, until) if leaf)
    # A date alone is a day: asking from its beginning leaves nothing out.
    spelling = "yyyy-MM-dd" if found.simple.base == "xs:date" else "iso"
    return Since(param=found.text, format=spelling, until=until.text if until else ""), names


def find_id(names: Iterable[Leaf], noun: str, asked_by: str = "") -> Leaf | None:
    """Find the id among the plain members of a record; ``asked_by`` is the argument that reads one record."""
    leaves = [leaf for leaf in names if not leaf.part.member.is_many]
    wanted = squeeze(asked_by)
    own = noun.lower()
    tests: tuple[Callable[[str], bool], ...] = (
        lambda name: name == "id",
        lambda name: bool(wanted) and name == wanted,
        lambda name: name in {f"{own}id", f"id{own}", f"{own}guid", f"{own}key"},
        lambda name: bool(wanted) and name == wanted.removeprefix(own) and bool(_ID.fullmatch(name)),
        lambda name: bool(own) and name.startswith(own) and bool(_ID.fullmatch(name.removeprefix(own))),
        lambda name: bool(_ID.fullmatch(name)),
    )
    for test in tests:
        found = next((leaf for leaf in leaves if test(squeeze(leaf.name))), None)
        if found is not None:
            return found
    return None


def find_id_argument(arguments: Iterable[Leaf], noun: str, id_name: str = "") -> Leaf | None:
    """Find the argument that names one record."""
    leaves = list(arguments)
    found = find_id(leaves, noun, id_name)
    if found is not None:
        return found
    needed = [leaf for leaf in leaves if leaf.is_required] or leaves
    return needed[0] if len(needed) == 1 and len(needed[0].path) <= 2 else None  # noqa: PLR2004 - not deep inside


def find_named(leaves: Iterable[Leaf], what: str) -> Leaf | None:
    """Find the field of a record that has its time of change (``modified``), of creation, or its version."""
    pattern = {"modified": _MODIFIED, "created": _CREATED, "version": _VERSION}[what]
    kinds = {"instant", "date", "text", "integer"} if what == "version" else {"instant"}
    fitting = [leaf for leaf in leaves if leaf.simple.kind in kinds]
    return _first(fitting, pattern)


def _first(leaves: Iterable[Leaf], pattern: re.Pattern[str]) -> Leaf | None:
    found = [leaf for leaf in leaves if pattern.fullmatch(squeeze(leaf.name))]
    return min(found, key=lambda leaf: len(leaf.path), default=None)


_ASKING: Final = {"offset": _OFFSET, "limit": _LIMIT, "page": _PAGE, "cursor": _CURSOR}
_ANSWERING: Final = {"total": _TOTAL, "next": _NEXT, "more": _MORE}
