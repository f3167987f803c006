"""A mailbox on loopback: the Dovecot server, and what a sender and the owner do there."""

import grp
import imaplib
import ipaddress
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

USER, PASSWORD = "partner", "s3cret-%/word"
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)

_SETTINGS = """
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
mail_location = maildir:{folder}/mail/%u
auth_mechanisms = plain{mechanism}
auth_failure_delay = 0
first_valid_uid = 1
{passdb}
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/mail/%u
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  chroot =
  process_min_avail = 1
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
"""


class MailServer:
    """Where the server is, and what a sender or the mailbox's owner does there."""

    def __init__(self, port, tls_port, ca_file):
        self.port, self.tls_port, self.ca_file = port, tls_port, ca_file

    def url(self, folder="INBOX", *, scheme="imap"):
        port = self.port if scheme == "imap" else self.tls_port
        return f"{scheme}://{USER}@127.0.0.1:{port}/{folder}"

    @contextmanager
    def owner(self, folder=None):
        """Sign in as the mailbox's owner, with a folder open for writing."""
        with imaplib.IMAP4("127.0.0.1", self.port, timeout=20) as wire:
            wire.login(USER, PASSWORD)
            if folder is not None:
                assert wire.select(f'"{folder}"')[0] == "OK"
            yield wire

    def make(self, folder):
        with self.owner() as wire:
            assert wire.create(f'"{folder}"')[0] == "OK"

    def put(self, folder, letter):
        """Let a mail arrive."""
        content = letter if isinstance(letter, bytes) else letter.as_bytes()
        with self.owner() as wire:
            status, said = wire.append(f'"{folder}"', None, None, content)
            assert status == "OK", said

    def flags(self, folder):
        """Give the flags of each mail in a folder."""
        with self.owner(folder) as wire:
            return [imaplib.ParseFlags(each) for each in wire.fetch("1:*", "(FLAGS)")[1] if each]


def letter_of(*files, at=0, sender="Reports <reports@shop.example>", subject="Nightly export", inner=()):
    """Make a mail with files (name and content) and forwarded mails, sent ``at`` hours after noon."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, "sync@here.example", subject
    made["Date"] = format_datetime(NOON + timedelta(hours=at))
    made["Message-ID"] = f"<{at}.{abs(hash(files))}@shop.example>"
    made.set_content("Please find attached.")
    for name, content in files:
        made.add_attachment(content.encode(), maintype="application", subtype="octet-stream", filename=name)
    for each in inner:
        made.add_attachment(each)
    return made


_BY_TOKEN = """
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/oauth2
}}
"""


@contextmanager
def dovecot(tokens_at=""):
    """Run Dovecot from a temporary folder, as whoever runs the tests; root lends it to the powerless user.

    Where ``tokens_at`` is the address of a server that says what a token is good for, tokens sign in too.
    """
    program = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        reason = "a mail server is missing: apt-get install dovecot-imapd"
        if os.environ.get("TALLY_REQUIRE_ALL"):
            pytest.fail(reason)
        pytest.skip(reason)
    user = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    # Sockets have short names, so not below the long folders of tests.
    folder = Path(tempfile.mkdtemp(prefix="mail"))
    try:
        folder.chmod(0o755)
        port, tls_port = _free_ports(2)
        _certify(folder)
        (folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n")
        group = grp.getgrgid(user.pw_gid).gr_name
        settings = {"folder": folder, "user": user.pw_name, "group": group, "port": port, "tls_port": tls_port}
        settings |= {"mechanism": "", "passdb": ""}
        if tokens_at:
            settings |= {"mechanism": " xoauth2", "passdb": _BY_TOKEN.format(folder=folder)}
            asked = f"introspection_mode = post\nintrospection_url = {tokens_at}\n"
            (folder / "oauth2").write_text(
                asked + "username_attribute = username\nactive_attribute = active\nactive_value = true\n"
            )
        (folder / "conf").write_text(_SETTINGS.format(**settings))
        (folder / "mail").mkdir()
        os.chown(folder / "mail", user.pw_uid, user.pw_gid)
        process = subprocess.Popen([program, "-F", "-c", str(folder / "conf")])
        try:
            _wait(process, port, folder / "log")
            yield MailServer(port, tls_port, folder / "cert.pem")
        finally:
            process.terminate()
            process.wait(20)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _free_ports(count):
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in probes]
    for each in probes:
        each.close()
    return ports


def _certify(folder):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    begin, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
    alternatives = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), begin, end)
    made = made.add_extension(alternatives, critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    pem = serialization.Encoding.PEM
    (folder / "cert.pem").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(pem))
    plain = serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))


def _wait(process, port, log):
    until = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < until:
        with suppress(OSError), imaplib.IMAP4("127.0.0.1", port, timeout=5):
            return
        time.sleep(0.02)
    pytest.fail(f"the mail server did not start: {log.read_text() if log.exists() else process.returncode}")
