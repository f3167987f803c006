"""How an answer goes wrong: before anything was done, and after. Pure; the faults say what."""

import json
from dataclasses import replace
from decimal import Decimal
from email.utils import formatdate
from typing import Any, Final

from tallystick.core.record import Raw, decode_raw, encode_raw
from tallystick.testing.twins.fault import Fault, Struck
from tallystick.testing.twins.server import Answer

_OF_RECORDS: Final = frozenset({"no_id", "no_etag", "wrong_types", "duplicate_keys", "no_field", "extra_field"})
_PAGE: Final = (
    b"<!DOCTYPE html><html><head><title>Sign in</title></head>"
    b"<body><h1>Please sign in</h1><form method='post'><input name='user'></form></body></html>"
)


def prevent(struck: Struck, now: float) -> Answer | None:
    """Give the answer of a fault that keeps the request from being done, if there is one."""
    if fault := struck.get("reset"):
        return Answer(0, ending="reset", wait_seconds=fault.seconds)
    if fault := struck.get("timeout_before_commit"):
        return Answer(0, ending="silence", wait_seconds=fault.seconds)
    if fault := struck.get("status"):
        headers = {}
        if fault.retry_after is not None:
            wait = fault.retry_after
            headers["Retry-After"] = formatdate(now + wait, usegmt=True) if fault.date else f"{wait:g}"
        body = json.dumps({"error": {"message": f"answered {fault.status} on purpose"}}).encode()
        return Answer(fault.status, body, headers)
    return None


def spoil(answer: Answer, struck: Struck, list_key: str, text_key: str, *, is_write: bool) -> Answer:
    """Give the answer as it leaves a system that is not well. ``list_key`` is where a listing has its records."""
    if answer.body and answer.status < 300:  # noqa: PLR2004 - only good answers carry records
        answer = replace(answer, body=_spoil_body(answer.body, struck, list_key, text_key, is_write=is_write))
    if (fault := struck.get("hide_absent")) and answer.status in {404, 410}:
        complaint = json.dumps({"error": {"code": "FORBIDDEN", "message": "this is not for you"}}).encode()
        answer = replace(answer, status=fault.status, body=complaint)
    if "no_etag" in struck:
        answer = replace(answer, headers={k: v for k, v in answer.headers.items() if k != "ETag"})
    if "html" in struck:
        answer = replace(answer, status=200, body=_PAGE, headers={"Content-Type": "text/html; charset=utf-8"})
    if "truncated_json" in struck:
        answer = replace(answer, body=answer.body[: max(1, len(answer.body) // 2)])
    if "cut_body" in struck:
        answer = replace(answer, ending="cut")
    if fault := struck.get("slow"):
        answer = replace(answer, wait_seconds=fault.seconds)
    if fault := struck.get("timeout_after_commit"):
        answer = replace(answer, ending="silence", wait_seconds=fault.seconds)
    return answer


def _spoil_body(body: bytes, struck: Struck, list_key: str, text_key: str, *, is_write: bool) -> bytes:
    if "no_record" in struck and is_write:
        return b"{}"
    if not struck.keys() & _OF_RECORDS:
        return body
    decoded: Any = decode_raw(body)
    if not isinstance(decoded, dict):
        return body
    is_list = isinstance(decoded.get(list_key), list)
    records: list[Raw] = decoded[list_key] if is_list else [decoded]
    records = [_spoil_record(r, struck) for r in records]
    encoded = [_doubled(r, struck.get("duplicate_keys"), text_key) for r in records]
    if not is_list:
        return encoded[0]
    rest = encode_raw({k: v for k, v in decoded.items() if k != list_key})
    fault = struck.get("wrong_types")
    if fault and fault.mode == "envelope":
        listed = b'"' + str(len(records)).encode() + b' records"'
    else:
        listed = b"[" + b",".join(encoded) + b"]"
    tail = b"}" if rest == b"{}" else b"," + rest[1:]
    return b'{"' + list_key.encode() + b'":' + listed + tail


def _spoil_record(record: Raw, struck: Struck) -> Raw:
    if "no_id" in struck:
        record = {k: v for k, v in record.items() if k != "id"}
    if "no_etag" in struck:
        record = {k: v for k, v in record.items() if k not in {"version", "lfd_nr"}}
    if fault := struck.get("no_field"):
        record = {k: v for k, v in record.items() if k != fault.field}
    if fault := struck.get("extra_field"):
        record = record | {fault.field: "nobody declared this"}
    fault = struck.get("wrong_types")
    if fault and not fault.mode:
        record = {
            k: _twisted(v) if k == fault.field or not (fault.field or k == "id") else v for k, v in record.items()
        }
    return record


def _twisted(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | Decimal):
        return str(value)
    if isinstance(value, str):
        return [value]
    return value if value is None else 0


def _doubled(record: Raw, fault: Fault | None, text_key: str) -> bytes:
    encoded = encode_raw(record)
    if fault is None:
        return encoded
    return b"{" + encode_raw(fault.field or text_key) + b':"another value",' + encoded[1:]
