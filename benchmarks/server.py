"""The REST system that the workloads read, in a process of its own: pages are made before anybody asks.

    python benchmarks/server.py COUNT

Prints its port when it is ready and ends with its standard input. ``POST /version/1`` moves the clock a day on.
"""

import asyncio
import sys
from email.utils import formatdate
from urllib.parse import parse_qs, urlsplit

from records import PAGE, is_gone, numbers, record_json, updated_at


class Customers:
    """All customers in both versions, cut into pages."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.version = 0
        self._pages: dict[int, list[bytes]] = {}

    def answer(self, method: str, target: str) -> tuple[int, bytes]:
        """Answer one request: status and body."""
        parts = urlsplit(target)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if method == "POST":
            self.version = int(parts.path.rsplit("/", 1)[1])
            self._made()
            return 200, b"{}"
        if parts.path != "/customers":
            return self._one(parts.path.rsplit("_", 1)[1])
        offset, limit = int(asked.get("offset", 0)), int(asked.get("limit", PAGE))
        if "updated_since" in asked:
            return 200, self._since(asked["updated_since"], offset, limit)
        pages = self._made()
        if limit != PAGE or offset % PAGE:
            return 400, b'{"error":"pages have %d records"}' % PAGE
        at = offset // PAGE
        return 200, pages[at] if at < len(pages) else self._page([], sum(1 for _ in numbers(self.count, self.version)))

    def _one(self, number: str) -> tuple[int, bytes]:
        n = int(number)
        if is_gone(n, self.version):
            return 410, b'{"error":"deleted"}'
        return 200, record_json(n, self.count, self.version)

    def _since(self, moment: str, offset: int, limit: int) -> bytes:
        found = [
            n for n in numbers(self.count, self.version) if updated_at(n, self.count, self.version) >= moment[:19] + "Z"
        ]
        rows = [record_json(n, self.count, self.version) for n in found[offset : offset + limit]]
        return self._page(rows, len(found))

    def _made(self) -> list[bytes]:
        if self.version not in self._pages:
            known = list(numbers(self.count, self.version))
            self._pages[self.version] = [
                self._page([record_json(n, self.count, self.version) for n in known[at : at + PAGE]], len(known))
                for at in range(0, len(known), PAGE)
            ]
        return self._pages[self.version]

    def _page(self, rows: list[bytes], total: int) -> bytes:
        return b'{"total":%d,"items":[%s]}' % (total, b",".join(rows))


class Conversation(asyncio.Protocol):
    """One kept connection. Requests have no body that matters."""

    def __init__(self, customers: Customers) -> None:
        self._customers = customers
        self._buffer = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note where to write to."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every complete request."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            method, target, _ = self._buffer[: self._buffer.find(b"\r\n")].decode().split(" ", 2)
            self._buffer = self._buffer[end + 4 :]
            status, body = self._customers.answer(method, target)
            head = (
                f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nDate: {formatdate(usegmt=True)}\r\n"
                f"Content-Length: {len(body)}\r\n\r\n"
            )
            if self._transport is not None:
                self._transport.write(head.encode() + body)


async def serve(count: int) -> None:
    """Serve until standard input ends."""
    customers = Customers(count)
    customers.answer("GET", "/customers")
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Conversation(customers), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
