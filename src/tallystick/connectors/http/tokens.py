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
_REFUSED: Final = 400
_SERVER_FAILED: Final = 500


@dataclass(frozen=True, slots=True, repr=False)
class _Token:
    text: str
    # Several exchanges read one shared answer, each at its own moment: the text alone says which token it is.
    renew_at: float = field(compare=False)


class GrantedToken:
    """OAuth 2.0 by whatever grant ``ask`` makes. However many requests need a token, one request fetches it.

    ``told`` is called with each answer that brought a token; the next ``ask`` may differ. Where a request was refused,
    ``ask_again`` may make another one, once. ``lasting`` gives a token that needs no renewal, where there is one;
    ``hint`` says what helps where nothing is accepted any more.
    """

    query_names: frozenset[str] = frozenset()

    def __init__(
        self,
        ask: Callable[[], Request],
        scrub: Scrub,
        now: Callable[[], float],
        told: Callable[[dict[str, Any]], None] = lambda _answer: None,
        ask_again: Callable[[Request], Request | None] = lambda _refused: None,
        lasting: Callable[[], str] = lambda: "",
        hint: str = "",
    ) -> None:
        self._ask = ask
        self._told = told
        self._ask_again = ask_again
        self._lasting = lasting
        self._hint = hint
        self._scrub = scrub
        self._now = now
        self._token: _Token | None = None

    def exchange(self, request: Request) -> Exchange:
        """Send the request with a valid token; fetch one before, and once more if it is not accepted.

        Raises:
            AccessError: the client is refused, or a new token is not accepted either.
        """
        lasting = "" if self._token else self._lasting()
        token = _Token(lasting, float("inf")) if lasting else (yield from self._valid())
        response = yield self._signed(request, token)
        if response.status != _UNAUTHORIZED:
            return response
        if lasting:
            hint = self._hint or "put a new one where auth.keep_in points"
            raise AccessError("the token that was kept is no longer accepted", hint=hint, place=request.place)
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

    @property
    def held(self) -> str:
        """The token in hand; empty where there is none."""
        return self._token.text if self._token else ""

    def forget(self) -> None:
        """Drop the token in hand, because it was refused."""
        self._token = None

    def fetch(self) -> Generator[Request, Response, str]:
        """Give a valid token by itself, for what is not HTTP; raises what ``exchange`` raises."""
        lasting = "" if self._token else self._lasting()
        return lasting or (yield from self._valid()).text

    def _valid(self) -> Generator[Request, Response, _Token]:
        token = self._token
        if token is not None and self._now() < token.renew_at:
            return token
        asked_at = self._now()
        asked = self._ask()
        response = yield asked
        if is_refusal(response) and (again := self._ask_again(asked)) is not None:
            response = yield again
        self._token = self._accept(response, asked_at, asked.place)
        return self._token

    def _signed(self, request: Request, token: _Token) -> Request:
        return request.sent_as(request.url, (*request.headers, ("Authorization", f"Bearer {token.text}")))

    def _accept(self, response: Response, asked_at: float, place: str) -> _Token:
        answer = read_token(response, self._scrub, place, self._hint)
        self._told(answer)
        return _Token(answer["access_token"], asked_at + _life(answer.get("expires_in")))


def is_refusal(response: Response) -> bool:
    """Tell whether a token server understood and said no."""
    return _REFUSED <= response.status < _SERVER_FAILED


def read_token(response: Response, scrub: Scrub, place: str, hint: str = "") -> dict[str, Any]:
    """Give the answer of a token server, which has an ``access_token`` that can be sent.

    Raises:
        AccessError: the server refuses; ``hint`` says what helps where the grant itself is no longer accepted.
        Unavailable: the server failed.
        Garbled: the answer is none.
    """
    answer = as_object(response.body)
    # Some say no with status 200.
    if not response.succeeded or ("error" in answer and "access_token" not in answer):
        raise _refusal(response, answer, scrub, place, hint)
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
    scrub.learn(text)
    return answer


def _refusal(
    response: Response, answer: dict[str, Any], scrub: Scrub, place: str, hint: str
) -> AccessError | Unavailable:
    words = [str(answer[key]) for key in ("error", "error_description") if answer.get(key)]
    detail = scrub(f"status {response.status}" + (f": {': '.join(words)}" if words else ""))
    if response.status >= _SERVER_FAILED:
        return Unavailable(
            "the token server failed", detail=detail, hint="try again later", place=place, status=response.status
        )
    usual = "check what auth names: client, secret, key, refresh token, scopes; one of them may have expired"
    is_over = bool(hint) and answer.get("error") == "invalid_grant"
    return AccessError(
        "the sign-in is no longer accepted" if is_over else "the token server refuses this client",
        detail=detail,
        hint=hint if is_over else usual,
        place=place,
    )


def _life(expires_in: Any) -> float:
    try:
        seconds = float(expires_in)
    except (TypeError, ValueError):
        return float("inf")
    # Zero and nonsense mean that the life is not known: the token serves until it is refused.
    return seconds - min(_MARGIN_SECONDS, seconds / 10) if seconds > 0 else float("inf")


def as_object(body: bytes) -> dict[str, Any]:
    """Read a JSON object; an empty one where there is none."""
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return {}
    return answer if isinstance(answer, dict) else {}
