"""Bodies that are not JSON: XML and CSV, read as JSON has them, and XML written from it.

    XML   children by name, repeated ones as a list, attributes as ``@name``, text beside them as ``#text``
    CSV   one object for each line, by the names in the first one; commas, semicolons and tabs are told apart

Every value is a text; an element that is empty, or a cell, is an empty text. A web page stays what it is.
"""

import csv
import io
import re
from collections.abc import Generator, Iterator
from decimal import Decimal
from typing import Any, Final, TypeVar
from xml.etree.ElementTree import Element, ParseError, XMLParser
from xml.sax.saxutils import escape, quoteattr

from tallystick.connectors.http.message import Request, Response
from tallystick.core.error import Error, InvalidValue
from tallystick.core.record import encode_raw

T = TypeVar("T")
_DOCUMENT_TYPES: Final = tuple("<!DOCTYPE".encode(code) for code in ("utf-8", "utf-16-le", "utf-16-be"))
_HTML: Final = re.compile(rb"(?i)^\s*<(?:!doctype\s+)?html")
_CHARSET: Final = re.compile(r"charset\s*=\s*\"?([\w.:-]+)", re.IGNORECASE)
_NAME: Final = re.compile(r"[^\W\d][\w.:-]*")
_DEEPEST: Final = 100
_ILLEGAL: Final = {code: " " for code in range(32) if code not in {9, 10, 13}}
_DELIMITERS: Final = (",", ";", "\t", "|")


def as_json(flow: Generator[Request, Response, T]) -> Generator[Request, Response, T]:
    """Run a flow that understands JSON with a system that answers in XML or CSV."""
    try:
        request = next(flow)
        while True:
            try:
                response = yield request
            except Error as error:
                request = flow.throw(error)
            else:
                request = flow.send(in_json(response))
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        flow.close()


def in_json(response: Response) -> Response:
    """Give an answer in XML or CSV as JSON; any other, and one that cannot be read, as it is."""
    kind = (response.headers.get("content-type") or "").lower()
    try:
        if "csv" in kind or "tab-separated" in kind:
            found: Any = list(_rows(response.body, kind))
        elif response.body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") and not _HTML.match(response.body):
            found = read_xml(response.body)
        else:
            return response
    except (ValueError, csv.Error):
        return response
    return Response(response.status, response.headers.without("content-type"), encode_raw(found), response.url)


def read_xml(body: bytes) -> dict[str, Any]:
    """Read a document; its root is the only key.

    Raises:
        ValueError: it is no XML, or has a document type, which could name entities.
    """
    if any(mark in body[:4096] for mark in _DOCUMENT_TYPES):
        raise ValueError("it has a document type")
    parser = XMLParser()  # noqa: S314 - without a document type there are no entities to expand
    try:
        parser.feed(body)
        root: Element = parser.close()
    except (ParseError, LookupError) as wrong:
        raise ValueError(f"it is no XML: {wrong}") from None
    return {_local(root.tag): _value(root, 0)}


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _value(element: Element, depth: int) -> Any:
    if depth > _DEEPEST:
        raise ValueError("it is nested too deeply")
    nil = next((value for name, value in element.attrib.items() if _local(name) == "nil"), "")
    if nil in {"true", "1"}:
        return None
    found: dict[str, Any] = {f"@{_local(name)}": value for name, value in element.attrib.items()}
    for inner in element:
        name, value = _local(inner.tag), _value(inner, depth + 1)
        if name not in found:
            found[name] = value
        elif isinstance(found[name], _Several):
            found[name].append(value)
        else:
            found[name] = _Several([found[name], value])
    text = element.text or ""
    if not found:
        return text
    if text.strip():
        found["#text"] = text
    return found


class _Several(list[Any]):
    """The values of repeated elements, as against a value that is a list."""


def _rows(body: bytes, kind: str) -> Iterator[dict[str, str]]:
    named = _CHARSET.search(kind)
    try:
        text = body.decode(named[1] if named and not body.startswith(b"\xef\xbb\xbf") else "utf-8-sig")
    except LookupError:
        text = body.decode("utf-8-sig")
    head = text.partition("\n")[0]
    delimiter = "\t" if "tab-separated" in kind else max(_DELIMITERS, key=head.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    names = next(lines, [])
    for line in lines:
        if not line:
            continue
        if len(line) != len(names):
            raise ValueError("a line has another number of cells than the first one")
        yield dict(zip(names, line, strict=True))


def write_xml(body: Any) -> bytes:
    """Write an object with one key, the root, as a document. ``@name`` is an attribute, ``#text`` the text.

    Raises:
        InvalidValue: it has no root, or a name that no element can have.
    """
    if not isinstance(body, dict) or len(body) != 1:
        raise InvalidValue("an XML body needs one root element", hint="wrap: the path of the record in the document")
    [(root, value)] = body.items()
    return b'<?xml version="1.0" encoding="utf-8"?>' + "".join(_element(root, value)).encode()


def _element(name: str, value: Any) -> Iterator[str]:
    if _NAME.fullmatch(name) is None:
        raise InvalidValue(f"'{name}' cannot be the name of an element", field=name)
    if isinstance(value, list | tuple):
        for each in value:
            yield from _element(name, each)
        return
    inner = value if isinstance(value, dict) else {"#text": value}
    attributes = "".join(f" {key[1:]}={quoteattr(_text(each))}" for key, each in inner.items() if key.startswith("@"))
    yield f"<{name}{attributes}>"
    yield escape(_text(inner.get("#text")), {"\r": "&#13;"})
    for key, each in inner.items():
        if key != "#text" and not key.startswith("@"):
            yield from _element(key, each)
    yield f"</{name}>"


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(value, "f") if isinstance(value, Decimal) else str(value).translate(_ILLEGAL)
