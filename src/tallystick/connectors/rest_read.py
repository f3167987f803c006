"""Reading from a REST system: pages of a listing, one record by id, records by a field's value. All are flows."""

from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from tallystick.connectors.http.body import spell
from tallystick.connectors.http.instants import spell_instant
from tallystick.connectors.http.limits import server_time
from tallystick.connectors.http.message import Response
from tallystick.connectors.http.paging import Ask
from tallystick.connectors.http.rows import is_markup, json_text, title, value_at
from tallystick.connectors.rest_object import RestObject
from tallystick.core.error import DataError, Garbled, ProjectError
from tallystick.core.path import Path, read, render
from tallystick.core.ports import Flow, NotThere, Page, Position, Sighting, Wish
from tallystick.core.record import UNKNOWN
from tallystick.project.manifest import Filter
from tallystick.project.spelling import ParameterText

_NOT_FOUND: Final = 404
_GONE: Final = 410


def read_page(kind: RestObject, since: float | None, position: Position | None, page_size: int | None) -> Flow[Page]:
    """Read one page of a listing."""
    return (yield from _page(kind, kind.pager.ask(position, page_size), [*_since(kind, since), *_sort(kind)]))


def ask_page(kind: RestObject, wish: Wish, position: Position | None, page_size: int | None) -> Flow[Page]:
    """Read one page as the system answers a wish; nothing is compared.

    Raises:
        ProjectError: the manifest does not say how to spell the wish.
    """
    query: list[tuple[str, str]] = []
    if wish.equal is not None:
        field, value = wish.equal
        asked = _filter_of(kind, field)
        query.append((asked.param, _filled(asked.template, value)))
    query += _sort(kind) if wish.order is None else [_spell_order(kind, *wish.order)]
    return (yield from _page(kind, kind.pager.ask(position, page_size), query))


def _filled(template: ParameterText, value: Any) -> str:
    return template.replace("{}", spell(value)) if isinstance(template, str) else template.spell(value)


def _spell_order(kind: RestObject, field: str, descending: bool) -> tuple[str, str]:  # noqa: FBT001 - half of a pair
    spec = kind.spec.sort
    if spec is None:
        raise ProjectError(
            f"'{kind.name}' cannot be sorted",
            hint="add sort to the object in the manifest, if the system can sort",
            place=kind.place,
        )
    template = spec.descending if descending else spec.template
    return spec.param, template.replace("{field}", field).replace("{direction}", "desc" if descending else "asc")


def _page(kind: RestObject, ask: Ask, query: list[tuple[str, str]]) -> Flow[Page]:
    call = kind.call("list")
    tombstone = kind.spec.deleted
    query = [*query, *(tombstone.query.items() if tombstone else ())]
    response: Response = yield call.request(query=[*query, *ask.query], url=ask.url)
    if not response.succeeded:
        if kind.pager.is_behind_the_end(ask, response.status):
            return Page((), server_time=server_time(response.headers))
        raise kind.refused(response, kind.place)
    rows = kind.listing.rows(response)
    turn = kind.pager.turn(ask, response, rows)
    got = len(rows)
    while (rest := kind.pager.ask_rest(ask, len(rows), got)) is not None:
        # A page read ahead came short; the next one begins behind the gap, so it is filled here.
        more: Response = yield call.request(query=[*query, *rest.query])
        if not more.succeeded:
            raise kind.refused(more, kind.place)
        further = kind.listing.rows(more)
        rows, got = [*rows, *further], len(further)
    return Page(rows, turn.next, turn.ahead, turn.total, server_time(response.headers))


def _since(kind: RestObject, since: float | None) -> Iterator[tuple[str, str]]:
    spec = kind.spec.since
    if spec is None or since is None:
        return
    # A filter that means "later than" would leave out what changed in that very moment.
    asked = since if spec.inclusive else since - max(1.0, kind.spec.claims.granularity_seconds)
    yield spec.param, spec.template.replace("{}", spell_instant(asked, spec.format, kind.around.zone))


def _sort(kind: RestObject) -> Iterator[tuple[str, str]]:
    spec = kind.spec.sort
    if spec is not None and spec.value:
        yield spec.param, spec.value


def get_record(kind: RestObject, record_id: str) -> Flow[Sighting | NotThere]:
    """Read one record by id."""
    call = kind.call("get")
    place = f"{kind.place}/{record_id}"
    response: Response = yield call.request(record_id)
    if response.status == _GONE:
        return NotThere(gone=True, evidence=f"{place}: status 410")
    if response.status == _NOT_FOUND:
        return NotThere(evidence=f"{place}: status 404")
    if not response.succeeded:
        raise kind.refused(response, place)
    found = read_answer(kind, response, call.record, place)
    if found.id != record_id:
        raise Garbled(
            "another record came than the one asked for",
            detail=f"its id is '{found.id}'",
            hint="check get.path, get.record and id of the object in the manifest",
            place=place,
        )
    if found.deleted:
        return NotThere(gone=True, evidence=f"{place}: marked as deleted at '{_tombstone_path(kind)}'")
    return found


def _tombstone_path(kind: RestObject) -> str:
    return kind.spec.deleted.path if kind.spec.deleted else ""


def read_answer(kind: RestObject, response: Response, path: Path, place: str) -> Sighting:
    """Read the one record that an answer holds.

    Raises:
        Garbled: it holds none; the error says what it is.
    """
    record = value_at(json_text(response), path)
    if isinstance(record, list) and len(record) == 1:
        record = record[0]
    try:
        if isinstance(record, dict):
            return kind.sighting(record, {kind.version_header: response.headers.get(kind.version_header)})
        detail = title(response, kind.around.scrub) if is_markup(response) else _instead(record, path)
    except DataError as error:
        if error.field != kind.spec.id:
            raise
        detail = error.message + (f", {error.detail}" if error.detail else "")
    raise Garbled(
        "the answer holds no such record",
        detail=detail,
        hint="correct the operation's path and record in the manifest; if they are right, the system does not answer "
        "as it says",
        place=place,
    )


def _instead(record: Any, path: Path) -> str:
    where = f"at '{render(path)}'" if path else "in the answer"
    return f"nothing readable {where}" if record is UNKNOWN else f"{type(record).__name__} {where}"


def find_records(kind: RestObject, path: Path, value: Any) -> Flow[Sequence[Sighting]]:
    """Find records by a field's value. What comes is compared here too: some systems ignore filters they do not know.

    All pages are read, because the wanted record may be behind others that do not match.
    """
    spec = _filter_of(kind, render(path))
    wanted = _comparable(value)
    query = [(spec.param, spec.template.replace("{}", spell(value)))]
    hits: dict[str, Sighting] = {}
    position: Position | None = None
    for _ in range(kind.around.max_pages):
        page = yield from _page(kind, kind.pager.ask(position), query)
        for row in page.rows:
            hit = yield from _verified(kind, row, path, wanted)
            if hit is not None:
                hits[hit.id] = hit
        position = page.next
        if position is None:
            return tuple(hits.values())
    raise Garbled(
        "a search does not end",
        detail=f"{kind.around.max_pages:,} pages were read",
        hint="check filters and paging of the object in the manifest",
        place=kind.place,
    )


def _filter_of(kind: RestObject, field: str) -> Filter:
    spec = kind.spec.filters.get(field)
    if spec is None:
        raise ProjectError(
            f"'{kind.name}' cannot be searched by '{field}'",
            hint="add the field to filters of the object in the manifest, or match by another one",
            place=kind.place,
        )
    return spec


def _verified(kind: RestObject, row: bytes, path: Path, wanted: Any) -> Flow[Sighting | None]:
    try:
        seen = kind.sight(row)
    except DataError:
        # A broken record stops a search only if it is the wanted one: to overlook it could mean to create it again.
        if _comparable(value_at(row, path)) == wanted:
            raise
        return None
    found = read(seen.record, path)
    if found is UNKNOWN and "get" in kind.calls:
        whole = yield from get_record(kind, seen.id)
        if isinstance(whole, NotThere):
            return None
        seen, found = whole, read(whole.record, path)
    return seen if _comparable(found) == wanted else None


def _comparable(value: Any) -> Any:
    """Make values of a filter and of a record comparable: 7, "7" and 7.0 are one, texts are taken as they are."""
    if isinstance(value, bool) or value is None or value is UNKNOWN or isinstance(value, dict | list):
        return repr(value)
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return spell(value)
    # A number that is written with leading zeros or an exponent is a text: customer "007" is not customer 7.
    return number.normalize() if spell(value) == format(number, "f") and number.is_finite() else spell(value)
