"""From an address to the place that files lie at. What a place needs is loaded when it is opened."""

from pathlib import Path

from tallystick.connectors.files_place import LocalPlace, Place
from tallystick.core.error import ProjectError


def open_place(url: str, name: str, folder: Path | None = None) -> Place:
    """Open the place at an address: a folder of this machine, relative to ``folder`` where it is relative.

    Raises ``ProjectError`` for an address that cannot be used.
    """
    if not url:
        raise ProjectError("the address is missing", hint="url: exports, or file:///srv/exports", place=name)
    scheme, colon, rest = url.partition("://")
    if colon and scheme != "file":
        raise ProjectError(f"files cannot be fetched by '{scheme}'", hint="give a folder: url: exports", place=name)
    path = Path(rest if colon else url).expanduser()
    return LocalPlace((folder or Path()) / path, str(path))
