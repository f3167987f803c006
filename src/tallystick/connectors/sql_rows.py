"""How rows of a table become JSON, one record each, without losing a digit.

PostgreSQL writes the JSON itself; the values of the others are encoded here (SQLite's own JSON rounds numbers). Times
are ISO text, binary values base64, numbers keep all digits, and what JSON has no number for (NaN) is text.
"""

import math
from base64 import b64encode
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Text, cast, func, literal_column, select
from sqlalchemy.sql.elements import quoted_name

from tallystick.connectors.sql_table import RETURNS_ROWS, Kind, TableShape, quote_name
from tallystick.connectors.sql_typed import converter, show
from tallystick.core.record import encode_raw

UNREADABLE: Final = "$unreadable"
_encode: Final = msgspec.json.Encoder(decimal_format="number", enc_hook=str).encode
_One = Callable[[Sequence[Any]], bytes]
_All = Callable[[Sequence[Sequence[Any]]], list[bytes]]


class RowReader:
    """Selects the wanted columns of a table (all of them when ``columns`` is empty) and encodes what comes."""

    def __init__(self, shape: TableShape, columns: Sequence[str] = ()) -> None:
        self.shape = shape
        self.columns = tuple(name for name in shape.columns if not columns or name in columns)
        self._read: _One = _convert_nothing
        self._read_all: _All = _convert_none
        if shape.dialect != "postgresql":
            self._read, self._read_all = _converters(shape, self.columns)
        self.width = 1 if shape.dialect == "postgresql" else len(self.columns)

    def selected(self) -> list[ColumnElement[Any]]:
        """Give what a statement selects or returns so that ``encode`` can read it: the first ``width`` values."""
        if self.shape.dialect == "postgresql":
            return [self._json()]
        return [self.shape.table.c[name] for name in self.columns]

    def show(self, name: str, value: Any) -> Any:
        """Give the value of a column as a position between pages keeps it."""
        return value if self.shape.dialect in RETURNS_ROWS else show(self.shape.columns[name].kind, value)

    def encode(self, row: Sequence[Any]) -> bytes:
        """Encode one row as JSON; one that holds what no text can be made of says so under ``UNREADABLE``."""
        return self._read(row)

    def encode_all(self, rows: Sequence[Sequence[Any]]) -> list[bytes]:
        """Encode many rows: the same as ``encode`` for each of them, and several times cheaper."""
        return self._read_all(rows)

    def _json(self) -> ColumnElement[Any]:
        # Written out, because the row that is meant is the one of the statement around: selected, or just written.
        shown: list[ColumnElement[Any]] = []
        for name in self.columns:
            column: ColumnElement[Any] = literal_column(f"{self.shape.qualified}.{quote_name(name)}")
            if self.shape.columns[name].kind == "binary":
                column = func.replace(func.encode(column, "base64"), "\n", "")
            shown.append(column.label(quoted_name(name, quote=True)))
        record = select(*shown).subquery("r")
        return select(cast(func.row_to_json(record.table_valued()), Text)).select_from(record).scalar_subquery()


def _convert_nothing(row: Sequence[Any]) -> bytes:
    text: str = row[0]
    return text.encode()


def _convert_none(rows: Sequence[Sequence[Any]]) -> list[bytes]:
    return [row[0].encode() for row in rows]


def _converters(shape: TableShape, columns: tuple[str, ...]) -> tuple[_One, _All]:
    width, make = len(columns), _maker(columns)
    kinds = ((at, shape.columns[name].kind) for at, name in enumerate(columns))
    find = _SPECIAL.get if shape.dialect == "sqlite" else converter
    specials = [(at, convert) for at, kind in kinds if (convert := find(kind)) is not None]

    def encode(row: Sequence[Any]) -> bytes:
        values = list(row[:width])
        for at, convert in specials:
            if values[at] is not None:
                values[at] = convert(values[at])
        try:
            return _encode(make(*values))
        except UnicodeEncodeError:
            return _unreadable(columns, values)

    def encode_all(rows: Sequence[Sequence[Any]]) -> list[bytes]:
        if all(convert is _float and _are_finite(rows, at) for at, convert in specials):
            try:
                return [_encode(make(*row[:width])) for row in rows]
            except UnicodeEncodeError:
                pass  # one of them holds bytes that are no text
        return [encode(row) for row in rows]

    return encode, encode_all


def _maker(columns: tuple[str, ...]) -> Callable[..., Any]:
    """Give what makes a record of the values of a row: a type of its own is several times cheaper than a ``dict``."""
    names = {f"c{at}": name for at, name in enumerate(columns)}
    try:
        return msgspec.defstruct("Row", list(names), rename=names, gc=False)
    except ValueError:  # a name with a quote or a backslash
        return lambda *values: dict(zip(columns, values, strict=True))


def _unreadable(columns: Sequence[str], values: Sequence[Any]) -> bytes:
    # Bytes that are no UTF-8 came as surrogates. The row is shown to exist, and to be unusable.
    broken = [
        name for name, value in zip(columns, values, strict=True) if isinstance(value, str) and not _is_text(value)
    ]
    return encode_raw({UNREADABLE: broken})


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _moment(value: Any) -> Any:
    if isinstance(value, str) and value[10:11] == " ":
        return f"{value[:10]}T{value[11:].replace(' ', '')}"
    return value


def _boolean(value: Any) -> Any:
    return bool(value) if isinstance(value, int) and value in {0, 1} else value


def _float(value: Any) -> Any:
    # JSON has no word for these; null would read as blank.
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _are_finite(rows: Sequence[Sequence[Any]], at: int) -> bool:
    return all(math.isfinite(value) for row in rows if type(value := row[at]) is float)


def _json(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return msgspec.json.decode(value, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return value


def _binary(value: Any) -> Any:
    return b64encode(value).decode() if isinstance(value, bytes) else value


_SPECIAL: Final[dict[Kind, Callable[[Any], Any]]] = {
    "instant": _moment,
    "local_time": _moment,
    "boolean": _boolean,
    "number": _float,
    "float": _float,
    "json": _json,
    "binary": _binary,
}
