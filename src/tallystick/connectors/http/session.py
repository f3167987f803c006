"""Sessions: opened by a request, kept in cookies, with a token against forged requests where a system wants one.

However many requests need the session, one opens it. A refusal for want of a session or token changed nothing, so the
request is sent once more with new ones.
"""

from collections.abc import Callable, Generator
from typing import Any, Final

from tallystick.connectors.http.address import add_path
from tallystick.connectors.http.body import encode
from tallystick.connectors.http.message import Request, Response
from tallystick.connectors.http.paging import said
from tallystick.connectors.http.scrub import Scrub
from tallystick.core.error import AccessError, Unavailable
from tallystick.core.record import UNKNOWN
from tallystick.project.manifest_auth import CsrfFetch, SessionAuth
from tallystick.project.spelling import rewrite_texts

Exchange = Generator[Request, Response, Response]
_FORM: Final = "application/x-www-form-urlencoded"
_COOKIE: Final = "cookie:"
_SERVER_FAILED: Final = 500
_FORBIDDEN: Final = 403


class Session:
    """A session of one system."""

    query_names: frozenset[str] = frozenset()

    def __init__(
        self,
        spec: SessionAuth,
        base_url: str,
        fixed: tuple[tuple[str, str], ...],
        resolve: Callable[[str], str],
        scrub: Scrub,
        place: str,
    ) -> None:
        self._spec = spec
        self._base_url = base_url
        self._fixed = fixed
        self._resolve = resolve
        self._scrub = scrub
        self._place = place
        self._cookies: dict[str, str] = {}
        self._token = ""
        self._csrf = ""
        self._opened = 0  # how often; tells whether somebody else has opened it anew meanwhile

    def exchange(self, request: Request) -> Exchange:
        """Send the request in the session; once more in a new one where it has ended.

        Raises:
            AccessError: the session cannot be opened.
        """
        if self._spec.login is not None and not self._opened:
            yield from self._open()
        number = self._opened
        response = yield from self._sent(request)
        if response.status in self._spec.ended and self._spec.login is not None:
            if self._opened == number:
                self._cookies.clear()
                self._csrf = ""
                yield from self._open()
            response = yield from self._sent(request)
        return response

    def _sent(self, request: Request) -> Exchange:
        csrf = self._spec.csrf
        if csrf is None or request.is_safe:
            return self._kept((yield self._signed(request)))
        if not self._csrf:
            yield from self._fetch(csrf)
        used = self._csrf
        response = self._kept((yield self._signed(request, ((csrf.header, used),))))
        if response.status != _FORBIDDEN or not _wants_token(response, csrf):
            return response
        if self._csrf == used:
            yield from self._fetch(csrf)
        return self._kept((yield self._signed(request, ((csrf.header, self._csrf),))))

    def _signed(self, request: Request, more: tuple[tuple[str, str], ...] = ()) -> Request:
        headers = [*request.headers, *self._fixed, *more]
        login = self._spec.login
        if login is not None and login.header and self._token:
            headers.append((login.header, login.value.replace("{token}", self._token)))
        if self._cookies:
            headers.append(("Cookie", "; ".join(f"{name}={value}" for name, value in self._cookies.items())))
        return request.sent_as(request.url, tuple(headers))

    def _kept(self, response: Response) -> Response:
        for line in response.headers.every("set-cookie"):
            first, *attributes = line.split(";")
            name, _, value = first.strip().partition("=")
            is_over = any(each.strip().lower() in {"max-age=0", "max-age=-1"} for each in attributes)
            if is_over or not value:
                self._cookies.pop(name, None)
            elif name:
                self._cookies[name] = self._scrub.learn(value)
        return response

    def _address(self, path: str) -> str:
        path = self._resolve(path)
        return path if "://" in path else add_path(self._base_url, path)

    def _open(self) -> Generator[Request, Response, None]:
        login = self._spec.login
        assert login is not None  # nobody opens a session where nothing says how
        body = encode(rewrite_texts(login.body, self._resolve), login.encoding) if login.method != "GET" else None
        kind = _FORM if login.encoding == "form" else "application/json"
        headers = (("Accept", "application/json"), ("Content-Type", kind), *self._fixed)
        place = f"{self._place}/login"
        asked = Request(
            login.method, self._address(login.path), headers, body, place=place, repeatable=True, share="login"
        )
        response = self._kept((yield asked))
        if response.status >= _SERVER_FAILED:
            raise Unavailable(
                "the login failed", detail=f"status {response.status}", hint="try again later", place=place
            )
        found: Any = said(response, login.token) if login.token else ""
        # Many systems answer a login with a redirect to their first page.
        if response.status >= 400 or found is UNKNOWN or (login.token and not found):  # noqa: PLR2004 - refusals
            detail = f"status {response.status}" + ("" if found is not UNKNOWN else f", nothing at '{login.token}'")
            hint = "check auth.login and the secrets that it names"
            raise AccessError("the system does not let us in", detail=detail, hint=hint, place=place)
        self._token = self._scrub.learn(str(found))
        self._opened += 1

    def _fetch(self, csrf: CsrfFetch) -> Generator[Request, Response, None]:
        asked = Request(
            "GET",
            self._address(csrf.path),
            (("Accept", "application/json"), (csrf.header, "Fetch")),
            place=f"{self._place}/csrf",
            share="csrf",
        )
        response = self._kept((yield self._signed(asked)))
        place = csrf.found or f"header:{csrf.header}"
        if place.startswith(_COOKIE):
            found: Any = self._cookies.get(place.removeprefix(_COOKIE).strip(), UNKNOWN)
        else:
            found = said(response, place)
        if found is UNKNOWN or not found:
            raise AccessError(
                "no token against forged requests was given",
                detail=f"status {response.status}, nothing at '{place}'",
                hint="check auth.csrf",
                place=asked.place,
            )
        self._csrf = self._scrub.learn(str(found))


def _wants_token(response: Response, csrf: CsrfFetch) -> bool:
    asked = response.headers.get(csrf.header) or ""
    return asked.lower() == "required" or b"csrf" in response.body[:4000].lower()
