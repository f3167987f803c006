"""The network is broken at one layer after the other: reachability names that layer, and no other question is red."""

import ipaddress
import re
import socket
import ssl
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from test_wire import free_port, listening
from town import findings, red, told

from tallystick.checklist.addresses import addresses_of
from tallystick.checklist.wire import Connect, WireTransport, ask
from tallystick.core.error import Unavailable
from tallystick.project.load import load_project
from tallystick.testing.twins.fault import Fault

NOW = datetime.now(UTC)  # noqa: TID251 - certificates are judged by the machine's own clock


def certificate(file, *, name="127.0.0.1", first=-2, last=30):
    """Write a certificate that signs itself, good for days counted from now; give its file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    try:
        alternative = x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        alternative = x509.DNSName(name)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), 7)
        .not_valid_before(NOW + timedelta(days=first))
        .not_valid_after(NOW + timedelta(days=last))
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    form = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, *form) + made.public_bytes(serialization.Encoding.PEM)
    )
    return file


@contextmanager
def encrypted(file):
    """Serve handshakes with this certificate, and nothing behind them."""
    settings = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    settings.load_cert_chain(file)

    def serve(connection):
        with suppress(ssl.SSLError), settings.wrap_socket(connection, server_side=True) as safe:
            safe.recv(65_536)
            safe.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with listening(serve) as port:
        yield port


def move(twins, url, **network):
    """Let the CRM of the project live elsewhere, or behind something."""
    manifest = twins.folder / "systems" / "crm.yaml"
    text = re.sub(r"(?m)^base_url: .*$", f"base_url: {url}", manifest.read_text())
    manifest.write_text(text)
    project = twins.folder / "tally.yaml"
    listed = ", ".join(f"{name}: '{value}'" for name, value in network.items())
    project.write_text(
        project.read_text().replace(
            "network: {timeout_seconds: 5}",
            f"network: {{timeout_seconds: 2, {listed}}}" if listed else "network: {}",
            1,
        )
    )


def verdict(twins, *besides):
    """Ask for reachability; give what is said of the CRM, which layers failed, and which questions did."""
    report = twins.ask("C5", *besides)
    [finding] = [f for f in findings(report, "C5") if f.system == "crm"]
    broken = [layer["layer"] for layer in finding.evidence.facts["layers"] if not layer["answered"]]
    return finding, broken, red(report)


def test_a_name_that_nobody_knows(twins):
    move(twins, "http://crm.invalid/v1")
    finding, broken, failed = verdict(twins)
    assert (broken, failed) == (["name"], ["C5"])
    assert "check the spelling" in finding.fix


def test_a_closed_port(twins):
    move(twins, f"http://127.0.0.1:{free_port()}/v1")
    finding, broken, failed = verdict(twins)
    assert (broken, failed) == (["connection"], ["C5"])
    assert "nothing listens there" in finding.fix


def test_a_filtered_port_is_told_from_a_closed_one():
    """A full queue drops what comes, as a firewall does."""
    with closing(socket.socket()) as server, ExitStack() as stack:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(closing(socket.socket()))
            waiting.setblocking(False)
            with suppress(BlockingIOError):
                waiting.connect(server.getsockname())
        with pytest.raises(Unavailable) as caught:
            WireTransport(timeout=0.5).run(ask(Connect(*server.getsockname())))
    assert "no answer in time" in caught.value.detail
    assert "firewall" in caught.value.hint


@pytest.mark.parametrize(
    ("made", "words", "cure"),
    [
        ({"first": -9, "last": -2}, "has expired", "renew"),
        ({"first": 2, "last": 9}, "is not valid yet", "clock"),
        ({"name": "other.example"}, "is for another name", "as the certificate names it"),
    ],
)
def test_a_certificate_is_refused_for_its_own_reason(twins, tmp_path, made, words, cure):
    file = certificate(tmp_path / "own.pem", **made)
    with encrypted(file) as port:
        move(twins, f"https://127.0.0.1:{port}/v1", ca_file=file)
        finding, broken, failed = verdict(twins, "C1.1", "C1.3", "C4")
    assert (broken, failed) == (["encryption"], ["C5"])
    assert words in " ".join(finding.reasons)
    assert cure in finding.fix


def test_a_certificate_that_nobody_vouches_for(twins, tmp_path):
    with encrypted(certificate(tmp_path / "own.pem")) as port:
        move(twins, f"https://127.0.0.1:{port}/v1")
        finding, broken, _ = verdict(twins)
    assert broken == ["encryption"]
    assert "network.ca_file" in finding.fix


def test_a_certificate_that_ends_soon_is_a_warning_with_its_days(twins, tmp_path):
    file = certificate(tmp_path / "own.pem", last=5)
    with encrypted(file) as port:
        move(twins, f"https://127.0.0.1:{port}/v1", ca_file=file)
        finding, broken, _ = verdict(twins)
    assert broken == []
    assert finding.verdict == "warn"
    assert "the certificate expires in 4 days" in finding.summary


def test_no_encryption_where_some_is_expected(twins):
    move(twins, twins.crm.url.replace("http:", "https:") + "/v1")
    finding, broken, failed = verdict(twins)
    assert (broken, failed) == (["encryption"], ["C5"])
    assert "write http in base_url" in finding.fix


def proxy_saying(status):
    def serve(connection):
        connection.recv(65_536)
        connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())

    return listening(serve)


@pytest.mark.parametrize(
    ("status", "cure"),
    [("407 Proxy Authentication Required", "network.proxy"), ("403 Forbidden", "let crm.example:443 through")],
)
def test_a_proxy_that_refuses_to_connect(twins, status, cure):
    with proxy_saying(status) as port:
        move(twins, "https://crm.example/v1", proxy=f"http://127.0.0.1:{port}")
        finding, broken, failed = verdict(twins, "C4")
    assert (broken, failed) == (["proxy"], ["C5"])
    assert cure in finding.fix


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_refuses_our_login(twins, scheme):
    """Its login is used by the service alone, and the refusal is still the proxy's; the login is never shown."""
    with proxy_saying("407 Proxy Authentication Required") as port:
        move(twins, f"{scheme}://crm.example/v1", proxy=f"http://me:s3cret@127.0.0.1:{port}")
        finding, broken, failed = verdict(twins)
    assert broken == ["proxy"]
    assert "C5" in failed
    assert "s3cret" not in repr(finding)


def test_a_closed_proxy(twins):
    move(twins, "https://crm.example/v1", proxy=f"http://127.0.0.1:{free_port()}")
    _, broken, failed = verdict(twins)
    assert (broken, failed) == (["connection"], ["C5"])


@pytest.mark.parametrize("status", [500, 502])
def test_a_service_that_fails(twins, status):
    twins.crm.faults.add(Fault("status", count=None, status=status))
    _, broken, failed = verdict(twins)
    assert (broken, failed) == (["service"], ["C5"])


@pytest.mark.parametrize("status", [401, 403])
def test_credentials_that_are_refused_are_no_fault_of_the_network(twins, status):
    twins.crm.faults.add(Fault("status", count=None, status=status))
    finding, broken, failed = verdict(twins, "C4")
    assert (broken, failed) == ([], ["C4"])
    assert "lets us not in" in " ".join(finding.reasons)
    assert "see C4" in " ".join(finding.reasons)


def test_a_system_that_answers_tells_where_we_come_from(twins):
    report = twins.ask("C5")
    assert "seen from 127.0.0.1" in told(report, "C5")


def test_a_login_of_the_proxy_is_left_to_the_service(twins):
    move(twins, "https://crm.example/v1", proxy="http://me:s3cret@proxy.example:3128")
    found = addresses_of(load_project(twins.folder))["crm"]
    assert found.proxy_is_opaque
    assert "s3cret" not in repr(found)
