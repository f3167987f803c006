"""Who sits at the command line, for the audit trail."""

import getpass


def person() -> str:
    """Give the name under which the operating system knows who typed the command."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "somebody"
