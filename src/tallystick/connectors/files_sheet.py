"""XLSX (and XLS, XLSB, ODS): the rows of one sheet below its line of headings. Formulas count by their last result.

A workbook that may be written is held in memory, its one sheet as text, while it is read and while it is written.
"""

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import date, time, timedelta
from decimal import Decimal
from itertools import islice, zip_longest
from tempfile import TemporaryFile
from typing import IO, Any, Final
from zipfile import BadZipFile, ZipFile

from tallystick.connectors.files_cells import Cells
from tallystick.connectors.files_sheet_write import (
    Change,
    SheetWriter,
    checked_number,
    checked_text,
    pack,
    serial_of,
    stretch_table,
)
from tallystick.connectors.files_text import Entry, Fault, Pieces, Tape, column_names, cut_off
from tallystick.connectors.files_workbook import Workbook, look_into, rows_of
from tallystick.core.error import Garbled, ProjectError, Refused
from tallystick.core.record import Raw, decode_raw, encode_raw
from tallystick.project.manifest import FieldSpec
from tallystick.project.manifest_files import FileSpec

_BLOCK: Final = 1 << 20
_EXACT_TO: Final = 2**53
_MARKS: Final = frozenset({b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0"})  # what workbooks begin with, or an empty file


class SheetFormat:
    """One sheet of a workbook. A number in a column that is declared as text is shown as text."""

    by_line = False

    def __init__(self, spec: FileSpec, cells: Cells, fields: dict[str, FieldSpec], place: str) -> None:
        self._spec = spec
        self._cells = cells
        self._texts = {path for path, field in fields.items() if field.type == "text"}
        self._place = place
        self._marks: _Marks | None = None
        self._names: list[str] = []
        self.tape: Tape | None = None

    def read(self, stream: IO[bytes]) -> Iterator[Entry]:
        """Give every row. Raises ``Unavailable`` for a workbook that breaks off, ``Garbled`` for none.

        One that may be written and can only be read is a ``ProjectError``.
        """
        sheet = self._open(stream)
        if self._spec.write == "never":
            yield from self._entries(sheet)
            return
        marks = self._marks = _mark(stream, self._spec.sheet, self._place)
        marks.left = sheet.start[1] if sheet.start else 0
        for entry in self._entries(sheet):
            marks.numbers.append(entry.line)
            computed = marks.computed_names(entry.line, self._names)
            yield entry._replace(source=encode_raw([entry.line, entry.record, computed, []]))

    def decode(self, source: bytes) -> Raw:
        """Read one row back from what is kept of it."""
        record: Raw = decode_raw(source)[1]
        return record

    def make(self, body: Raw) -> bytes:
        """Keep a new row. Raises ``Refused``."""
        self._cells.refuse_unknown(body, self._names)
        shown = {name: self._shown(name, body.get(name)) for name in self._names if name}
        return encode_raw([None, shown, [], list(body)])

    def change(self, source: bytes, patch: Raw) -> bytes:
        """Keep a row with some values changed. Raises ``Refused``, also where a formula makes the value."""
        self._cells.refuse_unknown(patch, self._names)
        number, record, computed, changed = decode_raw(source)
        for name in patch:
            if name in computed:
                raise Refused(f"'{name}' is computed by a formula", field=name, place=f"{self._place}:{number}")
        shown = {name: self._shown(name, value) for name, value in patch.items()}
        return encode_raw([number, record | shown, computed, [*changed, *(n for n in shown if n not in changed)]])

    def rewrite(self, stream: IO[bytes], sources: Callable[[], Pieces]) -> Pieces:
        """Give the workbook with these rows, in the order in which they were read, the new ones last.

        It is read back before any of it is given. Raises ``Refused`` where a row cannot be removed, ``Garbled`` where
        the workbook would not hold what it should.
        """
        if self._marks is None:
            raise ProjectError("the file was not read for writing", place=self._place)
        with TemporaryFile() as made:
            with closing(sources()) as kept:
                self._write(stream, self._marks, kept, made)
            made.seek(0)
            with closing(sources()) as kept:
                self._prove(made, kept)
            made.seek(0)
            while block := made.read(_BLOCK):
                yield block

    def _write(self, stream: IO[bytes], marks: "_Marks", sources: Iterator[bytes], made: IO[bytes]) -> None:
        places = {name: at + marks.left for at, name in enumerate(self._names) if name}
        kept = (self._change(source, places) for source in sources)
        with ZipFile(stream) as old:
            book = look_into(old, self._spec.sheet, self._place)
            writer = SheetWriter(book, marks.styles, marks.numbers, self._place)
            parts = {book.part: writer.part(kept, self._spec.header)}
            before = marks.numbers[-1] if marks.numbers else self._spec.header
            for table in book.tables:
                parts[table] = stretch_table(old.read(table).decode(), before, writer.last).encode()
            pack(old, made, parts, is_computed=writer.is_computed)

    def _change(self, source: bytes, places: Mapping[str, int]) -> Change:
        number, record, _, changed = decode_raw(source)
        values = {places[name]: record[name] for name in changed}
        return Change(number, values if number is not None else {c: v for c, v in values.items() if v is not None})

    def _prove(self, made: IO[bytes], sources: Iterator[bytes]) -> None:
        """Read what was written before anybody else does: it must hold just these rows."""
        wanted = (record for source in sources if (record := decode_raw(source)[1]) is not None)
        read = (entry.record for entry in self._entries(self._open(made)) if entry.record is not None)
        for number, (record, shown) in enumerate(zip_longest(wanted, read), 1):
            if record is None or shown is None or encode_raw(record) != encode_raw(shown):
                names = [n for n in (record or {}) if shown is None or (record or {})[n] != shown.get(n)]
                why = f"row {number}: {', '.join(names[:5]) or 'another number of rows'}"
                raise Garbled("the workbook would not hold what was to be written", detail=why, place=self._place)

    def _shown(self, name: str, value: Any) -> Any:
        """Give a value as it will be read back. Raises ``Refused`` for what a cell cannot hold."""
        if value is None or value == "":
            return None
        if self._cells.is_number(name) and (isinstance(value, bool) or not isinstance(value, int | Decimal)):
            raise Refused(f"'{name}' cannot be written", detail="the column holds numbers", field=name)
        if isinstance(value, list | dict):
            raise Refused(f"'{name}' cannot be written", detail="a cell holds neither list nor object", field=name)
        if name in self._texts and not isinstance(value, str):
            return _text(value)
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            return _exact(checked_number(name, value))
        if not isinstance(value, str):
            return value
        checked_text(name, value)
        marks = self._marks
        column = self._names.index(name) + (marks.left if marks else 0)
        if marks is not None and column in marks.styles and serial_of(value, marks.book) is not None:
            return value.replace(" ", "T").removesuffix("T00:00:00")
        return self._cells.read(name, value)

    def _entries(self, sheet: Any) -> Iterator[Entry]:
        rows = sheet.iter_rows()
        names = list(self._spec.columns)
        for _ in range(self._spec.header):
            names = [_text(value) for value in next(rows, [])]
        if not any(names):
            raise Garbled(
                "the sheet has no line of headings",
                hint="set 'header' to the number of its line, or name the columns",
                place=f"{self._place}:{self._spec.header}",
            )
        self._names = names = column_names(names)
        for number, values in enumerate(rows, self._spec.header + 1):
            if any(value != "" for value in values):
                yield self._entry(number, names, values)

    def _open(self, stream: IO[bytes]) -> Any:
        book = _open_book(stream, self._place)
        known = book.sheet_names
        wanted = self._spec.sheet or (known[0] if known else "")
        if wanted not in known:
            raise Garbled(f"there is no sheet '{wanted}'", hint=f"there is: {', '.join(known)}", place=self._place)
        return book.get_sheet_by_name(wanted)

    def _entry(self, number: int, names: list[str], values: list[Any]) -> Entry:
        record: Raw = {}
        fault: Fault | None = None
        for at, name in enumerate(names):
            if not name:
                continue
            value = values[at] if at < len(values) else ""
            try:
                record[name] = self._value(name, value)
            except ValueError as error:
                record[name] = _text(value)
                fault = fault or Fault(f"'{name}' {error}", at + 1, name)
        return Entry(number, b"", record, fault)

    def _value(self, name: str, value: Any) -> Any:
        if isinstance(value, str) or name in self._texts:
            return self._cells.read(name, _text(value))
        if self._cells.is_number(name) and not isinstance(value, int | float):
            raise ValueError("is not a number")
        return _exact(value)


class _Marks:
    """What is noted of a sheet so that it can be written.

    ``numbers`` are the lines of its rows, ``styles`` the styles of dates by column, ``computed`` the columns of
    formulas by line. ``left`` is the column of the first heading.
    """

    def __init__(self, book: Workbook) -> None:
        self.book = book
        self.left = 0
        self.numbers = array("q")
        self.styles: dict[int, str] = {}
        self.computed: dict[int, list[int]] = {}

    def computed_names(self, line: int, names: Sequence[str]) -> list[str]:
        """Name the columns in which a formula stands on a line."""
        columns = (column - self.left for column in self.computed.pop(line, ()))
        return [names[column] for column in columns if 0 <= column < len(names)]


def _mark(stream: IO[bytes], sheet: str, place: str) -> _Marks:
    stream.seek(0)
    try:
        with ZipFile(stream) as archive:
            book = look_into(archive, sheet, place)
    except BadZipFile:
        hint = "remove 'write' from the file in the manifest, or save it as .xlsx"
        raise ProjectError("this workbook can only be read: it is no XLSX", hint=hint, place=place) from None
    marks = _Marks(book)
    for row in rows_of(book):
        for column, cell in row.cells.items():
            if cell.style in book.dates and cell.attributes.get("t", "n") == "n" and cell.inside:
                marks.styles[column] = cell.style
            if row.is_computed and cell.is_computed:
                marks.computed.setdefault(row.number, []).append(column)
    book.rows = ""  # it is read again when it is written
    return marks


def _exact(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | date | time | timedelta):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < _EXACT_TO else Decimal(repr(value))
    if isinstance(value, timedelta):
        return str(value)
    return value.isoformat() if isinstance(value, date | time) else value


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    shown = _exact(value)
    return format(shown, "f") if isinstance(shown, Decimal) else str(shown)


def sheet_tops(stream: IO[bytes], place: str, lines: int = 30) -> list[tuple[str, list[list[str]]]]:
    """Give the names of a workbook's sheets, each with its first lines as text. Raises ``Unavailable``, ``Garbled``."""
    book = _open_book(stream, place)
    return [
        (name, [[_text(value) for value in row] for row in islice(book.get_sheet_by_name(name).iter_rows(), lines)])
        for name in book.sheet_names
    ]


def _open_book(stream: IO[bytes], place: str) -> Any:
    try:
        import python_calamine
    except ImportError:
        raise ProjectError("XLSX files need a library", hint="pip install 'tallystick[files]'") from None
    start = stream.read(4)
    stream.seek(0)
    try:
        return python_calamine.CalamineWorkbook.from_filelike(stream)
    except python_calamine.CalamineError as error:
        if start in _MARKS:
            raise cut_off(place, f"it is no whole workbook: {error}") from None
        raise Garbled("the file is no workbook", detail=str(error), place=place) from None
