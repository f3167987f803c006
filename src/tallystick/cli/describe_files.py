"""Describe a folder of files, or one file of it."""

from pathlib import Path
from typing import TYPE_CHECKING

from tallystick.core.error import ProjectError

if TYPE_CHECKING:
    from tallystick.project.manifest import Manifest


def describe_drop(name: str, given: str, folder: Path) -> "Manifest":
    """Describe the files at an address: a folder, or one file in it. A folder inside the project stays relative.

    Raises:
        ProjectError: there is nothing to describe.
        AccessError, RemoteError: the place does not let us in or does not answer.
    """
    from tallystick.connectors.describe.files import describe_files
    from tallystick.connectors.files_open import open_place
    from tallystick.project.secrets import ProjectSecrets

    written, only = _written(given, folder)
    secrets = ProjectSecrets(folder)
    place = open_place(secrets.resolve(written), name, folder)
    try:
        return describe_files(name, written, place, only)
    finally:
        place.close()


def _written(given: str, folder: Path) -> tuple[str, str]:
    """Give the address for the manifest, and the name of the one file that is wanted."""
    scheme, colon, rest = given.partition("://")
    if colon and scheme != "file":
        head, slash, last = given.rpartition("/")
        is_file = "." in last and slash and not head.endswith("/")
        return (head, last) if is_file else (given, "")
    if "${" in given:
        return given, ""
    path = Path(rest if colon else given).expanduser().absolute()
    if not path.exists():
        raise ProjectError(f"there is no file or folder {path}", hint="give the folder that the exports lie in")
    only = "" if path.is_dir() else path.name
    home = path if path.is_dir() else path.parent
    inside = home.is_relative_to(folder.absolute()) and home != folder.absolute()
    return (home.relative_to(folder.absolute()).as_posix() if inside else home.as_posix()), only
