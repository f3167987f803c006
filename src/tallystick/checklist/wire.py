"""The network below a system's protocol, one layer at a time: name, connection, encryption; and files of the project.

The same shape as a connector: flows yield ``Resolve``, ``Connect``, ``Handshake`` or ``Peruse`` and a transport
performs them, so that a test answers from a list. Nothing is sent but what a layer needs to say hello.
"""

import socket
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from tallystick.core.error import AccessError, Error, ProjectError, Unavailable
from tallystick.core.ports import Flow

T = TypeVar("T")

WIRE: Final = ":wire"
"""The name by which probes call it; no system can have it."""
_MOST_BYTES: Final = 50_000_000
_ANSWER: Final = 4096
_HTTP_OK: Final = 200
_PROXY_LOGIN: Final = 407
_NOT_ENCRYPTED: Final = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"})
_PLAIN: Final = "what answers there is not encrypted: write http in base_url, or name the port that is encrypted"
_OWN_AUTHORITY: Final = "if the certificate is of your own authority, name its file: network.ca_file"
_OTHER_NAME: Final = "write the host in base_url as the certificate names it, or ask for a certificate for this name"
_DISTRUST: Final = {  # by the codes of OpenSSL's X509_V_ERR
    9: ("is not valid yet", "check the clock of this machine; else tell the system's owner"),
    10: ("has expired", "ask the system's owner to renew the certificate; check the clock of this machine"),
    62: ("is for another name", _OTHER_NAME),
    64: ("is for another name", _OTHER_NAME),
}


@dataclass(frozen=True, slots=True)
class Resolve:
    """Find the addresses of a name; the answer is a ``Layer`` with them in ``said``."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Connect:
    """Open a connection and close it."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Handshake:
    """Open an encrypted connection, through a proxy where one is named, and read the certificate."""

    host: str
    port: int
    ca_file: str = ""
    proxy_host: str = ""
    proxy_port: int = 0


@dataclass(frozen=True, slots=True)
class Peruse:
    """Read a file of the project; the answer is its bytes."""

    path: Path


@dataclass(frozen=True, slots=True)
class Layer:
    """What one layer answered, and how long that took. ``expires`` is the certificate's end, seconds UTC.

    ``origin`` is the address of ours that a connection came from, as this machine knows it.
    """

    said: tuple[str, ...]
    milliseconds: int
    expires: float | None = None
    origin: str = ""


class WireTransport:
    """Performs the requests for real, each within ``timeout`` seconds."""

    def __init__(self, timeout: float = 10, timer: Callable[[], float] = time.perf_counter) -> None:
        self._timeout = timeout
        self._timer = timer

    def run(self, flow: Flow[T]) -> T:
        """Run one flow to its end; raises what the flow raises."""
        try:
            request = next(flow)
            while True:
                try:
                    answer = self.answer(request)
                except Error as error:
                    request = flow.throw(error)
                else:
                    request = flow.send(answer)
        except StopIteration as end:
            result: T = end.value
            return result

    def run_all(self, flows: Sequence[Flow[T]]) -> Sequence[T | Error]:
        """Run several, one after the other; one outcome each, in order."""
        return [self._outcome(flow) for flow in flows]

    def close(self) -> None:
        """Nothing is kept open."""

    def _outcome(self, flow: Flow[T]) -> T | Error:
        try:
            return self.run(flow)
        except Error as error:
            return error

    def answer(self, request: Any) -> Any:
        """Perform one request.

        Raises:
            Unavailable: the layer does not answer.
            AccessError: the encryption cannot be trusted, or the proxy refuses.
            ProjectError: a file cannot be read.
        """
        match request:
            case Resolve(host, port):
                return self._layer(lambda: _resolve(host, port))
            case Connect(host, port):
                origins: list[str] = []
                layer = self._layer(lambda: _connect(host, port, self._timeout, origins))
                return replace(layer, origin=origins[0])
            case Handshake():
                return self._layer(lambda: _shake(request, self._timeout))
            case _:
                return _read_file(request.path)

    def _layer(self, ask: Callable[[], tuple[tuple[str, ...], float | None]]) -> Layer:
        began = self._timer()
        said, expires = ask()
        return Layer(said, round((self._timer() - began) * 1000), expires)


def _resolve(host: str, port: int) -> tuple[tuple[str, ...], None]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as cause:
        hint = "check the spelling, and whether this name is known where the runs will be (VPN, internal DNS)"
        raise Unavailable(f"the name {host} cannot be resolved", detail=_reason(cause), hint=hint) from cause
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found)), None


def _open(host: str, port: int, timeout: float) -> socket.socket:
    try:
        return socket.create_connection((host, port), timeout)
    except OSError as cause:
        refused = isinstance(cause, ConnectionRefusedError)
        hint = (
            "nothing listens there: is the service up, is the port right?"
            if refused
            else f"ask for the firewall to let this machine through to {host}, port {port}"
        )
        raise Unavailable(f"{host} port {port} does not answer", detail=_reason(cause), hint=hint) from cause


def _connect(host: str, port: int, timeout: float, origins: list[str]) -> tuple[tuple[str, ...], None]:
    with _open(host, port, timeout) as connection:
        origins.append(str(connection.getsockname()[0]))
        return (str(connection.getpeername()[0]),), None


def _shake(request: Handshake, timeout: float) -> tuple[tuple[str, ...], float | None]:
    through = (request.proxy_host, request.proxy_port) if request.proxy_host else (request.host, request.port)
    try:
        trusted = ssl.create_default_context(cafile=request.ca_file or None)
    except (OSError, ssl.SSLError) as cause:
        raise ProjectError("network.ca_file cannot be read", hint=_reason(cause)) from cause
    with _open(*through, timeout) as plain:
        try:
            if request.proxy_host:
                _ask_proxy(plain, request)
            with trusted.wrap_socket(plain, server_hostname=request.host) as safe:
                certificate = safe.getpeercert() or {}
                return (str(safe.version()), _issuer(certificate)), _expiry(certificate)
        except ssl.SSLCertVerificationError as cause:
            why, hint = _DISTRUST.get(cause.verify_code, ("is not trusted", _OWN_AUTHORITY))
            message = f"the certificate of {request.host} {why}"
            raise AccessError(message, detail=cause.verify_message, hint=hint, layer="encryption") from cause
        except OSError as cause:
            plain_text = getattr(cause, "reason", "") in _NOT_ENCRYPTED
            hint = _PLAIN if plain_text else "is this port really encrypted? does something on the way break it?"
            raise Unavailable(
                f"{request.host} does not agree on encryption", detail=_reason(cause), hint=hint
            ) from cause


def _ask_proxy(plain: socket.socket, request: Handshake) -> None:
    target = f"{request.host}:{request.port}"
    plain.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode("ascii"))
    answer = b""
    while b"\r\n\r\n" not in answer and len(answer) < _ANSWER:
        piece = plain.recv(_ANSWER)
        if not piece:
            break
        answer += piece
    status = answer.split(b" ", 2)[1:2]
    if not status or status[0] != str(_HTTP_OK).encode():
        said = status[0].decode("ascii", "replace") if status else "nothing"
        hint = "the proxy wants credentials: name them in network.proxy, as a reference to a secret"
        if said != str(_PROXY_LOGIN):
            hint = f"ask who runs the proxy to let {target} through, or correct network.proxy"
        message = f"the proxy does not connect to {target}"
        raise AccessError(message, detail=f"it said {said}", hint=hint, layer="proxy")


def _issuer(certificate: Any) -> str:
    names = {key: value for part in certificate.get("issuer", ()) for key, value in part}
    return f"issued by {names.get('organizationName') or names.get('commonName') or 'an unnamed authority'}"


def _expiry(certificate: Any) -> float | None:
    until = certificate.get("notAfter")
    if not until:
        return None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(until), UTC).timestamp()


def _reason(cause: BaseException) -> str:
    if isinstance(cause, TimeoutError):
        return "no answer in time"
    return str(getattr(cause, "strerror", "") or type(cause).__name__)


def _read_file(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(_MOST_BYTES)
    except OSError as cause:
        raise ProjectError(f"{path.name} cannot be read", hint=_reason(cause), place=str(path)) from cause


def ask(request: Resolve | Connect | Handshake) -> Flow[Layer]:
    """Make a flow of one request to the network."""
    answer: Layer = yield request
    return answer


def peruse(path: Path) -> Flow[bytes]:
    """Make a flow that reads one file."""
    answer: bytes = yield Peruse(path)
    return answer
