"""How a listing is paged, as far as one answer and the address that it came from show.

An address of the next page, or a token for it, is proof. Words in the sample's own address that ask for a page are
taken up as they were written, and are inferred: whether a second page shows others, `tally check` finds out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from tallystick.connectors.describe.openapi_ends import is_token_word, is_total_word
from tallystick.connectors.describe.openapi_params import word_role
from tallystick.connectors.http.links import next_link
from tallystick.connectors.http.message import Response
from tallystick.core.path import read, render
from tallystick.project.manifest_paging import (
    CursorPaging,
    LinkPaging,
    NextUrlPaging,
    NoPaging,
    OffsetPaging,
    PagePaging,
    Paging,
)

_NEXT: Final = (
    ("links", "next"), ("links", "next", "href"), ("_links", "next", "href"), ("@odata.nextLink",), ("d", "__next"),
    ("next",), ("next_page_url",), ("paging", "next"), ("pagination", "next"), ("meta", "next"), ("nextLink",),
)  # fmt: skip
_DEEPEST: Final = 3
_ROLES: Final = ("page", "offset", "cursor", "size")
Shown = Literal["confirmed", "inferred"]


@dataclass(frozen=True, slots=True)
class Found:
    """How the listing is paged, why that is known, and which of its parameters are sent with every call."""

    paging: Paging = field(default_factory=NoPaging)
    because: str = ""
    label: Shown = "confirmed"
    query: Mapping[str, str] = field(default_factory=dict)


def find_paging(answer: Any, response: Response, query: Mapping[str, str], rows: int) -> Found:
    """Find how a listing of ``rows`` records is paged; ``query`` are the parameters of the sample's address."""
    roles: dict[str, str] = {role: name for name in query if (role := word_role(name))}
    size = roles.get("size", "")
    sized: dict[str, Any] = {"size_param": size, "size": int(query[size])} if query.get(size, "").isdecimal() else {}
    told = _by_answer(answer, response, sized)
    if told is not None:
        # What the sample was asked with leads to a next page at all on some systems, so it is sent again.
        return replace(told, query={name: value for name, value in query.items() if name != sized.get("size_param")})
    paging = _by_question(answer, roles, query, sized, find_total(answer, response, rows), rows)
    if paging is None:
        return Found(query=query)
    asked = "&".join(f"{roles[role]}={query[roles[role]]}" for role in _ROLES if role in roles)
    others = {name: value for name, value in query.items() if not word_role(name)}
    return Found(paging, f"the sample was asked for with {asked}", "inferred", others)


def _by_answer(answer: Any, response: Response, sized: dict[str, Any]) -> Found | None:
    if next_link(response.headers.every("link")):
        return Found(LinkPaging(type="link", **sized), "the answer has a Link header")
    address = next((path for path in _NEXT if _is_address(read(answer, path))), None)
    if address is None:
        return None
    where = render(address)
    return Found(NextUrlPaging(type="next_url", next=where, **sized), f"the answer has an address at '{where}'")


def _by_question(
    answer: Any, roles: Mapping[str, str], query: Mapping[str, str], sized: dict[str, Any], total: str, rows: int
) -> Paging | None:
    """Take up what the sample was asked for with: a page, a place, or a token of which the answer has the next."""
    page, offset, token = roles.get("page", ""), roles.get("offset", ""), _token(answer)
    if query.get(page, "").isdecimal():
        return PagePaging(type="page", page_param=page, first=0 if query[page] == "0" else 1, total=total, **sized)
    if query.get(offset, "").isdecimal():
        limit = {"limit_param": sized.get("size_param", ""), "limit": sized.get("size", max(rows, 1))}
        return OffsetPaging(type="offset", offset_param=offset, total=total, **limit)
    if "cursor" in roles and token:
        return CursorPaging(type="cursor", cursor_param=roles["cursor"], next=token, **sized)
    return None


def _is_address(value: Any) -> bool:
    return isinstance(value, str) and (value.startswith(("http://", "https://", "/", "?")) or "?" in value[:200])


def find_total(answer: Any, response: Response, rows: int) -> str:
    """Give where the number of all records stands: in a header or the answer, if it can be that."""
    for name in ("X-Total-Count", "X-Total", "X-WP-Total", "Total-Count", "X-Pagination-Total-Count"):
        if (response.headers.get(name) or "").isdecimal() and int(response.headers.get(name) or 0) >= rows:
            return f"header:{name}"
    found = [
        path for path, value in _inside(answer)
        if is_total_word(path[-1]) and isinstance(value, int) and not isinstance(value, bool) and value >= rows
    ]  # fmt: skip
    return render(found[0]) if found else ""


def _token(answer: Any) -> str:
    """Give where a token for the next page stands."""
    found = [path for path, value in _inside(answer) if is_token_word(path[-1]) and isinstance(value, str) and value]
    return render(found[0]) if found else ""


def _inside(answer: Any, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    if not isinstance(answer, dict) or len(path) >= _DEEPEST:
        return []
    own = [((*path, name), value) for name, value in answer.items() if not isinstance(value, dict | list)]
    return own + [each for name, value in answer.items() for each in _inside(value, (*path, name))]
