"""The transport against a server that lies, over real sockets."""

import gzip
import socket
import ssl
import threading
import zlib
from email.utils import formatdate

import pytest

from tallystick.connectors.http.message import Request
from tallystick.core.error import AccessError, Bug, Error, Garbled, ProjectError, RemoteError, Throttled, Unavailable
from tallystick.core.ports import Update

OBJECTS = {
    "c": {
        "list": {"method": "GET", "path": "/c"},
        "get": {"method": "GET", "path": "/c/{id}"},
        "create": {"method": "POST", "path": "/c"},
        "update": {"method": "PATCH", "path": "/c/{id}"},
        "delete": {"method": "DELETE", "path": "/c/{id}"},
    }
}
BEARER = {"type": "bearer", "token": "${env:TOKEN}"}


@pytest.fixture
def crm(server, open_rest):
    def make(**entries):
        return open_rest(server.url, **{"auth": BEARER, "objects": OBJECTS, **entries})

    return make


def refused_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


# --- the ordinary way ---------------------------------------------------------------------------------------------


def test_outcomes_come_in_order_over_few_kept_connections(server, reply, crm):
    server.script = {f"/c/{n}": reply({"id": n}) if n % 3 else reply(status=500) for n in range(60)}
    connector, transport = crm(limits={"in_flight": 4})
    outcomes = transport.run_all([connector.get("c", str(n)) for n in range(60)])
    assert [o.id if n % 3 else type(o) for n, o in enumerate(outcomes)] == [
        str(n) if n % 3 else Unavailable for n in range(60)
    ]
    assert server.connections <= 4
    transport.run_all([connector.get("c", "1") for _ in range(4)])
    assert server.connections <= 4


def test_as_many_flows_are_in_flight_as_the_manifest_allows(server, reply, crm):
    together, most, now = threading.Barrier(5), [0], [0]
    lock = threading.Lock()

    def handle(_seen):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        together.wait(10)
        with lock:
            now[0] -= 1
        return reply([])

    server.script = {"/c": handle}
    connector, transport = crm(limits={"in_flight": 5})
    transport.run_all([connector.read("c") for _ in range(20)])
    assert most[0] == 5


def test_a_request_goes_out_with_credentials_and_without_surprises(server, reply, crm):
    server.script = {"/c": reply({"id": 1}, 201)}
    connector, transport = crm()
    transport.run(connector.create("c", {"name": "ü" * 2000}, "k"))
    [seen] = server.seen
    assert seen.headers["authorization"] == "Bearer t0ken-value"
    assert seen.headers["content-type"] == "application/json"
    assert "expect" not in seen.headers
    assert "cookie" not in seen.headers
    assert seen.body == ('{"name":"' + "ü" * 2000 + '"}').encode()


def test_one_handle_serves_every_method_without_remembering_the_last(server, reply, crm):
    server.script = {
        "/c": reply([]),
        "/c/1": lambda seen: reply({"id": 1}) if seen.method != "DELETE" else reply(status=204),
    }
    connector, transport = crm(limits={"in_flight": 1})
    for flow in (
        lambda: connector.update("c", Update("1", {"a": 1})),
        lambda: connector.read("c"),
        lambda: connector.delete("c", "1"),
        lambda: connector.get("c", "1"),
    ):
        transport.run(flow())
    assert [(s.method, s.body) for s in server.seen] == [
        ("PATCH", b'{"a":1}'),
        ("GET", b""),
        ("DELETE", b""),
        ("GET", b""),
    ]
    assert "content-length" not in server.seen[1].headers
    assert server.connections == 1


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_compressed_answers_are_unpacked(server, reply, crm, encoding):
    packed = gzip.compress(b'[{"id":1}]') if encoding == "gzip" else zlib.compress(b'[{"id":1}]')
    server.script = {"/c": reply(packed, headers={"Content-Encoding": encoding})}
    connector, transport = crm()
    assert transport.run(connector.read("c")).rows == [b'{"id":1}']
    assert "gzip" in server.seen[0].headers["accept-encoding"]


def test_a_transport_can_be_used_again_after_it_was_closed(server, reply, crm):
    server.script = {"/c": reply([])}
    connector, transport = crm()
    transport.run(connector.read("c"))
    transport.close()
    transport.close()
    assert transport.run(connector.read("c")).rows == []


def test_threads_take_turns(server, reply, crm):
    server.script = {"/c": reply([])}
    connector, transport = crm()
    outcomes = []
    threads = [
        threading.Thread(target=lambda: outcomes.extend(transport.run_all([connector.read("c") for _ in range(10)])))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(outcomes) == 40


def test_what_is_no_error_of_the_tree_stops_everything_and_closes_the_other_flows(server, reply, crm):
    server.script = {"/c": reply([])}
    connector, transport = crm()
    closed = []

    def other():
        try:
            yield Request("GET", server.url + "/c")
            yield Request("GET", server.url + "/c")
        finally:
            closed.append(True)

    def broken():
        yield Request("GET", server.url + "/c")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        transport.run_all([other(), broken()])
    assert closed == [True]
    assert transport.run(connector.read("c")).rows == []


def test_environment_proxies_are_not_asked(server, reply, crm, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{refused_port()}")
    server.script = {"/c": reply([])}
    connector, transport = crm()
    assert transport.run(connector.read("c")).rows == []


def test_a_proxy_of_the_manifest_is_used_even_if_the_environment_says_otherwise(server, reply, open_rest, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    server.script = {"http://crm.test/c": reply([])}
    connector, transport = open_rest("http://crm.test", objects=OBJECTS, network={"proxy": server.url})
    transport.run(connector.read("c"))
    assert server.paths() == ["http://crm.test/c"]


# --- redirects ----------------------------------------------------------------------------------------------------


def test_a_read_follows_redirects_at_home_with_credentials(server, reply, crm):
    server.script = {"/c": reply(status=302, headers={"Location": "/d?x=1"}), "/d": reply([{"id": 1}])}
    connector, transport = crm()
    assert len(transport.run(connector.read("c")).rows) == 1
    assert server.paths() == ["/c", "/d?x=1"]
    assert server.seen[1].headers["authorization"] == "Bearer t0ken-value"


def test_a_redirect_to_another_host_is_not_followed(server, another_server, reply, crm):
    another_server.script = {"/c": reply([])}
    server.script = {"/c": reply(status=302, headers={"Location": another_server.url + "/c?secret=1"})}
    connector, transport = crm()
    with pytest.raises(AccessError, match="not allowed") as caught:
        transport.run(connector.read("c"))
    assert another_server.seen == []
    assert "secret" not in str(caught.value)


def test_credentials_do_not_go_along_to_a_host_that_is_allowed(server, another_server, reply, crm):
    another_server.script = {"/c": reply([])}
    server.script = {"/c": reply(status=302, headers={"Location": another_server.url + "/c"})}
    connector, transport = crm(
        network={"allow_hosts": [f"127.0.0.1:{another_server.port}"], "headers": {"X-Tenant": "${env:KEY}"}}
    )
    transport.run(connector.read("c"))
    assert "authorization" not in another_server.seen[0].headers
    assert "x-tenant" not in another_server.seen[0].headers
    assert server.seen[0].headers["x-tenant"] == "s3cret-key"


def test_redirects_without_end_are_garbled(server, reply, crm):
    server.script = {"/c": reply(status=302, headers={"Location": "/c"})}
    connector, transport = crm()
    with pytest.raises(Garbled):
        transport.run(connector.read("c"))
    assert len(server.seen) == 6


@pytest.mark.parametrize(("status", "applied"), [(302, "unknown"), (307, "no")])
def test_a_write_follows_no_redirect(server, reply, crm, status, applied):
    server.script = {"/c": reply(status=status, headers={"Location": "/d"})}
    connector, transport = crm()
    with pytest.raises(RemoteError) as caught:
        transport.run(connector.create("c", {"a": 1}, ""))
    assert caught.value.applied == applied
    assert server.paths() == ["/c"]


@pytest.mark.parametrize("url", ["http://evil.test/", "file:///etc/passwd", "http://127.0.0.1:1@evil.test/", ""])
def test_a_flow_cannot_ask_for_a_foreign_address(crm, url):
    _, transport = crm()

    def flow():
        return (yield Request("GET", url))

    with pytest.raises(AccessError):
        transport.run(flow())


# --- limits -------------------------------------------------------------------------------------------------------


def test_429_holds_all_flows_for_as_long_as_asked_and_loses_none(server, reply, crm, clock):
    limited = reply({}, 429, {"Retry-After": "7"})
    server.script = {"/c": [limited, *[reply({"id": 1}, 201)] * 5]}
    connector, transport = crm(limits={"in_flight": 1})
    outcomes = transport.run_all([connector.create("c", {"a": 1}, "") for _ in range(5)])
    assert not any(isinstance(o, Error) for o in outcomes)
    assert len(server.seen) == 6
    assert clock.slept == pytest.approx(7)


def test_a_wait_of_nothing_grows_from_refusal_to_refusal(server, reply, crm, clock):
    """Whole seconds rounded down say 0; whoever takes that to the letter spins."""
    server.script = {"/c": [*[reply({}, 429, {"Retry-After": "0"})] * 5, reply([])]}
    connector, transport = crm()
    transport.run(connector.read("c"))
    assert len(server.seen) == 6
    assert clock.slept == pytest.approx(0.75 * (0.5 + 1 + 2 + 4 + 8))


def test_while_one_flow_waits_no_other_is_sent(server, reply, crm, clock):
    sent_after = {}

    def handle(seen):
        sent_after.setdefault(seen.path, clock.slept)
        first_time = server.paths().count(seen.path) == 1
        return (
            reply({}, 429, {"Retry-After": "7"})
            if seen.path == "/c/1" and first_time
            else reply({"id": int(seen.path[3:])})
        )

    server.script = {f"/c/{n}": handle for n in (1, 2, 3)}
    connector, transport = crm(limits={"in_flight": 1})
    limited = transport.run_all([connector.get("c", str(n)) for n in (1, 2)])
    assert [o.id for o in limited] == ["1", "2"]
    server.seen.clear()
    connector, transport = crm(limits={"in_flight": 2, "requests_per_second": 1, "burst": 1})
    clock.slept = 0.0
    sent_after.clear()
    transport.run_all([connector.get("c", str(n)) for n in (1, 2, 3)])
    assert sent_after["/c/1"] == 0
    assert sent_after["/c/2"] >= 7
    assert sent_after["/c/3"] >= 7


def test_429_with_a_date_is_understood_by_the_servers_clock(server, reply, crm, clock):
    date, later = formatdate(1_000_000_000, usegmt=True), formatdate(1_000_000_012, usegmt=True)
    server.script = {"/c": [reply({}, 429, {"Retry-After": later, "Date": date}), reply([])]}
    connector, transport = crm()
    transport.run(connector.read("c"))
    assert clock.slept == pytest.approx(12)


def test_a_wait_beyond_the_limit_is_an_error_for_all_and_no_request_is_wasted(server, reply, crm, clock):
    server.script = {"/c": reply({}, 429, {"Retry-After": "3600"})}
    connector, transport = crm(limits={"in_flight": 1})
    outcomes = transport.run_all([connector.read("c") for _ in range(5)])
    assert [type(o) for o in outcomes] == [Throttled] * 5
    assert all(3500 < o.wait_seconds <= 3600 for o in outcomes)
    assert len(server.seen) == 1
    assert clock.slept == 0


def test_the_bucket_sets_the_pace_of_all_flows(server, reply, crm, clock):
    server.script = {"/c": reply([])}
    connector, transport = crm(limits={"requests_per_second": 10, "burst": 5, "in_flight": 8})
    transport.run_all([connector.read("c") for _ in range(25)])
    assert clock.slept == pytest.approx(2.0, abs=0.01)


def test_a_spent_quota_slows_down_but_does_not_stop(server, reply, crm, clock):
    spent = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9"}
    server.script = {"/c": [reply([], headers=spent), reply([])]}
    connector, transport = crm(limits={"in_flight": 1})
    transport.run_all([connector.read("c") for _ in range(2)])
    assert clock.slept == pytest.approx(9)


def test_a_read_is_tried_again_after_503_a_write_is_not(server, reply, crm, clock):
    server.script = {"/c": [reply(status=503), reply([])], "/c/1": reply(status=503)}
    connector, transport = crm()
    assert transport.run(connector.read("c")).rows == []
    with pytest.raises(Unavailable) as caught:
        transport.run(connector.update("c", Update("1", {"a": 1})))
    assert caught.value.applied == "unknown"
    assert server.paths() == ["/c", "/c", "/c/1"]


def test_a_huge_answer_is_cut_off(server, reply, crm):
    server.script = {"/c": reply(b"[" + b" " * 50_000 + b"]")}
    connector, transport = crm(limits={"response_bytes": 10_000})
    with pytest.raises(Garbled, match="larger than 10,000 bytes"):
        transport.run(connector.read("c"))
    with pytest.raises(RemoteError) as caught:
        transport.run(connector.create("c", {"a": 1}, ""))
    assert caught.value.applied == "unknown"


def test_a_gzip_bomb_is_stopped_while_it_unpacks(server, reply, crm):
    bomb = gzip.compress(b" " * 50_000_000)
    assert len(bomb) < 100_000
    server.script = {"/c": reply(bomb, headers={"Content-Encoding": "gzip"})}
    connector, transport = crm(limits={"response_bytes": 100_000})
    with pytest.raises(Garbled, match="larger than"):
        transport.run(connector.read("c"))


# --- broken connections -------------------------------------------------------------------------------------------


def test_connection_refused_proves_that_nothing_was_applied(open_rest, clock):
    connector, transport = open_rest(f"http://127.0.0.1:{refused_port()}", objects=OBJECTS)
    with pytest.raises(Unavailable) as caught:
        transport.run(connector.create("c", {"a": 1}, ""))
    assert caught.value.applied == "no"
    assert caught.value.place == "crm/c"
    assert clock.slept > 0, "it was tried again after a while"


def test_an_unknown_host_proves_that_nothing_was_applied(open_rest):
    connector, transport = open_rest("http://no-such-host.invalid", objects=OBJECTS)
    with pytest.raises(Unavailable) as caught:
        transport.run(connector.create("c", {"a": 1}, ""))
    assert caught.value.applied == "no"
    assert "DNS" in caught.value.hint


@pytest.mark.parametrize("method", ["create", "update", "delete"])
def test_a_write_on_a_kept_connection_that_breaks_is_not_sent_twice(server, reply, crm, method):
    """The server applied the first one and closed without an answer; a second one would double it (R-10.3)."""
    nothing = type(reply())(b"", close=True)
    server.script = {"/c": lambda seen: reply([]) if seen.method == "GET" else nothing, "/c/1": nothing}
    connector, transport = crm(limits={"in_flight": 1})
    flow = {
        "create": lambda: connector.create("c", {"a": 1}, ""),
        "update": lambda: connector.update("c", Update("1", {"a": 1})),
        "delete": lambda: connector.delete("c", "1"),
    }[method]
    transport.run(connector.read("c"))
    with pytest.raises(Unavailable) as caught:
        transport.run(flow())
    assert caught.value.applied == "unknown"
    assert sum(seen.method != "GET" for seen in server.seen) == 1


def test_a_read_on_a_broken_connection_is_sent_again(server, reply, crm):
    server.script = {"/c": [type(reply())(b"", close=True), reply([])]}
    connector, transport = crm()
    assert transport.run(connector.read("c")).rows == []


def test_a_time_out_leaves_a_write_unknown(server, reply, crm):
    gate = threading.Event()
    server.script = {"/c": reply({"id": 1}, gate=gate)}
    connector, transport = crm(network={"timeout_seconds": 0.2})
    with pytest.raises(Unavailable, match="no answer in time") as caught:
        transport.run(connector.create("c", {"a": 1}, ""))
    gate.set()
    assert caught.value.applied == "unknown"
    assert len(server.seen) == 1


def test_an_answer_that_is_shorter_than_it_says_is_not_taken_for_whole(server, reply, crm):
    server.script = {"/c": reply(b'[{"id":1}]', headers={"Content-Length": "500"}, close=True)}
    connector, transport = crm()
    with pytest.raises(Unavailable):
        transport.run(connector.read("c"))


def test_cut_json_without_a_length_is_garbled(server, reply, crm):
    server.script = {"/c": reply(b'[{"id":1},{"id"', headers={"Content-Length": None}, close=True)}
    connector, transport = crm()
    with pytest.raises(Garbled):
        transport.run(connector.read("c"))


def test_an_answer_that_is_no_http_is_unavailable(server, reply, crm):
    server.script = {"/c": type(reply())(b"SSH-2.0-OpenSSH_9.6\r\n", close=True)}
    connector, transport = crm()
    with pytest.raises(Unavailable):
        transport.run(connector.read("c"))


# --- certificates -------------------------------------------------------------------------------------------------

# Made for these tests only: for 127.0.0.1, signed by itself, good until 2125.
PEM = """-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgXrbzadKITLefIHHO
/Uf90f3ztRlJY2GO6x0qgo2recShRANCAARyq8j4AquvAij2tjYs0/N5H2IIPoh6
vtmTF7yKdka9rvEoduKT/X0CeG9+fMQn6NX225BrutfFEO2Nay4lER1Q
-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBjjCCATSgAwIBAgIUOUb8u0BfzaHNe87KuaUmq+V3lwEwCgYIKoZIzj0EAwIw
EzERMA8GA1UEAwwIbG9vcGJhY2swIBcNMjYxMTIyMTc1MDU2WhgPMjEyNjEwMjkx
NzUwNTZaMBMxETAPBgNVBAMMCGxvb3BiYWNrMFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAEcqvI+AKrrwIo9rY2LNPzeR9iCD6Ier7Zkxe8inZGva7xKHbik/19Anhv
fnzEJ+jV9tuQa7rXxRDtjWsuJREdUKNkMGIwHQYDVR0OBBYEFInm4Qx7UJqc3beQ
J9G9/rDb2EyVMB8GA1UdIwQYMBaAFInm4Qx7UJqc3beQJ9G9/rDb2EyVMA8GA1Ud
EwEB/wQFMAMBAf8wDwYDVR0RBAgwBocEfwAAATAKBggqhkjOPQQDAgNIADBFAiAg
ZmD1l6PuWkSU7awlcwCa2D4WGTbYVf17xZXeF9OlcgIhAKq4N/DbrKm/VM93PhFX
kOruSEiTvt/ud4m8qqR/0qRo
-----END CERTIFICATE-----
"""


@pytest.fixture
def tls_server(tmp_path):
    (tmp_path / "own.pem").write_text(PEM)
    settings = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    settings.load_cert_chain(tmp_path / "own.pem")
    return settings, str(tmp_path / "own.pem")


def test_a_certificate_of_an_authority_that_the_manifest_names_is_trusted(server, reply, open_rest, tls_server):
    server.tls, ca_file = tls_server
    server.script = {"/c": reply([])}
    connector, transport = open_rest(server.url, objects=OBJECTS, network={"ca_file": ca_file})
    assert transport.run(connector.read("c")).rows == []


def test_an_unknown_certificate_is_an_access_error_and_nothing_is_sent(server, reply, open_rest, tls_server, clock):
    server.tls, _ = tls_server
    server.script = {"/c": reply([])}
    connector, transport = open_rest(server.url, auth=BEARER, objects=OBJECTS)
    with pytest.raises(AccessError, match="certificate") as caught:
        transport.run(connector.create("c", {"a": 1}, ""))
    assert "ca_file" in caught.value.hint
    assert server.seen == []
    assert clock.slept == 0, "it is not worth another try"


def test_a_certificate_for_another_host_is_an_access_error(server, reply, open_rest, tls_server):
    server.tls, ca_file = tls_server
    connector, transport = open_rest(
        server.url.replace("127.0.0.1", "localhost"), objects=OBJECTS, network={"ca_file": ca_file}
    )
    with pytest.raises(AccessError):
        transport.run(connector.read("c"))
    assert server.seen == []


def test_a_system_that_wants_to_know_who_we_are_is_shown_a_certificate(server, reply, open_rest, tls_server):
    """The server verifies it; without one nothing gets through."""
    server.tls, own = tls_server
    server.tls.verify_mode = ssl.CERT_REQUIRED
    server.tls.load_verify_locations(own)
    server.script = {"/c": reply([])}
    connector, transport = open_rest(server.url, objects=OBJECTS, network={"ca_file": own, "client_cert": own})
    assert transport.run(connector.read("c")).rows == []
    connector, transport = open_rest(server.url, objects=OBJECTS, network={"ca_file": own})
    with pytest.raises((AccessError, Unavailable)):
        transport.run(connector.read("c"))
    assert len(server.seen) == 1


def test_a_missing_client_certificate_is_a_mistake_of_the_project(server, open_rest):
    connector, transport = open_rest(server.url, objects=OBJECTS, network={"client_cert": "/nowhere/own.pem"})
    with pytest.raises(ProjectError, match="client_cert"):
        transport.run(connector.read("c"))


def test_https_to_a_server_that_speaks_plain_http_sends_nothing(server, reply, open_rest):
    connector, transport = open_rest(server.url.replace("http:", "https:"), objects=OBJECTS)
    with pytest.raises(Unavailable) as caught:
        transport.run(connector.create("c", {"a": 1}, ""))
    assert caught.value.applied == "no"


def test_a_missing_ca_file_is_a_mistake_of_the_project(server, open_rest):
    connector, transport = open_rest(server.url, objects=OBJECTS, network={"ca_file": "/nowhere/ca.pem"})
    with pytest.raises(ProjectError):
        transport.run(connector.read("c"))


def test_a_header_that_cannot_be_sent_stops_only_its_own_flow(server, reply, crm):
    server.script = {"/c": reply([])}
    connector, transport = crm()

    def flow():
        return (yield Request("GET", server.url + "/c", (("X", "a\r\nb"),)))

    outcomes = transport.run_all([flow(), connector.read("c")])
    assert isinstance(outcomes[0], Bug)
    assert outcomes[1].rows == []


def test_fewer_requests_are_refused_once_the_pace_is_known(server, reply, open_rest, clock):
    """A system that bears six requests a second and says nothing of it before it refuses."""
    times, refused = [], []

    def answer(_seen):
        if sum(1 for t in times if clock.now - t < 1) >= 6:
            refused.append(clock.now)
            return reply({}, 429, {"Retry-After": "1"})
        times.append(clock.now)
        return reply([])

    def refusals(*, adaptive):
        refused.clear()
        limits = {"adaptive": adaptive, "longest_wait_seconds": 600, "in_flight": 32}
        connector, transport = open_rest(server.url, objects=OBJECTS, limits=limits)
        pages = transport.run_all([connector.read("c") for _ in range(90)])
        return len(refused), sum(isinstance(page, Error) for page in pages)

    server.script["/c"] = answer
    found, failed = refusals(adaptive=True)
    assert failed == 0
    assert found * 2 < refusals(adaptive=False)[0]
