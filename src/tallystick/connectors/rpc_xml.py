"""XML-RPC: calls and answers as XML, values as JSON has them.

Times come as ISO text, binary as base64 text. In what is sent, ``{"$time": TEXT}`` is a time and ``{"$base64": TEXT}``
binary. Answers with a document type are refused, because it could name entities.
"""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from xml.etree.ElementTree import Element, ParseError, XMLParser
from xml.sax.saxutils import escape

TIME: Final = "$time"
BASE64: Final = "$base64"
_SMALL: Final = 2**31
_DEEPEST: Final = 100
_WHOLE: Final = frozenset({"int", "i1", "i2", "i4", "i8", "biginteger"})
_REAL: Final = frozenset({"double", "float", "bigdecimal"})
_DOCUMENT_TYPES: Final = tuple("<!DOCTYPE".encode(code) for code in ("utf-8", "utf-16-le", "utf-16-be"))
_ILLEGAL: Final = {code: " " for code in range(32) if code not in {9, 10, 13}}


def write_call(method: str, params: Any) -> bytes:
    """Write a call. ``params`` is a list; an object is one parameter that is a struct."""
    listed = params if isinstance(params, list | tuple) else [params]
    inner = "".join(f"<param><value>{_value(each)}</value></param>" for each in listed)
    text = f"<methodCall><methodName>{escape(method)}</methodName><params>{inner}</params></methodCall>"
    return b'<?xml version="1.0" encoding="utf-8"?>' + text.encode()


def _value(value: Any) -> str:
    match value:
        case None:
            return "<nil/>"
        case bool():
            return f"<boolean>{int(value)}</boolean>"
        case int():
            kind = "int" if -_SMALL <= value < _SMALL else "i8"
            return f"<{kind}>{value}</{kind}>"
        case float() | Decimal():
            return f"<double>{format(Decimal(str(value)), 'f')}</double>"
        case list() | tuple():
            return f"<array><data>{''.join(f'<value>{_value(each)}</value>' for each in value)}</data></array>"
        case dict():
            return _struct(value)
        case _:
            # A carriage return written as it is would come out as a line feed.
            return f"<string>{escape(str(value).translate(_ILLEGAL), {chr(13): '&#13;'})}</string>"


def _struct(value: dict[str, Any]) -> str:
    if value.keys() == {TIME}:
        plain = str(value[TIME]).replace("-", "")
        return f"<dateTime.iso8601>{escape(plain)}</dateTime.iso8601>"
    if value.keys() == {BASE64}:
        return f"<base64>{escape(str(value[BASE64]))}</base64>"
    members = "".join(
        f"<member><name>{escape(str(name))}</name><value>{_value(inner)}</value></member>"
        for name, inner in value.items()
    )
    return f"<struct>{members}</struct>"


def read_answer(body: bytes) -> tuple[Any, tuple[str, str] | None]:
    """Read an answer: its value, or code and text of the fault that it is.

    Raises:
        ValueError: it is no answer of XML-RPC, or has a document type.
    """
    root = _parse(body)
    fault = root.find("fault/value")
    if fault is not None:
        said = _read(fault, 0)
        if not isinstance(said, dict):
            return None, ("", str(said))
        return None, (str(said.get("faultCode", "")), str(said.get("faultString", "")))
    value = root.find("params/param/value")
    if root.tag != "methodResponse" or value is None:
        raise ValueError("it is no methodResponse")
    return _read(value, 0), None


def _parse(body: bytes) -> Element:
    if any(mark in body[:4096] for mark in _DOCUMENT_TYPES):
        raise ValueError("it has a document type")
    parser = XMLParser()  # noqa: S314 - without a document type there are no entities to expand
    try:
        parser.feed(body)
        root: Element = parser.close()
    except (ParseError, LookupError) as wrong:
        raise ValueError(f"it is no XML: {wrong}") from None
    return root


def _read(value: Element, depth: int) -> Any:
    if depth > _DEEPEST:
        raise ValueError("it is nested too deeply")
    if len(value) == 0:
        return value.text or ""
    inner = value[0]
    kind = inner.tag.rpartition("}")[2]
    text = inner.text or ""
    if kind == "struct":
        return dict(_members(inner, depth))
    if kind == "array":
        return [_read(each, depth + 1) for each in inner.findall("data/value")]
    return _scalar(kind, text)


def _scalar(kind: str, text: str) -> Any:
    if kind == "nil":
        return None
    if kind == "boolean":
        return text.strip() in {"1", "true"}
    if kind in _WHOLE:
        return int(text)
    if kind in _REAL:
        try:
            return Decimal(text.strip())
        except InvalidOperation:
            raise ValueError(f"'{text[:40]}' is no number") from None
    if kind.startswith("dateTime"):
        return _time(text.strip())
    return "".join(text.split()) if kind == "base64" else text


def _members(struct: Element, depth: int) -> Iterator[tuple[str, Any]]:
    for member in struct.findall("member"):
        name, value = member.find("name"), member.find("value")
        if name is not None and value is not None:
            yield name.text or "", _read(value, depth + 1)


def _time(text: str) -> str:
    """Spell ``20261122T14:00:00`` as the rest of the world does."""
    day, mark, time = text.partition("T")
    if mark and len(day) == 8 and day.isdigit():  # noqa: PLR2004 - YYYYMMDD
        day = f"{day[:4]}-{day[4:6]}-{day[6:]}"
    return day + mark + time
