"""Get the metadata of an OData service, from a file or from the service itself, and describe it."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tallystick.cli.describe_openapi import keep_access, read_description, without_secrets
from tallystick.core.error import ProjectError

if TYPE_CHECKING:
    from tallystick.project.manifest import Manifest

_ADDRESS: Final = re.compile(r"https?://", re.IGNORECASE)
_METADATA: Final = "$metadata"


def describe_metadata(source: str, base_url: str, folder: Path, known: "Manifest | None") -> "Manifest":
    """Describe the service behind metadata; ``source`` is a file, or the address of the service or its metadata.

    ``known`` is what is described of it already: its credentials are used, and kept.

    Raises:
        ProjectError: the metadata cannot be read or is none.
        AccessError, RemoteError: the address does not give it.
    """
    describe_odata = _reader()
    if not _ADDRESS.match(source):
        document, title = read_description(source, folder)
        return describe_odata(document, source=title, base_url=base_url)
    from tallystick.cli.describe_openapi import download

    root = source.partition("?")[0].removesuffix(_METADATA).rstrip("/")
    document = download(f"{root}/{_METADATA}", known, folder)
    root = without_secrets(root)
    described = describe_odata(document, source=f"{root}/{_METADATA}", base_url=base_url or root)
    return keep_access(described, known)


def _reader() -> "Callable[..., Manifest]":
    try:
        from tallystick.connectors.describe.odata import describe_odata
    except ImportError as cause:
        raise ProjectError(
            f"OData metadata cannot be read ({cause})", hint="install the extra: pip install 'tallystick[odata]'"
        ) from cause
    return describe_odata
