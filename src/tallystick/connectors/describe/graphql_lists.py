"""Which fields of a GraphQL schema list records, where the records stand, and how pages are asked for.

Three shapes cover the trade: Relay connections, bare lists, and pages (a list beside numbers or tokens).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tallystick.connectors.describe.graphql_schema import Argument, Kind, Member, Ref, Schema
from tallystick.connectors.describe.openapi_words import noun_of, squeeze, words_of
from tallystick.core.path import Path, render
from tallystick.project.manifest_paging import CursorPaging, NoPaging, OffsetPaging, PagePaging, Paging

_SIZES: Final = (
    "first", "limit", "take", "pagesize", "perpage", "size", "pagelimit", "itemsperpage", "max", "maxresults", "top",
    "count", "amount",
)  # fmt: skip
_OFFSETS: Final = ("offset", "skip", "start", "startindex", "from")
_PAGES: Final = ("page", "pagenumber", "currentpage", "pageindex", "pageno")
_CURSORS: Final = ("after", "cursor", "nexttoken", "pagetoken", "continuationtoken", "nextcursor", "startafter")
_TOTALS: Final = (
    "totalcount", "total", "totalitems", "totalrecords", "totalresults", "totalelements", "itemcount", "count",
)  # fmt: skip
_OF_PAGES: Final = ("totalpages", "pagecount", "lastpage", "pages", "numpages")
_NEXT: Final = (
    "endcursor", "nextcursor", "nexttoken", "nextpagetoken", "continuationtoken", "cursor", "next",
)  # fmt: skip
_MORE: Final = ("hasnextpage", "hasnext", "hasmore", "hasmorepages", "more")
_NUMBERS: Final = frozenset({"int", "bigint", "long", "unsignedint", "positiveint", "nonnegativeint", "count"})
_NO_PAGING: Final = re.compile(r"filter|where|search|sort|order|criteria|condition", re.IGNORECASE)
_NO_RECORDS: Final = re.compile(r"errors?$|warnings?$|facets?$|aggregat|edges$|messages?$", re.IGNORECASE)
_MOST: Final = re.compile(r"(?i)max(?:imum)?\b\D{0,30}(\d{1,5})\b")
_SIZE: Final = 100
Leaf = tuple[Path, Argument]


@dataclass(frozen=True, slots=True)
class Listing:
    """A field that lists records: ``key`` names it, ``rows`` is where the records are in the data of an answer."""

    key: str
    member: Member
    item: Kind
    rows: Path
    select: str
    paging: Paging
    because: str

    @property
    def extra(self) -> tuple[str, ...]:
        """Arguments that must be given and are no paging."""
        return tuple(name for name, each in self.member.arguments.items() if each.must_be_given)


def members_of(fields: Mapping[str, Member], schema: Schema) -> Iterator[tuple[str, Member]]:
    """Give the root fields, and those one step below fields that only gather others."""
    for name, member in fields.items():
        yield name, member
        kind = schema.kind(member.type.name)
        gathers = kind.kind == "OBJECT" and not member.type.is_list and not member.needs_arguments
        if gathers and not id_of(kind) and not _rows_of(kind, schema) and fields is not kind.members:
            yield from ((f"{name}.{inner}", each) for inner, each in kind.members.items())


def id_of(kind: Kind) -> str:
    """Give the field that identifies records of a type; empty where there is none."""
    scalars = {name: m for name, m in kind.members.items() if not m.type.is_list and not m.needs_arguments}
    own = noun_of(kind.name)
    wanted = ("id", "_id", "nodeid", f"{own}id", "uuid", "guid", "gid", "key", "pk")
    by_name = {squeeze(name) or name: name for name in reversed(scalars)}
    by_name |= {name: name for name in scalars}
    found = (by_name[name] for name in wanted if name in by_name)
    typed = (name for name, member in scalars.items() if member.type.name == "ID" and member.type.is_required)
    return next(found, next(typed, ""))


def is_connection(kind: Kind) -> bool:
    """Whether a type is a page of a Relay connection."""
    return "pageInfo" in kind.members and bool({"edges", "nodes"} & kind.members.keys())


def find_listing(key: str, member: Member, schema: Schema) -> Listing | None:
    """Read a field as a listing; ``None`` where it is none."""
    field = tuple(key.split("."))
    kind = schema.kind(member.type.name)
    leaves = list(leaves_of(member.arguments, schema, without=_NO_PAGING))
    if member.type.is_list:
        paging, because = _paging(leaves, field, {}, is_connection=False)
        return _made(key, member, kind, field, "{record}", paging, because)
    found = _rows_of(kind, schema)
    if found is None:
        return None
    steps, item = found
    told = dict(_told(kind, schema))
    paging, because = _paging(leaves, field, told, is_connection=is_connection(kind))
    inner = "{ node { {record} } }" if steps == ("edges",) else "{ {record} }"
    wanted = [f"{steps[0]} {inner}", *_selected(paging, len(field))]
    return _made(key, member, item, (*field, *steps), " ".join(wanted), paging, because)


def _made(
    key: str, member: Member, item: Kind, rows: Path, select: str, paging: Paging, because: str
) -> Listing | None:
    if item.kind not in {"OBJECT", "INTERFACE"} or not id_of(item):
        return None
    return Listing(key, member, item, rows, select, paging, because)


def _rows_of(kind: Kind, schema: Schema) -> tuple[tuple[str, ...], Kind] | None:
    """Find the list of records in a page."""
    if is_connection(kind):
        if "nodes" in kind.members:
            return ("nodes",), schema.kind(kind.members["nodes"].type.name)
        edge = schema.kind(kind.members["edges"].type.name)
        node = edge.members.get("node")
        return (("edges",), schema.kind(node.type.name)) if node is not None else None
    if kind.kind != "OBJECT" or id_of(kind):
        return None
    lists = [
        member for name, member in kind.members.items()
        if member.type.is_list and schema.kind(member.type.name).is_composite and not _NO_RECORDS.search(name)
    ]  # fmt: skip
    if len(lists) != 1:
        return None
    return (lists[0].name,), schema.kind(lists[0].type.name)


def _told(kind: Kind, schema: Schema) -> Iterator[tuple[str, Path]]:
    """Give what a page says beside its records: squeezed names with paths, up to two steps deep."""
    waiting: list[tuple[Path, Kind]] = [((), kind)]
    while waiting:
        path, here = waiting.pop(0)
        for name, member in here.members.items():
            if member.type.is_list or member.needs_arguments:
                continue
            inner = schema.kind(member.type.name)
            if not inner.is_composite:
                yield squeeze(name), (*path, name)
            elif len(path) < 2 and inner.kind == "OBJECT" and not id_of(inner):  # noqa: PLR2004 - two steps
                waiting.append(((*path, name), inner))


def leaves_of(
    arguments: Mapping[str, Argument], schema: Schema, *, without: re.Pattern[str] | None = None, deepest: int = 3
) -> Iterator[Leaf]:
    """Give the scalar arguments with their paths through input types; lists of input types are left out."""
    for name, each in arguments.items():
        if without is not None and without.search(name):
            continue
        kind = schema.kind(each.type.name)
        if not kind.is_input:
            yield (name,), each
        elif deepest > 1 and not each.type.is_list and squeeze(name) not in {"and", "or", "not", "nor"}:
            for path, inner in leaves_of(kind.inputs, schema, without=without, deepest=deepest - 1):
                yield (name, *path), inner


def is_number(ref: Ref) -> bool:
    """Whether a type counts something."""
    return not ref.is_list and squeeze(ref.name) in _NUMBERS


def _find(leaves: list[Leaf], names: tuple[str, ...], *, number: bool) -> tuple[str, Argument] | None:
    by_name: dict[str, tuple[str, Argument]] = {}
    for path, each in leaves:
        if is_number(each.type) or (not number and not each.type.is_list):
            by_name.setdefault(squeeze(str(path[-1])), (render(path), each))
    return next((by_name[name] for name in names if name in by_name), None)


def _paging(leaves: list[Leaf], field: Path, told: Mapping[str, Path], *, is_connection: bool) -> tuple[Paging, str]:
    size = _find(leaves, _SIZES, number=True)
    most = _MOST.search(size[1].description) if size else None
    limit = min(_SIZE, int(most[1])) if most else _SIZE
    sized, cap = (size[0] if size else ""), (int(most[1]) if most else None)
    cursor, following = _find(leaves, _CURSORS, number=False), _at(told, _NEXT, field)
    if cursor and following:
        more = _at(told, _MORE, field)
        made = CursorPaging(
            type="cursor", cursor_param=cursor[0], next=following, has_more=more, size_param=sized, size=limit,
            max_size=cap,
        )  # fmt: skip
        return made, "a Relay connection" if is_connection else f"argument '{cursor[0]}' and field '{following}'"
    total = _at(told, _TOTALS, field)
    if (offset := _find(leaves, _OFFSETS, number=True)) is not None and offset != size:
        made_offset = OffsetPaging(
            type="offset", offset_param=offset[0], limit_param=sized, limit=limit, max_limit=cap, total=total
        )
        return made_offset, f"arguments '{offset[0]}' and '{sized}'"
    if (page := _find(leaves, _PAGES, number=True)) is not None:
        first = 0 if re.search(r"zero|0[- ]?(?:based|indexed)|starts? (?:at|with) 0", page[1].description) else 1
        made_page = PagePaging(
            type="page", page_param=page[0], first=first, size_param=sized, size=limit, max_size=cap, total=total,
            pages=_at(told, _OF_PAGES, field),
        )  # fmt: skip
        return made_page, f"argument '{page[0]}'"
    return NoPaging(), "no argument asks for a page"


def _at(told: Mapping[str, Path], names: tuple[str, ...], field: Path) -> str:
    return next((render((*field, *told[name])) for name in names if name in told), "")


def _selected(paging: Paging, skipped: int) -> list[str]:
    """Write what paging needs of an answer, beside the records."""
    match paging:
        case CursorPaging(next=following, has_more=more):
            paths = [following, more]
        case OffsetPaging(total=total):
            paths = [total]
        case PagePaging(total=total, pages=pages):
            paths = [total, pages]
        case _:
            paths = []
    together: dict[str, list[str]] = {}
    for path in filter(None, paths):
        *outer, last = path.split(".")[skipped:]
        together.setdefault(".".join(outer), []).append(last)
    written = []
    for steps, names in together.items():
        text = " ".join(names)
        for step in reversed(steps.split(".") if steps else []):
            text = f"{step} {{ {text} }}"
        written.append(text)
    return written


def object_name(listing: Listing) -> str:
    """Name an object by what lists it, without the words that only say that it does."""
    words = list(words_of(listing.key.rpartition(".")[2]))
    empty = {"all", "list", "get", "find", "search", "query", "fetch", "connection", "collection", "many", "paginated"}
    kept = [word for word in words if word not in empty]
    return "_".join(kept or words_of(listing.item.name))
