"""One web service: requests in JSON become envelopes, and envelopes become answers in JSON.

Everything about records, paging and errors is REST's; here are only the envelope and what is in it. Services break
their own descriptions, so an answer is taken for what it says wherever that is beyond doubt, and what was odd about it
is kept in ``oddities``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from lxml import etree

from tallystick.connectors.fault_words import Fault, status_of
from tallystick.connectors.http.body import encode
from tallystick.connectors.http.message import Request, Response
from tallystick.connectors.rest_call import Surroundings
from tallystick.connectors.soap_answer import read_answer
from tallystick.connectors.soap_faults import told_error
from tallystick.connectors.soap_security import UserNameToken
from tallystick.connectors.soap_values import Types, write_value
from tallystick.connectors.soap_xml import ENVELOPES, XSD, XSI, Element
from tallystick.core.error import ProjectError, Refused
from tallystick.core.path import Path, parse, read, write
from tallystick.core.record import decode_raw
from tallystick.project.manifest import Manifest, Operation
from tallystick.project.manifest_soap import SoapCall, SoapSpec
from tallystick.project.near import suggest
from tallystick.project.spelling import rewrite_texts

_SHOWN_STATUSES: Final = range(400, 600)
_ENCODING: Final = "http://schemas.xmlsoap.org/soap/encoding/"
_OURS: Final = frozenset({"accept", "content-type"})
_CONTENT: Final = {"1.1": "text/xml", "1.2": "application/soap+xml"}


@dataclass(slots=True)
class Said:
    """What an answer means to REST, and the fault that it was, if it was one."""

    response: Response
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """What an operation that replaces a whole record takes of one, at ``path``.

    A record is read with more than can be written; of that only what the manifest names as a field is a mistake.
    """

    path: Path
    known: frozenset[str]

    def drop_unknown(self, given: Any) -> None:
        """Leave out of a record, in place, what was only read."""
        record = read(given, self.path) if self.path else given
        if isinstance(record, dict):
            for name in [name for name in record if name not in self.known]:
                del record[name]


class Service:
    """A service, compiled from its manifest."""

    def __init__(self, manifest: Manifest, around: Surroundings) -> None:
        self.spec = manifest.soap or SoapSpec()
        self._around = around
        self._types = Types(self.spec.types)
        self._namespace = ENVELOPES[self.spec.version]
        self._headers = rewrite_texts(self.spec.headers, around.resolve)
        self._token = _token(self.spec, around)
        self._lists, self._gets = _records(manifest)
        self._made = _made(manifest)
        self._wraps = _wraps(manifest)
        self._kept = _whole_updates(manifest, self._types)
        self._actions: dict[str, str] = {}
        self.oddities: dict[str, str] = {}
        """What was odd about the answers so far: each kind once, with an example."""

    def operation_of(self, request: Request) -> str:
        """Give the operation that a request of REST is for: the last step of its path.

        Raises:
            ProjectError: the service has no such operation.
        """
        name = unquote(urlsplit(request.url).path.rpartition("/")[2])
        if name not in self.spec.operations:
            raise ProjectError(
                f"the service has no operation '{name}'",
                hint=suggest(name, self.spec.operations, what="known operations"),
                place=request.place,
            )
        return name

    def spell(self, request: Request, operation: str, action: str | None = None) -> Request:
        """Make the envelope of a request.

        Raises:
            Refused: its body does not fit the operation's type; nothing is sent.
        """
        call = self.spec.operations[operation]
        given = decode_raw(request.body) if request.body else {}
        if isinstance(record := self._kept.get(operation), Kept):
            record.drop_unknown(given)
        try:
            body = self._envelope(operation, call, given)
        except Refused as error:
            error.place = error.place or request.place
            error.field = error.field.removeprefix(self._wraps.get(operation, ""))
            raise
        action = self._actions.get(operation, call.action) if action is None else action
        kept = tuple(pair for pair in request.headers if pair[0].lower() not in _OURS)
        address = call.address or self._around.base_url
        headers = (*kept, ("Accept", "text/xml, application/soap+xml"), *self._content(action))
        return Request("POST", address, headers, body, request.place, request.repeatable, request.share)

    def other_actions(self, operation: str) -> tuple[str, ...]:
        """Give the actions to try where a service does not know the one that its description names."""
        call = self.spec.operations[operation]
        name, space = call.name or operation, call.namespace
        joined = f"{space}{name}" if space.endswith(("/", ":")) else f"{space}/{name}"
        return tuple(each for each in dict.fromkeys((joined, "", name)) if each != call.action)

    def learn_action(self, operation: str, action: str) -> None:
        """Keep an action that the service took although its description names another."""
        self._actions[operation] = action
        self._notice("SOAPAction", f"{operation} is only taken with the SOAPAction '{action}'")

    def understand(self, request: Request, operation: str, response: Response) -> Said:
        """Read an answer as REST would have given it.

        Raises:
            Garbled: it has attachments, or is XML that must not be read.
        """
        call = self.spec.operations[operation]
        if not response.body.strip():
            return Said(response)
        answer = read_answer(response, call, operation, self._types, request.place)
        for kind, text in answer.oddities:
            self._notice(kind, f"{operation}: {text}")
        if answer.fault is not None:
            return self._refused(request, operation, response, answer.fault)
        if answer.content is None or response.status in _SHOWN_STATUSES:
            # No envelope: REST says best what came instead.
            return Said(response)
        found = answer.content
        if answer.is_as_declared:
            self._fill_in(found, operation)
        if call.error and (fault := told_error(found, call.error)):
            return self._refused(request, operation, response, fault)
        self._name_new(found, operation)
        return Said(_in_json(response, response.status, found))

    def _refused(self, request: Request, operation: str, response: Response, fault: Fault) -> Said:
        if response.succeeded:
            self._notice("status", f"{operation}: a refusal came with status {response.status}")
        steps = request.place.split("/", 2)
        status = status_of(fault, self.spec.faults, response.status, operation, steps[2] if len(steps) > 2 else "")  # noqa: PLR2004 - system, object, id
        message = str(fault)
        if status == _CONFLICT and "duplicat" not in message.lower():
            message = f"duplicate, {message}"
        detail = fault.detail if isinstance(fault.detail, dict) else {}
        return Said(_in_json(response, status, {"message": message, "detail": detail}), fault)

    def _fill_in(self, found: Any, operation: str) -> None:
        """Say in JSON what XML says by leaving out: an empty listing, a record that is not there."""
        for path in self._lists.get(operation, ()):
            _complete(found, path, [])
        for path in self._gets.get(operation, ()):
            _complete(found, path, None)

    def _name_new(self, found: Any, operation: str) -> None:
        """Make a record of the bare id that many services answer a new record with."""
        for path, id_path in self._made.get(operation, ()):
            value = read(found, path)
            if isinstance(value, str | int) and not isinstance(value, bool):
                record: dict[str, Any] = {}
                write(record, id_path, value)
                write(found, path, record)

    def _notice(self, kind: str, text: str) -> None:
        self.oddities.setdefault(kind, text)

    # --- envelopes ------------------------------------------------------------------------------------------------

    def _content(self, action: str) -> tuple[tuple[str, str], ...]:
        kind = f"{_CONTENT[self.spec.version]}; charset=utf-8"
        if self.spec.version == "1.1":
            return (("Content-Type", kind), ("SOAPAction", f'"{action}"'))
        return (("Content-Type", f'{kind}; action="{action}"' if action else kind),)

    def _envelope(self, operation: str, call: SoapCall, given: Any) -> bytes:
        spaces = {"soap": self._namespace, "xsi": XSI, "xsd": XSD}
        used = dict.fromkeys([call.namespace, *(spec.namespace for spec in self.spec.types.values())])
        spaces |= {f"n{at}": space for at, space in enumerate(filter(None, used)) if call.encoded or at == 0}
        root = etree.Element(f"{{{self._namespace}}}Envelope", nsmap=spaces)
        if self._headers or self._token:
            self._write_header(etree.SubElement(root, f"{{{self._namespace}}}Header"))
        body = etree.SubElement(root, f"{{{self._namespace}}}Body")
        name = call.name or operation
        sent = etree.SubElement(body, f"{{{call.namespace}}}{name}" if call.namespace else name)
        if call.encoded:
            sent.set(f"{{{self._namespace}}}encodingStyle", _ENCODING)
        if call.input or given:
            # A wrapper of rpc is no type of the schema: only what is in it says its type.
            write_value(sent, call.input, given, self._types, is_typed=call.encoded)
            if call.style == "rpc":
                sent.attrib.pop(f"{{{XSI}}}type", None)
        return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))

    def _write_header(self, header: Element) -> None:
        for name, content in self._headers.items():
            try:
                element = etree.SubElement(header, name)
            except ValueError:
                raise ProjectError(
                    f"soap.headers: '{name}' is no name of an element",
                    hint="write {namespace}Name",
                    place=self._around.system,
                ) from None
            write_value(element, "", content, Types({}), is_typed=False)
        if self._token is not None:
            self._token.sign(header, self._namespace)


_CONFLICT: Final = 409


def _in_json(response: Response, status: int, content: Any) -> Response:
    # What the headers say of type and encoding is true of the XML only.
    headers = response.headers.without("content-type")
    return Response(status, headers, encode(content, "json"), response.url)


def _token(spec: SoapSpec, around: Surroundings) -> UserNameToken | None:
    security = spec.security
    if security is None:
        return None
    return UserNameToken(
        around.resolve(security.username),
        around.resolve(security.password),
        around.wall,
        digest=security.digest,
        timestamp=security.timestamp,
    )


def _records(manifest: Manifest) -> tuple[dict[str, set[Path]], dict[str, set[Path]]]:
    """Give, by operation, where its answer has a list of records, and where it has one record."""
    lists: dict[str, set[Path]] = {}
    gets: dict[str, set[Path]] = {}
    for spec in manifest.objects.values():
        for found, operations in ((lists, [spec.list]), (gets, [spec.get, spec.condition])):
            for operation in _present(operations):
                if operation.record:
                    found.setdefault(operation.path.strip("/"), set()).add(parse(operation.record))
    return lists, gets


def _made(manifest: Manifest) -> dict[str, list[tuple[Path, Path]]]:
    """Give, by operation that creates, where its answer has the record, and where a record has its id."""
    made: dict[str, list[tuple[Path, Path]]] = {}
    for spec in manifest.objects.values():
        if spec.create is not None and spec.create.record:
            made.setdefault(spec.create.path.strip("/"), []).append((parse(spec.create.record), parse(spec.id)))
    return made


def _wraps(manifest: Manifest) -> dict[str, str]:
    """Give, by operation that writes, what stands before the names of a record's fields in its message."""
    writes = [write for spec in manifest.objects.values() for write in (spec.create, spec.update)]
    return {write.path.strip("/"): f"{write.wrap}." for write in _present(writes) if write.wrap}


def _whole_updates(manifest: Manifest, types: Types) -> dict[str, Kept]:
    """Give, by operation that replaces whole records, what may stand in one."""
    found: dict[str, Kept] = {}
    calls = manifest.soap.operations if manifest.soap else {}
    for spec in manifest.objects.values():
        update = spec.update
        name = update.path.strip("/") if update else ""
        if update is None or not update.whole or name not in calls:
            continue
        shape, path = types.of(calls[name].input), parse(update.wrap)
        for step in path:
            member = shape.members.get(str(step)) if shape is not None else None
            shape = types.of(member.type) if member is not None else None
        if shape is not None:
            named = {str(parse(field)[0]) for field in spec.fields}
            found[name] = Kept(path, frozenset(named | set(shape.members) | set(update.body)))
    return found


def _present(operations: Iterable[Operation | None]) -> list[Operation]:
    return [operation for operation in operations if operation is not None]


def _complete(found: Any, path: Path, last: Any) -> None:
    """Make the way to ``path`` where nothing stands there."""
    here = found
    for at, step in enumerate(path):
        if not isinstance(here, dict) or not isinstance(step, str):
            return
        is_last = at == len(path) - 1
        if is_last:
            if here.get(step) in (None, "") or (last is None and here.get(step) == {}):
                here[step] = last
        elif here.get(step) in (None, ""):
            if last is None:
                here[step] = None
                return
            here[step] = {}
        here = here[step]
