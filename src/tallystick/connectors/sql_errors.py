"""From what a database driver raises to the error tree: what happened, to which column, and what to do.

Only names from the catalogue and the system's own rule are repeated, never a record's values.
"""

from dataclasses import dataclass
from typing import Any, Final

from tallystick.connectors.sql_table import TableShape
from tallystick.core.error import AccessError, Duplicate, Error, Garbled, Refused, RemoteError, Unavailable
from tallystick.core.record import Raw

_RULE_HINT: Final = "correct the value or the mapping; the database keeps this rule"
_NO_ENTRY: Final = "the database does not let us in"
_NO_ENTRY_HINT: Final = "check user, password and database"
_CHANGED: Final = "the table is not as it was"
_CHANGED_HINT: Final = "describe the database again and compare"


@dataclass(frozen=True, slots=True)
class _Rule:
    """What a code that starts with ``prefix`` means."""

    prefix: str
    error: type[AccessError | Unavailable | Garbled | Refused]
    message: str
    hint: str = ""


def _by_rule(rules: tuple[_Rule, ...], code: str, detail: str, place: str) -> Error:
    for rule in rules:
        if code.startswith(rule.prefix):
            return rule.error(rule.message, detail=detail, hint=rule.hint, place=place)
    return RemoteError("the database refused a statement", detail=f"{code}: {detail}", place=place)


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
    state = getattr(original, "sqlstate", None)
    if state:
        return _postgres(state, original, place, shape)
    return _unnamed(original, place)


def is_about_one_record(error: Error) -> bool:
    """Whether an error condemns only the record that it happened to, so that others may go on."""
    return error.recovery in {"park", "replan"}


# --- SQLite -------------------------------------------------------------------------------------------------------


def _sqlite(code: str, text: str, place: str, shape: TableShape | None) -> Error:
    if code.startswith("SQLITE_CONSTRAINT"):
        return _sqlite_constraint(code, text, place, shape)
    if code == "SQLITE_ERROR" and text.startswith(("no such table", "no such column", "table ")):
        return AccessError(_CHANGED, detail=text, hint=_CHANGED_HINT, place=place)
    return _by_rule(_SQLITE, code, text, place)


def _sqlite_constraint(code: str, text: str, place: str, shape: TableShape | None) -> Error:
    subject = text.partition(": ")[2]
    columns = tuple(part.rpartition(".")[2] for part in subject.split(", ")) if subject else ()
    if code.endswith(("_UNIQUE", "_PRIMARYKEY", "_ROWID")):
        if subject.startswith("index "):
            columns = (shape.constraints.get(subject[6:].strip("'"), ()) if shape else ()) or columns
        return _duplicate(columns, place)
    if code.endswith("_NOTNULL"):
        return _refused(f"'{columns[0]}' must not be blank", columns[0], place)
    if code.endswith("_FOREIGNKEY"):
        return _refused("it points to a row that does not exist, or others point to it", "", place)
    if code.endswith("_DATATYPE"):
        return _refused(text, columns[-1] if columns else "", place)
    if code.endswith("_CHECK"):
        # SQLite names the constraint, or quotes the rule where it has no name.
        return _refused(f"the rule '{subject}' of the table is broken", _ruled(subject, shape), place)
    return _refused(text, "", place)


_SQLITE: Final = (
    _Rule("SQLITE_BUSY", Unavailable, "the database is locked by another program"),
    _Rule("SQLITE_LOCKED", Unavailable, "the table is locked"),
    _Rule("SQLITE_INTERRUPT", Unavailable, "a statement took longer than the time-out"),
    _Rule("SQLITE_FULL", Unavailable, "the disk of the database is full"),
    _Rule("SQLITE_IOERR", Unavailable, "the database file cannot be read"),
    _Rule(
        "SQLITE_READONLY",
        AccessError,
        "the database file cannot be written",
        "give this user the right to write the file and its folder",
    ),
    _Rule(
        "SQLITE_CANTOPEN",
        AccessError,
        "the database file cannot be opened",
        "check the path in 'url' and the rights of this user",
    ),
    _Rule("SQLITE_PERM", AccessError, "the database file cannot be used"),
    _Rule("SQLITE_AUTH", AccessError, "the database does not allow this"),
    _Rule("SQLITE_NOTADB", Garbled, "the file is no SQLite database"),
    _Rule("SQLITE_CORRUPT", Garbled, "the database file is damaged"),
    _Rule("SQLITE_TOOBIG", Refused, "a value is too large for the database", _RULE_HINT),
    _Rule("SQLITE_MISMATCH", Refused, "a value is of the wrong type", _RULE_HINT),
)


# --- PostgreSQL ---------------------------------------------------------------------------------------------------


def _postgres(state: str, original: Any, place: str, shape: TableShape | None) -> Error:
    diagnosis = getattr(original, "diag", None)
    constraint = getattr(diagnosis, "constraint_name", None) or ""
    column = getattr(diagnosis, "column_name", None) or ""
    columns = shape.constraints.get(constraint, ()) if shape else ()
    primary = (getattr(diagnosis, "message_primary", None) or "").partition(': "')[0]
    if state == "23505":
        return _duplicate(columns, place)
    if state == "23502":
        return _refused(f"'{column}' must not be blank", column, place)
    if state == "23503":
        field = ",".join(columns)
        return _refused("it points to a row that does not exist, or others point to it", field, place, constraint)
    if state == "23514":
        return _refused(f"the rule '{constraint}' of the table is broken", _ruled(constraint, shape), place)
    if state[:2] in {"22", "23", "44", "P0", "0A", "54"}:
        return _refused(primary, column, place)
    return _by_rule(_POSTGRES, state, primary, place)


_POSTGRES: Final = (
    _Rule("08", Unavailable, "the connection to the database broke"),
    _Rule("25006", AccessError, "the database is read-only", "connect to the primary, not to a replica"),
    _Rule("28", AccessError, _NO_ENTRY, _NO_ENTRY_HINT),
    _Rule("3D", AccessError, _NO_ENTRY, _NO_ENTRY_HINT),
    _Rule("40", Unavailable, "another transaction was in the way"),
    _Rule("42501", AccessError, "the database user may not do this", "grant the right on this table"),
    _Rule("42703", AccessError, _CHANGED, _CHANGED_HINT),
    _Rule("42P01", AccessError, _CHANGED, _CHANGED_HINT),
    _Rule("53", Unavailable, "the database has no room or no connection left"),
    _Rule("55", Unavailable, "a lock was not to be had"),
    _Rule("57014", Unavailable, "a statement took longer than the time-out"),
    _Rule("57", Unavailable, "the database is shutting down or starting"),
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
        return AccessError(_NO_ENTRY, detail=detail, hint=_NO_ENTRY_HINT, place=place)
    if "certificate" in text or ("SSL" in first and "closed" not in first):
        return AccessError("the encrypted connection failed", detail=first, hint="check the certificates", place=place)
    if kind in {"OperationalError", "InterfaceError", "PoolTimeout", "TimeoutError"}:
        return Unavailable(
            "the database cannot be reached", detail=first, hint="is it running, at this address?", place=place
        )
    if kind in {"DataError", "IntegrityError"}:
        return _refused(first, "", place)
    return RemoteError("the database driver failed", detail=f"{kind}: {first}", place=place)


# --- words --------------------------------------------------------------------------------------------------------


def _refused(message: str, field: str, place: str, detail: str = "") -> Refused:
    return Refused(
        message or "the database refused a value",
        field=field,
        detail=detail,
        hint=_RULE_HINT,
        place=place,
    )


def _duplicate(columns: tuple[str, ...], place: str) -> Duplicate:
    field = ",".join(columns)
    what = f"another row has this '{field}'" if field else "another row has this key"
    return Duplicate(what, field=field, hint="find that row and pair with it", place=place)


def _ruled(rule: str, shape: TableShape | None) -> str:
    """Give the column that a rule is about, by the rule's name or text; nothing where it could be several."""
    if shape is None:
        return ""
    text = dict(shape.checks).get(rule, rule)
    words = "".join(character if character.isalnum() or character == "_" else " " for character in text).split()
    found = [name for name in shape.columns if name in words]
    return found[0] if len(found) == 1 else ""
