"""Delimited text: CSV and TSV. What is not changed is written back byte for byte."""

import csv
from collections.abc import Iterator
from io import StringIO
from typing import IO, Final

from tallystick.connectors.files_cells import Cells
from tallystick.connectors.files_text import (
    LINE_ENDS,
    LONGEST_LINE,
    Entry,
    Fault,
    Spelling,
    Tape,
    column_names,
    cut_off,
    line_joint,
    open_text,
)
from tallystick.core.error import Garbled, Refused
from tallystick.core.record import Raw
from tallystick.project.manifest_files import FileSpec

_UNQUOTED_SPACES: Final = (" ", "\t")


class DelimitedFormat:
    """One delimited file: reads its rows, and spells rows as it does. Made anew for each reading of a file."""

    by_line = True

    def __init__(self, spec: FileSpec, cells: Cells, place: str) -> None:
        self._spec = spec
        self._cells = cells
        self._place = place
        self._delimiter = "\t" if spec.format == "tsv" else spec.delimiter
        self._spelling = Spelling("utf-8")
        self._names: list[str] = []
        self._end = "\n"
        self._quotes_all = False
        self.head = self.tail = b""
        self.tape: Tape | None = None

    def read(self, stream: IO[bytes]) -> Iterator[Entry]:
        """Give every row. Raises ``Unavailable`` for a file that breaks off, ``Garbled`` for one that is none."""
        csv.field_size_limit(LONGEST_LINE)
        text, self._spelling = open_text(stream, self._spec.encoding, self._place)
        tape = self.tape = Tape(text, self._spelling, self._spec, self._place)
        self._read_header(tape)
        rows = self._rows(tape)
        while True:
            line = tape.line + 1
            try:
                cells = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                raise self._broken(tape, error) from None
            source = tape.take()
            if any(cells):
                yield self._entry(line, source, cells)
            else:
                yield Entry(line, source)

    def _rows(self, lines: Iterator[str]) -> Iterator[list[str]]:
        quote = self._spec.quote
        if not quote:
            return csv.reader(lines, delimiter=self._delimiter, quoting=csv.QUOTE_NONE, strict=True)
        return csv.reader(lines, delimiter=self._delimiter, quotechar=quote, doublequote=True, strict=True)

    def _read_header(self, tape: Tape) -> None:
        names = list(self._spec.columns)
        if self._spec.header:
            for _ in range(self._spec.header - 1):
                next(tape, "")
            before = tape.take()
            try:
                names = next(self._rows(tape))
            except StopIteration:
                raise cut_off(self._place, "it ends before the line with the names of the columns") from None
            except csv.Error as error:
                raise self._broken(tape, error) from None
            header = tape.take()
            line = header.decode(self._spelling.codec, "surrogateescape")
            self._end = line[len(line.rstrip(LINE_ENDS)) :] or "\n"
            quote = self._spec.quote
            self._quotes_all = bool(quote) and line.count(quote) >= 2 * len(names)
            self.head = self._spelling.mark + before + header
        else:
            self.head = self._spelling.mark
        self._names = column_names(names)

    def _entry(self, line: int, source: bytes, cells: list[str]) -> Entry:
        if len(cells) < len(self._names):
            why = f"the row has {len(cells)} cells instead of {len(self._names)}"
            return Entry(line, source, None, Fault(why, len(cells)))
        if len(cells) > len(self._names) and any(cells[len(self._names) :]):
            why = f"the row has {len(cells)} cells instead of {len(self._names)}"
            return Entry(line, source, None, Fault(why, len(self._names) + 1))
        record, fault = self._record(cells)
        return Entry(line, source, record, fault)

    def _record(self, cells: list[str]) -> tuple[Raw, Fault | None]:
        record: Raw = {}
        fault: Fault | None = None
        read = self._cells.read
        for at, (name, cell) in enumerate(zip(self._names, cells, strict=False)):
            if not name:
                continue
            try:
                record[name] = read(name, cell)
            except ValueError as error:
                record[name] = cell
                fault = fault or Fault(f"'{name}' {error}", at + 1, name)
        return record, fault

    def joint(self, before: bytes) -> bytes:
        """Give what must stand between two rows, after the bytes of the first."""
        return line_joint(before, self._spelling, self._end)

    def decode(self, source: bytes) -> Raw:
        """Read one row back from its bytes."""
        return self._record(self._split(source))[0]

    def make(self, body: Raw) -> bytes:
        """Spell a new row. Raises ``Refused`` for what the file cannot hold."""
        self._cells.refuse_unknown(body, self._names)
        return self._spell([self._cells.write(name, body.get(name), self._spelling) for name in self._names])

    def change(self, source: bytes, patch: Raw) -> bytes:
        """Spell a row anew with some values changed. Raises ``Refused`` for what the file cannot hold."""
        self._cells.refuse_unknown(patch, self._names)
        cells = self._split(source)
        for name, value in patch.items():
            cells[self._names.index(name)] = self._cells.write(name, value, self._spelling)
        return self._spell(cells)

    def _split(self, source: bytes) -> list[str]:
        text = source.decode(self._spelling.codec, "surrogateescape")
        return next(self._rows(StringIO(text, newline="")))

    def _spell(self, cells: list[str]) -> bytes:
        shown = [self._quote(cell) for cell in cells]
        if shown == [""]:
            shown = [self._spec.quote * 2]
        return self._spelling.encode(self._delimiter.join(shown) + self._end)

    def _quote(self, cell: str) -> str:
        quote = self._spec.quote
        special = any(each in cell for each in (self._delimiter, "\r", "\n", *([quote] if quote else [])))
        if not special and not (self._quotes_all or cell.startswith(_UNQUOTED_SPACES)):
            return cell
        if not quote:
            if not special:
                return cell
            why = "it has a delimiter or a line end, and nothing encloses the cells of this file"
            raise Refused("a value cannot be written", detail=why, place=self._place)
        return f"{quote}{cell.replace(quote, quote * 2)}{quote}"

    def _broken(self, tape: Tape, error: csv.Error) -> Exception:
        place = f"{self._place}:{tape.line}"
        if "unexpected end" in str(error):
            return cut_off(place, "it ends inside of a quoted cell")
        hint = "correct 'delimiter' and 'quote' in the manifest, or the file"
        return Garbled("the file cannot be read as rows of cells", detail=str(error), hint=hint, place=place)
