"""What a database's refusal means: each becomes a ``StoreError`` with cause and cure.

Drivers say the same things in many ways; SQLite by the name of its code, PostgreSQL by SQLSTATE. Nothing of a record
and no password gets into a message.
"""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError

from tallystick.core.error import StoreError

_LOCKED: Final = (
    "the state is locked by another process",
    "wait for the other run to end, or stop it; a lock goes with its process",
)
_READ_ONLY: Final = (
    "the state cannot be written",
    "give this user the right to write the file and its folder; SQLite keeps two more files beside it",
)
_FULL: Final = (
    "there is no room left for the state",
    "free some space; nothing half-written was kept and the run can simply be repeated",
)
_DAMAGED: Final = (
    "the state is damaged",
    "put back a backup; the next run compares both systems with it and catches up",
)
_OPENING: Final = (
    "the state cannot be opened",
    "check that the folder exists, that this user may write in it and that the path is no folder itself",
)
_FOREIGN: Final = (
    "the file is not a database of Tallystick",
    "name another file; an existing file is never overwritten",
)
_UNREACHABLE: Final = (
    "the state's database does not answer",
    "check that it runs, its address, and the network between",
)
_DENIED: Final = (
    "the database does not let us in or does not let us do this",
    "check user, password and rights; the user must be allowed to create tables in the schema",
)
_UNHOLDABLE: Final = (
    "the database cannot hold a value",
    "a character such as NUL has no place in its texts; correct the record in its system",
)
_LOOKING: Final = ("a look at the state must not change it", "use commit")
_OTHER: Final = ("the state cannot be used", "the cause in brackets is the database's own")

_BY_SQLITE: Final = {
    "SQLITE_BUSY": _LOCKED,
    "SQLITE_LOCKED": _LOCKED,
    "SQLITE_PROTOCOL": _LOCKED,
    "SQLITE_READONLY": _READ_ONLY,
    "SQLITE_PERM": _READ_ONLY,
    "SQLITE_FULL": _FULL,
    "SQLITE_CORRUPT": _DAMAGED,
    "SQLITE_IOERR": ("the disk does not read or write the state", "check the disk and that nobody removed the file"),
    "SQLITE_CANTOPEN": _OPENING,
    "SQLITE_NOTADB": _FOREIGN,
}
_BY_SQLSTATE: Final = {
    "08": _UNREACHABLE,
    "22": _UNHOLDABLE,
    "25006": _READ_ONLY,
    "28": _DENIED,
    "3D": ("the database does not exist", "create it, or correct its name in the address of the state"),
    "3F": (
        "the schema does not exist, or we may not use it",
        "create it, or let this user create tables in it",
    ),
    "40": _LOCKED,
    "42501": _DENIED,
    "53100": _FULL,
    "53": ("the database server has no room for us", "free memory, disk or connections on the server"),
    "55P03": _LOCKED,
    "57": _UNREACHABLE,
    "58": ("the server cannot read or write its own files", "see the server's log"),
    "XX": _DAMAGED,
}


@contextmanager
def named_failures(place: str, *, looking: bool = False, with_values: bool = False) -> Iterator[None]:
    """Turn whatever the driver raises inside into a ``StoreError`` at ``place``.

    ``with_values`` says that values are handed over inside, so a text that cannot be encoded is the driver's refusal.
    """
    try:
        yield
    except Exception as error:
        if _is_refusal(error) or (with_values and isinstance(error, UnicodeError)):
            raise translate(error, place, looking=looking) from error
        raise


def translate(error: BaseException, place: str, *, looking: bool = False) -> StoreError:
    """Say what a driver's error means, what to do, and in brackets what the driver said."""
    cause: BaseException = error
    if isinstance(error, DBAPIError) and error.orig is not None:
        cause = error.orig
    message, hint = _meaning(cause, looking=looking)
    return StoreError(message, detail=_first_line(cause), hint=hint, place=place)


def is_clash(error: BaseException | None) -> bool:
    """Tell whether a unique key refused a row."""
    return getattr(error, "sqlite_errorname", "").startswith("SQLITE_CONSTRAINT") or (
        getattr(error, "sqlstate", None) or ""
    ).startswith("23")


def _is_refusal(error: Exception) -> bool:
    # psycopg is an extra: its errors are known by the attribute that all of them have.
    return isinstance(error, DBAPIError | sqlite3.Error) or hasattr(error, "sqlstate")


def _meaning(cause: BaseException, *, looking: bool) -> tuple[str, str]:
    if isinstance(cause, UnicodeError):
        return _UNHOLDABLE
    if isinstance(cause, sqlite3.Error):
        name: str = getattr(cause, "sqlite_errorname", "")
        if looking and name == "SQLITE_READONLY":
            return _LOOKING
        # Extended codes are the plain one and a suffix: SQLITE_IOERR_WRITE.
        return next((found for code, found in _BY_SQLITE.items() if name.startswith(code)), _OTHER)
    state: str | None = getattr(cause, "sqlstate", None)
    if looking and state == "25006":
        return _LOOKING
    if state:
        return next((_BY_SQLSTATE[part] for part in (state, state[:2]) if part in _BY_SQLSTATE), _OTHER)
    return _without_state(cause)


def _without_state(cause: BaseException) -> tuple[str, str]:
    # libpq gives no SQLSTATE for what fails before a session exists; what the driver refuses itself is a DataError.
    if type(cause).__name__ == "DataError":
        return _UNHOLDABLE
    said = str(cause)
    if re.search(r"password|authentication|no pg_hba|role", said):
        return _DENIED
    return _BY_SQLSTATE["3D"] if re.search(r'database ".*" does not exist', said) else _UNREACHABLE


def _first_line(cause: BaseException) -> str:
    if isinstance(cause, UnicodeError):
        return f"{cause.encoding}: {cause.reason}" if isinstance(cause, UnicodeEncodeError) else "not text"
    lines = str(cause).strip().splitlines()
    return lines[0] if lines else type(cause).__name__
