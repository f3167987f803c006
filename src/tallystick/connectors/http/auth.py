"""Authentication as generators: each takes a request, yields what is really sent, and gives the last answer.

Secrets arrive resolved and leave only in requests: nothing here has them in its ``repr`` or in a message.
"""

import base64
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from urllib.parse import quote_plus, urlencode

import msgspec

from tallystick.connectors.http.address import add_query, drop_query, origin
from tallystick.connectors.http.message import Request, Response
from tallystick.connectors.http.scrub import Scrub
from tallystick.core.error import AccessError, Garbled, ProjectError, Unavailable
from tallystick.project.manifest_auth import ApiKeyAuth, Auth, BasicAuth, BearerAuth, ClientCredentialsAuth

Resolve = Callable[[str], str]
Exchange = Generator[Request, Response, Response]
_MARGIN_SECONDS: Final = 60  # a token is renewed this early, or a tenth of its life if that is less
_UNAUTHORIZED: Final = 401
_SERVER_FAILED: Final = 500


class Authentication(Protocol):
    """Adds credentials to requests. ``query_names`` are query parameters that carry secrets."""

    query_names: frozenset[str]

    def exchange(self, request: Request) -> Exchange:
        """Yield what is sent instead of ``request``; give the answer to it."""


class FixedCredentials:
    """The same headers or query parameters on every request; also none at all."""

    __slots__ = ("_headers", "_query", "query_names")

    def __init__(self, headers: tuple[tuple[str, str], ...] = (), query: tuple[tuple[str, str], ...] = ()) -> None:
        self._headers = headers
        self._query = query
        self.query_names = frozenset(name for name, _ in query)

    def exchange(self, request: Request) -> Exchange:
        """Send the request once, with the credentials."""
        url = request.url
        if self._query:
            url = add_query(drop_query(url, self.query_names), self._query)
        return (yield request.sent_as(url, request.headers + self._headers))


@dataclass(frozen=True, slots=True, repr=False)
class _Token:
    text: str
    # Several exchanges read one shared answer, each at its own moment: the text alone says which token it is.
    renew_at: float = field(compare=False)


class ClientCredentials:
    """OAuth 2.0 client credentials. However many requests need a token, one request fetches it."""

    query_names: frozenset[str] = frozenset()

    def __init__(self, token_request: Request, scrub: Scrub, now: Callable[[], float]) -> None:
        self._token_request = token_request
        self._scrub = scrub
        self._now = now
        self._token: _Token | None = None

    def exchange(self, request: Request) -> Exchange:
        """Send the request with a valid token; fetch one before, and once more if it is not accepted.

        Raises:
            AccessError: the client is refused, or a new token is not accepted either.
        """
        token = yield from self._valid()
        response = yield self._signed(request, token)
        if response.status != _UNAUTHORIZED:
            return response
        if self._token == token:
            # Nobody has renewed it since; whoever comes first does, the others share the answer.
            self._token = None
        token = yield from self._valid()
        response = yield self._signed(request, token)
        if response.status == _UNAUTHORIZED:
            raise AccessError(
                "a fresh token is not accepted",
                hint="check that the token's scopes and audience fit this system",
                place=request.place,
            )
        return response

    def _valid(self) -> Generator[Request, Response, _Token]:
        token = self._token
        if token is not None and self._now() < token.renew_at:
            return token
        asked_at = self._now()
        response = yield self._token_request
        self._token = self._accept(response, asked_at)
        return self._token

    def _signed(self, request: Request, token: _Token) -> Request:
        return request.sent_as(request.url, (*request.headers, ("Authorization", f"Bearer {token.text}")))

    def _accept(self, response: Response, asked_at: float) -> _Token:
        place = self._token_request.place
        answer = _as_object(response.body)
        if not response.succeeded:
            raise self._refusal(response, answer)
        text = answer.get("access_token")
        kind = answer.get("token_type", "Bearer")
        if not isinstance(text, str) or not text or not text.isprintable() or not text.isascii():
            raise Garbled(
                "the token answer carries no access_token",
                detail=f"it has {', '.join(sorted(answer)[:8]) or 'no JSON object'}",
                hint="check auth.token_url",
                place=place,
            )
        if not isinstance(kind, str) or kind.lower() != "bearer":
            raise Garbled("the token is of a kind that is not understood", detail=str(kind)[:40], place=place)
        self._scrub.learn(text)
        return _Token(text, asked_at + _life(answer.get("expires_in")))

    def _refusal(self, response: Response, answer: dict[str, Any]) -> AccessError | Unavailable:
        place = self._token_request.place
        words = [str(answer[key]) for key in ("error", "error_description") if answer.get(key)]
        detail = self._scrub(f"status {response.status}" + (f": {': '.join(words)}" if words else ""))
        if response.status >= _SERVER_FAILED:
            return Unavailable(
                "the token server failed", detail=detail, hint="try again later", place=place, status=response.status
            )
        return AccessError(
            "the token server refuses this client",
            detail=detail,
            hint="check auth.client_id, auth.client_secret and auth.scopes; the secret may have expired",
            place=place,
        )


def _life(expires_in: Any) -> float:
    try:
        seconds = float(expires_in)
    except (TypeError, ValueError):
        return float("inf")
    # Zero and nonsense mean that the life is not known: the token serves until it is refused.
    return seconds - min(_MARGIN_SECONDS, seconds / 10) if seconds > 0 else float("inf")


def _as_object(body: bytes) -> dict[str, Any]:
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return {}
    return answer if isinstance(answer, dict) else {}


def open_auth(spec: Auth, resolve: Resolve, scrub: Scrub, now: Callable[[], float], *, place: str) -> Authentication:
    """Make the authentication a manifest asks for; ``resolve`` gives secrets for references.

    Raises:
        ProjectError: a secret is missing or cannot be sent.
    """

    def secret(reference: str) -> str:
        value = scrub.learn(resolve(reference))
        if not value or "\n" in value or "\r" in value:
            raise ProjectError(
                "a secret is empty or has a line break", hint="check the secrets that auth names", place=place
            )
        return value

    match spec:
        case ApiKeyAuth():
            pair = ((spec.name, secret(spec.value)),)
            return FixedCredentials(headers=pair) if spec.location == "header" else FixedCredentials(query=pair)
        case BasicAuth():
            return FixedCredentials(headers=(_basic(resolve(spec.username), secret(spec.password), scrub),))
        case BearerAuth():
            value = f"{spec.scheme} {secret(spec.token)}".strip()
            return FixedCredentials(headers=(("Authorization", value),))
        case ClientCredentialsAuth():
            return ClientCredentials(_token_request(spec, resolve, secret, scrub, place), scrub, now)
        case _:
            return FixedCredentials()


def _basic(username: str, password: str, scrub: Scrub) -> tuple[str, str]:
    return "Authorization", "Basic " + scrub.learn(base64.b64encode(f"{username}:{password}".encode()).decode())


def _token_request(spec: ClientCredentialsAuth, resolve: Resolve, secret: Resolve, scrub: Scrub, place: str) -> Request:
    url = resolve(spec.token_url)
    if origin(url) is None:
        raise ProjectError("auth.token_url is not an address", hint="write the whole https address", place=place)
    form = {"grant_type": "client_credentials"}
    if spec.scopes:
        form["scope"] = " ".join(spec.scopes)
    form |= {name: resolve(value) for name, value in spec.extra.items()}
    headers = [("Accept", "application/json"), ("Content-Type", "application/x-www-form-urlencoded")]
    client, key = resolve(spec.client_id), secret(spec.client_secret)
    if spec.send_in == "body":
        form |= {"client_id": client, "client_secret": key}
    else:
        # RFC 6749 2.3.1: both are form-encoded before they are joined.
        headers.append(_basic(quote_plus(client), quote_plus(key), scrub))
    return Request(
        "POST", url, tuple(headers), urlencode(form).encode(), place=f"{place}/token", repeatable=True, share="token"
    )
