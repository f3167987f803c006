"""The way to a system through an SSH server, opened by the machine's own ``ssh``.

So the user's keys, agents, jump hosts and known hosts hold, and no credential passes through here. Web systems go
through a SOCKS port, databases through a forwarded one; both listen on this machine's loopback only.
"""

import re
import shutil
import socket
import subprocess
import threading
from typing import Final

from tallystick.core.error import AccessError, ProjectError, Unavailable
from tallystick.project.manifest_tunnel import SshTunnel

LOOPBACK: Final = "127.0.0.1"
_SERVER: Final = re.compile(
    r"(?:ssh://)?(?:([A-Za-z0-9_][\w.\-]*)@)?([A-Za-z0-9][\w.\-]*|\[[0-9A-Fa-f:]+\])(?::(\d{1,5}))?/?"
)
_LOOKS_A_SECOND: Final = 20
_SLACK: Final = 5.0  # seconds beyond ssh's own patience
# ssh ends when this process does, however it ends: the pipe to its shell closes then.
_LEASH: Final = 'exec 3<&0; "$@" </dev/null & c=$!; (read -r _ <&3; kill $c) & r=$!; wait $c; s=$?; kill $r; exit $s'


def server_of(spec: SshTunnel, place: str) -> tuple[str, str, int]:
    """Give user (may be empty), host and port of an SSH server. Raises ``ProjectError`` for what is none."""
    found = _SERVER.fullmatch(spec.server)
    if found is None:
        hint = "write user@bastion.example.com, or ssh://user@bastion.example.com:2222"
        raise ProjectError("network.tunnel does not name an SSH server", hint=hint, place=place)
    return found[1] or "", found[2].strip("[]"), int(found[3] or 22)


class Tunnel:
    """One ``ssh`` process that forwards one port of this machine. ``wait`` is how long opening may take, in seconds.

    Nothing is opened before ``open``. A tunnel that broke is opened again by the next ``open``, at the same port.

    Raises:
        ProjectError: there is no ``ssh``, or the server is none.
    """

    def __init__(self, spec: SshTunnel, place: str, *, wait: float, target: tuple[str, int] | None = None) -> None:
        user, host, port = server_of(spec, place)
        self._ssh = shutil.which("ssh")
        if self._ssh is None:
            hint = "install OpenSSH's client (Debian: openssh-client)"
            raise ProjectError("network.tunnel needs the program ssh, which is not installed", hint=hint, place=place)
        self._place = place
        self._server = f"{host}:{port}"
        self._wait = wait
        self._spec = spec
        self.port = _free_port()
        self._arguments = [
            *(["-l", user] if user else []), "-p", str(port), *_forwarding(self.port, target), "--", host,
        ]  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None
        self._turn = threading.Lock()

    @property
    def proxy(self) -> str:
        """The address of the SOCKS proxy, where no target was named; names are looked up on the other side."""
        return f"socks5h://{LOOPBACK}:{self.port}"

    def open(self) -> None:
        """Open the way unless it is open.

        Raises:
            AccessError: the server does not let us in, or is not the one that is known.
            Unavailable: it cannot be reached, or does not forward.
        """
        with self._turn:
            if self._process is not None and self._process.poll() is None:
                return
            self._end()
            process = self._process = self._start()
            for _ in range(int((self._wait + _SLACK) * _LOOKS_A_SECOND)):
                if _listens(self.port):
                    return
                try:
                    process.wait(1 / _LOOKS_A_SECOND)
                except subprocess.TimeoutExpired:
                    continue
                break
            said = self._end()
            raise self._failure(said)

    def try_open(self) -> AccessError | Unavailable | None:
        """Open the way unless it is open; give what is in the way."""
        try:
            self.open()
        except (AccessError, Unavailable) as error:
            return error
        return None

    def close(self) -> None:
        """Close the way; ``open`` opens it again."""
        with self._turn:
            self._end()

    def _start(self) -> subprocess.Popen[bytes]:
        options = ["BatchMode=yes", "ExitOnForwardFailure=yes", "ServerAliveInterval=15", "ServerAliveCountMax=3"]
        options += [
            "LogLevel=ERROR",
            "ControlMaster=no",
            "ControlPath=none",
            f"ConnectTimeout={max(1, int(self._wait))}",
        ]
        if self._spec.known_hosts:
            options += [f"UserKnownHostsFile={self._spec.known_hosts}", "StrictHostKeyChecking=yes"]
        key = ["-i", self._spec.key, "-o", "IdentitiesOnly=yes"] if self._spec.key else []
        command = [str(self._ssh), "-N", "-T", *(part for each in options for part in ("-o", each)), *key]
        return subprocess.Popen(  # noqa: S603 - our own words; of the manifest's only what looks like a server goes in
            ["/bin/sh", "-c", _LEASH, "sh", *command, *self._arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def _end(self) -> str:
        """End the process, if there is one; give what it said."""
        process, self._process = self._process, None
        if process is None:
            return ""
        try:
            _, said = process.communicate(timeout=_SLACK)  # closes the leash
        except subprocess.TimeoutExpired:
            process.kill()
            _, said = process.communicate()
        return said.decode(errors="replace").strip()

    def _failure(self, said: str) -> AccessError | Unavailable:
        detail = said.splitlines()[-1] if said else f"nothing came within {self._wait:g} seconds"
        if "Permission denied" in said:
            hint = "network.tunnel.key names the key; its public half must be in authorized_keys there"
            message = f"the SSH server {self._server} does not let us in"
            return AccessError(message, detail=detail, hint=hint, place=self._place, layer="proxy")
        if "Host key" in said or "HOST IDENTIFICATION" in said:
            hint = "compare its fingerprint with its owner's, then put it into known_hosts (ssh-keyscan shows it)"
            message = f"the SSH server {self._server} is not known, or not the one that is known"
            return AccessError(message, detail=detail, hint=hint, place=self._place, layer="encryption")
        hint = "try it by hand: ssh -v with the same server; network.connect_timeout_seconds sets the limit"
        message = f"the tunnel through {self._server} does not open"
        return Unavailable(message, detail=detail, hint=hint, place=self._place)


def _forwarding(port: int, target: tuple[str, int] | None) -> list[str]:
    if target is None:
        return ["-D", f"{LOOPBACK}:{port}"]
    host, there = target
    return ["-L", f"{LOOPBACK}:{port}:{f'[{host}]' if ':' in host else host}:{there}"]


def _free_port() -> int:
    with socket.socket() as free:
        free.bind((LOOPBACK, 0))
        port: int = free.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0
