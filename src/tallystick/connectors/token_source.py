"""Access tokens for systems that are not spoken to by HTTP, such as mailboxes: fetched when needed, renewed early."""

from tallystick.connectors.http.address import ascii_host
from tallystick.connectors.http.grants import Spec, open_grant
from tallystick.connectors.http.limits import REAL_TIMING, Timing
from tallystick.connectors.http.opening import open_with
from tallystick.connectors.http.scrub import Scrub
from tallystick.connectors.http.transport import HttpTransport
from tallystick.connectors.rest import open_system, resolver_of
from tallystick.core.ports import Secrets
from tallystick.project.manifest import Manifest, Network


def reach(name: str, url: str, network: Network, secrets: Secrets, timing: Timing = REAL_TIMING) -> HttpTransport:
    """Open the way to a server that signs in; nothing of ours for the system it signs in to goes there.

    Raises:
        ProjectError: the address is none.
    """
    there = Manifest(protocol="rest", base_url=ascii_host(resolver_of(secrets)(url)), network=network)
    return open_system(name, there, secrets, timing)[1]


class TokenSource:
    """The tokens of one system, by whatever grant its manifest names."""

    def __init__(self, name: str, spec: Spec, network: Network, secrets: Secrets, timing: Timing = REAL_TIMING) -> None:
        self._transport = reach(name, spec.token_url, network, secrets, timing)
        self._granted = open_grant(spec, open_with(resolver_of(secrets), Scrub(), timing, name))

    def __repr__(self) -> str:
        """Show no token."""
        return "TokenSource()"

    @property
    def held(self) -> str:
        """The token that was given last; empty before the first one."""
        return self._granted.held

    def token(self) -> str:
        """Give a token that is valid now; a new one only where the last has come to its end.

        Raises:
            AccessError: the token server refuses, or nobody has signed in.
            Unavailable: it cannot be reached.
        """
        return self._transport.run(self._granted.fetch())

    def renew(self) -> str:
        """Give a new token where the last one was refused; raises what ``token`` raises."""
        self._granted.forget()
        return self.token()

    def close(self) -> None:
        """Close the connection to the token server; it is opened again where a token is needed."""
        self._transport.close()
