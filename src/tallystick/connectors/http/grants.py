"""The grants of OAuth 2.0 that need no person while a run lasts: how each asks for its token.

A refresh token that changes with every use is kept in a file at once, because the old one is worth nothing then.
"""

import base64
import hashlib
import hmac
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote_plus, urlencode

import msgspec

from tallystick.connectors.http.address import origin
from tallystick.connectors.http.limits import Timing
from tallystick.connectors.http.message import Request
from tallystick.connectors.http.scrub import Scrub
from tallystick.connectors.http.tokens import GrantedToken
from tallystick.core.error import ProjectError
from tallystick.project.manifest_auth import ClientCredentialsAuth, JwtBearerAuth, RefreshTokenAuth

_JWT_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_COORDINATE: Final = 32  # bytes of one half of a signature by P-256


@dataclass(frozen=True, slots=True, repr=False)
class Opening:
    """What a grant is opened with: ``secret`` resolves a reference and refuses what cannot be sent."""

    resolve: Callable[[str], str]
    secret: Callable[[str], str]
    scrub: Scrub
    timing: Timing
    place: str


def basic_value(username: str, password: str) -> str:
    """Spell a user name and a password for HTTP basic."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def open_grant(spec: ClientCredentialsAuth | RefreshTokenAuth | JwtBearerAuth, opening: Opening) -> GrantedToken:
    """Make what fetches tokens by the grant that a manifest names.

    Raises:
        ProjectError: a secret is missing or cannot be used.
    """
    url = opening.resolve(spec.token_url)
    if origin(url) is None:
        raise ProjectError(
            "auth.token_url is not an address", hint="write the whole https address", place=opening.place
        )
    match spec:
        case ClientCredentialsAuth():
            asked = _asked(spec, opening, url, {"grant_type": "client_credentials"})
            return GrantedToken(lambda: asked, opening.scrub, opening.timing.now)
        case RefreshTokenAuth():
            kept = _Kept(spec, opening)
            return GrantedToken(
                lambda: _asked(spec, opening, url, kept.form()), opening.scrub, opening.timing.now, kept.keep
            )
        case _:
            sign = _signer(spec, opening)
            return GrantedToken(lambda: _jwt_asked(spec, opening, url, sign), opening.scrub, opening.timing.now)


def _asked(spec: ClientCredentialsAuth | RefreshTokenAuth, opening: Opening, url: str, form: dict[str, str]) -> Request:
    if spec.scopes:
        form["scope"] = " ".join(spec.scopes)
    form |= {name: opening.resolve(value) for name, value in spec.extra.items()}
    client = opening.resolve(spec.client_id)
    headers: list[tuple[str, str]] = []
    if not spec.client_secret:
        form["client_id"] = client
    elif spec.send_in == "body":
        form |= {"client_id": client, "client_secret": opening.secret(spec.client_secret)}
    else:
        # RFC 6749 2.3.1: both are form-encoded before they are joined.
        joined = basic_value(quote_plus(client), quote_plus(opening.secret(spec.client_secret)))
        headers.append(("Authorization", opening.scrub.learn(joined)))
    return _token_request(url, form, opening.place, headers)


def _token_request(url: str, form: dict[str, str], place: str, headers: list[tuple[str, str]]) -> Request:
    usual = (("Accept", "application/json"), ("Content-Type", "application/x-www-form-urlencoded"))
    body = urlencode(form).encode()
    # A code or a refresh token may be good once, so an unclear request for a token is not simply sent again.
    is_repeatable = form["grant_type"] not in {"authorization_code", "refresh_token"}
    return Request(
        "POST", url, (*usual, *headers), body, place=f"{place}/token", repeatable=is_repeatable, share="token"
    )


class _Kept:
    """The refresh token in use: from the file that keeps it, the manifest, or the last answer."""

    def __init__(self, spec: RefreshTokenAuth, opening: Opening) -> None:
        self._spec = spec
        self._opening = opening
        self._file = Path(opening.resolve(spec.keep_in)).expanduser() if spec.keep_in else None
        self._token = ""
        if spec.code and self._file is None:
            raise ProjectError(
                "a code is good once, so the refresh token that it brings must be kept",
                hint="auth.keep_in: a file that only its owner can read",
                place=opening.place,
            )
        if not (spec.code or spec.refresh_token or self._file):
            raise ProjectError(
                "no refresh token is named", hint="auth.refresh_token, or auth.code", place=opening.place
            )

    def form(self) -> dict[str, str]:
        """Give the form that asks for the next token."""
        spec, opening = self._spec, self._opening
        token = self._token or self._in_file()
        if not token and spec.code:
            form = {"grant_type": "authorization_code", "code": opening.secret(spec.code)}
            more = {"redirect_uri": spec.redirect_uri, "code_verifier": spec.code_verifier}
            return form | {name: opening.resolve(value) for name, value in more.items() if value}
        return {"grant_type": "refresh_token", "refresh_token": token or opening.secret(spec.refresh_token)}

    def keep(self, answer: dict[str, Any]) -> None:
        """Keep the refresh token of an answer, if it has a new one."""
        token = answer.get("refresh_token")
        if not isinstance(token, str) or not token or token == self._token:
            return
        self._token = self._opening.scrub.learn(token)
        if self._file is not None:
            self._write(self._file, token)

    def _in_file(self) -> str:
        try:
            token = self._file.read_text(encoding="utf-8").strip() if self._file is not None else ""
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise ProjectError(
                f"auth.keep_in cannot be read: {error.strerror}", hint="check its rights", place=self._opening.place
            ) from error
        return self._opening.scrub.learn(token)

    def _write(self, file: Path, token: str) -> None:
        beside = file.with_name(file.name + ".new")
        try:
            beside.touch(mode=0o600)
            with beside.open("w", encoding="utf-8") as stream:
                stream.write(token)
                stream.flush()
                os.fsync(stream.fileno())
            beside.replace(file)
        except OSError as error:
            raise ProjectError(
                f"auth.keep_in cannot be written: {error.strerror}",
                hint="check its rights: without it the new refresh token is lost, and the old one may be worth nothing",
                place=self._opening.place,
            ) from error


Signer = Callable[[bytes], bytes]


def _jwt_asked(spec: JwtBearerAuth, opening: Opening, url: str, sign: Signer) -> Request:
    issued = int(opening.timing.wall())
    head = {"alg": spec.algorithm, "typ": "JWT"} | ({"kid": opening.resolve(spec.key_id)} if spec.key_id else {})
    claims: dict[str, Any] = {
        "iss": opening.resolve(spec.issuer),
        "aud": opening.resolve(spec.audience) or url,
        "iat": issued,
        "exp": issued + spec.lifetime_seconds,
    }
    if spec.subject:
        claims["sub"] = opening.resolve(spec.subject)
    if spec.scopes:
        claims["scope"] = " ".join(spec.scopes)
    claims |= {name: opening.resolve(value) for name, value in spec.claims.items()}
    text = b".".join(_base64url(msgspec.json.encode(part)) for part in (head, claims))
    assertion = b".".join((text, _base64url(sign(text)))).decode()
    form = {"grant_type": _JWT_GRANT, "assertion": opening.scrub.learn(assertion)}
    form |= {name: opening.resolve(value) for name, value in spec.extra.items()}
    return _token_request(url, form, opening.place, [])


def _base64url(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def _signer(spec: JwtBearerAuth, opening: Opening) -> Signer:
    if spec.algorithm == "HS256":
        shared = opening.secret(spec.key).encode()
        return lambda text: hmac.new(shared, text, hashlib.sha256).digest()
    pem = opening.scrub.learn(opening.resolve(spec.key))
    try:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    except ImportError as cause:
        raise ProjectError(
            "keys cannot be used for signing", hint="install the package 'cryptography'", place=opening.place
        ) from cause
    try:
        key = load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError) as cause:
        raise ProjectError(
            "auth.key is no private key in PEM without a password", hint="check the reference", place=opening.place
        ) from cause
    if spec.algorithm == "RS256" and isinstance(key, rsa.RSAPrivateKey):
        return lambda text: key.sign(text, padding.PKCS1v15(), hashes.SHA256())
    if spec.algorithm == "ES256" and isinstance(key, ec.EllipticCurvePrivateKey):

        def sign(text: bytes) -> bytes:
            first, second = decode_dss_signature(key.sign(text, ec.ECDSA(hashes.SHA256())))
            return first.to_bytes(_COORDINATE, "big") + second.to_bytes(_COORDINATE, "big")

        return sign
    raise ProjectError(
        f"auth.key does not fit {spec.algorithm}", hint="correct auth.algorithm or the key", place=opening.place
    )
