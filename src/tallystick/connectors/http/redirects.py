"""From one request to its last answer: who may see credentials, and which redirects are followed.

Only reads follow redirects, only to hosts that the manifest allows, and credentials stay at home. A flow of its own,
so it is tested with answers from a list.
"""

from collections.abc import Generator
from typing import Final

from tallystick.connectors.http.address import Hosts, drop_query, follow
from tallystick.connectors.http.auth import Authentication
from tallystick.connectors.http.message import Request, Response
from tallystick.core.error import AccessError, Garbled

MOST_REDIRECTS: Final = 5
_MOVED: Final = frozenset({301, 302, 303, 307, 308})
_STRANGERS_SEE: Final = (("Accept", "application/json"),)


def exchange(request: Request, auth: Authentication, hosts: Hosts) -> Generator[Request, Response, Response]:
    """Send ``request`` with credentials where they belong and follow its redirects.

    Raises:
        AccessError: it would lead to a host that is not allowed.
        Garbled: it is redirected without end.
    """
    here = request
    for _ in range(MOST_REDIRECTS + 1):
        if hosts.is_home(here.url):
            response = yield from auth.exchange(here)
        elif hosts.admits(here.url):
            response = yield here.sent_as(here.url, _STRANGERS_SEE)
        else:
            raise _astray(request, here.url)
        location = response.headers.get("location") if response.status in _MOVED else None
        if not location or not request.is_safe:
            return response
        here = here.sent_as(drop_query(follow(here.url, location), auth.query_names), here.headers)
    raise Garbled(
        f"redirected more than {MOST_REDIRECTS} times",
        hint="correct base_url or the operation's path: it should name the address that answers",
        place=request.place,
    )


def _astray(request: Request, url: str) -> AccessError:
    return AccessError(
        "the system leads to a host that is not allowed",
        detail=url.partition("?")[0][:120],
        hint="if it leads to a sign-in page, the credentials are not accepted; "
        "if the host belongs to the system, add it to network.allow_hosts",
        place=request.place,
    )
