"""Get a WSDL from a file or an address, with what it imports from the same place, and describe the service with it."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit

from tallystick.core.error import AccessError, ProjectError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tallystick.connectors.describe.wsdl_read import Fetch
    from tallystick.project.manifest import Manifest

_BYTES: Final = 50_000_000
_ADDRESS: Final = re.compile(r"https?://", re.IGNORECASE)


def describe_service(source: str, base_url: str, folder: Path) -> "Manifest":
    """Describe the service behind a WSDL; ``source`` is a file or an http(s) address.

    Raises:
        ProjectError: the WSDL cannot be read or is none.
        AccessError, RemoteError: the address does not give it.
    """
    describe_wsdl = _reader()
    if _ADDRESS.match(source):
        from tallystick.cli.describe_openapi import download, without_secrets

        shown = without_secrets(source)
        return describe_wsdl(download(source), source=shown, base_url=base_url, fetch=_from_same_origin(source))
    path = Path(source)
    document = _read(path, source)
    whole = path.resolve()
    is_inside = whole.is_relative_to(folder.resolve())
    title = whole.relative_to(folder.resolve()).as_posix() if is_inside else str(path)
    return describe_wsdl(document, source=title, base_url=base_url, fetch=_from_folder(whole, title))


def _reader() -> "Callable[..., Manifest]":
    try:
        from tallystick.connectors.describe.wsdl import describe_wsdl
    except ImportError as cause:
        raise ProjectError(
            f"web services cannot be read ({cause})", hint="install the extra: pip install 'tallystick[soap]'"
        ) from cause
    return describe_wsdl


def _read(path: Path, shown: str) -> bytes:
    try:
        if path.stat().st_size > _BYTES:
            raise ProjectError("the description is larger than 50 MB", hint="is it the right file?", place=shown)
        return path.read_bytes()
    except OSError as error:
        raise ProjectError(
            f"the description cannot be read: {error.strerror}", hint="name a file or an http(s) address", place=shown
        ) from error


def _from_folder(wsdl: Path, title: str) -> "Fetch":
    """Fetch what lies beside a WSDL or below; nothing else of this machine, nothing from the network."""
    places = {title: wsdl}

    def fetch(source: str, location: str) -> tuple[str, bytes]:
        if re.match(r"[a-z][a-z0-9+.-]+:", location, re.IGNORECASE):
            raise AccessError(
                "it lies elsewhere, and only files beside the WSDL are read",
                hint="save it beside the WSDL and correct the location",
            )
        path = (places.get(source, wsdl).parent / location.partition("#")[0]).resolve()
        if not path.is_relative_to(wsdl.parent):
            raise AccessError(
                "it lies outside the folder of the WSDL", hint="put all files of the description into one folder"
            )
        places[str(path)] = path
        return str(path), _read(path, location)

    return fetch


def _from_same_origin(wsdl: str) -> "Fetch":
    """Fetch what lies on the host of the WSDL, and nowhere else."""
    from tallystick.cli.describe_openapi import download, without_secrets

    addresses = {without_secrets(wsdl): wsdl}
    home = _origin(wsdl)

    def fetch(source: str, location: str) -> tuple[str, bytes]:
        url = urljoin(addresses.get(source, wsdl), location)
        if _origin(url) != home:
            raise AccessError(
                "it lies on another host, which is not asked",
                hint="save the WSDL with all its imports into a folder and describe the file",
            )
        shown = without_secrets(url)
        addresses[shown] = url
        return shown, download(url)

    return fetch


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme.lower(), parts.netloc.rpartition("@")[2].lower()
