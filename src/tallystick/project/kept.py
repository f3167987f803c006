"""Where a project keeps what its systems gave it to sign in with: in its own folder, wherever a command is started."""

from pathlib import Path
from typing import Final

from tallystick.project.manifest import Manifest
from tallystick.project.manifest_auth import RefreshTokenAuth, SessionAuth

_ELSEWHERE: Final = ("~", "${")  # a home folder, or what a reference says


def settle_kept(manifest: Manifest, folder: Path) -> Manifest:
    """Give the same manifest with a ``keep_in`` that does not depend on the folder a command is started in."""
    auth = manifest.auth
    if not isinstance(auth, RefreshTokenAuth | SessionAuth) or not auth.keep_in or auth.keep_in.startswith(_ELSEWHERE):
        return manifest
    settled = auth.model_copy(update={"keep_in": str(folder.absolute() / auth.keep_in)})
    return manifest.model_copy(update={"auth": settled})
