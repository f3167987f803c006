"""A system behind an SSH server: reached by HTTP and by SQL, with the machine's own ssh and a real server."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time

import pytest
from tests.conftest import missing
from tests.connectors.http.conftest import Server, Vault, make_reply
from tests.connectors.ssh_server import USER, has_ssh, ssh_server

from tallystick.connectors.rest import open_system as open_rest
from tallystick.connectors.sql import open_system as open_sql
from tallystick.connectors.tunnel import Tunnel, server_of
from tallystick.core.error import AccessError, ProjectError, Unavailable
from tallystick.project.manifest import Manifest
from tallystick.project.manifest_tunnel import SshTunnel

PATIENCE = 20.0


class Plain:
    """No secrets: what is written is meant."""

    def resolve(self, text):
        return text


@pytest.fixture
def bastion(tmp_path):
    if not has_ssh():
        missing("OpenSSH's client is missing: apt install openssh-client")
    with ssh_server(tmp_path) as running:
        yield running


def spec(bastion, **other):
    return SshTunnel(
        **{"server": f"{USER}@127.0.0.1:{bastion.port}", "key": bastion.key, "known_hosts": bastion.known_hosts} | other
    )


@pytest.fixture
def tunnel(bastion):
    opened = []

    def make(**other):
        target = other.pop("target", None)
        opened.append(Tunnel(spec(bastion, **other), "crm", wait=10, target=target))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


@pytest.fixture
def web():
    running = Server().start()
    running.script["/api/companies"] = make_reply([{"id": 1}, {"id": 2}])
    yield running
    running.stop()


def until(holds):
    """Wait until something holds."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def manifest(web, bastion):
    entries = {
        "protocol": "rest",
        "base_url": f"{web.url}/api",
        "network": {"tunnel": spec(bastion).model_dump()},
        "objects": {"companies": {"id": "id", "list": {"method": "GET", "path": "/companies"}}},
    }
    return Manifest.model_validate(entries)


def test_a_web_system_is_reached_through_the_server(bastion, web):
    """Its name is looked up behind the server; a tunnel that broke is opened again for the next listing."""
    connector, transport = open_rest("crm", manifest(web, bastion), Vault())
    try:
        assert len(transport.run(connector.read("companies", None)).rows) == 2
        host, _, port = web.url.removeprefix("http://").partition(":")
        assert set(bastion.targets) == {(host, int(port))}
        bastion.drop()
        until(lambda: transport._tunnel._process.poll() is not None)
        assert len(transport.run(connector.read("companies", None)).rows) == 2
        assert len(bastion.connections) == 2
    finally:
        transport.close()
    until(lambda: not listens(transport._tunnel.port))


def test_a_server_that_does_not_let_us_in_fails_the_pair_and_is_named(bastion, web, tmp_path):
    (tmp_path / "other").mkdir()
    with ssh_server(tmp_path / "other") as stranger:
        entries = manifest(web, bastion).model_dump()
        entries["network"]["tunnel"]["key"] = stranger.key
        connector, transport = open_rest("crm", Manifest.model_validate(entries), Vault())
        try:
            with pytest.raises(AccessError, match="does not let us in") as refused:
                transport.run(connector.read("companies", None))
        finally:
            transport.close()
    assert (refused.value.layer, refused.value.place) == ("proxy", "crm")
    assert "Permission denied" in refused.value.detail
    assert not web.seen


def test_a_server_with_another_key_than_the_known_one_is_refused(tunnel, bastion, tmp_path):
    known = tmp_path / "known"
    known.write_text("")
    with pytest.raises(AccessError, match="not known") as refused:
        tunnel(known_hosts=str(known)).open()
    assert refused.value.layer == "encryption"


def test_a_server_that_is_not_there_is_no_refusal(tunnel):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(Unavailable, match="does not open") as failed:
            tunnel(server=f"{USER}@127.0.0.1:{taken.getsockname()[1]}").open()
    assert "refused" in failed.value.detail


def test_to_open_what_is_open_does_nothing_and_closed_is_closed(tunnel, bastion):
    one = tunnel()
    one.open()
    one.open()
    assert len(bastion.connections) == 1
    one.close()
    assert not listens(one.port)
    one.close()


def test_ssh_ends_with_us_however_we_end(bastion, tmp_path):
    """Killed, a process cannot clean up; the way that it opened closes by itself."""
    code = textwrap.dedent(f"""
        import sys, time
        from tallystick.connectors.tunnel import Tunnel
        from tallystick.project.manifest_tunnel import SshTunnel
        spec = SshTunnel(server={spec(bastion).server!r}, key={bastion.key!r}, known_hosts={bastion.known_hosts!r})
        tunnel = Tunnel(spec, "crm", wait=10)
        tunnel.open()
        print(tunnel.port, flush=True)
        time.sleep(60)
    """)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        port = int(process.stdout.readline())
        assert listens(port)
        os.kill(process.pid, signal.SIGKILL)
    until(lambda: not listens(port))


def test_a_database_is_reached_through_the_server(bastion, postgres_url):
    import psycopg

    address = postgres_url()
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE TABLE company (id int PRIMARY KEY, name text)")
        connection.execute("INSERT INTO company VALUES (1, 'Anker')")
    described = {
        "protocol": "sql",
        "url": address,
        "network": {"tunnel": spec(bastion).model_dump()},
        "objects": {
            "company": {"id": "id", "table": {"name": "company"}, "fields": {"id": {"type": "integer"}, "name": {}}}
        },
    }
    connector, transport = open_sql("erp", Manifest.model_validate(described), Plain())
    try:
        assert len(transport.run(connector.read("company", None)).rows) == 1
    finally:
        transport.close()
    assert len(bastion.targets) >= 1
    assert all(str(port) in address for _, port in bastion.targets)


def test_a_database_without_host_and_port_cannot_be_led_elsewhere(bastion, tmp_path):
    described = {
        "protocol": "sql",
        "url": f"sqlite:///{tmp_path}/a.db",
        "network": {"tunnel": "bastion"},
        "objects": {},
    }
    with pytest.raises(ProjectError, match="host and port"):
        open_sql("erp", Manifest.model_validate(described), Plain())


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("bastion", ("", "bastion", 22)),
        ("me@bastion.example.com", ("me", "bastion.example.com", 22)),
        ("ssh://me@bastion.example.com:2222/", ("me", "bastion.example.com", 2222)),
        ("me@[2001:db8::1]:2222", ("me", "2001:db8::1", 2222)),
    ],
)
def test_a_server_is_named_as_for_ssh(text, read):
    assert server_of(SshTunnel(server=text), "crm") == read


@pytest.mark.parametrize("text", ["", "-oProxyCommand=touch", "me@-oProxyCommand", "a b", "http://x", "x:y", "$(id)"])
def test_what_is_no_server_never_reaches_the_command(text):
    with pytest.raises(ProjectError, match="does not name an SSH server"):
        server_of(SshTunnel(server=text), "crm")
