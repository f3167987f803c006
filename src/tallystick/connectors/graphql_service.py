"""One GraphQL system: requests in JSON become documents with variables, and answers the JSON that REST expects.

Everything about records, paging and writes is REST's. Documents are made once for each set of arguments, so a server
that remembers documents sees the same ones again.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from tallystick.connectors.graphql_answer import Reading, Said, read_answer
from tallystick.connectors.graphql_document import document, selection_of
from tallystick.connectors.graphql_errors import THROTTLED, read_errors, status_of, wait_told
from tallystick.connectors.http.body import encode
from tallystick.connectors.http.message import Request, Response
from tallystick.connectors.http.rows import json_text, value_at
from tallystick.connectors.rest_call import Surroundings
from tallystick.core.error import ProjectError, Refused
from tallystick.core.path import Path, parse, read, render, write
from tallystick.core.record import UNKNOWN, decode_raw
from tallystick.project.manifest import Manifest, ObjectSpec, Operation
from tallystick.project.manifest_graphql import GraphqlObject, GraphqlSpec
from tallystick.project.manifest_paging import OffsetPaging
from tallystick.project.near import suggest

_ERRORS: Final = b'"errors"'
_SUSPICIOUS: Final = (_ERRORS, b'"cost"')
_ACCEPT: Final = ("Accept", "application/graphql-response+json, application/json")
_OVERLOADED: Final = 503
_SMALLEST: Final = 2
_ONE_BY_ID: Final = frozenset({"get", "condition", "update", "delete"})
_MAY_MISS: Final = frozenset({"update", "delete"})


@dataclass(slots=True)
class Known:
    """What the manifest's objects say about one operation."""

    record: str = ""
    rows: set[Path] = field(default_factory=set)
    records: set[Path] = field(default_factory=set)
    kinds: set[str] = field(default_factory=set)
    size: Path = ()
    """Where the variables say how many records a page should have."""
    wrap: Path = ()
    inputs: dict[Path, Path] = field(default_factory=dict)


class Service:
    """A GraphQL system, compiled from its manifest."""

    def __init__(self, manifest: Manifest, around: Surroundings) -> None:
        self.spec = manifest.graphql or GraphqlSpec()
        self._around = around
        self._known = dict(_know(manifest, self.spec))
        self._documents: dict[tuple[str, frozenset[str]], str] = {}
        self._readings = {key: self._reading(key) for key in self.spec.operations}
        self._sizes: dict[str, int] = {}
        self.oddities: dict[str, str] = {}
        """What the system refused and took in another way: each kind once, with an example."""

    def operation_of(self, request: Request) -> str:
        """Give the operation that a request of REST is for: the last step of its path.

        Raises:
            ProjectError: the manifest has no such operation.
        """
        name = unquote(urlsplit(request.url).path.rpartition("/")[2])
        if name not in self.spec.operations:
            raise ProjectError(
                f"graphql.operations has no entry '{name}'",
                hint=suggest(name, self.spec.operations, what="known operations"),
                place=request.place,
            )
        return name

    def spell(self, request: Request, operation: str) -> Request:
        """Make the document of a request.

        Raises:
            Refused: the operation has no argument for what is to be sent; nothing is sent.
        """
        variables = self.variables(request, operation)
        call, known = self.spec.operations[operation], self._known.get(operation, Known())
        for name in variables:
            if name not in call.arguments:
                raise Refused(
                    f"'{operation}' has no argument '{name}'",
                    field=name,
                    hint=suggest(name, call.arguments, what="known arguments"),
                    place=request.place,
                )
        given = frozenset(variables)
        text = self._documents.get((operation, given))
        if text is None:
            text = self._documents[operation, given] = document(operation, call, known.record, given)
        kept = tuple(pair for pair in request.headers if pair[0].lower() not in {"accept", "content-type"})
        headers = (*kept, _ACCEPT, ("Content-Type", "application/json"))
        body = encode({"query": text, "variables": variables} if variables else {"query": text}, "json")
        url = self._around.base_url
        return Request("POST", url, headers, body, request.place, request.repeatable, request.share, self.judge)

    def variables(self, request: Request, operation: str) -> dict[str, Any]:
        """Give the variables of a request: what was read at one path and is written at another is moved there."""
        given = decode_raw(request.body) if request.body else {}
        if not isinstance(given, dict):
            raise Refused("variables must be named", hint="set wrap in the manifest", place=request.place)
        known = self._known.get(operation, Known())
        if known.inputs and isinstance(record := read(given, known.wrap), dict):
            for path, other in known.inputs.items():
                _move(record, path, other)
        size = read(given, known.size) if known.size else UNKNOWN
        if isinstance(size, int) and size > self._sizes.get(operation, size):
            write(given, known.size, self._sizes[operation])
        return given

    def understand(self, request: Request, operation: str, response: Response) -> Said:
        """Read an answer as REST would have given it."""
        reading = self._readings[operation]
        sent: Collection[str] = ()
        if reading.call.kind == "mutation" and _ERRORS in response.body:
            record = read(self.variables(request, operation), self._known.get(operation, Known()).wrap)
            sent = record if isinstance(record, dict) else ()
        return read_answer(response, reading, self.spec.errors, sent)

    def ask_for_less(self, request: Request, operation: str) -> bool:
        """Take smaller pages of an operation from now on; tells whether they can be any smaller."""
        known = self._known.get(operation, Known())
        size = read(self.variables(request, operation), known.size) if known.size else None
        if not isinstance(size, int) or size < _SMALLEST:
            return False
        self._sizes[operation] = size // 2
        self.oddities["page size"] = f"{operation} refused pages of {size} and is asked for {size // 2}"
        return True

    def judge(self, response: Response) -> Response:
        """Let the status of an answer say that the system wants to be asked later, so that it is."""
        body = response.body
        if not any(word in body for word in _SUSPICIOUS):
            return response
        answer = value_at(json_text(response), ())
        if not isinstance(answer, dict):
            return response
        wait = wait_told(answer)
        found = read_errors(answer.get("errors")) if answer.get("errors") else []
        if found and _is_nothing(answer.get("data")):
            status = status_of(found, self.spec.errors, response.status, is_about_record=False)
            if status in {THROTTLED, _OVERLOADED}:
                told = response.headers.joined({"retry-after": str(wait)} if wait else {})
                return Response(status, told, body, response.url)
        elif wait:
            told = response.headers.joined({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(wait)})
            return Response(response.status, told, body, response.url)
        return response

    def _reading(self, key: str) -> Reading:
        known = self._known.get(key, Known())
        return Reading(
            self.spec.operations[key],
            frozenset(known.rows),
            frozenset(known.records),
            names_record=bool(known.kinds & _ONE_BY_ID),
            may_miss=bool(known.kinds) and known.kinds <= _MAY_MISS,
            fields={str(other[-1]): render(path) for path, other in known.inputs.items()},
        )


def _is_nothing(found: Any) -> bool:
    return found is None or (isinstance(found, dict) and all(value is None for value in found.values()))


def _know(manifest: Manifest, graphql: GraphqlSpec) -> Iterator[tuple[str, Known]]:
    """Gather, by operation, what the objects say about it.

    Raises:
        ProjectError: two objects use one operation and want different records of it.
    """
    found: dict[str, Known] = {}
    for name, spec in manifest.objects.items():
        own = graphql.objects.get(name, GraphqlObject())
        selection = selection_of(spec, own)
        for kind, operation in _operations(spec):
            known = found.setdefault(operation.path.strip("/"), Known())
            if known.record not in {"", selection}:
                raise ProjectError(
                    f"the operation '{operation.path}' is used by two objects with different fields",
                    hint="give each its own entry under graphql.operations, with the same field",
                    place=name,
                )
            known.record = selection
            known.kinds.add(kind)
            if path := parse(operation.record):
                (known.rows if kind == "list" else known.records).add(_single(path))
            if kind == "list":
                known.size = _size_of(spec)
            if kind in {"create", "update"}:
                known.wrap = parse(operation.wrap)
                known.inputs = {parse(path): parse(other) for path, other in own.inputs.items()}
    yield from found.items()


def _operations(spec: ObjectSpec) -> Iterator[tuple[str, Operation]]:
    for kind in ("list", "get", "condition", "create", "update", "delete"):
        operation = getattr(spec, kind)
        if operation is not None:
            yield kind, operation


def _single(path: Path) -> Path:
    """Where the first of a list is the record, what may be missing is the list."""
    return path[:-1] if isinstance(path[-1], int) else path


def _size_of(spec: ObjectSpec) -> Path:
    paging = spec.paging
    name = paging.limit_param if isinstance(paging, OffsetPaging) else getattr(paging, "size_param", "")
    return parse(name) if name else ()


def _move(record: dict[str, Any], path: Path, other: Path) -> None:
    value = read(record, path)
    if value is UNKNOWN:
        return
    holders = [read(record, path[:depth]) for depth in range(len(path))]
    for holder, step in zip(reversed(holders), reversed(path), strict=True):
        if not isinstance(holder, dict):
            # The whole way to it was cleared.
            continue
        holder.pop(step, None)
        if holder:
            break
    write(record, other, value)
