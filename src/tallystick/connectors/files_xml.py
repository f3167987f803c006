"""XML: every element of one name is a record. Read as a stream; the elements that were read are let go."""

from collections.abc import Iterator
from typing import IO, Any, Final
from xml.etree.ElementTree import Element, ParseError, XMLPullParser

from tallystick.connectors.files_cells import Cells
from tallystick.connectors.files_text import Entry, Fault, Tape, cut_off
from tallystick.core.error import Garbled, ProjectError
from tallystick.core.record import Raw
from tallystick.project.manifest_files import FileSpec

_BLOCK: Final = 65_536
_BREAKS_OFF: Final = frozenset({3, 5, 6})  # expat: no element found, unclosed token, partial character


class XmlFormat:
    """One document. Children are fields, attributes are fields with ``@``, repeated children a list."""

    by_line = False

    def __init__(self, spec: FileSpec, cells: Cells, place: str) -> None:
        self._spec = spec
        self._cells = cells
        self._place = place
        self.head = b""
        self.tape: Tape | None = None
        if not spec.records:
            raise ProjectError("nothing says which element is a record", hint="records: customer", place=place)

    def read(self, stream: IO[bytes]) -> Iterator[Entry]:
        """Give every record. Raises ``Unavailable`` for a document that breaks off, ``Garbled`` for none."""
        parser: Any = XMLPullParser(("start", "end"))
        above: list[Element] = []
        number = inside = 0
        while True:
            block = stream.read(_BLOCK)
            for event, element in self._events(parser, block, number + 1):
                if event == "start":
                    above.append(element)
                    inside += bool(inside or _name(element.tag) == self._spec.records)
                    continue
                above.pop()
                if inside:
                    inside -= 1
                    if inside:
                        continue
                    number += 1
                    yield self._entry(number, element)
                if above:
                    above[-1].remove(element)
            if not block:
                return

    def _events(self, parser: Any, block: bytes, row: int) -> list[Any]:
        try:
            if block:
                parser.feed(block)
            else:
                parser.close()
            return list(parser.read_events())
        except ParseError as error:
            place = f"{self._place}:{error.position[0]}:{error.position[1] + 1}"
            if not block and error.code in _BREAKS_OFF:
                raise cut_off(place, f"the document breaks off at record {row}") from None
            raise Garbled("the file is not XML", detail=str(error), place=place) from None

    def _entry(self, number: int, element: Element) -> Entry:
        faults: list[Fault] = []
        record = self._content(element, "", faults)
        if not isinstance(record, dict):
            return Entry(number, b"", None, Fault(f"the element '{self._spec.records}' has no content"))
        return Entry(number, b"", record, faults[0] if faults else None)

    def _content(self, element: Element, path: str, faults: list[Fault]) -> Any:
        """Give what an element holds: text where it has only text, otherwise an object."""
        text = (element.text or "").strip()
        if not len(element) and not element.attrib and path:
            return self._value(path, text, faults)
        content: Raw = {}
        for name, value in element.attrib.items():
            plain = f"@{_name(name)}"
            content[plain] = self._value(_below(path, plain), value, faults)
        for child in element:
            name = _name(child.tag)
            value = self._content(child, _below(path, name), faults)
            if name not in content:
                content[name] = value
            elif isinstance(content[name], list):
                content[name].append(value)
            else:
                content[name] = [content[name], value]
        if text:
            content["#text"] = self._value(_below(path, "#text"), text, faults)
        return content or None

    def _value(self, path: str, text: str, faults: list[Fault]) -> Any:
        try:
            return self._cells.read(path, text)
        except ValueError as error:
            faults.append(Fault(f"'{path}' {error}", 0, path))
            return text


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _name(tag: Any) -> str:
    return str(tag).rpartition("}")[2]
