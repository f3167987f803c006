"""From an answer of GraphQL to the answer that REST would have given: its data, or a refusal with a status.

An answer may have data and errors at once. A value that could not be read comes as null there; it is taken out, so
that it is unknown and never blank (R-4.6). What cannot be told apart from a refusal of the whole is one.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec

from tallystick.connectors.graphql_errors import (
    Complaint,
    is_too_much,
    read_errors,
    status_of,
    told_refusals,
)
from tallystick.connectors.http.body import encode
from tallystick.connectors.http.message import Headers, Response
from tallystick.connectors.http.rows import dig, json_text
from tallystick.core.path import Path, read
from tallystick.core.record import UNKNOWN, decode_raw
from tallystick.project.manifest_graphql import GraphqlCall, GraphqlErrors

EDGES: Final = "edges"
_OK: Final = 200
_NOT_THERE: Final = 404
_MOST: Final = 20  # errors of one answer that are told
_KIND: Final = "__typename"
_as_object: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_as_list: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode
_as_edges: Final = msgspec.json.Decoder(list[dict[str, msgspec.Raw] | None]).decode
_ABOUT_FIELD: Final = (
    re.compile(r"(?i)\bfield [\"'`](\w+)[\"'`]"),
    re.compile(r"[\"'`][\w$.\[\]]*\.(\w+)[\"'`]"),
    re.compile(r"^[\"'`]?(\w+)[\"'`]?(?=[: ])"),
)
_UNREADABLE: Final = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known of an operation's answers: where its records are, and what it does.

    ``rows`` are paths of lists of records, ``records`` those of single ones; both in the data. ``names_record`` tells
    that it is asked with an id, ``may_miss`` that it writes to a record that may not be there.
    """

    call: GraphqlCall
    rows: frozenset[Path] = frozenset()
    records: frozenset[Path] = frozenset()
    names_record: bool = False
    may_miss: bool = False
    fields: Mapping[str, str] = field(default_factory=dict)
    """Names of fields by the names that they are written under, where these differ."""


@dataclass(frozen=True, slots=True)
class Said:
    """What an answer means to REST, and the errors that made a refusal of it, if they did."""

    response: Response
    refusals: tuple[Complaint, ...] = ()

    @property
    def is_too_much(self) -> bool:
        """Whether it was refused because too much was asked for at once."""
        return bool(self.refusals) and 400 <= self.response.status < 500 and is_too_much(self.refusals)  # noqa: PLR2004 - refusals


def read_answer(response: Response, reading: Reading, errors: GraphqlErrors, sent: Collection[str] = ()) -> Said:
    """Read an answer; one that is none of GraphQL stays as it came. ``sent`` names what a record went out with."""
    text = json_text(response)
    try:
        parts = _as_object(text)
        data = parts.get("data")
        found = read_errors(decode_raw(bytes(parts["errors"]))) if "errors" in parts else []
        found = [_with_field(each, reading, sent) for each in found]
        if not found and (data is None or bytes(data) == b"null"):
            return Said(response)
        if not found and reading.call.kind == "query" and reading.call.error is None:
            # Nothing is decoded: records stay as the system wrote them.
            return Said(_passed(response, _without_edges(bytes(data or b"null"), reading.rows)))
        return _weighed(response, reading, errors, decode_raw(bytes(data)) if data is not None else None, found)
    except _UNREADABLE:
        return Said(response)


def _weighed(
    response: Response, reading: Reading, errors: GraphqlErrors, answer: Any, found: Sequence[Complaint]
) -> Said:
    """Read an answer that has errors, or in which refusals may stand."""
    if reading.call.error is not None and isinstance(answer, dict):
        refusals = [_with_field(each, reading, ()) for each in told_refusals(answer, reading.call.error)]
        if refusals:
            return _refused(response, reading, errors, refusals)
    if found and (not isinstance(answer, dict) or not _is_partly_good(answer, reading, found)):
        return _refused(response, reading, errors, found)
    if reading.may_miss and not found and any(read(answer, path) in (None, False) for path in reading.records):
        # No error, and nothing that was written to: that is how GraphQL says that there is no such record.
        return Said(Response(_NOT_THERE, Headers(), b"{}", response.url))
    if reading.call.error is not None and _KIND in reading.call.error.where:
        for record in filter(None, (read(answer, path) for path in reading.records)):
            record.pop(_KIND, None)  # it was asked for to tell a refusal, and is no field
    return Said(_passed(response, _without_edges(encode(answer, "json"), reading.rows)))


def _is_partly_good(answer: dict[str, Any], reading: Reading, found: Sequence[Complaint]) -> bool:
    """Take out what errors made null; tell whether what is left can be used: only parts of records are missing."""
    for each in found:
        if not each.path:
            return False
        hole = _hole(answer, each.path)
        if hole is None:
            continue  # it is there after all, so this was a warning
        start = _start_of_record(hole, reading)
        if start is None:
            return False
        _take_out(answer, hole, start)
    return all(read(answer, path) not in (None, UNKNOWN) for path in (*reading.rows, *reading.records))


def _hole(answer: Any, path: Path) -> Path | None:
    """Give the place at or above ``path`` that is null: an error moves up to what may be null."""
    for depth in range(len(path) + 1):
        value = read(answer, path[:depth])
        if value is None:
            return path[:depth]
        if value is UNKNOWN:
            # Another error took it out already.
            return None
    return None


def _start_of_record(hole: Path, reading: Reading) -> int | None:
    """Say how many steps of ``hole`` lead to the record that it is in, or is; ``None`` where it is in none."""
    for rows in reading.rows:
        if hole[: len(rows)] == rows and len(hole) > len(rows):
            return len(rows) + 1
    if any(hole[: len(rows)] != rows and rows[: len(hole)] != hole for rows in reading.rows):
        # What stands beside the records says where the listing goes on.
        return None
    return next((len(path) for path in reading.records if hole[: len(path)] == path and len(hole) > len(path)), None)


def _take_out(answer: Any, hole: Path, start: int) -> None:
    """Take a value out of its record; a list in which something could not be read is unknown as a whole.

    A record that could not be read at all stays null, so that it is seen to be missing.
    """
    inside = hole[start:]
    if not inside:
        return
    first = next((at for at, step in enumerate(inside) if isinstance(step, int)), len(inside))
    holder, step = read(answer, hole[: start + first - 1]), hole[start + first - 1]
    if isinstance(holder, dict):
        holder.pop(step, None)


def _refused(response: Response, reading: Reading, errors: GraphqlErrors, found: Sequence[Complaint]) -> Said:
    status = status_of(found, errors, response.status, is_about_record=reading.names_record)
    messages = [{"message": str(each), **({"field": each.field} if each.field else {})} for each in found[:_MOST]]
    body = encode({"errors": messages}, "json")
    return Said(Response(status, response.headers.without("content-type"), body, response.url), tuple(found))


def _with_field(each: Complaint, reading: Reading, sent: Collection[str]) -> Complaint:
    """Name the field that an error is about by its name in records; prose may name it too."""
    name = each.field.rpartition(".")[2] if each.field.rpartition(".")[2] in reading.fields else each.field
    if not name:
        found = (match[1] for pattern in _ABOUT_FIELD for match in pattern.finditer(each.message))
        name = next((word for word in found if word in sent), "")
    return replace(each, field=reading.fields.get(name, name))


def _passed(response: Response, data: bytes) -> Response:
    return Response(_OK, response.headers.without("content-type"), data, response.url)


def _without_edges(data: bytes, lists: frozenset[Path]) -> bytes:
    """Put the nodes of a connection where its edges were."""
    for path in lists:
        if path[-1:] == (EDGES,) and (found := dig(data, path)) is not None:
            try:
                nodes = [(edge or {}).get("node", msgspec.Raw(b"null")) for edge in _as_edges(found)]
            except msgspec.ValidationError:
                continue
            data = _replaced(data, path, msgspec.json.encode(nodes))
    return data


def _replaced(text: bytes, path: Path, value: bytes) -> bytes:
    if not path:
        return value
    step = path[0]
    if isinstance(step, int):
        items = _as_list(text)
        items[step] = msgspec.Raw(_replaced(bytes(items[step]), path[1:], value))
        return msgspec.json.encode(items)
    inner = _as_object(text)
    inner[step] = msgspec.Raw(_replaced(bytes(inner[step]), path[1:], value))
    return msgspec.json.encode(inner)
