"""How a token is asked for: what a grant is opened with, and the request in which a client names itself."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote_plus, urlencode

from tallystick.connectors.http.limits import Timing
from tallystick.connectors.http.message import Request
from tallystick.connectors.http.scrub import Scrub
from tallystick.core.error import ProjectError
from tallystick.project.manifest_auth import ClientCredentialsAuth, PasswordGrantAuth, RefreshTokenAuth

_GOOD_ONCE: Final = frozenset({"authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"})
Asking = ClientCredentialsAuth | PasswordGrantAuth | RefreshTokenAuth


@dataclass(frozen=True, slots=True, repr=False)
class Opening:
    """What a grant is opened with: ``secret`` resolves a reference and refuses what cannot be sent."""

    resolve: Callable[[str], str]
    secret: Callable[[str], str]
    scrub: Scrub
    timing: Timing
    place: str


def open_with(resolve: Callable[[str], str], scrub: Scrub, timing: Timing, place: str) -> Opening:
    """Give what a grant is opened with; its ``secret`` raises ``ProjectError`` for what is empty or breaks a line."""

    def secret(reference: str) -> str:
        value = scrub.learn(resolve(reference))
        if not value or "\n" in value or "\r" in value:
            raise ProjectError(
                "a secret is empty or has a line break", hint="check the secrets that auth names", place=place
            )
        return value

    return Opening(resolve, secret, scrub, timing, place)


def basic_value(username: str, password: str) -> str:
    """Spell a user name and a password for HTTP basic."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def ask_token(spec: Asking, opening: Opening, url: str, form: dict[str, str], *, scoped: bool = True) -> Request:
    """Make the request for a token by the grant that ``form`` spells; the client names itself as the manifest says."""
    if spec.scopes and scoped:
        form["scope"] = " ".join(spec.scopes)
    form |= {name: opening.resolve(value) for name, value in spec.extra.items()}
    client = opening.resolve(spec.client_id)
    headers: list[tuple[str, str]] = []
    if not spec.client_secret:
        form |= {"client_id": client} if client else {}
    elif spec.send_in == "body":
        form |= {"client_id": client, "client_secret": opening.secret(spec.client_secret)}
    else:
        # RFC 6749 2.3.1: both are form-encoded before they are joined.
        joined = basic_value(quote_plus(client), quote_plus(opening.secret(spec.client_secret)))
        headers.append(("Authorization", opening.scrub.learn(joined)))
    return token_request(url, form, opening.place, headers)


def token_request(url: str, form: dict[str, str], place: str, headers: list[tuple[str, str]]) -> Request:
    """Make the request of a form; those under way at once are sent once."""
    usual = (("Accept", "application/json"), ("Content-Type", "application/x-www-form-urlencoded"))
    body = urlencode(form).encode()
    # A code or a refresh token may be good once, so an unclear request for a token is not simply sent again.
    is_repeatable = form.get("grant_type") not in _GOOD_ONCE
    return Request(
        "POST", url, (*usual, *headers), body, place=f"{place}/token", repeatable=is_repeatable, share="token"
    )
