"""Where records sit in answers and bodies: the array of a listing, the one record of a read, the wrap of a write.

A listing is a bare array or an array in an envelope. An envelope is told from a record that merely has lists in it
by the array's name (the object's own, or one of the customary ones) and by what stands beside it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tallystick.connectors.describe.openapi_refs import Node
from tallystick.connectors.describe.openapi_schema import Shape, Shapes
from tallystick.connectors.describe.openapi_words import meaning_of, noun_of, squeeze

Steps = tuple[str | int, ...]

_CUSTOMARY: Final = (
    "data", "items", "results", "value", "values", "result", "records", "rows", "entries", "list", "content", "objects",
    "elements", "collection", "resources", "nodes", "hits", "docs", "documents", "payload", "response", "members",
    "entities", "models", "entry", "resultset", "resultlist", "searchresults", "collectionitems", "edges", "body",
)  # fmt: skip
_WRAPPERS: Final = frozenset({
    "data", "result", "results", "response", "embedded", "payload", "body", "content", "d", "page", "output", "hits",
    "paging", "pagination", "list", "return", "resultset", "value",
})  # fmt: skip
_BESIDE: Final = frozenset({
    "errors", "error", "warnings", "links", "messages", "facets", "aggregations", "included", "warningmessages",
    "notifications", "meta", "metadata", "tags", "permissions", "actions", "validationerrors", "scopes", "fields",
    "columns", "headers", "sort", "sorting", "filters", "errormessages", "operations", "infos", "pages",
})  # fmt: skip
_ENVELOPE: Final = frozenset({
    "total", "count", "next", "previous", "prev", "first", "last", "page", "pages", "limit", "offset", "size", "per",
    "has", "more", "cursor", "token", "links", "link", "meta", "metadata", "paging", "pagination", "success", "status",
    "code", "message", "ok", "error", "errors", "object", "type", "url", "self", "kind", "etag", "is", "request",
    "number", "start", "end", "index", "max", "results", "result", "items", "records", "odata", "version", "included",
    "facets", "warnings", "sort", "query", "expand", "time", "timestamp", "etc", "empty", "elements", "schema", "href",
})  # fmt: skip
_IDS: Final = frozenset({"id", "uuid", "guid", "key", "gid", "sid", "uid"})
MAX_DEPTH: Final = 3


@dataclass(frozen=True, slots=True)
class Listing:
    """An answer with records: ``path`` leads to the array, ``inside`` from an entry to the record proper.

    ``path`` is ``None`` where the answer is not described.
    """

    path: tuple[str, ...] | None
    item: Shape
    inside: tuple[str, ...] = ()
    score: int = 0

    @property
    def name(self) -> str:
        """What the array is called; empty for a bare one."""
        return self.path[-1] if self.path else ""


def find_listing(
    shapes: Shapes, answer: Node | None, nouns: set[str], *, expected: bool = False, records: Sequence[Shape] = ()
) -> Listing | None:
    """Find the array of records in an answer; ``None`` if it is a single record or no record at all.

    ``expected`` says that the path speaks of a listing (``/search``), so that an array of any name will do; ``records``
    are bodies and answers of the calls for one record, which an array of the same is known by, whatever it is called.
    """
    shape = shapes.of(answer)
    if shape.is_list and not (shape.properties and shape.type == "object"):
        return _listing(shapes, (), shape, nouns, 100)
    found = [_recognised(shapes, shape, one, records) for one in _arrays(shapes, shape, nouns, ())]
    if not found:
        return None
    best = max(found, key=lambda listing: listing.score)
    if best.score < _NAMED and not expected and not _is_envelope(shape, best, len(found)):
        return None
    if "id" in shape.properties and best.score < _CALLED:
        return None
    return best if best.score > 0 else None


_CALLED: Final = 100
_SHARED: Final = 3
_ALIKE: Final = 0.7
_NAMED: Final = 40


def _listing(shapes: Shapes, path: tuple[str, ...], array: Shape, nouns: set[str], score: int) -> Listing | None:
    item = shapes.items_of(array)
    if item.type not in {"object", "", "array"} and not item.properties:
        return None
    inside = _inside(shapes, item, nouns | {noun_of(step) for step in path[-1:]})
    return Listing(path, shapes.at(item, inside), inside, score)


def _recognised(shapes: Shapes, answer: Shape, listing: Listing, records: Sequence[Shape]) -> Listing:
    """Believe an array whose entries are what is read or written singly, itself or in a wrapper."""
    for record in records:
        if _is_alike(answer, record):
            return listing  # the root of a tree, which has its like inside
        inner = (shapes.property(record, name) for name in record.properties)
        if any(_is_alike(listing.item, other) for other in (record, *inner)):
            return replace(listing, score=max(listing.score, 0) + _CALLED)
    return listing


def _is_alike(one: Shape, other: Shape) -> bool:
    if one.name and one.name == other.name:
        return True
    mine, theirs = one.properties.keys(), other.properties.keys()
    return len(mine & theirs) >= _SHARED and len(mine & theirs) >= _ALIKE * min(len(mine), len(theirs))


def _inside(shapes: Shapes, item: Shape, nouns: set[str]) -> tuple[str, ...]:
    """Entries such as ``{"customer": {...}}`` hold the record one step down."""
    inner = [name for name in item.properties if shapes.property(item, name).properties]
    if len(item.properties) <= 2 and len(inner) == 1 and (noun_of(inner[0]) in nouns | {"node"}):  # noqa: PLR2004 - {cursor, node}
        return (inner[0],)
    return ()


def _arrays(shapes: Shapes, shape: Shape, nouns: set[str], path: tuple[str, ...]) -> Iterator[Listing]:
    for name in shape.properties:
        part = shapes.property(shape, name)
        flat = squeeze(name)
        if part.is_list:
            listing = _listing(shapes, (*path, name), part, nouns, _score(name, flat, part, nouns, path, shapes))
            if listing:
                yield listing
        elif part.properties and len(path) < MAX_DEPTH and (flat in _WRAPPERS or noun_of(name) in nouns):
            yield from _arrays(shapes, part, nouns, (*path, name))


def _score(name: str, flat: str, part: Shape, nouns: set[str], path: tuple[str, ...], shapes: Shapes) -> int:
    if flat in _BESIDE and noun_of(name) not in nouns:
        return -50
    called = noun_of(name) in nouns
    inherited = bool(path) and squeeze(path[-1]) == "embedded"
    value = _CALLED + 20 if called else 60 - _CUSTOMARY.index(flat) // 2 if flat in _CUSTOMARY else 20
    value += 40 if inherited else 0
    value += 15 if shapes.items_of(part).properties else 0
    return value - 5 * len(path)


def _is_envelope(shape: Shape, listing: Listing, arrays: int) -> bool:
    """An array of any other name counts if nothing beside it belongs to a record."""
    if arrays > 1 or listing.path is None:
        return False
    rest = [name for name in shape.properties if name != listing.path[0]]
    return all(set(meaning_of(name)) & _ENVELOPE for name in rest)


# --- one record -----------------------------------------------------------------------------------------------------

_SINGLE: Final = (
    "data", "result", "item", "record", "response", "payload", "value", "object", "entity", "content", "body", "d",
)  # fmt: skip


def find_record(shapes: Shapes, answer: Node | None, nouns: set[str], like: Shape) -> tuple[Steps, Shape]:
    """Find the one record in an answer or body; ``like`` is the record of the listing, to recognise it by."""
    return _search(shapes, shapes.of(answer), nouns, like, 0)


def _search(shapes: Shapes, shape: Shape, nouns: set[str], like: Shape, depth: int) -> tuple[Steps, Shape]:
    if shape.is_list and not shape.properties:
        steps, record = (
            _search(shapes, shapes.items_of(shape), nouns, like, depth + 1) if depth < MAX_DEPTH else ((), shape)
        )
        return (0, *steps), record
    if shape.name and shape.name in like.names[:1]:
        return (), shape
    here = _likeness(shape, like)
    best: tuple[float, str] | None = None
    for name in shape.properties:
        part = shapes.property(shape, name)
        content = shapes.items_of(part) if part.is_list else part
        called = noun_of(name) in nouns
        if not content.properties or not (called or squeeze(name) in _SINGLE or _is_alike(content, like)):
            continue
        rank = (
            _likeness(content, like)
            + (0.3 if called else 0.1)
            + (0.2 if content.name and content.name in like.names else 0)
        )
        if best is None or rank > best[0]:
            best = (rank, name)
    if best is None or depth >= MAX_DEPTH or not _is_wrapped(shape, best[1], here, best[0]):
        return (), shape
    steps, record = _search(shapes, shapes.property(shape, best[1]), nouns, like, depth + 1)
    return (best[1], *steps), record


def _likeness(shape: Shape, like: Shape) -> float:
    if not like.properties:
        return 0.5 if _IDS & shape.properties.keys() else 0.0
    return len(shape.properties.keys() & like.properties.keys()) / len(like.properties)


def _is_wrapped(shape: Shape, name: str, here: float, inside: float) -> bool:
    rest = [other for other in shape.properties if other != name]
    if not rest:
        return True
    if _IDS & shape.properties.keys() and here >= inside - 0.3:
        return False
    return inside > here and (inside - here > 0.25 or all(set(meaning_of(other)) & _ENVELOPE for other in rest))  # noqa: PLR2004
