"""Writing several records in one request. Each item gets its own outcome, in order (R-14.3).

An item without a result is unknown, neither failed nor done. A batch that is refused as a whole is halved until the
culprit stands alone, so that one record never stops the others (R-14.1); not here where a key names the batch, because
then each half is a request of its own that must be on record before it is sent (R-10.7).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from tallystick.connectors.http.body import encode, merge, without
from tallystick.connectors.http.message import Response
from tallystick.connectors.http.refusal import Write
from tallystick.connectors.http.rows import json_text, value_at
from tallystick.connectors.rest_call import Call
from tallystick.connectors.rest_object import RestObject
from tallystick.connectors.rest_write import cleared, create_record, key_header, settle, unsettled, update_record
from tallystick.core.error import Error, RemoteError, Unavailable
from tallystick.core.path import Path, parse, read
from tallystick.core.path import write as write_path
from tallystick.core.ports import Flow, Update, Written
from tallystick.core.record import UNKNOWN, Raw
from tallystick.project.manifest import BulkOperation

_REFUSED_WHOLE: Final = frozenset({400, 409, 413, 422})
_REFUSED_ITEM: Final = 422
_STATUSES: Final = range(400, 600)
Outcome = Written | Error


@dataclass(frozen=True, slots=True)
class Item:
    """One record of a batch. ``sent`` are the fields that change, ``body`` goes out; ``id`` is empty for a create."""

    sent: Raw
    body: Raw
    key: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """How one kind of batch is written: the operation, with its paths read."""

    kind: RestObject
    call: Call
    spec: BulkOperation
    write: Write
    items: Path
    results: Path
    error: Path

    def body(self, items: Sequence[Item]) -> bytes:
        """Make the body; what the manifest adds goes beside the list, or into each record where the list is all."""
        under = self.call.body({})
        if not self.items:
            listed: Any = [merge(under, item.body) for item in items]
        else:
            listed = merge(under, {})
            write_path(listed, self.items, [item.body for item in items])
        return encode(self.call.wrapped(listed), self.spec.encoding)


def _batch(kind: RestObject, name: str, write: Write) -> Batch | None:
    call = kind.calls.get(name)
    if call is None or not isinstance(call.operation, BulkOperation):
        return None
    spec = call.operation
    return Batch(kind, call, spec, write, parse(spec.items), parse(spec.results), parse(spec.error))


def create_many(kind: RestObject, bodies: Sequence[tuple[Raw, str]]) -> Flow[Sequence[Outcome]]:
    """Create several records; one after the other where the system has no batch for it."""
    batch = _batch(kind, "create_bulk", "create")
    if batch is not None:
        return (yield from _in_chunks(batch, [Item(body, body, key) for body, key in bodies]))
    return (yield from _one_by_one([create_record(kind, body, key) for body, key in bodies]))


def update_many(kind: RestObject, updates: Sequence[Update]) -> Flow[Sequence[Outcome]]:
    """Change several records; one after the other where the system has no batch for it.

    A condition in a header holds for a whole request, so conditional updates go alone too (R-10.4).
    """
    batch = _batch(kind, "update_bulk", "update")
    if batch is None or kind.spec.if_match or (batch.spec.whole and any(u.current is None for u in updates)):
        return (yield from _one_by_one([update_record(kind, update) for update in updates]))
    return (yield from _in_chunks(batch, [_update_item(batch, update) for update in updates]))


def _update_item(batch: Batch, update: Update) -> Item:
    kind, current = batch.kind, update.current
    body = cleared(update.patch) if kind.spec.clear == "empty" else merge({}, update.patch)
    if batch.spec.whole and current is not None:
        body = merge(without(current, kind.read_only), body)
    known = read(current, kind.id_path) if current is not None else UNKNOWN
    is_number = kind.spec.id_type == "integer" and update.id.isdecimal()
    write_path(body, kind.id_path, known if known is not UNKNOWN else int(update.id) if is_number else update.id)
    if kind.version_path and update.version is not None and kind.spec.claims.cas_write:
        write_path(body, kind.version_path, kind.raw_version(update.version, current))
    return Item(update.patch, body, id=update.id)


def _one_by_one(flows: Sequence[Flow[Written]]) -> Flow[Sequence[Outcome]]:
    outcomes: list[Outcome] = []
    for flow in flows:
        try:
            outcomes.append((yield from flow))
        except Error as error:
            outcomes.append(error)
    return outcomes


def _in_chunks(batch: Batch, items: Sequence[Item]) -> Flow[Sequence[Outcome]]:
    outcomes: list[Outcome] = []
    while len(outcomes) < len(items):
        chunk = items[len(outcomes) : len(outcomes) + batch.spec.size]
        try:
            outcomes.extend((yield from _send(batch, chunk)))
        except Error as error:
            # What was confirmed before must not be lost with the error, so it becomes the outcome of its items.
            outcomes.extend([error] * len(chunk))
            left = len(items) - len(outcomes)
            outcomes.extend([_not_sent(batch, error)] * left)
    return outcomes


def _not_sent(batch: Batch, cause: Error) -> Error:
    return Unavailable(
        "not sent, because the batch before it failed",
        detail=cause.message,
        hint="it is sent again with the next run",
        place=batch.kind.place,
    )


def _send(batch: Batch, items: Sequence[Item]) -> Flow[Sequence[Outcome]]:
    kind = batch.kind
    key = _key(batch, items)
    response: Response = yield batch.call.request(headers=key, body=batch.body(items))
    if response.succeeded:
        return _join(batch, response, items)
    if response.status not in _REFUSED_WHOLE or len(items) == 1 or key:
        place = kind.place if len(items) > 1 or not items[0].id else f"{kind.place}/{items[0].id}"
        error = kind.refused(response, place, batch.write, items[0].sent, is_keyed=bool(key))
        return [error] * len(items)
    outcomes: list[Outcome] = []
    for half in (items[: len(items) // 2], items[len(items) // 2 :]):
        try:
            outcomes.extend((yield from _send(batch, half)))
        except Error as error:
            outcomes.extend([error] * len(half))
    return outcomes


def _key(batch: Batch, items: Sequence[Item]) -> tuple[tuple[str, str], ...]:
    keys = "\n".join(item.key for item in items)
    # The key names exactly these records: another composition of the batch is another request.
    return key_header(batch.kind, hashlib.sha256(keys.encode()).hexdigest()[:32] if keys.strip() else "")


def _join(batch: Batch, response: Response, items: Sequence[Item]) -> Sequence[Outcome]:
    """Join results to items by position."""
    results = read(value_at(json_text(response), ()), batch.results)
    if not isinstance(results, list) or len(results) > len(items):
        came = f"{len(results)} results" if isinstance(results, list) else "no list of results"
        return [_unknown(batch, item, f"{came} for {len(items)} records") for item in items]
    is_whole = len(results) == len(items)
    joined = [_outcome(batch, response, item, found, is_whole) for item, found in zip(items, results, strict=False)]
    return [*joined, *(_unknown(batch, item, "there is no result for it") for item in items[len(results) :])]


def _outcome(batch: Batch, response: Response, item: Item, result: Any, is_whole: bool) -> Outcome:  # noqa: FBT001 - private
    kind = batch.kind
    if isinstance(result, str | int) and not isinstance(result, bool):
        named: Raw = {}
        write_path(named, kind.id_path, result)
        result = named
    if not isinstance(result, dict):
        return _unknown(batch, item, "its result is empty")
    error = read(result, batch.error)
    record = read(result, batch.call.record)
    if error is not UNKNOWN and error:
        # A refused item seldom repeats its record; with results missing it cannot be told whose refusal this is.
        return _refused(batch, item, result, error) if is_whole else _unknown(batch, item, "results are missing")
    if not _is_recognisable(batch, item, record, is_whole):
        return _unknown(batch, item, "its result belongs to another record")
    try:
        return settle(kind, Response(response.status), record, result, _place(batch, item), item.sent, item.id or None)
    except RemoteError as unclear:
        return unclear


def _is_recognisable(batch: Batch, item: Item, record: Any, is_whole: bool) -> bool:  # noqa: FBT001 - private
    """Tell whether a result belongs to an item. Position alone is trusted only where every item has a result."""
    record = record if isinstance(record, dict) else {}
    if item.id:
        said = batch.kind.id_of(record)
        return said == item.id if said is not None or not is_whole else True
    if is_whole:
        return True
    return any(record.get(key) == value for key, value in item.sent.items() if isinstance(value, str) and value)


def _refused(batch: Batch, item: Item, result: Raw, error: Any) -> Error:
    # Beside the error, in it, or one step deeper: {"error": {"code": "...", "data": {"status": 404}}}.
    inner = error if isinstance(error, dict) else {}
    deeper = inner.get("data")
    places = (result, inner, deeper if isinstance(deeper, dict) else {})
    found = (place.get("status") for place in places)
    code = next((each for each in found if isinstance(each, int) and each in _STATUSES), _REFUSED_ITEM)
    said = {"error": error} if isinstance(error, str | dict | list) else result
    return batch.kind.refused(Response(code, body=encode(said, "json")), _place(batch, item), batch.write, item.sent)


def _place(batch: Batch, item: Item) -> str:
    return f"{batch.kind.place}/{item.id}" if item.id else batch.kind.place


def _unknown(batch: Batch, item: Item, why: str) -> Error:
    return unsettled("the outcome of one record of a batch is unknown", why, _place(batch, item))
