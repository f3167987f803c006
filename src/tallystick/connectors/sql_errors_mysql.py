"""From the error numbers of MySQL and MariaDB to the error tree."""

import re
from typing import Any, Final

from tallystick.connectors.sql_refusals import (
    CHANGED,
    CHANGED_HINT,
    IN_THE_WAY,
    NO_ENTRY,
    NO_ENTRY_HINT,
    NO_POINT,
    NO_RIGHT,
    NO_RIGHT_HINT,
    READ_ONLY,
    READ_ONLY_HINT,
    TOO_SLOW,
    Outrun,
    duplicate,
    refused,
    ruled,
)
from tallystick.connectors.sql_table import TableShape
from tallystick.core.error import AccessError, Error, RemoteError, Unavailable

# The text before may hold a record's value, so names are read from the end of the message only.
_COLUMN: Final = re.compile(r"(?:column|field) ['`](?:[^'`]*[`.]+)*([^'`]+)['`](?: at row \d+)?[^'`]*$", re.IGNORECASE)
_FIELD: Final = re.compile(r"Field '([^']+)' doesn't have a default value")
_KEY: Final = re.compile(r"for key '([^']*)'\s*$")
_RULE: Final = re.compile(r"constraint [`'](?:[^`']*`?\.`?)?([^`']+)[`']", re.IGNORECASE)
_DUPLICATE: Final = frozenset({1022, 1062, 1169, 1586, 1859})
_BLANK: Final = frozenset({1048, 1364, 1263, 1830, 3673})
_REFERENCE: Final = frozenset({1216, 1217, 1451, 1452})
_CHECK: Final = frozenset({3819, 4025})
_VALUE: Final = {
    1264: "is out of the range of its column",
    1265: "does not fit its column",
    1292: "is no value of its column's type",
    1366: "is no value of its column's type",
    1367: "is no value of its column's type",
    1406: "is too long",
    1411: "is no value of its column's type",
    1425: "has too many digits",
    1690: "is out of range",
    1153: "is too large for the database",
    3140: "is no JSON",
    3156: "does not fit its column",
    4038: "is no JSON",
    4079: "is of another type than its column",
}
_ACCESS: Final = frozenset({1044, 1142, 1143, 1227, 1370, 1410, 3118})
_ENTRY: Final = frozenset({1045, 1049, 1130, 1698, 1820, 1862, 2054, 2059, 2061})
_READ_ONLY: Final = frozenset({1036, 1290, 1792, 1836, 3100})
_ALTERED: Final = frozenset({1054, 1146, 1109, 1932})
_CONFLICT: Final = frozenset({1213, 1020, 3572})
_WAITED: Final = 1205
_OVERDUE: Final = frozenset({1028, 1317, 1969, 3024})
_FULL: Final = frozenset({1021, 1037, 1038, 1040, 1041, 1114, 1203, 1226, 1135})
_AWAY: Final = frozenset({1053, 1077, 1079, 1152, 1158, 1159, 1160, 1161, 1184, 2002, 2003, 2005, 2006, 2013, 2014})
_RAISED: Final = frozenset({1644, 1643, 1645})


def explain_mysql(original: Any, place: str, shape: TableShape | None) -> Error:
    """Translate an exception of the driver; a record's value is never repeated."""
    number = original.args[0] if original.args and isinstance(original.args[0], int) else 0
    text = str(original.args[1]) if len(original.args) > 1 else type(original).__name__
    if about_value := _about_value(number, text, place, shape):
        return about_value
    if number in _ENTRY:
        return AccessError(NO_ENTRY, detail=f"error {number}", hint=NO_ENTRY_HINT, place=place)
    if number in _ACCESS:
        return AccessError(NO_RIGHT, detail=_command(text), hint=NO_RIGHT_HINT, place=place)
    if number in _READ_ONLY:
        return AccessError(READ_ONLY, detail=f"error {number}", hint=READ_ONLY_HINT, place=place)
    if number in _ALTERED:
        return AccessError(CHANGED, detail=text, hint=CHANGED_HINT, place=place)
    return _passing(number, text, place)


def _about_value(number: int, text: str, place: str, shape: TableShape | None) -> Error | None:
    found = _FIELD.match(text) or _COLUMN.search(text)
    column = found[1] if found else ""
    if number in _DUPLICATE:
        key = _KEY.search(text)
        name = key[1].rpartition(".")[2] if key else ""
        return duplicate(shape.constraints.get(name, ()) if shape else (), place)
    if number in _BLANK:
        return refused(f"'{column}' must not be blank", column, place)
    if number in _REFERENCE:
        rule = _RULE.search(text)
        columns = shape.constraints.get(rule[1], ()) if shape and rule else ()
        return refused(NO_POINT, ",".join(columns), place)
    if number in _CHECK:
        rule = _RULE.search(text)
        name = rule[1].rpartition(".")[2] if rule else ""
        return refused(f"the rule '{name}' of the table is broken", ruled(name, shape), place)
    if number in _VALUE:
        return refused(f"'{column}' {_VALUE[number]}" if column else f"a value {_VALUE[number]}", column, place)
    if number in _RAISED:
        return refused(text, "", place)  # the words of the database's own trigger
    return None


def _passing(number: int, text: str, place: str) -> Error:
    if number in _CONFLICT:
        return Outrun(IN_THE_WAY, detail=f"error {number}", place=place)
    if number == _WAITED:
        return Unavailable("a lock was not to be had", place=place)
    if number in _OVERDUE:
        return Unavailable(TOO_SLOW, place=place)
    if number in _FULL:
        return Unavailable("the database has no room or no connection left", detail=f"error {number}", place=place)
    if number in _AWAY:
        hint = "is it running, at this address?"
        return Unavailable("the database cannot be reached", detail=f"error {number}", hint=hint, place=place)
    return RemoteError("the database refused a statement", detail=f"error {number}: {_command(text)}", place=place)


def _command(text: str) -> str:
    """Give the first words of a message, before anything that it quotes."""
    return re.split(r"['`\"]", text, maxsplit=1)[0].strip()
