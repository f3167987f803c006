"""Servers that give a folder away on loopback: SFTP, FTP and HTTP, each of another's making."""

import asyncio
import functools
import threading
import warnings
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import asyncssh

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of the library that it is built on
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.handlers import FTPHandler
    from pyftpdlib.ioloop import IOLoop
    from pyftpdlib.servers import FTPServer

USER, PASSWORD = "partner", "s3cret-%/word"


class _Login(asyncssh.SSHServer):
    def __init__(self, connections):
        self._connections = connections

    def connection_made(self, conn):
        self._connections.append(conn)

    def begin_auth(self, username):
        return True

    def password_auth_supported(self):
        return True

    def validate_password(self, username, password):
        return (username, password) == (USER, PASSWORD)


class _Files(asyncssh.SFTPServer):
    def __init__(self, chan, folder):
        super().__init__(chan, chroot=str(folder).encode())


@contextmanager
def sftp_server(folder):
    """Serve a folder by SFTP; gives the address, the fingerprint of the host's key in it."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    loop = asyncio.new_event_loop()
    listening = threading.Event()
    found = {}
    connections = []

    async def listen():
        found["server"] = await asyncssh.listen(
            "127.0.0.1", 0, server_host_keys=[key], server_factory=functools.partial(_Login, connections),
            sftp_factory=functools.partial(_Files, folder=folder),
        )  # fmt: skip
        found["port"] = found["server"].sockets[0].getsockname()[1]
        listening.set()

    async def stop():
        found["server"].close()
        await found["server"].wait_closed()
        for each in connections:
            each.abort()
        for each in connections:
            await each.wait_closed()
        await asyncio.sleep(0)

    def serve():
        asyncio.set_event_loop(loop)
        loop.run_until_complete(listen())
        loop.run_forever()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    assert listening.wait(20)
    fingerprint = key.get_fingerprint("sha256")
    try:
        yield f"sftp://127.0.0.1:{found['port']}", fingerprint
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
        loop.close()


@contextmanager
def ftp_server(folder, *, modern=True):
    """Serve a folder by FTP; without ``modern`` the server knows no MLSD, as old ones do not."""
    authorizer = DummyAuthorizer()
    authorizer.add_user(USER, PASSWORD, str(folder), perm="elradfmwMT")
    commands = dict(FTPHandler.proto_cmds)
    if not modern:
        commands.pop("MLSD")
    settings = {"authorizer": authorizer, "proto_cmds": commands, "use_sendfile": False, "auth_failed_timeout": 0}
    handler = type("Handler", (FTPHandler,), settings)
    loop = IOLoop()
    server = FTPServer(("127.0.0.1", 0), handler, ioloop=loop)
    going = threading.Event()
    going.set()

    def serve():
        while going.is_set():
            server.serve_forever(timeout=0.05, blocking=False)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"ftp://127.0.0.1:{server.address[1]}"
    finally:
        going.clear()
        thread.join(20)
        server.close_all()


@contextmanager
def web_server(folder, **answers):
    """Serve a folder by HTTP; ``answers`` are attributes of the class that answers."""

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            """Say nothing."""

    for name, value in answers.items():
        setattr(Handler, name, value)
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join(20)
        server.server_close()
