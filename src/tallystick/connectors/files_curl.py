"""Files on other machines by libcurl: one connection that is kept, nothing followed, hosts verified."""

import math
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Literal
from urllib.parse import parse_qs, quote, urlsplit

import pycurl

from tallystick import __version__
from tallystick.core.error import AccessError, Error, Garbled, ProjectError, Unavailable
from tallystick.project.manifest import Network

if TYPE_CHECKING:
    from tallystick.connectors.token_source import TokenSource

_PROTOCOLS: Final = {
    "http": pycurl.PROTO_HTTP,
    "https": pycurl.PROTO_HTTPS,
    "ftp": pycurl.PROTO_FTP,
    "ftps": pycurl.PROTO_FTP | pycurl.PROTO_FTPS,
    "sftp": pycurl.PROTO_SFTP,
}
_DENIED: Final = frozenset({
    pycurl.E_LOGIN_DENIED, pycurl.E_REMOTE_ACCESS_DENIED, pycurl.E_PEER_FAILED_VERIFICATION,
    pycurl.E_SSL_CACERT_BADFILE, pycurl.E_SSL_CERTPROBLEM, pycurl.E_SSL_ISSUER_ERROR, pycurl.E_USE_SSL_FAILED,
})  # fmt: skip
# Failures that come before anything of ours can have taken effect.
_UNBEGUN: Final = _DENIED | {
    pycurl.E_COULDNT_RESOLVE_HOST, pycurl.E_COULDNT_RESOLVE_PROXY, pycurl.E_COULDNT_CONNECT, pycurl.E_SSL_CONNECT_ERROR,
}  # fmt: skip
_HINTS: Final = {
    pycurl.E_LOGIN_DENIED: "check 'auth': user name, password or key",
    pycurl.E_PEER_FAILED_VERIFICATION: "the server shows another certificate or host key than the known one; for SFTP "
    "put its key into ~/.ssh/known_hosts or give ?host_key=",
    pycurl.E_REMOTE_ACCESS_DENIED: "check that the folder exists and that the user may enter it",
    pycurl.E_COULDNT_RESOLVE_HOST: "check the host in 'url' and the DNS of this machine",
    pycurl.E_COULDNT_CONNECT: "check that the server runs and that no firewall is in the way",
    pycurl.E_OPERATION_TIMEDOUT: "the server may be slow or unreachable; see network.timeout_seconds",
}
_MEMORY: Final = 1_000_000
_NOT_FOUND: Final = frozenset({pycurl.E_REMOTE_FILE_NOT_FOUND, pycurl.E_FTP_COULDNT_RETR_FILE})


class NotFoundError(Exception):
    """The server has no such file."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where files lie on another machine. ``root`` ends with a slash; ``settings`` are its parameters."""

    scheme: str
    root: str
    host: str
    user: str
    settings: dict[str, str]

    def of(self, *parts: str) -> str:
        """Give the address of a file or, with an empty last part, of a folder."""
        return self.root + "/".join(quote(part) for part in parts if part)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we are there: user name and password, for HTTP a line of the header, for a mailbox a token or its source."""

    user: str = ""
    password: str = ""
    header: str = ""
    token: str = ""
    tokens: "TokenSource | None" = None


@dataclass(slots=True)
class Reply:
    """What a transfer told: status (HTTP), size and time of change (-1 where unknown), lines of the header."""

    status: int
    size: float
    modified: float
    headers: dict[str, str]


def read_address(url: str, place: str) -> Address:
    """Read the address of a place. Raises ``ProjectError`` for one with a password or without host."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ProjectError("the address cannot be read", hint="check the brackets of its host", place=place) from None
    if parts.password:
        raise ProjectError(
            "the address carries a password",
            hint="auth: {type: basic, username: ..., password: '${env:NAME}'}",
            place=place,
        )
    try:
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        raise ProjectError("the address has no usable port", place=place) from None
    if not parts.hostname:
        raise ProjectError("the address names no host", hint="for example sftp://files.example.com/out", place=place)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    settings = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    root = f"{parts.scheme}://{host}{port}{parts.path.rstrip('/')}/"
    return Address(parts.scheme, root, parts.hostname, parts.username or "", settings)


class Courier:
    """Carries files to and from one server. ``settings`` of the address: ``host_key``, ``key`` (SFTP), ``region``."""

    def __init__(self, address: Address, who: Credentials, network: Network, title: str) -> None:
        self._address = address
        self._who = who
        self._network = network
        self.title = title
        self._curl: Any = pycurl.Curl()

    def close(self) -> None:
        """Close the connection."""
        self._curl.close()

    def fetch(self, url: str, **options: Any) -> IO[bytes]:
        """Fetch a file into a private temporary one. Raises ``NotFoundError``."""
        sink: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
        try:
            self.perform(url, sink=sink, **options)
        except BaseException:
            sink.close()
            raise
        sink.seek(0)
        return sink

    def spool(self, content: Iterable[bytes]) -> IO[bytes]:
        """Write what is to be sent into a private temporary file, so that its size is known."""
        spooled: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
        try:
            spooled.writelines(content)
            spooled.seek(0)
        except BaseException:
            spooled.close()
            raise
        return spooled

    def text(self, url: str, **options: Any) -> str:
        """Fetch something short, such as the listing of a folder."""
        with self.fetch(url, **options) as found:
            content = found.read(50 * _MEMORY)
        return content.decode("utf-8", "surrogateescape")

    def perform(
        self,
        url: str,
        *,
        sink: IO[bytes] | None = None,
        source: Iterable[bytes] | None = None,
        headers: Sequence[str] = (),
        options: dict[int, Any] | None = None,
        writes: bool = False,
    ) -> Reply:
        """Make one transfer: into ``sink``, or of ``source``, or only a look. Raises errors of the tree."""
        lines: dict[str, str] = {}
        self._set_up(url, headers)
        curl = self._curl
        curl.setopt(pycurl.HEADERFUNCTION, lambda line: _keep_header(lines, line))
        if sink is not None:
            curl.setopt(pycurl.WRITEDATA, sink)
        else:
            curl.setopt(pycurl.WRITEFUNCTION, len)
        if sink is None and source is None:
            curl.setopt(pycurl.NOBODY, 1)
        if source is not None:
            curl.setopt(pycurl.UPLOAD, 1)
            curl.setopt(pycurl.READFUNCTION, _Reader(iter(source)).read)
        for option, value in (options or {}).items():
            curl.setopt(option, value)
        try:
            curl.perform()
        except pycurl.error as error:
            raise self._explain(error, url, writes=writes) from None
        status = curl.getinfo(pycurl.RESPONSE_CODE)
        size, modified = curl.getinfo(pycurl.CONTENT_LENGTH_DOWNLOAD_T), curl.getinfo(pycurl.INFO_FILETIME)
        if self._address.scheme in {"http", "https"}:
            self._check_status(status, url, writes=writes)
        return Reply(status, size, modified, lines)

    def _set_up(self, url: str, headers: Sequence[str]) -> None:
        curl, network, address = self._curl, self._network, self._address
        curl.reset()
        curl.setopt(pycurl.URL, url)
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.PROTOCOLS, _PROTOCOLS[address.scheme])
        curl.setopt(pycurl.FOLLOWLOCATION, 0)
        curl.setopt(pycurl.USERAGENT, f"tallystick/{__version__}")
        curl.setopt(pycurl.CONNECTTIMEOUT_MS, int(network.connect_timeout_seconds * 1000))
        # A long file may take long; what must not happen is that nothing comes.
        curl.setopt(pycurl.LOW_SPEED_LIMIT, 1)
        curl.setopt(pycurl.LOW_SPEED_TIME, max(1, int(network.timeout_seconds)))
        # The end of a whole second is the end of a wait of one second, however late that began.
        curl.setopt(pycurl.FTP_RESPONSE_TIMEOUT, math.ceil(network.timeout_seconds) + 1)
        curl.setopt(pycurl.PROXY, network.proxy)
        curl.setopt(pycurl.NOPROXY, "")
        curl.setopt(pycurl.SSL_VERIFYPEER, 1)
        curl.setopt(pycurl.SSL_VERIFYHOST, 2)
        if network.ca_file:
            curl.setopt(pycurl.CAINFO, network.ca_file)
        curl.setopt(pycurl.OPT_FILETIME, 1)
        if self._who.user or address.user:
            curl.setopt(pycurl.USERNAME, self._who.user or address.user)
            curl.setopt(pycurl.PASSWORD, self._who.password)
        lines = [*headers, *([self._who.header] if self._who.header else [])]
        if lines:
            curl.setopt(pycurl.HTTPHEADER, lines)
        if address.scheme in {"ftp", "ftps"}:
            self._set_up_ftp()
        if address.scheme == "sftp":
            self._set_up_ssh()

    def _set_up_ftp(self) -> None:
        # Explicit TLS wherever it is offered; ftps demands it, also for the data.
        level = pycurl.USESSL_ALL if self._address.scheme == "ftps" else pycurl.USESSL_TRY
        self._curl.setopt(pycurl.USE_SSL, level)
        self._curl.setopt(pycurl.FTP_FILEMETHOD, pycurl.FTPMETHOD_NOCWD)

    def _set_up_ssh(self) -> None:
        settings, curl = self._address.settings, self._curl
        if "host_key" in settings:
            # A plus in an address reads as a space.
            key = settings["host_key"].removeprefix("SHA256:").replace(" ", "+").rstrip("=")
            curl.setopt(pycurl.SSH_HOST_PUBLIC_KEY_SHA256, key)
        else:
            curl.setopt(pycurl.SSH_KNOWNHOSTS, str(Path("~/.ssh/known_hosts").expanduser()))
        if "key" in settings:
            curl.setopt(pycurl.SSH_AUTH_TYPES, pycurl.SSH_AUTH_PUBLICKEY)
            curl.setopt(pycurl.SSH_PRIVATE_KEYFILE, str(Path(settings["key"]).expanduser()))
            curl.setopt(pycurl.KEYPASSWD, self._who.password)
        else:
            curl.setopt(pycurl.SSH_AUTH_TYPES, pycurl.SSH_AUTH_PASSWORD | pycurl.SSH_AUTH_KEYBOARD)

    def _check_status(self, status: int, url: str, *, writes: bool) -> None:
        place = self._place(url)
        if status in {401, 403}:
            raise AccessError("the server does not let us", detail=f"HTTP {status}", hint="check 'auth'", place=place)
        if status in {404, 410}:
            raise NotFoundError(place)
        if 300 <= status < 400:  # noqa: PLR2004 - redirects
            raise Garbled("the address leads elsewhere", hint="give the final address", place=place, status=status)
        if status >= 500 or status in {408, 425, 429}:  # noqa: PLR2004 - the server's own failures
            applied: Literal["no", "unknown"] = "unknown" if writes else "no"
            raise Unavailable("the server failed", detail=f"HTTP {status}", place=place, status=status, applied=applied)
        if status >= 400:  # noqa: PLR2004 - refusals
            raise Garbled("the server refuses the request", detail=f"HTTP {status}", place=place, status=status)

    def _explain(self, error: Any, url: str, *, writes: bool) -> Error | NotFoundError:
        code, message = error.args[0], str(error.args[1])
        place, hint = self._place(url), _HINTS.get(code, "")
        if code in _NOT_FOUND and not writes:
            return NotFoundError(place)
        if code in _DENIED:
            return AccessError("the server does not let us in", detail=message, hint=hint, place=place)
        applied: Literal["no", "unknown"] = "unknown" if writes and code not in _UNBEGUN else "no"
        return Unavailable("the transfer failed", detail=message, hint=hint, place=place, applied=applied)

    def _place(self, url: str) -> str:
        return f"{self.title}: {url.partition('?')[0]}"


class _Reader:
    """Gives the bytes of several pieces in portions of any size."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def read(self, size: int) -> bytes:
        while len(self._rest) < size and (piece := next(self._pieces, None)) is not None:
            self._rest += piece
        given, self._rest = self._rest[:size], self._rest[size:]
        return given


def _keep_header(lines: dict[str, str], line: bytes) -> None:
    name, colon, value = line.decode("latin-1").partition(":")
    if colon:
        lines[name.strip().lower()] = value.strip()
