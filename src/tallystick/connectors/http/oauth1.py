"""OAuth 1.0a: each request is signed with the secrets of a client and of a token that a person gave it (RFC 5849)."""

import base64
import hmac
import os
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import parse_qsl, quote, urlsplit

from tallystick.connectors.http.message import Request, Response
from tallystick.project.manifest_auth import OAuth1Auth

_HASHES: Final = {"HMAC-SHA1": "sha1", "HMAC-SHA256": "sha256", "HMAC-SHA512": "sha512"}
_PORTS: Final = {"http": ":80", "https": ":443"}
_FORM: Final = "application/x-www-form-urlencoded"
_NONCE_BYTES: Final = 16

Pairs = Iterable[tuple[str, str]]


def _random() -> str:
    return os.urandom(_NONCE_BYTES).hex()


@dataclass(frozen=True, slots=True)
class Client:
    """Names and secrets of a client and its token; the secrets are never shown."""

    key: str
    secret: str = field(repr=False)
    token: str = ""
    token_secret: str = field(default="", repr=False)


class OAuth1:
    """Signs each request anew: a nonce is good once, so one that is sent again gets another one."""

    query_names: frozenset[str] = frozenset()

    def __init__(
        self, spec: OAuth1Auth, client: Client, wall: Callable[[], float], nonce: Callable[[], str] = _random
    ) -> None:
        self._method = spec.signature
        self._realm = spec.realm
        self._client = client
        self._wall = wall
        self._nonce = nonce

    def exchange(self, request: Request) -> Generator[Request, Response, Response]:
        """Send the request, signed when it leaves."""
        return (yield replace(request, signing=self._sign))

    def _sign(self, request: Request) -> Request:
        return request.sent_as(request.url, (*request.headers, ("Authorization", self._header(request))))

    def _header(self, request: Request) -> str:
        said = {
            "oauth_consumer_key": self._client.key,
            "oauth_nonce": self._nonce(),
            "oauth_signature_method": self._method,
            "oauth_timestamp": str(int(self._wall())),
            "oauth_version": "1.0",
        }
        if self._client.token:
            said["oauth_token"] = self._client.token
        secret = f"{_quoted(self._client.secret)}&{_quoted(self._client.token_secret)}"
        if self._method == "PLAINTEXT":
            said["oauth_signature"] = secret
        else:
            text = base_string(request.method, request.url, [*said.items(), *_form(request)])
            raw = hmac.new(secret.encode(), text.encode(), _HASHES[self._method]).digest()
            said["oauth_signature"] = base64.b64encode(raw).decode()
        realm = [f'realm="{self._realm}"'] if self._realm else []
        return "OAuth " + ", ".join([*realm, *(f'{name}="{_quoted(value)}"' for name, value in said.items())])


def base_string(method: str, url: str, more: Pairs) -> str:
    """Give what is signed of a request; ``more`` are its parameters beside those of the address."""
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    host = parts.netloc.rpartition("@")[2].lower().removesuffix(_PORTS.get(scheme, ":"))
    pairs = [*parse_qsl(parts.query, keep_blank_values=True), *more]
    asked = "&".join(f"{name}={value}" for name, value in sorted((_quoted(n), _quoted(v)) for n, v in pairs))
    return "&".join((method.upper(), _quoted(f"{scheme}://{host}{parts.path or '/'}"), _quoted(asked)))


def _form(request: Request) -> Pairs:
    """Give the parameters in a body, which are signed only where it is a plain form."""
    kinds = [value for name, value in request.headers if name.lower() == "content-type"]
    if not kinds or kinds[-1].partition(";")[0].strip().lower() != _FORM:
        return []
    return parse_qsl((request.body or b"").decode(), keep_blank_values=True)


def _quoted(text: str) -> str:
    return quote(text, safe="")
