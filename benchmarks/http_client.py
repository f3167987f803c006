"""Which HTTP client costs least? CPU per request in the client's process, on loopback, medians of rounds.

    python benchmarks/http_client.py [--requests 2000] [--rounds 5]

Two workloads, those of a sync: PUT a record of 500 bytes, and GET a page of 100 records (22 kB), 16 requests in flight
where the client can. The server is a process of its own and answers from memory. Clients that are not installed are
left out. ``tallystick`` is the whole way through the REST connector (plan in, stored record out), the others are the
bare client.
"""

import argparse
import asyncio
import http.client
import importlib
import importlib.util
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pycurl

from tallystick.connectors.rest import open_system
from tallystick.core.ports import Update
from tallystick.project.manifest import Manifest

IN_FLIGHT = 16
BODY = b'{"id":"7","name":"' + b"x" * 480 + b'"}'
PATCH = {"id": "7", "name": "x" * 480}
SERVER = """
import asyncio
row = b'{"id":%d,"name":"' + b'y' * 200 + b'"}'
page = b'[' + b','.join(row % n for n in range(100)) + b']'
class Answer(asyncio.Protocol):
    def connection_made(self, transport): self.transport, self.buffer = transport, b''
    def data_received(self, chunk):
        self.buffer += chunk
        while (end := self.buffer.find(b'\\r\\n\\r\\n')) >= 0:
            head = self.buffer[:end].lower()
            at = head.find(b'content-length:')
            size = int(head[at + 15:].split(b'\\r\\n')[0]) if at >= 0 else 0
            if len(self.buffer) < end + 4 + size: return
            body = page if head.startswith(b'get') else self.buffer[end + 4:end + 4 + size]
            self.buffer = self.buffer[end + 4 + size:]
            self.transport.write(b'HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\n'
                b'Date: Sat, 22 Nov 2025 10:00:00 GMT\\r\\nContent-Length: %d\\r\\n\\r\\n' % len(body) + body)
async def main():
    server = await asyncio.get_running_loop().create_server(Answer, '127.0.0.1', 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""
Workload = Callable[[int, str], None]


def by_pycurl(port: int) -> Workload:
    """Drive libcurl's multi interface directly: the floor of what Tallystick can cost."""
    multi, handles, url = pycurl.CurlMulti(), [pycurl.Curl() for _ in range(IN_FLIGHT)], f"http://127.0.0.1:{port}/x/7"

    def load(curl: Any, method: str) -> Any:
        chunks: list[bytes] = []
        curl.setopt(pycurl.URL, url)
        curl.setopt(pycurl.WRITEFUNCTION, chunks.append)
        curl.setopt(pycurl.HTTPHEADER, ["Content-Type: application/json", "Expect:"])
        if method == "PUT":
            curl.setopt(pycurl.POSTFIELDS, BODY)
            curl.setopt(pycurl.CUSTOMREQUEST, "PUT")
        else:
            curl.setopt(pycurl.HTTPGET, 1)
            curl.unsetopt(pycurl.CUSTOMREQUEST)
        return curl

    def run(count: int, method: str) -> None:
        idle, sent, done = list(handles), 0, 0
        while done < count:
            while idle and sent < count:
                multi.add_handle(load(idle.pop(), method))
                sent += 1
            multi.perform()
            _, ended, failed = multi.info_read()
            assert not failed
            for curl in ended:
                multi.remove_handle(curl)
                idle.append(curl)
            done += len(ended)
            if not ended:
                multi.select(1.0)

    return run


def by_tallystick(port: int) -> Workload:
    """Go the whole way of the product."""
    manifest = Manifest.model_validate(
        {
            "protocol": "rest",
            "base_url": f"http://127.0.0.1:{port}",
            "auth": {"type": "bearer", "token": "abcdefgh"},
            "limits": {"in_flight": IN_FLIGHT},
            "objects": {"x": {"list": {"method": "GET", "path": "/x"}, "update": {"method": "PUT", "path": "/x/{id}"}}},
        }
    )
    connector, transport = open_system("bench", manifest, _NoSecrets())

    def run(count: int, method: str) -> None:
        if method == "PUT":
            outcomes: Any = transport.run_all([connector.update("x", Update("7", PATCH)) for _ in range(count)])
        else:
            outcomes = transport.run_all([connector.read("x") for _ in range(count)])
        assert not any(isinstance(outcome, Exception) for outcome in outcomes)

    return run


class _NoSecrets:
    def resolve(self, reference: str) -> str:
        return reference


def by_http_client(port: int) -> Workload:
    """Use the standard library, one request after the other."""
    connection = http.client.HTTPConnection("127.0.0.1", port)

    def run(count: int, method: str) -> None:
        for _ in range(count):
            if method == "PUT":
                connection.request("PUT", "/x/7", BODY, {"Content-Type": "application/json"})
            else:
                connection.request("GET", "/x")
            connection.getresponse().read()

    return run


def by_urllib3(port: int) -> Workload:
    """Use urllib3's pool, one request after the other."""
    pool = importlib.import_module("urllib3").HTTPConnectionPool("127.0.0.1", port)

    def run(count: int, method: str) -> None:
        for _ in range(count):
            pool.request("PUT", "/x/7", body=BODY) if method == "PUT" else pool.request("GET", "/x")

    return run


def by_requests(port: int) -> Workload:
    """Use a session of requests."""
    session, url = importlib.import_module("requests").Session(), f"http://127.0.0.1:{port}/x/7"

    def run(count: int, method: str) -> None:
        for _ in range(count):
            _ = (session.put(url, data=BODY) if method == "PUT" else session.get(url)).content

    return run


def by_httpx(port: int) -> Workload:
    """Use httpx, synchronously."""
    client, url = importlib.import_module("httpx").Client(), f"http://127.0.0.1:{port}/x/7"

    def run(count: int, method: str) -> None:
        for _ in range(count):
            _ = (client.put(url, content=BODY) if method == "PUT" else client.get(url)).content

    return run


def by_aiohttp(port: int) -> Workload:
    """Use aiohttp with 16 tasks."""
    aiohttp, url = importlib.import_module("aiohttp"), f"http://127.0.0.1:{port}/x/7"

    async def task(session: Any, share: Iterator[int], method: str) -> None:
        for _ in share:
            async with session.put(url, data=BODY) if method == "PUT" else session.get(url) as response:
                await response.read()

    async def all_tasks(count: int, method: str) -> None:
        async with aiohttp.ClientSession() as session:
            share = iter(range(count))
            await asyncio.gather(*(task(session, share, method) for _ in range(IN_FLIGHT)))

    return lambda count, method: asyncio.run(all_tasks(count, method))


CLIENTS: dict[str, tuple[Callable[[int], Workload], str]] = {
    "pycurl multi": (by_pycurl, "pycurl"),
    "tallystick": (by_tallystick, "pycurl"),
    "aiohttp": (by_aiohttp, "aiohttp"),
    "http.client": (by_http_client, "http"),
    "urllib3": (by_urllib3, "urllib3"),
    "httpx": (by_httpx, "httpx"),
    "requests": (by_requests, "requests"),
}


def cpu_per_request(run: Workload, count: int, method: str) -> float:
    """Give the microseconds of CPU that one request costs in this process."""
    began = time.process_time()
    run(count, method)
    return (time.process_time() - began) / count * 1e6


def main() -> None:
    """Print a table: medians over rounds in which the clients take turns."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        del os.environ[name]
    with subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout
            port = int(server.stdout.readline())
            runs = {name: make(port) for name, (make, module) in CLIENTS.items() if importlib.util.find_spec(module)}
            figures: dict[tuple[str, str], list[float]] = {}
            for at in range(arguments.rounds + 1):
                for name, run in runs.items():
                    for method in ("PUT", "GET"):
                        cost = cpu_per_request(run, arguments.requests if at else 50, method)
                        if at:
                            figures.setdefault((name, method), []).append(cost)
        finally:
            server.terminate()
    print(f"{'client':<14}{'PUT 500 B':>12}{'GET 22 kB':>12}   us CPU a request, median of {arguments.rounds}")
    for name in runs:
        put, get = (statistics.median(figures[name, method]) for method in ("PUT", "GET"))
        print(f"{name:<14}{put:>12.1f}{get:>12.1f}")


if __name__ == "__main__":
    main()
