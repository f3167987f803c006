"""Signatures of Amazon Web Services, version 4: each request is signed for its day, region and service.

What is sent is spelled as it is signed, because the receiving side spells a request anew before it compares.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import quote, unquote, unquote_plus, urlsplit, urlunsplit

from tallystick.connectors.http.message import Request, Response

Pairs = Iterable[tuple[str, str]]
_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_PORTS: Final = {"http": ":80", "https": ":443"}
_SIGNED: Final = frozenset({"host", "content-type", "content-md5"})
_OWN: Final = "x-amz-"
_REFUSALS: Final = frozenset({400, 401, 403})
_SKEWED: Final = re.compile(
    rb"RequestTimeTooSkewed|RequestExpired|RequestInTheFuture|Signature expired|Signature not yet current",
    re.IGNORECASE,
)
_LOOKED_AT: Final = 4000  # bytes of a refusal
_WORTH_TELLING: Final = 1.0  # seconds; clocks that differ by less are not what was refused


@dataclass(frozen=True, slots=True)
class AwsKey:
    """Who signs, and for what; the secrets are never shown."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)
    region: str = ""
    service: str = ""

    def scope(self, stamp: str) -> str:
        """Give what a signature of this moment (``20261123T160000Z``) is good for."""
        return f"{stamp[:8]}/{self.region}/{self.service}/aws4_request"

    def signature(self, stamp: str, request: str) -> str:
        """Sign a request that is spelled in the canonical way."""
        digest = hashlib.sha256(request.encode()).hexdigest()
        key = f"AWS4{self.secret_key}".encode()
        for step in self.scope(stamp).split("/"):
            key = _keyed(key, step)
        return _keyed(key, "\n".join((_ALGORITHM, stamp, self.scope(stamp), digest))).hex()


class AwsSignature:
    """Signs each request when it leaves; a refusal that tells another time than ours sets our clock right for good."""

    query_names: frozenset[str] = frozenset()

    def __init__(self, key: AwsKey, wall: Callable[[], float]) -> None:
        self._key = key
        self._wall = wall
        self._ahead = 0.0  # seconds that their clock is ahead of ours

    def exchange(self, request: Request) -> Generator[Request, Response, Response]:
        """Send the request signed; once more by their clock where ours was refused. Such a refusal changed nothing."""
        signed = replace(request, signing=self._sign)
        response = yield signed
        ahead = self._told(response)
        if ahead is None or abs(ahead - self._ahead) < _WORTH_TELLING:
            return response
        self._ahead = ahead
        return (yield signed)

    def _told(self, response: Response) -> float | None:
        """Give what a refusal of our clock tells of theirs; ``None`` where it is no such refusal or tells no time."""
        if response.status not in _REFUSALS:
            return None
        words = (response.headers.get("x-amzn-errortype") or "").encode() + b" " + response.body[:_LOOKED_AT]
        date = response.headers.get("date")
        if not date or not _SKEWED.search(words):
            return None
        try:
            theirs = parsedate_to_datetime(date)
        except ValueError:
            return None
        return (theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)).timestamp() - self._wall()

    def _sign(self, request: Request) -> Request:
        key = self._key
        stamp = datetime.fromtimestamp(self._wall() + self._ahead, UTC).strftime("%Y%m%dT%H%M%SZ")
        url = _spelled(request.url)
        payload = hashlib.sha256(request.body or b"").hexdigest()
        # Said in headers of our own, so that what is sent is what was signed.
        own = {"Host": _host(url), "X-Amz-Date": stamp, "X-Amz-Content-SHA256": payload}
        if key.session_token:
            own["X-Amz-Security-Token"] = key.session_token
        taken = {name.lower() for name in own}
        headers = [*((name, value) for name, value in request.headers if name.lower() not in taken), *own.items()]
        covered = [pair for pair in headers if pair[0].lower() in _SIGNED or pair[0].lower().startswith(_OWN)]
        text = canonical_request(request.method, url, covered, payload, encodes_once=key.service.startswith("s3"))
        value = ", ".join(
            (
                f"{_ALGORITHM} Credential={key.access_key}/{key.scope(stamp)}",
                f"SignedHeaders={_names(covered)}",
                f"Signature={key.signature(stamp, text)}",
            )
        )
        return request.sent_as(url, (*headers, ("Authorization", value)))


def canonical_request(method: str, url: str, headers: Pairs, payload: str, *, encodes_once: bool) -> str:
    """Spell a request as it is signed.

    ``headers`` are those that are signed, ``payload`` is the digest of the body in hex. Storage (``encodes_once``)
    signs the path that was meant; all others sign the path that was sent, without its detours.
    """
    parts = urlsplit(url)
    path = _quoted(unquote(parts.path), "/") if encodes_once else _quoted(_straight(parts.path), "/")
    pairs = (_pair(piece) for piece in parts.query.split("&") if piece)
    asked = "&".join(f"{name}={value or ''}" for name, value in sorted((n, v or "") for n, v in pairs))
    headers = list(headers)
    by_name: dict[str, list[str]] = {}
    for name, value in headers:
        by_name.setdefault(name.lower(), []).append(" ".join(value.split()))
    lines = [f"{name}:{','.join(values)}" for name, values in sorted(by_name.items())]
    return "\n".join((method.upper(), path or "/", asked, *lines, "", _names(headers), payload))


def _names(headers: Pairs) -> str:
    return ";".join(sorted({name.lower() for name, _ in headers}))


def _straight(path: str) -> str:
    """Take empty steps and dots out of a path."""
    kept: list[str] = []
    for step in path.split("/"):
        if step == "..":
            kept = kept[:-1]
        elif step not in {"", "."}:
            kept.append(step)
    is_folder = path.endswith("/") and bool(kept)
    return "/" + "/".join(kept) + ("/" if is_folder else "")


def _spelled(url: str) -> str:
    """Spell the query in the one way that is signed; a plus there means a space."""
    parts = urlsplit(url)
    if not parts.query:
        return url
    pairs = (_pair(piece) for piece in parts.query.split("&") if piece)
    query = "&".join(name if value is None else f"{name}={value}" for name, value in pairs)
    return urlunsplit(parts._replace(query=query))


def _pair(piece: str) -> tuple[str, str | None]:
    name, equals, value = piece.partition("=")
    return _quoted(unquote_plus(name)), _quoted(unquote_plus(value)) if equals else None


def _host(url: str) -> str:
    parts = urlsplit(url)
    return parts.netloc.rpartition("@")[2].lower().removesuffix(_PORTS.get(parts.scheme.lower(), ":"))


def _quoted(text: str, safe: str = "") -> str:
    return quote(text, safe=safe + "~")


def _keyed(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
