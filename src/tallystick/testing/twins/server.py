"""A small HTTP/1.1 server on loopback that is also able to answer badly.

One thread per connection, keep-alive, hand-written parsing (a request costs a few dozen microseconds). An answer may be
delayed, cut, reset or never sent: that is what twins are for. It listens on 127.0.0.1 only.
"""

import contextlib
import json
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from typing import BinaryIO, Final, Literal
from urllib.parse import parse_qsl, unquote

LONGEST_LINE: Final = 65_536
MOST_HEADERS: Final = 200
LARGEST_BODY: Final = 20_000_000
_REASONS: Final = {s.value: s.phrase for s in HTTPStatus}
_RESET: Final = struct.pack("ii", 1, 0)
_BODILESS: Final = frozenset({204, 304})


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came: path decoded, header names in lower case, the last of repeated query names."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""


@dataclass(slots=True)
class Answer:
    """What to send back, and how.

    ``ending``: ``keep`` sends all of it; ``cut`` announces all, sends half and closes; ``silence`` closes without a
    byte; ``reset`` breaks the connection. ``wait_seconds`` passes before anything of that.
    """

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    ending: Literal["keep", "cut", "silence", "reset"] = "keep"
    wait_seconds: float = 0


class _Malformed(Exception):
    """The peer does not speak HTTP; ``status`` is what it is told."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Server:
    """Serves ``respond`` until it is stopped.

    ``now`` gives the time of the Date header (seconds UTC). What ``respond`` raises is answered with 500 and kept in
    ``crashes``; nothing is ever printed.
    """

    def __init__(self, respond: Callable[[Request], Answer], now: Callable[[], float]) -> None:
        self.crashes: list[Exception] = []
        self.port = 0
        self._respond = respond
        self._now = now
        self._listener: socket.socket | None = None
        self._acceptor: threading.Thread | None = None
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._open: dict[socket.socket, threading.Thread] = {}
        self._date = (-1, "")

    def start(self, port: int = 0) -> None:
        """Listen on a loopback port (0: any free one) and serve in threads of its own."""
        self._stopping.clear()
        self._listener = socket.create_server(("127.0.0.1", port), backlog=256)
        self.port = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept, args=(self._listener,), daemon=True)
        self._acceptor.start()

    def stop(self) -> None:
        """Close every connection and end every thread. May be called twice."""
        if self._listener is None or self._acceptor is None:
            return
        self._stopping.set()
        # A blocked accept() is not woken by close(); a last visitor wakes it on every platform.
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        self._acceptor.join(5)
        self._listener.close()
        self._listener = None
        with self._lock:
            still_open = dict(self._open)
        for connection in still_open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in still_open.values():
            thread.join(5)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            if self._stopping.is_set():
                connection.close()
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            with self._lock:
                self._open[connection] = thread
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        # The peer may leave at any moment; that is its right and no news.
        try:
            with connection, connection.makefile("rb") as stream, contextlib.suppress(OSError):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while not self._stopping.is_set() and self._exchange(connection, stream):
                    pass
        finally:
            with self._lock:
                del self._open[connection]

    def _exchange(self, connection: socket.socket, stream: BinaryIO) -> bool:
        try:
            head = _read_head(stream)
            if head is None:
                return False
            method, target, version, headers = head
            if headers.get("expect", "").lower() == "100-continue":
                connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            path, _, query = target.partition("?")
            fields = dict(parse_qsl(query, keep_blank_values=True)) if query else {}
            request = Request(method, unquote(path), fields, headers, _read_body(stream, headers))
        except _Malformed as e:
            self._send(connection, Answer(e.status), keep=False)
            _hear_out(connection)
            return False
        try:
            answer = self._respond(request)
        except Exception as e:  # noqa: BLE001 - a fault of the twin must reach the test, not a terminal
            self.crashes.append(e)
            answer = Answer(500, json.dumps({"crash": repr(e)}).encode())
        if method == "HEAD":
            answer.body = b""
        wish = headers.get("connection", "").lower()
        keep = wish == "keep-alive" if version == "HTTP/1.0" else wish != "close"
        return self._send(connection, answer, keep=keep)

    def _send(self, connection: socket.socket, answer: Answer, *, keep: bool) -> bool:
        if answer.wait_seconds > 0:
            self._stopping.wait(answer.wait_seconds)
        if answer.ending == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        if answer.ending in {"reset", "silence"}:
            return False
        body = answer.body
        whole = answer.ending == "keep"
        connection.sendall(self._head(answer, keep=keep and whole) + (body if whole else body[: len(body) // 2]))
        return keep and whole

    def _head(self, answer: Answer, *, keep: bool) -> bytes:
        lines = [f"HTTP/1.1 {answer.status} {_REASONS.get(answer.status, 'Unknown')}", f"Date: {self._spell_date()}"]
        if answer.status not in _BODILESS:
            lines.append(f"Content-Length: {len(answer.body)}")
            if answer.body and "Content-Type" not in answer.headers:
                lines.append("Content-Type: application/json")
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        if not keep:
            lines.append("Connection: close")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")

    def _spell_date(self) -> str:
        second = int(self._now())
        if self._date[0] != second:
            self._date = (second, formatdate(second, usegmt=True))
        return self._date[1]


def _hear_out(connection: socket.socket) -> None:
    # Closing with unread bytes resets the connection, and the answer is lost with it.
    connection.shutdown(socket.SHUT_WR)
    connection.settimeout(1)
    for _ in range(1000):
        if not connection.recv(LONGEST_LINE):
            return


def _read_line(stream: BinaryIO) -> bytes:
    line = stream.readline(LONGEST_LINE + 1)
    if len(line) > LONGEST_LINE:
        raise _Malformed(431)
    return line


def _read_head(stream: BinaryIO) -> tuple[str, str, str, dict[str, str]] | None:
    line = _read_line(stream)
    if not line:
        return None
    words = line.decode("latin-1").split()
    if len(words) != 3 or words[2] not in {"HTTP/1.0", "HTTP/1.1"}:  # noqa: PLR2004 - method, target, version
        raise _Malformed(400)
    headers: dict[str, str] = {}
    for _ in range(MOST_HEADERS):
        line = _read_line(stream)
        if line in {b"\r\n", b"\n"}:
            return words[0], words[1], words[2], headers
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon:
            raise _Malformed(400)
        headers[name.strip().lower()] = value.strip()
    raise _Malformed(431)


def _read_body(stream: BinaryIO, headers: dict[str, str]) -> bytes:
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return _read_chunks(stream)
    length = headers.get("content-length", "0")
    if not length.isdigit():
        raise _Malformed(400)
    if int(length) > LARGEST_BODY:
        raise _Malformed(413)
    return _read_exactly(stream, int(length))


def _read_exactly(stream: BinaryIO, size: int) -> bytes:
    part = stream.read(size) if size else b""
    if len(part) < size:
        # Half a body must never be taken for a whole one.
        raise ConnectionAbortedError
    return part


def _read_chunks(stream: BinaryIO) -> bytes:
    body = bytearray()
    while True:
        try:
            size = int(_read_line(stream).split(b";")[0], 16)
        except ValueError:
            raise _Malformed(400) from None
        if size < 0 or len(body) + size > LARGEST_BODY:
            raise _Malformed(413)
        if size == 0:
            while _read_line(stream) not in {b"\r\n", b"\n", b""}:
                pass
            return bytes(body)
        body += _read_exactly(stream, size)
        _read_line(stream)
