"""Get a Postman collection, from a file or an address, with an environment for its variables, and describe it."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tallystick.cli.describe_openapi import download, read_description, without_secrets

if TYPE_CHECKING:
    from tallystick.project.manifest import Manifest

_ADDRESS: Final = re.compile(r"https?://", re.IGNORECASE)


def describe_collection(source: str, variables: str, base_url: str, folder: Path) -> "Manifest":
    """Describe the system behind a collection; ``source`` is a file or an http(s) address.

    ``variables`` is the file of an exported environment, or empty. A secret of either file is never taken over.

    Raises:
        ProjectError: a file cannot be read or is something else.
        AccessError, RemoteError: the address does not give it.
    """
    from tallystick.connectors.describe.postman import describe_postman

    environment = read_description(variables, folder)[0] if variables else None
    if _ADDRESS.match(source):
        document, title = download(source), without_secrets(source)
    else:
        document, title = read_description(source, folder)
    return describe_postman(document, source=title, base_url=base_url, environment=environment)
