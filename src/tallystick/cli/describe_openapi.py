"""Get an OpenAPI document, from a file or an address, and describe it."""

import re
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlsplit

from tallystick.core.error import AccessError, Garbled, ProjectError, Unavailable

if TYPE_CHECKING:
    from tallystick.connectors.http.message import Request, Response
    from tallystick.project.manifest import Manifest

_BYTES: Final = 50_000_000
_ADDRESS: Final = re.compile(r"https?://", re.IGNORECASE)
_SECRET_PARAMETER: Final = re.compile(r"key|token|secret|passw|sig", re.IGNORECASE)
_OK, _FORBIDDEN, _CLIENT, _SERVER = 200, (401, 403), 400, 500


def describe_api(source: str, base_url: str, folder: Path, known: "Manifest | None" = None) -> "Manifest":
    """Describe the system behind an OpenAPI document; ``source`` is a file or an http(s) address.

    Where the system there is ``known``, its credentials are used to get the document.

    Raises:
        ProjectError: the document cannot be read or is none.
        AccessError, RemoteError: the address does not give it.
    """
    from tallystick.connectors.describe.openapi import describe_openapi

    if _ADDRESS.match(source):
        return describe_openapi(download(source, known, folder), source=without_secrets(source), base_url=base_url)
    document, title = read_description(source, folder)
    return describe_openapi(document, source=title, base_url=base_url)


def read_description(source: str, folder: Path) -> tuple[bytes, str]:
    """Read a file with a description; gives its content, and its name as the manifest should have it.

    Raises:
        ProjectError: it cannot be read.
    """
    path = Path(source)
    try:
        if path.stat().st_size > _BYTES:
            raise ProjectError("the description is larger than 50 MB", hint="is it the right file?", place=source)
        document = path.read_bytes()
    except OSError as error:
        raise ProjectError(
            f"the description cannot be read: {error.strerror}", hint="name a file or an http(s) address", place=source
        ) from error
    inside = path.resolve().is_relative_to(folder.resolve())
    return document, path.resolve().relative_to(folder.resolve()).as_posix() if inside else str(path)


def download(url: str, known: "Manifest | None" = None, folder: Path | None = None) -> bytes:
    """Fetch a description as ``fetch`` does, and give its text.

    Raises:
        AccessError, RemoteError: the address does not give it.
    """
    return fetch(url, known, folder).body


def fetch(url: str, known: "Manifest | None" = None, folder: Path | None = None) -> "Response":
    """Ask an address, and nothing but the host of that address.

    Where the system there is ``known`` in the project in ``folder``, its credentials are used.

    Raises:
        AccessError, RemoteError: the address does not give it.
    """
    return _given(ask(url, known, folder), without_secrets(url))


def ask(
    url: str, known: "Manifest | None" = None, folder: Path | None = None, method: Literal["GET", "OPTIONS"] = "GET"
) -> "Response":
    """Ask an address as ``fetch`` does, and give whatever it answers.

    Raises:
        AccessError, RemoteError: it does not answer.
    """
    from tallystick.connectors.http.message import Request
    from tallystick.connectors.rest import open_system
    from tallystick.project.secrets import ProjectSecrets

    place = without_secrets(url)
    secrets = _NoSecrets() if folder is None else ProjectSecrets(folder)
    connector, transport = open_system("description", home_of(url, known), secrets)

    def get() -> "Generator[Request, Response, Response]":
        wanted = (*connector.around.headers, ("Accept", "application/json, application/yaml, text/yaml, text/xml, */*"))
        return (yield Request(method, url, wanted, place=place))

    try:
        return transport.run(get())
    finally:
        transport.close()


def home_of(url: str, known: "Manifest | None") -> "Manifest":
    """Give the host of an address as a system that can be asked: with what is known of it if it is the same host."""
    from tallystick.project.manifest import Manifest

    parts = urlsplit(url)
    home = Manifest(protocol="rest", base_url=f"{parts.scheme}://{parts.netloc}")
    if known is None or urlsplit(known.base_url).netloc != parts.netloc:
        return home
    return home.model_copy(update={"auth": known.auth, "network": known.network})


def _given(response: "Response", place: str) -> "Response":
    status = response.status
    hint = "open it in a browser, save it and give the file"
    if status in _FORBIDDEN:
        raise AccessError("the description is not given to everybody", detail=f"HTTP {status}", hint=hint, place=place)
    if status >= _SERVER:
        raise Unavailable("the description cannot be had now", detail=f"HTTP {status}", hint="try again", place=place)
    if status != _OK:
        raise Garbled("there is no description at this address", detail=f"HTTP {status}", hint=hint, place=place)
    return response


def keep_access(described: "Manifest", known: "Manifest | None") -> "Manifest":
    """Keep what a person has written of how a system is reached, where it is described again."""
    if known is None:
        return described
    kept = {"network": known.network, "limits": known.limits, "owner": known.owner}
    return described.model_copy(update=kept if known.auth.type == "none" else {**kept, "auth": known.auth})


def without_secrets(url: str) -> str:
    """Give an address that may be written down: without sign-in, and without a query that names a secret."""
    parts = urlsplit(url)
    query = "" if _SECRET_PARAMETER.search(parts.query) else parts.query
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query=query, fragment="").geturl()


class _NoSecrets:
    """An address that a person typed holds no references."""

    def resolve(self, reference: str) -> str:
        """Give the text as it is."""
        return reference
