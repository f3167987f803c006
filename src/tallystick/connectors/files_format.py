"""From a manifest's format to the class that reads it: nothing is loaded before it is needed."""

from collections.abc import Callable, Iterator
from typing import IO, Protocol, runtime_checkable

from tallystick.connectors.files_cells import Cells
from tallystick.connectors.files_csv import DelimitedFormat
from tallystick.connectors.files_fixed import FixedFormat
from tallystick.connectors.files_json import JsonFormat, JsonLinesFormat
from tallystick.connectors.files_text import Entry, Pieces, Tape
from tallystick.core.path import parse
from tallystick.core.record import Raw
from tallystick.project.manifest import ObjectSpec
from tallystick.project.manifest_files import FileSpec


class Format(Protocol):
    """One file of some format, while it is read. ``tape`` is set where it consists of lines."""

    by_line: bool
    tape: Tape | None

    def read(self, stream: IO[bytes]) -> Iterator[Entry]:
        """Give every row."""


class Changing(Protocol):
    """A format of which rows can be spelled, after a file was read. What is kept of a row is the format's own."""

    by_line: bool
    tape: Tape | None

    def read(self, stream: IO[bytes]) -> Iterator[Entry]:
        """Give every row."""

    def decode(self, source: bytes) -> Raw:
        """Read one row back from what is kept of it."""

    def make(self, body: Raw) -> bytes:
        """Spell a new row. Raises ``Refused``."""

    def change(self, source: bytes, patch: Raw) -> bytes:
        """Spell a row anew with some values changed. Raises ``Refused``."""


@runtime_checkable
class WritableFormat(Changing, Protocol):
    """A format whose files are the bytes of their rows, one after the other.

    ``head`` stands before the first row, ``tail`` after the last one and before a closing line.
    """

    head: bytes
    tail: bytes

    def joint(self, before: bytes) -> bytes:
        """Give what must stand between two rows, after the bytes of the first."""


@runtime_checkable
class RewritableFormat(Changing, Protocol):
    """A format whose files are written anew from the file that is there."""

    def rewrite(self, stream: IO[bytes], sources: Callable[[], Pieces]) -> Pieces:
        """Give the new file; ``stream`` is the old one, ``sources`` gives what is kept of each row.

        Raises ``Refused`` or ``Garbled`` before anything is given.
        """


def open_format(file: FileSpec, spec: ObjectSpec, place: str) -> Format:
    """Make the reader of one file; ``place`` is the file's name in messages."""
    cells = Cells(file, spec.fields, place)
    names = frozenset(str(parse(path)[0]) for path in spec.fields)
    match file.format:
        case "csv" | "tsv":
            return DelimitedFormat(file, cells, place)
        case "fixed":
            return FixedFormat(file, cells, place)
        case "jsonl":
            return JsonLinesFormat(file, names, place)
        case "json":
            return JsonFormat(file, names, place)
        case "xml":
            from tallystick.connectors.files_xml import XmlFormat

            return XmlFormat(file, cells, names, place)
        case "xlsx":
            from tallystick.connectors.files_sheet import SheetFormat

            return SheetFormat(file, cells, spec.fields, place)
