"""Authentication as generators: each takes a request, yields what is really sent, and gives the last answer.

Secrets arrive resolved and leave only in requests: nothing here has them in its ``repr`` or in a message.
"""

from collections.abc import Callable, Generator
from typing import Protocol

from tallystick.connectors.http.address import add_query, drop_query
from tallystick.connectors.http.aws import AwsKey, AwsSignature
from tallystick.connectors.http.grants import open_grant
from tallystick.connectors.http.limits import Timing
from tallystick.connectors.http.message import Request, Response
from tallystick.connectors.http.oauth1 import Client, OAuth1
from tallystick.connectors.http.opening import basic_value, open_with
from tallystick.connectors.http.scrub import Scrub
from tallystick.connectors.http.session import Session
from tallystick.connectors.http.signing import Digest, Signed
from tallystick.project.manifest_auth import (
    ApiKeyAuth,
    Auth,
    AwsAuth,
    BasicAuth,
    BearerAuth,
    ClientCredentialsAuth,
    DigestAuth,
    HmacAuth,
    JwtBearerAuth,
    OAuth1Auth,
    PasswordGrantAuth,
    RefreshTokenAuth,
    SessionAuth,
)

Resolve = Callable[[str], str]
Exchange = Generator[Request, Response, Response]


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


def open_auth(
    spec: Auth, resolve: Resolve, scrub: Scrub, timing: Timing, *, place: str, base_url: str = ""
) -> Authentication:
    """Make the authentication a manifest asks for; ``resolve`` gives secrets for references.

    Raises:
        ProjectError: a secret is missing or cannot be sent.
    """
    opening = open_with(resolve, scrub, timing, place)
    secret = opening.secret
    match spec:
        case ApiKeyAuth():
            return _fixed_key(spec, secret(spec.value))
        case BasicAuth():
            return FixedCredentials(headers=(_basic(resolve(spec.username), secret(spec.password), scrub),))
        case BearerAuth():
            value = f"{spec.scheme} {secret(spec.token)}".strip()
            return FixedCredentials(headers=(("Authorization", value),))
        case ClientCredentialsAuth() | PasswordGrantAuth() | RefreshTokenAuth() | JwtBearerAuth():
            return open_grant(spec, opening)
        case DigestAuth():
            return Digest(resolve(spec.username), secret(spec.password))
        case HmacAuth() | OAuth1Auth() | AwsAuth():
            return _signing(spec, resolve, secret, timing)
        case SessionAuth():
            basic = (_basic(resolve(spec.username), secret(spec.password), scrub),) if spec.username else ()
            return Session(spec, base_url, basic, resolve, scrub, place)
        case _:
            return FixedCredentials()


def _signing(
    spec: HmacAuth | OAuth1Auth | AwsAuth, resolve: Resolve, secret: Resolve, timing: Timing
) -> Authentication:
    if isinstance(spec, HmacAuth):
        return Signed(spec, resolve(spec.key_id), secret(spec.key), timing.wall)
    if isinstance(spec, AwsAuth):
        session = secret(spec.session_token) if spec.session_token else ""
        region, service = resolve(spec.region), resolve(spec.service)
        key = AwsKey(resolve(spec.access_key), secret(spec.secret_key), session, region, service)
        return AwsSignature(key, timing.wall)
    token_secret = secret(spec.token_secret) if spec.token_secret else ""
    client = Client(resolve(spec.consumer_key), secret(spec.consumer_secret), resolve(spec.token), token_secret)
    return OAuth1(spec, client, timing.wall)


def _fixed_key(spec: ApiKeyAuth, value: str) -> FixedCredentials:
    match spec.location:
        case "query":
            return FixedCredentials(query=((spec.name, value),))
        case "cookie":
            return FixedCredentials(headers=(("Cookie", f"{spec.name}={value}"),))
        case _:
            return FixedCredentials(headers=((spec.name, value),))


def _basic(username: str, password: str, scrub: Scrub) -> tuple[str, str]:
    return "Authorization", scrub.learn(basic_value(username, password))
