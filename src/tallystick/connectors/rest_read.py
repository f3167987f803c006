"""Reading from a REST system: pages of a listing, one record by id, records by a field's value. All are flows."""

from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from tallystick.connectors.http.body import as_text, encode, merge
from tallystick.connectors.http.instants import COUNTED, spell_instant
from tallystick.connectors.http.limits import server_time
from tallystick.connectors.http.message import Response
from tallystick.connectors.http.paging import Ask
from tallystick.connectors.http.refusal import complaint
from tallystick.connectors.http.rows import is_markup, json_text, read_lone, title, value_at
from tallystick.connectors.rest_call import Call
from tallystick.connectors.rest_object import RestObject
from tallystick.core.error import DataError, Error, Garbled, ProjectError
from tallystick.core.path import Path, read, render
from tallystick.core.path import write as write_path
from tallystick.core.ports import Flow, NotThere, Page, Position, Sighting, Wish
from tallystick.core.record import UNKNOWN
from tallystick.project.manifest import Filter
from tallystick.project.manifest_absence import SAYS_NOTHING
from tallystick.project.spelling import ParameterText

_NOT_FOUND: Final = 404
_GONE: Final = 410
_NO_CONTENT: Final = 204
_MOST_SAID: Final = 2_000


def ask_page(kind: RestObject, wish: Wish, position: Position | None, page_size: int | None) -> Flow[Page]:
    """Read one page as the system answers a wish; nothing is compared.

    Raises:
        ProjectError: the manifest does not say how to spell the wish.
    """
    asked: list[tuple[str, Any]] = []
    if wish.equal is not None:
        field, value = wish.equal
        asked.append((_filter_of(kind, field).param, kind.call("list").parameter(kind.filters[field], value)))
    asked += sorting(kind) if wish.order is None else [_order(kind, *wish.order)]
    return (yield from list_page(kind, kind.pager.ask(position, page_size), asked))


def _filter_of(kind: RestObject, field: str) -> Filter:
    spec = kind.spec.filters.get(field)
    if spec is None:
        raise ProjectError(
            f"'{kind.name}' cannot be searched by '{field}'",
            hint="add the field to filters of the object in the manifest, or match by another one",
            place=kind.place,
        )
    return spec


def _order(kind: RestObject, field: str, descending: bool) -> tuple[str, Any]:  # noqa: FBT001 - half of a pair
    spec = kind.spec.sort
    if spec is None:
        raise ProjectError(
            f"'{kind.name}' cannot be sorted",
            hint="add sort to the object in the manifest, if the system can sort",
            place=kind.place,
        )
    spelled = (spec.descending if descending else spec.template).replace("{field}", field)
    return spec.param, spelled.replace("{direction}", "desc" if descending else "asc")


def list_page(kind: RestObject, ask: Ask, asked: list[tuple[str, Any]]) -> Flow[Page]:
    """Read the page that ``ask`` asks for, of the listing that ``asked`` narrows."""
    call = kind.call("list")
    asked = [*asked, *_with_deleted(kind, {name for name, _ in asked})]
    response: Response = yield call.ask(parameters=[*asked, *ask.query], url=ask.url)
    if not response.succeeded:
        if kind.pager.is_behind_the_end(ask, response.status):
            return Page((), server_time=server_time(response.headers))
        raise kind.refused(response, kind.place)
    rows, beside = kind.listing.cut(response)
    turn = kind.pager.turn(ask, response, rows, beside)
    got = len(rows)
    while (rest := kind.pager.ask_rest(ask, len(rows), got)) is not None:
        # A page read ahead came short; the next one begins behind the gap, so it is filled here.
        more: Response = yield call.ask(parameters=[*asked, *rest.query])
        if not more.succeeded:
            raise kind.refused(more, kind.place)
        further = kind.listing.rows(more)
        # A server that takes no limit gives more than was lacking; the next page has it too.
        lacking = kind.pager.lacking(rest, len(rows))
        rows, got = [*rows, *further[:lacking]], len(further)
    return Page(rows, turn.next, turn.ahead, turn.total, server_time(response.headers))


def _with_deleted(kind: RestObject, named: set[str]) -> Iterator[tuple[str, Any]]:
    """Ask for deleted records too; what the listing is narrowed by goes before, as in every query of the manifest."""
    query = kind.spec.deleted.query if kind.spec.deleted else {}
    return ((name, value) for name, value in query.items() if name not in named)


def narrowing(kind: RestObject, since: float | None, until: float | None = None) -> Iterator[tuple[str, Any]]:
    """Ask only for what changed since an instant, and before another one where the manifest can say so."""
    spec = kind.spec.since
    if spec is None:
        return
    grain = max(1.0, kind.spec.claims.granularity_seconds)
    if since is not None:
        # A filter that means "later than" would leave out what changed in that very moment.
        yield spec.param, _spelled(kind, kind.since, since if spec.inclusive else since - grain)
    if until is not None and spec.until:
        # Whether that moment counts is not known; too much is looked through, too little would be lost.
        yield spec.until, _spelled(kind, kind.until, until + grain)


def _spelled(kind: RestObject, template: ParameterText, instant: float) -> Any:
    spec = kind.spec.since
    written = spec.format if spec else "iso"
    text = spell_instant(instant, written, kind.around.zone)
    return kind.call("list").parameter(template, int(text) if written in COUNTED else text)


def sorting(kind: RestObject) -> Iterator[tuple[str, Any]]:
    """Ask for the order that the manifest names."""
    if kind.spec.sort is not None and kind.sort:
        yield kind.spec.sort.param, kind.call("list").fixed_parameter(kind.sort)


def get_record(kind: RestObject, record_id: str) -> Flow[Sighting | NotThere]:
    """Read one record by id."""
    return (yield from _read_one(kind, kind.call("get"), record_id))


def get_version(kind: RestObject, record_id: str) -> Flow[Sighting | NotThere]:
    """Read one record as it is read directly before a conditional write; its version counts."""
    return (yield from _read_one(kind, kind.calls.get("condition") or kind.call("get"), record_id))


def _read_one(kind: RestObject, call: Call, record_id: str) -> Flow[Sighting | NotThere]:
    place = f"{kind.place}/{record_id}"
    response: Response = yield call.ask(record_id)
    if response.status == _GONE:
        return NotThere(gone=True, evidence=f"{place}: status 410")
    if response.status in {_NOT_FOUND, _NO_CONTENT}:
        return NotThere(evidence=f"{place}: status {response.status}")
    if not response.succeeded:
        return _told_absent(kind, call, response, kind.refused(response, place))
    try:
        found = _answered(kind, call, response, record_id, place)
    except Garbled as failure:
        return _told_absent(kind, call, response, failure)
    if isinstance(found, NotThere):
        return found
    if found.deleted:
        return NotThere(gone=True, evidence=f"{place}: marked as deleted at '{_tombstone_path(kind)}'")
    return found


def _told_absent(kind: RestObject, call: Call, response: Response, failure: Error) -> NotThere:
    """Give the absence that an answer tells by what the manifest lists; otherwise raise the failure that it is."""
    known = call.operation.absent
    if known and not is_markup(response) and response.status not in SAYS_NOTHING:
        said = complaint(response.body, kind.around.scrub)[0] or response.body[:_MOST_SAID].decode(errors="replace")
        for each in known:
            if each == response.status or (isinstance(each, str) and each.casefold() in said.casefold()):
                return NotThere(evidence=f"{failure.place}: status {response.status}, absent as '{each}' says")
    raise failure


def _tombstone_path(kind: RestObject) -> str:
    return kind.spec.deleted.path if kind.spec.deleted else ""


def _answered(kind: RestObject, call: Call, response: Response, record_id: str, place: str) -> Sighting | NotThere:
    """Read the record that was asked for out of an answer.

    Raises:
        Garbled: the answer proves neither that the record is there nor that it is not; the error says what came.
    """
    answer = value_at(json_text(response), ())
    if answer is UNKNOWN:
        raise _no_record(title(response, kind.around.scrub) if is_markup(response) else "it is no JSON", place)
    if is_nothing(answer, call.record):
        return NotThere(evidence=f"{place}: nothing in the answer")
    record = choose_record(kind, answer, call.record, record_id)
    if not isinstance(record, dict):
        raise _no_record(_instead(kind, answer, record, call.record), place)
    if call.operation is kind.spec.condition and kind.id_of(record) is None:
        # The address names the record; an answer that only brings its version need not repeat the id.
        record = merge(record, {})
        write_path(record, kind.id_path, call.typed_id(record_id))
    try:
        seen = kind.sighting(record, {kind.version_header: response.headers.get(kind.version_header)})
    except DataError as error:
        if error.field != kind.spec.id:
            raise
        raise _no_record(error.message + (f", {error.detail}" if error.detail else ""), place) from error
    if seen.id == record_id:
        return seen
    if call.is_addressed:
        return NotThere(evidence=f"{place}: the record '{seen.id}' was answered instead")
    raise _no_record(f"the record '{seen.id}' came, so the system may not look at the id it is asked for", place)


def is_nothing(answer: Any, path: Path) -> bool:
    """Tell whether an answer says that nothing was found: a null, something empty, a position behind a list's end.

    A key that is missing says nothing of the kind: the answer may be another one than was expected.
    """
    if read(answer, path) in (None, [], {}):
        return True
    for depth, step in enumerate(path):
        if isinstance(step, int):
            rows = read(answer, path[:depth])
            if isinstance(rows, list) and step >= len(rows):
                return True
    return False


def choose_record(kind: RestObject, answer: Any, path: Path, record_id: str) -> Any:
    """Give what stands at ``path``; of a list the record with the id, because a search may find more than one."""
    if path and isinstance(path[-1], int) and isinstance(rows := read(answer, path[:-1]), list):
        chosen = rows[path[-1]]
    else:
        rows = chosen = read_lone(answer, path)
        if isinstance(rows, list) and rows:
            chosen = rows[0]
    if isinstance(rows, list):
        return next((row for row in rows if isinstance(row, dict) and kind.id_of(row) == record_id), chosen)
    return chosen


def _no_record(detail: str, place: str) -> Garbled:
    return Garbled(
        "the answer holds no such record",
        detail=detail,
        hint="correct the operation's path and record in the manifest; if they are right, the system does not answer "
        "as it says",
        place=place,
    )


def _instead(kind: RestObject, answer: Any, record: Any, path: Path) -> str:
    message = complaint(encode(answer, "json"), kind.around.scrub)[0] if isinstance(answer, dict) else ""
    if message:
        return f"it says: {message}"
    where = f"at '{render(path)}'" if path else "in the answer"
    return f"nothing readable {where}" if record is UNKNOWN else f"{type(record).__name__} {where}"


def find_records(kind: RestObject, path: Path, value: Any) -> Flow[Sequence[Sighting]]:
    """Find records by a field's value. What comes is compared here too: some systems ignore filters they do not know.

    All pages are read, because the wanted record may be behind others that do not match.
    """
    text = render(path)
    spec = _filter_of(kind, text)
    wanted = _comparable(value)
    query = [(spec.param, kind.call("list").parameter(kind.filters[text], value))]
    hits: dict[str, Sighting] = {}
    position: Position | None = None
    for _ in range(kind.around.max_pages):
        page = yield from list_page(kind, kind.pager.ask(position), query)
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
        return as_text(value)
    # A number that is written with leading zeros or an exponent is a text: customer "007" is not customer 7.
    return number.normalize() if as_text(value) == format(number, "f") and number.is_finite() else as_text(value)
