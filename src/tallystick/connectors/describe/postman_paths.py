"""Addresses of saved requests -> one base address and paths with parameters, as an API description has them.

A path variable is spelled ``:id`` or ``{{id}}``, or a real id was simply left standing. What a variable of an address
stands for is filled in where it says where the system lives, not where it names one record.
"""

import ipaddress
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from tallystick.connectors.describe.openapi_words import is_prefix, noun_of, words_of
from tallystick.connectors.describe.postman_examples import read_example
from tallystick.connectors.describe.postman_read import Saved
from tallystick.connectors.describe.postman_variables import VARIABLE, Variables

_HEAD: Final = re.compile(r"(?:[^/]*:)?//[^/]*|[^/]*")
_ID_LAST: Final = frozenset(
    {"id", "ids", "uuid", "guid", "key", "slug", "code", "number", "no", "nr", "gid", "sid", "uid", "name", "ref"}
)
_PLAIN_ID: Final = re.compile(
    r"\d+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{24,40}|[A-Za-z]{1,5}[-_]?\d{3,}|<[\w -]+>", re.IGNORECASE
)  # fmt: skip
_TOKEN: Final = re.compile(r"(?=\w*\d)(?=\w*[A-Za-z])[\w-]{15,}")
_DEEPEST: Final = 3
_BEFORE_VERSION: Final = frozenset({"api", "rest", "v", "version"})
_LOCAL: Final = re.compile(r"localhost\b|[\w-]+\.local(host)?\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request goes: ``origin`` is protocol and host, ``base`` the steps that came with it."""

    origin: str
    base: tuple[str, ...]
    steps: tuple[str, ...]

    @property
    def whole(self) -> tuple[str, ...]:
        """All steps of the path."""
        return self.base + self.steps


@dataclass(frozen=True, slots=True)
class Located:
    """All requests of one system with their paths; ``elsewhere`` counts the others by host."""

    server: str
    paths: list[tuple[Saved, str]]
    elsewhere: dict[str, int]
    unknown: str = ""
    """The variable that has no value and holds the base address."""


def locate(requests: Sequence[Saved]) -> Located:
    """Find the base address that most requests share, and the path of each below it."""
    placed = [(each, place_of(each)) for each in requests]
    if not placed:
        return Located("", [], {})
    origin = Counter(place.origin for _, place in placed).most_common(1)[0][0]
    own = [(each, place) for each, place in placed if place.origin == origin]
    base = Counter(place.base for _, place in own).most_common(1)[0][0]
    if any(place.whole[: len(base)] != base for _, place in own):
        base = ()
    elsewhere = Counter(place.origin for _, place in placed if place.origin != origin)
    paths = [(each, "/" + "/".join(place.whole[len(base) :])) for each, place in own]
    unknown = VARIABLE.fullmatch(origin)
    if "{{" in origin:
        return Located("", paths, dict(elsewhere), unknown[1] if unknown else origin)
    return Located("/".join((origin, *base)), paths, dict(elsewhere))


def place_of(request: Saved) -> Place:
    """Take the address of a request apart."""
    found = _HEAD.match(request.address)
    head = found[0] if found else ""
    steps = [step for step in request.address[len(head) :].split("/") if step]
    filled = request.variables.fill(head).rstrip("/")
    host = _after_protocol(filled).partition("/")[0]
    if "{{" in host:
        origin = filled[: filled.index(host) + len(host)]
        rest = filled[len(origin) :]
    else:
        if "://" not in filled:
            filled = f"{'http' if _is_local(host) else 'https'}://{filled}"
        parts = urlsplit(filled)
        origin, rest = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}", parts.path
    base = tuple(step for step in rest.split("/") if step)
    return Place(origin, base, tuple(_steps(steps, request)))


def _after_protocol(address: str) -> str:
    return address.partition("://")[2] or address


def _is_local(host: str) -> bool:
    host = host.partition(":")[0]
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return bool(_LOCAL.match(host))


def _steps(steps: Sequence[str], request: Saved) -> list[str]:
    variables = request.variables
    found: list[str] = []
    for step in steps:
        if step.startswith(":") and len(step) > 1:
            found.append("{" + _name(step[1:]) + "}")
        elif variable := VARIABLE.fullmatch(step):
            found += _variable_steps(variable[1], found, variables)
        elif "{{" in step:
            filled = VARIABLE.sub(lambda each: each[0] if _names_record(each[1]) else variables.fill(each[0]), step)
            found.append(VARIABLE.sub(lambda each: "{" + _name(each[1]) + "}", filled))
        elif _is_id(unquote(step), found):
            found.append("{" + (_field_with(unquote(step), request) or f"{noun_of(found[-1])}_id") + "}")
        else:
            found.append(step.replace("{", "").replace("}", ""))
    return found


def _variable_steps(name: str, before: Sequence[str], variables: Variables) -> list[str]:
    """A variable that is a whole step is filled in only if it plainly is no record's id."""
    value = variables.fill("{{" + name + "}}")
    if "{{" in value or _names_record(name) or _is_id(value, before):
        return ["{" + _name(name) + "}"]
    return [step for step in value.split("/") if step]


def _field_with(value: str, request: Saved) -> str:
    """Name the field of the saved answers that has the id which was asked for: that one is the id."""
    waiting: list[tuple[Any, int]] = [(read_example(answer.body), 0) for answer in request.answers]
    while waiting:
        here, depth = waiting.pop(0)
        if not isinstance(here, dict):
            continue
        for key, each in here.items():
            if isinstance(each, str | int) and not isinstance(each, bool) and str(each) == value:
                return _name(str(key))
            if isinstance(each, dict) and depth < _DEEPEST:
                waiting.append((each, depth + 1))
    return ""


def _names_record(name: str) -> bool:
    words = words_of(name)
    return bool(words) and words[-1] in _ID_LAST


def _is_id(step: str, before: Sequence[str]) -> bool:
    """Whether a step is the id of a record that somebody left standing, and no version or word."""
    if not before or before[-1].startswith("{") or before[-1].lower() in _BEFORE_VERSION:
        return False
    return bool(_PLAIN_ID.fullmatch(step) or _TOKEN.fullmatch(step)) and not (is_prefix(step) and not step.isdigit())


def _name(written: str) -> str:
    return re.sub(r"[^\w.-]", "_", written.lstrip("$")) or "id"
