"""A person signs in for later runs: what the browser is asked with, what comes back, and what is kept of it.

Two ways: a page in a browser that leads back here with a code (RFC 6749, PKCE of RFC 7636), and a code that is typed
on another device (RFC 8628). Flows, as everywhere: nothing here opens a socket or waits by itself.
"""

import base64
import hashlib
import hmac
import os
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from urllib.parse import parse_qs, urlsplit

from tallystick.connectors.http.address import add_query, origin
from tallystick.connectors.http.kept import KeptToken
from tallystick.connectors.http.message import Request, Response
from tallystick.connectors.http.opening import Opening, ask_token
from tallystick.connectors.http.tokens import as_object, read_token
from tallystick.core.error import AccessError, Garbled, ProjectError, Unavailable
from tallystick.project.manifest_auth import RefreshTokenAuth

T = TypeVar("T")
Exchange = Generator[Request, Response, T]
DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
_RANDOM_BYTES: Final = 32
_USUAL_INTERVAL: Final = 5.0  # seconds between two looks where the system names none (RFC 8628 3.2)
_SHORTEST_INTERVAL: Final = 1.0
_SLOWER: Final = 5.0  # seconds that "slow_down" adds (RFC 8628 3.5)
_USUAL_LIFE: Final = 600.0
_SERVER_FAILED: Final = 500
_WAITING: Final = frozenset({"authorization_pending", "slow_down"})


def _random() -> str:
    return base64.urlsafe_b64encode(os.urandom(_RANDOM_BYTES)).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Invitation:
    """One sign-in by a browser: ``address`` is what a person opens; ``verifier`` proves later that we asked."""

    address: str
    redirect_uri: str
    state: str = field(repr=False)
    verifier: str = field(repr=False)

    def is_answered_by(self, query: str) -> bool:
        """Tell whether what came back belongs to this sign-in. A refusal may come without its state."""
        asked = parse_qs(query)
        states = asked.get("state", [])
        if not states:
            return "error" in asked
        return len(states) == 1 and hmac.compare_digest(states[0].encode(), self.state.encode())


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """One sign-in on another device: ``user_code`` is typed at ``address``; ``whole_address`` has it in already."""

    user_code: str
    address: str
    whole_address: str
    interval: float
    ends: float
    """On the clock of the transport, seconds."""
    code: str = field(repr=False)


class SignIn:
    """Signs a person in to one system and keeps what later runs need."""

    def __init__(self, spec: RefreshTokenAuth, opening: Opening, random: Callable[[], str] = _random) -> None:
        self._spec = spec
        self._opening = opening
        self._random = random
        self._url = opening.resolve(spec.token_url)
        self._kept = KeptToken(spec, opening, self._url)

    def invite(self, redirect_uri: str) -> Invitation:
        """Make the address that a person opens; the page leads back to ``redirect_uri``.

        Raises:
            ProjectError: ``auth.authorize_url`` is no address.
        """
        spec, opening = self._spec, self._opening
        state, verifier = self._random(), self._random()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": opening.resolve(spec.client_id),
            "redirect_uri": redirect_uri,
            "scope": " ".join(spec.scopes),
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        asked |= {name: opening.resolve(value) for name, value in spec.authorize_with.items()}
        page = self._address("authorize_url", spec.authorize_url)
        address = add_query(page, [(name, value) for name, value in asked.items() if value])
        return Invitation(address, redirect_uri, state, verifier)

    def finish(self, invitation: Invitation, query: str) -> Exchange[None]:
        """Exchange the code that came back, and keep what it brings.

        Raises:
            AccessError: the sign-in was refused.
            ProjectError: what came back does not belong to this sign-in.
        """
        if not invitation.is_answered_by(query):
            raise ProjectError(
                "this address does not belong to the sign-in under way",
                hint="open the newest address, and give the address where the browser ended",
                place=self._opening.place,
            )
        came = {name: values[0] for name, values in parse_qs(query).items()}
        if "error" in came:
            raise self._refused(came)
        if not came.get("code"):
            raise Garbled("the sign-in page sent no code", hint="check auth.authorize_url", place=self._opening.place)
        form = {
            "grant_type": "authorization_code",
            "code": self._opening.scrub.learn(came["code"]),
            "redirect_uri": invitation.redirect_uri,
            "code_verifier": self._opening.scrub.learn(invitation.verifier),
        }
        asked = ask_token(self._spec, self._opening, self._url, form, scoped=False)
        self._keep((yield asked), asked.place)

    def ask_device(self) -> Exchange[DeviceCode]:
        """Ask for the code that a person types on another device.

        Raises:
            AccessError: the system gives none to this client.
            ProjectError: ``auth.device_url`` is no address.
        """
        spec, opening = self._spec, self._opening
        began = opening.timing.now()
        asked = ask_token(spec, opening, self._address("device_url", spec.device_url), {})
        response = yield asked
        answer = as_object(response.body)
        if not response.succeeded or "error" in answer:
            raise self._refused(answer, f"status {response.status}")
        # Google's name for the address is older than the standard.
        address = _text(answer, "verification_uri") or _text(answer, "verification_url")
        code, user_code = _text(answer, "device_code"), _text(answer, "user_code")
        if not code or not user_code or origin(address) is None:
            raise Garbled(
                "the answer is no code for a device",
                detail=f"it has {', '.join(sorted(answer)[:8]) or 'no JSON object'}",
                hint="check auth.device_url",
                place=opening.place,
            )
        whole = _text(answer, "verification_uri_complete")
        interval = max(_seconds(answer.get("interval"), _USUAL_INTERVAL), _SHORTEST_INTERVAL)
        ends = began + _seconds(answer.get("expires_in"), _USUAL_LIFE)
        whole = whole if origin(whole) is not None else ""
        return DeviceCode(user_code, address, whole, interval, ends, opening.scrub.learn(code))

    def await_device(self, device: DeviceCode) -> Exchange[None]:
        """Look again and again whether the person has signed in; keep what that brings.

        Raises:
            AccessError: it was refused, or nobody signed in before the code expired.
        """
        form = {"grant_type": DEVICE_GRANT, "device_code": device.code}
        asked = ask_token(self._spec, self._opening, self._url, form, scoped=False)
        interval = device.interval
        while self._opening.timing.now() + interval < device.ends:
            response = yield from _unless_lost(asked.later(interval))
            if response is None:
                # The person may be signing in while we cannot see it (RFC 8628 3.5).
                interval *= 2
                continue
            said = str(as_object(response.body).get("error", ""))
            if said not in _WAITING:
                if said == "expired_token":
                    break
                return self._keep(response, asked.place)
            interval += _SLOWER if said == "slow_down" else 0
        raise AccessError(
            "the code expired before anybody signed in",
            hint=f"run `tally login {self._opening.place}` again",
            place=self._opening.place,
        )

    def _keep(self, response: Response, place: str) -> None:
        answer = read_token(response, self._opening.scrub, place)
        if self._kept.keep_sign_in(answer):
            return
        raise AccessError(
            "the system gave no refresh token, so the sign-in would end with this one token",
            hint="ask for one: in auth.scopes (often offline_access), or in auth.authorize_with",
            place=self._opening.place,
        )

    def _address(self, entry: str, text: str) -> str:
        address = self._opening.resolve(text)
        if origin(address) is None or urlsplit(address).fragment:
            raise ProjectError(
                f"auth.{entry} is not an address", hint="write the whole https address", place=self._opening.place
            )
        return address

    def _refused(self, answer: dict[str, Any], *more: str) -> AccessError:
        words = [*more, *(str(answer[key]) for key in ("error", "error_description") if answer.get(key))]
        return AccessError(
            "the sign-in was refused",
            detail=self._opening.scrub(": ".join(words)),
            hint="sign in again and agree, or check what auth names: client, scopes, redirect_uri",
            place=self._opening.place,
        )


def _unless_lost(asked: Request) -> Exchange[Response | None]:
    try:
        response = yield asked
    except Unavailable:
        return None
    return response if response.status < _SERVER_FAILED else None


def _text(answer: dict[str, Any], name: str) -> str:
    found = answer.get(name)
    return found if isinstance(found, str) else ""


def _seconds(said: Any, usual: float) -> float:
    try:
        seconds = float(said)
    except (TypeError, ValueError):
        return usual
    return seconds if 0 < seconds < float("inf") else usual
