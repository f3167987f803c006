"""The WS-Security header: a user name token, in plain or as a digest, and a time stamp."""

import base64
import hashlib
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from lxml import etree

from tallystick.connectors.soap_xml import Element

_HEAD: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
WSSE: Final = f"{_HEAD}wssecurity-secext-1.0.xsd"
WSU: Final = f"{_HEAD}wssecurity-utility-1.0.xsd"
_PROFILE: Final = f"{_HEAD}username-token-profile-1.0"
_BASE64: Final = f"{_HEAD}soap-message-security-1.0#Base64Binary"
_GOOD_FOR_SECONDS: Final = 300


class UserNameToken:
    """Signs messages with a user name. It has no ``repr``: what it holds is secret."""

    __slots__ = ("_digest", "_password", "_stamped", "_username", "_wall")

    def __init__(
        self, username: str, password: str, wall: Callable[[], float], *, digest: bool, timestamp: bool
    ) -> None:
        self._username = username
        self._password = password
        self._wall = wall
        self._digest = digest
        self._stamped = timestamp

    def sign(self, header: Element, envelope_namespace: str) -> None:
        """Add the token to a message's header; each message gets a nonce of its own."""
        now = self._wall()
        security = etree.SubElement(header, f"{{{WSSE}}}Security", nsmap={"wsse": WSSE, "wsu": WSU})
        security.set(f"{{{envelope_namespace}}}mustUnderstand", "1")
        if self._stamped:
            stamp = etree.SubElement(security, f"{{{WSU}}}Timestamp")
            etree.SubElement(stamp, f"{{{WSU}}}Created").text = _spelled(now)
            etree.SubElement(stamp, f"{{{WSU}}}Expires").text = _spelled(now + _GOOD_FOR_SECONDS)
        token = etree.SubElement(security, f"{{{WSSE}}}UsernameToken")
        etree.SubElement(token, f"{{{WSSE}}}Username").text = self._username
        password = etree.SubElement(token, f"{{{WSSE}}}Password")
        password.set("Type", f"{_PROFILE}#{'PasswordDigest' if self._digest else 'PasswordText'}")
        if not self._digest:
            password.text = self._password
            return
        nonce, created = secrets.token_bytes(16), _spelled(now)
        # The digest is the standard's, and it names SHA-1.
        digest = hashlib.sha1(nonce + created.encode() + self._password.encode(), usedforsecurity=False).digest()
        password.text = base64.b64encode(digest).decode()
        element = etree.SubElement(token, f"{{{WSSE}}}Nonce")
        element.set("EncodingType", _BASE64)
        element.text = base64.b64encode(nonce).decode()
        etree.SubElement(token, f"{{{WSU}}}Created").text = created


def _spelled(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
