"""From the states of ODBC (SQLSTATE) and the words of its drivers to the error tree.

Many a driver knows one state for everything, so the words around it are looked at too; a message is never repeated,
because most of them quote the record.
"""

import re
from typing import Final

from tallystick.connectors.sql_refusals import (
    CHANGED,
    CHANGED_HINT,
    IN_THE_WAY,
    NO_ENTRY,
    NO_ENTRY_HINT,
    NO_RIGHT,
    NO_RIGHT_HINT,
    READ_ONLY,
    READ_ONLY_HINT,
    TOO_SLOW,
    Outrun,
    Rule,
    by_rule,
    duplicate,
    refused,
)
from tallystick.connectors.sql_table import TableShape
from tallystick.core.error import AccessError, Error, ProjectError, RemoteError, Unavailable

_NATIVE: Final = re.compile(r"\((-?\d+)\) \(SQL\w+\)\s*$")
_STATES: Final = (
    Rule("08", Unavailable, "the database cannot be reached", "is it running, at this address?"),
    Rule("25006", AccessError, READ_ONLY, READ_ONLY_HINT),
    Rule("28", AccessError, NO_ENTRY, NO_ENTRY_HINT),
    Rule("3D", AccessError, NO_ENTRY, NO_ENTRY_HINT),
    Rule("40003", Unavailable, "the database cannot be reached", "is it running, at this address?"),
    Rule("40", Outrun, IN_THE_WAY),
    Rule("42501", AccessError, NO_RIGHT, NO_RIGHT_HINT),
    Rule("42S02", AccessError, CHANGED, CHANGED_HINT),
    Rule("42S22", AccessError, CHANGED, CHANGED_HINT),
    Rule("42P01", AccessError, CHANGED, CHANGED_HINT),
    Rule("42703", AccessError, CHANGED, CHANGED_HINT),
    Rule("53", Unavailable, "the database has no room or no connection left"),
    Rule("55", Unavailable, "a lock was not to be had"),
    Rule("57014", Unavailable, TOO_SLOW),
    Rule("57", Unavailable, "the database is shutting down or starting"),
    Rule("HYT", Unavailable, TOO_SLOW),
    Rule("HY008", Unavailable, TOO_SLOW),
)
_VALUES: Final = {
    "22001": "a value is too long",
    "22003": "a number is out of range",
    "22007": "a value is no date or time",
    "22008": "a value is no date or time",
    "22018": "a value is of another type than its column",
    "23502": "a value must not be blank",
    "23503": "it points to a row that does not exist, or others point to it",
}
# Words of states that say nothing (HY000, 42000); the first line that has one decides.
_WORDS: Final = (
    (re.compile(r"read-?\s?only", re.IGNORECASE), AccessError(READ_ONLY, hint=READ_ONLY_HINT)),
    (
        re.compile(r"denied|permission|privilege|not authori[sz]ed|insufficient", re.IGNORECASE),
        AccessError(NO_RIGHT, hint=NO_RIGHT_HINT),
    ),
    (re.compile(r"log-?in|password|authenti|unable to open", re.IGNORECASE), AccessError(NO_ENTRY, hint=NO_ENTRY_HINT)),
    (re.compile(r"no such (table|column)", re.IGNORECASE), AccessError(CHANGED, hint=CHANGED_HINT)),
    (re.compile(r"dead-?lock|locked|busy|lock wait", re.IGNORECASE), Outrun(IN_THE_WAY)),
    (re.compile(r"time-?d?\s?out|interrupt|max_statement_time", re.IGNORECASE), Unavailable(TOO_SLOW)),
    (
        re.compile(r"connect|server has gone|lost connection|communication link", re.IGNORECASE),
        Unavailable("the database cannot be reached", hint="is it running, at this address?"),
    ),
)
_TWICE: Final = re.compile(r"\bunique\b|duplicate", re.IGNORECASE)
_BROKEN: Final = re.compile(
    r"constraint|not null|cannot be null|doesn't have a default|check\b|mismatch", re.IGNORECASE
)


def explain_state(state: str, message: str, place: str, shape: TableShape | None) -> Error:
    """Translate what an ODBC driver reports."""
    first = message.partition("\n")[0]
    if state.startswith("IM00") or (state == "01000" and " lib " in first.lower()):
        return _no_driver(place)
    if state[:2] in {"22", "23", "44", "21", "P0"}:
        if state == "23505" or (state[:2] == "23" and _TWICE.search(first)):
            return duplicate((), place)
        return refused(_VALUES.get(state, ""), _named(first, shape), place, f"state {state}")
    known = by_rule(_STATES, state, f"state {state}", place)
    if type(known) is not RemoteError:
        return known
    return _by_words(state, first, place, shape)


def _by_words(state: str, first: str, place: str, shape: TableShape | None) -> Error:
    native = _NATIVE.search(first)
    detail = f"state {state}" + (f", error {native[1]}" if native else "")
    if shape is not None and _TWICE.search(first):
        return duplicate((), place)
    if shape is not None and _BROKEN.search(first):
        return refused("a rule of the table is broken", _named(first, shape), place, detail)
    for words, error in _WORDS:
        if words.search(first):
            return type(error)(error.message, detail=detail, hint=error.hint, place=place)
    return RemoteError("the database refused a statement", detail=detail, place=place)


def _no_driver(place: str) -> Error:
    import pyodbc  # it is there, or nobody would have raised this

    drivers = ", ".join(pyodbc.drivers()) or "none"
    sources = ", ".join(pyodbc.dataSources()) or "none"
    return ProjectError(
        "the ODBC driver or data source cannot be found or loaded",
        hint="install the vendor's driver on this machine, or correct its name in 'url'; "
        f"installed drivers: {drivers}; data sources: {sources}",
        place=place,
    )


def _named(text: str, shape: TableShape | None) -> str:
    """Give the column that a message names in quotes or behind a point, if it is only one."""
    if shape is None:
        return ""
    found = [name for name in shape.columns if re.search(rf"[`'\".\[(]{re.escape(name)}(?:[`'\"\])., ]|$)", text)]
    return found[0] if len(found) == 1 else ""
