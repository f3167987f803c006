"""XML: every element of one name is a record. Read as a stream; the elements that were read are let go.

A document that may be written is held in memory while it is read, and its records are kept with their text.
"""

from collections.abc import Iterator
from io import BytesIO
from typing import IO, Any, Final
from xml.etree.ElementTree import Element, ParseError, XMLPullParser, fromstring
from xml.parsers.expat import ExpatError, ParserCreate

from tallystick.connectors.files_cells import Cells
from tallystick.connectors.files_text import Entry, Fault, Spelling, Tape, cut_off
from tallystick.connectors.files_xml_write import Document, Scribe, cut
from tallystick.core.error import Garbled, ProjectError, Refused
from tallystick.core.record import Raw
from tallystick.project.manifest_files import FileSpec

_BLOCK: Final = 65_536
_ANY_TEXT: Final = Spelling("utf-8")  # what the document's encoding has no code for is written as a reference
_BREAKS_OFF: Final = frozenset({3, 5, 6})  # expat: no element found, unclosed token, partial character


class XmlFormat:
    """One document. Children are fields, attributes are fields with ``@``, repeated children a list."""

    by_line = False

    def __init__(self, spec: FileSpec, cells: Cells, names: frozenset[str], place: str) -> None:
        self._spec = spec
        self._cells = cells
        self._names = names
        self._place = place
        self._document: Document | None = None
        self.head = b""
        self.tail = b""
        self.tape: Tape | None = None
        if not spec.records:
            raise ProjectError("nothing says which element is a record", hint="records: customer", place=place)

    def read(self, stream: IO[bytes]) -> Iterator[Entry]:
        """Give every record. Raises ``Unavailable`` for a document that breaks off, ``Garbled`` for none.

        One that may be written and can only be read is a ``ProjectError``.
        """
        if self._spec.write == "never":
            yield from self._stream(stream)
            return
        content = stream.read()
        if not _is_whole(content):
            yield from self._stream(BytesIO(content))  # says where and why
            return
        document = self._document = cut(content, self._spec.records, self._place)
        self.head = document.spelling.mark + document.encode(document.head)
        self.tail = document.encode(document.tail)
        document.records.reverse()
        for entry in self._stream(BytesIO(content)):
            yield entry._replace(source=document.encode(document.records.pop()))

    def joint(self, before: bytes) -> bytes:  # noqa: ARG002 - a record is kept with what stands before it
        """Give what must stand between two records."""
        return b""

    def decode(self, source: bytes) -> Raw:
        """Read one record back from its bytes."""
        document = self._cut()
        [element] = fromstring(f"<x{document.around}>{document.decode(source)}</x>")  # noqa: S314 - our own spelling
        record = self._entry(0, element).record
        if record is None:
            raise Refused("a record without any value cannot be written", place=self._place)
        return record

    def make(self, body: Raw) -> bytes:
        """Spell a new record. Raises ``Refused``."""
        self._check(body)
        document = self._cut()
        return document.encode(Scribe(document, self._spell).make(body))

    def change(self, source: bytes, patch: Raw) -> bytes:
        """Spell a record with some values changed; all else keeps its bytes. Raises ``Refused``."""
        self._check(patch)
        document = self._cut()
        return document.encode(Scribe(document, self._spell).change(document.decode(source), patch))

    def _cut(self) -> Document:
        if self._document is None:
            raise ProjectError("the file was not read for writing", place=self._place)
        return self._document

    def _spell(self, path: str, value: Any) -> str:
        return self._cells.write(path, value, _ANY_TEXT)

    def _check(self, body: Raw) -> None:
        for name in body if self._names else ():
            if name not in self._names:
                hint = "declare it under 'fields' in the manifest if the file may have it"
                raise Refused(f"there is no field '{name}'", hint=hint, field=name, place=self._place)

    def _stream(self, stream: IO[bytes]) -> Iterator[Entry]:
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


def _is_whole(content: bytes) -> bool:
    try:
        ParserCreate().Parse(content, True)
    except (ExpatError, ValueError):
        return False
    return True


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _name(tag: Any) -> str:
    return str(tag).rpartition("}")[2]
