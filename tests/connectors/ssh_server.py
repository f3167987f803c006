"""An SSH server on loopback that lets one key in and forwards ports."""

import asyncio
import shutil
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh

USER = "carrier"


@dataclass
class Bastion:
    """Where the server is, the files that a client needs, and what was asked of it."""

    port: int
    key: str
    known_hosts: str
    connections: list = field(default_factory=list)
    targets: list = field(default_factory=list)


class _Server(asyncssh.SSHServer):
    def __init__(self, bastion, allowed):
        self._bastion = bastion
        self._allowed = allowed

    def connection_made(self, conn):
        self._bastion.connections.append(conn)

    def begin_auth(self, username):
        return True

    def public_key_auth_supported(self):
        return True

    def validate_public_key(self, username, key):
        return username == USER and key == self._allowed

    def connection_requested(self, dest_host, dest_port, orig_host, orig_port):
        self._bastion.targets.append((dest_host, dest_port))
        return True


def has_ssh():
    """Whether this machine has OpenSSH's client."""
    return shutil.which("ssh") is not None


@contextmanager
def ssh_server(folder: Path):
    """Serve; keys are made in ``folder``."""
    host_key, user_key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    key = folder / "key"
    key.write_bytes(user_key.export_private_key())
    key.chmod(0o600)
    bastion = Bastion(0, str(key), str(folder / "known_hosts"))
    allowed = user_key.convert_to_public()
    loop, listening, found = asyncio.new_event_loop(), threading.Event(), {}

    async def listen():
        found["server"] = await asyncssh.listen(
            "127.0.0.1", 0, server_host_keys=[host_key], server_factory=lambda: _Server(bastion, allowed)
        )
        bastion.port = found["server"].sockets[0].getsockname()[1]
        listening.set()

    async def stop():
        found["server"].close()
        await found["server"].wait_closed()
        for each in bastion.connections:
            each.abort()
        for each in bastion.connections:
            await each.wait_closed()
        await asyncio.sleep(0)

    def serve():
        asyncio.set_event_loop(loop)
        loop.run_until_complete(listen())
        loop.run_forever()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    assert listening.wait(20)
    public = host_key.export_public_key().decode()
    Path(bastion.known_hosts).write_text(f"[127.0.0.1]:{bastion.port} {public}")
    bastion.drop = lambda: loop.call_soon_threadsafe(lambda: [c.abort() for c in bastion.connections])
    try:
        yield bastion
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
        loop.close()
