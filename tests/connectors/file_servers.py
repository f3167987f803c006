"""Servers that give a folder away on loopback: SFTP, FTP and HTTP, each of another's making."""

import asyncio
import functools
import threading
import warnings
from contextlib import contextmanager
from email.utils import formatdate
from hashlib import md5
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote

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
    def __init__(self, chan, folder, pause):
        super().__init__(chan, chroot=str(folder).encode())
        self._pause = pause

    async def fstat(self, file_obj):
        await asyncio.sleep(self._pause)
        return super().fstat(file_obj)

    async def stat(self, path):
        await asyncio.sleep(self._pause)
        return super().stat(path)


@contextmanager
def sftp_server(folder, *, pause=0.0):
    """Serve a folder by SFTP; gives the address, and the fingerprint of the host's key.

    It takes ``pause`` seconds to say how long a file is.
    """
    key = asyncssh.generate_private_key("ssh-ed25519")
    loop = asyncio.new_event_loop()
    listening = threading.Event()
    found = {}
    connections = []

    async def listen():
        found["server"] = await asyncssh.listen(
            "127.0.0.1", 0, server_host_keys=[key], server_factory=functools.partial(_Login, connections),
            sftp_factory=functools.partial(_Files, folder=folder, pause=pause),
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


class _Bucket(SimpleHTTPRequestHandler):
    objects, seen, page = {}, [], 2

    def log_message(self, *_):
        """Say nothing."""

    def _answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(headers.pop("size", len(body))))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _handle(self):
        self.seen.append(self.headers.get("Authorization", ""))
        path, _, query = self.path.partition("?")
        key = unquote(path).removeprefix("/box").removeprefix("/")
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size)
        if not self.seen[-1].startswith("AWS4-HMAC-SHA256 Credential=key/"):
            self._answer(403)
        elif query:
            self._list({name: values[0] for name, values in parse_qs(query).items()})
        elif self.command == "PUT":
            self._put(key, body)
        elif key not in self.objects:
            self._answer(404)
        elif self.command == "DELETE":
            del self.objects[key]
            self._answer(204)
        else:
            content, moment = self.objects[key]
            modified = formatdate(moment, usegmt=True)
            self._answer(200, content, ETag=f'"{md5(content).hexdigest()}"', Last_Modified=modified)

    def _list(self, query):
        prefix, after = query.get("prefix", ""), query.get("continuation-token", "")
        keys = sorted(key for key in self.objects if key.startswith(prefix) and "/" not in key[len(prefix) :])
        rest = [key for key in keys if key > after]
        shown = "".join(
            f"<Contents><Key>{key}</Key><LastModified>2026-11-22T10:00:00.000Z</LastModified>"
            f"<ETag>&quot;{md5(self.objects[key][0]).hexdigest()}&quot;</ETag><Size>{len(self.objects[key][0])}</Size></Contents>"
            for key in rest[: self.page]
        )
        more = f"<NextContinuationToken>{rest[self.page - 1]}</NextContinuationToken>" if len(rest) > self.page else ""
        space = "http://s3.amazonaws.com/doc/2006-03-01/"
        self._answer(200, f'<ListBucketResult xmlns="{space}">{shown}{more}</ListBucketResult>'.encode())

    def _put(self, key, body):
        here = self.objects.get(key)
        if "x-amz-copy-source" in self.headers:
            self.objects[key] = self.objects[unquote(self.headers["x-amz-copy-source"]).removeprefix("/box/")]
            self._answer(200, b"<CopyObjectResult/>")
        elif here and self.headers.get("If-Match") not in {None, f'"{md5(here[0]).hexdigest()}"'}:
            self._answer(412)
        else:
            self.objects[key] = (body, 1_800_000_000)
            self._answer(200)


for _method in ("GET", "HEAD", "PUT", "DELETE"):
    setattr(_Bucket, f"do_{_method}", _Bucket._handle)


@contextmanager
def bucket_server(objects, seen, *, page=2):
    """Serve the objects of one bucket as S3 does: signed requests, listings in pages, conditional puts, copies.

    ``objects`` maps keys to (bytes, time), and ``seen`` collects what the signatures were made for.
    """
    handler = type("Handler", (_Bucket,), {"objects": objects, "seen": seen, "page": page})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join(20)
        server.server_close()
