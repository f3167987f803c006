"""From what a database driver raises to the error tree: what happened, to which column, and what to do.

Only names from the catalogue and the system's own rule are repeated, never a record's values.
"""

from typing import Any, Final

from tallystick.connectors.sql_errors_mysql import explain_mysql
from tallystick.connectors.sql_errors_odbc import explain_state
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
    RULE_HINT,
    TOO_SLOW,
    Outrun,
    Rule,
    by_rule,
    duplicate,
    refused,
    ruled,
)
from tallystick.connectors.sql_table import TableShape
from tallystick.core.error import AccessError, Error, Garbled, Refused, RemoteError, Unavailable
from tallystick.core.record import Raw


def explain(error: BaseException, place: str, shape: TableShape | None = None, values: Raw | None = None) -> Error:
    """Translate a driver's exception. ``applied`` is "no": a transaction that was not committed left nothing behind.

    ``values`` are what was to be written: the column at fault is looked for there where the driver names none.
    """
    known = _explained(error, place, shape)
    if isinstance(known, Refused) and not known.field and shape is not None and values is not None:
        known.field = _culprit(shape, values)
    return known


def _culprit(shape: TableShape, values: Raw) -> str:
    for name, value in values.items():
        column = shape.columns.get(name)
        if column is None or not isinstance(value, str):
            continue
        too_long = column.max_length is not None and len(value) > column.max_length
        if too_long or (column.options and value not in column.options):
            return name
    return ""


def _explained(error: BaseException, place: str, shape: TableShape | None) -> Error:
    original: Any = getattr(error, "orig", None) or error
    if isinstance(original, Error):
        return original
    if isinstance(original, OverflowError | UnicodeError):
        return Refused("a value does not fit the database", detail=type(original).__name__, place=place)
    code = getattr(original, "sqlite_errorname", None)
    if code:
        return _sqlite(code, str(original), place, shape)
    module, arguments = type(original).__module__, original.args
    if module.startswith("pymysql"):
        return explain_mysql(original, place, shape)
    state = getattr(original, "sqlstate", None)
    if state:
        return _postgres(state, original, place, shape)
    if module.startswith("pyodbc") and len(arguments) > 1:
        return explain_state(str(arguments[0]), str(arguments[1]), place, shape)
    return _unnamed(original, place)


def is_about_one_record(error: Error) -> bool:
    """Whether an error condemns only the record that it happened to, so that others may go on."""
    return error.recovery in {"park", "replan"}


# --- SQLite -------------------------------------------------------------------------------------------------------


def _sqlite(code: str, text: str, place: str, shape: TableShape | None) -> Error:
    if code.startswith("SQLITE_CONSTRAINT"):
        return _sqlite_constraint(code, text, place, shape)
    if code == "SQLITE_ERROR" and text.startswith(("no such table", "no such column", "table ")):
        return AccessError(CHANGED, detail=text, hint=CHANGED_HINT, place=place)
    return by_rule(_SQLITE, code, text, place)


def _sqlite_constraint(code: str, text: str, place: str, shape: TableShape | None) -> Error:
    subject = text.partition(": ")[2]
    columns = tuple(part.rpartition(".")[2] for part in subject.split(", ")) if subject else ()
    if code.endswith(("_UNIQUE", "_PRIMARYKEY", "_ROWID")):
        if subject.startswith("index "):
            columns = (shape.constraints.get(subject[6:].strip("'"), ()) if shape else ()) or columns
        return duplicate(columns, place)
    if code.endswith("_NOTNULL"):
        return refused(f"'{columns[0]}' must not be blank", columns[0], place)
    if code.endswith("_FOREIGNKEY"):
        return refused(NO_POINT, "", place)
    if code.endswith("_DATATYPE"):
        return refused(text, columns[-1] if columns else "", place)
    if code.endswith("_CHECK"):
        # SQLite names the constraint, or quotes the rule where it has no name.
        return refused(f"the rule '{subject}' of the table is broken", ruled(subject, shape), place)
    return refused(text, "", place)


_SQLITE: Final = (
    Rule("SQLITE_BUSY", Unavailable, "the database is locked by another program"),
    Rule("SQLITE_LOCKED", Unavailable, "the table is locked"),
    Rule("SQLITE_INTERRUPT", Unavailable, TOO_SLOW),
    Rule("SQLITE_FULL", Unavailable, "the disk of the database is full"),
    Rule("SQLITE_IOERR", Unavailable, "the database file cannot be read"),
    Rule(
        "SQLITE_READONLY",
        AccessError,
        "the database file cannot be written",
        "give this user the right to write the file and its folder",
    ),
    Rule(
        "SQLITE_CANTOPEN",
        AccessError,
        "the database file cannot be opened",
        "check the path in 'url' and the rights of this user",
    ),
    Rule("SQLITE_PERM", AccessError, "the database file cannot be used"),
    Rule("SQLITE_AUTH", AccessError, "the database does not allow this"),
    Rule("SQLITE_NOTADB", Garbled, "the file is no SQLite database"),
    Rule("SQLITE_CORRUPT", Garbled, "the database file is damaged"),
    Rule("SQLITE_TOOBIG", Refused, "a value is too large for the database", RULE_HINT),
    Rule("SQLITE_MISMATCH", Refused, "a value is of the wrong type", RULE_HINT),
)


# --- PostgreSQL ---------------------------------------------------------------------------------------------------


def _postgres(state: str, original: Any, place: str, shape: TableShape | None) -> Error:
    diagnosis = getattr(original, "diag", None)
    constraint = getattr(diagnosis, "constraint_name", None) or ""
    column = getattr(diagnosis, "column_name", None) or ""
    columns = shape.constraints.get(constraint, ()) if shape else ()
    primary = (getattr(diagnosis, "message_primary", None) or "").partition(': "')[0]
    if state == "23505":
        return duplicate(columns, place)
    if state == "23502":
        return refused(f"'{column}' must not be blank", column, place)
    if state == "23503":
        field = ",".join(columns)
        return refused(NO_POINT, field, place, constraint)
    if state == "23514":
        return refused(f"the rule '{constraint}' of the table is broken", ruled(constraint, shape), place)
    if state[:2] in {"22", "23", "44", "P0", "0A", "54"}:
        return refused(primary, column, place)
    return by_rule(_POSTGRES, state, primary, place)


_POSTGRES: Final = (
    Rule("08", Unavailable, "the connection to the database broke"),
    Rule("25006", AccessError, READ_ONLY, READ_ONLY_HINT),
    Rule("28", AccessError, NO_ENTRY, NO_ENTRY_HINT),
    Rule("3D", AccessError, NO_ENTRY, NO_ENTRY_HINT),
    Rule("40003", Unavailable, "the connection to the database broke"),
    Rule("40", Outrun, IN_THE_WAY),
    Rule("42501", AccessError, NO_RIGHT, NO_RIGHT_HINT),
    Rule("42703", AccessError, CHANGED, CHANGED_HINT),
    Rule("42P01", AccessError, CHANGED, CHANGED_HINT),
    Rule("53", Unavailable, "the database has no room or no connection left"),
    Rule("55", Unavailable, "a lock was not to be had"),
    Rule("57014", Unavailable, TOO_SLOW),
    Rule("57", Unavailable, "the database is shutting down or starting"),
)
_TEMPORARY: Final = ("starting up", "shutting down", "too many", "slots are reserved", "recovery mode")


def _unnamed(original: Any, place: str) -> Error:
    # Failures to connect carry no code. A server that answered and refused says FATAL; all else never reached it.
    text = str(original)
    lines = text.strip().splitlines()
    first = next((line.strip() for line in lines if "FATAL" in line), lines[0] if lines else "")
    kind = type(original).__name__
    if "FATAL" in first and not any(word in first for word in _TEMPORARY):
        detail = first.partition("FATAL:")[2].strip() or first
        return AccessError(NO_ENTRY, detail=detail, hint=NO_ENTRY_HINT, place=place)
    if "certificate" in text or ("SSL" in first and "closed" not in first):
        return AccessError("the encrypted connection failed", detail=first, hint="check the certificates", place=place)
    if kind in {"OperationalError", "InterfaceError", "PoolTimeout", "TimeoutError"}:
        return Unavailable(
            "the database cannot be reached", detail=first, hint="is it running, at this address?", place=place
        )
    if kind in {"DataError", "IntegrityError"}:
        return refused(first, "", place)
    return RemoteError("the database driver failed", detail=f"{kind}: {first}", place=place)
