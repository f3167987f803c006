"""One libcurl handle: loads a request, collects the answer within its limits, and says what a failure means.

Everything libcurl does unasked is switched off: redirects, proxies from the environment, cookies, and above all the
silent second sending of a request when a kept connection breaks (it would double creates; R-10.3).
"""

import ssl
from pathlib import Path
from typing import Any, Final

import pycurl

from tallystick import __version__
from tallystick.connectors.http.message import Headers, Request, Response
from tallystick.core.error import AccessError, Bug, Error, Garbled, ProjectError, RemoteError, Unavailable
from tallystick.project.manifest import Network

_CERTIFICATE: Final = frozenset(
    {
        pycurl.E_PEER_FAILED_VERIFICATION,
        pycurl.E_SSL_CACERT_BADFILE,
        pycurl.E_SSL_CERTPROBLEM,
        pycurl.E_SSL_ISSUER_ERROR,
        pycurl.E_SSL_INVALIDCERTSTATUS,
        pycurl.E_SSL_CRL_BADFILE,
    }
)
_HINTS: Final = {
    pycurl.E_COULDNT_RESOLVE_HOST: "check the host in base_url and the DNS of this machine",
    pycurl.E_COULDNT_RESOLVE_PROXY: "check network.proxy",
    pycurl.E_COULDNT_CONNECT: "check that the system runs and that no firewall is in the way",
    pycurl.E_OPERATION_TIMEDOUT: "the system may be slow or unreachable; network.timeout_seconds sets the limit",
    pycurl.E_SSL_CONNECT_ERROR: "check that the address really speaks https",
}


class Wire:
    """A reusable handle. ``load`` it, give it to a multi, then read ``answer`` or ``failure``."""

    __slots__ = ("_chunks", "_lines", "_room", "_sends", "_size", "curl", "request")

    def __init__(self, network: Network, proxy: str, response_bytes: int) -> None:
        self._room = response_bytes
        self.curl: Any = pycurl.Curl()
        self._set_up(network, proxy)

    def _set_up(self, network: Network, proxy: str) -> None:
        curl = self.curl
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
        curl.setopt(pycurl.PATH_AS_IS, 1)
        curl.setopt(pycurl.FOLLOWLOCATION, 0)
        curl.setopt(pycurl.ACCEPT_ENCODING, "gzip, deflate")
        curl.setopt(pycurl.USERAGENT, f"tallystick/{__version__}")
        curl.setopt(pycurl.TIMEOUT_MS, int(network.timeout_seconds * 1000))
        curl.setopt(pycurl.CONNECTTIMEOUT_MS, int(network.connect_timeout_seconds * 1000))
        curl.setopt(pycurl.BUFFERSIZE, 128 * 1024)
        curl.setopt(pycurl.TCP_KEEPALIVE, 1)
        # Empty values, not unset ones: unset means that the environment decides.
        curl.setopt(pycurl.PROXY, proxy)
        curl.setopt(pycurl.NOPROXY, "")
        curl.setopt(pycurl.SSL_VERIFYPEER, 1)
        curl.setopt(pycurl.SSL_VERIFYHOST, 2)
        _trust(curl, network.ca_file)
        _present(curl, network)
        curl.setopt(pycurl.HEADERFUNCTION, self._take_header)
        curl.setopt(pycurl.WRITEFUNCTION, self._take_body)
        curl.setopt(pycurl.PREREQFUNCTION, self._before_sending)

    def load(self, request: Request) -> Any:
        """Make ready to send ``request``; gives the handle."""
        self.request = request
        self._chunks: list[bytes] = []
        self._lines: list[bytes] = []
        self._size = 0
        self._sends = 0
        curl = self.curl
        try:
            curl.setopt(pycurl.URL, request.url)
            curl.setopt(pycurl.HTTPHEADER, _header_lines(request))
        except (UnicodeError, pycurl.error) as cause:
            raise Bug("a request cannot be sent as it is", detail=str(cause), place=request.place) from cause
        if request.body is not None:
            curl.setopt(pycurl.POSTFIELDS, request.body)
            curl.setopt(pycurl.CUSTOMREQUEST, request.method)
        elif request.method == "GET":
            curl.setopt(pycurl.HTTPGET, 1)
            curl.unsetopt(pycurl.CUSTOMREQUEST)
        elif request.method == "HEAD":
            curl.unsetopt(pycurl.CUSTOMREQUEST)
            curl.setopt(pycurl.NOBODY, 1)
        else:
            curl.setopt(pycurl.HTTPGET, 1)
            curl.setopt(pycurl.CUSTOMREQUEST, request.method)
        return curl

    def answer(self, url: str) -> Response:
        """Give what came, once the transfer has ended well."""
        chunks = self._chunks
        body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        return Response(self.curl.getinfo(pycurl.RESPONSE_CODE), Headers(self._lines), body, url)

    def failure(self, code: int, text: str) -> Error:
        """Say what a failed transfer means, above all whether a write may have been applied."""
        request = self.request
        place = request.place
        if self._size > self._room:
            return self._too_large()
        if code in _CERTIFICATE:
            return AccessError(
                "the system's certificate is not trusted",
                detail=text,
                hint="name the certificate authority's file in network.ca_file, or correct the host in base_url",
                place=place,
            )
        unsent = self.curl.getinfo(pycurl.REQUEST_SIZE) == 0
        what = "no answer in time" if code == pycurl.E_OPERATION_TIMEDOUT else "the connection failed"
        if code == pycurl.E_ABORTED_BY_CALLBACK:
            text = "the connection broke before an answer came"
        return Unavailable(
            what,
            detail=text,
            hint=_HINTS.get(code, "try again later; if it lasts, ask the owner of the system"),
            place=place,
            applied="no" if unsent or request.is_safe else "unknown",
        )

    def _too_large(self) -> Error:
        kind = Garbled if self.request.is_safe else RemoteError
        return kind(
            f"the answer is larger than {self._room:,} bytes",
            detail="reading was stopped",
            hint="ask for smaller pages, or raise limits.response_bytes",
            place=self.request.place,
            applied="no" if self.request.is_safe else "unknown",
        )

    def _take_header(self, line: bytes) -> None:
        self._lines.append(line)

    def _take_body(self, chunk: bytes) -> int | None:
        # Counted after decompression, so that a small answer cannot unpack to a huge one (S3).
        self._size += len(chunk)
        if self._size > self._room:
            return -1
        self._chunks.append(chunk)
        return None

    def _before_sending(self, *_connection: object) -> int:
        # libcurl sends anything a second time when a reused connection breaks before the first byte of the answer;
        # the first sending may have been applied. Measured: a POST arrived twice.
        self._sends += 1
        if self._sends > 1 and not self.request.repeatable and not self.request.is_safe:
            return int(pycurl.PREREQFUNC_ABORT)
        return int(pycurl.PREREQFUNC_OK)

    def close(self) -> None:
        """Give the handle back."""
        self.curl.close()


def _header_lines(request: Request) -> list[bytes]:
    # An empty "Expect" keeps libcurl from asking before it sends a body; a name with ";" sends an empty value.
    lines = [b"Expect:"]
    for name, value in request.headers:
        if "\n" in value or "\r" in value or "\0" in value:
            raise Bug(f"the header {name} would break into two lines", place=request.place)
        lines.append((f"{name}: {value}" if value else f"{name};").encode())
    return lines


def _trust(curl: Any, ca_file: str) -> None:
    if ca_file:
        if not Path(ca_file).is_file():
            raise ProjectError(f"network.ca_file: there is no file '{ca_file}'", hint="give the path of a PEM file")
        curl.setopt(pycurl.CAINFO, ca_file)
        return
    system = ssl.get_default_verify_paths()
    if system.cafile:
        curl.setopt(pycurl.CAINFO, system.cafile)
    elif system.capath:
        curl.setopt(pycurl.CAPATH, system.capath)
    else:
        curl.setopt(pycurl.SSL_OPTIONS, pycurl.SSLOPT_NATIVE_CA)


def _present(curl: Any, network: Network) -> None:
    """Let the system see who we are, where it asks for a certificate."""
    if not network.client_cert:
        return
    for name, file in (("client_cert", network.client_cert), ("client_key", network.client_key)):
        if file and not Path(file).is_file():
            raise ProjectError(f"network.{name}: there is no file '{file}'", hint="give the path of a PEM file")
    curl.setopt(pycurl.SSLCERT, network.client_cert)
    curl.setopt(pycurl.SSLKEY, network.client_key or network.client_cert)
    if network.client_key_password:
        curl.setopt(pycurl.KEYPASSWD, network.client_key_password)
