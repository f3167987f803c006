"""Addresses of ODBC sources: ``odbc:`` before the name of a data source, or before a whole connection string."""

import re
from collections.abc import Iterator
from typing import Final

from tallystick.core.error import ProjectError

_SCHEME: Final = "odbc:"
# A value in braces may hold semicolons; a closing brace in it is doubled.
_PART: Final = re.compile(r"\s*([^=;{}]+?)\s*=\s*(\{(?:[^}]|\}\})*\}|[^;{][^;]*|)\s*(?:;|$)")
_SECRET: Final = frozenset({"pwd", "password", "passwd", "accesstoken", "clientsecret", "sslkeypassword", "uid_token"})


def is_odbc(text: str) -> bool:
    """Whether an address is meant for ODBC."""
    return text.lower().startswith(_SCHEME)


def connection_text(text: str, place: str) -> str:
    """Give the connection string of an address; a bare name is a data source (DSN).

    Raises ``ProjectError`` without repeating the text, which may carry a password.
    """
    rest = text[len(_SCHEME) :].removeprefix("//").strip()
    if rest and "=" not in rest and ";" not in rest:
        return f"DSN={rest}"
    if not rest or _PART.sub("", rest).strip() or not {name.lower() for name, _ in _parts(rest)} & _SOURCES:
        raise ProjectError(
            "'url' is not a complete ODBC connection string",
            hint="write odbc:NAME for a data source, or odbc:Driver={Name};Server=host;Database=db;Uid=user;Pwd=...",
            place=place,
        )
    return rest


_SOURCES: Final = frozenset({"dsn", "filedsn", "driver"})


def connection_part(text: str, *names: str) -> str:
    """Give the first of these parts that a connection string has, by lower-case name; nothing where it has none."""
    parts = {name.lower(): value for name, value in _parts(text)}
    return next((parts[name] for name in names if parts.get(name)), "")


def odbc_passwords(text: str) -> tuple[str, ...]:
    """Give the parts of a connection string, or of an address, that must not be written down."""
    rest = text[len(_SCHEME) :] if is_odbc(text) else text
    return tuple(value for name, value in _parts(rest) if name.lower() in _SECRET and value)


def _parts(text: str) -> Iterator[tuple[str, str]]:
    for name, value in _PART.findall(text):
        whole = value.startswith("{") and value.endswith("}")
        yield name, value[1:-1].replace("}}", "}") if whole else value.strip()
