"""The layers below a protocol, on real sockets; and what the room makes of them."""

import socket
import ssl
import threading
from contextlib import closing, contextmanager, suppress

import pytest

from tallystick.checklist.addresses import addresses_of
from tallystick.checklist.rooms import reachability
from tallystick.checklist.scene import Address, Subject
from tallystick.checklist.watch import Watch
from tallystick.checklist.wire import Connect, Handshake, Layer, Resolve, WireTransport, ask, peruse
from tallystick.core.error import AccessError, Bug, ProjectError, Unavailable
from tallystick.core.ports import Call, CallAll, Commit, Fresh, Look, Now, Pause
from tallystick.engine.effects import drive
from tallystick.project.load import load_project
from tallystick.project.manifest import Manifest

# Made for these tests only: for 127.0.0.1 and localhost, signed by itself, good from 2020 to 2125.
PEM = """-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgZD2aBwFu8gK+Tpf2
9KINNbk7vJnmaz40sIDN2Mnpdd2hRANCAASELOS3sZqIGfMSpnzub8BDi13hxOcH
Rtq2BdFz1mdoO7Js8IvzHHEXBGyBnHqrGv+1vxzMwTvjoP71Gz6FbnvC
-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBhzCCASygAwIBAgIBBzAKBggqhkjOPQQDAjATMREwDwYDVQQDDAhsb29wYmFj
azAgFw0yMDAxMDEwMDAwMDBaGA8yMTI1MDEwMTAwMDAwMFowEzERMA8GA1UEAwwI
bG9vcGJhY2swWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASELOS3sZqIGfMSpnzu
b8BDi13hxOcHRtq2BdFz1mdoO7Js8IvzHHEXBGyBnHqrGv+1vxzMwTvjoP71Gz6F
bnvCo28wbTAPBgNVHRMBAf8EBTADAQH/MB0GA1UdDgQWBBTxVndT/bLZShYhUPlN
ezcyifSANTAfBgNVHSMEGDAWgBTxVndT/bLZShYhUPlNezcyifSANTAaBgNVHREE
EzARhwR/AAABgglsb2NhbGhvc3QwCgYIKoZIzj0EAwIDSQAwRgIhANgNRpWjlWdi
wGBehA5t98nKhkHH5+d4vywv5qzmirfzAiEAj45PyjA3mrPtOhspNDffF3b95EgJ
u0yM5vgOgWlsowk=
-----END CERTIFICATE-----
"""


@pytest.fixture
def wire():
    return WireTransport(timeout=5)


@contextmanager
def listening(serve=lambda connection: None):
    """Serve connections in a thread until the block ends."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def work():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with closing(connection), suppress(OSError):
                    serve(connection)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


@pytest.fixture
def certificate(tmp_path):
    (tmp_path / "own.pem").write_text(PEM)
    return str(tmp_path / "own.pem")


@pytest.fixture
def encrypted(certificate):
    settings = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    settings.load_cert_chain(certificate)

    def serve(connection):
        with settings.wrap_socket(connection, server_side=True) as safe:
            safe.recv(1)

    with listening(serve) as port:
        yield port


def free_port():
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        return server.getsockname()[1]


def test_a_name_is_resolved(wire):
    layer = wire.run(ask(Resolve("localhost", 80)))
    assert {"127.0.0.1", "::1"} & set(layer.said)


def test_a_name_that_does_not_exist_is_told(wire):
    with pytest.raises(Unavailable, match="cannot be resolved"):
        wire.run(ask(Resolve("no-such-host.invalid", 80)))


def test_a_connection_is_made_and_timed(wire):
    with listening() as port:
        layer = wire.run(ask(Connect("127.0.0.1", port)))
    assert layer.said == ("127.0.0.1",)
    assert layer.milliseconds >= 0


def test_a_closed_port_is_told_from_a_firewall(wire):
    with pytest.raises(Unavailable) as caught:
        wire.run(ask(Connect("127.0.0.1", free_port())))
    assert "nothing listens there" in caught.value.hint


def test_a_handshake_names_version_issuer_and_expiry(wire, encrypted, certificate):
    layer = wire.run(ask(Handshake("127.0.0.1", encrypted, certificate)))
    assert layer.said[0].startswith("TLSv1")
    assert layer.said[1] == "issued by loopback"
    assert layer.expires is not None
    assert layer.expires > 4_800_000_000


def test_a_certificate_that_nobody_vouches_for_is_an_access_error(wire, encrypted):
    with pytest.raises(AccessError, match="not trusted") as caught:
        wire.run(ask(Handshake("127.0.0.1", encrypted)))
    assert "network.ca_file" in caught.value.hint


def test_a_port_that_does_not_encrypt_is_told(wire):
    plain = listening(lambda c: c.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    with plain as port, pytest.raises(Unavailable, match="does not agree on encryption"):
        wire.run(ask(Handshake("127.0.0.1", port)))


def test_a_handshake_goes_through_the_proxy(wire, encrypted, certificate):
    def tunnel(connection):
        head = connection.recv(4096)
        assert head.startswith(f"CONNECT 127.0.0.1:{encrypted} HTTP/1.1".encode())
        with socket.create_connection(("127.0.0.1", encrypted)) as inner:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=pump, args=(inner, connection))
            back.start()
            pump(connection, inner)
            back.join(5)

    with listening(tunnel) as proxy:
        layer = wire.run(ask(Handshake("127.0.0.1", encrypted, certificate, "127.0.0.1", proxy)))
    assert layer.said[0].startswith("TLSv1")


def pump(source, target):
    try:
        while piece := source.recv(4096):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def test_a_proxy_that_refuses_is_named(wire):
    def refuse(connection):
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")

    with listening(refuse) as proxy, pytest.raises(AccessError, match="the proxy does not connect") as caught:
        wire.run(ask(Handshake("crm.test", 443, "", "127.0.0.1", proxy)))
    assert "403" in caught.value.detail


def test_a_proxy_that_wants_a_login_is_told_with_the_cure(wire):
    def want(connection):
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")

    with listening(want) as proxy, pytest.raises(AccessError) as caught:
        wire.run(ask(Handshake("crm.test", 443, "", "127.0.0.1", proxy)))
    assert caught.value.layer == "proxy"
    assert "name them in network.proxy" in caught.value.hint


def test_a_file_that_is_not_there_is_a_fault_of_the_project(wire, tmp_path):
    with pytest.raises(ProjectError, match="cannot be read"):
        wire.run(peruse(tmp_path / "none.yaml"))


def test_several_flows_give_one_outcome_each(wire, tmp_path):
    (tmp_path / "a").write_bytes(b"A")
    first, second = wire.run_all([peruse(tmp_path / "a"), peruse(tmp_path / "b")])
    assert first == b"A"
    assert isinstance(second, ProjectError)


# --- the room -----------------------------------------------------------------------------------------------------


class Answers:
    """A wire that answers from a list."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    def run(self, flow):
        self.asked.append(next(flow))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            return flow.throw(answer)
        try:
            flow.send(answer)
        except StopIteration as end:
            return end.value


class Clock:
    def perform(self, effect):
        assert isinstance(effect, Now)
        return 1_800_000_000.0


class Nothing:
    """A scene whose system has an address and no object."""

    def __init__(self, address):
        self.addresses = {"crm": address}

    def subjects(self, about):
        return []

    def manifest(self, subject):
        return Manifest.model_validate({"protocol": "memory"})


SAFE = Address("crm.test", 443, is_encrypted=True)
NAME = Layer(("10.0.0.7",), 3)
OPEN = Layer(("10.0.0.7",), 4)
SHAKEN = Layer(("TLSv1.3", "issued by X"), 5, expires=1_900_000_000.0)


def judged(address, *answers):
    wire = Answers(*answers)
    facts = drive(reachability.probe(Nothing(address), Subject("crm")), Watch(Clock(), wire))
    [judgement] = reachability.judge(facts)
    return judgement, wire


@pytest.mark.parametrize(
    ("answers", "layer"),
    [
        ([Unavailable("no such name", hint="h")], "name"),
        ([NAME, Unavailable("refused", hint="h")], "connection"),
        ([NAME, OPEN, AccessError("not trusted", hint="h")], "encryption"),
    ],
)
def test_the_first_silent_layer_is_the_finding_and_those_above_are_not_asked(answers, layer):
    judgement, wire = judged(SAFE, *answers)
    assert judgement.verdict == "fail"
    assert f"no answer from the {layer}" in judgement.summary
    assert judgement.fix == "h"
    assert len(wire.asked) == len(answers)


def test_the_proxy_is_asked_in_place_of_the_system(monkeypatch):
    address = Address("crm.test", 443, is_encrypted=True, proxy_host="proxy.test", proxy_port=3128)
    _, wire = judged(address, NAME, OPEN, SHAKEN)
    assert wire.asked == [
        Resolve("proxy.test", 3128), Connect("proxy.test", 3128), Handshake("crm.test", 443, "", "proxy.test", 3128),
    ]  # fmt: skip


def test_a_service_that_could_not_be_asked_is_not_called_reachable():
    judgement, _ = judged(SAFE, NAME, OPEN, SHAKEN)
    assert judgement.verdict == "cannot_tell"


def facts(**settings):
    layer = {"layer": "service", "answered": True, "said": ["companies answers"]}
    safe = {"layer": "encryption", "answered": True, "said": ["TLSv1.3"], "milliseconds": 5, "expires": 1_900_000_000.0}
    return {
        "host": "crm.test",
        "port": 443,
        "note": "",
        "proxy": "",
        "now": 1_800_000_000.0,
        "layers": [safe, layer],
    } | settings


def test_a_certificate_that_expires_soon_warns():
    assert reachability.judge(facts())[0].verdict == "pass"
    [judgement] = reachability.judge(facts(now=1_900_000_000.0 - 5 * 86_400))
    assert judgement.verdict == "warn"
    assert "expires in 5 days" in judgement.summary


def test_addresses_leave_credentials_behind(tmp_path, monkeypatch):
    monkeypatch.setenv("DB", "postgresql+psycopg://sync:s3cret@db.test/crm")
    (tmp_path / "systems").mkdir()
    (tmp_path / "tally.yaml").write_text("name: x\n")
    (tmp_path / "systems" / "db.yaml").write_text("protocol: sql\nurl: ${env:DB}\n")
    (tmp_path / "systems" / "crm.yaml").write_text(
        "protocol: rest\nbase_url: https://crm.test/v1\nnetwork: {proxy: 'http://u:s3cret@proxy.test:3128'}\n"
    )
    (tmp_path / "systems" / "erp.yaml").write_text(
        "protocol: sql\nurl: ${env:DB}\nnetwork: {tunnel: me@bastion.test:2222}\n"
    )
    (tmp_path / "systems" / "lost.yaml").write_text("protocol: rest\nbase_url: ${env:NOT_SET}\n")
    found = addresses_of(load_project(tmp_path))
    assert found["db"] == Address("db.test", 5432)
    assert (found["crm"].host, found["crm"].port, found["crm"].proxy_host, found["crm"].proxy_port) == (
        "crm.test", 443, "proxy.test", 3128,
    )  # fmt: skip
    behind = found["erp"]
    assert (behind.host, behind.proxy_host, behind.proxy_port, behind.proxy_is_opaque) == (
        "db.test", "bastion.test", 2222, True,
    )  # fmt: skip
    assert found["lost"].note
    assert "s3cret" not in repr(found)


# --- the boundary of probes ---------------------------------------------------------------------------------------


class Inner:
    def perform(self, effect):
        match effect:
            case Call(_, flow):
                return [self._end(flow)]
            case CallAll(_, flows):
                return [self._end(flow) for flow in flows]
            case _:
                return effect

    def _end(self, flow):
        answer = None
        try:
            while True:
                answer = flow.send(answer)
        except StopIteration as end:
            return end.value


def three():
    yield 1
    yield 2
    yield 3
    return "done"


def test_requests_are_counted_one_by_one():
    watch = Watch(Inner(), Answers())
    watch.perform(Call("crm", three()))
    assert watch.perform(CallAll("crm", [three(), three()])) == ["done", "done"]
    assert watch.calls == 9


@pytest.mark.parametrize("effect", [Commit(lambda tx: None), Pause(1), Fresh()])
def test_a_probe_that_wants_more_than_to_read_is_stopped(effect):
    with pytest.raises(Bug, match="may only read"):
        Watch(Inner(), Answers()).perform(effect)


def test_looking_and_the_clock_pass_through():
    watch = Watch(Inner(), Answers())
    assert isinstance(watch.perform(Now()), Now)
    assert isinstance(watch.perform(Look(lambda tx: None)), Look)
    assert watch.calls == 0
