"""Files of lines: their encoding, their byte order mark, their first lines and the line that closes them.

Bytes that are no text in the stated encoding are kept as they are, so that they cost their own row only.
"""

import codecs
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from typing import IO, Final, NamedTuple

from tallystick.core.error import Garbled, ProjectError, Unavailable
from tallystick.core.record import Raw
from tallystick.project.manifest_files import FileSpec

LONGEST_LINE: Final = 10_000_000  # characters; a longer one is no row but a file without line ends
LINE_ENDS: Final = "\r\n"
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE: Final = {"utf-16": "utf-16-le", "utf-32": "utf-32-le", "utf-8-sig": "utf-8"}

Pieces = Generator[bytes, None, None]
"""Pieces of a file; whoever does not take them all closes it."""


class Fault(NamedTuple):
    """Why a row cannot be used, and the column (counted from 1; 0 for the whole row) where that shows."""

    why: str
    column: int = 0
    field: str = ""


class Entry(NamedTuple):
    """One row of a file: its line (counted from 1), its bytes, and what it says.

    Without ``record`` and ``fault`` it is filling: an empty line, kept only so that a rewritten file has it too.
    """

    line: int
    source: bytes
    record: Raw | None = None
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Spelling:
    """The encoding of a file as found: the codec's name, and the byte order mark it begins with."""

    codec: str
    mark: bytes = b""

    def encode(self, text: str) -> bytes:
        """Write text of the file, bytes that are no text among it, as it was."""
        return text.encode(self.codec, "surrogateescape")

    def lacks(self, text: str) -> str:
        """Name the first character that the encoding has no code for; empty where it can hold the text."""
        try:
            text.encode(self.codec)
        except UnicodeEncodeError as error:
            return text[error.start]
        return ""


def known_codec(name: str, place: str) -> str:
    """Give the codec of an encoding's name. Raises ``ProjectError`` for one that does not exist."""
    try:
        found = codecs.lookup(name)
    except LookupError:
        raise ProjectError(
            f"there is no encoding '{name}'", hint="for example utf-8, cp1252, iso-8859-15, utf-16", place=place
        ) from None
    if not getattr(found, "_is_text_encoding", True):
        raise ProjectError(f"'{name}' is no encoding of text", hint="for example utf-8 or cp1252", place=place)
    return _WIDE.get(found.name, found.name)


def find_spelling(start: bytes, stated: str, place: str) -> Spelling:
    """Say how a file is encoded that begins with these bytes: a byte order mark counts more than what is stated."""
    for mark, codec in _MARKS:
        if start.startswith(mark):
            return Spelling(codec, mark)
    return Spelling(known_codec(stated, place))


def open_text(stream: IO[bytes], stated: str, place: str) -> tuple[TextIOWrapper, Spelling]:
    """Open a file as text after its byte order mark, with its line ends as they are."""
    spelling = find_spelling(stream.read(4), stated, place)
    stream.seek(len(spelling.mark))
    errors = "strict" if spelling.codec.startswith(("utf-16", "utf-32")) else "surrogateescape"
    return TextIOWrapper(stream, spelling.codec, errors, newline=""), spelling


class Tape:
    """Gives the lines of a text one by one, and remembers those that were read since it was last asked.

    The last line is held back and not given where it is the trailer; ``trailer`` is then its match.
    """

    def __init__(self, text: TextIOWrapper, spelling: Spelling, spec: FileSpec, place: str) -> None:
        self._text = text
        self._spelling = spelling
        self._place = place
        self._trailer = re.compile(spec.complete.trailer) if spec.complete.trailer else None
        self._kept: list[str] = []
        self.line = 0
        self.ends_openly = False
        self.trailer: re.Match[str] | None = None
        self._closing = ""
        self._ahead = self._read()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._ahead
        if not line:
            raise StopIteration
        self._ahead = self._read()
        if not self._ahead:
            self.trailer = self._trailer.fullmatch(line.rstrip(LINE_ENDS)) if self._trailer else None
            if self.trailer:
                self._closing = line
                raise StopIteration
            self.ends_openly = line[-1] not in LINE_ENDS
        self.line += 1
        self._kept.append(line)
        return line

    def take(self) -> bytes:
        """Give the bytes of the lines since the last call."""
        text = "".join(self._kept)
        self._kept.clear()
        return self._spelling.encode(text)

    def closing_line(self, rows: int) -> bytes:
        """Spell the trailer for another number of rows; empty where the file has none."""
        if self.trailer is None:
            return b""
        line = self._closing
        if "rows" in self.trailer.re.groupindex and self.trailer["rows"] is not None:
            start, end = self.trailer.span("rows")
            line = f"{line[:start]}{str(rows).zfill(end - start)}{line[end:]}"
        return self._spelling.encode(line)

    def _read(self) -> str:
        try:
            line = self._text.readline(LONGEST_LINE + 1)
        except UnicodeError as error:
            raise Garbled(
                "the file is not in the encoding that is stated",
                detail=f"{self._spelling.codec}: {error.__class__.__name__}",
                hint="correct 'encoding' in the manifest",
                place=f"{self._place}:{self.line + 1}",
            ) from None
        if len(line) > LONGEST_LINE:
            raise Garbled("a line does not end", detail=f"after {LONGEST_LINE} characters", place=self._place)
        return line


def cut_off(place: str, why: str) -> Unavailable:
    """Make the error of a file that is not whole: it is read again later, and until then nothing is concluded."""
    return Unavailable(
        "the file is not complete", detail=why, hint="it is read again in the next run; see 'complete'", place=place
    )


def column_names(found: list[str]) -> list[str]:
    """Make the names of columns distinct: a second 'name' is 'name_2'. A column without a name stays without."""
    names: list[str] = []
    for raw in found:
        name = raw.strip()
        count, distinct = 1, name
        while distinct and distinct in names:
            count += 1
            distinct = f"{name}_{count}"
        names.append(distinct)
    return names


def line_joint(before: bytes, spelling: Spelling, end: str) -> bytes:
    """Give the line end that is missing after these bytes, if one is: the last row of a file may be without."""
    whole = not before or before == spelling.mark or any(before.endswith(spelling.encode(each)) for each in LINE_ENDS)
    return b"" if whole else spelling.encode(end)
