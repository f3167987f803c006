"""Opens what signs a person in to a system: its own token server, reached the way the system is reached."""

from tallystick.connectors.http.limits import REAL_TIMING, Timing
from tallystick.connectors.http.opening import open_with
from tallystick.connectors.http.scrub import Scrub
from tallystick.connectors.http.sign_in import DeviceCode, Invitation, SignIn
from tallystick.connectors.http.transport import HttpTransport
from tallystick.connectors.rest import resolver_of
from tallystick.connectors.token_source import reach
from tallystick.core.error import ProjectError
from tallystick.core.ports import Secrets
from tallystick.project.manifest import Manifest
from tallystick.project.manifest_auth import RefreshTokenAuth


class Entrance:
    """Where a person signs in to one system. What it raises is what the flows of ``SignIn`` raise."""

    def __init__(self, auth: RefreshTokenAuth, sign_in: SignIn, tokens: HttpTransport, devices: HttpTransport) -> None:
        self.auth = auth
        self._sign_in = sign_in
        self._tokens = tokens
        self._devices = devices

    def invite(self, redirect_uri: str) -> Invitation:
        """Make the address that a person opens."""
        return self._sign_in.invite(redirect_uri)

    def finish(self, invitation: Invitation, query: str) -> None:
        """Exchange the code that came back, and keep what it brings."""
        self._tokens.run(self._sign_in.finish(invitation, query))

    def ask_device(self) -> DeviceCode:
        """Ask for the code that a person types on another device."""
        return self._devices.run(self._sign_in.ask_device())

    def await_device(self, device: DeviceCode) -> None:
        """Wait until the person has signed in, and keep what that brings."""
        self._tokens.run(self._sign_in.await_device(device))

    def close(self) -> None:
        """Close the connections."""
        self._tokens.close()
        self._devices.close()


def open_entrance(name: str, manifest: Manifest, secrets: Secrets, timing: Timing = REAL_TIMING) -> Entrance:
    """Open where a person signs in to a system. Nothing is sent yet.

    Raises:
        ProjectError: nobody signs in to this system, or what says how is wrong.
    """
    auth = manifest.auth
    if not isinstance(auth, RefreshTokenAuth):
        raise ProjectError(
            f"nobody has to sign in to '{name}': its auth.type is {auth.type}",
            hint="only oauth2_refresh_token keeps what a person grants",
            place=name,
        )
    if not (auth.authorize_url or auth.device_url):
        raise ProjectError(
            f"it is not said where a person signs in to '{name}'",
            hint="auth.authorize_url, the page; or auth.device_url, where a code for another device is asked for",
            place=name,
        )
    resolve = resolver_of(secrets)
    sign_in = SignIn(auth, open_with(resolve, Scrub(), timing, name))
    tokens, devices = (
        reach(name, url, manifest.network, secrets, timing)
        for url in (auth.token_url, auth.device_url or auth.token_url)
    )
    return Entrance(auth, sign_in, tokens, devices)
