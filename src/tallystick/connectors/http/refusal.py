"""What a refusing answer means: from its status and its own words to an error of the tree.

The table of SYNC-SPEC 14. Vendors word their complaints in dozens of shapes; ``complaint`` knows the common ones and
for the rest shows what texts there are.
"""

import itertools
import re
from collections.abc import Collection, Iterator
from typing import Any, Final, Literal

from tallystick.connectors.http.limits import retry_after
from tallystick.connectors.http.message import Response
from tallystick.connectors.http.scrub import Scrub
from tallystick.core.error import (
    Absent,
    AccessError,
    Duplicate,
    Error,
    Refused,
    RemoteError,
    Stale,
    Throttled,
    Unavailable,
)
from tallystick.core.record import decode_raw

Write = Literal["create", "update", "delete"]

_MESSAGE_KEYS: Final = (
    "message", "msg", "detail", "error_description", "errorMessage", "error_message", "description", "title", "reason",
    "error", "errors", "fault", "faultstring", "code",
)  # fmt: skip
_FIELD_KEYS: Final = ("field", "property", "propertyName", "attribute", "param", "loc")
_MAYBE_FIELD_KEYS: Final = ("path", "source", "pointer", "name", "key")
_TAKEN: Final = re.compile(
    r"already|duplicat|\bunique|uniqueness|(?<!not )\bexists\b|\btaken\b|"
    r"bereits|vergeben|doppelt|eindeutig|existe déjà|déjà|ya existe|já existe|esiste già|bestaat al",
    re.IGNORECASE,
)
_ABOUT_KEY: Final = re.compile(r"idempoten|in progress|being processed|in bearbeitung", re.IGNORECASE)
_DEEPEST: Final = 6
_MOST_TEXTS: Final = 6


def complaint(body: bytes, scrub: Scrub, fields: Collection[str] = ()) -> tuple[str, str]:
    """Give the message of an error answer and the field it names, each empty where there is none.

    ``fields`` are names that count as fields wherever they stand in the answer.
    """
    try:
        answer = decode_raw(body)
    except (ValueError, RecursionError):
        return "", ""
    message = _message(answer, 0)
    if not message and isinstance(answer, dict | list) and fields:
        message = ", ".join(itertools.islice(_texts(answer, "", 0), _MOST_TEXTS))
    return scrub(message), _field(answer, fields, 0)


def _message(answer: Any, depth: int) -> str:
    if isinstance(answer, str):
        return answer
    if depth > _DEEPEST:
        return ""
    if isinstance(answer, list):
        return "; ".join(filter(None, (_message(item, depth + 1) for item in answer[:3])))
    if not isinstance(answer, dict):
        return ""
    found = next((text for key in _MESSAGE_KEYS if (text := _message(answer.get(key), depth + 1))), "")
    nested = answer.get("errors")
    if isinstance(nested, dict | list) and found:
        # Problem documents put the general title first and the cause of each field under "errors".
        inner = _by_field(nested) if isinstance(nested, dict) else _message(nested, depth + 1)
        return found if not inner or inner in found else f"{found}: {inner}"
    if isinstance(nested, dict):
        return _by_field(nested)
    return found


def _by_field(errors: dict[str, Any]) -> str:
    return "; ".join(f"{key}: {text}" for key, value in list(errors.items())[:3] if (text := _message(value, 1)))


def _texts(answer: Any, label: str, depth: int) -> Iterator[str]:
    """Give the texts of an answer that has no known shape, with the keys they stand under."""
    if isinstance(answer, str):
        yield f"{label}: {answer}" if label else answer
    elif depth > _DEEPEST:
        return
    elif isinstance(answer, dict):
        for key, value in answer.items():
            yield from _texts(value, str(key), depth + 1)
    elif isinstance(answer, list):
        for value in answer:
            yield from _texts(value, label, depth + 1)


def _field(answer: Any, fields: Collection[str], depth: int) -> str:
    """Find the field that an answer names: under a telling key, as the key of a complaint, or as a known name."""
    if depth > _DEEPEST:
        return ""
    if isinstance(answer, list):
        return next((name for item in answer if (name := _field(item, fields, depth + 1))), "")
    if isinstance(answer, str):
        return answer if answer in fields else ""
    if not isinstance(answer, dict):
        return ""
    for key in (*_FIELD_KEYS, *_MAYBE_FIELD_KEYS):
        name = _known(_named(answer.get(key)), fields)
        if name and (key in _FIELD_KEYS or name in fields):
            return name
    only_fields = all(key in fields for key in answer)
    for key, value in answer.items():
        if key in fields and (isinstance(value, list) or only_fields):
            return str(key)
        name = _field(value, fields, depth + 1)
        if name:
            return name
    return ""


def _named(value: Any) -> str:
    """Read a field's name: plain, as a JSON pointer, or as a list of steps that begins with where it was."""
    if isinstance(value, dict):
        return _named(value.get("pointer") or value.get("parameter"))
    if isinstance(value, list):
        return ".".join(str(step) for step in value if step not in {"body", "query"})
    if isinstance(value, str):
        return ".".join(step for step in value.split("/") if step) if value.startswith("/") else value[:80]
    return ""


def _known(name: str, fields: Collection[str]) -> str:
    """Cut a name such as ``data.attributes.email`` down to the longest end that is a known field."""
    steps = name.split(".")
    ends = (".".join(steps[at:]) for at in range(len(steps)))
    return next((end for end in ends if end in fields), name)


def refusal(
    response: Response,
    place: str,
    scrub: Scrub,
    *,
    write: Write | None = None,
    fields: Collection[str] = (),
    wall: float = 0,
    is_keyed: bool = False,
) -> Error:
    """Make the error for an answer that is no success.

    ``write`` is what was tried, ``None`` for a read; ``is_keyed`` tells that it went with an idempotency key.
    """
    status = response.status
    message, field = complaint(response.body, scrub, fields)
    said = f"status {status}" + (f": {message}" if message else "")
    if status in _ACCESS:
        layer: Literal["service", "proxy"] = "proxy" if status == _PROXY_LOGIN else "service"
        return AccessError(_ACCESS[status], detail=said, hint=_ACCESS_HINTS[status], place=place, layer=layer)
    if status == _TOO_MANY:
        wait = retry_after(response.headers, wall)
        return Throttled("too many requests", wait_seconds=wait or 60, detail=said, hint=_SLOWER, place=place)
    if status >= _SERVER or status in _UNSETTLED:
        return _failed(status, said, place, write)
    if write is None:
        return _unread(status, said, place)
    # Nothing of a new record can have moved on; a conflict over one of its fields is a conflict with another record.
    is_taken = bool(_TAKEN.search(message)) or (write == "create" and status == _CONFLICT and field in fields)
    if is_keyed and status == _CONFLICT and (_ABOUT_KEY.search(message) or not is_taken):
        return _unsettled_key(status, said, place)
    return _unwritten(status, said, place, write, field, taken=is_taken)


def _failed(status: int, said: str, place: str, write: Write | None) -> Error:
    if status == _NOT_IMPLEMENTED:
        return RemoteError(
            "the system does not offer this", detail=said, hint=_CHECK_OPERATION, place=place, status=status
        )
    return Unavailable(
        "the system failed",
        detail=said,
        hint="try again later; if it lasts, send this line to the owner of the system",
        place=place,
        status=status,
        applied="no" if write is None or status == _TOO_EARLY else "unknown",
    )


def _unsettled_key(status: int, said: str, place: str) -> Error:
    """An earlier request with the same key is still at work, and nobody knows yet what comes of it (R-10.3)."""
    return Unavailable(
        "an earlier attempt with the same idempotency key is not done yet",
        detail=said,
        hint="it is tried again; if it lasts, the record is looked for",
        place=place,
        status=status,
        applied="unknown",
    )


def _unread(status: int, said: str, place: str) -> Error:
    if status in _ABSENT:
        return AccessError(
            "the address does not exist, or these credentials may not see it",
            detail=said,
            hint="check base_url and list.path in the manifest, and the rights of the credentials",
            place=place,
        )
    return RemoteError(
        "the system does not accept this question",
        detail=said,
        hint="check path, paging, since, sort and filters of the object in the manifest",
        place=place,
        status=status,
    )


def _unwritten(status: int, said: str, place: str, write: Write, field: str, *, taken: bool) -> Error:
    if status in _MOVED:
        return RemoteError(
            "a write was redirected, which is not followed",
            detail=said,
            hint="correct base_url or the operation's path: it should name the address that answers",
            place=place,
            status=status,
            # 307 and 308 ask for the same request elsewhere; the others often follow a write that was carried out.
            applied="no" if status in _SAME_ELSEWHERE else "unknown",
        )
    if status in _ABSENT and write != "create":
        return Absent("the record is not there", detail=said, hint="it is read again", place=place, status=status)
    if status in _STALE:
        hint = "set if_match in the manifest: the system wants it" if status == _WANTS_VERSION else _REPLAN
        return Stale("the record has changed since it was read", detail=said, hint=hint, place=place, status=status)
    if taken and write == "create":
        return Duplicate(
            "a record with this key exists", detail=said, hint=_ADOPT, place=place, status=status, field=field
        )
    if status == _CONFLICT and not taken:
        return Stale("the record is in conflict", detail=said, hint=_REPLAN, place=place, status=status)
    return Refused(
        "the system refuses this record",
        detail=said,
        hint="correct the record or the mapping; it is tried again when either changes",
        place=place,
        status=status,
        field=field,
    )


_PROXY_LOGIN: Final = 407
_ACCESS: Final = {
    401: "the credentials are not accepted",
    403: "the credentials do not allow this",
    _PROXY_LOGIN: "the proxy wants credentials",
}
_ACCESS_HINTS: Final = {
    401: "check auth in the manifest and the secret it names; it may have expired",
    403: "ask the operator of the system for the missing right",
    _PROXY_LOGIN: "check network.proxy",
}
_ABSENT: Final = frozenset({404, 410})
_MOVED: Final = range(300, 400)
_SAME_ELSEWHERE: Final = frozenset({307, 308})
_CONFLICT: Final = 409
_WANTS_VERSION: Final = 428
_STALE: Final = frozenset({412, 423, _WANTS_VERSION})
_TOO_EARLY: Final = 425
_UNSETTLED: Final = frozenset({408, _TOO_EARLY})
_TOO_MANY: Final = 429
_SERVER: Final = 500
_NOT_IMPLEMENTED: Final = 501
_SLOWER: Final = "lower limits.requests_per_second in the manifest"
_REPLAN: Final = "it is read again and planned anew"
_ADOPT: Final = "it is looked up and paired instead"
_CHECK_OPERATION: Final = "check method and path of the operation in the manifest"
