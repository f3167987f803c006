"""Values of drivers that give and take Python's own types (MySQL, ODBC, SQL Server, Oracle), to JSON and back.

What a driver gives for a column differs by system, so each kind of column is read from everything that was seen for
it; what fits nothing stays as it came and is refused further up, never rounded.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec

from tallystick.connectors.sql_table import Kind

_DAY: Final = timedelta(days=1)
_MIDNIGHT: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - a time of day has no zone
_TRUTHS: Final = {"1": True, "t": True, "true": True, "0": False, "f": False, "false": False}


def _boolean(value: Any) -> Any:
    if isinstance(value, bytes):
        return any(value)
    if isinstance(value, str):
        return _TRUTHS.get(value.lower(), value)
    return bool(value) if isinstance(value, int | Decimal) and value in {0, 1} else value


def _integer(value: Any) -> Any:
    if isinstance(value, bytes):
        return int.from_bytes(value)
    if isinstance(value, str):
        value = _decimal(value)
    if isinstance(value, Decimal | float) and value == value // 1:
        return int(value)
    return int(value) if isinstance(value, bool) else value


def _number(value: Any) -> Any:
    if isinstance(value, str):
        value = _decimal(value)
    # JSON has no word for these; null would read as blank.
    return str(value) if isinstance(value, Decimal | float) and not Decimal(value).is_finite() else value


def _decimal(value: str) -> Any:
    try:
        return Decimal(value)
    except InvalidOperation:
        return value


def _instant(value: Any) -> Any:
    # Spelled as PostgreSQL does it.
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    return _local_time(value)


def _local_time(value: Any) -> Any:
    if isinstance(value, str) and value[10:11] == " ":
        return f"{value[:10]}T{value[11:].replace(' ', '')}"
    return value


def _date(value: Any) -> Any:
    return value.date() if isinstance(value, datetime) else value


def _time(value: Any) -> Any:
    if isinstance(value, timedelta) and timedelta(0) <= value < _DAY:
        return (_MIDNIGHT + value).time()
    return str(value) if isinstance(value, timedelta) else value


def _json(value: Any) -> Any:
    if not isinstance(value, str | bytes):
        return value
    try:
        return msgspec.json.decode(value, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return value


def _text(value: Any) -> Any:
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value
    return value


def _uuid(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


_SHOWN: Final[dict[Kind, Callable[[Any], Any]]] = {
    "text": _text,
    "integer": _integer,
    "number": _number,
    "float": _number,
    "boolean": _boolean,
    "date": _date,
    "instant": _instant,
    "local_time": _local_time,
    "time": _time,
    "uuid": _uuid,
    "json": _json,
}


def show(kind: Kind, value: Any) -> Any:
    """Give a driver's value as what JSON shows for it. Binary values, times and decimals are left to the encoder."""
    convert = _SHOWN.get(kind)
    return value if convert is None or value is None else convert(value)


def converter(kind: Kind) -> Callable[[Any], Any] | None:
    """Give the function that ``show`` applies to a kind of column; ``None`` where values pass as they are."""
    return _SHOWN.get(kind)


def give(kind: Kind, value: Any, here: tzinfo) -> Any:
    """Give a value that was read from JSON as what a driver takes for a column of that kind."""
    if isinstance(value, datetime):
        if kind == "instant":
            aware = value if value.tzinfo else value.replace(tzinfo=here)
            return aware.astimezone(UTC).replace(tzinfo=None)
        return value.astimezone(here).replace(tzinfo=None) if value.tzinfo else value
    if kind == "date":
        return date.fromisoformat(value)
    if kind == "time":
        try:
            return time.fromisoformat(value)
        except ValueError:
            return value
    if kind == "text":
        return str(value)
    return float(value) if kind == "float" else value
