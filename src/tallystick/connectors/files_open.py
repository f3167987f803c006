"""From an address to the place that files lie at. What a place needs is loaded when it is opened."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tallystick.connectors.files_place import LocalPlace, Narrowing, Place
from tallystick.core.error import ProjectError
from tallystick.core.ports import Secrets
from tallystick.project.manifest import Network
from tallystick.project.manifest_auth import (
    ApiKeyAuth,
    Auth,
    BasicAuth,
    BearerAuth,
    ClientCredentialsAuth,
    JwtBearerAuth,
    NoAuth,
    PasswordGrantAuth,
    RefreshTokenAuth,
)
from tallystick.project.manifest_files import MAIL_SCHEMES, FileSpec

if TYPE_CHECKING:
    from tallystick.connectors.files_curl import Credentials

_FOLDERS: Final = frozenset({"sftp", "ftp", "ftps"})
_WEB: Final = frozenset({"http", "https"})


def is_local(url: str) -> bool:
    """Tell whether an address is a folder of this machine."""
    scheme, colon, _ = url.partition("://")
    return not colon or scheme == "file"


def open_place(
    url: str,
    name: str,
    folder: Path | None = None,
    *,
    auth: Auth | None = None,
    secrets: Secrets | None = None,
    network: Network | None = None,
    names: Sequence[str] = (),
) -> Place:
    """Open the place at an address: a folder of this machine, relative to ``folder`` where it is relative, or a server.

    ``names`` are the files that are wanted, for places that list nothing. Nothing is connected yet.

    Raises ``ProjectError`` for an address that cannot be used.
    """
    if not url:
        raise ProjectError("the address is missing", hint="url: exports, or file:///srv/exports", place=name)
    scheme, _, rest = url.partition("://")
    if is_local(url):
        path = Path(rest or url).expanduser()
        return LocalPlace((folder or Path()) / path, str(path))
    if scheme not in _FOLDERS | _WEB | MAIL_SCHEMES | {"s3"}:
        known = ", ".join(sorted(_FOLDERS | _WEB | MAIL_SCHEMES | {"s3"}))
        raise ProjectError(f"files cannot be fetched by '{scheme}'", hint=f"a folder, or one of {known}", place=name)
    from tallystick.connectors.files_curl import Courier, read_address
    from tallystick.connectors.files_remote import RemoteFolder, WebFiles

    if scheme == "s3":
        from tallystick.connectors.files_s3 import open_bucket

        return open_bucket(url, _credentials(auth or NoAuth(), secrets, name, scheme), network or Network(), name)
    address = read_address(url, name)
    if scheme in MAIL_SCHEMES:
        from tallystick.connectors.files_mail import Mailbox
        from tallystick.connectors.files_mail_session import Session

        who = _mail_credentials(auth or NoAuth(), secrets, name, network or Network())
        return Mailbox(Session(address, who, network or Network(), name))
    who = _credentials(auth or NoAuth(), secrets, name, scheme)
    courier = Courier(address, who, network or Network(), name)
    if scheme in _FOLDERS:
        return RemoteFolder(address, courier)
    return WebFiles(address, courier, names)


def place_of(file: FileSpec, place: Place) -> Place:
    """Give the place as one object's file sees it: of a mailbox, the mails that may bring the file.

    Raises ``ProjectError`` for what a mailbox cannot do, such as writing into a file.
    """
    return place.narrow(file) if isinstance(place, Narrowing) else place


def _mail_credentials(auth: Auth, secrets: Secrets | None, name: str, network: Network) -> "Credentials":
    from tallystick.connectors.files_curl import Credentials

    match auth:
        case BearerAuth():
            return Credentials(token=secrets.resolve(auth.token) if secrets else auth.token)
        case ClientCredentialsAuth() | PasswordGrantAuth() | RefreshTokenAuth() | JwtBearerAuth() if secrets:
            from tallystick.connectors.token_source import TokenSource

            return Credentials(tokens=TokenSource(name, auth, network, secrets))
        case _:
            return _credentials(auth, secrets, name, "a mailbox")


def _credentials(auth: Auth, secrets: Secrets | None, name: str, scheme: str) -> "Credentials":
    from tallystick.connectors.files_curl import Credentials

    def resolve(text: str) -> str:
        return secrets.resolve(text) if secrets else text

    match auth:
        case NoAuth():
            return Credentials()
        case BasicAuth():
            return Credentials(resolve(auth.username), resolve(auth.password))
        case BearerAuth() if scheme in _WEB:
            return Credentials(header=f"Authorization: {auth.scheme} {resolve(auth.token)}")
        case ApiKeyAuth(location="header") if scheme in _WEB:
            return Credentials(header=f"{auth.name}: {resolve(auth.value)}")
        case _:
            hint = "auth: {type: basic, username: ..., password: '${env:NAME}'}"
            raise ProjectError(f"'{auth.type}' does not sign in to {scheme}", hint=hint, place=name)
