"""JSON and JSON Lines. A document is read as a stream, however long it is; numbers keep all their digits."""

from collections.abc import Iterator
from io import TextIOWrapper
from typing import IO, Any

import msgspec

from tallystick.connectors.files_text import Entry, Fault, Spelling, Tape, cut_off, line_joint, open_text
from tallystick.core.error import Garbled, ProjectError, Refused
from tallystick.core.record import Raw, decode_raw, encode_raw
from tallystick.project.manifest_files import FileSpec


class _Records:
    """What both formats do alike: a record is an object of JSON, changed by laying a patch over it."""

    def __init__(self, spec: FileSpec, names: frozenset[str], place: str) -> None:
        self._spec = spec
        self._names = names
        self._place = place
        self._spelling = Spelling("utf-8")
        self.head = self.tail = b""
        self.tape: Tape | None = None

    def decode(self, source: bytes) -> Raw:
        """Read one record back from its bytes."""
        record: Raw = decode_raw(self._plain(source))
        return record

    def make(self, body: Raw) -> bytes:
        """Spell a new record. Raises ``Refused`` for a field that is not declared, where some are."""
        self._check(body)
        return self._spell(body)

    def change(self, source: bytes, patch: Raw) -> bytes:
        """Spell a record anew with some values changed; objects inside are merged. Raises ``Refused``."""
        self._check(patch)
        record = self.decode(source)
        lay_over(record, patch)
        return self._spell(record)

    def _check(self, body: Raw) -> None:
        for name in body if self._names else ():
            if name not in self._names:
                hint = "declare it under 'fields' in the manifest if the file may have it"
                raise Refused(f"there is no field '{name}'", hint=hint, field=name, place=self._place)

    def _spell(self, record: Raw) -> bytes:
        text = encode_raw(record).decode()
        if lacking := self._spelling.lacks(text):
            raise Refused(f"the file's encoding ({self._spelling.codec}) has no '{lacking}'", place=self._place)
        return self._spelling.encode(text + self._ending())

    def _ending(self) -> str:
        return ""

    def _plain(self, source: bytes) -> bytes:
        return source.decode(self._spelling.codec, "surrogateescape").encode("utf-8", "surrogateescape")


class JsonLinesFormat(_Records):
    """One record in each line."""

    by_line = True

    def read(self, stream: IO[bytes]) -> Iterator[Entry]:
        """Give every line. Raises ``Unavailable`` where the last one breaks off."""
        text, self._spelling = open_text(stream, self._spec.encoding, self._place)
        tape = self.tape = Tape(text, self._spelling, self._spec, self._place)
        self.head = self._spelling.mark
        for line in tape:
            source = tape.take()
            if not line.strip():
                yield Entry(tape.line, source)
                continue
            try:
                record = decode_raw(self._plain(source))
            except (msgspec.DecodeError, ArithmeticError) as error:
                if tape.ends_openly:
                    raise cut_off(f"{self._place}:{tape.line}", "its last line is no whole record") from None
                yield Entry(tape.line, source, None, Fault(f"the line is not JSON: {error}", 1))
                continue
            if isinstance(record, dict):
                yield Entry(tape.line, source, record)
            else:
                yield Entry(tape.line, source, None, Fault("the line is not a record", 1))

    def joint(self, before: bytes) -> bytes:
        """Give what must stand between two records, after the bytes of the first."""
        return line_joint(before, self._spelling, "\n")

    def _ending(self) -> str:
        return "\n"


class JsonFormat(_Records):
    """One document with a list of records. It can be written where it is nothing but that list."""

    by_line = False

    def __init__(self, spec: FileSpec, names: frozenset[str], place: str) -> None:
        super().__init__(spec, names, place)
        self.head, self.tail = b"[\n", b"\n]\n"

    def read(self, stream: IO[bytes]) -> Iterator[Entry]:
        """Give every record. Raises ``Unavailable`` for a document that breaks off, ``Garbled`` for none."""
        ijson = _library()
        text, _ = open_text(stream, self._spec.encoding, self._place)
        with text:
            yield from self._items(ijson, text)

    def _items(self, ijson: Any, text: TextIOWrapper) -> Iterator[Entry]:
        watch = _Watch(ijson.parse(_Utf8(text), use_float=False), self._spec.records)
        under = f"{self._spec.records}.item" if self._spec.records else "item"
        number = 0
        try:
            for number, record in enumerate(ijson.items(watch, under), 1):
                if isinstance(record, dict):
                    yield Entry(number, encode_raw(record), record)
                else:
                    yield Entry(number, b"null", None, Fault("the item is not a record"))
        except ijson.IncompleteJSONError:
            raise cut_off(f"{self._place}:{number + 1}", "the document breaks off") from None
        except (ijson.JSONError, UnicodeError) as error:
            raise Garbled(
                "the file is not JSON", detail=str(error)[:200], place=f"{self._place}:{number + 1}"
            ) from None
        if not watch.found:
            at = f"at '{self._spec.records}'" if self._spec.records else "in it"
            hint = "set 'records' to the path of the list"
            raise Garbled(f"there is no list of records {at}", hint=hint, place=self._place)

    def joint(self, before: bytes) -> bytes:
        """Give what must stand between two records, after the bytes of the first."""
        return b"" if before in {b"", self.head} else b",\n"


class _Watch:
    """Passes on what a parser says, and notes whether the list came."""

    def __init__(self, events: Iterator[Any], path: str) -> None:
        self._events = events
        self._path = path
        self.found = False

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        event = next(self._events)
        if event[1] == "start_array" and event[0] == self._path:
            self.found = True
        return event


class _Utf8:
    """Reads text as the bytes that the parser wants."""

    def __init__(self, text: TextIOWrapper) -> None:
        self._text = text

    def read(self, size: int) -> bytes:
        return self._text.read(size).encode("utf-8", "surrogateescape")


def lay_over(record: Raw, patch: Raw) -> None:
    """Change a record as a patch says; objects inside are merged."""
    for name, value in patch.items():
        here = record.get(name)
        if isinstance(value, dict) and isinstance(here, dict):
            lay_over(here, value)
        else:
            record[name] = value


def _library() -> Any:
    try:
        import ijson
    except ImportError:
        raise ProjectError("JSON files need a library", hint="pip install 'tallystick[files]'") from None
    return ijson


def list_paths(stream: IO[bytes], stated: str, place: str) -> list[str]:
    """Find where a document has lists of objects: their paths, in the order they come; '' for the document itself."""
    found: list[str] = []
    text, _ = open_text(stream, stated, place)
    ijson = _library()
    before = ("", "")
    try:
        for path, event, _value in ijson.parse(_Utf8(text)):
            under = before[0]
            if event == "start_map" and before[1] == "start_array" and "item" not in under.split("."):
                found.append(under)
            before = (path, event)
    except (ijson.JSONError, UnicodeError):
        return found
    finally:
        text.detach()
    return found
