"""Refusals of a SOAP service: found wherever they are, in two versions of SOAP, foreign namespaces, plain answers.

What they mean is decided by ``fault_words``.
"""

from collections.abc import Iterator
from typing import Any, Final

from tallystick.connectors.fault_words import Fault
from tallystick.connectors.soap_values import Types, read_value
from tallystick.connectors.soap_xml import Element, child, local, text_of
from tallystick.core.path import parse, read
from tallystick.core.record import UNKNOWN
from tallystick.project.manifest_soap import SoapError

_FAULT_PARTS: Final = frozenset({"faultcode", "faultstring", "Code", "Reason"})
_BLANK: Final[tuple[Any, ...]] = (None, UNKNOWN, False, 0, [], {})
_FINE: Final = frozenset({"", "0", "false", "ok", "success"})
_LONGEST: Final = 300
_MOST_NAMES: Final = 50


def find_fault(element: Element, types: Types) -> Fault | None:
    """Read an element as a fault; ``None`` where it is none. Its namespace is not looked at."""
    if local(element) != "Fault" or not any(local(inner) in _FAULT_PARTS for inner in element):
        return None
    code = text_of(child(element, "faultcode"))
    text = text_of(child(element, "faultstring"))
    if (modern := child(element, "Code")) is not None:
        code = ".".join(part for part in _codes(modern) if part)
    if not text and (reason := child(element, "Reason")) is not None:
        text = text_of(child(reason, "Text")) or text_of(reason)
    detail = child(element, "detail")
    detail = child(element, "Detail") if detail is None else detail
    names: tuple[str, ...] = ()
    found: Any = None
    if detail is not None:
        names = tuple(local(each) for each in detail.iterdescendants())[:_MOST_NAMES]
        found = read_value(detail, "", types)
    code = ".".join(part.rpartition(":")[2] for part in code.split("."))
    return Fault(code, (text or text_of(detail))[:_LONGEST], names, found)


def _codes(code: Element) -> Iterator[str]:
    value = child(code, "Value")
    yield text_of(value).rpartition(":")[2]
    inner = child(code, "Subcode")
    if inner is not None:
        yield from _codes(inner)


def told_error(answer: Any, said: SoapError) -> Fault | None:
    """Read a refusal in an answer that is no fault, where the manifest says that it would be; ``None`` without one."""
    found = read(answer, parse(said.path))
    for message in found if isinstance(found, list) else [found]:
        if message in _BLANK or (isinstance(message, str) and message.strip().lower() in _FINE):
            continue
        if any(read(message, parse(path)) not in values for path, values in said.where.items()):
            continue
        text = read(message, parse(said.message)) if said.message else message
        plain = str(text) if isinstance(text, str | int) else "the answer says that it was refused"
        return Fault("", plain[:_LONGEST], (), message if isinstance(message, dict) else None, is_refusal=True)
    return None
