"""What the errors of a GraphQL answer mean: from codes and texts to the HTTP status that means the same.

GraphQL answers nearly everything with status 200. Codes have no standard, so they are told by their words, wherever
a server puts them; prose is believed only where a mistake does no harm.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tallystick.core.path import Path, parse, read
from tallystick.core.record import UNKNOWN
from tallystick.project.manifest_graphql import GraphqlError, GraphqlErrors

ABSENT: Final = 404
THROTTLED: Final = 429
_INVALID: Final = 400
_FAILED: Final = 500
_STATUSES: Final = range(400, 600)
_LONGEST: Final = 400
_CODE_KEYS: Final = (
    "code", "type", "errorType", "errorCode", "classification", "category", "status", "statusCode", "name", "kind",
    "reason", "error_code", "reasonCode", "exceptionClass", "error", "__typename",
)  # fmt: skip
_NESTED: Final = ("extensions", "http", "response", "exception", "originalError", "errorInfo")
_BY_CODE: Final = tuple(
    (re.compile(pattern), status)
    for pattern, status in (
        (r"toocomplex|complexity|maxdepth|depthlimit|nodelimit|costexceeded|costlimit|querytoo", 400),
        (r"throttl|ratelimit|toomanyrequests|quotaexceeded|limitexceeded", 429),
        (r"unauthenticat|authentication(?:error|failed)|^graphqlauthentication|invalid(?:jwt|token)|tokenexpired", 401),
        (r"forbidden|accessdenied|permission|unauthorized|unauthorised|authorization|notallowed|insufficient", 403),
        (r"stale|optimisticlock|versionmismatch|versionconflict|preconditionfailed|outdated|concurren", 412),
        (r"duplicate|alreadyexist|unique|alreadytaken|^taken$|constraintviolation|p2002", 409),
        (r"notfound|nosuch|doesnotexist|^missing$|unknownid|p2025", 404),
        (r"^conflict", 409),
        (r"unavailable|timeout|timedout|overload|downstream|badgateway", 503),
        (
            r"invalid|validat|userinput|unprocessab|argument|parse(?:failed|error)|illegal|required|blank|too(?:long|short)|^bad",
            400,
        ),
        (r"internal|unknownerror|servererror|unexpected", 500),
    )
)  # fmt: skip
_NO_SUCH: Final = re.compile(
    r"not found|no such|does ?n[o']t exist|could ?n[o']t (?:find|resolve)|nicht gefunden|introuvable|no encontrad",
    re.IGNORECASE,
)
_TAKEN: Final = re.compile(
    r"already (?:exist|taken|in use|been taken)|duplicate|unique constraint|uniqueness|bereits vergeben|existe déjà",
    re.IGNORECASE,
)
_TOO_MUCH: Final = re.compile(
    r"complex|depth|(?:query )?cost|too (?:large|big|deep|many (?:nodes|items|records|rows|results))"
    r"|(?:max|limit|exceed|at most|between|less than|greater than|no more).{0,60}\b\d+"
    r"|\b\d+.{0,60}(?:max|limit|exceed)",
    re.IGNORECASE,
)
_TEMPORARY: Final = re.compile(
    r"rate limit|too many requests|throttled|try again later|temporarily unavailable", re.IGNORECASE
)
_INTERNAL: Final = re.compile(r"internal|unexpected|something went wrong", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Complaint:
    """One error of an answer. ``path`` is where in the data it happened, empty where the request was not carried out.

    ``is_told`` means that it stood in the data itself, as a refusal that the system's authors planned for.
    """

    message: str
    codes: tuple[str, ...] = ()
    path: Path = ()
    field: str = ""
    is_told: bool = False

    def __str__(self) -> str:
        """Give the text with its first code, unless that says no more."""
        code = next((code for code in self.codes if not code.isdigit()), "")
        return f"{self.message} ({code})" if code and code.lower() not in self.message.lower() else self.message


def read_errors(found: Any) -> list[Complaint]:
    """Read the ``errors`` of an answer, whatever shape they have."""
    items = found if isinstance(found, list) else [found]
    return [_complaint(item) for item in items if item not in (None, "", {}, [])]


def _complaint(item: Any) -> Complaint:
    if not isinstance(item, dict):
        return Complaint(str(item)[:_LONGEST])
    message = item.get("message") or item.get("errorMessage") or item.get("detail") or "an error without text"
    path = item.get("path")
    steps = tuple(s for s in path if isinstance(s, str | int)) if isinstance(path, list) else ()
    return Complaint(str(message)[:_LONGEST], tuple(_codes(item, 0)), steps, _field_of(item))


def _codes(item: Mapping[str, Any], depth: int) -> Iterator[str]:
    for key in _CODE_KEYS:
        value = item.get(key)
        if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
            yield str(value)
    for key in _NESTED:
        inner = item.get(key)
        if isinstance(inner, dict) and depth < len(_NESTED):
            yield from _codes(inner, depth + 1)


def _field_of(item: Mapping[str, Any]) -> str:
    inner = item.get("extensions")
    for source in (item, inner if isinstance(inner, dict) else {}):
        for key in ("field", "fields", "attribute", "property", "propertyName", "argumentName"):
            value = source.get(key)
            if isinstance(value, str) and value:
                return value
            if isinstance(value, list) and value:
                return ".".join(str(step) for step in value if isinstance(step, str | int))
    return ""


def told_refusals(answer: Any, said: GraphqlError) -> list[Complaint]:
    """Read the refusals in the data of an answer, where the manifest says that they would be."""
    found = read(answer, parse(said.path))
    refusals = []
    for message in found if isinstance(found, list) else [found]:
        if message is UNKNOWN or message in (None, "", False, {}):
            continue
        if any(read(message, parse(path)) not in values for path, values in said.where.items()):
            continue
        if isinstance(message, dict):
            text = read(message, parse(said.message)) if said.message else message.get("message")
            codes = tuple(_codes(message, 0))
            plain = (
                text if isinstance(text, str) and text else ", ".join(codes) or "the answer says that it was refused"
            )
            refusals.append(Complaint(plain[:_LONGEST], codes, (), _field_of(message), is_told=True))
        else:
            refusals.append(Complaint(str(message)[:_LONGEST], is_told=True))
    return refusals


def status_of(found: Sequence[Complaint], told: GraphqlErrors, http_status: int, *, is_about_record: bool) -> int:
    """Give the HTTP status that means the same as the errors of an answer; the first that says anything counts.

    ``is_about_record`` tells that one record was asked for by its id.
    """
    for each in found:
        status = _told(each, told) or _by_code(each)
        if status:
            return status
    if http_status in _STATUSES and http_status != _INVALID:
        return http_status
    first = found[0]
    if _TEMPORARY.search(first.message):
        return THROTTLED
    if is_about_record and _NO_SUCH.search(first.message):
        return ABSENT
    if _TAKEN.search(first.message):
        return 409
    if first.is_told:
        return 422
    # What has a path was begun, and nobody knows how far it came; what has none was refused before anything ran.
    return _FAILED if first.path or _INTERNAL.search(first.message) else _INVALID


def _told(each: Complaint, told: GraphqlErrors) -> int:
    whole = " ".join((each.message, *each.codes)).lower()
    for words, status in (
        (told.absent, ABSENT),
        (told.duplicate, 409),
        (told.stale, 412),
        (told.access, 403),
        (told.throttled, THROTTLED),
        (told.refused, 422),
    ):
        if any(word and word.lower() in whole for word in words):
            return status
    return 0


def _by_code(each: Complaint) -> int:
    for code in each.codes:
        if code.isdigit() and int(code) in _STATUSES:
            return int(code)
        plain = re.sub(r"[^a-z0-9]+", "", code.lower())
        for pattern, status in _BY_CODE:
            if pattern.search(plain):
                return status
    return 0


def is_too_much(found: Sequence[Complaint]) -> bool:
    """Tell whether an answer was refused because too much was asked for at once."""
    return any(_TOO_MUCH.search(f"{each.message} {' '.join(each.codes)}") for each in found)


def wait_told(answer: Any) -> float | None:
    """Give the seconds until as much may be asked for again, where an answer tells the cost of its query.

    ``None`` where it does not, or where enough is left.
    """
    cost = read(answer, ("extensions", "cost"))
    status = read(cost, ("throttleStatus",)) if isinstance(cost, dict) else None
    if not isinstance(cost, dict) or not isinstance(status, dict):
        return None
    asked, left, rate = cost.get("requestedQueryCost"), status.get("currentlyAvailable"), status.get("restoreRate")
    if asked is None or left is None or not rate or asked <= left:
        return None
    return math.ceil(float(asked - left) / float(rate))
