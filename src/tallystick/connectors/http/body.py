"""Bodies of writes: merged, wrapped and encoded as an operation wants them."""

import csv
import io
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote_plus

from tallystick.connectors.http.markup import write_xml
from tallystick.core.error import DataError
from tallystick.core.path import Path
from tallystick.core.path import write as write_path
from tallystick.core.record import Raw, encode_raw

BOUNDARY: Final = "tallystick-7d1f4c0e9a6b4d53b2c8"  # fixed, so that the same record is the same bytes


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
    """Write a body as JSON, XML, CSV, or as a form (in one line or in parts) with brackets for what is nested.

    Raises:
        DataError: a value cannot be written so.
    """
    if encoding == "multipart":
        return _parts(body)
    if encoding == "csv":
        return _lines(body)
    if encoding == "xml":
        return write_xml(body)
    if encoding == "form":
        return "&".join(f"{quote_plus(name, safe='[]')}={quote_plus(text)}" for name, text in form(body)).encode()
    return encode_raw(body)


def _parts(body: Any) -> bytes:
    """Write a form in parts, as browsers do: names with quotation marks and line ends are percent-encoded."""
    parts = []
    for name, text in form(body):
        if BOUNDARY in text:
            raise DataError("a value cannot be sent in a form of parts", field=name, detail="it holds their boundary")
        spelled = name.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")
        parts.append(f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{spelled}"\r\n\r\n{text}\r\n')
    return ("".join(parts) + f"--{BOUNDARY}--\r\n").encode()


def _lines(body: Any) -> bytes:
    """Write one record, or a list of them, as CSV (RFC 4180) with all names that occur, in their order."""
    records = body if isinstance(body, list) else [body]
    if not all(isinstance(record, Mapping) for record in records):
        raise DataError("only records can be sent as CSV", hint="correct wrap and items of the operation")
    names = list(dict.fromkeys(str(name) for record in records for name in record))
    nested = next((n for r in records for n, v in r.items() if isinstance(v, Mapping | list | tuple)), None)
    if nested is not None:
        raise DataError("a nested value cannot be sent as CSV", field=str(nested), hint="map its parts one by one")
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(names)
    writer.writerows([as_text(record.get(name)) for name in names] for record in records)
    return text.getvalue().encode()


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
