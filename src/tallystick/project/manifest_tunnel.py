"""The way to a system through an SSH server."""

from typing import Annotated, Any

from pydantic import BeforeValidator

from tallystick.project.model_base import Model


class SshTunnel(Model):
    """An SSH server through which a system is reached: the ``ssh`` of this machine opens the way, with its settings.

    Short form: the server alone.
    """

    server: str
    """``user@bastion.example.com``, with ``:port`` where it is not 22; a name from ``~/.ssh/config`` will do."""
    key: str = ""
    """The path of the private key, where ssh would not find it; one with a passphrase needs an agent."""
    known_hosts: str = ""
    """The path of a file with the server's key, instead of the user's own."""


def _spell_out(given: Any) -> Any:
    return {"server": given} if isinstance(given, str) else given


Tunnelled = Annotated[SshTunnel | None, BeforeValidator(_spell_out)]
