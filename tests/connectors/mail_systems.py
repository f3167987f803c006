"""Systems of one file in a mailbox, as tests open them."""

from contextlib import contextmanager

from tests.connectors.mail_server import PASSWORD, USER

from tallystick.connectors.files import open_system
from tallystick.project.manifest import Manifest

SIGN_IN = {"type": "basic", "username": USER, "password": PASSWORD}


class PlainSecrets:
    """Every reference is its own secret."""

    def resolve(self, reference):
        return reference


@contextmanager
def opening(**usual):
    """Give what opens a system of the file ``c.csv``, and close all of them in the end.

    ``usual`` is the network where a test gives no other.
    """
    pairs = []

    def open_one(url, auth=SIGN_IN, network=None, **file):
        spec = {"id": "id", "file": {"name": "c.csv", "format": "csv", **file}}
        manifest = {"protocol": "files", "url": url, "auth": auth, "objects": {"c": spec}}
        manifest["network"] = {"timeout_seconds": 5, **(usual if network is None else network)}
        pairs.append(open_system("d", Manifest.model_validate(manifest), PlainSecrets()))
        return pairs[-1]

    try:
        yield open_one
    finally:
        for _, transport in pairs:
            transport.close()


def ids(pair):
    """Read the ids of all records."""
    connector, transport = pair
    return [connector.sight("c", row).id for row in transport.run(connector.read("c")).rows]


def csv(*numbers):
    """Write a file of these ids."""
    return "id\n" + "".join(f"{each}\n" for each in numbers)
