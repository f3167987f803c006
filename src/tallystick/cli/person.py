"""Who sits at the command line, for the audit trail."""

import getpass
import os
import socket

from tallystick.cli.output import visible

_LONGEST = 200


def person() -> str:
    """Give the name of who typed the command: ``TALLY_ACTOR``, or else the user of this computer."""
    return _told() or _user()


def actor(command: str) -> str:
    """Say who carries out which command, and where: ``TALLY_ACTOR`` instead of user and computer where it is set."""
    return f"{_told() or f'{_user()}@{socket.gethostname()}'} ({visible(command)[:_LONGEST]})"


def _told() -> str:
    return visible(os.environ.get("TALLY_ACTOR", "").strip())[:_LONGEST]


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "somebody"
