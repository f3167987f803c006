"""The server under the twins: HTTP as clients really speak it, and quiet about those who hang up."""

import json
import re
import select
import signal
import socket
import subprocess
import sys
import threading

import pytest

from tallystick.core.error import Bug, InvalidValue
from tallystick.testing.twins.crm import CrmTwin

COMPANIES = "/v1/companies"


def raw(twin, *parts: bytes) -> bytes:
    """Send bytes and read until the server closes."""
    with socket.create_connection(("127.0.0.1", int(twin.url.rsplit(":", 1)[1])), timeout=10) as connection:
        for part in parts:
            connection.sendall(part)
        received = b""
        while block := connection.recv(65536):
            received += block
    return received


def head(twin, method, path, *lines) -> bytes:
    words = [f"{method} {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {twin.token}", *lines]
    return ("\r\n".join(words) + "\r\n\r\n").encode()


def test_requests_may_come_in_one_packet(crm):
    """Pipelined requests are answered in order; Connection: close ends it."""
    body = b'{"name":"A"}'
    post = head(crm, "POST", COMPANIES, f"Content-Length: {len(body)}") + body
    received = raw(crm, post + head(crm, "GET", COMPANIES) + head(crm, "GET", "/nothing", "Connection: close"))
    assert re.findall(rb"HTTP/1.1 (\d+)", received) == [b"201", b"200", b"404"]


def test_bodies_may_come_in_chunks_or_after_asking(crm):
    chunked = head(crm, "POST", COMPANIES, "Transfer-Encoding: chunked", "Connection: close")
    assert b" 201 " in raw(crm, chunked, b'6;x=y\r\n{"name\r\n', b'6\r\n":"A"}\r\n', b"0\r\nTrailer: x\r\n\r\n")
    asking = head(crm, "POST", COMPANIES, "Content-Length: 12", "Expect: 100-continue", "Connection: close")
    received = raw(crm, asking, b'{"name":"B"}')
    assert received.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 ")
    assert [r["name"] for r in crm.rows("companies")] == ["A", "B"]


def test_an_old_client_gets_one_answer(crm):
    assert raw(crm, b"GET /openapi.json HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nContent-Length: many\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", b"413"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"400"),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", b"431"),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 300 + b"\r\n", b"431"),
    ],
)
def test_what_is_no_http_is_refused(crm, sent, status):
    assert raw(crm, sent).split()[1] == status
    assert not crm.log


def test_half_a_body_is_never_taken_for_a_whole_one(crm):
    """A client that dies while it sends has written nothing."""
    address = ("127.0.0.1", int(crm.url.rsplit(":", 1)[1]))
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(head(crm, "POST", COMPANIES, "Content-Length: 30") + b'{"name":"A"}')
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(100) == b""
    assert crm.rows("companies") == []


def test_nothing_is_printed_when_clients_hang_up(crm, capfd, connect):
    crm.put_all("companies", [{"name": "A" * 100}] * 200, [1_700_000_000] * 200)
    address = ("127.0.0.1", int(crm.url.rsplit(":", 1)[1]))
    for _ in range(20):
        with socket.create_connection(address, timeout=10) as connection:
            connection.sendall(head(crm, "GET", f"{COMPANIES}?limit=200") * 5)
    assert connect(crm).get(COMPANIES).status == 200
    crm.stop()
    assert capfd.readouterr() == ("", "")


def test_stopping_ends_every_thread_and_may_be_repeated(crm, connect):
    before = threading.active_count()
    clients = [connect(crm) for _ in range(5)]
    assert {c.get(COMPANIES).status for c in clients} == {200}
    assert threading.active_count() == before + 5
    crm.stop()
    crm.stop()
    assert threading.active_count() == before - 1
    with pytest.raises(ConnectionError):
        connect(crm).get(COMPANIES)


def test_a_failure_of_the_twin_itself_is_not_hidden(connect):
    """It is answered with 500, and stopping the twin raises it."""
    twin = CrmTwin().start()
    twin.tables.clear()
    assert connect(twin).get(COMPANIES).status == 500
    with pytest.raises(Bug, match="failed on a request"):
        twin.stop()


def test_many_clients_at_once_lose_nothing(crm, connect):
    """Creates from eight connections are all there, each with its own id."""
    clients = [connect(crm) for _ in range(8)]

    def create(client):
        for n in range(25):
            assert client("POST", COMPANIES, {"name": f"N{n}"}).status == 201

    threads = [threading.Thread(target=create, args=(c,)) for c in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len({r["id"] for r in crm.rows("companies")}) == 200
    assert sum(e.applied for e in crm.log) == 200


def test_the_side_door_names_what_is_not_there(crm):
    with pytest.raises(InvalidValue, match="cmp_nothing"):
        crm.change("companies", "cmp_nothing", {})


# --- as a process -------------------------------------------------------------------------------------------------


def run_twin(*arguments):
    command = [sys.executable, "-m", "tallystick.testing.twins", *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def read_ready(process):
    """Read the line that says it is ready, but not for ever."""
    assert select.select([process.stdout], [], [], 20)[0], "the twin did not get ready"
    return json.loads(process.stdout.readline())


@pytest.mark.parametrize("system", ["crm", "erp"])
@pytest.mark.parametrize("end", ["term", "stdin"])
def test_a_twin_process_says_where_it_is_and_ends_cleanly(system, end):
    process = run_twin(system, "--records", "100", "--token", "t")
    try:
        ready = read_ready(process)
        assert ready["token"] == "t"
        assert sum(ready["records"].values()) == 100
        port = int(ready["url"].rsplit(":", 1)[1])
        socket.create_connection(("127.0.0.1", port), timeout=10).close()
        process.stdin.close() if end == "stdin" else process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert process.stderr.read() == b""
    finally:
        process.kill()
        process.wait(10)
        for stream in (process.stdin, process.stdout, process.stderr):
            stream.close()


def test_a_file_is_filled_once(tmp_path):
    """A second process on the same file keeps what is there."""
    seen = []
    for seed in ("1", "2"):
        process = run_twin("erp", "--db", str(tmp_path / "erp.db"), "--records", "60", "--seed", seed)
        try:
            seen.append(read_ready(process)["records"])
        finally:
            process.communicate(timeout=10)
    assert seen == [{"partner": 60}] * 2
    assert [p.name for p in tmp_path.iterdir()] == ["erp.db"]
