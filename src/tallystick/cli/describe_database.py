"""Describe a database; its password never gets into the manifest."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tallystick.core.error import ProjectError

if TYPE_CHECKING:
    from tallystick.project.manifest import Manifest

_PASSWORD: Final = re.compile(r"^([a-z][a-z0-9+.-]*://[^/@]*?:)([^/@]+)(@)", re.IGNORECASE)
_LOCAL: Final = re.compile(r"^(sqlite[a-z+]*:///)(?!/)(?!:memory:)(.+)$", re.IGNORECASE)


def describe_base(name: str, given: str, folder: Path, *, schema: str, tables: Sequence[str]) -> "Manifest":
    """Describe the database at an address or a reference to one.

    Raises:
        ProjectError: the address is none, carries a password, or its reference cannot be resolved.
        AccessError, RemoteError: the database does not let us in or does not answer.
    """
    from tallystick.connectors.describe.database import describe_database
    from tallystick.project.secrets import ProjectSecrets

    written = _absolute(given)
    if _carries_password(written):
        variable = re.sub(r"\W", "_", name).upper()
        raise ProjectError(
            "the address carries a password, which must not stand in a project file",
            hint=f"put it into an environment variable and give its name: --database '${{env:{variable}_DATABASE}}'",
        )
    url = ProjectSecrets(folder).resolve(written)
    return describe_database(name, written, url, schema=schema or None, tables=tables or None)


def _carries_password(written: str) -> bool:
    from tallystick.connectors.sql_odbc_address import is_odbc, odbc_passwords
    from tallystick.project.secrets import references

    if is_odbc(written):
        return any(not references(each) for each in odbc_passwords(written))
    return bool(_PASSWORD.match(written)) and not references(written)


def _absolute(address: str) -> str:
    """A relative file would be looked for wherever the next command happens to be started."""
    found = _LOCAL.match(address)
    if not found or "${" in address:
        return address
    file, question, query = found[2].partition("?")
    return f"{found[1]}{Path(file).absolute().as_posix()}{question}{query}"
