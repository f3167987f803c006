"""Text of fixed width: every column has its place in the line, padded with spaces."""

from collections.abc import Iterator
from itertools import accumulate
from typing import IO

from tallystick.connectors.files_cells import Cells
from tallystick.connectors.files_text import (
    LINE_ENDS,
    Entry,
    Fault,
    Spelling,
    Tape,
    column_names,
    cut_off,
    line_joint,
    open_text,
)
from tallystick.core.error import ProjectError, Refused
from tallystick.core.record import Raw
from tallystick.project.manifest_files import FileSpec


class FixedFormat:
    """One file of fixed width: reads its rows, and spells rows as it does. Numbers stand at the right end."""

    by_line = True

    def __init__(self, spec: FileSpec, cells: Cells, place: str) -> None:
        self._spec = spec
        self._cells = cells
        self._place = place
        self._starts = list(accumulate(spec.widths, initial=0))
        self._spelling = Spelling("utf-8")
        self._names: list[str] = []
        self._end = "\n"
        self.head = self.tail = b""
        self.tape: Tape | None = None
        if not spec.widths:
            raise ProjectError("the widths of the columns are missing", hint="widths: [10, 30, 8]", place=place)

    def read(self, stream: IO[bytes]) -> Iterator[Entry]:
        """Give every row. Raises ``Unavailable`` for a file that breaks off in its header."""
        text, self._spelling = open_text(stream, self._spec.encoding, self._place)
        tape = self.tape = Tape(text, self._spelling, self._spec, self._place)
        names = list(self._spec.columns)
        lines = [next(tape, "") for _ in range(self._spec.header)]
        if self._spec.header and not lines[-1]:
            raise cut_off(self._place, "it ends before the line with the names of the columns")
        if lines and not names:
            names = self._slice(lines[-1])
        if len(names) != len(self._spec.widths):
            hint = f"columns has {len(names)} names, widths {len(self._spec.widths)} numbers"
            raise ProjectError("every column needs a name and a width", hint=hint, place=self._place)
        self._names = column_names(names)
        self.head = self._spelling.mark + tape.take()
        for line in tape:
            source = tape.take()
            self._end = line[len(line.rstrip(LINE_ENDS)) :] or self._end
            yield self._entry(tape.line, source, line) if line.strip() else Entry(tape.line, source)

    def _slice(self, line: str) -> list[str]:
        text = line.rstrip(LINE_ENDS)
        return [text[start : start + width] for start, width in zip(self._starts, self._spec.widths, strict=False)]

    def _entry(self, number: int, source: bytes, line: str) -> Entry:
        beyond = line.rstrip(LINE_ENDS)[self._starts[-1] :]
        if beyond.strip():
            return Entry(number, source, None, Fault("the line is longer than its columns", self._starts[-1] + 1))
        return Entry(number, source, *self._record(line))

    def _record(self, line: str) -> tuple[Raw, Fault | None]:
        record: Raw = {}
        fault: Fault | None = None
        for at, (name, cell) in enumerate(zip(self._names, self._slice(line), strict=True)):
            if not name:
                continue
            text = cell.strip() if self._cells.is_number(name) else cell.rstrip(" ")
            try:
                record[name] = self._cells.read(name, text)
            except ValueError as error:
                record[name] = text
                fault = fault or Fault(f"'{name}' {error}", self._starts[at] + 1, name)
        return record, fault

    def joint(self, before: bytes) -> bytes:
        """Give what must stand between two rows, after the bytes of the first."""
        return line_joint(before, self._spelling, self._end)

    def decode(self, source: bytes) -> Raw:
        """Read one row back from its bytes."""
        return self._record(source.decode(self._spelling.codec, "surrogateescape"))[0]

    def make(self, body: Raw) -> bytes:
        """Spell a new row. Raises ``Refused`` for what the file cannot hold."""
        self._cells.refuse_unknown(body, self._names)
        return self._spell([self._pad(at, name, body.get(name)) for at, name in enumerate(self._names)])

    def change(self, source: bytes, patch: Raw) -> bytes:
        """Spell a row anew with some values changed. Raises ``Refused`` for what the file cannot hold."""
        self._cells.refuse_unknown(patch, self._names)
        line = source.decode(self._spelling.codec, "surrogateescape").rstrip(LINE_ENDS).ljust(self._starts[-1])
        cells = self._slice(line)
        for name, value in patch.items():
            at = self._names.index(name)
            cells[at] = self._pad(at, name, value)
        return self._spell(cells)

    def _pad(self, at: int, name: str, value: object) -> str:
        text, width = self._cells.write(name, value, self._spelling), self._spec.widths[at]
        if len(text) > width:
            raise Refused(f"'{name}' is longer than its {width} characters", field=name, place=self._place)
        if any(end in text for end in LINE_ENDS) or text.endswith(" "):
            why = "a column of fixed width holds neither line ends nor spaces at the end"
            raise Refused(f"'{name}' cannot be written", detail=why, field=name, place=self._place)
        return text.rjust(width) if self._cells.is_number(name) else text.ljust(width)

    def _spell(self, cells: list[str]) -> bytes:
        return self._spelling.encode("".join(cells) + self._end)
