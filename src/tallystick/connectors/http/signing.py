"""Credentials that are worked out for each request: digests of a password, and signatures with a shared key."""

import base64
import hashlib
import hmac
import os
import re
from collections.abc import Callable, Generator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from tallystick.connectors.http.message import Request, Response
from tallystick.project.manifest_auth import HmacAuth

Exchange = Generator[Request, Response, Response]
_UNAUTHORIZED: Final = 401
_PARAMETER: Final = re.compile(r'([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))')
_HASHES: Final = {"MD5": "md5", "MD5-SESS": "md5", "SHA-256": "sha256", "SHA-256-SESS": "sha256"}
_MARK: Final = re.compile(r"\{(\w+)\}")


class Digest:
    """HTTP digest (RFC 7616). A challenge serves until the server gives another one."""

    query_names: frozenset[str] = frozenset()

    def __init__(self, username: str, password: str) -> None:
        self._username = username
        self._password = password
        self._challenge: dict[str, str] = {}
        self._count = 0

    def exchange(self, request: Request) -> Exchange:
        """Send the request with an answer to the known challenge; once more to a new one. A 401 changed nothing."""
        response = yield self._answered(request) if self._challenge else request
        for _ in range(2):
            challenge = _challenge(response) if response.status == _UNAUTHORIZED else None
            if challenge is None or (challenge.get("nonce") == self._challenge.get("nonce") and self._count > 1):
                return response
            self._challenge, self._count = challenge, 0
            response = yield self._answered(request)
            if (_challenge(response) or {}).get("stale", "").lower() != "true":
                return response
        return response

    def _answered(self, request: Request) -> Request:
        asked = self._challenge
        self._count += 1
        algorithm = asked.get("algorithm", "MD5")
        parts = urlsplit(request.url)
        uri = parts.path + (f"?{parts.query}" if parts.query else "")
        count, own = f"{self._count:08x}", os.urandom(8).hex()
        realm, nonce = asked.get("realm", ""), asked.get("nonce", "")

        def digest(text: str) -> str:
            return hashlib.new(_HASHES[algorithm.upper()], text.encode(), usedforsecurity=False).hexdigest()

        who = digest(f"{self._username}:{realm}:{self._password}")
        if algorithm.upper().endswith("-SESS"):
            who = digest(f"{who}:{nonce}:{own}")
        what = digest(f"{request.method}:{uri}")
        said = {"username": self._username, "realm": realm, "nonce": nonce, "uri": uri}
        bare = {"algorithm": algorithm} if "algorithm" in asked else {}
        if "qop" in asked:
            said["response"] = digest(f"{who}:{nonce}:{count}:{own}:auth:{what}")
            said["cnonce"] = own
            bare |= {"qop": "auth", "nc": count}
        else:
            said["response"] = digest(f"{who}:{nonce}:{what}")
        if "opaque" in asked:
            said["opaque"] = asked["opaque"]
        quoted = [f'{name}="{_escaped(value)}"' for name, value in said.items()]
        value = "Digest " + ", ".join([*quoted, *(f"{name}={value}" for name, value in bare.items())])
        return request.sent_as(request.url, (*request.headers, ("Authorization", value)))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _challenge(response: Response) -> dict[str, str] | None:
    """Read the strongest challenge that can be answered; ``None`` where there is none."""
    found: list[dict[str, str]] = []
    for value in response.headers.every("www-authenticate"):
        for part in re.split(r"(?i)(?:^|,\s*)digest\s+", value)[1:]:
            pairs = {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(part)}
            ways = {way.strip().lower() for way in pairs.get("qop", "auth").split(",")}
            if pairs.get("algorithm", "MD5").upper() in _HASHES and "auth" in ways and pairs.get("nonce"):
                found.append(pairs)
    return max(found, key=lambda each: "256" in each.get("algorithm", ""), default=None)


class Signed:
    """Signs each request with a shared key, as the manifest spells it."""

    query_names: frozenset[str] = frozenset()

    def __init__(self, spec: HmacAuth, key_id: str, key: str, wall: Callable[[], float]) -> None:
        self._spec = spec
        self._key_id = key_id
        self._key = key.encode()
        self._wall = wall

    def exchange(self, request: Request) -> Exchange:
        """Send the request, signed when it leaves."""
        return (yield replace(request, signing=self._sign))

    def _sign(self, request: Request) -> Request:
        spec = self._spec
        stamp = self._timestamp()
        parts = urlsplit(request.url)
        body = request.body or b""
        known = {
            "method": request.method.encode(),
            "url": request.url.encode(),
            "host": parts.netloc.encode(),
            "path": (parts.path or "/").encode(),
            "query": parts.query.encode(),
            "timestamp": stamp.encode(),
            "key_id": self._key_id.encode(),
            "body": body,
            "body_sha256": hashlib.sha256(body).hexdigest().encode(),
            "body_md5": hashlib.md5(body, usedforsecurity=False).hexdigest().encode(),
        }
        # Taken together in bytes: a body need not be text.
        text = b"".join(
            known.get(piece, f"{{{piece}}}".encode()) if at % 2 else piece.encode()
            for at, piece in enumerate(_MARK.split(spec.sign))
        )
        raw = hmac.new(self._key, text, spec.algorithm).digest()
        signature = raw.hex() if spec.encoding == "hex" else base64.b64encode(raw).decode()
        filled = {"signature": signature, "key_id": self._key_id, "timestamp": stamp}
        value = _MARK.sub(lambda found: filled.get(found[1], found[0]), spec.value)
        headers = [*request.headers, (spec.header, value)]
        if spec.timestamp_header:
            headers.append((spec.timestamp_header, stamp))
        return request.sent_as(request.url, tuple(headers))

    def _timestamp(self) -> str:
        now = self._wall()
        if self._spec.timestamp == "iso":
            return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return str(int(now * 1000 if self._spec.timestamp == "unix_ms" else now))
