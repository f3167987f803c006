"""From a JSON value to what a column of a database takes: exact, or refused with the column's name.

PostgreSQL gets every value as text, which the server reads as the column's own type; SQLite gets its five storage
classes, the others Python's own types. Nothing is rounded on the way: what a column cannot hold is refused.
"""

import binascii
import uuid
from base64 import b64decode
from collections.abc import Callable
from datetime import date, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from tallystick.connectors.sql_table import RETURNS_ROWS, ColumnShape, Kind, TableShape
from tallystick.connectors.sql_time import Spelling
from tallystick.connectors.sql_typed import give
from tallystick.core.error import Refused
from tallystick.core.record import Raw, encode_raw

_INT64: Final = range(-(2**63), 2**63)
NO_MATCH: Final = object()
_BLANK: Final = type(None)


class _Unfit(Exception):
    """A value that a column cannot hold; the text says why. Never leaves this file."""


class Binder:
    """Spells the values of one table's columns; instants without offset are local time of ``here``."""

    def __init__(self, shape: TableShape, here: tzinfo, place: str) -> None:
        self._shape = shape
        self._here = here
        self._place = place
        self._plain = shape.dialect == "sqlite"
        self._as_text = shape.dialect == "postgresql"
        self._write: Callable[[ColumnShape, Any], Any] = (
            self._sqlite if self._plain else self._postgres if self._as_text else self._typed
        )
        # Most values are plain text or integers in columns of that kind, and pass as they are.
        passing = {"text"} if shape.dialect not in RETURNS_ROWS else {"text", "time"}
        self._texts = frozenset(name for name, column in shape.columns.items() if column.kind in passing)
        self._integers = frozenset(name for name, column in shape.columns.items() if column.kind == "integer")
        self._numbers = frozenset(name for name, column in shape.columns.items() if column.kind == "number")

    def bind(self, name: str, value: Any) -> Any:
        """Spell a value for a column. Raises ``Refused`` with the column's name."""
        if value is None:
            return None
        if type(value) is str and name in self._texts and (not self._as_text or "\x00" not in value):
            return value
        if type(value) is int and name in self._integers and -(2**63) <= value < 2**63:
            return str(value) if self._as_text else value
        try:
            return self._write(self._shape.columns[name], value)
        except _Unfit as unfit:
            raise Refused(f"'{name}' {unfit}", field=name, place=self._place) from None

    def bind_all(self, values: Raw) -> dict[str, Any]:
        """Spell the values of a row. Raises ``Refused`` with the name of the first column that cannot take its own."""
        # Most are text for a text column of SQLite; they take no further step.
        texts = frozenset() if self._as_text else self._texts
        bind = self.bind
        return {
            name: value if type(value) is str and name in texts else bind(name, value) for name, value in values.items()
        }

    def bind_column(self, name: str, values: list[Any]) -> list[Any]:
        """Spell the values of many rows for one column. Raises ``Refused`` with the column's name."""
        kinds = {*map(type, values)} - {_BLANK}
        if (
            kinds == {str}
            and name in self._texts
            and (not self._as_text or "\x00" not in "".join(filter(None, values)))
        ):
            return values
        if kinds == {Decimal} and name in self._numbers:
            spell = _exactly if self._plain else str if self._as_text else _as_it_is
            try:
                return [None if value is None else spell(value) for value in values]
            except _Unfit:
                pass  # whose value it was is said below
        return [self.bind(name, value) for value in values]

    def look(self, name: str, value: Any) -> Any:
        """Spell a value to search a column for; ``NO_MATCH`` where no row can have it."""
        try:
            return self.bind(name, value)
        except Refused:
            # A column of SQLite may hold values of another type than it declares.
            return value if self._plain and isinstance(value, str) else NO_MATCH

    def _sqlite(self, column: ColumnShape, value: Any) -> Any:
        plain = _READ[column.kind](value)
        if isinstance(plain, datetime):
            return self._shape.spellings.get(column.name, Spelling()).write(plain, self._here)
        if isinstance(plain, bool):
            return int(plain)
        if isinstance(plain, int):
            return str(plain) if column.kind == "text" else _int64(plain)
        if isinstance(plain, Decimal):
            return str(plain) if column.kind == "text" else _number(plain, exact=column.kind != "float")
        return _array_refused() if isinstance(plain, list) else plain

    def _typed(self, column: ColumnShape, value: Any) -> Any:
        plain = _READ[column.kind](value)
        if isinstance(plain, Decimal) and not plain.is_finite():
            raise _Unfit("must be a finite number")
        return _array_refused() if isinstance(plain, list) else give(column.kind, plain, self._here)

    def _postgres(self, column: ColumnShape, value: Any) -> str:
        plain = _READ[column.kind](value)
        if isinstance(plain, datetime):
            if column.kind == "instant":
                return (plain if plain.tzinfo else plain.replace(tzinfo=self._here)).isoformat()
            return (plain.astimezone(self._here).replace(tzinfo=None) if plain.tzinfo else plain).isoformat()
        if isinstance(plain, bool):
            return "true" if plain else "false"
        if isinstance(plain, bytes):
            return "\\x" + plain.hex()
        if isinstance(plain, list):
            return _array(plain)
        text = str(plain)
        if "\x00" in text:
            raise _Unfit("contains a NUL character, which PostgreSQL cannot store")
        return text


def _int64(number: int) -> int:
    if number not in _INT64:
        raise _Unfit("is larger than the 64 bits that SQLite keeps of an integer")
    return number


def _number(number: Decimal, *, exact: bool) -> int | float:
    if number.is_finite() and number == number.to_integral_value() and int(number) in _INT64:
        return int(number)
    nearest = float(number)
    if exact and Decimal(repr(nearest)) != number:
        raise _Unfit("has more digits than SQLite keeps of a number; a text column would hold it exactly")
    return nearest


def _exactly(number: Decimal) -> int | float:
    return _number(number, exact=True)


def _as_it_is(number: Decimal) -> Decimal:
    if not number.is_finite():
        raise _Unfit("must be a finite number")
    return number


def _array_refused() -> Any:
    raise _Unfit("cannot be a list")


def _array(values: list[Any]) -> str:
    return "{" + ",".join(map(_element, values)) + "}"


def _element(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, list):
        return _array(value)
    text = _text(value) if not isinstance(value, bool) else str(value).lower()
    return '"' + str(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


# --- reading JSON values as what a column is ----------------------------------------------------------------------


def _text(value: Any) -> str | int | Decimal:
    if isinstance(value, str | int | Decimal) and not isinstance(value, bool):
        return value
    if isinstance(value, float):
        return repr(value)
    raise _Unfit("must be a text")


def _integer(value: Any) -> int:
    # Many a table keeps a truth value in an integer column.
    if isinstance(value, int):
        return int(value)
    number = _decimal(value, "must be an integer")
    if not number.is_finite() or number != number.to_integral_value():
        raise _Unfit("must be an integer")
    return int(number)


def _decimal(value: Any, problem: str = "must be a number") -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise _Unfit(problem)
    try:
        return Decimal(repr(value) if isinstance(value, float) else value)
    except InvalidOperation:
        raise _Unfit(problem) from None


def _boolean(value: Any) -> bool:
    if isinstance(value, bool) or (isinstance(value, int) and value in {0, 1}):
        return bool(value)
    if value in {"true", "false"}:  # as a part of an id
        return bool(value == "true")
    raise _Unfit("must be true or false")


def _date(value: Any) -> str:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value).isoformat()
        except ValueError:
            pass
    raise _Unfit("must be a date such as 2024-12-31")


def _moment(value: Any) -> datetime | int | Decimal:
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            raise _Unfit("must be a time such as 2024-12-31T10:00:00") from None
    # SQLite columns that count seconds are declared as date columns too; PostgreSQL refuses the number itself.
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return value
    raise _Unfit("must be a time such as 2024-12-31T10:00:00")


def _plain_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise _Unfit("must be a text")


def _uuid(value: Any) -> str:
    try:
        return str(uuid.UUID(_plain_text(value)))
    except ValueError:
        raise _Unfit("must be a UUID") from None


def _binary(value: Any) -> bytes:
    try:
        return b64decode(_plain_text(value), validate=True)
    except (binascii.Error, ValueError):
        raise _Unfit("must be base64") from None


def _json(value: Any) -> str:
    return encode_raw(value).decode()


def _list(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    raise _Unfit("must be a list")


def _other(value: Any) -> Any:
    return value if isinstance(value, bool | list) else _text(value)


_READ: Final[dict[Kind, Callable[[Any], Any]]] = {
    "text": _text,
    "integer": _integer,
    "number": _decimal,
    "float": _decimal,
    "boolean": _boolean,
    "date": _date,
    "instant": _moment,
    "local_time": _moment,
    "time": _plain_text,
    "binary": _binary,
    "uuid": _uuid,
    "json": _json,
    "array": _list,
    "other": _other,
}
