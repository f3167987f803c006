"""One system that is called by JSON-RPC or XML-RPC: requests of REST become calls, results become answers.

Everything about records, paging and errors is REST's; here are only how a call is spelled, the session that it is made
in, and what its answer says.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import msgspec

from tallystick.connectors.fault_words import Fault, status_of
from tallystick.connectors.http.body import encode
from tallystick.connectors.http.message import Headers, Request, Response
from tallystick.connectors.http.rows import is_markup, json_text, title
from tallystick.connectors.rest_call import Surroundings
from tallystick.connectors.rpc_xml import TIME, read_answer, write_call
from tallystick.core.error import AccessError, Garbled, InvalidValue
from tallystick.core.path import parse, read
from tallystick.core.path import write as write_path
from tallystick.core.record import UNKNOWN, decode_raw
from tallystick.project.children import fields_in, placeholders
from tallystick.project.manifest import Manifest, ObjectSpec, Operation
from tallystick.project.manifest_rpc import Params, RpcSpec
from tallystick.project.spelling import rewrite_texts

RECORD: Final = "record"
_ID: Final = 1
_MARK: Final = re.compile(r"\{([^{}]+)\}")
_OURS: Final = frozenset({"accept", "content-type"})
_TEXTUAL: Final = frozenset({"instant", "local_time"})
_KINDS: Final = ("list", "get", "condition", "create", "update", "delete", "create_bulk", "update_bulk")
_BY_ID: Final = frozenset({"get", "condition", "update", "delete"})
_READS: Final = frozenset({"list", "get", "condition"})
_WRITTEN: Final = frozenset({"create", "update"})
_SIGNED_OUT: Final = re.compile(r"(?i)session\W*(?:has\W*)?(?:expired|invalid|ended)|invalid\W*session|not\W*logged")
_UNAUTHORIZED: Final = 401
_CODES: Final = {"-32601": 501, "-32600": 400, "-32602": 400, "-32700": 400}
_REFUSED: Final = 422


@dataclass(frozen=True, slots=True)
class Method:
    """A method of the system as one operation calls it. ``times`` are fields that are sent as times."""

    name: str
    kind: str
    params: Params
    record: str
    id_path: str
    times: frozenset[str]


class Said(NamedTuple):
    """What an answer means to REST, the fault that it was, and whether only the session was wrong."""

    response: Response
    fault: Fault | None = None
    is_signed_out: bool = False


def compile_methods(manifest: Manifest) -> tuple[Manifest, tuple[Method, ...]]:
    """Give the manifest as REST sees it, each operation with an address of its own, and what is called there."""
    methods: list[Method] = []
    objects: dict[str, ObjectSpec] = {}
    for name, spec in manifest.objects.items():
        changed: dict[str, Any] = {}
        times = frozenset(path for path, field in spec.fields.items() if field.type in _TEXTUAL)
        for kind in _KINDS:
            call: Operation | None = getattr(spec, kind)
            if call is None:
                continue
            changed[kind] = _as_rest(call, kind, len(methods), placeholders(name, manifest.objects))
            methods.append(Method(call.path, kind, call.params or (), call.record, spec.id, times))
        objects[name] = spec.model_copy(update=changed)
    return manifest.model_copy(update={"objects": objects}), tuple(methods)


def _as_rest(call: Operation, kind: str, number: int, parents: tuple[str, ...]) -> Operation:
    """Let an operation carry in its body what its method is called with, by name."""
    asked = (*parents, *fields_in(call, parents), *(["id"] if kind in _BY_ID else []))
    names = {name: f"{{{name}}}" for name in asked}
    over: dict[str, Any] = {"method": "POST", "path": f"/{number}"}
    if kind in _WRITTEN or kind == "delete":
        over |= {"wrap": call.wrap or RECORD, "beside": {**names, **call.beside}}
    else:
        over |= {"body": {**names, **call.body}}
    return call.model_copy(update=over)


class Service:
    """A system, compiled from its manifest. Keeps the session that it is called in."""

    def __init__(self, spec: RpcSpec, methods: tuple[Method, ...], around: Surroundings) -> None:
        self._spec = spec
        self._around = around
        self._methods = methods
        self._params = [rewrite_texts(_plain(method.params), around.resolve) for method in methods]
        self._is_xml = spec.version == "xml"
        self.session: Mapping[str, Any] | None = None if spec.login else {}

    @property
    def signs_in(self) -> bool:
        """Whether calls are made in a session."""
        return self._spec.login is not None

    def spell(self, request: Request) -> Request:
        """Make the call that a request of REST stands for."""
        number = _number_of(request)
        method = self._methods[number]
        given = decode_raw(request.body) if request.body else {}
        if self._is_xml and self._spec.typed_times and method.kind in _WRITTEN and isinstance(given.get(RECORD), dict):
            given[RECORD] = {
                name: {TIME: value} if name in method.times and isinstance(value, str) and value else value
                for name, value in given[RECORD].items()
            }
        params = _filled(self._params[number], {**(self.session or {}), **given})
        kept = tuple(pair for pair in request.headers if pair[0].lower() not in _OURS)
        return self._call(method.name, params, self._around.base_url, (*kept, *self._signed()), request)

    def _call(
        self, method: str, params: Any, url: str, headers: tuple[tuple[str, str], ...], request: Request
    ) -> Request:
        if self._is_xml:
            body, kind = write_call(method, params), "text/xml"
        else:
            said = {"jsonrpc": "2.0"} if self._spec.version == "json-2.0" else {}
            body, kind = encode({**said, "id": _ID, "method": method, "params": params}, "json"), "application/json"
        all_headers = (*headers, ("Accept", kind), ("Content-Type", kind))
        return Request("POST", url, all_headers, body, request.place, request.repeatable, request.share)

    # --- the session ----------------------------------------------------------------------------------------------

    def sign_in(self) -> Request:
        """Make the call that opens a session; those who need it at once share one."""
        login = self._spec.login
        assert login is not None  # nobody signs in where there is nothing to sign in to
        url = self._around.resolve(login.address) or self._around.base_url
        asked = Request("POST", url, place=f"{self._around.system}/login", repeatable=True, share="login")
        params = rewrite_texts(_plain(login.params), self._around.resolve)
        return self._call(login.call, params, url, self._around.headers, asked)

    def accept(self, response: Response) -> None:
        """Keep what the answer to the login says.

        Raises:
            AccessError: the system does not let us in.
        """
        login = self._spec.login
        place = f"{self._around.system}/login"
        try:
            result, fault = self._read(response)
        except ValueError as wrong:
            raise Garbled(
                "the login was not answered", detail=f"status {response.status}: {wrong}", place=place
            ) from None
        if fault is not None or result in (None, False, 0, ""):
            detail = self._around.scrub(str(fault)) if fault is not None else "no session was given"
            hint = "check rpc.login and the secrets that it names"
            raise AccessError("the system does not let us in", detail=detail, hint=hint, place=place)
        kept = {name: read(result, parse(path)) for name, path in (login.keep if login else {}).items()}
        for name, value in kept.items():
            if value is UNKNOWN:
                message = f"the answer to the login has nothing for '{name}'"
                raise Garbled(message, hint="correct rpc.login.keep", place=place)
            if isinstance(value, str):
                self._around.scrub.learn(value)
        self.session = kept

    def _signed(self) -> tuple[tuple[str, str], ...]:
        login = self._spec.login
        if login is None or not login.header:
            return ()
        value = str(_filled(self._around.resolve(login.value), self.session or {}))
        if login.base64:
            value = base64.b64encode(value.encode()).decode()
        return ((login.header, self._around.scrub.learn(f"{login.scheme} {value}".strip())),)

    # --- answers --------------------------------------------------------------------------------------------------

    def understand(self, request: Request, response: Response) -> Said:
        """Say in the words of REST what an answer means.

        Raises:
            Garbled: it is no answer to a call although it came with a status of success.
        """
        method = self._methods[_number_of(request)]
        try:
            result, fault = self._read(response)
        except ValueError as wrong:
            if not response.succeeded:
                return Said(response, is_signed_out=response.status == _UNAUTHORIZED)
            raise Garbled(
                "the call was not answered",
                detail=title(response, self._around.scrub) if is_markup(response) and not self._is_xml else str(wrong),
                hint="check base_url and rpc.version in the manifest",
                place=request.place,
                applied="no" if method.kind in _READS else "unknown",
            ) from None
        if fault is not None:
            status = self._status(fault, response, method, request)
            body = encode({"message": str(fault), "field": _named_field(fault, request)}, "json")
            return Said(
                Response(status, response.headers, body, response.url), fault, self._is_signed_out(fault, status)
            )
        return Said(_as_answer(method, result, response))

    def _status(self, fault: Fault, response: Response, method: Method, request: Request) -> int:
        if not self._is_xml and fault.code in _CODES:
            return _CODES[fault.code]
        record = request.place.removeprefix(f"{self._around.system}/").partition("/")[2]
        return status_of(fault, self._spec.faults, response.status, method.name, record)

    def _is_signed_out(self, fault: Fault, status: int) -> bool:
        said = f"{fault.code} {fault.text}"
        words = any(word.lower() in said.lower() for word in self._spec.faults.session if word)
        return words or status == _UNAUTHORIZED or bool(_SIGNED_OUT.search(said))

    def _read(self, response: Response) -> tuple[Any, Fault | None]:
        """Read result or fault. Raises ``ValueError`` for what is no answer to a call."""
        if self._is_xml:
            value, said = read_answer(response.body)
            return value, None if said is None else Fault(*said)
        try:
            answer = decode_raw(json_text(response))
        except (msgspec.DecodeError, RecursionError) as wrong:
            raise ValueError(str(wrong)) from None
        if not isinstance(answer, dict) or answer.get("id", _ID) not in (_ID, str(_ID), None):
            raise ValueError("it is no answer to this call")
        if answer.get("error") is not None:
            return None, _json_fault(answer["error"])
        if "result" not in answer:
            raise ValueError("it has neither result nor error")
        return answer["result"], None


def _named_field(fault: Fault, request: Request) -> str:
    """Find the field that a fault speaks of, among those that were sent."""
    given = decode_raw(request.body) if request.body else {}
    sent = given.get(RECORD)
    names = sorted(map(str, sent), key=len, reverse=True) if isinstance(sent, dict) else []
    return next((name for name in names if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", fault.text)), "")


def _json_fault(error: Any) -> Fault:
    if isinstance(error, dict):
        found = [error.get("message"), *(error[key] for key in ("data", "details") if error.get(key))]
        return Fault(str(error.get("code", error.get("name", ""))), _words(found))
    if isinstance(error, list) and error and isinstance(error[0], str):
        return Fault(error[0], _words(error[1:]))
    return Fault("", _words([error]))


def _words(parts: Any) -> str:
    """Give the texts of an error, outermost first."""
    if isinstance(parts, dict):
        known = [parts[key] for key in ("name", "message", "arguments") if key in parts]
        return _words(known or list(parts.values()))
    if isinstance(parts, list):
        return " ".join(filter(None, map(_words, parts)))[:1000]
    return str(parts) if isinstance(parts, str | int) and not isinstance(parts, bool) else ""


def _as_answer(method: Method, result: Any, response: Response) -> Response:
    headers, url = response.headers, response.url
    if method.kind in {"update", "delete"} and not isinstance(result, dict):
        if result is False:
            return Response(_REFUSED, headers, encode({"message": "the answer is 'false'"}, "json"), url)
        return Response(204, Headers(), b"", url)
    if method.kind == "create":
        made = read(result, parse(method.record))
        made = made[0] if isinstance(made, list) and len(made) == 1 else made
        if isinstance(made, str | int) and not isinstance(made, bool):
            result = {}
            write_path(result, parse(method.id_path), made)
    return Response(200, headers, encode(result, "json"), url)


def _number_of(request: Request) -> int:
    return int(urlsplit(request.url).path.rpartition("/")[2])


def _plain(params: Params) -> Any:
    return dict(params) if isinstance(params, dict) else list(params)


def _filled(template: Any, given: Mapping[str, Any]) -> Any:
    """Put values where their names stand in braces: with their type where the name stands alone.

    Where nothing is given, a list gets a null, an object goes without the key.
    """
    if isinstance(template, dict):
        filled = {key: _filled(inner, given) for key, inner in template.items()}
        return {key: value for key, value in filled.items() if value is not UNKNOWN}
    if isinstance(template, list | tuple):
        return [None if (value := _filled(inner, given)) is UNKNOWN else value for inner in template]
    if not isinstance(template, str):
        return template
    if (whole := _MARK.fullmatch(template)) is not None:
        return _value_of(whole[1], given)
    return _MARK.sub(lambda found: _text_of(_value_of(found[1], given)), template)


def _value_of(name: str, given: Mapping[str, Any]) -> Any:
    if name in given:
        return given[name]
    try:
        return read(dict(given), parse(name))
    except InvalidValue:
        return UNKNOWN


def _text_of(value: Any) -> str:
    return "" if value is UNKNOWN or value is None else str(value)
