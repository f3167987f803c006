"""What is sent and what comes back: plain frozen values, so that a test or a recording can stand in for a server.

A flow yields ``Request``s and is sent ``Response``s. Neither knows about connections, credentials or retries.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

SAFE_METHODS: Final = frozenset({"GET", "HEAD"})


class Headers:
    """The headers of an answer: names without regard to case, several values each. Read from the raw lines on demand.

    Only the last block counts: interim answers and what a proxy said to ``CONNECT`` come before it.
    """

    __slots__ = ("_by_name", "_lines")

    def __init__(self, lines: Iterable[bytes] = ()) -> None:
        self._lines = tuple(lines)
        self._by_name: dict[str, list[str]] | None = None

    @classmethod
    def of(cls, values: Mapping[str, str] | Iterable[tuple[str, str]]) -> "Headers":
        """Make headers from names and values."""
        pairs = values.items() if isinstance(values, Mapping) else values
        return cls([f"{name}: {value}".encode() for name, value in pairs])

    def get(self, name: str) -> str | None:
        """Give the first value of a header, or ``None``."""
        values = self._read().get(name.lower())
        return values[0] if values else None

    def every(self, name: str) -> tuple[str, ...]:
        """Give all values of a header, in order."""
        return tuple(self._read().get(name.lower(), ()))

    def without(self, name: str) -> "Headers":
        """Give the same headers less one."""
        start = f"{name.lower()}:".encode()
        return Headers([line for line in self._lines if not line.lower().startswith(start)])

    def joined(self, more: Mapping[str, str]) -> "Headers":
        """Give the same headers and some more."""
        return Headers([*self._lines, *(f"{name}: {value}".encode() for name, value in more.items())])

    def names(self) -> tuple[str, ...]:
        """Name all headers, in small letters."""
        return tuple(self._read())

    def mention(self, *parts: bytes) -> bool:
        """Tell whether one of these (lower case) occurs anywhere; cheaper than reading the headers."""
        text = b"".join(self._lines).lower()
        return any(part in text for part in parts)

    def _read(self) -> dict[str, list[str]]:
        if self._by_name is None:
            found: dict[str, list[str]] = {}
            for line in self._lines:
                if line.startswith(b"HTTP/"):
                    found.clear()
                    continue
                name, colon, value = line.decode("utf-8", "replace").partition(":")
                if colon:
                    found.setdefault(name.strip().lower(), []).append(value.strip())
            self._by_name = found
        return self._by_name

    def __repr__(self) -> str:
        """Show the names only; values may be secret."""
        return f"Headers({', '.join(self._read())})"


NO_HEADERS: Final = Headers()


@dataclass(frozen=True, slots=True, repr=False)
class Request:
    """One request. ``headers`` are pairs; ``place`` says in errors what it is about.

    ``repeatable`` means that sending it twice does no more than sending it once, so an unclear outcome may be tried
    again. Requests with the same ``share`` that are under way at once are sent once, and all get the answer.
    ``reading`` translates answers whose status does not say what they mean, before anybody judges by it.
    ``signing`` makes of it what is really sent, anew for each try: signatures name the time, and a number used once.
    It is sent ``after`` so many seconds. What ``can_wait`` leaves alone what is kept of a day's quota for what cannot.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    place: str = ""
    repeatable: bool = False
    share: str = ""
    reading: "Callable[[Response], Response] | None" = None
    signing: "Callable[[Request], Request] | None" = None
    can_wait: bool = False
    after: float = 0.0

    @property
    def is_safe(self) -> bool:
        """Whether it only reads."""
        return self.method in SAFE_METHODS

    def sent_as(self, url: str, headers: tuple[tuple[str, str], ...]) -> "Request":
        """Give the same request with another address and other headers."""
        return replace(self, url=url, headers=headers)

    def signed(self) -> "Request":
        """Give what is sent for this request now."""
        return self if self.signing is None else self.signing(self)

    def later(self, seconds: float) -> "Request":
        """Give the same request as one that is sent after so many seconds."""
        return replace(self, after=seconds)

    def patient(self) -> "Request":
        """Give the same request as one that can wait."""
        return replace(self, can_wait=True)

    def __repr__(self) -> str:
        """Show neither query, headers nor body; they may be secret."""
        return f"Request({self.method} {self.url.partition('?')[0]})"


@dataclass(frozen=True, slots=True, repr=False)
class Response:
    """One answer. ``url`` is the address it came from, without credentials."""

    status: int
    headers: Headers = NO_HEADERS
    body: bytes = b""
    url: str = ""

    @property
    def succeeded(self) -> bool:
        """Whether the status is one of 200 to 299."""
        return 200 <= self.status < 300  # noqa: PLR2004 - the bounds of RFC 9110

    def __repr__(self) -> str:
        """Show no body; it may be personal."""
        return f"Response({self.status}, {len(self.body)} bytes)"
