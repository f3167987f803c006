"""Tokens of OAuth 2.0 as generators: fetched when they are needed, renewed early, fetched anew when refused.

Secrets leave only in requests: nothing here has them in its ``repr`` or in a message.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from tallystick.connectors.http.message import Request, Response
from tallystick.connectors.http.scrub import Scrub
from tallystick.core.error import AccessError, Garbled, Unavailable

Exchange = Generator[Request, Response, Response]
_MARGIN_SECONDS: Final = 60  # a token is renewed this early, or a tenth of its life if that is less
_UNAUTHORIZED: Final = 401
_SERVER_FAILED: Final = 500


@dataclass(frozen=True, slots=True, repr=False)
class _Token:
    text: str
    # Several exchanges read one shared answer, each at its own moment: the text alone says which token it is.
    renew_at: float = field(compare=False)


class GrantedToken:
    """OAuth 2.0 by whatever grant ``ask`` makes. However many requests need a token, one request fetches it.

    ``told`` is called with each answer that brought a token; the next ``ask`` may differ.
    """

    query_names: frozenset[str] = frozenset()

    def __init__(
        self,
        ask: Callable[[], Request],
        scrub: Scrub,
        now: Callable[[], float],
        told: Callable[[dict[str, Any]], None] = lambda _answer: None,
    ) -> None:
        self._ask = ask
        self._told = told
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
        asked = self._ask()
        response = yield asked
        self._token = self._accept(response, asked_at, asked.place)
        return self._token

    def _signed(self, request: Request, token: _Token) -> Request:
        return request.sent_as(request.url, (*request.headers, ("Authorization", f"Bearer {token.text}")))

    def _accept(self, response: Response, asked_at: float, place: str) -> _Token:
        answer = _as_object(response.body)
        if not response.succeeded:
            raise self._refusal(response, answer, place)
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
        self._told(answer)
        return _Token(text, asked_at + _life(answer.get("expires_in")))

    def _refusal(self, response: Response, answer: dict[str, Any], place: str) -> AccessError | Unavailable:
        words = [str(answer[key]) for key in ("error", "error_description") if answer.get(key)]
        detail = self._scrub(f"status {response.status}" + (f": {': '.join(words)}" if words else ""))
        if response.status >= _SERVER_FAILED:
            return Unavailable(
                "the token server failed", detail=detail, hint="try again later", place=place, status=response.status
            )
        return AccessError(
            "the token server refuses this client",
            detail=detail,
            hint="check what auth names: client, secret, key, refresh token, scopes; one of them may have expired",
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
