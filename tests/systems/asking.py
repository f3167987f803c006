"""The smallest HTTP client that shows everything of an answer: the tests' own, independent of the product's."""

import base64
import http.client
import json
import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What came back. ``headers`` has lower-case names; ``data`` is the decoded JSON, or the text where it is none."""

    status: int
    headers: Mapping[str, str]
    data: Any


def ask(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    query: Sequence[tuple[str, str]] = (),
    body: Any = None,
) -> Answer:
    """Send one request and give the answer, whatever its status."""
    parts = urllib.parse.urlsplit(url)
    target = parts.path + (f"?{urllib.parse.urlencode(query)}" if query else "")
    sent = dict(headers or {})
    if body is not None:
        sent["Content-Type"] = "application/json"
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    try:
        connection.request(method, target, None if body is None else json.dumps(body), sent)
        response = connection.getresponse()
        text = response.read().decode()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, _decoded(text))
    finally:
        connection.close()


def basic(user: str, password: str) -> dict[str, str]:
    """Make the header of HTTP basic authentication."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
