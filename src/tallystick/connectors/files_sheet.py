"""XLSX (and XLS, XLSB, ODS): the rows of one sheet below its line of headings. Formulas count by their last result."""

from collections.abc import Iterator
from datetime import date, time, timedelta
from decimal import Decimal
from itertools import islice
from typing import IO, Any, Final

from tallystick.connectors.files_cells import Cells
from tallystick.connectors.files_text import Entry, Fault, Tape, column_names, cut_off
from tallystick.core.error import Garbled, ProjectError
from tallystick.core.record import Raw
from tallystick.project.manifest import FieldSpec
from tallystick.project.manifest_files import FileSpec

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
        self.head = b""
        self.tape: Tape | None = None

    def read(self, stream: IO[bytes]) -> Iterator[Entry]:
        """Give every row. Raises ``Unavailable`` for a workbook that breaks off, ``Garbled`` for none."""
        rows = self._open(stream).iter_rows()
        names = list(self._spec.columns)
        for _ in range(self._spec.header):
            names = [_text(value) for value in next(rows, [])]
        if not any(names):
            raise Garbled(
                "the sheet has no line of headings",
                hint="set 'header' to the number of its line, or name the columns",
                place=f"{self._place}:{self._spec.header}",
            )
        names = column_names(names)
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
