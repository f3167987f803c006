"""From the bytes of an answer to what is in its envelope, however the service bends the rules.

Taken as it comes, and named: other namespaces, other wrappers or none, an envelope that is missing, faults that are no
SOAP, values kept elsewhere in the message (``href``). Refused: attachments, document types.
"""

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, Final

from tallystick.connectors.fault_words import Fault
from tallystick.connectors.http.message import Response
from tallystick.connectors.http.rows import is_markup, json_text
from tallystick.connectors.soap_faults import find_fault
from tallystick.connectors.soap_values import VALUE, Types, read_value
from tallystick.connectors.soap_xml import ENVELOPES, Element, child, local, namespace, read_xml
from tallystick.core.error import Garbled
from tallystick.project.manifest_soap import SoapCall

_XOP: Final = "{http://www.w3.org/2004/08/xop/include}Include"
_MOST_REFERENCES: Final = 100_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What an answer says. ``content`` is ``None`` where it is no XML, ``is_as_declared`` where nothing strange came.

    ``oddities`` are pairs: the kind, and what was seen.
    """

    content: Any = None
    fault: Fault | None = None
    is_as_declared: bool = False
    oddities: tuple[tuple[str, str], ...] = ()


def read_answer(response: Response, call: SoapCall, operation: str, types: Types, place: str) -> Answer:
    """Read an answer.

    Raises:
        Garbled: it has attachments or a document type, or is cut.
    """
    text = _message(response, place)
    if not text.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") and not is_markup(response):
        return Answer()
    try:
        root = read_xml(text, place)
    except Garbled:
        if b"Envelope" in text[:2000]:
            raise
        return Answer()
    if local(root).lower() == "html":
        return Answer()
    if next(root.iter(_XOP), None) is not None:
        raise _attached(place)
    return _Reading(root, call, operation, types).answer()


class _Reading:
    """One answer on its way."""

    def __init__(self, root: Element, call: SoapCall, operation: str, types: Types) -> None:
        self._root = root
        self._call = call
        self._types = types
        self._expected = call.answer or f"{operation}Response"
        self._oddities: list[tuple[str, str]] = []

    def answer(self) -> Answer:
        inside = self._inside()
        for element in inside:
            fault = find_fault(element, self._types)
            if fault is not None:
                if namespace(element) not in ENVELOPES.values():
                    self._notice("fault", f"a fault came in the namespace '{namespace(element)}'")
                return Answer(fault=fault, oddities=tuple(self._oddities))
        content, is_as_declared = self._content(inside)
        return Answer(content, None, is_as_declared, tuple(self._oddities))

    def _inside(self) -> list[Element]:
        """Give what stands in the body, without what other elements refer to."""
        root = self._root
        if local(root) != "Envelope":
            self._notice("envelope", f"the answer is no envelope but '{local(root)}'")
            return [root]
        if namespace(root) not in ENVELOPES.values():
            self._notice("envelope", f"the envelope is in the namespace '{namespace(root)}'")
        body = child(root, "Body")
        if body is None:
            self._notice("envelope", "the envelope has no body")
            return []
        referred = {f"#{each.get('id')}" for each in body.iter() if each.get("id")}
        used = referred & {str(each.get("href")) for each in body.iter() if each.get("href")}
        if used:
            _resolve(body)
        return [each for at, each in enumerate(body) if at == 0 or f"#{each.get('id')}" not in used]

    def _content(self, inside: list[Element]) -> tuple[Any, bool]:
        shape = self._types.of(self._call.output)
        wrapper = next((each for each in inside if local(each) == self._expected), None)
        if wrapper is not None:
            found = self._value(wrapper)
            known = shape.members if shape is not None else {}
            is_known = isinstance(found, dict) and all(name in known or name.startswith("@") for name in found)
            if isinstance(found, dict) and not is_known and shape is not None:
                return self._renamed(wrapper, found), False
            return found, is_known
        if shape is not None and inside and all(local(each) in shape.members for each in inside):
            self._notice("wrapper", f"the answer comes without '{self._expected}' around it")
            return self._gathered(inside), True
        if len(inside) == 1:
            self._notice("wrapper", f"the answer is called '{local(inside[0])}', not '{self._expected}'")
            found = self._value(inside[0])
            is_known = shape is not None and isinstance(found, dict) and all(name in shape.members for name in found)
            return (found if is_known else self._renamed(inside[0], found)), is_known
        return self._gathered(inside), not inside and shape is None

    def _renamed(self, wrapper: Element, found: Any) -> Any:
        """Where an rpc answer has its one value under another name than declared, it is that value all the same."""
        shape = self._types.of(self._call.output)
        if shape is None or len(shape.members) != 1 or len(wrapper) != 1 or not isinstance(found, dict):
            return found
        [(name, member)] = shape.members.items()
        is_value = self._types.of(member.type) is not None and self._call.style == "rpc"
        if not is_value or member.is_many:
            return found
        self._notice("parts", f"the answer has '{local(wrapper[0])}' where '{name}' is declared")
        return {name: read_value(wrapper[0], member.type, self._types)}

    def _value(self, element: Element) -> Any:
        found = read_value(element, self._call.output, self._types)
        if isinstance(found, dict):
            return found
        return {} if found in ("", None) and self._types.of(self._call.output) is not None else {VALUE: found}

    def _gathered(self, inside: Iterable[Element]) -> Any:
        """Read elements as if what is declared to be around them were there."""
        shape = self._types.of(self._call.output)
        found: dict[str, Any] = {}
        for element in inside:
            name = local(element)
            member = shape.members.get(name) if shape is not None else None
            value = read_value(element, member.type if member else "", self._types)
            if (member is not None and member.is_many) or isinstance(found.get(name), list):
                found.setdefault(name, []).append(value)
            else:
                found[name] = value if name not in found else [found[name], value]
        return found

    def _notice(self, kind: str, text: str) -> None:
        self._oddities.append((kind, text))


def _resolve(body: Element) -> None:
    """Put values that stand elsewhere in the message where they are meant (``href="#id0"``)."""
    targets = {f"#{each.get('id')}": each for each in body.iter() if each.get("id")}
    left = _MOST_REFERENCES
    waiting = [(each, frozenset[str]()) for each in body]
    while waiting:
        element, seen = waiting.pop()
        reference = element.get("href")
        target = targets.get(reference or "")
        if target is not None and reference not in seen:
            del element.attrib["href"]
            left -= 1 + len(target)
            if left < 0:
                raise Garbled("the answer refers to itself too often", detail="href")
            seen |= {str(reference)}
            element.text = target.text
            for name, value in target.attrib.items():
                if name not in {"id", "href"}:
                    element.set(name, value)
            element.extend(copy.deepcopy(inner) for inner in target)
        waiting += [(inner, seen) for inner in element]


def _message(response: Response, place: str) -> bytes:
    """Give the XML of an answer; one that is alone in a multipart message is taken out of it.

    Raises:
        Garbled: there is more in it than the message.
    """
    kind = response.headers.get("content-type") or ""
    if not kind.lower().lstrip().startswith("multipart/"):
        return json_text(response) if b"encoding=" not in response.body[:200] else response.body
    whole = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + response.body)
    parts = [part for part in whole.walk() if not part.is_multipart()]
    if len(parts) != 1:
        raise _attached(place)
    found: Any = parts[0].get_payload(decode=True)
    return bytes(found)


def _attached(place: str) -> Garbled:
    return Garbled(
        "the answer has attachments, which are not read",
        detail="multipart message",
        hint="leave the operation out of the manifest, or let the service put the content into the message",
        place=place,
    )
