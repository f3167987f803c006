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
from tallystick.connectors.http.token_file import TokenFile
from tallystick.core.error import AccessError, Unavailable
from tallystick.core.record import UNKNOWN
from tallystick.project.manifest_auth import CsrfFetch, SessionAuth, SessionLogin
from tallystick.project.spelling import rewrite_texts

Exchange = Generator[Request, Response, Response]
_FORM: Final = "application/x-www-form-urlencoded"
_COOKIE: Final = "cookie:"
_SERVER_FAILED: Final = 500
_FORBIDDEN: Final = 403
_REFUSED: Final = 400
_REFRESH: Final = "{refresh}"


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
        self._refresh = ""
        self._file = TokenFile(resolve(spec.keep_in), place) if spec.keep_in else None
        self._opened = 0  # how often; tells whether somebody else has opened it anew meanwhile

    def exchange(self, request: Request) -> Exchange:
        """Send the request in the session; once more in a new one where it has ended.

        Raises:
            AccessError: the session cannot be opened.
        """
        can_open = self._spec.login is not None or self._spec.renew is not None
        if can_open and not self._opened:
            yield from self._open()
        number = self._opened
        response = yield from self._sent(request)
        if response.status in self._spec.ended and can_open:
            if self._opened == number:
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
        headers += self._shown()
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

    def _shown(self) -> list[tuple[str, str]]:
        """Give the header that carries the token, as the request that gave it says, or the other one."""
        ways = (self._spec.login, self._spec.renew)
        way = next((each for each in ways if each is not None and each.header), None)
        return [(way.header, way.value.replace("{token}", self._token))] if way is not None and self._token else []

    def _open(self) -> Generator[Request, Response, None]:
        login, renew = self._spec.login, self._spec.renew
        for token in self._refreshes() if renew is not None else ():
            assert renew is not None  # said above
            response = self._kept((yield self._renewal(renew, token)))
            if _REFUSED <= response.status < _SERVER_FAILED:
                continue
            self._accept(response, renew)
            return
        if login is None:
            hint = "give auth.refresh_token a new one; the last was used, has expired or was revoked"
            raise AccessError("nothing is left to go on with the session", hint=hint, place=f"{self._place}/login")
        self._cookies.clear()
        self._refresh = ""
        response = self._kept((yield self._asked(login, self._resolve, self._fixed)))
        self._accept(response, login)

    def _asked(self, way: SessionLogin, fill: Callable[[str], str], headers: tuple[tuple[str, str], ...]) -> Request:
        body = encode(rewrite_texts(way.body, fill), way.encoding) if way.method != "GET" else None
        kind = _FORM if way.encoding == "form" else "application/json"
        usual = (("Accept", "application/json"), ("Content-Type", kind))
        place = f"{self._place}/login"
        # A token may be good once, so an unclear request with one is not simply sent again.
        is_login = way is self._spec.login
        url = self._address(way.path if is_login else fill(way.path))
        return Request(way.method, url, (*usual, *headers), body, place=place, repeatable=is_login, share="login")

    def _refreshes(self) -> list[str]:
        """Give the tokens that the session may go on with, the newest first; an empty one if it needs none."""
        spec = self._spec
        assert spec.renew is not None  # nobody asks where nothing says how
        if _REFRESH not in f"{spec.renew.path}{spec.renew.body}":
            return [""] if self._opened else []
        kept = self._file.read().decode("utf-8", "replace") if self._file is not None else ""
        first = self._resolve(spec.refresh_token) if spec.refresh_token and not self._opened else ""
        return [self._scrub.learn(token) for token in dict.fromkeys((kept, self._refresh, first)) if token]

    def _renewal(self, renew: SessionLogin, token: str) -> Request:
        def fill(text: str) -> str:
            return self._resolve(text).replace(_REFRESH, token).replace("{token}", self._token)

        # Where a token of its own goes on with the session, the one that ended would only be refused.
        shown = () if token else tuple(self._shown())
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        headers = (*self._fixed, *shown, *((("Cookie", cookies),) if cookies else ()))
        return self._asked(renew, fill, headers)

    def _accept(self, response: Response, way: SessionLogin) -> None:
        place = f"{self._place}/login"
        if response.status >= _SERVER_FAILED:
            raise Unavailable(
                "the login failed", detail=f"status {response.status}", hint="try again later", place=place
            )
        found: Any = said(response, way.token) if way.token else ""
        # Many systems answer a login with a redirect to their first page.
        if response.status >= _REFUSED or found is UNKNOWN or (way.token and not found):
            detail = f"status {response.status}" + ("" if found is not UNKNOWN else f", nothing at '{way.token}'")
            entry = "login" if way is self._spec.login else "renew"
            hint = f"check auth.{entry} and the secrets that it names"
            raise AccessError("the system does not let us in", detail=detail, hint=hint, place=place)
        self._token = self._scrub.learn(str(found))
        refresh: Any = said(response, way.refresh) if way.refresh else ""
        if refresh is not UNKNOWN and refresh and refresh != self._refresh:
            self._refresh = self._scrub.learn(str(refresh))
            if self._file is not None:
                self._file.write(self._refresh)
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
