"""Describe a folder of files, or one file of it; on this machine or on another."""

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from tallystick.core.error import ProjectError
from tallystick.project.manifest_files import MAIL_SCHEMES

if TYPE_CHECKING:
    from tallystick.project.manifest import Manifest


def describe_drop(name: str, given: str, folder: Path) -> "Manifest":
    """Describe the files at an address: a folder, or one file in it. A folder inside the project stays relative.

    Where the system is in the project already, its way to sign in is used and kept.

    Raises:
        ProjectError: there is nothing to describe.
        AccessError, RemoteError: the place does not let us in or does not answer.
    """
    from tallystick.connectors.describe.files import describe_files
    from tallystick.connectors.files_open import open_place
    from tallystick.project.secrets import ProjectSecrets

    known = _known(name, folder)
    kept = {key: getattr(known, key) for key in ("auth", "network", "owner", "technical_contact")} if known else {}
    secrets = ProjectSecrets(folder)
    written, only = _written(given, folder)
    place = open_place(
        secrets.resolve(written),
        name,
        folder,
        auth=known.auth if known else None,
        secrets=secrets,
        network=known.network if known else None,
        names=[only] if only else (),
    )
    try:
        return describe_files(name, written, place, only).model_copy(update=kept)
    finally:
        place.close()


def _known(name: str, folder: Path) -> "Manifest | None":
    from tallystick.project.load import load_project

    if not (folder / "systems" / f"{name}.yaml").is_file():
        return None
    return load_project(folder).manifests.get(name)


def _written(given: str, folder: Path) -> tuple[str, str]:
    """Give the address for the manifest, and the name of the one file that is wanted."""
    if "${" in given:
        return given, ""
    parts = urlsplit(given)
    if parts.scheme not in {"", "file"}:
        home, _, last = parts.path.rpartition("/")
        # What a mailbox's address ends with is a folder, whatever its name looks like.
        if "." in last and parts.scheme not in MAIL_SCHEMES:
            return urlunsplit(parts._replace(path=home)), last
        if parts.scheme in {"http", "https"}:
            raise ProjectError("by HTTP no folder can be listed", hint="give the address of the file itself")
        return given, ""
    path = Path(parts.path).expanduser().absolute()
    if not path.exists():
        raise ProjectError(f"there is no file or folder {path}", hint="give the folder that the exports lie in")
    only = "" if path.is_dir() else path.name
    home_folder = path if path.is_dir() else path.parent
    project = folder.absolute()
    inside = home_folder.is_relative_to(project) and home_folder != project
    return (home_folder.relative_to(project).as_posix() if inside else home_folder.as_posix()), only
