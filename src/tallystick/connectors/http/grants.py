"""The grants of OAuth 2.0 that need no person while a run lasts: how each asks for its token.

What is remembered between two tokens is in ``kept``; how a client names itself, in ``opening``.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Any, Final

import msgspec

from tallystick.connectors.http.address import origin
from tallystick.connectors.http.kept import KeptToken, OwnerToken, sign_in_hint
from tallystick.connectors.http.message import Request
from tallystick.connectors.http.opening import Opening, ask_token, token_request
from tallystick.connectors.http.tokens import GrantedToken
from tallystick.core.error import ProjectError
from tallystick.project.manifest_auth import ClientCredentialsAuth, JwtBearerAuth, PasswordGrantAuth, RefreshTokenAuth

_JWT_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_COORDINATE: Final = 32  # bytes of one half of a signature by P-256


Spec = ClientCredentialsAuth | PasswordGrantAuth | RefreshTokenAuth | JwtBearerAuth


def open_grant(spec: Spec, opening: Opening) -> GrantedToken:
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
            asked = ask_token(spec, opening, url, {"grant_type": "client_credentials"})
            return GrantedToken(lambda: asked, opening.scrub, opening.timing.now)
        case PasswordGrantAuth():
            owner = OwnerToken(spec, opening, url)
            return GrantedToken(owner.ask, opening.scrub, opening.timing.now, owner.keep, owner.ask_again)
        case RefreshTokenAuth():
            kept = KeptToken(spec, opening, url)
            return GrantedToken(
                kept.ask,
                opening.scrub,
                opening.timing.now,
                kept.keep,
                kept.ask_again,
                kept.lasting,
                sign_in_hint(spec, opening.place),
            )
        case _:
            sign = _signer(spec, opening)
            return GrantedToken(lambda: _jwt_asked(spec, opening, url, sign), opening.scrub, opening.timing.now)


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
    return token_request(url, form, opening.place, [])


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
