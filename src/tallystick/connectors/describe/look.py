"""What an address shows of a system of which nothing else is known: a description, a listing, or further addresses.

Pure: where to look in which order, and what an answer is. Who asks decides how often.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import urljoin, urlsplit

from tallystick.core.record import UNKNOWN, decode_raw

Kind = Literal["openapi", "postman", "wsdl", "odata", "graphql", "listing", "addresses", ""]
# Where programs and their frameworks put the description of what they offer.
_PLACES: Final = (
    "openapi.json", "openapi.yaml", "swagger.json", "swagger/v1/swagger.json", "v3/api-docs", "v2/api-docs",
    "api-docs", "api-json", "api/openapi.json", "api/swagger.json", "api/schema/", "schema/", "docs/openapi.json",
    "openapi.yml", "swagger.yaml", "openapi", "api/v1/openapi.json", "api/docs.json", "docs.json", "server/specs/oas",
    ".well-known/openapi.json", ".well-known/api-catalog", "swagger/doc.json", "docs", "swagger", "redoc",
    "$metadata", "?wsdl", "graphql",
)  # fmt: skip
_MOST_ADDRESSES: Final = 25
_DEEPEST: Final = 3
_IN_PAGES: Final = re.compile(
    r"""(?:spec-?url|configurl|\burl)["']?\s*[:=]\s*["']([^"'<>\s]+)["']|href=["']([^"'<>\s]+\.(?:json|ya?ml|wsdl))["']""",
    re.IGNORECASE,
)
_YAML: Final = re.compile(r"^(?:openapi|swagger)['\"]?\s*:\s*['\"]?[23]", re.MULTILINE)
_TEMPLATE: Final = re.compile(r"\{[^}]*\}")
_SELF: Final = frozenset({"self", "first", "last", "next", "prev", "previous", "profile", "curies"})


@dataclass(frozen=True, slots=True)
class Shown:
    """What an answer is. ``addresses`` are further places that it names, on the same host."""

    kind: Kind
    addresses: tuple[str, ...] = ()


def places(base_url: str) -> list[str]:
    """Give the addresses at which a system may describe itself, the likeliest first; none twice."""
    base = base_url.rstrip("/")
    root = "{0.scheme}://{0.netloc}".format(urlsplit(base))
    found = [base_url]
    for start in dict.fromkeys((base, root)):
        found += [start + place if place.startswith("?") else f"{start}/{place}" for place in _PLACES]
    return list(dict.fromkeys(found))


def recognise(url: str, status: int, body: bytes) -> Shown:
    """Say what an answer from ``url`` is; an empty kind for nothing of use."""
    text = body[:200_000].decode("utf-8-sig", errors="replace").lstrip()
    if urlsplit(url).path.endswith("/graphql") and _asks_for_query(text, status):
        return Shown("graphql")
    if not 200 <= status < 300:  # noqa: PLR2004 - success
        return Shown("")
    if text.startswith("<"):
        return _of_markup(url, text)
    if not text.startswith(("{", "[")):
        return Shown("openapi" if _YAML.search(text) else "")
    answer = _decoded(body)
    return _of_json(url, answer) if answer is not UNKNOWN else Shown("")


def _asks_for_query(text: str, status: int) -> bool:
    is_refused = status in {200, 400, 405, 415} and '"errors"' in text and "quer" in text.lower()
    return is_refused or "graphiql" in text.lower() or "graphql playground" in text.lower()


def _of_markup(url: str, text: str) -> Shown:
    if re.search(r"<(?:[\w-]+:)?Edmx\b", text):
        return Shown("odata")
    if re.search(r"<(?:[\w-]+:)?(?:definitions|description)\b[^>]*/wsdl", text):
        return Shown("wsdl")
    named = [urljoin(url, one or other) for one, other in _IN_PAGES.findall(text)]
    near = _near(url, named)
    return Shown("addresses" if near else "", near)


def _of_json(url: str, answer: Any) -> Shown:
    if isinstance(answer, list):
        is_listing = bool(answer) and all(isinstance(each, dict) for each in answer[:10])
        return Shown("listing" if is_listing else "")
    if isinstance(answer.get("openapi"), str) or isinstance(answer.get("swagger"), str):
        return Shown("openapi")
    if "getpostman.com/json/collection" in str((answer.get("info") or {}).get("schema", "")):
        return Shown("postman")
    if "@odata.context" in answer and _is_service(answer.get("value")):
        return Shown("odata")
    near = _near(url, list(_named(url, answer)))
    has_rows = any(isinstance(each, list) and each and isinstance(each[0], dict) for each in answer.values())
    if has_rows and not any(key in answer for key in ("links", "linkset", "urls")):
        return Shown("listing")
    return Shown("addresses" if near else "", near)


def _is_service(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, dict) and "url" in v for v in value)


def _named(url: str, value: Any, name: str = "", depth: int = 0) -> Iterator[str]:
    """Give the addresses that stand anywhere in an answer, but for those of itself."""
    if isinstance(value, str):
        plain = _TEMPLATE.sub("", value)
        if re.match(r"https?://|/\w", plain) and not re.search(r"\s", plain):
            yield urljoin(url, plain)
    elif depth < _DEEPEST and isinstance(value, Mapping):
        for key, each in value.items():
            if key.lower() not in _SELF and name.lower() not in _SELF:
                yield from _named(url, each, name if key == "href" else key, depth + 1)
    elif depth < _DEEPEST and isinstance(value, list):
        for each in value:
            yield from _named(url, each, name, depth + 1)


def _near(url: str, named: Sequence[str]) -> tuple[str, ...]:
    """Keep the addresses on the same host, without that of the answer itself."""
    host, own = urlsplit(url).netloc, url.rstrip("/")
    near = [each for each in named if urlsplit(each).netloc == host and each.rstrip("/") != own]
    return tuple(dict.fromkeys(near))[:_MOST_ADDRESSES]


def _decoded(body: bytes) -> Any:
    try:
        return decode_raw(body.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError):
        return UNKNOWN
