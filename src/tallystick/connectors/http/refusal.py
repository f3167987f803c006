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
_MOST_SAID: Final = 20  # complaints of one answer


def complaint(body: bytes, scrub: Scrub, fields: Collection[str] = ()) -> tuple[str, str]:
    """Give the message of an error answer and the field it names, each empty where there is none.

    ``fields`` are names that count as fields wherever they stand in the answer.
    """
    message, named = complaints(body, scrub, fields)
    return message, next(iter(named), "")


def complaints(body: bytes, scrub: Scrub, fields: Collection[str] = ()) -> tuple[str, dict[str, str]]:
    """Give the message of an error answer and all fields it names, each with what is said of it."""
    try:
        answer = decode_raw(body)
    except (ValueError, RecursionError):
        return "", {}
    message = _message(answer, fields, 0)
    if not message and isinstance(answer, dict | list) and fields:
        message = ", ".join(itertools.islice(_texts(answer, "", 0), _MOST_TEXTS))
    named: dict[str, str] = {}
    for name, said in itertools.islice(_named_fields(answer, fields, "", 0), _MOST_SAID):
        named[name] = f"{named[name]}; {scrub(said)}" if named.get(name) and said else named.get(name) or scrub(said)
    return scrub(message), named


def _message(answer: Any, fields: Collection[str], depth: int) -> str:
    if isinstance(answer, str):
        return answer
    if depth > _DEEPEST:
        return ""
    if isinstance(answer, list):
        return _of_all(answer, fields, depth)
    if not isinstance(answer, dict):
        return ""
    found = next((text for key in _MESSAGE_KEYS if (text := _message(answer.get(key), fields, depth + 1))), "")
    nested = answer.get("errors")
    if isinstance(nested, dict | list) and found:
        # Problem documents put the general title first and the cause of each field under "errors".
        inner = _by_field(nested, fields) if isinstance(nested, dict) else _message(nested, fields, depth + 1)
        return found if not inner or inner in found else f"{found}: {inner}"
    if isinstance(nested, dict):
        return _by_field(nested, fields)
    return found


def _of_all(items: list[Any], fields: Collection[str], depth: int) -> str:
    """Give the messages of several complaints, each with the field that it is about."""
    texts: dict[str, None] = {}
    for item in items[:_MOST_SAID]:
        text = _message(item, fields, depth + 1)
        name = _own_field(item, fields) if len(items) > 1 and isinstance(item, dict) else ""
        texts[f"{name}: {text}" if name and text and name not in text else text] = None
    return "; ".join(filter(None, texts))


def _by_field(errors: dict[str, Any], fields: Collection[str]) -> str:
    shown = list(errors.items())[:_MOST_SAID]
    return "; ".join(f"{key}: {text}" for key, value in shown if (text := _message(value, fields, 1)))


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


def _named_fields(answer: Any, fields: Collection[str], said: str, depth: int) -> Iterator[tuple[str, str]]:
    """Find the fields that an answer names: under a telling key, as the key of a complaint, or as a known name.

    Only the first place that names any counts: what stands beside it may be the record as it was sent. ``said`` is what
    the answer says around this part of it.
    """
    if depth > _DEEPEST:
        return
    if isinstance(answer, list):
        for item in answer:
            yield from _named_fields(item, fields, said, depth + 1)
    elif isinstance(answer, str):
        if answer in fields:
            yield answer, said
    elif isinstance(answer, dict):
        yield from _fields_of(answer, fields, _message(answer, fields, depth) or said, depth)


def _fields_of(answer: dict[str, Any], fields: Collection[str], said: str, depth: int) -> Iterator[tuple[str, str]]:
    if name := _own_field(answer, fields):
        yield name, said
        return
    only_fields = all(key in fields for key in answer)
    keys = [key for key, value in answer.items() if key in fields and (isinstance(value, list) or only_fields)]
    for key, value in answer.items():
        if key in keys:
            yield from ((each, _message(answer[each], fields, depth + 1)) for each in keys)
            return
        found = list(_named_fields(value, fields, said, depth + 1))
        if found:
            yield from found
            return


def _own_field(answer: dict[str, Any], fields: Collection[str]) -> str:
    """Give the field that a complaint is about by its own word."""
    for key in (*_FIELD_KEYS, *_MAYBE_FIELD_KEYS):
        name = _known(_named(answer.get(key)), fields)
        if name and (key in _FIELD_KEYS or name in fields):
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
    message, named = complaints(response.body, scrub, fields)
    # Of several complaints about a new record the one that tells of another record is what decides.
    taken = next((name for name, text in named.items() if _TAKEN.search(text)), "") if write == "create" else ""
    field = taken or next(iter(named), "")
    said = f"status {status}" + (f": {message}" if message else "")
    if status in _ACCESS:
        layer: Literal["service", "proxy"] = "proxy" if status == _PROXY_LOGIN else "service"
        return AccessError(
            _ACCESS[status], detail=said, hint=_ACCESS_HINTS[status], place=place, layer=layer, status=status
        )
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
    error = _unwritten(status, said, place, write, field, taken=is_taken)
    if isinstance(error, Refused):
        error.named = named
    return error


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
