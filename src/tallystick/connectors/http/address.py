"""Addresses: where requests may go, and how links, queries and ids are spelled into them.

Only the origin of ``base_url`` ever sees credentials. Redirects and next links may lead there (also from http up to
https) and to the hosts that the manifest names, nowhere else (R-11.9).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from tallystick.core.error import DataError, ProjectError

_PORTS: Final = {"http": 80, "https": 443}
# Characters on which address parsers disagree; an address with one of them is refused rather than interpreted.
_DOUBTFUL: Final = re.compile(r"[\x00-\x20\x7f\\]")
_SIGN_IN: Final = re.compile(r"//[^/]*@")
_SAFE: Final = "%/:=&?~+!$,;'@()*[]"

Origin = tuple[str, str, int]


def origin(url: str) -> Origin | None:
    """Give scheme, host and port of an http(s) address; ``None`` if it is none or carries a user name."""
    if _DOUBTFUL.search(url):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc:
        return None
    return parts.scheme, parts.hostname.rstrip("."), port or _PORTS[parts.scheme]


@dataclass(frozen=True, slots=True)
class Hosts:
    """Where a system's requests may go."""

    home: Origin
    prefix: str
    allowed: frozenset[tuple[str, int | None]] = frozenset()

    @classmethod
    def of(cls, base_url: str, allow_hosts: Iterable[str] = (), *, place: str = "") -> "Hosts":
        """Read ``base_url`` and ``network.allow_hosts``.

        Raises:
            ProjectError: one of them is no address of a web server.
        """
        home = origin(base_url)
        if home is None:
            raise ProjectError(
                f"base_url '{_SIGN_IN.sub('//***@', base_url.partition('?')[0])}' is not an address",
                hint="write the whole address without user name, for example https://api.example.com/v1",
                place=place,
            )
        parts = urlsplit(base_url)
        return cls(home, f"{parts.scheme}://{parts.netloc}/", frozenset(_host(text, place) for text in allow_hosts))

    def is_home(self, url: str) -> bool:
        """Tell whether an address belongs to the system itself, so that it may see credentials."""
        if url.startswith(self.prefix):
            return True
        there = origin(url)
        return there is not None and (there == self.home or self._is_upgrade(there))

    def admits(self, url: str) -> bool:
        """Tell whether a request may go to this address at all."""
        if self.is_home(url):
            return True
        there = origin(url)
        if there is None or (there[0] != "https" and there[0] != self.home[0]):
            return False
        scheme, host, port = there
        return (host, port) in self.allowed or ((host, None) in self.allowed and port == _PORTS[scheme])

    def _is_upgrade(self, there: Origin) -> bool:
        return (self.home[0], self.home[2], there[0], there[2], there[1]) == ("http", 80, "https", 443, self.home[1])


def _host(text: str, place: str) -> tuple[str, int | None]:
    # Both "host", "host:port" and a whole address are what people write.
    url = text if "://" in text else f"https://{text}"
    there = origin(url)
    if there is None:
        raise ProjectError(f"allow_hosts: '{text}' is not a host", hint="write a host name, or host:port", place=place)
    return there[1], urlsplit(url).port or (_PORTS["http"] if text.startswith("http://") else None)


def ascii_host(url: str) -> str:
    """Spell the host of an address as DNS does; other addresses are given back as they are."""
    if url.isascii():
        return url
    parts = urlsplit(url)
    try:
        return urlunsplit(parts._replace(netloc=parts.netloc.encode("idna").decode()))
    except UnicodeError:
        return url


def follow(url: str, reference: str) -> str:
    """Resolve a link or a Location against the address it was found at; spaces and umlauts are percent-encoded."""
    return quote(urljoin(url, reference.strip()).partition("#")[0], safe=_SAFE)


def add_path(base_url: str, path: str) -> str:
    """Add an operation's path to the base address; queries of both are kept."""
    base, _, base_query = base_url.partition("?")
    tail, _, query = path.partition("?")
    joined = base.rstrip("/") + "/" + tail.lstrip("/") if tail.strip("/") else base
    both = "&".join(part for part in (base_query, query) if part)
    return quote(joined, safe=_SAFE + "{}") + (f"?{quote(both, safe=_SAFE)}" if both else "")


def add_query(url: str, pairs: Iterable[tuple[str, str]]) -> str:
    """Append query parameters."""
    query = "&".join([f"{quote(name, safe='[]$')}={quote(value, safe='')}" for name, value in pairs])
    if not query:
        return url
    return f"{url}{'&' if '?' in url else '?'}{query}"


def drop_query(url: str, names: frozenset[str]) -> str:
    """Remove query parameters by name; servers like to repeat a key in the links they give."""
    if not names or "?" not in url:
        return url
    parts = urlsplit(url)
    kept = [piece for piece in parts.query.split("&") if piece.partition("=")[0] not in names]
    return urlunsplit(parts._replace(query="&".join(kept)))


def quote_id(record_id: str, *, place: str = "") -> str:
    """Spell an id as one step of a path.

    Raises:
        DataError: an empty id or a dot step would make the address mean another thing, perhaps the whole collection.
    """
    if record_id in {"", ".", ".."}:
        raise DataError(
            f"'{record_id}' cannot be an id",
            detail="in an address it would name another thing",
            hint="correct the id path of the object in the manifest",
            place=place,
        )
    return quote(record_id, safe="")
