"""What is remembered from one token to the next: the refresh token in use, and the file that keeps it.

A refresh token that changes with every use is kept at once, because the old one is worth nothing then. A system that
gives no refresh token and names no end gives a token that lasts: that one is kept instead.
"""

from typing import Any, Final

import msgspec

from tallystick.connectors.http.message import Request
from tallystick.connectors.http.opening import Opening, ask_token
from tallystick.connectors.http.token_file import TokenFile
from tallystick.core.error import AccessError, ProjectError
from tallystick.project.manifest_auth import PasswordGrantAuth, RefreshTokenAuth

_LASTING: Final = b'{"access_token":'


def sign_in_hint(spec: RefreshTokenAuth, place: str) -> str:
    """Say what lets us in again where a token is missing or no longer accepted; empty where no person can sign in."""
    return f"run `tally login {place}`" if spec.authorize_url or spec.device_url else ""


def refresh_form(token: str) -> dict[str, str]:
    """Spell the grant of a refresh token."""
    return {"grant_type": "refresh_token", "refresh_token": token}


class OwnerToken:
    """Tokens for a user name and a password; by the refresh token of the last answer where it had one."""

    def __init__(self, spec: PasswordGrantAuth, opening: Opening, url: str) -> None:
        self._spec = spec
        self._opening = opening
        self._url = url
        self._refresh = ""

    def ask(self) -> Request:
        """Make the request for the next token."""
        spec, opening = self._spec, self._opening
        if self._refresh:
            return ask_token(spec, opening, self._url, refresh_form(self._refresh))
        own = {"username": opening.resolve(spec.username), "password": opening.secret(spec.password)}
        return ask_token(spec, opening, self._url, {"grant_type": "password"} | own)

    def ask_again(self, refused: Request) -> Request | None:
        """Make another request where this one was refused: a refresh token may have expired, the password not."""
        if refused.body == self.ask().body:
            self._refresh = ""
        asked = self.ask()
        return asked if asked.body != refused.body else None

    def keep(self, answer: dict[str, Any]) -> None:
        """Remember the refresh token of an answer, if it has one."""
        token = answer.get("refresh_token")
        if isinstance(token, str) and token:
            self._refresh = self._opening.scrub.learn(token)


class KeptToken:
    """The refresh token in use: from the last answer, the file that keeps it, or the manifest."""

    def __init__(self, spec: RefreshTokenAuth, opening: Opening, url: str) -> None:
        self._spec = spec
        self._opening = opening
        self._url = url
        self._file = TokenFile(opening.resolve(spec.keep_in), opening.place) if spec.keep_in else None
        self._token = ""
        if (spec.code or spec.authorize_url or spec.device_url) and self._file is None:
            raise ProjectError(
                "a sign-in is good once, so the refresh token that it brings must be kept",
                hint="auth.keep_in: a file that only its owner can read",
                place=opening.place,
            )
        if not (spec.code or spec.refresh_token or self._file):
            raise ProjectError(
                "no refresh token is named", hint="auth.refresh_token, or auth.code", place=opening.place
            )

    def ask(self) -> Request:
        """Make the request for the next token.

        Raises:
            AccessError: nobody has signed in yet.
        """
        spec, opening = self._spec, self._opening
        # Another process may have renewed it: some systems revoke all tokens when an old one comes back.
        token = self._in_file() or self._token
        if token:
            return ask_token(spec, opening, self._url, refresh_form(token))
        if spec.code:
            form = {"grant_type": "authorization_code", "code": opening.secret(spec.code)}
            more = {"redirect_uri": spec.redirect_uri, "code_verifier": spec.code_verifier}
            form |= {name: opening.resolve(value) for name, value in more.items() if value}
            return ask_token(spec, opening, self._url, form)
        if spec.refresh_token:
            return ask_token(spec, opening, self._url, refresh_form(opening.secret(spec.refresh_token)))
        raise AccessError(
            "nobody has signed in to this system yet",
            detail="auth.keep_in has no token",
            hint=sign_in_hint(spec, opening.place) or "auth.refresh_token, or auth.code",
            place=opening.place,
        )

    def ask_again(self, refused: Request) -> Request | None:
        """Make another request where this one was refused: another process may have kept a newer token meanwhile."""
        there = self._in_file()
        asked = ask_token(self._spec, self._opening, self._url, refresh_form(there))
        return asked if there and asked.body != refused.body else None

    def lasting(self) -> str:
        """Give the token that was kept because it lasts; empty where there is none."""
        text = self._file.read() if self._file is not None and not self._token else b""
        if not text.startswith(_LASTING):
            return ""
        try:
            token = msgspec.json.decode(text, type=dict[str, str])["access_token"]
        except (msgspec.DecodeError, KeyError):
            return ""
        return self._opening.scrub.learn(token)

    def keep(self, answer: dict[str, Any]) -> None:
        """Keep the refresh token of an answer, if it has a new one."""
        token = answer.get("refresh_token")
        if not isinstance(token, str) or not token or token == self._token:
            return
        self._token = self._opening.scrub.learn(token)
        if self._file is not None:
            self._file.write(token)

    def keep_sign_in(self, answer: dict[str, Any]) -> bool:
        """Keep what the answer to a sign-in brings for later runs; tells whether it brings anything."""
        if answer.get("refresh_token"):
            self.keep(answer)
            return True
        token = self._opening.scrub.learn(str(answer["access_token"]))
        if self._file is None or answer.get("expires_in"):
            return False
        self._file.write(msgspec.json.encode({"access_token": token}).decode())
        return True

    def _in_file(self) -> str:
        text = self._file.read() if self._file is not None else b""
        return "" if text.startswith(_LASTING) else self._opening.scrub.learn(text.decode("utf-8", "replace"))
