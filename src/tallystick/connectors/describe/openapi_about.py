"""What a description says about the system as a whole: address, rate limit, fixed headers, web hooks."""

import re
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from tallystick.connectors.describe.openapi_calls import Call
from tallystick.connectors.describe.openapi_refs import SWAGGER, Document, Node, as_list, as_node, as_text
from tallystick.connectors.describe.openapi_schema import Shapes
from tallystick.connectors.describe.openapi_words import snake, squeeze
from tallystick.project.manifest import Fact, Limits

_TEST: Final = re.compile(
    r"sandbox|staging|\btest\b|\bdemo\b|mock|localhost|127\.0\.0\.1|\.local\b|\bdev\b|internal", re.IGNORECASE
)


_HOST: Final = re.compile(r"(?P<local>localhost|127\.[\d.]+)(:\d+)?(/|$)|[\w-]+(\.[\w-]+)+(:\d+)?(/|$)|[\w-]+:\d+(/|$)")


def find_base_url(document: Document, given: str, source: str) -> tuple[str, Fact, list[str]]:
    """Find the address that paths are added to; ``given`` wins, or completes a relative one."""
    servers = _servers(document)
    if given and not any(urlsplit(url).path.strip("/") and not urlsplit(url).netloc for url, _ in servers[:1]):
        return given.rstrip("/"), Fact(label="confirmed", because="given"), []
    notes = []
    if not servers and urlsplit(source).netloc and not given:
        place = urlsplit(source)
        because = "no server is declared, so it is where the description came from"
        return f"{place.scheme}://{place.netloc}", Fact(label="inferred", because=because), []
    if not servers:
        note = "The description names no server; fill in base_url."
        return given, Fact(label="inferred", because="no server is declared"), [] if given else [note]
    live = [entry for entry in servers if not _TEST.search(" ".join(entry))]
    url, _ = (live or servers)[0]
    if len(servers) > 1:
        notes.append("Servers described: " + ", ".join(_told(entry) for entry in servers[:8]))
    if not urlsplit(url).scheme:
        origin = given or (source if urlsplit(source).netloc else "")
        if origin:
            url = urljoin(origin, url)
        elif not url.strip("/"):
            notes.append("The description names no server; fill in base_url.")
            return "", Fact(label="inferred", because="no server is declared"), notes
        else:
            notes.append(f"The server address '{url}' is relative; put the host before it in base_url.")
    if "{" in url:
        notes.append(f"The server address has a part to fill in: {url}")
    return url.rstrip("/"), Fact(label="declared", because="servers"), notes


def _told(entry: tuple[str, str]) -> str:
    return f"{entry[0]} ({entry[1]})" if entry[1] else entry[0]


def _servers(document: Document) -> list[tuple[str, str]]:
    root = document.root
    if document.version == SWAGGER:
        host = as_text(root.get("host"))
        schemes = [s for s in as_list(root.get("schemes")) if s in ("https", "http")]
        base = as_text(root.get("basePath"))
        scheme = "https" if "https" in schemes or not schemes else schemes[0]
        return [(f"{scheme}://{host}{base}" if host else base, "")] if host or base.strip("/") else []
    found = []
    for server in as_list(root.get("servers")):
        url = as_text(as_node(server).get("url"))
        for name, variable in as_node(as_node(server).get("variables")).items():
            default = as_node(variable).get("default")
            if isinstance(default, str | int) and default != "":
                url = url.replace("{" + name + "}", str(default))
        if url:
            bare = _HOST.match(url)
            url = f"{'http' if bare['local'] else 'https'}://{url}" if bare else url
            found.append((url, as_text(as_node(server).get("description"))))
    return found


# --- rate limit -------------------------------------------------------------------------------------------------------

_SECONDS: Final = {"second": 1, "sec": 1, "s": 1, "minute": 60, "min": 60, "hour": 3600, "hr": 3600}
_RATE: Final = re.compile(
    r"(\d[\d,._' ]{0,9}\d|\d)\*{0,2}\s*(?:\([^()]{1,40}\)\s*)?(?:[a-z]+ )?(?:api |http )?"
    r"(?:requests?|calls?|queries|reqs?|req)\b[^.\n\d]{0,25}?"
    r"(?:/|\bper\b|\bevery\b|\beach\b|\ba\b|\bin (?:a|one)\b)\s*(?:a |one |1 )?(?:rolling )?"
    r"(second|sec|minute|min|hour|hr|s)\b",
    re.IGNORECASE,
)
_RATE_HEADER: Final = re.compile(r"^x?-?(rate-?limit|ratelimit)", re.IGNORECASE)


def find_limits(calls: list[Call], prose: str) -> tuple[Limits, Fact | None, list[str]]:
    """Find the rate that the system states in numbers; headers without a number are only told. Nothing is made up."""
    texts = [
        prose,
        *(as_text(answer.get("description")) for c in calls for code, answer in c.errors.items() if code == "429"),
    ]
    stated = {(hit[0].strip(), _rate(hit[1], hit[2])) for text in dict.fromkeys(texts) for hit in _RATE.finditer(text)}
    stated = {(said, rate) for said, rate in stated if rate > 0}
    headers = sorted({h for c in calls for h in c.answer_headers if _RATE_HEADER.match(h)})
    if stated:
        said, rate = min(stated, key=lambda entry: (entry[1], entry[0]))
        flat = re.sub(r"\s+", " ", said)
        fact = Fact(label="inferred", because=f"the description says '{flat}'")
        others = sorted(re.sub(r"\s+", " ", s) for s, _ in stated if s != said)
        notes = [f"Other rates are stated too: {'; '.join(others[:5])}"] if others else []
        return Limits(requests_per_second=round(rate, 4)), fact, notes
    if headers:
        because = f"answers carry the headers {', '.join(headers)}; no number is stated"
        return Limits(), Fact(label="declared", because=because), []
    return Limits(), None, []


def _rate(number: str, unit: str) -> float:
    digits = re.sub(r"\D", "", number)
    return int(digits) / _SECONDS[unit.lower()] if digits else 0


# --- headers and web hooks --------------------------------------------------------------------------------------------

_NEVER: Final = frozenset(
    {"accept", "contenttype", "authorization", "ifmatch", "ifnonematch", "ifmodifiedsince", "acceptlanguage"}
)
SHARE: Final = 0.5


def find_headers(shapes: Shapes, calls: list[Call], system: str, skip: set[str]) -> tuple[dict[str, str], list[str]]:
    """Find headers that most operations require: with the value the description gives, else as a reference."""
    wanted: dict[str, list[Any]] = {}
    for call in calls:
        for parameter in call.headers():
            flat = squeeze(parameter.name)
            if parameter.required and flat not in _NEVER and parameter.name not in skip and "idempot" not in flat:
                wanted.setdefault(parameter.name, []).append(parameter.schema)
    headers: dict[str, str] = {}
    notes: list[str] = []
    for name, schemas in wanted.items():
        if len(schemas) < SHARE * len(calls):
            continue
        value = constant_of(shapes.of(schemas[0]).keywords)
        headers[name] = value or f"${{env:{system}_{snake(name).upper()}}}"
        if not value:
            notes.append(f"Every request needs the header {name}; its value is read from {headers[name]}.")
    return headers, notes


def constant_of(keywords: Node) -> str:
    """The one value that a parameter can have: its default, its only option, its constant."""
    options = as_list(keywords.get("enum"))
    value = keywords.get("default", keywords.get("const", options[0] if len(options) == 1 else None))
    return (
        ("true" if value else "false")
        if isinstance(value, bool)
        else str(value)
        if isinstance(value, str | int)
        else ""
    )


def find_webhooks(document: Document, calls: list[Call]) -> list[str]:
    """Say where changes could be told by the system itself."""
    notes = []
    declared = list(as_node(document.root.get("webhooks")))
    if declared:
        notes.append(f"Web hooks are described: {', '.join(declared[:12])}{' ...' if len(declared) > 12 else ''}")  # noqa: PLR2004
    words = {"webhook", "webhooks", "webhookendpoints", "hooks", "eventsubscriptions", "webhooksubscriptions"}
    paths = dict.fromkeys(c.path for c in calls if c.method == "POST" and c.key and squeeze(c.key[-1]) in words)
    if paths:
        notes.append(f"Web hooks can be registered at {', '.join(list(paths)[:3])}")
    return notes
