"""Bodies of writes: merged, wrapped and encoded as an operation wants them."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote_plus

from tallystick.connectors.http.markup import write_xml
from tallystick.core.path import Path
from tallystick.core.path import write as write_path
from tallystick.core.record import Raw, encode_raw


def merge(under: Mapping[str, Any], over: Mapping[str, Any]) -> Raw:
    """Lay ``over`` on ``under``: objects are merged key by key, everything else is replaced. Both stay as they are."""
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = merge(below, value) if isinstance(value, Mapping) and isinstance(below, Mapping) else value
    return merged


def without(record: Raw, paths: tuple[Path, ...]) -> Raw:
    """Give a record without the values at ``paths`` (keys only). Copies what it changes."""
    for path in paths:
        record = _without(record, path)
    return record


def _without(record: Raw, path: Path) -> Raw:
    key = path[0]
    if not isinstance(key, str) or key not in record:
        return record
    copy = dict(record)
    inner = copy[key]
    if len(path) == 1:
        del copy[key]
    elif isinstance(inner, dict):
        copy[key] = _without(inner, path[1:])
    return copy


def wrapped(body: Any, path: Path) -> Any:
    """Put a body under a path: ``data`` makes ``{"data": body}``."""
    if not path:
        return body
    outer: Raw = {}
    write_path(outer, path, body)
    return outer


def encode(body: Any, encoding: str) -> bytes:
    """Write a body as JSON, as XML, or as a form with brackets for what is nested."""
    if encoding == "xml":
        return write_xml(body)
    if encoding == "form":
        return "&".join(f"{quote_plus(name, safe='[]')}={quote_plus(text)}" for name, text in form(body)).encode()
    return encode_raw(body)


def form(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Spell a value as form fields: ``a[b]=1``, ``tags[]=x``, ``lines[0][sku]=y``; an empty text is "nothing"."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from form(inner, f"{name}[{key}]" if name else str(key))
    elif isinstance(value, list | tuple):
        for at, inner in enumerate(value):
            yield from form(inner, f"{name}[{at}]" if isinstance(inner, Mapping | list) else f"{name}[]")
    else:
        yield name, as_text(value)


def as_text(value: Any) -> str:
    """Spell one value as text, for forms and filters."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
