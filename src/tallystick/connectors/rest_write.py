"""Writing one record to a REST system: create, update, delete. All are flows.

A confirmed write carries what the system says it stored. An answer that proves neither success nor refusal leaves the
outcome unknown, and the engine settles it (R-10.3).
"""

from collections.abc import Iterator
from typing import Any, Final

from tallystick.connectors.http.body import encode, merge, without
from tallystick.connectors.http.message import Response
from tallystick.connectors.http.refusal import complaint
from tallystick.connectors.http.rows import is_markup, json_text, read_lone, title, value_at
from tallystick.connectors.rest_call import Call
from tallystick.connectors.rest_object import RestObject
from tallystick.connectors.rest_read import get_record, get_version
from tallystick.core.error import Absent, DataError, Duplicate, Error, Garbled, RemoteError, Stale
from tallystick.core.path import Path, read
from tallystick.core.path import write as write_path
from tallystick.core.ports import Flow, NotThere, Sighting, Update, Written
from tallystick.core.record import UNKNOWN, Raw

_NO_CONTENT: Final = 204
_PRECONDITION_FAILED: Final = 412
_UNSETTLED_HINT: Final = "the record is looked up before anything is sent again"
Headers = tuple[tuple[str, str], ...]


def create_record(kind: RestObject, body: Raw, key: str) -> Flow[Written]:
    """Create one record; ``key`` goes into the idempotency header, where the manifest names one."""
    call = kind.call("create")
    own_id = _own_id(kind, call, body)
    headers = key_header(kind, key)
    if kind.spec.claims.create_idem == "client_id":
        headers = (*headers, ("If-None-Match", "*"))
    sent = call.body(body, own_id)
    text = encode(call.wrapped(sent, own_id), call.operation.encoding)
    response: Response = yield call.request(own_id, headers=headers, body=text)
    if not response.succeeded:
        is_keyed = bool(key and kind.spec.claims.idempotency_header)
        error = kind.refused(response, kind.place, "create", body, is_keyed=is_keyed)
        if response.status == _PRECONDITION_FAILED and own_id is not None:
            raise Duplicate(
                "a record with this id exists", detail=error.detail, place=kind.place, status=response.status
            )
        raise error
    return confirm(kind, call, response, kind.place, body, own_id)


def _own_id(kind: RestObject, call: Call, body: Raw) -> str | None:
    """Give the id that we choose, where the address of a new record carries it."""
    if "{id}" not in call.operation.path:
        return None
    own_id = kind.id_of(body)
    if own_id is None:
        raise DataError(
            f"a new record needs an id of its own at '{kind.spec.id}'",
            field=kind.spec.id,
            hint="map a field to the id, or let the system choose it: create.path without {id}",
            place=kind.place,
        )
    return own_id


def key_header(kind: RestObject, key: str) -> Headers:
    """Give the header that carries an idempotency key, where the system takes one."""
    name = kind.spec.claims.idempotency_header
    return ((name, key),) if name and key else ()


def update_record(kind: RestObject, update: Update) -> Flow[Written]:
    """Change one record, on condition of its version where the system can."""
    call = kind.call("update")
    place = f"{kind.place}/{update.id}"
    current, version = update.current, update.version
    is_conditional = bool(kind.spec.if_match)
    if call.operation.whole and current is None:
        seen = yield from read_unmoved(update, place, get_record(kind, update.id))
        current, version = seen.record, seen.version
    if is_conditional and version is None:
        unmoved = Update(update.id, update.patch, None, current)
        version = (yield from read_unmoved(unmoved, place, get_version(kind, update.id))).version
    headers = condition(kind, version, place) if is_conditional else ()
    body = update_body(kind, call, update, current, version)
    text = encode(call.wrapped(body, update.id), call.operation.encoding)
    response: Response = yield call.request(update.id, headers=headers, body=text)
    if not response.succeeded:
        raise kind.refused(response, place, "update", update.patch)
    return confirm(kind, call, response, place, update.patch, update.id)


def try_create(kind: RestObject, body: Raw) -> Flow[None]:
    """Let the system check a new record without making it; raises what it says against it."""
    call = kind.call("try_create")
    own_id = _own_id(kind, call, body)
    text = encode(call.wrapped(call.body(body, own_id), own_id), call.operation.encoding)
    response: Response = yield call.request(own_id, body=text)
    if not response.succeeded:
        raise kind.refused(response, kind.place, "create", body)


def try_update(kind: RestObject, update: Update) -> Flow[None]:
    """Let the system check a change without making it; raises what it says against it."""
    if not update.patch:
        return
    call = kind.call("try_update")
    place = f"{kind.place}/{update.id}"
    current, version = update.current, update.version
    if (call.operation.whole and current is None) or (kind.spec.if_match and version is None):
        seen = yield from read_unmoved(Update(update.id, update.patch), place, get_version(kind, update.id))
        current, version = seen.record, seen.version
    headers = condition(kind, version, place) if kind.spec.if_match else ()
    text = encode(call.wrapped(update_body(kind, call, update, current, version), update.id), call.operation.encoding)
    response: Response = yield call.request(update.id, headers=headers, body=text)
    if not response.succeeded:
        raise kind.refused(response, place, "update", update.patch)


def update_body(kind: RestObject, call: Call, update: Update, current: Raw | None, version: str | None) -> Raw:
    """Make the body of an update: the patch, or the whole record with the patch applied (R-10.6)."""
    body = cleared(update.patch) if kind.spec.clear == "empty" else update.patch
    if call.operation.whole and current is not None:
        body = merge(without(current, kind.read_only), body)
    body = call.body(body, update.id)
    path = kind.version_path
    if path and version is not None and kind.spec.claims.cas_write and not kind.spec.if_match:
        # Conditional by a version in the body. Read-only as it is, it has to go back as it came.
        write_path(body, path, kind.raw_version(version, current))
    return body


def cleared(patch: Raw) -> Raw:
    """Give a patch with empty texts where it has nulls."""
    return {key: cleared(v) if isinstance(v, dict) else "" if v is None else v for key, v in patch.items()}


def read_unmoved(update: Update, place: str, reading: Flow[Sighting | NotThere]) -> Flow[Sighting]:
    """Read a record before it is changed, and make sure that it is still the one the change was planned for."""
    seen = yield from reading
    if isinstance(seen, NotThere):
        raise Absent("the record is not there", detail=seen.evidence, hint="it is read again", place=place)
    moved = update.version is not None and seen.version != update.version
    if not moved and update.version is None and update.current is not None:
        moved = any(read(seen.record, path) != read(update.current, path) for path in leaves(update.patch))
    if moved:
        raise Stale(
            "the record has changed since it was read",
            detail="it was read again just before the change",
            hint="it is planned anew",
            place=place,
        )
    return seen


def leaves(patch: Raw) -> Iterator[Path]:
    """Name the values that a patch sets."""
    for key, value in patch.items():
        if isinstance(value, dict) and value:
            for rest in leaves(value):
                yield (key, *rest)
        else:
            yield (key,)


def condition(kind: RestObject, version: str | None, place: str) -> Headers:
    """Give the header that makes a write conditional.

    Raises:
        Garbled: the system promises versions but gave none; writing unconditionally could lose an update (R-10.4).
    """
    if version is None:
        raise Garbled(
            "the record came without a version",
            detail=f"expected in '{kind.spec.version or 'header:ETag'}'",
            hint="correct version in the manifest, or remove if_match: writes are then not conditional",
            place=place,
        )
    name = kind.spec.if_match
    if name.lower() == "if-match" and not kind.version_header and not version.startswith(('"', "W/")):
        # A version from the record is a bare number; the header takes entity tags, which are quoted.
        version = f'"{version}"'
    return ((name, version),)


def delete_record(kind: RestObject, record_id: str, version: str | None) -> Flow[None]:
    """Delete one record, on condition of its version where the system can."""
    call = kind.call("delete")
    place = f"{kind.place}/{record_id}"
    headers: Headers = ()
    if kind.spec.if_match:
        if version is None:
            reading = get_version(kind, record_id)
            version = (yield from read_unmoved(Update(record_id, {}), place, reading)).version
        headers = condition(kind, version, place)
    elif kind.version_path and version is not None and kind.spec.claims.cas_write and "get" in kind.calls:
        # A version that travels in the body of a change has no place in a deletion; so it is looked at before (W-2).
        yield from read_unmoved(Update(record_id, {}, version), place, get_record(kind, record_id))
    sent = call.body({}, record_id)
    sent = call.wrapped(sent, record_id) if sent or call.operation.beside else sent
    body = encode(sent, call.operation.encoding) if sent else None
    response: Response = yield call.request(record_id, headers=headers, body=body)
    if not response.succeeded:
        raise kind.refused(response, place, "delete")
    if is_markup(response):
        raise unsettled("a web page came instead of an answer", title(response, kind.around.scrub), place)


def confirm(
    kind: RestObject, call: Call, response: Response, place: str, sent: Raw, record_id: str | None = None
) -> Written:
    """Read the answer to a write that the system says it has carried out. ``record_id`` is the id, where we know it."""
    version = response.headers.get(kind.version_header) if kind.version_header else None
    if response.status == _NO_CONTENT or not response.body.strip():
        return Written(record_id or _located(kind, response, place), None, version)
    text = json_text(response)
    answer = value_at(text, ())
    if answer is UNKNOWN:
        what = title(response, kind.around.scrub) if is_markup(response) else "it is no JSON"
        raise unsettled("the answer to a write cannot be read", what, place)
    record = read_lone(answer, call.record)
    if isinstance(record, list) and len(record) == 1:
        record = record[0]
    return settle(kind, response, record, answer, place, sent, record_id)


def settle(
    kind: RestObject, response: Response, record: Any, answer: Any, place: str, sent: Raw, record_id: str | None
) -> Written:
    """Read what the system says it stored. ``answer`` is all it said, ``record`` where the record should be."""
    if not isinstance(record, dict):
        record = {}
    said_id = kind.id_of(record)
    if said_id is None and isinstance(answer, dict):
        message, _ = complaint_of(kind, answer)
        if message:
            raise unsettled("the system reports an error in an answer that says it succeeded", message, place)
        said_id = kind.id_of(answer)
    header = kind.version_header
    if record_id is None:
        record_id = said_id or _located(kind, response, place)
    elif said_id is not None and said_id != record_id:
        # A job, an envelope, the parent: whatever it is, it is not the record.
        return Written(record_id, None, response.headers.get(header) if header else None)
    stored = _stored(kind, response, record, sent, record_id)
    version = stored.version if stored else response.headers.get(header) if header else None
    return Written(record_id, stored, version)


def complaint_of(kind: RestObject, answer: Raw) -> tuple[str, str]:
    """Give message and field of an error that came with a status of success."""
    for key in ("error", "errors"):
        if answer.get(key):
            return complaint(encode({key: answer[key]}, "json"), kind.around.scrub, kind.spec.fields)
    return "", ""


def _stored(kind: RestObject, response: Response, record: Raw, sent: Raw, record_id: str) -> Sighting | None:
    """Read the stored record, if the answer carries it as the manifest claims, and not just its id."""
    if not kind.spec.claims.returns_record or not any(key in record for key in sent):
        return None
    if kind.id_of(record) is None:
        record = merge(record, {})
        write_path(record, kind.id_path, record_id)
    try:
        return kind.sighting(record, {kind.version_header: response.headers.get(kind.version_header)})
    except DataError:
        # The write is confirmed all the same; the next read tells what is wrong with the record.
        return None


def _located(kind: RestObject, response: Response, place: str) -> str:
    """Find the id of a created record in ``Location``."""
    location = (response.headers.get("location") or "").partition("?")[0].rstrip("/")
    found = kind.id_in_address(location) if location else None
    if found is None:
        raise unsettled("the system created a record but does not say which", f"status {response.status}", place)
    return found


def unsettled(message: str, detail: str, place: str) -> Error:
    """Make the error for a write whose outcome is unknown."""
    return RemoteError(message, detail=detail, hint=_UNSETTLED_HINT, place=place, applied="unknown")
